"""`mailgate agents`: who is there, and saying that somebody is away."""

import pytest

from mailgate.cli import shapes
from mailgate.passwords import verified


def test_agents_are_listed_and_one_can_be_away_and_come_back(cli):
    alice, bob = cli.json("agents")
    assert list(alice) == list(shapes.AGENT)
    assert (alice["name"], alice["holds"], alice["seen_at"], bob["away_until"]) == (
        *("alice", 0, None, None),
    )
    assert cli.ok("agents", "away", "alice", "--until", "+3d").startswith("alice is away until 20")
    assert cli.json("agents", "list")[0]["away_until"] is not None
    assert "alice@agent.example" in cli.ok("agents")
    assert cli.ok("agents", "back", "alice") == "alice is there.\n"
    assert cli.json("agents")[0]["away_until"] is None


def test_a_day_that_has_passed_and_somebody_unknown_are_refused(cli):
    said = cli.no(2, "agents", "away", "alice", "--until", "2020-01-01")
    assert "2020-01-01 has passed: say when alice is back" in said
    assert "'soon' is not a time" in cli.no(2, "agents", "away", "alice", "--until", "soon")
    assert "there is no agent 'eve'" in cli.no(1, "agents", "back", "eve")


def test_an_agent_is_named_in_any_case_or_by_address_and_an_empty_team_is_told(cli):
    cli.set(team=[{"name": "billing", "members": ["alice"]}])
    said = cli.ok("agents", "away", "Alice", "--until", "+3d")
    assert said.endswith("Nobody of team billing is there now: its new tickets wait.\n")
    said = cli.ok("agents", "away", "bob@agent.example", "--until", "+3d")
    assert said.endswith("No agent is there now: new tickets wait.\n")
    number = cli.open()
    assert "Mind that alice is away until 20" in cli.ok("assign", number, "alice")
    assert cli.ok("agents", "back", "ALICE@agent.example") == "alice is there.\n"
    assert "Mind" not in cli.ok("assign", cli.open(), "alice")


def test_a_desk_without_agents_says_so(cli):
    cli.set(agent=None)
    assert "There are no agents" in cli.ok("agents")


def test_what_somebody_holds_who_goes_away_is_told(cli):
    number = cli.open()
    cli.ok("assign", number, "alice")
    said = cli.ok("agents", "away", "alice", "--until", "+3d")
    assert "They go on holding 1 ticket: `mailgate assign` gives them away." in said


def test_a_password_becomes_a_line_for_the_configuration(cli):
    made = cli.ok("agents", "password", "alice", stdin="pass wörd\r\n".encode())
    assert made.startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    assert verified(made.strip(), "pass wörd")
    assert not verified(made.strip(), "pass word")
    cli.set(submission__listen="127.0.0.1:0", agent=[{"name": "alice", "address": "a@b.example"}])
    cli.set(agent=[{"name": "alice", "address": "a@b.example", "password_hash": made.strip()}])
    assert cli.json("agents")[0]["name"] == "alice"


@pytest.mark.parametrize("given", [b"", b"\n", b"short\n"])
def test_a_short_password_is_refused(cli, given):
    assert "at least 8 characters" in cli.no(1, "agents", "password", "alice", stdin=given)
