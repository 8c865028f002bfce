"""The shared mailboxes, out of the configuration, and what watches them.

What talks to a server is loaded by who does: no other process of the gateway needs it.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from mailgate.errors import Refused, Temporary
from mailgate.imap.account import Account, Tls
from mailgate.imap.oauth import Application
from mailgate.intake.grant import Grant
from mailgate.intake.mailbox import Mailbox

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.board.board import Terms
    from mailgate.board.preview import Step
    from mailgate.config.mailbox import Mailbox as Configured
    from mailgate.imap.survey import Said
    from mailgate.intake.imap import Watchers
    from mailgate.store.mailboxes import Watched


def mailboxes(app: "App", tenant_id: int) -> Iterator[Mailbox]:
    """Yield those that are watched; where tokens open one, the database keeps them."""
    for given in app.config.mailboxes:
        if not given.host:
            continue
        token = None
        if given.refresh_token is not None:
            secret = given.client_secret
            application = Application(
                token_url=given.token_url,
                client_id=given.client_id,
                secret="" if secret is None else secret.get_secret_value(),
            )
            refresh = given.refresh_token.get_secret_value()
            token = Grant(application, refresh, lambda: app.database, tenant_id, given.name).token
        account = Account(
            host=given.host,
            port=given.port,
            tls=Tls(given.tls),
            user=given.user,
            password="" if given.password is None else given.password.get_secret_value(),
            token=token,
            ca_file=given.ca_file,
        )
        yield Mailbox(
            name=given.name,
            account=account,
            address=given.address or app.config.desk.address,
            inbox=given.inbox,
            also=given.also,
            sent=given.sent,
            takes_history=given.history == "open",
            board=given.board.on,
            files=given.file_answers,
            drafts=given.drafts,
            prepares=given.prepared_replies,
            every=given.every,
        )


def watchers(app: "App", tenant_id: int, now: Callable[[], datetime]) -> "Watchers":
    """Return what watches them, not yet begun."""
    from mailgate.app.reading import limits
    from mailgate.board.board import Board
    from mailgate.intake.catchup import Catchup
    from mailgate.intake.drafts import Drafts
    from mailgate.intake.filing import Filing
    from mailgate.intake.imap import Also, Watcher, Watchers
    from mailgate.intake.preparing import Pen, Preparing

    own = frozenset(app.routing.addresses)
    boards = {
        given.name: Board(app.desk, _terms(app, given), now)
        for given in app.config.mailboxes
        if given.board.on
    }

    def preparing(mailbox: Mailbox) -> Preparing | None:
        if not mailbox.prepares:
            return None
        pen = Pen(app.settings, app.renderer, app.signer, mailbox.address)
        return Preparing(app.database, tenant_id, mailbox.name, now, pen)

    def watcher(mailbox: Mailbox) -> Watcher:
        parts = (app.database, tenant_id)
        catchup = Catchup(*parts, app.inbox, mailbox, own, now, limits(app.config))
        its = (*parts, mailbox.name, now, limits(app.config))
        filing = Filing(*its) if mailbox.files else None
        drafts = Drafts(*its, preparing(mailbox), on=mailbox.drafts)
        also = Also(boards.get(mailbox.name), filing, drafts)
        return Watcher(mailbox, catchup, *parts, app.owner, now, also=also)

    return Watchers(map(watcher, app.mailboxes))


def _terms(app: "App", given: "Configured") -> "Terms":
    """Return the board of a mailbox, whether it is on or not."""
    from mailgate.app.reading import limits
    from mailgate.board.aside import Aside
    from mailgate.board.board import Terms
    from mailgate.intake.identity import identity_of

    most = limits(app.config)
    return Terms(
        mailbox=given.name,
        inbox=given.inbox,
        names=given.board.names,
        agents=tuple(agent.name for agent in app.config.agents),
        settle=given.board.settle,
        every=given.board.every,
        identity=lambda seen: identity_of(seen, most)[0],
        marks=given.board.marks,
        brake=given.board.brake,
        aside=Aside(given.board.spam, given.board.withdrawn, given.junk, given.trash),
    )


def previews(
    app: "App", tenant_id: int, now: Callable[[], datetime]
) -> "Iterator[tuple[str, list[Step]]]":
    """Yield (mailbox, what its board would do now), of boards that are off too.

    Those that cannot be looked at keep no other from it: in the end `Temporary` is raised, and
    names them.
    """
    from mailgate.board.board import Board
    from mailgate.imap.link import Link

    faults = []
    configured = {given.name: given for given in app.config.mailboxes}
    for box in mailboxes(app, tenant_id):
        board = Board(app.desk, _terms(app, configured[box.name]), now)
        try:
            with closing(Link.open(box.account)) as link:
                steps = board.preview(link)
        except Temporary as fault:
            faults.append(f"mailbox {box.name}: {fault}")
            continue
        yield box.name, steps
    if faults:
        raise Temporary("; ".join(faults))


def boards(app: "App", tenant_id: int) -> "Iterator[tuple[str, dict[str, tuple[int, int]]]]":
    """Yield (mailbox, folder -> how many mails and tickets lay there at the last look)."""
    from mailgate.store.board import Board

    with app.database.read() as connection:
        for box in app.mailboxes:
            yield box.name, Board(connection, tenant_id, box.name).counts()


def go_on(app: "App", tenant_id: int, name: str) -> None:
    """Let a board go on that has stopped. Raises `Refused` for one that has not."""
    from mailgate.store import mailboxes

    names = [box.name for box in app.mailboxes if box.board]
    if name not in names:
        there = ", ".join(names) or "none"
        raise Refused(f"there is no [[mailbox]] {name!r} with a board; there is {there}")
    with app.database.write() as connection:
        if not mailboxes.go_on(connection, tenant_id, name):
            raise Refused(f"the board of {name} has not stopped: no mails have vanished from it")


def survey(app: "App", tenant_id: int) -> "Iterator[tuple[str, Said]]":
    """Look around in every shared mailbox, and yield (name, what was found).

    Of one that cannot be watched that is the reason. Nothing is changed, but that a provider may
    give a newer token.
    """
    from mailgate.imap.survey import Named, Said, survey

    states = _states(app, tenant_id)
    configured = {given.name: given for given in app.config.mailboxes}
    for box in app.mailboxes:
        if states is not None and states[box.name].fault:
            yield box.name, Said(f"whoever watches it says: {states[box.name].fault}", well=False)
        if states is None and box.account.token is not None:
            says = "its tokens are kept in the database: it can be tried once that is there"
            yield box.name, Said(says, well=False)
            continue
        every = f"{box.every.total_seconds():g} s"
        given = configured[box.name]
        named = Named(box.inbox, box.sent, box.also, junk=given.junk, trash=given.trash)
        try:
            for said in survey(box.account, named, every):
                yield box.name, said
        except Temporary as fault:
            yield box.name, Said(str(fault), well=False, watched=False)


def _states(app: "App", tenant_id: int) -> "dict[str, Watched] | None":
    """Return how the watching goes; None where there is no database of this version."""
    from mailgate.store import mailboxes, revision
    from mailgate.store.db import Database

    database = Database(app.config.database.url.get_secret_value())
    if database.path is not None and not database.path.exists():
        return None
    try:
        with database.read() as connection:
            if revision.present(connection) != revision.NEWEST:
                return None
            names = [box.name for box in app.mailboxes]
            return mailboxes.states(connection, tenant_id, names)
    finally:
        database.close()
