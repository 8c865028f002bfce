"""What fills the templates of a notice, kept without what most notices do not have."""

from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.types import JSON, TypeDecorator


def blank() -> dict[str, Any]:
    """Return what only some notices have, as the others have it."""
    return {
        "message": None,
        "also": [],
        "commands": [],
        "gone_out": False,
        "tickets": [],
        "digest": None,
        "transcript": None,
        "report": None,
        "board": None,
        "more": False,
        "answers": None,
        "actor": None,
        "note": None,
        "changes": [],
        "target": None,
        "escalation": None,
        "approval": None,
        "reply_to": None,
        "reply_address": None,
        "note_address": None,
        "confirm_address": None,
        "confirm_page": None,
        "rated": None,
        "rate_addresses": [],
        "rate_page": None,
        "undelivered": None,
        "remarks": [],
    }


_BLANK = blank()


def without_blanks(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without what is `blank` in it."""
    return {
        name: each
        for name, each in document.items()
        if each or name not in _BLANK or each != _BLANK[name]
    }


class Context(TypeDecorator[dict[str, Any]]):
    """A document that comes out whole, and is kept without what is `blank` in it."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - the same on both stores
        """Leave out what is blank."""
        return without_blanks(value) if isinstance(value, dict) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - the same on both stores
        """Put back what was left out."""
        return blank() | value if isinstance(value, dict) else value
