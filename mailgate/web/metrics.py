"""What Prometheus scrapes: a table of gauges, and how often each line of the log was written.

The log names every fact once, so its names serve as counters too: accepted mails, deliveries by
result, trouble with the database. The gauges are read from the store at each scrape.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mailgate.errors import MailgateError
from mailgate.log import EVENTS, log, written
from mailgate.store import backlog, heartbeat, mailboxes
from mailgate.store.backlog import Backlog
from mailgate.store.db import Database

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sample:
    """What a scrape finds; `looked_at` is the last full look at each shared mailbox.

    `backlog` and `clock_seen_at` None: the database does not answer. `clock_seen_at` is None too
    where the clock has never run.
    """

    now: datetime
    backlog: Backlog | None
    clock_seen_at: datetime | None
    written: Mapping[str, int]
    looked_at: Mapping[str, datetime] = field(default_factory=dict)


def sample(
    database: Database, tenant_id: int, now: datetime, names: Collection[str] = ()
) -> Sample:
    """Look at the store; one that does not answer is part of what is found."""
    try:
        with database.read() as connection:
            waiting = backlog.read(connection, tenant_id)
            seen_at = heartbeat.last(connection).seen_at
            states = mailboxes.states(connection, tenant_id, names) if names else {}
    except MailgateError as error:
        log("database.unavailable", where="metrics", error=str(error))
        return Sample(now, None, None, written())
    looks = {name: state.looked_at for name, state in states.items() if state.looked_at}
    return Sample(now, waiting, seen_at, written(), looks)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure; `read` gives None where there is none."""

    name: str
    meaning: str
    read: Callable[[Sample], float | None]


def _count(name: str) -> Callable[[Sample], float | None]:
    return lambda sample: None if sample.backlog is None else getattr(sample.backlog, name)


def _age(name: str) -> Callable[[Sample], float | None]:
    """Return the reader of an age in seconds; 0 where nothing waits."""

    def read(sample: Sample) -> float | None:
        if sample.backlog is None:
            return None
        return _seconds(sample, getattr(sample.backlog, name) or sample.now)

    return read


def _seconds(sample: Sample, since: datetime) -> float:
    return max(0.0, (sample.now - since).total_seconds())


def _clock_lag(sample: Sample) -> float | None:
    return None if sample.clock_seen_at is None else _seconds(sample, sample.clock_seen_at)


GAUGES = (
    Gauge(
        "mailgate_database_up",
        "Whether the database answers: 1 or 0. At 0 the other gauges are missing.",
        lambda sample: float(sample.backlog is not None),
    ),
    Gauge(
        "mailgate_mails_pending", "Mails that are stored and not yet processed.", _count("pending")
    ),
    Gauge(
        "mailgate_mails_oldest_pending_seconds",
        "How long the oldest of them has waited; 0: none waits.",
        _age("oldest_pending"),
    ),
    Gauge(
        "mailgate_mails_parked",
        "Mails that could not be processed; `mailgate failed` lists them.",
        _count("parked"),
    ),
    Gauge(
        "mailgate_mails_quarantined",
        "Mails that the spam filter in front has marked.",
        _count("quarantined"),
    ),
    Gauge("mailgate_notices_unsent", "Mails of ours that have not left yet.", _count("unsent")),
    Gauge(
        "mailgate_notices_oldest_unsent_seconds",
        "How long the oldest of them has waited; 0: none waits.",
        _age("oldest_unsent"),
    ),
    Gauge(
        "mailgate_notices_unknown",
        "Mails that may or may not have left, and wait for a person.",
        _count("unknown"),
    ),
    Gauge(
        "mailgate_clock_lag_seconds",
        "Time since the deadlines were last looked at, on any node; noted every four minutes.",
        _clock_lag,
    ),
)
"""Every gauge, in the order in which they are written."""

COUNTER = "mailgate_log_lines"
LAG = "mailgate_mailbox_lag_seconds"
_LAG_MEANS = "Time since the last full look at a shared mailbox, whichever node watches it."


class Metrics:
    """The figures of one gateway; `look` takes a sample, and must not raise."""

    def __init__(self, look: Callable[[], Sample]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Collector(look))
        ProcessCollector(registry=self._registry)

    def exposition(self) -> bytes:
        """Return the figures in the text format of Prometheus."""
        return generate_latest(self._registry)


class _Collector(Collector):
    def __init__(self, look: Callable[[], Sample]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        """Yield each gauge that has a value, and the lines of the log by name."""
        sample = self._look()
        for gauge in GAUGES:
            value = gauge.read(sample)
            if value is not None:
                yield GaugeMetricFamily(gauge.name, gauge.meaning, value=value)
        lag = GaugeMetricFamily(LAG, _LAG_MEANS, labels=["mailbox"])
        for name, looked_at in sample.looked_at.items():
            lag.add_metric([name], _seconds(sample, looked_at))
        if lag.samples:
            yield lag
        lines = CounterMetricFamily(COUNTER, "Lines of the log by their name.", labels=["name"])
        for name in EVENTS:
            lines.add_metric([name], sample.written.get(name, 0))
        yield lines


_PREFACE = """\
# What can be measured

<!-- Written by `mailgate.web.metrics.reference()`; a test compares. -->

`GET /metrics` on the HTTP port answers in the text format of Prometheus. These names are stable.
Memory, CPU time and open files of the process come along as `process_…`.

`GET /healthz` answers 200 while every part of the gateway works, else 503 with what does not.
`GET /readyz` answers 200 while a mail that is sent now would be taken, else 503: what a load
balancer should ask.

| name | what it says |
| --- | --- |
"""

_POSTFACE = f"""\
| `{LAG}{{mailbox="…"}}` | {_LAG_MEANS} |
| `{COUNTER}_total{{name="…"}}` | Lines of the log by their name since the start, those too that `[log] level` leaves out. |

Every name of [the log](logging.md) is counted, so each fact that is worth a line is worth an alarm:

- mails taken in: `mail.accepted`; refused: `mail.refused`
- deliveries by result: `notice.sent`, `notice.later`, `notice.never`, `notice.unknown`, `notice.suppressed`
- trouble with the database: `database.unavailable`; with a job: `job.failed`

Worth waking somebody for: `mailgate_database_up == 0`; `mailgate_mails_oldest_pending_seconds > 300`;
`mailgate_notices_oldest_unsent_seconds > 3600`; `mailgate_clock_lag_seconds > 900`;
`{LAG} > 600`; any increase of `mailgate_mails_parked`.
"""  # noqa: E501 - rows of a table


def reference() -> str:
    """Return docs/metrics.md: every figure with its meaning."""
    rows = (f"| `{gauge.name}` | {gauge.meaning} |\n" for gauge in GAUGES)
    return _PREFACE + "".join(rows) + _POSTFACE
