"""Who gets a ticket: the one with the fewest, in turns, within a limit, and with a reason."""

from dataclasses import replace

from mailgate.domain.assignment import Load, candidates, choose
from mailgate.domain.people import Agent, Staff

ALICE, BOB, ZOE = (Agent(name, f"{name}@desk.example", limit=2) for name in ("alice", "bob", "zoe"))


def test_whoever_holds_the_fewest_gets_it():
    loads = {"alice": Load(2, 9), "bob": Load(1, 8)}
    assert choose((ALICE, BOB), loads) == (BOB, "bob holds 1 of at most 2, the fewest of 1 who can")
    assert choose((ALICE, BOB, ZOE), loads)[0] == ZOE


def test_of_several_they_take_turns():
    loads, given = {}, []
    for ticket_id in range(1, 7):
        agent, _ = choose((BOB, ALICE, ZOE), loads)
        given.append(agent.name)
        loads[agent.name] = Load(loads.get(agent.name, Load()).held + 1, ticket_id)
    assert given == ["alice", "bob", "zoe", "alice", "bob", "zoe"]
    nobody, why = choose((BOB, ALICE), loads)
    assert nobody is None
    told = ("bob holds 2 of at most 2", "alice holds 2 of at most 2")
    assert why == f"all are at their limit: {', '.join(told)}"


def test_who_is_away_gets_none():
    away = replace(ALICE, limit=0)
    assert choose((away,), {})[0] is None
    assert choose((away, BOB), {})[0] == BOB
    assert choose((), {}) == (None, "nobody is there to hold it")


def test_only_the_team_can_get_it_where_there_are_teams():
    assert candidates(Staff((ALICE, BOB)), None) == (ALICE, BOB)
    staff = Staff((ALICE, BOB), {"billing": ("bob", "gone")})
    assert candidates(staff, "billing") == (BOB,)
    assert candidates(staff, None) == candidates(staff, "sales") == ()
