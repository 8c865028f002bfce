"""`mailgate agents`: who is there, and saying that somebody is away."""

from mailgate.cli import shapes


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
    said = cli.no(1, "agents", "away", "alice", "--until", "2020-01-01")
    assert "2020-01-01 has passed: say when alice is back" in said
    assert "there is no agent 'eve'" in cli.no(1, "agents", "back", "eve")


def test_a_desk_without_agents_says_so(cli):
    cli.set(agent=None)
    assert "There are no agents" in cli.ok("agents")


def test_what_somebody_holds_who_goes_away_is_told(cli):
    number = cli.open()
    cli.ok("assign", number, "alice")
    said = cli.ok("agents", "away", "alice", "--until", "+3d")
    assert "They go on holding 1 ticket: `mailgate assign` gives them away." in said
