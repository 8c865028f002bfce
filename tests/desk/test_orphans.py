"""Rows that belong to nothing are found, also in a part of the desk, and while it works."""

import re
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from mailgate.desk.verify import accounted, verify
from mailgate.domain.events import (
    SetPriority,
)
from mailgate.domain.model import Priority
from mailgate.store import audit, orphans, schema
from mailgate.store.audit import Scope

from .auditing import (
    AGENT,
    EVENT,
    MAIL,
    TICKET,
    attach,
    content,
    faults,
    lived,
    remove_timers,
)

# --- rows that the database itself would refuse ---------------------------------------------------

ORPHANS = {
    "UPDATE ticket SET follows = 99": {
        ("ticket", "goes on from, or in, a ticket that is not there")
    },
    "DELETE FROM policy": {("event", "was decided under rules that are not there")},
    "DELETE FROM ticket": {
        ("mail", "ended on a ticket that is not there"),
        ("turn", "is not there, but a turn of it is"),
        ("outbox", "is about a ticket that is not there"),
        ("message", "belongs to no ticket"),
        ("event", "is about something that is not there"),
        ("timer", "is not there, but a timer of it is"),
        ("reference", "is not there, but a Message-ID leads to it"),
    },
    "DELETE FROM message": {
        ("attachment", "is not there, but an attachment of it is"),
        ("outbox", "carries a message that is not there"),
    },
    "DELETE FROM mail": {
        ("mail", "has no raw bytes"),
        ("message", "was read from a mail that is not there"),
    },
    "DELETE FROM event": {("outbox", "has no cause")},
    "UPDATE event SET subject_id = subject_id + 1": {
        ("outbox", "is about another ticket than its cause")
    },
}


def test_a_mail_that_opened_two_tickets_is_named(world):
    world.open()
    world.open()
    with world.database.write() as connection:
        connection.execute(
            update(EVENT).where(EVENT.c.name == "ticket.opened").values(correlation=7)
        )
    assert [str(fault) for fault in faults(world)] == ["mail 7: opened more than one ticket"]


def test_what_to_do_about_a_timer_helps(world):
    ticket = world.open()
    remove_timers(world)
    assert {fault.check for fault in faults(world)} == {"timer"}
    for priority in (Priority.HIGH, Priority.NORMAL):
        world.apply(ticket, SetPriority(at=world.now, actor=AGENT, priority=priority))
    assert faults(world) == []


# --- a part of the desk, and a desk at work -------------------------------------------------------


def test_one_ticket_can_be_looked_at_alone(world):
    first, second = world.open(), world.open()
    attach(world, second, part="gone")
    with world.database.write() as connection:
        connection.execute(update(TICKET).values(subject="Another"))
        connection.execute(insert(schema.mail).values(MAIL | {"received_at": world.now}))
    assert {f.subject for f in faults(world, scope=Scope(first.number))} == {first.number}
    assert [f.check for f in faults(world, scope=Scope(second.number))] == ["history", "attachment"]


def test_the_history_of_tickets_that_did_not_change_since_can_be_left_out(world):
    world.open()
    before = world.now
    second = world.open() if world.pass_time(hours=1) else None
    with world.database.write() as connection:
        connection.execute(update(TICKET).values(subject="Another"))
        connection.execute(insert(schema.mail).values(MAIL | {"received_at": world.now}))
    for since, subjects in ((before + timedelta(minutes=1), {second.number}), (world.now, None)):
        found = faults(world, scope=Scope(since=since))
        assert {f.subject for f in found if f.check == "history"} == (subjects or {second.number})
        assert "mail" in {f.check for f in found}


def test_what_is_written_meanwhile_is_no_fault(world, monkeypatch):
    monkeypatch.setattr("mailgate.desk.verify.BATCH", 2)
    tickets = [world.open() for _ in range(4)]

    def go_on(_done, _total):
        for ticket in tickets:
            world.agent_replies(ticket)
        world.open()

    with world.database.read() as connection:
        settings = world.desk.settings
        assert list(verify(connection, settings, content, progress=go_on)) == []
    assert faults(world) == []


def test_no_question_looks_through_a_table_for_each_row_of_another(sqlite_world):
    """Each is asked of everything, so a search within a search takes the square of its size."""
    whole = re.compile(r"\((tenant_id|tenant_id=\? AND subject_kind)=\?\)$")
    with sqlite_world.database.read() as connection:
        for question in orphans.questions(1):
            asked = question.query.compile(connection, compile_kwargs={"literal_binds": True})
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()
            within = {step.id for step in steps if step.detail.startswith("CORRELATED")}
            for step in steps:  # a step comes after the one that it is part of
                if step.parent in within:
                    within.add(step.id)
                    slow = step.detail.startswith("SCAN") or whole.search(step.detail)
                    assert not slow, (question, step.detail)


def test_the_sums_say_how_every_mail_and_notice_ended(world):
    attach(world, world.open())
    with world.database.read() as connection:
        assert accounted(connection, 1) == (
            "mails: 1 (1 threaded); tickets: 1; messages: 2; events: 2; notices: 6 (6 ready)"
        )


@pytest.mark.parametrize("statement", ORPHANS)
def test_rows_that_belong_to_nothing_are_named(sqlite_world, statement):
    attach(sqlite_world, lived(sqlite_world))
    with sqlite3.connect(sqlite_world.database.path) as behind:
        behind.execute(statement)
    behind.close()
    found = faults(sqlite_world)
    assert ORPHANS[statement] <= {(fault.check, fault.says) for fault in found}


def test_what_sqlite_itself_finds_is_named(sqlite_world):
    lived(sqlite_world)
    with sqlite3.connect(sqlite_world.database.path) as behind:
        behind.execute("DELETE FROM ticket")
    behind.close()
    assert ("database", "points to no row of ticket") in {
        (fault.check, fault.says) for fault in faults(sqlite_world)
    }


def test_a_file_that_could_lose_what_was_committed_is_named(sqlite_world, monkeypatch):
    monkeypatch.setattr(audit, "pragmas", lambda _: {"synchronous": 1})
    monkeypatch.setattr(audit, "damage", lambda _: ["row 7 missing from index"])
    assert [str(fault) for fault in faults(sqlite_world, deep=True)] == [
        "PRAGMA synchronous: is 1, not 2",
        "file: row 7 missing from index",
    ]
