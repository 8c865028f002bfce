"""`mailgate deliver`: stored, or an exit code from which the mail server knows what to do."""

import io
import json
import sqlite3
import sys

import pytest

from mailgate.app import App
from mailgate.errors import Temporary
from tests.cli.conftest import CUSTOMER, DESK, mail


def kept(cli):
    """Return (from, recipients, road, state, raw) of each delivery that is stored."""
    with sqlite3.connect(cli.folder / "mailgate.db") as connection:
        rows = connection.execute(
            "SELECT mail_from, recipients, road, state, raw FROM mail_delivery "
            "JOIN mail ON mail.id = mail_id ORDER BY mail_delivery.id"
        ).fetchall()
    connection.close()
    return [(sender, json.loads(to), *rest) for sender, to, *rest in rows]


def test_a_mail_on_stdin_is_stored_as_it_came(cli):
    raw = mail()
    assert cli.ok("deliver", stdin=raw) == ""
    assert kept(cli) == [(CUSTOMER, [DESK], "pipe", "pending", raw)]


def test_a_mail_in_a_file_is_stored_for_those_it_is_said_to_be_for(cli, tmp_path):
    path = tmp_path / "mail.eml"
    path.write_bytes(mail())
    cli.ok("deliver", path, "support+x@desk.example", "--to", DESK, "--from", "<a@b.example>")
    assert kept(cli)[0][:2] == ("a@b.example", ["support+x@desk.example", DESK])


@pytest.mark.parametrize("equals", [True, False], ids=["one word", "two words"])
@pytest.mark.parametrize(
    "sender",
    ["-x@evil.example", "--to=support+x@desk.example", "--help@evil.example", "/mail@evil.example"],
)
def test_an_address_is_never_taken_for_an_option_or_a_file(cli, sender, equals):
    words = [f"--from={sender}", f"--to={DESK}"] if equals else ["--from", sender, "--to", DESK]
    cli.ok("deliver", *words, stdin=mail())
    assert kept(cli)[0][:2] == (sender, [DESK])


@pytest.mark.parametrize(
    "recipient", ["-x@desk.example", "--config=x@desk.example", "/x@y.example"]
)
def test_a_recipient_is_never_taken_for_an_option_or_a_file(cli, recipient):
    said = cli.no(67, "deliver", f"--to={recipient}", stdin=mail())
    assert f"{recipient} is no address of this desk" in said
    assert kept(cli) == []


@pytest.mark.parametrize(
    ("headers", "recipients"),
    [
        ({"delivered_to": "support+tok@desk.example"}, ["support+tok@desk.example"]),
        (
            {"x_original_to": "<support+a@desk.example>", "delivered_to": "local@host"},
            ["support+a@desk.example"],
        ),
        ({"delivered_to": "local@host.example"}, [DESK]),
        ({"cc": "support+c@desk.example, x@y.example"}, [DESK, "support+c@desk.example"]),
    ],
)
def test_recipients_are_read_from_the_header_where_nobody_names_them(cli, headers, recipients):
    cli.ok("deliver", stdin=mail(**headers))
    assert kept(cli)[0][1] == recipients


def test_a_mail_to_somebody_else_that_came_here_is_the_desks(cli):
    cli.ok("deliver", stdin=b"From: a@b.example\nTo: list@else.example\n\nhi\n")
    assert kept(cli)[0][1] == [DESK]


@pytest.mark.parametrize(
    ("words", "raw", "sender"),
    [
        ((), mail(return_path="<bounce@x.example>"), "bounce@x.example"),
        ((), mail(return_path="<>"), ""),
        ((), b"From robot@x.example Mon Mar  2 09:00:00 2026\n" + mail(), "robot@x.example"),
        ((), b"From MAILER-DAEMON Mon Mar  2 09:00:00 2026\n" + mail(), ""),
        ((), b"From \n" + mail(), CUSTOMER),
        (("--from", ""), mail(), ""),
        (("--from", "<>"), mail(return_path="<b@x.example>"), ""),
        ((), b"Subject: nobody\n\nhi\n", ""),
    ],
)
def test_the_sender_is_what_the_envelope_said(cli, words, raw, sender):
    cli.ok("deliver", *words, stdin=raw)
    assert kept(cli)[0][0] == sender


def test_the_line_of_the_mailbox_in_front_is_not_kept(cli):
    cli.ok("deliver", stdin=b"From a@b.example Mon Mar  2 09:00:00 2026\n" + mail())
    assert kept(cli)[0][4] == mail()


def test_the_same_mail_twice_is_one(cli):
    cli.ok("deliver", stdin=mail())
    cli.ok("deliver", stdin=mail())
    assert len(kept(cli)) == 1


@pytest.mark.parametrize(
    ("code", "words", "raw", "says"),
    [
        (64, ("--frob",), mail(), "No such option"),
        (64, ("one.eml", "two.eml"), mail(), "one mail at a time, not 2"),
        (65, (), b"", "the mail is empty"),
        (65, (), b" \r\n\n", "the mail is empty"),
        (66, ("/no/such/file.eml",), b"", "/no/such/file.eml: no such file or directory"),
        (67, ("x@else.example",), mail(), "x@else.example is no address of this desk"),
        (67, ("not an@address",), mail(), "no address of this desk"),
    ],
)
def test_each_fault_has_the_code_that_mail_servers_know(cli, code, words, raw, says):
    assert says in cli.no(code, "deliver", *words, stdin=raw)


def test_one_known_recipient_is_enough(cli):
    done = cli.run("deliver", "x@else.example", DESK, stdin=mail())
    assert done.exit_code == 0
    assert "x@else.example is no address of this desk" in done.stderr
    assert kept(cli)[0][1] == [DESK]


def test_the_size_limit_is_exact(cli):
    cli.set(inbound__max_size="256KiB")
    fits = mail(text="x").ljust(256 * 1024, b"x")
    assert cli.ok("deliver", stdin=fits) == ""
    said = cli.no(65, "deliver", stdin=fits + b"x")
    assert "larger than 262144 octets, which [inbound] max_size allows" in said


def test_a_broken_configuration_is_told_as_such_and_bounces_nothing(cli):
    cli.set(desk__address="nonsense")
    assert "desk.address" in cli.no(75, "deliver", stdin=mail())


def test_a_database_that_cannot_be_used_makes_the_mail_come_again(new_cli):
    (new_cli.folder / "mailgate.db").mkdir()
    assert "database" in new_cli.no(75, "deliver", stdin=mail())


@pytest.mark.parametrize("error", [KeyError("a bug"), Temporary("full"), KeyboardInterrupt()])
def test_whatever_goes_wrong_here_makes_the_mail_come_again(cli, monkeypatch, error):
    def broken(*_args):
        raise error

    monkeypatch.setattr(App, "keep", broken)
    assert "Traceback" not in cli.no(75, "deliver", stdin=mail())


def test_a_file_may_have_an_at_sign_in_its_name(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a@b").write_bytes(mail())
    cli.ok("deliver", "./a@b")
    assert len(kept(cli)) == 1


def test_no_more_is_read_than_may_be(monkeypatch):
    from mailgate.cli import delivering

    class Endless(io.BytesIO):
        def read(self, size=-1):
            assert 0 < size <= 101
            return b"x" * size

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"x" * 500))))
    monkeypatch.setattr(delivering, "say", lambda _: None)
    monkeypatch.setattr(sys.stdin, "_CHUNK_SIZE", 1)
    with pytest.raises(delivering.typer.Exit) as ended:
        delivering._read("-", 100)
    assert ended.value.exit_code == 65
    assert sys.stdin.buffer.tell() == 101
