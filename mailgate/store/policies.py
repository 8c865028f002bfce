"""Snapshots of the rules under which events were decided, each kept once."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Select, select

from mailgate.domain.escalation import ApprovalRule, Escalation, Since
from mailgate.domain.hours import Calendar, Span
from mailgate.domain.model import Kind, Priority, Thresholds
from mailgate.domain.policy import SET, Policy, Telling
from mailgate.store import schema
from mailgate.store.db import inserting

_ESCALATION = tuple(field.name for field in fields(Escalation))


def written(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of a row of thresholds as JSON; durations are seconds."""
    return {
        name: value.total_seconds()
        if isinstance(value, timedelta)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in given.items()
    }


def values(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that were written as `written`."""
    return {
        name: timedelta(seconds=value)
        if isinstance(value, int | float)
        else tuple(value)
        if isinstance(value, list)
        else value
        for name, value in stored.items()
    }


def body(policy: Policy) -> dict[str, Any]:
    """Return a policy as JSON; durations are seconds."""
    window = policy.reopen_window
    return {
        "thresholds": {
            priority.value: written({name: getattr(row, name) for name in SET})
            for priority, row in policy.thresholds.items()
        },
        "calendars": {
            name: {
                "zone": calendar.zone,
                "week": calendar.week,
                "days": {day.isoformat(): spans for day, spans in sorted(calendar.days.items())},
            }
            for name, calendar in policy.calendars.items()
        },
        "custom": {name: written(given) for name, given in sorted(policy.custom.items())},
        "reminders_in": policy.reminders_in,
        "survey_after": None
        if policy.survey_after is None
        else policy.survey_after.total_seconds(),
        "watch_targets": policy.watch_targets,
        "pause_targets": policy.pause_targets,
        "near": policy.near,
        "reopen_window": None if window is None else window.total_seconds(),
        "client_reminders": policy.client_reminders,
        "resolve_silent": policy.resolve_silent,
        "escalations": [
            written({name: getattr(rule, name) for name in _ESCALATION})
            | {"approval": _approval(rule.approval)}
            for rule in policy.escalations
        ],
        "asking": _approval(policy.asking),
        "tell_changes": policy.tell_changes.value,
    }


def _approval(rule: ApprovalRule | None) -> dict[str, Any] | None:
    return None if rule is None else written(asdict(rule))


def restore(snapshot: dict[str, Any]) -> Policy:
    """Return the policy that was written as `body`."""
    return Policy(
        thresholds={
            Priority(name): Thresholds(**values(row))
            for name, row in snapshot["thresholds"].items()
        },
        calendars={
            name: Calendar(
                calendar["zone"],
                tuple(map(_spans, calendar["week"])),
                {date.fromisoformat(day): _spans(s) for day, s in calendar["days"].items()},
            )
            for name, calendar in snapshot["calendars"].items()
        },
        custom={name: values(given) for name, given in snapshot["custom"].items()},
        reminders_in=snapshot["reminders_in"],
        survey_after=_maybe(snapshot["survey_after"]),
        watch_targets=snapshot["watch_targets"],
        pause_targets=snapshot["pause_targets"],
        near=snapshot["near"],
        origins={},
        reopen_window=_maybe(snapshot["reopen_window"]),
        client_reminders=snapshot["client_reminders"],
        resolve_silent=snapshot["resolve_silent"],
        escalations=tuple(map(_escalation, snapshot["escalations"])),
        asking=_approval_rule(snapshot["asking"]),
        tell_changes=Telling(snapshot["tell_changes"]),
    )


def _maybe(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _escalation(stored: Mapping[str, Any]) -> Escalation:
    kept: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    kept |= {
        "after": timedelta(seconds=stored["after"]),
        "since": Since(stored["since"]),
        "kinds": tuple(map(Kind, stored["kinds"])),
        "priorities": tuple(map(Priority, stored["priorities"])),
        "approval": _approval_rule(stored["approval"]),
    }
    return Escalation(**kept)


def _approval_rule(stored: Mapping[str, Any] | None) -> ApprovalRule | None:
    return None if stored is None else ApprovalRule(**values(stored))


def _spans(pairs: list[list[int]]) -> tuple[Span, ...]:
    return tuple((start, stop) for start, stop in pairs)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A policy as it is kept, and the digest by which it is found."""

    body: dict[str, Any]
    digest: str


def snapshot(policy: Policy) -> Snapshot:
    """Return a policy as it is kept."""
    facts = body(policy)
    return Snapshot(facts, sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest())


def find(connection: Connection, rules: Snapshot) -> int | None:
    """Return the id of a snapshot, if it was kept."""
    found = connection.execute(_known(rules)).scalar()
    return None if found is None else int(found)


def load(connection: Connection, id_: int) -> Policy | None:
    """Return the rules that a snapshot holds; None if it is not there."""
    table = schema.policy.c
    found = connection.execute(select(table.body).where(table.id == id_)).scalar()
    return None if found is None else restore(found)


def keep(connection: Connection, ids: Iterator[int], rules: Snapshot) -> int:
    """Return the id of a snapshot, kept now if it was not."""
    found = find(connection, rules)
    if found is not None:
        return found
    connection.execute(
        inserting(connection, schema.policy)
        .values(id=next(ids), digest=rules.digest, body=rules.body)
        .on_conflict_do_nothing()
    )
    return int(connection.execute(_known(rules)).scalar_one())


def _known(rules: Snapshot) -> Select[int]:
    return select(schema.policy.c.id).where(schema.policy.c.digest == rules.digest)
