"""What is to be moved, worked out from what lies where."""

from dataclasses import replace

from mailgate.board.moving import Move, plan, sure
from mailgate.domain.board import Names, layout
from mailgate.store.board import Lying
from tests.domain.lives import START, in_progress, resolved

BOARD = layout(Names(), ["alice"], "INBOX", "", "/")
ALICE, RESOLVED = "Tickets/@alice", "Tickets/Resolved"
MAIL = Lying("INBOX", 1, "m", 5, 7, struck=False, dropped_at=None)
THERE = replace(MAIL, folder=ALICE, uid=3)


def planned(*copies, life=in_progress, trash="Trash"):
    made = plan(BOARD, {7: life().ticket}, copies, trash)
    moves = [(m.source, m.target, [c.uid for c in m.mails], m.beside) for m in made.moves]
    return moves, [*made.settled]


def test_what_lies_elsewhere_is_moved_and_what_lies_in_place_is_not():
    assert planned(MAIL) == ([("INBOX", ALICE, [1], None)], [])
    assert planned(THERE) == ([], [7])
    assert planned(MAIL, life=resolved) == ([("INBOX", RESOLVED, [1], None)], [])


def test_what_is_marked_as_deleted_is_left_alone():
    assert planned(replace(MAIL, struck=True)) == ([], [7])
    assert planned(MAIL, replace(THERE, struck=True)) == ([("INBOX", ALICE, [1], None)], [])


def test_what_was_thrown_away_is_left_there_and_counts_as_no_copy():
    thrown = replace(MAIL, folder="Trash")
    assert planned(thrown) == ([], [7])
    assert planned(thrown, MAIL) == ([("INBOX", ALICE, [1], None)], [])


def test_nothing_of_a_ticket_is_moved_while_somebody_does():
    assert planned(MAIL, replace(THERE, identity="n", dropped_at=START)) == ([], [])


def test_a_second_copy_goes_when_the_first_lies_in_place():
    second = replace(MAIL, uid=2)
    assert planned(MAIL, second) == ([("INBOX", ALICE, [1], None)], [])
    assert planned(MAIL, THERE) == ([("INBOX", "Trash", [1], ALICE)], [])
    assert planned(THERE, replace(THERE, uid=4)) == ([(ALICE, "Trash", [4], ALICE)], [])
    assert planned(MAIL, THERE, trash=None) == ([], [7])


class Still:
    """A connection to a folder in which these UIDs lie and those are marked."""

    def __init__(self, uids, struck=()) -> None:
        self.uids, self.marked = uids, struck

    def examine(self, folder):
        return folder

    def uids_after(self, last, folder):
        return self.uids

    def struck(self):
        return self.marked


def test_a_second_copy_stays_when_the_first_has_gone_meanwhile():
    away = Move("INBOX", "Trash", [MAIL], ALICE)
    for link, mails in [(Still([3]), [MAIL]), (Still([]), []), (Still([3], [3]), [])]:
        assert sure(link, away, [MAIL, THERE]).mails == mails
    marked = replace(THERE, uid=5, struck=True)
    assert sure(Still([3, 5], [5]), away, [MAIL, THERE, marked]).mails == [MAIL]
    again = replace(THERE, uid=4)
    assert sure(Still([4]), Move(ALICE, "Trash", [again], ALICE), [THERE, again]).mails == []


def test_two_mails_that_look_the_same_are_no_copies_of_each_other():
    twin = replace(MAIL, uid=2, mail_id=6)
    assert planned(MAIL, twin) == ([("INBOX", ALICE, [1, 2], None)], [])
    assert planned(THERE, replace(twin, folder=ALICE)) == ([], [7])
