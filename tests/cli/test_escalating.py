"""Escalation at the command line: by hand, by rules, and what is shown of it."""

import pytest

RULES = """
[[team]]
name = "leads"
members = ["bob"]

[[escalation]]
name = "board"
after = "6h"
tell_admins = true

[[escalation]]
name = "leads"
rank = 50
after = "0s"
if_priority = ["urgent"]
to = "team:leads"
"""


@pytest.fixture
def number(cli):
    cli.config.write_text(cli.config.read_text() + RULES)
    return cli.open()


def facts(cli, number):
    names = ("escalation_level", "escalated_to", "escalation_reason")
    whole = cli.json("show", number)
    return tuple(whole[name] for name in names)


def told(cli):
    return [to for to, subject in cli.sent() if subject.startswith("⚠️ Escalated")]


def test_by_hand_it_goes_to_whom_one_says_and_else_to_the_administrators(cli, number):
    said = cli.ok("escalate", number, "--to", "Team:leads", "--reason", "he calls", "--as", "alice")
    assert said.startswith(f"{number} is new, held by nobody")
    assert facts(cli, number) == (1, "team:leads", "he calls")
    assert ["bob@agent.example" in to for to in told(cli)] == [True]
    cli.ok("escalate", number, "--to", "alice@agent.example")
    assert facts(cli, number) == (2, "alice", None)
    cli.ok("escalate", number)
    assert facts(cli, number) == (3, None, None)
    assert "admin@agent.example" in told(cli)[-1]
    shown = cli.ok("show", number)
    assert "level 3, 20" in shown
    assert "“he calls”" in shown
    assert "escalation_level: 0 -> 1" in shown
    assert cli.json("verify") == []


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("team:lead", "there is no team 'lead'; did you mean leads?"),
        ("alyce", "there is no agent 'alyce'; did you mean alice?"),
    ],
)
def test_whom_nobody_knows_is_refused_and_nothing_has_changed(cli, number, to, says):
    assert says in cli.no(1, "escalate", number, "--to", to)
    assert facts(cli, number) == (0, None, None)


def test_what_is_closed_is_not_escalated_and_has_no_level(cli, number):
    cli.ok("escalate", number)
    cli.ok("close", number)
    assert facts(cli, number) == (0, None, None)
    assert "escalated is not possible" in cli.no(1, "escalate", number)


def test_a_rule_acts_with_the_clock_and_is_explained(cli, number):
    cli.ok("priority", number, "urgent")
    foreseen = cli.json("forecast", "--days", "1")
    assert [step["timer"] for step in foreseen if step["number"] == number][:1] == ["escalation"]
    assert "left lying, one level up: rule leads: as soon as" in cli.ok(
        "tick", "--dry-run", "--at", "+7h"
    )
    assert cli.json("tick")["steps"][0]["timer"] == "escalation"
    assert cli.json("tick")["steps"] == []
    assert facts(cli, number) == (1, "team:leads", "rule leads: as soon as it is the desk's turn")
    assert ["bob@agent.example" in to for to in told(cli)] == [True]
    leads, board = cli.json("explain", number)["escalations"]
    assert (leads["rule"], leads["due_at"]) == ("leads", None)
    assert leads["lacking"] == "it has acted on it already"
    assert board["lacking"] is None
    explained = cli.ok("explain", number)
    assert "rule leads: as soon as it is the desk's turn: it has acted on it already" in explained
    assert "rule board: 6h of the desk's turn: 20" in explained
    assert cli.json("verify") == []


def test_what_was_escalated_can_be_listed(cli, number):
    other = cli.open(subject="Another")
    cli.ok("escalate", number, "--to", "bob")
    assert [each["number"] for each in cli.json("tickets", "--escalated")] == [number]
    assert {each["number"] for each in cli.json("tickets")} == {number, other}
    assert "LEVEL" in cli.ok("tickets")
