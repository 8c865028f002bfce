"""Thresholds: the figures of the presets, and which value wins."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.domain.hours import Calendar
from mailgate.domain.model import OUR_TIMES, Priority, Thresholds, Ticket
from mailgate.domain.policy import (
    FARTHEST,
    FIELDS,
    PRESETS,
    WHO_WINS,
    Level,
    Policy,
    Row,
    RowType,
    overlaid,
    resolve,
)

H, M = timedelta(hours=1), timedelta(minutes=1)

STANDARD = {  # system, client, auto-close, first response, resolution
    "critical": (2 * H, 4 * H, 12 * H, 15 * M, 4 * H),
    "urgent": (4 * H, 8 * H, 12 * H, 1 * H, 8 * H),
    "high": (12 * H, 24 * H, 24 * H, 4 * H, 24 * H),
    "normal": (24 * H, 48 * H, 48 * H, 24 * H, 72 * H),
    "low": (48 * H, 72 * H, 72 * H, 48 * H, 168 * H),
}
TARGETS = {  # first response, resolution, where they differ from the standard
    "standard": {},
    "support_module": {
        "critical": (15 * M, 2 * H),
        "high": (4 * H, 8 * H),
        "normal": (24 * H, 24 * H),
        "low": (48 * H, 72 * H),
    },
    "ticket_system": {
        "urgent": (15 * M, 4 * H),
        "high": (1 * H, 8 * H),
        "normal": (4 * H, 24 * H),
        "low": (8 * H, 48 * H),
    },
}


@pytest.mark.parametrize("preset", TARGETS)
@pytest.mark.parametrize("priority", STANDARD)
def test_the_figures_of_the_presets_are_those_of_the_specification(preset, priority):
    figures = STANDARD[priority]
    figures = figures[:3] + TARGETS[preset].get(priority, figures[3:])
    assert PRESETS[preset][Priority(priority)] == Thresholds(*figures)


def test_there_are_no_other_presets():
    assert PRESETS.keys() == TARGETS.keys()
    assert FIELDS == ("system", "client", "auto_close", "first_response", "resolution")


def test_the_built_in_values_hold_where_nothing_is_said():
    thresholds, origins = resolve()
    assert thresholds == dict(PRESETS["standard"])
    assert {text for row in origins.values() for text in row.values()} == {"preset standard"}


def test_a_value_of_a_priority_wins_over_the_global_one_which_wins_over_the_preset():
    thresholds, origins = resolve(
        "ticket_system",
        {"system": 6 * H, "client": 7 * H},
        {Priority.HIGH: {"system": 1 * H}},
    )
    high, low = thresholds[Priority.HIGH], thresholds[Priority.LOW]
    assert (high.system, high.client, high.resolution) == (1 * H, 7 * H, 8 * H)
    assert (low.system, low.client, low.resolution) == (6 * H, 7 * H, 48 * H)
    assert origins[Priority.HIGH] == {
        "system": "configuration, [sla.high]",
        "client": "configuration, [sla.global]",
        "auto_close": "preset ticket_system",
        "first_response": "preset ticket_system",
        "resolution": "preset ticket_system",
        "next_response": "preset ticket_system",
        "calendar": "preset ticket_system",
        "working": "preset ticket_system",
    }


def test_a_policy_answers_for_a_priority_and_its_defaults_are_those_of_the_specification():
    policy = Policy(*resolve())
    assert policy.thresholds[Priority.LOW].system == 48 * H
    assert (policy.reopen_window, policy.client_reminders, policy.resolve_silent) == (
        None,
        2,
        False,
    )


def test_a_calendar_and_what_it_counts_come_from_the_same_places():
    high = {Priority.HIGH: {"calendar": "", "working": ("client",)}}
    thresholds, origins = resolve("standard", {"calendar": "office"}, high)
    assert (thresholds[Priority.LOW].calendar, thresholds[Priority.HIGH].calendar) == ("office", "")
    assert thresholds[Priority.LOW].working == OUR_TIMES
    assert thresholds[Priority.HIGH].working == ("client",)
    assert origins[Priority.LOW]["calendar"] == "configuration, [sla.global]"


def test_only_the_times_that_a_row_names_are_counted_in_working_time():
    day = ((540, 1020),)
    office = Calendar("UTC", (day,) * 5 + ((),) * 2)
    policy = Policy(*resolve("standard", {"calendar": "office"}), calendars={"office": office})
    row = policy.thresholds[Priority.LOW]
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert policy.after(row, "system", friday) == datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert policy.after(row, "client", friday) == friday + 72 * H
    assert policy.counted_by(row, "system") == office
    assert policy.counted_by(row, "client") is None


def test_no_deadline_lies_further_ahead_than_calendars_reach():
    policy = Policy(*resolve("standard", {"client": timedelta(days=3650)}))
    begin = datetime(2026, 3, 6, 12, tzinfo=UTC)
    row = policy.thresholds[Priority.LOW]
    assert policy.after(row, "client", begin, 1024) == begin + FARTHEST


def test_two_policies_with_the_same_rules_are_the_same_wherever_the_values_came_from():
    everywhere = {"system": PRESETS["standard"][Priority.LOW].system}
    given = Policy(*resolve("standard", {}, {Priority.LOW: everywhere}))
    assert given == Policy(*resolve())


# --- rows that were set -------------------------------------------------------------------------


def row(level, kind, name, hours, *, active=True) -> Row:
    return Row(level, kind, name, {"system": hours * H}, active=active)


GATEWAY, TENANT = Level.GATEWAY, Level.TENANT
GLOBAL, PRIORITY, CUSTOM = RowType.GLOBAL, RowType.PRIORITY, RowType.CUSTOM


@pytest.mark.parametrize(
    ("rows", "hours", "says"),
    [
        ([], 24, "preset standard"),
        ([row(GATEWAY, GLOBAL, "global", 1)], 1, "row global"),
        ([row(GATEWAY, PRIORITY, "normal", 2), row(GATEWAY, GLOBAL, "global", 1)], 2, "row normal"),
        (
            [row(TENANT, GLOBAL, "global", 3), row(GATEWAY, PRIORITY, "normal", 2)],
            3,
            "row global of the tenant",
        ),
        (
            [row(TENANT, PRIORITY, "normal", 4), row(TENANT, GLOBAL, "global", 3)],
            4,
            "row normal of the tenant",
        ),
        (
            [row(TENANT, GLOBAL, "global", 3, active=False), row(GATEWAY, GLOBAL, "global", 1)],
            1,
            "row global",
        ),
        ([row(GATEWAY, PRIORITY, "high", 5)], 24, "preset standard"),
    ],
)
def test_which_row_wins_and_that_it_is_told(rows, hours, says):
    policy = overlaid(Policy(*resolve()), rows)
    assert policy.thresholds[Priority.NORMAL].system == hours * H
    assert policy.origins[Priority.NORMAL]["system"] == says


def test_a_ticket_with_a_custom_row_goes_by_it_and_by_the_others_where_it_says_nothing():
    rows = [
        row(TENANT, CUSTOM, "vip", 1),
        row(GATEWAY, CUSTOM, "vip", 9),
        row(GATEWAY, CUSTOM, "old", 5, active=False),
    ]
    policy = overlaid(Policy(*resolve()), rows)
    vip = Ticket(id=1, thresholds="vip")
    assert policy.row(vip) == replace(PRESETS["standard"][Priority.NORMAL], system=1 * H)
    assert policy.origins_for(vip)["system"] == "custom row vip"
    assert policy.origins_for(vip)["client"] == "preset standard"
    old = Ticket(id=2, thresholds="old")
    assert policy.row(old) == PRESETS["standard"][Priority.NORMAL]
    assert rows[0].says == "custom row vip of the tenant"


def test_every_place_that_a_value_may_come_from_is_named_in_its_order():
    assert WHO_WINS[:2] == ("what was set for the ticket alone", "the ticket's custom row")
    assert WHO_WINS[-1] == "the preset"
    assert len(WHO_WINS) == 9
