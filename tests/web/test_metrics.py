"""/metrics and /readyz: what a gateway is watched by."""

import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from mailgate.domain.canary import Canary, Rounds
from mailgate.domain.horizon import Heartbeat
from mailgate.errors import Temporary
from mailgate.gateway import Parts, Ports
from mailgate.log import EVENTS, log, written
from mailgate.roles import ALL
from mailgate.store import heartbeat
from mailgate.store.backlog import Backlog
from mailgate.store.jobs import LastRun
from mailgate.store.mailboxes import Watched
from mailgate.store.ways import Broken
from mailgate.tally import Histogram
from mailgate.web import watch
from mailgate.web.health import create_app, running
from mailgate.web.metrics import (
    COUNTERS,
    GAUGES,
    JOB_AT,
    JOB_DID,
    JOB_FAILED,
    JOB_TOOK,
    LAG,
    LATENCIES,
    LINES,
    TICKETS,
    WORKLOAD,
    Metrics,
    Sample,
    names,
    reference,
)
from mailgate.web.stored import Stored
from mailgate.web.watch import Seen
from tests.cli.conftest import mail
from tests.web.conftest import NOW

MINUTE = timedelta(minutes=1)
DOCS = Path(__file__).parents[2]
PAGE = DOCS / "docs" / "metrics.md"
ALERTS = DOCS / "deploy" / "prometheus-alerts.yml"
FIGURE = re.compile(r"^(mailgate_\w+)(?:\{(.+)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r"\w+=\"([\w.+]+)\"")
OURS = {gauge.name for gauge in GAUGES}
BACKLOG = Backlog(3, NOW - MINUTE, 2, 1, 5, NOW - 2 * MINUTE, 4, NOW - 4 * MINUTE)
ROUNDS = Rounds(home=Canary(1, NOW, NOW))
NOTHING = Backlog(0, None, 0, 0, 0, None, 0, None)


def figures(text: str) -> dict[str, float]:
    """Return name -> value; of what has labels, name.label.label -> value."""
    return {
        ".".join((name, *LABEL.findall(labels))): float(value)
        for name, labels, value in FIGURE.findall(text)
    }


def shown(seen: Seen[Stored], written: Mapping[str, int] = MappingProxyType({})) -> dict:
    taken = Histogram((2, 10))
    taken.observe(3)
    sample = Sample(NOW, seen, written, taken.read())
    return figures(Metrics(lambda: sample).exposition().decode())


def gauges(found: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in found.items() if name in OURS}


def test_every_gauge_is_read_from_the_store():
    missing = Canary(1, NOW - 9 * MINUTE, None, NOW)
    home = Canary(2, NOW - 20 * MINUTE, NOW - 19 * MINUTE)
    rounds = Rounds((missing,), missing, home)
    broken = (Broken("one", NOW - MINUTE, "421 closing", NOW),)
    found = shown(Seen(Stored(BACKLOG, NOW - 3 * MINUTE, rounds, broken), 0.5))
    assert gauges(found) == {
        "mailgate_database_up": 1,
        "mailgate_figures_age_seconds": 0.5,
        "mailgate_mails_pending": 3,
        "mailgate_mails_oldest_pending_seconds": 60,
        "mailgate_mails_parked": 2,
        "mailgate_mails_quarantined": 1,
        "mailgate_notices_unsent": 5,
        "mailgate_notices_oldest_unsent_seconds": 120,
        "mailgate_notices_unknown": 4,
        "mailgate_delivery_broken": 1,
        "mailgate_clock_lag_seconds": 180,
        "mailgate_deadlines_lag_seconds": 240,
        "mailgate_canary_missing": 1,
        "mailgate_canary_last_seen_timestamp_seconds": (NOW - 19 * MINUTE).timestamp(),
    }


def test_the_lag_of_each_shared_mailbox_is_shown_once_it_was_looked_at():
    looks = {"support": Watched(NOW - 2 * MINUTE, None), "billing": Watched(None, "away")}
    found = shown(Seen(Stored(NOTHING, None, mailboxes=looks)))
    lags = {name: value for name, value in found.items() if name.startswith(LAG)}
    assert lags == {f"{LAG}.support": 120}


def test_each_job_tells_when_it_last_ran_and_how_long_it_took():
    run = LastRun("deadlines", "one", NOW - MINUTE, 1250, {"acted_on": 3}, "")
    found = shown(Seen(Stored(NOTHING, None, jobs={"deadlines": run})))
    assert found[f"{JOB_AT}.deadlines"] == (NOW - MINUTE).timestamp()
    assert found[f"{JOB_TOOK}.deadlines"] == 1.25


def test_each_job_tells_what_its_last_run_did_or_that_it_failed():
    run = LastRun("sla", "one", NOW, 1, {"approaching_sla": 2, "breached_sla": 1}, "")
    broken = LastRun("digest", "one", NOW, 1, {"written": 7}, "RuntimeError('no')")
    found = shown(Seen(Stored(NOTHING, None, jobs={"sla": run, "digest": broken})))
    did = {name: value for name, value in found.items() if name.startswith(JOB_DID)}
    assert did == {f"{JOB_DID}.sla.approaching_sla": 2, f"{JOB_DID}.sla.breached_sla": 1}
    assert (found[f"{JOB_FAILED}.sla"], found[f"{JOB_FAILED}.digest"]) == (0, 1)


def test_tickets_are_shown_as_they_were_counted_last():
    counted = {"tickets": {"reopened": 2}, "loads": {"alice": 3}}
    found = shown(Seen(Stored(NOTHING, None, **counted)))
    assert (found[f"{TICKETS}.reopened"], found[f"{WORKLOAD}.alice"]) == (2, 3)
    assert not {name for name in shown(Seen(None)) if name.startswith((TICKETS, WORKLOAD))}


def test_without_a_canary_nothing_is_said_of_it_and_before_the_first_is_back_only_that_none_is():
    assert not {name for name in gauges(shown(Seen(Stored(NOTHING, None)))) if "canary" in name}
    found = gauges(shown(Seen(Stored(NOTHING, None, Rounds()))))
    assert found["mailgate_canary_missing"] == 0
    assert "mailgate_canary_last_seen_timestamp_seconds" not in found


def test_how_long_canaries_took_is_a_histogram():
    found = shown(Seen())
    buckets = {bound: found[f"{LATENCIES}_bucket.{bound}"] for bound in ("2", "10", "+Inf")}
    assert buckets == {"2": 0, "10": 1, "+Inf": 1}
    assert (found[f"{LATENCIES}_count"], found[f"{LATENCIES}_sum"]) == (1, 3)


def test_where_nothing_waits_ages_are_nothing_and_a_clock_that_never_ran_has_no_lag():
    found = shown(Seen(Stored(NOTHING, None)))
    assert found["mailgate_mails_oldest_pending_seconds"] == 0
    assert found["mailgate_notices_oldest_unsent_seconds"] == 0
    assert found["mailgate_deadlines_lag_seconds"] == found["mailgate_delivery_broken"] == 0
    assert "mailgate_clock_lag_seconds" not in found


def test_a_deadline_that_lies_ahead_is_no_lag():
    ahead = replace(NOTHING, oldest_due=NOW + MINUTE)
    assert shown(Seen(Stored(ahead, None)))["mailgate_deadlines_lag_seconds"] == 0


def test_before_the_database_ever_answered_that_is_all_that_is_said_of_it():
    found = shown(Seen(None, 0.0, "it does not answer"), {"mail.accepted": 7})
    assert gauges(found) == {"mailgate_database_up": 0}
    assert found["mailgate_mails_accepted_total"] == 7


def test_while_it_does_not_answer_the_figures_of_the_last_look_are_told_with_their_age():
    found = shown(Seen(Stored(BACKLOG, NOW), 90.0, "it has not answered for 89 s"))
    assert found["mailgate_database_up"] == 0
    assert found["mailgate_figures_age_seconds"] == 90
    assert found["mailgate_mails_pending"] == 3


def test_deliveries_are_counted_by_result_and_mails_by_how_they_ended():
    written = {"notice.sent": 9, "notice.never": 1, "mail.commands_only": 2, "mail.sent_back": 3}
    found = shown(Seen(), written)
    assert found["mailgate_deliveries_total.sent"] == 9
    assert found["mailgate_deliveries_total.never"] == 1
    assert found["mailgate_deliveries_total.later"] == 0
    assert found["mailgate_mails_processed_total.commands_only"] == 5


def test_every_counter_is_made_of_lines_that_there_are():
    assert {line for each in COUNTERS for lines in each.lines.values() for line in lines} <= set(
        EVENTS
    )


def test_names_end_as_those_of_prometheus_do():
    run = LastRun("deadlines", "one", NOW, 1, {"acted_on": 1}, "")
    looks = {"support": Watched(NOW, None)}
    stored = Stored(BACKLOG, NOW, ROUNDS, mailboxes=looks, jobs={"deadlines": run})
    stored = replace(stored, tickets={"reopened": 1}, loads={"alice": 1})
    scraped = {name.partition(".")[0] for name in shown(Seen(stored))}
    assert scraped == names()
    assert not {name for name in OURS if name.endswith(("_total", "_ms", "_minutes", "_bytes"))}


def test_every_figure_of_the_example_alerts_is_there_and_every_alert_says_what_it_is():
    text = ALERTS.read_text()
    asked = re.findall(r"\bmailgate_\w+", text)
    assert asked
    assert set(asked) <= names()
    assert text.count("- alert:") == text.count("expr:") == text.count("summary:")
    results = re.findall(r'result="(\w+)"', text)
    assert set(results) <= next(c.lines.keys() for c in COUNTERS if c.label == "result")


def test_every_line_of_the_log_is_counted_whatever_the_level():
    before = written().get("clock.tick", 0)
    log("clock.tick", due=0)
    assert written()["clock.tick"] == before + 1
    assert shown(Seen()).keys() >= {f"{LINES}_total.{name}" for name in EVENTS}


def test_the_page_in_the_docs_names_every_figure():
    assert PAGE.read_text() == reference(), (
        "write it: python -c 'from mailgate.web.metrics import reference; "
        "print(reference(), end=str())' > docs/metrics.md"
    )


def test_ready_is_who_could_take_a_mail_now_whatever_else_is_wrong():
    up, down = SimpleNamespace(alive=True), SimpleNamespace(alive=False)
    checks = {"smtp": running(up), "delivery": running(down)}
    client = TestClient(create_app(checks, needed=("smtp",)))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "faults": {}, "notes": {}},
    )
    assert client.get("/healthz").status_code == 503
    checks["smtp"] = running(down)
    answer = TestClient(create_app(checks, needed=("smtp",))).get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")


def test_who_asks_for_text_is_told_in_lines():
    checks = {"smtp": lambda: "its thread has ended", "inbox": lambda: None}
    client = TestClient(create_app(checks, needed=checks))
    answer = client.get("/readyz", headers={"Accept": "text/plain"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "not ready\nsmtp: its thread has ended\n"
    for accept in ("*/*", "application/json", "application/json, text/plain"):
        told = client.get("/readyz", headers={"Accept": accept})
        assert told.json()["faults"] == {"smtp": "its thread has ended"}


def test_what_is_noted_is_told_and_makes_nothing_worse():
    notes = {"canary": lambda: "it has not come back", "other": lambda: None}
    client = TestClient(create_app({}, (), None, notes))
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.json()["notes"] == {"canary": "it has not come back"}
    text = client.get("/readyz", headers={"Accept": "text/plain"}).text
    assert text == "ready\ncanary: it has not come back\n"


def test_without_figures_there_is_no_page_of_them():
    assert TestClient(create_app({}, ())).get("/metrics").status_code == 404


@pytest.fixture
def page(gateway, monkeypatch):
    """Return a function that asks a gateway for its figures."""
    handed = []

    def noted(*parts):
        handed.append(create_app(*parts))
        return handed[0]

    monkeypatch.setattr("mailgate.web.health.create_app", noted)
    assert Parts(gateway, ALL, Ports(), {})._server()

    def ask() -> dict[str, float]:
        answer = TestClient(handed[0]).get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.status_code == 200
        return figures(answer.text)

    return ask


def test_a_gateway_tells_what_waits_in_its_store(gateway, page):
    gateway.keep(mail(), "carol@customer.example", ["support@desk.example"], "pipe")
    with gateway.database.write() as connection:
        heartbeat.keep(connection, Heartbeat(NOW - timedelta(seconds=30)))
    found = page()
    assert found["mailgate_mails_pending"] == 1
    assert found["mailgate_clock_lag_seconds"] == 30


def test_a_gateway_whose_database_is_away_says_so_and_answers(gateway, page, monkeypatch):
    def away():
        raise Temporary("the database is away")

    monkeypatch.setattr(gateway.database, "read", away)
    before = written().get("database.unavailable", 0)
    found = page()
    assert found["mailgate_database_up"] == 0
    assert found["mailgate_database_errors_total"] == before + 1


def test_a_gateway_whose_database_hangs_is_asked_once_and_answers_all_the_same(
    gateway, page, monkeypatch
):
    monkeypatch.setattr(watch, "PATIENCE", 0.01)
    asked, go_on = [], threading.Event()

    def hanging():
        asked.append(1)
        go_on.wait(20)
        raise Temporary("the database is away")

    monkeypatch.setattr(gateway.database, "read", hanging)
    assert [page()["mailgate_database_up"] for _ in range(5)] == [0] * 5
    assert asked == [1]
    go_on.set()
