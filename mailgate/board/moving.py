"""Moves of our own: what is to be moved, how that is done, and how it is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from mailgate.domain.board import Layout
from mailgate.domain.model import Ticket
from mailgate.imap.link import Link
from mailgate.store import mailboxes
from mailgate.store.board import Board, Lying
from mailgate.store.mailboxes import Copy

_MAILS = 100  # in one move


@dataclass(frozen=True, slots=True)
class Move:
    """Mails of one folder that belong into another.

    Of second copies, which are thrown away, the first ones lie in `beside`.
    """

    source: str
    target: str
    mails: Sequence[Lying]
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be moved; `settled` are tickets, and their versions, of which nothing is."""

    moves: Sequence[Move]
    settled: Mapping[int, int] = field(default_factory=dict)

    @property
    def moving(self) -> set[int]:
        """The tickets of which something is."""
        mails = (mail for move in self.moves for mail in move.mails)
        return {mail.ticket_id for mail in mails if mail.ticket_id is not None}


def plan(
    layout: Layout, tickets: Mapping[int, Ticket], copies: Sequence[Lying], trash: str | None
) -> Plan:
    """Return what is to be moved, so that every mail of these tickets lies once in its place.

    A mail that is marked as deleted counts as gone, since the mark would go along, and so does what
    was thrown away. A second copy of a mail that lies in place is thrown away, if there is a place
    for that; never expunged. Nothing of a ticket is moved while somebody does.
    """
    settled, moves = {}, []
    for ticket_id, group in groupby(copies, key=lambda copy: copy.ticket_id):
        ticket, mine = tickets[ticket_id or 0], list(group)
        if any(copy.dropped_at and layout.spot(copy.folder) for copy in mine):
            continue
        target = layout.folder(ticket)
        live = [copy for copy in mine if not copy.struck and copy.folder != trash]
        first = {copy.mail_id: copy for copy in reversed(live)}
        first |= {copy.mail_id: copy for copy in reversed(live) if copy.folder == target}
        due = [(c.folder, target, "", c) for c in first.values() if c.folder != target]
        if not due and trash is not None:  # one after the other: what is kept must lie in place
            due = [(c.folder, trash, target, c) for c in live if c is not first[c.mail_id]]
        if not due:
            settled[ticket.id] = ticket.version
        moves += due
    moves.sort(key=lambda each: (*each[:3], each[3].uid))
    parts = []
    for (source, to, beside), several in groupby(moves, key=lambda each: each[:3]):
        mails = [copy for *_, copy in several]
        parts += [
            Move(source, to, mails[start : start + _MAILS], beside or None)
            for start in range(0, len(mails), _MAILS)
        ]
    return Plan(parts, settled)


def intend(board: Board, moves: Sequence[Move], at: datetime) -> None:
    """Write down what we are about to move: found elsewhere after a fall, it was us.

    And what we are about to throw away, for `missing`.
    """
    for move in moves:
        board.intend([mail.identity for mail in move.mails], move.target, at)


def sure(link: Link, move: Move, copies: Sequence[Lying]) -> Move:
    """Return the same move without what had better stay.

    A second copy goes only if the first one is there at this moment: agents move and delete while
    we look. `copies` are those that the plan was made of.
    """
    if move.beside is None:
        return move
    going = {(move.source, mail.uid) for mail in move.mails}
    there = set(link.uids_after(0, link.examine(move.beside))) - set(link.struck())
    kept = {
        copy.mail_id
        for copy in copies
        if copy.folder == move.beside and copy.uid in there and (copy.folder, copy.uid) not in going
    }
    return replace(move, mails=[mail for mail in move.mails if mail.mail_id in kept])


def missing(board: Board, trash: str) -> dict[int, tuple[str, int]]:
    """Return mail -> (identity, ticket) of what lies nowhere, and of which we threw a copy away.

    Some mail programs put a mail where it is to be, and take it away from where it was a good
    while later: the copy that we kept may have been the one that was to go.
    """
    thrown = [identity for identity, folder in board.intents().items() if folder == trash]
    if not thrown:
        return {}
    named = mailboxes.known(board.connection, board.tenant_id, board.mailbox, thrown)
    mails = {mail_id: identity for identity, mail_id in named.items() if mail_id is not None}
    owners, _ = board.owners(mails)
    copies = board.copies(set(owners.values()))
    lying = {copy.mail_id for copy in copies if not copy.struck and copy.folder != trash}
    return {id_: (mails[id_], owner) for id_, owner in owners.items() if id_ not in lying}


def record(board: Board, move: Move, landed: Mapping[int, int]) -> None:
    """Write down where mails lie now; of those of which the server told nothing, a look will."""
    stood = board.folders().get(move.target)
    known = [mail for mail in move.mails if mail.uid in landed]
    if move.beside is not None:
        board.lift(move.source, [mail.uid for mail in known])
        return
    if stood is None or not known:
        return
    board.lift(move.source, [mail.uid for mail in known])
    board.lie(
        [
            Lying(
                move.target,
                landed[mail.uid],
                mail.identity,
                mail.mail_id,
                mail.ticket_id,
                struck=False,
                dropped_at=None,
            )
            for mail in known
        ]
    )
    notes = [
        Copy(move.target, stood.uidvalidity, landed[m.uid], m.identity, m.mail_id) for m in known
    ]
    mailboxes.note(board.connection, board.tenant_id, board.mailbox, notes)
    board.done([mail.identity for mail in known])
