"""Every table and column, with what each is for.

The tenant stands in every row but those of `mail` (raw bytes are kept once), `tenant`, `policy`,
`heartbeat` and `sequence`. References within a tenant are composite keys, so that none can lead
across. Ids come from one sequence for all tables.
"""

import secrets

from sqlalchemy import (
    Boolean,
    CheckConstraint,
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
    UniqueConstraint,
    text,
)

from mailgate.store import board_schema, figures_schema, health_schema, imap_schema
from mailgate.store.columns import Id, fixed, lease, metadata, of_ticket, only, tenant_id
from mailgate.store.contexts import Context
from mailgate.store.types import Instant, Json, Packed

__all__ = ["Id", "fixed", "metadata"]

imap_mailbox, imap_folder = imap_schema.imap_mailbox, imap_schema.imap_folder
imap_copy, imap_history = imap_schema.imap_copy, imap_schema.imap_history
imap_filing, imap_draft = imap_schema.imap_filing, imap_schema.imap_draft
imap_prepared = imap_schema.imap_prepared
board_folder, board_copy = board_schema.board_folder, board_schema.board_copy
board_mark = board_schema.board_mark
board_intent, board_ticket = board_schema.board_intent, board_schema.board_ticket
heartbeat, job_run = health_schema.heartbeat, health_schema.job_run
canary, broken_way = health_schema.canary, health_schema.broken_way
shortage = health_schema.shortage
figure_set, workload_figure = figures_schema.figure_set, figures_schema.workload_figure
dashboard_figure, daily_figure = figures_schema.dashboard_figure, figures_schema.daily_figure


tenant = Table(
    "tenant",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="its id"),
    Column("name", String(64), nullable=False, unique=True, comment="its name in the config"),
    Column(
        "identity",
        String(32),
        nullable=False,
        default=lambda: secrets.token_hex(16),
        comment="drawn by lot when the desk began: no other desk has the same",
    ),
    comment="a desk that shares nothing with the others",
)

sequence = Table(
    "sequence",
    metadata,
    Column("name", String(32), primary_key=True, comment="what it counts"),
    Column("next", Id, nullable=False, comment="the next value that is free"),
    comment="where ids come from",
)

mail = Table(
    "mail",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="its id"),
    Column("digest", String(64), nullable=False, unique=True, comment="what tells it apart"),
    Column("size", Integer, nullable=False, comment="of the raw bytes, in octets"),
    Column("received_at", Instant, nullable=False, comment="when it was accepted first"),
    Column(
        "raw",
        Packed,
        nullable=False,
        comment="the bytes as they came; most are compressed",
    ),
    comment="raw mails, each kept once",
)

mail_delivery = Table(
    "mail_delivery",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="its id"),
    tenant_id(),
    Column("mail_id", Id, ForeignKey("mail.id"), nullable=False, comment="the raw mail"),
    Column("queue", String(64), nullable=False, comment="the queue of the tenant it came to"),
    Column("recipients", Json, nullable=False, comment="envelope recipients, as given"),
    Column("mail_from", Text, nullable=False, comment="envelope sender; empty is the null path"),
    Column("peer", String(64), nullable=False, comment="host, mailbox or agent that gave it"),
    Column(
        "road",
        String(16),
        nullable=False,
        comment="smtp, lmtp, submission, pipe, cli, page, imap, sent or import",
    ),
    Column("received_at", Instant, nullable=False, comment="when it was accepted"),
    Column("rfc_id", Text, comment="its Message-ID, so that answers wait for it"),
    Column("state", String(16), nullable=False, comment="pending, or how it ended"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="tries that failed"),
    Column("next_try_at", Instant, comment="not before this time"),
    Column("waiting_since", Instant, comment="when it was found to answer one that is pending"),
    *lease(),
    Column("lost", Integer, nullable=False, server_default="0", comment="claims that nobody ended"),
    Column("fingerprint", String(64), comment="the same for one mail that came by two roads"),
    Column("ticket_id", Id, comment="its ticket, also while an answer waits"),
    Column("verdict", Json, comment="what kind of mail it is, and how it found its ticket"),
    Column(
        "released",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="no spam after all",
    ),
    Column(
        "degraded", Boolean, nullable=False, server_default=text("false"), comment="read in part"
    ),
    Column("error", Text, comment="why it could not be processed"),
    Column("done_at", Instant, comment="when it ended"),
    UniqueConstraint("tenant_id", "mail_id", "queue"),
    ForeignKeyConstraint(["tenant_id", "ticket_id"], ["ticket.tenant_id", "ticket.id"]),
    Index(
        "ix_mail_delivery_pending",
        "tenant_id",
        "received_at",
        "id",
        **only("state = 'pending'"),
    ),
    Index(
        "uq_mail_delivery_fingerprint",
        "tenant_id",
        "queue",
        "fingerprint",
        unique=True,
        **only("state NOT IN ('pending', 'parked', 'suppressed', 'quarantined')"),
    ),
    Index("ix_mail_delivery_parked", "tenant_id", "id", **only("state = 'parked'")),
    Index("ix_mail_delivery_quarantined", "tenant_id", "id", **only("state = 'quarantined'")),
    Index("ix_mail_delivery_awaited", "tenant_id", "rfc_id", **only("state = 'pending'")),
    Index("ix_mail_delivery_ticket", "ticket_id"),
    CheckConstraint(
        "state IN ('pending', 'opened', 'threaded', 'commands_only', 'report', 'suppressed', "
        "'quarantined', 'parked')",
        name="state",
    ),
    comment="each mail for each queue, and the one state it ended in",
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="its id"),
    tenant_id(),
    Column("number", String(64), nullable=False, comment="the number that people see"),
    Column("subject", Text, nullable=False, comment="of its first mail"),
    Column("kind", String(16), nullable=False, comment="request, dispute, order or recovery"),
    Column("category", String(64), nullable=False, comment="one of the configured list"),
    Column("priority", String(16), nullable=False, comment="critical to low"),
    Column("language", String(16), nullable=False, comment="the customer's; empty: the desk's"),
    Column("requester", Text, nullable=False, comment="the customer's address"),
    Column("requester_name", Text, nullable=False, comment="as the customer writes it"),
    Column(
        "participants", Json, nullable=False, comment="further addresses of the customer's side"
    ),
    Column("joined", Json, nullable=False, comment="since when each of them takes part"),
    Column("assignee", String(64), comment="the agent who holds it"),
    Column("team", String(64), comment="the team that holds it"),
    Column("followers", Json, nullable=False, comment="agents who want to hear of it"),
    Column("tags", Json, nullable=False, comment="sorted"),
    Column("fields", Json, nullable=False, comment="custom fields, sorted pairs"),
    Column("records", Json, nullable=False, comment="of other systems, and how they stand there"),
    Column("thresholds", String(64), comment="name of its custom thresholds"),
    Column("own_times", Json, nullable=False, comment="times of its own, sorted pairs; seconds"),
    Column("visibility", String(16), nullable=False, comment="public or internal"),
    Column("status", String(24), nullable=False, comment="where it stands"),
    Column("delay", String(24), nullable=False, comment="whether the present turn has run out"),
    Column("disposition", String(16), nullable=False, comment="spam, withdrawn, merged or none"),
    Column("last_responder", String(16), comment="client or system"),
    Column("last_response_at", Instant, comment="when they wrote"),
    Column("waiting_since", Instant, comment="since when it is somebody's turn"),
    Column("created_at", Instant, nullable=False, comment="receipt of its first mail"),
    Column("open_since", Instant, comment="when it was opened or last reopened"),
    Column("updated_at", Instant, nullable=False, comment="when its last event was recorded"),
    Column("first_response_at", Instant, comment="first public reply"),
    Column("resolved_at", Instant, comment="when it was last resolved and stayed so"),
    Column("closed_at", Instant, comment="when it was last closed and stayed so"),
    Column("closed_by", String(16), comment="customer, agent, auto or merged"),
    Column("reopen_count", Integer, nullable=False, comment="how often it came back"),
    Column("overdue_count", Integer, nullable=False, comment="how often our time ran out"),
    Column("first_response_due_at", Instant, comment="target for the first public reply"),
    Column("resolution_due_at", Instant, comment="target for its resolution"),
    Column("targets_since", Instant, comment="since when its targets' time runs; paused: nothing"),
    Column("targets_used", Json, nullable=False, comment="seconds of it used before"),
    Column("targets_told", Json, nullable=False, comment="warnings and breaches that were told"),
    Column("breached", Json, nullable=False, comment="targets that were missed"),
    Column("turn", Integer, nullable=False, comment="counts the turns"),
    Column("turn_since", Instant, comment="the last change of turn"),
    Column("told", Boolean, nullable=False, comment="the delay of this turn has been told"),
    Column("rearmed", Integer, nullable=False, comment="how often its deadline moved ahead again"),
    Column("reminders", Integer, nullable=False, comment="reminders asked for in this turn"),
    Column("reminded_at", Instant, comment="when the last of them left"),
    Column("not_before", Instant, comment="no deadline lies before this"),
    Column("escalates_from", Instant, comment="no rule of escalation acts before this"),
    Column("replied", Boolean, nullable=False, comment="a public reply was ever sent"),
    Column("reply_pending", Boolean, nullable=False, comment="the last one is still on its way"),
    Column("held", Boolean, nullable=False, comment="the customer's clock waits for it"),
    Column("resolution", Integer, nullable=False, comment="counts its resolutions"),
    Column("snoozed_until", Instant, comment="silent until then"),
    Column("follows", Id, comment="the ticket from which this one goes on, or was split off"),
    Column("merged_into", Id, comment="the ticket in which this one goes on"),
    Column("escalation_level", Integer, nullable=False, comment="0: not escalated"),
    Column("escalated_at", Instant, comment="since when"),
    Column("escalated_to", Text, comment="an agent, team: and a team, or nobody"),
    Column("escalation_reason", Text, comment="why"),
    Column("escalated_by", Json, nullable=False, comment="marks of rules that have acted on it"),
    Column("approvals", Integer, nullable=False, comment="counts what was to be approved"),
    Column("approval", Json, comment="what is to be approved, by whom, until when"),
    Column("satisfaction", Integer, comment="1 to 5"),
    Column("survey_due_at", Instant, comment="when the customer is to be asked how it went"),
    Column("surveyed_at", Instant, comment="when they were; once a ticket"),
    Column("version", Integer, nullable=False, comment="counts its events; compared on each write"),
    Column("next_due_at", Instant, comment="the soonest of its timers"),
    Column("policy_id", Id, ForeignKey("policy.id"), comment="the rules its timers go by"),
    UniqueConstraint("tenant_id", "number"),
    UniqueConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "follows"], ["ticket.tenant_id", "ticket.id"]),
    ForeignKeyConstraint(["tenant_id", "merged_into"], ["ticket.tenant_id", "ticket.id"]),
    Index("ix_ticket_status", "tenant_id", "status"),
    Index("ix_ticket_requester", "tenant_id", "requester", "created_at"),
    Index("ix_ticket_follows", "tenant_id", "follows"),
    Index("ix_ticket_assignee", "tenant_id", "assignee", "id", **only("status <> 'closed'")),
    Index("ix_ticket_next_due_at", "next_due_at", **only("next_due_at IS NOT NULL")),
    Index("ix_ticket_policy", "tenant_id", "policy_id", "id", **only("status <> 'closed'")),
    comment="one matter of one customer",
)

message = Table(
    "message",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="its id"),
    tenant_id(),
    *of_ticket(),
    Column("kind", String(8), nullable=False, comment="public or note"),
    Column("side", String(8), nullable=False, comment="client or system"),
    Column("author", Text, nullable=False, comment="the agent's name or the customer's address"),
    Column("author_name", Text, nullable=False, comment="as shown to people"),
    Column("at", Instant, nullable=False, comment="when it was written or received"),
    Column("mail_id", Id, ForeignKey("mail.id"), comment="the raw mail it was read from"),
    Column("rfc_id", Text, comment="Message-ID of that mail"),
    Column("text", Text, nullable=False, comment="the new text"),
    Column("full_text", Text, comment="the whole text, where it is more than the new"),
    Column("html", Text, comment="the new text as an agent formatted it, made safe"),
    Column("resolution", Boolean, nullable=False, comment="this text settles the matter"),
    Column("other_address", Boolean, nullable=False, comment="came from another address"),
    Column("machine", Boolean, nullable=False, comment="a machine wrote it"),
    UniqueConstraint("tenant_id", "id"),
    Index("ix_message_ticket", "ticket_id", "at"),
    comment="one contribution to a ticket",
)

attachment = Table(
    "attachment",
    metadata,
    tenant_id(),
    Column("message_id", Id, nullable=False, comment="the message it came with"),
    Column("n", Integer, nullable=False, comment="counts within the message, from 1"),
    Column("part", Text, nullable=False, comment="where it stands in the raw mail"),
    Column("name", Text, nullable=False, comment="file name, cleaned"),
    Column("type", String(255), nullable=False, comment="media type"),
    Column("size", Integer, nullable=False, comment="decoded, in octets"),
    Column("sha256", String(64), nullable=False, comment="digest of the decoded bytes"),
    Column("inline", Boolean, nullable=False, comment="shown within the text"),
    Column("content_id", Text, comment="by which the text names it"),
    PrimaryKeyConstraint("message_id", "n"),
    ForeignKeyConstraint(["tenant_id", "message_id"], ["message.tenant_id", "message.id"]),
    comment="pointers into raw mails",
)

policy = Table(
    "policy",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="its id"),
    Column("digest", String(64), nullable=False, unique=True, comment="SHA-256 of the body"),
    Column("body", Json, nullable=False, comment="the rules under which events were decided"),
    comment="snapshots of the rules, each kept once",
)

threshold = Table(
    "threshold",
    metadata,
    tenant_id(),
    Column(
        "level", String(8), nullable=False, comment="tenant, or gateway for what all begin with"
    ),
    Column("type", String(8), nullable=False, comment="global, priority or custom"),
    Column("name", String(32), nullable=False, comment="global, a priority, or its own name"),
    Column("durations", Json, nullable=False, comment="what it sets, seconds; and its calendar"),
    Column("active", Boolean, nullable=False, comment="an inactive row is passed over"),
    Column("changed_at", Instant, nullable=False, comment="when somebody last set it"),
    PrimaryKeyConstraint("tenant_id", "level", "type", "name"),
    comment="times that were set at the command line, over those of the configuration",
)

event = Table(
    "event",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="its id"),
    tenant_id(),
    Column("subject_kind", String(16), nullable=False, comment="what it is about: ticket"),
    Column("subject_id", Id, nullable=False, comment="which one"),
    Column("n", Integer, nullable=False, comment="counts the subject's events, from 1"),
    Column("name", String(64), nullable=False, comment="what happened"),
    Column("actor_kind", String(16), nullable=False, comment="what kind of hand did it"),
    Column("actor_id", Text, nullable=False, comment="whose: agent's name or address"),
    Column("at", Instant, nullable=False, comment="when it happened"),
    Column("recorded_at", Instant, nullable=False, comment="when it was decided"),
    Column("data", Json, nullable=False, comment="what the event says"),
    Column("changes", Json, nullable=False, comment="field: [before, after]"),
    Column("reasons", Json, nullable=False, comment="why, for explain"),
    Column("rules_version", Integer, nullable=False, comment="of the table that decided"),
    Column("policy_id", Id, ForeignKey("policy.id"), nullable=False, comment="the rules in force"),
    Column(
        "correlation",
        Id,
        comment="what is one doing: the delivery of the mail that caused it, if one did",
    ),
    Column("note", Text, comment="what the actor said about it"),
    UniqueConstraint("tenant_id", "subject_kind", "subject_id", "n"),
    UniqueConstraint("tenant_id", "id"),
    comment="the append-only history",
)

turn = Table(
    "turn",
    metadata,
    tenant_id(),
    *of_ticket(),
    Column("n", Integer, nullable=False, comment="counts the ticket's turns"),
    Column("side", String(8), nullable=False, comment="whose turn: client or system"),
    Column("since", Instant, nullable=False, comment="when it began"),
    Column("answered_at", Instant, comment="when that side answered"),
    Column("overdue_at", Instant, comment="when it ran out"),
    Column(
        "paused", Integer, nullable=False, server_default="0", comment="seconds that do not count"
    ),
    PrimaryKeyConstraint("ticket_id", "n"),
    comment="who had to respond, since when",
)

timer = Table(
    "timer",
    metadata,
    tenant_id(),
    Column("subject_kind", String(16), nullable=False, comment="what it is for: ticket"),
    Column("subject_id", Id, nullable=False, comment="which one"),
    Column("kind", String(24), nullable=False, comment="which deadline"),
    Column("turn", Integer, nullable=False, comment="of which turn"),
    Column("step", Integer, nullable=False, comment="which step of it"),
    Column("due_at", Instant, nullable=False, comment="when it comes due"),
    Column("fired_at", Instant, comment="when it was acted on"),
    Column("origin", Text, nullable=False, comment="how it was worked out"),
    PrimaryKeyConstraint("tenant_id", "subject_kind", "subject_id", "kind", "turn", "step"),
    Index("ix_timer_due", "tenant_id", "due_at", **only("fired_at IS NULL")),
    comment="deadlines, each acted on once",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="its id"),
    tenant_id(),
    *of_ticket(nullable=True),
    Column("event_id", Id, nullable=False, comment="what caused it"),
    Column("notice", String(32), nullable=False, comment="which notice"),
    Column("recipient", Text, nullable=False, comment="to whom"),
    Column("role", String(16), nullable=False, comment="customer, agent or admin"),
    Column("channel", String(16), nullable=False, comment="mail"),
    Column("automatic", Boolean, nullable=False, comment="the gateway's own words"),
    Column("stranger", Boolean, nullable=False, comment="counts among those to unknown senders"),
    Column("awaited", Boolean, nullable=False, comment="the clock waits for its delivery"),
    Column("turn", Integer, nullable=False, comment="of which turn of the ticket"),
    Column("rfc_id", Text, nullable=False, comment="its Message-ID"),
    Column("message_id", Id, comment="the message whose words it carries"),
    Column("context", Context, nullable=False, comment="what its template is filled with"),
    Column("rendered", LargeBinary, comment="the mail as first rendered, until it has left"),
    Column("state", String(16), nullable=False, comment="ready, or how it ended"),
    Column("reason", Text, comment="why it was suppressed, refused or put off"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="tries of this mail"),
    Column("unanswered", Integer, nullable=False, server_default="0", comment="those of no answer"),
    Column("created_at", Instant, nullable=False, comment="when it was decided"),
    Column("next_try_at", Instant, nullable=False, comment="not before this time"),
    Column(
        "quiet_until", Instant, comment="end of the quiet hours of its recipient that it waits for"
    ),
    Column("retried_at", Instant, comment="when a person put it back"),
    Column("delayed_at", Instant, comment="when staff were told that it is late"),
    *lease(),
    Column("began_at", Instant, comment="when its content began to be sent"),
    Column("done_at", Instant, comment="when it ended"),
    UniqueConstraint("event_id", "notice", "recipient", "channel"),
    ForeignKeyConstraint(["tenant_id", "event_id"], ["event.tenant_id", "event.id"]),
    ForeignKeyConstraint(["tenant_id", "message_id"], ["message.tenant_id", "message.id"]),
    Index("ix_outbox_ready", "tenant_id", "next_try_at", **only("state = 'ready'")),
    Index("ix_outbox_unknown", "tenant_id", **only("state = 'unknown'")),
    Index("ix_outbox_recipient", "tenant_id", "recipient", "created_at"),
    Index(
        "ix_outbox_stranger",
        "tenant_id",
        "state",
        "created_at",
        sqlite_where=text("stranger = 1"),
        postgresql_where=text("stranger"),
    ),
    Index("ix_outbox_ticket", "tenant_id", "ticket_id"),
    CheckConstraint("state IN ('ready', 'sent', 'never', 'unknown', 'suppressed')", name="state"),
    comment="what must be sent, written with what caused it",
)

OF_BEFORE = "substr(rfc_id, 1, 7) = 'number:'"  # numbers that other systems gave to tickets

reference = Table(
    "reference",
    metadata,
    tenant_id(),
    Column("rfc_id", Text, nullable=False, comment="a Message-ID, an alert's key, or number:…"),
    *of_ticket(),
    Column("sender", Text, nullable=False, comment="who wrote that mail"),
    PrimaryKeyConstraint("tenant_id", "rfc_id", "ticket_id"),
    Index("ix_reference_former", "tenant_id", "ticket_id", **only(OF_BEFORE)),
    comment="which ticket a mail belongs to",
)

contact = Table(
    "contact",
    metadata,
    tenant_id(),
    Column("address", Text, nullable=False, comment="normalised"),
    Column("name", Text, nullable=False, comment="as they last wrote it"),
    Column("first_seen_at", Instant, nullable=False, comment="their first mail that showed it"),
    Column("last_seen_at", Instant, nullable=False, comment="their last mail that showed it"),
    PrimaryKeyConstraint("tenant_id", "address"),
    comment="people who have written and were shown to own their address",
)

suspension = Table(
    "suspension",
    metadata,
    tenant_id(),
    Column("address", Text, nullable=False, comment="normalised"),
    Column("since", Instant, nullable=False, comment="when a mail to it came back"),
    Column("reason", Text, nullable=False, comment="what its server said"),
    PrimaryKeyConstraint("tenant_id", "address"),
    comment="addresses that get no automatic mail until their owner is heard of",
)

number_sequence = Table(
    "number_sequence",
    metadata,
    tenant_id(),
    Column("template", String(64), nullable=False, comment="the number format"),
    Column("period", String(16), nullable=False, comment="year or day; empty: for ever"),
    Column("next", Integer, nullable=False, comment="the next number that is free"),
    PrimaryKeyConstraint("tenant_id", "template", "period"),
    comment="ticket numbers; its formats are all that were ever used",
)

agent_state = Table(
    "agent_state",
    metadata,
    tenant_id(),
    Column("name", Text, nullable=False, comment="of the agent, as configured"),
    Column("seen_at", Instant, comment="when they last did something themselves"),
    Column("away_until", Instant, comment="until then they get no new tickets"),
    Column("away_said_at", Instant, comment="when that was said: what is older does not count"),
    PrimaryKeyConstraint("tenant_id", "name"),
    comment="what is known of agents",
)
