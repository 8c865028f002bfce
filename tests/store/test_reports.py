"""What is shown of tickets: every condition, every figure, on both kinds of database."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import func, select

from mailgate.desk.messages import NewAttachment, NewMessage
from mailgate.domain.automation import AUTOMATION, status_of
from mailgate.domain.events import (
    Assign,
    AssignTeam,
    Close,
    NoteAdded,
    Reopen,
    Resolve,
    SetRecord,
    Tag,
    Wait,
)
from mailgate.domain.model import Actor, ActorKind, ClosedBy, Delay, Side, Status, Ticket
from mailgate.store import inbox, reports, schema, tickets
from mailgate.store.reports import Wanted
from tests.desk.conftest import START, World, settings
from tests.store.databases import BOTH, migrated

AGENT = Actor(ActorKind.AGENT, "alice")


@pytest.fixture(params=BOTH)
def world(request):
    with migrated(request, request.param) as database:
        yield World(database, settings())


def listed(world, most=None, **wanted):
    with world.database.read() as connection:
        return [row["number"] for row in reports.tickets(connection, 1, Wanted(**wanted), most)]


def statistics(world):
    with world.database.read() as connection:
        return reports.statistics(connection, 1, world.now)


def every_state():
    """Tickets in every combination of what the automation status looks at."""
    combinations = product(Status, Delay, (None, *ClosedBy))
    for id_, (status, delay, closed_by) in enumerate(combinations, 1_000_000):
        yield Ticket(
            id_,
            number=f"T-{id_}",
            status=status,
            delay=delay,
            closed_by=closed_by,
            created_at=START,
        )


def test_the_automation_status_is_the_same_in_sql_as_in_python(world):
    wanted = {ticket.id: status_of(ticket) for ticket in every_state()}
    rows = [
        tickets.to_row(ticket) | {"tenant_id": 1, "updated_at": START, "next_due_at": None}
        for ticket in every_state()
    ]
    with world.database.write() as connection:
        tickets.create(connection, rows)
    with world.database.read() as connection:
        query = select(schema.ticket.c.id, reports.automation_status())
        assert dict(connection.execute(query).all()) == wanted
    assert set(wanted.values()) == {row.name for row in AUTOMATION}


def test_tickets_come_newest_first_with_the_count_of_their_messages(world):
    first, second = world.open("one"), world.open("two")
    world.agent_replies(first)
    with world.database.read() as connection:
        rows = reports.tickets(connection, 1, Wanted())
        again = reports.ticket(connection, 1, first.id)
    assert [(row["number"], row["messages"]) for row in rows] == [
        (second.number, 1),
        (first.number, 2),
    ]
    assert [row["automation_status"] for row in rows] == [
        "waiting_for_system_response",
        "waiting_for_client_response",
    ]
    assert again == rows[1]
    assert listed(world, most=1) == [second.number]


def test_another_tenant_sees_nothing(world):
    ticket = world.open()
    with world.database.read() as connection:
        assert reports.tickets(connection, 2, Wanted()) == []
        assert reports.ticket(connection, 2, ticket.id) is None
        assert reports.messages(connection, 2, ticket.id) == []
        assert reports.events(connection, 2, ticket.id) == []
        assert reports.notices(connection, 2) == []
        assert set(reports.statistics(connection, 2, world.now).values()) == {0}


def test_each_condition_leaves_out_what_it_must(world):
    plain, other = world.open("Printer"), world.open("Invoice 50% off", "dave@customer.example")
    world.apply(other, Assign(at=world.now, actor=AGENT, assignee="alice"))
    world.apply(other, Tag(at=world.now, actor=AGENT, added=("vip", "late")))
    world.apply(other, AssignTeam(at=world.now, actor=AGENT, team="billing"))
    world.apply(other, Wait(at=world.now, actor=AGENT))
    for each, record in ((plain, "shop:47"), (other, "crm:7"), (other, "shop:4711")):
        world.apply(each, SetRecord(at=world.now, actor=AGENT, record=record))
    for wanted in (
        {"statuses": ["waiting_on_customer", "closed"]},
        {"automation": ["waiting_for_client_response"]},
        {"assignee": "alice"},
        {"team": "billing"},
        {"requester": "Dave@customer.example"},
        {"tags": ["vip"]},
        {"tags": ["vip", "late"]},
        {"record": "shop:4711"},
        {"search": "invoice"},
        {"search": "0% O"},
        {"search": "dave@"},
        {"search": other.number[-3:]},
    ):
        assert listed(world, **wanted) == [other.number], wanted
    assert listed(world, assignee="") == [plain.number]
    assert listed(world, priorities=["normal"]) == [other.number, plain.number]
    assert listed(world, priorities=["high"]) == []
    assert listed(world, tags=["vip", "new"]) == []
    assert listed(world, record="shop:471") == []
    assert listed(world, search="WORDS") == [other.number, plain.number]
    assert listed(world, search="5_%") == []
    assert listed(world, search="vip", statuses=["new"]) == []


def test_overdue_are_those_whose_turn_has_run_out(world):
    late = world.open()
    world.pass_time(hours=25)
    world.open()
    world.tick()
    assert listed(world, overdue=True) == [late.number]


def test_the_six_figures_add_up_to_all_active_tickets(world):
    for name in ("waits", "delayed", "asked", "asked and late", "resolved", "closed", "reopened"):
        ticket = world.open(name)
        if name.startswith("asked"):
            world.agent_replies(ticket)
            world.apply(ticket, Wait(at=world.now, actor=AGENT))
        if name in {"resolved", "closed", "reopened"}:
            world.apply(ticket, Resolve(at=world.now, actor=AGENT))
        if name == "closed":
            world.apply(ticket, Close(at=world.now, actor=AGENT))
        if name == "reopened":
            world.apply(ticket, Reopen(at=world.now, actor=AGENT))
    assert statistics(world) == {
        "total_active_tickets": 6,
        "waiting_for_system": 2,
        "waiting_for_client": 2,
        "delayed_by_system": 0,
        "delayed_by_client": 0,
        "resolved_pending_confirmation": 1,
        "reopened": 1,
        "auto_closed_last_24h": 0,
    }


def test_a_ticket_closed_by_the_clock_counts_for_a_day(world):
    ticket = world.open()
    world.apply(ticket, Resolve(at=world.now, actor=AGENT))
    world.pass_time(hours=48)
    world.tick()
    assert statistics(world)["auto_closed_last_24h"] == 1
    world.pass_time(hours=23, minutes=59)
    assert statistics(world)["auto_closed_last_24h"] == 1
    world.pass_time(minutes=1)
    assert statistics(world)["auto_closed_last_24h"] == 0


def test_what_was_said_comes_in_the_order_of_its_times_with_its_files(world):
    ticket = world.open()
    file = NewAttachment("2", "bill.pdf", "application/pdf", 3, "0" * 64)
    arrival = inbox.Arrival(b"a mail", 1, "default", (), "", "", "smtp", world.now)
    with world.database.write() as connection:
        inbox.put(connection, world.database.ids(connection, 2), [arrival])
        mail_id = connection.execute(select(func.max(schema.mail.c.id))).scalar()
    early = replace(
        world.message(Side.CLIENT, "carol"),
        at=world.now - timedelta(hours=1),
        attachments=(file, replace(file, part="3", name="more.pdf")),
        mail_id=mail_id,
    )
    world.apply(ticket, NoteAdded(at=world.now, actor=AGENT), early)
    last = NewMessage(Side.SYSTEM, "alice", "Alice", world.pass_time(hours=1), "bye")
    world.apply(ticket, NoteAdded(at=world.now, actor=AGENT), replace(last, attachments=(file,)))
    with world.database.read() as connection:
        said = reports.messages(connection, 1, ticket.id)
        files = reports.attachments(connection, 1, ticket.id)
        happened = reports.events(connection, 1, ticket.id)
    assert [row["author"] for row in said] == ["carol", "carol@customer.example", "alice"]
    assert [(row["name"], row["mail_id"]) for row in files] == [
        ("bill.pdf", mail_id),
        ("more.pdf", mail_id),
        ("bill.pdf", None),
    ]
    assert [row["name"] for row in happened] == ["ticket.opened", "note.added", "note.added"]


def test_notices_come_newest_first_with_the_number_of_their_ticket(world):
    first, second = world.open(), world.open()
    with world.database.read() as connection:
        rows = reports.notices(connection, 1)
        of_first = reports.notices(connection, 1, ticket_id=first.id)
        ready = reports.notices(connection, 1, ["ready"], most=3)
        never = reports.notices(connection, 1, ["never", "unknown"])
    assert [row["number"] for row in rows] == [second.number] * 4 + [first.number] * 4
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert {row["number"] for row in of_first} == {first.number}
    assert ready == rows[:3]
    assert never == []
    assert "context" not in rows[0]


def test_one_delivery_comes_with_its_bytes(world):
    arrival = inbox.Arrival(b"a mail", 1, "default", ("a@b",), "c@d", "", "smtp", world.now)
    with world.database.write() as connection:
        (id_,) = inbox.put(connection, world.database.ids(connection, 2), [arrival])
    with world.database.read() as connection:
        row = reports.delivery(connection, 1, id_)
        assert (row["raw"], row["size"], row["state"]) == (b"a mail", 6, "pending")
        assert reports.delivery(connection, 2, id_) is None
