"""Who gets a ticket that nobody holds: the one with the fewest on the desk's turn, within a limit.

Every choice comes with its reason, in words for whoever asks why.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mailgate.domain.people import Agent, Staff


@dataclass(frozen=True, slots=True)
class Load:
    """How many tickets on the desk's turn an agent holds, and the newest of all that they hold.

    That is not closed, be it on the customer's turn: who has just answered is not the next again.
    `away` says why they get no more, if so: the end of a sentence that begins with their name.
    """

    held: int = 0
    newest: int = 0
    away: str = ""


def chosen(staff: Staff, team: str | None, loads: Mapping[str, Load]) -> tuple[Agent | None, str]:
    """Return who gets the next ticket of a team, None where nobody can, and why.

    Of several with the fewest it is the one whose newest ticket is the oldest, so that they take
    turns, then the first by name. A desk without teams is one team; where there are teams, a ticket
    without one is left alone.
    """
    if staff.teams and not team:
        return None, "it has no team, and where there are teams only their tickets are given away"
    members = staff.teams.get(team or "", ())
    among = [agent for agent in staff.agents if not staff.teams or agent.name in members]
    there = [agent for agent in among if not _load(agent, loads).away]
    free = [agent for agent in there if _load(agent, loads).held < agent.limit]
    if not free:
        why = "all are at their limit" if there == among else "all are at their limit, or away"
        return None, f"{why}: " + ", ".join(_told(agent, loads) for agent in among)
    first = min(free, key=lambda a: (_load(a, loads).held, _load(a, loads).newest, a.name))
    return first, f"{_told(first, loads)}, the fewest of {len(free)} who can"


def _load(agent: Agent, loads: Mapping[str, Load]) -> Load:
    return loads.get(agent.name, Load())


def _told(agent: Agent, loads: Mapping[str, Load]) -> str:
    load = _load(agent, loads)
    return f"{agent.name} {load.away or f'holds {load.held} of at most {agent.limit}'}"
