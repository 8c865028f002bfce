"""Column types that mean the same on both stores."""

import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
PACKED = zlib.compress(b"", 1)[:2]
"""What octets begin with that are compressed."""
_SHORTEST, _LONGEST = 1024, 32 * 1024  # octets that are worth it
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


def pack(value: bytes) -> bytes:
    """Compress octets where that is cheap for what it gives, or return the same ones.

    Long ones are left: in mails they are files, mostly, which cost ten times as much as the rest
    and become no smaller than their Base64 was too large.
    """
    doubtful = value.startswith(PACKED)
    if not doubtful and not _SHORTEST <= len(value) <= _LONGEST:
        return value
    packed = zlib.compress(value, 1)
    return AtRest(packed) if doubtful or len(packed) < len(value) else value


class Packed(TypeDecorator[bytes]):
    """Octets that are packed at rest; who has time to spare may `pack` them before.

    What is kept begins with the mark of zlib if, and only if, it is compressed; what cannot be read
    comes as it lies there, and its digest tells that it is damaged.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - the same on both stores
        """Return octets as they shall lie there."""
        return value if value is None or isinstance(value, AtRest) else pack(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - the same on both stores
        """Return octets as they were given."""
        if value is None or not value.startswith(PACKED):
            return value
        try:
            return zlib.decompress(value)
        except zlib.error:
            return value


Json = JSON(none_as_null=True)
"""A JSON document; None is SQL NULL."""
