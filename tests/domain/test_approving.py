"""What must be approved before a ticket goes up: asked once, decided by who may, or over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.approving import LONGEST_REASON
from mailgate.domain.escalation import ADMINS, ApprovalRule, Escalation, lacking
from mailgate.domain.events import DeadlinePassed, TimerKind
from mailgate.domain.history import plain, revive
from mailgate.domain.hours import Calendar
from mailgate.domain.model import CLOCK, Actor, ActorKind, Approval
from mailgate.domain.outcomes import Outcome, What, outcomes
from mailgate.domain.people import Agent, Audience, Staff, recipients
from mailgate.errors import Illegal
from tests.domain.lives import ALICE, HOUR, Life, in_progress, new, waiting

DAY = timedelta(days=1)
BOSS = Actor(ActorKind.ADMIN, "boss")
BOB = Actor(ActorKind.AGENT, "bob")
ADMINS_AGREE = ApprovalRule(ADMINS, 4 * HOUR, 2 * DAY)
BOB_AGREES = ApprovalRule("bob", 4 * HOUR, 2 * DAY)
LEADS = Escalation("leads", 3 * HOUR, to="team:leads", tell_admins=True, approval=BOB_AGREES)
BOARD = Escalation("board", 5 * HOUR, to="eve")
ONCE, REMINDER, EXPIRED = (
    *(TimerKind.ESCALATION, TimerKind.APPROVAL_REMINDER),
    TimerKind.APPROVAL_EXPIRED,
)
OFFICE = Calendar("UTC", (((540, 1020),),) * 5 + ((),) * 2)


def by_rule(**rules) -> Life:
    """A ticket of alice's on which the rule has asked."""
    return in_progress(**({"escalations": (LEADS,)} | rules)).due(ONCE)


def by_hand(**rules) -> Life:
    """A ticket that alice wants to go up."""
    life = new(**({"asking": ADMINS_AGREE} | rules))
    return life.do(events.Escalate, ALICE, to="team:leads", reason="he calls")


def pending(life: Life) -> list[tuple[str, timedelta]]:
    return [each for each in life.timers if each[0].startswith("approval")]


# --- asked ----------------------------------------------------------------------------------------


def test_a_rule_that_needs_an_approval_asks_for_it_and_nothing_goes_up():
    life = by_rule()
    assert life.changed == {
        "escalated_by": ("turn leads",),
        "approvals": 1,
        "approval": Approval(
            n=1,
            since=life.now,
            by="bob",
            asked_by="",
            rule="turn leads",
            to="team:leads",
            reason="rule leads: 3h of the desk's turn",
            tell_admins=True,
            every=4 * 3600,
            calendar="",
            remind_at=life.now + 4 * HOUR,
            expires_at=life.now + 2 * DAY,
        ),
    }
    assert life.told == [("approval_wanted", "approvers")]
    assert life.decision.reasons == (
        "left lying, an approval is asked for",
        "rule leads: 3h of the desk's turn",
        "approval 1, of bob",
    )


def test_what_an_agent_asks_for_is_asked_of_the_administrators():
    life = by_hand()
    approval = life.ticket.approval
    assert approval is not None
    assert (approval.by, approval.asked_by, approval.rule) == (None, "alice", "")
    assert (approval.to, approval.reason, approval.tell_admins) == ("team:leads", "he calls", False)
    assert (life.ticket.escalation_level, life.told) == (0, [("approval_wanted", "approvers")])
    assert life.decision.reasons[1] == "approval 1, of the administrators"


@pytest.mark.parametrize("length", [LONGEST_REASON - 1, LONGEST_REASON, LONGEST_REASON + 1])
def test_of_a_long_reason_the_beginning_stands_on_the_ticket(length):
    life = new(asking=ADMINS_AGREE).do(events.Escalate, ALICE, reason="y" * length)
    assert life.ticket.approval is not None
    assert life.ticket.approval.reason == "y" * min(length, LONGEST_REASON)


@pytest.mark.parametrize(("who", "rule"), [(BOSS, BOB_AGREES), (BOB, BOB_AGREES), (ALICE, None)])
def test_who_has_the_say_needs_nobody(who, rule):
    life = new(asking=rule).do(events.Escalate, who)
    assert (life.ticket.escalation_level, life.ticket.approval) == (1, None)


def test_another_is_not_asked_for_meanwhile_but_a_rule_that_needs_none_acts():
    life = by_hand(escalations=(LEADS, BOARD))
    assert lacking(LEADS, life.ticket) == "another approval is asked for"
    assert life.due(ONCE).ticket.escalated_to == "eve"
    with pytest.raises(Illegal, match="no approval is asked for on it yet"):
        life.do(events.Escalate, ALICE)
    life.do(events.Reject, BOSS, reason="no")
    assert life.due(ONCE).ticket.approvals == 2


# --- decided --------------------------------------------------------------------------------------


def test_approved_it_goes_up_as_the_rule_says():
    life = by_rule().do(events.Approve, BOB, approval=1)
    assert life.changed == {
        "escalation_level": 1,
        "escalated_at": life.now,
        "escalated_to": "team:leads",
        "escalation_reason": "rule leads: 3h of the desk's turn",
        "approval": None,
    }
    assert life.told == [
        *(("escalated", "target"), ("escalated", "assignee"), ("escalated", "admins")),
        *(("approved", "asker"), ("approved", "approvers")),
    ]
    assert pending(life) == []


def test_administrators_who_hear_that_it_went_up_are_not_told_twice():
    life = new(asking=ADMINS_AGREE).do(events.Escalate, ALICE).do(events.Approve, BOSS)
    assert life.told == [("escalated", "target"), ("escalated", "assignee"), ("approved", "asker")]


def test_rejected_it_stays_as_it_is_and_who_asked_is_told_why():
    life = by_hand().do(events.Reject, BOSS, reason="wait until Monday")
    assert life.changed == {"approval": None}
    assert life.told == [(("rejected"), who) for who in ("asker", "assignee", "approvers")]
    assert {effect.reason for effect in life.decision.effects} == {"wait until Monday"}


@pytest.mark.parametrize("kind", [events.Approve, events.Reject])
@pytest.mark.parametrize(
    ("life", "who", "facts"),
    [
        (by_hand, ALICE, {}),
        (by_hand, BOB, {}),
        (by_rule, ALICE, {}),
        (by_rule, Actor(ActorKind.MAILBOX, "bob"), {}),
        (by_rule, Actor(ActorKind.CUSTOMER, "bob"), {}),
        (by_rule, BOB, {"approval": 2}),
        (new, BOSS, {}),
    ],
)
def test_nobody_else_decides_and_nothing_else_is_decided(kind, life, who, facts):
    reason = {"reason": "no"} if kind is events.Reject else {}
    with pytest.raises(Illegal, match="this approval is asked for, they may give it"):
        life().do(kind, who, **facts, **reason)


def test_an_administrator_decides_in_place_of_who_is_asked_but_not_what_they_asked_for():
    assert by_rule().do(events.Approve, BOSS).ticket.escalation_level == 1
    asked = by_hand(asking=BOB_AGREES)
    turned = Actor(ActorKind.ADMIN, "alice")  # who has become one since
    with pytest.raises(Illegal):
        asked.do(events.Approve, turned)


def test_what_is_decided_is_not_decided_again():
    life = by_rule().do(events.Approve, BOB)
    with pytest.raises(Illegal):
        life.do(events.Reject, BOSS, reason="no")
    assert life.ticket.escalation_level == 1


# --- waited for -----------------------------------------------------------------------------------


def test_reminders_come_each_after_twice_the_time_and_then_it_is_over():
    life = by_rule()
    begin = life.now
    times = []
    while pending(life):
        kind, _ = pending(life)[0]
        life.due(TimerKind(kind))
        times.append((kind, (life.now - begin) / HOUR))
        assert life.told[0][0] == ("approval_expired" if kind == EXPIRED else "approval_wanted")
    assert times == [(REMINDER, 4), (REMINDER, 12), (REMINDER, 28), (EXPIRED, 48)]
    assert life.told == [("approval_expired", who) for who in ("asker", "assignee", "approvers")]
    assert (life.ticket.approval, life.ticket.escalation_level) == (None, 0)
    assert life.says == "nobody has approved or rejected it in time: it stays as it is"


def test_a_reminder_counts_from_when_the_one_before_was_seen_to():
    life = by_rule()
    at, turn = life.now + 4 * HOUR, life.ticket.turn
    life.now += 10 * HOUR  # the gateway was down
    life.let(DeadlinePassed(at=at, actor=CLOCK, timer=REMINDER, turn=turn, step=100))
    assert life.ticket.approval.remind_at == life.now + 8 * HOUR
    life.let(DeadlinePassed(at=at, actor=CLOCK, timer=REMINDER, turn=turn, step=100))
    assert (life.changed, life.told) == ({}, [])


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        (ApprovalRule("bob"), []),
        (ApprovalRule("bob", 4 * HOUR), [REMINDER]),
        (ApprovalRule("bob", None, DAY), [EXPIRED]),
        (ApprovalRule("bob", DAY, DAY), [EXPIRED]),
    ],
)
def test_each_of_both_may_be_off(rule, kinds):
    assert [kind for kind, _ in pending(by_hand(asking=rule))] == kinds


def test_without_an_end_reminders_do_not_leave_the_calendar():
    life = by_hand(asking=ApprovalRule("bob", 4000 * DAY))
    for _ in range(8):
        life.due(REMINDER)
    assert pending(life) == [(REMINDER, timedelta(days=50 * 365))]


def test_both_times_may_be_working_time():
    rule = ApprovalRule("bob", 4 * HOUR, 12 * HOUR, "office")
    life = by_hand(asking=rule, calendars={"office": OFFICE})  # 10:00 on a Monday
    assert pending(life) == [(REMINDER, 4 * HOUR), (EXPIRED, 28 * HOUR)]
    assert life.due(REMINDER).ticket.approval.remind_at is None


def test_who_is_to_approve_is_not_reminded_of_what_is_snoozed():
    life = by_hand()
    life.do(events.Snooze, until=life.now + 9 * HOUR)
    assert [kind for kind, _ in pending(life)] == [EXPIRED]
    life.due(TimerKind.WAKE)
    assert [kind for kind, _ in pending(life)] == [REMINDER, EXPIRED]


def test_it_outlives_the_turn_but_not_the_matter():
    life = by_hand().replied()
    assert [kind for kind, _ in pending(life)] == [REMINDER, EXPIRED]
    assert life.do(events.Approve, BOSS).ticket.escalation_level == 1
    for ending in (events.Resolve, events.Close):
        over = by_hand().do(ending)
        assert (over.changed["approval"], pending(over)) == (None, [])
        with pytest.raises(Illegal):
            over.do(events.Approve, BOSS)


def test_what_is_asked_for_on_a_resolved_ticket_stays_through_another_answer():
    life = waiting(asking=ADMINS_AGREE).resolved().do(events.Escalate, ALICE)
    assert life.replied().ticket.approval is not None


# --- told and written -----------------------------------------------------------------------------

PEOPLE = (Agent("bob", "bob@desk.example"), Agent("ada", "ada@desk.example", admin=True))
STAFF = Staff(PEOPLE, {}, ("boss@desk.example",))


@pytest.mark.parametrize(
    ("by", "asked_by", "told"),
    [
        ("bob", "", ["bob"]),
        (None, "", ["ada", "boss"]),
        (None, "ada", ["boss"]),
        ("gone", "boss@desk.example", ["ada"]),
        ("bob", "gone", ["bob"]),
    ],
)
def test_who_decides_is_asked_and_never_who_asked(by, asked_by, told):
    approval = replace(by_rule().ticket.approval, by=by, asked_by=asked_by)
    people = recipients(Audience.APPROVERS, new().ticket, STAFF, None, "", approval=approval)
    assert [person.address.partition("@")[0] for person in people] == told


def test_who_asked_is_told_unless_nobody_did():
    approval = by_hand().ticket.approval
    staff = Staff((Agent("alice", "alice@desk.example"),))
    asked = recipients(Audience.ASKER, new().ticket, staff, None, "", approval=approval)
    assert [person.address for person in asked] == ["alice@desk.example"]
    for nobody in (by_rule().ticket.approval, None):
        for audience in (Audience.ASKER, Audience.APPROVERS):
            told = recipients(audience, new().ticket, Staff(), None, "", approval=nobody)
            assert told == ()


def test_it_is_written_down_and_read_back():
    for life in (by_rule(), by_hand(asking=ApprovalRule("bob"))):
        approval = life.ticket.approval
        written = plain(approval)
        assert written["since"] == life.now.isoformat()
        assert revive(written, Approval | None) == approval
    assert revive(None, Approval | None) is None


def test_asking_and_its_end_are_outcomes():
    life = by_rule()
    event = DeadlinePassed(at=life.now, actor=CLOCK, timer=ONCE, turn=1, step=0)
    assert list(outcomes(life.before, event, life.ticket)) == [Outcome(What.ASKED, "bob", life.now)]
    life.due(REMINDER)
    event = DeadlinePassed(at=life.now, actor=CLOCK, timer=EXPIRED, turn=1, step=1)
    assert list(outcomes(life.before, event, life.ticket)) == []
    while pending(life):
        life.due(TimerKind(pending(life)[0][0]))
    event = DeadlinePassed(at=life.now, actor=CLOCK, timer=EXPIRED, turn=1, step=1)
    assert list(outcomes(life.before, event, life.ticket)) == [Outcome(What.EXPIRED, "", life.now)]
