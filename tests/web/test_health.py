"""/healthz: 200 while everything works, 503 with what does not."""

import itertools
from datetime import timedelta
from types import SimpleNamespace

import pytest
import structlog
from fastapi.testclient import TestClient

from mailgate.app import TENANT_ID, App
from mailgate.config import digest
from mailgate.desk.clock import Tick
from mailgate.domain.horizon import Heartbeat
from mailgate.gateway import Parts, Ports
from mailgate.roles import ALL, NodeRole
from mailgate.store import heartbeat, mailboxes, ways
from mailgate.store.ways import Broken
from mailgate.web import health
from mailgate.web.health import clock_fault, create_app, running
from mailgate.web.stored import look
from mailgate.web.watch import Watch
from tests.web.conftest import NOW

MINUTE = timedelta(minutes=1)


def asked(checks, **options):
    return TestClient(create_app(checks, checks), **options).get("/healthz")


def test_a_gateway_whose_parts_all_work_is_well():
    answer = asked({"intake": running(SimpleNamespace(alive=True)), "clock": lambda: None})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "faults": {}, "notes": {}})


def test_who_asks_for_the_header_alone_gets_it():
    client = TestClient(create_app({}, {}))
    answers = [client.head(path) for path in ("/healthz", "/readyz")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 2


def test_what_does_not_work_is_named_and_nothing_else():
    answer = asked({"smtp": running(SimpleNamespace(alive=False)), "database": lambda: None})
    faults = {"smtp": "its thread has ended"}
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "failing", "faults": faults, "notes": {}},
    )


def test_whose_gateway_it_is_is_told(gateway):
    app = Parts(gateway, ALL, Ports(), {})._server()._server.config.app
    answer = TestClient(app).get("/healthz").json()
    assert answer["desk"] == "support@desk.example"
    assert answer["identity"] == gateway.identity
    assert answer["configuration"] == digest(gateway.config)


def test_a_check_that_fails_itself_is_answered_without_its_words_and_logged():
    def broken():
        raise ValueError("hunter2")

    with structlog.testing.capture_logs() as lines:
        answer = asked({"database": broken}, raise_server_exceptions=False)
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert [(line["event"], line["path"]) for line in lines] == [("http.failed", "/healthz")]


@pytest.mark.parametrize(
    ("seen_at", "fault"),
    [
        (NOW, None),
        (NOW - 16 * MINUTE, None),
        (NOW - 17 * MINUTE, "it last ran at 2026-03-02T08:43:00+00:00"),
        (NOW + 17 * MINUTE, "it last ran at 2026-03-02T09:17:00+00:00"),
        (None, "it has never run"),
    ],
)
def test_a_clock_may_be_late_by_a_quarter_of_an_hour(seen_at, fault):
    assert clock_fault(seen_at, NOW, MINUTE) == fault


def checks(gateway):
    """Return what a gateway asks its parts."""
    return Parts(gateway, ALL, Ports(), {}).checks(watching(gateway))


def watching(gateway):
    """Return what looks at its store, each time anew."""
    return Watch(
        lambda: look(gateway.database, TENANT_ID, NOW, watched=False),
        itertools.count(0, 10).__next__,
    )


def test_a_way_out_that_is_out_of_order_is_a_note_of_ours_without_what_a_server_said(gateway):
    note = health.way_out_note(watching(gateway))
    assert note() is None
    with gateway.database.write() as connection:
        ways.note(connection, TENANT_ID, Broken("one", NOW - MINUTE, "421 closing", NOW))
    assert note() == (
        "out of order: one since 2026-03-02T08:59:00+00:00; `mailgate outbox` says why"
    )


def test_every_thread_of_a_gateway_is_looked_at(gateway):
    looked = checks(gateway)
    faults = {name for name, check in looked.items() if check() is not None}
    assert faults == {"smtp", "inbox", "intake", "delivery", "scheduler"}, "none was started"
    assert set(looked) - faults == {"database", "clock"}


def test_a_process_asks_its_own_parts_and_whether_the_other_processes_live(gateway):
    parts = Parts(gateway, frozenset({NodeRole.WEB}), Ports(), {"back": lambda: "silent"})
    looked = parts.checks(watching(gateway))
    assert set(looked) == {"database", "clock", "back"}
    assert looked["back"]() == "silent"


def test_the_threads_of_a_gateway_that_runs_live(gateway):
    looked = checks(gateway)
    parts = (gateway.inbox, gateway.intake, gateway.delivery, gateway.scheduler)
    for part in parts:
        part.start()
    try:
        ended = {name for name, check in looked.items() if check() is not None}
    finally:
        for part in parts:
            part.stop()
    assert ended == {"smtp"}


def test_a_clock_that_stands_still_is_told_once_it_had_time_to_begin(gateway, monkeypatch):
    check = checks(gateway)["clock"]
    with gateway.database.write() as connection:
        heartbeat.keep(connection, Heartbeat(NOW - timedelta(hours=2)))
    assert check() is None
    steady = health.time.monotonic() + 16 * 60 + 1
    monkeypatch.setattr(health.time, "monotonic", lambda: steady)
    assert check() == "it last ran at 2026-03-02T07:00:00+00:00"
    gateway.clockwork.tick(NOW)
    assert check() is None


def test_what_the_clock_could_not_do_is_logged_and_an_outage_once(gateway, monkeypatch):
    until = NOW + timedelta(hours=1)
    ticks = [
        Tick(NOW, NOW - MINUTE, None, ()),
        Tick(NOW, NOW - 2 * MINUTE, until, ()),
        Tick(NOW, NOW, until, ()),
    ]
    monkeypatch.setattr(gateway.clock, "tick", lambda _: ticks.pop(0))
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            gateway.clockwork.tick(NOW)
    told = [line for line in lines if line["event"] != "clock.tick"]
    assert told == [
        {"event": "clock.held", "log_level": "warning", "since": NOW - 2 * MINUTE},
        {"event": "clock.outage", "log_level": "warning", "until": until},
    ]


def test_a_database_that_is_brought_to_the_schema_is_told_once(gateway):
    path = gateway.database.path
    gateway.close()
    path.unlink()
    path.with_name(f"{path.name}.expected").unlink()
    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            App(gateway.config, {}).database.close()
    assert [(line["event"], line["before"]) for line in lines] == [("store.migrated", None)]


@pytest.mark.parametrize(
    ("looked_at", "says"),
    [
        (NOW - 4 * MINUTE, None),
        (NOW - 6 * MINUTE, "the last look at it began at 2026-03-02T08:54:00+00:00"),
        (None, "it has never been looked at"),
    ],
)
def test_a_shared_mailbox_that_is_not_looked_at_is_noted(gateway, monkeypatch, looked_at, says):
    database = gateway.database
    with database.write() as connection:
        mailboxes.take(connection, 1, "support", "me", NOW, MINUTE)
        mailboxes.told(connection, 1, "support", looked_at, "what a server said")
    seen = Watch(
        lambda: look(database, TENANT_ID, NOW, watched=False, shared=["support"]),
        itertools.count(0, 10).__next__,
    )
    note = health.mailbox_note(seen, "support", MINUTE, lambda: NOW)
    assert note() is None  # it has only just begun
    later = health.time.monotonic() + 301
    monkeypatch.setattr(health.time, "monotonic", lambda: later)
    assert note() == says
