"""Working time seen from outside: a calendar in the configuration, and when the clock acts."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.cli.conftest import Cli, mail

FRIDAY = datetime(2026, 3, 6, 15, tzinfo=UTC)  # 16:00 in Berlin
OFFICE = {"name": "office", "timezone": "Europe/Berlin"}


@pytest.fixture
def friday(cli: Cli):
    """A desk on a Friday afternoon."""
    with time_machine.travel(FRIDAY, tick=False):
        yield cli


def test_a_calendar_decides_when_the_desk_is_late(friday):
    friday.set(sla__watch_targets=False)
    number = friday.open()
    assert friday.json("show", number)["next_due_at"] == "2026-03-07T15:00:00+00:00"
    friday.set(calendar=[OFFICE], sla__global={"calendar": "office", "system": "2h"})
    friday.ok("deliver", stdin=mail(subject="another"))
    friday.ok("tick")
    late = friday.json("tickets")[0]
    assert late["next_due_at"] == "2026-03-09T09:00:00+00:00"
    assert "2026-03-09 09:00" in friday.ok("show", late["number"])
    said = friday.ok("explain", late["number"])
    assert "in working time of office" in said
    assert re.search(r"^resolution +72h +office ", said, re.MULTILINE)
    assert re.search(r" first response +24h +office ", friday.ok("thresholds"))


def test_open_tickets_go_by_another_calendar_once_the_gateway_has_begun_anew(friday):
    times = {"calendar": "office", "system": "2h"}
    friday.set(calendar=[OFFICE], sla__global=times, sla__watch_targets=False)
    number = friday.open()
    assert friday.json("show", number)["next_due_at"] == "2026-03-09T09:00:00+00:00"
    friday.set(calendar=[OFFICE | {"closed": ["2026-03-09"]}])
    assert friday.ok("jobs", "run", "rules") == "tickets worked out anew: 1\n"
    assert friday.json("show", number)["next_due_at"] == "2026-03-10T09:00:00+00:00"
    assert friday.ok("jobs", "run", "rules") == "tickets worked out anew: 0\n"


def test_a_reminder_leaves_while_the_desk_works(friday):
    friday.set(calendar=[OFFICE], lifecycle__reminders_in="office", sla__global={"client": "4h"})
    number = friday.open()
    friday.ok("reply", number, "--as", "alice", stdin=b"Is it plugged in?\n")
    assert friday.json("show", number)["next_due_at"] == "2026-03-09T08:00:00+00:00"


@pytest.mark.parametrize(("lasts", "told"), [("2h", "66 hours"), ("20h", "5 days")])
def test_a_customer_is_told_how_long_it_lasts_on_their_own_clock(friday, lasts, told):
    friday.set(calendar=[OFFICE], sla__global={"calendar": "office", "first_response": lasts})
    friday.open()
    (received,) = [text for to, text in texts(friday) if "carol" in to]
    assert f"We usually answer within {told}." in received


def test_a_ticket_is_silent_until_it_wakes(friday):
    friday.set(desk__timezone="Europe/Berlin", sla__watch_targets=False)
    number = friday.open()
    friday.ok("assign", number, "alice")
    said = friday.ok("snooze", number, "2026-03-09T09:00", "--note", "parts are ordered")
    assert "silent until then" in said
    assert friday.json("show", number)["next_due_at"] == "2026-03-09T08:00:00+00:00"
    assert "'WHEN': 'soon' is no time: write 3d" in friday.no(2, "snooze", number, "soon")
    assert "snoozed_until: - -> 2026-03-09 09:00:00 CET" in friday.ok("show", number)
    (step,) = friday.json("tick", "--at", "+4d")["steps"]
    assert (step["timer"], step["notices"]) == ("wake", ["woken to holders"])
    assert "is not possible (only if the time to wake lies ahead)" in friday.no(
        1, "snooze", number, "2026-03-01"
    )


def test_targets_are_told_when_near_and_a_miss_together_with_the_overdue_answer(friday):
    number = friday.open()
    first, *_rest = friday.json("tick", "--at", "+20h")["steps"]
    assert (first["timer"], first["due_at"]) == ("target_near", "2026-03-07T10:12:00+00:00")
    with time_machine.travel(FRIDAY + timedelta(hours=25), tick=False):
        friday.ok("tick")
    overdue = [text for to, text in texts(friday) if "is still waiting for our answer" in text]
    assert len(overdue) == 3
    assert all("The target for the first answer was missed too." in text for text in overdue)
    assert not [text for _, text in texts(friday) if "The time for the first answer" in text]
    assert number


def texts(cli: Cli) -> list[tuple[str, str]]:
    from tests.peers.maildir import Maildir

    mails = Maildir(cli.folder / "outgoing").mails()
    return [(each["To"], each.get_body(("plain",)).get_content()) for each in mails]
