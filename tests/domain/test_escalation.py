"""Tickets that the desk leaves lying go one level up: by which rule, when, once, and to whom."""

from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.escalation import Escalation, Since, begun_anew, lacking
from mailgate.domain.events import DeadlinePassed, TimerKind
from mailgate.domain.hours import Calendar
from mailgate.domain.model import CLOCK, Kind, Priority, Ticket
from mailgate.domain.people import Agent, Audience, Recipient, Role, Staff, recipients
from mailgate.domain.timers import escalates_at, next_escalation, response_due
from tests.domain.lives import HOUR, START, Life, in_progress, new, waiting

ONCE = TimerKind.ESCALATION
DAY = timedelta(days=1)
LEADS = Escalation("leads", 4 * HOUR, to="team:leads")
BOARD = Escalation("board", 10 * HOUR, to="bob", tell_admins=True)
TOLD = [("escalated", "target"), ("escalated", "assignee")]
OFFICE = Calendar("UTC", (((540, 1020),),) * 5 + ((),) * 2)


def escalated(life: Life) -> Life:
    """Let the next escalation come."""
    return life.due(ONCE)


def coming(life: Life) -> list[timedelta]:
    """Return how far ahead the escalations lie."""
    return [distance for kind, distance in life.timers if kind == ONCE]


# --- when ---------------------------------------------------------------------------------------


def test_a_rule_takes_a_ticket_one_level_up_when_its_time_is_up_and_says_why():
    life = escalated(in_progress(escalations=(LEADS,)))
    assert life.now == START + 4 * HOUR
    assert life.changed == {
        "escalation_level": 1,
        "escalated_at": life.now,
        "escalated_to": "team:leads",
        "escalation_reason": "rule leads: 4h of the desk's turn",
        "escalated_by": ("turn leads",),
    }
    assert life.told == TOLD
    assert life.decision.reasons == (
        "left lying, one level up",
        "rule leads: 4h of the desk's turn",
    )
    assert coming(life) == []


def test_each_of_several_acts_at_its_time_whatever_their_order():
    life = escalated(new(escalations=(BOARD, LEADS)))
    assert (life.ticket.escalated_to, coming(life)) == ("team:leads", [6 * HOUR])
    escalated(life)
    assert (life.ticket.escalation_level, life.ticket.escalated_to) == (2, "bob")
    assert life.told == [*TOLD, ("escalated", "admins")]
    assert coming(life) == []


def test_of_two_at_the_same_moment_the_first_in_order_acts_first():
    life = escalated(new(escalations=(Escalation("a", HOUR, to="ada"), Escalation("b", HOUR))))
    assert (life.ticket.escalated_to, coming(life)) == ("ada", [timedelta()])
    assert escalated(life).ticket.escalated_by == ("turn a", "turn b")


def test_a_new_turn_of_the_desk_begins_anew_and_the_customers_has_none():
    life = escalated(in_progress(escalations=(LEADS,)))
    life.replied()
    assert (coming(life), life.ticket.escalation_level) == ([], 1)
    life.delivered().customer()
    assert coming(life) == [4 * HOUR]
    assert escalated(life).ticket.escalation_level == 2


def test_the_age_of_a_matter_counts_over_all_turns_and_acts_once():
    age = Escalation("old", 2 * DAY, Since.OPENED)
    life = waiting(escalations=(age, LEADS))
    life.customer()
    assert coming(life) == [4 * HOUR]
    escalated(life)
    assert coming(life) == [START + 2 * DAY - life.now]
    escalated(life)
    assert life.ticket.escalated_by == ("turn leads", "opened old")
    life.replied().customer()
    assert life.ticket.escalated_by == ("opened old",)
    assert coming(life) == [4 * HOUR]


def test_a_matter_whose_time_came_on_the_customers_turn_goes_up_when_the_desks_begins():
    life = waiting(escalations=(Escalation("old", 5 * HOUR, Since.OPENED),))
    life.do(events.CustomerWrote, after=9 * HOUR)
    assert coming(life) == [START + 5 * HOUR - life.now]


def test_what_is_reopened_is_as_old_as_its_reopening():
    life = escalated(new(escalations=(Escalation("old", 5 * HOUR, Since.OPENED),)))
    life.closed()
    assert life.ticket.escalation_level == 0
    facts = ("escalated_at", "escalated_to", "escalation_reason")
    assert [getattr(life.ticket, name) for name in facts] == [None] * 3
    life.customer()
    assert coming(life) == [5 * HOUR]
    assert escalated(life).ticket.escalation_level == 1


def test_past_the_desks_time_counts_from_the_deadline_also_at_once():
    life = new(escalations=(Escalation("late", timedelta(), Since.OVERDUE),))
    assert coming(life) == [24 * HOUR]
    assert life.due(TimerKind.SYSTEM_RESPONSE).told[0][0] == "overdue"
    assert coming(life) == [timedelta()]
    life = new(escalations=(Escalation("later", 3 * HOUR, Since.OVERDUE),))
    assert coming(life) == [27 * HOUR]


@pytest.mark.parametrize(
    ("since", "says"),
    [
        (Since.OPENED, "rule now: as soon as it is opened"),
        (Since.TURN, "rule now: as soon as it is the desk's turn"),
        (Since.OVERDUE, "rule now: as soon as the desk's time has run out"),
    ],
)
def test_one_that_acts_at_once_says_so(since, says):
    assert Escalation("now", timedelta(), since).says == says


def test_a_rule_may_count_working_time():
    rule = Escalation("leads", 4 * HOUR, calendar="office")
    life = Life(escalations=(rule,), calendars={"office": OFFICE})
    life.now = START + 7 * HOUR  # on Monday, an hour later: 17:00
    life.opened()
    assert escalated(life).now == START + DAY + 4 * HOUR
    assert "4h of the desk's turn, in working time of office" in life.decision.reasons[1]


def test_a_change_of_what_it_is_makes_no_escalation_earlier_than_the_change():
    urgent = Escalation("pressing", HOUR, priorities=(Priority.URGENT,))
    life = new(escalations=(urgent,))
    life.do(events.SetPriority, after=9 * HOUR, priority=Priority.URGENT)
    assert coming(life) == [timedelta()]
    assert escalated(life).ticket.escalated_at == life.now


@pytest.mark.parametrize(
    ("conditions", "kind", "facts"),
    [
        ({"categories": ("billing",)}, events.SetCategory, {"category": "billing"}),
        ({"kinds": (Kind.ORDER,)}, events.SetKind, {"kind": Kind.ORDER}),
        ({"tags": ("vip",)}, events.Tag, {"added": ("vip",)}),
        ({"teams": ("billing",)}, events.AssignTeam, {"team": "billing"}),
    ],
)
def test_a_rule_that_fits_only_since_a_change_acts_no_earlier_than_that(conditions, kind, facts):
    life = in_progress(escalations=(Escalation("leads", 4 * HOUR, **conditions),))
    life.do(kind, after=9 * HOUR, **facts)
    assert coming(life) == [timedelta()]
    assert escalated(life).ticket.escalated_at == life.now
    later = in_progress(escalations=(Escalation("leads", 4 * HOUR, **conditions),))
    assert coming(later.do(kind, **facts)) == [2 * HOUR]


def test_what_changes_no_escalation_moves_none():
    life = in_progress(escalations=(LEADS,)).do(events.Tag, after=9 * HOUR, added=("vip",))
    assert coming(life) == [START + 4 * HOUR - life.now]


def test_a_change_puts_off_no_rule_that_counts_from_the_deadline():
    late = Escalation("late", 8 * HOUR, since=Since.OVERDUE)
    sooner = Escalation("sooner", 6 * HOUR, since=Since.OVERDUE, tags=("vip",))
    life = new(escalations=(late, sooner))
    life.due(TimerKind.SYSTEM_RESPONSE)
    life.do(events.Tag, after=5 * HOUR, added=("vip",))
    assert coming(life) == [HOUR]
    life.do(events.Tag, after=HOUR / 2, removed=("vip",))
    assert coming(life) == [2.5 * HOUR]


def test_changes_of_priority_put_off_no_rule_that_counts_from_the_deadline_of_what_is_late():
    late = Escalation("late", 30 * HOUR, since=Since.OVERDUE)
    life = new(escalations=(late,)).due(TimerKind.SYSTEM_RESPONSE)
    for hours, priority in ((29, Priority.HIGH), (34, Priority.NORMAL), (36, Priority.HIGH)):
        life.do(events.SetPriority, after=START + hours * HOUR - life.now, priority=priority)
        began = life.policy.row(life.ticket).system
        assert coming(life) == [START + began + 30 * HOUR - life.now]
    life.do(events.SetPriority, after=3 * HOUR, priority=Priority.CRITICAL)
    assert coming(life) == [timedelta()]
    assert escalated(life).ticket.escalated_at == START + 39 * HOUR


def test_a_rule_that_is_due_once_it_fits_acts_then_and_moves_no_deadline():
    late = Escalation("late", 2 * HOUR, since=Since.OVERDUE, tags=("vip",))
    life = new(escalations=(late,))
    life.due(TimerKind.SYSTEM_RESPONSE)
    was = response_due(life.ticket, life.policy)
    life.do(events.Tag, after=5 * HOUR, added=("vip",))
    assert coming(life) == [timedelta()]
    assert response_due(life.ticket, life.policy) == was
    assert life.ticket.not_before is None
    assert escalated(life).ticket.escalated_at == life.now
    assert life.replied().ticket.escalates_from is None


def test_a_rule_for_what_was_late_acts_no_earlier_than_that_was():
    rule = Escalation("once", 4 * HOUR, missed=1)
    life = new(escalations=(rule,))
    life.due(TimerKind.SYSTEM_RESPONSE)
    assert coming(life) == [timedelta()]


def test_what_is_snoozed_goes_up_when_it_wakes():
    life = new(escalations=(LEADS,))
    life.do(events.Snooze, until=START + DAY)
    assert coming(life) == []
    life.due(TimerKind.WAKE)
    assert coming(life) == [START + 4 * HOUR - life.now]


def test_a_deadline_that_comes_twice_acts_once():
    life = in_progress(escalations=(LEADS, BOARD))
    passed = DeadlinePassed(at=START + 4 * HOUR, actor=CLOCK, timer=ONCE, turn=1, step=0)
    life.now = START + 4 * HOUR
    assert life.let(passed).changed["escalation_level"] == 1
    assert life.let(passed).changed == {}
    assert life.says == "overtaken: this deadline no longer runs"


# --- which --------------------------------------------------------------------------------------

TICKET = in_progress(escalations=(LEADS,)).ticket


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ({"categories": ("billing",)}, "its category is general_inquiry"),
        ({"kinds": (Kind.DISPUTE,)}, "its kind is request"),
        ({"priorities": (Priority.HIGH, Priority.URGENT)}, "its priority is normal"),
        ({"teams": ("billing",)}, "its team is none"),
        ({"tags": ("vip",)}, "it has none of the tags"),
        ({"missed": 2}, "our time has run out 0 times, not 2"),
    ],
)
def test_a_condition_that_does_not_hold_is_told(conditions, says):
    rule = Escalation("leads", HOUR, **conditions)
    assert lacking(rule, TICKET) == says
    life = in_progress(escalations=(rule,))
    assert next_escalation(life.ticket, life.policy) is None


def test_all_conditions_together_can_hold():
    rule = Escalation(
        "leads",
        HOUR,
        categories=("billing", "general_inquiry"),
        kinds=(Kind.REQUEST,),
        priorities=(Priority.NORMAL,),
        teams=("billing",),
        tags=("late", "vip"),
    )
    life = in_progress(escalations=(rule,))
    life.do(events.AssignTeam, team="billing").do(events.Tag, added=("vip",))
    assert lacking(rule, life.ticket) == ""
    assert escalates_at(rule, life.ticket, life.policy) == life.now  # since when it fits


def test_why_none_acts_is_told_of_turn_snooze_and_mark():
    assert lacking(LEADS, waiting().ticket) == "it is not the desk's turn"
    assert lacking(LEADS, Life().opened().closed().ticket) == "it is not the desk's turn"
    snoozed = new().do(events.Snooze, until=START + DAY).ticket
    assert lacking(LEADS, snoozed) == "it is snoozed"
    done = escalated(new(escalations=(LEADS,))).ticket
    assert lacking(LEADS, done) == "it has acted on it already"


def test_how_often_the_desk_was_late_is_counted_over_turns():
    rule = Escalation("twice", timedelta(), Since.OVERDUE, missed=2)
    life = new(escalations=(rule,)).due(TimerKind.SYSTEM_RESPONSE)
    assert (life.changed["overdue_count"], coming(life)) == (1, [])
    life.replied().delivered().customer().due(TimerKind.SYSTEM_RESPONSE)
    assert (life.ticket.overdue_count, coming(life)) == (2, [timedelta()])
    assert escalated(life).ticket.escalated_by == ("overdue twice",)


def test_a_delay_that_is_found_twice_in_a_turn_is_counted_once():
    life = new().due(TimerKind.SYSTEM_RESPONSE)
    life.do(events.SetPriority, priority=Priority.LOW).due(TimerKind.SYSTEM_RESPONSE)
    assert life.ticket.overdue_count == 1


def test_marks_of_one_turn_end_with_it():
    assert begun_anew(("turn a", "opened b", "overdue c")) == ("opened b",)


# --- to whom ------------------------------------------------------------------------------------

ADA, BOB, EVE = (Agent(name, f"{name}@desk.example") for name in ("ada", "bob", "eve"))
STAFF = Staff((ADA, BOB, EVE), {"leads": ("ada", "bob"), "empty": ()}, ("boss@desk.example",))


def told(to: str | None, staff: Staff = STAFF, actor: str = "") -> list[str]:
    ticket = Ticket(id=7, escalated_to=to)
    people = recipients(Audience.ESCALATED, ticket, staff, None, actor)
    return [person.address.partition("@")[0] for person in people]


def test_a_team_and_an_agent_are_told_and_for_nobody_the_administrators():
    assert told("team:leads") == ["ada", "bob"]
    assert told("eve") == ["eve"]
    assert told("team:leads", actor="bob") == ["ada"]
    for nobody in (None, "team:empty", "team:gone", "gone"):
        assert told(nobody) == ["boss"]
        assert told(nobody, Staff((ADA, EVE))) == ["ada", "eve"]
    boss = recipients(Audience.ESCALATED, Ticket(id=7), STAFF, None, "")
    assert boss == (Recipient("boss@desk.example", "Boss", Role.ADMIN),)
