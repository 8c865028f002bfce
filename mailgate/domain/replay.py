"""A matter lived through once more, under other rules than those by which it was decided.

What came from outside is given: the mails, and what the staff did. What the clock does in between
is worked out anew, by the same `decide` and the same timers as ever. A reminder is taken to arrive
at once. Nothing is looked up and nothing is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from mailgate.domain import retracting
from mailgate.domain.events import (
    Approve,
    Confirm,
    CustomerWrote,
    DeadlinePassed,
    Delayed,
    Delivered,
    Event,
    Opened,
    PolicyChanged,
    Rated,
    Reject,
    Retracted,
    Undelivered,
)
from mailgate.domain.horizon import UNSEEN
from mailgate.domain.lifecycle import Decision, decide
from mailgate.domain.model import CLOCK, GATEWAY, Author, Status, Ticket, changes
from mailgate.domain.outcomes import Outcome, What, outcomes
from mailgate.domain.policy import Policy
from mailgate.domain.retracting import Held
from mailgate.domain.timers import Timer, running, unmoved
from mailgate.errors import Illegal

_REPLY, _REMINDER = "agent_reply", "waiting"
_FOLLOWING = -(2**62)
"""Ids of tickets that open in a replay are below this: neither the store nor who asks has them."""


@dataclass(frozen=True, slots=True)
class Given:
    """An event as it was recorded: `turn` and `resolution` are the ticket's after it."""

    ticket_id: int
    event: Event
    recorded_at: datetime
    turn: int
    resolution: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A ticket as it stood when the replay begins, and the rules that its deadlines go by."""

    ticket: Ticket
    policy: Policy | None


class Replay:
    """A ticket and those that follow it, from `since` on under one policy.

    `leads`: a ticket of the record that is not opened here -> the one that stands for it.
    """

    def __init__(
        self,
        policy: Policy,
        begun: Iterable[Begun],
        since: datetime,
        leads: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self._outcomes: list[Outcome] = []
        self._policy = policy
        self._tickets: dict[int, Ticket] = {}
        self._now: dict[int, datetime] = {}
        self._held: dict[int, list[Held | Retracted]] = {}  # by the clock against a side
        self._goes = dict(leads)  # ticket of the record -> the one that stands for it here
        self._turns: dict[tuple[int, int], int] = {}  # the same of their turns
        self._resolutions: dict[tuple[int, int], int] = {}
        self._lost: set[tuple[int, int]] = set()  # turns of the record, no reminder arrived
        for each in begun:
            self._begin(each, since)

    def _begin(self, begun: Begun, since: datetime) -> None:
        ticket = begun.ticket
        self._tickets[ticket.id], self._now[ticket.id] = ticket, since
        self._goes[ticket.id] = ticket.id
        self._turns[ticket.id, ticket.turn] = ticket.turn
        self._resolutions[ticket.id, ticket.resolution] = ticket.resolution
        if begun.policy is None or not unmoved(ticket, begun.policy, self._policy):
            changed = PolicyChanged(at=since, actor=GATEWAY, thresholds=ticket.thresholds)
            self._happen(ticket.id, changed)

    def live(self, given: Sequence[Given], until: datetime) -> list[Outcome]:
        """Let everything happen that was recorded, in order, and the clock act up to `until`.

        Returns what came of it, in the order of time.
        """
        self._lost = _reminded(given, Undelivered) - _reminded(given, Delivered)
        for each in given:
            if from_outside(each.event):
                self._let(each)
        for ticket_id in list(self._tickets):
            self._pass_time(ticket_id, until)
        return sorted(self._outcomes, key=lambda outcome: outcome.at)

    def tickets(self) -> list[Ticket]:
        """Return the tickets as they stand in the end."""
        return list(self._tickets.values())

    def _let(self, given: Given) -> None:
        event, recorded = given.event, given.ticket_id
        if isinstance(event, Opened):
            here = self._opened(given, event)
        elif self._goes.get(recorded) not in self._tickets:
            self._outcomes.append(Outcome(What.LEFT_OUT, event.name, event.at))
            return
        else:
            here = self._goes[recorded]
            self._reach(here, given)
            event = self._translated(given, here)
            self._happened(here, event, given)
            here = self._goes[recorded]
        ticket = self._tickets[here]
        self._turns[recorded, given.turn] = ticket.turn
        self._resolutions[recorded, given.resolution] = ticket.resolution

    def _reach(self, here: int, given: Given) -> None:
        """Let the clock act up to an event, for which it waits if that is seen a little late."""
        late = given.recorded_at - given.event.at
        waits = timedelta() < late <= UNSEEN
        self._pass_time(here, given.event.at if waits else given.recorded_at)
        self._now[here] = max(self._now[here], given.recorded_at)

    def _happened(self, here: int, event: Event, given: Given) -> None:
        """Let an event happen to a ticket; what asks for a new one opens that."""
        try:
            decision = self._happen(here, event)
        except Illegal:
            self._outcomes.append(Outcome(What.LEFT_OUT, event.name, event.at))
            return
        if decision.follow_up and isinstance(event, CustomerWrote):
            self._follow(here, event, given)

    def _opened(self, given: Given, event: Opened) -> int:
        """Open a ticket; or let its first mail go to the one that it follows, if that takes it.

        What staff have split off stays so.
        """
        id_, former = given.ticket_id, event.follows
        if former is not None and former in self._goes and not event.split:
            here = self._goes[former]
            self._reach(here, given)
            wrote = CustomerWrote(
                at=event.at,
                actor=event.actor,
                author=_author(self._tickets[here], event.requester),
                message=event.message,
                silent=event.silent,
                proved=event.proved,
                remarks=event.remarks,
            )
            if not self._happen(here, wrote).follow_up:
                self._goes[id_] = here
                return here
        self._open(id_, event, given.recorded_at)
        self._goes[id_] = id_
        return id_

    def _follow(self, here: int, event: CustomerWrote, given: Given) -> None:
        """Open the ticket that follows one that takes no mail any more, as like it as can be."""
        old = self._tickets[here]
        opened = Opened(
            at=event.at,
            actor=event.actor,
            number=old.number,
            subject=old.subject,
            requester=event.actor.id,
            language=old.language,
            kind=old.kind,
            category=old.category,
            priority=old.priority,
            team=old.team,
            visibility=old.visibility,
            follows=here,
            message=event.message,
            silent=event.silent,
            proved=event.proved,
            remarks=event.remarks,
        )
        new = min(_FOLLOWING, *self._tickets) - 1
        self._open(new, opened, given.recorded_at)
        for recorded, leads_to in self._goes.items():
            if leads_to == here:
                self._goes[recorded] = new

    def _open(self, id_: int, event: Opened, now: datetime) -> None:
        self._tickets[id_], self._now[id_] = Ticket(id_), now
        self._happen(id_, event)

    def _translated(self, given: Given, here: int) -> Event:
        """Return an event that names a turn or a resolution with those that stand for it here."""
        event, recorded = given.event, given.ticket_id
        if isinstance(event, Delivered | Undelivered):
            return replace(event, turn=self._turns.get((recorded, event.turn), 0))
        if isinstance(event, CustomerWrote) and event.confirms is not None:
            return replace(event, confirms=self._resolution(recorded, event.confirms, here))
        if isinstance(event, Confirm | Rated):
            return replace(event, resolution=self._resolution(recorded, event.resolution, here))
        if isinstance(event, Approve | Reject):
            return replace(event, approval=None)
        return event

    def _resolution(self, recorded: int, n: int, here: int) -> int:
        """Return which resolution here stands for one of the record; 0 for none.

        One that is not known was made by the clock, and so may have been the present one.
        """
        ticket = self._tickets[here]
        ended = ticket.status in (Status.RESOLVED, Status.CLOSED)
        present = ticket.resolution if ended else 0
        return self._resolutions.get((recorded, n), present)

    # --- the clock ---

    def _pass_time(self, id_: int, until: datetime) -> None:
        """Act on the deadlines of a ticket up to an instant, each when it is due."""
        while True:
            timer = next(iter(running(self._tickets[id_], self._policy)), None)
            if timer is None or timer.due_at > until:
                return
            self._now[id_] = max(self._now[id_], timer.due_at)
            self._act(id_, timer)

    def _act(self, id_: int, timer: Timer) -> None:
        passed = DeadlinePassed(
            at=timer.due_at, actor=CLOCK, timer=timer.kind, turn=timer.turn, step=timer.step
        )
        decision = self._happen(id_, passed)
        ticket = decision.ticket
        asked = any(effect.notice == _REMINDER for effect in decision.effects)
        if asked and ticket.visibility == "public" and not self._is_lost(ticket):
            arrived = Delivered(
                at=self._now[id_],
                actor=GATEWAY,
                notice=_REMINDER,
                turn=ticket.turn,
                recipient=ticket.requester,
            )
            self._happen(id_, arrived)

    def _is_lost(self, ticket: Ticket) -> bool:
        """Tell whether no reminder of this turn arrived at the customer's."""
        return any(
            self._goes.get(recorded) == ticket.id
            and self._turns.get((recorded, turn)) == ticket.turn
            for recorded, turn in self._lost
        )

    def _happen(self, id_: int, event: Event) -> Decision:
        before = self._tickets[id_]
        decision = decide(before, event, self._policy, self._now[id_])
        after = self._tickets[id_] = decision.ticket
        self._outcomes += outcomes(before, event, after)
        self._hold(id_, event, before, after)
        return decision

    def _hold(self, id_: int, event: Event, before: Ticket, after: Ticket) -> None:
        """Note what the clock holds against a side, and take back what an event disproves."""
        known = self._held.setdefault(id_, [])
        if isinstance(event, DeadlinePassed) and before.turn_since is not None:
            held = retracting.held_by(event, before.turn_since, changes(before, after))
            known += [] if held is None else [held]
        standing = retracting.standing(known) if retracting.may_disprove(before, event) else []
        gone = retracting.disproved(before, event, after, standing)
        if gone is not None:
            known.append(gone)
            self._happen(id_, gone)


def from_outside(event: Event) -> bool:
    """Tell whether an event is given, and does not follow from others by the rules.

    Whether an answer of the desk arrives has nothing to do with them.
    """
    if isinstance(event, PolicyChanged):
        return event.actor != GATEWAY
    if isinstance(event, Delivered | Undelivered):
        return event.notice == _REPLY
    return not isinstance(event, DeadlinePassed | Delayed | Retracted)


def _reminded(given: Iterable[Given], kind: type[Delivered | Undelivered]) -> set[tuple[int, int]]:
    """Return (ticket, turn) of the reminders of which such an event was recorded."""
    return {
        (each.ticket_id, each.event.turn)
        for each in given
        if isinstance(each.event, kind) and each.event.notice == _REMINDER
    }


def _author(ticket: Ticket, address: str) -> Author:
    if address == ticket.requester:
        return Author.REQUESTER
    return Author.PARTICIPANT if address in ticket.participants else Author.OTHER
