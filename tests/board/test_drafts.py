"""A draft that answers a mail of a ticket shows that somebody is answering it."""

from dataclasses import replace

import pytest

from mailgate.board.board import Board
from mailgate.domain.marks import Meanings
from mailgate.errors import Temporary
from mailgate.imap.folders import Folder, drafts
from mailgate.imap.link import Link, NoFolder
from mailgate.intake.drafts import Drafts
from mailgate.mail.parse import Limits
from tests.board.played import ALICE, INBOX, WAITING, Played
from tests.board.test_marking import bearing
from tests.intake.shared import SUPPORT, written

MARK = "Answering"


class Drafted(Played):
    """A board on which it is shown who is answering."""

    def __init__(self, gateway, port: int) -> None:
        super().__init__(gateway, port)
        self.terms = replace(self.terms, marks=Meanings(answering=MARK))
        self.board = Board(gateway.desk, self.terms, self.now)
        self.drafts = self.anew()
        self.looks = 0

    def anew(self, *, on: bool = True) -> Drafts:
        return Drafts(self.gateway.database, 1, "support", self.now, Limits(), on=on)

    def pass_by(self, seconds: float = 0) -> bool:
        link = self.connect()
        try:
            if not (self.goes_on and self.looks):
                self.drafts.prepare(link.folders())
            self.board.unsettle(self.drafts.look(link, lambda _connection: None))
        finally:
            link.close()
        self.looks += 1
        return super().pass_by(seconds)

    def write(self, name: str = "m0", **headers) -> None:
        """Let somebody begin to answer a mail, and leave that in the folder of drafts."""
        answers = {"In_Reply_To": f"<{name}@customer.example>", "Message_ID": None}
        self.put(written("Try", From=SUPPORT, **(answers | headers)), folder="Drafts")

    def tear_up(self, how: str = "expunge") -> None:
        with self.client() as link:
            link.select("Drafts")
            for uid in self.uids(link, "ALL"):
                link.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
            if how == "expunge":
                link.expunge()

    def answering(self) -> list[int]:
        return [row["ticket_id"] for row in self.gateway.rows("imap_draft")]


@pytest.fixture
def drafted(gateway, dovecot):
    return Drafted(gateway, dovecot.imap_port).begin().open(2)


def test_the_mails_of_its_ticket_bear_the_keyword_as_long_as_the_draft_lies_there(drafted):
    assert bearing(drafted, INBOX, MARK) == 0
    drafted.write()
    drafted.pass_by()
    first, _second = sorted(row["id"] for row in drafted.gateway.rows("ticket"))
    assert drafted.answering() == [first]
    assert bearing(drafted, INBOX, MARK) == 1
    drafted.say(0, "Well?", "more")  # what comes later is marked as well
    assert bearing(drafted, INBOX, MARK) == 2
    drafted.drag("m0", INBOX, ALICE)
    drafted.rest()
    assert bearing(drafted, ALICE, MARK) == 2
    drafted.tear_up()
    drafted.pass_by()
    assert (drafted.answering(), bearing(drafted, ALICE, MARK)) == ([], 0)
    assert [name for name, _ in drafted.did()] == ["ticket.assigned"]


def test_a_draft_that_is_only_struck_is_gone_as_well(drafted):
    drafted.goes_on = True
    drafted.write()
    drafted.rest()
    assert len(drafted.answering()) == 1
    drafted.tear_up("strike")
    drafted.rest()
    assert (drafted.answering(), bearing(drafted, INBOX, MARK)) == ([], 0)


def test_it_goes_when_the_answer_is_sent(drafted):
    drafted.write(To="carol@customer.example")
    drafted.rest()
    drafted.tear_up()
    answer = {"From": SUPPORT, "To": "carol@customer.example", "Message_ID": "<a@desk.example>"}
    drafted.put(written("Try.", In_Reply_To="<m0@customer.example>", **answer), folder="Sent")
    drafted.rest()
    assert drafted.answering() == []
    assert bearing(drafted, WAITING, MARK) == bearing(drafted, INBOX, MARK) == 0


def test_it_is_known_by_the_nearest_mail_and_others_mean_nothing(drafted):
    drafted.write(
        In_Reply_To="<unknown@x>", References="<m0@customer.example> <m1@customer.example>"
    )
    drafted.write(In_Reply_To=None, Subject="A letter")
    drafted.write(In_Reply_To="<unknown@x>")
    drafted.pass_by()
    _first, second = sorted(row["id"] for row in drafted.gateway.rows("ticket"))
    assert drafted.answering() == [second]


def test_who_is_quicker_than_the_gateway_is_answering_all_the_same(drafted):
    drafted.goes_on = True
    drafted.put(written("Hello?", Message_ID="<m9@customer.example>"))
    drafted.write("m9")
    drafted.rest()
    newest = max(row["id"] for row in drafted.gateway.rows("ticket"))
    assert drafted.answering() == [newest]
    assert bearing(drafted, INBOX, MARK) == 1


def test_what_answers_no_ticket_is_asked_about_for_a_while_only(drafted, monkeypatch):
    drafted.goes_on = True
    drafted.write(In_Reply_To="<unknown@x>")
    drafted.rest()
    drafted.pass_by(3600)
    drafted.pass_by()
    monkeypatch.setattr(Drafts, "_note", None)
    assert not drafted.pass_by()


def test_a_quiet_folder_costs_one_look(drafted, monkeypatch):
    drafted.write()
    drafted.pass_by()
    drafted.goes_on = True
    drafted.rest()
    monkeypatch.setattr(Link, "overviews", None)
    monkeypatch.setattr(Drafts, "_note", None)
    assert not drafted.pass_by()


def test_a_fall_before_the_keyword_is_set_is_made_good(drafted, monkeypatch):
    drafted.write()

    def fail(*_args, **_more):
        raise Temporary("the connection is closed")

    with monkeypatch.context() as patch:
        patch.setattr(Link, "mark", fail)
        with pytest.raises(Temporary):
            drafted.pass_by()
    drafted.board = Board(drafted.gateway.desk, drafted.terms, drafted.now)
    drafted.drafts = drafted.anew()
    drafted.rest()
    assert bearing(drafted, INBOX, MARK) == 1


def test_without_a_folder_or_switched_off_nobody_is_answering(drafted, monkeypatch):
    drafted.write()
    drafted.pass_by()
    drafted.drafts = drafted.anew(on=False)
    drafted.pass_by()
    assert (drafted.answering(), bearing(drafted, INBOX, MARK)) == ([], 0)
    drafted.drafts = drafted.anew()
    drafted.pass_by()
    assert len(drafted.answering()) == 1

    def gone(_link, folder):
        raise NoFolder(folder)

    link = drafted.connect()
    monkeypatch.setattr(Link, "examine", gone)
    for changed in (1, 0):
        assert len(drafted.drafts.look(link, lambda _connection: None)) == changed
    link.close()
    assert drafted.answering() == []


def test_a_folder_with_new_uids_is_read_anew(drafted):
    drafted.goes_on = True
    drafted.write()
    drafted.rest()
    with drafted.client() as link:
        link.delete("Drafts")
        link.create("Drafts")
    drafted.rest()
    assert drafted.answering() == []
    drafted.write("m1")
    drafted.rest()
    assert len(drafted.answering()) == 1


def test_the_folder_is_known_by_its_use_or_its_name():
    def folder(name, *attributes):
        return Folder(name, frozenset(attributes), "/")

    inbox, named, marked = folder("INBOX"), folder("Entwürfe"), folder("Later", "\\Drafts")
    assert drafts([inbox, named, marked]) == marked
    assert drafts([inbox, named]) == named
    assert drafts([inbox]) is None
