"""The lifecycle as people see it: a diagram and a table, drawn by deciding and not by hand.

Every row of the table is tried on sample tickets, each of which has lived through what made it
what it is; what is shown is what was seen to happen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mailgate.domain import events
from mailgate.domain.draft import Notify
from mailgate.domain.escalation import ADMINS, ApprovalRule, Escalation
from mailgate.domain.events import DeadlinePassed, Delivered, Event, TimerKind
from mailgate.domain.lifecycle import condition, decide, label, row_for
from mailgate.domain.model import (
    CLOCK,
    GATEWAY,
    Actor,
    ActorKind,
    Alarm,
    Author,
    Kind,
    Priority,
    Status,
    Ticket,
)
from mailgate.domain.policy import Policy, Telling, resolve
from mailgate.domain.table import ANY, TABLE, Row
from mailgate.domain.timers import running

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
_APPROVAL = ApprovalRule(ADMINS, 4 * HOUR, 24 * HOUR)
POLICY = Policy(
    *resolve(),
    reopen_window=timedelta(days=30),
    resolve_silent=True,
    watch_targets=True,
    survey_after=timedelta(days=1),
    escalations=(
        Escalation("leads", 4 * HOUR, to="team:leads", tell_admins=True),
        Escalation("board", 8 * HOUR, to="team:leads", approval=_APPROVAL),
    ),
    asking=_APPROVAL,
    tell_changes=Telling.FULL,
)
BEGIN = "[*]"

_ALICE = Actor(ActorKind.AGENT, "alice")
_ADA = Actor(ActorKind.ADMIN, "ada")
_CAROL = Actor(ActorKind.CUSTOMER, "carol@customer.example")
_HEAD = """\
# The life of a ticket

<!-- Written by `mailgate.domain.picture.page()`; a test compares. -->

Whose turn it is follows from the status: new, open, in progress and reopened are the desk's turn,
waiting on customer and resolved the customer's, closed is nobody's. The arrows show what changes
the status; the table below also has what does not.

"""
_MIDDLE = """
## What moves a ticket

The first row that lists the event and the status, and whose condition holds, is the one that acts.
Mail and deadlines are facts: what no row lists is recorded and moves nothing. All others are
commands: what no row lists is refused, with the reason. A ticket that becomes open or in progress
is in progress if an agent holds it. `holders` are the assignee, or the team if there is none.

"""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table, with what it was seen to do.

    `becomes` is status -> the statuses that it changes such a ticket to, where it does; `told` is
    (notice, audience). A row that no sample reaches is not `seen`: nothing asks for it yet.
    """

    event: str
    on: tuple[Status, ...]
    condition: str
    says: str
    becomes: Mapping[Status, tuple[Status, ...]]
    told: tuple[tuple[str, str], ...]
    seen: bool


@dataclass(frozen=True, slots=True)
class Move:
    """One sample ticket that one event has happened to."""

    row: Row
    event: Event
    before: Ticket
    after: Ticket
    effects: tuple[Notify, ...]


# --- the samples --------------------------------------------------------------------------------

_BESIDE = (
    *(TimerKind.TARGET_NEAR, TimerKind.TARGET_MISSED, TimerKind.ESCALATION),
    *(TimerKind.APPROVAL_REMINDER, TimerKind.APPROVAL_EXPIRED),
)


def _stamp(ticket: Ticket, actor: Actor = _ALICE) -> dict[str, Any]:
    return {"at": (ticket.turn_since or START) + HOUR, "actor": actor}


def _live(ticket: Ticket, event: Event) -> Ticket:
    return decide(ticket, event, POLICY, event.at).ticket


def _due(ticket: Ticket) -> list[DeadlinePassed]:
    """Return the deadlines that run for a ticket, each as it will come due."""
    timers = running(ticket, POLICY)
    ordered = sorted(timers, key=lambda timer: timer.kind in _BESIDE)  # the turn's own come first
    return [
        DeadlinePassed(at=t.due_at, actor=CLOCK, timer=t.kind, turn=t.turn, step=t.step)
        for t in ordered
    ]


def _next(ticket: Ticket, kind: TimerKind) -> DeadlinePassed:
    return next(passed for passed in _due(ticket) if passed.timer is kind)


def _arrives(ticket: Ticket, notice: str) -> Delivered:
    at = _stamp(ticket)["at"]
    return Delivered(
        at=at, actor=GATEWAY, notice=notice, turn=ticket.turn, recipient=ticket.requester
    )


def _opened(ticket: Ticket, team: str | None = None) -> Event:
    return events.Opened(
        **_stamp(ticket, _CAROL),
        number="TKT-2026-00001",
        subject="",
        requester=_CAROL.id,
        team=team,
    )


def samples() -> tuple[Ticket, ...]:
    """Return a ticket of every status, and of whatever else the guards ask about."""
    blank = Ticket(id=1)
    new = _live(blank, _opened(blank))
    held = _live(new, events.Assign(**_stamp(new), assignee="alice"))
    replied = _live(held, events.AgentReplied(**_stamp(held)))
    resolved = _live(held, events.Resolve(**_stamp(held)))
    closed = _live(held, events.Close(**_stamp(held)))
    risen = _live(new, _next(new, TimerKind.ESCALATION))
    return (
        blank,
        new,
        _live(new, events.AssignTeam(**_stamp(new), team="billing")),
        held,
        _live(held, events.Snooze(**_stamp(held), until=START + 9 * HOUR)),
        _live(held, events.SetRecord(**_stamp(held), record="shop:4711", state="paid")),
        _live(new, events.Wait(**_stamp(new))),
        replied,
        _live(replied, _due(replied)[0]),
        *_reminded(_live(replied, _arrives(replied, "agent_reply"))),
        _live(held, events.CustomerWrote(**_stamp(held, _CAROL))),
        resolved,
        closed,
        _live(replied, events.Close(**_stamp(replied))),
        _live(resolved, events.Confirm(**_stamp(resolved, _CAROL), resolution=1)),
        _live(closed, events.Reopen(**_stamp(closed))),
        risen,
        _live(new, events.Escalate(**_stamp(new), reason="he calls")),
        _live(risen, _next(risen, TimerKind.ESCALATION)),
        _live(new, events.Discard(**_stamp(new), spam=True)),
        _live(new, events.Discard(**_stamp(new), spam=False)),
        _live(new, events.MergeInto(**_stamp(new), target=2)),
        _live(held, events.MergeInto(**_stamp(held), target=2)),
    )


def _reminded(ticket: Ticket) -> Iterator[Ticket]:
    """Yield a waiting ticket, and what it is after each reminder."""
    yield ticket
    for _ in range(POLICY.client_reminders + 1):
        ticket = _live(ticket, _due(ticket)[0])
        yield ticket
        ticket = _live(ticket, _arrives(ticket, "waiting"))
        yield ticket


# --- what may happen to them --------------------------------------------------------------------


def _asked(ticket: Ticket) -> Iterator[Event]:
    """Yield one event of every kind, and of every variant that a guard tells apart."""
    yield from (_opened(ticket), _opened(ticket, "billing"))
    if ticket.turn:
        yield from _said(ticket)
        yield from _commanded(ticket)
        yield from _due(ticket)
        yield from _reported(ticket)


def _said(ticket: Ticket) -> Iterator[Event]:
    late, later = {"at": START, "actor": _CAROL}, _stamp(ticket, _CAROL)
    past_window = later | {"at": later["at"] + timedelta(days=31)}
    for stamp in (late, later, past_window):
        yield events.CustomerWrote(**stamp)
        yield events.AgentReplied(**stamp)
    yield events.AgentReplied(**later | {"at": later["at"] - HOUR / 2})
    yield events.CustomerWrote(**later, thanks=True, proved=True)
    yield events.CustomerWrote(**later, thanks=True, author=Author.PARTICIPANT)
    yield events.CustomerWrote(**later, confirms=ticket.resolution + 1)
    yield events.MachineWrote(**later)
    yield events.MachineWrote(**later, back_at=later["at"] + timedelta(days=9))
    yield from (events.MachineWrote(**later, alarm=alarm) for alarm in Alarm)
    yield events.PeopleJoined(**later, people=("dave@customer.example",))
    yield events.Doubted(**later, reason="")
    yield events.Listed(**later, count=1)
    yield events.NoteAdded(**later)
    yield from (events.Imported(**later, open_since=at) for at in (START, past_window["at"]))
    yield events.CommandRefused(**later, reason="")


def _commanded(ticket: Ticket) -> Iterator[Event]:
    stamp = _stamp(ticket)
    yield from (events.Assign(**stamp, assignee=name) for name in ("alice", "bob", None))
    yield from (events.AssignTeam(**stamp, team=name) for name in ("billing", None))
    yield events.Wait(**stamp)
    yield from (events.Resolve(**stamp), events.Resolve(**stamp, message=1))
    yield events.Resolve(**stamp, moved=True)
    yield events.Confirm(**stamp, resolution=ticket.resolution)
    yield events.Rated(**stamp, resolution=ticket.resolution, score=4)
    yield events.Close(**stamp, moved=True)
    yield from (events.Close(**stamp), events.Reopen(**stamp), events.TakeBack(**stamp))
    yield from (events.SetPriority(**stamp, priority=p) for p in (Priority.HIGH, Priority.NORMAL))
    yield from (events.SetCategory(**stamp, category=c) for c in ("billing", ticket.category))
    yield from (events.SetKind(**stamp, kind=kind) for kind in (Kind.DISPUTE, ticket.kind))
    yield events.Tag(**stamp, added=("vip",))
    yield from (events.SetFields(**stamp, values=(("order", no),)) for no in ("7", ""))
    for at in (stamp["at"], stamp["at"] - HOUR):
        yield events.SetRecord(**stamp | {"at": at}, record="shop:4711", state="shipped")
    yield events.SetRecord(**stamp, record="shop:4711", dropped=True)
    yield events.SetRequester(**stamp, requester="dave@customer.example")
    yield events.SetRequester(**stamp, requester=ticket.requester)
    yield events.PolicyChanged(**stamp)
    yield from (events.SetTimes(**stamp, values=values) for values in ((("system", 3600),), ()))
    yield events.Follow(**stamp, agent="bob")
    yield events.Snooze(**stamp, until=stamp["at"] + HOUR)
    yield from (events.MergeInto(**stamp, target=2), events.Absorb(**stamp, source=3))
    yield events.Unmerge(**stamp)
    yield events.AnswerStopped(**stamp, mail=1, author="bob")
    for before in (None, Status.WAITING, Status.RESOLVED, Status.CLOSED):
        yield events.SplitOff(**stamp, target=4, message=1, back_to=before)
    yield from (events.Discard(**stamp, spam=spam) for spam in (True, False))
    yield events.Escalate(**stamp, to="ada")
    decided = _stamp(ticket, _ADA)
    yield events.Escalate(**decided, to="ada")
    yield from (events.Approve(**decided), events.Reject(**decided, reason=""))


def _reported(ticket: Ticket) -> Iterator[Event]:
    stamp = _stamp(ticket, CLOCK)
    yield DeadlinePassed(**stamp, timer=TimerKind.AUTO_CLOSE, turn=0, step=0)
    yield events.Retracted(**stamp, turn=ticket.turn, what=("delayed_by_system",))
    for author in ("ada", ""):
        yield events.Delayed(
            **stamp, notice="agent_reply", recipient=ticket.requester, reason="", author=author
        )
    for notice in ("agent_reply", "waiting", "received"):
        yield _arrives(ticket, notice)
        yield events.Undelivered(
            **stamp, notice=notice, turn=ticket.turn, recipient=ticket.requester, reason=""
        )


def moves() -> Iterator[Move]:
    """Yield what each event does to each sample, as far as the table lists it."""
    for ticket in samples():
        for event in _asked(ticket):
            seen = (event.at, ticket.turn_since, ticket.last_response_at)
            now = max(at for at in seen if at is not None)  # also of what comes late
            row = row_for(ticket, event, POLICY, now)
            if row is not None:
                decision = decide(ticket, event, POLICY, now)
                yield Move(row, event, ticket, decision.ticket, decision.effects)


# --- how it is shown ----------------------------------------------------------------------------


def lines() -> tuple[Line, ...]:
    """Return every row of the table, in its order, with what it was seen to do."""
    found: dict[Row, list[Move]] = {row: [] for row in TABLE}
    for move in moves():
        found[move.row].append(move)
    return tuple(_line(row, seen) for row, seen in found.items())


def _line(row: Row, seen: list[Move]) -> Line:
    changed: dict[Status, set[Status]] = {}
    for move in seen:
        if move.after.status is not move.before.status or not move.before.turn:
            changed.setdefault(move.before.status, set()).add(move.after.status)
    told = dict.fromkeys((e.notice, e.audience.value) for m in seen for e in m.effects)
    return Line(
        event=row.event.name,
        on=tuple(status for status in Status if status in row.on),
        condition=condition(row.guard) if row.guard else "",
        says=row.says,
        becomes={
            before: tuple(status for status in Status if status in changed[before])
            for before in Status
            if before in changed
        },
        told=tuple(told),
        seen=bool(seen),
    )


def picture() -> str:
    """Return the diagram of what changes the status, in the language of Mermaid."""
    arrows: dict[tuple[str, str], dict[str, None]] = {}
    for move in moves():
        before = move.before.status.value if move.before.turn else BEGIN
        after = move.after.status.value
        if before != after:
            arrows.setdefault((before, after), {})[_cause(move.event)] = None
    order = [BEGIN, *(status.value for status in Status)]
    drawn = [
        f"    {before} --> {after}: {', '.join(causes)}"
        for (before, after), causes in sorted(
            arrows.items(), key=lambda arrow: tuple(map(order.index, arrow[0]))
        )
    ]
    named = [f"    {s.value}: {label(s)}" for s in Status if label(s) != s.value]
    return "\n".join(["stateDiagram-v2", *named, *drawn, ""])


def _cause(event: Event) -> str:
    """Return an event's name in a few words: a deadline's own, else what happened or was done."""
    if isinstance(event, DeadlinePassed):
        return event.timer.value.replace("_", " ")
    subject, _, verb = event.name.partition(".")
    words = verb if event.command or isinstance(event, events.Opened) else f"{subject} {verb}"
    return words.replace("_", " ")


def rows() -> str:
    """Return the table of the rows as Markdown."""
    head = ["Event", "Ticket is", "If", "What happens", "It becomes", "Told"]
    body = [_cells(line) for line in lines()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, ["---"] * len(head), *body])


def _cells(line: Line) -> list[str]:
    told: dict[str, list[str]] = {}
    for notice, audience in line.told:
        told.setdefault(notice, []).append(audience.replace("_", " "))
    return [
        f"`{line.event}`",
        "any" if frozenset(line.on) == ANY else ", ".join(map(label, line.on)),
        line.condition,
        line.says if line.seen else f"{line.says} (nothing asks for this yet)",
        _becomes(line),
        "; ".join(f"`{notice}`: {', '.join(people)}" for notice, people in told.items()),
    ]


def _becomes(line: Line) -> str:
    """Return what tickets become; from which status is said only where it matters."""
    told = {before: " or ".join(map(label, after)) for before, after in line.becomes.items()}
    if len(set(told.values())) < 2:  # noqa: PLR2004 - one outcome, or none
        return next(iter(told.values()), "")
    return "; ".join(f"{label(before)}: {after}" for before, after in told.items())


def page() -> str:
    """Return docs/lifecycle.md."""
    return f"{_HEAD}```mermaid\n{picture()}```\n{_MIDDLE}{rows()}"
