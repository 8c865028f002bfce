"""Servers of several shapes: the same mails, the same answers."""

import pytest

from tests.intake.shared import Shared, written
from tests.peers.dovecot import DOTTED, EVERYTHING, POOR
from tests.peers.pymap import USER

ANSWER = {"From": "support@desk.example", "To": "carol@customer.example"}
LIFE = ["ticket.opened", "agent.replied", "customer.wrote"]


def lives(shared, sent):
    """A mail comes, is answered from the mailbox, and the answer is answered: return what was."""
    shared.look()
    shared.put(written())
    assert shared.look() == 1
    shared.process()
    thread = {"Subject": "Re: Printer", "In_Reply_To": "<m1@customer.example>"}
    shared.put(
        written("Try water.", **ANSWER, **thread, Message_ID="<a@desk.example>"), folder=sent
    )
    back = {"Subject": "Re: Printer", "In_Reply_To": "<a@desk.example>"}
    shared.put(written("It worked not.", **back, Message_ID="<m2@customer.example>"))
    assert shared.look() == 2
    shared.process()
    assert shared.look() == 0
    return [row["name"] for row in shared.gateway.rows("event")]


@pytest.mark.parametrize(
    ("shape", "sent"),
    [(EVERYTHING, "Sent"), (POOR, "Sent"), (DOTTED, "INBOX.Sent")],
    ids=["full", "poor", "dotted"],
)
def test_a_mailbox_of_dovecot(gateway, start_dovecot, shape, sent):
    assert lives(Shared(gateway, start_dovecot(shape).imap_port), sent) == LIFE


def test_a_mailbox_of_pymap(gateway, pymap):
    shared = Shared(gateway, pymap.imap_port, USER)
    with shared.client() as link:
        link.create("Sent")
    assert lives(shared, "Sent") == LIFE
