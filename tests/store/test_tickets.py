"""Tickets and what hangs on them: whole, in sets, and never overwritten unseen."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailgate.domain.events import TimerKind
from mailgate.domain.model import (
    Approval,
    ClosedBy,
    Delay,
    Disposition,
    ForeignRecord,
    Kind,
    Priority,
    Side,
    Status,
    Ticket,
)
from mailgate.domain.timers import Timer
from mailgate.errors import Conflict
from mailgate.store import schema, tickets
from tests.peers.waiting import wait_until
from tests.store.databases import OTHER, TENANT, add_other_tenant
from tests.store.rows import NOW, every, plant, store, ticket, ticket_row

FULL = Ticket(
    id=7,
    number="TKT-2026-00007",
    subject="Drücker brennt 🔥",
    kind=Kind.ORDER,
    category="billing",
    priority=Priority.URGENT,
    language="de",
    requester="carol@customer.example",
    requester_name="Carol Ö.",
    participants=("dave@customer.example", "eve@customer.example"),
    joined=(NOW, NOW + timedelta(hours=1)),
    assignee="alice",
    team="printers",
    followers=("bob",),
    tags=("fire", "office"),
    fields=(("floor", "3"), ("room", "12")),
    records=(ForeignRecord("crm:7", "", NOW), ForeignRecord("shop:4711", "shipped", NOW)),
    thresholds="gold",
    own_times=(("client", 21_600), ("system", 3_600)),
    visibility="internal",
    status=Status.CLOSED,
    delay=Delay.SYSTEM,
    disposition=Disposition.SPAM,
    last_responder=Side.CLIENT,
    last_response_at=NOW,
    waiting_since=NOW + timedelta(microseconds=1),
    created_at=NOW - timedelta(days=1),
    first_response_at=NOW,
    resolved_at=NOW,
    closed_at=NOW,
    closed_by=ClosedBy.AUTO,
    open_since=NOW,
    reopen_count=3,
    overdue_count=2,
    first_response_due_at=NOW,
    resolution_due_at=NOW,
    targets_since=NOW,
    targets_used=(60, 3600),
    targets_told=("missed resolution", "near resolution"),
    breached=("resolution",),
    turn=4,
    turn_since=NOW,
    told=True,
    rearmed=1,
    reminders=2,
    reminded_at=NOW,
    not_before=NOW,
    escalates_from=NOW,
    replied=True,
    reply_pending=True,
    held=True,
    resolution=2,
    snoozed_until=NOW,
    follows=3,
    merged_into=4,
    escalation_level=1,
    escalated_at=NOW,
    escalated_to="boss@agents.example",
    escalation_reason="he calls",
    escalated_by=("turn leads",),
    approvals=2,
    approval=Approval(
        n=2,
        since=NOW,
        by="bob",
        asked_by="alice",
        rule="",
        to=None,
        reason="he calls",
        tell_admins=False,
        every=60,
        calendar="office",
        remind_at=NOW,
        expires_at=None,
        reminded=3,
    ),
    satisfaction=5,
    survey_due_at=NOW,
    surveyed_at=NOW,
    version=9,
)


def load(database, *ids, tenant_id=TENANT) -> dict[int, Ticket]:
    with database.read() as connection:
        return tickets.load(connection, tenant_id, ids)


def save(connection, *changed: Ticket, seen: int = 0) -> None:
    tickets.save(connection, [ticket_row(each) | {"seen": seen} for each in changed])


def asked(database, function, *arguments):
    with database.read() as connection:
        return function(connection, TENANT, *arguments)


# --- reading and writing --------------------------------------------------------------------------


def test_every_fact_of_a_ticket_comes_back_as_it_was(database):
    store(database, ticket(3), ticket(4), FULL)
    found = load(database, 7)[7]
    for each in fields(Ticket):
        assert getattr(found, each.name) == getattr(FULL, each.name), each.name
        assert type(getattr(found, each.name)) is type(getattr(FULL, each.name)), each.name


def test_the_example_sets_every_fact_to_something_else_than_its_default():
    plain = Ticket(id=0)
    same = [f.name for f in fields(Ticket) if getattr(FULL, f.name) == getattr(plain, f.name)]
    assert same == ["policy_id"]  # it names a row of another table


def test_every_fact_of_a_ticket_has_a_column_of_its_name():
    more = {"tenant_id", "updated_at", "next_due_at"}
    assert {each.name for each in fields(Ticket)} | more == set(schema.ticket.c.keys())


def test_tickets_that_are_not_there_are_left_out(database):
    store(database, ticket(1), ticket(2))
    assert load(database, 2, 99) == {2: ticket(2)}
    assert load(database) == {}


def test_any_number_of_tickets_is_read_a_thousand_at_a_time(database, statements):
    store(database, ticket(1), ticket(2500))
    statements.clear()
    assert load(database, *range(5000)).keys() == {1, 2500}
    assert len([s for s in statements if s.startswith("SELECT")]) == 5


def test_two_numbers_alike_are_refused_within_a_tenant_only(database):
    add_other_tenant(database)
    store(database, ticket(1, number="TKT-1"))
    store(database, ticket(2, number="TKT-1"), tenant_id=OTHER)
    with pytest.raises(IntegrityError):
        store(database, ticket(3, number="TKT-1"))


def test_nothing_to_write_is_nothing(database, statements):
    with database.write() as connection:
        statements.clear()
        tickets.create(connection, [])
        tickets.save(connection, [])
        tickets.save_timers(connection, TENANT, {}, frozenset())
        tickets.fire_timers(connection, TENANT, [], NOW)
        tickets.save_turns(connection, [], [])
        tickets.add(connection, "message", [])
    assert statements in ([], ["COMMIT"])


# --- compare and swap -----------------------------------------------------------------------------


def test_a_ticket_is_written_over_the_version_it_was_read_at(database):
    store(database, ticket(1), ticket(2))
    with database.write() as connection:
        save(connection, *(ticket(n, subject="new", version=1) for n in (1, 2)))
    assert {each.subject for each in load(database, 1, 2).values()} == {"new"}
    with database.write() as connection:
        save(connection, ticket(1, subject="newer", version=2), seen=1)
    found = load(database, 1, 2)
    assert [(found[n].subject, found[n].version) for n in (1, 2)] == [("newer", 2), ("new", 1)]


def test_if_one_of_them_was_changed_by_somebody_else_none_is_written(database):
    store(database, *(ticket(n) for n in (1, 2, 3)))
    with database.write() as connection:
        save(connection, ticket(2, subject="theirs", version=1))
    with pytest.raises(Conflict), database.write() as connection:
        save(connection, *(ticket(n, subject="mine", version=1) for n in (1, 2, 3)))
    found = load(database, 1, 2, 3)
    assert [found[n].subject for n in (1, 2, 3)] == ["", "theirs", ""]


def test_a_ticket_of_another_tenant_is_somebody_elses(database):
    add_other_tenant(database)
    store(database, ticket(1), tenant_id=OTHER)
    with pytest.raises(Conflict), database.write() as connection:
        save(connection, ticket(1, subject="mine", version=1))
    assert load(database, 1, tenant_id=OTHER)[1].subject == ""


def test_number_and_birth_of_a_ticket_never_change(database):
    store(database, ticket(1))
    with database.write() as connection:
        save(connection, ticket(1, number="TKT-9", created_at=NOW + timedelta(days=1), version=1))
    found = load(database, 1)[1]
    assert (found.number, found.created_at, found.version) == ("TKT-1", NOW, 1)


def test_of_two_nodes_that_write_the_same_tickets_one_is_first_and_neither_stands_still(postgresql):
    store(postgresql, ticket(1), ticket(2))
    one, two = ticket(1, version=1), ticket(2, version=1)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"

    def backwards() -> None:
        with postgresql.write() as connection:
            save(connection, two, one)

    with ThreadPoolExecutor(1) as pool:
        with postgresql.write() as connection:
            save(connection, one)
            other = pool.submit(backwards)
            wait_until(lambda: connection.execute(text(waiting)).scalar(), "the other to wait")
            save(connection, two)
        with pytest.raises(Conflict):
            other.result(20)


def reschedule(database, *rows, tenant_id=TENANT) -> None:
    with database.write() as connection:
        tickets.reschedule(connection, tenant_id, rows, None)


def test_a_ticket_that_did_not_change_may_be_due_at_another_time(database):
    store(database, ticket(1), ticket(2, version=3))
    reschedule(database, (1, 0, NOW), (2, 3, None))
    reschedule(database)
    with database.read() as connection:
        due = {row["id"]: row["next_due_at"] for row in every(connection, schema.ticket)}
    assert due == {1: NOW, 2: None}
    assert load(database, 1, 2) == {1: ticket(1), 2: ticket(2, version=3)}


def test_a_ticket_that_changed_meanwhile_is_not_due_at_another_time(database):
    add_other_tenant(database)
    store(database, ticket(1, version=1))
    with pytest.raises(Conflict):
        reschedule(database, (1, 0, NOW))
    with pytest.raises(Conflict):
        reschedule(database, (1, 1, NOW), tenant_id=OTHER)


def test_open_tickets_whose_deadlines_go_by_other_rules_are_found(database):
    with database.write() as connection:
        for id_ in (21, 22, 23):
            plant(connection, schema.policy, TENANT, id=id_)
    store(database, *(ticket(n, status=Status.OPEN, policy_id=20 + n % 4) for n in (1, 2, 3, 5)))
    store(database, ticket(6, status=Status.CLOSED, policy_id=22))
    assert asked(database, tickets.by_other_rules, 22, 9) == [1, 5, 3]
    assert asked(database, tickets.by_other_rules, 22, 1) == [1]
    assert asked(database, tickets.by_other_rules, 21, 9) == [2, 3]
    assert load(database, 5)[5].policy_id == 21


# --- finding --------------------------------------------------------------------------------------


def test_numbers_lead_to_tickets(database):
    store(database, ticket(1, number="TKT-2026-00001"), ticket(2, number="TKT-2026-00002"))
    found = asked(database, tickets.by_number, ["TKT-2026-00002", "TKT-2026-00009"])
    assert found == {"TKT-2026-00002": 2}
    assert asked(database, tickets.by_number, []) == {}
    assert asked(database, tickets.numbered, "TKT-2026-00002").number == "TKT-2026-00002"
    assert asked(database, tickets.numbered, "TKT-2026-00009") is None


def test_one_message_id_may_lead_to_several_tickets_and_says_who_wrote_it(database):
    store(database, ticket(1), ticket(2))
    with database.write() as connection:
        rows = [("<a@x>", 2, "dave"), ("<a@x>", 1, "carol"), ("<b@x>", 1, "carol")]
        for rfc_id, ticket_id, sender in rows:
            values = {"rfc_id": rfc_id, "ticket_id": ticket_id, "sender": sender}
            plant(connection, schema.reference, TENANT, **values)
    assert asked(database, tickets.by_reference, ["<a@x>", "<c@x>"]) == {
        "<a@x>": [(1, "carol"), (2, "dave")]
    }
    assert asked(database, tickets.by_reference, []) == {}


def test_pairs_of_message_id_and_ticket_are_known_or_not_however_many_are_asked_for(database):
    store(database, ticket(1), ticket(2))
    with database.write() as connection:
        plant(connection, schema.reference, TENANT, rfc_id="<a@x>", ticket_id=1)
    many = [(f"<{n}@x>", n) for n in range(2000)]
    pairs = [("<a@x>", 1), ("<a@x>", 2), ("<b@x>", 1), *many]
    assert asked(database, tickets.known_references, pairs) == {("<a@x>", 1)}
    assert asked(database, tickets.known_references, []) == set()


def test_the_newest_ticket_that_follows_a_closed_one_is_found(database):
    store(database, ticket(1), ticket(2), ticket(3, follows=1), ticket(4, follows=1))
    assert asked(database, tickets.followers_of, [1, 2]) == {1: 4}
    assert asked(database, tickets.followers_of, []) == {}


# --- timers ---------------------------------------------------------------------------------------


def timer(hours: int = 0, kind: TimerKind = TimerKind.REMINDER, step: int = 0) -> Timer:
    return Timer(kind, 1, step, NOW + timedelta(hours=hours), "normal reminder")


def set_timers(database, fresh=(), **timers) -> None:
    with database.write() as connection:
        wanted = {int(name[1:]): tuple(each) for name, each in timers.items()}
        tickets.save_timers(connection, TENANT, wanted, frozenset(fresh))


def timers(database) -> list[tuple[int, str, int, bool]]:
    with database.read() as connection:
        rows = every(connection, schema.timer)
    return [(r["subject_id"], r["kind"], r["step"], r["fired_at"] is not None) for r in rows]


def due(database, hours: int, most=None, held=frozenset(), **more) -> list[tuple[int, str]]:
    until = NOW + timedelta(hours=hours)
    with database.read() as connection:
        rows = tickets.due_timers(connection, TENANT, until, most, held, **more)
    return [(row["subject_id"], row["kind"]) for row in rows]


def test_the_timers_of_a_ticket_are_replaced_and_those_of_others_left(database):
    set_timers(database, fresh={1, 2}, t1=[timer(step=1), timer(step=2)], t2=[timer(step=1)])
    set_timers(database, t1=[timer(step=3)])
    assert timers(database) == [(1, "reminder", 3, False), (2, "reminder", 1, False)]
    set_timers(database, t1=[])
    assert timers(database) == [(2, "reminder", 1, False)]


def test_what_was_acted_on_stays_on_record_when_timers_are_replaced(database):
    set_timers(database, fresh={1}, t1=[timer(step=1), timer(step=2)])
    with database.write() as connection:
        tickets.fire_timers(connection, TENANT, [(1, "reminder", 1, 1), (1, "wake", 1, 1)], NOW)
    set_timers(database, t1=[timer(step=2)])
    assert timers(database) == [(1, "reminder", 1, True), (1, "reminder", 2, False)]
    assert due(database, 1) == [(1, "reminder")]


def test_timers_of_another_tenant_are_neither_fired_nor_replaced(database):
    add_other_tenant(database)
    set_timers(database, fresh={1}, t1=[timer(step=1)])
    with database.write() as connection:
        tickets.fire_timers(connection, OTHER, [(1, "reminder", 1, 1)], NOW)
        tickets.save_timers(connection, OTHER, {1: ()}, frozenset())
    assert timers(database) == [(1, "reminder", 1, False)]


def test_due_timers_come_oldest_first_and_only_those_that_are_due(database):
    set_timers(
        database,
        fresh={1, 2, 3, 4},
        t4=[timer(1)],
        t3=[timer(1)],
        t2=[timer(0, TimerKind.SYSTEM_RESPONSE)],
        t1=[timer(3)],
    )
    assert due(database, 2) == [(2, "system_response"), (3, "reminder"), (4, "reminder")]
    assert due(database, 2, most=1) == [(2, "system_response")]
    assert due(database, 2, held=frozenset({"reminder"})) == [(2, "system_response")]
    assert due(database, -1) == []
    assert due(database, 2, failed=frozenset({2, 3})) == [(4, "reminder")]
    assert due(database, 3)[-1] == (1, "reminder")


def test_what_is_due_is_found_by_an_index_and_not_by_reading_all(sqlite):
    with sqlite.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM timer WHERE tenant_id = 1 AND fired_at IS NULL "
            "AND due_at <= 5 ORDER BY due_at, subject_id LIMIT 100"
        )
        assert "ix_timer_due" in str(plan.all())


# --- turns ----------------------------------------------------------------------------------------


def test_a_turn_keeps_what_is_known_of_it_when_more_becomes_known(database):
    store(database, ticket(1))
    key = {"tenant_id": TENANT, "ticket_id": 1, "n": 1}
    later = NOW + timedelta(hours=1)
    with database.write() as connection:
        tickets.save_turns(connection, [key | {"side": "system", "since": NOW}], [])
        tickets.save_turns(
            connection, [], [key | {"answered_at": None, "overdue_at": NOW, "retracted": False}]
        )
        tickets.save_turns(
            connection, [], [key | {"answered_at": later, "overdue_at": None, "retracted": False}]
        )
        (turn,) = every(connection, schema.turn)
    assert (turn["since"], turn["overdue_at"], turn["answered_at"]) == (NOW, NOW, later)


def test_a_changed_ticket_is_the_same_ticket_with_other_facts():
    row = tickets.to_row(replace(FULL, follows=None, merged_into=None))
    assert tickets.from_row(row) == replace(FULL, follows=None, merged_into=None)
