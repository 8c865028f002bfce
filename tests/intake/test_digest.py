"""An agent answers the daily digest: all is done, or nothing, and they are told either way."""

import re
from dataclasses import replace
from datetime import time, timedelta
from email.message import EmailMessage

import pytest

from mailgate.desk.digest import Digests
from mailgate.desk.door import Desk
from mailgate.domain.events import Assign, Close
from mailgate.domain.model import Actor, ActorKind, Status
from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.mail.trust import Trust
from tests.delivery.sending import Scripted, read, worker_of
from tests.desk.conftest import ALICE, BOB, CUSTOMER
from tests.intake.desk import EVE

NUMBERS = NumberReader([NumberFormat("TKT-{year}-{seq:05d}")])
WHO = Actor(ActorKind.AGENT, "bob")


class Board:
    """A desk on which alice holds two tickets, and what she was sent."""

    def __init__(self, gateway) -> None:
        self.gateway = gateway
        self.ids = [gateway.mail("It burns.", Subject=s)["ticket_id"] for s in ("Fire", "/close")]
        for id_ in self.ids:
            self.do(id_, Assign(at=gateway.now, actor=WHO, assignee="alice"))
        self.way = Scripted()
        Digests(gateway.desk, time(0), NUMBERS).look(gateway.now)
        self.digest = self.delivered("Your turn")

    def do(self, id_, event):
        with self.gateway.desk.writing(self.gateway.now) as ledger:
            ledger.apply(id_, event)

    def delivered(self, subject) -> EmailMessage:
        """The last mail of ours with this in its subject."""
        worker_of(self.gateway, self.way).drain()
        mails = (read(sent.raw) for sent in self.way.arrived)
        return [mail for mail in mails if subject in mail["Subject"]][-1]

    @property
    def address(self) -> str:
        return self.digest["Reply-To"].addresses[0].addr_spec

    def quoted(self, answers):
        """The digest as it is quoted, with answers below the lines of the tickets."""
        lines = self.digest.get_body(("plain",)).get_content().splitlines()
        out = ["On Monday Support wrote:"]
        for line in lines:
            out.append(f"> {line}".rstrip())
            out += [answers[n] for n in answers if f"0000{n}  " in line]
        return "\r\n".join(out)

    def answer(self, text, *, sender=ALICE.address, to=None, **headers):
        given = {"Subject": "Re: Your turn", "In_Reply_To": self.digest["Message-ID"]} | headers
        return self.gateway.mail(text, sender=sender, to=to or self.address, **given)

    def tickets(self):
        return [self.gateway.ticket(id_) for id_ in self.ids]

    def transcript(self):
        return self.gateway.outbox("transcript")[-1]["context"]["transcript"]

    def lines(self):
        """(number's end, line, what is wrong) of the last transcript."""
        return [
            (each["number"][-1:], command["line"], command["reason"])
            for each in self.transcript()["tickets"]
            for command in each["commands"]
        ]


@pytest.fixture
def board(gateway):
    return Board(gateway)


def test_all_that_is_asked_for_is_done_and_told_in_one_mail(board):
    row = board.answer(board.quoted({1: "/assign bob: he knows\r\n/priority high", 2: "/close"}))
    first, second = board.tickets()
    assert (first.assignee, first.priority.value, second.status) == ("bob", "high", Status.CLOSED)
    assert (row["state"], row["ticket_id"]) == ("commands_only", None)
    assert row["verdict"]["says"] == "alice answered the digest: 3 commands on 2 tickets"
    assert board.transcript()["done"]
    assert board.lines() == [
        ("1", "/assign bob: he knows", ""),
        ("1", "/priority high", ""),
        ("2", "/close", ""),
    ]
    (assigned,) = (r for r in board.gateway.outbox("assigned") if r["recipient"] == BOB.address)
    assert assigned["context"]["note"] == "he knows"
    told = board.delivered("Done")
    assert (told["To"].addresses[0].addr_spec, told["Auto-Submitted"]) == (
        ALICE.address,
        "auto-generated",
    )
    text = told.get_body(("plain",)).get_content()
    assert "TKT-2026-00001  Fire - in progress, Bob" in text
    assert "TKT-2026-00002  /close - closed, Alice" in text


QUOTING = {
    "a quote": '<div>Done.</div><div class="gmail_attr">On Fri, 27 Nov 2026 at 8:00 Support '
    "&lt;support@desk.example&gt; wrote:<br></div><blockquote>{}</blockquote>",
    "a mail below": '<div>Done.</div><div style="border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> '
    "Support<br><b>Sent:</b> Friday<br><b>Subject:</b> Your turn</p></div>{}",
    "nothing": "{}",
}


@pytest.mark.parametrize("around", QUOTING.values(), ids=QUOTING)
def test_it_may_be_answered_in_html_between_the_lines(board, around):
    html = board.digest.get_body(("html",)).get_content()
    inner = html.partition("<body")[2].partition(">")[2].partition("</body>")[0]
    assert "&lt;" not in inner
    typed = re.sub(r"&nbsp;</p>|\u00a0</p>", "/close</p>", inner)
    assert typed.count("/close</p>") == 2
    kind = "text/html; charset=utf-8"
    board.answer(around.format(typed), Content_Type=kind, MIME_Version="1.0")
    assert board.lines() == [("1", "/close", ""), ("2", "/close", "")]
    assert {ticket.status for ticket in board.tickets()} == {Status.CLOSED}


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("/close", "/clsoe", "there is no command /clsoe"),
        ("/close", "/assign bop", "there is no agent 'bop'; did you mean bob?"),
        ("/close", "/reopen", "TKT-2026-00002 is in progress"),
        ("/close", "/macro hello", "/macro: it has no place in an answer to the digest"),
        ("/close", "/cancel", "/cancel: it has no place in an answer to the digest"),
        ("/close", "/list", "/list: it has no place in an answer to the digest"),
        ("/close", "/note", "there is no text for the note"),
        ("/close", "/spam\r\n/resolve", "with it the sender of the spam would hear from us"),
        ("/close", "/withdraw\r\n/resolve", "with it who has taken the matter back would hear"),
        ("/close", "- /take", "something stands around /take"),
        ("/close", "/merge TKT-2026-00001\r\n/wait", "/merge itself ends a ticket"),
        ("/close", "/merge TKT-2026-00002", "TKT-2026-00002 is this very ticket"),
        ("/close", "/unmerge", "TKT-2026-00002 goes on in no other ticket"),
        ("/close", "/threshold system=1h", "only an administrator may set the times"),
    ],
)
def test_where_one_line_is_wrong_nothing_is_done_and_each_is_told(board, first, second, reason):
    before = board.tickets()
    row = board.answer(board.quoted({1: first, 2: second}))
    assert board.tickets() == before
    assert not board.transcript()["done"]
    lines = board.lines()
    assert lines[0] == ("1", "/close", "")
    wrong = [line for line in lines[1:] if line[2]]
    assert [line[2][: len(reason)] for line in wrong] == [reason]
    assert reason in row["verdict"]["says"]
    text = board.delivered("Not done").get_body(("plain",)).get_content()
    assert reason[:30] in text


def test_everything_that_is_wrong_is_told_at_once(board):
    board.answer(board.quoted({1: "/reopen\r\n/tga vip", 2: "/reopen"}) + "\r\n/note: x")
    assert [(n, line) for n, line, reason in board.lines() if reason] == [
        ("1", "/tga vip"),
        ("2", "/reopen"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/close", "it does not say for which ticket"),
        ("TKT-2026-00099 /close", "there is no ticket TKT-2026-00099"),
        ("Thank you, I will see to it.", "there is no command in it"),
        ("", "there is no command in it"),
    ],
)
def test_an_answer_that_names_no_ticket_or_command_comes_back(board, text, reason):
    board.answer(text)
    assert board.lines()[0][2] == reason
    assert all(ticket.status is Status.IN_PROGRESS for ticket in board.tickets())


def test_a_note_is_internal_and_a_resolution_brings_the_standard_notice(board):
    board.answer("TKT-2026-00001\r\n/note he called\r\n\r\nTKT-2026-00002: /resolve: by phone")
    (note,) = (row for row in board.gateway.rows("message") if row["kind"] == "note")
    assert (note["text"], note["author"], note["full_text"]) == ("he called", "alice", None)
    (resolved,) = board.gateway.outbox("resolved")
    assert resolved["recipient"] == CUSTOMER
    assert (resolved["context"]["note"], resolved["context"]["message"]) == (None, None)


def test_a_colleagues_ticket_that_the_digest_did_not_list_can_be_named_too(board):
    other = board.gateway.mail("Help", Subject="Third")["ticket_id"]
    board.answer("TKT-2026-00003 /take")
    assert board.gateway.ticket(other).assignee == "alice"


def test_an_old_digest_acts_on_tickets_as_they_are_now(board):
    board.do(board.ids[0], Close(at=board.gateway.now, actor=WHO))
    board.gateway.now += timedelta(days=3)
    board.answer(board.quoted({1: "/wait", 2: "/close"}))
    assert "not possible" in board.lines()[0][2]
    assert board.tickets()[1].status is Status.IN_PROGRESS
    board.gateway.now += timedelta(days=1)
    board.answer(board.quoted({1: "/reopen", 2: "/close"}))
    assert [ticket.status for ticket in board.tickets()] == [Status.REOPENED, Status.CLOSED]


def test_a_ticket_can_go_on_in_another_and_stand_alone_again(board):
    board.answer(board.quoted({2: "/merge TKT-2026-00001"}))
    first, second = board.tickets()
    assert (second.merged_into, board.lines()) == (first.id, [("2", "/merge TKT-2026-00001", "")])
    board.answer(board.quoted({2: "/priority high"}))
    assert (board.lines(), board.tickets()[0].priority.value) == (
        [("1", "/priority high", "")],
        "high",
    )
    board.answer(board.quoted({2: "/unmerge"}))
    assert board.tickets()[1].merged_into is None


def test_others_can_be_let_in_by_it(board):
    board.answer("TKT-2026-00001 /cc dave@customer.example")
    assert board.lines() == [("1", "/cc dave@customer.example", "")]
    assert board.tickets()[0].participants == ("dave@customer.example",)


@pytest.mark.parametrize(("word", "as_what"), [("spam", "spam"), ("withdraw", "withdrawn")])
def test_what_is_no_matter_of_ours_is_closed_by_it(board, word, as_what):
    board.answer(board.quoted({1: f"/{word}"}))
    assert board.tickets()[0].disposition.value == as_what
    assert board.transcript()["done"]


def test_the_transcript_can_be_answered_above_its_marked_line(board):
    board.answer(board.quoted({1: "/clsoe", 2: "/take"}))
    told = board.delivered("Not done")
    assert told["Reply-To"] == board.digest["Reply-To"]
    text = told.get_body(("plain",)).get_content()
    quoted = "\r\n".join(f"> {line}" for line in text.splitlines())
    board.answer(f"TKT-2026-00001 /close\r\n\r\n{quoted}")
    assert board.transcript()["done"]
    assert board.lines() == [("1", "/close", "")]


# --- whose it is --------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", [EVE, BOB.address, CUSTOMER])
def test_somebody_else_at_the_address_gets_nothing_and_does_nothing(board, sender):
    before = board.tickets()
    row = board.answer(board.quoted({1: "/close"}), sender=sender)
    assert (row["state"], board.gateway.outbox("transcript")) == ("opened", [])
    assert board.tickets() == before


def test_an_agent_whose_mail_fails_authentication_gets_nothing(board, trusted):
    trusted(Trust.FAILED)
    before = board.tickets()
    board.answer(board.quoted({1: "/close"}))
    assert board.gateway.outbox("transcript") == []
    assert board.tickets() == before


def test_an_altered_or_old_address_is_none(board):
    before = board.tickets()
    local, _, domain = board.address.partition("@")
    altered = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
    board.answer(board.quoted({1: "/close"}), to=altered)
    board.gateway.now += timedelta(days=91)
    board.answer(board.quoted({1: "/close"}))
    assert board.gateway.outbox("transcript") == []
    assert board.tickets()[0].status is before[0].status


def test_the_address_of_a_ticket_is_no_address_for_the_digest(board):
    (reply, *_) = (row["context"]["reply_address"] for row in board.gateway.outbox("assigned"))
    assert board.gateway.signer.read_digest_address(reply, ALICE.address, board.gateway.now) is None


def test_who_quotes_the_address_to_a_customer_is_stopped(board):
    reply = next(
        row["context"]["reply_address"]
        for row in board.gateway.outbox("new_message")
        if row["recipient"] == ALICE.address
    )
    board.gateway.mail(f"See {board.address}", sender=ALICE.address, to=reply)
    (refused,) = board.gateway.outbox("command_refused")
    assert "signed for one of us" in refused["context"]["commands"][0]["reason"]


def test_an_out_of_office_reply_says_who_is_away_and_opens_nothing(board):
    row = board.answer(
        "I am out of the office until 6 March 2026. Back on 2026-03-06.",
        Auto_Submitted="auto-replied",
        Subject="Out of office: Your turn",
    )
    assert (row["state"], row["ticket_id"]) == ("report", None)
    assert board.gateway.outbox("transcript") == []
    (state,) = (r for r in board.gateway.rows("agent_state") if r["name"] == "alice")
    assert state["away_until"] is not None


def test_an_answer_that_is_handed_over_twice_is_carried_out_once(board):
    row = board.answer("TKT-2026-00001 /note once", Message_ID="<one@agents.example>")
    again = board.answer("TKT-2026-00001 /note once", Message_ID="<one@agents.example>")
    assert row == again
    assert len(board.gateway.outbox("transcript")) == 1


def test_administrators_may_do_by_it_what_agents_may_not(board):
    staff = replace(board.gateway.desk.settings.staff, admins=(ALICE.address,))
    board.gateway.desk = Desk(
        board.gateway.database,
        replace(board.gateway.desk.settings, staff=staff),
        board.gateway.signer,
    )
    board.gateway.worker._desk = board.gateway.desk
    board.answer("TKT-2026-00001 /threshold system=1h")
    assert board.tickets()[0].own_times == (("system", 3600),)
