"""A shared mailbox in which answers are begun, looked at when the test says so."""

from datetime import UTC, datetime, timedelta

from mailgate.domain.model import GATEWAY
from mailgate.imap.link import Link
from mailgate.intake.catchup import LEASE
from mailgate.intake.drafts import Drafts
from mailgate.intake.mailbox import places
from mailgate.intake.preparing import Pen, Preparing
from mailgate.mail.parse import Limits
from mailgate.store import mailboxes
from tests.delivery.sending import RENDERER
from tests.intake.desk import SUPPORT
from tests.intake.shared import Shared, written


class Prepared(Shared):
    """A mailbox in which answers are begun."""

    def __init__(self, gateway, port: int) -> None:
        super().__init__(gateway, port)
        self.ahead = timedelta()
        self.renderer = RENDERER
        self.anew()

    def anew(self, *, on: bool = True) -> None:
        """Start again, as after a fall."""
        gateway = self.gateway
        pen = Pen(gateway.desk.settings, self.renderer, gateway.signer, SUPPORT)
        key = (gateway.database, 1, "support", self.now)
        preparing = Preparing(*key, pen) if on else None
        self.drafts = Drafts(*key, Limits(), preparing)
        self.begun = False

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, seconds: float = 0) -> None:
        """Look for drafts, then for mails, with a connection of its own."""
        self.ahead += timedelta(seconds=seconds)
        gateway = self.gateway
        gateway.now = self.now()
        with gateway.database.write() as connection:
            fence = mailboxes.take(connection, 1, "support", "me", gateway.now, LEASE, alone=True)
        catchup = self.catchup()
        link = Link.open(self.mailbox.account)
        try:
            if not self.begun:
                self.drafts.prepare(link.folders())
                self.begun = True
            self.drafts.look(link, lambda connection: catchup.hold(connection, fence))
            catchup.begin()
            catchup.look(link, fence, places(self.mailbox, link.folders()), lambda: False)
        finally:
            link.close()
        self.process()

    def ask(self, text: str = "It is on fire.", **headers) -> None:
        """Let the customer write, and the desk see to it."""
        self.put(written(text, **headers))
        self.pass_by()
        self.pass_by()

    def lie(self) -> list[bytes]:
        """Return the drafts that are not marked as deleted."""
        with self.client() as link:
            link.select("Drafts", readonly=True)
            uids = link.uid("SEARCH", "UNDELETED")[1][0].split()
            assert link.uid("SEARCH", "UNDELETED", "UNSEEN")[1] == [b""]
            assert len(link.uid("SEARCH", "UNDELETED", "DRAFT")[1][0].split()) == len(uids)
            return [link.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1] for uid in uids]

    def happen(self, event) -> None:
        (ticket,) = self.gateway.rows("ticket")
        with self.gateway.desk.writing(self.now()) as ledger:
            ledger.apply(ticket["id"], event(at=self.now(), actor=GATEWAY))

    def answering(self) -> int:
        return len(self.gateway.rows("imap_draft"))
