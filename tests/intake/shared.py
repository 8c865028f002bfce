"""A desk beside a shared mailbox of a real server, looked at when the test says so."""

import imaplib
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from mailgate.imap.account import Account, Tls
from mailgate.imap.link import Link
from mailgate.intake.catchup import LEASE, Catchup
from mailgate.intake.mailbox import Mailbox, places
from mailgate.mail.parse import Limits
from mailgate.store import mailboxes
from tests.intake.desk import SUPPORT, Gateway
from tests.peers.dovecot import PASSWORD

_users = count(1)


def watching(gateway: Gateway) -> None:
    """Have the desk know that a shared mailbox is watched."""
    desk = gateway.desk
    desk.settings = replace(desk.settings, mailboxes=frozenset({"support"}))


class Shared:
    """One user of the server, and what an agent's mail program does there."""

    def __init__(self, gateway: Gateway, port: int, user: str = "", **facts) -> None:
        gateway.now = datetime.now(UTC)  # mails bear the server's time
        watching(gateway)
        self.gateway, self.port = gateway, port
        self.user = user or f"desk{next(_users)}"
        account = Account("127.0.0.1", port, Tls.OFF, self.user, PASSWORD)
        self.mailbox = Mailbox("support", account, SUPPORT, **facts)

    def catchup(self) -> Catchup:
        gateway = self.gateway
        own = frozenset({SUPPORT})
        return Catchup(
            gateway.database, 1, gateway.inbox, self.mailbox, own, lambda: gateway.now, Limits()
        )

    def look(self, catchup: Catchup | None = None) -> int:
        """Look once with a connection of its own, as after a start; return the mails taken."""
        catchup = catchup or self.catchup()
        self.gateway.now = datetime.now(UTC)
        with self.gateway.database.write() as connection:
            now = self.gateway.now
            fence = mailboxes.take(connection, 1, "support", "me", now, LEASE, alone=True)
        link = Link.open(self.mailbox.account)
        try:
            catchup.begin()
            return catchup.look(link, fence, places(self.mailbox, link.folders()), lambda: False)
        finally:
            link.close()

    @contextmanager
    def client(self):
        link = imaplib.IMAP4("127.0.0.1", self.port)
        link.login(self.user, PASSWORD)
        yield link
        link.logout()

    def put(self, *raws: bytes, folder: str = "INBOX") -> None:
        with self.client() as link:
            for raw in raws:
                assert link.append(folder, None, None, raw)[0] == "OK"

    def process(self) -> None:
        self.gateway.worker.drain()


def written(text: str = "It is on fire.", **headers) -> bytes:
    """Return a customer's mail; header names with underscores, None leaves one out."""
    given = {
        "From": "Carol <carol@customer.example>",
        "To": SUPPORT,
        "Subject": "Printer",
        "Message-ID": "<m1@customer.example>",
        "Date": "Mon, 02 Mar 2026 09:00:00 +0000",
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    return ("\r\n".join([*lines, "", text]) + "\r\n").encode()


def mails(n: int, start: int = 0) -> list[bytes]:
    return [
        written(f"The {i}th.", Message_ID=f"<m{i}@customer.example>", Subject=f"Matter {i}")
        for i in range(start, start + n)
    ]
