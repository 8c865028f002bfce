"""The rules of the desk whose year is lived: once as the desk takes them, once as plain facts.

The facts are written down as the specification has them, for the yardstick that asks the desk for
nothing.
"""

from dataclasses import replace
from datetime import date, timedelta

from mailgate.desk.settings import Settings
from mailgate.domain.escalation import ADMINS, ApprovalRule, Escalation, Since
from mailgate.domain.hours import Calendar, outside
from mailgate.domain.model import Priority
from mailgate.domain.people import Agent, Staff
from mailgate.domain.policy import resolve
from mailgate.domain.rules import Rule, ranked
from tests.desk import conftest

YEAR, ZONE = 2026, "Europe/Berlin"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMES = ("alice", "bob", "carla", "dan")
BOSS = "boss@agents.example"
LIMIT = 8
HOLIDAYS = frozenset(
    date(YEAR, month, day)
    for month, day in (
        *((1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25)),
        *((10, 3), (12, 24), (12, 25), (12, 26), (12, 31)),
    )
)

# Minutes after midnight by weekday, Monday first. The night shift works through both changes of the
# clocks, in March and in October.
MORNING, AFTERNOON = (540, 720), (780, 1020)
WEEKS = {
    "office": ((MORNING, AFTERNOON),) * 4 + ((MORNING,), (), ()),
    "night": (((1320, 1800),),) * 7,
}

# Hours of: the desk's answer, the customer's, auto-close, first response, resolution.
HOURS = {
    "critical": (2, 4, 12, 0.25, 4),
    "urgent": (4, 8, 12, 1, 8),
    "high": (12, 24, 24, 4, 24),
    "normal": (24, 48, 48, 24, 72),
    "low": (48, 72, 72, 48, 168),
}
DURATIONS = ("system", "client", "auto_close", "first_response", "resolution")
COUNTED = {
    "normal": ("office", ("system", "first_response", "resolution")),
    "low": ("night", ("system", "client")),
}
REMINDERS, REMINDED_IN = 2, "office"
NEAR = 80  # percent
SURVEY = 20  # hours after the end, and then when those who remind work

# Name -> hours, since when, by which calendar they count, for which priorities.
RULES = {
    "leads": (6, "turn", "office", {"critical", "urgent", "high"}),
    "late": (8, "overdue", "", set(HOURS)),
    "old": (480, "opened", "", set(HOURS)),
}
# Hours: after which who approves is reminded, after which it is over; by which calendar both count.
ASKED = (6, 30, "")
RULES_ASKED = {"leads": (2, 12, "office")}

# Hours on the wall between which these are not woken, but by what presses or is said here.
SLEEP, WAKE = 22, 7
SLEEPERS = ("alice@agents.example", "bob@agents.example", BOSS)
WAKING = {"escalated", "approval_wanted", "approved", "rejected", "approval_expired"}
WAKING |= {"command_refused", "was_this_you", "held_tickets", "transcript"}
PRESSING = {"critical", "urgent"}


def _approval(facts: tuple[float, float, str] | None) -> ApprovalRule | None:
    if facts is None:
        return None
    remind, over, calendar = facts
    return ApprovalRule(ADMINS, remind * HOUR, over * HOUR, calendar)


def _escalations() -> tuple[Escalation, ...]:
    to = {"leads": "team:leads", "old": "dan"}
    return tuple(
        Escalation(
            name,
            hours * HOUR,
            Since(since),
            calendar,
            priorities=tuple(map(Priority, sorted(priorities))),
            to=to.get(name),
            tell_admins=name == "late",
            approval=_approval(RULES_ASKED.get(name)),
        )
        for name, (hours, since, calendar, priorities) in RULES.items()
    )


def settings() -> Settings:
    """Return the same as the desk takes it."""
    each = {
        Priority(name): {"calendar": calendar, "working": working}
        for name, (calendar, working) in COUNTED.items()
    }
    thresholds, origins = resolve(each=each)
    closed = dict.fromkeys(HOLIDAYS, ())
    base = conftest.settings(
        calendars={name: Calendar(ZONE, week, closed) for name, week in WEEKS.items()},
        escalations=_escalations(),
        asking=_approval(ASKED),
        survey_after=SURVEY * HOUR,
        watch_targets=True,
        near=NEAR,
        client_reminders=REMINDERS,
        reminders_in=REMINDED_IN,
        resolve_silent=True,
        reopen_window=30 * DAY,
    )
    agents = tuple(Agent(name, f"{name}@agents.example", limit=LIMIT) for name in NAMES)
    teams = {"support": ("alice", "bob"), "leads": ("carla", "dan")}
    rules = (Rule("bills", 1, words=("invoice",), team="leads"), Rule("all", 2, team="support"))
    return replace(
        base,
        policy=replace(base.policy, thresholds=thresholds, origins=origins),
        staff=Staff(agents, teams, (BOSS,)),
        zone=ZONE,
        assigns=True,
        agents_set_times=True,
        customer_max_priority=Priority.CRITICAL,
        routes=ranked(rules),
        burst=6,
        awake=dict.fromkeys(SLEEPERS, outside(ZONE, SLEEP * 60, (WAKE + 24) * 60)),
    )
