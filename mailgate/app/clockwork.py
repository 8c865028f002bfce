"""What is done at intervals, and what is told of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

from mailgate.delivery.stint import RESULTS
from mailgate.desk.assignment import Patience, assign_waiting, reassign_inactive
from mailgate.desk.canary import Keeper
from mailgate.desk.clock import Tick
from mailgate.desk.digest import Digests
from mailgate.desk.figures import Figures
from mailgate.desk.monthly import Reports
from mailgate.domain.canary import Pace
from mailgate.domain.caps import HOUR
from mailgate.domain.events import TimerKind
from mailgate.domain.figures import follows, is_due, is_stale
from mailgate.errors import Refused
from mailgate.log import log
from mailgate.roles import NodeRole
from mailgate.scheduler import Job, Run, Scheduler, run_once
from mailgate.store import jobs, outbox
from mailgate.store.figures import DASHBOARD, PERFORMANCE, WORKLOAD
from mailgate.store.jobs import LastRun

if TYPE_CHECKING:
    from mailgate.app import App

_HELD = timedelta(minutes=1)
"""A mail that waits for longer than this is worth a line when the clock waits for it."""
_DIGEST_LOOK = timedelta(minutes=1)
"""How late digests may be."""
_REPORT_LOOK = timedelta(minutes=15)
"""How late a monthly report may be."""
_CANARY_LOOK = timedelta(minutes=1)
"""How late an alarm may be."""
_RULES_EVERY = timedelta(seconds=1)
_RULES_BATCHES = 10
"""About a second of work in each, in which deadlines wait and the gateway cannot stop."""
_CHANGES_LOOK = timedelta(seconds=5)
"""How late figures may be that follow what happens, where they cost little."""
_FIGURES_LOOK = timedelta(minutes=1)
"""How late figures may be that do not."""
_DAY = timedelta(days=1)
_SLA = ("approaching_sla", "breached_sla")
_SWITCHES = {
    "assignment": "[assignment] automatic",
    "reassignment": "[assignment] inactive_after",
    "canary": "[canary] every",
    "digest": "[jobs] digest",
    "monthly_report": "[jobs] monthly_report",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A job, how often it runs (None: by hand alone), and how it last went, if it ever ran.

    What is done all the time runs every 0 seconds.
    """

    name: str
    every: timedelta | None
    last: LastRun | None


class Clockwork:
    """The jobs of one gateway."""

    def __init__(self, app: "App", now: Callable[[], datetime]) -> None:
        self._app = app
        self._now = now
        self._holding: datetime | None = None
        self._alarmed: datetime | None = None

    def scheduler(self) -> Scheduler:
        """Return what runs the jobs, at the intervals that are configured."""
        return Scheduler(self.jobs(), self.note, self._now)

    def jobs(self) -> dict[str, Job]:
        """Return name -> each job for which there is something to do in this desk."""
        config = self._app.config
        jobs = [
            Job("rules", _RULES_EVERY, self._follow_rules, lambda done: not done["followed"]),
            Job("deadlines", config.jobs.deadlines, lambda: self.tick(self._now())),
            Job("sla", config.jobs.deadlines, self._look_at_targets, timed=False),
            Job("outbox", timedelta(0), self._send, timed=False),
            *self._figures(),
        ]
        if config.assignment.automatic:
            jobs.append(Job("assignment", config.jobs.assignment, self._assign_waiting))
        inactive = config.assignment.inactive_after
        if inactive is not None:
            calendars = self._app.settings.policy.calendars
            patience = Patience(inactive, calendars.get(config.assignment.inactive_in or ""))
            every = config.jobs.reassignment
            jobs.append(Job("reassignment", every, lambda: self._reassign(patience)))
        canary = config.canary
        if canary.every is not None:
            keeper = Keeper(self._app.desk, Pace(canary.every, canary.within), self._now())
            often = min(canary.every, canary.within, _CANARY_LOOK)
            jobs.append(Job("canary", often, lambda: self._look_for_canaries(keeper)))
        if config.jobs.digest is not None:
            digests = Digests(self._app.desk, config.jobs.digest, self._numbers)
            jobs.append(Job("digest", _DIGEST_LOOK, lambda: self._write_digests(digests)))
        if config.jobs.monthly_report is not None:
            reports = Reports(self._app.desk, config.jobs.monthly_report)
            jobs.append(Job("monthly_report", _REPORT_LOOK, lambda: self._report(reports)))
        return {job.name: job for job in jobs}

    def _figures(self) -> Iterator[Job]:
        """Yield the jobs that keep figures ready."""
        jobs, figures = self._app.config.jobs, Figures(self._app.desk)
        look = _CHANGES_LOOK if jobs.refresh_on_change else _FIGURES_LOOK
        for name, every, run in (
            (WORKLOAD, jobs.workload, figures.workload),
            (DASHBOARD, jobs.dashboard, figures.dashboard),
        ):
            wanted = partial(self._is_stale, figures, name, every or _DAY)
            yield Job(name, every, partial(self._at_now, run), wanted=wanted, look=look)
        at = jobs.performance
        yield Job(
            PERFORMANCE,
            None if at is None else _DAY,
            partial(self._at_now, figures.performance),
            wanted=lambda: at is not None and self._is_due(figures, at),
            look=_FIGURES_LOOK,
        )

    def _at_now(self, run: Callable[[datetime], dict[str, int]]) -> dict[str, int]:
        return run(self._now())

    def _is_stale(self, figures: Figures, name: str, every: timedelta) -> bool:
        (built, newest), now = figures.built(name), self._now()
        changed = self._app.config.jobs.refresh_on_change and follows(built, now, newest)
        return changed or is_stale(built, now, every)

    def _is_due(self, figures: Figures, at: time) -> bool:
        built, _ = figures.built(PERFORMANCE)
        return is_due(built, at, self._now(), self._app.settings.zone)

    def listed(self) -> list[Listed]:
        """Return every job, with its last run on any node."""
        with self._app.database.read() as connection:
            runs = jobs.last(connection, self._app.settings.tenant_id)
        return [Listed(job.name, job.every, runs.get(job.name)) for job in self.jobs().values()]

    def run(self, name: str) -> Listed:
        """Run a job now; return how it went. Raises `Refused` where there is none of that name."""
        known = self.jobs()
        if name not in known:
            off = f"; it is off: set {_SWITCHES[name]}" if name in _SWITCHES else ""
            raise Refused(f"there is no job {name!r} here; there are {', '.join(known)}{off}")
        return Listed(name, known[name].every, self.note(run_once(known[name], self._now)))

    def note(self, run: Run) -> LastRun:
        """Write down how a job went, for whoever asks; return what was written.

        What the deadlines did about targets stands by itself.
        """
        took_ms = round(run.took / timedelta(milliseconds=1))
        last = LastRun(run.job, self._app.node, run.began_at, took_ms, run.result, run.fault)
        runs = [last]
        if run.job == "deadlines":
            about = {name: count for name, count in run.result.items() if name in _SLA}
            rest = {name: count for name, count in run.result.items() if name not in _SLA}
            last = replace(last, result=rest)
            runs = [last, replace(last, name="sla", result=about)]
        with self._app.database.write() as connection:
            for each in runs:
                jobs.note(connection, self._app.settings.tenant_id, each)
        return last

    def _look_at_targets(self) -> dict[str, int]:
        """Run the deadlines, of which the targets are a part; return what was done about these."""
        done = self.tick(self._now())
        return {name: done[name] for name in _SLA}

    def _send(self) -> dict[str, int]:
        """Send what waits, as a gateway does all the time; return how that went."""
        done = self._app.send()
        return {name: done.get(name, 0) for name in RESULTS.values()}

    def _follow_rules(self) -> dict[str, int]:
        """Let open tickets follow rules that were changed before this start, some at a time.

        A million of them take a quarter of an hour; mail and deadlines do not wait for that. A
        ticket to which something happens meanwhile goes by the new rules at once.
        """
        return {"followed": self._app.clock.refresh(self._now(), _RULES_BATCHES)}

    def _assign_waiting(self) -> dict[str, int]:
        """Give what nobody holds to agents."""
        done = assign_waiting(self._app.desk, self._now())
        if done.assigned or done.waiting:
            facts = {"assigned": done.assigned, "waiting": done.waiting, "agents": done.agents}
            log("assignment.done", **facts)
            self._app.bells.ring(NodeRole.DELIVER)
        found = done.assigned + done.waiting
        return {"assigned": done.assigned, "found": found, "total_agents": done.agents}

    def _reassign(self, patience: Patience) -> dict[str, int]:
        """Give what inactive agents hold to others."""
        done = reassign_inactive(self._app.desk, self._now(), patience)
        if done.moved or done.staying:
            facts = {"moved": done.moved, "staying": done.staying, "agents": done.inactive}
            log("reassignment.done", **facts)
            self._app.bells.ring(NodeRole.DELIVER)
        found = done.moved + done.staying
        return {"moved": done.moved, "found": found, "inactive_agents": done.inactive}

    def tick(self, at: datetime) -> dict[str, int]:
        """Act on every deadline that is due at `at`, and have what follows sent."""
        done = self._app.clock.tick(at)
        if done.steps:
            self._app.bells.ring(NodeRole.DELIVER)
        log("clock.tick", due=len(done.steps))
        self._tell_waiting(done)
        self._tell_flood(done.at)
        return _did(done)

    def ticked(self, done: Tick) -> None:
        """Write down a tick that somebody else than the scheduler has run, such as cron."""
        self.note(Run("deadlines", done.at, self._now() - done.at, _did(done), ""))

    def _tell_waiting(self, done: Tick) -> None:
        """Log what the clock could not do yet, an outage once."""
        if done.at - done.horizon > _HELD:
            log("clock.held", since=done.horizon)
        if done.hold_until not in (None, self._holding):
            log("clock.outage", until=done.hold_until)
        self._holding = done.hold_until

    def _tell_flood(self, at: datetime) -> None:
        """Log, once an hour, that acknowledgements are held back from unknown senders."""
        if self._alarmed is not None and timedelta(0) <= at - self._alarmed < HOUR:
            return
        with self._app.database.read() as connection:
            held = outbox.to_strangers(
                connection, self._app.settings.tenant_id, at - HOUR, held=True
            )
        if held:
            log("acknowledgements.held", count=held, limit=self._app.settings.caps.strangers_hour)
            self._alarmed = at

    def _numbers(self, text: str) -> tuple[str, ...]:
        """Return the ticket numbers in a text; what finds them is built when it is needed."""
        return self._app.reader.numbers(text)

    def _write_digests(self, digests: Digests) -> dict[str, int]:
        written = digests.look(self._now())
        if written:
            self._app.bells.ring(NodeRole.DELIVER)
        return {"written": written}

    def _report(self, reports: Reports) -> dict[str, int]:
        written = reports.look(self._now())
        if written:
            self._app.bells.ring(NodeRole.DELIVER)
        return {"written": written}

    def _look_for_canaries(self, keeper: Keeper) -> dict[str, int]:
        found = keeper.look(self._now())
        self._app.bells.ring(NodeRole.DELIVER)
        return {"sent": int(found.send), "late": len(found.late)}


def _did(done: Tick) -> dict[str, int]:
    """Return what a tick did, in numbers."""
    told = Counter(step.timer for step in done.steps)
    wanted = ("approval_wanted to",)
    asked = [
        step
        for step in done.steps
        if step.timer is TimerKind.ESCALATION and any(n.startswith(wanted) for n in step.notices)
    ]
    return {
        "acted_on": len(done.steps),
        "approaching_sla": told[TimerKind.TARGET_NEAR],
        "breached_sla": told[TimerKind.TARGET_MISSED],
        "escalated": told[TimerKind.ESCALATION] - len(asked),
        "approvals_asked": len(asked),
        "approvals_expired": told[TimerKind.APPROVAL_EXPIRED],
    }
