"""What the year of a desk was, as a table."""

from collections import Counter
from typing import Any

from sqlalchemy import func, select

from mailgate.store import schema
from tests.torture.town import Town


def yearbook(database: Any, town: Town) -> str:
    """Return the year's report: what came, what was done, by whom, and how late."""
    ticket, event, outbox = schema.ticket.c, schema.event.c, schema.outbox.c
    with database.read() as connection:

        def counted(column: Any, *where: Any) -> Counter[str]:
            query = select(column, func.count()).where(*where).group_by(column)
            return Counter({str(key): count for key, count in connection.execute(query)})

        events = counted(event.name, event.subject_kind == "ticket")
        passed = connection.execute(select(event.data).where(event.name == "deadline.passed"))
        timers = Counter(data["timer"] for (data,) in passed)
        waited = connection.scalar(
            select(func.count()).where(outbox.quiet_until.is_not(None), outbox.state == "sent")
        )
        asked = connection.scalar(select(func.sum(ticket.approvals)))
        closed = counted(ticket.closed_by, ticket.closed_at.is_not(None))
        notices = counted(outbox.state)
        reopened = connection.scalar(select(func.sum(ticket.reopen_count)))
        rated = connection.execute(
            select(func.count(ticket.satisfaction), func.avg(ticket.satisfaction))
        ).one()
        answers = connection.execute(
            select(ticket.created_at, ticket.first_response_at).where(
                ticket.first_response_at.is_not(None)
            )
        )
        hours = sorted((first - begun).total_seconds() / 3600 for begun, first in answers)
        lines = {
            "tickets": sum(counted(ticket.status).values()),
            "  closed by customers, agents, the clock, merging": ", ".join(
                str(closed[by]) for by in ("customer", "agent", "auto", "merged")
            ),
            "  not closed": connection.scalar(
                select(func.count()).where(ticket.closed_at.is_(None))
            ),
            "  taken up again": reopened,
            "mails in, out": f"{town.sums['mails in']}, {town.sums['mails out']}",
            "  sent, joined or held back, never arrived": ", ".join(
                str(notices[state]) for state in ("sent", "suppressed", "never")
            ),
            "answers to customers": events["agent.replied"],
            "  first one after, hours (median)": f"{hours[len(hours) // 2]:.1f}" if hours else "-",
            **_of_the_clock(timers, events, asked or 0),
            "snoozed": events["ticket.snoozed"],
            "taken from quiet agents": town.sums["taken from the quiet"],
            "given later": town.sums["given later"],
            "notices to staff that waited for the morning": waited,
            "customers asked how it went": timers["survey"],
            "ratings, mean": f"{rated[0]}, {float(rated[1] or 0):.2f}",
            "digests, monthly reports": f"{town.sums['digests']}, {town.sums['monthly reports']}",
            "looks of the clock": town.sums["ticks"],
        }
    width = max(map(len, lines))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())


def _of_the_clock(timers: Counter[str], events: Counter[str], asked: int) -> dict[str, Any]:
    """Return what the clock did, and what people decided of what was to be approved."""
    return {
        "the desk was late": timers["system_response"],
        "customers were late": timers["client_response"],
        "  reminded again": timers["reminder"],
        "  resolved for silence": timers["resolve_silent"],
        "targets near, missed": f"{timers['target_near']}, {timers['target_missed']}",
        "escalated by rules, by hand": f"{timers['escalation']}, {events['ticket.escalated']}",
        "approvals asked for, given, refused": ", ".join(
            str(n) for n in (asked, events["ticket.approved"], events["ticket.rejected"])
        ),
        "  reminded of, run out": f"{timers['approval_reminder']}, {timers['approval_expired']}",
    }
