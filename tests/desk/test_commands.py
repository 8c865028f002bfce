"""What people ask for at the desk's keyboard: the right event, once, whoever else is writing."""

from dataclasses import replace

import pytest

from mailgate.desk import commands
from mailgate.desk.commands import Letter, carry_out, event, member
from mailgate.domain import events
from mailgate.domain.arguments import Fields, Record, Tags
from mailgate.domain.commands import Command
from mailgate.domain.model import Actor, ActorKind, Kind, Priority, Status
from mailgate.domain.people import Agent, Staff
from mailgate.errors import Conflict, Illegal, Refused

from .conftest import ALICE, BOB, START, settings

BOSS = Agent("boss", "boss@agents.example", admin=True)
STAFF = Staff((ALICE, BOB, BOSS), {"billing": ("bob",)}, ("admin@agents.example",))
SETTINGS = replace(
    settings(),
    staff=STAFF,
    categories=("general_inquiry", "billing", "bug_report"),
    fields=("order_no", "serial"),
)
AS_ALICE = {"at": START, "actor": Actor(ActorKind.AGENT, "alice")}
LETTER = Letter(b"From: alice\r\n\r\nYes.", ALICE, "<one@agents.example>", "f" * 64, "Yes.")


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (Command("assign", ("agent", "bob")), events.Assign(**AS_ALICE, assignee="bob")),
        (
            Command("assign", ("agent", "bob@agents.example"), "busy"),
            events.Assign(**AS_ALICE, assignee="bob", reason="busy"),
        ),
        (Command("assign", ("me",)), events.Assign(**AS_ALICE, assignee="alice")),
        (Command("assign", ("none",)), events.Assign(**AS_ALICE, assignee=None)),
        (
            Command("assign", ("team", "billing")),
            events.AssignTeam(**AS_ALICE, team="billing"),
        ),
        (
            Command("priority", ("high",)),
            events.SetPriority(**AS_ALICE, priority=Priority.HIGH),
        ),
        (
            Command("tag", Tags(("vip",), ("late",))),
            events.Tag(**AS_ALICE, added=("vip",), removed=("late",)),
        ),
        (
            Command("category", ("billing",)),
            events.SetCategory(**AS_ALICE, category="billing"),
        ),
        (
            Command("category", ("bug",)),
            events.SetCategory(**AS_ALICE, category="bug_report"),
        ),
        (Command("kind", ("dispute",)), events.SetKind(**AS_ALICE, kind=Kind.DISPUTE)),
        (
            Command("field", Fields((("order_no", "1"), ("serial", "")))),
            events.SetFields(**AS_ALICE, values=(("order_no", "1"), ("serial", ""))),
        ),
        (
            Command("ref", Record("shop:4711", "shipped")),
            events.SetRecord(**AS_ALICE, record="shop:4711", state="shipped"),
        ),
        (
            Command("ref", Record("shop:4711", dropped=True)),
            events.SetRecord(**AS_ALICE, record="shop:4711", dropped=True),
        ),
        (Command("unmerge"), events.Unmerge(**AS_ALICE)),
        (Command("follow"), events.Follow(**AS_ALICE, agent="alice")),
        (Command("unfollow"), events.Follow(**AS_ALICE, agent="alice", follow=False)),
        (Command("spam"), events.Discard(**AS_ALICE, spam=True)),
        (Command("withdraw"), events.Discard(**AS_ALICE, spam=False)),
        (Command("reply"), events.AgentReplied(**AS_ALICE)),
        (Command("note"), events.NoteAdded(**AS_ALICE)),
        (Command("resolve"), events.Resolve(**AS_ALICE)),
        (Command("close"), events.Close(**AS_ALICE)),
        (Command("reopen"), events.Reopen(**AS_ALICE)),
        (Command("wait"), events.Wait(**AS_ALICE)),
    ],
)
def test_each_command_becomes_its_event(command, wanted):
    assert event(command, SETTINGS, ALICE, START) == wanted


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Command("assign", ("agent", "bop")), "there is no agent 'bop'; did you mean bob?"),
        (Command("assign", ("agent", "zz")), "there is alice, bob, boss"),
        (Command("assign", ("team", "bill")), "there is no team 'bill'; did you mean billing?"),
        (Command("assign", ("me",)), "who is `me`?"),
        (Command("follow"), "who is `me`?"),
        (Command("category", ("biling",)), "no category 'biling'; did you mean billing?"),
        (
            Command("field", Fields((("orderno", "1"),))),
            "no field 'orderno'; did you mean order_no?",
        ),
        (Command("field", Fields((("zz", "1"),))), "there is order_no, serial"),
        (Command("dance"), "there is no command 'dance'"),
    ],
)
def test_what_nobody_can_mean_is_refused_with_a_remedy(command, says):
    with pytest.raises(Refused, match=r"there is no|who is") as refused:
        event(command, SETTINGS, None, START)
    assert says in str(refused.value)


def test_an_event_has_the_name_of_whoever_asked_for_it():
    assert event(Command("close"), SETTINGS, BOSS, START).actor == Actor(ActorKind.ADMIN, "boss")
    assert event(Command("close"), SETTINGS, None, START).actor == Actor(ActorKind.ADMIN, "cli")


def test_people_are_found_by_name_and_by_address_in_any_capitals():
    assert member(STAFF, "Alice") == ALICE
    assert member(STAFF, "BOB@agents.example") == BOB
    assert member(STAFF, "admin@agents.example").admin
    with pytest.raises(Refused, match="there is no agent"):
        member(Staff(), "alice")


def test_an_answer_is_kept_as_a_mail_that_has_ended_on_its_ticket(world):
    ticket = world.open()
    reply = event(Command("reply"), SETTINGS, ALICE, world.now)
    decision = carry_out(world.desk, ticket.id, reply, world.now, LETTER)
    assert decision.ticket.status is Status.WAITING
    (mail,), (delivery,) = world.rows("mail"), world.rows("mail_delivery")
    assert mail["raw"] == LETTER.raw
    assert (delivery["state"], delivery["ticket_id"]) == ("threaded", ticket.id)
    assert (delivery["road"], delivery["fingerprint"]) == ("cli", LETTER.fingerprint)
    message = max(world.rows("message"), key=lambda row: row["id"])
    assert (message["mail_id"], message["rfc_id"]) == (mail["id"], LETTER.rfc_id)
    assert (message["author"], message["author_name"], message["side"]) == (
        "alice",
        "Alice",
        "system",
    )
    assert world.rows("reference")[0]["rfc_id"] == LETTER.rfc_id
    assert ("agent_reply", "carol@customer.example") in world.notices()


def test_it_is_decided_again_when_somebody_else_was_first(world, monkeypatch):
    ticket = world.open()
    once, tries = commands._once, []

    def contested(*args):
        tries.append(args)
        if len(tries) < 3:
            raise Conflict("somebody else was first")
        return once(*args)

    monkeypatch.setattr(commands, "_once", contested)
    close = event(Command("close"), SETTINGS, ALICE, world.now)
    assert carry_out(world.desk, ticket.id, close, world.now).ticket.status is Status.CLOSED
    assert len(tries) == 3


def test_it_gives_up_when_somebody_else_is_always_first(world, monkeypatch):
    def contested(*_args):
        raise Conflict("somebody else was first")

    monkeypatch.setattr(commands, "_once", contested)
    with pytest.raises(Conflict):
        carry_out(world.desk, 1, event(Command("close"), SETTINGS, ALICE, START), START)


def test_what_is_not_possible_writes_nothing_at_all(world):
    ticket = world.open()
    world.apply(ticket, events.Close(**AS_ALICE))
    before = {name: world.rows(name) for name in ("event", "mail", "mail_delivery", "outbox")}
    resolve = event(Command("resolve"), SETTINGS, ALICE, world.now)
    with pytest.raises(Illegal, match="is closed"):
        carry_out(world.desk, ticket.id, resolve, world.now, LETTER)
    assert {name: world.rows(name) for name in before} == before
