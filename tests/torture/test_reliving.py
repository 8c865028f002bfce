"""A town's weeks lived through again by the same rules come out the same: nothing would differ."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.simulation import Summary, simulate
from mailgate.intake import reliving
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


def without_agents(events):
    """Return what happened to tickets but for whom the new ones were given to."""
    return [
        (id_, name, {key: value for key, value in facts.items() if key != "assignee"})
        for id_, (name, facts) in events
    ]


@pytest.fixture
def unlike(monkeypatch):
    """The mails that do not come out as recorded in another way than whom a ticket is given to.

    Who was away when it came is written down nowhere.
    """
    found = []
    as_recorded = reliving._Course._as_recorded

    def noted(course, first, row, happened):
        if as_recorded(course, first, row, happened):
            return True
        again, then = (
            [(id_, reliving._facts(event, reliving._BESIDE)) for id_, event in events]
            for events in (first.happened, happened)
        )
        if without_agents(again) != without_agents(then):
            found.append((row["id"], again, then))
        return False

    monkeypatch.setattr(reliving._Course, "_as_recorded", noted)
    return found


def judge(desk, since):
    before = {name: desk.rows(name) for name in ("event", "outbox", "ticket", "mail_delivery")}
    found, summary = again(desk, since)
    assert (found.mails, found.altered.instead, summary.differing) == ([], {}, 0)
    assert {name: desk.rows(name) for name in before} == before
    return found, summary


def test_the_same_rules_change_nothing_in_a_town(request, seed, monkeypatch, unlike):
    with migrated(request, SQLITE) as database:
        desk = lived(database, seed, 12, monkeypatch, 20)
        for since in (BEGIN, BEGIN + timedelta(days=9)):
            found, summary = judge(desk, since)
    assert found.read > found.stood[Stood.NOT_AGAIN]
    assert (unlike, bool(summary.matters)) == ([], True)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", BOTH)
def test_the_same_rules_change_nothing_in_many_towns(
    request, seed, kind, long_form, monkeypatch, unlike
):
    for n in range(20 if long_form else 1):
        with migrated(request, kind) as database:
            tickets, days = (150, 60) if long_form else (6, 10)
            desk = lived(database, seed + n, tickets, monkeypatch, days)
            found, _ = judge(desk, BEGIN + timedelta(days=days / 2))
        assert unlike == [], f"after {n} others"
        assert found.read > 5 * found.stood[Stood.NOT_AGAIN], f"after {n} others"
