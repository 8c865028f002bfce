"""Mails nobody would write: golden ones, bent, and what must hold for every one of them."""

import hashlib
import json
import re
from datetime import UTC, datetime

from mailgate.intake import transcript
from mailgate.mail import parts
from mailgate.mail.asjson import as_json
from mailgate.mail.parse import DEFAULTS, parse
from mailgate.mail.prescan import prescan
from tests.mail.golden_twin import GOLDEN

RECEIVED_AT = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
LARGEST = 65_536
SEEDS = [raw for path in sorted(GOLDEN.glob("*.eml")) if len(raw := path.read_bytes()) < LARGEST]
TOKENS = [
    *(b"", b"\0", b"\r", b"\n", b"\r\n\r\n", b"\x1b$B", b"\xff\xfe", b"\xed\xa0\x80", b"=?", b"?="),
    *(b"=?utf-8?b?/?=", b"=?utf-7?q?+AGE-?=", b"--=_sep", b"--=_sep--", b"\r\n--=_sep\r\n", b"<"),
    *(b'"', b";", b":", b"@", b"begin 644 a\n", b"end\n", b"=", b"(" * 50, b"<div>" * 50, b"\\"),
    *(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", b"filename*0*=utf-8''%ff"),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Subject: x\r\n", b"From: a@b.example, \r\n"),
    *(b"Date: Fri, 31 Dec 9999 23:59:59 -1200\r\n", b"charset=utf-16", b"charset=hz"),
    *(b"\xe2\x80\xa8", b"charset=utf-7", b"+2D0-"),
]  # fmt: skip
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def mutated(random) -> bytes:
    """Return a golden mail changed in one to six ways, by the choices of `random`."""
    raw = random.choice(SEEDS)
    for _ in range(random.randint(1, 6)):
        raw = random.choice(_CHANGES)(raw, random)
    return raw[:LARGEST]


def _cut(raw, random):
    return raw[: random.randint(0, len(raw))]


def _flipped(raw, random):
    octets = bytearray(raw)
    for _ in range(random.randint(1, 8) if octets else 0):
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
    return bytes(octets)


def _spliced(raw, random):
    other = random.choice(SEEDS)
    return _cut(raw, random) + other[random.randint(0, len(other)) :]


def _with_a_token(raw, random):
    at = random.randint(0, len(raw))
    return raw[:at] + random.choice(TOKENS) + raw[at + random.randint(0, 20) :]


def _with_a_line_twice(raw, random):
    lines = raw.split(b"\n")
    lines.insert(random.randint(0, len(lines)), random.choice(lines))
    return b"\n".join(lines)


def _without_a_line(raw, random):
    lines = raw.split(b"\n")
    del lines[random.randrange(len(lines))]
    return b"\n".join(lines)


def _nested(raw, random):
    kind = random.choice([b"multipart/mixed; boundary=z", b"message/rfc822", b"text/html"])
    return b"Content-Type: " + kind + b"\r\n\r\n--z\r\n" + raw + b"\r\n--z--\r\n"


def _with_other_ends(raw, random):
    return raw.replace(b"\r\n", random.choice([b"\n", b"\r", b"\r\r\n"]))


_CHANGES = [
    *(_cut, _flipped, _spliced, _with_a_token, _with_a_token, _with_a_line_twice, _without_a_line),
    *(_nested, _with_other_ends),
]


# How `mail.guard` ends its notes; a mail may name a charset that sounds like it.
_FAULT = re.compile(r" failed: \w+\Z")


def check(raw: bytes) -> None:
    """Assert what holds for every mail."""
    mail = parse(raw, RECEIVED_AT)
    assert not list(filter(_FAULT.search, mail.degraded)), mail.degraded
    for text in _strings(as_json(mail)):
        found = _CONTROLS.search(text)
        assert found is None, found
    for attachment in mail.attachments:
        data = parts.content(raw, attachment.part)
        assert len(data) == attachment.size
        assert hashlib.sha256(data).hexdigest() == attachment.sha256
    assert len(mail.attachments) <= DEFAULTS.attachments
    assert len({attachment.part for attachment in mail.attachments}) == len(mail.attachments)
    root = parts.read(raw, prescan(raw, DEFAULTS), DEFAULTS).root
    assert sum(1 for _ in root.walk()) <= DEFAULTS.parts + 1
    assert transcript.read(transcript.write(mail)) == mail


def _strings(value):
    """Yield the strings in what `json.dumps` takes."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
    else:
        assert json.dumps(value)
