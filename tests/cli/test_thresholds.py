"""`mailgate thresholds`: what is in force and why, and rows that are set over it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from mailgate.cli.thresholds import duration
from mailgate.domain.hours import duration as read_duration
from mailgate.domain.model import Priority

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
OFFICE = {"name": "office"}


def test_every_threshold_is_shown_with_its_origin(cli):
    cli.set(sla__high={"system": "90m"}, sla__global={"client": "1d12h"})
    rows = {row["priority"]: row for row in cli.json("thresholds")}
    assert list(rows) == [priority.value for priority in Priority]
    assert rows["high"]["system"] == {
        "seconds": 5400,
        "calendar": None,
        "origin": "configuration, [sla.high]",
    }
    assert rows["low"]["client"] == {
        "seconds": 36 * 3600,
        "calendar": None,
        "origin": "configuration, [sla.global]",
    }
    assert rows["normal"]["system"]["origin"] == "preset standard"
    assert cli.json("thresholds", "list") == list(rows.values())
    shown = cli.ok("thresholds")
    assert "1h30m  every hour  configuration, [sla.high]" in shown
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


@pytest.fixture
def noon(cli):
    """A desk on a Monday at noon."""
    with time_machine.travel(NOON, tick=False):
        yield cli


def due(cli, number: str) -> timedelta:
    return datetime.fromisoformat(cli.json("show", number)["next_due_at"]) - NOON


def origin(cli, priority: str, name: str) -> str:
    rows = {row["priority"]: row for row in cli.json("thresholds")}
    return rows[priority][name]["origin"]


def test_a_row_that_is_set_wins_and_open_tickets_follow_at_once(noon):
    noon.set(sla__watch_targets=False)
    number = noon.open()
    assert due(noon, number) == timedelta(hours=24)
    said = noon.ok("thresholds", "set", "global", "system=3h")
    assert said == "Row global is set. 1 open tickets looked at.\n"
    assert due(noon, number) == timedelta(hours=3)
    assert origin(noon, "normal", "system") == "row global"
    assert origin(noon, "normal", "client") == "preset standard"
    events = [event["name"] for event in noon.json("show", number)["events"]]
    assert events.count("ticket.policy_changed") == 1
    assert noon.ok("verify")


def test_a_change_that_moves_nothing_of_a_ticket_is_no_event_of_it(noon):
    noon.set(sla__watch_targets=False)
    number = noon.open()
    noon.ok("thresholds", "set", "low", "system=3h")
    events = [event["name"] for event in noon.json("show", number)["events"]]
    assert "ticket.policy_changed" not in events
    assert noon.ok("verify")


ORDER = [
    # what was set, in this order; what holds for a ticket of normal priority
    ([], 24, "preset standard"),
    (["global system=1h"], 1, "row global"),
    (["normal system=2h", "global system=1h"], 2, "row normal"),
    (["global system=3h --tenant", "normal system=2h"], 3, "row global of the tenant"),
    (["normal system=4h --tenant", "global system=3h --tenant"], 4, "row normal of the tenant"),
    (["normal system=4h", "normal --inactive", "global system=1h"], 1, "row global"),
    (["high system=5h"], 24, "preset standard"),
    (["medium system=6h"], 6, "row normal"),
]


@pytest.mark.parametrize(("given", "hours", "says"), ORDER)
def test_which_row_wins(noon, given, hours, says):
    for line in given:
        noon.ok("thresholds", "set", *line.split())
    normal = next(row for row in noon.json("thresholds") if row["priority"] == "normal")
    assert normal["system"] == {"seconds": hours * 3600, "calendar": None, "origin": says}


def test_the_order_of_who_wins_is_shown(noon):
    shown = noon.ok("thresholds")
    assert (
        "Who wins: what was set for the ticket alone; the ticket's custom row; the tenant's row"
        in shown
    )
    assert "Targets are told at 80 % and when missed; they pause on the customer's turn." in shown


def test_a_custom_row_is_given_to_a_ticket_and_taken_away(noon):
    noon.set(sla__watch_targets=False)
    number = noon.open()
    said = noon.ok("thresholds", "set", "vip", "system=30m")
    assert "It is no priority: `mailgate thresholds assign NUMBER vip` gives it" in said
    said = noon.ok("thresholds", "assign", number, "vip", "--note", "a good customer")
    assert "deadlines are worked out anew" in said
    assert due(noon, number) == timedelta(minutes=30)
    told = noon.json("explain", number)["thresholds"]
    assert told["system"]["origin"] == "custom row vip"
    assert told["client"]["origin"] == "preset standard"
    refused = noon.no(1, "thresholds", "unset", "vip")
    assert f"tickets have it: {number}" in refused
    noon.ok("thresholds", "assign", number, "none")
    assert due(noon, number) == timedelta(hours=24)
    noon.ok("thresholds", "unset", "vip")
    assert noon.ok("verify")


def test_an_inactive_custom_row_is_passed_over(noon):
    noon.set(sla__watch_targets=False)
    number = noon.open()
    noon.ok("thresholds", "set", "vip", "system=30m")
    noon.ok("thresholds", "assign", number, "vip")
    noon.ok("thresholds", "set", "vip", "--inactive")
    assert due(noon, number) == timedelta(hours=24)
    noon.ok("thresholds", "set", "vip", "--active")
    assert due(noon, number) == timedelta(minutes=30)


def test_the_last_active_global_row_stays(noon):
    noon.ok("thresholds", "set", "global", "system=1h")
    for words in (("unset", "global"), ("set", "global", "--inactive")):
        assert "it is the last active global row" in noon.no(1, "thresholds", *words)
    noon.ok("thresholds", "set", "global", "client=2h", "--tenant")
    noon.ok("thresholds", "unset", "global")
    assert [row["level"] for row in noon.json("thresholds", "rows")] == ["tenant"]


def test_a_preset_is_written_as_rows_and_those_that_are_there_stay(noon):
    assert noon.ok("thresholds", "rows") == "No row was set: the configuration holds.\n"
    noon.ok("thresholds", "set", "high", "system=7h")
    said = noon.ok("thresholds", "init", "--preset", "ticket_system")
    assert said.startswith("5 rows of preset ticket_system written.")
    rows = {row["name"]: row for row in noon.json("thresholds", "rows")}
    assert set(rows) == {"global", *Priority}
    assert rows["high"]["values"] == {"system": 7 * 3600}
    assert rows["urgent"]["values"]["first_response"] == 900
    assert "first_response=15m" in noon.ok("thresholds", "rows")
    assert "there is no preset 'x'" in noon.no(1, "thresholds", "init", "--preset", "x")


def test_a_value_of_a_row_is_taken_away_alone(noon):
    noon.ok("thresholds", "set", "high", "system=7h", "close=2d", "next=1h")
    assert noon.ok("thresholds", "unset", "high", "close").startswith("auto_close of high taken")
    (row,) = noon.json("thresholds", "rows")
    assert row["values"] == {"system": 7 * 3600, "next_response": 3600}
    assert "there is no row low" in noon.no(1, "thresholds", "unset", "low")


def test_a_row_names_a_calendar_and_what_it_counts(noon):
    noon.set(calendar=[OFFICE], sla__watch_targets=False)
    number = noon.open()
    noon.ok("thresholds", "set", "normal", "calendar=office", "working=system,client", "system=8h")
    assert due(noon, number) == timedelta(hours=24)  # five hours today, three tomorrow
    normal = next(row for row in noon.json("thresholds") if row["priority"] == "normal")
    assert normal["system"]["calendar"] == normal["client"]["calendar"] == "office"
    assert normal["resolution"]["calendar"] is None
    noon.ok("thresholds", "set", "normal", "calendar=none")
    assert due(noon, number) == timedelta(hours=8)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("high", "say what to set, such as system=2h"),
        ("high system", "'system' gives no value: write system=..."),
        ("high sytem=2h", "there is no time 'sytem'; there is system, client"),
        ("high system=2", "is not a duration"),
        ("high system=0s", "more than nothing, and at most 3650d"),
        ("high calendar=office", "there is no calendar 'office'; there is none"),
        ("high working=calendar", "a calendar counts times: system"),
        ("a/b system=2h", "is no name for a row"),
        ("none system=2h", "is no name for a row"),
    ],
)
def test_what_cannot_be_set_is_refused_with_the_right_form(noon, words, says):
    assert says in noon.no(1, "thresholds", "set", *words.split())
    assert noon.json("thresholds", "rows") == []


def test_a_custom_row_that_is_not_there_cannot_be_given(noon):
    number = noon.open()
    assert "there is no active custom row 'vip'; there is none yet" in noon.no(
        1, "thresholds", "assign", number, "vip"
    )


def test_how_long_it_is_until_a_side_is_late_is_shown(noon):
    number = noon.open()
    assert noon.json("show", number)["time_until_delay"] == {
        "waiting_for": "system",
        "hours_remaining": 24.0,
        "is_delayed": False,
        "threshold_hours": 24.0,
        "threshold_origin": "preset standard",
    }
    assert "24.0 of 24.0 hours left (preset standard)" in noon.ok("show", number)
    noon.ok("thresholds", "set", "vip", "system=2h")
    noon.ok("thresholds", "assign", number, "vip")
    assert "2.0 of 2.0 hours left (custom row vip)" in noon.ok("show", number)
    assert "normal system_response, custom row vip" in noon.ok("explain", number)
    assert noon.json("verify") == []
    noon.ok("close", number)
    assert noon.json("show", number)["time_until_delay"] is None


def test_a_ticket_gets_times_of_its_own(noon):
    number = noon.open()
    said = noon.ok("thresholds", "own", number, "system=2h", "close=1d", "--note", "as agreed")
    assert "deadlines are worked out anew" in said
    assert due(noon, number) == timedelta(hours=2)
    found = noon.json("explain", number)["thresholds"]
    assert found["system"] == {"seconds": 7200, "calendar": None, "origin": "set for this ticket"}
    assert "own_times: - -> auto_close=86400, system=7200" in noon.ok("show", number)
    assert "there is no time 'sytem'" in noon.no(1, "thresholds", "own", number, "sytem=2h")
    words = ("own", number, "system=1h", "--as", "alice")
    assert "only an administrator" in noon.no(1, "thresholds", *words)
    noon.set(sla__agents_may_set_thresholds=True)
    noon.ok("thresholds", *words)
    noon.ok("thresholds", "own", number, "none")
    origin = noon.json("explain", number)["thresholds"]["system"]["origin"]
    assert origin == "preset standard"
    assert noon.json("verify") == []
