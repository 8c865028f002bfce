"""Tables by which the gateway knows how it does: signs of life, jobs, canaries, ways that fail."""

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from mailgate.store.columns import Id, metadata, only, tenant_id
from mailgate.store.types import Instant, Json

canary = Table(
    "canary",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="its id"),
    tenant_id(),
    Column("sent_at", Instant, nullable=False, comment="when it was sent"),
    Column("back_at", Instant, comment="when it came back"),
    Column("missed_at", Instant, comment="when it was found missing"),
    Column("done_at", Instant, comment="when nothing more followed from it"),
    Index("ix_canary_open", "tenant_id", **only("done_at IS NULL")),
    comment="mails of our own that are sent round the loop",
)

broken_way = Table(
    "broken_way",
    metadata,
    tenant_id(),
    Column("node", Text, nullable=False, comment="whose way out it is"),
    Column("since", Instant, nullable=False, comment="the first failure in a row"),
    Column("why", Text, nullable=False, comment="how the last one was worded"),
    Column("seen_at", Instant, nullable=False, comment="when the node last said so"),
    PrimaryKeyConstraint("tenant_id", "node"),
    comment="nodes whose smarthost, or Maildir, takes no mail",
)

shortage = Table(
    "shortage",
    metadata,
    tenant_id(),
    Column("cause", String(128), nullable=False, comment="team or agent, and which one"),
    Column("since", Instant, nullable=False, comment="when administrators were told"),
    PrimaryKeyConstraint("tenant_id", "cause"),
    comment="for which tickets nobody is free; a row goes when none of them waits any more",
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", String(32), primary_key=True, comment="what runs: clock"),
    Column("seen_at", Instant, comment="when it last ran"),
    Column("hold_until", Instant, comment="until when some steps wait after an outage"),
    Column("late", Boolean, nullable=False, comment="it had not run for too long then"),
    comment="signs of life",
)

job_run = Table(
    "job_run",
    metadata,
    tenant_id(),
    Column("name", String(32), nullable=False, comment="which job: rules, deadlines, …"),
    Column("node", Text, nullable=False, comment="where it ran"),
    Column("began_at", Instant, nullable=False, comment="when it began"),
    Column("took_ms", Integer, nullable=False, comment="how long it took, in milliseconds"),
    Column("result", Json, nullable=False, comment="what it did, in numbers"),
    Column("fault", Text, nullable=False, comment="what ended it, or empty"),
    PrimaryKeyConstraint("tenant_id", "name"),
    comment="how each job went when it last ran",
)
