"""The clock run by hand, as cron does it: every due step once, and no burst after an outage."""

from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest

from tests.acceptance import inside
from tests.acceptance.desk import ADMIN, ALICE, ANN, SUPPORT, number_in
from tests.peers.customer import swaks
from tests.peers.gateway import Gateway
from tests.peers.waiting import wait_until

pytestmark = pytest.mark.peers

# A ticket that is made urgent is late at once; until then nothing is.
URGENT = {f"sla.urgent.{name}": "1s" for name in ("system", "client", "auto_close")}


@pytest.fixture
def gateway(start_gateway) -> Gateway:
    """A gateway whose clock runs by hand only."""
    settings = {
        "jobs.deadlines": "off",
        "lifecycle.client_reminders": 0,
        "sla.watch_targets": False,
    }
    return start_gateway(values={**URGENT, **settings}).start()


def open_ticket(gateway: Gateway, subject: str, orders: str) -> str:
    """Let a customer write and alice answer with `orders`; return the last figure of the number."""
    swaks(gateway.smtp_port, SUPPORT, ANN, subject, "Help.")
    told = gateway.outgoing().wait(
        lambda mail: subject in str(mail["Subject"]) and ALICE in str(mail["To"])
    )
    reply_to = str(told["Reply-To"].addresses[0].addr_spec)
    swaks(gateway.smtp_port, reply_to, ALICE, f"Re: {subject}", orders)
    return number_in(told)[-1]


def steps(gateway: Gateway, *words: str) -> list[tuple[str, str]]:
    """Return (last figure of the number, deadline) of what a tick does, or would do."""
    return sorted(
        (step["number"][-1], step["timer"]) for step in gateway.json("tick", *words)["steps"]
    )


def told_when_due(gateway: Gateway, count: int) -> str:
    """Wait until so many deadlines are due, and return what a dry run tells of them."""

    def told() -> str:
        said = gateway.cli("tick", "--dry-run", "--verbose").stdout
        return said if said.startswith(f"{count} deadline") else ""

    return wait_until(told, f"{count} deadlines")


def sent(gateway: Gateway, words: str) -> list[tuple[str, str]]:
    """Return (to whom, last figure of the number) of the mails with these words in the subject."""

    def about(mail: EmailMessage) -> tuple[str, str]:
        return mail["To"].addresses[0].addr_spec, str(mail["Subject"]).rstrip("]")[-1]

    mails = gateway.outgoing().mails()
    return sorted(about(mail) for mail in mails if words in str(mail["Subject"]))


def test_a_dry_run_tells_what_a_tick_then_does_once(gateway: Gateway) -> None:
    n = open_ticket(gateway, "Late", "/priority urgent")
    gateway.wait_for_log("mail.commands_only")
    due = [(n, "system_response")]
    told = told_when_due(gateway, 1)
    for words in ("TKT-", "system response", "overdue to holders", "overdue to admins"):
        assert words in told
    assert steps(gateway, "--at", "+2d") == due
    assert gateway.tickets()[0]["delay"] == "none", "nothing has happened so far"
    assert sent(gateway, "Delayed") == []

    assert steps(gateway) == due
    assert steps(gateway) == []
    assert steps(gateway, "--at", "+2d") == []
    assert gateway.tickets()[0]["delay"] == "delayed_by_system"
    assert sent(gateway, "Delayed") == [(ADMIN, n), (ALICE, n)]


def test_after_days_of_outage_staff_hear_at_once_and_customers_not_in_a_burst(
    gateway: Gateway,
) -> None:
    ours = open_ticket(gateway, "ours", "/priority urgent")
    theirs = open_ticket(gateway, "theirs", "/priority urgent\nTry again.")
    solved = open_ticket(gateway, "solved", "/priority urgent\n/resolve")
    gateway.outgoing().wait_for_subject("✅ Your ticket has been resolved")
    assert gateway.stop() == 0
    told_when_due(gateway, 3)

    inside.let_the_clock_have_run(gateway.config, ago=timedelta(days=3))
    done = gateway.json("tick")
    assert [(step["number"][-1], step["timer"]) for step in done["steps"]] == [
        (ours, "system_response")
    ]
    held = datetime.fromisoformat(done["hold_until"]) - datetime.fromisoformat(done["at"])
    assert held == timedelta(hours=1)
    assert steps(gateway) == []
    assert sent(gateway, "Delayed") == [(ADMIN, ours), (ALICE, ours)]
    assert sent(gateway, "Waiting for your response") == []
    assert sent(gateway, "auto-closed") == []

    # What happens when the hour is over: told before, and then done.
    wanted = sorted([(theirs, "client_response"), (solved, "auto_close")])
    assert steps(gateway, "--at", "+2h") == wanted
    inside.let_the_clock_have_run(gateway.config, ago=timedelta(minutes=1))
    assert steps(gateway) == wanted
    assert steps(gateway) == []
    assert sent(gateway, "Delayed") == [(ADMIN, ours), (ALICE, ours)]
    assert sent(gateway, "Waiting for your response") == [(ANN, theirs)]
    assert sent(gateway, "auto-closed") == [(ANN, solved)]
    statuses = {t["subject"]: t["automation_status"] for t in gateway.tickets()}
    assert statuses == {
        "ours": "delayed_by_system",
        "theirs": "delayed_by_client",
        "solved": "auto_closed",
    }
