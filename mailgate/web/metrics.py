"""What Prometheus scrapes: tables of gauges and counters.

The gauges are read from the store. The counters come from the log, which names every fact once:
its lines are counted in all processes of the gateway together, whatever `[log] level` leaves out,
and a process that ended takes nothing with it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mailgate.desk.telling import LATENCY
from mailgate.domain.canary import Rounds
from mailgate.log import EVENTS, written
from mailgate.store.backlog import Backlog
from mailgate.web.stored import Stored
from mailgate.web.watch import Seen

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sample:
    """What a scrape finds: the store as it was last seen, and the lines of the log by name.

    `latency` is how many canaries took no longer than each bound, and how long all took together.
    """

    now: datetime
    seen: Seen[Stored]
    written: Mapping[str, int]
    latency: tuple[list[tuple[str, float]], float]


def sample(seen: Seen[Stored], now: datetime) -> Sample:
    """Return what there is to tell."""
    return Sample(now, seen, written(), LATENCY.read())


# --- gauges ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure; `read` gives None where there is none."""

    name: str
    meaning: str
    read: Callable[[Sample], float | None]


def _count(count: Callable[[Backlog], int]) -> Callable[[Sample], float | None]:
    def read(sample: Sample) -> float | None:
        return None if sample.seen.value is None else count(sample.seen.value.backlog)

    return read


def _age(begin: Callable[[Backlog], datetime | None]) -> Callable[[Sample], float | None]:
    """Return the reader of an age in seconds; 0 where nothing waits."""

    def read(sample: Sample) -> float | None:
        if sample.seen.value is None:
            return None
        since = begin(sample.seen.value.backlog)
        return 0.0 if since is None else _seconds(sample, since)

    return read


def _seconds(sample: Sample, since: datetime) -> float:
    return max(0.0, (sample.now - since).total_seconds())


def _clock_lag(sample: Sample) -> float | None:
    seen_at = None if sample.seen.value is None else sample.seen.value.clock_seen_at
    return None if seen_at is None else _seconds(sample, seen_at)


def _canary(sample: Sample, read: Callable[[Rounds], float | None]) -> float | None:
    rounds = None if sample.seen.value is None else sample.seen.value.canaries
    return None if rounds is None else read(rounds)


def _last_seen(rounds: Rounds) -> float | None:
    back_at = None if rounds.home is None else rounds.home.back_at
    return None if back_at is None else back_at.timestamp()


GAUGES = (
    Gauge(
        "mailgate_database_up",
        "Whether the database answers: 1 or 0. At 0 the other gauges are those of the last look.",
        lambda sample: float(sample.seen.fault is None),
    ),
    Gauge(
        "mailgate_figures_age_seconds",
        "How long ago the gauges were read from the database; missing, as they are, until then.",
        lambda sample: None if sample.seen.value is None else sample.seen.age,
    ),
    Gauge(
        "mailgate_mails_pending",
        "Mails that are stored and not yet processed.",
        _count(lambda backlog: backlog.pending),
    ),
    Gauge(
        "mailgate_mails_oldest_pending_seconds",
        "How long the oldest of them has waited; 0: none waits.",
        _age(lambda backlog: backlog.oldest_pending),
    ),
    Gauge(
        "mailgate_mails_parked",
        "Mails that could not be processed; `mailgate failed` lists them.",
        _count(lambda backlog: backlog.parked),
    ),
    Gauge(
        "mailgate_mails_quarantined",
        "Mails that the spam filter in front has marked.",
        _count(lambda backlog: backlog.quarantined),
    ),
    Gauge(
        "mailgate_notices_unsent",
        "Mails of ours that have not left yet, also those that wait for the end of quiet hours.",
        _count(lambda backlog: backlog.unsent),
    ),
    Gauge(
        "mailgate_notices_oldest_unsent_seconds",
        "How long the oldest of them has waited, quiet hours not counted; 0: none waits.",
        _age(lambda backlog: backlog.oldest_unsent),
    ),
    Gauge(
        "mailgate_notices_unknown",
        "Mails that may or may not have left, and wait for a person.",
        _count(lambda backlog: backlog.unknown),
    ),
    Gauge(
        "mailgate_delivery_broken",
        "Whether the smarthost, or the Maildir, of any node takes no mail: 1 or 0.",
        lambda sample: None if sample.seen.value is None else float(bool(sample.seen.value.broken)),
    ),
    Gauge(
        "mailgate_clock_lag_seconds",
        "Time since the deadlines were last looked at, on any node; noted every four minutes.",
        _clock_lag,
    ),
    Gauge(
        "mailgate_deadlines_lag_seconds",
        "How long ago the first deadline passed that nothing was done about yet; 0: none has. "
        "After an outage those that write to customers wait an hour.",
        _age(lambda backlog: backlog.oldest_due),
    ),
    Gauge(
        "mailgate_canary_missing",
        "Whether the alarm lasts that a canary has not come back: 1 or 0; only with [canary].",
        lambda sample: _canary(sample, lambda rounds: float(rounds.missing is not None)),
    ),
    Gauge(
        "mailgate_canary_last_seen_timestamp_seconds",
        "When the newest canary that has come back did so, in seconds since 1970.",
        lambda sample: _canary(sample, _last_seen),
    ),
)
"""Every gauge, in the order in which they are written."""


LAG = "mailgate_mailbox_lag_seconds"
_LAG_MEANS = "Time since the last full look at a shared mailbox, on any node; missing before it."


JOB_AT = "mailgate_job_last_run_timestamp_seconds"
_JOB_AT_MEANS = "When a job last began, on any node, in seconds since 1970."
JOB_TOOK = "mailgate_job_duration_seconds"
_JOB_TOOK_MEANS = "How long its last run took."
JOB_DID = "mailgate_job_last_result"
_JOB_DID_MEANS = "What its last run did, as `mailgate jobs --json` names it; missing if it failed."
JOB_FAILED = "mailgate_job_last_failed"
_JOB_FAILED_MEANS = "Whether its last run failed: 1 or 0."


def _jobs(sample: Sample) -> Iterator[GaugeMetricFamily]:
    began = GaugeMetricFamily(JOB_AT, _JOB_AT_MEANS, labels=["job"])
    took = GaugeMetricFamily(JOB_TOOK, _JOB_TOOK_MEANS, labels=["job"])
    did = GaugeMetricFamily(JOB_DID, _JOB_DID_MEANS, labels=["job", "what"])
    failed = GaugeMetricFamily(JOB_FAILED, _JOB_FAILED_MEANS, labels=["job"])
    for name, run in ({} if sample.seen.value is None else sample.seen.value.jobs).items():
        began.add_metric([name], run.began_at.timestamp())
        took.add_metric([name], run.took_ms / 1000)
        failed.add_metric([name], float(bool(run.fault)))
        for what, count in ({} if run.fault else run.result).items():
            did.add_metric([name, what], count)
    yield from (began, took, did, failed)


TICKETS = "mailgate_tickets"
_TICKETS_MEANS = "Tickets by automation status, as the job `dashboard` last counted them."
WORKLOAD = "mailgate_workload_tickets"
_WORKLOAD_MEANS = "What each agent holds on the desk's turn, as the job `workload` counted last."


def _counts(sample: Sample) -> Iterator[GaugeMetricFamily]:
    tickets = GaugeMetricFamily(TICKETS, _TICKETS_MEANS, labels=["status"])
    loads = GaugeMetricFamily(WORKLOAD, _WORKLOAD_MEANS, labels=["agent"])
    if sample.seen.value is not None:
        for status, count in sample.seen.value.tickets.items():
            tickets.add_metric([status], count)
        for agent, count in sample.seen.value.loads.items():
            loads.add_metric([agent], count)
    yield tickets
    yield loads


def _lags(sample: Sample) -> GaugeMetricFamily:
    family = GaugeMetricFamily(LAG, _LAG_MEANS, labels=["mailbox"])
    watched = {} if sample.seen.value is None else sample.seen.value.mailboxes
    for name, state in watched.items():
        if state.looked_at is not None:
            family.add_metric([name], _seconds(sample, state.looked_at))
    return family


# --- counters -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counter:
    """How often something happened: `lines` are lines of the log, by the value of `label`.

    Without a label there is one value, the empty one.
    """

    name: str
    meaning: str
    label: str
    lines: Mapping[str, tuple[str, ...]]


def _one(name: str, meaning: str, line: str) -> Counter:
    return Counter(name, meaning, "", {"": (line,)})


COUNTERS = (
    _one(
        "mailgate_mails_accepted", "Mails that were stored and answered with 250.", "mail.accepted"
    ),
    _one("mailgate_mails_refused", "Mails or recipients that were refused.", "mail.refused"),
    Counter(
        "mailgate_mails_processed",
        "Mails by how they ended.",
        "state",
        {
            "opened": ("mail.opened",),
            "threaded": ("mail.threaded",),
            "commands_only": ("mail.commands_only", "mail.command_refused", "mail.sent_back"),
            "report": ("mail.report",),
            "suppressed": ("mail.suppressed",),
            "quarantined": ("mail.quarantined",),
            "parked": ("mail.parked",),
        },
    ),
    Counter(
        "mailgate_deliveries",
        "Attempts to send a mail, by result; `suppressed` were held back and not tried.",
        "result",
        {
            result: (f"notice.{result}",)
            for result in ("sent", "later", "never", "unknown", "suppressed")
        },
    ),
    Counter(
        "mailgate_logins",
        "Logins of agents at the submission port, by result; `throttled` were not looked at.",
        "result",
        {result: (f"login.{result}",) for result in ("accepted", "failed", "throttled")},
    ),
    _one(
        "mailgate_database_errors",
        "How often the database did not answer who needed it.",
        "database.unavailable",
    ),
    _one("mailgate_clock_ticks", "How often the deadlines were looked at.", "clock.tick"),
    _one("mailgate_job_failures", "Jobs of the scheduler that failed.", "job.failed"),
    _one(
        "mailgate_process_failures",
        "Processes of the gateway that ended by themselves and were begun anew.",
        "process.ended",
    ),
    _one("mailgate_canaries_sent", "Canaries that were sent.", "canary.sent"),
    _one("mailgate_canaries_returned", "Canaries that came back.", "canary.returned"),
    _one("mailgate_canary_alarms", "How often the alarm was raised.", "canary.missing"),
)
"""What is counted beside the lines of the log, each from some of them; `_total` is added."""

LINES = "mailgate_log_lines"
LATENCIES = "mailgate_canary_latency_seconds"
_OF_A_HISTOGRAM = ("_bucket", "_sum", "_count")


def names() -> frozenset[str]:
    """Return the name of every figure of ours as it is scraped."""
    counters = (*(counter.name for counter in COUNTERS), LINES)
    latencies = {LATENCIES + part for part in _OF_A_HISTOGRAM}
    labelled = {LAG, JOB_AT, JOB_TOOK, JOB_DID, JOB_FAILED, TICKETS, WORKLOAD}
    gauges = {gauge.name for gauge in GAUGES} | labelled
    return frozenset(gauges | {f"{name}_total" for name in counters} | latencies)


# --- the exposition -------------------------------------------------------------------------------


class Metrics:
    """The figures of one gateway; `look` takes a sample, and must not wait for long."""

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
        """Yield each gauge that has a value, lags, jobs, counts, counters, histogram, lines."""
        sample = self._look()
        for gauge in GAUGES:
            value = gauge.read(sample)
            if value is not None:
                yield GaugeMetricFamily(gauge.name, gauge.meaning, value=value)
        yield _lags(sample)
        yield from _jobs(sample)
        yield from _counts(sample)
        for counter in COUNTERS:
            yield _counted(counter, sample.written)
        buckets, total = sample.latency
        yield HistogramMetricFamily(
            LATENCIES, "How long canaries took to come round.", buckets, total
        )
        lines = {name: (name,) for name in EVENTS}
        yield _counted(Counter(LINES, "Lines of the log by name.", "name", lines), sample.written)


def _counted(counter: Counter, written: Mapping[str, int]) -> CounterMetricFamily:
    labels = [counter.label] if counter.label else []
    family = CounterMetricFamily(counter.name, counter.meaning, labels=labels)
    for value, lines in counter.lines.items():
        family.add_metric([value] if labels else [], sum(written.get(line, 0) for line in lines))
    return family


# --- the page -------------------------------------------------------------------------------------

_PREFACE = """\
# What can be measured

<!-- Written by `mailgate.web.metrics.reference()`; a test compares. -->

`GET /metrics` on the HTTP port answers in the text format of Prometheus. These names are stable.
[prometheus-alerts.yml](../deploy/prometheus-alerts.yml) has rules for what somebody must see to.

`GET /healthz` answers 200 while every part of the gateway works, else 503 with what does not; its
JSON also says which desk it is (`desk`, its address, and `identity`, which no other has) and by
which `configuration` it goes (a digest without secrets; `mailgate check` compares).
`GET /readyz` answers 200 while a mail that is sent now would be taken, else 503 with what is in the
way: what a load balancer should ask. Both answer in JSON, or as plain text where `Accept` asks for
text. None of the three waits for the database: one that does not answer within half a second is
named, and the figures are those of the last look.

## Gauges

Read from the database, and so the same on every node that shares it.

| name | what it says |
| --- | --- |
"""

_COUNTED = """
## Counters

Of this node since its start, all its processes together.

| name | what it counts |
| --- | --- |
"""

_POSTFACE = """
Every name of [the log](logging.md) is counted, those too that `[log] level` leaves out: each fact
that is worth a line is worth an alarm.

Memory, CPU time and open files come along as `process_…`; they are those of the process that
serves HTTP.
"""


def reference() -> str:
    """Return docs/metrics.md: every figure with its meaning."""
    gauges = (f"| `{gauge.name}` | {gauge.meaning} |\n" for gauge in GAUGES)
    counters = (f"| `{_shown(each)}` | {each.meaning} |\n" for each in COUNTERS)
    lines = (
        f"| `{LATENCIES}` | A histogram: how long canaries took to come round. |\n"
        f'| `{LINES}_total{{name="…"}}` | Lines of the log by name. |\n'
    )
    labelled = (
        f'| `{LAG}{{mailbox="…"}}` | {_LAG_MEANS} |\n'
        f'| `{JOB_AT}{{job="…"}}` | {_JOB_AT_MEANS} |\n'
        f'| `{JOB_TOOK}{{job="…"}}` | {_JOB_TOOK_MEANS} |\n'
        f'| `{JOB_DID}{{job="…",what="…"}}` | {_JOB_DID_MEANS} |\n'
        f'| `{JOB_FAILED}{{job="…"}}` | {_JOB_FAILED_MEANS} |\n'
        f'| `{TICKETS}{{status="…"}}` | {_TICKETS_MEANS} |\n'
        f'| `{WORKLOAD}{{agent="…"}}` | {_WORKLOAD_MEANS} |\n'
    )
    return "".join((_PREFACE, *gauges, labelled, _COUNTED, *counters, lines, _POSTFACE))


def _shown(counter: Counter) -> str:
    values = "\\|".join(counter.lines)
    label = f'{{{counter.label}="{values}"}}' if counter.label else ""
    return f"{counter.name}_total{label}"
