"""What is told of sending: once a stretch of it has ended, and now and then while it goes on."""

from datetime import timedelta

import pytest

from mailgate.delivery.stint import LONG, RESULTS, Stint, Stints
from mailgate.delivery.transport import Later, Never, Sent, Unknown
from mailgate.errors import Temporary
from tests.store.rows import NOW

ONE_EACH = (Sent("ok"), Later("busy", connection=False), Never(550, "no"), Unknown("cut"))


class Told:
    def __init__(self) -> None:
        self.seconds, self.stints = 0.0, []
        self.made = Stints(lambda: NOW, self.stints.append, lambda: self.seconds)


def test_a_stretch_is_told_of_when_it_ends_and_counts_how_tries_ended():
    told = Told()
    told.made.begin()
    for result in ONE_EACH:
        told.made.tried(result)
    told.seconds = 2.0
    told.made.end(more=True)
    assert told.stints == []
    told.made.end()
    told.made.end()
    assert told.stints == [Stint(NOW, timedelta(seconds=2), dict.fromkeys(RESULTS.values(), 1))]


def test_one_that_goes_on_is_told_of_now_and_then_and_begins_anew():
    told = Told()
    for batch in range(3):
        told.made.begin()
        told.made.tried(Sent("ok"))
        told.seconds = LONG.total_seconds() * (batch + 1) / 2
        told.made.end(more=True)
    told.made.end()
    assert [stint.tries["sent"] for stint in told.stints] == [2, 1]


def test_where_nothing_was_sent_nothing_is_told():
    told = Told()
    told.made.end()
    told.made.end(more=True)
    assert told.stints == []


def test_a_stretch_that_could_not_be_written_down_is_left_out():
    def away(_stint: Stint) -> None:
        raise Temporary("away")

    made = Stints(lambda: NOW, away)
    made.begin()
    with pytest.raises(Temporary):
        made.end()
    made.end()
    assert made._began is None
