"""Approvals by the clock and through the one door: asked, reminded and over, each once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.clock import Clock
from mailgate.desk.forecast import forecast
from mailgate.domain.escalation import ADMINS, ApprovalRule, Escalation
from mailgate.domain.events import Approve, Escalate, Reject, TimerKind
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.outcomes import What
from mailgate.domain.people import Staff
from mailgate.errors import Illegal
from tests.desk.auditing import faults
from tests.desk.conftest import ADMIN, ALICE, BOB, World, settings
from tests.desk.test_escalation import run
from tests.desk.test_simulation import simulated

HOUR = timedelta(hours=1)
RULE = Escalation("leads", 4 * HOUR, to="alice", approval=ApprovalRule("bob", 4 * HOUR, 24 * HOUR))
ASKING = ApprovalRule(ADMINS, 4 * HOUR, 24 * HOUR)
WHO = Actor(ActorKind.AGENT, "alice")
BY_BOB = Actor(ActorKind.AGENT, "bob")


def staffed(*rules: Escalation, **more):
    staff = Staff((ALICE, BOB), {}, (ADMIN,))
    return replace(settings(escalations=rules, watch_targets=False, **more), staff=staff)


@pytest.fixture
def led(database):
    world = World(database, staffed(RULE, asking=ASKING))
    world.tick()
    return world


def wanted(world):
    return [row for row in world.rows("outbox") if row["notice"].startswith("approv")]


def test_who_decides_is_asked_once_and_reminded_until_it_is_over(led):
    ticket = led.open()
    steps = run(led, hours=34)
    kinds = [step.timer for step in steps if step.timer != TimerKind.SYSTEM_RESPONSE]
    assert kinds == [
        TimerKind.ESCALATION,
        *[TimerKind.APPROVAL_REMINDER] * 2,
        TimerKind.APPROVAL_EXPIRED,
    ]
    assert (
        steps[0].says == "left lying, an approval is asked for: rule leads: 4h of the desk's turn"
    )
    told = [(row["notice"], row["recipient"]) for row in wanted(led)]
    assert told == [*[("approval_wanted", BOB.address)] * 3, ("approval_expired", BOB.address)]
    assert [row["context"]["approval"]["reminded"] for row in wanted(led)[:3]] == [0, 1, 2]
    assert Clock(led.desk).tick(led.now).steps == ()
    found = led.ticket(ticket)
    assert (found.approval, found.approvals, found.escalation_level) == (None, 1, 0)
    assert faults(led) == []


def test_the_notice_says_what_is_asked_and_its_answer_is_an_internal_note(led):
    led.open()
    run(led, hours=4)
    (row,) = wanted(led)
    told = row["context"]
    assert told["approval"] == {
        "asked_by": None,
        "to": "Alice",
        "reason": None,
        "rule": {"name": "leads", "since": "turn", "seconds": 14_400, "calendar": None},
        "expires_at": (led.now + 24 * HOUR).isoformat(),
        "reminded": 0,
        "page": None,
    }
    read = led.signer.read_ticket_address(told["reply_to"], BOB.address, led.now)
    assert (read.purpose, read.nonce, read.holder_matches) == ("note", 1, True)
    assert row["automatic"]
    others = [row["context"]["approval"] for row in led.rows("outbox") if row not in wanted(led)]
    assert set(map(str, others)) == {"None"}


def test_what_is_asked_by_hand_tells_who_and_why(led):
    ticket = led.open()
    led.apply(ticket, Escalate(at=led.now, actor=WHO, to="bob", reason="he calls"))
    (row,) = wanted(led)
    told = row["context"]["approval"]
    assert (row["recipient"], told["asked_by"], told["to"]) == (ADMIN, "Alice", "Bob")
    assert (told["reason"], told["rule"]) == ("he calls", None)
    led.apply(ticket, Approve(at=led.now, actor=Actor(ActorKind.ADMIN, ADMIN)))
    (up,) = (row for row in led.rows("outbox") if row["notice"] == "escalated")
    assert (up["recipient"], up["context"]["note"]) == (BOB.address, "he calls")
    assert up["context"]["escalation"] == {"level": 1, "to": "Bob", "rule": None}
    (agreed,) = (row for row in led.rows("outbox") if row["notice"] == "approved")
    assert agreed["recipient"] == ALICE.address
    assert faults(led) == []


def test_two_who_decide_at_once_decide_once(led):
    ticket = led.open()
    run(led, hours=4)
    led.apply(ticket, Approve(at=led.now, actor=BY_BOB, approval=1))
    with pytest.raises(Illegal):
        led.apply(ticket, Reject(at=led.now, actor=Actor(ActorKind.ADMIN, ADMIN), reason="no"))
    with pytest.raises(Illegal):
        led.apply(ticket, Approve(at=led.now, actor=BY_BOB, approval=1))
    assert led.ticket(ticket).escalation_level == 1
    assert [s.timer for s in run(led, hours=40)] == [TimerKind.SYSTEM_RESPONSE]
    assert faults(led) == []


def test_after_an_outage_nothing_is_over_before_somebody_could_have_answered(led):
    led.open()
    run(led, hours=4)
    led.pass_time(hours=40)
    assert [step.timer for step in led.tick().steps] == [TimerKind.SYSTEM_RESPONSE]
    assert run(led, minutes=50) == []
    assert [step.timer for step in run(led, minutes=20)] == [
        TimerKind.APPROVAL_REMINDER,
        TimerKind.APPROVAL_EXPIRED,
    ]
    assert faults(led) == []


def test_a_rule_that_is_taken_away_or_changed_leaves_what_was_asked_as_it_was(led):
    ticket = led.open()
    run(led, hours=5)
    asked = led.ticket(ticket).approval
    changed = replace(RULE, approval=ApprovalRule("alice", HOUR, HOUR))
    for rules in ((changed,), ()):
        led.desk = type(led.desk)(led.database, staffed(*rules), led.signer)
        led.clock = Clock(led.desk)
        led.clock.refresh(led.now)
        run(led, hours=1)
        assert led.ticket(ticket).approval == asked
    led.apply(ticket, Approve(at=led.now, actor=BY_BOB))
    (up,) = (row for row in led.rows("outbox") if row["notice"] == "escalated")
    assert up["context"]["escalation"]["rule"] is None
    assert up["context"]["note"] == "rule leads: 4h of the desk's turn"
    assert faults(led) == []


def test_what_is_foreseen_then_happens(led):
    led.open()
    coming = list(forecast(led.desk, led.now, led.now + 40 * HOUR))
    seen = [(step.at, step.timer, [each.recipient for each in step.notices]) for step in coming]
    known = len(led.rows("outbox"))
    steps = run(led, hours=40)
    assert [(at, kind) for at, kind, _ in seen] == [(step.due_at, step.timer) for step in steps]
    told = [row["recipient"] for row in led.rows("outbox")[known:]]
    assert sorted(told) == sorted(to for _, _, people in seen for to in people)


def test_a_simulation_knows_what_would_have_been_asked_and_left(database):
    world = World(database, staffed(replace(RULE, approval=None)))
    world.tick()
    ticket = world.open()
    begun = world.now
    run(world, hours=40)
    assert world.ticket(ticket).escalation_level == 1
    summary = simulated(world, staffed(RULE).policy, begun)
    ((_, found),) = summary.shown
    assert {(each.what, each.about) for each in found} == {
        (What.ASKED, "bob"),
        (What.EXPIRED, ""),
        (What.ESCALATED, "alice"),
    }


def test_what_was_approved_in_the_record_is_where_another_rule_asked(led):
    ticket = led.open()
    begun = led.now
    run(led, hours=5)
    led.apply(ticket, Approve(at=led.now, actor=BY_BOB, approval=1))
    run(led, hours=2)
    same = simulated(led, led.desk.settings.policy, begun)
    assert (same.differing, same.agreeing) == (0, 1)
    later = replace(RULE, after=9 * HOUR)
    summary = simulated(led, staffed(later, asking=ASKING).policy, begun)
    assert summary.new[What.LEFT_OUT, Approve.name] == 1
