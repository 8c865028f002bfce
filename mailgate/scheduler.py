"""The ticker behind the clock: runs each job at its interval, and survives every job.

Real due times are columns in the store; this only asks, often enough, what is due. The intervals
are measured on a clock that nobody sets: summer time and steps of the system's clock change
nothing. A job that raises is logged and run again at its next interval, and one that takes long,
or for ever, holds up no other.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import schedule

from mailgate.errors import MailgateError
from mailgate.log import log

LONG = timedelta(minutes=10)
"""A job that takes longer is told of, once a run."""
PATIENCE = timedelta(seconds=10)
"""How long a stop waits for the jobs that run: others are waiting to be stopped in order."""


@dataclass(frozen=True, slots=True)
class Job:
    """A thing to do at intervals; without one it is done by hand alone.

    `run` returns what it did, in numbers; it need not run again once `over` holds for that. One
    that knows itself when there is something to do is asked whether it is `wanted`, each time that
    `look` has passed (None: `every`), and else does nothing that would be written down. What is
    not `timed` happens elsewhere: here it is listed, and done by hand.
    """

    name: str
    every: timedelta | None
    run: Callable[[], Mapping[str, int]]
    over: Callable[[Mapping[str, int]], bool] = lambda _done: False
    wanted: Callable[[], bool] = lambda: True
    look: timedelta | None = None
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """How a job went: what it did, or the fault that ended it. `began_at` is aware, in UTC."""

    job: str
    began_at: datetime
    took: timedelta
    result: Mapping[str, int]
    fault: str


class Scheduler:
    """Runs jobs, each in a thread of its own; `note` is told of every run.

    `now` is the time as people have it; `steady` gives seconds that never jump and never go back.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        note: Callable[[Run], object],
        now: Callable[[], datetime],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._schedule = _SteadySchedule(steady)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        timed = [
            (job, job.look or job.every)
            for job in jobs.values()
            if job.timed and job.every is not None
        ]
        self._pool = ThreadPoolExecutor(max(1, len(timed)), "job")
        self._works = [_Work(job, self._pool, note, now, steady) for job, _ in timed]
        for work, (_, every) in zip(self._works, timed, strict=True):
            seconds = max(1, int(every.total_seconds()))
            self._schedule.every(seconds).seconds.do(work.begin)

    def start(self) -> None:
        """Run every job once, then each at its interval."""
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Let the jobs that run finish, within reason, and stop; what goes on is told."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        wait(self.running.values(), PATIENCE.total_seconds())
        for name, run in self.running.items():
            if not run.done():
                log("job.still_running", job=name, seconds=round(PATIENCE.total_seconds()))
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def running(self) -> dict[str, Future[None]]:
        """Return name -> the last run that was begun of each job that ever was."""
        return {work.name: work.running for work in self._works if work.running is not None}

    def begin_pending(self) -> None:
        """Have the jobs run whose time has come."""
        self._schedule.run_pending()

    def run_pending(self) -> None:
        """Run the jobs whose time has come, and return when they have ended."""
        self.begin_pending()
        wait(self.running.values())

    def _run(self) -> None:
        while not self._stop.is_set():
            self.begin_pending()
            self._stop.wait(self._schedule.idle_seconds)


class _Work:
    """One job, which is run in one thread at a time."""

    def __init__(
        self,
        job: Job,
        pool: ThreadPoolExecutor,
        note: Callable[[Run], object],
        now: Callable[[], datetime],
        steady: Callable[[], float],
    ) -> None:
        self.name = job.name
        self._job = job
        self._pool = pool
        self._note = note
        self._now = now
        self._steady = steady
        self._began = 0.0
        self._told = self._over = False
        self.running: Future[None] | None = None

    def begin(self) -> object:
        """Have it run, unless it still does, or is over."""
        if self.running is not None and not self.running.done():
            self._tell_long()
            return None
        if self._over:
            return schedule.CancelJob
        if self.running is not None and (fault := self.running.exception()) is not None:
            log("job.failed", job=self.name, error=f"it could not be written down: {fault!r}")
        self._began, self._told = self._steady(), False
        self.running = self._pool.submit(self._run)
        return None

    def _tell_long(self) -> None:
        seconds = self._steady() - self._began
        if seconds >= LONG.total_seconds() and not self._told:
            self._told = True
            log("job.still_running", job=self._job.name, seconds=round(seconds))

    def _is_wanted(self) -> bool:
        try:
            return self._job.wanted()
        except Exception:  # noqa: BLE001 - then it is run, and tells of the same fault
            return True

    def _run(self) -> None:
        if not self._is_wanted():
            return
        run = run_once(self._job, self._now, self._steady)
        self._over = not run.fault and self._job.over(run.result)
        try:
            self._note(run)
        except MailgateError as error:  # it ran all the same
            log("database.unavailable", where="jobs", error=str(error))


class _SteadySchedule(schedule.Scheduler):
    """Goes by `steady`: the library itself compares local times, and an hour may come twice."""

    def __init__(self, steady: Callable[[], float]) -> None:
        super().__init__()
        self.steady = steady

    def every(self, interval: int = 1) -> "_SteadyJob":
        """Return a job that is yet to be told its unit, which must be seconds, and its work."""
        return _SteadyJob(interval, self)

    @property
    def idle_seconds(self) -> float | None:
        """The seconds until the next job is due, at least 0; None when there is no job."""
        due = [job.due for job in self.jobs if isinstance(job, _SteadyJob)]
        return max(0.0, min(due) - self.steady()) if due else None


class _SteadyJob(schedule.Job):
    """A job that is due at once, and then `interval` seconds after each run."""

    def __init__(self, interval: int, scheduler: _SteadySchedule) -> None:
        super().__init__(interval, scheduler)
        self._steady = scheduler.steady
        self.due = -math.inf

    @property
    def should_run(self) -> bool:
        """Whether its time has come."""
        return self._steady() >= self.due

    def run(self) -> object:
        """Do the work, and be due again later."""
        result = super().run()  # type: ignore[no-untyped-call]  # it is annotated by half
        self.due = self._steady() + self.interval
        return result


def run_once(
    job: Job, now: Callable[[], datetime], steady: Callable[[], float] = time.monotonic
) -> Run:
    """Run a job; return how it went. A fault of it is logged."""
    began_at, began = now(), steady()
    result: Mapping[str, int] = {}
    fault = ""
    try:
        result = job.run()
    except Exception as error:  # noqa: BLE001 - one job's fault must not end the others
        fault = repr(error)
        log("job.failed", job=job.name, error=fault)
    else:
        log("job.finished", job=job.name)
    return Run(job.name, began_at, timedelta(seconds=steady() - began), result, fault)
