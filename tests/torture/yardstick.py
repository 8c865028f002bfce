"""What the clock of a desk must do, worked out anew from what people did: slow, and on its own.

Nothing here asks the code under test. Working time is counted minute by minute, by what a clock on
the wall shows; the rest follows the specification. From the events of a year it is told which
deadlines ran at each moment, and so whether each was acted on once, not early, not late, and none
was left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.torture.office import (
    ASKED,
    COUNTED,
    DURATIONS,
    HOURS,
    LIMIT,
    NEAR,
    REMINDED_IN,
    REMINDERS,
    RULES,
    RULES_ASKED,
    SURVEY,
)
from tests.torture.walls import FIRST, HOUR, MINUTE, Wall, walls

TICK = MINUTE
WRITING = timedelta(seconds=10)
"""How late the clock may look, as people who write make its minute pass."""
_WAITING = {"client_response", "reminder", "resolve_silent", "auto_close", "escalation"}
_WAITING |= {"survey", "approval_reminder", "approval_expired"}

Due = tuple[str, str | int | None]
"""A deadline: its kind, and which reminder or target it is about."""


@dataclass
class Asked:
    """An approval that is waited for; it is reminded of after twice the time of the time before."""

    n: int
    every: timedelta
    calendar: str
    over: datetime
    reminded: int = 0
    remind: datetime | None = None

    @property
    def step(self) -> int:
        """What tells its reminders from each other, and from those of other approvals."""
        return self.n * 100 + self.reminded


@dataclass
class Matter:
    """A ticket, as far as its deadlines go. `side` is None once it is closed."""

    walls: Mapping[str, Wall]
    side: str | None = None
    priority: str = "normal"
    own: dict[str, timedelta] = field(default_factory=dict)
    turn: int = 0
    created: datetime = FIRST
    opened: datetime = FIRST  # begun, or last reopened
    since: datetime = FIRST
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
    once: set[Due] = field(default_factory=set)
    escalated: set[str] = field(default_factory=set)
    approvals: int = 0
    asked: Asked | None = None
    survey: datetime | None = None
    rated: bool = False

    @property
    def holder(self) -> str | None:
        """Who is to answer it: nobody if it is not the desk's turn."""
        return self.assignee if self.side == "system" else None

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
        if self.aside:
            return {}
        if self.side is None:
            return self._survey()
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
        return found | self._approval()

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
            if not reached and ("target_missed", name) not in self.once:
                for kind, share in (("target_near", NEAR / 100), ("target_missed", 1.0)):
                    if (kind, name) not in self.once:
                        found[kind, name] = self._floored(self._after(name, self.created, share))
        return found

    def _survey(self) -> dict[Due, datetime]:
        heard = self.replied or self.resolution > 0
        if self.survey is None or self.rated or not heard or ("survey", None) in self.once:
            return {}
        return {("survey", None): self.survey}

    def _approval(self) -> dict[Due, datetime]:
        if self.asked is None:
            return {}
        found: dict[Due, datetime] = {("approval_expired", self.asked.n): self.asked.over}
        if self.asked.remind is not None and self.snoozed is None:
            found["approval_reminder", self.asked.step] = self.asked.remind
        return found

    def _counted(self, calendar: str, since: datetime, length: timedelta) -> datetime:
        wall = self.walls.get(calendar)
        return wall.add(since, length) if wall else since + length

    def coming(self) -> tuple[datetime, str] | None:
        """Return the next escalation."""
        due = []
        for name, (hours, since, calendar, priorities) in RULES.items():
            if name in self.escalated or self.priority not in priorities:
                continue
            if name in RULES_ASKED and self.asked is not None:
                continue
            begun = {"turn": self.since, "opened": self.opened}.get(since) or self._after(
                "system", self.since
            )
            end = self._counted(calendar, begun, hours * HOUR)
            due.append((self._floored(end), name))
        return min(due, key=lambda each: each[0], default=None)

    def _escalation(self) -> dict[Due, datetime]:
        coming = self.coming()
        return {} if coming is None else {("escalation", None): coming[0]}

    # --- what happens ---

    def _begin(self, side: str | None, at: datetime) -> None:
        if side in (None, "resolved") and side != self.side:
            self.asked = None
        if side is None:
            self.survey = self.walls[REMINDED_IN].opening(at + SURVEY * HOUR)
        self.turn += side is not None
        self.side, self.since, self.floor, self.snoozed = side, at, None, None
        self.delayed = self.told = self.held = self.pending = False
        self.reminders, self.reminded = 0, None
        self.escalated &= {"old"} if side is not None else set()

    def _reopen(self, at: datetime) -> None:
        self._begin("system", at)
        self.opened, self.aside = at, False
        self.survey, self.rated = None, False
        self.escalated.clear()

    def _ask(self, now: datetime, hours: tuple[float, float, str]) -> None:
        every, over, calendar = hours
        self.approvals += 1
        ends = self._counted(calendar, now, over * HOUR)
        self.asked = Asked(self.approvals, every * HOUR, calendar, ends)
        self._remind(self.asked, now)

    def _remind(self, asked: Asked, now: datetime) -> None:
        at = self._counted(asked.calendar, now, asked.every * 2**asked.reminded)
        asked.remind = at if at < asked.over else None

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
        own = self.own | {name: timedelta(seconds=seconds) for name, seconds in facts["values"]}
        if own != self.own:  # who has them already keeps the deadlines as they are
            self.own = own
            self._anew(now)
            self.floor = max(floor or now, now)

    def _ticket_snoozed(self, _at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        self.snoozed = datetime.fromisoformat(facts["until"])

    def _ticket_assigned(self, _at: datetime, _now: datetime, facts: Mapping[str, Any]) -> None:
        self.assignee = facts["assignee"]

    def _ticket_escalated(self, _at: datetime, now: datetime, _facts: Mapping[str, Any]) -> None:
        self._ask(now, ASKED)

    def _ticket_approved(self, _at: datetime, _now: datetime, _facts: Mapping[str, Any]) -> None:
        self.asked = None

    _ticket_rejected = _ticket_approved

    def _ticket_rated(self, _at: datetime, _now: datetime, _facts: Mapping[str, Any]) -> None:
        self.rated = True

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
            case "escalation" | "approval_reminder" | "approval_expired":
                self._climb(due[0], now)
            case _:
                self.once.add(due)

    def _climb(self, kind: str, now: datetime) -> None:
        if kind == "escalation":
            rule = self.coming()[1]
            self.escalated.add(rule)
            if rule in RULES_ASKED:
                self._ask(now, RULES_ASKED[rule])
        elif kind == "approval_reminder":
            self.asked.reminded += 1
            self._remind(self.asked, now)
        else:
            self.asked = None


@dataclass
class Yardstick:
    """Follows the events of a desk; `faults` are sentences. `outage`: nothing ran in between."""

    outage: tuple[datetime, datetime]
    matters: dict[int, Matter] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    acted: int = 0
    _changed: dict[int, datetime] = field(default_factory=dict)
    _held: Counter[str | None] = field(default_factory=Counter)

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
        self._held[matter.holder] -= 1
        if row["name"] == "deadline.passed":
            self._passed(id_, matter, row)
        else:
            matter.happen(row["name"], row["at"], now, facts)
        self._held[matter.holder] += 1
        if row["name"] in _GIVING:
            by_itself = row["actor_kind"] == "gateway"
            if by_itself and matter.assignee and self._held[matter.assignee] > LIMIT:
                self.faults.append(f"{id_} at {now}: {matter.assignee} is given too much")
        self._changed[id_] = now

    def _passed(self, id_: int, matter: Matter, row: Mapping[str, Any]) -> None:
        facts, at, now = row["data"], row["at"], row["recorded_at"]
        kind, step = facts["timer"], facts["step"]
        stepped = kind in ("reminder", "approval_reminder", "approval_expired")
        about = ("first_response", "resolution", None)[step] if kind.startswith("target") else None
        due: Due = (kind, step if stepped else about)
        running = matter.running()
        says = f"{id_} at {now}: {kind} {due[1] or ''} of {at}"
        if due not in running:
            self.faults.append(f"{says} does not run; {running}")
            return
        if running[due] != at or facts["turn"] != matter.turn:
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
        return at + TICK + WRITING

    def _is_held_back(self, kind: str, now: datetime) -> bool:
        end = self.outage[1]
        return kind in _WAITING and end <= now < end + HOUR


_GIVING = {"ticket.opened", "ticket.assigned"}
