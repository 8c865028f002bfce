"""The one place where everything is put together; it reads like the story of a start.

What a part is made of is loaded when the part is first asked for: a command that lists tickets
need not load what reads or sends mail.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

import mailgate
from mailgate import config as configuration
from mailgate.bells import Bells
from mailgate.config import Config
from mailgate.errors import Refused, Temporary
from mailgate.locales import templates
from mailgate.log import log
from mailgate.roles import NodeRole
from mailgate.store import footprint, revision
from mailgate.store.db import Database

if TYPE_CHECKING:
    from mailgate.app.clockwork import Clockwork
    from mailgate.board.preview import Step
    from mailgate.delivery.transport import Transport
    from mailgate.delivery.worker import Worker as DeliveryWorker
    from mailgate.desk.clock import Clock
    from mailgate.desk.door import Desk
    from mailgate.desk.settings import Settings
    from mailgate.domain.routing import Route, Routing
    from mailgate.imap.survey import Said
    from mailgate.intake.authentication import Authenticator
    from mailgate.intake.imap import Watchers
    from mailgate.intake.importing import Importer, Progress
    from mailgate.intake.inbox import Inbox, Incoming
    from mailgate.intake.mailbox import Mailbox
    from mailgate.intake.reading import Reader
    from mailgate.intake.rehearsal import Rehearsed
    from mailgate.intake.smtp import Listener
    from mailgate.intake.submission import SubmissionListener
    from mailgate.intake.worker import Worker as IntakeWorker
    from mailgate.mail.macros import Macros
    from mailgate.mail.render import Renderer
    from mailgate.mail.signer import Signer
    from mailgate.scheduler import Scheduler
    from mailgate.store import backup_taking

TENANT, TENANT_ID, QUEUE = "default", 1, "default"


def now() -> datetime:
    """Return the present instant, aware UTC: the only clock of the program."""
    return datetime.now(UTC)


class App:
    """One configured gateway; its parts are built when they are first asked for."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self.config = config
        self._environ = environ
        self.bells = Bells()
        self.node = config.node.name or socket.gethostname()
        self.owner = f"{self.node}:{os.getpid()}:{secrets.token_hex(4)}"

    # --- what everything else stands on ---

    @cached_property
    def database(self) -> Database:
        """The database, at the schema this version needs. Raises Refused for one that was lost."""
        url = self.config.database.url.get_secret_value()
        database = Database(url, self.config.node.lease, shared=True)
        with ExitStack() as undo:
            undo.callback(database.close)
            used = footprint.found(database.path)
            with database.read() as connection:
                before = revision.present(connection)
                database.ask_server_time(connection)
            if used is not None and before is None:
                raise footprint.lost(used)
            if before == revision.NEWEST:
                database.write_ahead()
            else:
                from mailgate.store import migrate

                after = migrate.upgrade(database, lambda old: self._keep(database, old))
                log("store.migrated", before=before, after=after)
            with database.read() as connection:
                footprint.leave(database.path, footprint.identity(connection))
            undo.pop_all()
        return database

    @cached_property
    def identity(self) -> str:
        """What tells this desk from every other."""
        with self.database.read() as connection:
            return footprint.identity(connection)

    def _keep(self, database: Database, revision: str) -> None:
        """Make a backup of a SQLite file before it is migrated, since there is no way back."""
        if database.path is None:
            return  # whoever has a server makes backups of it
        from mailgate.store import backup_taking

        at = now()
        place = database.path.with_name(f"{database.path.name}.{revision}-{at:%Y%m%dT%H%M%S.%f}")
        try:
            backup_taking.take(database, place, self.about(), at, lambda _done, _total: None)
        except Temporary as error:
            raise Temporary(
                f"the database is not migrated, since no backup could be made before: {error}"
            ) from error
        log("store.copied", revision=revision, path=str(place))

    def about(self, beside: Mapping[str, Path] = MappingProxyType({})) -> backup_taking.About:
        """What a backup is told of this gateway; `beside` are further files for it."""
        from mailgate.store import backup_taking

        keys = configuration.signing_keys(self.config, self._environ).fingerprints
        return backup_taking.About(mailgate.__version__, self.config.desk.address, keys, beside)

    def elsewhere(self, url: str) -> App:
        """Return the same gateway on another database."""
        place = self.config.database.model_copy(update={"url": SecretStr(url)})
        config = self.config.model_copy(update={"database": place})
        return App(config, self._environ)

    def trying(self, config: Config) -> App:
        """Return a gateway of another configuration on this one's database and with its keys."""
        other = App(config, self._environ)
        vars(other).update(database=self.database, signer=self.signer)
        return other

    @cached_property
    def signer(self) -> Signer:
        """Signs addresses and Message-IDs with the keys of [desk] secret_file."""
        from mailgate.mail.signer import Signer

        keys = configuration.signing_keys(self.config, self._environ)
        return Signer(
            keys.keys,
            keys.current,
            self.config.desk.address.rpartition("@")[2],
            self.config.desk.subaddress_delimiter,
            self.config.limits.signed_addresses.days,
        )

    @cached_property
    def settings(self) -> Settings:
        """The desk as the write door knows it."""
        from mailgate.app import desk

        return desk.settings(self.config, TENANT_ID, self._macro)

    def _macro(self, name: str, language: str, facts: Mapping[str, Any]) -> str:
        """Return the text of a macro; most commands need none, and then the folder is not read."""
        return self.macros.text(name, language, facts)

    @cached_property
    def desk(self) -> Desk:
        """The write door."""
        from mailgate.desk.door import Desk

        return Desk(self.database, self.settings, self.signer)

    @cached_property
    def clock(self) -> Clock:
        """The deadlines."""
        from mailgate.desk.clock import Clock

        return Clock(self.desk)

    # --- mail in ---

    @cached_property
    def routing(self) -> Routing:
        """The desk's addresses."""
        from mailgate.domain.routing import Route, Routing

        desk = self.config.desk
        return Routing(
            {address: Route(TENANT, QUEUE, address) for address in self.config.desk_addresses},
            desk.subaddress_delimiter,
        )

    def route(self, address: str) -> Route | None:
        """Return where mail to an address goes; the postmaster is ours (RFC 5321 4.5.1)."""
        from mailgate.mail.address import normalise

        desk = self.config.desk.address
        if address.lower() in ("postmaster", f"postmaster@{desk.rpartition('@')[2]}"):
            return self.routing.find(desk)
        try:
            return self.routing.find(normalise(address))
        except Refused:
            return None

    @cached_property
    def inbox(self) -> Inbox:
        """Where mails are kept."""
        from mailgate.intake.disk import Disk
        from mailgate.intake.inbox import Inbox

        path = self.database.path
        return Inbox(
            self.database,
            self.route,
            lambda _tenant: TENANT_ID,
            lambda: self.bells.ring(NodeRole.PROCESS),
            Disk(path and path.parent, self.config.inbound.free_disk),
        )

    @cached_property
    def reader(self) -> Reader:
        """Reads mails for this desk."""
        from mailgate.app import reading

        return reading.reader(self, TENANT_ID)

    @cached_property
    def authenticator(self) -> Authenticator:
        """Finds how far a sender can be believed."""
        from mailgate.app import reading

        return reading.authenticator(self.config)

    @cached_property
    def intake(self) -> IntakeWorker:
        """Turns mails into events."""
        from mailgate.intake.worker import Worker as IntakeWorker

        return IntakeWorker(
            self.desk,
            self.reader,
            self.signer,
            now,
            self.owner,
            lambda: self.bells.ring(NodeRole.DELIVER),
            self.config.node.lease,
        )

    @cached_property
    def listener(self) -> Listener:
        """The ports for mail."""
        from mailgate.app import ways_in

        return ways_in.listener(self, now)

    @cached_property
    def submission(self) -> SubmissionListener:
        """The port at which agents hand in mail."""
        from mailgate.app import ways_in

        return ways_in.submission(self, now)

    @cached_property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """The shared mailboxes that are watched."""
        if not self.config.mailboxes:
            return ()
        from mailgate.app import mailboxes

        return tuple(mailboxes.mailboxes(self, TENANT_ID))

    @cached_property
    def watchers(self) -> Watchers:
        """What watches them."""
        from mailgate.app import mailboxes

        return mailboxes.watchers(self, TENANT_ID, now)

    def let_go_of_filing(self) -> None:
        """Keep no answers for mailboxes that are watched no more, or in which none are filed."""
        from mailgate.store import filing

        with self.database.write() as connection:
            filing.let_go(connection, TENANT_ID, self.settings.files)

    # --- mail out ---

    @cached_property
    def renderer(self) -> Renderer:
        """The templates."""
        from mailgate.mail.render import Renderer

        desk, plain = self.config.desk, self.config.delivery.plain_subjects
        return Renderer([desk.templates, *templates()], plain_subjects=plain)

    @cached_property
    def macros(self) -> Macros:
        """The canned responses."""
        from mailgate.mail.macros import Macros

        return Macros(self.config.desk.macros)

    @cached_property
    def transport(self) -> Transport:
        """The way out that the configuration names."""
        from mailgate.app import ways_out

        return ways_out.transport(self.config)

    @cached_property
    def delivery(self) -> DeliveryWorker:
        """Empties the outbox."""
        from mailgate.app import ways_out

        return ways_out.delivery(self, now)

    # --- the whole ---

    @cached_property
    def scheduler(self) -> Scheduler:
        """The jobs."""
        return self.clockwork.scheduler()

    @cached_property
    def clockwork(self) -> Clockwork:
        """What is done at intervals."""
        from mailgate.app.clockwork import Clockwork

        return Clockwork(self, now)

    # --- for a command, which starts no threads ---

    def keep(self, raw: bytes, mail_from: str, recipients: Sequence[str], road: str) -> int:
        """Keep a mail that did not come by SMTP, durably; return its delivery's id.

        Raises `Permanent` when no recipient is ours, `Temporary` when it could not be kept.
        """
        from mailgate.intake.inbox import Incoming

        return self.inbox.put(Incoming(raw, mail_from, tuple(recipients), now(), "local", road))

    def importer(self, open_since: datetime, *, since: datetime | None, dry_run: bool) -> Importer:
        """Return what brings old mail along; what is older than `open_since` comes closed.

        Threads without a mail since `since` are left out.
        """
        from mailgate.app import old_mail

        return old_mail.importer(self, QUEUE, now, open_since, since=since, dry_run=dry_run)

    def fetch(self, mailbox: str, folders: Sequence[str], into: Path, progress: Progress) -> Path:
        """Put the mails of a shared mailbox into files, to be imported; return their folder."""
        from mailgate.app import old_mail

        return old_mail.fetch(self, mailbox, folders, into, progress)

    def rehearse(self, raw: bytes, mail_from: str, recipients: Sequence[str]) -> Rehearsed:
        """Return what would become of a mail if it came now; nothing is kept."""
        from mailgate.intake.inbox import Incoming

        mail = Incoming(raw, mail_from, tuple(recipients), now(), "local", "pipe")
        return self.rehearse_mail(mail)

    def rehearse_mail(self, mail: Incoming) -> Rehearsed:
        """Return what would become of a mail that came by another road."""
        from mailgate.intake.rehearsal import rehearse

        return rehearse(self.desk, self.reader, self.signer, mail, QUEUE)

    def process(self) -> None:
        """Turn the mails that wait into events; leases keep out of a running gateway's way."""
        self.intake.drain()

    def send(self) -> dict[str, int]:
        """Send what waits, and return how many tries ended how, in the words of the log.

        But the terminal that mails are shown on is the gateway's own.
        """
        if self.config.delivery.transport == "terminal":
            return {}
        before = self.delivery.tries
        self.delivery.drain()
        return {name: n - before.get(name, 0) for name, n in self.delivery.tries.items()}

    def hand_over(self, recipient: str, raw: bytes) -> str:
        """Send one mail past the outbox, to try the way out; return what it answered.

        Raises `Temporary` when the mail was not taken now, `Permanent` when it never will be.
        """
        from mailgate.app import ways_out

        return ways_out.hand_over(self.transport, recipient, raw)

    def survey(self) -> Iterator[tuple[str, Said]]:
        """Look around in every shared mailbox, and yield (name, what was found)."""
        if not self.config.mailboxes:
            return iter(())
        from mailgate.app import mailboxes

        return mailboxes.survey(self, TENANT_ID)

    def boards(self) -> Iterator[tuple[str, dict[str, tuple[int, int]]]]:
        """Yield (mailbox, folder -> how many mails and tickets lay there at the last look)."""
        from mailgate.app import mailboxes

        return mailboxes.boards(self, TENANT_ID)

    def previews(self) -> Iterator[tuple[str, list[Step]]]:
        """Yield (mailbox, what its board would do now)."""
        from mailgate.app import mailboxes

        return mailboxes.previews(self, TENANT_ID, now)

    def board_goes_on(self, mailbox: str) -> None:
        """Let a board go on that has stopped. Raises `Refused` for one that has not."""
        from mailgate.app import mailboxes

        mailboxes.go_on(self, TENANT_ID, mailbox)

    def close(self) -> None:
        """Give the connections to the database back, if there are any."""
        if "database" in vars(self):
            self.database.close()
