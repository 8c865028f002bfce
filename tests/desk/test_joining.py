"""Past a number of mails an hour, what the gateway writes to one of the staff comes together."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk import joining
from mailgate.domain.events import Assign
from mailgate.domain.model import Actor, ActorKind
from mailgate.mail.render import Renderer
from mailgate.store import outbox
from tests.desk.auditing import faults
from tests.desk.conftest import ADMIN, ALICE, BOB, World, settings
from tests.mail.test_templates import SHIPPED

BOSS = Actor(ActorKind.ADMIN, "boss")


@pytest.fixture
def busy(database) -> World:
    """A world in which two mails an hour are enough."""
    return World(database, replace(settings(), burst=2))


def assign(world: World, number: int, agent: str = "alice") -> list[str]:
    """Open tickets and give them all to an agent at once; return their numbers."""
    opened = [world.open(f"Matter {n}") for n in range(number)]
    with world.desk.writing(world.now) as ledger:
        for ticket in opened:
            ledger.apply(ticket.id, Assign(at=world.now, actor=BOSS, assignee=agent))
    return [ticket.number for ticket in opened]


def to(world: World, address: str, notice: str) -> list[dict]:
    rows = [row for row in world.rows("outbox") if row["recipient"] == address]
    return [row for row in rows if row["notice"] == notice]


def test_what_goes_beyond_comes_in_one_mail_and_every_ticket_stands_in_it(busy):
    numbers = assign(busy, 5)
    rows = to(busy, ALICE.address, "assigned")
    assert [row["state"] for row in rows] == ["ready"] * 2 + ["suppressed"] * 3
    (mail,) = to(busy, ALICE.address, "joined")
    assert {row["reason"] for row in rows[2:]} == {f"told with others in notice {mail['id']}"}
    assert mail["next_try_at"] == busy.now + timedelta(minutes=10)
    assert (mail["state"], mail["ticket_id"], mail["automatic"]) == ("ready", None, True)
    told = mail["context"]["tickets"]
    assert [each["number"] for each in told] == numbers[2:]
    assert {each["notice"] for each in told} == {"assigned"}
    assert len({each["reply_address"] for each in told}) == 3
    assert faults(busy) == []


def test_it_grows_until_it_is_sent_and_then_there_is_another(busy):
    assign(busy, 3)
    busy.pass_time(minutes=8)
    assign(busy, 2)
    (mail,) = to(busy, ALICE.address, "joined")
    assert len(mail["context"]["tickets"]) == 3
    busy.pass_time(minutes=3)
    assign(busy, 1)
    assert len(to(busy, ALICE.address, "joined")) == 2


def test_each_has_an_hour_and_a_mail_of_their_own(busy):
    assign(busy, 3)
    assign(busy, 3, "bob")
    assert [len(to(busy, each.address, "joined")) for each in (ALICE, BOB)] == [1, 1]
    busy.pass_time(minutes=61)
    assign(busy, 2)
    assert [row["state"] for row in to(busy, ALICE.address, "assigned")[3:]] == ["ready"] * 2


def test_one_mail_holds_only_so_many(busy, monkeypatch):
    monkeypatch.setattr(joining, "MOST", 2)
    assign(busy, 7)
    held = [len(mail["context"]["tickets"]) for mail in to(busy, ALICE.address, "joined")]
    assert held == [2, 2, 1]


def test_what_a_customer_wrote_goes_out_at_once(busy):
    for _ in range(5):
        busy.open()
    rows = [row for row in busy.rows("outbox") if row["notice"] == "new_message"]
    assert {row["state"] for row in rows} == {"ready"}
    assert to(busy, ADMIN, "joined") == []


def test_nothing_that_customers_get_is_joined(busy):
    assign(busy, 5)
    assert {row["state"] for row in busy.rows("outbox") if row["role"] == "customer"} == {"ready"}


def test_the_mail_says_what_happened_to_each_and_where_to_answer(busy):
    numbers = assign(busy, 4)
    (mail,) = to(busy, ALICE.address, "joined")
    written = Renderer([SHIPPED]).render("joined", "en", mail["context"])
    assert written.subject == "2 notices about tickets at Support"
    assert "it is yours now" in written.text
    for each, number in zip(mail["context"]["tickets"], numbers[2:], strict=True):
        assert number in written.text
        assert each["reply_address"] in written.text
        assert each["note_address"] in (written.html or "")


def test_a_mail_that_is_about_to_be_sent_takes_no_more_by_whosever_clock(busy):
    assign(busy, 3)
    (mail,) = to(busy, ALICE.address, "joined")
    due = mail["next_try_at"]
    with busy.database.write() as connection:
        assert outbox.claim(connection, 1, "me", due, timedelta(minutes=1), 50)
    busy.now = due - timedelta(milliseconds=200)
    assign(busy, 1)
    first, second = to(busy, ALICE.address, "joined")
    assert [len(each["context"]["tickets"]) for each in (first, second)] == [1, 1]


def test_a_mail_closes_a_minute_before_its_time(busy):
    assign(busy, 3)
    busy.pass_time(minutes=9, seconds=1)
    assign(busy, 1)
    assert len(to(busy, ALICE.address, "joined")) == 2
