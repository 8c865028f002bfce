"""A desk in some state that follows from a seed, and what becomes of it while nobody writes."""

import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mailgate.desk.forecast import Foreseen, forecast
from mailgate.domain.caps import Caps
from mailgate.domain.escalation import ApprovalRule, Escalation, Since
from mailgate.domain.events import (
    Assign,
    AssignTeam,
    Escalate,
    NoteAdded,
    Resolve,
    SetPriority,
    SetTimes,
    Snooze,
    Wait,
)
from mailgate.domain.hours import Calendar, outside
from mailgate.domain.model import Actor, ActorKind, Priority, Ticket
from mailgate.domain.people import Staff
from mailgate.domain.policy import Telling, resolve
from mailgate.errors import Illegal
from mailgate.store.joining import JOINED
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import ADMIN, ALICE, BOB, World, settings

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LOOK = 10 * MINUTE  # signs of life are kept every four minutes, and a gap of fifteen is an outage
CUSTOMERS = tuple(f"{name}@customer.example" for name in ("carol", "dave", "erin"))
AGENT = Actor(ActorKind.AGENT, "alice")
OFFICE = Calendar("Europe/Berlin", (((540, 1020),),) * 5 + ((), ()))
AWAKE = outside("Europe/Berlin", 12 * 60, 31 * 60)
# The clocks change within days of these.
STARTS = (datetime(2026, 3, 27, 9, tzinfo=UTC), datetime(2026, 10, 23, 9, tzinfo=UTC))


def _rules(chance: random.Random) -> tuple[Escalation, ...]:
    rules = (
        Escalation("leads", chance.randint(1, 9) * HOUR, to="team:leads"),
        Escalation("late", chance.choice((0, 2)) * HOUR, Since.OVERDUE, tell_admins=True),
        Escalation("old", 30 * HOUR, Since.OPENED, calendar="office", to="bob"),
        Escalation("dear", 2 * HOUR, to="alice", approval=ApprovalRule("bob", 3 * HOUR, DAY)),
    )
    return tuple(chance.sample(rules, chance.randint(0, 4)))


def world_of(database: Any, chance: random.Random) -> World:
    """Return a desk with rules of its own."""
    times = {
        name: chance.choice((20, 60, 90, 180, 600)) * MINUTE
        for name in ("system", "client", "auto_close", "first_response", "resolution")
    }
    office = {"calendar": "office", "working": ("system", "resolution")}
    given = times | (office if chance.random() < 0.4 else {})
    thresholds, origins = resolve(everywhere=given)
    base = settings(
        calendars={"office": OFFICE},
        escalations=_rules(chance),
        watch_targets=chance.random() < 0.7,
        pause_targets=chance.random() < 0.3,
        client_reminders=chance.randint(0, 3),
        resolve_silent=chance.random() < 0.5,
        reminders_in=chance.choice(("", "office")),
        tell_changes=chance.choice(list(Telling)),
        survey_after=chance.choice((None, HOUR, DAY)),
    )
    staff = Staff((ALICE, BOB), {"leads": ("bob",), "all": ("alice", "bob")}, (ADMIN,))
    world = World(
        database,
        replace(
            base,
            policy=replace(base.policy, thresholds=thresholds, origins=origins),
            staff=staff,
            awake=dict.fromkeys((ALICE.address, ADMIN), AWAKE) if chance.random() < 0.5 else {},
            burst=chance.choice((1, 3, 30)),
            caps=Caps(per_address_day=chance.choice((2, 8, 40))),
        ),
    )
    world.now = chance.choice(STARTS)
    return world


def _act(world: World, chance: random.Random, ticket: Ticket) -> None:
    """Let somebody do something to a ticket that they may."""
    stamp = {"at": world.now, "actor": AGENT}
    acts = (
        lambda: world.agent_replies(ticket),
        lambda: world.agent_replies(ticket),
        lambda: world.customer_writes(ticket),
        lambda: world.apply(ticket, Assign(assignee=chance.choice(("alice", "bob")), **stamp)),
        lambda: world.apply(ticket, AssignTeam(team=chance.choice(("leads", "all")), **stamp)),
        lambda: world.apply(ticket, NoteAdded(**stamp)),
        lambda: world.apply(ticket, Resolve(**stamp)),
        lambda: world.apply(ticket, Wait(**stamp)),
        lambda: world.apply(ticket, SetPriority(priority=chance.choice(list(Priority)), **stamp)),
        lambda: world.apply(ticket, SetTimes(values=(("system", 3600),), **stamp)),
        lambda: world.apply(ticket, Snooze(until=world.now + 5 * HOUR, **stamp)),
        lambda: world.apply(ticket, Escalate(to="bob", reason="it burns", **stamp)),
    )
    with suppress(Illegal):
        chance.choice(acts)()


def begin(world: World, chance: random.Random) -> None:
    """Bring the desk into some state, in which not all that was written has been sent."""
    world.tick()
    opened = []
    for _ in range(chance.randint(10, 40)):
        world.now += chance.randint(0, 12) * MINUTE
        world.tick()
        if chance.random() < 0.9:
            send(world)
        if not opened or chance.random() < 0.3:
            opened.append(world.open(requester=chance.choice(CUSTOMERS)))
        else:
            _act(world, chance, chance.choice(opened))
    if chance.random() < 0.3:
        world.now += 3 * HOUR  # nobody looked
        world.tick()
        send(world)


def send(world: World) -> None:
    """Send what is due to be sent; all of it arrives."""
    worker_of(world, Scripted()).drain()


Row = tuple[Any, ...]


def told(foreseen: list[Foreseen]) -> list[Row]:
    """Return what was foreseen: each deadline, with each mail that it brings."""
    return [
        (step.at, step.number, step.timer.value, step.target, step.says, step.status, *_sent(step))
        for step in foreseen
    ]


def _sent(step: Foreseen) -> list[Row]:
    return [(n.notice, n.recipient, n.held_back, n.joined_at, n.quiet_until) for n in step.notices]


def foresee(world: World, until: datetime) -> list[Foreseen]:
    return list(forecast(world.desk, world.now, until))


def live(world: World, foreseen: list[Foreseen], until: datetime) -> list[Row]:
    """Let it come: ticks at each instant that was foreseen, and every few minutes in between."""
    lived: list[Row] = []
    instants = sorted({step.at for step in foreseen})
    send(world)
    while True:
        lived += _ticked(world)
        if world.now >= until:
            return lived
        ahead = next((at for at in instants if at > world.now), until)
        world.now = min(ahead, world.now + LOOK, until)


def _ticked(world: World) -> list[Row]:
    """Tick until nothing is left to do at this moment; return what happened as `told` tells it."""
    lived: list[Row] = []
    while steps := world.tick().steps:
        events = world.rows("event")[-5 * len(steps) - 50 :]
        passed = [e for e in events if e["name"] == "deadline.passed"][-len(steps) :]
        written = world.rows("outbox")
        by_id = {row["id"]: row for row in written}
        for step, event in zip(steps, passed, strict=True):
            sent = [
                _written(row, by_id)
                for row in written
                if row["event_id"] == event["id"] and row["notice"] != JOINED
            ]
            about = (step.number, step.timer.value, step.target, step.says, step.status)
            lived.append((world.now, *about, *sent))
        send(world)
    return lived


def _written(row: dict[str, Any], by_id: dict[int, dict[str, Any]]) -> Row:
    mail = None
    if (row["reason"] or "").startswith("told with others"):
        mail = by_id[int(row["reason"].rpartition(" ")[2])]["next_try_at"]
    reason, quiet = None if mail else row["reason"], row["quiet_until"]
    return (row["notice"], row["recipient"], reason, mail, quiet)
