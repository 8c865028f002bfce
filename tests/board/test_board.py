"""Mails of a ticket lie in the folder of its state, and whoever moves one moves the ticket."""

import pytest

from tests.board.played import ALICE, CLOSED, INBOX, RESOLVED, SHAPES, WAITING


def test_what_somebody_takes_up_goes_into_their_folder(played):
    played.open(2)
    played.drag("m0", INBOX, ALICE)
    played.rest()
    assert played.tickets() == [("in_progress", "alice"), ("new", None)]
    assert played.did() == [("ticket.assigned", "support")]
    assert played.lie() == {ALICE: ["m0"], INBOX: ["m1"]}


def test_one_mail_takes_the_others_of_its_ticket_along(played):
    played.open().say(0, "And now?", "n1").say(0, "Hello?", "n2")
    played.drag("n1", INBOX, RESOLVED)
    played.rest()
    assert played.tickets() == [("resolved", None)]
    assert played.lie() == {RESOLVED: ["m0", "n1", "n2"]}
    played.say(0, "It burns again.", "n3")
    assert played.tickets() == [("reopened", None)]
    assert played.lie() == {INBOX: ["m0", "n1", "n2", "n3"]}


@pytest.mark.parametrize("how", SHAPES)
def test_each_shape_of_a_drag_is_the_same(played, how):
    played.open().say(0, "And now?", "n1")
    played.drag("m0", INBOX, WAITING, how)
    played.rest()
    assert played.tickets() == [("waiting_on_customer", None)]
    assert played.did() == [("ticket.waiting", "support")]
    played.drag("n1", WAITING, CLOSED, how)
    played.rest()
    assert played.tickets() == [("closed", None)]
    if how != "append, with a mark":  # which in the INBOX looks like a mail that comes twice
        played.drag("m0", CLOSED, INBOX, how)
        played.rest()
        assert played.tickets() == [("reopened", None)]
