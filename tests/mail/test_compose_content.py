"""Text, HTML and files of a mail: they arrive as they were, through any server."""

import re
from dataclasses import replace

import pytest

from mailgate.mail.compose import File
from mailgate.mail.render import Rendered
from tests.mail.composing import RENDERED, fit_for_any_server, leaves, made, read, text_of


class TestTheContent:
    def parts(self, raw: bytes) -> list[str]:
        return [part.get_content_type() for part in read(raw).walk()]

    def test_is_text_and_html_as_alternatives(self):
        assert self.parts(made()) == ["multipart/alternative", "text/plain", "text/html"]

    def test_without_html_is_text_alone(self):
        raw = made(replace(RENDERED, html=None))

        assert self.parts(raw) == ["text/plain"]
        assert text_of(read(raw)) == "Hello.\n"

    def test_without_html_still_takes_files(self):
        raw = made(replace(RENDERED, html=None), attachments=(File("a", "a/b", b"x", "id"),))

        assert self.parts(raw) == ["multipart/mixed", "text/plain", "a/b"]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            "no line end",
            "Grüße\n\n-- \nwith a space at the end of a line \nFrom here\n.\n..\n=3D\t\n",
            "x" * 5000 + "\n" + "ü" * 3000,
            "これは日本語の文章です。\n" * 200,
            "Привет\n" * 50,
            "👩‍👩‍👧‍👦\n" * 50,
        ],
    )
    def test_arrives_as_it_was_in_both_forms(self, text):
        raw = made(Rendered("s", text, f"<p>{text}</p>", "en"))

        plain, page = leaves(read(raw))
        assert fit_for_any_server(raw)
        assert text_of(plain).rstrip("\n") == text.rstrip("\n")
        assert text_of(page).rstrip("\n") == f"<p>{text}</p>"
        assert all(len(line) <= 76 for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))

    def test_loses_control_characters_and_half_characters(self):
        raw = made(Rendered("s", "a\0b\x1b\r\nc\rd\ud800", "<p>\0\udfff</p>", "en"))

        plain, page = leaves(read(raw))
        assert text_of(plain) == "ab\nc\nd\ufffd"
        assert text_of(page) == "<p>\ufffd</p>"

    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            ("Hello\n", "quoted-printable"),
            ("Grüße\n", "quoted-printable"),
            ("Привет\n", "base64"),
            ("日本語\n", "base64"),
        ],
    )
    def test_stays_readable_on_the_wire_where_it_is_mostly_ascii(self, text, encoding):
        mail = read(made(Rendered("s", text, None, "en")))

        assert mail["Content-Transfer-Encoding"] == encoding

    def test_cannot_end_its_part(self):
        outer = re.findall(rb'boundary="(.*?)"', made())[0].decode()
        text = f"a\n--{outer}--\nContent-Type: text/html\n\n<b>\n--{outer}\n"

        plain, page = leaves(read(made(Rendered("s", text, text, "en"))))

        assert text_of(plain) == text_of(page) == text


class TestFiles:
    DATA = bytes(range(256)) * 5 + b"\r\n.\r\n\nFrom \r"

    @pytest.mark.parametrize(
        ("declared", "type_"),
        [
            ("application/pdf", "application/pdf"),
            ("IMAGE/PNG", "image/png"),
            ("text/plain", "text/plain"),
            ("application/vnd.ms-excel.sheet+x", "application/vnd.ms-excel.sheet+x"),
            ("message/rfc822", "application/octet-stream"),
            ("multipart/mixed", "application/octet-stream"),
            ("nonsense", "application/octet-stream"),
            ("a/b; charset=c", "application/octet-stream"),
            ("", "application/octet-stream"),
            ("ä/b", "application/octet-stream"),
        ],
    )
    def test_arrive_byte_for_byte_whatever_their_type(self, declared, type_):
        raw = made(attachments=(File("a.bin", declared, self.DATA),))

        (file,) = read(raw).iter_attachments()
        assert file.get_payload(decode=True) == self.DATA
        assert file.get_content_type() == type_
        assert file.get_content_disposition() == "attachment"
        assert fit_for_any_server(raw)

    @pytest.mark.parametrize(
        "name",
        [
            "report.pdf",
            "Rechnung für März.pdf",
            'a "quoted" \\ name; with=signs.txt',
            "契約書.docx",
            "semi;colon'and%25.txt",
            "x" * 250 + ".txt",
            "ü" * 120 + ".txt",
        ],
    )
    def test_keep_their_names(self, name):
        raw = made(attachments=(File(name, "application/pdf", b"x"),))

        (file,) = read(raw).iter_attachments()
        assert file.get_filename() == name
        assert fit_for_any_server(raw)
        assert all(len(line) <= 78 for line in raw.split(b"\r\n"))

    def test_without_a_name_have_none(self):
        (file,) = read(made(attachments=(File("\0", "a/b", b"x"),))).iter_attachments()

        assert file.get_filename() is None

    def test_come_after_the_text_in_their_order(self):
        raw = made(attachments=tuple(File(f"{n}.txt", "text/plain", b"x") for n in range(3)))

        names = [part.get_filename() for part in leaves(read(raw))]
        assert names == [None, None, "0.txt", "1.txt", "2.txt"]

    def test_that_the_html_shows_stand_next_to_it_and_keep_their_content_id(self):
        image = File("a.png", "image/png", self.DATA, "<ii_1@mail>")
        other = File("b.png", "image/png", b"b", "ii_2@mail")
        rendered = replace(RENDERED, html='<img src="cid:ii_1@mail">')

        mail = read(made(rendered, attachments=(other, image)))

        assert [part.get_content_type() for part in mail.walk()] == [
            *("multipart/mixed", "multipart/alternative", "text/plain"),
            *("multipart/related", "text/html", "image/png", "image/png"),
        ]
        shown, hung_on = (part for part in leaves(mail) if part.get_content_type() == "image/png")
        assert shown["Content-ID"] == "<ii_1@mail>"
        assert shown.get_content_disposition() == "inline"
        assert shown.get_payload(decode=True) == self.DATA
        assert hung_on["Content-ID"] == "<ii_2@mail>"
        assert hung_on.get_content_disposition() == "attachment"

    def test_that_are_all_shown_need_no_further_frame(self):
        image = File("a.png", "image/png", b"a", "i@m")
        rendered = replace(RENDERED, html='<img src="cid:i@m">')

        mail = read(made(rendered, attachments=(image,)))

        assert mail.get_content_type() == "multipart/alternative"

    def test_have_long_content_ids_unfolded(self):
        long = "a" * 300 + "@m"
        raw = made(attachments=(File("a.png", "image/png", b"a", long),))

        assert f"Content-ID: <{long}>\r\n".encode() in raw
