"""Who gets a ticket: the one with the fewest, in turns, within a limit, and with a reason."""

from dataclasses import replace

from mailgate.domain.assignment import Load, chosen
from mailgate.domain.people import Agent, Staff

ALICE, BOB, ZOE = (Agent(name, f"{name}@desk.example", limit=2) for name in ("alice", "bob", "zoe"))


def desk(*agents: Agent) -> Staff:
    return Staff(agents)


def test_whoever_holds_the_fewest_gets_it():
    loads = {"alice": Load(2, 9), "bob": Load(1, 8)}
    why = "bob holds 1 of at most 2, the fewest of 1 who can"
    assert chosen(desk(ALICE, BOB), None, loads) == (BOB, why)
    assert chosen(desk(ALICE, BOB, ZOE), None, loads)[0] == ZOE


def test_of_several_they_take_turns():
    loads, given = {}, []
    for ticket_id in range(1, 7):
        agent, _ = chosen(desk(BOB, ALICE, ZOE), None, loads)
        given.append(agent.name)
        loads[agent.name] = Load(loads.get(agent.name, Load()).held + 1, ticket_id)
    assert given == ["alice", "bob", "zoe", "alice", "bob", "zoe"]
    nobody, why = chosen(desk(BOB, ALICE), None, loads)
    assert nobody is None
    told = ("bob holds 2 of at most 2", "alice holds 2 of at most 2")
    assert why == f"all are at their limit: {', '.join(told)}"


def test_of_those_who_have_answered_all_it_is_who_got_a_ticket_longest_ago():
    loads = {"alice": Load(0, 9), "bob": Load(0, 7), "zoe": Load(0, 8)}
    assert chosen(desk(ALICE, BOB, ZOE), None, loads)[0] == BOB
    assert chosen(desk(ALICE, BOB), None, {"alice": Load(1, 3), "bob": Load(1, 2)})[0] == BOB


def test_who_is_away_gets_none():
    away = replace(ALICE, limit=0)
    assert chosen(desk(away), None, {})[0] is None
    assert chosen(desk(away, BOB), None, {})[0] == BOB


def test_who_is_away_for_a_while_gets_none_and_it_is_told():
    loads = {"alice": Load(0, 0, "is away until 2026-03-16"), "bob": Load(2, 7)}
    assert chosen(desk(ALICE, ZOE), None, loads)[0] == ZOE
    nobody, why = chosen(desk(ALICE, BOB), None, loads)
    assert nobody is None
    told = ("alice is away until 2026-03-16", "bob holds 2 of at most 2")
    assert why == f"all are at their limit, or away: {', '.join(told)}"


def test_only_the_team_can_get_it_where_there_are_teams():
    staff = Staff((ALICE, BOB), {"billing": ("bob", "gone")})
    assert chosen(staff, "billing", {})[0] == BOB
    assert chosen(staff, "sales", {})[0] is None
    nobody, why = chosen(staff, None, {})
    assert nobody is None
    assert "only their tickets are given away" in why
