"""Every event can be written into the history and read from it again."""

import json
from dataclasses import fields
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain import events, history
from mailgate.domain.events import Event
from mailgate.domain.history import EVENTS
from mailgate.domain.model import Actor, ActorKind, ClosedBy, ForeignRecord, Kind, Priority, Ticket
from tests.domain.lives import ALICE, CAROL, START
from tests.domain.strategies import actors, any_event

KINDS = sorted(EVENTS.values(), key=lambda kind: kind.name)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(data=st.data())
def test_every_event_comes_back_from_its_written_form(kind, data):
    event = data.draw(any_event(kind))
    written = json.loads(json.dumps(history.payload(event)))
    assert history.restore(event.name, event.at, event.actor, written) == event


@pytest.mark.parametrize(
    ("event", "written"),
    [
        (
            events.Opened(
                at=START, actor=CAROL, number="T-1", subject="s", requester="c@d.example"
            ),
            {
                "number": "T-1",
                "subject": "s",
                "requester": "c@d.example",
                "requester_name": "",
                "language": "",
                "kind": "request",
                "category": "general_inquiry",
                "priority": "normal",
                "team": None,
                "assignee": None,
                "visibility": "public",
                "tags": [],
                "follows": None,
                "message": None,
                "silent": False,
                "unproven": False,
                "proved": False,
                "remarks": [],
                "outbound": False,
                "split": False,
            },
        ),
        (
            events.SetFields(at=START, actor=ALICE, values=(("order", "7"),)),
            {"values": [["order", "7"]]},
        ),
        (
            events.Snooze(at=START, actor=ALICE, until=START),
            {"until": "2026-03-02T09:00:00+00:00"},
        ),
        (events.Wait(at=START, actor=ALICE), {}),
    ],
)
def test_the_written_form_is_plain_and_stays_as_it_is(event, written):
    assert history.payload(event) == written


def test_an_event_written_before_a_field_was_added_is_still_read():
    event = history.restore("customer.wrote", START, CAROL, {"thanks": True})
    assert event == events.CustomerWrote(at=START, actor=CAROL, thanks=True)


def test_every_event_has_a_name_of_its_own_that_leads_to_it():
    assert {name: kind.name for name, kind in EVENTS.items()} == {name: name for name in EVENTS}
    defined = {
        thing
        for thing in vars(events).values()
        if isinstance(thing, type) and issubclass(thing, Event) and "name" in vars(thing)
    }
    assert set(EVENTS.values()) == defined
    assert all(kind.command == issubclass(kind, events.Command) for kind in defined)


def test_events_from_outside_are_mail_the_clock_and_the_outbox():
    assert sorted(name for name, kind in EVENTS.items() if not kind.command) == [
        "agent.doubted",
        "agent.replied",
        "command.refused",
        "customer.wrote",
        "deadline.passed",
        "deadline.retracted",
        "machine.wrote",
        "note.added",
        "notice.delayed",
        "notice.delivered",
        "notice.undelivered",
        "people.joined",
        "ticket.imported",
        "ticket.opened",
        "tickets.listed",
    ]


@given(actors)
def test_an_actor_comes_back_from_its_written_form(actor):
    assert history.actor(str(actor)) == actor


@pytest.mark.parametrize(
    ("actor", "written"),
    [
        (Actor(ActorKind.CLOCK), "clock"),
        (Actor(ActorKind.AGENT, "alice"), "agent:alice"),
        (Actor(ActorKind.CUSTOMER, "a:b@c.example"), "customer:a:b@c.example"),
    ],
)
def test_an_actor_is_written_as_its_kind_and_id(actor, written):
    assert str(actor) == written
    assert history.actor(written) == actor


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("kind", "order", Kind.ORDER),
        ("priority", "medium", Priority.NORMAL),
        ("closed_by", None, None),
        ("closed_by", "auto", ClosedBy.AUTO),
        ("tags", ["b", "a"], ("b", "a")),
        ("fields", [["order", "7"]], (("order", "7"),)),
        (
            "records",
            [{"record": "a:1", "state": "", "at": "2026-03-02T10:00:00+01:00"}],
            (ForeignRecord("a:1", "", START),),
        ),
        ("turn_since", "2026-03-02T10:00:00+01:00", START),
        ("turn", 3, 3),
        ("told", True, True),
        ("assignee", "alice", "alice"),
    ],
)
def test_a_fact_of_a_ticket_comes_back_from_its_written_form(name, value, fact):
    revived = history.revive(value, get_type_hints(Ticket)[name])
    assert (revived, type(revived)) == (fact, type(fact))


def test_no_event_carries_a_field_named_as_the_history_names_its_own():
    own = {"id", "name", "note", "reasons", "changes"}
    assert [k.name for k in KINDS if own & {f.name for f in fields(k)}] == []
