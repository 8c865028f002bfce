"""Tells a customer once of what the desk changes: it waits for more, and for what tells it better.

What changes on a ticket within a few minutes is in one mail. If it is changed back by then, or
another mail to the same person tells it, there is none.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from mailgate.desk.ahead import Ahead
from mailgate.desk.settings import Settings
from mailgate.domain.changed import CHANGED, FIELDS
from mailgate.domain.model import Disposition, Status, Ticket
from mailgate.domain.notices import NOTICES
from mailgate.domain.people import Role
from mailgate.domain.policy import Telling
from mailgate.store import joining
from mailgate.store.joining import WITHIN, Waiting
from mailgate.store.outbox import SUPPRESSED

WAIT = timedelta(minutes=5)
_FIRST = "received"  # how a ticket was sorted when it came is no change of it


def stands(ticket: Ticket) -> Status | None:
    """Return the status that the customer may be told of; none of what was set aside or merged."""
    return ticket.status if ticket.disposition is Disposition.NONE else None


def gather(
    connection: Connection,
    rows: list[dict[str, Any]],
    moved: Mapping[int, Status | None],
    settings: Settings,
    now: datetime,
    ahead: Ahead,
    *,
    lock: bool,
) -> dict[int, Waiting]:
    """Put what `rows` of the outbox tell a customer of changes into one mail for each ticket.

    What comes to a mail that was stored before stays, as suppressed, and says in which mail it is
    told; all else that need not be sent leaves `rows`. `moved`: how tickets that stood otherwise
    before stand now, see `stands`. Returns mails of the store that tell something else now, or
    nothing: by the id of the row that is told in them, or by their own.
    """
    told = [row for row in rows if row["role"] == Role.CUSTOMER.value and row["ticket_id"]]
    about = {*moved, *(row["ticket_id"] for row in told)}
    if settings.policy.tell_changes is Telling.OFF or not about:
        return {}
    stored = joining.of_changes(connection, settings.tenant_id, about, now, lock=lock)
    waiting = {mail.about: mail for mail in stored}
    waiting |= {mail.about: mail for mail in ahead.changed.values() if mail.takes_more(now)}
    found = _Gathering(waiting, now)
    for row in told:
        found.see(row)
    found.drop_stale(moved)
    rows[:] = [row for row in rows if row["id"] not in found.needless()]
    return found.within


class _Gathering:
    """The mails to customers that wait, and what comes to them, row by row."""

    def __init__(self, waiting: dict[tuple[int | None, str], Waiting], now: datetime) -> None:
        self.within: dict[int, Waiting] = {}
        self._waiting = waiting
        self._now = now
        self._new: dict[int, Waiting] = {}
        self._left: set[int] = set()
        self._sorted: set[tuple[int | None, str]] = set()

    def see(self, row: dict[str, Any]) -> None:
        """Take a row in, in the order of what happened."""
        about = row["ticket_id"], row["recipient"]
        mail = self._waiting.get(about)
        if row["notice"] == CHANGED and about in self._sorted:
            self._left.add(row["id"])
        elif row["notice"] == CHANGED and (mail is None or mail.untold):
            row["next_try_at"] = self._now + WAIT
            self._waiting[about] = mail = Waiting(*(row[name] for name in Waiting.__slots__))
            self._new[mail.id] = mail
        elif row["notice"] == CHANGED and mail is not None:
            self._add(mail, row)
        elif row["notice"] == _FIRST:
            self._sorted.add(about)
        elif NOTICES[row["notice"]].tells_status and mail is not None:
            self._forget(mail, ("status",))

    def drop_stale(self, moved: Mapping[int, Status | None]) -> None:
        """Tell of no status that is another by now, and nothing where nothing is to be told."""
        for mail in self._waiting.values():
            if mail.ticket_id is None or mail.ticket_id not in moved:
                continue
            status = moved[mail.ticket_id]
            entries = {each["field"]: each["after"] for each in mail.context["changes"]}
            if status is None:
                self._forget(mail, FIELDS)
            elif entries.get("status", status) != status:
                self._forget(mail, ("status",))

    def needless(self) -> set[int]:
        """Return the ids of rows that need not be kept."""
        return self._left | {mail.id for mail in self._new.values() if mail.untold}

    def _add(self, mail: Waiting, row: dict[str, Any]) -> None:
        before = {each["field"]: each for each in mail.context["changes"]}
        after = {each["field"]: each for each in row["context"]["changes"]}
        both = [
            {
                "field": name,
                "before": before.get(name, after.get(name, {}))["before"],
                "after": after.get(name, before.get(name, {}))["after"],
            }
            for name in FIELDS
            if name in before or name in after
        ]
        mail.context.update(row["context"])
        mail.context["changes"] = [each for each in both if each["before"] != each["after"]]
        if mail.id in self._new:
            self._left.add(row["id"])
        else:
            self.within[row["id"]] = mail
            reason = f"{WITHIN} {mail.id}"
            row.update(state=SUPPRESSED, reason=reason, done_at=self._now)

    def _forget(self, mail: Waiting, names: Collection[str]) -> None:
        changes = mail.context["changes"]
        mail.context["changes"] = [each for each in changes if each["field"] not in names]
        if mail.id not in self._new:
            self.within[mail.id] = mail
