"""What the clock does and when, to the minute: calendars, priorities and the lives of tickets.

Times are those of clocks in Berlin, in 2026 unless a year is given. 2 March is a Monday; the clocks
go forward on 29 March and back on 25 October.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailgate.domain import events
from mailgate.domain.hours import Calendar
from mailgate.domain.model import Priority
from mailgate.domain.policy import resolve
from mailgate.domain.timers import running
from tests.domain.lives import ALICE, CAROL, NUMBER, Life

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = (((540, 1020),),) * 5 + ((),) * 2  # nine to five
CALENDARS = {
    "office": Calendar("Europe/Berlin", WEEK),
    "christmas": Calendar(
        "Europe/Berlin",
        WEEK,
        {
            date(2026, 12, 24): ((540, 720),),
            date(2026, 12, 25): (),
            date(2026, 12, 28): ((540, 1020),),
        },
    ),
}


def at(text: str) -> datetime:
    dated = text if text[4:5] == "-" else f"2026-{text}"
    return datetime.fromisoformat(dated).replace(tzinfo=BERLIN).astimezone(UTC)


def shown(instant: datetime) -> str:
    local = instant.astimezone(BERLIN)
    return f"{local:%m-%d %H:%M}" if local.year == 2026 else f"{local:%Y-%m-%d %H:%M}"


def living(priority: str, calendar: str, opened: str, working=None, **rules) -> Life:
    """A ticket that was opened then, under a calendar ("" for none)."""
    life = Life(calendars=CALENDARS, **rules)
    given = {"calendar": calendar} | ({"working": working} if working else {})
    thresholds, origins = resolve("standard", given)
    life.policy = replace(life.policy, thresholds=thresholds, origins=origins)
    life.now = at(opened)
    event = events.Opened(
        at=life.now,
        actor=CAROL,
        number=NUMBER,
        subject="",
        requester=CAROL.id,
        priority=Priority(priority),
    )
    return life.let(event)


def acts(life: Life, most: int = 9) -> list[str]:
    """Let the clock act until nothing is due any more, and mails arrive at once."""
    found = []
    while len(found) < most and running(life.ticket, life.policy):
        timer = running(life.ticket, life.policy)[0]
        life.due()
        found.append(f"{shown(life.now)} {timer.kind}")
        if ("waiting", "requester") in life.told:
            life.delivered("waiting", after=timedelta())
    return found


# --- how long the desk may take -----------------------------------------------------------------

OPENED = ("03-02 09:00", "03-06 16:00", "03-07 12:00", "03-27 16:00", "10-23 16:00", "12-23 16:00")
OVERDUE = {
    # (calendar, priority): when the desk is late for a mail that came at each of OPENED
    (
        "",
        "critical",
    ): "03-02 11:00, 03-06 18:00, 03-07 14:00, 03-27 18:00, 10-23 18:00, 12-23 18:00",
    ("", "urgent"): "03-02 13:00, 03-06 20:00, 03-07 16:00, 03-27 20:00, 10-23 20:00, 12-23 20:00",
    ("", "high"): "03-02 21:00, 03-07 04:00, 03-08 00:00, 03-28 04:00, 10-24 04:00, 12-24 04:00",
    ("", "normal"): "03-03 09:00, 03-07 16:00, 03-08 12:00, 03-28 16:00, 10-24 16:00, 12-24 16:00",
    ("", "low"): "03-04 09:00, 03-08 16:00, 03-09 12:00, 03-29 17:00, 10-25 15:00, 12-25 16:00",
    ("office", "critical"): (
        "03-02 11:00, 03-09 10:00, 03-09 11:00, 03-30 10:00, 10-26 10:00, 12-24 10:00"
    ),
    ("office", "urgent"): (
        "03-02 13:00, 03-09 12:00, 03-09 13:00, 03-30 12:00, 10-26 12:00, 12-24 12:00"
    ),
    ("office", "high"): (
        "03-03 13:00, 03-10 12:00, 03-10 13:00, 03-31 12:00, 10-27 12:00, 12-25 12:00"
    ),
    ("office", "normal"): (
        "03-04 17:00, 03-11 16:00, 03-11 17:00, 04-01 16:00, 10-28 16:00, 12-28 16:00"
    ),
    ("office", "low"): (
        "03-09 17:00, 03-16 16:00, 03-16 17:00, 04-06 16:00, 11-02 16:00, 12-31 16:00"
    ),
    ("christmas", "critical"): (
        "03-02 11:00, 03-09 10:00, 03-09 11:00, 03-30 10:00, 10-26 10:00, 12-24 10:00"
    ),
    ("christmas", "urgent"): (
        "03-02 13:00, 03-09 12:00, 03-09 13:00, 03-30 12:00, 10-26 12:00, 12-24 12:00"
    ),
    ("christmas", "high"): (
        "03-03 13:00, 03-10 12:00, 03-10 13:00, 03-31 12:00, 10-27 12:00, 12-28 17:00"
    ),
    ("christmas", "normal"): (
        "03-04 17:00, 03-11 16:00, 03-11 17:00, 04-01 16:00, 10-28 16:00, 12-30 13:00"
    ),
    ("christmas", "low"): (
        "03-09 17:00, 03-16 16:00, 03-16 17:00, 04-06 16:00, 11-02 16:00, 2027-01-04 13:00"
    ),
}
LATE = [
    (calendar, priority, opened, due)
    for (calendar, priority), line in OVERDUE.items()
    for opened, due in zip(OPENED, line.split(", "), strict=True)
]


@pytest.mark.parametrize(("calendar", "priority", "opened", "due"), LATE)
def test_the_desk_is_late_then(calendar, priority, opened, due):
    assert acts(living(priority, calendar, opened)) == [f"{due} system_response"]


# --- the ladder of reminders --------------------------------------------------------------------

ALL = ("system", "client", "auto_close")
LADDERS = [
    # (priority, counted by, kept to the time of), when each reminder leaves after our answer of
    # Monday, 2 March, 10:00
    ("critical", "", "", "03-02 14:00, 03-02 22:00, 03-03 14:00"),
    ("urgent", "", "", "03-02 18:00, 03-03 10:00, 03-04 18:00"),
    ("high", "", "", "03-03 10:00, 03-05 10:00, 03-09 10:00"),
    ("normal", "", "", "03-04 10:00, 03-08 10:00, 03-16 10:00"),
    ("low", "", "", "03-05 10:00, 03-11 10:00, 03-23 10:00"),
    ("critical", "", "office", "03-02 14:00, 03-03 09:00, 03-04 09:00"),
    ("urgent", "", "office", "03-03 09:00, 03-04 09:00, 03-06 09:00"),
    ("high", "", "office", "03-03 10:00, 03-05 10:00, 03-09 10:00"),
    ("normal", "", "office", "03-04 10:00, 03-09 09:00, 03-17 09:00"),
    ("low", "", "office", "03-05 10:00, 03-11 10:00, 03-23 10:00"),
    ("critical", "office", "", "03-02 14:00, 03-03 14:00, 03-05 14:00"),
    ("urgent", "office", "", "03-03 10:00, 03-05 10:00, 03-11 10:00"),
    ("high", "office", "", "03-05 10:00, 03-13 10:00, 03-31 10:00"),
    ("normal", "office", "", "03-10 10:00, 03-26 10:00, 04-29 10:00"),
    ("normal", "office", "office", "03-10 10:00, 03-26 10:00, 04-29 10:00"),
]


@pytest.mark.parametrize(("priority", "counted", "kept", "times"), LADDERS)
def test_reminders_leave_then(priority, counted, kept, times):
    life = living(priority, counted, "03-02 09:00", ALL, reminders_in=kept)
    life.replied().delivered(after=timedelta())
    first, *further = times.split(", ")
    assert acts(life) == [f"{first} client_response", *(f"{time} reminder" for time in further)]


SILENCES = [
    ("critical", "", "03-04 22:00", "03-05 10:00"),
    ("high", "", "03-17 10:00", "03-18 10:00"),
    ("critical", "office", "03-11 14:00", "03-13 10:00"),
]


@pytest.mark.parametrize(("priority", "counted", "resolved", "closed"), SILENCES)
def test_after_the_last_reminder_it_is_resolved_and_closed_then(
    priority, counted, resolved, closed
):
    life = living(priority, counted, "03-02 09:00", ALL, resolve_silent=True)
    life.replied().delivered(after=timedelta())
    assert acts(life)[3:] == [f"{resolved} resolve_silent", f"{closed} auto_close"]


# --- the auto-close -----------------------------------------------------------------------------

CLOSES = [
    # (priority, counted by), when it closes if it is resolved on Friday, 6 March, 16:00
    ("critical", "", "03-07 04:00"),
    ("urgent", "", "03-07 04:00"),
    ("high", "", "03-07 16:00"),
    ("normal", "", "03-08 16:00"),
    ("low", "", "03-09 16:00"),
    ("critical", "office", "03-10 12:00"),
    ("urgent", "office", "03-10 12:00"),
    ("high", "office", "03-11 16:00"),
    ("normal", "office", "03-16 16:00"),
    ("low", "office", "03-19 16:00"),
]


@pytest.mark.parametrize(("priority", "counted", "closed"), CLOSES)
def test_a_resolved_ticket_closes_then(priority, counted, closed):
    life = living(priority, counted, "03-06 15:00", ALL).resolved()
    assert acts(life) == [f"{closed} auto_close"]


# --- whole lives --------------------------------------------------------------------------------

LIVES = [
    # What happens, and when the clock acts; the office counts, its targets are watched.
    (
        "nobody answers an urgent mail of Friday afternoon",
        [],
        [
            "03-06 16:48 target_near",  # of an hour for the first answer, 80 %
            "03-06 17:00 target_missed",
            "03-09 12:00 system_response",
            "03-09 14:24 target_near",  # of eight hours for the resolution
            "03-09 16:00 target_missed",
        ],
    ),
    (
        "the answer comes in time, the customer's on Tuesday: the pause does not count",
        [("03-06 16:30", events.AgentReplied), ("03-10 10:00", events.CustomerWrote)],
        [
            "03-10 14:00 system_response",
            "03-10 15:54 target_near",
            "03-11 09:30 target_missed",
        ],
    ),
    (
        "a lower priority before anything was missed",
        [("03-06 16:30", events.SetPriority)],
        [
            "03-11 11:12 target_near",  # 19.2 of 24 h: 1 on Friday, 16 until Tuesday, 2.2
            "03-11 16:00 system_response",
            "03-11 16:00 target_missed",
            "03-18 09:36 target_near",  # 57.6 of 72 h
            "03-19 16:00 target_missed",
        ],
    ),
    (
        "a snooze silences what is overdue, and not the targets",
        [("03-06 16:30", events.Snooze)],
        [
            "03-06 16:48 target_near",
            "03-06 17:00 target_missed",
            "03-09 14:24 target_near",
            "03-09 16:00 target_missed",
            "03-10 09:00 wake",
            "03-09 12:00 system_response",  # it was due in the silence, and acts now
        ],
    ),
]
FACTS = {
    events.SetPriority: {"priority": Priority.NORMAL},
    events.Snooze: {"until": at("03-10 09:00")},
}


@pytest.mark.parametrize(("_story", "happens", "expected"), LIVES, ids=[row[0] for row in LIVES])
def test_a_life_goes_as_it_should(_story, happens, expected):
    life = living("urgent", "office", "03-06 16:00", watch_targets=True, pause_targets=True)
    for when, event in happens:
        who = CAROL if event is events.CustomerWrote else ALICE
        life.do(event, who, after=at(when) - life.now, **FACTS.get(event, {}))
        if event is events.AgentReplied:
            life.delivered(after=timedelta())
    found = []
    while timers := running(life.ticket, life.policy):
        found.append(f"{shown(timers[0].due_at)} {timers[0].kind}")
        event = events.DeadlinePassed(
            at=timers[0].due_at,
            actor=CAROL,
            timer=timers[0].kind,
            turn=timers[0].turn,
            step=timers[0].step,
        )
        life.now = max(life.now, timers[0].due_at)
        life.let(event)
    assert found == expected
