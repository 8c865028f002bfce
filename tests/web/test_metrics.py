"""/metrics and /readyz: what a gateway is watched by."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from mailgate import app as app_module
from mailgate import config as configuration
from mailgate import gateway as gateway_module
from mailgate.app import App
from mailgate.domain.horizon import Heartbeat
from mailgate.errors import Temporary
from mailgate.gateway import Parts, Ports
from mailgate.log import EVENTS, log, written
from mailgate.roles import ALL
from mailgate.store import heartbeat
from mailgate.store.backlog import Backlog
from mailgate.web.health import create_app, running
from mailgate.web.metrics import GAUGES, Metrics, Sample, reference
from tests.cli.conftest import Cli, mail
from tests.cli.conftest import migrated_file as migrated_file  # noqa: PLC0414 - a fixture of theirs

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
FIGURE = re.compile(r"^(mailgate_\w+)(?:\{name=\"([\w.]+)\"\})? (\S+)$", re.MULTILINE)


def figures(text: str) -> dict[str, float]:
    return {label or name: float(value) for name, label, value in FIGURE.findall(text)}


def shown(sample: Sample) -> dict[str, float]:
    return figures(Metrics(lambda: sample).exposition().decode())


def test_every_gauge_is_read_from_the_store():
    minute = timedelta(minutes=1)
    backlog = Backlog(3, NOW - minute, 2, 1, 5, NOW - 2 * minute, 4)
    found = shown(Sample(NOW, backlog, NOW - 3 * minute, {}))
    gauges = {name: value for name, value in found.items() if name in {g.name for g in GAUGES}}
    assert gauges == {
        "mailgate_database_up": 1,
        "mailgate_mails_pending": 3,
        "mailgate_mails_oldest_pending_seconds": 60,
        "mailgate_mails_parked": 2,
        "mailgate_mails_quarantined": 1,
        "mailgate_notices_unsent": 5,
        "mailgate_notices_oldest_unsent_seconds": 120,
        "mailgate_notices_unknown": 4,
        "mailgate_clock_lag_seconds": 180,
    }


def test_the_lag_of_each_shared_mailbox_is_shown():
    looks = {"support": NOW - timedelta(minutes=2)}
    text = Metrics(lambda: Sample(NOW, None, None, {}, looks)).exposition().decode()
    assert 'mailgate_mailbox_lag_seconds{mailbox="support"} 120.0' in text


def test_where_nothing_waits_ages_are_nothing_and_a_clock_that_never_ran_has_no_lag():
    found = shown(Sample(NOW, Backlog(0, None, 0, 0, 0, None, 0), None, {}))
    assert found["mailgate_mails_oldest_pending_seconds"] == 0
    assert found["mailgate_notices_oldest_unsent_seconds"] == 0
    assert "mailgate_clock_lag_seconds" not in found


def test_without_a_database_that_is_all_that_is_said_of_it():
    found = shown(Sample(NOW, None, None, {"mail.accepted": 7}))
    gauges = {name: value for name, value in found.items() if name in {g.name for g in GAUGES}}
    assert gauges == {"mailgate_database_up": 0}
    assert found["mail.accepted"] == 7


def test_every_line_of_the_log_is_counted_whatever_the_level():
    before = written().get("clock.tick", 0)
    log("clock.tick", due=0)
    assert written()["clock.tick"] == before + 1
    assert shown(Sample(NOW, None, None, {})).keys() >= EVENTS.keys()


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
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "faults": {}})
    assert client.get("/healthz").status_code == 503
    checks["smtp"] = running(down)
    answer = TestClient(create_app(checks, needed=("smtp",))).get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")


def test_without_figures_there_is_no_page_of_them():
    assert TestClient(create_app({}, ())).get("/metrics").status_code == 404


@pytest.fixture
def gateway(tmp_path, migrated_file, monkeypatch):
    cli = Cli(tmp_path / "desk")
    shutil.copy(migrated_file, cli.folder)
    for module in (app_module, gateway_module):
        monkeypatch.setattr(module, "now", lambda: NOW)
    made = App(configuration.load(cli.config, {}), {})
    yield made
    made.close()


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
    assert found["database.unavailable"] == before + 1
