"""Mails with a person's words that have not left for hours: who is told, and how often."""

from datetime import timedelta

import pytest

from mailgate.delivery.ending import Rules
from mailgate.delivery.lateness import Lateness
from mailgate.delivery.transport import Later
from mailgate.desk.ledger import Ledger
from mailgate.errors import Conflict
from mailgate.store.outbox import release
from tests.delivery.sending import Scripted, make_due, outbox, read, worker_of
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER

FOUR_HOURS = timedelta(hours=4)
BUSY = Later("450 4.2.0 try again", connection=False)
CLOSING = Later("421 4.3.2 closing", connection=True)


@pytest.fixture
def ticket(world, way):
    """A ticket whose first notices have left."""
    ticket = world.open()
    worker_of(world, way).drain()
    way.arrived.clear()
    return ticket


def late(world) -> list[tuple[str, str]]:
    """(notice, recipient) of what was told of lateness."""
    return [found for found in outbox(world, "notice", "recipient") if found[0] == "delayed"]


def history(world) -> list[dict]:
    return [row["data"] for row in world.rows("event") if row["name"] == "notice.delayed"]


def test_the_author_of_an_answer_is_told_once_after_four_hours(world, ticket):
    world.agent_replies(ticket, BOB)
    worker = worker_of(world, Scripted(*[BUSY] * 99))
    worker.drain()
    world.now += FOUR_HOURS - timedelta(seconds=1)
    worker.drain()
    assert late(world) == []
    world.pass_time(minutes=1)
    worker.drain()

    assert late(world) == [("delayed", BOB.address)]
    (told,) = history(world)
    assert (told["recipient"], told["reason"]) == (CUSTOMER, "450 4.2.0 try again")
    assert [at for at in outbox(world, "delayed_at") if at] == [world.now]
    world.pass_time(hours=9)
    worker.drain()
    assert late(world) == [("delayed", BOB.address)]


def test_it_is_told_of_while_no_mail_is_even_tried(world, ticket):
    world.agent_replies(ticket, BOB)
    for _ in range(3):
        world.open("Other")
    worker = worker_of(world, Scripted(*[CLOSING] * 99))
    worker.drain()
    world.now += FOUR_HOURS
    worker.drain()

    assert ("delayed", BOB.address) in late(world)
    assert {told["reason"] for told in history(world)} == {
        "421 4.3.2 closing",
        "it waits for the way out, which is out of order",
    }


def test_of_a_customers_words_whoever_holds_the_ticket_is_told_once_for_all_copies(world, ticket):
    world.open("Other")
    worker = worker_of(world, Scripted(*[BUSY] * 99))
    worker.drain()
    world.now += FOUR_HOURS
    worker.drain()

    (told,) = history(world)
    assert told["recipient"] == f"{ALICE.address}, {BOB.address}, {ADMIN}"
    assert set(late(world)) == {("delayed", to) for to in (ALICE.address, BOB.address, ADMIN)}


def test_what_the_gateway_itself_wrote_may_be_late_without_a_word(world, ticket, way):
    world.agent_replies(ticket, BOB)
    worker_of(world, Scripted(*[BUSY] * 9)).drain()
    world.now += FOUR_HOURS
    worker_of(world, Scripted(*[BUSY] * 9)).drain()
    assert len(history(world)) == 1
    world.now += FOUR_HOURS
    worker_of(world, Scripted(*[BUSY] * 9)).drain()

    assert len(history(world)) == 1, "that the notice of it is late is told to nobody"


def test_the_notice_leaves_by_the_same_way_and_says_what_waits(world, ticket, way):
    world.agent_replies(ticket, BOB)
    worker_of(world, Scripted(BUSY)).drain()
    world.now += FOUR_HOURS
    make_due(world)
    worker_of(world, way).drain()

    notice = read(next(mail.raw for mail in way.arrived if mail.recipient == BOB.address))
    assert notice["Subject"] == "Not sent yet: Printer [TKT-2026-00001]"
    assert notice["Auto-Submitted"] == "auto-generated"
    text = notice.get_body(("plain",)).get_content()
    assert f"Our mail to {CUSTOMER}" in text
    assert "4.2.0 try again" in text


def test_the_time_is_as_configured_and_counts_anew_for_what_a_person_put_back(world, ticket):
    world.agent_replies(ticket, BOB)
    rules = Rules(delay_notice_after=timedelta(hours=1), give_up_after=timedelta(hours=2))
    worker = worker_of(world, Scripted(*[BUSY] * 99), rules)
    world.pass_time(hours=1)
    worker.drain()
    assert len(history(world)) == 1
    world.pass_time(hours=2)
    make_due(world)
    worker.drain()
    ids = [row["id"] for row in outbox(world) if row["state"] == "never"]
    with world.database.write() as connection:
        assert release(connection, 1, ids, world.now) >= 1
    world.pass_time(minutes=59)
    worker.drain()
    assert len(history(world)) == 1
    world.pass_time(minutes=1)
    worker.drain()
    assert len(history(world)) == 2


def test_a_look_costs_one_question_a_minute(world, ticket, monkeypatch):
    asked = []
    tell = Lateness._tell
    monkeypatch.setattr(Lateness, "_tell", lambda *a: (asked.append(a[1]), tell(*a))[1])
    worker = worker_of(world, Scripted())
    for _ in range(130):
        worker.run_once()
        world.pass_time(seconds=1)
    assert len(asked) == 3
    world.pass_time(hours=-1)  # a clock that was set back
    worker.run_once()
    assert len(asked) == 4


def test_whoever_is_second_to_a_ticket_tells_of_it_a_minute_later(world, ticket, monkeypatch):
    world.agent_replies(ticket, BOB)
    worker = worker_of(world, Scripted(*[BUSY] * 99))
    worker.drain()
    world.now += FOUR_HOURS

    def contested(*_args):
        raise Conflict("somebody else was first")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "flush", contested)
        worker.run_once()
    assert history(world) == []
    world.pass_time(minutes=1)
    worker.drain()
    assert len(history(world)) == 1
