"""Thresholds and the other rules of the clock, with the origin of every value.

The figures of the presets are those of the product's specification. Which value wins for a
priority: what the configuration says for it, then what it says for all (`global`), then the
preset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from mailgate.domain.hours import Calendar
from mailgate.domain.model import OUR_TIMES, Priority, Thresholds, Ticket

FIELDS: tuple[str, ...] = ("system", "client", "auto_close", "first_response", "resolution")
"""The durations of a row."""

FARTHEST = timedelta(days=50 * 365)
"""No deadline lies further ahead: the reminders of a long threshold would leave the calendar."""


def _hours(*figures: float) -> Thresholds:
    system, client, close, first, resolution = (timedelta(hours=figure) for figure in figures)
    return Thresholds(system, client, close, first, resolution)


_STANDARD: Mapping[Priority, Thresholds] = MappingProxyType(
    {  #                     system client close first resolution
        Priority.CRITICAL: _hours(2, 4, 12, 0.25, 4),
        Priority.URGENT: _hours(4, 8, 12, 1, 8),
        Priority.HIGH: _hours(12, 24, 24, 4, 24),
        Priority.NORMAL: _hours(24, 48, 48, 24, 72),
        Priority.LOW: _hours(48, 72, 72, 48, 168),
    }
)

_TARGETS: Mapping[str, Mapping[Priority, tuple[float | None, float]]] = MappingProxyType(
    {  # (first response, resolution) in hours, over the standard table
        "support_module": {
            Priority.CRITICAL: (None, 2),
            Priority.HIGH: (None, 8),
            Priority.NORMAL: (None, 24),
            Priority.LOW: (None, 72),
        },
        "ticket_system": {
            Priority.URGENT: (0.25, 4),
            Priority.HIGH: (1, 8),
            Priority.NORMAL: (4, 24),
            Priority.LOW: (8, 48),
        },
    }
)


def _with_targets(
    targets: Mapping[Priority, tuple[float | None, float]],
) -> dict[Priority, Thresholds]:
    table = dict(_STANDARD)
    for priority, (first, resolution) in targets.items():
        row = table[priority]
        table[priority] = Thresholds(
            row.system,
            row.client,
            row.auto_close,
            row.first_response if first is None else timedelta(hours=first),
            timedelta(hours=resolution),
        )
    return table


PRESETS: Mapping[str, Mapping[Priority, Thresholds]] = MappingProxyType(
    {"standard": _STANDARD} | {name: _with_targets(rows) for name, rows in _TARGETS.items()}
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What `decide` needs to know of the rules; one value serves a whole desk.

    `reopen_window` None means for ever. `client_reminders` counts the reminders after the first.
    `reminders_in` names the calendar in whose time reminders leave; empty: at any time.
    """

    thresholds: Mapping[Priority, Thresholds]
    origins: Mapping[Priority, Mapping[str, str]] = field(compare=False)
    reopen_window: timedelta | None = None
    client_reminders: int = 2
    resolve_silent: bool = False
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    reminders_in: str = ""

    def row(self, ticket: Ticket) -> Thresholds:
        """Return the thresholds in force for `ticket`."""
        return self.thresholds[ticket.priority]

    def after(self, row: Thresholds, name: str, since: datetime, times: int = 1) -> datetime:
        """Return when a duration of `row`, or so many `times` it, has passed since an instant.

        Working time counts where the row says so.
        """
        distance = min(getattr(row, name) * times, FARTHEST)
        calendar = self.counted_by(row, name)
        return since + distance if calendar is None else calendar.add(since, distance)

    def counted_by(self, row: Thresholds, name: str) -> Calendar | None:
        """Return the calendar that counts a duration of `row`; None: every hour counts."""
        return self.calendars.get(row.calendar) if name in row.working else None

    def reminding(self, at: datetime) -> datetime:
        """Return when a reminder that is due at an instant may leave."""
        calendar = self.calendars.get(self.reminders_in)
        return at if calendar is None else calendar.opening(at)


def resolve(
    preset: str = "standard",
    everywhere: Mapping[str, Any] = MappingProxyType({}),
    each: Mapping[Priority, Mapping[str, Any]] = MappingProxyType({}),
) -> tuple[dict[Priority, Thresholds], dict[Priority, dict[str, str]]]:
    """Return the thresholds of every priority and, beside them, where each value came from."""
    thresholds: dict[Priority, Thresholds] = {}
    origins: dict[Priority, dict[str, str]] = {}
    for priority in Priority:
        built_in = {name: getattr(PRESETS[preset][priority], name) for name in FIELDS}
        layers = (
            (f"configuration, [sla.{priority}]", each.get(priority, {})),
            ("configuration, [sla.global]", everywhere),
            (f"preset {preset}", built_in | {"calendar": "", "working": OUR_TIMES}),
        )
        values: dict[str, Any] = {}
        origin: dict[str, str] = {}
        for says, given in reversed(layers):
            values |= given
            origin |= dict.fromkeys(given, says)
        thresholds[priority], origins[priority] = Thresholds(**values), origin
    return thresholds, origins
