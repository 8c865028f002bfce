"""What moves a ticket: replies, notes and who holds it, status by status."""

from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.model import GATEWAY, ClosedBy, Delay, Side, Status
from tests.domain.lives import (
    ALICE,
    HOUR,
    IN,
    OURS,
    START,
    Life,
    closed,
    in_progress,
    new,
    open_,
    reopened,
    resolved,
    waiting,
)

TO_CUSTOMERS = [("agent_reply", "customers"), ("answered", "assignee")]
TO_COLLEAGUES = [("note_added", "holders"), ("note_added", "followers")]
SECOND = timedelta(seconds=1)


# --- agent's public reply -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.NEW, Status.OPEN, Status.IN_PROGRESS])
def test_agents_reply_on_our_turn_makes_it_the_customers_turn(status):
    life = IN[status]().replied()
    assert life.changed == {
        "status": Status.WAITING,
        "last_responder": Side.SYSTEM,
        "last_response_at": life.now,
        "waiting_since": life.now,
        "first_response_at": life.now,
        "turn": 2,
        "turn_since": life.now,
        "replied": True,
        "reply_pending": True,
    }
    assert life.told == TO_CUSTOMERS


def test_agents_reply_to_a_reopened_ticket_makes_it_the_customers_turn():
    assert reopened().replied().ticket.status is Status.WAITING


def test_agents_reply_clears_the_delay_and_ends_a_snooze():
    life = in_progress().due().do(events.Snooze, until=START + 900 * HOUR).replied()
    assert (life.ticket.delay, life.ticket.told) == (Delay.NONE, False)
    assert life.ticket.snoozed_until is None


def test_first_response_is_set_once():
    life = new().replied()
    first = life.now
    life.customer().replied()
    assert life.ticket.first_response_at == first


def test_agents_reply_while_waiting_starts_the_customers_clock_and_reminders_anew():
    life = waiting().due().delivered("waiting")
    assert (life.ticket.delay, life.ticket.reminders) == (Delay.CLIENT, 1)
    life.replied()
    ticket = life.ticket
    assert ticket.status is Status.WAITING
    assert (ticket.delay, ticket.told, ticket.reminders) == (Delay.NONE, False, 0)
    assert (ticket.waiting_since, ticket.turn) == (life.now, 3)
    assert life.told == TO_CUSTOMERS
    assert life.timers == [("client_response", 48 * HOUR)]


def test_agents_reply_to_a_resolved_ticket_is_sent_and_auto_close_starts_anew():
    life = resolved().replied(after=40 * HOUR)
    assert life.changed == {
        "last_response_at": life.now,
        "waiting_since": life.now,
        "turn": 3,
        "turn_since": life.now,
    }
    assert (life.ticket.status, life.told) == (Status.RESOLVED, TO_CUSTOMERS)
    assert life.timers == [("auto_close", 48 * HOUR)]


def test_agents_reply_to_a_resolved_ticket_leaves_its_confirm_address_good():
    life = resolved().replied().customer(confirms=1)
    assert life.ticket.closed_by is ClosedBy.CUSTOMER


def test_agents_reply_to_a_closed_ticket_is_sent_and_recorded_and_it_stays_closed():
    life = closed().replied()
    assert life.changed == {"last_response_at": life.now}
    assert (life.ticket.status, life.told) == (Status.CLOSED, TO_CUSTOMERS)


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED])
def test_a_reply_older_than_the_last_change_of_turn_is_sent_and_does_not_move_it(status):
    life = IN[status]()
    if status is Status.IN_PROGRESS:
        life = waiting().customer()
    before = life.ticket
    life.replied(at=before.turn_since - SECOND)
    assert life.told == TO_CUSTOMERS
    assert (life.ticket.status, life.ticket.turn) == (before.status, before.turn)
    assert life.ticket.waiting_since == before.waiting_since


def test_a_reply_seen_late_may_set_the_milestone_of_the_first_response():
    life = new().do(events.Wait)
    life.replied(at=life.now - 30 * timedelta(minutes=1))
    assert life.changed == {"first_response_at": START + HOUR / 2, "replied": True}
    life.replied(at=START + HOUR / 4)
    assert life.changed == {"first_response_at": START + HOUR / 4}
    life.replied(at=START + HOUR / 3)
    assert life.changed == {}


# --- team and note ------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", [ALICE, GATEWAY])
def test_a_team_set_by_rule_or_person_opens_a_new_ticket_and_the_team_is_told(actor):
    life = new().do(events.AssignTeam, actor, team="billing")
    assert life.changed == {"status": Status.OPEN, "team": "billing"}
    assert life.told == [("assigned", "team")]


def test_a_team_set_on_what_somebody_holds_tells_nobody():
    life = in_progress().do(events.AssignTeam, team="billing")
    assert (life.changed, life.told) == ({"team": "billing"}, [])


def test_a_team_taken_away_is_told_to_nobody():
    life = open_().do(events.AssignTeam, team=None)
    assert (life.changed, life.told) == ({"team": None}, [])


def test_the_team_that_has_a_ticket_is_not_told_again():
    life = open_().do(events.AssignTeam, team="billing")
    assert (life.changed, life.told) == ({}, [])


def test_a_note_opens_a_new_ticket():
    life = new().do(events.NoteAdded)
    assert (life.changed, life.told) == ({"status": Status.OPEN}, TO_COLLEAGUES)


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.NEW, Status.REOPENED)])
def test_a_note_moves_nothing_else(status):
    life = IN[status]().do(events.NoteAdded)
    assert (life.changed, life.told) == ({}, TO_COLLEAGUES)


# --- assign and unassign ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.NEW, Status.OPEN])
def test_assigning_what_is_new_or_open_puts_it_in_progress_and_tells_the_assignee(status):
    life = IN[status]().assigned("bob", reason="knows printers")
    assert life.changed == {"status": Status.IN_PROGRESS, "assignee": "bob"}
    effects = {(e.notice, e.audience.value, e.reason) for e in life.decision.effects}
    assert ("assigned", "assignee", "knows printers") in effects


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.NEW, Status.OPEN)])
def test_assigning_to_another_keeps_the_status_save_that_reopened_becomes_in_progress(status):
    life = IN[status]().assigned("bob", reason="alice is away")
    after = Status.IN_PROGRESS if status is Status.REOPENED else status
    assert (life.ticket.assignee, life.ticket.status) == ("bob", after)
    assert [(e.notice, e.audience.value, e.reason) for e in life.decision.effects] == [
        ("assigned", "assignee", "alice is away"),
        ("unassigned", "former_assignee", "alice is away"),
    ]


def test_unassigning_makes_what_is_in_progress_open_and_tells_the_former_assignee_why():
    life = in_progress().assigned(None, reason="on holiday")
    assert life.changed == {"status": Status.OPEN, "assignee": None}
    assert [(e.notice, e.audience.value, e.reason) for e in life.decision.effects] == [
        ("unassigned", "former_assignee", "on holiday")
    ]


@pytest.mark.parametrize(
    "status", [Status.WAITING, Status.RESOLVED, Status.CLOSED, Status.REOPENED]
)
def test_unassigning_keeps_any_other_status(status):
    life = IN[status]().assigned(None)
    assert life.changed == {"assignee": None}
    assert life.told == [("unassigned", "former_assignee")]


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED])
def test_assigning_to_who_holds_it_is_a_no_op(status):
    life = IN[status]().assigned("alice")
    assert (life.changed, life.told) == ({}, [])


@pytest.mark.parametrize("status", [Status.NEW, Status.OPEN])
def test_unassigning_what_nobody_holds_is_a_no_op(status):
    life = IN[status]().assigned(None)
    assert (life.changed, life.told) == ({}, [])


def test_assignment_never_moves_the_turn_nor_the_deadline():
    life = new().assigned("bob").assigned("alice").assigned(None)
    assert (life.ticket.turn, life.ticket.waiting_since) == (1, START)
    assert life.timers == [("system_response", 21 * HOUR)]


# --- staff act on a reopened ticket -------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        (events.Assign, {"assignee": "alice"}),  # take: alice held it before it was reopened
        (events.Assign, {"assignee": "bob"}),
        (events.AssignTeam, {"team": "billing"}),
        (events.NoteAdded, {}),
    ],
)
def test_staff_who_act_on_a_reopened_ticket_without_a_reply_put_it_in_progress(event, facts):
    life = reopened()
    before = life.ticket
    assert (before.status, before.assignee) == (Status.REOPENED, "alice")
    life.do(event, **facts)
    assert life.ticket.status is Status.IN_PROGRESS
    assert (life.ticket.turn, life.ticket.waiting_since) == (before.turn, before.waiting_since)


# --- wait ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [*OURS, Status.RESOLVED])
def test_wait_makes_it_the_customers_turn_from_now_without_a_word(status):
    life = IN[status]().do(events.Wait)
    assert life.ticket.status is Status.WAITING
    assert (life.ticket.waiting_since, life.ticket.resolved_at) == (life.now, None)
    assert life.told == []
    assert life.timers == [("client_response", 48 * HOUR)]


def test_wait_on_what_waits_already_does_not_start_anew():
    life = waiting().do(events.Wait)
    assert (life.changed, life.told) == ({}, [])


def test_wait_brings_reminders_only_if_a_public_reply_was_ever_sent():
    life = new().do(events.Wait).due()
    assert (life.changed, life.told) == ({"delay": Delay.CLIENT}, [])
    assert life.timers == []


@pytest.mark.parametrize(
    "life",
    [
        reopened,
        lambda: new().resolved(message=1),
        lambda: new().resolved().replied(),
        lambda: new().closed().replied().do(events.Reopen),
    ],
)
def test_whenever_that_public_reply_was_sent_it_brings_reminders(life):
    assert life().do(events.Wait).due().told == [("waiting", "requester")]


def test_a_life_of_replies_counts_its_turns():
    life = Life().opened().replied().customer().replied().customer()
    assert life.ticket.turn == 5
