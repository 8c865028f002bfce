"""What the gateway has sent for agents is filed among what was sent, once."""

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import update

from mailgate.errors import Lost, Temporary
from mailgate.imap.link import Link, NotFiled
from mailgate.intake.filing import Filing
from mailgate.intake.inbox import Incoming
from mailgate.store import filing, schema
from tests.desk.conftest import ALICE, BOB, CUSTOMER
from tests.intake.desk import SUPPORT
from tests.intake.filed import LATER, Filed
from tests.intake.shared import written


@pytest.fixture
def filed(gateway, dovecot):
    filed = Filed(gateway, dovecot.imap_port)
    filed.pass_by()
    filed.put(written())
    assert filed.pass_by() == 1
    filed.send()
    return filed


def left(filed) -> list[bytes]:
    """Return the answers that have left to the customer."""
    return [mail.raw for mail in filed.way.arrived if b"Try water." in mail.raw]


def test_an_answer_lies_there_as_it_left_and_is_no_second_one(filed):
    filed.answer()
    states = [row["state"] for row in filed.gateway.rows("mail_delivery")]
    assert filed.pass_by() == 0
    assert filed.sent() == left(filed)[:1]
    (ticket,) = filed.gateway.rows("ticket")
    assert (ticket["status"], len(filed.gateway.rows("message"))) == ("waiting_on_customer", 2)
    assert [row["state"] for row in filed.gateway.rows("mail_delivery")] == states
    assert filed.waiting() == []
    assert filed.gateway.rows("imap_filing")[0]["raw"] is None
    for _ in range(2):
        assert filed.pass_by() == 0
    assert len(filed.sent()) == 1
    assert filed.gateway.rows("imap_history") == []


def test_so_does_one_that_was_handed_in_at_the_submission_port(filed):
    gateway = filed.gateway
    facts = {"Subject": "Re: Printer", "In_Reply_To": "<m1@customer.example>"}
    facts |= {"Message_ID": "<s1@laptop.example>", "To": CUSTOMER}
    raw = gateway.raw("/take\nTry water.", sender=ALICE.address, **facts)
    mail = Incoming(raw, ALICE.address, (CUSTOMER,), gateway.now, ALICE.name, "submission")
    gateway.inbox.put(mail)
    filed.process()
    filed.send()
    filed.pass_by()
    assert filed.sent() == left(filed)
    assert b"/take" not in filed.sent()[0]
    assert b"In-Reply-To: <m1@customer.example>" in filed.sent()[0]
    assert (filed.pass_by(), len(gateway.rows("message"))) == (0, 2)


def test_of_an_answer_to_several_people_one_copy_is_filed(filed):
    filed.answer("/cc eve@customer.example\nTry water.")
    assert len(left(filed)) == 2
    filed.pass_by()
    assert len(filed.sent()) == 1


def test_neither_notes_nor_our_own_words_nor_mail_to_staff_are_filed(filed):
    filed.gateway.agent("/note\nWalnut.")
    filed.gateway.mail("Well?", In_Reply_To="<m1@customer.example>", Message_ID="<m2@c.example>")
    filed.send()
    assert filed.gateway.rows("imap_filing") == []
    filed.answer("/resolve\nTry water.")
    filed.pass_by()
    assert len(filed.sent()) == 1


def test_without_the_setting_nothing_is_kept(filed):
    filed.gateway.desk.settings = replace(filed.gateway.desk.settings, files=())
    filed.answer()
    assert filed.gateway.rows("imap_filing") == []


def test_what_did_not_leave_is_not_filed(filed):
    filed.way.faults.append("the disk failed")
    filed.answer()
    assert filed.gateway.rows("imap_filing") == []


def test_of_two_mailboxes_the_one_from_which_the_ticket_came_has_it(filed):
    filed.gateway.desk.settings = replace(filed.gateway.desk.settings, files=("sales", "support"))
    filed.answer()
    (row,) = filed.gateway.rows("imap_filing")
    assert row["mailbox"] == "support"
    with filed.gateway.database.write() as connection:
        connection.execute(update(schema.mail_delivery).values(road="smtp"))
    filed.answer("Or sand.")
    assert [row["mailbox"] for row in filed.gateway.rows("imap_filing")] == ["support", "sales"]


def test_what_waits_for_a_mailbox_in_which_none_are_filed_any_more_is_let_go_of(filed):
    filed.answer()
    for kept, left in ((["sales", "support"], 0), ([], 1), ([], 0)):
        with filed.gateway.database.write() as connection:
            assert filing.let_go(connection, 1, kept) == left
    (row,) = filed.gateway.rows("imap_filing")
    assert (row["raw"], row["next_try_at"]) == (None, None)


# --- what others have filed -----------------------------------------------------------------------


def test_what_the_smarthost_has_filed_by_itself_is_not_filed_again(filed):
    filed.answer()
    filed.put(left(filed)[0], folder="Sent")
    with filed.client() as link:
        link.select("Sent")
        link.store("1", "+FLAGS", r"\Seen")
    filed.pass_by()
    assert (len(filed.sent()), filed.waiting()) == (1, [])
    assert len(filed.gateway.rows("message")) == 2


def test_it_is_waited_for_what_the_smarthost_may_file(filed):
    filed.answer()
    filed.pass_by(timedelta(0))
    assert (filed.sent(), filed.waiting()) == ([], [(0, True)])


def test_a_copy_that_the_agents_program_has_filed_is_enough(filed):
    own = {"Message_ID": "<laptop@agents.example>", "Subject": "Re: Printer"}
    filed.answer(**own)
    filed.put(
        written("Try water.", From=SUPPORT, To="carol@customer.example", **own), folder="Sent"
    )
    with filed.client() as link:
        link.select("Sent")
        link.store("1", "+FLAGS", r"\Seen")
    filed.pass_by()
    assert (len(filed.sent()), filed.waiting()) == (1, [])


# --- whatever fails -------------------------------------------------------------------------------


def falling(*_args, **_more):
    raise KeyboardInterrupt


@pytest.mark.parametrize("begun", [True, False], ids=["filed", "not yet filed"])
def test_a_fall_around_the_filing_leaves_one_copy(filed, monkeypatch, begun):
    """After the first the server has the mail, and nobody has written that down."""
    filed.answer()
    with monkeypatch.context() as patch:
        if begun:
            patch.setattr("mailgate.intake.filing.filing.done", falling)
        else:
            patch.setattr(Link, "file", falling)
        with pytest.raises(KeyboardInterrupt):
            filed.pass_by()
    assert len(filed.sent()) == begun
    filed.pass_by(timedelta(0))  # mails are taken before the next try: ours is known even so
    assert len(filed.gateway.rows("message")) == 2
    filed.pass_by(timedelta(minutes=2))
    assert (len(filed.sent()), filed.waiting()) == (1, [])
    (ticket,) = filed.gateway.rows("ticket")
    assert (ticket["status"], len(filed.gateway.rows("message"))) == ("waiting_on_customer", 2)


def test_a_server_that_tells_no_uid_is_asked_for_it(filed, monkeypatch):
    file = Link.file
    monkeypatch.setattr(Link, "file", lambda *args: file(*args) and None)
    filed.answer()
    assert filed.pass_by() == 0
    assert len(filed.sent()) == 1


def test_a_server_that_takes_none_is_told_of_once_and_left_after_a_week(filed, monkeypatch):
    filed.answer()

    def full(*_args):
        raise NotFiled("filing in Sent: over quota")

    monkeypatch.setattr(Link, "file", full)
    with structlog.testing.capture_logs() as lines:
        filed.pass_by()
        filed.pass_by(timedelta(seconds=30))
        assert filed.waiting() == [(1, True)]
        filed.pass_by(timedelta(minutes=1))
        assert filed.waiting() == [(2, True)]
        filed.pass_by(timedelta(days=7))
    told = [line["given_up"] for line in lines if line["event"] == "mailbox.not_filed"]
    assert told == [False, True]
    assert (filed.waiting(), filed.gateway.rows("imap_filing")[0]["raw"]) == ([], None)


def test_a_mail_at_which_the_connection_breaks_keeps_none_from_being_taken(filed, monkeypatch):
    filed.answer()
    filed.put(written(Message_ID="<m2@customer.example>", Subject="Another"))

    def broken(*_args):
        raise Temporary("filing in Sent: the connection is closed")

    monkeypatch.setattr(Link, "file", broken)
    with pytest.raises(Temporary):
        filed.pass_by()
    assert filed.pass_by(timedelta(seconds=1)) == 1


def test_who_has_lost_the_mailbox_files_nothing(filed):
    filed.answer()
    filed.ahead += LATER

    def lost(_connection):
        raise Lost("another node watches this mailbox now")

    link = Link.open(filed.mailbox.account)
    try:
        with pytest.raises(Lost):
            filed.filing.file(link, "Sent", lost)
    finally:
        link.close()
    assert (filed.sent(), filed.waiting()) == ([], [(0, True)])


def test_who_has_lost_the_mailbox_gives_none_up(filed, monkeypatch):
    filed.answer()
    failed = Filing._failed

    def lost(_connection):
        raise Lost("another node watches this mailbox now")

    def full(*_args):
        raise NotFiled("filing in Sent: over quota")

    monkeypatch.setattr(Link, "file", full)
    monkeypatch.setattr(Filing, "_failed", lambda *given: failed(*given[:3], lost))
    with pytest.raises(Lost):
        filed.pass_by(timedelta(days=8))
    assert filed.waiting() == [(1, True)]


def test_what_was_let_go_of_meanwhile_is_not_filed(filed, monkeypatch):
    filed.answer()
    monkeypatch.setattr("mailgate.intake.filing.filing.raw", lambda *_args: None)
    filed.pass_by()
    assert (filed.sent(), filed.waiting()) == ([], [])


def test_bob_who_answers_too_has_a_copy_of_his_own(filed):
    filed.answer()
    to = filed.gateway.reply_address(BOB.address)
    filed.gateway.mail("Or sand.", sender=BOB.address, to=to)
    filed.send()
    filed.pass_by()
    assert len(filed.sent()) == 2
