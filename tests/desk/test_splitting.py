"""Messages that start a ticket of their own, and what becomes of the old one."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk import commands, splitting
from mailgate.desk.messages import NOTE
from mailgate.domain.events import (
    Assign,
    AssignTeam,
    Close,
    CustomerWrote,
    Discard,
    MachineWrote,
    MergeInto,
    NoteAdded,
    Opened,
    Resolve,
    SetPriority,
)
from mailgate.domain.model import (
    GATEWAY,
    Actor,
    ActorKind,
    ClosedBy,
    Disposition,
    Priority,
    Side,
    Status,
)
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.rules import Rule
from mailgate.errors import Refused
from mailgate.store import tickets

from .auditing import attach, faults
from .conftest import ALICE, CUSTOMER, START, World, settings

AGENT = Actor(ActorKind.AGENT, "alice")
DAVE = "dave@customer.example"
TWO = "TKT-2026-00002"


def nothing(raw, numbers):
    """Find no subject in a mail."""
    return ""


def split(world, ticket, message, subject="", note=None, calls=nothing):
    wish = splitting.Wish(message, subject)
    return commands.split(world.desk, ticket.id, wish, calls, (world.now, AGENT), note)


def last(world):
    """Return the message that was said last."""
    return world.rows("message")[-1]["id"]


@pytest.fixture
def ticket(world):
    """A ticket that waits on the customer since the desk's answer."""
    ticket = world.open()
    world.pass_time(minutes=10)
    return world.agent_replies(ticket)


@pytest.fixture
def second(world, ticket):
    """The customer's second message, ten minutes later; an hour has gone by since."""
    world.pass_time(minutes=10)
    world.customer_writes(ticket)
    world.pass_time(hours=1)
    return last(world)


def test_a_message_starts_a_ticket_that_follows_the_old(world, ticket, second):
    new = split(world, ticket, second, "The invoice", "two things")
    assert (new.number, new.subject, new.follows) == (TWO, "The invoice", ticket.id)
    assert (new.requester, new.requester_name, new.participants) == (
        CUSTOMER,
        "Carol@Customer.Example",
        (),
    )
    moved = world.rows("message")[-1]
    assert (moved["id"], moved["ticket_id"]) == (second, new.id)
    opened, left = world.rows("event")[-2:]
    assert (opened["name"], opened["subject_id"]) == ("ticket.opened", new.id)
    assert (left["name"], left["subject_id"]) == ("ticket.split", ticket.id)
    assert (left["actor_id"], left["data"]["target"], left["data"]["message"]) == (
        "alice",
        new.id,
        second,
    )
    assert opened["correlation"] == left["correlation"] is not None
    assert opened["note"] == f"split off {ticket.number}: two things"
    assert left["note"] == f"a message of Carol@Customer.Example goes on in {TWO}: two things"
    assert faults(world) == []


def test_the_customer_is_told_the_number_once_and_staff_get_the_words(world, ticket, second):
    before = world.notices()
    new = split(world, ticket, second)
    told = world.notices()[len(before) :]
    assert told[0] == ("received", CUSTOMER)
    assert {notice for notice, _ in told[1:]} == {"new_message"}
    rows = world.rows("outbox")[len(before) :]
    assert {row["ticket_id"] for row in rows} == {new.id}
    assert [row["message_id"] for row in rows] == [None, *[second] * (len(rows) - 1)]


def test_the_customer_waits_since_they_wrote_and_the_old_ticket_waits_for_them_again(
    world, ticket, second
):
    new = split(world, ticket, second)
    wrote = world.rows("message")[-1]["at"]
    assert (new.status, new.waiting_since, new.created_at) == (Status.NEW, wrote, wrote)
    old = world.ticket(ticket)
    assert (old.status, old.waiting_since, old.replied) == (Status.WAITING, world.now, True)
    assert faults(world) == []


def test_what_was_answered_since_waits_only_since_the_split(world, ticket, second):
    world.agent_replies(ticket)
    world.pass_time(days=3)
    new = split(world, ticket, second)
    assert new.waiting_since == world.now
    assert world.ticket(ticket).waiting_since == world.now - timedelta(days=3)
    world.tick()
    assert new.number not in {row["context"]["ticket"]["number"] for row in overdue(world)}


def overdue(world):
    return [row for row in world.rows("outbox") if row["notice"] == "overdue"]


def test_a_second_message_on_the_same_turn_leaves_it_with_the_desk(world, ticket, second):
    world.customer_writes(ticket)
    third = last(world)
    split(world, ticket, second)
    assert world.ticket(ticket).status is Status.OPEN
    split(world, ticket, third)
    assert world.ticket(ticket).status is Status.OPEN
    assert faults(world) == []


def test_a_nudge_that_leaves_changes_no_turn(world):
    ticket = world.open()
    world.pass_time(hours=2)
    before = world.customer_writes(ticket)
    split(world, ticket, last(world))
    after = world.ticket(ticket)
    assert (after.status, after.turn, after.waiting_since) == (Status.NEW, before.turn, START)


def test_what_was_resolved_is_resolved_again_by_the_same_resolution(world, ticket):
    world.apply(ticket, Resolve(at=world.now, actor=AGENT))
    world.pass_time(hours=1)
    world.customer_writes(ticket)
    told = len(world.notices())
    world.pass_time(hours=1)
    split(world, ticket, last(world))
    old = world.ticket(ticket)
    assert (old.status, old.resolution, old.resolved_at) == (Status.RESOLVED, 1, world.now)
    assert "resolved" not in {notice for notice, _ in world.notices()[told:]}
    assert faults(world) == []
    world.pass_time(hours=49)
    world.tick()
    assert world.ticket(ticket).closed_by is ClosedBy.AUTO


def test_what_was_closed_is_closed_again(world, ticket):
    world.apply(ticket, Close(at=world.now, actor=AGENT))
    world.pass_time(hours=1)
    world.customer_writes(ticket)
    split(world, ticket, last(world))
    assert world.ticket(ticket).status is Status.CLOSED
    assert faults(world) == []


def test_what_is_closed_since_may_still_be_split_and_stays_closed(world, ticket, second):
    world.apply(ticket, Close(at=world.now, actor=AGENT))
    new = split(world, ticket, second)
    assert (new.status, world.ticket(ticket).status) == (Status.NEW, Status.CLOSED)
    assert faults(world) == []


def test_whoever_holds_the_old_ticket_holds_the_new_one_and_its_urgency_stays_behind(
    world, ticket, second
):
    world.apply(ticket, Assign(at=world.now, actor=AGENT, assignee="alice"))
    world.apply(ticket, AssignTeam(at=world.now, actor=AGENT, team="leads"))
    world.apply(ticket, SetPriority(at=world.now, actor=AGENT, priority=Priority.CRITICAL))
    new = split(world, ticket, second)
    assert (new.assignee, new.team, new.priority) == ("alice", "leads", Priority.NORMAL)
    assert new.status is Status.IN_PROGRESS


def test_the_rules_for_new_tickets_are_asked(world, ticket, second):
    world.apply(ticket, Assign(at=world.now, actor=AGENT, assignee="alice"))
    rule = Rule("bills", words=("invoice",), team="billing", category="billing", tags=("bill",))
    categories = ("general_inquiry", "billing")
    world.desk.settings = replace(world.desk.settings, routes=(rule,), categories=categories)
    new = split(world, ticket, second, "Your invoice")
    assert (new.team, new.category, new.tags, new.assignee) == (
        "billing",
        "billing",
        ("bill",),
        None,
    )


def test_files_the_mail_and_its_message_id_go_along(sqlite_world):
    world = sqlite_world
    ticket = world.open()
    attach(world, ticket, event=CustomerWrote, rfc_id="<bill@customer.example>")
    message = last(world)
    new = split(world, ticket, message, calls=lambda raw, numbers: raw.decode()[:5])
    assert new.subject == "%PDF-"
    assert [row["ticket_id"] for row in world.rows("mail_delivery")] == [new.id]
    (reference,) = world.rows("reference")
    assert (reference["rfc_id"], reference["ticket_id"]) == ("<bill@customer.example>", new.id)
    assert [row["message_id"] for row in world.rows("attachment")] == [message]
    assert faults(world, deep=True) == []


def test_a_message_id_that_another_mail_of_the_ticket_has_as_well_stays_there_too(sqlite_world):
    world = sqlite_world
    ticket = world.open()
    for _ in range(2):
        wrote = CustomerWrote(at=world.now, actor=Actor(ActorKind.CUSTOMER, CUSTOMER))
        said = replace(world.message(Side.CLIENT, CUSTOMER), rfc_id="<same@customer.example>")
        world.apply(ticket, wrote, said)
    new = split(world, ticket, last(world))
    assert {row["ticket_id"] for row in world.rows("reference")} == {ticket.id, new.id}
    assert faults(world) == []


def test_to_whom_nothing_may_be_sent_nothing_is_sent(world, ticket):
    world.pass_time(minutes=1)
    world.customer_writes(ticket, silent=True, remarks=(("failed", CUSTOMER),))
    before = len(world.notices())
    new = split(world, ticket, last(world))
    assert {notice for notice, _ in world.notices()[before:]} == {"new_message"}
    assert world.rows("event")[-2]["data"]["remarks"] == [["failed", CUSTOMER]]
    assert new.requester == CUSTOMER


def test_an_unproven_writer_is_told_none_of_their_words(world, ticket):
    wrote = CustomerWrote(at=world.now, actor=Actor(ActorKind.CUSTOMER, DAVE))
    said = replace(world.message(Side.CLIENT, DAVE), other_address=True)
    world.apply(ticket, wrote, said)
    before = len(world.notices())
    new = split(world, ticket, last(world), "Give me the money")
    received = world.rows("outbox")[before]
    assert (received["notice"], received["recipient"]) == ("received", DAVE)
    assert (received["stranger"], received["context"]["ticket"]["subject"]) == (True, "")
    assert new.people == {DAVE}
    assert world.ticket(ticket).people == {CUSTOMER}


# --- what is refused -----------------------------------------------------------------------------


def note(world, ticket):
    said = replace(world.message(Side.SYSTEM, ALICE.name), kind=NOTE)
    world.apply(ticket, NoteAdded(at=world.now, actor=AGENT), said)


def robot(world, ticket):
    said = replace(world.message(Side.CLIENT, CUSTOMER), machine=True)
    world.apply(ticket, MachineWrote(at=world.now, actor=Actor(ActorKind.MACHINE, "x")), said)


def nobody(world, ticket):
    said = world.message(Side.CLIENT, "")
    world.apply(ticket, CustomerWrote(at=world.now, actor=GATEWAY), said)


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (note, "it is an internal note"),
        (World.agent_replies, "it is the desk's own"),
        (robot, "nobody wrote it"),
        (nobody, "nobody wrote it"),
    ],
)
def test_only_what_a_customer_wrote_is_split_off(world, ticket, says, why):
    says(world, ticket)
    before = world.rows("event")
    with pytest.raises(Refused, match=why):
        split(world, ticket, last(world))
    assert world.rows("event") == before


def test_the_message_with_which_a_ticket_begins_stays(world, ticket, second):
    first = world.rows("message")[0]["id"]
    with pytest.raises(Refused, match=f"{ticket.number} begins with it"):
        split(world, ticket, first)
    new = split(world, ticket, second)
    with pytest.raises(Refused, match=f"{new.number} begins with it"):
        split(world, new, second)


def test_what_is_split_off_already_says_where_it_is(world, ticket, second):
    split(world, ticket, second)
    before = world.rows("event")
    with pytest.raises(Refused, match=f"split off {ticket.number} already: it is on {TWO}"):
        split(world, ticket, second)
    assert world.rows("event") == before


def test_what_is_on_another_ticket_is_not_there(world, ticket, second):
    other = world.open("Fire", DAVE)
    for asked in (second, 10**12):
        with pytest.raises(Refused, match=f"there is no message {asked} on {other.number}"):
            split(world, other, asked)


def test_nothing_leaves_what_is_merged_set_aside_or_internal(world, ticket, second):
    other = world.open("Fire", DAVE)
    into = MergeInto(at=world.now, actor=AGENT, target=other.id)
    commands.carry_out(world.desk, ticket.id, into, world.now)
    with pytest.raises(Refused, match="goes on in another ticket: /unmerge it first"):
        split(world, ticket, second)
    with pytest.raises(Refused, match=f"was said on {ticket.number}, which goes on in"):
        split(world, other, second)


def test_nothing_leaves_what_is_set_aside(world, ticket, second):
    aside = world.apply(ticket, Discard(at=world.now, actor=AGENT, spam=True))
    assert aside.disposition is Disposition.SPAM
    with pytest.raises(Refused, match="was set aside as spam: /reopen it first"):
        split(world, ticket, second)


def test_nothing_leaves_an_internal_ticket(world):
    machine = Actor(ActorKind.MACHINE, "nagios@hosts.example")
    alert = Opened(
        at=START,
        actor=machine,
        number="",
        subject="Disk full",
        requester=machine.id,
        visibility="internal",
    )
    with world.desk.writing(world.now) as ledger:
        inner = ledger.open(alert)
    world.customer_writes(inner)
    with pytest.raises(Refused, match=f"{inner.number} is internal"):
        split(world, inner, last(world))


def test_of_two_agents_who_split_one_message_the_second_is_told(world, ticket, second):
    at_once, said = threading.Barrier(2), []

    def one():
        at_once.wait(10)
        try:
            said.append(split(world, ticket, second).number)
        except Refused as refusal:
            said.append(str(refusal))

    both = [threading.Thread(target=one) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(60)
    assert sorted(said) == [TWO, f"it is split off {ticket.number} already: it is on {TWO}"]
    assert faults(world) == []


def test_in_one_transaction_too_a_message_leaves_once(world, ticket, second):
    wish, stamp = splitting.Wish(second), (world.now, AGENT)
    with world.desk.writing(world.now) as ledger:
        new = splitting.split(ledger, ticket.id, wish, nothing, stamp)
        with pytest.raises(Refused, match=f"already: it is on {new.number}"):
            splitting.split(ledger, ticket.id, wish, nothing, stamp)
    assert faults(world) == []


def test_what_is_taken_back_has_left_nothing(world, ticket, second):
    with world.desk.writing(world.now) as ledger:
        mark = ledger.mark()
        splitting.split(ledger, ticket.id, splitting.Wish(second), nothing, (world.now, AGENT))
        ledger.undo(mark)
    assert world.rows("message")[-1]["ticket_id"] == ticket.id
    assert split(world, ticket, second).number == TWO
    assert faults(world) == []


# --- what follows the old ------------------------------------------------------------------------


def test_a_split_off_ticket_is_none_in_which_a_closed_one_goes_on(world, ticket, second):
    new = split(world, ticket, second)
    with world.database.read() as connection:
        assert tickets.followers_of(connection, 1, [ticket.id]) == {}
    later = Opened(
        at=world.now,
        actor=Actor(ActorKind.CUSTOMER, CUSTOMER),
        number="",
        subject="Again",
        requester=CUSTOMER,
        follows=ticket.id,
    )
    with world.desk.writing(world.now) as ledger:
        third = ledger.open(later)
    split_again = world.customer_writes(ticket)
    assert split(world, split_again, last(world)).id > third.id > new.id
    with world.database.read() as connection:
        assert tickets.followers_of(connection, 1, [ticket.id]) == {ticket.id: third.id}


def test_numbers_in_the_subject_of_the_mail_are_found_in_all_formats(sqlite_world):
    world = sqlite_world
    ticket = world.open()
    attach(world, ticket, event=CustomerWrote, rfc_id="<bill@customer.example>")
    now = replace(settings(), number_format=NumberFormat("REQ-{date}-{seq:04d}"))
    world.desk.settings = now
    seen = []

    def calls(raw, numbers):
        seen.append(numbers(f"{ticket.number} REQ-20260302-0001"))
        return ""

    assert split(world, ticket, last(world), calls=calls).subject == "Printer"
    assert seen == [("TKT-2026-00001", "REQ-20260302-0001")]
