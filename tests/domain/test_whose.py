"""A ticket that becomes somebody else's matter: nobody sees what is older than their joining."""

import pytest

from mailgate.domain import events
from mailgate.domain.events import TimerKind
from mailgate.domain.model import Status
from tests.domain.lives import CAROL, DAVE, HOUR, IN, START, new, waiting


@pytest.mark.parametrize("status", Status)
def test_another_requester_joins_now_and_the_former_one_takes_no_part(status):
    life = IN[status]()
    before = life.ticket
    life.do(events.SetRequester, requester=DAVE.id, requester_name="Dave")
    ticket = life.ticket
    assert (ticket.requester, ticket.requester_name, ticket.people) == (DAVE.id, "Dave", {DAVE.id})
    assert ticket.joined_at(DAVE.id) == life.now
    assert ticket.joined_at(CAROL.id) is None
    assert (ticket.status, ticket.turn, life.told) == (before.status, before.turn, [])


def test_who_took_part_before_keeps_the_time_of_joining():
    life = new().do(events.PeopleJoined, CAROL, people=(DAVE.id,))
    since = life.now
    life.do(events.SetRequester, requester=DAVE.id)
    assert life.ticket.joined_at(DAVE.id) == since
    assert life.ticket.participants == (DAVE.id,)


def test_one_who_comes_back_has_joined_anew():
    life = new().do(events.SetRequester, requester=DAVE.id)
    life.do(events.SetRequester, requester=CAROL.id)
    assert life.ticket.people == {CAROL.id}
    assert life.ticket.joined_at(CAROL.id) == life.now > START


def test_whose_it_is_already_it_stays():
    assert new().do(events.SetRequester, requester=CAROL.id).changed == {}


def test_nobody_is_reminded_of_an_answer_that_went_to_somebody_else():
    life = waiting().do(events.SetRequester, requester=DAVE.id)
    assert not life.ticket.replied
    life.due(TimerKind.CLIENT_RESPONSE)
    assert life.told == []
    life.do(events.AgentReplied, after=HOUR, message=3)
    assert life.ticket.replied
