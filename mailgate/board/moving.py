"""Moves of our own: what is to be moved, how that is done, and how it is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from mailgate.domain.board import Layout
from mailgate.domain.model import Ticket
from mailgate.imap.link import Link
from mailgate.store import mailboxes
from mailgate.store.board import Board, Lying
from mailgate.store.mailboxes import Copy

MOST = 200  # tickets that are seen to at once
_MAILS = 100  # in one move


@dataclass(frozen=True, slots=True)
class Move:
    """Mails of one folder that belong into another."""

    source: str
    target: str
    mails: Sequence[Lying]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be moved; `settled` are tickets, and their versions, of which nothing is."""

    moves: Sequence[Move]
    settled: Mapping[int, int] = field(default_factory=dict)


def plan(layout: Layout, tickets: Mapping[int, Ticket], copies: Sequence[Lying]) -> Plan:
    """Return what is to be moved, so that every mail of these tickets lies once in its place.

    A mail that is marked as deleted counts as gone, since the mark would go along. A second copy of
    a mail that lies in place stays where it is. Nothing of a ticket is moved while somebody does.
    """
    settled, moves = {}, []
    for ticket_id, group in groupby(copies, key=lambda copy: copy.ticket_id):
        ticket, mine = tickets[ticket_id or 0], list(group)
        if any(copy.dropped_at and layout.spot(copy.folder) for copy in mine):
            continue
        target = layout.folder(ticket)
        live = [copy for copy in mine if not copy.struck]
        there = {copy.identity for copy in live if copy.folder == target}
        first = {copy.identity: copy for copy in reversed(live) if copy.identity not in there}
        if not first:
            settled[ticket.id] = ticket.version
        moves += [(copy.folder, target, copy) for copy in first.values()]
    moves.sort(key=lambda each: (each[0], each[1], each[2].uid))
    parts = []
    for (source, target), several in groupby(moves, key=lambda each: each[:2]):
        mails = [copy for *_, copy in several]
        parts += [
            Move(source, target, mails[start : start + _MAILS])
            for start in range(0, len(mails), _MAILS)
        ]
    return Plan(parts, settled)


def intend(board: Board, moves: Sequence[Move], at: datetime) -> None:
    """Write down what we are about to move: found elsewhere after a fall, it was us."""
    for move in moves:
        board.intend([mail.identity for mail in move.mails], move.target, at)


def move(link: Link, move: Move) -> dict[int, int]:
    """Move mails; return old UID -> new UID, as far as the server tells."""
    return link.move([mail.uid for mail in move.mails], move.source, move.target)


def record(board: Board, move: Move, landed: Mapping[int, int]) -> None:
    """Write down where mails lie now; of those of which the server told nothing, a look will."""
    stood = board.folders().get(move.target)
    known = [mail for mail in move.mails if mail.uid in landed]
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
