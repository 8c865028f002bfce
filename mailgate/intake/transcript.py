"""A parsed mail as JSON and back, for a process of its own that reads what might harm this one.

What comes back is checked field by field: the other process has read hostile bytes, and is
believed no more than they are.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mailgate.errors import Refused
from mailgate.mail.parsed import ParsedMail

_PARSED = TypeAdapter(ParsedMail)


def write(mail: ParsedMail) -> bytes:
    """Return `mail` as JSON in UTF-8."""
    fields = {name: getattr(mail, name) for name in ParsedMail.__slots__}
    return _PARSED.dump_json(ParsedMail(**(fields | {"headers": dict(mail.headers)})))


def read(data: bytes) -> ParsedMail:
    """Return the mail that `write` gave. Raises `Refused` for anything else."""
    try:
        mail = _PARSED.validate_json(data, strict=True)
    except ValidationError as error:
        raise Refused("what came back is no parsed mail") from error
    fields: dict[str, Any] = {name: getattr(mail, name) for name in ParsedMail.__slots__}
    headers: Mapping[str, tuple[str, ...]] = MappingProxyType(dict(mail.headers))
    return ParsedMail(**(fields | {"headers": headers, "date": _aware(mail.date)}))


def _aware(date: datetime | None) -> datetime | None:
    if date is not None and date.tzinfo is None:
        raise Refused("what came back has a date without a zone")
    return date
