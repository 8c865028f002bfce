"""`mailgate reply` and `resolve`: words at a keyboard become mails like any other."""

import email
import email.policy
import sqlite3

import pytest

from tests.cli.conftest import mail
from tests.peers.maildir import Maildir


def raw_of_the_last_mail(cli):
    with sqlite3.connect(cli.folder / "mailgate.db") as connection:
        ((raw, road, state),) = connection.execute(
            "SELECT raw, road, state FROM mail JOIN mail_delivery ON mail_id = mail.id "
            "ORDER BY mail.id DESC LIMIT 1"
        ).fetchall()
    connection.close()
    return email.message_from_bytes(raw, policy=email.policy.default), road, state


def to_the_customer(cli, words):
    mails = Maildir(cli.folder / "outgoing").matching(lambda m: "carol@" in m["To"])
    return [m for m in mails if words in m.get_body(("plain",)).get_content()]


def test_an_answer_goes_to_the_customer_and_is_kept_as_a_mail(cli):
    number = cli.open(message_id="<question@customer.example>")
    said = cli.ok("reply", number, "--as", "alice", "--text", "Is it plugged in?\n\n– Ä")
    assert said.startswith(f"{number} is waiting on customer, held by nobody")
    assert said.endswith("(answered: the customer's turn).\n")
    (answer,) = to_the_customer(cli, "Is it plugged in?")
    assert answer["In-Reply-To"] == "<question@customer.example>"
    kept, road, state = raw_of_the_last_mail(cli)
    assert (road, state) == ("cli", "threaded")
    assert kept["From"] == "Alice <alice@agent.example>"
    assert kept["To"] == "Support <support@desk.example>"
    assert kept["Subject"] == f"Re: Printer broken [{number}]"
    assert kept["In-Reply-To"] == "<question@customer.example>"
    assert kept["Auto-Submitted"] is None
    assert kept.get_content().replace("\r\n", "\n") == "Is it plugged in?\n\n– Ä\n"
    message = cli.json("show", number)["messages"][-1]
    assert message["message_id"] == kept["Message-ID"]
    assert cli.json("verify") == []


def test_an_answer_to_it_finds_the_ticket(cli):
    number = cli.open()
    cli.ok("reply", number, "--as", "alice", "--text", "Is it plugged in?")
    kept, _road, _state = raw_of_the_last_mail(cli)
    again = mail(subject="Re: it", text="Yes, it is.", in_reply_to=kept["Message-ID"])
    cli.ok("deliver", stdin=again)
    cli.ok("tick")
    assert [ticket["messages"] for ticket in cli.json("tickets")] == [3]


def test_the_text_comes_from_stdin_or_a_file(cli, tmp_path):
    number = cli.open()
    (tmp_path / "text").write_text("\ufefffrom a file\r\nof two lines\n")
    cli.ok("reply", number, "--as", "alice", stdin=b"from stdin")
    cli.ok("reply", number, "--as", "alice", "--file", tmp_path / "text")
    cli.ok("reply", number, "--as", "alice", "--file", "-", stdin=b"again from stdin")
    texts = [message["text"] for message in cli.json("show", number)["messages"][1:]]
    assert texts == ["from stdin", "from a file\nof two lines", "again from stdin"]


def test_a_note_reaches_nobody_outside(cli):
    number = cli.open()
    cli.ok("assign", number, "bob")
    before = len(cli.sent())
    said = cli.ok("reply", number, "--as", "alice", "--note", "--text", "He shouts.")
    assert f"{number} is in progress" in said
    assert to_the_customer(cli, "He shouts.") == []
    assert [to for to, _subject in cli.sent()[before:]] == ["Bob <bob@agent.example>"]


def test_a_command_in_a_text_is_text(cli):
    number = cli.open()
    cli.ok("reply", number, "--as", "alice", "--text", "/close\nyour window")
    assert cli.json("show", number)["status"] == "waiting_on_customer"
    assert to_the_customer(cli, "/close")


@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        (("--as", "alyce", "--text", "x"), b"", "there is no agent 'alyce'; did you mean alice?"),
        (("--as", "alice"), b" \n", "there is nothing to say"),
        (("--as", "alice", "--text", "x", "--file", "y"), b"", "not from both"),
        (("--as", "alice", "--file", "/no/such/file"), b"", "no such file or directory"),
        (("--as", "alice"), b"\xff\xfe\xff", "is not text in UTF-8"),
    ],
)
def test_what_cannot_be_said_is_refused_and_changes_nothing(cli, words, stdin, says):
    number = cli.open()
    before = cli.standing(number)
    assert says in cli.no(1, "reply", number, *words, stdin=stdin)
    assert cli.standing(number) == before


def test_a_reply_without_its_author_is_a_usage_error(cli):
    assert "--as" in cli.no(2, "reply", cli.open(), "--text", "x")


def test_resolving_with_a_text_asks_the_customer_to_confirm(cli):
    number = cli.open()
    said = cli.ok("resolve", number, "--as", "alice", "--text", "A new cable.", "--note", "phoned")
    assert said.startswith(f"{number} is resolved, held by nobody")
    (asked,) = to_the_customer(cli, "A new cable.")
    assert f"#{number}" in asked["Subject"]
    whole = cli.json("show", number)
    assert whole["messages"][-1]["resolution"] is True
    assert whole["events"][-1]["note"] == "phoned"
    assert cli.json("verify") == []


def test_resolving_needs_no_words_and_no_name(cli):
    number = cli.open()
    cli.ok("resolve", number)
    whole = cli.json("show", number)
    assert (whole["status"], len(whole["messages"])) == ("resolved", 1)
    assert whole["events"][-1]["actor"] == "admin:cli"


def test_words_need_a_name(cli):
    assert "whose words are these?" in cli.no(1, "resolve", cli.open(), "--text", "done")


def test_what_the_lifecycle_does_not_allow_is_refused_in_a_sentence(cli):
    number = cli.open()
    cli.ok("close", number)
    before = cli.standing(number)
    said = cli.no(1, "resolve", number, "--as", "alice", "--text", "done")
    assert f"{number} is closed: resolved is not possible" in said
    assert cli.standing(number) == before
    assert cli.json("verify") == []
