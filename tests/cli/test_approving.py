"""Approvals at the command line: asked for, listed, given, refused, and over."""

import pytest

RULES = """
[escalate]
approval_by = "admins"
remind_after = "2h"
expires_after = "1d"

[[escalation]]
name = "leads"
after = "0s"
if_priority = ["urgent"]
to = "alice"
approval_by = "bob"
expires_after = "off"
"""


@pytest.fixture
def number(cli):
    cli.config.write_text(cli.config.read_text() + RULES)
    return cli.open()


def told(cli, words):
    return [to for to, subject in cli.sent() if words in subject]


def test_what_an_agent_asks_for_waits_for_an_administrator_who_may_agree(cli, number):
    cli.ok("escalate", number, "--reason", "he calls", "--as", "alice")
    assert ["admin@agent.example" in to for to in told(cli, "Approval wanted")] == [True]
    (listed,) = cli.json("tickets", "--to-approve")
    approval = listed["approval"]
    assert (listed["escalation_level"], approval["asked_by"], approval["by"]) == (0, "alice", None)
    shown = cli.ok("show", number)
    assert "To be approved" in shown
    assert "of the administrators, until 20" in shown
    assert "approval: - -> asked of the administrators" in shown
    assert "this approval is asked for" in cli.no(1, "approve", number, "--as", "alice")
    assert "this approval is asked for" in cli.no(1, "approve", number, "--as", "bob")
    cli.ok("approve", number, "--note", "go on")
    assert ["alice@agent.example" in to for to in told(cli, "Approved")] == [True]
    whole = cli.json("show", number)
    assert (whole["approval"], whole["escalation_level"]) == (None, 1)
    assert whole["escalation_reason"] == "he calls"
    assert cli.json("tickets", "--to-approve") == []
    assert "this approval is asked for" in cli.no(1, "approve", number)
    assert cli.json("verify") == []


def test_what_a_rule_asks_for_is_rejected_with_a_reason_by_whom_it_asks(cli, number):
    cli.ok("priority", number, "urgent")
    assert cli.json("forecast", "--days", "1")[0]["says"].startswith("left lying, an approval")
    done = cli.json("jobs", "run", "deadlines")
    assert (done["result"]["approvals_asked"], done["result"]["escalated"]) == (1, 0)
    assert ["bob@agent.example" in to for to in told(cli, "Approval wanted")] == [True]
    assert cli.json("show", number)["approval"]["expires_at"] is None
    assert "to be approved" not in cli.ok("explain", number)
    assert "whoever asked is told why" in cli.no(1, "reject", number, " ", "--as", "bob")
    cli.ok("reject", number, "Wait until Monday.", "--as", "bob")
    event = cli.json("show", number)["events"][-1]
    assert (event["name"], event["note"]) == ("ticket.rejected", "Wait until Monday.")
    assert cli.json("show", number)["escalation_level"] == 0
    assert cli.json("verify") == []


def test_reminders_and_the_end_are_foreseen_and_seen_by_a_dry_run(cli, number):
    cli.ok("escalate", number, "--as", "alice")
    coming = [
        step["timer"] for step in cli.json("forecast", "--days", "2") if "appro" in step["timer"]
    ]
    assert coming == ["approval_reminder"] * 3 + ["approval_expired"]
    assert "who is to approve is reminded" in cli.ok("tick", "--dry-run", "--at", "+3h")
    assert "nobody has approved or rejected it in time" in cli.ok(
        "tick", "--dry-run", "--verbose", "--at", "+25h"
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('approval_by = "bop"', 'did you mean "bob"?'),
        ('approval_by = "admins"\nremind_after = "soon"', '"off", or a duration'),
        ('approval_by = "admins"\ncalendar = "office"', "add a [[calendar]] of that name"),
    ],
)
def test_what_cannot_be_is_found_when_the_configuration_is_read(cli, line, says):
    cli.config.write_text(f"{cli.config.read_text()}\n[escalate]\n{line}\n")
    assert says in cli.no(78, "tickets")


def test_without_administrators_none_of_them_can_be_asked(cli):
    text = cli.config.read_text().replace('admins = ["admin@agent.example"]', "admins = []")
    cli.config.write_text(f'{text}\n[escalate]\napproval_by = "admins"\n')
    assert "nobody could approve it" in cli.no(78, "tickets")
