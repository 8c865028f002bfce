"""A shared mailbox in which answers are filed, looked at when the test says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailgate.imap.link import Link
from mailgate.intake.catchup import LEASE
from mailgate.intake.filing import Filing
from mailgate.intake.mailbox import places
from mailgate.mail.parse import Limits
from mailgate.store import mailboxes
from tests.delivery.sending import Scripted, worker_of
from tests.intake.shared import Shared

LATER = timedelta(seconds=30)


class Filed(Shared):
    """A mailbox in which answers are filed, with a ticket whose customer has been answered."""

    def __init__(self, gateway, port: int, **facts) -> None:
        super().__init__(gateway, port, files=True, **facts)
        desk = gateway.desk
        desk.settings = replace(desk.settings, files=("support",))
        self.way = Scripted()
        self.ahead = timedelta()
        self.filing = Filing(gateway.database, 1, "support", self.now, Limits())

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def answer(self, text: str = "Try water.", **headers) -> None:
        """Let alice answer the newest notice, and her answer be sent."""
        self.gateway.agent(text, **headers)
        self.send()

    def send(self) -> None:
        worker_of(self.gateway, self.way).drain()

    def pass_by(self, after: timedelta = LATER) -> int:
        """File what waits, then look, with a connection of its own; return the mails taken."""
        self.ahead += after
        gateway = self.gateway
        gateway.now = self.now()
        with gateway.database.write() as connection:
            fence = mailboxes.take(connection, 1, "support", "me", gateway.now, LEASE, alone=True)
        catchup = self.catchup()
        link = Link.open(self.mailbox.account)
        try:
            self.filing.file(link, "Sent", lambda connection: catchup.hold(connection, fence))
            catchup.begin()
            taken = catchup.look(link, fence, places(self.mailbox, link.folders()), lambda: False)
        finally:
            link.close()
        self.process()
        return taken

    def sent(self) -> list[bytes]:
        """Return the mails in the folder of what was sent, and see that all of them are read."""
        with self.client() as link:
            link.select("Sent", readonly=True)
            uids = link.uid("SEARCH", "ALL")[1][0].split()
            assert link.uid("SEARCH", "UNSEEN")[1] == [b""]
            return [link.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1] for uid in uids]

    def waiting(self) -> list[tuple[int, bool]]:
        """Return (tries, whether the mail is kept) of each answer that is not filed."""
        rows = self.gateway.rows("imap_filing")
        return [(row["tries"], row["raw"] is not None) for row in rows if row["next_try_at"]]
