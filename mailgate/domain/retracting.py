"""What the clock held against a side before a mail was seen that shows the opposite.

The clock waits for the mail, but not for ever: a mailbox may be down for long, and an answer among
what was sent be seen a day late. Then a delay stands on the ticket, or a missed target, though the
answer was there in time. That is taken back; what was told of it meanwhile cannot be.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from mailgate.domain.draft import Draft
from mailgate.domain.events import (
    AgentReplied,
    CustomerWrote,
    DeadlinePassed,
    Event,
    MachineWrote,
    Resolve,
    Retracted,
    TimerKind,
)
from mailgate.domain.model import GATEWAY, Delay, Side, Ticket
from mailgate.domain.targets import TARGETS, told

FIRST, RESOLUTION, NEXT = TARGETS

_MESSAGES = (AgentReplied, CustomerWrote, MachineWrote, Resolve)
_OF_A_TURN = (Delay.SYSTEM.value, Delay.CLIENT.value, NEXT)
_DELAYS = {
    TimerKind.SYSTEM_RESPONSE: Delay.SYSTEM.value,
    TimerKind.CLIENT_RESPONSE: Delay.CLIENT.value,
}


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that the clock held against a side at the instant `at`.

    `what` is a value of `Delay` or the name of a target; `turn` the turn, begun at `since`.
    """

    what: str
    at: datetime
    turn: int
    since: datetime


def held_by(event: DeadlinePassed, since: datetime, changed: Collection[str]) -> Held | None:
    """Return what a deadline held against a side when it came due; None where it did not.

    `since`: when its turn began; `changed`: the facts of the ticket that it changed.
    """
    if event.timer in _DELAYS and "delay" in changed:
        return Held(_DELAYS[event.timer], event.at, event.turn, since)
    if event.timer is TimerKind.TARGET_MISSED and "targets_told" in changed:
        return Held(TARGETS[event.step], event.at, event.turn, since)
    return None


def standing(told_in_order: Iterable[Held | Retracted]) -> list[Held]:
    """Return what is held against a side still; of the same of one turn, what came first."""
    found: dict[tuple[str, int], Held] = {}
    for each in told_in_order:
        if isinstance(each, Held):
            found.setdefault(_key(each.what, each.turn), each)
        else:
            for what in each.what:
                found.pop(_key(what, each.turn), None)
    return list(found.values())


def _key(what: str, turn: int) -> tuple[str, int]:
    return what, turn if what in _OF_A_TURN else 0


def may_disprove(before: Ticket, event: Event) -> bool:
    """Tell whether it is worth asking what was held against a side before `event` was seen.

    What the ticket itself does not show is the delay of a turn that is over, which only a message
    older than the last change of turn can disprove.
    """
    since = before.turn_since
    shown = before.breached or before.overdue_count or before.delay is not Delay.NONE
    return isinstance(event, _MESSAGES) and bool(shown or (since is not None and event.at < since))


def disproved(
    before: Ticket, event: Event, after: Ticket, held: Collection[Held]
) -> Retracted | None:
    """Return what is to be taken back of what is `held`, once `event` has made `after` of `before`.

    A deadline that came no later than the message is not disproved by it.
    """
    gone = [
        each for each in held if event.at < each.at and _contradicts(before, event, after, each)
    ]
    if not gone:
        return None
    turns = [each.turn for each in gone if each.what in _OF_A_TURN]
    left = {each.what for each in held if each not in gone}
    return Retracted(
        at=event.at,
        actor=GATEWAY,
        turn=max(turns or [each.turn for each in gone]),
        what=tuple(sorted(each.what for each in gone)),
        still=tuple(sorted(each.what for each in gone if each.what == NEXT and NEXT in left)),
    )


def _contradicts(before: Ticket, event: Event, after: Ticket, held: Held) -> bool:
    """Tell whether `event` shows that what is held against a side, and came later, is not so."""
    if held.what == FIRST:
        return after.first_response_at == event.at
    if held.what == RESOLUTION:
        return after.resolved_at == event.at or _paused(before, after)
    if event.at < held.since:
        return False
    if isinstance(event, AgentReplied):
        return True
    if held.turn == before.turn and before.side is not None:
        return after.turn != before.turn
    return isinstance(event, CustomerWrote) and held.what == Delay.CLIENT


def _paused(before: Ticket, after: Ticket) -> bool:
    """Tell whether from this message on the time of the targets did not count."""
    return before.targets_since is not None and after.targets_since is None


def take_back(draft: Draft) -> None:
    """Count nothing of it any more; nobody is told, and whose turn it is stays."""
    event, before = draft.event, draft.before
    assert isinstance(event, Retracted)  # noqa: S101 - the table calls each act with its event
    gone, turn = set(event.what) - set(event.still), event.turn
    marks = {told(TimerKind.TARGET_MISSED, name) for name in (FIRST, RESOLUTION) if name in gone}
    draft.set(
        breached=tuple(name for name in before.breached if name not in gone),
        targets_told=tuple(mark for mark in before.targets_told if mark not in marks),
    )
    draft.because(", ".join(what.replace("_", " ") for what in event.what))
    if Delay.SYSTEM in event.what:
        draft.set(overdue_count=max(before.overdue_count - 1, 0))
        if before.side is Side.SYSTEM and before.turn == turn:
            _go_on(draft)


def _go_on(draft: Draft) -> None:
    """Let the desk's turn count from what the customer wrote after the answer, as it goes on."""
    before = draft.before
    times = (before.waiting_since, before.last_response_at)
    draft.set(
        delay=Delay.NONE,
        told=False,
        rearmed=before.rearmed + 1,
        waiting_since=max((at for at in times if at is not None), default=None),
    )
