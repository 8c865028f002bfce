"""Very many mails vanish at once: the board stops, until they are back or somebody says so."""

from dataclasses import replace

import pytest

from mailgate.board.board import Board
from mailgate.board.brake import Braked
from mailgate.errors import Lost
from mailgate.store import mailboxes
from tests.board.played import ALICE, CLOSED, INBOX, TRASH
from tests.desk.conftest import ADMIN

MOST = 3


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


@pytest.fixture
def braked(played):
    """A board with four tickets, which stops when three mails vanish."""
    played.terms = replace(played.terms, brake=MOST)
    played.board = Board(played.gateway.desk, played.terms, played.now)
    played.states = None
    return played.open(4)


def lost(played, folder, mails, how):
    """Have mails vanish from a folder in one of the ways."""
    with played.client() as link:
        link.select(f'"{folder}"')
        if how == "trash":
            link.uid("MOVE", mails, TRASH)
            return
        link.uid("STORE", mails, "+FLAGS.SILENT", r"(\Deleted)")
        if how == "expunge":
            link.expunge()


def say_go_on(braked) -> bool:
    with braked.gateway.database.write() as connection:
        return mailboxes.go_on(connection, 1, "support")


def told(braked) -> list[tuple[str, dict]]:
    """Return (recipient, mailbox and number of mails) of each notice that a board has stopped."""
    rows = braked.gateway.outbox("board_stopped")
    return [(row["recipient"], row["context"]["board"]) for row in rows]


@pytest.mark.parametrize("how", ["expunge", "strike", "trash"])
def test_when_very_many_vanish_nothing_is_done_until_somebody_says_so(braked, how):
    lost(braked, INBOX, "1:3", how)
    braked.assign(3, "alice")
    for _ in range(2):
        with pytest.raises(Braked, match="3 mails of tickets have vanished"):
            braked.pass_by(4)
    assert braked.lie()[INBOX] == ["m3"], "nothing is moved"
    assert braked.did() == []
    assert say_go_on(braked)
    braked.rest()
    assert braked.lie()[ALICE] == ["m3"]
    assert len(braked.did()) == (3 if how == "trash" else 0)
    assert not braked.gateway.rows("imap_mailbox")[0]["goes_on"], "it counts once"


def test_when_they_are_back_it_goes_on_by_itself(braked):
    lost(braked, INBOX, "1:4", "trash")
    with pytest.raises(Braked):
        braked.pass_by()
    with braked.client() as link:
        link.select(TRASH)
        link.uid("MOVE", "1:*", INBOX)
    braked.rest()
    assert braked.did() == []
    assert braked.lie() == {INBOX: ["m0", "m1", "m2", "m3"]}


def test_while_they_are_put_back_it_stays_stopped_until_all_are(braked):
    lost(braked, INBOX, "1:4", "trash")
    with pytest.raises(Braked, match="4 mails"):
        braked.pass_by()
    for back, left in ((2, 2), (1, 1)):
        with braked.client() as link:
            link.select(TRASH)
            link.uid("MOVE", b",".join(braked.uids(link, "ALL")[:back]).decode(), INBOX)
        with pytest.raises(Braked, match=f"^{left} mails"):
            braked.pass_by()
    assert braked.did() == []
    with braked.client() as link:
        link.select(TRASH)
        link.uid("MOVE", "1:*", INBOX)
    braked.rest()
    assert braked.did() == []
    assert braked.lie() == {INBOX: ["m0", "m1", "m2", "m3"]}


def test_fewer_are_no_matter_and_what_is_moved_about_has_not_vanished(braked):
    with braked.client() as link:
        link.select(INBOX)
        link.uid("MOVE", "1:4", f'"{CLOSED}"')
    braked.rest()
    assert braked.lie() == {CLOSED: ["m0", "m1", "m2", "m3"]}
    lost(braked, CLOSED, "1:2", "expunge")
    braked.rest()
    assert braked.lie() == {CLOSED: ["m2", "m3"]}


def test_a_folder_that_was_deleted_with_very_many_mails_stops_it(braked):
    with braked.client() as link:
        link.select(INBOX)
        link.uid("MOVE", "1:4", f'"{CLOSED}"')
    braked.rest()
    with braked.client() as link:
        link.delete(f'"{CLOSED}"')
    braked.states = None
    with pytest.raises(Braked, match="4 mails"):
        braked.pass_by()


def test_second_copies_are_not_counted(braked):
    with braked.client() as link:
        link.select(INBOX)
        link.uid("COPY", "1:4", f'"{CLOSED}"')
    braked.pass_by()
    lost(braked, INBOX, "1:4", "expunge")
    braked.rest()
    assert braked.lie() == {CLOSED: ["m0", "m1", "m2", "m3"]}


def test_leave_to_go_on_is_not_kept_for_another_time(braked):
    assert not say_go_on(braked), "it has not stopped"
    lost(braked, INBOX, "1:3", "trash")
    with pytest.raises(Braked):
        braked.pass_by()
    assert say_go_on(braked)
    with braked.client() as link:
        link.select(TRASH)
        link.uid("MOVE", "1:*", INBOX)
    braked.rest()
    assert not braked.gateway.rows("imap_mailbox")[0]["goes_on"], "they are back: it is not needed"
    assert not say_go_on(braked)


def test_administrators_are_told_once_for_each_time(braked):
    once = (ADMIN, {"mailbox": "support", "mails": 3})
    with braked.client() as link:
        link.select(INBOX)
        link.uid("STORE", "1:3", "+FLAGS.SILENT", r"(\Deleted)")
    for _ in range(3):
        braked.board = Board(braked.gateway.desk, braked.terms, braked.now)  # as another node would
        with pytest.raises(Braked, match=r"mailgate board --go-on support$"):
            braked.pass_by()
        assert told(braked) == [once]
    with braked.client() as link:  # and so everything is as it was before
        link.select(INBOX)
        link.uid("STORE", "1:3", "-FLAGS.SILENT", r"(\Deleted)")
    braked.rest()
    assert not say_go_on(braked)
    lost(braked, INBOX, "1:3", "expunge")
    with pytest.raises(Braked):
        braked.pass_by()
    assert told(braked) == [once, once]
    stopped = [row for row in braked.gateway.rows("event") if row["name"] == "board.stopped"]
    assert [row["data"] for row in stopped] == [once[1]] * 2


def test_who_has_lost_the_mailbox_tells_nobody(braked):
    lost(braked, INBOX, "1:3", "expunge")
    link = braked.connect()
    braked.board.prepare(link, link.folders())
    with pytest.raises(Lost):
        braked.board.look(link, lost_to_another)
    link.close()
    assert told(braked) == []


def lost_to_another(_connection):
    raise Lost("the mailbox is another's")
