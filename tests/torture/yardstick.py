"""What the clock of a desk must do, worked out anew from what people did: slow, and on its own.

Nothing here asks the code under test. Working time is counted minute by minute, by what a clock on
the wall shows; the rest follows the specification. From the events of a year it is told which
deadlines ran at each moment, and so whether each was acted on once, not early, not late, and none
was left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.torture.office import (
    COUNTED,
    DURATIONS,
    HOLIDAYS,
    HOURS,
    LIMIT,
    NEAR,
    REMINDED_IN,
    REMINDERS,
    RULES,
    WEEKS,
    YEAR,
    ZONE,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = MINUTE
_FIRST = datetime(YEAR - 1, 12, 30, tzinfo=UTC)
_DAYS = 530
_WAITING = {"client_response", "reminder", "resolve_silent", "auto_close", "escalation"}

Due = tuple[str, str | int | None]
"""A deadline: its kind, and which reminder or target it is about."""


class Wall:
    """The working minutes of a calendar, one after the other."""

    def __init__(self, week: Iterable[Iterable[tuple[int, int]]]) -> None:
        zone, days = ZoneInfo(ZONE), [list(day) for day in week]
        self._worked = bytearray(_DAYS * 1440)
        self._known: dict[tuple[datetime, timedelta], datetime] = {}
        for minute in range(len(self._worked)):
            wall = (_FIRST + minute * MINUTE).astimezone(zone)
            shown = wall.hour * 60 + wall.minute
            for day, begun in ((wall.date(), 0), (wall.date() - DAY, 1440)):
                if day not in HOLIDAYS:
                    hours = days[day.weekday()]
                    worked = any(low <= shown + begun < high for low, high in hours)
                    self._worked[minute] |= worked

    def add(self, since: datetime, length: timedelta) -> datetime:
        """Return when so much has been worked; what was counted once is known."""
        if (since, length) not in self._known:
            self._known[since, length] = self._count(since, length)
        return self._known[since, length]

    def _count(self, since: datetime, length: timedelta) -> datetime:
        minute, second = divmod(int((since - _FIRST).total_seconds()), 60)
        left = int(length.total_seconds())
        while left > 0:
            if self._worked[minute]:
                done = min(60 - second, left)
                left, second = left - done, second + done
            else:
                second = 60
            if left > 0:
                minute, second = minute + 1, 0
        return _FIRST + minute * MINUTE + timedelta(seconds=second)

    def opening(self, at: datetime) -> datetime:
        """Return the first instant from `at` on that is worked."""
        minute = (at - _FIRST) // MINUTE
        if self._worked[minute]:
            return at
        while not self._worked[minute]:
            minute += 1
        return _FIRST + minute * MINUTE


@cache
def walls() -> Mapping[str, Wall]:
    """Return the calendars of the desk, worked out once."""
    return {name: Wall(week) for name, week in WEEKS.items()}


@dataclass
class Matter:
    """A ticket, as far as its deadlines go. `side` is None once it is closed."""

    walls: Mapping[str, Wall]
    side: str | None = None
    priority: str = "normal"
    own: dict[str, timedelta] = field(default_factory=dict)
    turn: int = 0
    created: datetime = _FIRST
    opened: datetime = _FIRST  # begun, or last reopened
    since: datetime = _FIRST
    floor: datetime | None = None
    delayed: bool = False
    told: bool = False
    reminders: int = 0
    reminded: datetime | None = None
    replied: bool = False
    pending: bool = False
    held: bool = False
    snoozed: datetime | None = None
    answered: bool = False
    resolution: int = 0
    aside: bool = False
    requester: str = ""
    assignee: str | None = None
    targets: set[Due] = field(default_factory=set)
    escalated: set[str] = field(default_factory=set)

    # --- when ---

    def _after(self, name: str, since: datetime, times: float = 1.0) -> datetime:
        length = self.own.get(name, HOURS[self.priority][DURATIONS.index(name)] * HOUR) * times
        calendar, counted = COUNTED.get(self.priority, ("", ()))
        return self.walls[calendar].add(since, length) if name in counted else since + length

    def _floored(self, due: datetime) -> datetime:
        return due if self.floor is None else max(due, self.floor)

    def _response(self) -> datetime:
        if self.side == "system":
            return self._floored(self._after("system", self.since))
        due = self._floored(self._after("client", self.since))
        return self.walls[REMINDED_IN].opening(due)

    def running(self) -> dict[Due, datetime]:
        """Return what runs now, and when it is due."""
        if self.side is None or self.aside:
            return {}
        found: dict[Due, datetime] = {}
        if self.snoozed is not None:
            found["wake", None] = self.snoozed
        elif self.side == "resolved":
            found["auto_close", None] = self._floored(self._after("auto_close", self.since))
        elif self.side == "client":
            found |= self._pressing()
        elif not self.delayed:
            found["system_response", None] = self._response()
        if self.side != "resolved":
            found |= self._targets()
        if self.side == "system" and self.snoozed is None:
            found |= self._escalation()
        return found

    def _pressing(self) -> dict[Due, datetime]:
        if self.held:
            return {}
        found: dict[Due, datetime] = {}
        if not self.delayed:
            found["client_response", None] = self._response()
        if self.reminders and self.reminded is not None:
            nth = self.reminders
            due = self._floored(self._after("client", self.reminded, 2**nth))
            if nth <= REMINDERS:
                found["reminder", nth] = self.walls[REMINDED_IN].opening(due)
            else:
                found["resolve_silent", None] = due
        return found

    def _targets(self) -> dict[Due, datetime]:
        found = {}
        for name, reached in (("first_response", self.answered), ("resolution", False)):
            if not reached and ("target_missed", name) not in self.targets:
                for kind, share in (("target_near", NEAR / 100), ("target_missed", 1.0)):
                    if (kind, name) not in self.targets:
                        found[kind, name] = self._floored(self._after(name, self.created, share))
        return found

    def coming(self) -> tuple[datetime, str] | None:
        """Return the next escalation."""
        due = []
        for name, (hours, since, calendar, priorities) in RULES.items():
            if name in self.escalated or self.priority not in priorities:
                continue
            begun = {"turn": self.since, "opened": self.opened}.get(since) or self._response()
            wall = self.walls.get(calendar)
            end = wall.add(begun, hours * HOUR) if wall else begun + hours * HOUR
            due.append((self._floored(end), name))
        return min(due, key=lambda each: each[0], default=None)

    def _escalation(self) -> dict[Due, datetime]:
        coming = self.coming()
        return {} if coming is None else {("escalation", None): coming[0]}

    # --- what happens ---

    def _begin(self, side: str | None, at: datetime) -> None:
        self.turn += side is not None
        self.side, self.since, self.floor, self.snoozed = side, at, None, None
        self.delayed = self.told = self.held = self.pending = False
        self.reminders, self.reminded = 0, None
        self.escalated &= {"old"} if side is not None else set()

    def _reopen(self, at: datetime) -> None:
        self._begin("system", at)
        self.opened, self.aside = at, False
        self.escalated.clear()

    def _anew(self, now: datetime) -> None:
        self.floor = None
        ahead = self.side in ("system", "client") and self._response() > now
        self.delayed = self.delayed and not ahead

    def happen(self, name: str, at: datetime, now: datetime, facts: Mapping[str, Any]) -> None:
        """Let something happen that was not the clock's doing."""
        doing = getattr(self, "_" + name.replace(".", "_"), None)
        if doing is not None:
            doing(at, now, facts)

    def _ticket_opened(self, at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        self._begin("system", at)
        self.created = self.opened = at
        self.priority, self.requester = facts["priority"], facts["requester"]
        self.assignee = facts["assignee"]

    def _customer_wrote(self, at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        confirms, thanks = facts["confirms"], facts["thanks"]
        current = self.side == "resolved" and confirms == self.resolution
        agrees = thanks and facts["proved"] and facts["author"] == "requester"
        if self.aside or (confirms is not None and not current):
            return
        if self.side == "system":
            self.snoozed = None
        elif self.side == "client":
            self._begin("system", at)
        elif confirms is not None or (self.side == "resolved" and agrees):
            self._begin(None, at)
        elif not thanks:
            self._reopen(at)

    def _machine_wrote(self, _at: datetime, now: datetime, facts: Mapping[str, Any]) -> None:
        back = facts["back_at"] and datetime.fromisoformat(facts["back_at"])
        if self.side == "client" and back and back > max(now, self.floor or now):
            self.floor = back

    def _agent_replied(self, at: datetime, _now: datetime, _facts: Mapping[str, Any]) -> None:
        self.answered = self.replied = True
        if self.side is not None:
            self._begin("resolved" if self.side == "resolved" else "client", at)
            self.pending = self.side == "client"

    def _ticket_waiting(self, at: datetime, _now: datetime, _facts: Mapping[str, Any]) -> None:
        if self.side != "client":
            self._begin("client", at)

    def _ticket_resolved(self, at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        said = facts["message"] is not None
        self.answered, self.replied = self.answered or said, self.replied or said
        if self.side == "resolved" and not said:
            return
        self.resolution += self.side != "resolved"
        self._begin("resolved", at)

    def _ticket_closed(self, at: datetime, _now: datetime, _facts: Mapping[str, Any]) -> None:
        if self.side is not None:
            self._begin(None, at)

    def _ticket_merged(self, at: datetime, _now: datetime, _facts: Mapping[str, Any]) -> None:
        self._begin(None, at)
        self.aside = True

    _ticket_discarded = _ticket_merged

    def _ticket_reopened(self, at: datetime, _now: datetime, _facts: Mapping[str, Any]) -> None:
        if self.side in (None, "resolved"):
            self._reopen(at)

    def _ticket_priority_set(self, _at: datetime, now: datetime, facts: Mapping[str, Any]) -> None:
        floor = self.floor
        if facts["priority"] != self.priority:
            self.priority = facts["priority"]
            self._anew(now)
            self.floor = max(floor or now, now)

    def _ticket_times_set(self, _at: datetime, now: datetime, facts: Mapping[str, Any]) -> None:
        floor = self.floor
        self.own |= {name: timedelta(seconds=seconds) for name, seconds in facts["values"]}
        self._anew(now)
        self.floor = max(floor or now, now)

    def _ticket_snoozed(self, _at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        self.snoozed = datetime.fromisoformat(facts["until"])

    def _ticket_assigned(self, _at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        self.assignee = facts["assignee"]

    def _notice_delivered(self, at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        if self.side != "client" or facts["turn"] != self.turn:
            return
        if facts["notice"] == "agent_reply" and facts["recipient"] == self.requester:
            self.since = at if self.held else self.since
            self.pending = self.held = False
        elif facts["notice"] == "waiting" and self.reminded is None:
            self.reminded = at

    def _notice_undelivered(self, _at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        mine = facts["notice"] == "agent_reply" and facts["recipient"] == self.requester
        if mine and self.side == "client" and facts["turn"] == self.turn:
            self.pending = self.held = True

    def act(self, due: Due, at: datetime, now: datetime) -> None:
        """Let the clock do what was due."""
        match due[0]:
            case "system_response":
                self.delayed = self.told = True
            case "client_response" if self.pending:
                self.held = True
            case "client_response":
                self.delayed = True
                if self.replied and not self.told:
                    self.told, self.reminders, self.reminded = True, 1, None
            case "reminder":
                self.reminders, self.reminded = self.reminders + 1, None
            case "resolve_silent":
                floor = self._after("auto_close", now)
                self._begin("resolved", at)
                self.resolution, self.floor = self.resolution + 1, floor
            case "auto_close":
                self._begin(None, at)
            case "wake":
                self.snoozed = None
            case "escalation":
                self.escalated.add(self.coming()[1])
            case _:
                self.targets.add(due)


@dataclass
class Yardstick:
    """Follows the events of a desk; `faults` are sentences. `outage`: nothing ran in between."""

    outage: tuple[datetime, datetime]
    matters: dict[int, Matter] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    acted: int = 0
    _changed: dict[int, datetime] = field(default_factory=dict)

    def follow(self, events: Iterable[Mapping[str, Any]], end: datetime) -> None:
        """Follow all events, in the order in which they were written, up to the end."""
        for row in events:
            self._event(row)
        for id_ in self.matters:
            self._none_missed(id_, end)

    def _event(self, row: Mapping[str, Any]) -> None:
        id_, now, facts = row["subject_id"], row["recorded_at"], row["data"]
        matter = self.matters.setdefault(id_, Matter(walls()))
        self._none_missed(id_, now)
        if row["name"] == "deadline.passed":
            self._passed(id_, matter, row)
        else:
            matter.happen(row["name"], row["at"], now, facts)
            by_itself = row["actor_kind"] == "gateway" and row["name"] in _GIVING
            if by_itself and matter.assignee and self._holds(matter.assignee) > LIMIT:
                self.faults.append(f"{id_} at {now}: {matter.assignee} is given too much")
        self._changed[id_] = now

    def _holds(self, agent: str) -> int:
        held = (each.assignee == agent and each.side == "system" for each in self.matters.values())
        return sum(held)

    def _passed(self, id_: int, matter: Matter, row: Mapping[str, Any]) -> None:
        facts, at, now = row["data"], row["at"], row["recorded_at"]
        kind, step = facts["timer"], facts["step"]
        about = ("first_response", "resolution", None)[step] if kind.startswith("target") else None
        due: Due = (kind, step if kind == "reminder" else about)
        running = matter.running()
        says = f"{id_} at {now}: {kind} {due[1] or ''} of {at}"
        if due not in running:
            self.faults.append(f"{says} does not run; {running}")
        elif running[due] != at or facts["turn"] != matter.turn:
            self.faults.append(f"{says}, turn {facts['turn']}, is due at {running[due]}")
        elif not at <= now <= self._latest(id_, kind, at) or self._is_held_back(kind, now):
            self.faults.append(f"{says} is early or late")
        elif self._changed.get(id_, now) < now:
            passed_over = [
                other
                for other, when in running.items()
                if when < at and not self._is_held_back(other[0], now)
            ]
            if passed_over:
                self.faults.append(f"{says} comes before {passed_over}")
        matter.act(due, at, now)
        self.acted += 1

    def _none_missed(self, id_: int, now: datetime) -> None:
        for due, at in self.matters[id_].running().items():
            if self._latest(id_, due[0], at) < now:
                self.faults.append(f"{id_} at {now}: {due} of {at} was missed")

    def _latest(self, id_: int, kind: str, due: datetime) -> datetime:
        """Return when a deadline must have been acted on: at the next look of the clock."""
        begin, end = self.outage
        at = max(due, self._changed.get(id_, due))
        if begin <= at < end:
            at = end
        if kind in _WAITING and end <= at < end + HOUR:
            at = end + HOUR
        return at + TICK

    def _is_held_back(self, kind: str, now: datetime) -> bool:
        end = self.outage[1]
        return kind in _WAITING and end <= now < end + HOUR


_GIVING = {"ticket.opened", "ticket.assigned"}
