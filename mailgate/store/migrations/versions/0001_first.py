"""The first schema."""

import secrets

import sqlalchemy as sa
from alembic import op

from mailgate.store.types import Instant, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:  # noqa: PLR0915 - one statement a table
    """Create every table, the tenant `default` and the sequence of ids."""
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=32), nullable=False, comment="what runs: clock"),
        sa.Column("seen_at", Instant(), nullable=True, comment="when it last ran"),
        sa.Column(
            "hold_until",
            Instant(),
            nullable=True,
            comment="until when some steps wait after an outage",
        ),
        sa.Column("late", sa.Boolean(), nullable=False, comment="it had not run for too long then"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
        comment="signs of life",
    )
    op.create_table(
        "mail",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="its id"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="what tells it apart"),
        sa.Column("size", sa.Integer(), nullable=False, comment="of the raw bytes, in octets"),
        sa.Column("received_at", Instant(), nullable=False, comment="when it was accepted first"),
        sa.Column(
            "raw",
            sa.LargeBinary(),
            nullable=False,
            comment="the bytes as they came; most are compressed",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("digest", name=op.f("uq_mail_digest")),
        comment="raw mails, each kept once",
    )
    if op.get_bind().dialect.name == "postgresql":  # most are compressed; the rest is Base64
        op.execute("ALTER TABLE mail ALTER COLUMN raw SET STORAGE EXTERNAL")
    op.create_table(
        "policy",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="its id"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of the body"),
        sa.Column(
            "body", Json, nullable=False, comment="the rules under which events were decided"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("digest", name=op.f("uq_policy_digest")),
        comment="snapshots of the rules, each kept once",
    )
    op.create_table(
        "sequence",
        sa.Column("name", sa.String(length=32), nullable=False, comment="what it counts"),
        sa.Column("next", Id, nullable=False, comment="the next value that is free"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sequence")),
        comment="where ids come from",
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="its id"),
        sa.Column("name", sa.String(length=64), nullable=False, comment="its name in the config"),
        sa.Column(
            "identity",
            sa.String(length=32),
            nullable=False,
            comment="drawn by lot when the desk began: no other desk has the same",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("name", name=op.f("uq_tenant_name")),
        comment="a desk that shares nothing with the others",
    )
    op.create_table(
        "broken_way",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("node", sa.Text(), nullable=False, comment="whose way out it is"),
        sa.Column("since", Instant(), nullable=False, comment="the first failure in a row"),
        sa.Column("why", sa.Text(), nullable=False, comment="how the last one was worded"),
        sa.Column("seen_at", Instant(), nullable=False, comment="when the node last said so"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_broken_way_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "node", name=op.f("pk_broken_way")),
        comment="nodes whose smarthost, or Maildir, takes no mail",
    )
    op.create_table(
        "agent_state",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("name", sa.Text(), nullable=False, comment="of the agent, as configured"),
        sa.Column(
            "seen_at", Instant(), nullable=True, comment="when they last did something themselves"
        ),
        sa.Column(
            "away_until", Instant(), nullable=True, comment="until then they get no new tickets"
        ),
        sa.Column(
            "away_said_at",
            Instant(),
            nullable=True,
            comment="when that was said: what is older does not count",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_agent_state_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_agent_state")),
        comment="what is known of agents",
    )
    op.create_table(
        "job_run",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "name", sa.String(length=32), nullable=False, comment="which job: rules, deadlines, …"
        ),
        sa.Column("node", sa.Text(), nullable=False, comment="where it ran"),
        sa.Column("began_at", Instant(), nullable=False, comment="when it began"),
        sa.Column(
            "took_ms", sa.Integer(), nullable=False, comment="how long it took, in milliseconds"
        ),
        sa.Column("result", Json, nullable=False, comment="what it did, in numbers"),
        sa.Column("fault", sa.Text(), nullable=False, comment="what ended it, or empty"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_job_run_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_job_run")),
        comment="how each job went when it last ran",
    )
    op.create_table(
        "figure_set",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "name",
            sa.String(length=16),
            nullable=False,
            comment="workload, dashboard or performance",
        ),
        sa.Column("built_at", Instant(), nullable=False, comment="when they were worked out"),
        sa.Column(
            "took_ms", sa.Integer(), nullable=False, comment="how long that took, in milliseconds"
        ),
        sa.Column(
            "last_event", Id, nullable=False, comment="the newest event then; 0: there was none"
        ),
        sa.Column(
            "zone",
            sa.String(length=64),
            nullable=False,
            comment="whose days they go by, an IANA name",
        ),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="counts how often they were worked out; compared on each write",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_figure_set_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_figure_set")),
        comment="which figures are kept ready, and as of when",
    )
    op.create_table(
        "workload_figure",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "holder",
            sa.String(length=8),
            nullable=False,
            comment="agent, team, or nobody: no agent has it",
        ),
        sa.Column(
            "name",
            sa.String(length=64),
            nullable=False,
            comment="of the agent or team; empty: nobody",
        ),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="of the tickets"),
        sa.Column("open", sa.Integer(), nullable=False, comment="tickets that are not closed"),
        sa.Column(
            "ours",
            sa.Integer(),
            nullable=False,
            comment="those of them on the desk's turn, which count against a limit",
        ),
        sa.Column(
            "overdue",
            sa.Integer(),
            nullable=False,
            comment="those of them whose present turn has run out",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_workload_figure_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "holder", "name", "kind", name=op.f("pk_workload_figure")
        ),
        comment="what each agent and each team has to do",
    )
    op.create_table(
        "dashboard_figure",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "about",
            sa.String(length=16),
            nullable=False,
            comment="status, automation, priority, category, kind, time or day",
        ),
        sa.Column(
            "name", sa.String(length=64), nullable=False, comment="which status, priority, …"
        ),
        sa.Column("count", sa.Integer(), nullable=False, comment="tickets"),
        sa.Column(
            "seconds",
            sa.BigInteger(),
            nullable=False,
            comment="what they took together; of `time` alone",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_dashboard_figure_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "about", "name", name=op.f("pk_dashboard_figure")),
        comment="how the desk stands; each ticket is in one row of each sort but `time` and `day`",
    )
    op.create_table(
        "daily_figure",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("day", sa.Integer(), nullable=False, comment="of the desk's zone, as YYYYMMDD"),
        sa.Column(
            "about",
            sa.String(length=8),
            nullable=False,
            comment="desk, agent, team, priority, category or kind: of which tickets, as they are now",
        ),
        sa.Column(
            "name",
            sa.String(length=64),
            nullable=False,
            comment="which agent, team, …; empty: the desk",
        ),
        sa.Column("opened", sa.Integer(), nullable=False, comment="tickets that began on that day"),
        sa.Column(
            "missed",
            sa.Integer(),
            nullable=False,
            comment="those of them that have missed a target since",
        ),
        sa.Column(
            "answered", sa.Integer(), nullable=False, comment="tickets first answered on that day"
        ),
        sa.Column(
            "response_seconds",
            sa.BigInteger(),
            nullable=False,
            comment="from their first mails to these answers, together",
        ),
        sa.Column(
            "resolved",
            sa.Integer(),
            nullable=False,
            comment="tickets resolved on that day, and not reopened since",
        ),
        sa.Column(
            "resolution_seconds",
            sa.BigInteger(),
            nullable=False,
            comment="from their first mails until then, together",
        ),
        sa.Column(
            "closed",
            sa.Integer(),
            nullable=False,
            comment="tickets closed on that day, and not reopened since",
        ),
        sa.Column(
            "auto_closed",
            sa.Integer(),
            nullable=False,
            comment="those of them that the clock has closed",
        ),
        sa.Column(
            "reopened",
            sa.Integer(),
            nullable=False,
            comment="how often a ticket came back on that day",
        ),
        sa.Column(
            "delayed_by_system",
            sa.Integer(),
            nullable=False,
            comment="turns of the desk that ran out on that day",
        ),
        sa.Column(
            "delayed_by_client", sa.Integer(), nullable=False, comment="turns of customers that did"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_daily_figure_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "day", "about", "name", name=op.f("pk_daily_figure")),
        comment="what happened on each day that is over, worked out anew every night",
    )
    op.create_table(
        "contact",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("address", sa.Text(), nullable=False, comment="normalised"),
        sa.Column("name", sa.Text(), nullable=False, comment="as they last wrote it"),
        sa.Column(
            "first_seen_at", Instant(), nullable=False, comment="their first mail that showed it"
        ),
        sa.Column(
            "last_seen_at", Instant(), nullable=False, comment="their last mail that showed it"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_contact_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "address", name=op.f("pk_contact")),
        comment="people who have written and were shown to own their address",
    )
    op.create_table(
        "suspension",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("address", sa.Text(), nullable=False, comment="normalised"),
        sa.Column("since", Instant(), nullable=False, comment="when a mail to it came back"),
        sa.Column("reason", sa.Text(), nullable=False, comment="what its server said"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_suspension_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "address", name=op.f("pk_suspension")),
        comment="addresses that get no automatic mail until their owner is heard of",
    )
    op.create_table(
        "event",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="its id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "subject_kind", sa.String(length=16), nullable=False, comment="what it is about: ticket"
        ),
        sa.Column("subject_id", Id, nullable=False, comment="which one"),
        sa.Column("n", sa.Integer(), nullable=False, comment="counts the subject's events, from 1"),
        sa.Column("name", sa.String(length=64), nullable=False, comment="what happened"),
        sa.Column(
            "actor_kind", sa.String(length=16), nullable=False, comment="what kind of hand did it"
        ),
        sa.Column("actor_id", sa.Text(), nullable=False, comment="whose: agent's name or address"),
        sa.Column("at", Instant(), nullable=False, comment="when it happened"),
        sa.Column("recorded_at", Instant(), nullable=False, comment="when it was decided"),
        sa.Column("data", Json, nullable=False, comment="what the event says"),
        sa.Column("changes", Json, nullable=False, comment="field: [before, after]"),
        sa.Column("reasons", Json, nullable=False, comment="why, for explain"),
        sa.Column(
            "rules_version", sa.Integer(), nullable=False, comment="of the table that decided"
        ),
        sa.Column("policy_id", Id, nullable=False, comment="the rules in force"),
        sa.Column(
            "correlation",
            Id,
            nullable=True,
            comment="what is one doing: the delivery of the mail that caused it, if one did",
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="what the actor said about it"),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_event_policy_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_event_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_event_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "subject_kind",
            "subject_id",
            "n",
            name=op.f("uq_event_tenant_id_subject_kind_subject_id_n"),
        ),
        comment="the append-only history",
    )
    op.create_table(
        "number_sequence",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("template", sa.String(length=64), nullable=False, comment="the number format"),
        sa.Column(
            "period", sa.String(length=16), nullable=False, comment="year or day; empty: for ever"
        ),
        sa.Column("next", sa.Integer(), nullable=False, comment="the next number that is free"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_number_sequence_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "template", "period", name=op.f("pk_number_sequence")),
        comment="ticket numbers; its formats are all that were ever used",
    )
    op.create_table(
        "ticket",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="its id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "number", sa.String(length=64), nullable=False, comment="the number that people see"
        ),
        sa.Column("subject", sa.Text(), nullable=False, comment="of its first mail"),
        sa.Column(
            "kind",
            sa.String(length=16),
            nullable=False,
            comment="request, dispute, order or recovery",
        ),
        sa.Column(
            "category", sa.String(length=64), nullable=False, comment="one of the configured list"
        ),
        sa.Column("priority", sa.String(length=16), nullable=False, comment="critical to low"),
        sa.Column(
            "language",
            sa.String(length=16),
            nullable=False,
            comment="the customer's; empty: the desk's",
        ),
        sa.Column("requester", sa.Text(), nullable=False, comment="the customer's address"),
        sa.Column("requester_name", sa.Text(), nullable=False, comment="as the customer writes it"),
        sa.Column(
            "participants", Json, nullable=False, comment="further addresses of the customer's side"
        ),
        sa.Column("joined", Json, nullable=False, comment="since when each of them takes part"),
        sa.Column(
            "assignee", sa.String(length=64), nullable=True, comment="the agent who holds it"
        ),
        sa.Column("team", sa.String(length=64), nullable=True, comment="the team that holds it"),
        sa.Column("followers", Json, nullable=False, comment="agents who want to hear of it"),
        sa.Column("tags", Json, nullable=False, comment="sorted"),
        sa.Column("fields", Json, nullable=False, comment="custom fields, sorted pairs"),
        sa.Column(
            "records",
            Json,
            nullable=False,
            comment="of other systems, and how they stand there",
        ),
        sa.Column(
            "thresholds",
            sa.String(length=64),
            nullable=True,
            comment="name of its custom thresholds",
        ),
        sa.Column(
            "own_times", Json, nullable=False, comment="times of its own, sorted pairs; seconds"
        ),
        sa.Column("visibility", sa.String(length=16), nullable=False, comment="public or internal"),
        sa.Column("status", sa.String(length=24), nullable=False, comment="where it stands"),
        sa.Column(
            "delay",
            sa.String(length=24),
            nullable=False,
            comment="whether the present turn has run out",
        ),
        sa.Column(
            "disposition",
            sa.String(length=16),
            nullable=False,
            comment="spam, withdrawn, merged or none",
        ),
        sa.Column(
            "last_responder", sa.String(length=16), nullable=True, comment="client or system"
        ),
        sa.Column("last_response_at", Instant(), nullable=True, comment="when they wrote"),
        sa.Column(
            "waiting_since", Instant(), nullable=True, comment="since when it is somebody's turn"
        ),
        sa.Column("created_at", Instant(), nullable=False, comment="receipt of its first mail"),
        sa.Column(
            "open_since", Instant(), nullable=True, comment="when it was opened or last reopened"
        ),
        sa.Column(
            "updated_at", Instant(), nullable=False, comment="when its last event was recorded"
        ),
        sa.Column("first_response_at", Instant(), nullable=True, comment="first public reply"),
        sa.Column(
            "resolved_at",
            Instant(),
            nullable=True,
            comment="when it was last resolved and stayed so",
        ),
        sa.Column(
            "closed_at", Instant(), nullable=True, comment="when it was last closed and stayed so"
        ),
        sa.Column(
            "closed_by",
            sa.String(length=16),
            nullable=True,
            comment="customer, agent, auto or merged",
        ),
        sa.Column("reopen_count", sa.Integer(), nullable=False, comment="how often it came back"),
        sa.Column(
            "overdue_count", sa.Integer(), nullable=False, comment="how often our time ran out"
        ),
        sa.Column(
            "first_response_due_at",
            Instant(),
            nullable=True,
            comment="target for the first public reply",
        ),
        sa.Column(
            "resolution_due_at", Instant(), nullable=True, comment="target for its resolution"
        ),
        sa.Column(
            "targets_since",
            Instant(),
            nullable=True,
            comment="since when its targets' time runs; paused: nothing",
        ),
        sa.Column("targets_used", Json, nullable=False, comment="seconds of it used before"),
        sa.Column(
            "targets_told", Json, nullable=False, comment="warnings and breaches that were told"
        ),
        sa.Column("breached", Json, nullable=False, comment="targets that were missed"),
        sa.Column("turn", sa.Integer(), nullable=False, comment="counts the turns"),
        sa.Column("turn_since", Instant(), nullable=True, comment="the last change of turn"),
        sa.Column(
            "told", sa.Boolean(), nullable=False, comment="the delay of this turn has been told"
        ),
        sa.Column(
            "rearmed",
            sa.Integer(),
            nullable=False,
            comment="how often its deadline moved ahead again",
        ),
        sa.Column(
            "reminders", sa.Integer(), nullable=False, comment="reminders asked for in this turn"
        ),
        sa.Column("reminded_at", Instant(), nullable=True, comment="when the last of them left"),
        sa.Column("not_before", Instant(), nullable=True, comment="no deadline lies before this"),
        sa.Column(
            "escalates_from",
            Instant(),
            nullable=True,
            comment="no rule of escalation acts before this",
        ),
        sa.Column("replied", sa.Boolean(), nullable=False, comment="a public reply was ever sent"),
        sa.Column(
            "reply_pending",
            sa.Boolean(),
            nullable=False,
            comment="the last one is still on its way",
        ),
        sa.Column(
            "held", sa.Boolean(), nullable=False, comment="the customer's clock waits for it"
        ),
        sa.Column("resolution", sa.Integer(), nullable=False, comment="counts its resolutions"),
        sa.Column("snoozed_until", Instant(), nullable=True, comment="silent until then"),
        sa.Column(
            "follows",
            Id,
            nullable=True,
            comment="the ticket from which this one goes on, or was split off",
        ),
        sa.Column("merged_into", Id, nullable=True, comment="the ticket in which this one goes on"),
        sa.Column("escalation_level", sa.Integer(), nullable=False, comment="0: not escalated"),
        sa.Column("escalated_at", Instant(), nullable=True, comment="since when"),
        sa.Column(
            "escalated_to",
            sa.Text(),
            nullable=True,
            comment="an agent, team: and a team, or nobody",
        ),
        sa.Column("escalation_reason", sa.Text(), nullable=True, comment="why"),
        sa.Column(
            "escalated_by",
            Json,
            nullable=False,
            comment="marks of rules that have acted on it",
        ),
        sa.Column(
            "approvals", sa.Integer(), nullable=False, comment="counts what was to be approved"
        ),
        sa.Column(
            "approval", Json, nullable=True, comment="what is to be approved, by whom, until when"
        ),
        sa.Column("satisfaction", sa.Integer(), nullable=True, comment="1 to 5"),
        sa.Column(
            "survey_due_at",
            Instant(),
            nullable=True,
            comment="when the customer is to be asked how it went",
        ),
        sa.Column("surveyed_at", Instant(), nullable=True, comment="when they were; once a ticket"),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="counts its events; compared on each write",
        ),
        sa.Column("next_due_at", Instant(), nullable=True, comment="the soonest of its timers"),
        sa.Column("policy_id", Id, nullable=True, comment="the rules its timers go by"),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_ticket_policy_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "follows"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_ticket_tenant_id_follows"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "merged_into"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_ticket_tenant_id_merged_into"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_ticket_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_ticket_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_ticket_tenant_id_number")),
        comment="one matter of one customer",
    )
    op.create_index(
        "ix_ticket_policy",
        "ticket",
        ["tenant_id", "policy_id", "id"],
        unique=False,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )
    op.create_index(
        "ix_ticket_assignee",
        "ticket",
        ["tenant_id", "assignee", "id"],
        unique=False,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )
    op.create_index("ix_ticket_follows", "ticket", ["tenant_id", "follows"], unique=False)
    op.create_index(
        "ix_ticket_next_due_at",
        "ticket",
        ["next_due_at"],
        unique=False,
        sqlite_where=sa.text("next_due_at IS NOT NULL"),
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_ticket_requester", "ticket", ["tenant_id", "requester", "created_at"], unique=False
    )
    op.create_index("ix_ticket_status", "ticket", ["tenant_id", "status"], unique=False)
    op.create_table(
        "timer",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "subject_kind", sa.String(length=16), nullable=False, comment="what it is for: ticket"
        ),
        sa.Column("subject_id", Id, nullable=False, comment="which one"),
        sa.Column("kind", sa.String(length=24), nullable=False, comment="which deadline"),
        sa.Column("turn", sa.Integer(), nullable=False, comment="of which turn"),
        sa.Column("step", sa.Integer(), nullable=False, comment="which step of it"),
        sa.Column("due_at", Instant(), nullable=False, comment="when it comes due"),
        sa.Column("fired_at", Instant(), nullable=True, comment="when it was acted on"),
        sa.Column("origin", sa.Text(), nullable=False, comment="how it was worked out"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_timer_tenant_id")),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "subject_kind",
            "subject_id",
            "kind",
            "turn",
            "step",
            name=op.f("pk_timer"),
        ),
        comment="deadlines, each acted on once",
    )
    op.create_index(
        "ix_timer_due",
        "timer",
        ["tenant_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("fired_at IS NULL"),
        postgresql_where=sa.text("fired_at IS NULL"),
    )
    op.create_table(
        "mail_delivery",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="its id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mail_id", Id, nullable=False, comment="the raw mail"),
        sa.Column(
            "queue",
            sa.String(length=64),
            nullable=False,
            comment="the queue of the tenant it came to",
        ),
        sa.Column("recipients", Json, nullable=False, comment="envelope recipients, as given"),
        sa.Column(
            "mail_from",
            sa.Text(),
            nullable=False,
            comment="envelope sender; empty is the null path",
        ),
        sa.Column(
            "peer",
            sa.String(length=64),
            nullable=False,
            comment="host, mailbox or agent that gave it",
        ),
        sa.Column(
            "road",
            sa.String(length=16),
            nullable=False,
            comment="smtp, lmtp, submission, pipe, cli, page, imap, sent or import",
        ),
        sa.Column("received_at", Instant(), nullable=False, comment="when it was accepted"),
        sa.Column(
            "rfc_id",
            sa.Text(),
            nullable=True,
            comment="its Message-ID, so that answers wait for it",
        ),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="pending, or how it ended"
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="tries that failed",
        ),
        sa.Column("next_try_at", Instant(), nullable=True, comment="not before this time"),
        sa.Column(
            "waiting_since",
            Instant(),
            nullable=True,
            comment="when it was found to answer one that is pending",
        ),
        sa.Column("lease_owner", sa.Text(), nullable=True, comment="the node that works on it"),
        sa.Column("lease_until", Instant(), nullable=True, comment="when the claim lapses"),
        sa.Column(
            "fence", sa.Integer(), server_default="0", nullable=False, comment="counts the claims"
        ),
        sa.Column(
            "lost",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="claims that nobody ended",
        ),
        sa.Column(
            "fingerprint",
            sa.String(length=64),
            nullable=True,
            comment="the same for one mail that came by two roads",
        ),
        sa.Column(
            "ticket_id",
            Id,
            nullable=True,
            comment="its ticket, also while an answer waits",
        ),
        sa.Column(
            "verdict",
            Json,
            nullable=True,
            comment="what kind of mail it is, and how it found its ticket",
        ),
        sa.Column(
            "released",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="no spam after all",
        ),
        sa.Column(
            "degraded",
            sa.Boolean(),
            server_default=sa.text("(false)"),
            nullable=False,
            comment="read in part",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="why it could not be processed"),
        sa.Column("done_at", Instant(), nullable=True, comment="when it ended"),
        sa.CheckConstraint(
            "state IN ('pending', 'opened', 'threaded', 'commands_only', 'report', 'suppressed', 'quarantined', 'parked')",
            name=op.f("ck_mail_delivery_state"),
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_mail_delivery_mail_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_mail_delivery_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_mail_delivery_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_delivery")),
        sa.UniqueConstraint(
            "tenant_id", "mail_id", "queue", name=op.f("uq_mail_delivery_tenant_id_mail_id_queue")
        ),
        comment="each mail for each queue, and the one state it ended in",
    )
    op.create_index(
        "ix_mail_delivery_pending",
        "mail_delivery",
        ["tenant_id", "received_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_mail_delivery_parked",
        "mail_delivery",
        ["tenant_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'parked'"),
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.create_index(
        "ix_mail_delivery_quarantined",
        "mail_delivery",
        ["tenant_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'quarantined'"),
        postgresql_where=sa.text("state = 'quarantined'"),
    )
    op.create_index(
        "ix_mail_delivery_awaited",
        "mail_delivery",
        ["tenant_id", "rfc_id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_mail_delivery_ticket", "mail_delivery", ["ticket_id"], unique=False)
    op.create_index(
        "uq_mail_delivery_fingerprint",
        "mail_delivery",
        ["tenant_id", "queue", "fingerprint"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('pending', 'parked', 'suppressed', 'quarantined')"),
        postgresql_where=sa.text("state NOT IN ('pending', 'parked', 'suppressed', 'quarantined')"),
    )
    op.create_table(
        "message",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="its id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("ticket_id", Id, nullable=False, comment="the ticket it belongs to"),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="public or note"),
        sa.Column("side", sa.String(length=8), nullable=False, comment="client or system"),
        sa.Column(
            "author",
            sa.Text(),
            nullable=False,
            comment="the agent's name or the customer's address",
        ),
        sa.Column("author_name", sa.Text(), nullable=False, comment="as shown to people"),
        sa.Column("at", Instant(), nullable=False, comment="when it was written or received"),
        sa.Column("mail_id", Id, nullable=True, comment="the raw mail it was read from"),
        sa.Column("rfc_id", sa.Text(), nullable=True, comment="Message-ID of that mail"),
        sa.Column("text", sa.Text(), nullable=False, comment="the new text"),
        sa.Column(
            "full_text",
            sa.Text(),
            nullable=True,
            comment="the whole text, where it is more than the new",
        ),
        sa.Column(
            "html",
            sa.Text(),
            nullable=True,
            comment="the new text as an agent formatted it, made safe",
        ),
        sa.Column(
            "resolution", sa.Boolean(), nullable=False, comment="this text settles the matter"
        ),
        sa.Column(
            "other_address", sa.Boolean(), nullable=False, comment="came from another address"
        ),
        sa.Column("machine", sa.Boolean(), nullable=False, comment="a machine wrote it"),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_message_mail_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_message_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_message_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_message_tenant_id_id")),
        comment="one contribution to a ticket",
    )
    op.create_index("ix_message_ticket", "message", ["ticket_id", "at"], unique=False)
    op.create_table(
        "reference",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "rfc_id", sa.Text(), nullable=False, comment="a Message-ID, an alert's key, or number:…"
        ),
        sa.Column("ticket_id", Id, nullable=False, comment="the ticket it belongs to"),
        sa.Column("sender", sa.Text(), nullable=False, comment="who wrote that mail"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_reference_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_reference_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "rfc_id", "ticket_id", name=op.f("pk_reference")),
        comment="which ticket a mail belongs to",
    )
    op.create_index(
        "ix_reference_former",
        "reference",
        ["tenant_id", "ticket_id"],
        unique=False,
        sqlite_where=sa.text("substr(rfc_id, 1, 7) = 'number:'"),
        postgresql_where=sa.text("substr(rfc_id, 1, 7) = 'number:'"),
    )
    op.create_table(
        "turn",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("ticket_id", Id, nullable=False, comment="the ticket it belongs to"),
        sa.Column("n", sa.Integer(), nullable=False, comment="counts the ticket's turns"),
        sa.Column(
            "side", sa.String(length=8), nullable=False, comment="whose turn: client or system"
        ),
        sa.Column("since", Instant(), nullable=False, comment="when it began"),
        sa.Column("answered_at", Instant(), nullable=True, comment="when that side answered"),
        sa.Column("overdue_at", Instant(), nullable=True, comment="when it ran out"),
        sa.Column(
            "paused",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="seconds that do not count",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_turn_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_turn_tenant_id")),
        sa.PrimaryKeyConstraint("ticket_id", "n", name=op.f("pk_turn")),
        comment="who had to respond, since when",
    )
    op.create_table(
        "attachment",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("message_id", Id, nullable=False, comment="the message it came with"),
        sa.Column("n", sa.Integer(), nullable=False, comment="counts within the message, from 1"),
        sa.Column("part", sa.Text(), nullable=False, comment="where it stands in the raw mail"),
        sa.Column("name", sa.Text(), nullable=False, comment="file name, cleaned"),
        sa.Column("type", sa.String(length=255), nullable=False, comment="media type"),
        sa.Column("size", sa.Integer(), nullable=False, comment="decoded, in octets"),
        sa.Column(
            "sha256", sa.String(length=64), nullable=False, comment="digest of the decoded bytes"
        ),
        sa.Column("inline", sa.Boolean(), nullable=False, comment="shown within the text"),
        sa.Column("content_id", sa.Text(), nullable=True, comment="by which the text names it"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "message_id"],
            ["message.tenant_id", "message.id"],
            name=op.f("fk_attachment_tenant_id_message_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_attachment_tenant_id")),
        sa.PrimaryKeyConstraint("message_id", "n", name=op.f("pk_attachment")),
        comment="pointers into raw mails",
    )
    op.create_table(
        "outbox",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="its id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("ticket_id", Id, nullable=True, comment="the ticket it belongs to"),
        sa.Column("event_id", Id, nullable=False, comment="what caused it"),
        sa.Column("notice", sa.String(length=32), nullable=False, comment="which notice"),
        sa.Column("recipient", sa.Text(), nullable=False, comment="to whom"),
        sa.Column("role", sa.String(length=16), nullable=False, comment="customer, agent or admin"),
        sa.Column("channel", sa.String(length=16), nullable=False, comment="mail"),
        sa.Column("automatic", sa.Boolean(), nullable=False, comment="the gateway's own words"),
        sa.Column(
            "stranger",
            sa.Boolean(),
            nullable=False,
            comment="counts among those to unknown senders",
        ),
        sa.Column(
            "awaited", sa.Boolean(), nullable=False, comment="the clock waits for its delivery"
        ),
        sa.Column("turn", sa.Integer(), nullable=False, comment="of which turn of the ticket"),
        sa.Column("rfc_id", sa.Text(), nullable=False, comment="its Message-ID"),
        sa.Column("message_id", Id, nullable=True, comment="the message whose words it carries"),
        sa.Column("context", Json, nullable=False, comment="what its template is filled with"),
        sa.Column(
            "rendered",
            sa.LargeBinary(),
            nullable=True,
            comment="the mail as first rendered, until it has left",
        ),
        sa.Column("state", sa.String(length=16), nullable=False, comment="ready, or how it ended"),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="why it was suppressed, refused or put off"
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="tries of this mail",
        ),
        sa.Column(
            "unanswered",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="those of no answer",
        ),
        sa.Column("created_at", Instant(), nullable=False, comment="when it was decided"),
        sa.Column("next_try_at", Instant(), nullable=False, comment="not before this time"),
        sa.Column(
            "quiet_until",
            Instant(),
            nullable=True,
            comment="end of the quiet hours of its recipient that it waits for",
        ),
        sa.Column("retried_at", Instant(), nullable=True, comment="when a person put it back"),
        sa.Column(
            "delayed_at", Instant(), nullable=True, comment="when staff were told that it is late"
        ),
        sa.Column("lease_owner", sa.Text(), nullable=True, comment="the node that works on it"),
        sa.Column("lease_until", Instant(), nullable=True, comment="when the claim lapses"),
        sa.Column(
            "fence", sa.Integer(), server_default="0", nullable=False, comment="counts the claims"
        ),
        sa.Column(
            "began_at", Instant(), nullable=True, comment="when its content began to be sent"
        ),
        sa.Column("done_at", Instant(), nullable=True, comment="when it ended"),
        sa.CheckConstraint(
            "state IN ('ready', 'sent', 'never', 'unknown', 'suppressed')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "event_id"],
            ["event.tenant_id", "event.id"],
            name=op.f("fk_outbox_tenant_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "message_id"],
            ["message.tenant_id", "message.id"],
            name=op.f("fk_outbox_tenant_id_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_outbox_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_outbox_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "event_id",
            "notice",
            "recipient",
            "channel",
            name=op.f("uq_outbox_event_id_notice_recipient_channel"),
        ),
        comment="what must be sent, written with what caused it",
    )
    op.create_index(
        "ix_outbox_ready",
        "outbox",
        ["tenant_id", "next_try_at"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "ix_outbox_unknown",
        "outbox",
        ["tenant_id"],
        unique=False,
        sqlite_where=sa.text("state = 'unknown'"),
        postgresql_where=sa.text("state = 'unknown'"),
    )
    op.create_index(
        "ix_outbox_recipient", "outbox", ["tenant_id", "recipient", "created_at"], unique=False
    )
    op.create_index(
        "ix_outbox_stranger",
        "outbox",
        ["tenant_id", "state", "created_at"],
        unique=False,
        sqlite_where=sa.text("stranger = 1"),
        postgresql_where=sa.text("stranger"),
    )
    op.create_index("ix_outbox_ticket", "outbox", ["tenant_id", "ticket_id"], unique=False)
    op.create_table(
        "threshold",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "level",
            sa.String(length=8),
            nullable=False,
            comment="tenant, or gateway for what all begin with",
        ),
        sa.Column(
            "type", sa.String(length=8), nullable=False, comment="global, priority or custom"
        ),
        sa.Column(
            "name",
            sa.String(length=32),
            nullable=False,
            comment="global, a priority, or its own name",
        ),
        sa.Column(
            "durations", Json, nullable=False, comment="what it sets, seconds; and its calendar"
        ),
        sa.Column("active", sa.Boolean(), nullable=False, comment="an inactive row is passed over"),
        sa.Column("changed_at", Instant(), nullable=False, comment="when somebody last set it"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_threshold_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "level", "type", "name", name=op.f("pk_threshold")),
        comment="times that were set at the command line, over those of the configuration",
    )

    op.create_table(
        "imap_mailbox",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("name", sa.String(length=32), nullable=False, comment="its name in the config"),
        sa.Column("lease_owner", sa.Text(), nullable=True, comment="the node that works on it"),
        sa.Column("lease_until", Instant(), nullable=True, comment="when the claim lapses"),
        sa.Column(
            "fence", sa.Integer(), server_default="0", nullable=False, comment="counts the claims"
        ),
        sa.Column(
            "looked_at", Instant(), nullable=True, comment="when the last full look at it began"
        ),
        sa.Column(
            "fault",
            sa.Text(),
            nullable=True,
            comment="why it cannot be looked at; empty when it can",
        ),
        sa.Column(
            "refresh_token",
            sa.Text(),
            nullable=True,
            comment="the newest one that the provider gave",
        ),
        sa.Column(
            "granted_for",
            sa.String(length=64),
            nullable=True,
            comment="digest of the configured one that began it",
        ),
        sa.Column(
            "prepared_after",
            sa.BigInteger(),
            nullable=True,
            comment="answers were prepared up to this event",
        ),
        sa.Column(
            "goes_on",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="somebody says that its mails have vanished rightly",
        ),
        sa.Column(
            "stopped_at",
            Instant(),
            nullable=True,
            comment="since when its board has stopped; empty: it has not",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_imap_mailbox_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_imap_mailbox")),
        comment="mailboxes that are watched, each by one node at a time",
    )
    op.create_table(
        "imap_folder",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("name", sa.Text(), nullable=False, comment="its full name"),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False, comment="the epoch of its UIDs"),
        sa.Column(
            "last_uid",
            sa.BigInteger(),
            nullable=False,
            comment="all UIDs up to it have been seen to",
        ),
        sa.Column(
            "history_until", sa.BigInteger(), nullable=False, comment="UIDs up to it are no news"
        ),
        sa.Column(
            "match_until",
            sa.BigInteger(),
            nullable=False,
            comment="UIDs up to it may be old mails",
        ),
        sa.Column(
            "first_seen_at", Instant(), nullable=False, comment="when it was looked at first"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_imap_folder_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "mailbox", "name", name=op.f("pk_imap_folder")),
        comment="how far each folder has been read",
    )
    op.create_table(
        "imap_copy",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("folder", sa.Text(), nullable=False, comment="the folder it was seen in"),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False, comment="the epoch of the UID"),
        sa.Column("uid", sa.BigInteger(), nullable=False, comment="its UID"),
        sa.Column(
            "identity",
            sa.String(length=64),
            nullable=False,
            comment="tells one mail in two folders",
        ),
        sa.Column(
            "mail_id",
            Id,
            nullable=True,
            comment="the raw mail; none of history",
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_imap_copy_mail_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_imap_copy_tenant_id")),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "mailbox",
            "folder",
            "uidvalidity",
            "uid",
            name=op.f("pk_imap_copy"),
        ),
        comment="what was seen in which folder",
    )
    op.create_index(
        "ix_imap_copy_identity", "imap_copy", ["tenant_id", "mailbox", "identity"], unique=False
    )
    op.create_table(
        "imap_filing",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("message_id", Id, nullable=False, comment="the answer whose words it carries"),
        sa.Column(
            "mailbox",
            sa.String(length=32),
            nullable=False,
            comment="the mailbox that it is filed in",
        ),
        sa.Column(
            "rfc_id", sa.Text(), nullable=False, comment="the Message-ID under which it left"
        ),
        sa.Column(
            "raw",
            sa.LargeBinary(),
            nullable=True,
            comment="the mail as it left, until it is filed or given up",
        ),
        sa.Column(
            "sent_at", Instant(), nullable=False, comment="when the first of its mails had left"
        ),
        sa.Column(
            "tries", sa.Integer(), server_default="0", nullable=False, comment="tries to file it"
        ),
        sa.Column(
            "next_try_at",
            Instant(),
            nullable=True,
            comment="not before this time; nothing: it has ended",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "message_id"],
            ["message.tenant_id", "message.id"],
            name=op.f("fk_imap_filing_tenant_id_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_imap_filing_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "message_id", name=op.f("pk_imap_filing")),
        comment="answers that the gateway has sent, for the folder of sent mail",
    )
    op.create_index(
        "ix_imap_filing_waiting",
        "imap_filing",
        ["tenant_id", "mailbox", "next_try_at"],
        unique=False,
        sqlite_where=sa.text("next_try_at IS NOT NULL"),
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )
    op.create_table(
        "imap_draft",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False, comment="the epoch of the UID"),
        sa.Column(
            "uid", sa.BigInteger(), nullable=False, comment="its UID in the folder of drafts"
        ),
        sa.Column("ticket_id", Id, nullable=False, comment="the ticket it belongs to"),
        sa.Column("since", Instant(), nullable=False, comment="when it was put there"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_imap_draft_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_imap_draft_tenant_id")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "mailbox", "uidvalidity", "uid", name=op.f("pk_imap_draft")
        ),
        comment="drafts of answers that lie in a mailbox: somebody is writing them",
    )
    op.create_index("ix_imap_draft_ticket", "imap_draft", ["tenant_id", "ticket_id"], unique=False)
    op.create_table(
        "imap_prepared",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "message_id", Id, nullable=False, comment="the customer's message that it answers"
        ),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("ticket_id", Id, nullable=False, comment="the ticket it belongs to"),
        sa.Column("rfc_id", sa.Text(), nullable=False, comment="its Message-ID"),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True, comment="the epoch of the UID"),
        sa.Column(
            "uid",
            sa.BigInteger(),
            nullable=True,
            comment="its UID in the folder of drafts, once it lies there",
        ),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=True,
            comment="SHA-256 of what lies there, to see that it is unchanged",
        ),
        sa.Column("made_at", Instant(), nullable=False, comment="when it was begun"),
        sa.Column(
            "ended_at", Instant(), nullable=True, comment="when it was taken away, or was gone"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "message_id"],
            ["message.tenant_id", "message.id"],
            name=op.f("fk_imap_prepared_tenant_id_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_imap_prepared_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_imap_prepared_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "message_id", name=op.f("pk_imap_prepared")),
        comment="answers that the gateway has begun for agents, as drafts in a mailbox",
    )
    op.create_index(
        "ix_imap_prepared_live",
        "imap_prepared",
        ["tenant_id", "mailbox", "ticket_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "imap_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("rfc_id", sa.Text(), nullable=False, comment="its Message-ID"),
        sa.Column(
            "thread",
            sa.Text(),
            nullable=False,
            comment="the Message-ID that all of a thread share",
        ),
        sa.Column("sender", sa.Text(), nullable=False, comment="who wrote it, normalised"),
        sa.Column("people", Json, nullable=False, comment="who wrote or got it, but ourselves"),
        sa.Column("at", Instant(), nullable=False, comment="when it came"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_imap_history_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "rfc_id", name=op.f("pk_imap_history")),
        comment="mails of shared mailboxes that belong to no ticket, for threads that go on",
    )
    op.create_index("ix_imap_history_thread", "imap_history", ["tenant_id", "thread"], unique=False)
    op.create_table(
        "board_folder",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("name", sa.Text(), nullable=False, comment="its full name"),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False, comment="the epoch of its UIDs"),
        sa.Column(
            "uidnext", sa.BigInteger(), nullable=True, comment="the next UID, as the server told"
        ),
        sa.Column("messages", sa.BigInteger(), nullable=False, comment="how many mails it held"),
        sa.Column(
            "modseq",
            sa.BigInteger(),
            nullable=True,
            comment="its highest change of a flag, where these are counted",
        ),
        sa.Column(
            "meaning",
            sa.Text(),
            nullable=True,
            comment="what it stood for; nothing: for nothing any more",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_board_folder_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "mailbox", "name", name=op.f("pk_board_folder")),
        comment="how each folder of a board stood at the last look",
    )
    op.create_table(
        "board_copy",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("folder", sa.Text(), nullable=False, comment="the folder it lay in"),
        sa.Column("uid", sa.BigInteger(), nullable=False, comment="its UID"),
        sa.Column(
            "identity",
            sa.String(length=64),
            nullable=False,
            comment="tells one mail in two folders",
        ),
        sa.Column("mail_id", Id, nullable=True, comment="the raw mail; none of history"),
        sa.Column("ticket_id", Id, nullable=True, comment="the ticket it belongs to"),
        sa.Column("struck", sa.Boolean(), nullable=False, comment="it is marked as deleted"),
        sa.Column(
            "dropped_at",
            Instant(),
            nullable=True,
            comment="when somebody put it there, until that is acted upon",
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_board_copy_mail_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_board_copy_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_board_copy_tenant_id")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "mailbox", "folder", "uid", name=op.f("pk_board_copy")
        ),
        comment="what lay in the folders of a board at the last look",
    )
    op.create_index(
        "ix_board_copy_dropped",
        "board_copy",
        ["tenant_id", "mailbox", "dropped_at"],
        unique=False,
        sqlite_where=sa.text("dropped_at IS NOT NULL"),
        postgresql_where=sa.text("dropped_at IS NOT NULL"),
    )
    op.create_index(
        "ix_board_copy_orphan",
        "board_copy",
        ["tenant_id", "mailbox", "mail_id"],
        unique=False,
        sqlite_where=sa.text("ticket_id IS NULL AND mail_id IS NOT NULL"),
        postgresql_where=sa.text("ticket_id IS NULL AND mail_id IS NOT NULL"),
    )
    op.create_index(
        "ix_board_copy_struck",
        "board_copy",
        ["tenant_id", "mailbox", "folder", "uid"],
        unique=False,
        sqlite_where=sa.text("struck = 1"),
        postgresql_where=sa.text("struck"),
    )
    op.create_index(
        "ix_board_copy_ticket", "board_copy", ["tenant_id", "mailbox", "ticket_id"], unique=False
    )
    op.create_table(
        "board_mark",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("folder", sa.Text(), nullable=False, comment="the folder of the mail"),
        sa.Column("uid", sa.BigInteger(), nullable=False, comment="its UID"),
        sa.Column("mark", sa.String(length=64), nullable=False, comment="the flag or keyword"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_board_mark_tenant_id")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "mailbox", "folder", "uid", "mark", name=op.f("pk_board_mark")
        ),
        comment="flags and keywords of mails that mean something, as they were acted upon",
    )
    op.create_table(
        "board_intent",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("identity", sa.String(length=64), nullable=False, comment="the mail"),
        sa.Column("folder", sa.Text(), nullable=False, comment="the folder into which we move it"),
        sa.Column("at", Instant(), nullable=False, comment="since when"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_board_intent_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "mailbox", "identity", name=op.f("pk_board_intent")),
        comment="moves of our own, written before they are made",
    )
    op.create_table(
        "board_ticket",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("mailbox", sa.String(length=32), nullable=False, comment="the mailbox it is in"),
        sa.Column("ticket_id", Id, nullable=False, comment="the ticket"),
        sa.Column("version", sa.Integer(), nullable=False, comment="its version then"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["ticket.tenant_id", "ticket.id"],
            name=op.f("fk_board_ticket_tenant_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_board_ticket_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "mailbox", "ticket_id", name=op.f("pk_board_ticket")),
        comment="tickets whose mails all lay in place",
    )

    op.create_table(
        "canary",
        sa.Column("id", Id, autoincrement=False, nullable=False, comment="its id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column("sent_at", Instant(), nullable=False, comment="when it was sent"),
        sa.Column("back_at", Instant(), nullable=True, comment="when it came back"),
        sa.Column("missed_at", Instant(), nullable=True, comment="when it was found missing"),
        sa.Column(
            "done_at", Instant(), nullable=True, comment="when nothing more followed from it"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_canary_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canary")),
        comment="mails of our own that are sent round the loop",
    )
    op.create_index(
        "ix_canary_open",
        "canary",
        ["tenant_id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )

    op.create_table(
        "shortage",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose row it is"),
        sa.Column(
            "cause", sa.String(length=128), nullable=False, comment="team or agent, and which one"
        ),
        sa.Column("since", Instant(), nullable=False, comment="when administrators were told"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_shortage_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "cause", name=op.f("pk_shortage")),
        comment="for which tickets nobody is free; a row goes when none of them waits any more",
    )

    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE mailgate_id")
    op.execute("INSERT INTO sequence (name, next) VALUES ('id', 1)")
    tenant = sa.text("INSERT INTO tenant (id, name, identity) VALUES (1, 'default', :identity)")
    op.execute(tenant.bindparams(identity=secrets.token_hex(16)))
