"""A desk lives through all of its rows at once, by one of three ways; what happens is recorded.

At each moment of any row the clock acts first, then people, then the clock again on what they
made due; then it is asked how things stand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailgate.domain.timers import Remaining
from tests.scenarios.table import Desk, Row, bare, shown

DEADLINES = {
    "system_response": "desk late",
    "client_response": "customer late",
    "reminder": "reminder",
    "resolve_silent": "resolved unanswered",
    "auto_close": "closed by the clock",
    "wake": "wakes",
    "target_near": "near",
    "target_missed": "missed",
    "escalation": "escalated",
    "approval_reminder": "approval asked for again",
    "approval_expired": "approval not given",
    "survey": "asked how it went",
}

MORNING = "gets what has waited"  # for the end of quiet hours


@dataclass(frozen=True)
class Step:
    """One thing that the clock did to the ticket of a row, and when it was due."""

    row: str
    timer: str
    target: str | None
    due_at: datetime


class Way(Protocol):
    """How a row is lived through."""

    def clock(self, now: datetime) -> list[Step]:
        """Let the clock act once on all rows."""
        ...

    def do(self, row: Row, what: str, now: datetime) -> None:
        """Let somebody do something."""
        ...

    def stop(self) -> None:
        """Be down until the clock is let act again."""
        ...

    def told(self, row: Row) -> set[str]:
        """Return who has got a mail since the last time that was asked."""
        ...

    def standing(self, row: Row, now: datetime) -> tuple[str, Remaining | None, datetime | None]:
        """Return the automation status, how long the turn may take, and what is due next."""
        ...


class Play:
    """All rows of a desk, and what has happened to each."""

    def __init__(self, desk: Desk, way: Way) -> None:
        self._rows = desk.rows
        self._way = way
        self._up = True
        self._quiet = any(name.endswith("quiet_hours") for name in desk.values) or any(
            "quiet_hours" in agent for agent in desk.values["agent"]
        )
        self.found: dict[str, list[str]] = {row.name: [] for row in desk.rows}

    def play(self) -> dict[str, list[str]]:
        """Return what happened, by row, written as in the table."""
        script = {row.name: row.lines for row in self._rows}
        for now in sorted({line.at for lines in script.values() for line in lines}):
            self._tick(now)
            present = [
                (row, line) for row in self._rows for line in script[row.name] if line.at == now
            ]
            doing = [(row, line) for row, line in present if not line.mark]
            for row, line in doing:
                self._do(row, line.what, now)
            if any(_acts_at_once(row, now) for row, _ in doing):
                self._tick(now)
            for row, line in present:
                if line.mark == "?":
                    self._write(row, now, f"? {self._standing(row, line.what, now)}")
        return self.found

    def _do(self, row: Row, what: str, now: datetime) -> None:
        if what.startswith("gateway "):
            self._up = what == "gateway starts"
            if not self._up:
                self._way.stop()
            told: set[str] = set()
        else:
            self._way.do(row, what, now)
            told = self._way.told(row)
        self._write(row, now, f"  {what}{_to(told)}")

    def _tick(self, now: datetime) -> None:
        """Let the clock act once."""
        steps = self._way.clock(now) if self._up else []
        for row in self._rows:
            if self._quiet and not any(step.row == row.name for step in steps):
                told = self._way.told(row)
                if told:
                    self._write(row, now, f"* {MORNING}{_to(told)}")
                continue
            own = [step for step in steps if step.row == row.name]
            if own:
                told = self._way.told(row)
                self._write(row, now, f"* {self._acts(row, own, now)}{_to(told)}")

    def _acts(self, row: Row, steps: Iterable[Step], now: datetime) -> str:
        said = []
        for step in steps:
            target = f" {step.target.replace('_', ' ')}" if step.target else ""
            late = "" if step.due_at == now else f" due {shown(step.due_at, row.zone)[4:]}"
            said.append(f"{DEADLINES[step.timer]}{target}{late}")
        return ", ".join(sorted(said))

    def _standing(self, row: Row, asked: str, now: datetime) -> str:
        status, remaining, due = self._way.standing(row, now)
        if asked.startswith(("next ", "nothing ")):
            return "nothing runs" if due is None else f"next {shown(due, row.zone)}"
        if remaining is None:
            return status
        side = "customer" if remaining.waiting_for == "client" else "desk"
        late = ", late" if remaining.is_delayed else ""
        left, whole = remaining.hours_remaining, remaining.threshold_hours
        return f"{status}, {side} has {left:g} of {whole:g} h{late}"

    def _write(self, row: Row, now: datetime, what: str) -> None:
        lines = row.lines
        if now <= lines[-1].at:
            self.found[row.name].append(f"{shown(now, row.zone)} {what}")


def _acts_at_once(row: Row, now: datetime) -> bool:
    """Tell whether the clock is to act at the same moment on what somebody has done."""
    marks = [line.mark for line in row.lines if line.at == now]
    return "*" in marks[marks.index("") :]


def _to(told: set[str]) -> str:
    return f" -> {' '.join(sorted(told))}" if told else ""


def expected(row: Row) -> list[str]:
    """Return a story as it is recorded when it is lived through."""
    return [bare(line, row.zone) for line in row.lines]
