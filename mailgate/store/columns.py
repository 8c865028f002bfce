"""What the tables share: names of constraints, and columns that several of them have."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Text,
    literal,
    text,
)

from mailgate.store.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")


def fixed(word: str) -> ColumnElement[str]:
    """Return a word of ours that is written into the statement itself.

    A partial index serves only a statement from which its condition can be seen; a parameter,
    whose value comes later, hides it.
    """
    return literal(word, literal_execute=True)


def only(condition: str) -> dict[str, Any]:
    """Make an index of those rows alone for which a condition holds."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def tenant_id() -> Column[int]:
    """Return the column that says whose row it is."""
    return Column(
        "tenant_id", Integer, ForeignKey("tenant.id"), nullable=False, comment="whose row it is"
    )


def of_ticket(*, nullable: bool = False) -> tuple[Column[int], ForeignKeyConstraint]:
    """Return the column that names a ticket of the same tenant."""
    return (
        Column("ticket_id", Id, nullable=nullable, comment="the ticket it belongs to"),
        ForeignKeyConstraint(["tenant_id", "ticket_id"], ["ticket.tenant_id", "ticket.id"]),
    )


def lease() -> tuple[Column[str], Column[object], Column[int]]:
    """Return the columns of a claim."""
    return (
        Column("lease_owner", Text, comment="the node that works on it"),
        Column("lease_until", Instant, comment="when the claim lapses"),
        Column("fence", Integer, nullable=False, server_default="0", comment="counts the claims"),
    )
