"""The ticker: each job at its interval, whatever people and summer time do to the clock."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from mailgate.scheduler import DONE, Job, Scheduler

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Hours:
    """A job of every minute, and both clocks of a machine: the one people set and the steady."""

    def __init__(self, wall: time_machine.Traveller, every: timedelta = MINUTE) -> None:
        self.wall, self.steady, self.runs = wall, 1000.0, 0
        job = Job("count", every, self.run)
        self.scheduler = Scheduler({"count": job}, lambda: self.steady)

    def run(self) -> None:
        self.runs += 1

    def pass_minutes(self, count: int) -> int:
        """Let minutes pass, looking in each; return how often the job ran."""
        before = self.runs
        for _ in range(count):
            self.steady += 60.0
            self.wall.shift(MINUTE)
            self.scheduler.run_pending()
        return self.runs - before


@pytest.fixture
def in_berlin(monkeypatch):
    """The zone of the process, by its rules: a machine may lack the names of zones."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("day", "offsets"),
    [
        (datetime(2026, 3, 28, 23, tzinfo=UTC), (3600, 7200)),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), (7200, 3600)),
    ],
)
@pytest.mark.usefixtures("in_berlin")
def test_a_job_of_every_minute_runs_each_minute_of_a_day_with_a_change_of_hour(day, offsets):
    with time_machine.travel(day.timestamp(), tick=False) as wall:
        hours = Hours(wall)
        before = time.localtime().tm_gmtoff
        assert hours.pass_minutes(24 * 60) == 24 * 60
        assert (before, time.localtime().tm_gmtoff) == offsets


@pytest.mark.parametrize("step", [DAY, -DAY, timedelta(hours=1), timedelta(seconds=-90)])
def test_a_step_of_the_clock_and_back_neither_stops_a_job_nor_makes_it_hurry(step):
    with time_machine.travel(datetime(2026, 6, 1, tzinfo=UTC), tick=False) as wall:
        hours = Hours(wall)
        assert hours.pass_minutes(10) == 10
        wall.shift(step)
        hours.scheduler.run_pending()
        assert hours.pass_minutes(10) == 10
        wall.shift(-step)
        hours.scheduler.run_pending()
        assert hours.pass_minutes(10) == 10


def test_a_job_waits_for_its_interval():
    with time_machine.travel(datetime(2026, 6, 1, tzinfo=UTC), tick=False) as wall:
        hours = Hours(wall, timedelta(minutes=5))
        assert hours.pass_minutes(1) == 1, "the first run is at once"
        assert hours.pass_minutes(4) == 0
        assert hours.pass_minutes(1) == 1
        hours.steady += 3600.0
        hours.scheduler.run_pending()
        assert hours.runs == 3, "what was missed is not made up for"


def test_a_job_that_fails_is_told_and_runs_again_and_stops_no_other(monkeypatch):
    steady, runs, lines = [0.0], [], []
    monkeypatch.setattr("mailgate.scheduler.log", lambda name, **ids: lines.append((name, ids)))

    def fail() -> None:
        raise ValueError("broken")

    jobs = {
        "bad": Job("bad", MINUTE, fail),
        "good": Job("good", MINUTE, lambda: runs.append(steady[0])),
    }
    scheduler = Scheduler(jobs, lambda: steady[0])
    scheduler.run_pending()
    steady[0] = 60.0
    scheduler.run_pending()
    assert runs == [0.0, 60.0]
    failed = ("job.failed", {"job": "bad", "error": "ValueError('broken')"})
    assert lines.count(failed) == 2
    assert lines.count(("job.finished", {"job": "good"})) == 2


def test_a_job_that_is_done_does_not_run_again():
    steady, runs, results = [0.0], [], [None, DONE]

    def run():
        runs.append(steady[0])
        return results.pop(0)

    scheduler = Scheduler({"once or twice": Job("once or twice", MINUTE, run)}, lambda: steady[0])
    for minute in range(4):
        steady[0] = minute * 60.0
        scheduler.run_pending()
    assert runs == [0.0, 60.0]


def test_the_thread_runs_every_job_at_once_and_ends_when_it_is_told_to():
    ran = threading.Event()
    scheduler = Scheduler({"once": Job("once", DAY, ran.set)})
    assert not scheduler.alive
    scheduler.start()
    assert ran.wait(20)
    assert scheduler.alive
    scheduler.stop()
    assert not scheduler.alive


def test_without_jobs_there_is_a_thread_that_does_nothing():
    scheduler = Scheduler({})
    scheduler.start()
    assert scheduler.alive
    scheduler.stop()
    assert not scheduler.alive
