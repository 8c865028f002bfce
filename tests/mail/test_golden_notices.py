"""What leaves stays the same, byte for byte, unless somebody means it to change."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail.compose import File
from mailgate.mail.render import Rendered
from tests.mail import by_the_library
from tests.mail.composing import FRAME, made
from tests.mail.golden_notices import GOLDEN, notices

MAILS = dict(notices())
TEXTS = st.text(st.characters(codec=None, categories=None) | st.sampled_from(" \n\r\t=.<>é日"))
TYPES = st.sampled_from(["application/pdf", "image/png", "text/plain", "message/rfc822", "x", ""])
IDS = st.sampled_from([None, "a@b", "<a@b>", "c", "ä"])
FILES = st.builds(File, TEXTS, TYPES, st.binary(max_size=200), IDS)


@pytest.mark.parametrize("name", MAILS)
def test_every_notice_leaves_as_it_always_did(name):
    assert (GOLDEN / name).read_bytes() == MAILS[name]


def test_there_is_one_for_every_notice_and_none_is_left_over():
    assert {path.name for path in GOLDEN.iterdir()} == set(MAILS)


@given(text=TEXTS, html=st.none() | TEXTS, files=st.lists(FILES, max_size=3), shows=st.booleans())
def test_a_mail_is_what_the_email_package_makes_of_it(text, html, files, shows):
    if html is not None and shows:
        html += '<img src="cid:a@b"><img src="cid:c">'
    rendered = Rendered("s", text, html, "en")
    mark = hashlib.sha256(FRAME.message_id.encode()).hexdigest()[:16]

    raw = made(rendered, attachments=tuple(files))

    assert raw.endswith(by_the_library.content(rendered, tuple(files), mark))


@pytest.mark.parametrize("length", [*range(70, 80), 150, 151, 152, 5000])
@pytest.mark.parametrize("end", ["", "\n", " ", "\t\n", "=", "é", "\n.", " \n "])
def test_so_are_lines_of_every_length_and_end(length, end):
    for text in ("x" * length + end, f"a\n{'x' * length}{end}", "é" * length + end):
        rendered = Rendered("s", text, text, "en")
        mark = hashlib.sha256(FRAME.message_id.encode()).hexdigest()[:16]

        assert made(rendered).endswith(by_the_library.content(rendered, (), mark))
