"""`mailgate thresholds`: how long each side may take, where that comes from, and setting it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailgate.cli import printing
from mailgate.cli.opening import find, opened
from mailgate.cli.options import AsJson, ConfigFile, Number, Who, Why
from mailgate.cli.program import command, group
from mailgate.cli.steering import steer
from mailgate.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from mailgate.app import App
    from mailgate.domain.model import Thresholds
    from mailgate.domain.policy import Level, Policy, Row, RowType


thresholds = group(
    "thresholds",
    "Show and set how long each side may take, and where it is from.",
    "mailgate thresholds",
    "mailgate thresholds --json",
    "mailgate thresholds set high system=2h calendar=office",
)

RowName = Annotated[
    str,
    typer.Argument(
        metavar="ROW", help="global, a priority, or a name of your own for single tickets."
    ),
]
OfTenant = Annotated[
    bool, typer.Option("--tenant", help="The tenant's own row, which wins over the gateway's.")
]


@thresholds.callback(invoke_without_command=True)
def thresholds_start(ctx: typer.Context, json: AsJson = False, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list(config, json=json)


@command("list", "mailgate thresholds list --json", within=thresholds)
def thresholds_list(json: AsJson = False, config: ConfigFile = None) -> None:
    """List the times that are in force."""
    _list(config, json=json)


def in_force(app: "App") -> "Policy":
    """Return the rules of this moment: the configuration and what was set over it."""
    with app.database.read() as connection:
        return app.desk.current(connection).policy


def _list(config: "Path | None", *, json: bool) -> None:
    from mailgate.domain.policy import WHO_WINS

    with opened(config) as app:
        policy = in_force(app)
    if json:
        printing.as_json(threshold_shapes(policy))
        return
    printing.table(
        ("PRIORITY", "WHICH", "TIME", "COUNTED BY", "FROM"),
        (
            (
                shape["priority"] if name == "system" else " ",
                name.replace("_", " "),
                duration(timedelta(seconds=value["seconds"]), days=value["calendar"] is None),
                value["calendar"] or "every hour",
                value["origin"],
            )
            for shape in threshold_shapes(policy)
            for name, value in shape.items()
            if isinstance(value, dict)
        ),
        least=("COUNTED BY",),
    )
    window = policy.reopen_window
    last = "then it is resolved" if policy.resolve_silent else "then nothing more happens"
    told = f"told at {policy.near} % and when missed" if policy.watch_targets else "not told of"
    runs = "pause on the customer's turn" if policy.pause_targets else "run all the time"
    printing.line()
    printing.line(f"Who wins: {'; '.join(WHO_WINS)}.")
    printing.line(f"Targets are {told}; they {runs}.")
    printing.line(f"Reopened by an answer: {'for ever' if window is None else duration(window)}.")
    printing.line(f"Reminders after the first: {policy.client_reminders}; {last}.")


def threshold_shapes(policy: "Policy") -> list[dict[str, Any]]:
    """Return the thresholds of every priority as programs get them."""
    return [
        shape(row, policy.origins[priority], priority.value)
        for priority, row in policy.thresholds.items()
    ]


def shape(row: "Thresholds", origins: Mapping[str, str], priority: str) -> dict[str, Any]:
    """Return a row of thresholds as programs get it."""
    from mailgate.domain.policy import TIMES

    found: dict[str, Any] = {"priority": priority}
    for name in TIMES:
        length = getattr(row, name)
        found[name] = length and {
            "seconds": int(length.total_seconds()),
            "calendar": (row.calendar or None) if name in row.working else None,
            "origin": origins[name],
        }
    return found


def duration(length: timedelta, *, days: bool = True) -> str:
    """Return a duration as the configuration writes it, such as `1d12h`, or `36h` without `days`.

    Of working time a day is 24 hours, too, which nobody takes it for: so it is told in hours.
    """
    seconds, parts = int(length.total_seconds()), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))[not days :]:
        count, seconds = divmod(seconds, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


# --- rows that were set -------------------------------------------------------------------------


@command("rows", "mailgate thresholds rows", within=thresholds)
def thresholds_rows(json: AsJson = False, config: ConfigFile = None) -> None:
    """List the rows that were set, over the configuration."""
    from mailgate.store import thresholds as stored

    with opened(config) as app, app.database.read() as connection:
        rows = stored.rows(connection, app.settings.tenant_id)
    if json:
        printing.as_json([_row(row) for row in rows])
    elif not rows:
        printing.line("No row was set: the configuration holds.")
    else:
        printing.table(
            ("ROW", "TYPE", "LEVEL", "ACTIVE", "SETS"),
            (
                (
                    row.name,
                    row.type.value,
                    row.level.value,
                    "yes" if row.active else "no",
                    " ".join(f"{name}={_written(value)}" for name, value in row.values.items()),
                )
                for row in rows
            ),
            long=("SETS",),
        )


def _row(row: "Row") -> dict[str, Any]:
    values = {
        name: int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in row.values.items()
    }
    return {
        "name": row.name,
        "type": row.type.value,
        "level": row.level.value,
        "active": row.active,
        "values": values,
    }


def _written(value: object) -> str:
    if isinstance(value, timedelta):
        return duration(value)
    return ",".join(value) if isinstance(value, tuple) else str(value) or "none"


@command("init", "mailgate thresholds init --preset ticket_system", within=thresholds)
def thresholds_init(
    preset: Annotated[
        str, typer.Option(metavar="PRESET", help="Whose figures; see docs/configuration.md.")
    ] = "standard",
    config: ConfigFile = None,
) -> None:
    """Write a row for each priority and a global one, to be changed. Those that are there stay."""
    from mailgate.app import now
    from mailgate.desk import thresholds as rows
    from mailgate.domain.policy import PRESETS

    if preset not in PRESETS:
        raise Refused(f"there is no preset {preset!r}; there is {', '.join(PRESETS)}")
    with opened(config) as app:
        count = rows.preset(app.desk, preset, now())
        _followed(app, f"{count} rows of preset {preset} written.")


@command(
    "set",
    "mailgate thresholds set global system=8h client=2d",
    "mailgate thresholds set high calendar=office working=system,first_response",
    "mailgate thresholds set vip system=30m",
    "mailgate thresholds set vip --inactive",
    within=thresholds,
)
def thresholds_set(
    row: RowName,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=TIME]...",
            help="system, client, close, first_response, next_response, resolution; "
            "calendar=NAME or none; working=NAME,NAME.",
        ),
    ] = None,
    tenant: OfTenant = False,
    active: Annotated[
        bool | None,
        typer.Option(
            "--active/--inactive", help="An inactive row is passed over.", show_default=False
        ),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Set times of a row, over those of the configuration. Open tickets follow at once."""
    from mailgate.app import now
    from mailgate.desk import thresholds as rows
    from mailgate.domain.policy import RowType

    if not values and active is None:
        raise Refused("say what to set, such as system=2h")
    _, kind, name = _key(row, tenant=tenant)
    said = f"Row {name} is set."
    if kind is RowType.CUSTOM:
        said += (
            f" It is no priority: `mailgate thresholds assign NUMBER {name}` gives it to a ticket."
        )
    with opened(config) as app:
        policy = in_force(app)
        given = dict(_value(text, policy) for text in values or ())
        rows.put(app.desk, _key(row, tenant=tenant), given, now(), active=active)
        _followed(app, said)


@command(
    "unset",
    "mailgate thresholds unset high system",
    "mailgate thresholds unset vip",
    within=thresholds,
)
def thresholds_unset(
    row: RowName,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Which times; without any, the whole row."),
    ] = None,
    tenant: OfTenant = False,
    config: ConfigFile = None,
) -> None:
    """Take times of a row away, or the row. Open tickets follow at once."""
    from mailgate.app import now
    from mailgate.desk import thresholds as rows

    with opened(config) as app:
        which = tuple(_name(name) for name in names or ())
        rows.unset(app.desk, _key(row, tenant=tenant), which, now())
        _followed(app, f"{' '.join(which) or 'Row'} of {row} taken away.")


@command(
    "assign",
    "mailgate thresholds assign TKT-2026-00042 vip",
    "mailgate thresholds assign TKT-2026-00042 none",
    within=thresholds,
)
def thresholds_assign(
    number: Number,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A custom row, or none.")],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Give a ticket the times of a custom row. Its deadlines are worked out anew."""
    from mailgate.app import now
    from mailgate.desk import commands
    from mailgate.domain.events import PolicyChanged

    with opened(config) as app:
        custom = in_force(app).custom
        if name != "none" and name not in custom:
            known = ", ".join(sorted(custom)) or "none yet"
            raise Refused(f"there is no active custom row {name!r}; there is {known}")
        by = None if who is None else commands.member(app.settings.staff, who)
        ticket, at = find(app, number), now()
        event = PolicyChanged(
            at=at, actor=commands.actor(by), thresholds=None if name == "none" else name
        )
        printing.told(commands.carry_out(app.desk, ticket.id, event, at, note=note or None))


@command(
    "own",
    "mailgate thresholds own TKT-2026-00042 system=1h client=6h close=12h",
    "mailgate thresholds own TKT-2026-00042 none",
    within=thresholds,
)
def thresholds_own(
    number: Number,
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=TIME...",
            help="system, client, close, first_response, next_response, resolution; or none.",
        ),
    ],
    who: Who = None,
    note: Why = "",
    config: ConfigFile = None,
) -> None:
    """Give a ticket times that hold for it alone. Its deadlines are worked out anew."""
    steer(config, number, f"threshold {' '.join(values)}", who, note)


def _followed(app: "App", says: str) -> None:
    """Let open tickets follow the rules, and tell how many were looked at."""
    from mailgate.app import now

    count = app.clock.refresh(now())
    printing.line(f"{says} {count} open tickets looked at.")


def _key(name: str, *, tenant: bool) -> "tuple[Level, RowType, str]":
    """Return which row is meant. Raises Refused for what can be no name."""
    from mailgate.domain.model import Priority
    from mailgate.domain.policy import Level, RowType

    level = Level.TENANT if tenant else Level.GATEWAY
    word = name.strip().lower()
    if word == "global":
        return level, RowType.GLOBAL, word
    try:
        return level, RowType.PRIORITY, Priority(word).value
    except ValueError:
        pass
    plain = word.replace("_", "").replace("-", "")
    if not plain.isascii() or not plain.isalnum() or len(word) > 32 or word == "none":  # noqa: PLR2004 -- as the column is wide
        raise Refused(f"{name!r} is no name for a row: at most 32 letters, digits, - and _")
    return level, RowType.CUSTOM, word


def _name(text: str) -> str:
    from mailgate.domain.policy import SET
    from mailgate.domain.times import named

    return named(text, SET)


def _value(text: str, policy: "Policy") -> tuple[str, Any]:
    """Read `system=2h`, `calendar=office` or `working=system,client`. Raises Refused."""
    from mailgate.domain import times
    from mailgate.domain.policy import TIMES

    written, equals, value = text.partition("=")
    name = _name(written)
    if not equals or not value:
        raise Refused(f"{text!r} gives no value: write {name}=...")
    if name == "calendar":
        if value != "none" and value not in policy.calendars:
            known = ", ".join(policy.calendars) or "none in the configuration"
            raise Refused(f"there is no calendar {value!r}; there is {known}")
        return name, "" if value == "none" else value
    if name == "working":
        chosen = tuple(dict.fromkeys(_name(each) for each in value.split(",")))
        if not set(chosen) <= set(TIMES):
            raise Refused(f"a calendar counts times: {', '.join(TIMES)}")
        return name, chosen
    return name, times.length(value)
