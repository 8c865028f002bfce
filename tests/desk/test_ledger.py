"""The write door: all or nothing, each number once, nobody overwritten, nobody flooded."""

from datetime import timedelta

import pytest

from mailgate.domain.caps import Caps
from mailgate.domain.events import (
    Assign,
    Close,
    CommandRefused,
    CustomerWrote,
    NoteAdded,
    Opened,
    Resolve,
)
from mailgate.domain.model import Actor, ActorKind, Side, Status
from mailgate.domain.people import Recipient, Role
from mailgate.errors import Conflict, Illegal, Permanent

from .conftest import ALICE, BOB, CUSTOMER, START, World, settings

AGENT = Actor(ActorKind.AGENT, "alice")


def opened(world, requester=CUSTOMER, **facts) -> Opened:
    actor = Actor(ActorKind.CUSTOMER, requester)
    values = {"at": world.now, "actor": actor, "number": "", "subject": "Help"}
    return Opened(**values, requester=requester, **facts)


def test_a_first_mail_leaves_a_ticket_a_message_an_event_a_turn_a_timer_and_its_notices(world):
    ticket = world.open()
    assert ticket.number == "TKT-2026-00001"
    assert [row["text"] for row in world.rows("message")] == ["words"]
    assert [(row["n"], row["name"]) for row in world.rows("event")] == [(1, "ticket.opened")]
    assert [(row["n"], row["side"], row["since"]) for row in world.rows("turn")] == [
        (1, "system", START)
    ]
    assert [(row["kind"], row["due_at"]) for row in world.rows("timer")] == [
        ("system_response", START + timedelta(hours=24))
    ]
    assert world.rows("ticket")[0]["next_due_at"] == START + timedelta(hours=24)
    assert world.notices() == [
        ("received", CUSTOMER),
        ("new_message", "alice@agents.example"),
        ("new_message", "bob@agents.example"),
        ("new_message", "admin@agents.example"),
    ]


def test_numbers_go_up_by_one_within_a_batch_and_across_batches(world):
    with world.desk.writing(world.now, 3) as ledger:
        first = [ledger.open(opened(world)).number for _ in range(3)]
    assert first == ["TKT-2026-00001", "TKT-2026-00002", "TKT-2026-00003"]
    assert world.open().number == "TKT-2026-00004"


def test_the_sequence_starts_anew_with_the_year_of_the_desk(database):
    from dataclasses import replace

    world = World(database, replace(settings(), zone="Pacific/Auckland"))
    world.open()
    world.now = START.replace(month=12, day=31, hour=12)  # already 2027 in Auckland
    assert world.open().number == "TKT-2027-00001"


def test_what_fails_half_way_leaves_nothing(world):
    def fail_half_way():
        with world.desk.writing(world.now) as ledger:
            ledger.open(opened(world))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert [world.rows(t) for t in ("ticket", "event", "outbox", "timer", "turn")] == [[]] * 5
    assert world.open().number == "TKT-2026-00001"


def test_undo_takes_back_what_one_mail_of_a_batch_has_caused_and_nothing_else(world):
    known = world.open()
    with world.desk.writing(world.now, 3) as ledger:
        ledger.open(opened(world, "first@customer.example"))
        mark = ledger.mark()
        ledger.meet("second@customer.example", "", world.now)
        ledger.open(opened(world, "second@customer.example"))
        ledger.apply(known.id, Assign(at=world.now, actor=AGENT, assignee="bob"))
        ledger.undo(mark)
        ledger.open(opened(world, "third@customer.example"))
    assert [row["requester"] for row in world.rows("ticket")] == [
        CUSTOMER,
        "first@customer.example",
        "third@customer.example",
    ]
    assert [row["number"] for row in world.rows("ticket")] == [
        f"TKT-2026-{n:05d}" for n in (1, 2, 3)
    ]
    assert world.ticket(known) == known
    assert {row["recipient"] for row in world.rows("outbox") if row["role"] == "customer"} == {
        CUSTOMER,
        "first@customer.example",
        "third@customer.example",
    }


def test_a_ticket_that_somebody_else_has_changed_is_not_overwritten(world):
    ticket = world.open()
    writing = world.desk.writing(world.now)
    ledger = writing.__enter__()
    ledger.apply(ticket.id, Assign(at=world.now, actor=AGENT, assignee="bob"))
    from sqlalchemy import update

    from mailgate.store.schema import ticket as table

    ledger.connection.execute(update(table).values(version=table.c.version + 1))
    with pytest.raises(Conflict):
        writing.__exit__(None, None, None)
    assert world.ticket(ticket).assignee is None


def test_a_command_that_the_table_does_not_list_is_refused_with_the_reason(world):
    ticket = world.open()
    world.apply(ticket, Close(at=world.now, actor=AGENT))
    with pytest.raises(Illegal, match="TKT-2026-00001 is closed"):
        world.apply(ticket, Resolve(at=world.now, actor=AGENT))


def test_a_ticket_that_is_not_there_is_a_permanent_fault(world):
    with pytest.raises(Permanent, match="no ticket"), world.desk.writing(world.now) as ledger:
        ledger.ticket(99)


def test_an_internal_note_reaches_nobody_on_the_customers_side(world):
    ticket = world.open()
    world.apply(ticket, Assign(at=world.now, actor=AGENT, assignee="bob"))
    before = len(world.notices())
    world.apply(ticket, NoteAdded(at=world.now, actor=AGENT), world.message(Side.SYSTEM, "alice"))
    assert world.notices()[before:] == [("note_added", "bob@agents.example")]


def test_what_an_agent_says_about_a_command_is_shown_to_staff_only(world):
    ticket = world.open()
    with world.desk.writing(world.now) as ledger:
        ledger.apply(ticket.id, Resolve(at=world.now, actor=AGENT), None, "he is difficult")
    contexts = {row["recipient"]: row["context"] for row in world.rows("outbox")}
    assert contexts[CUSTOMER]["note"] is None
    assert "he is difficult" not in str(contexts[CUSTOMER])


def test_agents_get_addresses_signed_for_them_and_customers_do_not(world):
    world.open()
    contexts = {row["recipient"]: row["context"] for row in world.rows("outbox")}
    assert contexts[CUSTOMER]["reply_address"] is None
    address = contexts[ALICE.address]["reply_address"]
    read = world.signer.read_ticket_address(address, ALICE.address, world.now)
    assert (read.number, read.purpose, read.genuine) == ("TKT-2026-00001", "reply", True)
    other = world.signer.read_ticket_address(address, "mallory@evil.example", world.now)
    assert not (other.genuine and other.holder_matches)


def test_a_silent_mail_is_never_answered_by_a_machine(world):
    with world.desk.writing(world.now) as ledger:
        ticket = ledger.open(opened(world, silent=True))
    assert "received" not in [notice for notice, _ in world.notices()]
    world.apply(ticket, Close(at=world.now, actor=AGENT))
    world.customer_writes(ticket, silent=True)
    assert (("reopened", CUSTOMER)) not in world.notices()
    assert world.ticket(ticket).status is Status.REOPENED


def test_past_the_ceiling_automatic_mail_to_one_address_is_kept_and_not_sent(database):
    from dataclasses import replace

    caps = Caps(per_ticket=((1, timedelta(minutes=10)),), per_address_day=3, strangers_hour=100)
    world = World(database, replace(settings(), caps=caps))
    ticket = world.open()
    for _ in range(3):
        world.apply(ticket, Close(at=world.now, actor=AGENT))
        world.customer_writes(ticket)
    rows = [row for row in world.rows("outbox") if row["role"] == "customer"]
    assert [row["state"] for row in rows] == ["ready", "suppressed", "suppressed", "suppressed"]
    assert "1 automatic mails in 10 min" in rows[1]["reason"]
    for _ in range(3):
        world.open()
    rows = [row for row in world.rows("outbox") if row["notice"] == "received"]
    assert [row["state"] for row in rows] == ["ready", "ready", "ready", "suppressed"]


def test_a_suppressed_reminder_counts_as_sent_so_that_the_ladder_goes_on(database):
    from dataclasses import replace

    caps = Caps(per_ticket=(), per_address_day=0, strangers_hour=0)
    world = World(database, replace(settings(), caps=caps))
    world.tick()
    ticket = world.agent_replies(world.open())
    from mailgate.domain.events import Delivered
    from mailgate.domain.model import GATEWAY

    world.apply(
        ticket,
        Delivered(
            at=world.now, actor=GATEWAY, notice="agent_reply", turn=ticket.turn, recipient=CUSTOMER
        ),
    )
    for _ in range(5 * 49):
        world.pass_time(minutes=12)
        world.tick()
    assert world.ticket(ticket).reminders == 1
    assert world.ticket(ticket).reminded_at is not None
    assert [r["kind"] for r in world.rows("timer") if r["fired_at"] is None] == ["reminder"]


def test_strangers_are_acknowledged_up_to_a_ceiling_and_known_people_beyond_it(database):
    from dataclasses import replace

    caps = Caps(strangers_hour=2)
    world = World(database, replace(settings(), caps=caps))
    for n in range(4):
        with world.desk.writing(world.now) as ledger:
            ledger.open(opened(world, f"new{n}@customer.example", unproven=True))
    world.open(requester="new0@customer.example")
    rows = [row for row in world.rows("outbox") if row["notice"] == "received"]
    assert [row["state"] for row in rows] == ["ready", "ready", "suppressed", "suppressed", "ready"]


def test_an_answer_about_a_mail_is_recorded_with_the_mail_and_leaves_the_ticket_alone(world):
    ticket = world.open()
    event = CommandRefused(at=world.now, actor=AGENT, reason="no such command")
    to = Recipient(ALICE.address, "Alice", Role.AGENT)
    with world.desk.writing(world.now) as ledger:
        ledger.answer(
            77, event, to, "command_refused", ticket_id=ticket.id, extra={"commands": [1]}
        )
    assert world.ticket(ticket) == ticket
    event_row = world.rows("event")[-1]
    assert (event_row["subject_kind"], event_row["subject_id"]) == ("mail", 77)
    row = world.rows("outbox")[-1]
    assert (row["notice"], row["recipient"], row["context"]["commands"]) == (
        "command_refused",
        ALICE.address,
        [1],
    )


def test_past_the_reopen_window_nothing_is_recorded_and_the_caller_is_told(database):
    world = World(database, settings(reopen_window=timedelta(days=7)))
    ticket = world.open()
    world.apply(ticket, Close(at=world.now, actor=AGENT))
    closed = world.ticket(ticket)
    world.pass_time(days=8)
    event = CustomerWrote(at=world.now, actor=Actor(ActorKind.CUSTOMER, CUSTOMER))
    with world.desk.writing(world.now) as ledger:
        assert ledger.apply(ticket.id, event, world.message(Side.CLIENT, CUSTOMER)).follow_up
    assert world.ticket(ticket) == closed


def test_turns_say_who_had_to_answer_and_when_they_did(world):
    world.tick()
    ticket = world.open()
    world.pass_time(hours=25)
    world.tick()
    world.agent_replies(ticket)
    first, second = sorted(world.rows("turn"), key=lambda row: row["n"])
    assert (first["answered_at"], first["overdue_at"]) == (world.now, START + timedelta(hours=24))
    assert (second["side"], second["since"], second["answered_at"]) == ("client", world.now, None)


def test_a_format_of_another_width_goes_on_in_the_same_sequence(world):
    from dataclasses import replace

    from mailgate.desk.door import Desk
    from mailgate.domain.numbers import NumberFormat

    world.open()
    wider = replace(world.desk.settings, number_format=NumberFormat("tkt-{year}-{seq:06d}"))
    world.desk = Desk(world.database, wider, world.signer)
    assert world.open().number == "TKT-2026-000002"
    world.desk = Desk(world.database, settings(), world.signer)
    assert world.open().number == "TKT-2026-00003"


def test_who_holds_a_ticket_is_told_what_a_colleague_answered_and_not_what_they_did(world):
    ticket = world.open()
    world.apply(ticket, Assign(at=world.now, actor=AGENT, assignee=ALICE.name))
    world.agent_replies(ticket, ALICE)
    assert ("answered", ALICE.address) not in world.notices()
    world.agent_replies(ticket, BOB)
    (told,) = (row for row in world.rows("outbox") if row["notice"] == "answered")
    assert (told["recipient"], told["automatic"]) == (ALICE.address, True)
    assert told["message_id"] is not None
    assert told["context"]["actor"] == "Bob"
