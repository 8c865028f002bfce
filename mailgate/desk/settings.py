"""What a desk is: its name, people and rules, handed to the door by whoever opens it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal, Protocol

from mailgate.domain.caps import Caps
from mailgate.domain.hours import Calendar
from mailgate.domain.model import Priority
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.people import Staff
from mailgate.domain.policy import Policy
from mailgate.domain.rules import Rule
from mailgate.domain.shorthand import Names
from mailgate.errors import Refused
from mailgate.store.policies import Snapshot, snapshot

Purpose = Literal["reply", "note", "confirm", "rate"]
"""What a signed address is for."""


class Signer(Protocol):
    """Makes addresses and Message-IDs that only we can have made."""

    def ticket_address(
        self,
        desk_address: str,
        number: str,
        holder: str,
        purpose: Purpose,
        now: datetime,
        nonce: int = 0,
    ) -> str:
        """Return the address by which `holder`, and nobody else, may act on a ticket."""
        ...

    def page_token(self, number: str, holder: str, resolution: int, now: datetime) -> str:
        """Return what stands in the link to the page at which a resolution is answered."""
        ...

    def approval_token(self, number: str, holder: str, approval: int, now: datetime) -> str:
        """Return what stands in the link to the page at which an approval is decided."""
        ...

    def canary_address(self, desk_address: str, canary: int, now: datetime) -> str:
        """Return the address that one canary goes to."""
        ...

    def digest_address(self, desk_address: str, holder: str, now: datetime) -> str:
        """Return the address by which `holder`, and nobody else, may answer the daily digest."""
        ...

    def message_id(self, number: str, unique: int, recipient: str) -> str:
        """Return a Message-ID that names the ticket and the recipient."""
        ...

    def unique_of(self, message_id: str) -> int | None:
        """Return the `unique` of a Message-ID that we made, None of any other."""
        ...


Macro = Callable[[str, str, Mapping[str, Any]], str]
"""Returns the text of a canned response, by its name, for somebody who reads a language.

The third is what it is filled in with. Raises Refused.
"""


def no_macro(name: str, _language: str, _facts: Mapping[str, Any]) -> str:
    """Refuse all of them: a desk need not have any."""
    raise Refused(f"there is no macro {name!r}, nor any other")


@dataclass(frozen=True)
class Settings:
    """One desk, as configured. `zone` is an IANA name; `language` a locale such as `en`.

    Customers are written to in `languages` as well, if their first mail is in one of them.

    `new_tickets_an_hour` may be opened by one sender for whom nothing vouches. `mailboxes` are the
    names of the shared ones that are watched; mail sent from one of `outbound` to somebody without
    a ticket opens one, and with `submission_opens` what agents hand in at the submission port does.
    Answers that the gateway has sent are filed in one of `files`.
    `routes` are the rules for new tickets in the order in which they are tried.
    `assigns`: what nobody holds is given to agents. `hold`: how long an agent's answer waits before
    it is sent. `burst`: mails an hour of the gateway itself to one of the staff, before they are
    joined. `awake`: by the address of one of the staff who has quiet hours, the rest of the day.
    `agents_set_times`: agents who are no administrators may set thresholds of a ticket.
    `macro`: what `/macro` stands for. `fields`: the custom fields that tickets may have.
    `public_url`: where customers reach the pages, without a slash at its end; empty: they do not.
    """

    name: str
    address: str
    policy: Policy
    number_format: NumberFormat
    staff: Staff = field(default_factory=Staff)
    zone: str = "UTC"
    language: str = "en"
    languages: frozenset[str] = frozenset()
    tenant_id: int = 1
    caps: Caps = field(default_factory=Caps)
    new_tickets_an_hour: int = 10
    categories: tuple[str, ...] = ("general_inquiry",)
    customer_max_priority: Priority = Priority.HIGH
    number_needs: Literal["not_failed", "aligned"] = "not_failed"
    new_people: int = 20
    mailboxes: frozenset[str] = frozenset()
    outbound: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    submission_opens: bool = True
    routes: tuple[Rule, ...] = ()
    assigns: bool = False
    hold: timedelta = timedelta(0)
    burst: int = 30
    awake: Mapping[str, Calendar] = field(default_factory=dict)
    agents_set_times: bool = False
    macro: Macro = no_macro
    public_url: str = ""
    fields: tuple[str, ...] = ()

    @cached_property
    def names(self) -> Names:
        """What an address of the desk may name beside commands."""
        return Names(tuple(self.staff.by_name), tuple(self.staff.teams), self.categories)

    @cached_property
    def rules(self) -> Snapshot:
        """The policy as it is kept with what was decided by it; worked out once."""
        return snapshot(self.policy)
