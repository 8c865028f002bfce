"""People who have written, the numbers of their tickets, and the rules they were treated by."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy import text

from mailgate.domain.escalation import Escalation, Since
from mailgate.domain.horizon import Heartbeat
from mailgate.domain.hours import Calendar
from mailgate.domain.model import Kind, Priority
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.policy import PRESETS, Level, Policy, Row, RowType, resolve
from mailgate.store import agents, heartbeat, jobs, numbers, people, policies, schema, thresholds
from mailgate.store.agents import Known
from mailgate.store.jobs import LastRun
from tests.peers.waiting import wait_until
from tests.store.databases import OTHER, TENANT, add_other_tenant
from tests.store.rows import NOW, every, total

CAROL, DAVE = "carol@customer.example", "dave@customer.example"
LATER = NOW + timedelta(hours=1)
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
FORMAT = NumberFormat("TKT-{year}-{seq:05d}")
SHORT = NumberFormat("T-{seq}")


# --- people ---------------------------------------------------------------------------------------


def contacts(database) -> list[tuple[object, ...]]:
    with database.read() as connection:
        rows = every(connection, schema.contact)
    return [(r["address"], r["name"], r["first_seen_at"], r["last_seen_at"]) for r in rows]


def seen(database, wrote, tenant_id=TENANT) -> None:
    with database.write() as connection:
        people.seen(connection, tenant_id, wrote)


def test_who_writes_again_is_known_by_the_name_they_last_gave(database):
    seen(database, {CAROL: ("Carol", NOW)})
    seen(database, {DAVE: ("Dave", LATER), CAROL: ("C.", LATER)})
    seen(database, {})
    assert contacts(database) == [(CAROL, "C.", NOW, LATER), (DAVE, "Dave", LATER, LATER)]


def test_only_who_has_written_is_known(database):
    seen(database, {CAROL: ("Carol", NOW)})
    with database.read() as connection:
        assert people.known(connection, TENANT, [CAROL, DAVE]) == {CAROL}
        assert people.known(connection, TENANT, []) == set()


def test_who_wrote_to_one_tenant_is_a_stranger_to_another(database):
    add_other_tenant(database)
    seen(database, {CAROL: ("Carol", NOW)})
    with database.read() as connection:
        assert people.known(connection, OTHER, [CAROL]) == set()
    seen(database, {CAROL: ("C.", LATER)}, OTHER)
    assert contacts(database) == [(CAROL, "Carol", NOW, NOW), (CAROL, "C.", LATER, LATER)]


def test_two_nodes_that_meet_the_same_people_at_once_agree(postgresql):
    with ThreadPoolExecutor(1) as pool:
        with postgresql.write() as connection:
            people.seen(connection, TENANT, {CAROL: ("Carol", NOW)})
            both = {DAVE: ("Dave", LATER), CAROL: ("C.", LATER)}
            other = pool.submit(seen, postgresql, both)
            wait_until(lambda: connection.execute(text(WAITING)).scalar(), "the other to wait")
            people.seen(connection, TENANT, {DAVE: ("D.", NOW)})
        other.result(20)
    assert contacts(postgresql) == [(CAROL, "C.", NOW, LATER), (DAVE, "Dave", NOW, LATER)]


# --- numbers --------------------------------------------------------------------------------------


def take(connection, how_many=1, format_=FORMAT, period="2026", tenant_id=TENANT) -> int:
    first = numbers.lock(connection, tenant_id, format_, period)
    numbers.advance(connection, tenant_id, format_.template, period, first + how_many)
    return first


def test_each_format_period_and_tenant_counts_from_one(database):
    add_other_tenant(database)
    with database.write() as connection:
        assert [take(connection, 3), take(connection), take(connection)] == [1, 4, 5]
        assert take(connection, period="2027") == 1
        assert take(connection, format_=SHORT, period="") == 1
        assert take(connection, tenant_id=OTHER) == 1
        assert take(connection) == 6
        assert sorted(numbers.templates(connection, TENANT)) == [SHORT.template, FORMAT.template]
        assert numbers.templates(connection, OTHER) == [FORMAT.template]


def test_a_format_that_differs_in_width_only_goes_on_counting(database):
    wider = NumberFormat("TKT-{year}-{seq:07d}")
    with database.write() as connection:
        assert [take(connection, 3), take(connection, format_=wider)] == [1, 4]
        assert [take(connection), take(connection, format_=wider)] == [5, 6]
        assert take(connection, format_=NumberFormat("ABC-{year}-{seq:05d}")) == 1


def test_a_number_that_was_not_used_is_given_again(database):
    def take_in_vain() -> None:
        with database.write() as connection:
            take(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_in_vain()
    with database.write() as connection:
        assert take(connection) == 1


def test_a_number_is_given_to_one_node_at_a_time(postgresql):
    def take_one() -> int:
        with postgresql.write() as connection:
            return take(connection)

    assert take_one() == 1
    with ThreadPoolExecutor(1) as pool:
        with postgresql.write() as connection:
            first = numbers.lock(connection, TENANT, FORMAT, "2026")
            other = pool.submit(take_one)
            wait_until(lambda: connection.execute(text(WAITING)).scalar(), "the other to wait")
            numbers.advance(connection, TENANT, FORMAT.template, "2026", first + 5)
        assert (first, other.result(20)) == (2, 7)


# --- rules ----------------------------------------------------------------------------------------


LEADS = Escalation(
    "leads",
    timedelta(hours=4),
    Since.OVERDUE,
    "office",
    categories=("billing",),
    kinds=(Kind.DISPUTE,),
    priorities=(Priority.HIGH, Priority.URGENT),
    teams=("billing",),
    tags=("vip",),
    missed=2,
    to="team:leads",
    tell_admins=True,
)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("window", [None, timedelta(days=7), timedelta(0)])
def test_rules_come_back_from_their_snapshot_as_they_were(preset, window):
    policy = Policy(
        *resolve(preset),
        reopen_window=window,
        client_reminders=3,
        escalations=(LEADS, Escalation("old", timedelta(days=9))),
    )
    assert policies.restore(policies.body(policy)) == policy
    assert policies.restore(policies.body(policy)).reopen_window == window


def rules(**changes) -> Policy:
    return Policy(*resolve(), **changes)


def test_the_same_rules_are_kept_once_and_others_apart(database):
    with database.write() as connection:
        ids = database.ids(connection, 10)
        first = policies.keep(connection, ids, policies.snapshot(rules()))
        other = policies.keep(connection, ids, policies.snapshot(rules(client_reminders=0)))
        assert policies.keep(connection, ids, policies.snapshot(rules())) == first != other
        assert total(connection, schema.policy) == 2
        (body,) = [row["body"] for row in every(connection, schema.policy) if row["id"] == first]
    assert policies.restore(body) == rules()


def test_two_nodes_that_begin_under_new_rules_at_once_keep_them_once(postgresql):
    def keep_mine(ids) -> int:
        with postgresql.write() as connection:
            return policies.keep(connection, ids, policies.snapshot(rules()))

    with ThreadPoolExecutor(1) as pool:
        with postgresql.write() as connection:
            mine = policies.keep(connection, count(1), policies.snapshot(rules()))
            other = pool.submit(keep_mine, count(1000))
            wait_until(lambda: connection.execute(text(WAITING)).scalar(), "the other to wait")
        assert other.result(20) == mine


def test_rules_are_found_by_what_they_say_and_read_again_by_their_id(database):
    with database.write() as connection:
        assert policies.find(connection, policies.snapshot(rules())) is None
        assert policies.load(connection, 99) is None
        kept = policies.keep(
            connection, database.ids(connection, 10), policies.snapshot(rules(near=70))
        )
        assert policies.find(connection, policies.snapshot(rules(near=70))) == kept
        assert policies.find(connection, policies.snapshot(rules(near=71))) is None
        assert policies.load(connection, kept) == rules(near=70)


def test_calendars_and_rows_come_back_from_their_snapshot_too():
    day = ((540, 720), (1320, 1800))
    office = Calendar("Europe/Berlin", (day,) * 5 + ((),) * 2, {date(2026, 12, 25): ()})
    given = {"calendar": "office", "working": ("client",)}
    custom = {"vip": {"system": timedelta(minutes=5), "next_response": timedelta(hours=1)}}
    policy = Policy(*resolve("standard", given), calendars={"office": office}, custom=custom)
    again = policies.restore(json.loads(json.dumps(policies.body(policy))))
    assert again == policy
    assert again.calendars["office"].week[0] == day


# --- rows of thresholds ---------------------------------------------------------------------------


def test_rows_are_written_over_and_taken_away(database):
    row = Row(Level.GATEWAY, RowType.PRIORITY, "high", {"system": timedelta(hours=1)})
    own = Row(Level.TENANT, RowType.CUSTOM, "vip", {"working": ("client",), "calendar": ""})
    with database.write() as connection:
        thresholds.put(connection, TENANT, [own, row], NOW)
        assert thresholds.rows(connection, TENANT) == (row, own)
        off = replace(row, values={}, active=False)
        thresholds.put(connection, TENANT, [off], NOW)
        assert thresholds.rows(connection, TENANT) == (off, own)
        thresholds.drop(connection, TENANT, Level.TENANT, RowType.CUSTOM, "vip")
        assert thresholds.rows(connection, TENANT) == (off,)


# --- signs of life --------------------------------------------------------------------------------


def test_a_clock_that_never_ran_has_given_no_sign(database):
    with database.read() as connection:
        assert heartbeat.last(connection) == Heartbeat()


def test_the_last_sign_of_the_clock_is_the_one_that_counts(database):
    for beat in (Heartbeat(NOW, LATER, late=True), Heartbeat(LATER, None)):
        with database.write() as connection:
            heartbeat.keep(connection, beat)
        with database.read() as connection:
            assert heartbeat.last(connection) == beat
            assert total(connection, schema.heartbeat) == 1


def test_only_the_last_run_of_a_job_is_kept_and_a_long_fault_is_cut(database):
    with database.write() as connection:
        jobs.note(connection, TENANT, LastRun("rules", "one", NOW, 5, {"followed": 3}, ""))
        jobs.note(connection, TENANT, LastRun("rules", "two", LATER, 7, {}, "x" * 1000))
    with database.read() as connection:
        found = jobs.last(connection, TENANT)
    assert found == {"rules": LastRun("rules", "two", LATER, 7, {}, "x" * 300)}


def test_the_newest_of_what_is_known_of_an_agent_counts(database):
    until = NOW + timedelta(days=3)
    with database.write() as connection:
        agents.note(connection, TENANT, [], [("bob", until, LATER)])
        signs = [("alice", LATER), ("alice", NOW), ("bob", NOW)]
        agents.note(connection, TENANT, signs, [("alice", until, NOW), ("alice", None, LATER)])
        agents.note(connection, TENANT, [("alice", NOW), ("bob", LATER)], [])
        agents.note(connection, TENANT, [], [])
        agents.note(connection, TENANT, [], [("bob", None, NOW)])
    with database.read() as connection:
        found = agents.known(connection, TENANT)
    assert found == {"alice": Known(LATER, None), "bob": Known(LATER, until)}
    with database.write() as connection:
        agents.note(connection, TENANT, [], [("bob", None, LATER)])
        assert agents.known(connection, TENANT)["bob"] == Known(LATER, None)
