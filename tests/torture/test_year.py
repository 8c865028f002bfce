"""A year of a desk: each deadline once, never early, none missed, and in the end all sums agree."""

import logging
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import structlog
from sqlalchemy import func, select

from mailgate.desk.verify import verify
from mailgate.domain.events import TimerKind
from mailgate.domain.people import Role
from mailgate.mail.parts import content
from mailgate.store import schema
from mailgate.store.db import Database
from tests.peers.reports import tell
from tests.store.databases import BOTH, POSTGRESQL, SQLITE, migrated, without_waiting_for_the_disk
from tests.torture.office import PRESSING, REMINDERS, SLEEP, SLEEPERS, WAKE, WAKING, ZONE
from tests.torture.town import END, OUTAGE, Town
from tests.torture.yardstick import Yardstick
from tests.torture.yearbook import yearbook

MINUTE = timedelta(minutes=1)
EVENT = ("id", "subject_id", "name", "at", "recorded_at", "data", "actor_kind")
NOTICE = ("id", "ticket_id", "turn", "notice", "recipient", "context", "state")
NOTICE += ("created_at", "quiet_until", "done_at")
DIGEST, DECIDED = "digest.written", ("approved", "rejected")
SHORT = {SQLITE: 300, POSTGRESQL: 25}
LONG = {SQLITE: 10_000, POSTGRESQL: 1_000}
ONCE_A_TURN = {"overdue", "auto_closed"}
ONCE = {"target_near", "target_missed"}


def rows(database, table, *columns, **where) -> Iterator[dict]:
    """Yield rows in their order, few at a time: those of a long year are gigabytes."""
    query = select(*(table.c[name] for name in columns)).order_by(table.c.id)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    with database.read() as connection:
        found = connection.execution_options(yield_per=1000).execute(query)
        yield from (dict(row) for row in found.mappings())


def events(database, **where) -> Iterator[dict]:
    return rows(database, schema.event, *EVENT, subject_kind="ticket", **where)


def judged(events) -> Yardstick:
    yardstick = Yardstick(OUTAGE)
    yardstick.follow(events, END)
    return yardstick


def doubled(notices) -> list:
    """Return what somebody was told more often than they may be."""
    told: Counter = Counter()
    for row in notices:
        who = (row["ticket_id"], row["notice"], row["recipient"])
        if row["notice"] in ONCE_A_TURN:
            told[*who, row["turn"]] += 1
        elif row["notice"] in ONCE:
            told[*who, row["context"]["target"]["which"]] += 1
        elif row["notice"] == "waiting":
            told[*who, row["turn"]] += 1 / (1 + REMINDERS)
    return [each for each, times in told.items() if times > 1.001]


def woken(notices) -> Iterator[str]:
    """Yield what reached somebody at night that need not, or waited that need not, or too long."""
    for row in notices:
        if row["notice"] == "joined":
            continue  # it waits for what it joins
        until = wakes(row)
        if row["quiet_until"] != until:
            yield f"{row['id']} {row['notice']}: {row['quiet_until']}, not {until}"
        elif until and row["state"] == "sent" and not until <= row["done_at"] < until + MINUTE:
            yield f"{row['id']} {row['notice']}: of {until}, sent {row['done_at']}"


def wakes(row) -> datetime | None:
    """Return until when a notice is to wait, by what clocks on the wall show."""
    wall = row["created_at"].astimezone(ZoneInfo(ZONE))
    priority = row["context"].get("ticket", {}).get("priority")
    asleep = row["recipient"] in SLEEPERS and not WAKE <= wall.hour < SLEEP
    if not asleep or row["notice"] in WAKING or priority in PRESSING:
        return None
    morning = wall.date() + timedelta(days=wall.hour >= SLEEP)
    return datetime.combine(morning, time(WAKE), ZoneInfo(ZONE)).astimezone(UTC)


def tampered(events) -> Iterator[list]:
    """Yield the life of a ticket with one deadline of it left out, doubled, too early, too late."""
    for n, row in enumerate(events):
        if row["name"] == "deadline.passed":
            before, after = events[:n], events[n + 1 :]
            yield [*before, *after]
            yield [*before, row, row, *after]
            yield [*before, row | {"recorded_at": row["at"] - MINUTE}, *after]
            yield [*before, row | {"recorded_at": row["recorded_at"] + 2 * MINUTE}, *after]
            yield [*before, row | {"at": row["at"] - MINUTE}, *after]


def busiest(database) -> list:
    """Return the events of the ticket on which the clock acted most."""
    event = schema.event.c
    acted = select(event.subject_id).where(event.name == "deadline.passed")
    most = acted.group_by(event.subject_id).order_by(func.count().desc(), event.subject_id)
    with database.read() as connection:
        id_ = connection.scalar(most.limit(1))
    return list(events(database, subject_id=id_))


def faults(database, town) -> list:
    """Return what `mailgate verify` finds, on connections that are as they should be."""
    fresh = Database(database.url)
    with fresh.read() as connection:
        found = list(verify(connection, town.desk.desk.settings, content, deep=True))
    fresh.close()
    return found


def progress(capsys, week: int, town: Town) -> None:
    """Print how far a long year has come."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
    sums = town.sums
    with capsys.disabled():
        sys.stdout.write(
            f"week {week} of 52: {sums['mails in']:,} mails in, {sums['mails out']:,} out, "
            f"{sums['ticks']:,} looks; {cpu:,.0f} s of CPU, at most {memory:,} MB\n"
        )
        sys.stdout.flush()


@pytest.mark.torture
@pytest.mark.timeout(12 * 3600)
@pytest.mark.parametrize("kind", BOTH)
def test_a_year(request, capsys, kind, seed, long_form):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    tickets = (LONG if long_form else SHORT)[kind]
    with migrated(request, kind) as database:
        without_waiting_for_the_disk(database)
        passed = (lambda week: progress(capsys, week, town)) if long_form else lambda _week: None
        town = Town(database, seed, tickets, every_minute=long_form, passed=passed)
        town.live()
        tell(request.node, f"the year of a desk, {kind}", yearbook(database, town))
        check(database, town, tickets)


def check(database, town, tickets) -> None:
    yardstick = judged(events(database))
    assert not yardstick.faults, "\n".join(yardstick.faults[:20])
    assert yardstick.acted > 3 * tickets
    unseen = [n for n, life in enumerate(tampered(busiest(database))) if not judged(life).faults]
    assert not unseen, "the yardstick sees a clock that is wrong"
    assert not doubled(rows(database, schema.outbox, *NOTICE))
    assert not list(woken(rows(database, schema.outbox, *NOTICE)))
    numbers = [row["number"] for row in rows(database, schema.ticket, "number")]
    of_each = Counter(number.split("-")[1] for number in numbers)  # it may end in the year after
    counted = [f"TKT-{year}-{n:05d}" for year, most in of_each.items() for n in range(1, most + 1)]
    assert sorted(numbers) == sorted(counted)
    states = {row["state"] for row in rows(database, schema.mail_delivery, "state")}
    assert states <= {"opened", "threaded", "commands_only", "report", "suppressed"}
    assert len(list(rows(database, schema.event, "id", name="month.reported"))) == 12
    digests = [row["subject_id"] for row in rows(database, schema.event, *EVENT, name=DIGEST)]
    assert len(set(digests)) == len(digests) >= min(tickets, 300)
    customers = rows(database, schema.outbox, "recipient", role=Role.CUSTOMER.value)
    assert not [row for row in customers if row["recipient"].endswith("@agents.example")]
    assert everything_happened(database) or tickets < SHORT[SQLITE]
    assert faults(database, town) == []


def everything_happened(database) -> bool:
    """Tell whether the clock did all that it can do, and people all that is about approvals."""
    acted = {row["data"]["timer"] for row in events(database, name="deadline.passed")}
    decided = [len(list(events(database, name=f"ticket.{what}"))) for what in DECIDED]
    return acted == set(TimerKind) and all(decided)
