"""The history of a ticket told again, to see that it leads to the ticket as it is stored.

The changes of the events are put one on the other; and each event of the present rules is decided
again under the rules that were in force then. Whatever does not agree is a sentence.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from sqlalchemy import RowMapping

from mailgate.domain.events import Event
from mailgate.domain.history import EVENTS, plain, restore, revive
from mailgate.domain.lifecycle import RULES_VERSION, Decision, decide
from mailgate.domain.model import TICKET_FACTS, Actor, ActorKind, Ticket, changes
from mailgate.domain.policy import Policy
from mailgate.errors import Illegal

_HINTS = get_type_hints(Ticket)


@dataclass(frozen=True, slots=True)
class History:
    """The events of one ticket, in order, and the notices that each of them caused."""

    ticket_id: int
    events: Sequence[RowMapping]
    notices: Mapping[int, Sequence[RowMapping]]


def retell(history: History, stored: Ticket, policies: Mapping[int, Policy]) -> Iterator[str]:
    """Yield what does not agree between a history and the ticket that is stored."""
    yield from _gaps(history, stored)
    told = Ticket(history.ticket_id)
    for row in history.events:
        where = f"event {row['n']} ({row['name']})"
        try:
            after = changed(told, row["changes"])
        except (KeyError, TypeError, ValueError) as error:
            yield f"{where} cannot be read: {error!r}"
            return
        yield from (f"{where}: {fault}" for fault in _torn(told, row["changes"]))
        if row["rules_version"] == RULES_VERSION:
            found = _decided_again(told, row, policies, history.notices.get(row["id"], ()))
            yield from (f"{where}: {fault}" for fault in found)
        told = after
    yield from _differences(told, stored)


def _gaps(history: History, stored: Ticket) -> Iterator[str]:
    numbers = [row["n"] for row in history.events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"its events are not numbered from 1 without a gap: {_short(numbers)}"
    if stored.version != len(numbers):
        yield f"its version is {stored.version}, but it has {len(numbers)} events"


def changed(ticket: Ticket, recorded: Mapping[str, Sequence[Any]]) -> Ticket:
    """Return the ticket with the changes of one event. Raises KeyError for an unknown field."""
    values = {name: revive(pair[1], _HINTS[name]) for name, pair in recorded.items()}
    return ticket.altered(**values)


def event_of(row: RowMapping | Mapping[str, Any]) -> Event:
    """Return the event that a row holds. Raises LookupError, TypeError or ValueError."""
    if row["name"] not in EVENTS:
        raise ValueError("there is no such event")
    actor = Actor(ActorKind(row["actor_kind"]), row["actor_id"])
    return restore(row["name"], row["at"], actor, row["data"])


def _torn(ticket: Ticket, recorded: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield where a change does not begin at what the events before it have led to."""
    for name, (before, _after) in recorded.items():
        if plain(getattr(ticket, name)) != before:
            yield f"changes {name} from {before!r}, but it was {plain(getattr(ticket, name))!r}"


def _differences(told: Ticket, stored: Ticket) -> Iterator[str]:
    for name in TICKET_FACTS:
        from_history, at_rest = getattr(told, name), getattr(stored, name)
        if from_history != at_rest:
            yield f"{name} is {plain(at_rest)!r}, but its history says {plain(from_history)!r}"


def _decided_again(
    before: Ticket,
    row: RowMapping,
    policies: Mapping[int, Policy],
    notices: Iterable[RowMapping],
) -> Iterator[str]:
    policy = policies.get(row["policy_id"])
    if policy is None:
        yield "the rules under which it was decided are not there"
        return
    try:
        decision = _decide(before, row, policy)
    except (LookupError, TypeError, ValueError) as error:
        yield f"cannot be read: {error!r}"
        return
    except Illegal as refusal:
        yield f"would be refused today: {refusal}"
        return
    again = {
        name: [plain(old), plain(new)]
        for name, (old, new) in changes(before, decision.ticket).items()
    }
    for name in sorted(again.keys() | row["changes"].keys()):
        now, then = again.get(name), row["changes"].get(name)
        if now != then:
            yield f"decided again it changes {name} as {now!r}, not as {then!r}"
    asked = {effect.notice for effect in decision.effects}
    for notice in notices:
        if notice["notice"] not in asked:
            yield f"did not ask for the notice {notice['id']} ({notice['notice']})"


def _decide(before: Ticket, row: RowMapping, policy: Policy) -> Decision:
    return decide(before, event_of(row), policy, row["recorded_at"])


def _short(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:20]))
    return f"{shown} ..." if len(numbers) > 20 else shown  # noqa: PLR2004 - as many as fit a line
