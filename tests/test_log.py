"""Log lines: one a fact, with a known name, and nothing from outside that can break out."""

import ast
import io
import json
import logging
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from mailgate import log as log_module
from mailgate.domain import brake, canary, digest, events, history, monthly, shortage
from mailgate.log import EVENTS, configure, log, reference

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _as_it_was():
    """Leave the logging of the next test as it would be without this one."""
    handlers = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()
    log_module._logger.cache_clear()


@pytest.fixture
def written(capsys):
    """What was written to stderr so far."""
    so_far = []

    def read():
        so_far.append(capsys.readouterr().err)
        return "".join(so_far)

    return read


def test_a_line_has_time_level_name_and_ids(written):
    configure()
    log("mail.accepted", mail=7, peer="127.0.0.1", recipients=("a@desk.example", "b@desk.example"))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info    mail\.accepted mail=7 peer=127\.0\.0\.1 "
        r"recipients=a@desk\.example,b@desk\.example\n",
        written(),
    )


def test_values_with_blanks_and_quotes_stay_one_value(written):
    configure()
    log("mail.opened", subject='my "printer" is=broken', empty="", none=None, ok=True, many=["a b"])
    assert written().endswith(
        'mail.opened subject="my \'printer\' is=broken" empty="" none=- ok=true many="a b"\n'
    )


@pytest.mark.parametrize("shape", ["console", "json"])
@pytest.mark.parametrize(
    "evil",
    ["\n", "\r", "\x00", "\x1b[31m", "\u2028", "\u2029", "\x85", "\u202e", "\ud800", "\u200b"],
)
def test_nothing_from_outside_begins_a_line_or_hides_in_one(written, shape, evil):
    configure(shape=shape)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    log("mail.opened", subject=f"x{evil}2026 gateway.ready", people=[f"a{evil}b"], at=at)
    line = written()
    assert evil not in line.removesuffix("\n")
    assert line.encode().count(b"\n") == 1
    assert "2026-01-02T00:00:00+00:00" in line


def test_json_lines_are_objects_that_keep_types(written):
    configure(shape="json")
    log("clock.tick", due=3)
    log("mail.opened", ticket=3, subject="Größe", sender=None, machine=False, tags=("a", 1))
    (line,) = written().splitlines()
    read = json.loads(line)
    assert list(read)[:3] == ["time", "level", "event"]
    assert (read["level"], read["event"]) == ("info", "mail.opened")
    assert (read["ticket"], read["sender"], read["machine"]) == (3, None, False)
    assert (read["subject"], read["tags"]) == ("Größe", ["a", 1])


def test_a_name_that_is_not_in_the_table_is_refused(written):
    with pytest.raises(LookupError, match=r"'mail\.acepted' is not in mailgate\.log\.EVENTS"):
        log("mail.acepted")
    assert written() == ""


@pytest.mark.parametrize("name", ["time", "level", "event"])
def test_an_id_cannot_take_the_place_of_what_every_line_has(name):
    with pytest.raises(TypeError, match=name):
        log("mail.opened", **{name: "x"})


@pytest.mark.parametrize(
    "key",
    ["password", "smtp_passwd", "client_secret", "api_key", "keys", "Token", "Authorization"],
)
def test_values_of_keys_that_sound_like_secrets_are_not_written(written, key):
    configure()
    log("gateway.failed", **{key: "hunter2"})
    assert f"{key}=[redacted]" in written()
    assert "hunter2" not in written()


def test_a_password_within_a_url_is_not_written(written):
    configure()
    log("database.unavailable", error="cannot reach postgresql://desk:hunter2@db.example/desk")
    assert "postgresql://desk:[redacted]@db.example/desk" in written()


def test_only_what_is_loud_enough_is_written(written):
    configure("warning")
    log("clock.tick", due=0)
    log("mail.accepted", mail=1)
    log("notice.later", outbox=1)
    log("job.failed", job="deadlines")
    assert [line.split()[1:3] for line in written().splitlines()] == [
        ["warning", "notice.later"],
        ["error", "job.failed"],
    ]


def test_a_traceback_is_one_value(written):
    configure()
    try:
        raise ValueError("two\nlines")  # noqa: TRY301 -- it is the traceback that is looked at
    except ValueError as error:
        log("job.failed", job="a", exc_info=error)
        log("job.failed", job="b", exc_info=True)
    log("job.failed", job="c", exc_info=None)
    one, two, three = written().splitlines()
    for line in (one, two):
        assert 'exception="Traceback' in line
        assert r"ValueError: two\nlines" in line
    assert "exception" not in three


def test_a_line_has_bounds(written):
    configure()
    log("mail.opened", subject="x" * 100_000, people=["y"] * 100_000)
    assert len(written()) < 3_000


def test_what_libraries_warn_of_is_a_line_too(written):
    configure()
    logging.getLogger("aiosmtpd").info("not this")
    logging.getLogger("aiosmtpd").warning("peer %s\nleft", "a")
    (handler,) = (h for h in logging.getLogger().handlers if "_FromLibraries" in repr(h))
    handler.handle(logging.makeLogRecord({"name": "x", "msg": "too few %s %s", "args": ("a",)}))
    try:
        raise OSError("broken")  # noqa: TRY301 -- it is the traceback that is looked at
    except OSError:
        logging.getLogger("aiosmtpd").exception("oops")
    one, two, three = written().splitlines()
    assert one.endswith(r'warning library.warned library=aiosmtpd text="peer a\nleft"')
    assert two.endswith('text="too few %s %s"')
    assert "OSError: broken" in three


def test_setting_up_twice_does_not_write_twice(written):
    configure()
    configure()
    logging.getLogger("x").warning("once")
    assert len(written().splitlines()) == 1


def test_before_any_set_up_lines_go_to_stderr_and_never_to_stdout(capfd):
    log("gateway.ready")
    out, err = capfd.readouterr()
    assert out == ""
    assert "gateway.ready" in err


def test_a_stderr_that_is_gone_stops_nobody(monkeypatch):
    configure()
    gone = io.StringIO()
    gone.close()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", gone)
        log("gateway.ready")
    assert gone.closed


def test_tests_can_capture_lines():
    configure()
    with structlog.testing.capture_logs() as lines:
        log("mail.opened", ticket=3)
    assert lines == [{"event": "mail.opened", "log_level": "info", "ticket": 3}]


def test_the_page_in_the_docs_is_the_one_of_the_table():
    assert (ROOT / "docs" / "logging.md").read_text() == reference(), (
        "write it: python -c 'from mailgate import log; print(log.reference(), end=str())'"
    )


def test_every_event_of_a_ticket_is_a_line_of_the_log():
    names = {
        thing.name
        for module in (events, brake, canary, digest, monthly, shortage)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, events.Event) and hasattr(thing, "name")
    }
    assert {"ticket.opened", "deadline.passed", "canary.sent", "digest.written"} <= names
    assert names <= set(EVENTS)


def names_logged(tree):
    """Yield every constant that a module gives as the name of a line, or as its beginning."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "log" and node.args:
            for inner in ast.walk(node.args[0]):
                if isinstance(inner, ast.Constant) and "." in str(inner.value):
                    yield inner.value


def test_every_line_that_the_code_writes_is_in_the_table():
    logged = {
        name
        for path in (ROOT / "mailgate").rglob("*.py")
        for name in names_logged(ast.parse(path.read_text()))
    }
    assert "mail.accepted" in logged
    unknown = logged - set(EVENTS)
    assert {name for name in unknown if not name.endswith(".")} == set()
    assert unknown <= {f"{name.partition('.')[0]}." for name in EVENTS}


def constants(tree):
    """Return every constant of a module."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def calls_log(tree):
    """Tell whether a module writes lines."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(getattr(function, "id", "") == "log" for function in calls)


def test_every_name_of_the_table_is_a_line_that_the_code_writes():
    """A name is written if it is a constant of a module that calls `log`, or in the history."""
    trees = [
        ast.parse(path.read_text())
        for path in (ROOT / "mailgate").rglob("*.py")
        if path.name != "log.py"
    ]
    written = set().union(*(constants(tree) for tree in trees if calls_log(tree)))
    assert "mail.opened" in written
    written |= {"library.warned", *history.EVENTS}  # by `mailgate.log` itself; by the write door
    written |= {event.name for event in (canary.Sent, canary.Missing, canary.Over)}
    written |= {event.name for event in (digest.Written, digest.Answered, monthly.Reported)}
    written |= {shortage.NobodyFree.name, brake.Stopped.name}
    assert set(EVENTS) - written == set()


def test_names_are_two_words_and_meanings_are_sentences():
    for name, event in EVENTS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)
        assert event.meaning[0].isupper() or event.meaning[0] == "`"
        assert event.meaning[-1] in ".?"
        assert "|" not in event.meaning
    assert log_module.EVENTS is EVENTS
