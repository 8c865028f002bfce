"""Exhaustion: one mail that asks for more work than a mail may. It ends, and so does the next."""

import base64
import bz2
import gzip
import io
import threading
import zipfile

import pytest

from mailgate.intake import aside, worker
from mailgate.intake.inbox import Incoming
from mailgate.mail.parse import parse
from tests.desk.conftest import CUSTOMER
from tests.intake.desk import SUPPORT

HEAD = (
    f"From: {CUSTOMER}\r\nTo: {SUPPORT}\r\nSubject: Printer\r\nMessage-ID: <bomb@x.example>\r\n"
    "MIME-Version: 1.0\r\n"
).encode()


def nested(depth):
    """Return multiparts within each other."""
    parts = [
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)
    ]
    return HEAD + "".join(parts).encode() + b"Content-Type: text/plain\r\n\r\nInnermost.\r\n"


def many_parts(count):
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    return (
        HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + part * count + b"--b--\r\n"
    )


def attached(name, data, kind="application/octet-stream"):
    """Return a mail with one file."""
    body = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nSee the file.\r\n--b\r\n'
        + f'Content-Type: {kind}; name="{name}"\r\n'.encode()
        + f'Content-Disposition: attachment; filename="{name}"\r\n'.encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + body
        + b"--b--\r\n"
    )


def text(body, kind="text/plain", head=b""):
    return HEAD + head + f"Content-Type: {kind}\r\n\r\n".encode() + body + b"\r\n"


def zipped():
    """Return a zip of a gigabyte of nothing, within zips."""
    data = b"\0" * 50_000_000
    for _ in range(2):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for n in range(3):
                archive.writestr(f"{n}.bin", data)
        data = file.getvalue()
    return data


def image():
    """Return the head of a PNG that says it is a hundred thousand pixels square."""
    size = (100_000).to_bytes(4, "big") * 2
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size + b"\x08\x06\0\0\0" + b"\0" * 100


def tnef():
    """Return a winmail.dat whose first attribute says that it is four gigabytes long."""
    head = (0x223E9F78).to_bytes(4, "little") + b"\x01\x00"
    return head + b"\x02" + (0x00069800).to_bytes(4, "little") + b"\xff\xff\xff\xff" + b"\0" * 200


def take(gateway, raw):
    """Let the mail come together with an ordinary one; return how both ended."""
    put = gateway.inbox.put
    bomb = put(Incoming(raw, CUSTOMER, (SUPPORT,), gateway.now, "192.0.2.9", "smtp"))
    plain = gateway.keep("An ordinary mail.", sender="dave@customer.example")
    gateway.worker.drain()
    return gateway.delivery(bomb), gateway.delivery(plain)


def check_that_it_is_a_ticket(gateway, raw):
    """See that a mail becomes a ticket at the first try, with its bytes, and stops no other."""
    bomb, plain = take(gateway, raw)
    assert (bomb["state"], bomb["attempts"], bomb["error"]) == ("opened", 0, None)
    assert plain["state"] == "opened"
    assert gateway.rows("mail")[0]["raw"] == raw
    return bomb


DEGRADED = {
    "depth 60": nested(60),
    "depth 2,000": nested(2_000),
    "2,000 parts": many_parts(2_000),
    "50,000 parts": many_parts(50_000),
    "500,000 headers": b"X-A: b\r\n" * 500_000 + HEAD + b"\r\nWords.\r\n",
    "a header of 5 MB": HEAD + b"X-A: " + b"b" * 5_000_000 + b"\r\n\r\nWords.\r\n",
    "a folded header of 100,000 lines": HEAD + b"X-A: b\r\n" + b" c\r\n" * 100_000 + b"\r\nW.\r\n",
    "20,000 encoded words": b"Subject: "
    + b"=?utf-8?q?a?= " * 20_000
    + b"\r\n"
    + HEAD
    + b"\r\nW\r\n",
    "50,000 addresses": b"Cc: " + b"a@x.example, " * 50_000 + b"\r\n" + HEAD + b"\r\nW.\r\n",
}


@pytest.mark.parametrize("name", DEGRADED)
def test_what_is_over_a_limit_is_a_degraded_ticket_and_stops_no_other(sqlite_gateway, name):
    row = check_that_it_is_a_ticket(sqlite_gateway, DEGRADED[name])
    assert row["degraded"]
    assert row["verdict"]["degraded"]


LONG = 200_000
MULTIPART = HEAD + b'Content-Type: multipart/mixed; boundary="'
ORDINARY = {
    "an endless boundary": MULTIPART + b"b" * 20_000 + b'"\r\n\r\n--b\r\n\r\nWords.\r\n',
    "a boundary that never ends": MULTIPART + b'b"\r\n\r\n--b\r\n\r\n' + b"--b" * LONG,
    "quote marks without end": text(b"> " * LONG),
    "signature marks without end": text(b"-- \r\n" * LONG),
    "an attribution that never ends": text(b"On " + b"Monday, " * LONG + b"wrote"),
    "attributions on every line": text(b"On Monday, Bob wrote:\r\n" * 20_000),
    "blanks without end": text(b" " * 1_000_000 + b"x"),
    "underlines without end": text(b"_" * 1_000_000),
    "one line of a megabyte": text(b"a" * 1_000_000),
    "100,000 nested tags": text(b"<div>" * 100_000 + b"Words.", "text/html"),
    "100,000 nested quotes": text(b"<blockquote>" * 100_000 + b"Words.", "text/html"),
    "100,000 open tables": text(b"<table><tr><td>" * 100_000, "text/html"),
    "a tag that never ends": text(b"<a " + b"b=c " * LONG, "text/html"),
    "entities without end": text(b"&amp;" * LONG, "text/html"),
    "50,000 links": text(b"http://x.example/a " * 50_000),
    "10,000 times Re:": text(b"Words.", head=b"Subject: " + b"Re: " * 10_000 + b"\r\n"),
    "comments within comments": text(b"Words.", head=b"Cc: " + b"(" * 5_000 + b"\r\n"),
    "references without end": text(
        b"W.", head=b"References: " + b"<a@b.example> " * 4_000 + b"\r\n"
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_what_makes_patterns_explode_elsewhere_is_a_ticket_at_once(sqlite_gateway, name):
    check_that_it_is_a_ticket(sqlite_gateway, ORDINARY[name])


@pytest.mark.parametrize(
    "charset",
    ["nope", "utf-8\0", "undefined", "idna", "punycode", "rot13", "hex", "bz2", "unicode_escape",
     "utf-7", "utf-16", "utf-32", "iso-2022-jp", "../../etc/passwd", "x" * 5_000, "", "mbcs"],
    ids=lambda name: ascii(name)[:20],
)  # fmt: skip
def test_the_name_of_a_charset_calls_no_codec_of_its_own(sqlite_gateway, charset):
    raw = (
        HEAD + f'Content-Type: text/plain; charset="{charset}"\r\n\r\n'.encode() + b"W\xf6rter.\r\n"
    )
    check_that_it_is_a_ticket(sqlite_gateway, raw)


@pytest.mark.parametrize(
    "date",
    ["Mon, 01 Jan 9999 00:00:00 -1200", "Mon, 01 Jan 0001 00:00:00 +1400",
     "Thu, 32 Foo 99999 99:99:99", "1" * 5_000, "Mon, 2 Mar 2026 09:00:00 +9999",
     "\u0661\u0662 Mar 2026", "0", "-1", "NaN", "",
     "Mon, 2 Mar 100 09:00:00 +0000"],
    ids=lambda date: ascii(date)[:20],
)  # fmt: skip
def test_a_bad_date_stops_nothing_and_moves_no_clock(sqlite_gateway, date):
    raw = HEAD + f"Date: {date}\r\n".encode() + b"\r\nWords.\r\n"
    row = check_that_it_is_a_ticket(sqlite_gateway, raw)
    ticket = sqlite_gateway.ticket(row["ticket_id"])
    assert ticket.created_at == row["received_at"]
    assert ticket.waiting_since == row["received_at"]


FILES = {
    "a zip bomb": ("a.zip", zipped(), "application/zip"),
    "a gzip bomb": ("a.gz", gzip.compress(b"\0" * 50_000_000), "application/gzip"),
    "a bzip2 bomb": ("a.bz2", bz2.compress(b"\0" * 50_000_000), "application/x-bzip2"),
    "an image bomb": ("a.png", image(), "image/png"),
    "a TNEF bomb": ("winmail.dat", tnef(), "application/ms-tnef"),
    "an XML bomb": (
        "a.svg",
        b'<!DOCTYPE s [<!ENTITY a "' + b"x" * 1000 + b'"><!ENTITY b "'
        + b"&a;" * 1000 + b'">]><s>&b;</s>',
        "image/svg+xml",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_bomb_is_kept_as_it_is_and_never_unpacked(sqlite_gateway, name):
    file, data, kind = FILES[name]
    raw = attached(file, data, kind)
    check_that_it_is_a_ticket(sqlite_gateway, raw)
    sizes = [row["size"] for row in sqlite_gateway.rows("attachment")]
    assert sum(sizes) <= len(data)


def test_a_flood_of_slow_mails_holds_up_no_other(sqlite_gateway, monkeypatch):
    desk, release = sqlite_gateway, threading.Event()

    def slow(raw, received_at, limits):
        assert release.wait(20)
        return parse(raw, received_at, limits)

    monkeypatch.setattr(aside, "MOST", 3)
    monkeypatch.setattr(worker, "BATCH", 5)
    object.__setattr__(desk.worker._reader, "read_odd", slow)
    for n in range(12):
        desk.keep("--a\r\n" * 300, sender=f"e{n}@elsewhere.example")
    asked = desk.keep()
    batches = 0
    while desk.worker.run_once():
        batches += 1
    assert (desk.delivery(asked)["state"], batches) == ("opened", 3)
    release.set()
