"""The board of a shared mailbox: what lay where, what somebody dropped, and what we are moving."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from mailgate.domain.board import Drop, Layout
from mailgate.store import prepared, schema
from mailgate.store.columns import fixed
from mailgate.store.db import inserting
from mailgate.store.inbox import NOT_KEPT, PENDING, SUPPRESSED
from mailgate.store.portions import portions

T = TypeVar("T")

_COPY = schema.board_copy
_ALL = ((1, 2**32),)  # UIDs
_SPANS = 50  # of UIDs, in one question


@dataclass(frozen=True, slots=True)
class Stood:
    """How a folder stood at the last look; the same words as of the server."""

    uidvalidity: int
    uidnext: int | None
    messages: int
    modseq: int | None

    def held(self, uidvalidity: int, uid: int) -> bool:
        """Whether a mail had come into it by then, as far as the server told."""
        return self.uidvalidity != uidvalidity or self.uidnext is None or uid < self.uidnext


@dataclass(frozen=True, slots=True)
class Lying:
    """A mail in a folder; `ticket_id` None: it belongs to none, or nobody knows yet."""

    folder: str
    uid: int
    identity: str
    mail_id: int | None
    ticket_id: int | None
    struck: bool
    dropped_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be looked at again, as far as it is known.

    tickets: a mail of them may not lie in place.
    mails: raw ones of which nobody knows the ticket yet.
    """

    tickets: set[int] = field(default_factory=set)
    mails: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Board:
    """The board of one mailbox, within one transaction; what is to be looked at goes to `due`."""

    connection: Connection
    tenant_id: int
    mailbox: str
    due: Due = field(default_factory=Due)

    def _of(self, table: Table) -> ColumnElement[bool]:
        return and_(table.c.tenant_id == self.tenant_id, table.c.mailbox == self.mailbox)

    @property
    def _key(self) -> dict[str, object]:
        return {"tenant_id": self.tenant_id, "mailbox": self.mailbox}

    # --- folders and what lies in them ---

    def folders(self) -> dict[str, Stood]:
        """Return how each folder stood at the last look."""
        table = schema.board_folder
        names = [table.c[name] for name in Stood.__slots__]
        rows = self.connection.execute(select(table.c.name, *names).where(self._of(table)))
        return {name: Stood(*facts) for name, *facts in rows}

    def stands(self, folder: str, stood: Stood, meaning: str | None) -> None:
        """Write how a folder stands, and what it stands for."""
        table = schema.board_folder
        values: dict[str, object] = {name: getattr(stood, name) for name in Stood.__slots__}
        values["meaning"] = meaning
        self.connection.execute(
            inserting(self.connection, table)
            .values(**self._key, name=folder, **values)
            .on_conflict_do_update(index_elements=["tenant_id", "mailbox", "name"], set_=values)
        )

    def meanings(self) -> dict[str, str | None]:
        """Return what each folder stood for at the last look."""
        table = schema.board_folder
        rows = self.connection.execute(select(table.c.name, table.c.meaning).where(self._of(table)))
        return dict(rows.all())

    def mean(self, meanings: Mapping[str, str | None]) -> None:
        """Write what folders stand for, those that have been looked at."""
        table = schema.board_folder
        for folder, meaning in meanings.items():
            self.connection.execute(
                update(table).where(self._of(table), table.c.name == folder).values(meaning=meaning)
            )

    def forget(self, folder: str, *, whole: bool = False) -> None:
        """Forget what lay in a folder; `whole`: and the folder itself."""
        for table in (_COPY, schema.board_mark):
            self.connection.execute(delete(table).where(self._of(table), table.c.folder == folder))
        if whole:
            table = schema.board_folder
            self.connection.execute(delete(table).where(self._of(table), table.c.name == folder))

    def blocks(self, folder: str, size: int) -> dict[int, tuple[int, int]]:
        """Return UID // `size` -> how many of those UIDs lay in a folder, and their sum."""
        block = (_COPY.c.uid // size).label("block")
        rows = self.connection.execute(
            select(block, func.count(), func.sum(_COPY.c.uid))
            .where(self._of(_COPY), _COPY.c.folder == folder)
            .group_by(block)
        )
        return {block: (count, int(total)) for block, count, total in rows}

    def lay(self, folder: str, spans: Sequence[tuple[int, int]] = _ALL) -> dict[int, bool]:
        """Return UID -> whether it was marked as deleted, of what lay in a folder.

        `spans`: of these UIDs only, from the first to the last of each.
        """
        found: dict[int, bool] = {}
        for some in portions(spans, _SPANS):
            within = or_(*(_COPY.c.uid.between(*span) for span in some))
            rows = self.connection.execute(
                select(_COPY.c.uid, _COPY.c.struck).where(
                    self._of(_COPY), _COPY.c.folder == folder, within
                )
            )
            found.update(rows.all())
        return found

    def struck(self, folder: str) -> set[int]:
        """Return the UIDs of those that were marked as deleted."""
        rows = self.connection.execute(
            select(_COPY.c.uid).where(self._of(_COPY), _COPY.c.folder == folder, _COPY.c.struck)
        )
        return set(rows.scalars())

    def seen_before(self, identities: Collection[str], stood: Mapping[str, Stood]) -> set[int]:
        """Return the raw mails of these identities that lay somewhere when all stood so.

        What was first seen in two places at once has come into one of them, and nobody knew it.
        """
        table = schema.imap_copy
        found: set[int] = set()
        for some in portions(identities):
            rows = self.connection.execute(
                select(table.c.mail_id, table.c.folder, table.c.uidvalidity, table.c.uid).where(
                    self._of(table), table.c.identity.in_(some), table.c.mail_id.is_not(None)
                )
            ).all()
            places = Counter(mail_id for mail_id, *_ in rows)
            for mail_id, folder, *at in rows:
                was = stood.get(folder)
                if places[mail_id] > 1 and (was is None or was.held(*at)):
                    found.add(mail_id)
        return found

    def lie(self, rows: Sequence[Lying]) -> None:
        """Write what lies there now."""
        values = [
            self._key | {name: getattr(row, name) for name in Lying.__slots__} for row in rows
        ]
        prepared.insert(self.connection, _COPY, values, ignore=True)
        self.due.mails.update(
            row.mail_id for row in rows if row.ticket_id is None and row.mail_id is not None
        )

    def lift(self, folder: str, uids: Collection[int]) -> None:
        """Take away what no longer lies there."""
        for some in portions(uids):
            self.connection.execute(
                delete(_COPY).where(
                    self._of(_COPY), _COPY.c.folder == folder, _COPY.c.uid.in_(some)
                )
            )

    def strike(
        self, folder: str, uids: Collection[int], *, struck: bool, dropped_at: datetime | None
    ) -> None:
        """Note that mails are marked as deleted, or no more."""
        for some in portions(uids):
            self.connection.execute(
                update(_COPY)
                .where(self._of(_COPY), _COPY.c.folder == folder, _COPY.c.uid.in_(some))
                .values(struck=struck, dropped_at=dropped_at)
            )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return folder -> how many mails of tickets lay in it, and of how many tickets."""
        rows = self.connection.execute(
            select(
                schema.board_folder.c.name,
                func.count(_COPY.c.ticket_id),
                func.count(_COPY.c.ticket_id.distinct()),
            )
            .outerjoin(
                _COPY,
                and_(
                    self._of(_COPY),
                    _COPY.c.folder == schema.board_folder.c.name,
                    _COPY.c.struck.is_(False),
                ),
            )
            .where(self._of(schema.board_folder))
            .group_by(schema.board_folder.c.name)
            .order_by(schema.board_folder.c.name)
        )
        return {name: (mails, tickets) for name, mails, tickets in rows}

    # --- whose they are, and what was dropped ---

    def orphans(self) -> set[int]:
        """Return the raw mails that lie somewhere and had no ticket when they were seen."""
        rows = self.connection.execute(
            select(_COPY.c.mail_id).where(
                self._of(_COPY), _COPY.c.ticket_id.is_(None), _COPY.c.mail_id.is_not(None)
            )
        )
        return set(rows.scalars())

    def owners(self, mail_ids: Collection[int]) -> tuple[dict[int, int], set[int]]:
        """Return raw mail -> ticket of those that have one, and those that may still get one.

        Of a mail that came twice, another delivery may have the ticket: the one with the same
        fingerprint.
        """
        if not mail_ids:
            return {}, set()
        taken, same = schema.mail_delivery, schema.mail_delivery.alias()
        first = and_(
            taken.c.state == SUPPRESSED,
            same.c.tenant_id == taken.c.tenant_id,
            same.c.queue == taken.c.queue,
            same.c.fingerprint == taken.c.fingerprint,
            same.c.state.not_in([fixed(state) for state in NOT_KEPT]),
        )
        found: dict[int, int] = {}
        pending: set[int] = set()
        for some in portions(mail_ids):
            rows = self.connection.execute(
                select(
                    taken.c.mail_id,
                    func.coalesce(taken.c.ticket_id, same.c.ticket_id),
                    taken.c.state,
                )
                .outerjoin(same, first)
                .where(taken.c.tenant_id == self.tenant_id, taken.c.mail_id.in_(some))
            )
            for mail_id, ticket_id, state in rows:
                if ticket_id is not None:
                    found[mail_id] = ticket_id
                elif state == PENDING:
                    pending.add(mail_id)
        return found, pending - found.keys()

    def give(self, ticket_of: Mapping[int, int]) -> None:
        """Write down to which tickets raw mails belong."""
        if not ticket_of:
            return
        orphan = (_COPY.c.ticket_id.is_(None), _COPY.c.mail_id == bindparam("mail"))
        self.connection.execute(
            update(_COPY).where(self._of(_COPY), *orphan).values(ticket_id=bindparam("ticket")),
            [{"mail": mail_id, "ticket": ticket_id} for mail_id, ticket_id in ticket_of.items()],
        )
        self.unsettle(ticket_of.values())

    def drops(self, layout: Layout) -> dict[int, list[Drop]]:
        """Return ticket -> what was dropped and not yet acted upon, where it counts."""
        found: dict[int, list[Drop]] = {}
        # SQLite would look through all that have a ticket if it were asked for those, or an order.
        rows = self.connection.execute(
            select(_COPY.c.ticket_id, _COPY.c.folder, _COPY.c.uid, _COPY.c.dropped_at).where(
                self._of(_COPY), _COPY.c.dropped_at.is_not(None)
            )
        ).all()
        for ticket_id, folder, _, at in sorted(rows, key=lambda row: (row[0] or 0, *row[1:3])):
            spot = layout.spot(folder)
            if ticket_id is not None and spot is not None:
                found.setdefault(ticket_id, []).append(Drop(spot, at))
        return found

    def acted_upon(self, ticket_id: int) -> None:
        """Note that the drops of a ticket have been acted upon."""
        self.connection.execute(
            update(_COPY)
            .where(self._of(_COPY), _COPY.c.ticket_id == ticket_id)
            .values(dropped_at=None)
        )
        self.unsettle([ticket_id])

    # --- what is to be moved ---

    def last_event(self) -> int:
        """Return the id of the newest event of all."""
        table = schema.event.c
        query = select(func.max(table.id)).where(table.tenant_id == self.tenant_id)
        return self.connection.execute(query).scalar() or 0

    def events(self, after: int, most: int | None = None) -> set[tuple[int, int]]:
        """Return (event, ticket) of what happened to tickets after this event, the first `most`."""
        table = schema.event.c
        query = (
            select(table.id, table.subject_id)
            .where(
                table.tenant_id == self.tenant_id,
                table.id > after,
                table.subject_kind == "ticket",
            )
            .order_by(table.id)
            .limit(most)
        )
        return {(id_, ticket_id) for id_, ticket_id in self.connection.execute(query)}

    def unsettled(self, ticket_ids: Collection[int]) -> set[int]:
        """Return those of these tickets that have changed since all their mails lay in place."""
        seen, ticket = schema.board_ticket, schema.ticket
        lies = exists().where(self._of(_COPY), _COPY.c.ticket_id == ticket.c.id)
        found: set[int] = set()
        for some in portions(ticket_ids):
            rows = self.connection.execute(
                select(ticket.c.id)
                .outerjoin(seen, and_(self._of(seen), seen.c.ticket_id == ticket.c.id))
                .where(
                    ticket.c.tenant_id == self.tenant_id,
                    ticket.c.id.in_(some),
                    or_(seen.c.version.is_(None), seen.c.version != ticket.c.version),
                    lies,
                )
            )
            found |= set(rows.scalars())
        return found

    def below(self, ticket_id: int | None, most: int) -> list[int]:
        """Return the tickets that have mails here and come before this one, the newest first."""
        query = (
            select(_COPY.c.ticket_id)
            .distinct()
            .where(self._of(_COPY), _COPY.c.ticket_id.is_not(None))
            .order_by(_COPY.c.ticket_id.desc())
            .limit(most)
        )
        if ticket_id is not None:
            query = query.where(_COPY.c.ticket_id < ticket_id)
        return list(self.connection.execute(query).scalars())

    def copies(self, ticket_ids: Collection[int]) -> list[Lying]:
        """Return all that lies of these tickets, one after the other."""
        found: list[Lying] = []
        columns = [_COPY.c[name] for name in Lying.__slots__]
        for some in portions(ticket_ids):
            rows = self.connection.execute(
                select(*columns).where(self._of(_COPY), _COPY.c.ticket_id.in_(some))
            )
            found += (Lying(*facts) for facts in rows)
        # SQLite would look through all copies if it were asked for this order.
        return sorted(found, key=lambda copy: (copy.ticket_id or 0, copy.folder, copy.uid))

    def settle(self, versions: Mapping[int, int]) -> None:
        """Note that all mails of tickets lie in place, as of these versions."""
        if not versions:
            return
        statement = inserting(self.connection, schema.board_ticket)
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "mailbox", "ticket_id"],
                set_={"version": statement.excluded.version},
            ),
            [self._key | {"ticket_id": t, "version": version} for t, version in versions.items()],
        )

    def unsettle(self, ticket_ids: Iterable[int]) -> None:
        """Note that something of these tickets lies elsewhere now."""
        table, listed = schema.board_ticket, set(ticket_ids)
        self.due.tickets.update(listed)
        for some in portions(listed):
            self.connection.execute(
                delete(table).where(self._of(table), table.c.ticket_id.in_(some))
            )

    def unsettle_all(self) -> None:
        """Note that every mail may belong elsewhere now."""
        table = schema.board_ticket
        self.connection.execute(delete(table).where(self._of(table)))

    def of_tickets(self, folder: str, uids: Collection[int]) -> set[int]:
        """Return the tickets of what lay there."""
        found: set[int] = set()
        for some in portions(uids):
            rows = self.connection.execute(
                select(_COPY.c.ticket_id).where(
                    self._of(_COPY),
                    _COPY.c.folder == folder,
                    _COPY.c.uid.in_(some),
                    _COPY.c.ticket_id.is_not(None),
                )
            )
            found |= set(rows.scalars())
        return found

    # --- moves of our own ---

    def intend(self, identities: Collection[str], folder: str, at: datetime) -> None:
        """Note that we are about to move mails there."""
        table = schema.board_intent
        values = {"folder": folder, "at": at}
        statement = inserting(self.connection, table).on_conflict_do_update(
            index_elements=["tenant_id", "mailbox", "identity"], set_=values
        )
        rows = [self._key | {"identity": identity} | values for identity in identities]
        self.connection.execute(statement, rows)

    def intents(self) -> dict[str, str]:
        """Return identity -> folder of the moves that we were about to make."""
        table = schema.board_intent
        rows = self.connection.execute(
            select(table.c.identity, table.c.folder).where(self._of(table))
        )
        return dict(rows.all())

    def done(self, identities: Collection[str]) -> None:
        """Note that moves have been made."""
        table = schema.board_intent
        for some in portions(identities):
            self.connection.execute(
                delete(table).where(self._of(table), table.c.identity.in_(some))
            )

    def meant(self, before: datetime, elsewhere: str | None, earlier: datetime) -> list[str]:
        """Return the identities of the moves that we were about to make before a time.

        Of those to the folder `elsewhere` that is an `earlier` one.
        """
        table = schema.board_intent
        lapsed = table.c.at < before
        if elsewhere is not None:
            lapsed = and_(lapsed, or_(table.c.folder != elsewhere, table.c.at < earlier))
        query = select(table.c.identity).where(self._of(table), lapsed)
        return list(self.connection.execute(query).scalars())
