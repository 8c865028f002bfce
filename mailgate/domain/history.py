"""The form that events have in the history, as JSON, and the way back."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from mailgate.domain import events
from mailgate.domain.events import Event
from mailgate.domain.model import Actor, ActorKind, Approval, ForeignRecord

_VALUES = (Approval, ForeignRecord)

EVENTS: dict[str, type[Event]] = {
    thing.name: thing
    for thing in vars(events).values()
    if isinstance(thing, type) and issubclass(thing, Event) and "name" in vars(thing)
}
"""Every event of a ticket or a mail by its name."""


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: times as ISO 8601, tuples as lists, values as objects."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, _VALUES):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    return str(value) if isinstance(value, StrEnum) else value


def payload(event: Event) -> dict[str, Any]:
    """Return what an event says beyond its name, time and actor."""
    return {name: plain(getattr(event, name)) for name in _said(type(event))}


def _said(cls: type[Event]) -> tuple[str, ...]:
    if cls not in _SAID:
        _SAID[cls] = tuple(f.name for f in fields(cls) if f.name not in {"at", "actor"})
    return _SAID[cls]


_SAID: dict[type[Event], tuple[str, ...]] = {}


def revive(value: Any, hint: Any) -> Any:
    """Turn a JSON value back into what the type hint `hint` says it was."""
    return _reviver(hint)(value)


@cache
def _reviver(hint: Any) -> Callable[[Any], Any]:
    """Return what does so: worked out once for each hint, since histories are long."""
    if isinstance(hint, UnionType):
        whole = _reviver(next(option for option in get_args(hint) if option is not NoneType))
        return lambda value: None if value is None else whole(value)
    if hint is datetime:
        return datetime.fromisoformat
    if get_origin(hint) is tuple:
        item = _reviver(get_args(hint)[0])
        return lambda value: tuple(map(item, value))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    if hint in _VALUES:
        hints = get_type_hints(hint)
        return lambda value: hint(**{k: revive(each, hints[k]) for k, each in value.items()})
    return lambda value: value


@cache
def _hints(name: str) -> dict[str, Any]:
    """Return the types of an event's fields: worked out once, since histories are long."""
    return get_type_hints(EVENTS[name])


def restore(name: str, at: datetime, actor: Actor, data: dict[str, Any]) -> Event:
    """Return the event that was written as `payload`."""
    cls = EVENTS[name]
    hints = _hints(name)
    values = {key: revive(value, hints[key]) for key, value in data.items()}
    return cls(at=at, actor=actor, **values)


def actor(text: str) -> Actor:
    """Read an actor as `str(actor)` wrote it."""
    kind, _, name = text.partition(":")
    return Actor(ActorKind(kind), name)
