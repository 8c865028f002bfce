"""`mailgate jobs`: what runs at intervals, how it went, and running it by hand."""

from mailgate.app import clockwork
from mailgate.cli import shapes
from tests.cli.conftest import mail


def test_before_anything_ran_that_is_what_is_told(cli):
    told = cli.ok("jobs")
    assert "never" in told
    assert "No clock has run yet: without `mailgate serve` jobs run by hand alone." in told
    rules, deadlines, digest, report = cli.json("jobs", "list")
    assert list(rules) == list(shapes.JOB)
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
        "approaching_sla": 0,
        "breached_sla": 0,
        "escalated": 0,
        "approvals_asked": 0,
        "approvals_expired": 0,
    }
    assert "No clock" not in cli.ok("jobs")
    cli.ok("agents", "away", "alice", "--until", "+3d")
    assert cli.ok("jobs", "run", "assignment") == "assigned 0 of 0, 1 agents\n"


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
    assert cli.ok("jobs", "run", "rules") == "0 tickets worked out anew\n"


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
