"""`mailgate backup` and `mailgate restore`: all that a desk knows, in a folder, and put back."""

import os
import secrets
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.ending import NO
from mailgate.cli.opening import opened
from mailgate.cli.options import ConfigFile
from mailgate.cli.program import command
from mailgate.cli.verifying import faults, told
from mailgate.domain.numbers import SKIPPED
from mailgate.errors import MailgateError, Permanent, Refused

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.store.backup import Manifest
    from mailgate.store.db import Database

_SECRETS = "secrets"  # the folder of a backup in which they lie
_MEGABYTE = 1_000_000  # octets

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the backup.")]


@command(
    "backup",
    "mailgate backup /backup/mailgate-2026-03-01",
    "mailgate backup --with-secrets /root/mailgate-before-the-move",
)
def backup(
    folder: Folder,
    with_secrets: Annotated[
        bool,
        typer.Option(
            "--with-secrets", help="With the configuration, the signing keys and passwords."
        ),
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Write all that the desk knows into a new folder.

    Works beside a gateway that runs, and keeps nobody waiting: what was acknowledged before it
    began is in it. The copy is checked, and is there whole or not at all; its owner alone can read
    it. With PostgreSQL the programs pg_dump and pg_restore are needed.

    Signing keys and configuration are not in it, unless --with-secrets is: who has the keys can
    write as any agent. Keep them in another place, for without the keys answers to mails already
    sent are not recognised.
    """
    from mailgate.app import now
    from mailgate.store import backup_taking

    with opened(config) as app:
        secret = _secret(app, config)
        about = app.about({f"{_SECRETS}/{name}": path for name, path in secret.items()})
        if not with_secrets:
            about = app.about()
        database = _existing(app)
        try:
            with printing.progress("Backup") as progress:
                made = backup_taking.take(database, folder, about, now(), progress)
        finally:
            database.close()
    size = sum(file.size for file in made.files.values()) / _MEGABYTE
    printing.line(f"Wrote {folder}: {_counted(made)}; {size:.1f} MB.")
    if not with_secrets:
        names = ", ".join(str(path) for path in secret.values())
        printing.line(
            f"Not in it: {names}. Keep copies in another place: without the keys answers to mails "
            "already sent are not recognised."
        )


def _secret(app: "App", config: Path | None) -> dict[str, Path]:
    """Return the files that a desk needs besides its database, by their name in a backup."""
    from mailgate import config as configuration

    inbound, delivery = app.config.inbound, app.config.delivery
    found = {
        "config.toml": configuration.find(config, os.environ),
        "desk.secret_file": app.config.desk.secret_file,
        "delivery.password_file": delivery.password_file,
        "inbound.tls_cert": inbound.tls_cert,
        "inbound.tls_key": inbound.tls_key,
    }
    return {name: path for name, path in found.items() if path is not None}


def _existing(app: "App") -> "Database":
    """Return the database as it is, not migrated. Raises Refused when there is none."""
    from mailgate.store.db import Database

    database = Database(app.config.database.url.get_secret_value())
    if database.path is not None and not database.path.exists():
        raise Refused(f"there is no database at {database.path}: there is nothing to back up")
    return database


def _counted(manifest: "Manifest") -> str:
    shown = {"mail": "mails", "ticket": "tickets", "message": "messages", "outbox": "notices"}
    return ", ".join(f"{manifest.counts.get(name, 0)} {what}" for name, what in shown.items())


@command(
    "restore",
    "mailgate restore /backup/mailgate-2026-03-01",
    "mailgate restore --replace /backup/mailgate-2026-03-01",
)
def restore(
    folder: Folder,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Though there is a database: it is put aside, and kept."),
    ] = False,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend",
            help="Send what was waiting at the time of the backup, though it may have been sent "
            "since, instead of holding it as unknown.",
        ),
    ] = False,
    skip_numbers: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="How many ticket numbers to leave out, since they may have been given after the "
            "backup.",
        ),
    ] = SKIPPED,
    config: ConfigFile = None,
) -> None:
    """Put a backup into the database that the configuration names.

    No gateway may run. The backup is seen to be whole first, and an older schema is migrated. What
    waited to be sent is held, `mailgate outbox --state unknown` lists it: it may have been sent
    after the backup was made. Ticket numbers that may have been given since are left out, so that
    nobody's answer comes to somebody else's ticket. In the end `mailgate verify` looks at it all;
    ends with 1 when it finds faults.
    """
    from mailgate.app import now
    from mailgate.store import backup as backups
    from mailgate.store import migrate

    at = now()
    with opened(config) as app:
        manifest = backups.read(folder)
        _fits(app, manifest)
        migrate.see_that_known(manifest.revision)
        backups.examine(folder, manifest)
        work = _Restoring(app, folder, manifest, at, skip_numbers, resend=resend)
        held, kept = work.run(replace=replace)
        count = _looked_over(app)
    printing.line(f"Restored as of {printing.moment(work.taken)}: {_counted(manifest)}.")
    for sentence in _said(app, manifest, held, kept, skip_numbers):
        printing.line(sentence)
    if count:
        raise typer.Exit(NO)


def _fits(app: "App", manifest: "Manifest") -> None:
    from mailgate.store.backup import POSTGRESQL, SQLITE
    from mailgate.store.db import Database

    sqlite = Database(app.config.database.url.get_secret_value()).sqlite
    here = SQLITE if sqlite else POSTGRESQL
    if manifest.store != here:
        raise Refused(
            f"the backup is of {manifest.store} and [database] url names {here}: a backup goes "
            "back into the same kind of database"
        )


def _looked_over(app: "App") -> int:
    from mailgate.desk.verify import EVERYTHING

    with app.database.read() as connection, printing.progress("Tickets") as progress:
        return told(faults(app, connection, EVERYTHING, progress, deep=False))


def _said(
    app: "App", manifest: "Manifest", held: int, kept: str | None, skipped: int
) -> "list[str]":
    """Return what somebody who has restored a desk must know."""
    says = []
    if held:
        says.append(
            f"{held} mails that waited may have been sent since, and are held: `mailgate outbox "
            "--state unknown` lists them, `mailgate outbox retry ID` sends one."
        )
    if skipped:
        says.append(f"The next {skipped} ticket numbers are left out.")
    if kept is not None:
        says.append(f"What was there before is kept: {kept}. Remove it when all is well.")
    if manifest.desk != app.config.desk.address:
        says.append(
            f"Warning: the backup is of {manifest.desk}, the configuration of "
            f"{app.config.desk.address}."
        )
    here = app.about().keys
    lost = [name for name, print_ in manifest.keys.items() if here.get(name) != print_]
    if lost:
        says.append(
            f"Warning: {app.config.desk.secret_file} lacks the key {', '.join(lost)} of the backup:"
            " answers to mails that were signed with it are not recognised. Put it back."
        )
    return says


class _Restoring:
    """One database being put back, in the order in which a failure does the least harm."""

    def __init__(
        self,
        app: "App",
        folder: Path,
        manifest: "Manifest",
        now: datetime,
        skipped: int,
        *,
        resend: bool,
    ) -> None:
        from mailgate.store.backup import DATABASE

        self._app = app
        self._manifest = manifest
        self._file = folder / DATABASE[manifest.store]
        self._now = now
        self._skipped = skipped
        self._resend = resend
        self.taken = datetime.fromisoformat(manifest.taken_at)

    def run(self, *, replace: bool) -> tuple[int, str | None]:
        """Return how many notices are held, and where the database that was there is kept."""
        from mailgate.store import footprint
        from mailgate.store.db import Database

        database = Database(self._app.config.database.url.get_secret_value())
        if database.path is not None:
            done = self._file_for_file(database.path.resolve(), replace=replace)
            footprint.remove(database.path)  # the backup may be of another desk, on purpose
            return done
        try:
            return self._by_the_server(database, replace=replace)
        finally:
            database.close()

    def _file_for_file(self, path: Path, *, replace: bool) -> tuple[int, str | None]:
        """Prepare the new file beside the old one, which is put aside when all is done."""
        from mailgate.store import backup as backups
        from mailgate.store import backup_sqlite

        empty = backup_sqlite.unused(path)
        _may(empty, str(path), replace=replace)
        backup_sqlite.settle(path)
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.restoring")
        kept = path.with_name(f"{path.name}.replaced-{self._now:%Y%m%dT%H%M%S.%f}")
        try:
            with printing.progress("Restore") as progress:
                backups.copy(self._file, new, progress)
            _migrate(_url(new))
            prepared = self._app.elsewhere(_url(new))
            try:
                held = self._go_on(prepared)
            finally:
                prepared.close()
            backup_sqlite.replace(path, new, kept)
            if empty:
                kept.unlink(missing_ok=True)
        finally:
            for left in path.parent.glob(f"{new.name}*"):
                left.unlink()
        return held, None if empty else str(kept)

    def _by_the_server(self, database: "Database", *, replace: bool) -> tuple[int, str | None]:
        from mailgate.store import backup_postgresql

        backup_postgresql.needed("pg_restore")
        with database.read() as connection:
            empty = backup_postgresql.unused(connection)
        _may(empty, "the database", replace=replace)
        kept = f"replaced_{self._now:%Y%m%d_%H%M%S_%f}"
        with ExitStack() as undo:  # whatever ends it, be it somebody's Ctrl-C
            if not empty:
                backup_postgresql.put_aside(database, kept)
                undo.callback(backup_postgresql.put_back, database, kept)
            with printing.progress("Restore") as progress:
                count = len(self._manifest.counts)
                backup_postgresql.restore(database, self._file, count, progress)
            undo.pop_all()
        try:
            held = self._go_on(self._app)
        except MailgateError as error:
            raise Permanent(
                f"the rows are back, but not what must follow: {error}; start no gateway, and "
                "restore again with --replace"
            ) from error
        return held, None if empty else f"the schema {kept}"

    def _go_on(self, app: "App") -> int:
        """Migrate, leave numbers out, and hold what waited; return how much."""
        from mailgate.desk import restoring

        restoring.skip(app.desk, self._now, self._skipped)
        if self._resend:
            return 0
        since = printing.moment(self.taken)
        reason = f"restored from a backup of {since}; it may have been sent since"
        return restoring.hold(app.desk, self._now, reason)


def _url(path: Path) -> str:
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(path)).render_as_string()


def _migrate(url: str) -> None:
    """Migrate a copy of a backup: the backup itself is there to go back to."""
    from mailgate.store import migrate
    from mailgate.store.db import Database

    database = Database(url)
    try:
        migrate.upgrade(database)
    finally:
        database.close()


def _may(empty: bool, what: str, *, replace: bool) -> None:
    if not (empty or replace):
        raise Refused(
            f"{what} holds a desk already, or what a restore that was cut short has left: with "
            "--replace it is put aside, and kept, and the backup takes its place"
        )
