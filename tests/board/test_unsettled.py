"""What is asked of the database about tickets that have changed: no more than has happened."""

from datetime import UTC, datetime, timedelta

from mailgate.board import unsettled
from mailgate.board.unsettled import Unsettled

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Stored:
    """A board of tickets 1 to `count`, of which `changed` have; and what was asked of it."""

    def __init__(self, count, *changed) -> None:
        self.count, self.moved, self.happened = count, set(changed), []
        self.asked = 0

    def happens(self, event, ticket):
        self.happened.append((event, ticket))
        self.moved.add(ticket)

    def last_event(self):
        return max((event for event, _ in self.happened), default=0)

    def events(self, after):
        found = {each for each in self.happened if each[0] > after}
        self.asked += len(found)
        return found

    def unsettled(self, tickets):
        self.asked += len(tickets)
        return self.moved & set(tickets)

    def below(self, ticket, most):
        top = self.count if ticket is None else ticket - 1
        return list(range(top, 0, -1))[:most]

    def orphans(self):
        return {70}


def looked(board, at=0, found=None):
    """Look until nothing more is to be done at once; return what was found, and the object."""
    found = found or Unsettled(NOW)
    seen = []
    while True:
        found.find(board, NOW + at * SECOND)
        some = found.first()
        seen += some
        board.moved -= set(some)
        found.seen_to(some)
        if not found.more:
            return seen, found


def test_at_first_all_tickets_are_walked_through_the_newest_first():
    count = 3 * unsettled._STRETCH
    seen, found = looked(Stored(count, 5, count // 2, count))
    assert seen == [count, count // 2, 5]
    assert found.due.mails == {70}


def test_no_more_is_found_at_once_than_can_be_seen_to():
    board = Stored(2 * unsettled._STRETCH, *range(1, 2 * unsettled._STRETCH + 1))
    found = Unsettled(NOW)
    found.find(board, NOW)
    assert len(found.first()) == unsettled.MOST
    asked = board.asked
    found.find(board, NOW)
    assert (board.asked, found.more) == (asked, True)


def test_a_look_asks_for_what_has_happened_however_many_tickets_there_are():
    asked = []
    for count in (10, 10_000):
        board = Stored(count)
        _, found = looked(board)
        board.happens(7, 3)
        board.asked = 0
        assert looked(board, 2, found)[0] == [3]
        asked.append(board.asked)
    assert asked == [2, 2]


def test_events_that_become_visible_late_are_found_and_others_only_once_in_a_while():
    board = Stored(10)
    _, found = looked(board)
    board.happens(8, 3)
    assert looked(board, 2, found)[0] == [3]
    board.happens(7, 4)  # its node was slower
    assert looked(board, 29, found)[0] == [4]
    for at in (31, 62):
        looked(board, at, found)
    board.asked = 0
    assert looked(board, 64, found)[0] == []
    assert board.asked == 0


def test_every_ten_minutes_all_tickets_are_walked_through_again_and_when_it_begins_anew():
    board = Stored(10)
    _, found = looked(board)
    board.moved = {6}
    assert looked(board, 599, found)[0] == []
    assert looked(board, 600, found)[0] == [6]
    board.moved = {7}
    assert looked(board, 700, found)[0] == []
    found.begin()
    assert looked(board, 701, found)[0] == [7]


def test_tickets_of_very_many_mails_are_asked_for_in_turn():
    found = Unsettled(NOW)
    found.due.mails.update(range(1, 2 * unsettled._MAILS + 11))
    first, second, third, fourth = (found.mails() for _ in range(4))
    assert [*first, *second, *third] == sorted(found.due.mails)
    assert fourth == first
    found.due.mails.intersection_update(third)
    assert found.mails() == third
