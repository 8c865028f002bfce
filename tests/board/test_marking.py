"""Flags and keywords of mails on the board, on a real server."""

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from mailgate.board.board import Board
from mailgate.board.marking import Marking
from mailgate.desk.clock import Clock
from mailgate.desk.door import TRIES
from mailgate.domain.events import SetPriority
from mailgate.domain.marks import Meanings
from mailgate.domain.model import GATEWAY, Priority
from mailgate.errors import Conflict, Lost, Refused, Temporary
from mailgate.imap.link import Link, NotMarked
from mailgate.store.marks import Marks
from tests.board.played import ALICE, INBOX, Played
from tests.intake.shared import mails

MEANT = Meanings(Priority.URGENT, ("vip",), "Overdue")


@pytest.fixture
def marked(gateway, dovecot):
    """A board on which marks mean something, with one ticket."""
    played = Played(gateway, dovecot.imap_port)
    played.terms = replace(played.terms, marks=MEANT)
    played.board = Board(gateway.desk, played.terms, played.now)
    return played.begin().open()


def store(played, folder: str, how: str, mark: str) -> None:
    """Let an agent mark all mails of a folder, or take the mark off."""
    with played.client() as link:
        link.select(f'"{folder}"')
        for uid in played.uids(link, "ALL"):
            assert link.uid("STORE", uid, how, f"({mark})")[0] == "OK"


def bearing(played, folder: str, mark: str) -> int:
    with played.client() as link:
        link.select(f'"{folder}"', readonly=True)
        return len(played.uids(link, "KEYWORD", mark))


def facts(played) -> tuple[str, list[str]]:
    (row,) = played.gateway.rows("ticket")
    return row["priority"], list(row["tags"])


def test_a_flagged_mail_makes_its_ticket_urgent_once(marked):
    store(marked, INBOX, "+FLAGS", r"\Flagged")
    marked.pass_by()
    assert facts(marked) == ("urgent", [])
    assert marked.did() == [("ticket.priority_set", "support")]
    store(marked, INBOX, "-FLAGS", r"\Flagged")
    marked.rest()
    assert (facts(marked), len(marked.did())) == (("urgent", []), 1)


def test_a_flag_counts_that_was_set_before_anybody_had_seen_the_mail(marked):
    with marked.client() as link:
        link.append(INBOX, r"(\Flagged vip)", None, *mails(1, start=1))
        link.append(INBOX, "(NonJunk)", None, *mails(1, start=2))
    marked.rest()
    rows = [(row["priority"], list(row["tags"])) for row in marked.gateway.rows("ticket")]
    assert rows == [("normal", []), ("urgent", ["vip"]), ("normal", [])]
    assert len(marked.did()) == 2
    ticket = marked.gateway.rows("ticket")[1]["id"]
    with marked.gateway.desk.writing(marked.now()) as ledger:
        ledger.apply(ticket, SetPriority(at=marked.now(), actor=GATEWAY, priority=Priority.LOW))
    marked.drag("m1", INBOX, ALICE)
    marked.rest()
    assert marked.gateway.rows("ticket")[1]["priority"] == "low", "it was moved with the mail"


def test_flags_of_mails_that_lie_there_when_the_board_begins_mean_nothing(gateway, dovecot):
    played = Played(gateway, dovecot.imap_port)
    played.look()
    with played.client() as link:
        link.append(INBOX, r"(\Flagged)", None, *mails(1))
    assert played.look() == 1
    played.process()
    played.terms = replace(played.terms, marks=MEANT)
    played.board = Board(gateway.desk, played.terms, played.now)
    played.begin().rest()
    assert facts(played) == ("normal", [])


def test_a_keyword_of_the_list_is_a_tag_as_long_as_any_mail_bears_it(marked):
    marked.say(0, "And again.", "second")
    store(marked, INBOX, "+FLAGS", "vip $Forwarded NonJunk")
    marked.rest()
    assert facts(marked) == ("normal", ["vip"])
    with marked.client() as link:
        link.select(INBOX)
        first, _second = marked.uids(link, "ALL")
        link.uid("STORE", first, "-FLAGS", "(vip)")
    marked.rest()
    assert facts(marked) == ("normal", ["vip"])
    store(marked, INBOX, "-FLAGS", "vip")
    marked.rest()
    assert facts(marked) == ("normal", [])


def test_what_a_mail_bears_when_it_is_moved_means_nothing_new(marked):
    store(marked, INBOX, "+FLAGS", "vip")
    marked.rest()
    marked.drag("m0", INBOX, ALICE)
    marked.rest()
    assert facts(marked)[1] == ["vip"]
    tagged = [name for name, _ in marked.did() if name == "ticket.tagged"]
    assert len(tagged) == 1


def test_what_is_late_is_shown_and_no_longer_when_it_is_answered(marked):
    assert bearing(marked, INBOX, "Overdue") == 0
    marked.ahead += timedelta(hours=25)
    Clock(marked.gateway.desk).tick(marked.now())
    marked.rest()
    assert bearing(marked, INBOX, "Overdue") == 1
    assert facts(marked) == ("normal", [])
    marked.say(0, "Well?", "second")  # comes late, and is shown so too
    assert bearing(marked, INBOX, "Overdue") == 2
    marked.drag("m0", INBOX, "Tickets/Waiting for customer")
    marked.rest()
    assert bearing(marked, "Tickets/Waiting for customer", "Overdue") == 0


def test_what_is_late_can_be_flagged_where_a_flag_means_nothing_else(marked):
    flagged = Meanings(None, ("vip",), r"\Flagged")
    marked.terms = replace(marked.terms, marks=flagged)
    marked.board = Board(marked.gateway.desk, marked.terms, marked.now)
    marked.rest()

    def flags(folder):
        with marked.client() as link:
            link.select(f'"{folder}"', readonly=True)
            return len(marked.uids(link, "FLAGGED"))

    assert flags(INBOX) == 0
    marked.ahead += timedelta(hours=25)
    Clock(marked.gateway.desk).tick(marked.now())
    marked.rest()
    assert flags(INBOX) == 1
    assert facts(marked) == ("normal", [])
    marked.drag("m0", INBOX, "Tickets/Waiting for customer")
    marked.rest()
    assert flags("Tickets/Waiting for customer") == 0
    assert facts(marked) == ("normal", [])


def test_a_fall_before_it_is_written_down_loses_no_mark(marked, monkeypatch):
    store(marked, INBOX, "+FLAGS", r"\Flagged")

    def fail(*_args, **_more):
        raise Temporary("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr("mailgate.board.looking.take_down", fail)
        with pytest.raises(Temporary):
            marked.pass_by()
    marked.rest()
    assert facts(marked)[0] == "urgent"
    assert marked.did() == [("ticket.priority_set", "support")]


def test_who_is_second_to_a_ticket_tries_again_and_at_last_later(marked, monkeypatch):
    store(marked, INBOX, "+FLAGS", r"\Flagged")
    write, failures = Marking._write, [Conflict("somebody else was first")] * 2

    def contended(self, *args):
        if failures:
            raise failures.pop()
        write(self, *args)

    monkeypatch.setattr(Marking, "_write", contended)
    marked.pass_by()
    assert facts(marked)[0] == "urgent"
    store(marked, INBOX, "+FLAGS", "vip")
    failures += [Conflict("again")] * TRIES
    with pytest.raises(Conflict, match="again"):
        marked.pass_by()
    marked.rest()
    assert facts(marked)[1] == ["vip"]


def test_who_has_lost_the_mailbox_marks_nothing_any_more(marked, monkeypatch):
    store(marked, INBOX, "+FLAGS", r"\Flagged")
    tries = []

    def lost(self, *args):
        tries.append(args)
        raise Lost("another node watches the mailbox")

    monkeypatch.setattr(Marking, "_write", lost)
    with pytest.raises(Lost):
        marked.pass_by()
    assert len(tries) == 1


def test_one_ticket_that_fails_stops_no_other(marked, monkeypatch):
    def fail(*_args):
        raise Refused("not this one")

    monkeypatch.setattr("mailgate.board.marking.rules.asked", fail)
    store(marked, INBOX, "+FLAGS", r"\Flagged")
    with structlog.testing.capture_logs() as lines:
        marked.rest()
    assert [line["event"] for line in lines if line["event"].startswith("board.mark")] == [
        "board.mark_failed"
    ]
    assert facts(marked)[0] == "normal"


def test_a_server_that_keeps_no_keywords_is_told_of_once(marked, monkeypatch):
    def refuse(*_args, **_more):
        raise NotMarked("marking in INBOX: no such flag")

    monkeypatch.setattr(Link, "mark", refuse)
    marked.ahead += timedelta(hours=25)
    Clock(marked.gateway.desk).tick(marked.now())
    with structlog.testing.capture_logs() as lines:
        marked.rest()
        marked.say(0, "Well?", "second")
    assert len([line for line in lines if line["event"] == "board.not_marked"]) == 1


def test_a_folder_that_is_renumbered_means_nothing(marked, gateway):
    store(marked, INBOX, "+FLAGS", r"\Flagged")
    with gateway.database.write() as connection:
        marks = Marks(connection, 1, "support")
        board = marked.board._of(connection)
        stood = board.folders()[INBOX]
        board.stands(INBOX, replace(stood, uidvalidity=stood.uidvalidity - 1), "open")
        marks.put(INBOX, "vip", [77])
    marked.rest()
    assert facts(marked) == ("normal", [])
