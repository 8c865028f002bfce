"""Odd mails are read by a process that can be killed, and never harm this one."""

import io
import json
import resource
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.errors import Refused, Temporary
from mailgate.intake import child, transcript
from mailgate.intake.child import Child
from mailgate.mail.parse import DEFAULTS, Limits, parse
from tests.mail.golden_twin import GOLDEN

AT = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
MEMORY = 512 * 1024 * 1024
RAW = (GOLDEN / "attachments-rfc2231.eml").read_bytes()
HEAD = parse(RAW, AT)


def run(code, seconds=20, memory=MEMORY):
    """Read RAW by a process that does `code` instead of reading."""
    limited = f"import resource, sys\nmemory = int(sys.argv[1])\n{code}"
    return Child(timedelta(seconds=seconds), memory, (sys.executable, "-c", limited)).read(
        RAW, AT, Limits()
    )


def test_a_process_of_its_own_reads_a_mail_as_this_one_would():
    mail = Child(timedelta(seconds=60), MEMORY).read(RAW, AT, Limits(subject=5))
    assert mail == parse(RAW, AT, Limits(subject=5))


@pytest.mark.parametrize(
    ("code", "seconds", "why"),
    [
        ("while True: pass", 0.5, "took too much time"),
        (
            "resource.setrlimit(resource.RLIMIT_AS, (memory, memory))\nbytes(memory)",
            20,
            "took too much time or memory",
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 20, "time or memory"),
        ("print('{}')", 20, "gave no answer"),
        ("import pickle; sys.stdout.buffer.write(pickle.dumps([1]))", 20, "gave no answer"),
    ],
    ids=["time", "memory", "killed", "no mail", "no JSON"],
)
def test_a_mail_whose_reader_dies_is_read_roughly_and_is_degraded(code, seconds, why):
    mail = run(code, seconds)
    (note,) = mail.degraded
    assert note.startswith("reading in a process of its own ")
    assert note.endswith(why)
    assert (mail.subject, mail.from_, mail.strict_from) == (
        HEAD.subject,
        HEAD.from_,
        HEAD.strict_from,
    )
    assert (mail.message_id, mail.date, mail.fingerprint) == (
        HEAD.message_id,
        HEAD.date,
        HEAD.fingerprint,
    )
    assert "Content-Disposition" in mail.text
    assert mail.attachments == ()


def test_where_no_process_can_be_started_a_mail_is_read_roughly():
    mail = Child(timedelta(seconds=5), MEMORY, ("/nonexistent/python",)).read(RAW, AT, DEFAULTS)
    assert mail.degraded == (
        "reading in a process of its own could not be started (FileNotFoundError)",
    )


def test_the_process_takes_away_its_own_means_before_it_reads(monkeypatch):
    taken = {}
    order = {"received_at": AT.isoformat(), "limits": asdict(DEFAULTS)}
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(order).encode() + b"\n" + RAW))
    stdout = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(resource, "setrlimit", lambda what, most: taken.update({what: most}))
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys, "stdout", stdout)
    child.main(["1000", "7"])
    assert taken == {
        resource.RLIMIT_AS: (1000, 1000),
        resource.RLIMIT_CPU: (7, 7),
        resource.RLIMIT_FSIZE: (child.LARGEST_ANSWER, child.LARGEST_ANSWER),
    }
    assert transcript.read(stdout.buffer.getvalue()) == HEAD


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.eml")), ids=lambda path: path.stem)
def test_a_parsed_mail_comes_back_from_json_as_it_was(path):
    mail = parse(path.read_bytes(), AT)
    assert transcript.read(transcript.write(mail)) == mail


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"subject":"', b'"subject":1,"x":"'),
        (b'"date":"', b'"date":"yesterday'),
        (b'Z"', b'"'),
        (b"{", b""),
    ],
)
def test_what_is_no_parsed_mail_is_refused(old, new):
    written = transcript.write(HEAD)
    assert old in written
    with pytest.raises(Refused):
        transcript.read(written.replace(old, new, 1))


def test_the_desk_hands_odd_mails_and_no_others_to_the_process(gateway, monkeypatch):
    handed = []

    def apart(raw, received_at, limits):
        handed.append(raw)
        return parse(raw, received_at, limits)

    object.__setattr__(gateway.worker._reader, "read_odd", apart)
    gateway.mail("words")
    assert handed == []
    row = gateway.mail("--a\r\n" * 300)
    assert row["state"] == "opened"
    assert len(handed) == 1


def test_a_batch_that_takes_long_gives_back_what_it_cannot_reach(gateway, monkeypatch):
    from mailgate.intake.worker import LEASE

    def slow(raw, received_at, limits):
        gateway.now += LEASE * 2 / 3
        return parse(raw, received_at, limits)

    object.__setattr__(gateway.worker._reader, "read_odd", slow)
    first, second = gateway.keep("--a\r\n" * 300), gateway.keep("--b\r\n" * 300)
    gateway.worker.run_once()
    assert [gateway.delivery(id_)["state"] for id_ in (first, second)] == ["opened", "pending"]
    gateway.worker.run_once()
    assert gateway.delivery(second)["state"] == "opened"


def test_a_full_disk_is_not_the_mails_fault(monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailgate.intake.child.TemporaryFile", full)
    with pytest.raises(Temporary):
        Child(timedelta(seconds=10), 2**29).read(b"Subject: x\n\n", datetime.now(UTC), Limits())
