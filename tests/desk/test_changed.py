"""Customers are told of what the desk changes: once, and not what another mail tells them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.caps import Caps
from mailgate.domain.events import (
    Assign,
    AssignTeam,
    Close,
    Discard,
    Resolve,
    SetPriority,
    Wait,
)
from mailgate.domain.model import Actor, ActorKind, Priority
from mailgate.domain.policy import Telling
from mailgate.mail.render import Renderer
from tests.delivery.sending import Scripted, worker_of
from tests.desk.auditing import faults
from tests.desk.conftest import CUSTOMER, World, settings
from tests.mail.test_templates import SHIPPED

AGENT = Actor(ActorKind.AGENT, "alice")


@pytest.fixture
def telling(database) -> World:
    """A desk that tells its customers everything."""
    return World(database, settings(tell_changes=Telling.FULL))


def do(world, ticket, *events) -> None:
    """Let an agent do several things in one mail."""
    with world.desk.writing(world.now) as ledger:
        for kind, facts in events:
            ledger.apply(ticket.id, kind(at=world.now, actor=AGENT, **facts))


TAKE = (Assign, {"assignee": "alice"})
HIGH = (SetPriority, {"priority": Priority.HIGH})
NORMAL = (SetPriority, {"priority": Priority.NORMAL})
BILLING = (AssignTeam, {"team": "billing"})


def rows(world, notice="changed") -> list[dict]:
    return [row for row in world.rows("outbox") if row["notice"] == notice]


def told(row) -> list[tuple]:
    return [(each["field"], each["before"], each["after"]) for each in row["context"]["changes"]]


def test_several_changes_in_one_mail_are_one_notice(telling):
    ticket = telling.open()
    do(telling, ticket, TAKE, HIGH)
    (row,) = rows(telling)
    assert told(row) == [
        ("status", "new", "in_progress"),
        ("priority", "normal", "high"),
        ("assignee", None, "Alice"),
    ]
    assert (row["recipient"], row["state"], row["automatic"]) == (CUSTOMER, "ready", True)
    assert row["next_try_at"] == telling.now + timedelta(minutes=5)
    assert faults(telling) == []


def test_so_are_those_of_a_few_minutes_and_later_ones_are_another(telling):
    ticket = telling.open()
    do(telling, ticket, TAKE)
    telling.pass_time(minutes=3)
    do(telling, ticket, HIGH)
    first, second = rows(telling)
    assert [field for field, _, _ in told(first)] == ["status", "priority", "assignee"]
    assert first["context"]["ticket"]["priority"] == "high"
    assert second["reason"] == f"told with others in notice {first['id']}"
    telling.pass_time(minutes=1, seconds=1)
    do(telling, ticket, NORMAL)
    assert told(rows(telling)[2]) == [("priority", "high", "normal")]
    assert [row["state"] for row in rows(telling)] == ["ready", "suppressed", "ready"]
    assert faults(telling) == []


def test_what_is_changed_back_is_not_told(telling):
    ticket = telling.open()
    do(telling, ticket, HIGH, NORMAL)
    assert rows(telling) == []
    do(telling, ticket, HIGH)
    telling.pass_time(minutes=1)
    do(telling, ticket, NORMAL)
    assert [row["state"] for row in rows(telling)] == ["suppressed"] * 2
    assert rows(telling)[0]["reason"] == "told in another mail, or changed back before it left"
    do(telling, ticket, HIGH)
    assert [row["state"] for row in rows(telling)] == ["suppressed", "suppressed", "ready"]
    assert faults(telling) == []


def test_a_status_that_another_mail_tells_is_left_to_it(telling):
    ticket = telling.open()
    do(telling, ticket, BILLING, HIGH)
    telling.pass_time(minutes=1)
    do(telling, ticket, (Resolve, {}))
    (row,) = rows(telling)
    assert told(row) == [("priority", "normal", "high")]
    do(telling, ticket, (Close, {}))
    assert told(rows(telling)[0]) == [
        ("status", "resolved", "closed"),
        ("priority", "normal", "high"),
    ]


@pytest.mark.parametrize("spam", [True, False], ids=["spam", "withdrawn"])
def test_what_is_set_aside_is_not_told_of_any_more(telling, spam):
    ticket, other = telling.open(), telling.open()
    do(telling, ticket, HIGH, BILLING)
    do(telling, other, HIGH)
    telling.pass_time(minutes=1)
    do(telling, ticket, (Discard, {"spam": spam}))
    told_of = {row["ticket_id"]: row["state"] for row in rows(telling)}
    assert told_of == {ticket.id: "suppressed", other.id: "ready"}
    do(telling, other, (Discard, {"spam": spam}))
    assert {row["state"] for row in rows(telling)} == {"suppressed"}
    assert faults(telling) == []


def test_there_is_none_when_the_other_tells_all_of_it(telling):
    ticket, other = telling.open(), telling.open()
    do(telling, ticket, BILLING, (Resolve, {}))
    do(telling, other, BILLING)
    do(telling, other, (Resolve, {}))
    assert [row["state"] for row in rows(telling)] == ["suppressed"]
    assert len(rows(telling, "resolved")) == 2


@pytest.mark.parametrize("answers", [World.customer_writes, World.agent_replies])
def test_a_status_that_is_another_by_now_is_not_told(telling, answers):
    ticket = telling.open()
    do(telling, ticket, (Wait, {}), HIGH)
    assert answers(telling, ticket).priority is Priority.HIGH
    (row,) = rows(telling)
    assert told(row) == [("priority", "normal", "high")]


def test_how_a_ticket_was_sorted_when_it_came_is_no_change(telling):
    from mailgate.domain.events import Opened

    with telling.desk.writing(telling.now) as ledger:
        customer = Actor(ActorKind.CUSTOMER, CUSTOMER)
        event = Opened(at=telling.now, actor=customer, number="", subject="", requester=CUSTOMER)
        ticket = ledger.open(event, None)
        ledger.apply(ticket.id, Assign(at=telling.now, actor=AGENT, assignee="alice"))
    assert rows(telling) == []
    assert len(rows(telling, "received")) == 1


def test_the_ceilings_hold_for_it_too(telling):
    telling.desk.settings = replace(telling.desk.settings, caps=Caps(per_address_day=1))
    do(telling, telling.open(), HIGH)
    (row,) = rows(telling)
    assert row["state"] == "suppressed"
    assert "automatic mails a day" in row["reason"]


def test_by_default_nobody_is_told(world):
    do(world, world.open(), TAKE, HIGH)
    assert rows(world) == []


@pytest.mark.parametrize(
    ("much", "lines"),
    [
        (Telling.BRIEF, ["Priority: high"]),
        (Telling.FULL, ["Status: new", "Priority: high (before: normal)", "Held by: nobody yet"]),
    ],
)
def test_the_mail_says_what_is_new_or_all_of_it(database, much, lines):
    world = World(database, settings(tell_changes=much))
    do(world, world.open(), HIGH)
    mail = Renderer([SHIPPED]).render("changed", "en", rows(world)[0]["context"])
    said = [line.strip() for line in mail.text.splitlines() if line.startswith("  ")]
    assert said == lines
    assert mail.subject.startswith("Ticket updated - #TKT-")


def test_it_leaves_when_its_time_has_come(telling):
    do(telling, telling.open(), HIGH)
    way = Scripted()
    worker_of(telling, way).drain()
    assert rows(telling)[0]["state"] == "ready"
    telling.pass_time(minutes=5)
    worker_of(telling, way).drain()
    assert rows(telling)[0]["state"] == "sent"
