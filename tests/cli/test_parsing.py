"""`mailgate parse`: what is read from a mail, without a desk."""

import json

from typer.testing import CliRunner

from mailgate.cli import shapes
from mailgate.cli.program import program
from tests.cli.conftest import mail
from tests.cli.test_seeing import WITH_FILES


def parse(*words, stdin=b""):
    return CliRunner().invoke(program, ["parse", *map(str, words)], input=stdin)


def test_a_file_is_read_for_programs(tmp_path):
    (tmp_path / "mail.eml").write_bytes(WITH_FILES)
    done = parse("--json", tmp_path / "mail.eml")
    assert done.exit_code == 0, done.output
    read = json.loads(done.stdout)
    assert read["subject"] == "A bill"
    assert [each["name"] for each in read["attachments"]] == ["bill.pdf", "a.csv"]
    assert read["message_id"] == "<bill@customer.example>"


def test_what_a_mail_claims_of_its_authentication_is_shown_and_not_believed():
    claim = b"Authentication-Results: mx.desk.example; dmarc=pass header.from=customer.example\r\n"
    (shown,) = json.loads(parse("--json", "-", stdin=claim + mail()).stdout)["authentication"]
    assert shown == {
        "server": "mx.desk.example",
        "believed": False,
        "results": [
            {
                "method": "dmarc",
                "result": "pass",
                "properties": {"header.from": "customer.example"},
                "comment": "",
            }
        ],
    }


def test_stdin_is_read_for_people():
    reply = "Yes.\n\nOn Monday, Support wrote:\n> Is it plugged in?\n"
    done = parse("-", stdin=mail(subject="Re: Printer", text=reply))
    assert done.exit_code == 0, done.output
    assert "carol@customer.example" in done.stdout
    assert "  Yes." in done.stdout
    assert "plugged" not in done.stdout


def test_files_and_what_could_not_be_read_are_named():
    done = parse("-", stdin=WITH_FILES.replace(b"--b--", b"--c--"))
    assert "bill.pdf, application/pdf, 1280 octets" in done.stdout
    deep = b"Subject: x\n" + b"X: y\n" * 20_000 + b"\nhi\n"
    assert "degraded: " in parse("-", stdin=deep).stdout


def test_whatever_the_file_holds_something_is_shown():
    assert parse("-", stdin=bytes(range(256))).exit_code == 0
    assert json.loads(parse("--json", "-").stdout)["subject"] == ""


def test_a_file_that_is_not_there_is_told():
    done = parse("/no/such/mail.eml")
    assert done.exit_code == 1
    assert done.stderr == "Error: /no/such/mail.eml: no such file or directory\n"


BOUNCE = b"""From: MAILER-DAEMON@mx.example
Subject: failure notice

<gone@x.example>: 550 5.1.1 no such user

--- Below this line is a copy of the message.

Message-ID: <note.1@desk.example>
"""


def test_the_kind_of_a_mail_is_printed_with_its_reasons():
    assert "kind" in parse("-", stdin=BOUNCE).stdout
    assert "bounce; delivery-report: status: 5.1.1; daemon: " in parse("-", stdin=BOUNCE).stdout


def test_verdict_and_report_hold_what_is_documented():
    shape = json.loads(parse("--json", "-", stdin=BOUNCE).stdout)
    assert list(shape["verdict"]) == list(shapes.VERDICT)
    assert set(shape["report"]) == set(shapes.REPORT)
    assert set(shape["report"]["outcomes"][0]) == set(shapes.OUTCOME)
    assert shape["verdict"] | {"reasons": []} == {
        "kind": "bounce",
        "machine": True,
        "may_answer": False,
        "no_reply": True,
        "reasons": [],
        "is_bounce": True,
        "is_report": True,
        "temporary": False,
        "bounce_status": ["5.1.1"],
        "failed_recipient": ["gone@x.example"],
        "original_message_id": "<note.1@desk.example>",
    }
