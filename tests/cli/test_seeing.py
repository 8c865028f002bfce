"""`mailgate tickets`, `show` and `attachment`: what a person and a program get to see."""

import base64
import hashlib
import sys
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import pytest
import time_machine
from sqlalchemy import select

from mailgate.app import now
from mailgate.cli import shapes
from mailgate.cli.opening import find
from mailgate.domain.events import AgentReplied, Follow
from mailgate.domain.model import Actor, ActorKind
from mailgate.store import drafts, schema
from mailgate.store.drafts import Draft
from tests.acceptance import inside
from tests.cli.conftest import CUSTOMER, mail
from tests.cli.test_checking import with_mailbox
from tests.peers.maildir import Maildir

BILL = bytes(range(256)) * 5
WITH_FILES = (
    b"From: Carol <carol@customer.example>\r\nTo: support@desk.example\r\nSubject: A bill\r\n"
    b"Message-ID: <bill@customer.example>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n"
    b'--b\r\nContent-Type: application/pdf; name="bill.pdf"\r\n'
    b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(BILL).replace(b"\n", b"\r\n")
    + b'--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\n'
    b"1;2\r\n--b--\r\n"
)


def numbers(cli, *filters):
    return [ticket["number"] for ticket in cli.json("tickets", *filters)]


def test_an_empty_desk_lists_nothing(cli):
    assert cli.ok("tickets") == "No such tickets.\n"
    assert cli.json("tickets") == []


def test_tickets_are_listed_newest_first_as_many_as_wanted(cli):
    first, second = cli.open(subject="one"), cli.open(subject="two")
    assert numbers(cli) == [second, first]
    assert numbers(cli, "--limit", 1) == [second]
    assert cli.json("tickets")[0]["messages"] == 1


def test_tickets_are_found_by_what_is_known_of_them(cli):
    first = cli.open(subject="Printer", sender="dave@customer.example")
    second = cli.open(subject="Invoice")
    cli.ok("assign", second, "alice")
    cli.ok("tag", second, "VIP")
    cli.ok("priority", second, "medium")
    cli.ok("priority", first, "high")
    for filters, wanted in (
        (("--status", "in_progress", "--status", "closed"), [second]),
        (("--status", "new"), [first]),
        (("--automation", "waiting_for_system_response"), [second, first]),
        (("--priority", "HIGH"), [first]),
        (("--priority", "medium"), [second]),
        (("--assignee", "alice"), [second]),
        (("--assignee", "none"), [first]),
        (("--team", "billing"), []),
        (("--requester", "dave@customer.example"), [first]),
        (("--tag", "Vip"), [second]),
        (("--search", "invoice"), [second]),
        (("--overdue",), []),
    ):
        assert numbers(cli, *filters) == wanted, filters


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        (("--status", "shut"), "shut"),
        (("--automation", "late"), "'late' is no automation status"),
        (("--priority", "asap"), "'asap' is no priority: critical, urgent"),
        (("--limit", "0"), "1"),
    ],
)
def test_a_condition_that_no_ticket_can_fulfil_is_a_usage_error(cli, filters, says):
    assert says in cli.no(2, "tickets", *filters)


def test_the_table_for_people_shows_what_matters(cli):
    cli.set(sla__watch_targets=False)
    number = cli.open(subject="Printer [bold]broken[/bold]")
    shown = cli.ok("tickets")
    assert shown.splitlines()[0].split()[:3] == ["NUMBER", "SUBJECT", "STATUS"]
    for text in (number, "[bold]broken[/bold]", " new ", CUSTOMER, "in 23 h"):
        assert text in shown


def test_a_narrow_terminal_shows_fewer_columns_and_says_so(cli, monkeypatch):
    number = cli.open(subject="The printer on the third floor prints blank pages only")
    cli.ok("assign", number, "alice")
    cli.ok("wait", number)
    widths = {}
    for columns in (60, 80, 120, 160):
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = cli.ok("tickets").splitlines()
        assert all(len(row) <= columns for row in shown[:-1])
        assert number in shown[1]
        assert "waiting on customer" in shown[1]
        widths[columns] = shown[0].split()
    assert widths[60] == ["NUMBER", "SUBJECT", "STATUS"]
    assert widths[80] == ["NUMBER", "SUBJECT", "STATUS", "ASSIGNEE", "WAITING"]
    assert "REQUESTER" in widths[120]
    assert widths[160][-2:] == ["CLOCK", "ACTS"]
    assert "(Too narrow for" not in cli.ok("tickets")
    monkeypatch.setenv("COLUMNS", "80")
    assert (
        "(Too narrow for PRIORITY, REQUESTER, LEVEL, CLOCK ACTS: a wider terminal shows them.)"
        in cli.ok("tickets")
    )


def test_the_history_is_read_at_80_columns_without_a_word_cut(cli, monkeypatch):
    number = cli.open()
    tags = [f"a-rather-long-tag-{n}" for n in range(9)]
    cli.ok("assign", number, "alice")
    cli.ok("tag", number, *tags)
    monkeypatch.setenv("COLUMNS", "80")
    shown = cli.ok("show", number).partition("--- History\n")[2].splitlines()
    assert max(map(len, shown)) <= 80
    (assigned,) = (at for at, row in enumerate(shown) if "ticket.assigned" in row)
    assert "assignee: - -> alice" in shown[assigned + 1]
    assert shown[assigned + 1].startswith("    ")
    assert all(any(tag in row for row in shown) for tag in tags)


def test_a_status_is_taken_as_it_is_shown(cli):
    number = cli.open()
    cli.ok("wait", number)
    for words in ("waiting on customer", "waiting_on_customer", "Waiting-on-Customer"):
        assert [each["number"] for each in cli.json("tickets", "--status", words)] == [number]
    assert "'lost' is no status: new, open" in cli.no(2, "tickets", "--status", "lost")


def test_a_late_ticket_is_shown_as_overdue(cli):
    number = cli.open()
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(25 * 6):  # a gateway that runs: an outage would hold the clock back
            clock.shift(600)
        cli.ok("tick")
        assert "1 d 1 h, overdue" in cli.ok("tickets")
        assert "new, overdue" in cli.ok("show", number)


def test_a_missed_target_is_shown_with_when_it_was_missed(cli):
    number = cli.open()
    (ticket,) = cli.json("tickets")
    assert ticket["breached"] == []
    assert "Missed" not in cli.ok("show", number)
    with time_machine.travel(now(), tick=False) as clock:
        clock.shift(30 * 3600)
        cli.ok("tick")
    whole = cli.json("show", number)
    assert whole["breached"] == ["first_response"]
    due = datetime.fromisoformat(whole["first_response_due_at"])
    assert f"Missed           first response ({due:%Y-%m-%d %H:%M:%S} UTC)" in cli.ok(
        "show", number
    )


def test_a_target_that_an_answer_seen_late_disproves_is_not_among_those_missed(cli):
    number = cli.open()
    began = now()
    with time_machine.travel(began, tick=False) as clock:
        clock.shift(30 * 3600)
        cli.ok("tick")
        assert "Missed " in cli.ok("show", number)
        with inside.opened(cli.config) as app, app.desk.writing(now()) as ledger:
            alice = Actor(ActorKind.AGENT, "alice")
            answered = AgentReplied(at=began + timedelta(hours=20), actor=alice, sent=True)
            ledger.apply(find(app, number).id, answered)
        shown = cli.ok("show", number)
        assert "Missed " not in shown
        assert cli.json("show", number)["breached"] == []
        explained = cli.ok("explain", number)
        assert "deadline.retracted by gateway" in explained
        assert "delayed by system, first response" in explained
        cli.ok("verify")


def test_who_follows_a_ticket_and_until_when_it_sleeps_is_shown(cli):
    number = cli.open()
    whole = cli.json("show", number)
    assert (whole["followers"], whole["snoozed_until"], whole["thresholds"]) == ([], None, None)
    cli.ok("thresholds", "set", "vip", "system=1h")
    cli.ok("thresholds", "assign", number, "vip")
    cli.ok("snooze", number, "2099-03-01T09:00")
    with inside.opened(cli.config) as app, app.desk.writing(now()) as ledger:
        followed = Follow(at=now(), actor=Actor(ActorKind.AGENT, "bob"), agent="bob")
        ledger.apply(find(app, number).id, followed)
    whole = cli.json("show", number)
    assert (whole["snoozed_until"], whole["thresholds"]) == ("2099-03-01T09:00:00+00:00", "vip")
    assert whole["followers"] == ["bob"]
    shown = cli.ok("show", number)
    assert "Snoozed until    2099-03-01 09:00:00 UTC" in shown
    assert "Followed by      bob\n" in shown


def test_what_is_folded_away_is_told_of_and_shown_when_asked_for(cli):
    number = cli.open()
    text = "It is.\n\nOn 2.3.2026 10:00 Support wrote:\n> Is it plugged in?"
    cli.ok("deliver", stdin=mail(subject=f"Re: [{number}]", text=text))
    cli.ok("tick")
    short, whole = cli.ok("show", number), cli.ok("show", number, "--full")
    assert ("plugged in" in short, "[more was folded away: --full]" in short) == (False, True)
    assert ("> Is it plugged in?" in whole, "--full" in whole) == (True, False)


def test_who_takes_no_part_in_a_ticket_is_shown_as_such(cli):
    number = cli.open()
    received = cli.json("outbox")[-1]
    cli.ok(
        "deliver",
        stdin=mail(
            subject=f"Re: [{number}]",
            sender="eve@elsewhere.example",
            in_reply_to=received["message_id"],
        ),
    )
    cli.ok("tick")
    assert "takes no part in the ticket: eve@elsewhere.example" in cli.ok("show", number)


def test_a_ticket_is_shown_with_all_that_was_said_and_its_history(cli):
    number = cli.open()
    cli.ok("reply", number, "--as", "alice", "--text", "Is it plugged in?")
    cli.ok("reply", number, "--as", "bob", "--note", "--text", "He always asks that.")
    whole = cli.json("show", number)
    assert [(m["kind"], m["side"], m["author"], m["text"]) for m in whole["messages"]] == [
        ("public", "client", CUSTOMER, "It does not print."),
        ("public", "system", "alice", "Is it plugged in?"),
        ("note", "system", "bob", "He always asks that."),
    ]
    assert all(m["full_text"] == m["text"] for m in whole["messages"])
    assert [(e["n"], e["name"], e["actor"]) for e in whole["events"]] == [
        (1, "ticket.opened", f"customer:{CUSTOMER}"),
        (2, "agent.replied", "agent:alice"),
        (3, "notice.delivered", "gateway"),
        (4, "note.added", "agent:bob"),
    ]
    replied = whole["events"][1]
    assert replied["before"]["status"] == "new"
    assert replied["after"]["status"] == "waiting_on_customer"
    shown = cli.ok("show", number)
    for text in (
        "Printer broken",
        "--- Alice (system)",
        "--- Bob (system, internal note)",
        "  Is it plugged in?",
        "status: new -> waiting on customer",
    ):
        assert text in shown


def test_what_was_said_about_a_step_stands_in_the_history(cli):
    number = cli.open()
    cli.ok("close", number, "--as", "alice", "--note", "answered by phone")
    assert "“answered by phone”; status: new -> closed" in cli.ok("show", number)


def test_who_takes_part_and_since_when_is_shown(cli):
    cli.set(trust__authserv_ids=["mx.desk.example"])
    facts = {
        "authentication_results": "mx.desk.example; dmarc=pass header.from=customer.example",
        "received": "from mail.customer.example (198.51.100.7) by mx.desk.example; "
        "Mon, 2 Mar 2026 09:00:00 +0000",
    }
    number = cli.open(**facts, cc="dave@customer.example, erin@customer.example")
    (ticket,) = cli.json("tickets")
    people = [each["address"] for each in ticket["participants"]]
    assert people == ["dave@customer.example", "erin@customer.example"]
    for each in cli.json("show", number)["participants"]:
        assert list(each) == list(shapes.PARTICIPANT)
        assert each["joined_at"] == ticket["created_at"]
    assert "Participants     dave@customer.example, erin@customer.example\n" in cli.ok(
        "show", number
    )


def test_a_number_is_understood_however_it_is_written(cli):
    number = cli.open()
    for written in (number.lower(), f"[{number}]", f"#{number}"):
        assert cli.json("show", written)["number"] == number


def test_a_ticket_that_is_not_there_is_told_with_a_remedy(cli):
    said = cli.no(1, "show", "TKT-2026-99999")
    assert "there is no ticket 'TKT-2026-99999'; `mailgate tickets` lists them" in said


def test_no_text_from_outside_steers_the_terminal(cli):
    number = cli.open(text="a\x1b[2J\x07[red]b[/red]")
    shown = cli.ok("show", number)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[red]b[/red]" in shown


# --- attachments ----------------------------------------------------------------------------------


@pytest.fixture
def billed(cli):
    """A ticket with a first mail without files, and a second one with two."""
    number = cli.open()
    files = WITH_FILES.replace(b"Subject: A bill", f"Subject: Re: A bill [{number}]".encode())
    cli.ok("deliver", stdin=files)
    cli.ok("tick")
    return number


def test_attachments_are_counted_over_the_ticket_and_come_byte_for_byte(cli, billed, tmp_path):
    files = [file for m in cli.json("show", billed)["messages"] for file in m["attachments"]]
    assert [(f["n"], f["name"], f["type"], f["size"]) for f in files] == [
        (1, "bill.pdf", "application/pdf", len(BILL)),
        (2, "a.csv", "text/csv", 3),
    ]
    assert files[0]["sha256"] == hashlib.sha256(BILL).hexdigest()
    assert cli.run("attachment", billed, 1).stdout_bytes == BILL
    assert cli.run("attachment", billed, 2).stdout_bytes == b"1;2"
    cli.ok("attachment", billed, 1, "--output", tmp_path / "new.pdf")
    assert (tmp_path / "new.pdf").read_bytes() == BILL
    assert "[2] a.csv, text/csv, 3 octets" in cli.ok("show", billed)


def test_an_attachment_that_is_not_there_is_told(cli, billed):
    assert f"{billed} has 2 attachments, so none is 3" in cli.no(1, "attachment", billed, 3)
    assert "1" in cli.no(2, "attachment", billed, 0)


def test_no_file_is_overwritten(cli, billed, tmp_path):
    (tmp_path / "mine").write_text("keep")
    said = cli.no(1, "attachment", billed, 1, "--output", tmp_path / "mine")
    assert "file exists" in said
    assert (tmp_path / "mine").read_text() == "keep"


def test_bytes_do_not_go_to_a_terminal(cli, billed, monkeypatch):
    from mailgate.cli import seeing
    from mailgate.errors import Refused

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(Refused, match="not for a terminal"):
        seeing._write(b"", None)


def test_a_mail_without_a_subject_has_something_to_be_listed_by(cli):
    cli.ok("deliver", stdin=mail(subject=""))
    cli.ok("tick")
    assert cli.json("tickets")[0]["subject"] == "(no subject)"


def test_a_draft_in_the_mailbox_is_shown_to_whoever_would_write_another(cli):
    with_mailbox(cli, password_file="mailbox.secret")
    number = cli.open()
    assert cli.json("show", number)["answering"] == []
    with inside.opened(cli.config) as app, app.database.write() as connection:
        (ticket_id,) = connection.execute(select(schema.ticket.c.id)).scalars()
        lies = [Draft(1, uid, ticket_id, datetime(2026, 3, 2, 9, tzinfo=UTC)) for uid in (7, 8)]
        names = ("support", "a mailbox of before")
        rows = [draft.row(1, name) for draft, name in zip(lies, names, strict=True)]
        drafts.came(connection, rows)
    (answers,) = cli.json("show", number)["answering"]
    assert list(answers) == list(shapes.ANSWERING)
    assert answers["mailbox"] == "support"
    assert "--- Somebody is answering: a draft lies in mailbox support since 20" in cli.ok(
        "show", number
    )


def test_an_answer_that_waits_is_shown_to_whoever_would_write_another(cli):
    cli.set(agents__hold="10m")
    number = cli.open()
    mails = Maildir(cli.folder / "outgoing").mails()
    to = next(parseaddr(each["Reply-To"])[1] for each in mails if "alice@" in each["To"])
    answer = mail(f"Re: Printer broken [{number}]", "Is it on?", sender="alice@agent.example")
    cli.ok("deliver", "--to", to, stdin=answer)
    cli.ok("tick")
    (waits,) = cli.json("show", number)["waiting_answers"]
    assert list(waits) == list(shapes.WAITING_ANSWER)
    assert waits["author"] == "alice"
    assert "--- An answer of alice waits to be sent at 20" in cli.ok("show", number)
