"""Odd mails are read by a process that can be killed, and never harm this one."""

import io
import json
import resource
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.errors import Refused, Temporary
from mailgate.intake import child, reading, transcript
from mailgate.intake.child import Child, Died
from mailgate.log import EVENTS
from mailgate.mail.parse import DEFAULTS, Limits, parse
from tests.desk.conftest import CUSTOMER
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
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", 20, "took too much time"),
        (
            "resource.setrlimit(resource.RLIMIT_AS, (memory, memory))\nbytes(memory)",
            20,
            "took too much memory",
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 20, "was killed"),
    ],
    ids=["time", "processor", "memory", "killed"],
)
def test_a_mail_that_is_too_much_for_its_reader_is_told_so(code, seconds, why):
    with pytest.raises(Died) as died:
        run(code, seconds)
    assert (str(died.value), died.value.fault) == (why, None)


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "import errno, os; raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))",
    ],
    ids=["stopped with the gateway", "no room for the answer"],
)
def test_what_is_not_the_mails_fault_is_tried_again_later(code):
    with pytest.raises(Temporary):
        run(code)


@pytest.mark.parametrize(
    ("code", "why", "fault"),
    [
        ("{}['from']", "failed (KeyError)", "KeyError: 'from'"),
        ("sys.exit('odd end')", "failed", "odd end"),
        ("sys.stderr.write('x' * 9000 + 'end'); sys.exit(1)", "failed", "x" * 1997 + "end"),
        ("import os; print('a', file=sys.stderr, flush=True); os.abort()", "(SIGABRT)", "a"),
        ("print('{}')", "gave no answer", "no parsed mail"),
        ("sys.stdout.buffer.write(b'\\x80\\x04')", "gave no answer", "no parsed mail"),
    ],
    ids=["error", "exit", "long", "crash", "no mail", "no JSON"],
)
def test_a_fault_of_ours_in_the_process_is_told_with_its_last_words(code, why, fault):
    with pytest.raises(Died) as died:
        run(code)
    assert str(died.value).endswith(why)
    assert died.value.fault.endswith(fault)


def test_where_no_process_can_be_started_that_is_a_fault_of_ours():
    with pytest.raises(Died, match=r"could not be started \(FileNotFoundError\)") as died:
        Child(timedelta(seconds=5), MEMORY, ("/nonexistent/python",)).read(RAW, AT, DEFAULTS)
    assert "/nonexistent/python" in died.value.fault


@pytest.mark.parametrize("fault", [None, "KeyError: 'from'"])
def test_a_mail_whose_reader_dies_is_a_rough_ticket_and_a_fault_of_ours_is_an_error(
    gateway, monkeypatch, fault
):
    def dying(*_):
        raise Died("failed (KeyError)", fault)

    logged = []
    monkeypatch.setattr(reading, "log", lambda name, **ids: logged.append((name, ids)))
    object.__setattr__(gateway.worker._reader, "read_odd", dying)
    row = gateway.mail("--a\r\n" * 300, Subject="Odd")
    assert row["state"] == "opened"
    assert row["verdict"]["degraded"] == ["reading in a process of its own failed (KeyError)"]
    ticket = gateway.ticket(row["ticket_id"])
    assert (ticket.subject, ticket.requester) == ("Odd", CUSTOMER)
    assert "--a" in gateway.rows("message")[-1]["text"]
    ids = {"mail": row["id"], "why": "failed (KeyError)", "error": fault}
    assert logged == ([("child.failed", ids)] if fault else [])
    assert EVENTS["child.failed"].level == "error"


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
        resource.RLIMIT_CPU: (7, 8),
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


def test_a_full_disk_is_not_the_mails_fault(monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailgate.intake.child.TemporaryFile", full)
    with pytest.raises(Temporary):
        Child(timedelta(seconds=10), 2**29).read(b"Subject: x\n\n", datetime.now(UTC), Limits())
