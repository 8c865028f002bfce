"""The mail that somebody passes on, attached or copied, is found; anything in doubt is not."""

from datetime import UTC, datetime

import pytest

from mailgate.mail import forwarded, parts
from mailgate.mail.forwarded import Forwarded
from mailgate.mail.parse import parse

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAVE = "dave@client.example"


def read(text, subject="Fwd: Ink", head=""):
    raw = f"From: a@desk.example\r\nSubject: {subject}\r\n{head}\r\n{text}".replace("\r\n", "\n")
    octets = raw.replace("\n", "\r\n").encode()
    return forwarded.read(parse(octets, NOW), lambda path: parse(parts.content(octets, path), NOW))


def attached(*inner):
    parts = "".join(f"--b\n{part}\n" for part in ("\nSee below.", *inner))
    head = 'Content-Type: multipart/mixed; boundary="b"\n'
    return read(f"{parts}--b--\n", "Ink", head)


def rfc822(text):
    return f"Content-Type: message/rfc822\n\n{text}"


def test_a_file_of_the_mail_that_is_copied_below_does_not_choose_whose_it_is():
    """A customer who attaches somebody else's mail stays the customer, once it is passed on."""
    parts = [
        (
            "\n---------- Forwarded message ---------\n"
            "From: Dave <dave@client.example>\nSubject: Ink\n\nSee."
        ),
        rfc822("From: Eve <eve@elsewhere.example>\nSubject: Mine\n\nWords."),
    ]
    text = "".join(f"--b\n{part}\n" for part in parts)
    found = read(f"{text}--b--\n", head='Content-Type: multipart/mixed; boundary="b"\n')
    assert found is not None
    assert found.sender == DAVE


LETTER = "Gone.\n\nDave"
COPIED = {
    "gmail": """Please help.

---------- Forwarded message ---------
From: Dave <dave@client.example>
Date: Mon, 2 Mar 2026
Subject: Ink
To: <a@desk.example>
""",
    "outlook": """-----Ursprüngliche Nachricht-----
Von: Dave [mailto:dave@client.example]
Gesendet: Montag, 2. März 2026
An: a@desk.example
Betreff: Ink
""",
    "apple": """Please help.

Begin forwarded message:

> From: Dave <dave@client.example>
> Subject: Ink
""",
    "spaced": """Please help.
________
*From:* Dave <dave@client.example>

*Sent:* Monday

*Subject:* Ink
""",
    "bare": "Please help.\nDe : Dave <dave@client.example>\nObjet : Ink\n",
    "chinese": "发件人：Dave <DAVE@client.example>\n主题：Ink\n",
}


@pytest.mark.parametrize("program", COPIED)
def test_a_copied_mail_is_found_below_its_header(program):
    comment = "" if program in ("outlook", "chinese") else "Please help."
    found = read(f"{COPIED[program]}\n{LETTER}")
    assert found == Forwarded(DAVE, "Dave", "Ink", LETTER, None, comment)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("From: Dave <dave@client.example>\nSubject: Ink\n\nGone.", "Ink"),
        ("From: Dave <dave@client.example>\nGone.", "Fwd: Ink"),
        ("From: Dave\nSubject: Ink\n\nGone.", "Fwd: Ink"),
        ("From: Dave <dave@-.>\nSubject: Ink\n\nGone.", "Fwd: Ink"),
        ("Nothing here.", "Fwd: Ink"),
        ("x" * 100 + ": y", "Fwd: Ink"),
        ("\n" * 600 + "From: Dave <dave@client.example>\nSubject: Ink\n\nGone.", "x: Fwd: Ink"),
        ("x\n" * 600 + "From: Dave <dave@client.example>\nSubject: Ink\n\nGone.", "Fwd: Ink"),
    ],
)
def test_what_is_in_doubt_is_no_mail_passed_on(text, subject):
    assert read(text, subject) is None


def test_an_attached_mail_is_found_with_its_id():
    inner = f"From: Dave <{DAVE}>\nSubject: Ink\nMessage-ID: <i@client.example>\n\nGone."
    found = attached(rfc822(inner))
    assert found == Forwarded(DAVE, "Dave", "Ink", "Gone.", "<i@client.example>", "See below.")


def test_two_attached_mails_or_one_without_a_sender_are_in_doubt():
    inner = rfc822(f"From: {DAVE}\nSubject: Ink\n\nGone.")
    assert attached(inner, inner) is None
    assert attached(rfc822("Subject: Ink\n\nGone.")) is None


def test_a_header_that_only_the_end_of_the_text_ends_is_one():
    found = read(f"From: {DAVE}\nSubject: Ink")
    assert found == Forwarded(DAVE, "", "Ink", "", None, "")
