"""Records of other systems that a ticket is about: as programs get them, and in a line."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mailgate.cli import printing
from mailgate.cli.shapes import Shape
from mailgate.domain.history import revive
from mailgate.domain.model import ForeignRecord

RECORD: Shape = MappingProxyType(
    {
        "record": "the system, a colon and what it is there, such as shop:4711",
        "state": "how it stands there, in the words of whoever said so, or empty",
        "at": "since when that is known",
    }
)


def shape(stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the records of a ticket as programs get them."""
    found = revive(stored, tuple[ForeignRecord, ...])
    return [{name: getattr(each, name) for name in RECORD} for each in found]


def brief(record: Mapping[str, Any]) -> str:
    """Return a record in a few words."""
    return " ".join(filter(None, (record["record"], record["state"])))


def listed(records: Iterable[Mapping[str, Any]]) -> str:
    """Return all records of a ticket, with when it was said how they stand."""
    return ", ".join(f"{brief(each)} ({printing.moment(each['at'])})" for each in records)
