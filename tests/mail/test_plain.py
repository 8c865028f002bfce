"""Text made fit for a mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.errors import Refused
from mailgate.mail import plain
from mailgate.mail.plain import carried, many_lines, one_line

EVERY_CHARACTER = "".join(map(chr, range(0x110000)))
EVERY_TEXT = st.text(st.characters(codec=None, categories=None))


class TestOneLine:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("", ""),
            ("plain", "plain"),
            ("  a \t b  ", "a b"),
            ("a\r\nBcc: eve@x.example", "a Bcc: eve@x.example"),
            ("a\nb\rc\0d\x0be\x0cf\x1cg\x85h\u2028i\u2029j\x7fk", "a b c d e f g h i j k"),
            ("\x1b[31mred", "[31mred"),
            ("in\u202evoice\u2066.txt\u2069\ufeff", "invoice.txt"),
            ("שלום\u200f!", "שלום\u200f!"),
            ("broken \ud800 half", "broken \ufffd half"),
            ("⚠️ Grüße 🔄", "⚠️ Grüße 🔄"),
        ],
    )
    def test_keeps_the_words_and_nothing_that_breaks_a_line(self, text, line):
        assert one_line(text) == line

    @pytest.mark.parametrize(("length", "kept"), [(499, 499), (500, 500), (501, 500), (5000, 500)])
    def test_is_cut_visibly_at_its_limit(self, length, kept):
        line = one_line("x" * length)

        assert len(line) == kept
        assert line.endswith("…") is (length > 500)

    def test_is_not_cut_within_a_space(self):
        assert one_line("aaa bbb", 5) == "aaa…"

    @given(EVERY_TEXT)
    def test_never_raises_and_can_always_be_sent(self, text):
        line = one_line(text, 40)

        assert len(line) <= 40
        assert line == " ".join(line.encode().decode().split())


def found(*patterns) -> set[str]:
    """Return every character that one of the patterns would replace."""
    return {char for pattern in patterns for char in "".join(pattern.findall(EVERY_CHARACTER))}


class TestTheShortWay:
    """Texts that need no cleaning are not searched for what they do not hold."""

    def test_is_taken_by_no_line_with_a_character_to_be_replaced(self):
        replaced = found(plain._CONTROLS_OF_A_LINE, plain._TURNS, plain._SURROGATES)

        assert len(replaced) > 2048
        assert [char for char in replaced if char.isprintable()] == []

    def test_is_taken_by_no_text_with_a_character_to_be_replaced(self):
        replaced = found(plain._LINE_ENDS, plain._CONTROLS, plain._SURROGATES) | {"\r"}

        assert len(replaced) > 2048
        assert [char for char in replaced if plain._is_usual(f"a{char}")] == []
        assert [char for char in replaced if plain._is_usual(f"é{char}")] == []

    @pytest.mark.parametrize("text", ["a\n\tb", "Grüße\n\u00a0日本", "⚠️ ✅", ""])
    def test_is_taken_by_ordinary_texts(self, text):
        assert plain._is_usual(text)


class TestManyLines:
    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("", ""),
            ("a\nb", "a\nb"),
            ("a\r\nb\rc\u2028d\u2029e\x0bf\x0cg\x85h\x1ci", "a\nb\nc\nd\ne\nf\ng\nh\ni"),
            ("a\n\n b\t c ", "a\n\n b\t c "),
            ("a\0b\x08c\x1b[0md\x7fe\x9bf", "abc[0mdef"),
            ("\udc80", "\ufffd"),
        ],
    )
    def test_keep_line_ends_tabs_and_spaces_and_lose_other_controls(self, text, lines):
        assert many_lines(text) == lines

    @given(EVERY_TEXT)
    def test_never_raise_and_can_always_be_sent(self, text):
        sent = many_lines(text).encode().decode()

        assert sent.split("\n") == sent.splitlines() + [""] * (sent.endswith("\n") or not sent)


class TestCarried:
    @pytest.mark.parametrize(
        ("address", "path"),
        [
            ("carol@client.example", "carol@client.example"),
            ("Carol.O'Neil+x=y@client.example", "Carol.O'Neil+x=y@client.example"),
            ('"a b"@client.example', '"a b"@client.example'),
            ("dots..in@client.example", "dots..in@client.example"),
            ("a@[127.0.0.1]", "a@[127.0.0.1]"),
            ("jörg@client.example", "jörg@client.example"),
            ("jörg@münchen.example", "jörg@xn--mnchen-3ya.example"),
        ],
    )
    def test_leaves_an_address_as_it_is_but_for_its_domain(self, address, path):
        assert carried(address) == path

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "carol",
            "@client.example",
            "carol@",
            "a@b@c.example",
            "a b@c.example",
            "a,b@c.example",
            "a@c.example,",
            "<a@c.example>",
            "a@c.example>\r\nBcc: <eve@x.example",
            "a@c.example\n",
            "a\0@c.example",
            "a\u2028@c.example",
            '"a\r\n"@c.example',
            '"a"b"@c.example',
            "a(comment)@c.example",
            "a@münchen..example",
            "\ud800@c.example",
        ],
    )
    def test_refuses_what_could_be_read_as_more(self, address):
        with pytest.raises(Refused):
            carried(address)
