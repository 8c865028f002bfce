"""A desk with everybody around it: Postfix in front and behind, customers, agents, an admin.

What people get is read in their mailboxes; what the desk knows, by `mailgate show --json`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from tests.acceptance import inside
from tests.peers.agent import Agent
from tests.peers.customer import Customer
from tests.peers.gateway import Gateway
from tests.peers.maildir import html_of, text_of
from tests.peers.places import LOOPBACK
from tests.peers.postfix import Postfix, Setup
from tests.peers.waiting import wait_until

SUPPORT = "support@desk.example"
ANN, EVE = "ann@customer.example", "eve@elsewhere.example"
ALICE, BOB, ADMIN = "alice@agent.example", "bob@agent.example", "admin@agent.example"
PEOPLE = (ANN, EVE, ALICE, BOB, ADMIN)

# The clock looks every second, and nothing comes due unless a test says so.
_SETTINGS = {"jobs.deadlines": "1s"}


@dataclass(frozen=True)
class Desk:
    """A running gateway between two sides of one Postfix, and who writes to it."""

    gateway: Gateway
    postfix: Postfix
    ann: Customer
    eve: Customer
    alice: Agent
    bob: Agent
    admin: Agent

    def settle(self) -> None:
        """Wait until nothing is under way: no mail waits in Postfix, inbox or outbox."""
        self.postfix.wait_until_empty()
        wait_until(lambda: not self._under_way(), self._under_way)
        self.postfix.wait_until_empty()

    def _under_way(self) -> str:
        return inside.under_way(self.gateway.config)

    def open(
        self, subject: str, body: str = "Please help.", by: Customer | None = None
    ) -> tuple[str, EmailMessage]:
        """Let a customer write; return the new ticket's number and alice's notification."""
        (by or self.ann).write(SUPPORT, subject, body)
        told = self.alice.inbox.wait_for_subject(subject)
        return number_in(told), told

    def introduce_customers(self) -> None:
        """Let both customers write and answer: who is known is acknowledged in full."""
        for person in (self.ann, self.eve):
            person.write(SUPPORT, "Good day", "It is me.")
            person.reply(person.inbox.wait_for_subject("We have received your message"), "Good.")
        self.settle()

    def show(self, number: str) -> dict[str, Any]:
        """Return what the desk knows of a ticket."""
        return self.gateway.show(number)

    def heard_by_customers(self, words: str) -> list[str]:
        """Return the subjects of the mails to customers in which these words stand, anywhere."""
        return [
            str(mail["Subject"])
            for person in (self.ann, self.eve)
            for mail in person.inbox.mails()
            if any(words in shown for shown in (mail.as_string(), text_of(mail), html_of(mail)))
        ]


def number_in(mail: EmailMessage) -> str:
    """Return the ticket number that stands in brackets in a mail's subject."""
    return str(mail["Subject"]).rpartition("[")[2].rstrip("]")


def set_up(
    start_gateway: Callable[..., Gateway],
    start_postfix: Callable[[Setup], Postfix],
    *,
    values: Mapping[str, Any] | None = None,
    database: str | None = None,
    relays: Mapping[str, int] | None = None,
) -> Desk:
    """Lay out a desk, start it, and hand its domain's mail to it.

    `values` are settings of the gateway, `relays` further domains that Postfix hands to a port.
    """
    gateway = start_gateway(
        agents={"alice": ALICE, "bob": BOB}, admin=ADMIN, database=database, values=_SETTINGS
    )
    postfix = start_postfix(
        Setup(relays={"desk.example": gateway.smtp_port, **(relays or {})}, mailboxes=list(PEOPLE))
    )
    smarthost = {"transport": "smtp", "host": LOOPBACK, "port": postfix.port, "tls": "off"}
    gateway.set({f"delivery.{name}": value for name, value in smarthost.items()})
    gateway.set(values or {})
    gateway.start()

    def box(address: str) -> Any:
        return postfix.maildir(address)

    return Desk(
        gateway,
        postfix,
        ann=Customer(ANN, box(ANN), postfix.port, name="Ann Archer"),
        eve=Customer(EVE, box(EVE), postfix.port, name="Eve Elsewhere"),
        alice=Agent(ALICE, box(ALICE), postfix.port, name="Alice Adams"),
        bob=Agent(BOB, box(BOB), postfix.port),
        admin=Agent(ADMIN, box(ADMIN), postfix.port),
    )
