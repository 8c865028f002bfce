"""Who works at the desk, and to whom each audience of a notice comes down.

Recipients of every mail are worked out here and nowhere else, so that an internal text can be
shown never to reach a customer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from mailgate.domain.model import Approval, Ticket


class Role(StrEnum):
    """What a recipient is to the desk."""

    CUSTOMER = "customer"
    AGENT = "agent"
    ADMIN = "admin"


class Audience(StrEnum):
    """Whom a notice is for, by their part in the ticket."""

    REQUESTER = "requester"
    CUSTOMERS = "customers"  # requester and participants
    ASSIGNEE = "assignee"
    FORMER_ASSIGNEE = "former_assignee"
    HOLDERS = "holders"  # the assignee; the team if nobody holds it
    TEAM = "team"  # whoever stands in where it has none, or nobody is in it
    MEMBERS = "members"  # of its team; nobody if it has none
    ADMINS = "admins"
    FOLLOWERS = "followers"
    ESCALATED = "target"  # whom it was escalated to; who stands in where that is nobody
    APPROVERS = "approvers"  # who may approve what is asked for, but not who asked
    ASKER = "asker"  # the agent who asked for what is to be approved
    AUTHOR = "author"  # the agent who wrote what the event is about; the holders if there is none


@dataclass(frozen=True, slots=True)
class Agent:
    """One who answers tickets; `name` is the short word of commands, `address` is normalised.

    `limit`: how many tickets on the desk's turn they hold at most, of those given by themselves.
    """

    name: str
    address: str
    full_name: str = ""
    admin: bool = False
    language: str = ""
    limit: int = 20

    @property
    def display_name(self) -> str:
        """The name shown to people."""
        return self.full_name or self.name.partition("@")[0].replace(".", " ").title()


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person a notice goes to."""

    address: str
    name: str
    role: Role
    language: str = ""


@dataclass(frozen=True)
class Staff:
    """Agents, teams and administrators of one desk."""

    agents: tuple[Agent, ...] = ()
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    admins: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Agent]:
        """Agents by their short name."""
        return {agent.name: agent for agent in self.agents}

    @cached_property
    def by_address(self) -> Mapping[str, Agent]:
        """Everybody of the staff by address; a bare administrator is an agent too."""
        bare = {a: Agent(name=a, address=a, admin=True) for a in self.admins}
        return bare | {agent.address: agent for agent in self.agents}

    def find(self, who: str) -> Agent | None:
        """Return the member of the staff with this short name or address."""
        return self.by_name.get(who) or self.by_address.get(who)

    def recipient(self, agent: Agent) -> Recipient:
        """Return the agent as somebody to write to."""
        admin = agent.admin or agent.address in self.admins
        role = Role.ADMIN if admin else Role.AGENT
        return Recipient(agent.address, agent.display_name, role, agent.language)

    @cached_property
    def administrators(self) -> tuple[Recipient, ...]:
        """Every administrator, each once."""
        named = {a.address: a for a in self.agents if a.admin}
        listed = {a: self.by_address[a] for a in self.admins}
        return tuple(self.recipient(agent) for agent in (named | listed).values())

    def members(self, name: str | None) -> tuple[Recipient, ...]:
        """Return a team's members."""
        names = self.teams.get(name or "", ())
        return tuple(self.recipient(self.by_name[each]) for each in names if each in self.by_name)

    def escalated(self, to: str | None) -> tuple[Recipient, ...]:
        """Return an agent, or the members of a team if `to` begins with `team:`.

        Where that is nobody, those are the administrators, and every agent where there are none.
        """
        kind, _, name = (to or "").partition(":")
        agent = self.find(to or "")
        found = self.members(name) if kind == "team" else ()
        if agent is not None:
            found = (self.recipient(agent),)
        return found or self.administrators or tuple(map(self.recipient, self.agents))

    def approvers(self, approval: Approval) -> tuple[Recipient, ...]:
        """Return who is asked to approve: an agent, or the administrators; never who asked."""
        agent, asked_by = self.find(approval.by or ""), self.find(approval.asked_by)
        found = self.administrators if agent is None else (self.recipient(agent),)
        return tuple(each for each in found if not asked_by or each.address != asked_by.address)

    def team(self, name: str | None) -> tuple[Recipient, ...]:
        """Return a team's members, or who stands in for them.

        Without a team those are the administrators, and where the desk has no teams at all, or no
        administrators, every agent: somebody must hear of a ticket.
        """
        members = self.members(name)
        if members:
            return members
        administrators = self.administrators
        if self.teams and administrators:
            return administrators
        return _once((*map(self.recipient, self.agents), *administrators))


def _once(people: Iterable[Recipient]) -> tuple[Recipient, ...]:
    return tuple({person.address: person for person in people}.values())


def _customers(ticket: Ticket, *addresses: str) -> tuple[Recipient, ...]:
    if ticket.visibility == "internal":
        return ()
    return _once(_customer(ticket, address) for address in addresses if address)


def _customer(ticket: Ticket, address: str) -> Recipient:
    name = ticket.requester_name if address == ticket.requester else ""
    return Recipient(address, name, Role.CUSTOMER, ticket.language)


def recipients(
    audience: Audience,
    ticket: Ticket,
    staff: Staff,
    former: str | None,
    actor: str,
    author: str = "",
    approval: Approval | None = None,
) -> tuple[Recipient, ...]:
    """Return the people behind `audience`.

    `former` is the assignee before the event, `actor` the id of whoever caused it, `author` of
    whoever wrote what it is about, `approval` what is or was to be approved. Customers are
    left out of an internal ticket. Whoever of the staff caused an event is not told of it.
    """
    if audience in (Audience.REQUESTER, Audience.CUSTOMERS):
        wider = ticket.participants if audience is Audience.CUSTOMERS else ()
        return _customers(ticket, ticket.requester, *wider)
    if audience in (Audience.APPROVERS, Audience.ASKER):
        told = _deciding(audience, staff, approval)
    else:
        told = _colleagues(audience, ticket, staff, former, author)
    doer = staff.find(actor)
    return _once(person for person in told if doer is None or person.address != doer.address)


def _deciding(audience: Audience, staff: Staff, approval: Approval | None) -> tuple[Recipient, ...]:
    if approval is None:
        return ()
    if audience is Audience.APPROVERS:
        return staff.approvers(approval)
    asked_by = staff.find(approval.asked_by)
    return () if asked_by is None else (staff.recipient(asked_by),)


def _colleagues(
    audience: Audience, ticket: Ticket, staff: Staff, former: str | None, author: str
) -> tuple[Recipient, ...]:
    def named(*names: str | None) -> tuple[Recipient, ...]:
        found = (staff.find(name) for name in names if name)
        return tuple(staff.recipient(agent) for agent in found if agent is not None)

    match audience:
        case Audience.ASSIGNEE:
            return named(ticket.assignee)
        case Audience.FORMER_ASSIGNEE:
            return named(former if former != ticket.assignee else None)
        case Audience.HOLDERS:
            return named(ticket.assignee) or staff.team(ticket.team)
        case Audience.AUTHOR:
            return named(author) or named(ticket.assignee) or staff.team(ticket.team)
        case Audience.TEAM:
            return staff.team(ticket.team)
        case Audience.MEMBERS:
            return staff.members(ticket.team)
        case Audience.ESCALATED:
            return staff.escalated(ticket.escalated_to)
        case Audience.FOLLOWERS:
            return named(*ticket.followers)
        case _:
            return staff.administrators
