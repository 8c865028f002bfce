"""Files within parts, and the way back to them."""

import pytest

from mailgate.errors import Refused
from mailgate.mail import contained, parts
from tests.mail import outlook
from tests.mail.golden_twin import GOLDEN
from tests.mail.test_uu import coded


@pytest.mark.parametrize(
    ("type_", "name", "is_one"),
    [
        ("application/ms-tnef", None, True),
        ("application/vnd.ms-tnef", "x", True),
        ("application/octet-stream", " Winmail.DAT ", True),
        ("application/octet-stream", "winmail.data", False),
    ],
)
def test_winmail_is_known_by_type_or_name(type_, name, is_one):
    assert contained.is_tnef(type_, name) is is_one


STREAM = outlook.stream(outlook.file(b"a", b"one"), outlook.file(b"b", b"two"))


@pytest.mark.parametrize(
    ("data", "place", "found"),
    [
        (STREAM, "tnef:1", b"one"),
        (STREAM, "tnef:2", b"two"),
        (STREAM, "tnef:3", None),
        (STREAM, "tnef:0", None),
        (STREAM, "tnef:-1", None),
        (STREAM, "tnef:x", None),
        (STREAM, "uu:1", None),
        (coded(b"x"), "uu:1", b"x"),
        (coded(b"x"), "zip:1", None),
        (coded(b"x"), "p7m:1", None),
        (coded(b"x"), "", None),
    ],
)
def test_a_place_leads_to_its_file_or_nowhere(data, place, found):
    assert contained.content(data, place, parts.content) == found


def test_what_is_in_a_part_can_be_had_from_the_mail():
    raw = (GOLDEN / "tnef-files.eml").read_bytes()
    assert parts.content(raw, "2/tnef:2") == b"\x89PNG plan"
    for path in ("2/tnef:3", "1/tnef:1", "3/tnef:1", "2/"):
        with pytest.raises(Refused, match="no part"):
            parts.content(raw, path)
