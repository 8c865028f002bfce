"""Names of attachments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail.filename import clean, invented, of_message


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("report.pdf", "report.pdf"),
        ("Größe und Maß.csv", "Größe und Maß.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\file.txt", "file.txt"),
        ("con", "_con"),
        ("COM1.txt", "_COM1.txt"),
        ("console.txt", "console.txt"),
        (".htaccess", "htaccess"),
        ("name. . ", "name"),
        ("a\x00b\r\nc", "ab c"),
        ("cod\u202etxt.exe", "codtxt.exe"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("..", ""),
        ("folder/", ""),
        ("", ""),
    ],
)
def test_a_name_keeps_nothing_that_can_do_harm(name, cleaned):
    assert clean(name, 255) == cleaned


@pytest.mark.parametrize(
    ("name", "limit", "cleaned"),
    [
        ("12345.txt", 9, "12345.txt"),
        ("123456.txt", 9, "12345.txt"),
        ("ääää.txt", 9, "ää.txt"),
        ("no-extension", 5, "no-ex"),
        ("a.long-extension-that-is-none", 10, "a.long-ext"),
        (".txt" * 9, 8, "txt..txt"),
        ("a.bcd", 3, "a.b"),
        ("a0.bcd", 4, "a0.b"),
    ],
)
def test_a_long_name_keeps_its_extension(name, limit, cleaned):
    assert clean(name, limit) == cleaned


def test_a_part_without_a_name_gets_the_same_one_always():
    assert invented("2", "image/png") == "part-2.png"
    assert invented("1.3", "application/x-strange") == "part-1.3.bin"
    assert invented("2/tnef:1", "image/png") == "part-2-tnef-1.png"
    assert invented("2", "application/pkcs7-signature") == "smime.p7s"


def test_an_attached_message_is_named_after_its_subject():
    assert of_message("Offer 3/2026", 255) == "Offer 3_2026.eml"
    assert of_message("", 255) == "message.eml"
    assert of_message("x" * 300, 20) == "x" * 16 + ".eml"


@given(st.text(max_size=80), st.integers(min_value=8, max_value=255))
def test_no_name_keeps_a_path_or_exceeds_its_length(name, limit):
    cleaned = clean(name, limit)
    assert not {"/", "\\", "\0", "\n", "\r"} & set(cleaned)
    assert len(cleaned.encode()) <= limit
    assert not cleaned.startswith(".")
