"""A town's weeks lived through again by the same rules come out the same: nothing would differ."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.simulation import Summary, simulate
from mailgate.intake.reliving import Stood, relive
from mailgate.intake.trial import Way
from tests.store.databases import BOTH, SQLITE, migrated, without_waiting_for_the_disk
from tests.torture import town as towns
from tests.torture.town import BEGIN, Town


def lived(database, seed, tickets, monkeypatch, days):
    without_waiting_for_the_disk(database)
    monkeypatch.setattr(towns, "END", BEGIN + timedelta(days=days))
    town = Town(database, seed, tickets, every_minute=False)
    town.live()
    return town.desk


def again(desk, since):
    settings, summary = desk.desk.settings, Summary(None)
    way = Way(settings, desk.worker._reader)
    with desk.database.read() as connection:
        found = relive(connection, (way, replace(way)), desk.signer, since)
        given = (connection, settings, settings.policy, since, desk.now)
        for each in simulate(*given, altered=found.altered):
            summary.add(each)
    return found, summary


def judge(desk, since):
    before = {name: desk.rows(name) for name in ("event", "outbox", "ticket", "mail_delivery")}
    found, summary = again(desk, since)
    assert (found.mails, found.altered.instead, summary.differing) == ([], {}, 0)
    assert {name: desk.rows(name) for name in before} == before
    return found, summary


def test_the_same_rules_change_nothing_in_a_town(request, seed, monkeypatch):
    with migrated(request, SQLITE) as database:
        desk = lived(database, seed, 12, monkeypatch, 20)
        for since in (BEGIN, BEGIN + timedelta(days=9)):
            found, summary = judge(desk, since)
    assert found.read > found.stood[Stood.NOT_AGAIN]
    assert summary.matters


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", BOTH)
def test_the_same_rules_change_nothing_in_many_towns(request, seed, kind, long_form, monkeypatch):
    for n in range(20 if long_form else 1):
        with migrated(request, kind) as database:
            tickets, days = (150, 60) if long_form else (6, 10)
            desk = lived(database, seed + n, tickets, monkeypatch, days)
            found, _ = judge(desk, BEGIN + timedelta(days=days / 2))
        assert found.read > 9 * found.stood[Stood.NOT_AGAIN], f"after {n} others"
