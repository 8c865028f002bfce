"""Flags and keywords of the mails on a board, as they were when they were acted upon."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select

from mailgate.store import prepared, schema
from mailgate.store.portions import portions

_MARK, _COPY = schema.board_mark, schema.board_copy


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks on the board of one mailbox, within one transaction."""

    connection: Connection
    tenant_id: int
    mailbox: str

    def _of(self, table: Table) -> ColumnElement[bool]:
        return and_(table.c.tenant_id == self.tenant_id, table.c.mailbox == self.mailbox)

    def borne(self, folder: str) -> dict[str, set[int]]:
        """Return mark -> UIDs of the mails of a folder that bore it."""
        found: dict[str, set[int]] = {}
        rows = self.connection.execute(
            select(_MARK.c.mark, _MARK.c.uid).where(self._of(_MARK), _MARK.c.folder == folder)
        )
        for mark, uid in rows:
            found.setdefault(mark, set()).add(uid)
        return found

    def put(self, folder: str, mark: str, uids: Iterable[int]) -> None:
        """Note that mails bear a mark."""
        key = {"tenant_id": self.tenant_id, "mailbox": self.mailbox}
        rows = [key | {"folder": folder, "uid": uid, "mark": mark} for uid in uids]
        prepared.insert(self.connection, _MARK, rows, ignore=True)

    def take(self, folder: str, mark: str, uids: Collection[int]) -> None:
        """Note that mails bear a mark no more."""
        for some in portions(uids):
            self.connection.execute(
                delete(_MARK).where(
                    self._of(_MARK),
                    _MARK.c.folder == folder,
                    _MARK.c.mark == mark,
                    _MARK.c.uid.in_(some),
                )
            )

    def of_new(self, mail_ids: Collection[int]) -> dict[int, set[str]]:
        """Return raw mail -> the marks that it bears, of those that were seen in one place only."""
        seen = schema.imap_copy
        places = (
            select(func.count())
            .where(self._of(seen), seen.c.identity == _COPY.c.identity)
            .scalar_subquery()
        )
        same = and_(
            _MARK.c.tenant_id == _COPY.c.tenant_id,
            _MARK.c.mailbox == _COPY.c.mailbox,
            _MARK.c.folder == _COPY.c.folder,
            _MARK.c.uid == _COPY.c.uid,
        )
        found: dict[int, set[str]] = {}
        for some in portions(mail_ids):
            rows = self.connection.execute(
                select(_COPY.c.mail_id, _MARK.c.mark)
                .join(_MARK, same)
                .where(self._of(_COPY), _COPY.c.mail_id.in_(some), places == 1)
            )
            for mail_id, mark in rows:
                found.setdefault(mail_id, set()).add(mark)
        return found

    def tickets(self, folder: str, uids: Collection[int]) -> dict[int, int]:
        """Return UID -> ticket of the mails of a folder that belong to one."""
        found: dict[int, int] = {}
        for some in portions(uids):
            rows = self.connection.execute(
                select(_COPY.c.uid, _COPY.c.ticket_id).where(
                    self._of(_COPY), _COPY.c.folder == folder, _COPY.c.uid.in_(some)
                )
            )
            found |= {uid: ticket_id for uid, ticket_id in rows if ticket_id is not None}
        return found

    def bearing(self, ticket_ids: Collection[int], mark: str) -> set[tuple[int, str, int]]:
        """Return (ticket, folder, UID) of the mails of these tickets that bear a mark."""
        same = and_(
            _MARK.c.tenant_id == _COPY.c.tenant_id,
            _MARK.c.mailbox == _COPY.c.mailbox,
            _MARK.c.folder == _COPY.c.folder,
            _MARK.c.uid == _COPY.c.uid,
        )
        found: set[tuple[int, str, int]] = set()
        for some in portions(ticket_ids):
            rows = self.connection.execute(
                select(_COPY.c.ticket_id, _COPY.c.folder, _COPY.c.uid)
                .join(_MARK, same)
                .where(self._of(_COPY), _COPY.c.ticket_id.in_(some), _MARK.c.mark == mark)
            )
            found |= {(ticket_id, folder, uid) for ticket_id, folder, uid in rows}
        return found
