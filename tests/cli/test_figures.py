"""`mailgate stats`, `workload` and `lifecycle`: counts and rules, as they are."""

from datetime import UTC, datetime, timedelta

import time_machine

from mailgate.cli import counted
from mailgate.domain.table import TABLE


def test_the_statistics_count_every_active_ticket_once(cli):
    cli.open(subject="one")
    number = cli.open(subject="two")
    cli.ok("resolve", number)
    counted = cli.json("stats")
    total, *parts, _closed = counted.values()
    assert total == sum(parts) == 2
    assert (counted["waiting_for_system"], counted["resolved_pending_confirmation"]) == (1, 1)
    shown = [line.split() for line in cli.ok("stats").splitlines()]
    assert ["not", "closed,", "in", "all", "2"] in shown


def test_what_each_has_to_do_is_shown_as_it_was_counted_last(cli):
    empty = cli.json("workload")
    assert list(empty) == list(counted.WORKLOADS)
    assert (empty["built_at"], [each["name"] for each in empty["each"]]) == (None, ["alice", "bob"])
    assert "Nothing was counted yet" in cli.ok("workload")
    numbers = [cli.open(subject=subject) for subject in ("one", "two", "three")]
    cli.ok("assign", numbers[0], "alice")
    cli.ok("assign", numbers[1], "alice")
    cli.ok("kind", numbers[1], "dispute")
    cli.ok("wait", numbers[1])
    cli.ok("jobs", "run", "workload")
    alice, bob, nobody = cli.json("workload")["each"]
    assert alice == {
        "holder": "agent",
        "name": "alice",
        "limit": 20,
        "open": 2,
        "ours": 1,
        "overdue": 0,
        "kinds": {
            "request": {"open": 1, "ours": 1, "overdue": 0},
            "dispute": {"open": 1, "ours": 0, "overdue": 0},
        },
    }
    assert list(alice) == list(counted.WORKLOAD)
    assert (bob["open"], nobody["holder"], nobody["open"], nobody["limit"]) == (
        0,
        "nobody",
        1,
        None,
    )
    lines = [line.split() for line in cli.ok("workload").splitlines()]
    assert ["alice", "2", "1", "20", "0", "dispute", "1,", "request", "1"] in lines
    assert lines[-1][:2] == ["As", "of"]


def test_the_dashboard_shows_how_the_desk_stands(cli):
    assert list(cli.json("stats", "--dashboard")) == list(counted.DASHBOARD)
    numbers = [cli.open(subject=subject) for subject in ("one", "two")]
    cli.ok("priority", numbers[0], "high")
    cli.ok("reply", numbers[0], "--text", "Is it on?", "--as", "alice")
    cli.ok("resolve", numbers[0])
    cli.ok("jobs", "run", "dashboard")
    found = cli.json("stats", "--dashboard")
    assert (found["total"], found["priority"]) == (2, {"high": 1, "normal": 1})
    assert (found["status"], found["kind"]) == ({"new": 1, "resolved": 1}, {"request": 2})
    assert (found["answered"], found["resolved"], found["auto_closed_last_24h"]) == (1, 1, 0)
    assert found["mean_first_response_seconds"] < 60
    lines = [line.split() for line in cli.ok("stats", "--dashboard").splitlines()]
    assert ["status", "resolved", "1"] in lines
    assert ["all", "tickets", "2"] in lines


def test_what_happened_is_shown_day_by_day_of_the_desk_an_agent_or_a_team(cli):
    began = datetime.now(UTC).replace(hour=9)
    with time_machine.travel(began) as clock:
        number = cli.open()
        cli.ok("assign", number, "alice")
        clock.shift(timedelta(hours=2))
        cli.ok("reply", number, "--text", "Is it on?", "--as", "alice")
        clock.shift(timedelta(days=1))
        cli.ok("jobs", "run", "performance")
        found = cli.json("stats", "--daily")
        assert list(found) == list(counted.DAILY)
        (day,) = found["days"]
        assert list(day) == list(counted.DAY)
        assert (day["day"], day["opened"], day["answered"]) == (f"{began:%Y-%m-%d}", 1, 1)
        assert 7190 < day["mean_first_response_seconds"] < 7260
        assert day["mean_resolution_seconds"] is None
        assert cli.json("stats", "--daily", "--agent", "alice")["days"] == [day]
        assert cli.json("stats", "--daily", "--agent", "bob")["days"] == []
        assert "there is no team none" in cli.no(1, "stats", "--daily", "--team", "none")
        assert "2 h" in cli.ok("stats", "--daily", "--days", "1")
        clock.shift(timedelta(days=1))
        assert cli.json("stats", "--daily", "--days", "1")["days"] == []
        assert "Nothing happened" in cli.ok("stats", "--daily", "--days", "1")


def test_options_that_do_not_go_together_are_refused(cli):
    assert "give --dashboard or --daily" in cli.no(2, "stats", "--dashboard", "--daily")
    both = ("--agent", "alice", "--team", "x")
    assert "give --agent or --team" in cli.no(2, "stats", "--daily", *both)
    assert "go with --daily" in cli.no(2, "stats", "--agent", "alice")
    assert "--days goes with --daily" in cli.no(2, "stats", "--days", "3")


def test_the_table_of_the_rules_is_shown_whole(cli):
    rows = cli.json("lifecycle")
    assert [(row["event"], row["says"], row["act"]) for row in rows] == [
        (row.event.name, row.says, row.act.__name__) for row in TABLE
    ]
    assert rows[0] == {
        "event": "ticket.opened",
        "on": ["new"],
        "guard": rows[0]["guard"],
        "act": "opened",
        "says": "a new matter",
    }
    assert {"on": ["any"]}.items() <= rows[1].items()
    shown = cli.ok("lifecycle")
    assert all(row.says in shown for row in TABLE)
