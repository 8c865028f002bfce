"""The one write door: events go in, and whatever follows from them is written in one piece.

A ledger lives within one transaction. Decisions are made in memory, tickets read in sets and rows
written in sets at the end; `mark` and `undo` take back what one mail of a batch has caused.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mailgate.desk import changed, joining, notices, retracting, telling, turns
from mailgate.desk.ahead import Ahead
from mailgate.desk.messages import NewMessage
from mailgate.desk.pages import Mark, Pages
from mailgate.desk.rules import Rules
from mailgate.desk.settings import Settings, Signer
from mailgate.domain.canary import Canary
from mailgate.domain.draft import Notify
from mailgate.domain.events import Event, Opened, PolicyChanged
from mailgate.domain.history import plain
from mailgate.domain.hours import local_date
from mailgate.domain.lifecycle import RULES_VERSION, Decision, decide
from mailgate.domain.model import GATEWAY, Status, Ticket, changes
from mailgate.domain.people import Recipient
from mailgate.domain.timers import running, unmoved
from mailgate.errors import Conflict, Permanent
from mailgate.store import agents, calls, canaries, numbers, outbox, people, tickets
from mailgate.store.joining import Waiting
from mailgate.store.moving import Move, move
from mailgate.store.outbox import SUPPRESSED

MAIL = "mail"
"""The subject kind of events that are about a mail and change no ticket."""


class Ledger:
    """What has been decided in one transaction and not yet written."""

    def __init__(
        self,
        connection: Connection,
        ids: Iterator[int],
        settings: Settings,
        signer: Signer,
        now: datetime,
    ) -> None:
        self.connection, self.settings, self.now = connection, settings, now
        self._ids = self._ticket_ids = ids
        self.signer = signer
        self._pages, self._ahead = Pages(), Ahead()
        self.joined: dict[int, Waiting] = {}  # by notice: the mail in which it is told with others
        self._stored: dict[int, Ticket] = {}
        self._tickets: dict[int, Ticket] = {}
        self._people: dict[str, tuple[str, datetime]] = {}
        self._touched: set[int] = set()
        self._reworked: set[int] = set()
        self._period = settings.number_format.period(local_date(now, settings.zone))
        self._number: int | None = None
        self._rules = Rules(connection, settings)
        self._cause: int | None = None
        self.lines: list[telling.Line] = []  # to be logged when all this is committed

    # --- reading ---

    def load(self, ids: Iterable[int]) -> dict[int, Ticket]:
        """Read tickets, each once; return those that exist, in their order, as they stand now."""
        wanted = dict.fromkeys(ids)
        missing = wanted.keys() - self._tickets.keys()
        if missing:
            found = tickets.load(self.connection, self.settings.tenant_id, missing)
            self._stored |= found
            self._tickets |= found
        return {id_: self._tickets[id_] for id_ in wanted if id_ in self._tickets}

    def ticket(self, id_: int) -> Ticket:
        """Return a ticket as it stands now; raise `Permanent` when there is none."""
        found = self._tickets.get(id_) or self.load([id_]).get(id_)
        if found is None:
            raise Permanent(f"there is no ticket with the id {id_}")
        return found

    def open_of(self, requester: str, most: int) -> list[Ticket]:
        """Return somebody's tickets that are not closed, the newest ones, newest first.

        Those that are internal are nobody's of the customers' side.
        """
        self.load(tickets.open_of(self.connection, self.settings.tenant_id, requester, most))
        mine = [
            ticket
            for ticket in self._tickets.values()
            if ticket.requester == requester
            and ticket.status is not Status.CLOSED
            and ticket.visibility == "public"
        ]
        return sorted(mine, key=lambda ticket: ticket.id, reverse=True)[:most]

    def changed(self) -> Iterator[tuple[Ticket | None, Ticket]]:
        """Return tickets as they are stored, None if they are not, and as they stand now."""
        return ((self._stored.get(id_), ticket) for id_, ticket in self._tickets.items())

    def references(self) -> Iterator[tuple[str, int, str]]:
        """Return (Message-ID, ticket id, sender) of what this ledger has added."""
        return iter(self._pages.references)

    def moves(self) -> Iterator[Move]:
        """Return which messages have left their ticket by this ledger."""
        return iter(self._pages.moves)

    def said_on(self, mail_id: int) -> int | None:
        """Return the ticket on which this ledger has put down what one mail says, if it has."""
        said = (row["ticket_id"] for row in self._pages.messages if row["mail_id"] == mail_id)
        return next(said, None)

    # --- deciding ---

    def next_id(self) -> int:
        """Return an id for a row."""
        return next(self._ids)

    def caused_by(self, delivery_id: int) -> None:
        """Note that whatever happens from here on is the doing of one mail."""
        self._cause = delivery_id

    def meet(self, address: str, name: str, at: datetime) -> None:
        """Note that somebody of the customers' side wrote, who was shown to own the address."""
        self._people[address] = (name, at)

    def has_met(self, address: str) -> bool:
        """Tell whether this ledger has noted an address as somebody's."""
        return address in self._people

    def open(
        self, event: Opened, message: NewMessage | None = None, note: str | None = None
    ) -> Ticket:
        """Open a ticket; its number is given here, whatever the event says."""
        ticket = Ticket(id=next(self._ticket_ids), policy_id=self._rules.in_force())
        self._tickets[ticket.id] = ticket
        numbered = replace(event, number=self._next_number())
        self.apply(ticket.id, numbered, message, note)
        return self._tickets[ticket.id]

    def lock_numbers(self) -> int:
        """Return the next number; nobody else opens a ticket before this transaction ends."""
        settings = self.settings
        if self._number is None:
            self._number = numbers.lock(
                self.connection, settings.tenant_id, settings.number_format, self._period
            )
        return self._number

    def _next_number(self) -> str:
        next_ = self.lock_numbers()
        self._number = next_ + 1
        return self.settings.number_format.write(local_date(self.now, self.settings.zone), next_)

    def apply(
        self,
        ticket_id: int,
        event: Event,
        message: NewMessage | None = None,
        note: str | None = None,
    ) -> Decision:
        """Let an event happen to a ticket, with what was said, if anything.

        A decision with `follow_up` is returned with nothing recorded: the caller opens the ticket
        that follows; so is one that is `void` and comes without a note. Raises `Illegal` for a
        command that the table does not list. What the clock did before and the event disproves is
        taken back by an event of its own.
        """
        self.catch_up(ticket_id)
        before = self.ticket(ticket_id)
        decision = self._happen(ticket_id, event, message, note)
        lived = (before, event, self.ticket(ticket_id))
        about = (self.connection, self.settings.tenant_id)
        gone = retracting.disproved(*about, lived, self._pages.events)
        if gone is not None:
            self._happen(ticket_id, gone)
        return decision

    def catch_up(self, ticket_id: int) -> None:
        """Work a ticket's deadlines out anew if they go by other rules than those in force.

        What is not moved by that has no event.
        """
        ticket, rules = self.ticket(ticket_id), self._rules.in_force()
        if ticket.policy_id == rules:
            return
        former = self._rules.former(ticket.policy_id)
        self._tickets[ticket_id] = ticket.altered(policy_id=rules)
        self._touched.add(ticket_id)
        if former is None or not unmoved(ticket, former, self.settings.policy):
            event = PolicyChanged(at=self.now, actor=GATEWAY, thresholds=ticket.thresholds)
            self._happen(ticket_id, event)
            self.rework(ticket_id)

    def _happen(
        self,
        ticket_id: int,
        event: Event,
        message: NewMessage | None = None,
        note: str | None = None,
    ) -> Decision:
        before = self.ticket(ticket_id)
        message_id = None
        if message is not None:
            message_id = message.leaves.message_id if message.leaves else self.next_id()
            event = replace(event, message=message_id)  # type: ignore[call-arg] # events that come with a message have the field
        decision = decide(before, event, self.settings.policy, self.now)
        if decision.follow_up or (decision.void and note is None):
            return decision
        after = decision.ticket.altered(version=before.version + 1)
        self._tickets[ticket_id] = after
        self._touched.add(ticket_id)
        event_id = self._record(tickets.TICKET, ticket_id, after.version, event, note)
        self._pages.events[-1] |= {
            "changes": {
                name: [plain(old), plain(new)]
                for name, (old, new) in changes(before, after).items()
            },
            "reasons": list(decision.reasons),
        }
        if message is not None and message_id is not None:
            self._keep(message, message_id, ticket_id)
        begun, changed = turns.track(before, after, event, self.settings.tenant_id)
        self._pages.turns_begun += begun
        self._pages.turns_changed += changed
        cause = notices.Cause(event_id, event, before, after, message_id, message, note)
        self._notify(cause, decision.effects)
        return decision

    def _record(self, kind: str, subject_id: int, n: int, event: Event, note: str | None) -> int:
        event_id = self.next_id()
        self._pages.events.append(
            turns.event_row(event, self.settings.tenant_id)
            | {
                "id": event_id,
                "subject_kind": kind,
                "subject_id": subject_id,
                "n": n,
                "recorded_at": self.now,
                "changes": {},
                "reasons": [],
                "rules_version": RULES_VERSION,
                "correlation": self._cause,
                "note": note,
            }
        )
        return event_id

    def _keep(self, message: NewMessage, message_id: int, ticket_id: int) -> None:
        self._pages.keep(message, message_id, self.settings.tenant_id, ticket_id)
        if message.rfc_id:
            self.refer(message.rfc_id, ticket_id, message.sender)

    def refer(self, rfc_id: str, ticket_id: int, sender: str) -> None:
        """Remember that a Message-ID belongs to a ticket."""
        self._pages.references.append((rfc_id, ticket_id, sender))

    def _notify(self, cause: notices.Cause, effects: Iterable[Notify]) -> None:
        for notice, to, reason in notices.addressed(self.settings, cause, tuple(effects)):
            filled = notices.context(
                self.settings, self.signer, cause, notice, to, self.now, reason
            )
            self._send(cause, to, notice, filled)

    def _send(
        self, cause: notices.Cause, to: Recipient, notice: str, filled: dict[str, Any]
    ) -> None:
        self._pages.outbox.append(
            notices.row(
                self.settings,
                self.signer,
                cause,
                to,
                notice,
                id_=self.next_id(),
                now=self.now,
                filled=filled,
            )
        )

    def answer(
        self,
        subject_id: int,
        event: Event,
        to: Recipient,
        notice: str,
        *,
        ticket_id: int | None,
        extra: dict[str, Any],
    ) -> None:
        """Write back to the author of a mail that changed nothing, such as a refused command.

        The event is recorded about the mail (`subject_id`), not about the ticket, if there is one.
        """
        ticket = notices.NO_TICKET if ticket_id is None else self.ticket(ticket_id)
        event_id = self._record(MAIL, subject_id, 1, event, None)
        cause = notices.Cause(event_id, event, ticket, ticket)
        filled = notices.context(self.settings, self.signer, cause, notice, to, self.now)
        self._send(cause, to, notice, filled | extra)

    def announce(
        self,
        subject: tuple[str, int, int],
        event: Event,
        to: Iterable[tuple[Recipient, Mapping[str, Any]]],
        notice: str,
    ) -> None:
        """Write to people about what is neither a ticket nor a mail, because of its n-th event.

        `subject` is (kind, id, n); with each is what fills the templates beside the usual.
        """
        event_id = self._record(*subject, event, None)
        cause = notices.Cause(event_id, event, notices.NO_TICKET, notices.NO_TICKET)
        for each, facts in to:
            filled = notices.context(self.settings, self.signer, cause, notice, each, self.now)
            self._send(cause, each, notice, {**filled, **facts})

    def came_home(self, canary: Canary) -> None:
        """Note that a canary has come back."""
        self._pages.canaries.append(canary)

    def came_back(self, outbox_id: int, reason: str) -> None:
        """Note that the mail of a notice which had left came back."""
        self._pages.returned.append((outbox_id, reason))

    def leave(self, agent: str, until: datetime, said_at: datetime) -> None:
        """Note until when an agent is away, and when that was said."""
        self._pages.away.append((agent, until, said_at))

    def suspend(self, address: str, reason: str) -> None:
        """Write nothing automatic to an address until its owner is heard of."""
        self._pages.suspended.append((address, reason))

    def fire(self, ticket_id: int, kind: str, turn: int, step: int) -> None:
        """Note that a timer was acted on."""
        self._pages.fired.append((ticket_id, kind, turn, step))
        self.rework(ticket_id)

    def rework(self, ticket_id: int) -> None:
        """Write a ticket's timers anew, as they should be by now."""
        self._touched.add(ticket_id)
        self._reworked.add(ticket_id)

    # --- taking back ---

    def mark(self) -> Mark:
        """Return a point to go back to."""
        return Mark(
            lengths=self._pages.lengths(),
            tickets=dict(self._tickets),
            people=dict(self._people),
            next_number=self._number,
            touched=frozenset(self._touched),
            reworked=frozenset(self._reworked),
        )

    def at_once(self) -> None:
        """Note that something is written already, which `undo` cannot take back."""
        self._pages.at_once.append(self.now)

    def undo(self, mark: Mark) -> None:
        """Forget everything since `mark`. Raises RuntimeError as `Pages.cut` does."""
        self._pages.cut(mark.lengths)
        self._tickets = {
            id_: mark.tickets.get(id_, self._stored.get(id_, ticket))
            for id_, ticket in self._tickets.items()
            if id_ in mark.tickets or id_ in self._stored
        }
        self._people, self._number = mark.people, mark.next_number
        self._touched, self._reworked = set(mark.touched), set(mark.reworked)

    def later(self, now: datetime) -> "Ledger":
        """Return a ledger for a later instant, in which all that was decided here has happened.

        For a look ahead in which nothing is ever written; this one is done with.
        """
        after = Ledger(self.connection, self._ids, self.settings, self.signer, now)
        after._stored = after._tickets = self._tickets
        after._ahead = self._ahead
        after._ahead.note(self._pages.outbox, self.joined, self.now)
        return after

    # --- writing ---

    def decided(self, *, lock: bool = False) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the events and the notices that are to be written; some may be told together."""
        rows = self._pages.outbox
        rows[:] = notices.joined(rows)
        both = ((changed.stands(old), new) for old, new in self.changed() if old)
        moved = {t.id: said for was, t in both if (said := changed.stands(t)) != was}
        what = (rows, moved, self.settings, self.now, self._ahead)
        told = changed.gather(self.connection, *what, lock=lock)
        self._hold_back()
        about = (rows, self.settings, self.signer, self.next_id, self.now, self._ahead)
        self.joined = told | joining.join(self.connection, *about, lock=lock)
        return self._pages.events, rows

    def flush(self) -> None:
        """Write everything, in sets; what was written is forgotten here.

        Raises `Conflict` when a ticket or a notice that came back was changed meanwhile.
        """
        pages, tenant_id = self._pages, self.settings.tenant_id
        people.suspend(self.connection, tenant_id, dict(reversed(pages.suspended)), self.now)
        self.decided(lock=True)
        joining.keep(self.connection, tenant_id, pages.outbox, self.joined, self.now)
        policy_id = self._keep_rules() if pages.events or self._touched else None
        self._flush_tickets(policy_id)
        tickets.add(self.connection, "event", [e | {"policy_id": policy_id} for e in pages.events])
        tickets.add(self.connection, "message", pages.messages)
        tickets.add(self.connection, "attachment", pages.attachments)
        tickets.save_turns(self.connection, pages.turns_begun, pages.turns_changed)
        known = tickets.known_references(self.connection, tenant_id, pages.pairs())
        tickets.add(self.connection, "reference", pages.reference_rows(tenant_id, known))
        move(self.connection, tenant_id, pages.moves)
        people.seen(self.connection, tenant_id, self._people)
        people.lift(self.connection, tenant_id, self._people)
        signs = turns.signs(pages.events, self.settings.staff.by_name)
        agents.note(self.connection, tenant_id, signs, pages.away)
        tickets.add(self.connection, "outbox", pages.outbox)
        if pages.outbox:
            calls.call(self.connection, calls.DELIVER, [tenant_id])
        returned = dict(pages.returned)
        if outbox.failed(self.connection, tenant_id, returned, self.now) != len(returned):
            raise Conflict("a notice that came back was put back by somebody first")
        home = {canary.id: self.now for canary in pages.canaries}
        if canaries.came_back(self.connection, tenant_id, home) != len(home):
            raise Conflict("a canary that came back had done so before")
        self.lines += telling.lines(pages, self._tickets, self.now)
        self._pages, self._people = Pages(), {}
        self._stored = dict(self._tickets)
        self._touched, self._reworked, self._number = set(), set(), None

    def _keep_rules(self) -> int:
        """Keep the rules in force, if they are new; what was decided by them knows them now."""
        kept = self._rules.in_force()
        if not kept:
            kept = self._rules.keep(self._ids)
            for id_ in self._touched:
                self._tickets[id_] = self._tickets[id_].altered(policy_id=kept)
        return kept

    def _hold_back(self) -> None:
        """Apply the ceilings; a suppressed reminder counts as sent, so that the ladder goes on."""
        self._cause = None
        heard = self._people.keys()  # mail from them lifts what was said of their address
        foreseen = (self._ahead.to_customers, self._ahead.untold())
        what = (self._pages.outbox, self.settings, self.now, heard, *foreseen)
        notices.hold_back(self.connection, *what)
        for row in list(self._pages.outbox):
            if row["awaited"] and row["state"] == SUPPRESSED:
                self.apply(row["ticket_id"], notices.arrived(row, self.now))

    def _flush_tickets(self, policy_id: int | None) -> None:
        created, altered, moved, timers = [], [], [], {}
        for id_, ticket in self._tickets.items():
            stored = self._stored.get(id_)
            if id_ not in self._touched:
                continue
            now_running = running(ticket, self.settings.policy)
            next_due_at = now_running[0].due_at if now_running else None
            row = tickets.to_row(ticket) | {
                "tenant_id": self.settings.tenant_id,
                "updated_at": self.now,
                "next_due_at": next_due_at,
            }
            if stored is None:
                created.append(row)
            elif ticket.version == stored.version:
                moved.append((id_, stored.version, next_due_at))
            else:
                altered.append(row | {"seen": stored.version})
            before = () if stored is None else running(stored, self.settings.policy)
            if now_running != before or id_ in self._reworked:
                timers[id_] = now_running
        tickets.create(self.connection, created)
        tickets.save(self.connection, altered)
        tickets.reschedule(self.connection, self.settings.tenant_id, sorted(moved), policy_id)
        tickets.fire_timers(self.connection, self.settings.tenant_id, self._pages.fired, self.now)
        fresh = frozenset(row["id"] for row in created)
        tickets.save_timers(self.connection, self.settings.tenant_id, timers, fresh)
        if self._number is not None:
            numbers.advance(
                self.connection,
                self.settings.tenant_id,
                self.settings.number_format.template,
                self._period,
                self._number,
            )
