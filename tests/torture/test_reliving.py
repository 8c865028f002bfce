"""A town's weeks lived through again by the same rules come out the same: nothing would differ."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.simulation import Summary, simulate
from mailgate.intake.reliving import relive
from mailgate.intake.trial import Way
from tests.store.databases import BOTH, SQLITE, migrated, without_waiting_for_the_disk
from tests.torture import town as towns
from tests.torture.town import BEGIN, Town


def lived(database, seed, tickets, monkeypatch, days=365):
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
    print(found.read, found.stood, summary.matters, summary.agreeing, summary.differing)
    assert (found.mails, found.altered.instead, summary.differing) == ([], {}, 0)
    assert {name: desk.rows(name) for name in before} == before
    return found, summary


@pytest.mark.parametrize("n", range(2))
def test_the_same_rules_change_nothing_in_a_town(request, seed, n, monkeypatch):
    with migrated(request, SQLITE) as database:
        desk = lived(database, seed + n, 30, monkeypatch, 400)
        found, _ = judge(desk, BEGIN + timedelta(days=100))
    assert found.read
