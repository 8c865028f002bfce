"""Delivery status notifications read (RFC 3464, RFC 6533), as tolerantly as real ones need."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailgate.mail import headers, parts
from mailgate.mail.headers import Field
from mailgate.mail.parts import Part

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_BLANK_LINES = re.compile(rb"\n(?:[ \t]*+\n)++")
_ADDRESS_TYPE = re.compile(r"\s*[a-z0-9-]+\s*;\s*", re.IGNORECASE)
_MOST_RECIPIENTS = 100
_LARGEST = 65_536  # octets looked at of either part
_LONGEST_DIAGNOSTIC = 1000  # characters
_ACTIONS = ("failed", "delayed", "expanded", "relayed", "delivered")  # the gravest first


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mail for one recipient; a field that is missing or unusable is "".

    `action` is one of RFC 3464 section 2.3.3, `status` a code of RFC 3463, `final_recipient` an
    address without its type.
    """

    action: str
    status: str
    final_recipient: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Report:
    """A notification: the gravest outcome, all of them, and which mail it is about.

    `original_message_id` comes with its angle brackets, from the returned header.
    """

    action: str
    status: str
    final_recipient: str
    diagnostic: str
    outcomes: tuple[Outcome, ...]
    original_message_id: str | None


def read(raw: bytes, leaves: Iterable[Part]) -> Report | None:
    """Return what the delivery status among the parts of a mail says, None without one."""
    status = returned = None
    for part in leaves:
        if part.type in _STATUS_TYPES:
            status = status or part
        elif part.type in _RETURNED_TYPES:
            returned = returned or part
    if status is None:
        return None
    outcomes = _outcomes(parts.decoded(raw, status)[0][:_LARGEST])
    gravest = min(outcomes, key=_gravity, default=Outcome("", "", "", ""))
    original = _message_id(parts.decoded(raw, returned)[0][:_LARGEST]) if returned else None
    return Report(
        gravest.action,
        gravest.status,
        gravest.final_recipient,
        gravest.diagnostic,
        outcomes,
        original,
    )


def _outcomes(content: bytes) -> tuple[Outcome, ...]:
    """Return one outcome for each group of fields that names a recipient."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n")
    groups = _BLANK_LINES.split(lines)[: _MOST_RECIPIENTS + 1]
    found = (_outcome(_fields(group)) for group in groups)
    return tuple(outcome for outcome in found if outcome)


def _outcome(fields: dict[str, str]) -> Outcome | None:
    recipient = fields.get("final-recipient") or fields.get("original-recipient")
    if recipient is None and "action" not in fields:
        return None
    words = fields.get("action", "").lower().split()
    status = _STATUS.search(fields.get("status", ""))
    return Outcome(
        action=words[0] if words and words[0] in _ACTIONS else "",
        status=status[1] if status else "",
        final_recipient=_ADDRESS_TYPE.sub("", recipient or "", count=1).strip(" <>"),
        diagnostic=fields.get("diagnostic-code", "")[:_LONGEST_DIAGNOSTIC],
    )


def _fields(group: bytes) -> dict[str, str]:
    values: dict[str, str] = {}
    for field in _split(group):
        values.setdefault(field.name, headers.text(field.value))
    return values


def _split(block: bytes) -> tuple[Field, ...]:
    return headers.split(block, 0, len(block), size=_LARGEST, count=200).fields


def _gravity(outcome: Outcome) -> int:
    return _ACTIONS.index(outcome.action) if outcome.action else len(_ACTIONS)


def _message_id(returned: bytes) -> str | None:
    """Return the Message-ID in the header of a returned mail."""
    for field in _split(returned.lstrip(b"\r\n")):
        if field.name == "message-id":
            return next(headers.message_ids([headers.text(field.value)]), None)
    return None
