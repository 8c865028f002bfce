"""Joins what the gateway writes to staff in a flood: one mail in ten minutes.

Nothing is left out, as it is for customers: an agent must learn of everything, but not by 200 mails
in a minute. What a person wrote goes out at once in any case, and so do answers to what somebody
asked. What waits for the end of somebody's quiet hours is counted and joined apart: the mail in
which it is told waits as well, and nothing that is urgent with it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from mailgate.desk import notices
from mailgate.desk.ahead import Ahead
from mailgate.desk.settings import Settings, Signer
from mailgate.domain.caps import HOUR
from mailgate.domain.notices import NOTICES
from mailgate.domain.people import Role, Staff
from mailgate.store import joining, outbox
from mailgate.store.joining import JOINED, WITHIN, Waiting

WAIT = timedelta(minutes=10)
MOST = 500  # notices in one mail
_KEPT = ("desk", "recipient")


def join(
    connection: Connection,
    rows: list[dict[str, Any]],
    settings: Settings,
    signer: Signer,
    next_id: Callable[[], int],
    now: datetime,
    ahead: Ahead,
    *,
    lock: bool,
) -> dict[int, Waiting]:
    """Put rows of the outbox that are over the number into mails with others, as configured.

    Each such row stays, as suppressed, and says in which mail it is told. `rows` grows by the mails
    that are new. Returns which mail each is told in; what was stored before is for `keep`, if all
    this is to be written: then `lock`.
    """
    alike = [row for row in rows if _joins(row)]
    if not alike:
        return {}
    tenant_id, addresses = settings.tenant_id, {row["recipient"] for row in alike}
    counts = joining.sent_to_staff(connection, tenant_id, addresses, now - HOUR, now)
    for whose in {_whose(row) for row in alike}:
        counts[whose] = counts.get(whose, 0) + ahead.sent_to_staff(whose, now - HOUR, now)
    over = _beyond(alike, counts, settings.burst)
    if not over:
        return {}
    addresses = {row["recipient"] for row in over}
    stored = joining.waiting(connection, tenant_id, addresses, now, lock=lock)
    mails = {mail.whose: mail for mail in (*stored, *ahead.waiting(now))}
    within = {}
    for row in over:
        mail = mails.get(_whose(row))
        if mail is None or len(mail.context["tickets"]) >= MOST:
            new = _mail(row, signer, next_id(), now)
            rows.append(new)
            mail = Waiting(*(new[name] for name in Waiting.__slots__))
            mails[mail.whose] = mail
        mail.context["tickets"].append(_told(row))
        within[row["id"]] = mail
        reason = f"{WITHIN} {mail.id}"
        row.update(state=outbox.SUPPRESSED, reason=reason, done_at=now)
    return within


def keep(
    connection: Connection,
    tenant_id: int,
    rows: Sequence[Mapping[str, Any]],
    within: Mapping[int, Waiting],
    now: datetime,
) -> None:
    """Write what has come to mails that were stored before; new ones are among `rows`."""
    new = {row["id"] for row in rows}
    for mail in {mail.id: mail for mail in within.values()}.values():
        if mail.untold:
            joining.withdraw(connection, tenant_id, mail.id, now)
        elif mail.id not in new:
            joining.fill(connection, tenant_id, mail.id, mail.context)


def _joins(row: dict[str, Any]) -> bool:
    staff = row["role"] != Role.CUSTOMER.value
    return bool(NOTICES[row["notice"]].joins and row["automatic"] and staff and row["ticket_id"])


def _whose(row: dict[str, Any]) -> tuple[str, bool]:
    """Return for whom a row is, and whether it waits: what does not must not wait with others."""
    return row["recipient"], row["quiet_until"] is not None


def _beyond(
    rows: Sequence[dict[str, Any]], counts: dict[tuple[str, bool], int], burst: int
) -> list[dict[str, Any]]:
    """Return the rows with which somebody gets more than `burst` in an hour, or after a night."""
    counts, over = dict(counts), []
    for row in rows:
        whose = _whose(row)
        counts[whose] = counts.get(whose, 0) + 1
        if counts[whose] > burst:
            over.append(row)
    return over


def _mail(row: dict[str, Any], signer: Signer, id_: int, now: datetime) -> dict[str, Any]:
    """Return a mail for whom a notice is for, with nothing told in it yet."""
    before: dict[str, Any] = row["context"]
    context: dict[str, Any] = {
        name: [] if isinstance(each, list) else None for name, each in before.items()
    }
    context |= {name: before[name] for name in _KEPT} | {
        "ticket": notices.facts(notices.NO_TICKET, Staff()),
        "tickets": [],
    }
    return row | {
        "id": id_,
        "ticket_id": None,
        "notice": JOINED,
        "turn": 0,
        "rfc_id": signer.message_id(JOINED, id_, row["recipient"]),
        "message_id": None,
        "context": context,
        "next_try_at": max(now + WAIT, row["quiet_until"] or now),
    }


def _told(row: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = row["context"]
    addresses = {name: context[name] for name in ("reply_address", "note_address")}
    return {**context["ticket"], "notice": row["notice"], **addresses}
