"""Whatever the commands do, no statement forgets to say whose rows it is about."""

from datetime import UTC, datetime, timedelta

import time_machine

from tests.cli.conftest import CUSTOMER, DESK, mail
from tests.store.scoping import forgetful, listening

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DEEDS = """
snooze {0} 3h
reply {0} --text Water? --as alice
assign {0} alice
priority {0} high
category {0} billing
kind {0} dispute
tag {0} +vip
field {0} order-no=123
cc {0} dave@customer.example
requester {0} erin@customer.example
escalate {0} --to bob
wait {0}
resolve {0}
reopen {0}
merge {1} {0}
unmerge {1}
spam {2}
close {1}
thresholds set high system=1h
thresholds set vip client=3h
thresholds assign {0} vip
thresholds unset high
agents away bob --until +3d
agents back bob
""".strip().splitlines()
LOOKS = """
tickets
tickets --escalated
show {0}
explain {0}
stats
stats --dashboard
stats --daily
workload
agents list
thresholds list
thresholds rows
forecast --days 30
simulate --config {config} --since 30d
jobs list
outbox list
outbox list --state sent
outbox retry --all
failed list
failed retry --all
quarantine
tick --dry-run
tick --at +48h
verify
verify --deep
check
""".strip().splitlines()
JOBS = (
    *("rules", "deadlines", "sla", "outbox", "assignment", "reassignment", "canary", "digest"),
    *("workload", "dashboard", "performance", "monthly_report"),
)

EVERYTHING = {
    "assignment__automatic": True,
    "assignment__inactive_after": "1h",
    "canary__every": "1h",
    "desk__fields": ["order_no"],
    "jobs__digest": "09:00",
    "jobs__monthly_report": "09:00",
}


def mails(number: str):
    """Yield mails of many sorts."""
    yield mail("Another", sender="dave@customer.example")
    yield mail("Spam")
    yield mail(f"Re: [{number}]", "Still not.")
    yield mail(f"Re: [{number}]", "May I?", "eve@elsewhere.example")
    yield mail("Away", "I am away.", auto_submitted="auto-replied")
    yield mail("Buy", "Now!", "eve@elsewhere.example", x_spam_flag="YES")
    yield mail("", "", "mailer-daemon@customer.example", content_type="message/delivery-status")
    yield mail("List", sender="alice@agent.example")


def test_every_statement_of_every_command_says_whose_rows_it_means(cli):
    cli.set(**EVERYTHING)
    failed = {}
    with time_machine.travel(START) as clock, listening() as heard:
        number = cli.open()
        for each in mails(number):
            cli.ok("deliver", stdin=each)
        cli.ok("tick")
        numbers = [ticket["number"] for ticket in reversed(cli.json("tickets"))]
        for days in range(2):
            clock.move_to(START + days * timedelta(days=2))
            for line in [*DEEDS, *LOOKS, *(f"jobs run {job}" for job in JOBS)]:
                words = line.format(*numbers, config=cli.config).split()
                done = cli.run(*words)
                if done.exit_code and days == 0:
                    failed[line] = done.output
            cli.ok("deliver", "--to", DESK, stdin=mail(f"Re: [{number}]", "Thanks", CUSTOMER))
            cli.ok("tick")
    assert not failed
    assert len(heard) > 150
    assert not forgetful(heard)
