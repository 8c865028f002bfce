"""How a board begins, and what becomes of it when its folders are others."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from mailgate.imap.link import Link
from tests.board.played import ALICE, CLOSED, FOLDERS, INBOX, RESOLVED, Played
from tests.intake.shared import mails, written

STATES = [name for name in FOLDERS if name != INBOX]


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


@pytest.fixture
def watched(gateway, dovecot):
    """A mailbox that was watched without a board: two tickets, one of them alice's, and history."""
    played = Played(gateway, dovecot.imap_port)
    played.put(*mails(1, start=8))
    played.look()
    played.put(*mails(2))
    assert played.look() == 2
    played.process()
    played.assign(0, "alice")
    return played


def test_what_a_board_would_do_is_told_before_it_is_switched_on(watched):
    made = [("make", "", name) for name in STATES]
    assert watched.preview() == [*made, ("move", INBOX, ALICE)]
    with watched.client() as link:
        assert link.list("Tickets")[1] == [None]  # nothing was made
    watched.rest()
    assert watched.lie() == {INBOX: ["m1", "m8"], ALICE: ["m0"]}
    assert watched.preview() == []
    watched.drag("m1", INBOX, RESOLVED)
    watched.look()  # whoever takes mails has seen it there
    assert watched.did() == []


def test_a_dry_run_keeps_nobody_from_writing_while_it_waits_for_the_server(watched, monkeypatch):
    file, asked = watched.gateway.database.path, set()

    def writing_beside(name, method):
        def asking(link, *given):
            asked.add(name)
            with closing(sqlite3.connect(file, timeout=0)) as other:
                other.execute("BEGIN IMMEDIATE")
            return method(link, *given)

        return asking

    words = ("folders", "prefix", "examine", "struck", "uids", "saved_at")
    for name in words:
        monkeypatch.setattr(Link, name, writing_beside(name, getattr(Link, name)))
    assert ("move", INBOX, ALICE) in watched.preview()
    assert asked == {*words}


def test_a_drop_that_was_not_acted_upon_is_told_and_what_would_follow(played):
    played.open().say(0, "And now?", "n1")
    played.drag("m0", INBOX, CLOSED)
    played.pass_by()
    assert played.preview() == [("drop", "", CLOSED), ("move", INBOX, CLOSED)]
    assert played.tickets() == [("new", None)]
    played.rest()
    assert played.tickets() == [("closed", None)]
    assert played.lie() == {CLOSED: ["m0", "n1"]}


def test_mails_are_moved_out_of_folders_that_stand_for_nothing_any_more(played):
    played.open(2)
    played.drag("m0", INBOX, RESOLVED)
    played.rest()
    played.called(resolved="Done")
    played.rest()
    with played.client() as link:
        assert link.select('"Tickets/Resolved"')[1] == [b"0"]
        assert link.select('"Tickets/Done"')[1] == [b"1"]
    looked_into = {row["name"] for row in played.gateway.rows("board_folder")}
    assert "Tickets/Done" in looked_into
    assert "Tickets/Resolved" not in looked_into  # nothing is left in it
    with played.client() as link:
        link.delete('"Tickets/Resolved"')
    played.rest()
    assert played.tickets() == [("resolved", None), ("new", None)]


def test_mails_follow_when_two_folders_change_their_names(played):
    played.open(2)
    played.drag("m0", INBOX, RESOLVED)
    played.rest()
    played.called(resolved="Closed", closed="Resolved")
    played.rest()
    assert played.lie() == {INBOX: ["m1"], CLOSED: ["m0"]}
    assert played.tickets() == [("resolved", None), ("new", None)]
    before = played.gateway.rows("board_ticket")
    played.pass_by()
    assert played.gateway.rows("board_ticket") == before


def test_a_folder_that_somebody_deletes_is_made_again_and_no_ticket_changes(played):
    played.open(2)
    played.drag("m0", INBOX, RESOLVED)
    played.rest()
    with played.client() as link:
        link.delete('"Tickets/Resolved"')
    played.rest()
    assert played.tickets() == [("resolved", None), ("new", None)]
    played.say(0, "It burns again.", "n1")
    assert played.lie() == {INBOX: ["m1", "n1"]}
    played.drag("n1", INBOX, RESOLVED)
    played.rest()
    assert played.lie() == {INBOX: ["m1"], RESOLVED: ["n1"]}


def test_a_folder_that_somebody_renames_has_its_name_again_with_all_that_is_in_it(played):
    played.open(3)
    played.drag("m0", INBOX, RESOLVED)
    played.drag("m2", INBOX, ALICE)
    played.rest()
    stood = played.tickets()
    with played.client() as link:
        link.rename('"Tickets/Resolved"', '"Tickets/Done"')
        link.create('"Tickets/Resolved2"')
    assert ("rename", "Tickets/Done", RESOLVED) in played.preview()
    assert ("make", "", RESOLVED) not in played.preview()
    played.rest()
    with played.client() as link:
        link.rename("Tickets", '"Old tickets"')
    played.rest()
    assert played.lie() == {INBOX: ["m1"], RESOLVED: ["m0"], ALICE: ["m2"]}
    assert played.tickets() == stood
    with played.client() as link:
        assert link.select('"Tickets/Done"')[0] == "NO"
    played.say(0, "It burns again.", "n1")
    assert played.lie() == {INBOX: ["m0", "m1", "n1"], ALICE: ["m2"]}


def test_a_folder_that_is_gone_is_not_taken_for_another_one(played, monkeypatch):
    played.open(2)
    played.drag("m0", INBOX, RESOLVED)
    played.rest()
    examine = Link.examine

    def all_alike(link, folder):  # as on servers that give one UIDVALIDITY to several folders
        return replace(examine(link, folder), uidvalidity=7)

    monkeypatch.setattr(Link, "examine", all_alike)
    played.rest()
    with played.client() as link:
        link.create("Archive")
        other = written(Message_ID="<other@customer.example>", Subject="Another")
        assert link.append("Archive", None, None, other)[0] == "OK"
        link.delete('"Tickets/Resolved"')
    played.rest()
    with played.client() as link:
        assert link.select("Archive")[1] == [b"1"]
        assert link.select('"Tickets/Resolved"')[1] == [b"0"]
    assert played.tickets() == [("resolved", None), ("new", None)]


def test_what_lies_in_a_folder_when_the_board_begins_is_no_drop(watched):
    with watched.client() as link:
        link.create('"Tickets/Resolved"')
    watched.drag("m1", INBOX, RESOLVED)
    watched.rest()
    assert watched.did() == []
    assert watched.lie() == {INBOX: ["m1", "m8"], ALICE: ["m0"]}
    watched.drag("m1", INBOX, RESOLVED)  # from now on it is one
    watched.rest()
    assert watched.did() == [("ticket.resolved", "support")]
    assert watched.lie() == {INBOX: ["m8"], ALICE: ["m0"], RESOLVED: ["m1"]}


def test_history_may_be_moved_about_and_opens_nothing(watched):
    watched.rest()
    watched.drag("m8", INBOX, CLOSED)
    watched.rest()
    watched.drag("m8", CLOSED, INBOX)
    watched.rest()
    assert len(watched.tickets()) == 2
    assert watched.lie() == {INBOX: ["m1", "m8"], ALICE: ["m0"]}
