"""Mails that somebody moves among spam, or throws away: the tickets follow, and nothing is lost."""

import pytest

from mailgate.board import acting
from mailgate.desk import commands
from mailgate.domain.events import Discard, MergeInto, Reopen
from mailgate.domain.model import GATEWAY
from tests.board.played import ALICE, CLOSED, INBOX, JUNK, RESOLVED, TRASH, Played
from tests.intake.shared import mails, written

SPAM, WITHDRAWN, NONE = ("closed", "spam"), ("closed", "withdrawn"), "none"


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


def happen(played, kind, n=0, **facts):
    """Let something happen to a ticket, not in the mailbox."""
    ticket = played.gateway.rows("ticket")[n]["id"]
    now = played.now()
    commands.carry_out(played.gateway.desk, ticket, kind(at=now, actor=GATEWAY, **facts), now)


@pytest.mark.parametrize("how", ["move", "copy and strike", "append and expunge"])
def test_what_is_moved_among_spam_is_spam_and_moved_back_it_is_taken_up_again(played, how):
    played.open().say(0, "And now?", "n1")
    played.drag("m0", INBOX, JUNK, how)
    played.rest()
    assert played.as_what() == [SPAM]
    assert played.lie(TRASH) == {JUNK: ["m0", "n1"]}
    played.say(0, "Buy more!", "n2")
    assert played.as_what() == [SPAM]
    assert played.lie(TRASH) == {JUNK: ["m0", "n1", "n2"]}
    played.drag("n1", JUNK, ALICE, how)
    played.rest()
    assert played.as_what() == [("in_progress", NONE)]
    assert played.lie(TRASH) == {ALICE: ["m0", "n1", "n2"]}


def test_a_copy_among_spam_says_nothing_while_the_mail_lies_elsewhere(played):
    played.open(2)
    played.drag("m0", INBOX, JUNK, "copy")
    played.rest()
    assert played.as_what() == [("new", NONE), ("new", NONE)]
    assert played.lie()[INBOX] == ["m0", "m1"]
    assert played.did() == []


def test_out_of_spam_into_what_is_closed_it_is_closed_and_mail_opens_it_again(played):
    played.open(2)
    played.drag("m0", INBOX, JUNK)
    played.rest()
    played.drag("m0", JUNK, CLOSED)
    played.rest()
    assert played.as_what() == [("closed", NONE), ("new", NONE)]
    assert played.lie(TRASH) == {CLOSED: ["m0"], INBOX: ["m1"]}
    played.say(0, "It burns again.", "n1")
    assert played.lie(TRASH) == {INBOX: ["m0", "m1", "n1"]}


def test_what_is_said_to_be_spam_elsewhere_lies_there_too(played):
    played.open(2)
    happen(played, Discard, spam=True)
    played.rest()
    assert played.lie(TRASH) == {JUNK: ["m0"], INBOX: ["m1"]}
    assert played.did() == []
    happen(played, Reopen)
    played.rest()
    assert played.lie(TRASH) == {INBOX: ["m0", "m1"]}


@pytest.mark.parametrize("how", ["move", "copy and expunge", "copy and strike"])
def test_with_the_last_mail_that_is_thrown_away_the_ticket_is_withdrawn(played, how):
    played.open(2).say(0, "And now?", "n1")
    played.drag("m0", INBOX, TRASH, how)
    played.rest()
    assert played.as_what() == [("new", NONE), ("new", NONE)]
    assert played.lie(TRASH) == {TRASH: ["m0"], INBOX: ["m1", "n1"]}
    played.drag("n1", INBOX, TRASH, how)
    played.rest()
    assert played.as_what() == [WITHDRAWN, ("new", NONE)]
    assert played.lie(TRASH) == {TRASH: ["m0", "n1"], INBOX: ["m1"]}
    assert played.did() == [("ticket.discarded", "support")]


def test_what_is_taken_out_of_the_trash_is_taken_up_again_and_the_rest_stays_there(played):
    played.open().say(0, "And now?", "n1")
    for name in ("m0", "n1"):
        played.drag(name, INBOX, TRASH)
    played.rest()
    assert played.as_what() == [WITHDRAWN]
    played.drag("n1", TRASH, INBOX)
    played.rest()
    assert played.as_what() == [("reopened", NONE)]
    assert played.lie(TRASH) == {INBOX: ["n1"], TRASH: ["m0"]}


def test_whoever_was_withdrawn_and_writes_again_is_heard(played):
    played.open()
    played.drag("m0", INBOX, TRASH)
    played.rest()
    played.say(0, "After all.", "n1")
    assert played.as_what() == [("reopened", NONE)]
    assert played.lie(TRASH) == {INBOX: ["n1"], TRASH: ["m0"]}


def test_a_slip_of_the_hand_is_undone_and_nothing_has_happened(played):
    played.open(2)
    played.drag("m0", INBOX, TRASH)
    played.drag("m1", INBOX, JUNK)
    played.pass_by()
    played.drag("m0", TRASH, INBOX)
    played.drag("m1", JUNK, INBOX)
    played.rest()
    assert played.did() == []
    assert played.lie(TRASH) == {INBOX: ["m0", "m1"]}


def test_what_is_closed_may_be_thrown_away(played):
    played.open()
    played.drag("m0", INBOX, CLOSED)
    played.rest()
    played.drag("m0", CLOSED, TRASH)
    played.rest()
    assert played.as_what() == [("closed", NONE)]
    assert played.lie(TRASH) == {TRASH: ["m0"]}


def test_one_mail_among_what_is_resolved_and_another_thrown_away_is_resolved(played):
    played.open().say(0, "And now?", "n1").say(0, "Hello?", "n2")
    played.drag("m0", INBOX, RESOLVED)
    played.drag("n1", INBOX, TRASH)
    played.rest()
    assert played.as_what() == [("resolved", NONE)]
    assert played.lie(TRASH) == {RESOLVED: ["m0", "n2"], TRASH: ["n1"]}


def test_a_second_copy_that_we_throw_away_withdraws_nothing(played):
    played.open()
    played.drag("m0", INBOX, ALICE, "copy")
    played.rest()
    assert played.lie(TRASH) == {ALICE: ["m0"], TRASH: ["m0"]}
    with played.client() as link:
        link.select(f'"{ALICE}"')
        link.uid("STORE", "1:*", "+FLAGS.SILENT", r"(\Deleted)")
        link.expunge()
    played.rest()
    assert played.as_what() == [("in_progress", NONE)]
    assert played.lie(TRASH)[ALICE] == ["m0"], "it is brought back"


def test_spam_that_nobody_has_seen_opens_nothing_until_somebody_takes_it_out(played):
    played.open()
    played.put(*mails(2, start=5), folder=JUNK)
    played.put(written(Message_ID="<t@customer.example>"), folder=TRASH)
    played.rest()
    assert len(played.tickets()) == 1
    played.drag("m5", JUNK, INBOX)
    played.rest()
    assert len(played.tickets()) == 2
    assert played.lie(TRASH) == {INBOX: ["m0", "m5"], JUNK: ["m6"], TRASH: ["t"]}
    played.drag("m5", INBOX, JUNK)
    played.rest()
    assert played.as_what()[1] == SPAM


def test_where_they_stand_for_nothing_they_are_not_looked_into(played):
    played.open(3)
    played.drag("m0", INBOX, JUNK)
    played.drag("m1", INBOX, TRASH)
    played.rest()
    played.set_aside()
    played.rest()
    assert played.lie(TRASH) == {JUNK: ["m0"], TRASH: ["m1"], INBOX: ["m2"]}
    looked_into = {row["name"] for row in played.gateway.rows("board_folder")}
    assert looked_into.isdisjoint({JUNK, TRASH})
    played.drag("m2", INBOX, JUNK)
    played.put(*mails(1, start=7), folder=JUNK)
    played.rest()
    assert played.as_what() == [SPAM, WITHDRAWN, ("new", NONE)]
    happen(played, Discard, n=2, spam=True)
    played.set_aside(spam=True)
    played.rest()
    assert played.lie(TRASH) == {JUNK: ["m0", "m2", "m7"], TRASH: ["m1"]}


def test_folders_that_a_person_has_named_count(gateway, dovecot):
    played = Played(gateway, dovecot.imap_port)
    with played.client() as link:
        link.create("Unwanted")
        link.create("Bin")
    played.set_aside(spam=True, withdrawn=True, junk="Unwanted", trash="Bin")
    played.folders = (*played.folders, "Unwanted", "Bin")
    played.begin().open(2)
    played.drag("m0", INBOX, "Unwanted")
    played.drag("m1", INBOX, "Bin")
    played.rest()
    assert played.as_what() == [SPAM, WITHDRAWN]
    assert played.lie(TRASH) == {"Unwanted": ["m0"], "Bin": ["m1"]}


def test_a_ticket_in_which_another_goes_on_is_not_set_aside_and_its_mails_are_put_back(
    played, monkeypatch
):
    played.open(2)
    happen(played, MergeInto, n=1, target=played.gateway.rows("ticket")[0]["id"])
    played.rest()
    told = []
    monkeypatch.setattr(acting, "log", lambda name, **ids: told.append(name))
    played.drag("m0", INBOX, JUNK)
    played.rest()
    assert played.as_what()[0] == ("new", NONE)
    assert played.lie(TRASH) == {INBOX: ["m0"], CLOSED: ["m1"]}
    assert told == ["board.drop_refused"]


def test_a_dry_run_tells_of_them(played):
    played.open(2)
    played.drag("m0", INBOX, JUNK)
    played.drag("m1", INBOX, TRASH)
    assert played.preview() == [("drop", "", JUNK), ("drop", "", TRASH)]
    assert played.as_what() == [("new", NONE), ("new", NONE)]
