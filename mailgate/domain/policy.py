"""Thresholds and the other rules of the clock, with the origin of every value.

The figures of the presets are those of the product's specification. Which value wins for a
ticket: see `WHO_WINS`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from mailgate.domain.escalation import ApprovalRule, Escalation
from mailgate.domain.hours import Calendar
from mailgate.domain.model import Priority, Thresholds, Ticket

FIELDS: tuple[str, ...] = ("system", "client", "auto_close", "first_response", "resolution")
"""The durations that every row has."""

TIMES: tuple[str, ...] = (*FIELDS, "next_response")
"""The durations that a row may have."""

SET: tuple[str, ...] = (*TIMES, "calendar", "working")
"""What a row can set: durations, who counts them, and which of them."""

_OWN = "set for this ticket"

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


class Telling(StrEnum):
    """How much customers are told of what the desk changes."""

    OFF = "off"
    BRIEF = "brief"  # what has changed, as it is now
    FULL = "full"  # what it was before, too, and what has not changed


class Level(StrEnum):
    """Whose rows of thresholds they are: one tenant's, or what all tenants begin with."""

    GATEWAY = "gateway"
    TENANT = "tenant"


class RowType(StrEnum):
    """For which tickets a row holds."""

    GLOBAL = "global"
    PRIORITY = "priority"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Row:
    """Thresholds that somebody set, over those of the configuration; `values` are of `SET`.

    `name` is a priority, the name of a custom row, or `global`. An inactive row is passed over.
    """

    level: Level
    type: RowType
    name: str
    values: Mapping[str, Any]
    active: bool = True

    @property
    def says(self) -> str:
        """How its values are told from others."""
        kind = "custom row" if self.type is RowType.CUSTOM else "row"
        return f"{kind} {self.name}" + (" of the tenant" if self.level is Level.TENANT else "")


WHO_WINS: tuple[str, ...] = (
    "what was set for the ticket alone",
    "the ticket's custom row",
    "the tenant's row for the priority",
    "the tenant's global row",
    "the row for the priority",
    "the global row",
    "the configuration for the priority",
    "the configuration for all",
    "the preset",
)
"""Where a value comes from: the first of these that gives it. An inactive row gives none."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What `decide` needs to know of the rules; one value serves a whole desk.

    `reopen_window` None means for ever. `client_reminders` counts the reminders after the first.
    `reminders_in` names the calendar in whose time reminders leave; empty: at any time. With
    `survey_after` customers are asked how it went, so long after a ticket is closed. `custom` are
    the rows that tickets can be given by name. Targets are told of where `watch_targets`,
    when `near` percent of their time are used and when it is up; with `pause_targets` it does not
    run while it is the customer's turn. `escalations` are tried in their order. What agents ask to
    be escalated needs the `asking` approval, if there is one. Of what the desk changes customers
    are told as much as `tell_changes` says.
    """

    thresholds: Mapping[Priority, Thresholds]
    origins: Mapping[Priority, Mapping[str, str]] = field(compare=False)
    reopen_window: timedelta | None = None
    client_reminders: int = 2
    resolve_silent: bool = False
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    custom: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reminders_in: str = ""
    survey_after: timedelta | None = None
    watch_targets: bool = False
    pause_targets: bool = False
    near: int = 80
    escalations: tuple[Escalation, ...] = ()
    asking: ApprovalRule | None = None
    tell_changes: Telling = Telling.OFF

    def row(self, ticket: Ticket) -> Thresholds:
        """Return the thresholds in force for `ticket`."""
        row, own = self.thresholds[ticket.priority], self.custom.get(ticket.thresholds or "")
        if own is not None:
            row = replace(row, **own)
        if not ticket.own_times:
            return row
        times: dict[str, Any] = {
            name: timedelta(seconds=seconds) for name, seconds in ticket.own_times
        }
        return replace(row, **times)

    def only_for(self, ticket: Ticket, name: str) -> str | None:
        """Return what gives a threshold to `ticket` and not to all of its priority, if it does."""
        if name in dict(ticket.own_times):
            return _OWN
        given = name in self.custom.get(ticket.thresholds or "", {})
        return f"custom row {ticket.thresholds}" if given else None

    def origins_for(self, ticket: Ticket) -> Mapping[str, str]:
        """Return where each of the thresholds of `ticket` comes from."""
        rows = self.origins[ticket.priority]
        names = {*rows, *self.custom.get(ticket.thresholds or "", ()), *dict(ticket.own_times)}
        only = {name: self.only_for(ticket, name) for name in names}
        return {**rows, **{name: says for name, says in only.items() if says is not None}}

    def after(self, row: Thresholds, name: str, since: datetime, times: int = 1) -> datetime:
        """Return when a duration of `row`, or so many `times` it, has passed since an instant.

        Working time counts where the row says so.
        """
        return self.reach(row, name, since, getattr(row, name) * times)

    def reach(self, row: Thresholds, name: str, since: datetime, distance: timedelta) -> datetime:
        """Return when `distance` has passed as a duration of `row` is counted."""
        distance = min(distance, FARTHEST)
        calendar = self.counted_by(row, name)
        return since + distance if calendar is None else calendar.add(since, distance)

    def passed(self, row: Thresholds, name: str, since: datetime, until: datetime) -> timedelta:
        """Return how much has passed between two instants as a duration of `row` is counted."""
        calendar = self.counted_by(row, name)
        if calendar is not None:
            return calendar.between(since, until)
        return max(until - since, timedelta())

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
        layers = (
            (f"preset {preset}", {name: getattr(PRESETS[preset][priority], name) for name in SET}),
            ("configuration, [sla.global]", everywhere),
            (f"configuration, [sla.{priority}]", each.get(priority, {})),
        )
        values: dict[str, Any] = {}
        origins[priority] = {}
        for says, given in layers:
            values |= given
            origins[priority] |= dict.fromkeys(given, says)
        thresholds[priority] = Thresholds(**values)
    return thresholds, origins


def overlaid(policy: Policy, rows: Iterable[Row]) -> Policy:
    """Return the rules with the rows that somebody set put over them."""
    active = [row for row in rows if row.active]
    order = [(level, kind) for level in Level for kind in (RowType.GLOBAL, RowType.PRIORITY)]
    layers = sorted(
        (row for row in active if row.type is not RowType.CUSTOM),
        key=lambda row: order.index((row.level, row.type)),
    )
    thresholds, origins = dict(policy.thresholds), dict(policy.origins)
    for row in layers:
        meant = list(Priority) if row.type is RowType.GLOBAL else [Priority(row.name)]
        for priority in meant:
            thresholds[priority] = replace(thresholds[priority], **row.values)
            origins[priority] = {**origins[priority], **dict.fromkeys(row.values, row.says)}
    named = sorted((row for row in active if row.type is RowType.CUSTOM), key=lambda r: r.level)
    custom = {row.name: row.values for row in named}
    return replace(policy, thresholds=thresholds, origins=origins, custom=custom)
