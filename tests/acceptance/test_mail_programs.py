"""A whole desk in a shared mailbox, as people have it: Postfix, Dovecot, and real mail programs.

The customer writes with swaks; what they get is read in their own Maildir.
"""

import imaplib
import json
from itertools import count

import pytest

from tests.acceptance.desk import ALICE, ANN
from tests.peers.customer import Customer
from tests.peers.dovecot import PASSWORD
from tests.peers.in_the_mailbox import Mutt, Post, Snail
from tests.peers.maildir import text_of
from tests.peers.places import LOOPBACK
from tests.peers.postfix import Setup
from tests.peers.waiting import wait_until

_desks = count(1)
WAITING, RESOLVED = "Tickets/Waiting for customer", "Tickets/Resolved"
BOARD = '\n[mailbox.board]\non = true\nsettle = "1s"\nevery = "1s"\n'


class House:
    """A gateway beside the mailbox into which Postfix brings the desk's mail, and a customer."""

    def __init__(self, start_gateway, start_postfix, dovecot, folder):
        domain = f"desk{next(_desks)}.example"
        self.address, self.dovecot = f"support@{domain}", dovecot
        self.postfix = start_postfix(
            Setup(lmtp={domain: dovecot.lmtp_port}, mailboxes=[ANN, ALICE, "admin@agent.example"])
        )
        smarthost = {"transport": "smtp", "host": LOOPBACK, "port": self.postfix.port, "tls": "off"}
        self.gateway = start_gateway(
            address=self.address,
            agents={"alice": ALICE},
            values={f"delivery.{name}": value for name, value in smarthost.items()},
        )
        secret = self.gateway.folder / "mailbox.password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        mailbox = {
            "name": "support",
            "host": LOOPBACK,
            "port": dovecot.imap_port,
            "tls": "off",
            "user": self.address,
            "password_file": "mailbox.password",
        }
        with self.gateway.config.open("a") as file:
            lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in mailbox.items())
            file.write(f"\n[[mailbox]]\n{lines}\n{BOARD}")
        self.gateway.start(patience=60)
        self.gateway.wait_for_log("mailbox.watched", patience=60)
        self.ann = Customer(ANN, self.postfix.maildir(ANN), self.postfix.port, name="Ann Archer")
        self.post = Post(self.address, dovecot.imap_port, self.postfix.port, folder)

    def status(self) -> list[str]:
        return [ticket["status"] for ticket in self.gateway.tickets()]

    def lie(self, folder: str) -> int:
        link = imaplib.IMAP4(LOOPBACK, self.dovecot.imap_port)
        link.login(self.address, PASSWORD)
        link.select(f'"{folder}"', readonly=True)
        (uids,) = link.uid("SEARCH", "UNDELETED")[1]
        link.logout()
        return len(uids.split())

    def wait(self, status: str, folder: str, mails: int) -> None:
        """Wait until the only ticket stands so, and so many mails lie in its folder."""
        wait_until(lambda: self.status() == [status], lambda: f"{status}: {self.status()}", 60)
        wait_until(lambda: self.lie(folder) == mails, lambda: f"{mails} mails in {folder}", 60)


@pytest.fixture
def house(start_gateway, start_postfix, dovecot, tmp_path):
    return House(start_gateway, start_postfix, dovecot, tmp_path)


@pytest.mark.parametrize("program", [Mutt, Snail])
def test_an_agent_answers_and_drags_in_their_own_mail_program(house, program):
    agent = program(house.post)
    first = house.ann.write(house.address, "Printer", "It is on fire.")
    house.wait("new", "INBOX", 1)
    agent.answer("Have you tried water?")
    answer = house.ann.inbox.wait(lambda mail: text_of(mail).startswith("Have you tried water?\n"))
    assert answer["In-Reply-To"] == first
    assert answer["From"].addresses[0].addr_spec == house.address
    assert answer["Subject"] == "Re: Printer"
    assert ALICE not in answer.as_string()
    house.wait("waiting_on_customer", WAITING, 1)
    (ticket,) = house.gateway.tickets()
    house.ann.reply(answer, "It burns all the same.")
    house.wait("open", "INBOX", 2)
    agent.drag(RESOLVED)
    house.wait("resolved", RESOLVED, 2)
    said = house.gateway.show(ticket["number"])["messages"]
    assert [each["side"] for each in said] == ["client", "system", "client"]
    told = house.ann.inbox.wait_for_subject("has been resolved")
    assert ticket["number"] in told["Subject"]
    answers = [m for m in house.ann.inbox.mails() if text_of(m).startswith("Have you tried")]
    assert len(answers) == 1, "nothing is sent again"
