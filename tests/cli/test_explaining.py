"""`mailgate explain`: why a mail or a ticket became what it is."""

import json

import pytest
from typer.testing import CliRunner

from mailgate.cli import shapes
from mailgate.cli.program import program
from mailgate.intake.child import Child, Died
from mailgate.store import inbox, schema
from mailgate.store.db import Database
from tests.cli.conftest import CUSTOMER, DESK, mail
from tests.peers.maildir import Maildir

EVE = "eve@elsewhere.example"
ANSWER = "Yes, it is.\n\nOn Monday, Support wrote:\n> Is it plugged in?\n> Really?\n"


def mails(cli, number):
    """Return the numbers in the log of the mails behind a ticket."""
    return [each["mail"] for each in cli.json("explain", number)["mails"]]


def deliver(cli, raw, *words):
    """Let a mail come and be processed; return how it is explained then."""
    cli.ok("deliver", *words, stdin=raw)
    cli.ok("tick")
    database = Database(f"sqlite:///{cli.folder / 'mailgate.db'}")
    with database.read() as connection:
        row = connection.exec_driver_sql("SELECT max(id) FROM mail_delivery").scalar()
    database.close()
    return cli.json("explain", row)


def contents(cli):
    """Return every row of the database."""
    database = Database(f"sqlite:///{cli.folder / 'mailgate.db'}")
    with database.read() as connection:
        rows = {
            name: connection.execute(table.select()).all()
            for name, table in schema.metadata.tables.items()
        }
    database.close()
    return rows


# --- a mail that came -----------------------------------------------------------------------------


def test_a_mail_is_explained_from_what_was_kept_of_it(cli):
    number = cli.open()
    cli.ok("reply", number, "--as", "alice", "--text", "Is it plugged in?")
    told = deliver(cli, mail(subject=f"Re: [{number}]", text=ANSWER))
    assert list(told) == list(shapes.EXPLAINED_MAIL)
    assert (told["about"], told["state"], told["ticket"]) == ("mail", "threaded", number)
    assert (told["kind"], told["machine"], told["may_answer"]) == ("person", False, True)
    assert (told["rung"], told["says"]) == ("number", "by number")
    assert told["tried"] == [f"number {number}: the sender takes part in it"]
    assert told["trust"] == "unknown"
    assert told["lines"] == {"all": 4, "new": 1, "folded": 3}
    assert (told["from"], told["recipients"]) == ([CUSTOMER], [DESK])
    (event,) = told["events"]
    assert event["name"] == "customer.wrote"
    assert event["reasons"]
    assert {notice["notice"] for notice in told["notices"]} == {"new_message"}


def test_the_headers_that_told_a_machine_are_named(cli):
    told = deliver(cli, mail(auto_submitted="auto-replied"))
    assert (told["kind"], told["machine"], told["may_answer"]) == ("auto_reply", True, False)
    assert any("auto-replied" in reason for reason in told["reasons"])
    assert not [each for each in told["notices"] if each["role"] == "customer"]


def test_a_stranger_who_names_a_ticket_is_explained_with_the_reason(cli):
    number = cli.open()
    told = deliver(cli, mail(subject=f"Re: [{number}]", sender=EVE))
    assert told["tried"] == [f"number {number}: the sender takes no part in it"]
    assert (told["rung"], told["mentions"], told["state"]) == ("new", [number], "opened")


def test_what_was_held_back_is_told_with_its_reason(cli):
    cli.set(limits__automatic_in_a_day=1)
    cli.open()
    told = deliver(cli, mail(subject="Another"))
    held = [each for each in told["notices"] if each["state"] == "suppressed"]
    assert [(each["notice"], each["recipient"]) for each in held] == [("received", CUSTOMER)]
    assert "over the ceiling" in held[0]["reason"]


def test_a_refused_command_is_told_as_an_event_of_the_mail(cli):
    cli.open()
    notices = Maildir(cli.folder / "outgoing").mails()
    to = next(each["Reply-To"] for each in notices if "alice@agent.example" in each["To"])
    told = deliver(cli, mail(text="/asign bob", sender="alice@agent.example"), "--to", to)
    assert told["state"] == "commands_only"
    assert [event["name"] for event in told["events"]] == ["command.refused"]
    assert [each["notice"] for each in told["notices"]] == ["command_refused"]


def test_a_list_of_tickets_is_told_as_an_event_of_the_mail(cli):
    cli.set(trust__authserv_ids=["mx.desk.example"])
    number = cli.open()
    proof = "mx.desk.example; dmarc=pass header.from=customer.example"
    border = (
        "from mail.customer.example (198.51.100.7) by mx.desk.example; 2 Mar 2026 09:00:00 +0000"
    )
    asking = mail("list", authentication_results=proof, received=border)
    told = deliver(cli, asking, "--to", "support+mytickets@desk.example")
    assert (told["state"], told["ticket"]) == ("commands_only", None)
    assert told["says"] == f"{CUSTOMER} asked for their tickets: 1"
    assert [event["name"] for event in told["events"]] == ["tickets.listed"]
    assert [each["notice"] for each in told["notices"]] == ["my_tickets"]
    text = next(
        each for each in Maildir(cli.folder / "outgoing").mails() if "[" not in each["Subject"]
    )
    assert number in text.get_body(("plain",)).get_content()
    assert "my_tickets" in cli.ok("outbox")
    assert cli.json("verify") == []


def test_only_what_a_mail_caused_is_told_of_it(cli):
    number = cli.open()
    second = deliver(cli, mail(subject=f"Re: [{number}]", text="More."))
    first = cli.json("explain", f"mail:{mails(cli, number)[0]}")
    assert [event["name"] for event in first["events"]] == ["ticket.opened"]
    assert [event["name"] for event in second["events"]] == ["customer.wrote"]


def test_a_mail_that_waits_or_is_parked_says_so(cli):
    cli.ok("deliver", stdin=mail())
    database = Database(f"sqlite:///{cli.folder / 'mailgate.db'}")
    with database.write() as connection:
        (id_,) = connection.exec_driver_sql("SELECT id FROM mail_delivery").scalars()
        assert cli.json("explain", id_)["state"] == "pending"
        row = {"id": id_, "fence": 0, "state": "parked", "attempts": 3, "error": "Traceback: boom"}
        inbox.settle(connection, 1, [row])
    database.close()
    told = cli.json("explain", id_)
    assert (told["state"], told["error"], told["kind"]) == ("parked", "Traceback: boom", None)
    assert "Traceback: boom" in cli.ok("explain", id_)


@pytest.mark.parametrize("written", ["{0}", "mail:{0}", "mail={0}", "MAIL:{0}"])
def test_a_mail_is_named_as_in_the_log(cli, written):
    (id_,) = mails(cli, cli.open())
    assert cli.json("explain", written.format(id_))["mail"] == id_


def test_a_person_reads_the_same(cli):
    number = cli.open()
    told = deliver(cli, mail(subject=f"Re: [{number}]", text=ANSWER, precedence="bulk"))
    shown = cli.ok("explain", told["mail"])
    for text in (
        f"Is         threaded, {number}",
        "gets no automatic answer",
        "--- What told its kind",
        "bulk",
        f"  number {number}: the sender takes part in it",
        "4 lines, 1 new, 3 folded",
        "2. ",
        "customer.wrote by customer:carol@customer.example",
        "new_message to ",
    ):
        assert text in shown, text


# --- a mail in a file -----------------------------------------------------------------------------


def test_a_file_is_judged_as_if_it_came_now_and_nothing_is_kept(cli, tmp_path):
    number = cli.open()
    before = contents(cli)
    (tmp_path / "mail.eml").write_bytes(mail(subject=f"Re: [{number}]", text=ANSWER))
    told = cli.json("explain", tmp_path / "mail.eml")
    assert list(told) == list(shapes.EXPLAINED_MAIL)
    assert (told["about"], told["mail"]) == ("file", None)
    assert (told["state"], told["ticket"], told["rung"]) == ("threaded", number, "number")
    assert [event["name"] for event in told["events"]] == ["customer.wrote"]
    assert {each["notice"] for each in told["notices"]} == {"new_message"}
    shown = cli.ok("explain", tmp_path / "mail.eml")
    assert "Would be" in shown
    assert contents(cli) == before


def test_what_a_file_says_is_what_the_mail_then_becomes(cli):
    raw = mail(subject="Another", sender=EVE, list_id="<news.elsewhere.example>")
    would = json.loads(cli.ok("explain", "-", "--json", stdin=raw))
    became = deliver(cli, raw)
    same = set(shapes.EXPLAINED_MAIL) - {"about", "mail", "received_at", "events", "notices"}
    assert {name: would[name] for name in same} == {name: became[name] for name in same}
    for name in ("notices", "events"):
        assert len(would[name]) == len(became[name])


def test_a_mail_that_came_already_is_a_duplicate(cli):
    raw = mail(message_id="<one@customer.example>")
    deliver(cli, raw)
    told = json.loads(cli.ok("explain", "-", "--json", stdin=raw))
    assert told["state"] == "suppressed"
    assert "the same mail came before" in told["says"]


def test_the_envelope_of_a_file_can_be_said(cli):
    told = json.loads(
        cli.ok("explain", "-", "--from", "<>", "--to", DESK, "--json", stdin=mail(sender=EVE))
    )
    assert (told["mail_from"], told["recipients"], told["may_answer"]) == ("", [DESK], False)


def test_without_a_desk_a_file_says_what_it_says_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    (tmp_path / "mail.eml").write_bytes(mail(text=ANSWER, auto_submitted="auto-replied"))
    done = CliRunner().invoke(program, ["explain", "--json", "mail.eml"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert list(told) == list(shapes.EXPLAINED_MAIL)
    assert (told["kind"], told["machine"], told["state"]) == ("auto_reply", True, None)
    assert told["lines"]["folded"] == 3
    shown = CliRunner().invoke(program, ["explain", "mail.eml"]).stdout
    assert "auto_reply: written by a machine" in shown
    assert "Sender is" not in shown
    (tmp_path / "mail.eml").write_bytes(mail())
    told = json.loads(CliRunner().invoke(program, ["explain", "--json", "mail.eml"]).stdout)
    assert (told["kind"], told["may_answer"], told["reasons"]) == ("person", True, [])


def test_a_configuration_that_was_named_must_be_there(tmp_path, monkeypatch):
    monkeypatch.setenv("MAILGATE_CONFIG", str(tmp_path / "none.toml"))
    done = CliRunner().invoke(program, ["explain", "-"], input=mail())
    assert done.exit_code == 78


def test_limits_that_were_hit_are_told(cli):
    deep = b"X: y\n" * 2000 + mail()
    told = json.loads(cli.ok("explain", "-", "--json", stdin=deep))
    assert told["degraded"]
    assert "--- What could not be read as meant" in cli.ok("explain", "-", stdin=deep)


# --- a ticket -------------------------------------------------------------------------------------


def test_a_ticket_is_explained_by_its_events_deadlines_rules_and_mails(cli):
    number = cli.open()
    cli.ok("reply", number, "--as", "alice", "--text", "Is it plugged in?")
    told = cli.json("explain", number)
    assert list(told) == list(shapes.EXPLAINED_TICKET)
    assert (told["about"], told["number"]) == ("ticket", number)
    opened, replied, *_ = told["events"]
    assert list(opened) == [*shapes.EVENT, "mail", "notices"]
    behind, written = told["mails"]
    assert (opened["mail"], replied["mail"]) == (behind["mail"], written["mail"])
    assert all(event["reasons"] for event in told["events"])
    assert {each["notice"] for each in opened["notices"]} == {"received", "new_message"}
    assert [each["recipient"] for each in replied["notices"]] == [CUSTOMER]
    timers = {row["kind"]: row for row in told["timers"]}
    assert timers["client_response"]["origin"] == "normal client_response"
    assert list(timers["client_response"]) == list(shapes.TIMER)
    assert told["thresholds"]["client"] == {
        "seconds": 172_800,
        "calendar": None,
        "origin": "preset standard",
    }
    assert list(behind) == list(shapes.MAIL)
    assert (behind["state"], behind["rung"], behind["says"]) == ("opened", "new", "a new matter")


def test_a_person_reads_why_a_ticket_stands_where_it_does(cli):
    number = cli.open()
    cli.ok("priority", number, "high", "--note", "they are many")
    shown = cli.ok("explain", number.lower())
    for text in (
        "Printer broken",
        "1. ",
        "ticket.opened by customer:carol@customer.example (mail ",
        "-> received to carol@customer.example (customer), sent",
        "note: they are many",
        "--- Deadlines",
        "system response",
        "target near (resolution)",
        "high target resolution",
        "--- Thresholds of priority high",
        "12h",
        "preset standard",
        "a new matter",
    ):
        assert text in shown, text


def test_an_empty_file_is_no_mail(cli, tmp_path):
    (tmp_path / "empty.eml").write_text("\n")
    assert "there is no mail in stdin: it is empty" in cli.no(1, "explain", "-")
    assert "empty.eml: it is empty" in cli.no(1, "explain", str(tmp_path / "empty.eml"))


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        ("TKT-2026-99999", 1, "there is no ticket 'TKT-2026-99999'"),
        ("mail:99999", 1, "there is no mail 99999"),
        ("99999", 1, "there is no ticket '99999'"),
        ("./none.eml", 1, "./none.eml: no such file or directory"),
        ("none.eml", 1, "none.eml: no such file or directory"),
    ],
)
def test_what_is_not_there_is_told(cli, what, code, says):
    assert says in cli.no(code, "explain", what)


def test_no_text_from_outside_steers_the_terminal_of_who_asks(cli):
    told = deliver(cli, mail(subject="=?utf-8?q?a=1B[2Jb?= [red]c[/red]"))
    shown = cli.ok("explain", told["mail"]) + cli.ok("explain", told["ticket"])
    assert "\x1b" not in shown
    assert "[red]c[/red]" in shown


def test_an_odd_mail_is_read_apart_when_it_is_explained_or_shown(cli, monkeypatch):
    def dying(*_):
        raise Died("took too much time")

    monkeypatch.setattr(Child, "read", dying)
    odd = mail(text="--a\n" * 300, x_spam_flag="YES")
    deliver(cli, odd)
    (marked,) = cli.json("quarantine")
    said = "reading in a process of its own took too much time"
    assert cli.json("explain", f"mail:{marked['id']}")["degraded"] == [said]
    assert json.loads(cli.ok("explain", "-", "--json", stdin=odd))["degraded"] == [said]
    assert "--a" in cli.ok("quarantine", "show", marked["id"])
