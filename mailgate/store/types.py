"""Column types that mean the same on both stores."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

from mailgate.store import zipping
from mailgate.store.zipping import PACKED

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SHORTEST = 1024  # octets that are worth it
_NAIVE = "a naive datetime cannot be stored"


class Instant(TypeDecorator[datetime]):
    """An aware datetime, UTC at rest.

    PostgreSQL keeps `timestamptz`; SQLite, which has no such type, keeps microseconds since 1970
    as an integer, which sorts and compares as time does.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the store."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Turn an aware datetime into what the store keeps; a naive one is a mistake of ours."""
        return _kept if dialect.name == "postgresql" else _counted

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - the value itself tells which store it came from
        """Turn what the store keeps into aware UTC."""
        return _read


def _kept(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError(_NAIVE)
    return value


def _counted(value: datetime | None) -> int | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(_NAIVE)
    return (value - _EPOCH) // _MICROSECOND


def _read(value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return _EPOCH + timedelta(microseconds=value)


class AtRest(bytes):
    """Octets that are compressed already, as a column of `Packed` keeps them."""


def pack(value: bytes, *, hurried: bool = False) -> bytes:
    """Compress octets where that gives something, or return the same ones.

    Files in Base64 become as small as they were before. `hurried`: long ones are left.
    """
    if value.startswith(PACKED):
        return AtRest(zipping.compressed(value))
    if len(value) < _SHORTEST or not zipping.is_worth_it(len(value), hurried=hurried):
        return value
    packed = zipping.compressed(value)
    return AtRest(packed) if len(packed) < len(value) else value


class Packed(TypeDecorator[bytes]):
    """Octets that may be packed at rest: whoever writes them does that, who has the time for it.

    What is kept begins with `PACKED` if, and only if, it is compressed. What cannot be read comes
    as it lies there, and its digest tells that it is damaged.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - the same on both stores
        """Return octets as they shall lie there."""
        doubtful = value is not None and value.startswith(PACKED)
        return pack(value) if value and doubtful and not isinstance(value, AtRest) else value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - the same on both stores
        """Return octets as they were given."""
        if value is None or not value.startswith(PACKED):
            return value
        found = zipping.expanded(value)
        return value if found is None else found


Json = JSON(none_as_null=True)
"""A JSON document; None is SQL NULL."""
