"""How did we do: asked once a ticket, some time after it was closed, of who heard of its end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.events import TimerKind
from mailgate.domain.hours import Calendar
from mailgate.domain.model import ClosedBy, Status
from mailgate.domain.timers import running
from tests.domain.lives import ALICE, CAROL, HOUR, START, closed, in_progress, new, resolved

DAY = timedelta(days=1)
SURVEY = [("survey", "requester")]


def asked(life):
    """Let the survey come due."""
    life.due(TimerKind.SURVEY)
    assert life.told == SURVEY
    return life


@pytest.mark.parametrize(
    ("end", "by"),
    [
        (lambda: closed(survey_after=DAY), ClosedBy.AGENT),
        (lambda: resolved(survey_after=DAY).due(TimerKind.AUTO_CLOSE), ClosedBy.AUTO),
        (
            lambda: resolved(survey_after=DAY).do(events.Confirm, CAROL, resolution=1),
            ClosedBy.CUSTOMER,
        ),
    ],
)
def test_it_is_asked_so_long_after_the_end_whoever_ended_it(end, by):
    life = end()
    assert life.ticket.closed_by is by
    assert life.timers == [("survey", DAY)]
    before = life.ticket
    asked(life)
    assert life.changed == {"surveyed_at": life.now}
    assert life.now == before.closed_at + DAY
    assert life.timers == []


def test_nobody_is_asked_unless_the_desk_wants_it():
    life = closed()
    assert (life.ticket.survey_due_at, life.timers) == (None, [])
    life.policy = replace(life.policy, survey_after=DAY)
    assert life.timers == [], "it was closed before"


def test_who_turns_it_off_asks_nobody_any_more():
    life = closed(survey_after=DAY)
    assert running(life.ticket, replace(life.policy, survey_after=None)) == ()
    later = replace(life.policy, survey_after=9 * DAY)
    assert running(life.ticket, later) == running(life.ticket, life.policy)


@pytest.mark.parametrize(
    "facts",
    [
        {"visibility": "internal"},
        {"satisfaction": 3},
        {"surveyed_at": START},
        {"replied": False, "resolution": 0},
    ],
)
def test_who_has_no_part_in_it_or_has_said_it_is_not_asked(facts):
    assert closed(survey_after=DAY).with_facts(**facts).timers == []


def test_who_was_only_told_that_it_is_resolved_is_asked():
    life = in_progress(survey_after=DAY).resolved().do(events.Confirm, CAROL, resolution=1)
    assert not life.ticket.replied
    asked(life)


def test_nobody_is_asked_about_what_was_set_aside_or_goes_on_elsewhere():
    for event, facts in ((events.Discard, {"spam": True}), (events.MergeInto, {"target": 8})):
        life = in_progress(survey_after=DAY).replied().do(event, **facts)
        assert (life.ticket.status, life.timers) == (Status.CLOSED, [])
        life = closed(survey_after=DAY).do(event, **facts)
        assert life.timers == []


def test_nobody_is_asked_about_matters_of_the_past():
    life = new(survey_after=DAY).replied()
    life.do(events.Imported, CAROL, open_since=life.now + 9 * HOUR)
    assert (life.ticket.status, life.timers) == (Status.CLOSED, [])


def test_a_ticket_that_is_taken_up_again_is_asked_about_at_its_last_end():
    life = closed(survey_after=DAY).customer()
    assert life.ticket.survey_due_at is None
    assert "survey" not in dict(life.timers)
    life.replied().closed()
    assert life.timers == [("survey", DAY)]
    asked(life)


def test_it_is_asked_once_a_ticket():
    life = asked(closed(survey_after=DAY)).customer().replied().closed()
    assert life.ticket.surveyed_at is not None
    assert life.timers == []


def test_it_is_asked_in_the_hours_in_which_reminders_leave():
    week = (((8 * 60, 16 * 60),),) * 5 + ((),) * 2
    rules = {"calendars": {"office": Calendar("UTC", week)}, "reminders_in": "office"}
    life = closed(survey_after=timedelta(hours=20), **rules)  # Monday, 12:00: would be at 08:00
    assert life.now + life.timers[0][1] == START.replace(day=3, hour=8)
    life = closed(survey_after=timedelta(hours=4, minutes=30), **rules)
    assert life.now + life.timers[0][1] == START.replace(day=3, hour=8)


def test_a_ticket_that_is_taken_up_again_loses_its_rating_and_is_asked_about_anew():
    life = resolved(survey_after=DAY).do(events.Confirm, CAROL, resolution=1)
    life.do(events.Rated, CAROL, resolution=1, score=1)
    assert life.timers == []
    life.customer()
    assert life.changed["satisfaction"] is None
    life.replied().closed()
    assert life.timers == [("survey", DAY)]


def test_after_a_survey_there_are_thirty_days_for_a_rating():
    life = asked(closed(survey_after=60 * DAY))
    life.do(events.Rated, CAROL, after=29 * DAY, resolution=0, score=4)
    assert life.ticket.satisfaction == 4
    assert life.decision.reasons == ("rated by the customer", "4 of 5")


def test_staff_hear_of_a_rating_that_comes_with_words():
    life = closed().do(events.Rated, CAROL, resolution=0, score=2)
    assert life.told == []
    life.do(events.Rated, CAROL, resolution=0, score=1, comment="slow", message=9)
    assert life.told == [("new_message", "holders"), ("new_message", "followers")]
    assert (life.ticket.satisfaction, life.ticket.status) == (1, Status.CLOSED)


def test_an_agent_who_takes_it_up_again_clears_the_rating_too():
    life = closed().do(events.Rated, CAROL, resolution=0, score=2).do(events.Reopen, ALICE)
    assert life.ticket.satisfaction is None
