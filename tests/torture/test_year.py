"""A year of a desk: each deadline once, never early, none missed, and in the end all sums agree."""

import logging
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import select

from mailgate.desk.verify import verify
from mailgate.domain.people import Role
from mailgate.mail.parts import content
from mailgate.store import schema
from mailgate.store.db import Database
from tests.peers.reports import report_of
from tests.store.databases import POSTGRESQL, SQLITE, migrated, without_waiting_for_the_disk
from tests.torture.office import REMINDERS
from tests.torture.town import END, OUTAGE, Town
from tests.torture.yardstick import Yardstick
from tests.torture.yearbook import yearbook

MINUTE = timedelta(minutes=1)
EVENT = ("id", "subject_id", "name", "at", "recorded_at", "data", "actor_kind")
NOTICE = ("ticket_id", "turn", "notice", "recipient", "role", "context")
SHORT = [(SQLITE, 300)]
LONG = [(SQLITE, 10_000), (POSTGRESQL, 1_000)]
ONCE_A_TURN = {"overdue", "auto_closed"}
ONCE = {"target_near", "target_missed"}


def rows(database, table, *columns, **where) -> list[dict]:
    query = select(*(table.c[name] for name in columns)).order_by(table.c.id)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    with database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


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


def busiest(events) -> list:
    """Return the events of the ticket on which the clock acted most."""
    acted = Counter(e["subject_id"] for e in events if e["name"] == "deadline.passed")
    ((id_, _),) = acted.most_common(1)
    return [each for each in events if each["subject_id"] == id_]


def faults(database, town) -> list:
    """Return what `mailgate verify` finds, on connections that are as they should be."""
    fresh = Database(database.url)
    with fresh.read() as connection:
        found = list(verify(connection, town.desk.desk.settings, content, deep=True))
    fresh.close()
    return found


@pytest.mark.torture
@pytest.mark.peers
@pytest.mark.timeout(12 * 3600)
def test_a_year(request, capsys, seed, long_form):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for kind, tickets in LONG if long_form else SHORT:
        with migrated(request, kind) as database:
            without_waiting_for_the_disk(database)
            town = Town(database, seed, tickets, every_minute=long_form)
            town.live()
            told = yearbook(database, town)
            report_of(request.node).add("the year", lambda told=told: told)
            if long_form:
                with capsys.disabled():
                    sys.stdout.write(f"\n{told}\n")
            check(database, town, tickets)


def check(database, town, tickets) -> None:
    events = rows(database, schema.event, *EVENT, subject_kind="ticket")
    yardstick = judged(events)
    assert not yardstick.faults, "\n".join(yardstick.faults[:20])
    assert yardstick.acted > 3 * tickets
    unseen = [n for n, life in enumerate(tampered(busiest(events))) if not judged(life).faults]
    assert not unseen, "the yardstick sees a clock that is wrong"
    assert not doubled(rows(database, schema.outbox, *NOTICE))
    numbers = [row["number"] for row in rows(database, schema.ticket, "number")]
    of_each = Counter(number.split("-")[1] for number in numbers)  # it may end in the year after
    counted = [f"TKT-{year}-{n:05d}" for year, most in of_each.items() for n in range(1, most + 1)]
    assert sorted(numbers) == sorted(counted)
    states = {row["state"] for row in rows(database, schema.mail_delivery, "state")}
    assert states <= {"opened", "threaded", "commands_only", "report", "suppressed"}
    assert len(rows(database, schema.event, "id", name="month.reported")) == 12
    digests = rows(database, schema.event, "subject_id", name="digest.written")
    assert len({row["subject_id"] for row in digests}) == len(digests) > 300
    customers = rows(database, schema.outbox, "recipient", role=Role.CUSTOMER.value)
    assert not [row for row in customers if row["recipient"].endswith("@agents.example")]
    assert faults(database, town) == []
