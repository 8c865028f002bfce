"""A desk with its intake, without threads, for tests that send mails through it."""

from datetime import timedelta

from sqlalchemy import select

from mailgate.desk.door import Desk
from mailgate.domain.numbers import NumberReader
from mailgate.domain.routing import Route, Routing
from mailgate.intake.disk import Disk
from mailgate.intake.inbox import Inbox, Incoming
from mailgate.intake.reading import Reader
from mailgate.intake.worker import Worker
from mailgate.mail.parse import Limits
from mailgate.mail.signer import Signer
from mailgate.mail.trust import Authentication, Trust
from mailgate.store import schema, tickets
from tests.desk.conftest import ALICE, CUSTOMER, START

SUPPORT = "support@desk.example"
EVE = "eve@elsewhere.example"


class Believing:
    """An authenticator that believes every sender as far as `level`, and waits for nothing."""

    def __init__(self, level: Trust) -> None:
        self.level = level

    def waits(self, claimed, mail):
        return False

    def authenticate(self, claimed, mail):
        return Authentication(self.level)


class Gateway:
    """Inbox and worker without threads, on a clock that the test moves."""

    def __init__(self, database, settings) -> None:
        self.now = START
        self.database = database
        self.signer = Signer({"a": b"0123456789abcdef0123456789abcdef"}, "a", "desk.example")
        self.desk = Desk(database, settings, self.signer)
        routing = Routing({SUPPORT: Route("default", "support", SUPPORT)})
        self.inbox = Inbox(
            database,
            lambda address: routing.find(SUPPORT if address == "postmaster" else address),
            lambda tenant: 1,
            lambda: None,
            Disk(None, 0),
        )
        reader = Reader(
            signer=self.signer,
            numbers=NumberReader([settings.number_format]),
            addresses=frozenset({SUPPORT}),
            own_lists=frozenset(),
            delimiter="+",
            limits=Limits(),
            staff=frozenset(settings.staff.by_address),
            logins={agent.name: agent.address for agent in settings.staff.agents},
        )
        self.worker = Worker(self.desk, reader, self.signer, lambda: self.now, "test", lambda: None)
        self.count = 0

    def keep(self, text: str = "words", *, sender: str = CUSTOMER, to: str = SUPPORT, **headers):
        """Store one mail; header names with underscores, None leaves one out."""
        raw = self.raw(text, sender=sender, to=to, **headers)
        mail_from = "" if headers.get("Auto_Submitted") else (sender or "")
        return self.inbox.put(Incoming(raw, mail_from, (to,), self.now, "127.0.0.1", "smtp"))

    def raw(self, text: str, *, sender: str = CUSTOMER, to: str = SUPPORT, **headers) -> bytes:
        """Write one mail, a second after the one before."""
        self.count += 1
        self.now += timedelta(seconds=1)
        given = {
            "From": sender,
            "To": to,
            "Subject": "Printer",
            "Message-ID": f"<m{self.count}@customer.example>",
            "Date": "Mon, 02 Mar 2026 09:00:00 +0000",
        }
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
        return ("\r\n".join([*lines, "", text]) + "\r\n").encode()

    def mail(self, text: str = "words", **headers):
        """Store and process one mail; return the row of its delivery."""
        id_ = self.keep(text, **headers)
        self.worker.drain()
        return self.delivery(id_)

    def delivery(self, id_: int):
        return next(row for row in self.rows("mail_delivery") if row["id"] == id_)

    def rows(self, table: str) -> list:
        source = schema.metadata.tables[table]
        with self.database.read() as connection:
            found = connection.execute(select(source).order_by(*source.primary_key))
            return list(found.mappings())

    def ticket(self, id_: int):
        with self.database.read() as connection:
            return tickets.load(connection, 1, [id_])[id_]

    def outbox(self, notice: str) -> list:
        return [row for row in self.rows("outbox") if row["notice"] == notice]

    def reply_address(self, to: str = ALICE.address, kind: str = "reply_address") -> str:
        rows = [row for row in self.rows("outbox") if row["recipient"] == to]
        return rows[-1]["context"][kind]

    def agent(self, text: str, **headers):
        return self.mail(text, sender=ALICE.address, to=self.reply_address(), **headers)
