"""Streams as Outlook writes them, for tests of their reader."""

import struct

from mailgate.mail.tnef import SIGNATURE

BODY, TITLE, DATA, RENDERING = 0x0002800C, 0x00018010, 0x0006800F, 0x00069002
MESSAGE, FILE, CODEPAGE = 0x00069003, 0x00069005, 0x00069007
IS_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")


def stream(*attributes):
    """Return a stream, its key a number that says nothing."""
    return SIGNATURE + b"\x01\x00" + b"".join(attributes)


def attribute(id_, data):
    return struct.pack("<BII", 1, id_, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(*each):
    return struct.pack("<I", len(each)) + b"".join(each)


def value(kind, id_, data):
    """Return a property of a value of any length, text in UTF-16."""
    octets = data.encode("utf-16-le") + b"\0\0" if isinstance(data, str) else data
    return struct.pack("<HHII", kind, id_, 1, len(octets)) + octets + b"\0" * (-len(octets) % 4)


def number(id_, figure):
    return struct.pack("<HHI", 3, id_, figure)


def file(title, data, *more):
    return (
        attribute(RENDERING, b"\0" * 14)
        + attribute(TITLE, title + b"\0")
        + attribute(DATA, data)
        + attribute(FILE, properties(*more))
    )


def packed(data):
    """Return RTF as a value of PR_RTF_COMPRESSED that packs nothing."""
    runs = b"".join(b"\0" + data[at : at + 8] for at in range(0, len(data), 8))
    return struct.pack("<II4sI", len(runs) + 12, len(data), b"LZFu", 0) + runs
