"""What moves a ticket: priority, category, kind, tags, fields, followers and thresholds."""

from datetime import timedelta

import pytest

from mailgate.domain import events, records
from mailgate.domain.model import Delay, ForeignRecord, Kind, Priority, Status
from mailgate.domain.policy import Policy, resolve
from mailgate.errors import Illegal
from tests.domain.lives import HOUR, IN, START, Life, closed, in_progress, new, resolved, waiting

TARGETS = {  # of the preset `standard`, for a ticket that began at START: (first, resolution)
    Priority.CRITICAL: (timedelta(minutes=15), 4 * HOUR),
    Priority.URGENT: (HOUR, 8 * HOUR),
    Priority.HIGH: (4 * HOUR, 24 * HOUR),
    Priority.NORMAL: (24 * HOUR, 72 * HOUR),
    Priority.LOW: (48 * HOUR, 168 * HOUR),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(
    ("event", "facts", "changed"),
    [
        (events.SetCategory, {"category": "billing"}, {"category": "billing"}),
        (events.SetKind, {"kind": Kind.ORDER}, {"kind": Kind.ORDER}),
        (events.Tag, {"added": ("vip", "press")}, {"tags": ("press", "vip")}),
        (events.SetFields, {"values": (("b", "2"),)}, {"fields": (("b", "2"),)}),
        (events.Follow, {"agent": "bob"}, {"followers": ("bob",)}),
    ],
)
def test_each_of_these_does_as_it_says_in_every_status_and_tells_nobody(
    status, event, facts, changed
):
    life = IN[status]().do(event, **facts)
    assert (life.changed, life.told) == (changed, [])
    assert life.do(event, **facts).changed == {}


def test_tags_are_put_on_and_taken_off_at_once():
    life = new().do(events.Tag, added=("vip", "late"))
    assert life.do(events.Tag, added=("press",), removed=("late", "x")).ticket.tags == (
        "press",
        "vip",
    )


def test_an_empty_value_takes_a_field_away():
    life = new().do(events.SetFields, values=(("order", "7"), ("size", "L")))
    assert life.do(events.SetFields, values=(("order", ""), ("size", "M"))).ticket.fields == (
        ("size", "M"),
    )


def test_fields_that_are_filled_in_so_already_change_nothing():
    life = new().do(events.SetFields, values=(("order", "7"),))
    assert life.do(events.SetFields, values=(("order", "7"), ("size", ""))).changed == {}


@pytest.mark.parametrize("status", Status)
def test_a_record_of_another_system_is_kept_in_every_status_and_nobody_is_told(status):
    life = IN[status]().do(events.SetRecord, record="shop:1", state="paid")
    record = ForeignRecord("shop:1", "paid", life.now)
    assert (life.changed, life.told) == ({"records": (record,)}, [])


@pytest.fixture
def shipped():
    """A ticket with two records of other systems."""
    life = new().do(events.SetRecord, record="shop:2", state="shipped")
    return life.do(events.SetRecord, after=HOUR, record="crm:7")


def test_records_of_other_systems_are_kept_with_how_they_stand_and_since_when(shipped):
    at = shipped.now
    assert shipped.ticket.records == (
        ForeignRecord("crm:7", "", at),
        ForeignRecord("shop:2", "shipped", at - HOUR),
    )
    shipped.do(events.SetRecord, after=HOUR, record="shop:2", state="lost")
    assert shipped.ticket.records[1] == ForeignRecord("shop:2", "lost", at + HOUR)
    assert shipped.decision.reasons[1:] == ("shop:2 lost", "before: shipped")
    shipped.do(events.SetRecord, record="shop:2", dropped=True)
    assert shipped.ticket.records == (ForeignRecord("crm:7", "", at),)


@pytest.mark.parametrize(
    "facts",
    [
        {"record": "shop:2", "state": "shipped"},
        {"record": "shop:2"},
        {"record": "crm:7"},
        {"record": "shop:3", "dropped": True},
    ],
)
def test_what_is_known_of_a_record_is_not_recorded_again(shipped, facts):
    shipped.do(events.SetRecord, after=HOUR, **facts)
    assert (shipped.changed, shipped.decision.void) == ({}, True)


@pytest.mark.parametrize("facts", [{"state": "paid"}, {"dropped": True}])
def test_what_comes_late_does_not_undo_what_is_newer(shipped, facts):
    shipped.do(events.SetRecord, at=START - HOUR, record="shop:2", **facts)
    assert (shipped.changed, shipped.decision.void) == ({}, False)


def test_there_are_not_too_many_records():
    life = new()
    for n in range(records.MOST):
        life.do(events.SetRecord, record=f"shop:{n}", state="new")
    with pytest.raises(Illegal, match="has 50 records of other systems: take one away first"):
        life.do(events.SetRecord, record="shop:more")
    life.do(events.SetRecord, record="shop:7", state="shipped")
    life.do(events.SetRecord, record="shop:8", dropped=True).do(events.SetRecord, record="crm:1")
    assert len(life.ticket.records) == records.MOST


def test_an_agent_follows_and_no_longer_does():
    life = new().do(events.Follow, agent="bob").do(events.Follow, agent="ada")
    assert life.ticket.followers == ("ada", "bob")
    assert life.do(events.Follow, agent="bob", follow=False).ticket.followers == ("ada",)
    assert life.do(events.Follow, agent="bob", follow=False).changed == {}


# --- priority and thresholds: deadlines are worked out anew -------------------------------------


@pytest.mark.parametrize("priority", [p for p in Priority if p is not Priority.NORMAL])
def test_a_change_of_priority_works_out_every_deadline_anew(priority):
    life = new()
    life.do(events.SetPriority, after=timedelta(minutes=1), priority=priority)
    first, resolution = TARGETS[priority]
    assert life.ticket.priority is priority
    assert life.ticket.first_response_due_at == START + first
    assert life.ticket.resolution_due_at == START + resolution
    threshold = life.policy.thresholds[priority].system
    assert life.timers == [("system_response", threshold - timedelta(minutes=1))]
    assert life.told == []


def test_the_priority_that_it_has_changes_nothing():
    life = new().due().do(events.SetPriority, priority=Priority.NORMAL)
    assert (life.changed, life.told, life.says) == ({}, [], "has it already")


def test_the_category_and_the_kind_that_it_has_change_nothing():
    ticket = new().ticket
    for event, facts in (
        (events.SetCategory, {"category": ticket.category}),
        (events.SetKind, {"kind": ticket.kind}),
    ):
        life = new().do(event, **facts)
        assert (life.changed, life.told, life.says) == ({}, [], "has it already")


def test_no_deadline_is_earlier_than_the_change_that_caused_it():
    life = new().do(events.SetPriority, after=10 * HOUR, priority=Priority.CRITICAL)
    ticket = life.ticket
    assert ticket.not_before == life.now
    assert (ticket.first_response_due_at, ticket.resolution_due_at) == (life.now, life.now)
    assert life.timers == [("system_response", timedelta())]
    assert life.due().told == [("overdue", "holders"), ("overdue", "admins")]


@pytest.mark.parametrize("life", [waiting, resolved])
def test_the_customers_deadlines_too_are_not_earlier_than_the_change(life):
    life = life().do(events.SetPriority, after=30 * HOUR, priority=Priority.CRITICAL)
    assert [distance for _, distance in life.timers] == [timedelta()]


def test_a_reminder_to_come_is_not_earlier_than_the_change():
    life = waiting().due().delivered("waiting")
    life.do(events.SetPriority, after=30 * HOUR, priority=Priority.CRITICAL)
    assert life.timers == [("reminder", timedelta())]


def test_a_target_that_was_reached_stays_as_it_was():
    life = new().replied().customer().resolved()
    due = life.ticket.first_response_due_at, life.ticket.resolution_due_at
    assert due == (START + 24 * HOUR, START + 72 * HOUR)
    life.do(events.SetPriority, after=100 * HOUR, priority=Priority.CRITICAL)
    assert (life.ticket.first_response_due_at, life.ticket.resolution_due_at) == due
    life = closed()
    life.do(events.SetPriority, priority=Priority.CRITICAL)
    assert life.ticket.resolution_due_at == START + 72 * HOUR


def test_the_delay_clears_if_the_deadline_lies_ahead_again():
    life = new().due().do(events.SetPriority, priority=Priority.LOW)
    assert (life.ticket.delay, life.ticket.rearmed) == (Delay.NONE, 1)
    assert life.decision.reasons == (
        "deadlines are worked out anew",
        "the deadline lies ahead again",
    )
    assert life.timers == [("system_response", 23 * HOUR)]


def test_the_delay_stays_if_the_deadline_does_not_lie_ahead():
    life = new().due().do(events.SetPriority, priority=Priority.HIGH)
    assert (life.ticket.delay, life.timers) == (Delay.SYSTEM, [])
    life = new().due().do(events.SetPriority, after=24 * HOUR, priority=Priority.LOW)
    assert (life.ticket.delay, life.timers) == (Delay.SYSTEM, [])


def test_the_customer_is_not_told_a_step_of_this_turn_again():
    life = waiting().due().delivered("waiting").do(events.SetPriority, priority=Priority.LOW)
    assert life.ticket.delay is Delay.NONE
    assert [kind for kind, _ in life.timers] == ["client_response", "reminder"]
    life.due(events.TimerKind.CLIENT_RESPONSE)
    assert (life.changed, life.told) == ({"delay": Delay.CLIENT}, [])


def test_a_new_turn_forgets_what_was_changed_in_the_old_one():
    life = new().due().do(events.SetPriority, priority=Priority.LOW)
    assert (life.ticket.rearmed, life.ticket.not_before) == (1, life.now)
    life.replied()
    assert (life.ticket.rearmed, life.ticket.not_before) == (0, None)


def test_changed_thresholds_work_the_deadlines_out_anew():
    life = in_progress()
    assert life.timers == [("system_response", 23 * HOUR)]
    life.policy = Policy(*resolve(everywhere={"system": 5 * HOUR, "resolution": HOUR}))
    life.do(events.PolicyChanged, thresholds="gold")
    assert life.changed == {
        "thresholds": "gold",
        "resolution_due_at": life.now,
        "not_before": life.now,
    }
    assert (life.told, life.timers) == ([], [("system_response", 3 * HOUR)])


def test_a_ticket_may_have_times_of_its_own_which_go_before_all_others():
    life = in_progress(custom={"gold": {"system": 9 * HOUR, "client": 9 * HOUR}})
    life.do(events.PolicyChanged, thresholds="gold")
    life.do(events.SetTimes, values=(("system", 7_200), ("auto_close", 3_600)))
    assert life.changed == {
        "own_times": (("auto_close", 3_600), ("system", 7_200)),
        "not_before": life.now,
    }
    assert life.timers == [("system_response", timedelta())]  # never earlier than the change
    row, origins = (of(life.ticket) for of in (life.policy.row, life.policy.origins_for))
    assert (row.system, row.client, row.auto_close) == (2 * HOUR, 9 * HOUR, HOUR)
    assert (origins["system"], origins["client"]) == ("set for this ticket", "custom row gold")
    life.do(events.SetTimes, values=(("system", 36_000),))
    assert life.ticket.own_times == (("auto_close", 3_600), ("system", 36_000))
    assert life.timers == [("system_response", 6 * HOUR)]
    life.do(events.SetTimes, values=())
    assert (life.ticket.own_times, life.policy.row(life.ticket).system) == ((), 9 * HOUR)


def test_a_change_before_the_first_mail_sets_no_targets():
    life = Life().with_facts(number="TKT-2026-00001")
    life.do(events.SetPriority, priority=Priority.HIGH)
    assert (life.ticket.priority, life.ticket.first_response_due_at) == (Priority.HIGH, None)
