"""What flags and keywords on the board mean."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailgate.domain.events import SetPriority, Tag
from mailgate.domain.marks import FLAGGED, Meanings, asked, is_late
from mailgate.domain.model import Actor, ActorKind, Delay, Disposition, Priority, Ticket

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BY = Actor(ActorKind.MAILBOX, "support")
MEANT = Meanings(Priority.URGENT, ("VIP", "later"), "Overdue")
TICKET = Ticket(id=1, tags=("later",))


def test_what_is_watched_is_what_means_something():
    assert MEANT.watched == (FLAGGED, "VIP", "later", "Overdue")
    assert Meanings().watched == ()


@pytest.mark.parametrize("priority", [Priority.LOW, Priority.NORMAL, Priority.HIGH])
def test_a_flag_makes_a_ticket_press_more(priority):
    ticket = replace(TICKET, priority=priority)
    (event,) = asked(ticket, {FLAGGED}, set(), MEANT, AT, BY)
    assert event == SetPriority(at=AT, actor=BY, priority=Priority.URGENT)


@pytest.mark.parametrize("priority", [Priority.URGENT, Priority.CRITICAL])
def test_and_never_less(priority):
    ticket = replace(TICKET, priority=priority)
    assert asked(ticket, {FLAGGED}, set(), MEANT, AT, BY) == ()


def test_a_flag_taken_off_or_one_that_means_nothing_changes_nothing():
    assert asked(TICKET, set(), {FLAGGED}, MEANT, AT, BY) == ()
    assert asked(TICKET, {FLAGGED}, set(), Meanings(), AT, BY) == ()


def test_keywords_of_the_list_are_tags_and_no_others():
    (event,) = asked(TICKET, {"VIP", "$Forwarded", "Overdue"}, {"later"}, MEANT, AT, BY)
    assert event == Tag(at=AT, actor=BY, added=("vip",), removed=("later",))
    assert asked(TICKET, {"later"}, {"VIP"}, MEANT, AT, BY) == ()


def test_a_ticket_that_goes_on_in_another_is_left_alone():
    merged = replace(TICKET, disposition=Disposition.MERGED)
    assert asked(merged, {FLAGGED, "VIP"}, set(), MEANT, AT, BY) == ()


def test_late_is_what_we_let_lie_and_not_what_the_customer_does():
    found = {delay: is_late(replace(TICKET, delay=delay)) for delay in Delay}
    assert found == {Delay.NONE: False, Delay.SYSTEM: True, Delay.CLIENT: False}
