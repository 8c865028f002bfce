"""Who gets a ticket that nobody holds: the one with the fewest on the desk's turn, within a limit.

Every choice comes with its reason, in words for whoever asks why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailgate.domain.people import Agent, Staff


@dataclass(frozen=True, slots=True)
class Load:
    """How many tickets on the desk's turn an agent holds, and the newest of these."""

    held: int = 0
    newest: int = 0


def candidates(staff: Staff, team: str | None) -> tuple[Agent, ...]:
    """Return the agents who may get a ticket of `team`: nobody's, where there are only others'.

    A desk without teams is one team.
    """
    if not staff.teams:
        return staff.agents
    return tuple(staff.by_name[n] for n in staff.teams.get(team or "", ()) if n in staff.by_name)


def choose(among: Sequence[Agent], loads: Mapping[str, Load]) -> tuple[Agent | None, str]:
    """Return who gets the next ticket, None where nobody can, and why.

    Of several with the fewest it is the one whose newest ticket is the oldest, so that they take
    turns, then the first by name.
    """
    if not among:
        return None, "nobody is there to hold it"
    free = [agent for agent in among if _load(agent, loads).held < agent.limit]
    if not free:
        return None, "all are at their limit: " + ", ".join(_told(a, loads) for a in among)
    chosen = min(free, key=lambda a: (_load(a, loads).held, _load(a, loads).newest, a.name))
    return chosen, f"{_told(chosen, loads)}, the fewest of {len(free)} who can"


def _load(agent: Agent, loads: Mapping[str, Load]) -> Load:
    return loads.get(agent.name, Load())


def _told(agent: Agent, loads: Mapping[str, Load]) -> str:
    return f"{agent.name} holds {_load(agent, loads).held} of at most {agent.limit}"
