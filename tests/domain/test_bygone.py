"""Old mail is brought along: what was due before does not come due now."""

from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.events import TimerKind
from mailgate.domain.model import GATEWAY, ClosedBy, Status
from mailgate.domain.timers import running
from tests.domain.lives import HOUR, START, Life

DAY = timedelta(days=1)
LATER = timedelta(days=6)  # when the import is, after the last mail


def brought(life: Life, since=START - DAY, after=LATER, **facts) -> Life:
    at = life.now
    return life.do(events.Imported, GATEWAY, after=after, at=at, open_since=since, **facts)


def due(life: Life) -> dict[TimerKind, timedelta]:
    return {t.kind: t.due_at - life.now for t in reversed(running(life.ticket, life.policy))}


def test_what_nobody_has_written_to_since_is_closed_as_of_its_last_mail_without_a_word():
    life = brought(Life().opened(), since=START + HOUR)
    assert (life.ticket.status, life.ticket.closed_at) == (Status.CLOSED, START)
    assert (life.ticket.closed_by, life.told) == (ClosedBy.AUTO, [])


def test_what_waits_for_the_desk_is_open_and_has_its_whole_time_from_now():
    life = brought(Life(watch_targets=True).opened())
    assert (life.ticket.status, life.told) == (Status.NEW, [])
    assert life.ticket.waiting_since == life.now
    assert life.ticket.created_at == START
    assert due(life) == {
        TimerKind.SYSTEM_RESPONSE: DAY,
        TimerKind.TARGET_NEAR: DAY * 8 / 10,
        TimerKind.TARGET_MISSED: DAY,
    }
    assert life.ticket.resolution_due_at == life.now + 3 * DAY


def test_the_customer_is_not_reminded_of_what_was_answered_long_ago():
    life = brought(Life().opened().do(events.AgentReplied, sent=True))
    assert (life.ticket.status, life.told) == (Status.CLOSED, [])
    assert running(life.ticket, life.policy) == ()


def test_a_customer_who_was_answered_just_now_has_the_time_that_every_customer_has():
    life = brought(Life().opened().do(events.AgentReplied, sent=True), after=HOUR)
    assert (life.ticket.status, life.told) == (Status.WAITING, [])
    assert due(life) == {TimerKind.CLIENT_RESPONSE: 47 * HOUR}


@pytest.mark.parametrize(("replied", "status"), [(True, Status.CLOSED), (False, Status.NEW)])
def test_with_thanks_for_an_answer_it_is_over(replied, status):
    life = Life().opened()
    if replied:
        life.do(events.AgentReplied, sent=True)
    assert brought(life.customer(), after=HOUR, thanks=True).ticket.status is status


def test_nothing_of_what_was_resolved_long_ago_is_closed_with_a_notice():
    life = brought(Life().opened().do(events.Resolve).do(events.AgentReplied, sent=True))
    assert (life.ticket.status, life.told) == (Status.CLOSED, [])


@pytest.mark.parametrize("after", [HOUR, LATER])
def test_the_targets_of_what_is_taken_up_again_do_not_count_the_time_before(after):
    life = brought(
        Life(watch_targets=True).opened().do(events.AgentReplied, sent=True), after=after
    )
    life.customer()
    assert life.ticket.resolution_due_at >= life.now + 3 * DAY - HOUR
    assert min(due(life).values()) > timedelta()


def test_what_is_closed_stays_as_it_is():
    life = Life().opened().do(events.Close)
    assert brought(life).changed == {}
