"""Mails of a ticket lie in the folder of its state, and whoever moves one moves the ticket."""

from datetime import timedelta
from imaplib import IMAP4

import pytest

from mailgate.board import acting, board
from mailgate.desk import commands, splitting
from mailgate.domain import board as rules
from mailgate.domain.model import Actor, ActorKind
from mailgate.errors import Conflict, Lost, Temporary
from mailgate.imap.link import Link
from tests.board.played import ALICE, BOB, CLOSED, INBOX, RESOLVED, WAITING


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


def test_the_mail_of_what_was_split_off_goes_with_its_new_ticket(played):
    played.open()
    played.drag("m0", INBOX, WAITING)
    played.rest()
    played.say(0, "My invoice is wrong.", "n1")
    assert played.lie() == {INBOX: ["m0", "n1"]}
    first, second = played.gateway.rows("message")
    wish = splitting.Wish(second["id"], "Invoice")
    stamp = (played.gateway.now, Actor(ActorKind.AGENT, "alice"))
    commands.split(played.gateway.desk, first["ticket_id"], wish, lambda *_: "", stamp)
    played.rest()
    assert played.lie() == {WAITING: ["m0"], INBOX: ["n1"]}
    played.drag("n1", INBOX, ALICE)
    played.rest()
    assert played.tickets() == [("waiting_on_customer", None), ("in_progress", "alice")]
    assert played.lie() == {WAITING: ["m0"], ALICE: ["n1"]}


def faulty(monkeypatch, error):
    """Have every drop of Matter 1 fail; return what is told of it."""
    told = []
    asked = rules.asked

    def failing(ticket, *facts, **more):
        if ticket.subject == "Matter 1":
            raise error
        return asked(ticket, *facts, **more)

    monkeypatch.setattr(rules, "asked", failing)
    monkeypatch.setattr(acting, "log", lambda name, **ids: told.append(name))
    return told


def test_a_drop_that_fails_stops_no_other_and_is_tried_again_after_a_while(played, monkeypatch):
    played.open(3)
    for n in range(3):
        played.drag(f"m{n}", INBOX, RESOLVED)
    with monkeypatch.context() as patched:
        told = faulty(patched, ZeroDivisionError())
        played.rest()
        played.drag("m2", RESOLVED, CLOSED)
        played.rest()
        assert told == ["board.drop_failed"]
        assert played.tickets() == [("resolved", None), ("new", None), ("closed", None)]
        assert played.lie() == {RESOLVED: ["m0", "m1"], CLOSED: ["m2"]}
        played.pass_by(61)
        assert told == ["board.drop_failed"]
    played.pass_by(30)
    assert played.tickets()[1] == ("new", None)
    played.pass_by(31)
    assert played.tickets()[1] == ("resolved", None)


def test_what_was_acted_on_is_followed_by_another_look_at_once(played):
    played.open()
    played.drag("m0", INBOX, WAITING)
    assert played.pass_by(), "the folders stand otherwise"
    assert played.pass_by(10), "the drop counts now"
    assert played.tickets() == [("waiting_on_customer", None)]
    assert not played.pass_by()


def test_a_ticket_that_somebody_else_changes_at_that_moment_is_left_for_the_next_look(
    played, monkeypatch
):
    played.open(2)
    played.drag("m0", INBOX, RESOLVED)
    played.drag("m1", INBOX, RESOLVED)
    with monkeypatch.context() as patched:
        assert faulty(patched, Conflict("changed")) == []
        played.pass_by()
        played.ahead += timedelta(seconds=4)
        played.pass_by()
        assert played.tickets() == [("resolved", None), ("new", None)]
    played.pass_by()
    assert played.tickets() == [("resolved", None), ("resolved", None)]


def test_whoever_has_lost_the_mailbox_stops_at_once(played, monkeypatch):
    played.open(2)
    for name in ("m0", "m1"):
        played.drag(name, INBOX, RESOLVED)
    played.pass_by()
    writes = []
    really = acting.Drops._write

    def lost(_connection):
        raise Lost("another has it")

    def lose(self, layout, due, now, _hold):
        writes.append(due)
        really(self, layout, due, now, lost)

    monkeypatch.setattr(acting.Drops, "_write", lose)
    with pytest.raises(Lost):
        played.pass_by(4)
    assert len(writes) == 1
    assert played.tickets() == [("new", None), ("new", None)]


def test_whoever_has_lost_the_mailbox_lets_go_of_no_move_that_was_refused(played, monkeypatch):
    played.open()
    played.assign(0, "alice")
    really = board.Board._refused

    def lost(_connection):
        raise Lost("another has it")

    def full(_link, _uids, _target):
        raise IMAP4.error("[OVERQUOTA] it is full")

    monkeypatch.setattr(Link, "_moved", full)
    monkeypatch.setattr(board.Board, "_refused", lambda *given: really(*given[:3], lost))
    with pytest.raises(Lost):
        played.pass_by()
    assert [row["folder"] for row in played.gateway.rows("board_intent")] == [ALICE]


def test_a_move_that_we_meant_to_make_and_did_not_hides_no_drop_later(played, monkeypatch):
    played.open()
    played.assign(0, "alice")
    with monkeypatch.context() as patched:
        patched.setattr(Link, "move", lambda *_: (_ for _ in ()).throw(Temporary("cut off")))
        with pytest.raises(Temporary):
            played.pass_by()
    played.assign(0, None)
    played.pass_by(61)  # nothing has moved there
    assert played.gateway.rows("board_intent") == []
    played.drag("m0", INBOX, ALICE)
    played.rest()
    assert played.tickets() == [("in_progress", "alice")]
    assert played.lie() == {ALICE: ["m0"]}


def test_only_mails_that_were_moved_are_told_of(played, monkeypatch):
    played.open(3)
    told, move = [], Link.move

    def moving(link, uids, *where):
        """Let an agent throw the first mail away just before."""
        with played.client() as other:
            other.select(INBOX)
            other.uid("STORE", "1", "+FLAGS.SILENT", r"(\Deleted)")
            other.expunge()
        return move(link, uids, *where)

    for n in range(3):
        played.assign(n, "alice")
    monkeypatch.setattr(Link, "move", moving)
    monkeypatch.setattr(board, "log", lambda name, **ids: told.append((name, ids["mails"])))
    played.rest()
    assert told == [("board.moved", 2)]
    assert played.lie() == {ALICE: ["m1", "m2"]}


def test_a_folder_into_which_nothing_may_be_moved_keeps_no_other_from_being_filled(
    played, monkeypatch
):
    played.open(2)
    played.assign(0, "alice")
    played.assign(1, "bob")
    told, moved = [], Link._moved

    def full(link, uids, target):
        if target == ALICE:
            raise IMAP4.error("[OVERQUOTA] it is full")
        moved(link, uids, target)

    monkeypatch.setattr(board, "log", lambda name, **ids: told.append((name, ids["folder"])))
    with monkeypatch.context() as patched:
        patched.setattr(Link, "_moved", full)
        played.goes_on = True
        for _ in range(3):
            played.pass_by()
    assert told == [("board.not_moved", ALICE), ("board.moved", BOB)]
    assert played.lie() == {INBOX: ["m0"], BOB: ["m1"]}
    assert played.gateway.rows("board_intent") == []
    played.pass_by(601)
    assert played.lie() == {ALICE: ["m0"], BOB: ["m1"]}
