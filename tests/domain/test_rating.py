"""A customer rates how a matter was settled: a score is kept, and nothing else moves."""

from datetime import timedelta

import pytest

from mailgate.domain import events
from mailgate.domain.model import Status
from mailgate.errors import Illegal
from tests.domain.lives import CAROL, resolved


def settled():
    return resolved().do(events.Confirm, CAROL, resolution=1)


@pytest.mark.parametrize("score", range(1, 6))
def test_a_score_is_kept_and_moves_nothing(score):
    life = settled()
    before = life.ticket
    life.do(events.Rated, CAROL, resolution=1, score=score, comment="quick")
    assert set(life.changed) == {"satisfaction"}
    assert life.ticket.satisfaction == score
    assert (life.ticket.status, life.ticket.turn) == (before.status, before.turn)
    assert (life.ticket.status, life.told) == (Status.CLOSED, [])


def test_it_may_be_changed_for_thirty_days():
    life = settled().do(events.Rated, CAROL, resolution=1, score=1)
    life.do(events.Rated, CAROL, after=timedelta(days=29), resolution=1, score=5)
    assert life.ticket.satisfaction == 5
    with pytest.raises(Illegal):
        life.do(events.Rated, CAROL, after=timedelta(days=2), resolution=1, score=2)
    assert life.ticket.satisfaction == 5


@pytest.mark.parametrize(("resolution", "score"), [(1, 0), (1, 6), (2, 3)])
def test_another_resolution_or_no_score_is_refused(resolution, score):
    life = settled()
    with pytest.raises(Illegal):
        life.do(events.Rated, CAROL, resolution=resolution, score=score)
    assert life.ticket.satisfaction is None


def test_what_has_not_ended_is_not_rated():
    life = resolved()
    with pytest.raises(Illegal):
        life.do(events.Rated, CAROL, resolution=1, score=5)
    assert life.ticket.satisfaction is None
