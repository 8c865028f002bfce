"""Which parts are text and which are files."""

import pytest

from mailgate.mail import parts
from mailgate.mail.display import arrange
from mailgate.mail.prescan import DEFAULTS, prescan

TREES = {
    "plain": ("text/plain", ["1"], ["1"], []),
    "html": ("text/html", ["1"], ["1"], []),
    "any text": ("text/enriched", ["1"], ["1"], []),
    "named other text": ("text/x-log; name=a.log", [], [], ["1"]),
    "calendar": ("text/calendar", [], [], ["1"]),
    "attached plain": ("text/plain|attachment", [], [], ["1"]),
    "picture": ("image/png", [], [], ["1"]),
    "alternative": (["alternative", "text/plain", "text/html"], ["1"], ["2"], []),
    "alternative of plain": (["alternative", "text/plain"], ["1"], ["1"], []),
    "alternative of html": (["alternative", "text/html"], ["1"], ["1"], []),
    "alternative with calendar": (
        ["alternative", "text/plain", "text/html", "text/calendar"], ["1"], ["2"], ["3"],
    ),
    "mixed": (["mixed", "text/plain", "image/png", "text/plain"], ["1", "3"], ["1", "3"], ["2"]),
    "named text": (["mixed", "text/plain", "text/plain; name=a.txt"], ["1"], ["1"], ["2"]),
    "first text named": (["mixed", "text/plain; name=a.txt"], ["1"], ["1"], []),
    "alternative in mixed": (
        ["mixed", ["alternative", "text/plain", "text/html"], "application/pdf"],
        ["1.1"], ["1.2"], ["2"],
    ),
    "related": (["related", "text/html", "image/png"], ["1"], ["1"], ["2"]),
    "text in related is a file": (["related", "text/html", "text/plain"], ["1"], ["1"], ["2"]),
    "related in alternative": (
        ["alternative", "text/plain", ["related", "text/html", "image/png"]],
        ["1"], ["2.1"], ["2.2"],
    ),
    "mixed in alternative": (
        ["alternative", "text/plain", ["mixed", "text/html", "application/pdf", "text/html"]],
        ["1"], ["2.1", "2.3"], ["2.2"],
    ),
    "plain deep in alternative": (
        ["alternative", ["mixed", "text/plain"], "text/html"], ["1.1"], ["2"], [],
    ),
    "mixed of both": (["mixed", "text/plain", "text/html"], ["1", "2"], ["1", "2"], []),
    "report": (
        ["report", "text/plain", "message/delivery-status", "message/rfc822"],
        ["1"], ["1"], ["2", "3"],
    ),
}  # fmt: skip


def render(tree, boundary="b"):
    if isinstance(tree, str):
        kind, _, disposition = tree.partition("|")
        more = f"Content-Disposition: {disposition}\r\n" if disposition else ""
        return f"Content-Type: {kind}\r\n{more}\r\nx"
    inner = "".join(f"--{boundary}\r\n{render(child, boundary + 'b')}\r\n" for child in tree[1:])
    return (
        f"Content-Type: multipart/{tree[0]}; boundary={boundary}\r\n\r\n{inner}--{boundary}--\r\n"
    )


def arranged(raw):
    return arrange(parts.read(raw, prescan(raw, DEFAULTS), DEFAULTS).root)


@pytest.mark.parametrize(("tree", "text", "html", "files"), TREES.values(), ids=TREES)
def test_text_and_files_are_told_apart(tree, text, html, files):
    shown = arranged(render(tree).encode())
    assert [part.path for part in shown.text] == text
    assert [part.path for part in shown.html] == html
    assert [file.part.path for file in shown.files] == files


@pytest.mark.parametrize(
    ("fields", "inline"),
    [
        ("Content-ID: <a@b>\r\n", True),
        ("Content-Disposition: inline\r\n", True),
        ("Content-ID: <a@b>\r\nContent-Disposition: attachment\r\n", False),
        ("", False),
    ],
)
def test_a_file_is_inline_when_the_mail_shows_it(fields, inline):
    raw = (
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: image/png\r\n{fields}\r\nx"
    )
    assert [file.inline for file in arranged(raw.encode()).files] == [inline]


def test_an_empty_multipart_is_neither_text_nor_file():
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed\r\n"
    )
    root = parts.read(raw, prescan(raw, DEFAULTS), parts.Limits(depth=1)).root
    assert (arrange(root).text, arrange(root).files) == ((), ())
    root = parts.read(raw, prescan(raw, DEFAULTS), parts.Limits(depth=0)).root
    assert (arrange(root).text, arrange(root).files) == ((), ())
