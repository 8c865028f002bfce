"""Text of a right, wrong or missing charset."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import charset
from mailgate.mail.charset import codec_of, decode


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("ISO-8859-1", "cp1252"),
        ('"us-ascii (Plain text)"', "cp1252"),
        ("charset=utf-8", "utf-8"),
        ("utf8mb4", "utf-8"),
        ("cp-850", "cp850"),
        ("iso-8859-8-i", "iso8859-8"),
        ("GB2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("idna", None),
        ("undefined", None),
        ("rot13", None),
        ("utf-8\0", "utf-8"),
        ("", None),
        (None, None),
    ],
)
def test_a_label_reaches_only_a_codec_of_the_table(label, codec):
    assert codec_of(label) == codec


def test_python_has_every_codec_of_the_table():
    assert all(codecs.lookup(codec) for codec in charset._CODECS)


@pytest.mark.parametrize(
    ("text", "written", "declared", "read_as", "sure"),
    [
        ("hello", "ascii", None, "ascii", True),
        ("hello", "ascii", "koi8-r", "ascii", True),
        ("Größe", "utf-8", None, "utf-8", True),
        ("Größe", "utf-8", "utf-8", "utf-8", True),
        ("Größe", "utf-8", "iso-8859-1", "utf-8", False),
        ("5 € – “so”", "cp1252", "iso-8859-1", "cp1252", True),
        ("Größe", "cp1252", "nonsense", "cp1252", False),
        ("Größe", "cp1252", "us-ascii", "cp1252", True),
        ("請求書", "iso2022_jp", "iso-2022-jp", "iso2022_jp_ext", True),
        ("Привет", "koi8-r", "koi8-r", "koi8-r", True),
        ("問題", "big5", "big5", "big5hkscs", True),
        ("เกม", "cp874", "tis-620", "cp874", True),
        ("Hi there", "utf-16-le", "utf-16le", "utf-16-le", True),
        ("1+1-2", "utf-7", "utf-7", "utf-7", True),
    ],
)
def test_text_is_read_as_it_was_written(text, written, declared, read_as, sure):
    reading = decode(text.encode(written), declared)
    assert (reading.text, reading.codec, reading.sure) == (text, read_as, sure)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Здравствуйте, принтер на третьем этаже не печатает", "cp1251"),
        ("お願いします。確認してください。", "shift_jis"),
        ("打印机无法打印，请尽快处理，谢谢。", "gb18030"),
        ("Größere Änderungen in München und Köln", "cp1252"),
        ("二階のプリンター", "iso2022_jp"),
    ],
)
def test_undeclared_text_is_guessed(text, written):
    assert decode(text.encode(written), None).text == text


def test_a_character_cut_in_two_does_not_change_the_charset():
    data = ("Grüße aus Köln und München. " * 10).encode() + "ü".encode()[:1]
    reading = decode(data, "utf-8")
    assert reading.text.startswith("Grüße aus Köln")
    assert (reading.codec, reading.sure) == ("utf-8", False)


def test_a_guess_that_does_not_fit_still_gives_text(monkeypatch):
    monkeypatch.setattr(
        charset.chardet, "detect", lambda _: {"encoding": "euc-jp", "confidence": 0.9}
    )
    reading = decode(b"\xff\xfe\xfd abc", None)
    assert (reading.codec, reading.text[-3:]) == ("euc_jp", "abc")


@given(
    st.binary(), st.one_of(st.none(), st.text(max_size=20), st.sampled_from(list(charset._LABELS)))
)
def test_any_bytes_under_any_label_give_text(data, label):
    assert isinstance(decode(data, label).text, str)


@pytest.mark.parametrize(
    ("data", "text", "codec"),
    [
        ("Юникод запрещен".encode() + b"\xf1", "Юникод запрещен\ufffd", "utf-8"),
        (b"gr\xfc\xdfe", "grüße", "cp1252"),
    ],
)
def test_undeclared_utf_8_with_a_stray_octet_stays_utf_8(data, text, codec):
    reading = charset.decode(data, None)
    assert (reading.text, reading.codec, reading.sure) == (text, codec, False)
