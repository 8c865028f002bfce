"""Tables of figures that are worked out ahead: who has how much to do, how it stands, each day.

Nothing in them is a fact of its own: all of it is worked out from tickets and their history, and
may be thrown away at any time.
"""

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Table

from mailgate.store.columns import Id, metadata, tenant_id
from mailgate.store.types import Instant


def _count(name: str, comment: str) -> Column[int]:
    return Column(name, Integer, nullable=False, comment=comment)


def _seconds(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, comment=comment)


figure_set = Table(
    "figure_set",
    metadata,
    tenant_id(),
    Column("name", String(16), nullable=False, comment="workload, dashboard or performance"),
    Column("built_at", Instant, nullable=False, comment="when they were worked out"),
    _count("took_ms", "how long that took, in milliseconds"),
    Column("last_event", Id, nullable=False, comment="the newest event then; 0: there was none"),
    Column("zone", String(64), nullable=False, comment="whose days they go by, an IANA name"),
    _count("version", "counts how often they were worked out; compared on each write"),
    PrimaryKeyConstraint("tenant_id", "name"),
    comment="which figures are kept ready, and as of when",
)

workload_figure = Table(
    "workload_figure",
    metadata,
    tenant_id(),
    Column("holder", String(8), nullable=False, comment="agent, team, or nobody: no agent has it"),
    Column("name", String(64), nullable=False, comment="of the agent or team; empty: nobody"),
    Column("kind", String(16), nullable=False, comment="of the tickets"),
    _count("open", "tickets that are not closed"),
    _count("ours", "those of them on the desk's turn, which count against a limit"),
    _count("overdue", "those of them whose present turn has run out"),
    PrimaryKeyConstraint("tenant_id", "holder", "name", "kind"),
    comment="what each agent and each team has to do",
)

dashboard_figure = Table(
    "dashboard_figure",
    metadata,
    tenant_id(),
    Column(
        "about",
        String(16),
        nullable=False,
        comment="status, automation, priority, category, kind, time or day",
    ),
    Column("name", String(64), nullable=False, comment="which status, priority, …"),
    _count("count", "tickets"),
    _seconds("seconds", "what they took together; of `time` alone"),
    PrimaryKeyConstraint("tenant_id", "about", "name"),
    comment="how the desk stands; each ticket is in one row of each sort but `time` and `day`",
)

daily_figure = Table(
    "daily_figure",
    metadata,
    tenant_id(),
    Column("day", Integer, nullable=False, comment="of the desk's zone, as YYYYMMDD"),
    Column(
        "about",
        String(8),
        nullable=False,
        comment="desk, agent, team, priority, category or kind: of which tickets, as they are now",
    ),
    Column("name", String(64), nullable=False, comment="which agent, team, …; empty: the desk"),
    _count("opened", "tickets that began on that day"),
    _count("missed", "those of them that have missed a target since"),
    _count("answered", "tickets first answered on that day"),
    _seconds("response_seconds", "from their first mails to these answers, together"),
    _count("resolved", "tickets resolved on that day, and not reopened since"),
    _seconds("resolution_seconds", "from their first mails until then, together"),
    _count("closed", "tickets closed on that day, and not reopened since"),
    _count("auto_closed", "those of them that the clock has closed"),
    _count("reopened", "how often a ticket came back on that day"),
    _count("delayed_by_system", "turns of the desk that ran out on that day"),
    _count("delayed_by_client", "turns of customers that did"),
    PrimaryKeyConstraint("tenant_id", "day", "about", "name"),
    comment="what happened on each day that is over, worked out anew every night",
)
