"""The sequences of ticket numbers: each number is given once."""

from sqlalchemy import Connection, bindparam, select, update

from mailgate.domain.numbers import NumberFormat
from mailgate.store import prepared, schema
from mailgate.store.prepared import Prepared

# What is asked for with each batch of mails is spelt once, not each time.
_SEQUENCE = schema.number_sequence.c
_LOCK = (
    select(_SEQUENCE.template, _SEQUENCE.next)
    .where(_SEQUENCE.tenant_id == bindparam("tenant_id"), _SEQUENCE.period == bindparam("period"))
    .order_by(_SEQUENCE.template)
    .with_for_update()
)
_ADVANCE = Prepared(
    update(schema.number_sequence)
    .where(
        _SEQUENCE.tenant_id == bindparam("b_tenant_id"),
        _SEQUENCE.template == bindparam("b_template"),
        _SEQUENCE.period == bindparam("b_period"),
    )
    .values(next=bindparam("next")),
    ("b_tenant_id", "b_template", "b_period", "next"),
)


def lock(connection: Connection, tenant_id: int, format_: NumberFormat, period: str) -> int:
    """Return the next free number of a period; nobody else gets it before the transaction ends.

    Formats that differ in width or capitals only go on in one sequence.
    """
    row = {"tenant_id": tenant_id, "template": format_.template, "period": period, "next": 1}
    prepared.insert(connection, schema.number_sequence, [row], ignore=True)
    rows = connection.execute(_LOCK, {"tenant_id": tenant_id, "period": period})
    same = [free for name, free in rows if NumberFormat(name).family == format_.family]
    return int(max(same))


def advance(connection: Connection, tenant_id: int, template: str, period: str, free: int) -> None:
    """Make `free` the next free number of a locked period."""
    row = {"b_tenant_id": tenant_id, "b_template": template, "b_period": period, "next": free}
    _ADVANCE.run(connection, [row])


def skip(
    connection: Connection, tenant_id: int, format_: NumberFormat, period: str, count: int
) -> None:
    """Leave out the next `count` numbers of a period, as if they had been given."""
    free = lock(connection, tenant_id, format_, period)
    advance(connection, tenant_id, format_.template, period, free + count)


def templates(connection: Connection, tenant_id: int) -> list[str]:
    """Return every number format that was ever used."""
    table = schema.number_sequence.c
    rows = connection.execute(select(table.template).where(table.tenant_id == tenant_id).distinct())
    return list(rows.scalars())
