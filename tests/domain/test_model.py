"""What a ticket is, and which of its fields make its history."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from mailgate.domain.model import (
    TICKET_FACTS,
    Delay,
    Kind,
    Priority,
    Side,
    Status,
    Ticket,
    changes,
)

TICKET = Ticket(id=1, requester="carol@customer.example")


@pytest.mark.parametrize(
    ("word", "priority"),
    [
        ("critical", Priority.CRITICAL),
        ("URGENT", Priority.URGENT),
        (" High ", Priority.HIGH),
        ("normal", Priority.NORMAL),
        ("medium", Priority.NORMAL),
        ("Medium", Priority.NORMAL),
        ("low", Priority.LOW),
    ],
)
def test_a_priority_is_read_in_any_capitals_and_medium_is_normal(word, priority):
    assert Priority(word) is priority


@pytest.mark.parametrize("word", ["", "asap", "medium high", None, 3])
def test_what_is_no_priority_is_refused(word):
    with pytest.raises(ValueError, match="not a valid Priority"):
        Priority(word)


def test_the_words_are_those_of_the_specification():
    assert [str(status) for status in Status] == [
        "new",
        "open",
        "in_progress",
        "waiting_on_customer",
        "resolved",
        "closed",
        "reopened",
    ]
    assert [str(delay) for delay in Delay] == ["none", "delayed_by_system", "delayed_by_client"]
    assert [str(kind) for kind in Kind] == ["request", "dispute", "order", "recovery"]
    assert [str(p) for p in Priority] == ["critical", "urgent", "high", "normal", "low"]


@pytest.mark.parametrize(
    ("status", "side"),
    [(Status.OPEN, Side.SYSTEM), (Status.RESOLVED, Side.CLIENT), (Status.CLOSED, None)],
)
def test_the_turn_is_a_function_of_the_status(status, side):
    assert replace(TICKET, status=status).side is side


def test_the_people_of_a_ticket_are_requester_and_participants():
    ticket = replace(TICKET, participants=("dave@customer.example",))
    assert ticket.people == {"carol@customer.example", "dave@customer.example"}


def test_changes_name_each_fact_that_differs_with_both_values():
    after = replace(TICKET, turn=1, tags=("vip",), version=9)
    assert changes(TICKET, after) == {"tags": ((), ("vip",)), "turn": (0, 1)}
    assert changes(TICKET, TICKET) == {}


def test_every_field_but_id_version_and_rules_is_a_fact_of_the_history():
    assert {f.name for f in fields(Ticket)} - set(TICKET_FACTS) == {"id", "version", "policy_id"}


def test_a_ticket_is_frozen_and_its_version_is_no_part_of_what_it_is():
    with pytest.raises(FrozenInstanceError):
        TICKET.turn = 2
    assert replace(TICKET, version=9) == TICKET


def test_an_altered_ticket_has_the_other_facts_and_the_one_before_is_as_it_was():
    other = TICKET.altered(subject="Lamp", priority=Priority.HIGH)
    assert other == replace(TICKET, subject="Lamp", priority=Priority.HIGH)
    assert Ticket(id=1, requester="carol@customer.example") == TICKET
    with pytest.raises(TypeError, match="a ticket has no \\['colour'\\]"):
        TICKET.altered(colour="red")
    with pytest.raises(FrozenInstanceError):
        other.subject = "Fuse"
