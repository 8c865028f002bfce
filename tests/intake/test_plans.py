"""What a conversation asks of the database costs what it is about, not what else is stored.

SQLite tells how it goes about each statement; no other looks than by an index that leads to the
rows in question are allowed. PostgreSQL has the same indexes.
"""

import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from mailgate.desk.clock import Clock
from mailgate.desk.figures import Figures
from mailgate.domain.escalation import Escalation
from mailgate.store import aside, audit, backlog, holding, inbox, outbox, tickets
from tests.board.played import Played
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import ALICE, BOB, settings
from tests.intake.desk import EVE, SUPPORT, Gateway
from tests.intake.filed import Filed
from tests.intake.prepared import Prepared
from tests.intake.shared import written
from tests.store.databases import SQLITE, migrated

GROWS = {
    "attachment",
    "board_copy",
    "board_ticket",
    "contact",
    "event",
    "imap_copy",
    "imap_filing",
    "imap_prepared",
    "mail",
    "mail_delivery",
    "message",
    "outbox",
    "reference",
    "suspension",
    "ticket",
    "timer",
    "turn",
}
PARTIAL = (
    "ix_board_copy_dropped",
    "ix_board_copy_orphan",
    "ix_board_copy_struck",
    "ix_imap_filing_waiting",
    "ix_imap_prepared_live",
    "ix_mail_delivery_parked",
    "ix_mail_delivery_pending",
    "ix_mail_delivery_quarantined",
    "ix_outbox_ready",
    "ix_outbox_unknown",
)
# `IS NOT NULL` makes a range of any column, which narrows nothing down; those named here do.
WHOLE_TENANT = re.compile(
    r"\(tenant_id=\?( AND mailbox=\?)?( AND (?!due_at|policy_id|id|ticket_id)\w+[<>]\?)*\)$"
)
# The least or the greatest value of an index is one entry, which SQLite reads alone.
FIRST_ENTRY = re.compile(r"^SELECT (min\(timer\.due_at\)(?s:.)*fired_at IS NULL$|max\(event\.id\))")


@pytest.fixture
def gateway(request):
    with migrated(request, SQLITE) as database:
        rules = (Escalation("leads", timedelta(hours=4)), Escalation("late", timedelta(days=2)))
        yield Gateway(database, settings(escalations=rules))


def plans(database, statements):
    """Yield (step, statement) of the plan of each statement."""
    with database.read() as connection:
        cursor = connection.connection.driver_connection.cursor()
        for statement, parameters in statements:
            steps = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            yield from ((step[3], statement) for step in steps)


def looks_at_too_much(step: str, statement: str) -> bool:
    verb, _, rest = step.partition(" ")
    if verb not in ("SCAN", "SEARCH") or rest.split()[0] not in GROWS:
        return False
    few = any(index in step for index in PARTIAL) or FIRST_ENTRY.search(statement)
    return verb == "SCAN" or bool(WHOLE_TENANT.search(step) and not few)


@contextmanager
def unwatched(gateway, note):
    """Leave out what the test itself asks."""
    event.remove(gateway.database.engine, "before_cursor_execute", note)
    yield
    event.listen(gateway.database.engine, "before_cursor_execute", note)


def ask_who_holds_what(connection, now):
    assert holding.loads(connection, 1, ["alice"]) == {}
    assert holding.held_since(connection, 1, "alice", now, 0, 10) == []
    assert holding.held_by(connection, 1, "alice", 10) == []
    for teams in (None, ["billing"]):
        holding.unheld(connection, 1, teams, 10)
    assert holding.unheld_count(connection, 1)


def let_days_pass(desk, now):
    for days in (1, 3, 9):
        Clock(desk).tick(now + timedelta(days=days))
    for counted in (Figures.workload, Figures.dashboard, Figures.performance):
        counted(Figures(desk), now + timedelta(days=9))


def test_nothing_that_grows_is_looked_through(gateway):
    gateway.mail("It burns.")
    gateway.mail("Mine too.", sender=EVE, Subject="[TKT-2026-00001]")
    asked = {}

    def note(_connection, _cursor, statement, parameters, _context, many):
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            asked[statement] = parameters[0] if many else parameters

    to = gateway.reply_address()
    event.listen(gateway.database.engine, "before_cursor_execute", note)
    gateway.keep("Water?", sender=ALICE.address, to=to)
    gateway.keep("Thanks", Subject="Re: [TKT-2026-00001]", References="<x@customer.example>")
    gateway.keep("Bounced", sender="mailer-daemon@customer.example", Auto_Submitted="auto-replied")
    gateway.keep("It was me, honestly.", sender=BOB.address, Subject="Re: [TKT-2026-00001]")
    gateway.keep("Buy!", sender=EVE, X_Spam_Flag="YES")
    gateway.keep("Hello", sender="dave@elsewhere.example")
    while gateway.worker.run_once():
        pass
    worker_of(gateway, Scripted()).drain()
    with unwatched(gateway, note):
        (reply,), (received, *_) = gateway.outbox("agent_reply"), gateway.outbox("received")
    for row in (reply, received):
        path = gateway.signer.bounce_address(SUPPORT, row["id"], gateway.now)
        daemon = {"sender": "mailer-daemon@customer.example", "Subject": "Undelivered"}
        gateway.keep("550 5.1.1 nobody", to=path, **daemon)
    gateway.keep("I am here.", In_Reply_To=received["rfc_id"])
    while gateway.worker.run_once():
        pass
    let_days_pass(gateway.desk, gateway.now)
    with gateway.database.write() as connection:
        assert outbox.claim(connection, 1, "me", gateway.now, timedelta(seconds=60), 10)
        assert backlog.read(connection, 1).unsent
        assert outbox.release(connection, 1, [reply["id"]], gateway.now) == 1
        assert outbox.to_strangers(connection, 1, gateway.now - timedelta(days=9))
        assert not outbox.to_strangers(connection, 1, gateway.now, held=True)
        assert tickets.next_timer(connection, 1, gateway.now) is None
        (spam,) = aside.set_aside(connection, 1, inbox.QUARANTINED)
        assert aside.put_back(connection, 1, inbox.QUARANTINED, [spam["id"]]) == 1
        assert aside.put_back(connection, 1, inbox.QUARANTINED, None) == 0
        assert aside.set_aside(connection, 1, inbox.PARKED) == []
        assert aside.put_back(connection, 1, inbox.PARKED, [spam["id"]]) == 0
        assert aside.put_back(connection, 1, inbox.PARKED, None) == 0
        assert inbox.oldest_pending(connection, 1)
        outbox.late(connection, 1, gateway.now, 10, lock=True)
        assert tickets.by_other_rules(connection, 1, 0, 10)
        ask_who_holds_what(connection, gateway.now)
        (batch,) = audit.batches(connection, 1, audit.Scope(), 10)
        for read in (audit.histories, audit.notices, audit.turns, audit.timers):
            read(connection, 1, [row["id"] for row in batch])
    event.remove(gateway.database.engine, "before_cursor_execute", note)
    assert len(asked) > 25
    found = plans(gateway.database, asked.items())
    bad = [plan for plan in found if looks_at_too_much(*plan)]
    assert not bad, "\n\n".join(f"{step}\n{statement}" for step, statement in bad)


def test_nothing_that_grows_is_looked_through_for_the_board(gateway, dovecot):
    asked = {}

    def note(_connection, _cursor, statement, parameters, _context, many):
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            asked[statement] = parameters[0] if many else parameters

    played = Played(gateway, dovecot.imap_port).begin()
    event.listen(gateway.database.engine, "before_cursor_execute", note)
    played.open(2)
    played.drag("m0", "INBOX", "Tickets/Resolved", "copy and strike")
    played.rest()
    played.drag("m0", "Tickets/Resolved", "INBOX")
    played.rest()
    event.remove(gateway.database.engine, "before_cursor_execute", note)
    assert sum("board_" in statement for statement in asked) > 15
    found = plans(gateway.database, asked.items())
    bad = [plan for plan in found if looks_at_too_much(*plan)]
    assert not bad, "\n\n".join(f"{step}\n{statement}" for step, statement in bad)


def test_nothing_that_grows_is_looked_through_to_file_what_was_sent(gateway, dovecot):
    asked = {}

    def note(_connection, _cursor, statement, parameters, _context, many):
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            asked[statement] = parameters[0] if many else parameters

    filed = Filed(gateway, dovecot.imap_port)
    filed.gateway.desk.settings = replace(filed.gateway.desk.settings, files=("sales", "support"))
    filed.pass_by()
    filed.put(written())
    filed.pass_by()
    filed.send()
    to = gateway.reply_address()
    event.listen(gateway.database.engine, "before_cursor_execute", note)
    gateway.keep("Try water.", sender=ALICE.address, to=to)
    filed.process()
    filed.send()
    filed.pass_by()
    event.remove(gateway.database.engine, "before_cursor_execute", note)
    assert len(filed.sent()) == 1
    assert sum("imap_filing" in statement for statement in asked) > 3
    found = plans(gateway.database, asked.items())
    bad = [plan for plan in found if looks_at_too_much(*plan)]
    assert not bad, "\n\n".join(f"{step}\n{statement}" for step, statement in bad)


def test_nothing_that_grows_is_looked_through_for_drafts(gateway, dovecot):
    asked = {}

    def note(_connection, _cursor, statement, parameters, _context, many):
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            asked[statement] = parameters[0] if many else parameters

    prepared = Prepared(gateway, dovecot.imap_port)
    prepared.pass_by()
    event.listen(gateway.database.engine, "before_cursor_execute", note)
    prepared.ask()
    for number in ("<m1@customer.example>", "<m2@customer.example>"):
        prepared.put(written(From=SUPPORT, In_Reply_To=number), folder="Drafts")
    prepared.pass_by()
    prepared.ask(Message_ID="<m2@customer.example>", In_Reply_To="<m1@customer.example>")
    prepared.pass_by(40)
    with prepared.client() as link:
        link.select("Drafts")
        link.store("1:*", "+FLAGS", r"(\Deleted)")
        link.expunge()
    prepared.pass_by(40)
    event.remove(gateway.database.engine, "before_cursor_execute", note)
    assert sum("imap_draft" in each or "imap_prepared" in each for each in asked) > 5
    found = plans(gateway.database, asked.items())
    bad = [plan for plan in found if looks_at_too_much(*plan)]
    assert not bad, "\n\n".join(f"{step}\n{statement}" for step, statement in bad)


def test_nothing_that_grows_is_looked_through_for_a_split(gateway):
    for n in (1, 2, 3):
        gateway.mail("It burns.", Message_ID=f"<n{n}@x.example>", References="<n1@x.example>")
    said = gateway.outbox("new_message")[-1]
    asked = {}

    def note(_connection, _cursor, statement, parameters, _context, many):
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            asked[statement] = parameters[0] if many else parameters

    event.listen(gateway.database.engine, "before_cursor_execute", note)
    to = {"sender": said["recipient"], "to": said["context"]["reply_address"]}
    for answered in (said["rfc_id"], "<n2@x.example>"):
        gateway.keep("/split", In_Reply_To=answered, **to)
        gateway.worker.drain()
    event.remove(gateway.database.engine, "before_cursor_execute", note)
    assert any("UPDATE board_copy" in statement for statement in asked)
    bad = [plan for plan in plans(gateway.database, asked.items()) if looks_at_too_much(*plan)]
    assert not bad, "\n\n".join(f"{step}\n{statement}" for step, statement in bad)
