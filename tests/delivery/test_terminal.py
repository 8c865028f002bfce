"""Mails on a terminal: readable, and unable to steer it."""

import io

from mailgate.delivery.terminal import TerminalTransport
from mailgate.delivery.transport import Outgoing, Sent, Unknown

RAW = b"""From: =?utf-8?q?J=C3=B6rg?= <desk@desk.example>\r
To: carol@client.example\r
Subject: =?utf-8?b?4pqg77iPIExhdGU=?=\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=C3=BC=C3=9Fe =1B[31mred\r
--b\r
Content-Type: text/html; charset=utf-8\r
\r
<p>not shown</p>\r
--b\r
Content-Type: image/png\r
Content-Disposition: attachment; filename="a\x1b]0;b.png"\r
\r
x\r
--b--\r
"""
MAIL = Outgoing("", "carol@client.example", RAW)


def nothing() -> None:
    """Do nothing when the content begins."""


def test_a_mail_is_shown_as_a_person_reads_it():
    stream = io.StringIO()
    session = TerminalTransport(stream).open()

    assert session.send(MAIL, nothing) == Sent("shown on the terminal")
    session.close()

    shown = stream.getvalue().splitlines()
    assert shown[1:5] == [
        "Envelope: <> to <carol@client.example>",
        "From: Jörg <desk@desk.example>",
        "To: carol@client.example",
        "Subject: ⚠️ Late",
    ]
    assert "Grüße [31mred" in shown
    assert "not shown" not in stream.getvalue()
    assert any(line.endswith("image/png]") for line in shown)


def test_no_control_character_reaches_the_terminal():
    stream = io.StringIO()

    TerminalTransport(stream).open().send(MAIL, nothing)

    assert all(
        char == "\n" or char.isprintable() for char in stream.getvalue().replace("\ufe0f", "")
    )


def test_without_a_stream_it_is_the_standard_output(capsys):
    TerminalTransport().open().send(MAIL, nothing)

    assert "Envelope: <> to" in capsys.readouterr().out


def test_a_mail_is_told_to_have_begun_before_it_is_shown():
    stream, before = io.StringIO(), []

    TerminalTransport(stream).open().send(MAIL, lambda: before.append(stream.getvalue()))

    assert before == [""]


def test_a_terminal_that_knows_no_umlauts_still_shows_the_rest():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    TerminalTransport(stream).open().send(MAIL, nothing)

    assert b"Gr??e [31mred" in raw.getvalue()


class Broken(io.StringIO):
    """A terminal that somebody has closed."""

    def write(self, text: str) -> int:
        raise BrokenPipeError("Broken pipe")


def test_a_terminal_that_is_gone_means_unknown():
    result = TerminalTransport(Broken()).open().send(MAIL, nothing)

    assert result == Unknown("the terminal is gone: Broken pipe")
