"""Mails put together: what anybody typed stays what it is, and the bytes suit any server."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.errors import Permanent
from mailgate.mail.compose import File
from mailgate.mail.render import Rendered
from tests.mail.composing import (
    BREAKS,
    EVIL,
    FIELDS,
    RENDERED,
    field,
    fit_for_any_server,
    leaves,
    made,
    named,
    read,
)


def test_further_recipients_stand_in_cc_and_only_where_there_are_any():
    assert read(made())["Cc"] is None
    mail = read(made(cc=("eve@x.example", "bob@y.example")))
    assert [box.addr_spec for box in mail["Cc"].addresses] == ["eve@x.example", "bob@y.example"]
    with pytest.raises(Permanent):
        made(cc=("eve@x.example\r\nBcc: bob@y.example",))


def test_a_mail_has_these_fields_once_each_in_this_order():
    mail = read(made())

    assert list(mail.keys()) == FIELDS
    assert not mail.defects
    assert mail["Date"] == "Fri, 20 Nov 2026 08:15:00 +0000"
    assert mail["From"] == "Example Support <support@desk.example>"
    assert mail["To"] == "Carol Client <carol@client.example>"
    assert mail["Reply-To"] == "support+tkt-1.abc@desk.example"
    assert mail["Subject"] == "Re: Printer [TKT-1]"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Mailgate-Loop"] == "mark7"
    assert mail["Content-Language"] == "en"


def test_the_same_arguments_give_the_same_bytes():
    files = (File("a.pdf", "application/pdf", b"%PDF"),)

    assert made(attachments=files) == made(attachments=files)


def test_what_is_not_told_is_not_there():
    mail = read(
        made(
            reply_to=None,
            in_reply_to=None,
            references=(),
            auto_submitted=None,
            loop_mark="",
            language="",
            from_name="",
            to_name=" ",
        )
    )

    assert list(mail.keys()) == [
        *("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type")
    ]
    assert mail["From"] == "support@desk.example"
    assert mail["To"] == "carol@client.example"


def test_the_date_is_in_utc():
    at = datetime(2026, 11, 20, 1, 15, tzinfo=timezone(timedelta(hours=-7)))

    assert read(made(date=at))["Date"] == "Fri, 20 Nov 2026 08:15:00 +0000"


class TestInjection:
    @pytest.mark.parametrize("break_", BREAKS)
    @pytest.mark.parametrize("name", ["from_name", "to_name", "loop_mark"])
    def test_no_text_becomes_a_header(self, name, break_):
        raw = made(**{name: f"a{break_}{EVIL}"})

        assert list(read(raw).keys()) == FIELDS
        assert fit_for_any_server(raw)

    @pytest.mark.parametrize("break_", BREAKS)
    def test_no_subject_becomes_a_header(self, break_):
        raw = made(replace(RENDERED, subject=f"a{break_}{EVIL}"))

        assert list(read(raw).keys()) == FIELDS
        assert read(raw)["Subject"] == f"a {EVIL}"

    @pytest.mark.parametrize("break_", BREAKS)
    @pytest.mark.parametrize("name", ["from_address", "to_address", "reply_to"])
    def test_no_address_becomes_a_header_or_a_second_one(self, name, break_):
        for address in (f"a@x.example{break_}{EVIL}", f"a@x.example>{break_}<eve@x.example"):
            with pytest.raises(Permanent, match="is not an address"):
                made(**{name: address})

    @pytest.mark.parametrize("address", ["", "a", "a@x.example, eve@x.example", "A <a@x.example>"])
    def test_an_address_is_one_address(self, address):
        with pytest.raises(Permanent, match=r"^To: .* is not an address that a mail can carry$"):
            made(to_address=address)

    @pytest.mark.parametrize("break_", BREAKS)
    def test_no_id_becomes_a_header(self, break_):
        evil = f"<a@x.example>{break_}{EVIL}"

        mail = read(made(in_reply_to=evil, references=(evil, "<b@x.example>")))

        assert mail["Bcc"] is None
        assert mail["In-Reply-To"] is None
        assert mail["References"] == "<b@x.example>"

    @pytest.mark.parametrize(
        "id_", ["", "a@b", "<a b@c>", "<a@b> <c@d>", "<ä@b>", f"<{'a' * 900}>"]
    )
    def test_a_message_id_of_ours_that_is_none_is_a_fault(self, id_):
        with pytest.raises(Permanent, match="is not a Message-ID"):
            made(message_id=id_)

    @pytest.mark.parametrize("value", ["auto-generated\r\nBcc: e@x", "auto generated", "äuto"])
    def test_the_mark_of_automatic_mail_is_one_word(self, value):
        with pytest.raises(Permanent, match="is not a value for Auto-Submitted"):
            made(auto_submitted=value)

    @pytest.mark.parametrize("language", ["en\r\nBcc: e@x", "en us", "123456789", "de_AT"])
    def test_what_is_no_language_is_left_out(self, language):
        assert read(made(language=language))["Content-Language"] is None

    @pytest.mark.parametrize("break_", BREAKS)
    def test_no_file_becomes_a_header(self, break_):
        evil = f"a{break_}Content-Type: text/html{break_}{break_}<script>"
        raw = made(attachments=(File(evil, evil, b"x", evil),))

        (file,) = read(raw).iter_attachments()
        assert file.get_content_type() == "application/octet-stream"
        assert "\n" not in (file.get_filename() or "")
        assert file["Content-ID"] is None
        assert fit_for_any_server(raw)

    def test_no_field_passes_the_last_gate_with_a_line_of_its_own(self, monkeypatch):
        monkeypatch.setattr("mailgate.mail.compose.one_line", lambda text, *_limit: text)

        with pytest.raises(Permanent, match="cannot be the value of Subject"):
            made(replace(RENDERED, subject=f"a\r\n{EVIL}"))

    @given(
        texts=st.lists(st.text(st.characters(codec=None, categories=None)), min_size=5, max_size=5),
        file=st.builds(File, st.text(), st.text(), st.binary(), st.none() | st.text()),
    )
    def test_whatever_is_typed_the_mail_keeps_its_shape(self, texts, file):
        subject, text, html, from_name, to_name = texts
        rendered = Rendered(subject, text, html + f"cid:{file.content_id}", "en")

        raw = made(rendered, from_name=from_name, to_name=to_name, attachments=(file,))

        mail = read(raw)
        assert list(mail.keys()) == FIELDS
        assert fit_for_any_server(raw)
        assert [file.data] == [
            part.get_payload(decode=True)
            for part in leaves(mail)
            if part.get_content_disposition() is not None
        ]


class TestAName:
    @pytest.mark.parametrize(
        "name",
        [
            "Carol",
            "Carol Client",
            "Client, Carol (Ms.) <vip>; @home",
            'Carol "CC" Cl\\ient',
            "Jörg Müller",
            "Müller, Jörg (Büro)",
            "カロル クライアント",
            "=?utf-8?q?=0AX?=",
            "a" * 200,
            "ü" * 200,
            "Ü. " * 60 + "Ü",
        ],
    )
    def test_arrives_as_it_was_typed_and_leaves_the_address_alone(self, name):
        raw = made(from_name=name)

        assert named(raw, "From") == (name, "support@desk.example")
        assert fit_for_any_server(raw)

    def test_of_many_words_is_cut(self):
        raw = made(to_name="x" * 300)

        assert named(raw, "To") == ("x" * 199 + "…", "carol@client.example")

    def test_in_ascii_stands_on_the_wire_as_it_is(self):
        assert field(made(), "From") == b"Example Support <support@desk.example>"
        assert field(made(from_name="Client, C."), "From") == b'"Client, C." <support@desk.example>'

    def test_is_not_folded_within_and_moves_the_address_only_when_the_line_is_full(self):
        line = field(made(from_name="x" * 60), "From")

        assert line == b"x" * 60 + b"\r\n <support@desk.example>"


class TestASubject:
    @pytest.mark.parametrize(
        "subject",
        [
            "Re: Printer [TKT-1]",
            "⚠️ Delayed Response Required - Ticket #TKT-1 [TKT-1]",
            "Grüße aus München, wo die Straße lang ist und der Betreff noch viel länger [TKT-1]",
            "プリンターが動きません。何をすればいいですか。プリンターが動きません [TKT-1]",
            "👩‍👩‍👧‍👦" * 30 + " [TKT-1]",
            "=?utf-8?b?AAAA?= is no encoded word [TKT-1]",
            "a =? b",
            "word " * 90 + "[TKT-1]",
            "x" * 480 + " [TKT-1]",
            "a",
            "ß",
        ],
    )
    def test_arrives_as_it_was_typed_in_lines_of_the_usual_length(self, subject):
        raw = made(replace(RENDERED, subject=subject))

        assert read(raw)["Subject"] == subject
        longest_word = max(len(word) for word in subject.split()) if subject.isascii() else 0
        lines = (b"Subject: " + field(raw, "Subject")).split(b"\r\n")
        assert max(len(line) for line in lines) <= max(76, longest_word + 9)
        assert all(line.strip() for line in lines)

    def test_is_encoded_no_further_than_it_must_be(self):
        raw = made(replace(RENDERED, subject="✅ Your ticket has been resolved [TKT-1]"))

        assert field(raw, "Subject") == (
            b"=?utf-8?q?=E2=9C=85?=\r\n Your ticket has been resolved [TKT-1]"
        )

    def test_splits_no_character_between_encoded_words(self):
        raw = made(replace(RENDERED, subject="🔄" * 60))

        words = re.findall(rb"=\?utf-8\?q\?(.*?)\?=", field(raw, "Subject"))
        assert len(words) > 1
        for word in words:
            octets = bytes.fromhex(word.decode().replace("=", ""))
            assert octets.decode() == "🔄" * (len(octets) // 4)

    @given(st.text(max_size=120))
    def test_of_any_text_arrives(self, text):
        raw = made(replace(RENDERED, subject=text))
        again = made(replace(RENDERED, subject=read(raw)["Subject"]))

        assert field(raw, "Subject") == field(again, "Subject")


class TestIds:
    LONG = f"<{'a' * 880}@desk.example>"

    def test_are_never_folded_or_encoded(self):
        raw = made(message_id=self.LONG, in_reply_to=self.LONG, references=(self.LONG, "<b@c>"))

        assert field(raw, "Message-ID") == self.LONG.encode()
        assert field(raw, "In-Reply-To") == self.LONG.encode()
        assert field(raw, "References") == f"{self.LONG}\r\n <b@c>".encode()
        assert fit_for_any_server(raw)

    def test_with_odd_but_legal_signs_stay_as_they_are(self):
        odd = '<=?utf-8?q?a?=."(b)"[c]%+d\'{e}|f~@[127.0.0.1]>'

        assert field(made(references=(odd,)), "References") == odd.encode()

    @pytest.mark.parametrize(
        ("count", "kept"),
        [
            (9, [*range(9)]),
            (10, [*range(10)]),
            (11, [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]),
            (500, [0, 1, 2, 3, 494, 495, 496, 497, 498, 499]),
        ],
    )
    def test_over_ten_of_a_thread_keep_the_first_four_and_the_last_six(self, count, kept):
        ids = tuple(f"<{number}@x.example>" for number in range(count))

        mail = read(made(references=ids))

        assert mail["References"].split() == [f"<{number}@x.example>" for number in kept]

    def test_stand_in_references_once_each(self):
        mail = read(made(references=("<a@x>", "<b@x>", "<a@x>")))

        assert mail["References"].split() == ["<a@x>", "<b@x>"]


class TestAnAddressBeyondAscii:
    def test_in_its_domain_is_written_in_ascii(self):
        raw = made(to_address="carol@münchen.example")

        assert field(raw, "To") == b"Carol Client <carol@xn--mnchen-3ya.example>"
        assert fit_for_any_server(raw)

    def test_in_its_local_part_makes_that_header_utf_8_and_no_other(self):
        raw = made(to_address="jörg@client.example", from_name="Büro")

        assert field(raw, "To") == "Carol Client <jörg@client.example>".encode()
        assert raw.replace("ö".encode(), b"o").isascii()
