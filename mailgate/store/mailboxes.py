"""The watched mailboxes: who watches each, how far each folder was read, and what lies where."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, or_, select, update

from mailgate.store import prepared, schema
from mailgate.store.db import inserting
from mailgate.store.portions import portions


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder was read: all up to `last_uid`, of this epoch of its UIDs, is seen to.

    history_until: what lies up to it is no news, unless it has been taken before.
    match_until: what lies up to it may be mails that were seen under other UIDs.
    """

    uidvalidity: int
    last_uid: int
    history_until: int
    match_until: int
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Copy:
    """A mail seen in a folder; `mail_id` None: it is history, and was not taken."""

    folder: str
    uidvalidity: int
    uid: int
    identity: str
    mail_id: int | None


@dataclass(frozen=True, slots=True)
class Watched:
    """How it goes with one mailbox: when it was last looked at in full, and what is in the way."""

    looked_at: datetime | None
    fault: str | None


def take(
    connection: Connection,
    tenant_id: int,
    mailbox: str,
    owner: str,
    now: datetime,
    lease: timedelta,
    *,
    alone: bool = False,
) -> int | None:
    """Claim a mailbox; return the number of the claim, or None while another node holds it.

    `alone`: there is no other node, and whatever claim there is was left by one that has ended.
    """
    table = schema.imap_mailbox
    connection.execute(
        inserting(connection, table)
        .values(tenant_id=tenant_id, name=mailbox)
        .on_conflict_do_nothing()
    )
    free = or_(
        table.c.lease_until.is_(None), table.c.lease_until < now, table.c.lease_owner == owner
    )
    mine = and_(table.c.tenant_id == tenant_id, table.c.name == mailbox)
    statement = (
        update(table)
        .where(mine if alone else and_(mine, free))
        .values(lease_owner=owner, lease_until=now + lease, fence=table.c.fence + 1)
        .returning(table.c.fence)
    )
    return connection.execute(statement).scalar()


def hold(
    connection: Connection, tenant_id: int, mailbox: str, fence: int, until: datetime | None
) -> bool:
    """Make a claim longer, or (None) give it back; False when another node has taken over."""
    table = schema.imap_mailbox
    statement = (
        update(table)
        .where(table.c.tenant_id == tenant_id, table.c.name == mailbox, table.c.fence == fence)
        .values(lease_until=until)
    )
    return connection.execute(statement).rowcount == 1


def told(
    connection: Connection, tenant_id: int, mailbox: str, looked_at: datetime | None, fault: str
) -> None:
    """Note how it goes with a mailbox: a full look that began then, or what is in the way."""
    table = schema.imap_mailbox
    values: dict[str, object] = {"fault": fault or None}
    if looked_at is not None:
        values["looked_at"] = looked_at
    connection.execute(
        update(table).where(table.c.tenant_id == tenant_id, table.c.name == mailbox).values(values)
    )


def states(connection: Connection, tenant_id: int, names: Collection[str]) -> dict[str, Watched]:
    """Return how it goes with each of these mailboxes."""
    states = dict.fromkeys(names, Watched(None, None))
    if states:
        table = schema.imap_mailbox.c
        rows = connection.execute(
            select(table.name, table.looked_at, table.fault).where(
                table.tenant_id == tenant_id, table.name.in_(names)
            )
        )
        states |= {name: Watched(looked_at, fault) for name, looked_at, fault in rows}
    return states


# --- the brake of a board ---


@dataclass(frozen=True, slots=True)
class Brake:
    """How it stands with the brake of a board.

    `goes_on`: somebody has said that what has vanished is to be believed.
    """

    stopped_at: datetime | None = None
    goes_on: bool = False


def brake(connection: Connection, tenant_id: int, mailbox: str) -> Brake:
    """Return how it stands with the brake of a board."""
    table = schema.imap_mailbox.c
    query = select(table.stopped_at, table.goes_on).where(
        table.tenant_id == tenant_id, table.name == mailbox
    )
    row = connection.execute(query).first()
    return Brake() if row is None else Brake(*row)


def stop(connection: Connection, tenant_id: int, mailbox: str, now: datetime) -> bool:
    """Note that a board has stopped; False where that is known."""
    return _brake(connection, tenant_id, mailbox, stopped=False, stopped_at=now, goes_on=False)


def go_on(connection: Connection, tenant_id: int, mailbox: str) -> bool:
    """Say that what has vanished from a board is to be believed; False where it has not stopped."""
    return _brake(connection, tenant_id, mailbox, stopped=True, goes_on=True)


def went_on(connection: Connection, tenant_id: int, mailbox: str) -> bool:
    """Note that a board has gone on, and that nobody has said so of what may vanish later."""
    return _brake(connection, tenant_id, mailbox, stopped=True, stopped_at=None, goes_on=False)


def _brake(
    connection: Connection, tenant_id: int, mailbox: str, *, stopped: bool, **values: object
) -> bool:
    table = schema.imap_mailbox
    known = table.c.stopped_at.is_not(None) if stopped else table.c.stopped_at.is_(None)
    mine = and_(table.c.tenant_id == tenant_id, table.c.name == mailbox, known)
    return connection.execute(update(table).where(mine).values(values)).rowcount == 1


# --- what the provider gave -----------------------------------------------------------------------


def grant(connection: Connection, tenant_id: int, mailbox: str, granted_for: str) -> str | None:
    """Return the newest refresh token that came of the configured one with this digest."""
    table = schema.imap_mailbox.c
    query = select(table.refresh_token).where(
        table.tenant_id == tenant_id, table.name == mailbox, table.granted_for == granted_for
    )
    return connection.execute(query).scalar()


def keep_grant(
    connection: Connection, tenant_id: int, mailbox: str, granted_for: str, token: str
) -> None:
    """Keep a refresh token in place of the one before."""
    table = schema.imap_mailbox
    values = {"refresh_token": token, "granted_for": granted_for}
    connection.execute(
        inserting(connection, table)
        .values(tenant_id=tenant_id, name=mailbox, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "name"], set_=values)
    )


# --- folders and copies ---------------------------------------------------------------------------


def cursors(connection: Connection, tenant_id: int, mailbox: str) -> dict[str, Cursor]:
    """Return how far each folder was read, by its name."""
    table = schema.imap_folder.c
    rows = connection.execute(
        select(
            table.name,
            table.uidvalidity,
            table.last_uid,
            table.history_until,
            table.match_until,
            table.first_seen_at,
        ).where(table.tenant_id == tenant_id, table.mailbox == mailbox)
    )
    return {name: Cursor(*facts) for name, *facts in rows}


def advance(
    connection: Connection, tenant_id: int, mailbox: str, read: Mapping[str, Cursor]
) -> None:
    """Write how far folders have been read; what was seen in an earlier epoch is forgotten.

    That waits until every mail that may have been seen then has been looked at again.
    """
    table, copy = schema.imap_folder, schema.imap_copy
    for folder, cursor in sorted(read.items()):
        values = {name: getattr(cursor, name) for name in Cursor.__slots__}
        connection.execute(
            inserting(connection, table)
            .values(tenant_id=tenant_id, mailbox=mailbox, name=folder, **values)
            .on_conflict_do_update(index_elements=["tenant_id", "mailbox", "name"], set_=values)
        )
        if 0 < cursor.match_until <= cursor.last_uid:
            connection.execute(
                delete(copy).where(
                    copy.c.tenant_id == tenant_id,
                    copy.c.mailbox == mailbox,
                    copy.c.folder == folder,
                    copy.c.uidvalidity != cursor.uidvalidity,
                )
            )


def note(connection: Connection, tenant_id: int, mailbox: str, copies: Sequence[Copy]) -> None:
    """Write what was seen; what is there already stays."""
    if copies:
        rows = [
            {"tenant_id": tenant_id, "mailbox": mailbox}
            | {name: getattr(copy, name) for name in Copy.__slots__}
            for copy in copies
        ]
        prepared.insert(connection, schema.imap_copy, rows, ignore=True)


def known(
    connection: Connection, tenant_id: int, mailbox: str, identities: Sequence[str]
) -> dict[str, int | None]:
    """Return, of these identities, those that were seen in the mailbox, with their mails."""
    table = schema.imap_copy.c
    found: dict[str, int | None] = {}
    for some in portions(identities):
        rows = connection.execute(
            select(table.identity, table.mail_id).where(
                table.tenant_id == tenant_id,
                table.mailbox == mailbox,
                table.identity.in_(some),
            )
        )
        for identity, mail_id in rows:
            found[identity] = found.get(identity) or mail_id
    return found


def noted(
    connection: Connection,
    tenant_id: int,
    mailbox: str,
    folder: str,
    uidvalidity: int,
    uids: Collection[int],
) -> dict[int, tuple[str, int | None]]:
    """Return UID -> (identity, raw mail) of those of these UIDs that were seen there."""
    table = schema.imap_copy.c
    found: dict[int, tuple[str, int | None]] = {}
    for some in portions(sorted(uids)):
        rows = connection.execute(
            select(table.uid, table.identity, table.mail_id).where(
                table.tenant_id == tenant_id,
                table.mailbox == mailbox,
                table.folder == folder,
                table.uidvalidity == uidvalidity,
                table.uid.in_(some),
            )
        )
        found |= {uid: (identity, mail_id) for uid, identity, mail_id in rows}
    return found


def kept_at(
    connection: Connection, tenant_id: int, mail_ids: Collection[int]
) -> dict[int, datetime]:
    """Return when each of these raw mails was kept first."""
    mail, delivery = schema.mail.c, schema.mail_delivery.c
    found: dict[int, datetime] = {}
    for some in portions(sorted(mail_ids)):
        rows = connection.execute(
            select(mail.id, mail.received_at)
            .join(schema.mail_delivery, delivery.mail_id == mail.id)
            .where(
                delivery.tenant_id == tenant_id,
                delivery.mail_id.in_(some),
            )
        )
        found |= dict(rows.all())
    return found


def mails_of(connection: Connection, tenant_id: int, ids: Sequence[int]) -> dict[int, int]:
    """Return delivery -> the raw mail that was delivered."""
    if not ids:
        return {}
    table = schema.mail_delivery.c
    # SQLite would look through an index of all the tenant's in which alone both of these stand.
    rows = connection.execute(
        select(table.id, table.mail_id, table.state).where(
            table.tenant_id == tenant_id, table.id.in_(ids)
        )
    )
    return {id_: mail_id for id_, mail_id, _ in rows}
