"""Thresholds and the other rules of the clock, with the origin of every value.

The figures of the presets are those of the product's specification. Which value wins for a
priority: what the configuration says for it, then what it says for all (`global`), then the
preset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from types import MappingProxyType

from mailgate.domain.model import Priority, Thresholds

FIELDS: tuple[str, ...] = tuple(f.name for f in fields(Thresholds))


def _hours(*figures: float) -> Thresholds:
    return Thresholds(*(timedelta(hours=figure) for figure in figures))


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
    """

    thresholds: Mapping[Priority, Thresholds]
    origins: Mapping[Priority, Mapping[str, str]] = field(compare=False)
    reopen_window: timedelta | None = None
    client_reminders: int = 2
    resolve_silent: bool = False

    def for_priority(self, priority: Priority) -> Thresholds:
        """Return the thresholds in force for `priority`."""
        return self.thresholds[priority]


def resolve(
    preset: str = "standard",
    everywhere: Mapping[str, timedelta] = MappingProxyType({}),
    each: Mapping[Priority, Mapping[str, timedelta]] = MappingProxyType({}),
) -> tuple[dict[Priority, Thresholds], dict[Priority, dict[str, str]]]:
    """Return the thresholds of every priority and, beside them, where each value came from."""
    thresholds: dict[Priority, Thresholds] = {}
    origins: dict[Priority, dict[str, str]] = {}
    for priority in Priority:
        values: dict[str, timedelta] = {}
        origin: dict[str, str] = {}
        for name in FIELDS:
            own = each.get(priority, {}).get(name)
            if own is not None:
                values[name], origin[name] = own, f"configuration, [sla.{priority}]"
            elif name in everywhere:
                values[name], origin[name] = everywhere[name], "configuration, [sla.global]"
            else:
                values[name] = getattr(PRESETS[preset][priority], name)
                origin[name] = f"preset {preset}"
        thresholds[priority], origins[priority] = Thresholds(**values), origin
    return thresholds, origins
