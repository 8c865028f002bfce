"""The ticker behind the clock: runs each job at its interval, and survives every job.

Real due times are columns in the store; this only asks, often enough, what is due. A job that
raises is logged and run again at its next interval; it neither stops nor delays the others' turn
for ever.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import schedule

from mailgate.log import log


@dataclass(frozen=True, slots=True)
class Job:
    """A thing to do at intervals."""

    name: str
    every: timedelta
    run: Callable[[], None]


class Scheduler:
    """One thread that runs jobs."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._schedule = schedule.Scheduler()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        for job in jobs.values():
            seconds = max(1, int(job.every.total_seconds()))
            self._schedule.every(seconds).seconds.do(_guarded, job)

    def start(self) -> None:
        """Run every job once, then each at its interval."""
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the job that runs finish, and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        self._schedule.run_all()
        while not self._stop.is_set():
            idle = self._schedule.idle_seconds
            self._stop.wait(1.0 if idle is None else min(max(idle, 0.05), 1.0))
            if not self._stop.is_set():
                self._schedule.run_pending()


def _guarded(job: Job) -> None:
    try:
        job.run()
    except Exception as error:  # noqa: BLE001 - one job's fault must not end the others
        log("job.failed", job=job.name, error=repr(error))
