"""What moves a ticket: how it ends, goes on elsewhere, is set aside and taken up again."""

from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.model import TURN_OF, Actor, ActorKind, ClosedBy, Disposition, Side, Status
from mailgate.domain.timers import running
from mailgate.errors import Illegal
from tests.domain.lives import (
    CAROL,
    HOUR,
    IN,
    LIVE,
    OURS,
    START,
    closed,
    in_progress,
    merged,
    new,
    open_,
    reopened,
    resolved,
    spam,
    waiting,
)

DAY = timedelta(days=1)


def refusal(life, event, **facts) -> str:
    """Return the sentence with which a command is refused, having changed nothing."""
    before = life.ticket
    with pytest.raises(Illegal) as refused:
        life.do(event, **facts)
    assert life.ticket == before
    return str(refused.value)


# --- resolve ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [*OURS, Status.WAITING])
def test_resolve_asks_the_customer_to_confirm_and_starts_the_auto_close(status):
    life = IN[status]().resolved()
    ticket = life.ticket
    assert (ticket.status, ticket.side) == (Status.RESOLVED, Side.CLIENT)
    assert (ticket.resolved_at, ticket.waiting_since) == (life.now, life.now)
    assert ticket.resolution == life.before.resolution + 1
    assert ticket.turn == life.before.turn + 1
    assert life.told == [("resolved", "requester")]
    assert life.timers == [("auto_close", 48 * HOUR)]


def test_text_with_resolve_is_the_desks_answer():
    life = new().resolved(message=1)
    assert life.changed == {
        "status": Status.RESOLVED,
        "last_responder": Side.SYSTEM,
        "last_response_at": life.now,
        "waiting_since": life.now,
        "first_response_at": life.now,
        "resolved_at": life.now,
        "turn": 2,
        "turn_since": life.now,
        "replied": True,
        "resolution": 1,
    }


def test_resolve_without_text_is_no_answer():
    life = new().resolved()
    assert (life.ticket.first_response_at, life.ticket.last_responder) == (None, Side.CLIENT)


def test_resolve_on_what_is_resolved_is_a_no_op():
    life = resolved().resolved()
    assert (life.changed, life.told) == ({}, [])


def test_words_that_come_with_a_second_resolve_are_sent_like_any_reply():
    life = resolved().resolved(message=2)
    assert life.told == [("agent_reply", "customers"), ("answered", "assignee")]
    assert (life.ticket.status, life.ticket.resolution) == (Status.RESOLVED, 1)
    assert life.timers == [("auto_close", 48 * HOUR)]


def test_a_closed_ticket_is_resolved_only_by_moving_a_mail_and_then_without_notice():
    sentence = refusal(closed(), events.Resolve)
    assert sentence == (
        "TKT-2026-00001 is closed: resolved is not possible "
        "(possible when new, open, in progress, waiting on customer, resolved, reopened)"
    )
    life = closed().resolved(moved=True)
    assert (life.ticket.status, life.ticket.resolved_at) == (Status.RESOLVED, life.now)
    assert (life.ticket.closed_at, life.ticket.closed_by) == (None, None)
    assert life.told == []
    assert life.timers == [("auto_close", 48 * HOUR)]


# --- confirm and close --------------------------------------------------------------------------


def test_confirm_closes_by_the_customer():
    life = resolved().do(events.Confirm, CAROL, resolution=1)
    assert life.changed == {
        "status": Status.CLOSED,
        "last_responder": Side.CLIENT,
        "last_response_at": life.now,
        "waiting_since": None,
        "turn_since": life.now,
        "closed_at": life.now,
        "closed_by": ClosedBy.CUSTOMER,
    }
    again = life.do(events.Confirm, CAROL, resolution=1)
    assert (again.changed, again.told) == ({}, [])


def test_a_confirmation_of_an_earlier_resolution_is_refused_with_the_reason():
    life = resolved().customer().resolved()
    assert refusal(life, events.Confirm, resolution=1) == (
        "TKT-2026-00001 is resolved: confirmed is not possible "
        "(only if the confirmation is for the present resolution)"
    )


@pytest.mark.parametrize("status", LIVE)
def test_close_closes_by_the_agent_and_is_nobodys_turn(status):
    life = IN[status]().closed()
    ticket = life.ticket
    assert (ticket.status, ticket.side) == (Status.CLOSED, None)
    assert (ticket.closed_at, ticket.closed_by) == (life.now, ClosedBy.AGENT)
    assert (ticket.waiting_since, ticket.turn) == (None, life.before.turn)
    assert (life.told, life.timers) == ([], [])


def test_close_on_what_is_closed_is_a_no_op():
    life = closed().closed()
    assert (life.changed, life.told) == ({}, [])


# --- reopen -------------------------------------------------------------------------------------


@pytest.mark.parametrize("life", [resolved, closed])
def test_an_agent_reopens_and_the_customer_is_told(life):
    life = life().do(events.Reopen)
    ticket = life.ticket
    assert (ticket.status, ticket.side) == (Status.REOPENED, Side.SYSTEM)
    assert (ticket.waiting_since, ticket.reopen_count) == (life.now, 1)
    assert (ticket.resolved_at, ticket.closed_at, ticket.closed_by) == (None, None, None)
    assert life.told == [("reopened", "requester")]
    assert life.timers == [("system_response", 24 * HOUR)]


def test_reopen_on_what_is_reopened_is_a_no_op():
    life = reopened().do(events.Reopen)
    assert (life.changed, life.told) == ({}, [])


@pytest.mark.parametrize("life", [new, open_, in_progress, waiting])
def test_what_never_ended_is_not_reopened(life):
    sentence = refusal(life(), events.Reopen)
    assert sentence.endswith("reopened is not possible (possible when resolved, closed)")


def test_reopening_is_counted():
    assert closed().customer().closed().do(events.Reopen).ticket.reopen_count == 2


# --- merge --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", LIVE)
def test_merging_closes_the_source_as_merged(status):
    life = IN[status]().do(events.MergeInto, target=8)
    ticket = life.ticket
    assert (ticket.status, ticket.disposition) == (Status.CLOSED, Disposition.MERGED)
    assert (ticket.merged_into, ticket.closed_by) == (8, ClosedBy.MERGED)
    assert (life.told, life.timers) == ([], [])


def test_merging_what_is_closed_keeps_the_time_of_its_closing():
    life = closed()
    when = life.now
    life.do(events.MergeInto, target=8)
    assert life.changed == {
        "disposition": Disposition.MERGED,
        "closed_by": ClosedBy.MERGED,
        "merged_into": 8,
    }
    assert life.ticket.closed_at == when


def test_merging_twice_into_the_same_ticket_is_a_no_op():
    life = merged().do(events.MergeInto, target=8)
    assert (life.changed, life.told) == ({}, [])


@pytest.mark.parametrize(("life", "target"), [(new, 7), (merged, 9), (closed, 7)])
def test_nothing_is_merged_into_itself_or_into_two_tickets(life, target):
    assert refusal(life(), events.MergeInto, target=target).endswith(
        "merged is not possible (only if the ticket is not merged yet and not its own target)"
    )


def test_the_target_of_a_merge_records_it_and_stays_as_it_is():
    life = in_progress().do(events.Absorb, source=9)
    assert (life.changed, life.told) == ({}, [])
    assert refusal(merged(), events.Absorb, source=9).endswith(
        "(only if the ticket does not go on in another)"
    )


@pytest.mark.parametrize(("assignee", "status"), [("alice", "in_progress"), (None, "open")])
def test_unmerge_undoes_a_merge_on_our_turn(assignee, status):
    life = new().assigned(assignee).do(events.MergeInto, target=8).do(events.Unmerge)
    ticket = life.ticket
    assert (ticket.status, ticket.disposition) == (status, Disposition.NONE)
    assert (ticket.merged_into, ticket.closed_at, ticket.closed_by) == (None, None, None)
    assert (ticket.reopen_count, life.timers) == (0, [("system_response", 24 * HOUR)])


def test_only_what_was_merged_is_unmerged_and_it_is_not_reopened():
    assert "only if the ticket goes on in another" in refusal(closed(), events.Unmerge)
    assert "only if the ticket does not go on in another" in refusal(merged(), events.Reopen)


@pytest.mark.parametrize("status", Status)
def test_a_split_is_recorded(status):
    life = IN[status]().do(events.SplitOff, target=9, message=3)
    assert (life.changed, life.told) == ({}, [])


@pytest.mark.parametrize("before", [Status.WAITING, Status.RESOLVED, Status.CLOSED])
@pytest.mark.parametrize("status", [Status.OPEN, Status.IN_PROGRESS, Status.REOPENED])
def test_a_ticket_whose_turn_began_with_what_is_split_off_is_as_it_was_before(status, before):
    life = IN[status]().do(events.SplitOff, target=9, message=3, back_to=before)
    assert (life.ticket.status, life.ticket.side, life.told) == (before, TURN_OF[before], [])
    assert life.ticket.turn_since == life.now


@pytest.mark.parametrize("status", [Status.WAITING, Status.RESOLVED, Status.CLOSED])
def test_what_stands_otherwise_by_now_stays_so(status):
    for before in (Status.WAITING, Status.RESOLVED, Status.CLOSED):
        life = IN[status]().do(events.SplitOff, target=9, message=3, back_to=before)
        assert (life.changed, life.told) == ({}, [])


def test_the_resolution_that_stands_again_is_the_same_and_closes_by_the_clock():
    life = resolved().customer().do(events.SplitOff, target=9, message=3, back_to=Status.RESOLVED)
    ticket = life.ticket
    assert (ticket.resolution, ticket.resolved_at, ticket.reopen_count) == (1, life.now, 1)
    assert life.timers == [("auto_close", 48 * HOUR)]


# --- spam, withdraw, escalate -------------------------------------------------------------------


@pytest.mark.parametrize("status", LIVE)
@pytest.mark.parametrize(
    ("is_spam", "disposition"), [(True, Disposition.SPAM), (False, Disposition.WITHDRAWN)]
)
def test_spam_and_withdrawn_are_set_aside_and_their_timers_stop(status, is_spam, disposition):
    life = IN[status]().do(events.Discard, spam=is_spam)
    assert (life.ticket.status, life.ticket.disposition) == (Status.CLOSED, disposition)
    assert (life.told, life.timers) == ([], [])


def test_what_is_set_aside_is_taken_up_again_by_reopen():
    life = spam().do(events.Reopen)
    assert (life.ticket.status, life.ticket.disposition) == (Status.REOPENED, Disposition.NONE)
    assert life.timers == [("system_response", 24 * HOUR)]


def test_setting_aside_twice_is_a_no_op():
    life = spam().do(events.Discard, spam=True)
    assert (life.changed, life.told) == ({}, [])


def test_what_is_spam_or_goes_on_elsewhere_is_not_set_aside_otherwise_as_it_is():
    assert refusal(spam(), events.Discard, spam=False) == (
        "TKT-2026-00001 was set aside as spam: reopen it first, and it can be withdrawn"
    )
    life = spam().do(events.Reopen).do(events.Discard, spam=False)
    assert life.ticket.disposition is Disposition.WITHDRAWN
    for is_spam in (True, False):
        assert refusal(merged(), events.Discard, spam=is_spam) == (
            "TKT-2026-00001 goes on in another ticket: unmerge it first"
        )


def test_what_was_closed_can_be_set_aside_so_that_mail_does_not_open_it_again():
    life = closed().do(events.Discard, spam=True)
    assert (life.changed, life.told) == ({"disposition": Disposition.SPAM}, [])
    withdrawn = closed().do(events.Discard, spam=False)
    assert withdrawn.ticket.disposition is Disposition.WITHDRAWN


def test_escalating_goes_one_level_up_and_closing_ends_it():
    life = in_progress().do(events.Escalate, to="ada", reason="angry")
    assert life.changed == {
        "escalation_level": 1,
        "escalated_at": life.now,
        "escalated_to": "ada",
        "escalation_reason": "angry",
    }
    assert life.told == [("escalated", "target"), ("escalated", "assignee")]
    life.do(events.Escalate)
    assert (life.ticket.escalation_level, life.ticket.escalated_to) == (2, None)
    life.closed()
    assert (life.ticket.escalation_level, life.ticket.escalated_to) == (0, None)
    assert "is closed: escalated is not possible" in refusal(life, events.Escalate, to="ada")


# --- snooze -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [*OURS, Status.WAITING])
def test_snooze_silences_the_deadlines_of_an_open_ticket(status):
    life = IN[status]()
    life.do(events.Snooze, until=life.now + 3 * DAY)
    assert (life.changed, life.told) == ({"snoozed_until": life.now - HOUR + 3 * DAY}, [])
    assert life.timers == [("wake", 3 * DAY - HOUR)]


@pytest.mark.parametrize("life", [resolved, closed])
def test_what_is_settled_cannot_be_snoozed(life):
    sentence = refusal(life(), events.Snooze, until=START + 900 * DAY)
    unsettled = "new, open, in progress, waiting on customer, reopened"
    assert sentence.endswith(f"(possible when {unsettled})")


def test_a_customer_is_not_reminded_while_the_ticket_sleeps_and_at_once_when_it_wakes():
    life = waiting()
    began = life.now
    life.do(events.Snooze, until=began + 9 * DAY).due()
    assert (life.now, life.ticket.snoozed_until) == (began + 9 * DAY, None)
    assert life.ticket.status is Status.WAITING
    assert life.told == [("woken", "holders")]
    assert life.timers == [("client_response", -7 * DAY)]
    assert life.due().told == [("waiting", "requester")]


def test_an_answer_of_the_customer_ends_the_sleep_of_a_ticket_that_waits_for_it():
    life = waiting().do(events.Snooze, until=START + 90 * DAY).customer()
    assert (life.ticket.snoozed_until, life.ticket.side) == (None, Side.SYSTEM)


@pytest.mark.parametrize("until", [START, START + HOUR])  # the latter is the very instant
def test_nothing_is_snoozed_until_a_time_that_has_passed(until):
    assert refusal(new(), events.Snooze, until=until).endswith(
        "TKT-2026-00001 is new: snoozed is not possible (only if the time to wake lies ahead)"
    )


def test_waking_ends_the_silence_and_a_missed_deadline_acts_at_once():
    life = in_progress().do(events.Snooze, until=START + 3 * DAY).due()
    assert (life.now, life.ticket.snoozed_until) == (START + 3 * DAY, None)
    assert life.timers == [("system_response", -2 * DAY)]
    assert life.due().told == [("overdue", "holders"), ("overdue", "admins")]


def test_a_ticket_can_be_snoozed_again_within_the_minute_of_its_waking():
    life = in_progress().do(events.Snooze, until=START + 3 * DAY).due()
    fired = life.before.rearmed
    life.do(events.Snooze, after=timedelta(seconds=1), until=life.now + timedelta(seconds=9))
    assert life.timers == [("wake", timedelta(seconds=8))]
    (timer,) = running(life.ticket, life.policy)
    assert (timer.turn, timer.step) == (1, fired + 1)


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [events.Wait, events.Snooze, events.Escalate])
def test_a_closed_ticket_takes_no_such_command(event):
    facts = {events.Snooze: {"until": START + 900 * DAY}, events.Escalate: {"to": "ada"}}
    assert "TKT-2026-00001 is closed: " in refusal(closed(), event, **facts.get(event, {}))


def test_a_refused_command_of_an_agent_moves_nothing():
    life = in_progress().do(events.CommandRefused, Actor(ActorKind.AGENT, "alice"), reason="why")
    assert (life.changed, life.told) == ({}, [])
