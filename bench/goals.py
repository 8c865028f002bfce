"""What is aimed at, what must not be missed, and how a measured figure stands to both."""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

MET, FLOOR, BELOW, REPORTED = "goal met", "floor met", "below", "reported"


@dataclass(frozen=True, slots=True)
class Goal:
    """Bounds of one measure: of the ratio to the other's figure where there is one, else of ours.

    `sign` is ">=", "<=" or "<".
    """

    unit: str
    sign: str = ">="
    goal: float | None = None
    floor: float | None = None

    def verdict(self, value: float) -> str:
        """Say how a value stands."""
        for name, bound in ((MET, self.goal), (FLOOR, self.floor)):
            if bound is not None and _SIGNS[self.sign](value, bound):
                return name
        return REPORTED if self.goal is self.floor is None else BELOW


_SIGNS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">=": operator.ge, "<=": operator.le, "<": operator.lt}
)

GOALS: Mapping[str, Goal] = MappingProxyType(
    {
        "whole road": Goal("mails/s", ">=", 10, 5),
        "whole road, sending too": Goal("mails/s"),
        "CPU": Goal("ms/mail", "<=", 1 / 10, 1 / 5),
        "CPU, sending too": Goal("ms/mail"),
        "accepting": Goal("mails/s", ">=", 1),
        "accepting, as a listener": Goal("mails/s", ">=", None, 0.6),
        "accepting, all at work": Goal("mails/s"),
        "250 at a steady rate, p50": Goal("ms"),
        "250 at a steady rate, p99": Goal("ms", "<", 50),
        "mails in their ticket": Goal("of all", ">=", None, 1),
        "road with many tickets": Goal("mails/s", ">=", 0.7),
        "CPU with many tickets": Goal("ms/mail"),
        "tick, nothing due": Goal("ms", "<", 1),
        "tick, 100 due": Goal("ms", "<", 100),
        "calendar, a year ahead": Goal("us", "<", 100),
        "calendar, between two years": Goal("us", "<", 100),
        "calendar, a year worked out anew": Goal("us", "<", 1000),
        "several workers": Goal("mails/s"),
        "several nodes": Goal("mails/s"),
        "mailbox, arrival to ticket": Goal("s", "<", 1),
        "mailbox, backlog": Goal("mails/s", ">=", 0.5),
        "mailbox, memory growth": Goal("MB", "<=", 64),
        "board, quiet look": Goal("ms", "<", 20),
        "board, one drag": Goal("ms", "<", 500),
        "stored for each raw byte": Goal("bytes", "<", 1.2),
        "memory, idle": Goal("MB", "<=", 120),
        "memory, growth": Goal("MB", "<=", 64),
        "memory, peak": Goal("MB"),
    }
)
"""Every measure. Rates are compared upwards, costs downwards."""


@dataclass(frozen=True, slots=True)
class Line:
    """One measured figure: `measure` names its row of `GOALS`, `detail` tells what is special.

    `other` is the figure of whom it is `against`. `judged` is False where the bounds are of
    something else: another store, or fewer tickets.
    """

    measure: str
    ours: float
    other: float | None = None
    against: str = ""
    detail: str = ""
    judged: bool = True

    @property
    def goal(self) -> Goal:
        """The bounds."""
        return GOALS[self.measure]

    @property
    def ratio(self) -> float | None:
        """Ours to the other's."""
        return self.ours / self.other if self.other else None

    @property
    def verdict(self) -> str:
        """How it stands to its bounds."""
        value = self.ours if self.ratio is None else self.ratio
        return self.goal.verdict(value) if self.judged else REPORTED

    def cells(self) -> list[str]:
        """Return the columns of the table."""
        goal = self.goal
        bounds = [
            f"{goal.sign} {_figure(bound)}" if bound is not None and self.judged else ""
            for bound in (goal.goal, goal.floor)
        ]
        other = "" if self.other is None else f"{_figure(self.other)} ({self.against})"
        name = f"{self.measure}: {self.detail}" if self.detail else self.measure
        ratio = "" if self.ratio is None else _figure(self.ratio)
        return [name, f"{_figure(self.ours)} {goal.unit}", other, ratio, *bounds, self.verdict]


TITLES = ["measure", "ours", "other", "ratio", "goal", "floor", "verdict"]


def table(lines: Iterable[Line]) -> str:
    """Lay the lines out as a table, in Markdown that can be read as it is."""
    rows = [TITLES, *(line.cells() for line in lines)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(TITLES))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def as_json(line: Line) -> dict[str, object]:
    """Return a line for programs."""
    return {
        "measure": line.measure,
        "detail": line.detail,
        "ours": line.ours,
        "unit": line.goal.unit,
        "other": line.other,
        "against": line.against,
        "ratio": line.ratio and round(line.ratio, 4),
        "verdict": line.verdict,
    }


def failed(lines: Iterable[Line]) -> list[Line]:
    """Return the lines that are below their floor."""
    return [line for line in lines if line.goal.floor is not None and line.verdict == BELOW]


def _figure(value: float) -> str:
    """Return a figure with as many digits as mean something."""
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
