"""What always holds of the lifecycle, whatever happens to a ticket and in whatever order."""

import json
from dataclasses import replace
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain import events, history
from mailgate.domain.automation import AUTOMATION, status_of
from mailgate.domain.events import Event, PolicyChanged, TimerKind
from mailgate.domain.history import EVENTS
from mailgate.domain.lifecycle import decide
from mailgate.domain.model import TURN_OF, Delay, Disposition, Side, Status, Ticket, changes
from mailgate.domain.notices import NOTICES
from mailgate.domain.people import Agent, Role, Staff, recipients
from mailgate.domain.table import TABLE
from mailgate.domain.timers import running
from mailgate.errors import Illegal
from tests.domain.lives import (
    CAROL,
    DAVE,
    HOUR,
    IN,
    START,
    Life,
    closed,
    merged,
    new,
    spam,
    waiting,
)
from tests.domain.strategies import key, likely_event, lives

STAFF = Staff(
    (Agent("alice", "alice@desk.example"), Agent("bob", "bob@desk.example")),
    {"billing": ("bob",)},
    ("ada@desk.example",),
)
FACTS = get_type_hints(Ticket)
OUTSIDE = [kind for kind in EVENTS.values() if not kind.command]
COMMANDS = [kind for kind in EVENTS.values() if kind.command]
LIVES = [live() for live in (*IN.values(), spam, merged)]
LIVES += [new().due(), waiting().due(), waiting().due().delivered("waiting")]


# --- one event, in every status -----------------------------------------------------------------


@pytest.mark.parametrize("kind", OUTSIDE, ids=lambda kind: kind.name)
@given(data=st.data())
def test_every_event_from_outside_is_decided_in_every_status(kind, data):
    event = data.draw(likely_event(kind))
    for life in LIVES:
        decision = decide(life.ticket, event, life.policy, life.now)
        assert decision.ticket.id == life.ticket.id
        assert decision.reasons


INSTEAD = ("TKT-2026-00001 was set aside as spam: ", "TKT-2026-00001 goes on in another ticket: ")


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.name)
@given(data=st.data())
def test_every_command_is_decided_in_every_status_or_refused_with_a_sentence(kind, data):
    event = data.draw(likely_event(kind))
    for life in LIVES:
        says = outcome(life, event)
        status = life.ticket.status.value.replace("_", " ")
        refused = says.startswith((f"TKT-2026-00001 is {status}: ", *INSTEAD))
        right = any(words in says for words in ("possible (possible when ", "possible (only if "))
        assert refused == (right or " it first" in says)
        assert refused or says in {row.says for row in TABLE if row.event is kind}


def outcome(life: Life, event: Event) -> str:
    try:
        return decide(life.ticket, event, life.policy, life.now).reasons[0]
    except Illegal as refusal:
        return str(refusal)


def test_a_fact_that_no_row_lists_is_recorded_and_moves_nothing():
    life = closed().opened()
    assert (life.changed, life.told) == ({}, [])
    assert life.says == "recorded; nothing moves"


def test_a_command_that_no_row_lists_is_refused_with_what_would_be_possible():
    with pytest.raises(Illegal) as refused:
        closed().do(events.Wait)
    assert str(refused.value) == (
        "TKT-2026-00001 is closed: waiting is not possible "
        "(possible when new, open, in progress, resolved, reopened)"
    )


# --- the table ----------------------------------------------------------------------------------


def test_every_event_has_rows_and_the_rows_of_an_event_stand_together():
    order = list(dict.fromkeys(row.event for row in TABLE))
    assert set(order) == set(EVENTS.values())
    assert [row.event for row in TABLE] == sorted((r.event for r in TABLE), key=order.index)


def test_no_row_stands_behind_one_that_takes_everything_from_it():
    for index, row in enumerate(TABLE):
        before = [r for r in TABLE[:index] if r.event is row.event and r.guard in (None, row.guard)]
        left = row.on - frozenset(status for r in before for status in r.on)
        assert left, row.says


def test_every_status_has_one_turn_and_the_sides_are_as_specified():
    assert {status: TURN_OF[status] for status in Status} == {
        Status.NEW: Side.SYSTEM,
        Status.OPEN: Side.SYSTEM,
        Status.IN_PROGRESS: Side.SYSTEM,
        Status.REOPENED: Side.SYSTEM,
        Status.WAITING: Side.CLIENT,
        Status.RESOLVED: Side.CLIENT,
        Status.CLOSED: None,
    }


# --- whole lives --------------------------------------------------------------------------------


@given(lives())
def test_the_changes_of_a_history_folded_are_the_ticket(life):
    _, moments = life
    folded = Ticket(id=7)
    for moment in moments:
        written = {
            name: (history.plain(old), history.plain(new))
            for name, (old, new) in changes(moment.before, moment.after).items()
        }
        for name, (old, value) in json.loads(json.dumps(written)).items():
            assert history.revive(old, FACTS[name]) == getattr(folded, name)
            folded = replace(folded, **{name: history.revive(value, FACTS[name])})
        assert folded == moment.after


@given(lives())
def test_no_event_changes_what_a_ticket_is_known_by(life):
    _, moments = life
    begun = moments[0].after
    for moment in moments:
        after = moment.after
        assert (after.id, after.number, after.requester) == (7, begun.number, CAROL.id)
        assert after.created_at == START


@given(lives())
def test_no_deadline_runs_for_what_is_closed_or_set_aside(life):
    policy, moments = life
    for moment in moments:
        if moment.after.status is Status.CLOSED:
            assert running(moment.after, policy) == ()
        else:
            assert moment.after.disposition is Disposition.NONE


@given(lives())
def test_no_deadline_acts_twice(life):
    policy, moments = life
    for moment in moments:
        keys = [key(timer) for timer in running(moment.after, policy)]
        assert len(keys) == len(set(keys))
        assert moment.fired.isdisjoint(keys)


UNMOVED = (TimerKind.WAKE, TimerKind.APPROVAL_REMINDER, TimerKind.APPROVAL_EXPIRED)
"""Deadlines that stand as they were set, whatever else changes."""


@given(lives())
def test_no_deadline_lies_before_the_change_that_caused_it(life):
    policy, moments = life
    for moment in moments:
        anew = moment.before.priority is not moment.after.priority
        if anew or isinstance(moment.event, PolicyChanged):
            for timer in running(moment.after, policy):
                assert timer.kind in UNMOVED or timer.due_at >= moment.now


@given(lives())
def test_a_delay_is_of_the_side_whose_turn_it_is_and_only_a_closed_ticket_has_an_end(life):
    _, moments = life
    blamed = {Delay.SYSTEM: Side.SYSTEM, Delay.CLIENT: Side.CLIENT}
    for moment in moments:
        ticket = moment.after
        assert ticket.delay is Delay.NONE or blamed[ticket.delay] is ticket.side
        assert (ticket.waiting_since is None) == (ticket.side is None)
        assert (ticket.status is Status.CLOSED) == (ticket.closed_at is not None)
        assert (ticket.status is Status.CLOSED) == (ticket.closed_by is not None)


@given(lives())
def test_turns_and_reopenings_are_counted_one_by_one(life):
    _, moments = life
    for moment in moments:
        before, after = moment.before, moment.after
        assert after.turn - before.turn in (0, 1)
        assert after.reopen_count - before.reopen_count in (0, 1)
        assert after.resolution - before.resolution in (0, 1)
        if before.side is not after.side and after.side is not None:
            assert after.turn == before.turn + 1


@given(lives())
def test_every_notice_asked_for_is_one_of_the_table_of_notices(life):
    _, moments = life
    for moment in moments:
        effects = moment.decision.effects if moment.decision else ()
        assert {effect.notice for effect in effects} <= NOTICES.keys()


@given(lives())
def test_every_ticket_has_one_automation_status(life):
    _, moments = life
    names = [row.name for row in AUTOMATION]
    assert all(status_of(moment.after) in names for moment in moments)


# --- nothing internal reaches a customer --------------------------------------------------------


def roles(ticket: Ticket, event: Event, effects) -> set[Role]:
    return {
        to.role
        for effect in effects
        for to in recipients(effect.audience, ticket, STAFF, "bob", event.actor.id)
    }


@given(lives())
def test_an_internal_note_never_reaches_a_customer(life):
    policy, moments = life
    for moment in moments:
        ticket = replace(moment.after, participants=(DAVE.id,), followers=("alice", CAROL.id))
        note = events.NoteAdded(at=moment.now, actor=moment.event.actor)
        effects = decide(ticket, note, policy, moment.now).effects
        assert Role.CUSTOMER not in roles(ticket, note, effects)


@given(lives())
def test_an_internal_ticket_never_writes_to_a_customer(life):
    _, moments = life
    for moment in moments:
        ticket = replace(moment.after, participants=(DAVE.id,), visibility="internal")
        effects = moment.decision.effects if moment.decision else ()
        assert Role.CUSTOMER not in roles(ticket, moment.event, effects)


def test_what_must_be_seen_by_customers_is_seen_by_them():
    ticket = replace(new().ticket, participants=(DAVE.id,))
    reply = events.AgentReplied(at=START + HOUR, actor=CAROL)
    effects = decide(ticket, reply, new().policy, START + HOUR).effects
    assert roles(ticket, reply, effects) == {Role.CUSTOMER}
