"""However an agent's mail program moves a mail, it is one thing."""

from datetime import timedelta

import pytest

from mailgate.imap.link import Link, NotFiled
from tests.board.played import ALICE, CLOSED, INBOX, RESOLVED, SHAPES, WAITING
from tests.intake.shared import mails, written


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


@pytest.mark.parametrize("how", SHAPES)
def test_each_shape_of_a_drag_is_the_same(played, how):
    played.open()
    played.drag("m0", INBOX, WAITING, how)
    played.rest()
    assert played.tickets() == [("waiting_on_customer", None)]
    assert played.did() == [("ticket.waiting", "support")]
    played.drag("m0", WAITING, INBOX, how)
    played.rest()
    assert played.did()[1:] == [("ticket.taken_back", "support")]
    assert played.lie() == {INBOX: ["m0"]}


@pytest.mark.parametrize("how", ["move", "copy", "copy and strike"])
def test_a_mail_that_is_dragged_before_it_was_ever_seen_has_been_dropped(played, how):
    played.put(*mails(2))
    played.drag("m0", INBOX, CLOSED, how)
    played.rest()
    assert played.lie() == {CLOSED: ["m0"], INBOX: ["m1"]}
    played.drag("m0", CLOSED, INBOX, how)
    played.rest()
    assert played.lie() == {INBOX: ["m0", "m1"]}
    assert played.did() == [("ticket.closed", "support"), ("ticket.reopened", "support")]


def test_a_mail_without_a_message_id_comes_back_into_the_inbox_as_itself(played):
    played.put(written(Message_ID=None))
    played.rest()
    played.drag("Printer", INBOX, RESOLVED)
    played.rest()
    played.ahead += timedelta(hours=1)
    played.rest().drag("Printer", RESOLVED, INBOX)
    played.rest()
    assert played.tickets() == [("reopened", None)]
    assert played.lie() == {INBOX: ["Printer"]}


def test_mails_without_a_message_id_that_came_at_once_are_told_apart_by_their_words(played):
    for nth in ("1st", "2nd"):
        with played.client() as link:
            alarm = written(f"The {nth} sensor is on fire.", Message_ID=None)
            link.append(INBOX, None, '"02-Mar-2026 09:00:00 +0000"', alarm)
        played.rest()
    assert len(played.tickets()) == 2
    assert played.lie() == {INBOX: ["Printer", "Printer"]}


def test_a_slip_of_the_hand_that_is_undone_at_once_is_nothing(played):
    played.open()
    played.drag("m0", INBOX, CLOSED)
    played.pass_by()
    played.drag("m0", CLOSED, INBOX)
    played.rest()
    assert played.did() == []
    assert played.lie() == {INBOX: ["m0"]}


def test_the_last_of_two_drops_counts(played):
    played.open().say(0, "And now?", "n1")
    played.drag("m0", INBOX, CLOSED)
    played.pass_by()
    played.ahead += timedelta(seconds=1)
    played.drag("n1", INBOX, RESOLVED)
    played.rest()
    assert played.tickets() == [("resolved", None)]
    assert played.lie() == {RESOLVED: ["m0", "n1"]}


def test_what_vanishes_means_nothing(played):
    played.open(2).say(0, "And now?", "n1")
    with played.client() as link:
        link.select(INBOX)
        link.uid("STORE", "1:2", "+FLAGS.SILENT", r"(\Deleted)")
        link.expunge()
    played.rest()
    assert played.did() == []
    assert played.lie() == {INBOX: ["n1"]}


def test_a_mail_that_is_no_longer_marked_as_deleted_is_dropped_there(played):
    played.open()
    played.drag("m0", INBOX, RESOLVED, "copy and strike")
    played.rest()
    with played.client() as link:
        link.select(INBOX)
        link.uid("STORE", "1:*", "-FLAGS.SILENT", r"(\Deleted)")
    played.rest()
    assert played.tickets() == [("reopened", None)]


def test_a_second_copy_is_thrown_away(played):
    played.open()
    played.drag("m0", INBOX, INBOX, "copy")
    played.rest()
    played.drag("m0", INBOX, RESOLVED, "copy")
    played.rest()
    assert played.lie() == {RESOLVED: ["m0"]}
    with played.client() as link:
        assert link.select("Trash")[1] == [b"2"]


def deleted(played, folder, name):
    with played.client() as link:
        link.select(f'"{folder}"')
        (uid,) = [u for u in played.uids(link, "UNDELETED") if played.mid(link, u) == name]
        link.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        link.expunge()


@pytest.mark.parametrize("minutes", [0, 11])
def test_what_a_slow_program_takes_away_after_its_copy_was_thrown_away_comes_back(played, minutes):
    """Its copy lay there first; then somebody undid a drag of the other mail, which counted."""
    played.open().say(0, "And now?", "n1")
    played.drag("m0", INBOX, RESOLVED, "copy")
    for source, target in ((INBOX, CLOSED), (CLOSED, INBOX)):
        played.ahead += timedelta(seconds=1)
        played.pass_by()
        played.drag("n1", source, target)
    played.rest()
    assert played.lie() == {INBOX: ["m0", "n1"]}
    played.ahead += timedelta(minutes=minutes)
    played.rest()
    deleted(played, INBOX, "m0")
    played.rest()
    assert played.lie() == {INBOX: ["n1"] if minutes else ["m0", "n1"]}
    deleted(played, INBOX, "n1")  # of which nothing was thrown away
    played.rest()
    assert played.lie() == ({} if minutes else {INBOX: ["m0"]})
    assert played.did() == []
    assert len(played.gateway.rows("message")) == 2


def test_what_a_server_does_not_take_back_keeps_no_other_from_its_place(played, monkeypatch):
    def full(*_args):
        raise NotFiled("filing in INBOX: over quota")

    played.open(2)
    played.drag("m0", INBOX, INBOX, "copy")
    played.rest()
    deleted(played, INBOX, "m0")
    played.assign(1, "alice")
    with monkeypatch.context() as patched:
        patched.setattr(Link, "file", full)
        for _ in range(3):
            played.pass_by()
        assert played.lie() == {ALICE: ["m1"]}
    played.rest()
    assert played.lie() == {INBOX: ["m0"], ALICE: ["m1"]}
