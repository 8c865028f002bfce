"""Mails of a ticket lie in the folder of its state, and whoever moves one moves the ticket."""

from tests.board.played import ALICE, INBOX, RESOLVED


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
