"""The ticker: each job at its interval, whatever people and summer time do to the clock."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from mailgate.errors import Temporary
from mailgate.scheduler import LONG, Job, Run, Scheduler

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def scheduler_of(*jobs: Job, steady=time.monotonic, note=lambda _run: None) -> Scheduler:
    return Scheduler({job.name: job for job in jobs}, note, lambda: NOW, steady)


@pytest.fixture
def lines(monkeypatch):
    said = []
    monkeypatch.setattr("mailgate.scheduler.log", lambda name, **ids: said.append((name, ids)))
    return said


class Hours:
    """A job of every minute, and both clocks of a machine: the one people set and the steady."""

    def __init__(self, wall: time_machine.Traveller, every: timedelta = MINUTE) -> None:
        self.wall, self.steady, self.runs = wall, 1000.0, 0
        job = Job("count", every, self.run)
        self.scheduler = scheduler_of(job, steady=lambda: self.steady)

    def run(self) -> dict[str, int]:
        self.runs += 1
        return {}

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


def test_a_job_that_fails_is_told_and_runs_again_and_stops_no_other(lines):
    steady, runs, noted = [0.0], [], []

    def fail() -> dict[str, int]:
        raise ValueError("broken")

    def succeed() -> dict[str, int]:
        runs.append(steady[0])
        return {"done": len(runs)}

    jobs = (Job("bad", MINUTE, fail), Job("good", MINUTE, succeed))
    scheduler = scheduler_of(*jobs, steady=lambda: steady[0], note=noted.append)
    scheduler.run_pending()
    steady[0] = 60.0
    scheduler.run_pending()
    assert runs == [0.0, 60.0]
    failed = ("job.failed", {"job": "bad", "error": "ValueError('broken')"})
    assert lines.count(failed) == 2
    assert lines.count(("job.finished", {"job": "good"})) == 2
    none = timedelta(0)
    assert noted.count(Run("bad", NOW, none, {}, "ValueError('broken')")) == 2
    assert Run("good", NOW, none, {"done": 2}, "") in noted


def test_a_job_that_is_over_does_not_run_again_but_one_that_failed_does():
    steady, runs, left = [0.0], [], [2, None, 0]

    def run() -> dict[str, int]:
        runs.append(steady[0])
        return {"left": int(left.pop(0))}

    job = Job("three times", MINUTE, run, over=lambda done: done == {"left": 0})
    scheduler = scheduler_of(job, steady=lambda: steady[0])
    for minute in range(5):
        steady[0] = minute * 60.0
        scheduler.run_pending()
    assert runs == [0.0, 60.0, 120.0]


def test_what_is_done_by_hand_alone_is_not_run():
    runs = []
    scheduler_of(Job("by hand", None, lambda: runs.append(1) or {})).run_pending()
    assert runs == []


def test_what_is_done_elsewhere_is_not_run():
    runs = []
    scheduler_of(Job("outbox", DAY, lambda: runs.append(1) or {}, timed=False)).run_pending()
    assert runs == []


def test_a_job_that_knows_when_it_is_wanted_is_asked_often_and_only_its_runs_are_noted(lines):
    steady, noted, wanted = [0.0], [], [True, False, False, True, False]
    job = Job("count", DAY, dict, wanted=lambda: wanted.pop(0), look=timedelta(seconds=5))
    scheduler = scheduler_of(job, steady=lambda: steady[0], note=noted.append)
    for look in range(5):
        steady[0] = look * 5.0
        scheduler.run_pending()
        scheduler.run_pending()
    assert wanted == []
    assert [run.job for run in noted] == ["count", "count"]
    assert lines == [("job.finished", {"job": "count"})] * 2


def test_a_job_that_cannot_say_whether_it_is_wanted_is_run_and_tells_of_the_fault():
    noted = []

    def away() -> bool:
        raise Temporary("away")

    scheduler_of(Job("count", DAY, away, wanted=away), note=noted.append).run_pending()
    assert [run.fault for run in noted] == ["Temporary('away')"]


def test_a_job_that_hangs_over_the_question_holds_up_no_other():
    steady, end, others = [0.0], threading.Event(), []
    jobs = (
        Job("long", MINUTE, dict, wanted=lambda: end.wait(20)),
        Job("short", MINUTE, lambda: others.append(steady[0]) or {}),
    )
    scheduler = scheduler_of(*jobs, steady=lambda: steady[0])
    for minute in range(3):
        steady[0] = minute * 60.0
        scheduler.begin_pending()
        scheduler.running["short"].result(20)
    end.set()
    assert others == [0.0, 60.0, 120.0]
    scheduler.stop()


def test_a_job_that_never_ends_holds_up_no_other_and_is_told_of_once(lines):
    steady, end, others = [0.0], threading.Event(), []
    jobs = (
        Job("long", MINUTE, lambda: {} if end.wait(20) else {"given": "up"}),
        Job("short", MINUTE, lambda: others.append(steady[0]) or {}),
    )
    scheduler = scheduler_of(*jobs, steady=lambda: steady[0])
    for minute in range(13):
        steady[0] = minute * 60.0
        scheduler.begin_pending()
        short = scheduler.running["short"]
        short.result(20)
    end.set()
    scheduler.run_pending()
    assert len(others) >= 13
    told = [ids for name, ids in lines if name == "job.still_running"]
    assert told == [{"job": "long", "seconds": round(LONG.total_seconds())}]
    scheduler.stop()


def test_a_run_that_cannot_be_written_down_was_a_run_all_the_same(lines):
    def away(_run: Run) -> None:
        raise Temporary("away")

    scheduler_of(Job("good", MINUTE, dict), note=away).run_pending()
    assert [name for name, _ in lines] == ["job.finished", "database.unavailable"]


def test_a_fault_in_writing_a_run_down_is_told_at_the_next_time(lines):
    def broken(_run: Run) -> None:
        raise KeyError("broken")

    steady = [0.0]
    scheduler = scheduler_of(Job("good", MINUTE, dict), steady=lambda: steady[0], note=broken)
    scheduler.run_pending()
    steady[0] = 60.0
    scheduler.run_pending()
    (told,) = [ids["error"] for name, ids in lines if name == "job.failed"]
    assert told == "it could not be written down: KeyError('broken')"


def test_a_stop_does_not_wait_for_ever_for_a_job(lines, monkeypatch):
    monkeypatch.setattr("mailgate.scheduler.PATIENCE", timedelta(0))
    end = threading.Event()
    scheduler = scheduler_of(Job("long", DAY, lambda: {} if end.wait(20) else {"given": "up"}))
    scheduler.begin_pending()
    scheduler.stop()
    end.set()
    assert lines[0] == ("job.still_running", {"job": "long", "seconds": 0})


def test_the_thread_runs_every_job_at_once_and_ends_when_it_is_told_to():
    ran = threading.Event()
    scheduler = scheduler_of(Job("once", DAY, lambda: ran.set() or {}))
    assert not scheduler.alive
    scheduler.start()
    assert ran.wait(20)
    assert scheduler.alive
    scheduler.stop()
    assert not scheduler.alive


def test_without_jobs_there_is_a_thread_that_does_nothing():
    scheduler = scheduler_of()
    scheduler.start()
    assert scheduler.alive
    scheduler.stop()
    assert not scheduler.alive
