"""The ticker behind the clock: runs each job at its interval, and survives every job.

Real due times are columns in the store; this only asks, often enough, what is due. The intervals
are measured on a clock that nobody sets: summer time and steps of the system's clock change
nothing. A job that raises is logged and run again at its next interval; it neither stops nor
delays the others' turn for ever.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import schedule

from mailgate.log import log

DONE = schedule.CancelJob
"""What a job returns that need not run again."""


@dataclass(frozen=True, slots=True)
class Job:
    """A thing to do at intervals, for ever or until it returns `DONE`."""

    name: str
    every: timedelta
    run: Callable[[], object]


class Scheduler:
    """One thread that runs jobs; `steady` gives seconds that never jump and never go back."""

    def __init__(
        self, jobs: Mapping[str, Job], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._schedule = _SteadySchedule(steady)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        for job in jobs.values():
            seconds = max(1, int(job.every.total_seconds()))
            self._schedule.every(seconds).seconds.do(_guarded, job)

    def start(self) -> None:
        """Run every job once, then each at its interval."""
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Let the job that runs finish, and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run_pending(self) -> None:
        """Run the jobs whose time has come, in this thread."""
        self._schedule.run_pending()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.run_pending()
            self._stop.wait(self._schedule.idle_seconds)


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


def _guarded(job: Job) -> object:
    try:
        result = job.run()
    except Exception as error:  # noqa: BLE001 - one job's fault must not end the others
        log("job.failed", job=job.name, error=repr(error))
        return None
    log("job.finished", job=job.name)
    return result
