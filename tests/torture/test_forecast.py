"""What is foreseen of a desk in any state is what then happens, event for event, mail for mail."""

import random
from datetime import timedelta

import pytest

from tests.store.databases import BOTH, SQLITE, migrated, without_waiting_for_the_disk
from tests.torture.foretold import begin, foresee, live, told, world_of

FEW, MANY = timedelta(days=3), timedelta(days=9)


def foretold(database, seed, ahead):
    """Return what was foreseen and what then happened."""
    without_waiting_for_the_disk(database)
    chance = random.Random(seed)
    world = world_of(database, chance)
    begin(world, chance)
    until = world.now + ahead
    events = len(world.rows("event"))
    foreseen = foresee(world, until)
    assert foresee(world, until) == foreseen
    assert len(world.rows("event")) == events
    return told(foreseen), live(world, foreseen, until)


@pytest.mark.parametrize("n", range(6))
def test_what_is_foreseen_then_happens(request, seed, n):
    with migrated(request, SQLITE) as database:
        foreseen, lived = foretold(database, seed + n, FEW)
    assert foreseen
    assert lived == foreseen


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", BOTH)
def test_what_is_foreseen_of_many_desks_then_happens(request, seed, kind, long_form):
    for n in range(200 if long_form else 1):
        with migrated(request, kind) as database:
            foreseen, lived = foretold(database, seed + n, MANY if long_form else FEW)
        assert lived == foreseen, f"after {n} others"
