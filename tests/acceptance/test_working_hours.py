"""Working time between real programs: a mail comes by SMTP, and the clock waits for the desk."""

from datetime import UTC, datetime, time, timedelta

import pytest

from tests.acceptance.desk import ANN, SUPPORT, number_in
from tests.peers.customer import swaks

pytestmark = pytest.mark.peers

ALL_DAY = ["00:00-24:00"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def test_a_mail_that_comes_while_the_desk_is_closed_waits_for_it_to_open(start_gateway):
    today = datetime.now(UTC).date()
    opens = datetime.combine(today + timedelta(days=3), time(), UTC)
    calendar = dict.fromkeys(WEEKDAYS, ALL_DAY) | {
        "name": "office",
        "timezone": "UTC",
        "closed": [f"{today}..{today + timedelta(days=2)}"],
    }
    rules = {"calendar": [calendar], "sla.global.calendar": "office", "sla.watch_targets": False}
    gateway = start_gateway(values=rules | {"sla.global.system": "90m"}).start()
    swaks(gateway.smtp_port, SUPPORT, ANN, "Printer", "Help.")
    number = number_in(gateway.outgoing().wait(lambda mail: "Printer" in str(mail["Subject"])))
    shown = gateway.show(number)
    due = opens + timedelta(minutes=90)
    assert shown["next_due_at"] == due.isoformat()
    assert shown["time_until_delay"]["hours_remaining"] == 1.5
    done = gateway.cli("thresholds", "set", "normal", "system=30m")
    assert "1 open tickets looked at" in done.stdout
    assert gateway.show(number)["next_due_at"] == (opens + timedelta(minutes=30)).isoformat()
    assert gateway.json("tick", "--at", (due - timedelta(hours=2)).isoformat())["steps"] == []
    (step,) = gateway.json("tick", "--at", due.isoformat())["steps"]
    assert (step["number"], step["timer"]) == (number, "system_response")
    gateway.stop()
