"""Messages that leave their ticket for another, with the keys by which answers to them are known.

The attachments hang on the message and go with it, and so does the mail that it was read from, and
where that lies in a shared mailbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, and_, delete, exists, select, update

from mailgate.store import schema
from mailgate.store.inbox import PENDING

_MESSAGE, _REFERENCE = schema.message.c, schema.reference.c
_DELIVERY, _COPY = schema.mail_delivery.c, schema.board_copy.c


@dataclass(frozen=True, slots=True)
class Move:
    """One message on its way; `rfc_id` and `mail_id` are of the mail it was read from."""

    message_id: int
    source: int
    target: int
    rfc_id: str | None
    mail_id: int | None


def message(connection: Connection, tenant_id: int, id_: int) -> RowMapping | None:
    """Return one message."""
    query = select(schema.message).where(_MESSAGE.tenant_id == tenant_id, _MESSAGE.id == id_)
    return connection.execute(query).mappings().one_or_none()


def carried(connection: Connection, tenant_id: int, notice_id: int) -> int | None:
    """Return the message whose words a notice has carried, if it did."""
    table = schema.outbox.c
    query = select(table.message_id).where(table.tenant_id == tenant_id, table.id == notice_id)
    return connection.execute(query).scalar()


def of_mail(connection: Connection, tenant_id: int, rfc_id: str) -> list[tuple[int, int]]:
    """Return (id, ticket id) of the messages that were read from mails with one Message-ID."""
    known = select(_REFERENCE.ticket_id).where(
        _REFERENCE.tenant_id == tenant_id, _REFERENCE.rfc_id == rfc_id
    )
    on = list(connection.execute(known).scalars())
    query = select(_MESSAGE.id, _MESSAGE.ticket_id).where(
        _MESSAGE.tenant_id == tenant_id, _MESSAGE.ticket_id.in_(on), _MESSAGE.rfc_id == rfc_id
    )
    return sorted((row.id, row.ticket_id) for row in connection.execute(query)) if on else []


def recipients(connection: Connection, tenant_id: int, mail_id: int) -> list[str]:
    """Return the envelope recipients of a raw mail, as given."""
    query = select(_DELIVERY.recipients).where(
        _DELIVERY.tenant_id == tenant_id, _DELIVERY.mail_id == mail_id
    )
    return [address for each in connection.execute(query).scalars() for address in each]


def move(connection: Connection, tenant_id: int, moves: Sequence[Move]) -> None:
    """Put messages on their new tickets; the references that lead there are written already."""
    for each in moves:
        connection.execute(
            update(schema.message)
            .where(_MESSAGE.tenant_id == tenant_id, _MESSAGE.id == each.message_id)
            .values(ticket_id=each.target)
        )
        if each.mail_id is not None:
            _take_mail(connection, tenant_id, each)
        if each.rfc_id is not None:
            _let_go(connection, tenant_id, each.rfc_id, each.source)


def _take_mail(connection: Connection, tenant_id: int, each: Move) -> None:
    """Have a mail belong to the new ticket, also in the folders of a board."""
    mine = and_(
        _DELIVERY.tenant_id == tenant_id,
        _DELIVERY.mail_id == each.mail_id,
        _DELIVERY.ticket_id == each.source,
        _DELIVERY.state != PENDING,
    )
    connection.execute(update(schema.mail_delivery).where(mine).values(ticket_id=each.target))
    boards = select(schema.imap_mailbox.c.name).where(schema.imap_mailbox.c.tenant_id == tenant_id)
    lies = and_(
        _COPY.tenant_id == tenant_id,
        _COPY.mailbox.in_(boards),
        _COPY.ticket_id == each.source,
        _COPY.mail_id == each.mail_id,
    )
    connection.execute(update(schema.board_copy).where(lies).values(ticket_id=each.target))


def _let_go(connection: Connection, tenant_id: int, rfc_id: str, ticket_id: int) -> None:
    """Have a Message-ID lead no more to a ticket, unless another mail there has it as well."""
    left = exists().where(
        _MESSAGE.tenant_id == tenant_id,
        _MESSAGE.ticket_id == ticket_id,
        _MESSAGE.rfc_id == rfc_id,
    )
    connection.execute(
        delete(schema.reference).where(
            _REFERENCE.tenant_id == tenant_id,
            _REFERENCE.rfc_id == rfc_id,
            _REFERENCE.ticket_id == ticket_id,
            ~left,
        )
    )
