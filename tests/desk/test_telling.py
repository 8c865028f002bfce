"""What the log is told of tickets: what was committed, and no word of anybody's mail."""

from datetime import timedelta

import pytest
import structlog

from mailgate.domain.caps import Caps
from mailgate.domain.events import CommandRefused
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.people import Recipient, Role
from tests.desk.conftest import ALICE, CUSTOMER, World, settings


def test_each_event_is_a_line_once_it_is_committed(world):
    with structlog.testing.capture_logs() as lines:
        ticket = world.open("Secret subject")
        world.agent_replies(ticket)
    shared = {"log_level": "info", "ticket": ticket.id, "number": ticket.number, "at": world.now}
    assert lines == [
        {"event": "ticket.opened", "actor": f"customer:{CUSTOMER}"} | shared,
        {"event": "agent.replied", "actor": "agent:alice"} | shared,
    ]
    assert "Secret" not in str(lines)
    assert "words" not in str(lines)


def test_nothing_is_told_before_the_commit_and_nothing_of_what_was_undone(world):
    ticket = world.open()
    event = CommandRefused(at=world.now, actor=Actor(ActorKind.AGENT, "alice"), reason="no")
    to = Recipient(ALICE.address, "Alice", Role.AGENT)
    with structlog.testing.capture_logs() as lines:
        with world.desk.writing(world.now) as ledger:
            mark = ledger.mark()
            ledger.answer(76, event, to, "command_refused", ticket_id=ticket.id, extra={})
            ledger.undo(mark)
            ledger.answer(77, event, to, "command_refused", ticket_id=ticket.id, extra={})
            ledger.flush()
            assert lines == []
        assert [(line["event"], line["mail"]) for line in lines] == [("command.refused", 77)]


def test_a_transaction_that_fails_leaves_no_line(world):
    ticket = world.open()
    event = CommandRefused(at=world.now, actor=Actor(ActorKind.AGENT, "alice"), reason="no")
    to = Recipient(ALICE.address, "Alice", Role.AGENT)

    def fail() -> None:
        with world.desk.writing(world.now) as ledger:
            ledger.answer(77, event, to, "command_refused", ticket_id=ticket.id, extra={})
            ledger.flush()
            raise ValueError("the disk is full")

    with structlog.testing.capture_logs() as lines, pytest.raises(ValueError, match="disk"):
        fail()
    assert lines == []


def test_a_notice_that_a_ceiling_held_back_is_a_line_with_its_reason(database):
    from dataclasses import replace

    caps = Caps(((0, timedelta(minutes=10)),), 100, 100)
    world = World(database, replace(settings(), caps=caps))
    with structlog.testing.capture_logs() as lines:
        ticket = world.open()
    (line,) = [line for line in lines if line["event"] == "notice.suppressed"]
    assert (line["kind"], line["ticket"], line["log_level"]) == ("received", ticket.id, "warning")
    assert "over the ceiling of 0 automatic mails in 10 min" in line["why"]
    assert world.rows("outbox")[0]["state"] == "suppressed"
