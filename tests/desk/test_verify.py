"""Everything agrees after any life of a ticket, and each way of not agreeing is found."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from mailgate.desk.door import Desk
from mailgate.desk.verify import verify
from mailgate.domain.events import (
    Assign,
    Close,
    Delivered,
    Reopen,
    Resolve,
    SetPriority,
    Snooze,
    Undelivered,
    Wait,
)
from mailgate.domain.model import GATEWAY, Priority
from mailgate.errors import Refused
from mailgate.store import audit, schema
from tests.store.databases import SQLITE, migrated

from .auditing import (
    AGENT,
    DELIVERY,
    EVENT,
    MAIL,
    OUTBOX,
    TICKET,
    TIMER,
    TURN,
    attach,
    content,
    faults,
    lived,
    remove_timers,
)
from .conftest import CUSTOMER, World, settings


def test_nothing_is_at_fault_in_an_empty_desk(world):
    assert faults(world, deep=True) == []


def test_nothing_is_at_fault_after_a_long_life(world):
    attach(world, lived(world))
    assert faults(world, deep=True) == []


def test_it_tells_how_far_it_is(world, monkeypatch):
    monkeypatch.setattr("mailgate.desk.verify.BATCH", 2)
    told = []
    for _ in range(3):
        world.open()
    with world.database.read() as connection:
        found = verify(
            connection, world.desk.settings, content, progress=lambda *done: told.append(done)
        )
        assert list(found) == []
    assert told == [(2, 3), (3, 3)]


# --- whatever happens ---------------------------------------------------------------------------

STEPS = {
    "customer": lambda world, ticket: world.customer_writes(ticket),
    "thanks": lambda world, ticket: world.customer_writes(ticket, thanks=True),
    "reply": lambda world, ticket: world.agent_replies(ticket),
    "tick": lambda world, _ticket: world.tick(),
    "assign": lambda world, ticket: world.apply(
        ticket, Assign(at=world.now, actor=AGENT, assignee="alice")
    ),
    "unassign": lambda world, ticket: world.apply(
        ticket, Assign(at=world.now, actor=AGENT, assignee=None)
    ),
    "delivered": lambda world, ticket: world.apply(
        ticket,
        Delivered(
            at=world.now,
            actor=GATEWAY,
            notice="agent_reply",
            turn=world.ticket(ticket).turn,
            recipient=ticket.requester,
        ),
    ),
    "undelivered": lambda world, ticket: world.apply(
        ticket,
        Undelivered(
            at=world.now,
            actor=GATEWAY,
            notice="agent_reply",
            turn=1,
            recipient=CUSTOMER,
            reason="550 no",
        ),
    ),
    "snooze": lambda world, ticket: world.apply(
        ticket, Snooze(at=world.now, actor=AGENT, until=world.now + timedelta(hours=5))
    ),
    "high": lambda world, ticket: world.apply(
        ticket, SetPriority(at=world.now, actor=AGENT, priority=Priority.HIGH)
    ),
    **{
        kind.name: lambda world, ticket, kind=kind: world.apply(
            ticket, kind(at=world.now, actor=AGENT)
        )
        for kind in (Wait, Resolve, Close, Reopen)
    },
}


@pytest.fixture(scope="module")
def desks(request, tmp_path_factory):
    """Desks on one database: a life of any length needs no new one."""

    class Requested:
        @staticmethod
        def getfixturevalue(name):
            return tmp_path_factory if name == "tmp_path_factory" else tmp_path_factory.mktemp("x")

    with migrated(Requested(), SQLITE) as database:
        yield World(database, settings(resolve_silent=True))


@how(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 200)), max_size=12))
def test_nothing_is_at_fault_whatever_happens_to_a_ticket(desks, steps):
    ticket = desks.open()
    for name, hours in steps:
        desks.pass_time(hours=hours)
        try:
            STEPS[name](desks, ticket)
        except Refused:
            continue
    assert faults(desks) == []


# --- what does not agree --------------------------------------------------------------------------

LATER = "2030-01-01T00:00:00+00:00"

DAMAGES = {
    "a changed ticket": (
        lambda _now: update(TICKET).values(subject="Another"),
        ("history", "subject is 'Another', but its history says 'Printer'"),
    ),
    "a changed history": (
        lambda _now: (
            update(EVENT).where(EVENT.c.n == 1).values(changes={"subject": ["", "Another"]})
        ),
        ("history", "decided again it changes subject as ['', 'Printer'], not as ['', 'Another']"),
    ),
    "a history that does not go on where it was": (
        lambda _now: (
            update(EVENT)
            .where(EVENT.c.name == "ticket.tagged")
            .values(changes={"tags": [["old"], ["vip"]]})
        ),
        ("history", "changes tags from ['old'], but it was []"),
    ),
    "an event that is missing": (
        lambda _now: delete(EVENT).where(EVENT.c.name == "ticket.tagged"),
        ("history", "not numbered from 1 without a gap"),
    ),
    "a version that counts wrong": (
        lambda _now: update(TICKET).values(version=99),
        ("history", "its version is 99, but it has"),
    ),
    "an event of no known name": (
        lambda _now: update(EVENT).where(EVENT.c.n == 1).values(name="ticket.unheard"),
        ("history", "event 1 (ticket.unheard): cannot be read"),
    ),
    "a field that tickets do not have": (
        lambda _now: update(EVENT).where(EVENT.c.n == 1).values(changes={"colour": [None, "red"]}),
        ("history", "event 1 (ticket.opened) cannot be read: KeyError('colour')"),
    ),
    "a command that would be refused": (
        lambda _now: (
            update(EVENT)
            .where(EVENT.c.name == "ticket.tagged")
            .values(name="ticket.unmerged", data={})
        ),
        ("history", "would be refused today"),
    ),
    "rules that changed in between": (
        lambda _now: update(schema.policy).values(body=_with_client_reminders(0)),
        ("timer", "its timers are none, but should be auto_close"),
    ),
    "a turn that is missing": (
        lambda _now: delete(TURN).where(TURN.c.n == 1),
        ("turn", "but its turns are [2,"),
    ),
    "a turn of the wrong side": (
        lambda _now: update(TURN).values(side="system"),
        ("turn", "it is the client side's turn, but turn 4 is the system's"),
    ),
    "a turn that began at another time": (
        lambda now: update(TURN).values(since=now + timedelta(days=1)),
        ("turn", "but the ticket says"),
    ),
    "a turn that is answered and goes on": (
        lambda now: update(TURN).values(answered_at=now),
        ("turn", "is answered and still goes on"),
    ),
    "a timer that is missing": (
        lambda _now: delete(TIMER).where(TIMER.c.fired_at.is_(None)),
        ("timer", "its timers are none, but should be auto_close"),
    ),
    "a timer at the wrong time": (
        lambda now: update(TIMER).values(due_at=now),
        ("timer", "its timers are auto_close"),
    ),
    "a next_due_at that is not the first timer": (
        lambda now: update(TICKET).values(next_due_at=now),
        ("timer", "its next_due_at is"),
    ),
    "a number that will be given again": (
        lambda _now: update(schema.number_sequence).values(next=1),
        ("number", "its number is given out again: the next free one is 1"),
    ),
    "a number of no sequence": (
        lambda _now: delete(schema.number_sequence),
        ("number", "its number comes from no sequence"),
    ),
    "a notice that nobody asked for": (
        lambda _now: (
            update(OUTBOX).where(OUTBOX.c.notice == "received").values(notice="auto_closed")
        ),
        ("history", "did not ask for the notice"),
    ),
    "a notice that ended at no time": (
        lambda _now: update(OUTBOX).values(state="sent", done_at=None),
        ("outbox", "has ended at no time"),
    ),
    "a mail that ended at no time": (
        lambda _now: update(DELIVERY).values(done_at=None),
        ("mail", "has ended at no time"),
    ),
    "a mail without its ticket": (
        lambda _now: update(DELIVERY).values(ticket_id=None),
        ("mail", "ended on a ticket and names none"),
    ),
    "a mail whose words are not there": (
        lambda _now: update(schema.message).values(mail_id=None),
        ("mail", "its words are not there"),
    ),
    "a mail that opened nothing": (
        lambda _now: update(DELIVERY).values(state="opened"),
        ("mail", "opened a ticket, but no history begins with it"),
    ),
    "a mail whose words stand twice": (
        lambda _now: update(schema.message).values(
            mail_id=select(schema.mail.c.id).scalar_subquery()
        ),
        ("mail", "stands on its tickets more often than it came"),
    ),
    "a mail that is set aside though its words are there": (
        lambda _now: update(DELIVERY).values(state="suppressed"),
        ("mail", "stands on a ticket, though it came to none"),
    ),
    "a mail that lost some bytes": (
        lambda _now: update(schema.mail).values(raw=b"%PDF"),
        ("mail", "is longer or shorter than what came"),
    ),
    "a parked mail without a reason": (
        lambda _now: update(DELIVERY).values(state="parked"),
        ("parked", "is parked and does not say why"),
    ),
    "a mail in no queue": (
        lambda now: insert(schema.mail).values(MAIL | {"received_at": now}),
        ("mail", "is in no queue"),
    ),
    "a Message-ID that is forgotten": (
        lambda _now: delete(schema.reference),
        ("reference", "answers to it would not be recognised"),
    ),
    "a mail whose bytes changed": (
        lambda _now: update(schema.mail).values(digest=schema.mail.c.id),
        ("mail", "its bytes are not those that came"),
    ),
}


def _with_client_reminders(count):
    from mailgate.store.policies import body

    rules = settings().policy
    slow = {
        priority: replace(row, auto_close=timedelta(days=9))
        for priority, row in rules.thresholds.items()
    }
    return body(replace(rules, thresholds=slow, client_reminders=count))


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_named(sqlite_world, name):
    world = sqlite_world
    damage, (check, says) = DAMAGES[name]
    lived(world)
    if name == "rules that changed in between":
        remove_timers(world)
    with world.database.write() as connection:
        connection.execute(damage(world.now))
    found = faults(world, deep=True)
    assert [fault for fault in found if fault.check == check and says in fault.says], found
    assert all(len(fault.remedy) > 20 for fault in found)


def test_a_turn_that_never_ran_out_does_not_delay_its_ticket(world):
    ticket = world.open()
    world.pass_time(hours=25)
    world.tick()
    with world.database.write() as connection:
        connection.execute(update(TURN).values(overdue_at=None))
    (fault,) = faults(world)
    assert str(fault) == f"{ticket.number}: it is delayed_by_system, but turn 1 never ran out"


def test_a_lost_snapshot_of_the_rules_is_named(world):
    world.open()
    found = []
    with world.database.read() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "policies", lambda _connection: {})
        found = list(verify(connection, world.desk.settings, content))
    assert "the rules under which it was decided are not there" in found[0].says


def test_timers_set_under_other_rules_are_right_by_those(world):
    world.open()
    world.open()
    rules = world.desk.settings.policy
    slow = {
        priority: replace(row, system=timedelta(days=9))
        for priority, row in rules.thresholds.items()
    }
    changed = replace(world.desk.settings, policy=replace(rules, thresholds=slow))
    world.desk = Desk(world.database, changed, world.signer)
    assert faults(world) == []
    with world.database.write() as connection:
        connection.execute(update(TICKET).values(next_due_at=world.now))
    assert {fault.check for fault in faults(world)} == {"timer"}


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"part": "gone"}, "cannot be read: the mail has no such part"),
        ({"size": 1}, "is not what came"),
        ({"digest": "0" * 64}, "is not what came"),
    ],
)
def test_an_attachment_that_is_not_what_came_is_named(world, facts, says):
    attach(world, world.open(), **facts)
    (fault,) = faults(world)
    assert fault.check == "attachment"
    assert fault.says == says


def test_an_attachment_of_a_message_without_a_mail_is_named(world):
    attach(world, world.open())
    with world.database.write() as connection:
        connection.execute(delete(DELIVERY))
        connection.execute(update(schema.message).values(mail_id=None))
    assert "its mail is not there" in [fault.says for fault in faults(world)]
