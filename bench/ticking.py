"""What a tick costs that finds nothing due, and one that finds a hundred deadlines.

The clock of a desk is run by hand in this process, by a `now` years ahead: no time passes, and
none is spent on starting anything.
"""

import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from bench import process, seed
from mailgate.app import App
from mailgate.app.clockwork import Clockwork
from mailgate.cli.opening import opened
from mailgate.store import schema

_STEP = timedelta(minutes=10)  # less than what the clock takes for an outage
_BEFORE = timedelta(seconds=1)  # so that the first deadlines come no later after it than others
_SETTLING = 8  # steps after which it has got over the years that were left out
_LOOKS = 3  # ticks with nothing due for each of the others

Figures = dict[str, float]


def measure(config: Path, due: int, times: int) -> Figures:
    """Return the medians of ticks on a desk that nobody serves, in milliseconds.

    So many deadlines come due within less than what would be an outage, see `seed.APART`.
    """
    assert due * seed.APART <= _STEP
    with opened(config) as app:
        idle, busy = _ticks(app, due, times)
        app.send()  # or a gateway that serves this desk later would, while it is measured
    return _medians("idle", idle) | _medians("due", busy)


def _medians(name: str, ticks: list["_Took"]) -> Figures:
    return {
        f"{name}_ms": round(statistics.median(tick.wall for tick in ticks) * 1e3, 3),
        f"{name}_cpu_ms": round(statistics.median(tick.cpu for tick in ticks) * 1e3, 3),
        f"{name}_worst_ms": round(max(tick.wall for tick in ticks) * 1e3, 3),
    }


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds on the clock, and of this process's CPU."""

    wall: float
    cpu: float


def _ticks(app: App, due: int, times: int) -> tuple[list[_Took], list[_Took]]:
    """Return what ticks with nothing due took, and those with `due` deadlines."""
    idle: list[_Took] = []
    busy: list[_Took] = []
    at = _deadline(app, 1) - _BEFORE - _STEP * _SETTLING
    for _ in range(_SETTLING):
        at += _STEP
        _tick(app, at)
    for _ in range(times):
        idle += [_tick(app, at) for _ in range(_LOOKS)]
        at = _deadline(app, due)
        busy.append(_tick(app, at))
        assert _fired(app, at) >= due  # more where several deadlines of one ticket fall together
    return idle, busy


def _tick(app: App, at: datetime) -> _Took:
    clockwork = Clockwork(app, lambda: datetime.now(UTC))
    began, used = process.now(), time.process_time()
    clockwork.tick(at)
    took = _Took(process.now() - began, time.process_time() - used)
    assert _deadline(app, 1) > at, "a deadline was left"
    return took


def _deadline(app: App, n: int) -> datetime:
    """Return when the n-th of all deadlines to come is due."""
    table = schema.timer.c
    waiting = select(table.due_at).where(
        table.tenant_id == app.settings.tenant_id, table.fired_at.is_(None)
    )
    with app.database.read() as connection:
        found = connection.execute(waiting.order_by(table.due_at).limit(1).offset(n - 1))
        deadline: datetime = found.scalar_one()
    return deadline


def _fired(app: App, at: datetime) -> int:
    """Return how many deadlines were acted on at an instant."""
    query = select(func.count()).where(schema.timer.c.fired_at == at)
    with app.database.read() as connection:
        return connection.execute(query).scalar_one()
