"""Delivery status notifications read (RFC 3464, RFC 6533), as tolerantly as real ones need.

Of receipts (RFC 8098) and of complaints (RFC 5965) only the mail that they are about is read.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailgate.mail import headers, parts
from mailgate.mail.headers import Field
from mailgate.mail.parts import Part

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES = (
    "message/rfc822",
    "text/rfc822-headers",
    "text/rfc822-header",  # RFC 5965, appendix B.3
    "text/rfc822",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
)
_RECEIPT_TYPES = ("message/disposition-notification", "message/global-disposition-notification")
_NAMED_BY = (
    (_RETURNED_TYPES, "message-id"),
    (_RECEIPT_TYPES, "original-message-id"),
    (_STATUS_TYPES, "x-original-message-id"),
)
_REPORT_TYPES = frozenset((*_STATUS_TYPES, *_RECEIPT_TYPES, "message/feedback-report"))
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# In prose: classes 4 and 5, subjects 0 to 7 of RFC 3463; no part of an IP address or a version.
_ENHANCED = re.compile(r"(?<![\w.])[45]\.[0-7]\.\d{1,3}(?![\w.]?\d)")
# A reply code of SMTP, where one is to be expected: first on the line, or after these.
_REPLY_CODE = re.compile(
    r"(?:^|[:：;>(\"'#]|\b(?:said|error|code|status|state)|错误|代码)\s{0,5}([45])[0-5]\d(?![\w.])",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"automatic-action/\S{1,60}?;\s?deleted\b", re.IGNORECASE)
_BLANK_LINES = re.compile(rb"\n(?>(?:[ \t]*+\n)+)")
_ADDRESS_TYPE = re.compile(r"\s*[a-z0-9-]+\s*;\s*", re.IGNORECASE)
_MOST_RECIPIENTS = 100
_MOST_PARTS = 10
_LARGEST = 65_536  # octets looked at of either part
LONGEST_DIAGNOSTIC = 1000  # characters
_MAILED_TO = re.compile(
    r"[^\s@/]+@[^\s@.]+(?:\.[^\s@.]+)+"
)  # X.400, and hosts of one word, are not
_ALIASES = {"failure": "failed", "delay": "delayed"}
_ACTIONS = ("failed", "delayed", "expanded", "relayed", "delivered")  # the gravest first


class Source(StrEnum):
    """Where a report was read: in its standard part, or in the words of a mail system."""

    STANDARD = "standard"
    TEXT = "text"


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

    @property
    def reason(self) -> str:
        """The status, or what the server said where that tells but its class, as Exim's does."""
        return self.status if _exact(self.status) else self.diagnostic or self.status

    @property
    def temporary(self) -> bool:
        """The mail is still tried, or failed for a reason that passes (RFC 3463 section 2)."""
        return self.action == "delayed" or self.status.startswith("4.")


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
    source: Source = Source.STANDARD

    @property
    def undelivered(self) -> tuple[Outcome, ...]:
        """Those whom the mail did not reach; if there are none, those whom it did not reach yet."""
        failed = tuple(outcome for outcome in self.outcomes if outcome.action in ("failed", ""))
        return failed or tuple(outcome for outcome in self.outcomes if outcome.action == "delayed")

    @property
    def temporary(self) -> bool:
        """The mail did not reach somebody, but nobody is known to be out of reach for good."""
        return bool(self.undelivered) and all(each.temporary for each in self.undelivered)


def read(raw: bytes, leaves: Iterable[Part]) -> Report | None:
    """Return what the first delivery status of a mail that names a recipient says.

    Without outcomes for a receipt or a complaint; None for a mail that reports nothing.
    """
    leaves = tuple(leaves)
    if not any(part.type in _REPORT_TYPES for part in leaves):
        return None
    stated = [part for part in leaves if part.type in _STATUS_TYPES][:_MOST_PARTS]
    each = (outcomes(parts.decoded(raw, part)[0][:_LARGEST]) for part in stated)
    return of(next(filter(None, each), ()), returned_id(raw, leaves), Source.STANDARD)


def of(outcomes: tuple[Outcome, ...], original_message_id: str | None, source: Source) -> Report:
    """Return a report with the gravest of its outcomes in front."""
    gravest = min(outcomes, key=_gravity, default=Outcome("", "", "", ""))
    return Report(
        gravest.action,
        gravest.status,
        gravest.final_recipient,
        gravest.diagnostic,
        outcomes,
        original_message_id,
        source,
    )


def returned_id(raw: bytes, leaves: Sequence[Part]) -> str | None:
    """Return the Message-ID of the first mail, or header of a mail, among the parts.

    Where neither is returned, a receipt has it among its fields (RFC 8098 section 3.2.5), and so
    have delivery reports of Google.
    """
    for types, name in _NAMED_BY:
        part = next((part for part in leaves if part.type in types), None)
        if part is not None and (found := _message_id(_header(raw, part), name)):
            return found
    return None


def returned_header(raw: bytes, leaves: Sequence[Part]) -> tuple[Field, ...]:
    """Return the header of the first returned mail among the parts; empty without one."""
    part = next((part for part in leaves if part.type in _RETURNED_TYPES), None)
    return _header(raw, part) if part is not None else ()


def refusing(raw: bytes, leaves: Sequence[Part]) -> tuple[str, ...]:
    """Return whose filter refused a mail by a receipt (RFC 5429 section 2.1.2); empty without one.

    Mail deleted unread is announced by the same words, so only a mail system's receipt is one.
    """
    part = next((part for part in leaves if part.type in _RECEIPT_TYPES), None)
    fields = _fields(parts.decoded(raw, part)[0][:_LARGEST]) if part is not None else {}
    refused = _REFUSED.match(fields.get("disposition", ""))
    return tuple(filter(None, (_recipient(fields),))) if refused else ()


def _header(raw: bytes, part: Part) -> tuple[Field, ...]:
    block = parts.decoded(raw, part)[0][:_LARGEST].lstrip(b"\r\n")
    indented = block.startswith(b" ")  # by Zoho, every line but the folded ones
    return split(block.replace(b"\n ", b"\n")[1:] if indented else block)


def outcomes(content: bytes) -> tuple[Outcome, ...]:
    """Return one outcome for each group of fields that names a recipient."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n")
    groups = _BLANK_LINES.split(lines)[: _MOST_RECIPIENTS + 1]
    found = (_outcome(_fields(group)) for group in groups)
    return tuple(outcome for outcome in found if outcome)


def _outcome(fields: dict[str, str]) -> Outcome | None:
    recipient = _recipient(fields)
    if not recipient and "action" not in fields:
        return None
    words = fields.get("action", "").lower().split()
    action = _ALIASES.get(words[0], words[0]) if words else ""
    status = fields.get("status", "")
    exact = _STATUS.search(status)
    diagnostic = fields.get("diagnostic-code", "")[:LONGEST_DIAGNOSTIC]
    return Outcome(
        action=action if action in _ACTIONS else "",
        status=exact[1] if exact else _most_exact(code(status), code(diagnostic)),
        final_recipient=recipient,
        diagnostic=diagnostic,
    )


def _exact(code: str) -> bool:
    """Tell whether a code says more than its class."""
    return bool(code) and not code.endswith(".0.0")


def _most_exact(*codes: str) -> str:
    """Return the first code that says more than its class, else the first that there is."""
    return next(filter(_exact, codes), next(filter(None, codes), ""))


def _recipient(fields: dict[str, str]) -> str:
    """Return the final recipient; the original one where that is no address that mail goes to."""
    found = [
        _ADDRESS_TYPE.sub("", value, count=1).strip(" <>")
        for name in ("final-recipient", "original-recipient")
        if (value := fields.get(name))
    ]
    return next(filter(_MAILED_TO.fullmatch, found), next(iter(found), ""))


def code(line: str) -> str:
    """Return the status code in a line; a mere reply code gives its class: 550 is 5.0.0."""
    if enhanced := _ENHANCED.search(line):
        return enhanced[0]
    reply = _REPLY_CODE.search(line)
    return f"{reply[1]}.0.0" if reply else ""


def _fields(group: bytes) -> dict[str, str]:
    values: dict[str, str] = {}
    for field in split(group):
        values.setdefault(field.name, headers.text(field.value))
    return values


def split(block: bytes) -> tuple[Field, ...]:
    """Return the fields of a header, or of a group of a report."""
    return headers.split(block, 0, len(block), size=_LARGEST, count=200).fields


def _gravity(outcome: Outcome) -> int:
    return _ACTIONS.index(outcome.action) if outcome.action else len(_ACTIONS)


def _message_id(fields: Iterable[Field], name: str) -> str | None:
    """Return the message id in the first field of that name."""
    value = next((field.value for field in fields if field.name == name), None)
    return next(headers.message_ids([headers.text(value)]), None) if value is not None else None
