"""What customers are told of what the desk changes, and what they know or need not know."""

import pytest

from mailgate.domain import events
from mailgate.domain.model import CLOCK, GATEWAY, Actor, ActorKind, Alarm, Priority
from mailgate.domain.policy import Telling
from tests.domain.lives import CAROL, closed, in_progress, new, open_, reopened, resolved, waiting

TOLD = ("changed", "requester")
MAILBOX = Actor(ActorKind.MAILBOX, "support")
MONITOR = Actor(ActorKind.MACHINE, "monitor@customer.example")
RULES = {"tell_changes": Telling.BRIEF}


@pytest.mark.parametrize("telling", [Telling.BRIEF, Telling.FULL])
@pytest.mark.parametrize(
    ("life", "event", "facts"),
    [
        (new, events.Assign, {"assignee": "alice"}),
        (in_progress, events.Assign, {"assignee": "bob"}),
        (in_progress, events.Assign, {"assignee": None}),
        (waiting, events.Assign, {"assignee": "bob"}),
        (new, events.AssignTeam, {"team": "billing"}),
        (new, events.NoteAdded, {}),
        (in_progress, events.Wait, {}),
        (resolved, events.Wait, {}),
        (waiting, events.TakeBack, {}),
        (in_progress, events.Close, {}),
        (resolved, events.Close, {}),
        (open_, events.SetPriority, {"priority": Priority.HIGH}),
        (closed, events.SetPriority, {"priority": Priority.HIGH}),
    ],
)
def test_what_the_desk_changes_the_customer_is_told(life, event, facts, telling):
    done = life(tell_changes=telling).do(event, **facts)
    assert done.told[0] == TOLD
    assert TOLD not in life().do(event, **facts).told


@pytest.mark.parametrize("actor", [CLOCK, GATEWAY, MAILBOX])
def test_by_whomever_of_the_desk(actor):
    assert TOLD in new(**RULES).do(events.Assign, actor, assignee="alice").told


@pytest.mark.parametrize(
    ("life", "event", "facts"),
    [
        (new, events.Assign, {"assignee": None}),
        (in_progress, events.Assign, {"assignee": "alice"}),
        (in_progress, events.AssignTeam, {"team": "billing"}),
        (new, events.Tag, {"added": ("vip",)}),
        (in_progress, events.NoteAdded, {}),
        (in_progress, events.AgentReplied, {}),
        (in_progress, events.AgentReplied, {"sent": True}),
        (in_progress, events.Resolve, {}),
        (closed, events.Resolve, {"moved": True}),
        (closed, events.Reopen, {}),
        (new, events.Discard, {"spam": True}),
        (new, events.MergeInto, {"target": 2}),
        (in_progress, events.SplitOff, {"target": 4, "message": 1, "back_to": "closed"}),
    ],
)
def test_not_what_is_told_otherwise_or_is_no_change_for_them(life, event, facts):
    assert TOLD not in life(**RULES).do(event, **facts).told


def test_nor_what_becomes_of_a_ticket_that_was_set_aside():
    life = new(**RULES).do(events.Discard, spam=True)
    assert life.do(events.SetPriority, priority=Priority.HIGH).told == []
    life = new(**RULES).do(events.MergeInto, target=2)
    assert life.do(events.Unmerge).told == []


@pytest.mark.parametrize(
    "life",
    [
        lambda: new(**RULES),
        lambda: waiting(**RULES).customer(),
        lambda: reopened(**RULES),
        lambda: resolved(**RULES).do(events.Confirm, CAROL, resolution=1),
        lambda: in_progress(**RULES).do(events.MachineWrote, MONITOR, alarm=Alarm.CLEARED),
        lambda: resolved(**RULES).due(),
        lambda: waiting(**RULES).due(),
    ],
)
def test_nor_what_they_did_themselves_or_the_clock_tells(life):
    assert TOLD not in life().told
