"""Mail whose content cannot be read says so."""

from datetime import UTC, datetime

import pytest

from mailgate.mail.parse import parse

ENCRYPTED = "[This mail is encrypted ({}) and cannot be read here]"
SMIME = ENCRYPTED.format("S/MIME")
SIGNED = "[This mail is signed (S/MIME) and cannot be read here]"


@pytest.mark.parametrize(
    ("oid", "says"),
    [
        ("2a864886f70d010703", SMIME),
        ("2a864886f70d0109100117", SMIME),
        ("2a864886f70d010702", SIGNED),
        ("2a864886f70d010705", ""),
    ],
)
def test_an_envelope_is_known_by_what_is_in_it(oid, says):
    raw = b"Content-Type: application/pkcs7-mime\r\n\r\n\x30\x80\x06\x09" + bytes.fromhex(oid)
    mail = parse(raw, datetime(2026, 11, 9, tzinfo=UTC))
    assert (mail.text, mail.attachments[0].name) == (says, "smime.p7m")


@pytest.mark.parametrize(("above", "says"), [("", True), ("\r\n", True), ("Look:\r\n", False)])
def test_a_text_that_is_nothing_but_an_encrypted_message_says_so(above, says):
    armor = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n-----END PGP MESSAGE-----\r\n"
    mail = parse(f"X: 1\r\n\r\n{above}{armor}".encode(), datetime(2026, 11, 9, tzinfo=UTC))
    assert mail.text.startswith(ENCRYPTED.format("PGP")) is says
    assert "hQ==" in mail.text
