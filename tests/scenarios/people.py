"""Who takes part in the scenarios, and what their mails look like."""

from datetime import datetime
from email.utils import format_datetime

from tests.scenarios.table import Row, numbered

DESK = "support@desk.example"
ALICE, BOB, ADMIN = "alice@agent.example", "bob@agent.example", "admin@agent.example"
STAFF = {"alice": ALICE, "bob": BOB}
EVERYBODY = STAFF | {"admin": ADMIN}
ROLES = {ALICE: "alice", BOB: "bob", ADMIN: "admin"}


def address(row: Row) -> str:
    """Return the address of a row's customer: each has their own."""
    return f"customer{numbered()[row.name]}@customer.example"


def role(recipient: str) -> str:
    """Return who somebody is in the table."""
    return ROLES.get(recipient, "customer")


class Post:
    """Writes mails, no two alike."""

    def __init__(self) -> None:
        self._count = 0

    def write(self, sender: str, to: str, subject: str, text: str, at: datetime, **more: str):
        """Return a mail; `in_reply_to` becomes In-Reply-To."""
        self._count += 1
        headers = {
            "From": sender,
            "To": to,
            "Subject": subject,
            "Date": format_datetime(at),
            "Message-ID": f"<{self._count}@{sender.partition('@')[2]}>",
        } | {name.replace("_", "-").title(): value for name, value in more.items()}
        lines = [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", *text.split("\n"), ""]).encode()


def said(what: str) -> tuple[str, str]:
    """Return what a customer's line stands for: the text of the mail, and whose answer it is."""
    match what.split(" ", 2):
        case ["customer", "writes"]:
            return "It does not print, and I do not know why.", ""
        case ["customer", "thanks"]:
            return "Thank you!", ""
        case ["customer", "confirms"]:
            return "Yes.", "confirm"
        case ["customer", "away", until]:
            return f"I am out of the office. I am back on {until.removeprefix('until ')}.", "auto"
    raise AssertionError(f"nobody does {what!r}")
