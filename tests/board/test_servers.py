"""Servers of several shapes: the same moves, the same tickets."""

from imaplib import IMAP4

import pytest
from imapclient import IMAPClient

from mailgate.imap.link import Link
from tests.board.played import Played
from tests.peers.dovecot import DOTTED, POOR


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


def lives(played, spots):
    """Mails are moved, by agents and by us: return where they end, and what was done."""
    inbox, alice, resolved = spots
    played.open(2).say(0, "And now?", "n1")
    played.drag("m0", inbox, alice, "copy and strike")
    played.rest()
    assert played.lie() == {alice: ["m0", "n1"], inbox: ["m1"]}
    played.drag("n1", alice, resolved, "copy and expunge")
    played.rest()
    assert played.lie() == {resolved: ["m0", "n1"], inbox: ["m1"]}
    played.say(0, "It burns again.", "n2")
    assert played.lie() == {alice: ["m0", "n1", "n2"], inbox: ["m1"]}
    return played.did()


DONE = [("ticket.assigned", "support"), ("ticket.resolved", "support")]


def test_a_server_that_neither_moves_nor_counts_changes_nor_tells_new_uids(gateway, start_dovecot):
    played = Played(gateway, start_dovecot(POOR).imap_port).begin()
    spots = ("INBOX", "Tickets/@alice", "Tickets/Resolved")
    assert lives(played, spots) == DONE


def test_a_server_that_counts_changes_is_not_asked_what_is_marked_while_nothing_is(
    played, monkeypatch
):
    played.open(2)
    played.drag("m0", "INBOX", "Tickets/Resolved", "copy and strike")
    played.rest()
    with monkeypatch.context() as patched:
        patched.setattr(Link, "struck", None)
        assert not played.pass_by()
    with played.client() as link:
        link.select("INBOX")
        link.uid("STORE", "1:*", "-FLAGS.SILENT", r"(\Deleted)")
    played.rest()
    assert played.tickets() == [("reopened", None), ("new", None)]


def test_a_server_that_refuses_to_begin_to_count_changes_is_watched(played, monkeypatch):
    def refused(*_):
        raise IMAP4.error("BAD no such thing")

    monkeypatch.setattr(IMAPClient, "enable", refused)
    played.open()
    played.drag("m0", "INBOX", "Tickets/Resolved", "copy and strike")
    played.rest()
    assert played.tickets() == [("resolved", None)]


def test_a_server_with_another_separator_and_a_prefix(gateway, start_dovecot):
    played = Played(gateway, start_dovecot(DOTTED).imap_port, root="Vorgänge", held="bei {name}")
    played.folders = (
        "INBOX",
        "INBOX.Vorg&AOQ-nge.bei alice",
        "INBOX.Vorg&AOQ-nge.Waiting for customer",
        "INBOX.Vorg&AOQ-nge.Resolved",
    )
    played.begin()
    assert lives(played, (played.folders[0], played.folders[1], played.folders[3])) == DONE
