"""What a notice carries besides its own words: messages, files, and the thread it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, select

from mailgate.store import schema
from mailgate.store.outbox import Due

QUOTED = {"waiting": "system"} | dict.fromkeys(
    ("overdue", "assigned", "escalated", "approval_wanted"), "client"
)
"""Notices that no message has caused, and the side whose last words they quote.

The customer is shown what the desk wrote and nothing else; staff are shown what waits for them, for
whoever gets a ticket of somebody else's has nothing but this mail to read it in.
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes along with one notice.

    `message` is the one whose words it carries or quotes, with the rows of its `attachments`;
    `answers` the Message-ID of the customer's last mail before it.
    """

    message: RowMapping | None = None
    attachments: tuple[RowMapping, ...] = ()
    answers: str | None = None

    def is_answer(self, due: Due) -> bool:
        """Whether the notice brings an agent's words to a customer."""
        if self.message is None or due.message_id is None or due.automatic:
            return False
        return due.role == "customer" and self.message["side"] == "system"


def carried(connection: Connection, dues: Sequence[Due]) -> dict[int, Carried]:
    """Return notice id -> what goes along, read in sets."""
    ids = {"ids": [due.id for due in dues]}
    messages = {row["notice_id"]: row for row in connection.execute(_MESSAGES, ids).mappings()}
    for due in dues:
        side = QUOTED.get(due.notice)
        if due.message_id is None and side is not None and due.ticket_id is not None:
            quoted = last_said(connection, due.tenant_id, due.ticket_id, side, due.created_at)
            if quoted is not None:
                messages[due.id] = quoted
    files: dict[int, tuple[RowMapping, ...]] = {}
    if any(row["mail_id"] is not None for row in messages.values()):
        for row in connection.execute(_ATTACHMENTS, ids).mappings():
            files[row["notice_id"]] = (*files.get(row["notice_id"], ()), row)
    answers = dict(connection.execute(_ANSWERS, ids).all())
    return {
        due.id: Carried(messages.get(due.id), files.get(due.id, ()), answers.get(due.id))
        for due in dues
    }


def last_said(
    connection: Connection, tenant_id: int, ticket_id: int, side: str, until: datetime
) -> RowMapping | None:
    """Return the last public message of a side, not later than `until`."""
    table = schema.message
    query = (
        select(table)
        .where(
            table.c.tenant_id == tenant_id,
            table.c.ticket_id == ticket_id,
            table.c.kind == "public",
            table.c.side == side,
            table.c.at <= until,
        )
        .order_by(table.c.at.desc(), table.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).mappings().one_or_none()


def last_question(
    connection: Connection, tenant_id: int, ticket_id: int, until: datetime
) -> str | None:
    """Return the Message-ID of the customer's last mail, not later than `until`."""
    return connection.execute(_last_question(tenant_id, ticket_id, until)).scalar()


def _last_question(tenant_id: Any, ticket_id: Any, until: Any) -> Select[str | None]:
    """Return the query for it; each argument is a value or a column."""
    table = schema.message.c
    return (
        select(table.rfc_id)
        .where(
            table.tenant_id == tenant_id,
            table.ticket_id == ticket_id,
            table.side == "client",
            table.rfc_id.is_not(None),
            table.at <= until,
        )
        .order_by(table.at.desc(), table.id.desc())
        .limit(1)
    )


_OUTBOX, _MESSAGE, _ATTACHMENT = schema.outbox.c, schema.message.c, schema.attachment.c
_THESE = _OUTBOX.id.in_(bindparam("ids", expanding=True))
_MESSAGES = (
    select(_OUTBOX.id.label("notice_id"), schema.message)
    .join(
        schema.message,
        and_(_MESSAGE.tenant_id == _OUTBOX.tenant_id, _MESSAGE.id == _OUTBOX.message_id),
    )
    .where(_THESE)
)
_ATTACHMENTS = (
    select(_OUTBOX.id.label("notice_id"), schema.attachment)
    .join(
        schema.attachment,
        and_(
            _ATTACHMENT.tenant_id == _OUTBOX.tenant_id,
            _ATTACHMENT.message_id == _OUTBOX.message_id,
        ),
    )
    .where(_THESE)
    .order_by(_OUTBOX.id, _ATTACHMENT.n)
)
_ANSWERS = select(
    _OUTBOX.id,
    _last_question(_OUTBOX.tenant_id, _OUTBOX.ticket_id, _OUTBOX.created_at)
    .correlate(schema.outbox)
    .scalar_subquery(),
).where(_THESE, _OUTBOX.role == "customer")
