"""The tables of the board: what lay in its folders at the last look, and what we are moving."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from mailgate.store.columns import Id, metadata, of_ticket, only, tenant_id
from mailgate.store.types import Instant


def _mailbox() -> Column[str]:
    return Column("mailbox", String(32), nullable=False, comment="the mailbox it is in")


board_folder = Table(
    "board_folder",
    metadata,
    tenant_id(),
    _mailbox(),
    Column("name", Text, nullable=False, comment="its full name"),
    Column("uidvalidity", BigInteger, nullable=False, comment="the epoch of its UIDs"),
    Column("uidnext", BigInteger, comment="the next UID, as the server told"),
    Column("messages", BigInteger, nullable=False, comment="how many mails it held"),
    Column("modseq", BigInteger, comment="its highest change of a flag, where these are counted"),
    Column("meaning", Text, comment="what it stood for; nothing: for nothing any more"),
    PrimaryKeyConstraint("tenant_id", "mailbox", "name"),
    comment="how each folder of a board stood at the last look",
)

board_copy = Table(
    "board_copy",
    metadata,
    tenant_id(),
    _mailbox(),
    Column("folder", Text, nullable=False, comment="the folder it lay in"),
    Column("uid", BigInteger, nullable=False, comment="its UID"),
    Column("identity", String(64), nullable=False, comment="tells one mail in two folders"),
    Column("mail_id", Id, ForeignKey("mail.id"), comment="the raw mail; none of history"),
    *of_ticket(nullable=True),
    Column("struck", Boolean, nullable=False, comment="it is marked as deleted"),
    Column("dropped_at", Instant, comment="when somebody put it there, until that is acted upon"),
    PrimaryKeyConstraint("tenant_id", "mailbox", "folder", "uid"),
    Index("ix_board_copy_ticket", "tenant_id", "mailbox", "ticket_id"),
    Index(
        "ix_board_copy_dropped",
        "tenant_id",
        "mailbox",
        "dropped_at",
        **only("dropped_at IS NOT NULL"),
    ),
    Index(
        "ix_board_copy_orphan",
        "tenant_id",
        "mailbox",
        "mail_id",
        **only("ticket_id IS NULL AND mail_id IS NOT NULL"),
    ),
    Index(
        "ix_board_copy_struck",
        "tenant_id",
        "mailbox",
        "folder",
        "uid",
        sqlite_where=text("struck = 1"),
        postgresql_where=text("struck"),
    ),
    comment="what lay in the folders of a board at the last look",
)

board_mark = Table(
    "board_mark",
    metadata,
    tenant_id(),
    _mailbox(),
    Column("folder", Text, nullable=False, comment="the folder of the mail"),
    Column("uid", BigInteger, nullable=False, comment="its UID"),
    Column("mark", String(64), nullable=False, comment="the flag or keyword"),
    PrimaryKeyConstraint("tenant_id", "mailbox", "folder", "uid", "mark"),
    comment="flags and keywords of mails that mean something, as they were acted upon",
)

board_intent = Table(
    "board_intent",
    metadata,
    tenant_id(),
    _mailbox(),
    Column("identity", String(64), nullable=False, comment="the mail"),
    Column("folder", Text, nullable=False, comment="the folder into which we move it"),
    Column("at", Instant, nullable=False, comment="since when"),
    PrimaryKeyConstraint("tenant_id", "mailbox", "identity"),
    comment="moves of our own, written before they are made",
)

board_ticket = Table(
    "board_ticket",
    metadata,
    tenant_id(),
    _mailbox(),
    Column("ticket_id", Id, nullable=False, comment="the ticket"),
    Column("version", Integer, nullable=False, comment="its version then"),
    PrimaryKeyConstraint("tenant_id", "mailbox", "ticket_id"),
    ForeignKeyConstraint(["tenant_id", "ticket_id"], ["ticket.tenant_id", "ticket.id"]),
    comment="tickets whose mails all lay in place",
)
