"""What orders and groups old mails, by the header alone: when one was written, and its keys."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailgate.mail import headers, origin, plain
from mailgate.mail.prescan import Limits, prescan

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_FIELDS = frozenset({"message-id", "in-reply-to", "references", "subject", "return-path"})
_LATE = timedelta(days=1)  # by which clocks and zones may be wrong


@dataclass(frozen=True, slots=True)
class Skim:
    """One mail by its header; `at` is None where nothing in it tells when it was written.

    `message_ids` are its own and those that it refers to. `path` is to whom it would have come
    back, empty for the null path: as its server has noted, or else its author. `empty`: there is no
    header at all.
    """

    message_ids: tuple[str, ...]
    subject: str
    path: str
    at: datetime | None
    empty: bool


def skim(header: bytes, latest: datetime, limits: Limits) -> Skim:
    """Read a header; no mail was written after `latest`. Never raises.

    What the mail says of its date counts, unless it lies after the mail came: servers put in their
    own when a mailbox is moved from one to another.
    """
    scan = prescan(header, limits)
    found = origin.read(scan, [])
    values: dict[str, list[str]] = {}
    for field in scan.fields:
        if field.name in _FIELDS:
            values.setdefault(field.name, []).append(headers.text(field.value, label=scan.charset))
    own = tuple(headers.message_ids(values.get("message-id", ())))[:1]
    others = (
        tuple(headers.message_ids(values.get(name, ())))[-limits.references :]
        for name in ("in-reply-to", "references")
    )
    path = next(iter(values.get("return-path", ())), found.strict_from or "")
    came = found.arrival.at if found.arrival is not None else None
    return Skim(
        message_ids=tuple(dict.fromkeys((*own, *(mid for ids in others for mid in ids)))),
        subject=plain.one_line("".join(values.get("subject", ())[:1]), limits.subject),
        path=path.strip("<> "),
        at=_written(found.date, came, latest),
        empty=not scan.fields,
    )


def _written(date: datetime | None, came: datetime | None, latest: datetime) -> datetime | None:
    came = came if came is not None and _EARLIEST <= came <= latest else None
    if date is not None and _EARLIEST <= date <= min(came or latest, latest) + _LATE:
        return min(date, latest)
    return came
