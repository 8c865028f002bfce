"""What parsing makes of a mail: values, clean of control characters, nothing of them trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailgate.mail.report import Report


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address; the address normalised where it can be, else as found."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Hop:
    """The topmost Received field: who handed the mail to whom, and when (UTC, None if unreadable).

    The fields below it are the sender's word, this one is that of the server in front of us.
    """

    from_: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ResultsField:
    """An Authentication-Results field, unfolded but not decoded, for it holds words of strangers.

    `hops` counts the Received fields above it: every server adds its fields on top.
    """

    text: str
    hops: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail; `part` is what `parts.content` takes, `size` in decoded octets.

    `inline` when the text shows it in its place, which `content_id` names (without brackets).
    """

    part: str
    name: str
    type: str
    size: int
    sha256: str
    inline: bool
    content_id: str | None


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail as far as it could be read.

    message_id: with its angle brackets; None when there is none to be used.
    subject: one line of at most `Limits.subject` characters.
    strict_from: the address of a From that leaves no doubt (one field, one mailbox, well formed),
        the only one to be compared with people's addresses; None otherwise.
    date: UTC, within ten years before and one day after the receipt; None otherwise.
    in_reply_to, references: message ids with their angle brackets, the last ones.
    authentication_results: those fields of the top header, the topmost first.
    headers: the values of the top header by lower-case name, unfolded, decoded, each on one line.
    text: the whole text, made from the HTML where there is no plain text.
    new_text: what is new in it, without quote, signature and the footers of lists and lawyers.
    reply_text: what is new in it with the signature as it was written: the quote is cut, no more.
    signature: what `new_text` leaves out of `reply_text`.
    html: the HTML of the body as it came, not made safe; None where there is none.
    report: what a delivery status notification says (RFC 3464), or returned mail in other forms.
    calendar: the method of a calendar part (RFC 6047), such as REQUEST or REPLY; None without one.
    fingerprint: hexadecimal SHA-256 over the body and what no relay changes: the same for the same
        mail by two roads.
    defects: in words, what mail-parser found wrong in addresses and dates; common, and harmless
        unless something depends on them.
    degraded: in words, the limits that were hit and what was too broken to be read as meant.
    """

    message_id: str | None
    subject: str
    from_: tuple[Mailbox, ...]
    strict_from: str | None
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    reply_to: tuple[Mailbox, ...]
    date: datetime | None
    arrival: Hop | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    authentication_results: tuple[ResultsField, ...]
    headers: Mapping[str, tuple[str, ...]]
    text: str
    new_text: str
    reply_text: str
    signature: str
    html: str | None
    attachments: tuple[Attachment, ...]
    report: Report | None
    calendar: str | None
    fingerprint: str
    defects: tuple[str, ...]
    degraded: tuple[str, ...]
