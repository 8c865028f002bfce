"""The board: where mails belong, what a drop asks for, and which of several drops counts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain.board import (
    OPEN,
    Drop,
    Lane,
    Layout,
    Names,
    Spot,
    asked,
    difference,
    layout,
    place,
    settled,
    winner,
)
from mailgate.domain.events import Discard
from mailgate.domain.lifecycle import decide
from mailgate.domain.model import TURN_OF, Actor, ActorKind, Disposition, Side, Status
from tests.domain.lives import IN, START, closed, in_progress, merged, resolved, spam, waiting
from tests.domain.strategies import lives

HERE = Actor(ActorKind.MAILBOX, "support")
PLAIN = layout(Names(), ["alice", "bob"], "INBOX", "", "/")
BOARD = layout(Names(), ["alice", "bob"], "INBOX", "", "/", {Lane.JUNK: "Junk"})
THROWN = layout(Names(), [], "INBOX", "", "/", {Lane.TRASH: "Trash"})
ALICE, BOB = Spot(Lane.HELD, "alice"), Spot(Lane.HELD, "bob")
WAITING, RESOLVED, CLOSED = Spot(Lane.WAITING), Spot(Lane.RESOLVED), Spot(Lane.CLOSED)
JUNK, TRASH = Spot(Lane.JUNK), Spot(Lane.TRASH)
SPOTS = [*BOARD.folders]


def withdrawn():
    return in_progress().do(Discard, spam=False)


def drop(life, to):
    """Let what a drop asks for happen; return the names of what did."""
    events = asked(life.ticket, place(life.ticket), to, life.now, HERE)
    for event in events:
        life.let(event)
    return [event.name for event in events]


# --- the law --------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", SPOTS, ids=str)
@pytest.mark.parametrize("life", [*IN.values(), spam])
def test_a_mail_stays_where_it_was_dropped(life, to):
    lived = life()
    drop(lived, to)
    assert BOARD.folder(lived.ticket) == BOARD.folders[to]
    assert drop(lived, to) == []


@given(lived=lives(), to=st.sampled_from(SPOTS))
def test_a_mail_stays_where_it_was_dropped_whatever_happened_before(lived, to):
    policy, moments = lived
    ticket, now = moments[-1].after, moments[-1].now
    for event in asked(ticket, place(ticket), to, now, HERE):
        ticket = decide(ticket, event, policy, now).ticket
    assert place(ticket) == to or ticket.disposition is Disposition.MERGED


def test_the_mails_of_a_ticket_that_goes_on_in_another_are_put_back():
    for to in SPOTS:
        assert drop(merged(), to) == []
    assert BOARD.folder(merged().ticket) == BOARD.folders[CLOSED]


def test_spam_lies_among_what_is_closed_where_it_has_no_folder_of_its_own():
    life = spam()
    assert (BOARD.folder(life.ticket), PLAIN.folder(life.ticket)) == ("Junk", "Tickets/Closed")
    assert (BOARD.place(life.ticket), PLAIN.place(life.ticket)) == (JUNK, CLOSED)
    assert asked(life.ticket, PLAIN.place(life.ticket), CLOSED, life.now, HERE) == ()


def test_folders_that_are_not_ours_are_known_as_such():
    assert (BOARD.aside, PLAIN.aside, THROWN.aside) == ({"Junk"}, set(), {"Trash"})
    assert (BOARD.trash, THROWN.trash) == (None, "Trash")
    twice = {Lane.JUNK: "INBOX", Lane.TRASH: "Tickets/Closed"}
    board = layout(Names(), [], "INBOX", "", "/", twice)
    assert board.aside == frozenset()


@pytest.mark.parametrize("status", Status)
def test_a_folder_tells_whose_turn_it_is(status):
    lane = place(IN[status]().ticket).lane
    assert (lane in (Lane.OPEN, Lane.HELD)) is (TURN_OF[status] is Side.SYSTEM)


# --- what a drop does -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("life", "to", "names"),
    [
        (in_progress, OPEN, ["ticket.assigned"]),
        (in_progress, BOB, ["ticket.assigned"]),
        (in_progress, ALICE, []),
        (in_progress, CLOSED, ["ticket.closed"]),
        (waiting, ALICE, ["ticket.taken_back"]),
        (waiting, OPEN, ["ticket.taken_back", "ticket.assigned"]),
        (resolved, BOB, ["ticket.reopened", "ticket.assigned"]),
        (resolved, WAITING, ["ticket.waiting"]),
        (closed, WAITING, ["ticket.reopened", "ticket.waiting"]),
        (closed, RESOLVED, ["ticket.resolved"]),
        (in_progress, JUNK, ["ticket.discarded"]),
        (closed, JUNK, ["ticket.discarded"]),
        (withdrawn, JUNK, ["ticket.discarded"]),
        (spam, CLOSED, ["ticket.closed"]),
        (spam, ALICE, ["ticket.reopened", "ticket.assigned"]),
        (spam, RESOLVED, ["ticket.resolved"]),
    ],
)
def test_a_drop_is_the_command_of_its_folder(life, to, names):
    lived = life()
    assert drop(lived, to) == names
    assert place(lived.ticket) == to


@pytest.mark.parametrize("life", [in_progress, waiting, resolved])
def test_what_was_thrown_away_is_withdrawn_and_taken_up_again_by_moving_it_back(life):
    lived = life()
    assert drop(lived, TRASH) == ["ticket.discarded"]
    assert lived.ticket.disposition is Disposition.WITHDRAWN
    assert drop(lived, TRASH) == []
    assert drop(lived, CLOSED) == []
    assert drop(lived, OPEN)[0] == "ticket.reopened"
    assert lived.ticket.disposition is Disposition.NONE


@pytest.mark.parametrize("life", [closed, spam, merged])
def test_what_is_over_may_be_thrown_away(life):
    assert drop(life(), TRASH) == []


def test_what_is_no_spam_after_all_stays_closed_until_there_is_mail():
    life = spam()
    drop(life, CLOSED)
    assert (life.ticket.status, life.ticket.disposition) == (Status.CLOSED, Disposition.NONE)
    assert life.told == []
    assert life.customer().ticket.status is Status.REOPENED


def test_what_waits_is_taken_back_without_a_word():
    life = waiting()
    drop(life, ALICE)
    assert (life.ticket.status, life.ticket.assignee) == (Status.IN_PROGRESS, "alice")
    assert life.told == []
    life = waiting().assigned(None)
    drop(life, OPEN)
    assert life.ticket.status is Status.OPEN


# --- folders --------------------------------------------------------------------------------------


def test_folders_are_named_as_the_server_wants_it():
    names = Names("Vorgänge", "bei {name}", "Wartet", "Gelöst", "Zu")
    board = layout(names, ["a.b"], "INBOX", "INBOX.", ".")
    assert list(board.folders.values()) == [
        *("INBOX", "INBOX.Vorgänge.bei a-b", "INBOX.Vorgänge.Wartet"),
        *("INBOX.Vorgänge.Gelöst", "INBOX.Vorgänge.Zu"),
    ]
    assert board.spot("INBOX.Vorgänge.bei a-b") == Spot(Lane.HELD, "a.b")
    assert board.home == "INBOX"
    assert layout(Names(root=""), [], "INBOX", "", "/").folders[CLOSED] == "Closed"


def test_a_ticket_of_somebody_without_a_folder_lies_in_the_inbox():
    board = Layout({OPEN: "INBOX"})
    assert board.folder(in_progress().ticket) == "INBOX"


def test_each_folder_has_a_meaning_that_no_other_has_and_a_former_one_has_none():
    meanings = {PLAIN.meaning(name) for name in PLAIN.folders.values()}
    assert meanings == {"open", "held alice", "held bob", "waiting", "resolved", "closed"}
    assert BOARD.meaning("Junk") == "junk"
    assert BOARD.meaning("Old") is None


# --- what lies where ------------------------------------------------------------------------------


def test_folders_that_stood_for_something_are_looked_into_and_new_mail_last():
    board = replace(layout(Names(root=""), [], "INBOX", "", "/"), former=frozenset({"Old"}))
    assert board.all == ["Waiting for customer", "Resolved", "Closed", "Old", "INBOX"]
    assert board.spot("Old") is None


def test_what_has_come_and_gone_and_was_marked_is_told():
    found = difference({1: False, 2: False, 3: True, 4: True}, [2, 3, 4, 5], [2, 3, 5, 9])
    assert (found.entered, found.gone) == ({5}, {1})
    assert (found.struck, found.restored) == ({2}, {4})


@given(
    before=st.dictionaries(st.integers(1, 9), st.booleans()),
    uids=st.sets(st.integers(1, 9)),
    struck=st.sets(st.integers(1, 9)),
)
def test_the_difference_leads_from_what_lay_there_to_what_lies_there(before, uids, struck):
    found = difference(before, uids, struck)
    after = {uid: marked for uid, marked in before.items() if uid not in found.gone}
    after |= dict.fromkeys(found.struck, True) | dict.fromkeys(found.restored, False)
    after |= {uid: uid in struck for uid in found.entered}
    assert after == {uid: uid in struck for uid in uids}


def test_a_drop_counts_when_nobody_has_moved_anything_for_a_while():
    patience, drops = timedelta(seconds=3), [Drop(ALICE, START), Drop(BOB, START)]
    assert settled(drops, START + patience, patience)
    late = Drop(BOB, START + timedelta(seconds=1))
    assert not settled([*drops, late], START + patience, patience)


def test_the_last_drop_counts_and_of_two_at_once_the_less_final():
    first, last = Drop(OPEN, START), Drop(CLOSED, START + timedelta(seconds=1))
    assert winner([last, first]) == last
    at_once = [Drop(to, START) for to in (CLOSED, RESOLVED, WAITING, ALICE, BOB)]
    assert winner(at_once) == Drop(BOB, START)
    assert winner([*at_once, first]) == first
