"""Turns what a decision asks for into rows of the outbox, frozen as they are to be sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from itertools import starmap
from typing import Any

from sqlalchemy import Connection

from mailgate.desk import escalations, quiet
from mailgate.desk.messages import PUBLIC, NewMessage
from mailgate.desk.settings import Purpose, Settings, Signer
from mailgate.domain.caps import DAY, HOUR, Recent, exceeded
from mailgate.domain.changed import CHANGED, FIELDS
from mailgate.domain.draft import Notify
from mailgate.domain.events import (
    CustomerWrote,
    DeadlinePassed,
    Delayed,
    Delivered,
    Event,
    MachineWrote,
    Opened,
    Rated,
    TimerKind,
    Undelivered,
)
from mailgate.domain.model import GATEWAY, ActorKind, Approval, Side, Status, Ticket
from mailgate.domain.notices import NOTICES, Words
from mailgate.domain.people import Recipient, Role, Staff, recipients
from mailgate.domain.policy import Telling
from mailgate.domain.rating import SCORES, THE_TICKET
from mailgate.domain.targets import TARGETS, due
from mailgate.domain.timers import response_due
from mailgate.errors import Refused
from mailgate.store import contexts, outbox, people

NO_TICKET = Ticket(id=0)
"""Stands in a notice that is about no ticket: its facts are empty."""


_TARGET_TIMERS = (TimerKind.TARGET_NEAR, TimerKind.TARGET_MISSED)
_ABOUT_APPROVAL = ("approval_wanted", "approved", "rejected", "approval_expired")
SURVEY = "survey"
_GRAVEST_FIRST = ("overdue", "target_missed", "target_near")


@dataclass(frozen=True, slots=True)
class Cause:
    """The event behind a notice, and the ticket before and after it."""

    event_id: int
    event: Event
    before: Ticket
    after: Ticket
    message_id: int | None = None
    message: NewMessage | None = None
    note: str | None = None

    @property
    def unproven(self) -> bool:
        """Whether it is a first mail of somebody of whom nothing was ever proved."""
        return isinstance(self.event, Opened) and self.event.unproven

    @property
    def approval(self) -> Approval | None:
        """What is to be approved, or was until this event."""
        return self.after.approval or self.before.approval

    @property
    def doer(self) -> str:
        """The member of the staff whose doing it is; empty when it is nobody's."""
        actor = self.event.actor
        return actor.id if actor.kind in (ActorKind.AGENT, ActorKind.ADMIN) else ""

    def carried_to(self, to: Recipient) -> int | None:
        """Return the message whose words go along: to customers only public ones of the desk."""
        if self.message is None:
            return None
        desk_said = self.message.side is Side.SYSTEM and self.message.kind == PUBLIC
        return self.message_id if desk_said or to.role is not Role.CUSTOMER else None

    def kept_id(self, to: Recipient) -> str | None:
        """Return the author's own Message-ID, if these words leave under it: never two mails do."""
        if self.message is None or not self.message.keeps_id or self.carried_to(to) is None:
            return None
        return self.message.rfc_id if self.after.people == {to.address} else None

    def is_older_than(self, to: Recipient) -> bool:
        """Tell whether what was said was said before a participant joined."""
        joined = self.after.joined_at(to.address)
        return joined is not None and self.message is not None and self.message.at < joined


def _wait(settings: Settings, cause: Cause, name: str, *, staff: bool) -> int:
    """Return how many seconds a duration lasts.

    Where only working time counts, customers are told how long that is by their own clock from
    the cause on, in whole hours; of what the desk takes for longer than three days, in whole days.
    """
    policy, at = settings.policy, cause.event.at
    row = policy.row(cause.after)
    if staff or policy.counted_by(row, name) is None:
        return int(getattr(row, name).total_seconds())
    taken = policy.after(row, name, at) - at
    coarse = name in ("system", "first_response") and taken > 3 * DAY
    unit = DAY if coarse else HOUR
    return -(-taken // unit) * int(unit.total_seconds())


def _origin(settings: Settings, ticket: Ticket) -> str:
    """Return what gives the limit of the desk's answer: a preset, the configuration, or a row."""
    return settings.policy.origins_for(ticket)["system"]


def _target(settings: Settings, cause: Cause) -> dict[str, Any] | None:
    """Return which target is meant, and when it is due or was."""
    event, ticket = cause.event, cause.before
    if not isinstance(event, DeadlinePassed) or event.timer not in _TARGET_TIMERS:
        return None
    name = TARGETS[event.step]
    times = {
        "first_response": ticket.first_response_due_at,
        "resolution": ticket.resolution_due_at,
    }
    return {"which": name, "due_at": _iso(times.get(name) or due(ticket, settings.policy, name))}


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def context(
    settings: Settings,
    signer: Signer,
    cause: Cause,
    notice: str,
    to: Recipient,
    now: datetime,
    reason: str = "",
) -> dict[str, Any]:
    """Return what the templates are filled with; the message's text is added when it is sent.

    Where nothing vouches for who wrote, what goes to that address holds none of their words:
    whoever really has it must not be brought a stranger's text by us.
    """
    filled = _filled(settings, signer, cause, notice, to, now, reason)
    if to.role is Role.CUSTOMER and cause.unproven:
        filled["ticket"] |= {"subject": "", "requester_name": ""}
        filled["recipient"]["name"] = ""
    return filled


def _filled(
    settings: Settings,
    signer: Signer,
    cause: Cause,
    notice: str,
    to: Recipient,
    now: datetime,
    reason: str,
) -> dict[str, Any]:
    ticket = cause.after
    actor = settings.staff.find(cause.doer)

    @cache  # where one answers is one of the two that every notice to staff names
    def signed(purpose: Purpose, nonce: int = 0) -> str | None:
        try:
            return signer.ticket_address(
                settings.address, ticket.number, to.address, purpose, now, nonce
            )
        except Refused:  # the number leaves no room in a local part: the plain address serves
            return None

    staff = to.role is not Role.CUSTOMER
    confirm = ticket.status is Status.RESOLVED and not staff
    wait = partial(_wait, settings, cause, staff=staff)
    page = partial(_page, settings, signer, ticket, to, now)
    rates = (signed("rate", score) for score in SCORES) if notice == SURVEY else ()
    return contexts.blank() | {
        "desk": {"name": settings.name, "address": settings.address, "timezone": settings.zone},
        "ticket": facts(ticket, settings.staff) | _news(cause.event),
        "recipient": {
            "name": to.name,
            "address": to.address,
            "role": to.role.value,
            "language": to.language or settings.language,
        },
        "actor": actor.display_name if actor else None,
        "note": (reason or cause.note or None) if staff else None,
        "changes": _changes(settings, cause) if notice == CHANGED else [],
        "in_full": settings.policy.tell_changes is Telling.FULL,
        "due_at": _iso(response_due(ticket, settings.policy)),
        "waiting_since": _iso(ticket.waiting_since),
        "threshold": wait("first_response" if notice == "received" else "system"),
        "threshold_origin": _origin(settings, ticket) if notice == "overdue" else None,
        "client_threshold": wait("client"),
        "auto_close": wait("auto_close"),
        "target": _target(settings, cause),
        "escalation": _escalation(settings, cause) if notice == "escalated" else None,
        "approval": _approval(settings, signer, cause, notice, to, now),
        "reply_to": signed(NOTICES[notice].answer, _decided(cause, notice)) if staff else None,
        "reply_address": signed("reply") if staff else None,
        "note_address": signed("note") if staff else None,
        "confirm_address": signed("confirm", ticket.resolution) if confirm else None,
        "confirm_page": page(ticket.resolution) if confirm else None,
        "rated": cause.event.score if isinstance(cause.event, Rated) else None,
        "rate_addresses": [address for address in rates if address],
        "rate_page": page(THE_TICKET) if notice == SURVEY else None,
        "undelivered": _undelivered(cause),
        "remarks": _remarks(cause) if staff else [],
    }


def facts(ticket: Ticket, staff: Staff) -> dict[str, Any]:
    """Return what every notice tells of its ticket."""
    holder = staff.find(ticket.assignee or "")
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "priority": ticket.priority.value,
        "category": ticket.category,
        "requester": ticket.requester,
        "requester_name": ticket.requester_name,
        "assignee": holder.display_name if holder else None,
        "team": ticket.team,
        "visibility": ticket.visibility,
        "created_at": _iso(ticket.created_at),
    }


def _news(event: Event) -> dict[str, str]:
    """Return the subject by which a machine's news go out: that of its first mail is outdated."""
    return {"subject": event.subject} if isinstance(event, MachineWrote) and event.subject else {}


def _remarks(cause: Cause) -> list[dict[str, str]]:
    if not isinstance(cause.event, Opened | CustomerWrote):
        return []
    return [{"kind": kind, "about": about} for kind, about in cause.event.remarks]


def _changes(settings: Settings, cause: Cause) -> list[dict[str, Any]]:
    before, after = (facts(each, settings.staff) for each in (cause.before, cause.after))
    return [
        {"field": name, "before": before[name], "after": after[name]}
        for name in FIELDS
        if before[name] != after[name]
    ]


def _escalation(settings: Settings, cause: Cause) -> dict[str, Any]:
    return escalations.escalation(settings, cause.event, cause.before, cause.after)


def _approval(
    settings: Settings, signer: Signer, cause: Cause, notice: str, to: Recipient, now: datetime
) -> dict[str, Any] | None:
    """Return what is or was to be approved, and for who decides the page where they can."""
    if notice not in _ABOUT_APPROVAL or cause.approval is None:
        return None
    page = None
    if notice == "approval_wanted" and settings.public_url:
        token = signer.approval_token(cause.after.number, to.address, cause.approval.n, now)
        page = f"{settings.public_url}/t/{token}"
    return escalations.approval(settings, cause.approval) | {"page": page}


def _decided(cause: Cause, notice: str) -> int:
    """Return which approval an answer to a notice decides; 0: none."""
    return cause.approval.n if notice == "approval_wanted" and cause.approval else 0


def _page(
    settings: Settings,
    signer: Signer,
    ticket: Ticket,
    to: Recipient,
    now: datetime,
    about: int,
) -> str | None:
    """Return the link at which the requester, and nobody else, answers.

    `about` is the resolution that it asks about, or `THE_TICKET`.
    """
    if not settings.public_url or to.address != ticket.requester:
        return None
    token = signer.page_token(ticket.number, to.address, about, now)
    return f"{settings.public_url}/t/{token}"


def _undelivered(cause: Cause) -> dict[str, Any] | None:
    """Return to whom a mail did not get, and why; a reason begins with its code if it has one."""
    if not isinstance(cause.event, Undelivered | Delayed):
        return None
    code, _, rest = cause.event.reason.partition(" ")
    coded = bool(rest) and code[:1].isdigit()
    return {
        "recipient": cause.event.recipient,
        "status": code if coded else None,
        "reason": rest if coded else cause.event.reason,
    }


def row(
    settings: Settings,
    signer: Signer,
    cause: Cause,
    to: Recipient,
    notice: str,
    *,
    id_: int,
    now: datetime,
    filled: dict[str, Any],
) -> dict[str, Any]:
    """Return one row of the outbox, ready to be sent."""
    kind = NOTICES[notice]
    carried = cause.carried_to(to)
    own_words = kind.words is Words.GATEWAY or (kind.words is Words.EITHER and carried is None)
    ticket = cause.after
    quiet_until = quiet.until(settings, notice, ticket, to, now)
    return {
        "id": id_,
        "tenant_id": settings.tenant_id,
        "ticket_id": ticket.id or None,
        "event_id": cause.event_id,
        "notice": notice,
        "recipient": to.address,
        "role": to.role.value,
        "channel": "mail",
        "automatic": own_words,
        "stranger": notice == "received" and cause.unproven,
        "awaited": kind.awaited,
        "turn": ticket.turn,
        "rfc_id": cause.kept_id(to) or signer.message_id(ticket.number or notice, id_, to.address),
        "message_id": carried,
        "context": filled,
        "state": outbox.READY,
        "reason": None,
        "created_at": now,
        "next_try_at": quiet_until or now,
        "quiet_until": quiet_until,
        "done_at": None,
    }


def joined(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with those of one clock's look at a ticket as one for each recipient.

    What falls together is told once: in the gravest notice, which names the others.
    """
    kept: dict[tuple[object, ...], dict[str, Any]] = {}
    grave = [row for row in rows if row["notice"] in _GRAVEST_FIRST]
    for row in sorted(grave, key=lambda row: _GRAVEST_FIRST.index(row["notice"])):
        first = kept.setdefault((row["ticket_id"], row["recipient"], row["channel"]), row)
        if first is not row:
            told = {"notice": row["notice"], "target": row["context"]["target"]}
            first["context"]["also"].append(told)
    return [row for row in rows if row["notice"] not in _GRAVEST_FIRST or row in kept.values()]


def addressed(
    settings: Settings, cause: Cause, effects: Sequence[Notify]
) -> list[tuple[str, Recipient, str]]:
    """Return (notice, recipient, reason), each recipient once for a notice.

    What must not be answered by a machine brings its author nothing that the gateway wrote, and
    nobody gets what was said before they joined.
    """
    silent = getattr(cause.event, "silent", False)
    found: dict[tuple[str, str], tuple[str, Recipient, str]] = {}
    for effect in effects:
        found_people = recipients(
            effect.audience,
            cause.after,
            settings.staff,
            cause.before.assignee,
            cause.doer,
            getattr(cause.event, "author", ""),
            cause.approval,
        )
        for to in found_people:
            if (
                silent
                and to.role is Role.CUSTOMER
                and NOTICES[effect.notice].words is not Words.PERSON
            ):
                continue
            if cause.is_older_than(to):
                continue
            found.setdefault((effect.notice, to.address), (effect.notice, to, effect.reason))
    return list(found.values())


def arrived(outgoing: Mapping[str, Any], at: datetime) -> Delivered:
    """Return the event that a notice for which the clock waits has left, or never will."""
    return Delivered(
        at=at,
        actor=GATEWAY,
        notice=outgoing["notice"],
        turn=outgoing["turn"],
        recipient=outgoing["recipient"],
    )


def counts(outgoing: Mapping[str, Any]) -> bool:
    """Tell whether a row of the outbox is automatic mail that a customer gets."""
    if outgoing["role"] != Role.CUSTOMER.value or outgoing["state"] == outbox.SUPPRESSED:
        return False
    return bool(outgoing["automatic"])


def cap(
    rows: Sequence[dict[str, Any]],
    recent: list[Recent],
    strangers: int,
    settings: Settings,
    now: datetime,
) -> None:
    """Suppress, with the reason, what would break a ceiling; `recent` grows by what passes.

    A `stranger` is counted by the ceiling of unknown senders, or held back by it and nothing else.
    """
    caps = settings.caps
    for outgoing in rows:
        if not counts(outgoing):
            continue
        address, ticket_id = outgoing["recipient"], outgoing["ticket_id"]
        broken, unknown = exceeded(caps, recent, address, ticket_id, now), False
        if broken is None and outgoing["stranger"]:
            unknown = strangers >= caps.strangers_hour
            if unknown:
                broken = f"{caps.strangers_hour} acknowledgements an hour to unknown senders"
            else:
                strangers += 1
        if broken is None:
            recent.append(Recent(address, ticket_id, now))
        else:
            _suppress(outgoing, f"over the ceiling of {broken}", now, stranger=unknown)


def silence(
    rows: Sequence[dict[str, Any]], suspended: Mapping[str, tuple[datetime, str]], now: datetime
) -> None:
    """Suppress what the gateway itself would write to addresses that take no mail."""
    for outgoing in rows:
        found = suspended.get(outgoing["recipient"])
        if found and outgoing["automatic"] and outgoing["role"] == Role.CUSTOMER.value:
            since, why = found
            _suppress(outgoing, f"the address has taken no mail since {since:%Y-%m-%d}: {why}", now)


def _suppress(
    outgoing: dict[str, Any], reason: str, now: datetime, *, stranger: bool = False
) -> None:
    outgoing.update(state=outbox.SUPPRESSED, reason=reason, done_at=now, stranger=stranger)


def hold_back(
    connection: Connection,
    rows: Sequence[dict[str, Any]],
    settings: Settings,
    now: datetime,
    heard: Collection[str],
    foreseen: Mapping[str, Sequence[Recent]],
    untold: Collection[Recent],
) -> None:
    """Suppress rows about to be written to addresses that take no mail, and those over a ceiling.

    Whoever is `heard` in the same transaction does take mail. `foreseen` is address -> automatic
    mail that counts too, though the store does not know of it; what is `untold` counts no more.
    """
    customers = {row["recipient"] for row in rows if row["role"] == Role.CUSTOMER.value}
    if not customers:
        return
    suspended = people.suspended(connection, settings.tenant_id, customers.difference(heard))
    silence(rows, suspended, now)
    sent = outbox.recent_automatic(connection, settings.tenant_id, customers, now - DAY)
    recent = [mail for mail in starmap(Recent, sent) if mail not in untold]
    strangers = 0
    if any(row["stranger"] for row in rows):
        strangers = outbox.to_strangers(connection, settings.tenant_id, now - HOUR)
    for address in customers:
        recent += foreseen.get(address, ())
    cap(rows, recent, strangers, settings, now)
