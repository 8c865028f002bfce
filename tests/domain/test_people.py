"""To whom each audience of a notice comes down, and to whom it never does."""

from dataclasses import replace

import pytest

from mailgate.domain.model import Ticket
from mailgate.domain.people import Agent, Audience, Recipient, Role, Staff, recipients

ALICE = Agent("alice", "alice@desk.example", "Alice Agent", language="de")
BOB = Agent("bob", "bob@desk.example")
EVE = Agent("eve.nice", "eve@desk.example", admin=True)
ADA = "ada@desk.example"
STAFF = Staff((ALICE, BOB, EVE), {"billing": ("bob", "nobody"), "empty": ()}, (ADA, EVE.address))
TICKET = Ticket(
    id=1,
    requester="carol@customer.example",
    requester_name="Carol",
    participants=("dave@customer.example", "carol@customer.example"),
    language="fr",
    assignee="alice",
    team="billing",
    followers=("bob", "gone", "eve.nice"),
)


def told(audience, ticket=TICKET, staff=STAFF, former=None, actor="") -> list[str]:
    return [to.address for to in recipients(audience, ticket, staff, former, actor)]


@pytest.mark.parametrize(
    ("audience", "addresses"),
    [
        (Audience.REQUESTER, ["carol@customer.example"]),
        (Audience.CUSTOMERS, ["carol@customer.example", "dave@customer.example"]),
        (Audience.ASSIGNEE, ["alice@desk.example"]),
        (Audience.FORMER_ASSIGNEE, ["bob@desk.example"]),
        (Audience.HOLDERS, ["alice@desk.example"]),
        (Audience.TEAM, ["bob@desk.example"]),
        (Audience.MEMBERS, ["bob@desk.example"]),
        (Audience.ADMINS, ["eve@desk.example", "ada@desk.example"]),
        (Audience.FOLLOWERS, ["bob@desk.example", "eve@desk.example"]),
        (Audience.ESCALATED, ["eve@desk.example", "ada@desk.example"]),
        (Audience.AUTHOR, ["alice@desk.example"]),
    ],
)
def test_each_audience_comes_down_to_addresses(audience, addresses):
    assert told(audience, former="bob") == addresses


def test_every_audience_is_shown_above_but_those_of_what_is_to_be_approved():
    shown = test_each_audience_comes_down_to_addresses.pytestmark[0].args[1]
    deciding = {Audience.APPROVERS, Audience.ASKER}
    assert {audience for audience, _ in shown} == set(Audience) - deciding


def test_a_customer_is_written_to_by_name_in_their_language():
    (to,) = recipients(Audience.REQUESTER, TICKET, STAFF, None, "")
    assert to == Recipient("carol@customer.example", "Carol", Role.CUSTOMER, "fr")
    other = recipients(Audience.CUSTOMERS, TICKET, STAFF, None, "")[1]
    assert other == Recipient("dave@customer.example", "", Role.CUSTOMER, "fr")


@pytest.mark.parametrize("audience", [Audience.REQUESTER, Audience.CUSTOMERS])
def test_an_internal_ticket_has_no_customer_side(audience):
    assert told(audience, replace(TICKET, visibility="internal")) == []


def test_nobody_is_written_to_without_an_address():
    assert told(Audience.CUSTOMERS, replace(TICKET, requester="", participants=())) == []


def test_an_author_is_told_whoever_holds_the_ticket_by_now():
    told = recipients(Audience.AUTHOR, TICKET, STAFF, None, "", "bob")
    assert [to.address for to in told] == ["bob@desk.example"]
    gone = recipients(Audience.AUTHOR, TICKET, STAFF, None, "", "gone")
    assert [to.address for to in gone] == ["alice@desk.example"]


@pytest.mark.parametrize("team", [None, "empty", "gone"])
def test_a_team_of_nobody_has_no_members(team):
    assert told(Audience.MEMBERS, replace(TICKET, team=team)) == []


def test_if_nobody_holds_a_ticket_its_team_does():
    assert told(Audience.HOLDERS, replace(TICKET, assignee=None)) == ["bob@desk.example"]
    assert told(Audience.HOLDERS, replace(TICKET, assignee="gone")) == ["bob@desk.example"]


@pytest.mark.parametrize("team", [None, "empty", "unheard-of"])
def test_without_a_team_the_administrators_stand_in(team):
    assert told(Audience.TEAM, replace(TICKET, team=team)) == [
        "eve@desk.example",
        "ada@desk.example",
    ]


def test_where_there_are_no_teams_every_agent_is_in_the_one():
    staff = replace(STAFF, teams={})
    assert told(Audience.TEAM, staff=staff) == [
        "alice@desk.example",
        "bob@desk.example",
        "eve@desk.example",
        "ada@desk.example",
    ]


@pytest.mark.parametrize("actor", ["eve.nice", "eve@desk.example"])
def test_who_caused_an_event_is_not_told_of_it(actor):
    assert told(Audience.ADMINS, actor=actor) == ["ada@desk.example"]
    assert told(Audience.FOLLOWERS, actor=actor) == ["bob@desk.example"]


def test_a_customer_is_told_of_what_they_caused():
    assert told(Audience.REQUESTER, actor=TICKET.requester) == [TICKET.requester]


def test_an_assignee_who_keeps_the_ticket_is_no_former_one():
    assert told(Audience.FORMER_ASSIGNEE, former="alice") == []
    assert told(Audience.FORMER_ASSIGNEE, former=None) == []
    unassigned = replace(TICKET, assignee=None)
    assert told(Audience.FORMER_ASSIGNEE, unassigned, former="alice") == ["alice@desk.example"]


@pytest.mark.parametrize(
    ("who", "agent"),
    [
        ("alice", ALICE),
        ("alice@desk.example", ALICE),
        (ADA, Agent(ADA, ADA, admin=True)),
        (EVE.address, EVE),
        ("gone", None),
        ("", None),
    ],
)
def test_staff_are_found_by_name_and_by_address(who, agent):
    assert STAFF.find(who) == agent


@pytest.mark.parametrize(
    ("agent", "name", "role"),
    [
        (ALICE, "Alice Agent", Role.AGENT),
        (BOB, "Bob", Role.AGENT),
        (EVE, "Eve Nice", Role.ADMIN),
        (replace(BOB, address=ADA), "Bob", Role.ADMIN),
    ],
)
def test_staff_are_shown_by_name_and_an_administrator_as_one(agent, name, role):
    to = STAFF.recipient(agent)
    assert (to.address, to.name, to.role, to.language) == (
        agent.address,
        name,
        role,
        agent.language,
    )
