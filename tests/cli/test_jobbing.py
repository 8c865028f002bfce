"""`mailgate jobs`: what runs at intervals, how it went, and running it by hand."""

import threading
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from mailgate.app import clockwork, ways_out
from mailgate.cli import shapes
from mailgate.cli.opening import opened
from mailgate.desk.figures import Figures
from mailgate.store import jobs
from tests.cli.conftest import mail


def test_before_anything_ran_that_is_what_is_told(cli):
    told = cli.ok("jobs")
    assert "never" in told
    assert "No clock has run yet: without `mailgate serve` jobs run by hand alone." in told
    rules, deadlines, sla, outbox, *figures, digest, report = cli.json("jobs", "list")
    assert list(rules) == list(shapes.JOB)
    assert (sla["name"], sla["every"]) == ("sla", 60)
    assert (outbox["name"], outbox["every"]) == ("outbox", 0)
    assert [(each["name"], each["every"]) for each in figures] == [
        ("workload", 600),
        ("dashboard", 900),
        ("performance", 86_400),
    ]
    assert (deadlines["name"], deadlines["every"]) == ("deadlines", 60)
    assert (digest["name"], digest["every"]) == ("digest", 60)
    assert (report["name"], report["every"]) == ("monthly_report", 900)
    assert {deadlines[name] for name in ("node", "began_at", "took_ms", "result", "fault")} == {
        None
    }


def test_a_job_is_run_by_hand_and_its_result_is_kept(cli):
    cli.set(assignment__automatic=True, jobs__assignment="off", node__name="one")
    cli.ok("deliver", stdin=mail())
    assert cli.ok("jobs", "run", "assignment") == "assigned 0 of 0, 2 agents\n"
    found = {job["name"]: job for job in cli.json("jobs")}
    assert found["assignment"]["every"] is None
    assert found["assignment"]["node"] == "one"
    assert found["assignment"]["result"] == {"assigned": 0, "found": 0, "total_agents": 2}
    assert "by hand" in cli.ok("jobs")
    done = cli.json("jobs", "run", "deadlines")
    assert done["result"] == {
        "acted_on": 0,
        "escalated": 0,
        "approvals_asked": 0,
        "approvals_expired": 0,
    }
    assert "No clock" not in cli.ok("jobs")
    cli.ok("agents", "away", "alice", "--until", "+3d")
    assert cli.ok("jobs", "run", "assignment") == "assigned 0 of 0, 1 agents\n"


def last(cli, name):
    return next(job for job in cli.json("jobs") if job["name"] == name)


def test_what_the_deadlines_did_about_targets_is_a_job_of_its_own(cli):
    cli.open()
    cli.ok("jobs", "run", "deadlines")
    none = {"approaching_sla": 0, "breached_sla": 0}
    assert last(cli, "sla")["result"] == none
    assert last(cli, "sla")["began_at"] == last(cli, "deadlines")["began_at"]
    assert cli.ok("jobs", "run", "sla") == "targets: 0 near, 0 missed\n"
    assert last(cli, "sla")["began_at"] > last(cli, "deadlines")["began_at"]


def test_sending_is_a_job_that_is_done_all_the_time(cli):
    assert cli.ok("jobs", "run", "outbox") == "0 sent, 0 put off, 0 given up, 0 unknown\n"
    cli.open()
    run = last(cli, "outbox")
    assert run["result"]["sent"] > 0
    assert run["fault"] is None
    (row,) = (line for line in cli.ok("jobs").splitlines() if line.startswith("outbox"))
    assert row.split()[1] == "always"


def test_what_a_run_by_hand_has_sent_is_its_result(cli):
    cli.set(delivery__transport="terminal")
    cli.open()
    cli.set(delivery__transport="maildir")
    count, says = cli.ok("jobs", "run", "outbox").split(" ", 1)
    assert (int(count) > 0, says) == (True, "sent, 0 put off, 0 given up, 0 unknown\n")
    assert cli.ok("jobs", "run", "outbox").startswith("0 sent")


def test_what_another_node_sends_meanwhile_is_no_result_of_a_run_by_hand(cli, monkeypatch):
    note = ways_out._note
    other = {"sent": 99, "later": 0, "never": 0, "unknown": 0}
    monkeypatch.setattr(
        ways_out, "_note", lambda app, stint: note(app, replace(stint, tries=other))
    )
    cli.set(delivery__transport="terminal")
    cli.open()
    cli.set(delivery__transport="maildir")
    assert 0 < int(cli.ok("jobs", "run", "outbox").split(" ")[0]) < 99
    assert 0 < last(cli, "outbox")["result"]["sent"] < 99


def test_figures_are_worked_out_by_hand_even_where_no_interval_is_set(cli):
    cli.set(jobs__workload="off", jobs__dashboard="off", jobs__performance="off")
    cli.open()
    assert cli.ok("jobs", "run", "workload") == "tickets counted: 1\n"
    assert cli.ok("jobs", "run", "dashboard") == "tickets counted: 1\n"
    assert cli.ok("jobs", "run", "performance") == "days worked out: 0\n"
    assert last(cli, "performance")["every"] is None


@contextmanager
def running(cli):
    """Have the jobs of a desk begun; yield the gateway, its scheduler, and how jobs last went."""
    with opened(cli.config) as app:
        scheduler = app.clockwork.scheduler()
        scheduler.begin_pending()

        def runs(*names):
            wait([scheduler.running[name] for name in names], 20)
            with app.database.read() as connection:
                return jobs.last(connection, app.settings.tenant_id)

        yield app, scheduler, runs


def test_figures_that_fail_or_hang_harm_no_other_job(cli, monkeypatch):
    end = threading.Event()
    monkeypatch.setattr(Figures, "workload", lambda *_: {"tickets": int(end.wait(20))})
    monkeypatch.setattr(Figures, "dashboard", lambda *_: 1 // 0)
    cli.open()
    with running(cli) as (_, scheduler, runs):
        found = runs("dashboard", "performance", "deadlines")
        assert found["dashboard"].fault.startswith("ZeroDivisionError")
        assert found["performance"].result == {"days": 0}
        assert found["deadlines"].fault == ""
        assert "workload" not in found
        end.set()
        assert runs("workload")["workload"].result == {"tickets": 1}
        scheduler.stop()


def test_after_a_restart_figures_stand_until_they_are_due_or_something_has_happened(cli):
    cli.set(jobs__digest="off", jobs__monthly_report="off")
    cli.open()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        names = ("workload", "dashboard", "performance")
        for passed, again in (
            (timedelta(0), names),
            (timedelta(seconds=30), ()),
            (timedelta(minutes=10), ("workload",)),
            (timedelta(minutes=5), ("dashboard",)),
            (timedelta(days=1), names),
        ):
            clock.shift(passed)
            with running(cli) as (_, scheduler, runs):
                found = runs(*names)
                began = {name for name in names if found[name].began_at == datetime.now(UTC)}
                assert began == set(again), passed
                scheduler.stop()


@pytest.mark.parametrize("follows", [True, False])
def test_figures_follow_what_happens_if_they_shall(cli, follows):
    cli.set(jobs__refresh_on_change=follows)
    cli.open()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        with running(cli) as (_, scheduler, runs):
            runs("workload", "dashboard")
            scheduler.stop()
        number = cli.open(subject="another")
        cli.ok("assign", number, "alice")
        clock.shift(timedelta(seconds=60))
        with running(cli) as (_, scheduler, runs):
            found = runs("workload", "dashboard")
            scheduler.stop()
    assert {found[name].result["tickets"] for name in ("workload", "dashboard")} == {1 + follows}


def test_inactive_agents_are_looked_for_where_that_is_asked_for(cli):
    cli.set(assignment__inactive_after="6h")
    assert cli.ok("jobs", "run", "reassignment") == "moved 0 of 0, 0 inactive agents\n"


def test_a_result_that_another_version_wrote_is_shown_as_it_is(cli, monkeypatch):
    monkeypatch.setattr(clockwork.Clockwork, "_follow_rules", lambda _self: {"seen": 3})
    assert cli.ok("jobs", "run", "rules") == "seen 3\n"


def test_canaries_can_be_looked_for_by_hand_where_there_are_some(cli):
    assert "there is no job" in cli.no(1, "jobs", "run", "canary")
    cli.set(canary__every="15m")
    assert cli.ok("jobs", "run", "canary") == "1 sent, 0 late\n"
    assert cli.ok("jobs", "run", "rules") == "tickets worked out anew: 0\n"


def test_digests_are_written_once_a_day_also_by_hand(cli):
    cli.set(jobs__digest="00:00")
    assert cli.ok("jobs", "run", "digest") == "0 written\n"
    cli.ok("deliver", stdin=mail())
    assert cli.ok("jobs", "run", "digest") == "0 written\n"
    cli.set(jobs__digest="off")
    assert "it is off: set [jobs] digest" in cli.no(1, "jobs", "run", "digest")


def test_everybody_is_told_of_what_nobody_holds_where_there_are_no_teams(cli):
    cli.set(jobs__digest="00:00")
    cli.ok("deliver", stdin=mail())
    cli.ok("tick")
    assert cli.ok("jobs", "run", "digest") == "3 written\n"


def test_a_desk_that_has_just_begun_has_no_month_to_report(cli):
    cli.ok("deliver", stdin=mail())
    cli.ok("tick")
    assert cli.ok("jobs", "run", "monthly_report") == "0 written\n"


def test_a_job_that_fails_is_told(cli, monkeypatch):
    def fail(*_args):
        raise ValueError("broken")

    monkeypatch.setattr(clockwork.Clockwork, "tick", fail)
    done = cli.run("jobs", "run", "deadlines")
    assert (done.exit_code, done.stdout) == (1, "failed: ValueError('broken')\n")
    (told,) = [job for job in cli.json("jobs") if job["name"] == "deadlines"]
    assert (told["result"], told["fault"]) == (None, "ValueError('broken')")
