"""Rows lived through by the pure rules alone: `decide`, and which timers run. No store, no mail."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mailgate import config as configuration
from mailgate.app import App
from mailgate.cli.thresholds import _key, _value
from mailgate.desk import commands, quiet
from mailgate.desk.settings import Settings
from mailgate.domain import automation, events
from mailgate.domain.commands import read
from mailgate.domain.horizon import Heartbeat, beat
from mailgate.domain.hours import morning
from mailgate.domain.lifecycle import decide
from mailgate.domain.model import CLOCK, GATEWAY, Actor, ActorKind, Ticket
from mailgate.domain.people import recipients
from mailgate.domain.policy import Row as Thresholds
from mailgate.domain.policy import overlaid
from mailgate.domain.targets import about
from mailgate.domain.timers import (
    WAITING_AFTER_OUTAGE,
    Remaining,
    Timer,
    running,
    time_until_delay,
    unmoved,
)
from tests.peers import settings
from tests.scenarios.people import ADMIN, address, role
from tests.scenarios.playing import Step
from tests.scenarios.table import Row, changed

_AWAITED = {"agent_reply", "waiting"}  # what the clock waits for to be delivered


class ByRules:
    """One policy for all rows, a ticket for each."""

    def __init__(self, rows: Sequence[Row], config: Path, _hands: object) -> None:
        self._rows, self._config = rows, config
        self._settings = self._read()
        self._policy = self._settings.policy
        self._set: dict[Any, Thresholds] = {}
        self._tickets = {row.name: Ticket(id=n) for n, row in enumerate(rows, 1)}
        self._told: dict[str, set[str]] = {row.name: set() for row in rows}
        self._waiting: list[tuple[datetime, str, str]] = []  # until when, whose row, who
        self._life, self._stopped = Heartbeat(), False

    def _read(self) -> Settings:
        return App(configuration.load(self._config, {}), {}).settings

    def close(self) -> None:
        """Nothing was opened."""

    def stop(self) -> None:
        """Be down until the clock acts again."""
        self._stopped = True

    def clock(self, now: datetime) -> list[Step]:
        for until, name, who in self._waiting:
            if until <= now:
                self._told[name].add(who)
        self._waiting = [each for each in self._waiting if each[0] > now]
        if self._life.seen_at is not None and not self._stopped:
            self._life = replace(self._life, seen_at=now, late=False)
        self._life, self._stopped = beat(self._life, now), False
        held = WAITING_AFTER_OUTAGE if self._life.hold_until else frozenset()
        return [
            step
            for row in self._rows
            for timer in sorted(running(self._tickets[row.name], self._policy), key=_as_stored)
            if timer.due_at <= now and timer.kind not in held
            for step in self._act(row, timer, now)
        ]

    def _act(self, row: Row, timer: Timer, now: datetime) -> list[Step]:
        keys = [(t.kind, t.turn, t.step) for t in running(self._tickets[row.name], self._policy)]
        if (timer.kind, timer.turn, timer.step) not in keys:
            return []  # what came due with it has ended it
        facts = {"timer": timer.kind, "turn": timer.turn, "step": timer.step}
        self._let(row, events.DeadlinePassed(at=timer.due_at, actor=CLOCK, **facts), now)
        return [Step(row.name, timer.kind.value, about(timer.kind, timer.step), timer.due_at)]

    def _let(self, row: Row, event: events.Event, now: datetime) -> None:
        before = self._tickets[row.name]
        decision = decide(before, event, self._policy, now)
        self._tickets[row.name] = after = decision.ticket
        for effect in decision.effects:
            people = recipients(
                effect.audience,
                after,
                self._settings.staff,
                before.assignee,
                event.actor.id,
                approval=after.approval or before.approval,
            )
            for person in people:
                until = quiet.until(self._settings, effect.notice, after, person, now)
                if until is None:
                    self._told[row.name].add(role(person.address))
                else:
                    self._waiting.append((until, row.name, role(person.address)))
        for notice in _AWAITED & {effect.notice for effect in decision.effects}:
            facts = {"notice": notice, "turn": after.turn, "recipient": after.requester}
            self._let(row, events.Delivered(at=now, actor=GATEWAY, **facts), now)

    def do(self, row: Row, what: str, now: datetime) -> None:
        who, _, rest = what.partition(" ")
        if who == "customer":
            self._let(row, self._customer(row, rest, now), now)
        elif who == "admin" and not rest.startswith("/"):
            self._administer(row, rest, now)
        else:
            for event in self._staff(who, rest, now):
                self._let(row, event, now)

    def _customer(self, row: Row, what: str, now: datetime) -> events.Event:
        who, ticket = Actor(ActorKind.CUSTOMER, address(row)), self._tickets[row.name]
        if not ticket.turn:
            facts = {"number": f"TKT-2026-{ticket.id:05d}", "subject": "", "requester": who.id}
            return events.Opened(at=now, actor=who, **facts)
        if what.startswith("away until "):
            day = date.fromisoformat(what.removeprefix("away until "))
            back = morning(day, self._settings.zone)
            return events.MachineWrote(at=now, actor=who, back_at=back)
        confirms = ticket.resolution if what == "confirms" else None
        thanks = what == "thanks"
        return events.CustomerWrote(
            at=now, actor=who, thanks=thanks, confirms=confirms, proved=True
        )

    def _staff(self, name: str, what: str, now: datetime) -> list[events.Event]:
        by = commands.member(self._settings.staff, ADMIN if name == "admin" else name)
        who = commands.actor(by)
        match what:
            case "answers":
                return [events.AgentReplied(at=now, actor=who)]
            case "resolves with words":
                return [events.Resolve(at=now, actor=who, message=1)]
            case "notes":
                return [events.NoteAdded(at=now, actor=who)]
        return [commands.event(each, self._settings, by, now) for each in read(what).commands]

    def _administer(self, row: Row, what: str, now: datetime) -> None:
        match what.split(" "):
            case ["gives", name]:
                given = None if name == "none" else name
                who = Actor(ActorKind.ADMIN, "cli")
                self._let(row, events.PolicyChanged(at=now, actor=who, thresholds=given), now)
                return
            case ["sets", name, *words]:
                key = _key(name, tenant="--tenant" in words)
                values = dict(_value(word, self._policy) for word in words if "=" in word)
                old = self._set.get(key, Thresholds(*key, {}))
                active = "--inactive" not in words
                self._set[key] = replace(old, values={**old.values, **values}, active=active)
            case ["unsets", name, *words]:
                key = _key(name, tenant="--tenant" in words)
                names = {word.replace("close", "auto_close") for word in words}
                kept = {k: v for k, v in self._set[key].values.items() if k not in names}
                self._set[key] = replace(self._set[key], values=kept)
            case ["configures", *_]:
                settings.change(self._config, changed([what.removeprefix("configures ")]))
                self._settings = self._read()
        self._follow(overlaid(self._settings.policy, self._set.values()), now)

    def _follow(self, policy, now: datetime) -> None:
        """Let every ticket go by other rules; what is not moved by them has no event."""
        before, self._policy = self._policy, policy
        for row in self._rows:
            ticket = self._tickets[row.name]
            if ticket.turn and ticket.waiting_since and not unmoved(ticket, before, policy):
                facts = {"thresholds": ticket.thresholds}
                self._let(row, events.PolicyChanged(at=now, actor=GATEWAY, **facts), now)

    def told(self, row: Row) -> set[str]:
        told, self._told[row.name] = self._told[row.name], set()
        return told

    def standing(self, row: Row, now: datetime) -> tuple[str, Remaining | None, datetime | None]:
        ticket = self._tickets[row.name]
        timers = running(ticket, self._policy)
        due = timers[0].due_at if timers else None
        remaining = time_until_delay(ticket, self._policy, now)
        return automation.status_of(ticket), remaining, due


def _as_stored(timer: Timer) -> tuple[datetime, str, int, int]:
    """Return where a timer of a ticket comes among those that are due."""
    return timer.due_at, timer.kind.value, timer.turn, timer.step
