"""A matter lived through again: the same under the same rules, and what other rules change."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as how

from mailgate.domain import events
from mailgate.domain.escalation import ADMINS, ApprovalRule
from mailgate.domain.lifecycle import decide
from mailgate.domain.model import GATEWAY, Actor, ActorKind, Status, Ticket
from mailgate.domain.outcomes import What, differences, outcomes
from mailgate.domain.replay import Begun, Given, Replay, from_outside
from mailgate.domain.timers import running
from mailgate.errors import Illegal
from tests.domain.lives import ALICE, CAROL, HOUR, START, Life
from tests.domain.strategies import LEADS, lives, policies

DAY = timedelta(days=1)


def a_given(ticket, event, now, after=None, id_=None) -> Given:
    after = after or ticket
    return Given(id_ or ticket.id, event, now, after.turn, after.resolution)


class Story:
    """Events of one ticket as they would be recorded, whoever decides on them."""

    def __init__(self, **rules):
        self.life = Life(**rules)
        self.given = []

    def do(self, kind, actor=ALICE, /, **facts):
        self.life.do(kind, actor, **facts)
        self.given.append(a_given(self.life.ticket, self.life_event(kind, actor, facts), self.now))
        return self

    def life_event(self, kind, actor, facts):
        facts = {name: value for name, value in facts.items() if name not in {"after", "at"}}
        return kind(at=self.now, actor=actor, **facts)

    @property
    def now(self):
        return self.life.now

    def opened(self):
        return self.do(events.Opened, CAROL, number="T-1", subject="Printer", requester=CAROL.id)

    def under(self, until=60 * DAY, **rules):
        replay = Replay(replace(self.life.policy, **rules), [], START - DAY)
        return replay.live(self.given, START + until), replay


def names(found) -> list[tuple[str, str]]:
    return [(each.what.value, each.about) for each in found]


def exactly(policy, moments, until):
    """Record what a clock that acts at once makes of the events of a life from outside."""
    ticket, now, given_, found = Ticket(7), START, [], []

    def let(event, at):
        nonlocal ticket
        before = ticket
        decision = decide(before, event, policy, at)
        ticket = decision.ticket
        found.extend(outcomes(before, event, ticket))
        given_.append(a_given(ticket, event, at))
        return decision

    def pass_time(until):
        nonlocal now
        while due := [t for t in running(ticket, policy) if t.due_at <= until]:
            first = due[0]
            now = max(now, first.due_at)
            passed = events.DeadlinePassed(
                at=first.due_at, actor=GATEWAY, timer=first.kind, turn=first.turn, step=first.step
            )
            if any(effect.notice == "waiting" for effect in let(passed, now).effects):
                facts = {"notice": "waiting", "turn": ticket.turn, "recipient": ticket.requester}
                let(events.Delivered(at=now, actor=GATEWAY, **facts), now)
        now = max(now, until)

    for moment in moments:
        event = replace(moment.event, at=moment.now)
        reminder = getattr(event, "notice", "") == "waiting"
        if not from_outside(event) or reminder:
            continue
        pass_time(moment.now)
        try:
            let(event, now)
        except Illegal:
            continue
    pass_time(until)
    return given_, found, ticket


@how(max_examples=60, deadline=None)
@given(life=lives())
def test_under_the_rules_by_which_it_was_decided_all_comes_out_as_recorded(life):
    policy, moments = life
    policy = replace(policy, reopen_window=None)  # else mails begin tickets of their own
    until = moments[-1].now + 60 * DAY
    recorded, found, ticket = exactly(policy, moments, until)
    replay = Replay(policy, [], START)
    again = replay.live(recorded, until)
    assert differences(found, again) == []
    assert replay.tickets() == [ticket]


@how(max_examples=60, deadline=None)
@given(life=lives(), other=policies)
def test_any_rules_lead_to_an_end(life, other):
    _, moments = life
    until = moments[-1].now + 60 * DAY
    recorded = [a_given(m.after, m.event, m.now) for m in moments if m.decision is not None]
    first, second = (Replay(other, [], START).live(recorded, until) for _ in range(2))
    assert first == second
    assert [each.at for each in first] == sorted(each.at for each in first)


def test_an_answer_within_the_window_reopens_and_a_later_one_opens_a_new_ticket():
    story = Story().opened().do(events.AgentReplied).do(events.Close)
    story.do(events.CustomerWrote, CAROL, after=5 * DAY).do(events.AgentReplied)
    confirm = events.Confirm(at=story.now, actor=CAROL, resolution=3)
    story.given.append(a_given(story.life.ticket, confirm, story.now))
    found, replay = story.under()
    assert ("reopened", "customer") in names(found)
    assert len(replay.tickets()) == 1
    found, replay = story.under(reopen_window=DAY)
    assert ("follow_up", "") in names(found)
    assert [ticket.status for ticket in replay.tickets()] == [Status.CLOSED, Status.WAITING]
    assert replay.tickets()[1].follows == 7
    assert ("left_out", "ticket.confirmed") in names(found)


def test_a_ticket_that_followed_is_the_old_one_where_that_would_have_taken_the_mail():
    story = Story().opened().do(events.Close)
    at = story.now + 5 * DAY
    facts = {"number": "T-2", "subject": "Printer", "follows": 7}
    for who in (CAROL.id, "dave@customer.example"):
        opened = events.Opened(at=at, actor=CAROL, requester=who, **facts)
        given_ = [*story.given, Given(8, opened, at, 1, 0)]
        policy = story.life.policy
        kept = Replay(policy, [], START)
        assert names(kept.live(given_, at + HOUR)) == [("reopened", "customer")]
        assert [ticket.id for ticket in kept.tickets()] == [7]
        apart = Replay(replace(policy, reopen_window=DAY), [], START)
        assert names(apart.live(given_, at + HOUR)) == [("follow_up", "")]
        assert [ticket.id for ticket in apart.tickets()] == [7, 8]


def test_what_staff_split_off_a_ticket_is_apart_from_it_under_all_rules():
    story = Story().opened().do(events.AgentReplied, sent=True).do(events.CustomerWrote, CAROL)
    at = story.now + HOUR
    facts = {"number": "T-2", "subject": "Printer", "follows": 7, "split": True}
    opened = events.Opened(at=story.now, actor=CAROL, requester=CAROL.id, **facts)
    left = events.SplitOff(at=at, actor=ALICE, target=8, message=1, back_to=Status.WAITING)
    given_ = [*story.given, Given(8, opened, at, 1, 0), Given(7, left, at, 4, 0)]
    for policy in (story.life.policy, replace(story.life.policy, reopen_window=DAY)):
        replay = Replay(policy, [], START)
        assert names(replay.live(given_, at)) == []
        assert [ticket.status for ticket in replay.tickets()] == [Status.WAITING, Status.NEW]


def test_a_new_ticket_takes_nothing_from_one_that_follows_already():
    story = Story().opened().do(events.Close)
    at = story.now + 5 * DAY
    facts = {"number": "T-2", "subject": "Printer", "requester": CAROL.id, "follows": 7}
    opened = events.Opened(at=at, actor=CAROL, **facts)
    wrote = events.CustomerWrote(at=at + HOUR, actor=CAROL)
    given_ = [
        *story.given,
        Given(8, opened, at, 1, 0),
        Given(7, wrote, at + HOUR, 2, 0),
        Given(8, replace(wrote, at=at + 2 * HOUR), at + 2 * HOUR, 1, 0),
    ]
    replay = Replay(replace(story.life.policy, reopen_window=DAY), [], START)
    assert names(replay.live(given_, at + 2 * HOUR)) == [("follow_up", ""), ("follow_up", "")]
    assert [t.last_response_at for t in replay.tickets()[1:]] == [at + 2 * HOUR, at + HOUR]


def test_a_participant_is_one_in_the_old_ticket_too():
    story = Story().opened().do(events.PeopleJoined, CAROL, people=("dave@customer.example",))
    story.do(events.Close)
    at = story.now + DAY
    opened = events.Opened(
        at=at, actor=CAROL, number="T-2", subject="x", requester="dave@customer.example", follows=7
    )
    replay = Replay(story.life.policy, [], START)
    replay.live([*story.given, Given(8, opened, at, 1, 0)], at)
    assert replay.tickets()[0].last_responder == "client"


def test_what_confirms_a_resolution_that_was_not_there_moves_nothing():
    story = Story().opened().do(events.CustomerWrote, CAROL, confirms=1)
    found, replay = story.under(until=2 * HOUR)
    assert (found, replay.tickets()[0].status) == ([], Status.NEW)
    story = Story().opened().do(events.Resolve).do(events.CustomerWrote, CAROL, confirms=1)
    assert names(story.under()[0]) == [("closed_by_customer", "")]


def test_a_reminder_that_did_not_arrive_does_not_arrive_here_either():
    story = Story().opened().do(events.AgentReplied, sent=True)
    assert names(story.under()[0])[1:4] == [("reminded", "1"), ("reminded", "2"), ("reminded", "3")]
    facts = {"turn": 2, "recipient": CAROL.id, "notice": "waiting"}
    story.do(events.Undelivered, GATEWAY, reason="550", after=3 * DAY, **facts)
    assert names(story.under()[0]) == [("late", "customer"), ("reminded", "1")]
    story.given.append(
        a_given(
            story.life.ticket, events.Delivered(at=story.now, actor=GATEWAY, **facts), story.now
        )
    )
    assert ("reminded", "2") in names(story.under()[0])


def test_the_clock_waits_for_a_mail_that_is_processed_a_little_late():
    story = Story().opened()
    at = START + 24 * HOUR - timedelta(minutes=1)
    reply = events.AgentReplied(at=at, actor=ALICE, sent=True)
    answered = replace(story.life.ticket, turn=2)
    for minutes, late in ((5, False), (600, True)):
        given_ = [*story.given, a_given(answered, reply, at + timedelta(minutes=minutes))]
        found = Replay(story.life.policy, [], START).live(given_, at + 11 * HOUR)
        assert (("late", "desk") in names(found)) is late


def test_a_ticket_that_has_begun_catches_up_with_the_rules_at_the_beginning():
    life = Life().opened()
    rules = life.policy
    shorter = replace(
        rules,
        thresholds={p: replace(t, system=HOUR) for p, t in rules.thresholds.items()},
    )
    since = START + 10 * HOUR
    for former, policy, at in (
        (rules, rules, START + 24 * HOUR),
        (rules, shorter, since),
        (None, shorter, since),
    ):
        (late,) = Replay(policy, [Begun(life.ticket, former)], since).live([], START + 30 * HOUR)
        assert (late.what, late.about, late.at) == (What.LATE, "desk", at)


def test_what_follows_from_the_rules_is_not_given():
    stamp = {"at": START, "actor": GATEWAY}
    mine = {"at": START, "actor": ALICE}
    assert not from_outside(events.PolicyChanged(**stamp))
    assert from_outside(events.PolicyChanged(**mine))
    assert not from_outside(events.Delayed(**stamp, notice="x", recipient="y", reason="z"))


def test_an_escalation_a_target_and_closing_by_the_clock_are_outcomes():
    story = Story(watch_targets=True).opened().do(events.Resolve, after=30 * HOUR)
    said = names(story.under()[0])
    assert said == [
        ("target_near", "first_response"),
        ("late", "desk"),
        ("target_missed", "first_response"),
        ("auto_closed", ""),
    ]
    silent = Story().opened().do(events.AgentReplied, sent=True)
    assert ("resolved_silent", "") in names(silent.under(resolve_silent=True)[0])


def test_a_rule_that_escalates_is_an_outcome():
    assert names(Story().opened().under(until=5 * HOUR, escalations=(LEADS,))[0]) == [
        ("escalated", "")
    ]


def test_an_approval_given_in_the_record_goes_to_what_the_other_rules_ask():
    boss = Actor(ActorKind.ADMIN, "boss")
    rule = replace(LEADS, approval=ApprovalRule(ADMINS, expires_after=3 * HOUR))
    story = Story(escalations=(rule,)).opened()
    story.life.due(events.TimerKind.ESCALATION)
    story.do(events.Approve, boss, approval=1)
    sooner = replace(rule, name="sooner", after=HOUR, priorities=())
    found, replay = story.under(until=9 * HOUR, escalations=(sooner, rule))
    assert names(found) == [
        *(("approval_wanted", ""), ("approval_expired", "")),
        ("approval_wanted", ""),
    ]
    assert [ticket.escalation_level for ticket in replay.tickets()] == [1]
    unasked = story.under(until=9 * HOUR, escalations=())[0]
    assert names(unasked) == [("left_out", "ticket.approved")]


@pytest.mark.parametrize(("kind", "facts"), [(events.Rated, {"score": 4}), (events.Confirm, {})])
def test_what_is_said_of_an_end_that_the_clock_made_is_taken_again(kind, facts):
    story = Story(client_reminders=0, resolve_silent=True, survey_after=DAY).opened()
    story.do(events.AgentReplied).do(events.Delivered, GATEWAY, **reply(story))
    replay = Replay(story.life.policy, [], START - DAY)
    replay.live(story.given, START + 60 * DAY)
    (ended,) = replay.tickets()
    assert (ended.status, ended.resolution) == (Status.CLOSED, 1)
    said = kind(at=ended.closed_at + 2 * DAY, actor=CAROL, resolution=1, **facts)
    given = [*story.given, a_given(ended, said, said.at)]
    again = Replay(story.life.policy, [], START - DAY)
    assert What.LEFT_OUT not in {each.what for each in again.live(given, START + 60 * DAY)}
    assert again.tickets()[0].satisfaction == facts.get("score")


def reply(story):
    ticket = story.life.ticket
    return {"notice": "agent_reply", "turn": ticket.turn, "recipient": ticket.requester}
