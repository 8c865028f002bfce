"""Each mail in golden/ reads as the .json beside it says."""

import json

import pytest

from mailgate.mail.parse import parse
from tests.mail.golden_twin import GOLDEN, RECEIVED_AT, twin_of

MAILS = sorted(GOLDEN.glob("*.eml"))


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_golden_mail_reads_as_its_twin_says(path):
    twin = path.with_suffix(".json")
    assert twin.exists(), f"{twin.name} is missing"
    assert twin_of(path.read_bytes()) == json.loads(twin.read_text(encoding="utf-8"))


def test_there_are_golden_mails_and_no_twin_without_one():
    assert len(MAILS) >= 150
    assert {twin.stem for twin in GOLDEN.glob("*.json")} == {path.stem for path in MAILS}


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_the_same_mail_with_other_line_ends_and_trace_has_the_same_fingerprint(path):
    raw = path.read_bytes()
    other = b"Received: from a by b; Mon, 9 Nov 2026 12:00:00 +0100\n" + raw.replace(b"\r\n", b"\n")
    assert parse(raw, RECEIVED_AT).fingerprint == parse(other, RECEIVED_AT).fingerprint
