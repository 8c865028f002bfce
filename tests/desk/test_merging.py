"""Tickets that go on in others, and stand alone again."""

import threading
from dataclasses import replace

import pytest

from mailgate.desk import commands, merging
from mailgate.desk.naming import named
from mailgate.domain.events import Close, Discard, MergeInto, Opened, Unmerge
from mailgate.domain.model import Actor, ActorKind, Disposition, Status
from mailgate.domain.numbers import NumberFormat
from mailgate.errors import Conflict, Illegal, Refused
from mailgate.store import tickets
from tests.store.databases import OTHER, POSTGRESQL, add_other_tenant

from .auditing import faults
from .conftest import START, World, settings

AGENT = Actor(ActorKind.AGENT, "alice")
DAVE = "dave@customer.example"


def merge(world, source, target, note=None):
    into = MergeInto(at=world.now, actor=AGENT, target=target.id)
    return commands.carry_out(world.desk, source.id, into, world.now, note=note)


@pytest.fixture
def one(world):
    return world.open("Printer")


@pytest.fixture
def two(world):
    return world.open("Fire", DAVE)


@pytest.fixture
def three(world):
    return world.open("Smoke", DAVE)


def test_a_merge_is_two_events_with_one_correlation_and_tells_nobody(world, one, two):
    before = world.notices()
    decision = merge(world, one, two, "the same fire")
    assert (decision.ticket.status, decision.ticket.merged_into) == (Status.CLOSED, two.id)
    source, target = world.rows("event")[-2:]
    assert (source["name"], source["subject_id"]) == ("ticket.merged", one.id)
    assert (target["name"], target["subject_id"]) == ("ticket.absorbed", two.id)
    assert source["correlation"] == target["correlation"]
    assert source["correlation"] is not None
    assert source["note"] == f"goes on in {two.number}: the same fire"
    assert target["note"] == f"{one.number} goes on here: the same fire"
    assert world.notices() == before
    assert world.ticket(two) == two, "neither its turn nor its people change"
    assert faults(world) == []


def test_what_goes_on_somewhere_is_merged_into_where_that_goes_on(world, one, two, three):
    merge(world, two, three)
    merge(world, one, two)
    assert world.ticket(one).merged_into == three.id
    with world.database.read() as connection:
        here = merging.merged_into(connection, 1, three.id)
        assert {ticket.id for ticket in here} == {one.id, two.id}
    assert faults(world) == []


def test_those_merged_into_one_that_is_merged_are_shown_at_the_end_of_the_way(
    world, one, two, three
):
    merge(world, one, two)
    merge(world, two, three)
    with world.database.read() as connection:
        here = merging.merged_into(connection, 1, three.id)
    assert [ticket.id for ticket in here] == [two.id, one.id]
    with world.desk.writing(world.now) as ledger:
        assert merging.leads_to(ledger, one.id).id == three.id


def test_unmerging_undoes_it_and_it_can_go_on_elsewhere(world, one, two, three):
    merge(world, one, two)
    alone = world.apply(one, Unmerge(at=world.now, actor=AGENT))
    assert (alone.status, alone.merged_into) == (Status.OPEN, None)
    assert alone.disposition is Disposition.NONE
    with world.database.read() as connection:
        assert merging.merged_into(connection, 1, two.id) == []
    merge(world, one, three)
    assert world.ticket(one).merged_into == three.id
    assert faults(world) == []
    with pytest.raises(Illegal):
        world.apply(two, Unmerge(at=world.now, actor=AGENT))


def test_merging_again_where_it_is_already_says_nothing_to_the_target(world, one, two):
    merge(world, one, two)
    merge(world, one, two)
    assert [row["name"] for row in world.rows("event")].count("ticket.absorbed") == 1


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        ((), ("one", "one"), "is this very ticket"),
        (("one", "two"), ("two", "one"), "goes on in TKT-2026-00002 already"),
        (("one", "two"), ("one", "three"), "goes on in another ticket already"),
    ],
)
def test_no_merge_makes_a_ring_or_two_ways_on(request, world, first, then, says):
    of = {name: request.getfixturevalue(name) for name in ("one", "two", "three")}
    if first:
        merge(world, *map(of.get, first))
    before = world.rows("event")
    with pytest.raises(Refused, match=says):
        merge(world, *map(of.get, then))
    assert world.rows("event") == before


def test_what_is_internal_and_what_a_customer_sees_are_never_one(world, one):
    alert = Opened(
        at=START,
        actor=Actor(ActorKind.MACHINE, "nagios@hosts.example"),
        number="",
        subject="Disk full",
        requester="nagios@hosts.example",
        visibility="internal",
    )
    with world.desk.writing(world.now) as ledger:
        inner, other = ledger.open(alert), ledger.open(alert)
    for pair in ((one, inner), (inner, one)):
        with pytest.raises(Refused, match=f"{inner.number} is internal"):
            merge(world, *pair)
    assert merge(world, inner, other).ticket.merged_into == other.id


def test_nothing_is_merged_into_spam_where_nobody_would_hear_of_it(world, one, two):
    world.apply(two, Discard(at=world.now, actor=AGENT, spam=True))
    with pytest.raises(Refused, match="was set aside as spam"):
        merge(world, one, two)
    assert world.ticket(one).merged_into is None


def test_a_closed_ticket_may_take_another(world, one, two):
    world.apply(two, Close(at=world.now, actor=AGENT))
    assert merge(world, one, two).ticket.merged_into == two.id


@pytest.mark.parametrize("rounds", [4])
def test_two_agents_who_merge_two_tickets_into_each_other_make_no_ring(world, rounds):
    for _ in range(rounds):
        pair = world.open(), world.open("Fire", DAVE)
        at_once, refused = threading.Barrier(2), []

        def one_way(source, target, at_once=at_once, refused=refused):
            at_once.wait(10)
            try:
                merge(world, source, target)
            except Refused as refusal:
                refused.append(str(refusal))

        ways = [threading.Thread(target=one_way, args=way) for way in (pair, pair[::-1])]
        for way in ways:
            way.start()
        for way in ways:
            way.join(60)
        stand = [world.ticket(ticket) for ticket in pair]
        assert sorted(ticket.merged_into is None for ticket in stand) == [False, True]
        assert len(refused) == 1
        assert "already" in refused[0]
    assert faults(world) == []


def late(world, source, target):
    """Merge as somebody who has read both tickets before a colleague merged them the other way."""
    with world.desk.writing(world.now) as ledger:
        ledger.load([source.id, target.id])
        merge(world, target, source)
        merging.merge(ledger, source.id, MergeInto(at=world.now, actor=AGENT, target=target.id))


# On SQLite nobody reads in order to write while somebody else does.
@pytest.mark.parametrize(
    "database", [pytest.param(POSTGRESQL, marks=pytest.mark.peers)], indirect=True
)
def test_who_read_both_tickets_before_they_were_merged_has_to_decide_again(world, one, two):
    with pytest.raises(Conflict):
        late(world, two, one)
    assert world.ticket(one).merged_into == two.id
    assert world.ticket(two) == two


# --- how a ticket is named -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["TKT-2026-00001", "tkt-2026-00001", "[TKT-2026-00001]", "#TKT-2026-00001", "TKT‑2026‑00001"],
)
def test_a_number_is_understood_however_it_is_written(world, one, text):
    with world.database.read() as connection:
        assert named(connection, world.desk.settings, text) == one.id


def test_numbers_of_former_formats_and_systems_lead_to_their_tickets(world, one, two):
    with world.desk.writing(world.now) as ledger:
        ledger.refer(f"{tickets.FORMER}[otrs#4711]", two.id, DAVE)
    now = replace(settings(), number_format=NumberFormat("REQ-{date}-{seq:04d}"))
    with world.database.read() as connection:
        assert named(connection, now, "TKT-2026-00001") == one.id
        assert named(connection, now, " [OTRS#4711] ") == two.id


def test_several_numbers_name_no_ticket(world, one, two):
    with (
        world.database.read() as connection,
        pytest.raises(Refused, match="more than one ticket"),
    ):
        named(connection, world.desk.settings, f"{one.number} {two.number}")


def test_a_ticket_of_another_desk_is_not_there(world, one):
    add_other_tenant(world.database)
    other = World(world.database, replace(settings(), tenant_id=OTHER))
    with world.database.read() as connection:
        for desk, text in ((other.desk, one.number), (world.desk, "TKT-2026-1")):
            with pytest.raises(Refused, match="there is no ticket"):
                named(connection, desk.settings, text)
