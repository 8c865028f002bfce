"""What moves a ticket: first mails and messages of the customer's side, status by status."""

from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.model import (
    Actor,
    ActorKind,
    Author,
    ClosedBy,
    Delay,
    Disposition,
    Kind,
    Priority,
    Side,
    Status,
)
from tests.domain.lives import (
    CAROL,
    DAVE,
    HOUR,
    IN,
    NUMBER,
    OURS,
    START,
    Life,
    closed,
    in_progress,
    merged,
    new,
    resolved,
    spam,
    waiting,
)

TO_HOLDERS = [("new_message", "holders"), ("new_message", "followers")]
DAY = timedelta(days=1)


# --- first mail ---------------------------------------------------------------------------------


def test_first_mail_begins_a_new_ticket_that_waits_for_us_since_its_receipt():
    life = Life().do(
        events.Opened,
        CAROL,
        number=NUMBER,
        subject="Printer",
        requester=CAROL.id,
        requester_name="Carol",
        language="de",
        kind=Kind.DISPUTE,
        category="billing",
        priority=Priority.HIGH,
        tags=("vip", "press", "vip"),
        follows=3,
    )
    assert life.ticket.status is Status.NEW
    assert life.ticket.side is Side.SYSTEM
    assert life.changed == {
        "number": NUMBER,
        "subject": "Printer",
        "kind": Kind.DISPUTE,
        "category": "billing",
        "priority": Priority.HIGH,
        "language": "de",
        "requester": CAROL.id,
        "requester_name": "Carol",
        "tags": ("press", "vip"),
        "follows": 3,
        "last_responder": Side.CLIENT,
        "last_response_at": START,
        "waiting_since": START,
        "created_at": START,
        "open_since": START,
        "first_response_due_at": START + 4 * HOUR,
        "resolution_due_at": START + 24 * HOUR,
        "targets_since": START,
        "turn": 1,
        "turn_since": START,
    }


def test_first_mail_counts_from_its_receipt_and_not_from_when_it_was_read():
    life = Life()
    life.opened(at=START - 5 * HOUR)
    assert life.ticket.waiting_since == life.ticket.created_at == START - 5 * HOUR
    assert life.timers == [("system_response", 19 * HOUR)]


def test_first_mail_is_acknowledged_and_told_to_who_holds_it():
    assert new().told == [("received", "requester"), ("new_message", "holders")]


def test_first_mail_that_a_rule_gives_to_a_team_is_open_at_once():
    life = Life().opened(team="billing")
    assert (life.ticket.status, life.ticket.team) == (Status.OPEN, "billing")


def test_first_mail_that_is_given_to_an_agent_at_once_is_in_progress():
    life = Life().opened(team="billing", assignee="alice")
    assert (life.ticket.status, life.ticket.assignee) == (Status.IN_PROGRESS, "alice")
    assert life.told == [("received", "requester"), ("new_message", "holders")]


def test_a_ticket_begins_only_once():
    life = new().opened(number="TKT-2026-00002", subject="Another")
    assert (life.changed, life.told) == ({}, [])


# --- customer's message, system's turn ----------------------------------------------------------


@pytest.mark.parametrize("status", OURS)
def test_customers_message_on_our_turn_is_recorded_and_told_and_nothing_more(status):
    life = IN[status]().customer()
    assert life.ticket.status is status
    assert life.changed == {"last_response_at": life.now}
    assert life.told == TO_HOLDERS


def test_a_nudge_neither_postpones_nor_clears_the_delay():
    life = new().due()
    assert life.ticket.delay is Delay.SYSTEM
    life.customer()
    assert (life.changed, life.told) == ({"last_response_at": life.now}, TO_HOLDERS)
    assert life.timers == []


def test_a_nudge_ends_a_snooze():
    life = in_progress().do(events.Snooze, until=START + 9 * DAY)
    assert life.timers == [("wake", 9 * DAY - 2 * HOUR)]
    life.customer()
    assert life.changed == {"snoozed_until": None, "last_response_at": life.now}
    assert life.timers == [("system_response", 21 * HOUR)]


def test_thanks_and_another_address_are_a_nudge_like_any_other_on_our_turn():
    assert in_progress().customer(thanks=True).told == TO_HOLDERS
    other = in_progress().customer(author=Author.OTHER)
    assert (other.told, other.changed) == (TO_HOLDERS, {})


def test_an_answer_that_the_customer_has_overtaken_goes_out_and_it_stays_our_turn():
    life = in_progress().customer()
    at = life.now - HOUR / 2
    life.replied(at=at)
    assert life.ticket.status is Status.IN_PROGRESS
    assert life.told == [("agent_reply", "customers"), ("answered", "assignee")]
    assert life.says == (
        "older than what the customer wrote last: sent and recorded, it stays the desk's turn"
    )
    assert life.ticket.first_response_at == at


# --- customer's message, waiting on customer ----------------------------------------------------


@pytest.mark.parametrize(
    ("assignee", "status"), [("alice", Status.IN_PROGRESS), (None, Status.OPEN)]
)
def test_customers_answer_makes_it_our_turn_in_progress_if_assigned_else_open(assignee, status):
    life = waiting()
    if assignee is None:
        life.assigned(None)
    life.customer()
    assert life.changed == {
        "status": status,
        "last_responder": Side.CLIENT,
        "last_response_at": life.now,
        "waiting_since": life.now,
        "turn": 3,
        "turn_since": life.now,
    }
    assert life.told == TO_HOLDERS
    assert life.timers == [("system_response", 24 * HOUR)]


def test_customers_answer_clears_the_delay_and_what_the_clock_did_in_the_old_turn():
    life = waiting().due().delivered("waiting")
    assert (life.ticket.delay, life.ticket.told, life.ticket.reminders) == (Delay.CLIENT, True, 1)
    life.customer()
    ticket = life.ticket
    assert (ticket.delay, ticket.told, ticket.reminders) == (Delay.NONE, False, 0)
    assert (ticket.reminded_at, ticket.rearmed, ticket.held) == (None, 0, False)


@pytest.mark.parametrize("author", Author)
def test_whoever_answers_the_turn_passes(author):
    assert waiting().customer(author=author).ticket.status is Status.IN_PROGRESS


def test_thanks_are_an_answer_while_we_wait_for_one():
    assert waiting().customer(thanks=True).ticket.status is Status.IN_PROGRESS


# --- customer's message, resolved ---------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [
        {"thanks": True, "proved": True},
        {"confirms": 1},
        {"confirms": 1, "thanks": True},
        {"confirms": 1, "author": Author.PARTICIPANT},
    ],
)
def test_proved_thanks_of_the_requester_or_any_mail_to_the_confirm_address_close_it(facts):
    life = resolved().customer(**facts)
    assert life.changed == {
        "status": Status.CLOSED,
        "last_responder": Side.CLIENT,
        "last_response_at": life.now,
        "waiting_since": None,
        "turn_since": life.now,
        "closed_at": life.now,
        "closed_by": ClosedBy.CUSTOMER,
    }
    assert (life.told, life.timers) == ([], [])


def test_a_participants_thanks_for_a_resolution_are_recorded():
    life = resolved().customer(thanks=True, author=Author.PARTICIPANT, proved=True)
    assert (life.ticket.status, life.changed, life.told) == (Status.RESOLVED, {}, [])


def test_thanks_that_anybody_could_have_sent_are_recorded():
    life = resolved().customer(thanks=True)
    assert (life.ticket.status, life.changed, life.told) == (Status.RESOLVED, {}, [])


@pytest.mark.parametrize("author", Author)
def test_anything_else_reopens_a_resolved_ticket_and_the_assignee_is_told(author):
    life = resolved().customer(author=author)
    assert life.changed == {
        "status": Status.REOPENED,
        "last_responder": Side.CLIENT,
        "last_response_at": life.now,
        "waiting_since": life.now,
        "resolved_at": None,
        "open_since": life.now,
        "reopen_count": 1,
        "turn": 3,
        "turn_since": life.now,
    }
    assert life.told == [("reopened", "holders"), ("reopened", "followers")]


def test_another_address_confirms_nothing():
    assert resolved().customer(confirms=1, author=Author.OTHER).ticket.status is Status.REOPENED


def test_a_confirm_address_belongs_to_one_resolution():
    life = resolved().customer().resolved()
    assert life.ticket.resolution == 2
    life.customer(confirms=1)
    assert (life.ticket.status, life.changed, life.told) == (Status.RESOLVED, {}, TO_HOLDERS)
    assert life.customer(confirms=2).ticket.status is Status.CLOSED


def test_a_confirm_address_changes_nothing_once_its_resolution_is_over():
    life = resolved().customer().customer(confirms=1)
    assert (life.ticket.status, life.changed) == (Status.REOPENED, {})
    life = resolved().customer(thanks=True, proved=True).customer(confirms=1)
    assert (life.ticket.status, life.changed) == (Status.CLOSED, {})


# --- customer's message, closed -----------------------------------------------------------------


def test_bare_thanks_on_a_closed_ticket_are_recorded_and_nothing_moves():
    life = closed().customer(thanks=True)
    assert (life.ticket.status, life.changed, life.told) == (Status.CLOSED, {}, [])


def test_a_message_on_a_closed_ticket_reopens_it_and_customer_assignee_and_admins_are_told():
    life = closed().customer(after=9999 * DAY)
    assert life.changed == {
        "status": Status.REOPENED,
        "last_responder": Side.CLIENT,
        "last_response_at": life.now,
        "waiting_since": life.now,
        "closed_at": None,
        "closed_by": None,
        "open_since": life.now,
        "reopen_count": 1,
        "turn": 3,
        "turn_since": life.now,
    }
    assert life.told == [
        ("reopened", "requester"),
        ("reopened", "holders"),
        ("reopened", "admins"),
    ]


@pytest.mark.parametrize(
    ("late", "status"), [(timedelta(), Status.REOPENED), (timedelta(seconds=1), Status.CLOSED)]
)
def test_the_reopen_window_is_counted_from_closing(late, status):
    life = closed(reopen_window=30 * DAY).customer(after=30 * DAY + late)
    assert life.ticket.status is status
    assert life.decision.follow_up is (status is Status.CLOSED)


def test_past_the_window_a_new_ticket_follows_and_the_old_one_stays_as_it_is():
    life = closed(reopen_window=30 * DAY).customer(after=31 * DAY)
    assert (life.changed, life.told, life.decision.follow_up) == ({}, [], True)


def test_thanks_past_the_window_open_nothing():
    life = closed(reopen_window=30 * DAY).customer(after=31 * DAY, thanks=True)
    assert (life.changed, life.decision.follow_up) == ({}, False)


def test_a_withdrawn_ticket_is_taken_up_again_by_its_authors_mail():
    life = new().do(events.Discard, spam=False).customer()
    assert (life.ticket.status, life.ticket.disposition) == (Status.REOPENED, Disposition.NONE)


@pytest.mark.parametrize("life", [spam, merged])
def test_mail_does_not_wake_spam_nor_what_goes_on_elsewhere(life):
    life = life().customer()
    assert (life.changed, life.told, life.decision.follow_up) == ({}, [], False)


# --- late, silent and machine mail --------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.WAITING, Status.RESOLVED, Status.CLOSED])
def test_a_message_older_than_the_last_change_of_turn_is_told_and_does_not_move_it(status):
    life = IN[status]()
    life.customer(at=life.ticket.turn_since - timedelta(seconds=1))
    assert (life.changed, life.told) == ({}, TO_HOLDERS)


def test_a_message_of_the_very_instant_of_the_last_change_of_turn_is_not_late():
    life = waiting()
    life.customer(at=life.ticket.turn_since)
    assert life.ticket.status is Status.IN_PROGRESS


def test_a_message_is_not_late_for_a_turn_of_a_clock_that_has_been_set_back():
    life = waiting()
    life.now -= timedelta(days=1)
    life.customer()
    assert life.ticket.status is Status.IN_PROGRESS
    assert life.ticket.waiting_since == life.now


@pytest.mark.parametrize("status", Status)
def test_what_a_machine_wrote_never_changes_turn_state_or_owner(status):
    life = IN[status]().do(events.MachineWrote, Actor(ActorKind.MACHINE, "robot@example.com"))
    assert (life.changed, life.told) == ({}, [])


def test_a_mail_that_must_not_be_answered_moves_the_ticket_like_any_other():
    assert closed().customer(silent=True).ticket.status is Status.REOPENED
    assert waiting().do(events.CustomerWrote, DAVE, silent=True).ticket.side is Side.SYSTEM


# --- people -------------------------------------------------------------------------------------


def test_people_join_once_and_since_then():
    life = new().do(events.PeopleJoined, CAROL, people=(DAVE.id, CAROL.id, DAVE.id))
    first = life.now
    life.do(events.PeopleJoined, CAROL, people=("erin@customer.example", DAVE.id))
    assert life.ticket.participants == (DAVE.id, "erin@customer.example")
    assert life.ticket.joined_at(DAVE.id) == first
    assert life.ticket.joined_at("erin@customer.example") == life.now
    assert life.ticket.joined_at(CAROL.id) is None
    assert life.ticket.people == {CAROL.id, DAVE.id, "erin@customer.example"}


def test_joining_doubts_and_lists_tell_nobody_and_move_nothing():
    life = new()
    before = life.ticket
    life.do(events.Doubted, reason="unknown")
    life.do(events.Listed, CAROL, count=1)
    assert (life.ticket, life.told) == (before, [])
    life.do(events.PeopleJoined, CAROL, people=(DAVE.id,))
    assert (life.ticket.status, life.ticket.turn, life.told) == (before.status, before.turn, [])
