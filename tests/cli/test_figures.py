"""`mailgate stats`, `thresholds` and `lifecycle`: counts, times and rules, as they are."""

import pytest

from mailgate.cli.figures import duration
from mailgate.domain.hours import duration as read_duration
from mailgate.domain.model import Priority
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


def test_every_threshold_is_shown_with_its_origin(cli):
    cli.set(sla__high={"system": "90m"}, sla__global={"client": "1d12h"})
    rows = {row["priority"]: row for row in cli.json("thresholds")}
    assert list(rows) == [priority.value for priority in Priority]
    assert rows["high"]["system"] == {
        "seconds": 5400,
        "origin": "configuration, [sla.high]",
    }
    assert rows["low"]["client"] == {
        "seconds": 36 * 3600,
        "origin": "configuration, [sla.global]",
    }
    assert rows["normal"]["system"]["origin"] == "preset standard"
    assert cli.json("thresholds", "list") == list(rows.values())
    shown = cli.ok("thresholds")
    assert "1h30m  configuration, [sla.high]" in shown
    assert "Reopened by an answer: for ever." in shown
    assert "Reminders after the first: 2; then nothing more happens." in shown


def test_the_other_times_are_shown_too(cli):
    cli.set(lifecycle__reopen_window="14d", lifecycle__resolve_silent=True)
    shown = cli.ok("thresholds", "list")
    assert "Reopened by an answer: 14d." in shown
    assert "then it is resolved" in shown


@pytest.mark.parametrize("text", ["15m", "1d12h", "45s", "2d", "1h1m1s"])
def test_a_duration_is_written_as_it_is_read(text):
    assert duration(read_duration(text)) == text
    assert duration(read_duration("0s")) == "0s"


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
