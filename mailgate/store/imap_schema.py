"""The tables of the shared mailboxes that are watched: how far we are, and what lies where."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from mailgate.store.columns import Id, lease, metadata, of_ticket, only, tenant_id
from mailgate.store.types import Instant, Json

imap_mailbox = Table(
    "imap_mailbox",
    metadata,
    tenant_id(),
    Column("name", String(32), nullable=False, comment="its name in the config"),
    *lease(),
    Column("looked_at", Instant, comment="when the last full look at it began"),
    Column("fault", Text, comment="why it cannot be looked at; empty when it can"),
    Column("refresh_token", Text, comment="the newest one that the provider gave"),
    Column("granted_for", String(64), comment="digest of the configured one that began it"),
    Column("prepared_after", BigInteger, comment="answers were prepared up to this event"),
    Column(
        "goes_on",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="somebody says that its mails have vanished rightly",
    ),
    Column("stopped_at", Instant, comment="since when its board has stopped; empty: it has not"),
    PrimaryKeyConstraint("tenant_id", "name"),
    comment="mailboxes that are watched, each by one node at a time",
)

imap_folder = Table(
    "imap_folder",
    metadata,
    tenant_id(),
    Column("mailbox", String(32), nullable=False, comment="the mailbox it is in"),
    Column("name", Text, nullable=False, comment="its full name"),
    Column("uidvalidity", BigInteger, nullable=False, comment="the epoch of its UIDs"),
    Column("last_uid", BigInteger, nullable=False, comment="all UIDs up to it have been seen to"),
    Column("history_until", BigInteger, nullable=False, comment="UIDs up to it are no news"),
    Column("match_until", BigInteger, nullable=False, comment="UIDs up to it may be old mails"),
    Column("first_seen_at", Instant, nullable=False, comment="when it was looked at first"),
    PrimaryKeyConstraint("tenant_id", "mailbox", "name"),
    comment="how far each folder has been read",
)

imap_copy = Table(
    "imap_copy",
    metadata,
    tenant_id(),
    Column("mailbox", String(32), nullable=False, comment="the mailbox it is in"),
    Column("folder", Text, nullable=False, comment="the folder it was seen in"),
    Column("uidvalidity", BigInteger, nullable=False, comment="the epoch of the UID"),
    Column("uid", BigInteger, nullable=False, comment="its UID"),
    Column("identity", String(64), nullable=False, comment="tells one mail in two folders"),
    Column("mail_id", Id, ForeignKey("mail.id"), comment="the raw mail; none of history"),
    PrimaryKeyConstraint("tenant_id", "mailbox", "folder", "uidvalidity", "uid"),
    Index("ix_imap_copy_identity", "tenant_id", "mailbox", "identity"),
    comment="what was seen in which folder",
)

imap_filing = Table(
    "imap_filing",
    metadata,
    tenant_id(),
    Column("message_id", Id, nullable=False, comment="the answer whose words it carries"),
    Column("mailbox", String(32), nullable=False, comment="the mailbox that it is filed in"),
    Column("rfc_id", Text, nullable=False, comment="the Message-ID under which it left"),
    Column("raw", LargeBinary, comment="the mail as it left, until it is filed or given up"),
    Column("sent_at", Instant, nullable=False, comment="when the first of its mails had left"),
    Column("tries", Integer, nullable=False, server_default="0", comment="tries to file it"),
    Column("next_try_at", Instant, comment="not before this time; nothing: it has ended"),
    PrimaryKeyConstraint("tenant_id", "message_id"),
    ForeignKeyConstraint(["tenant_id", "message_id"], ["message.tenant_id", "message.id"]),
    Index(
        "ix_imap_filing_waiting",
        "tenant_id",
        "mailbox",
        "next_try_at",
        **only("next_try_at IS NOT NULL"),
    ),
    comment="answers that the gateway has sent, for the folder of sent mail",
)

imap_draft = Table(
    "imap_draft",
    metadata,
    tenant_id(),
    Column("mailbox", String(32), nullable=False, comment="the mailbox it is in"),
    Column("uidvalidity", BigInteger, nullable=False, comment="the epoch of the UID"),
    Column("uid", BigInteger, nullable=False, comment="its UID in the folder of drafts"),
    *of_ticket(),
    Column("since", Instant, nullable=False, comment="when it was put there"),
    PrimaryKeyConstraint("tenant_id", "mailbox", "uidvalidity", "uid"),
    Index("ix_imap_draft_ticket", "tenant_id", "ticket_id"),
    comment="drafts of answers that lie in a mailbox: somebody is writing them",
)

imap_prepared = Table(
    "imap_prepared",
    metadata,
    tenant_id(),
    Column("message_id", Id, nullable=False, comment="the customer's message that it answers"),
    Column("mailbox", String(32), nullable=False, comment="the mailbox it is in"),
    *of_ticket(),
    Column("rfc_id", Text, nullable=False, comment="its Message-ID"),
    Column("uidvalidity", BigInteger, comment="the epoch of the UID"),
    Column("uid", BigInteger, comment="its UID in the folder of drafts, once it lies there"),
    Column("digest", String(64), comment="SHA-256 of what lies there, to see that it is unchanged"),
    Column("made_at", Instant, nullable=False, comment="when it was begun"),
    Column("ended_at", Instant, comment="when it was taken away, or was gone"),
    PrimaryKeyConstraint("tenant_id", "message_id"),
    ForeignKeyConstraint(["tenant_id", "message_id"], ["message.tenant_id", "message.id"]),
    Index(
        "ix_imap_prepared_live",
        "tenant_id",
        "mailbox",
        "ticket_id",
        **only("ended_at IS NULL"),
    ),
    comment="answers that the gateway has begun for agents, as drafts in a mailbox",
)

imap_history = Table(
    "imap_history",
    metadata,
    tenant_id(),
    Column("rfc_id", Text, nullable=False, comment="its Message-ID"),
    Column("thread", Text, nullable=False, comment="the Message-ID that all of a thread share"),
    Column("sender", Text, nullable=False, comment="who wrote it, normalised"),
    Column("people", Json, nullable=False, comment="who wrote or got it, but ourselves"),
    Column("at", Instant, nullable=False, comment="when it came"),
    PrimaryKeyConstraint("tenant_id", "rfc_id"),
    Index("ix_imap_history_thread", "tenant_id", "thread"),
    comment="mails of shared mailboxes that belong to no ticket, for threads that go on",
)
