"""The brake of a board: where very many mails have vanished at once, nothing is done any more.

Somebody may have emptied a folder by mistake, a program or a server may have gone wrong, or half of
the mailbox may not be there yet after it was restored. Nothing is written down of such a look, so
that the next one compares with how it was before: when the mails are back, all goes on by itself.
What was moved about on the board has not vanished; what was thrown away has.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection

from mailgate.board.looking import Look
from mailgate.desk.door import Desk
from mailgate.domain.board import Layout
from mailgate.domain.brake import Stopped
from mailgate.domain.model import GATEWAY
from mailgate.errors import Temporary
from mailgate.store import mailboxes
from mailgate.store.board import Board

SUBJECT = "board"
"""The subject kind of the events."""
NOTICE = "board_stopped"


class Braked(Temporary):
    """So many mails have vanished at once from a mailbox: more than a person would throw away."""

    def __init__(self, mailbox: str, mails: int) -> None:
        super().__init__(
            f"{mails} mails of tickets have vanished at once, and nothing is done until they are "
            f"back or somebody says so: mailgate board --go-on {mailbox}"
        )


def see(board: Board, looks: Iterable[Look], layout: Layout, most: int) -> int:
    """Return how many mails of tickets have vanished since the last look: `most` or more, or 0.

    Marking a mail as deleted counts.
    """
    places: set[tuple[str, int]] = set()
    come: list[tuple[Look, frozenset[int]]] = []
    for look in looks:
        if look.folder == layout.trash:
            continue
        places |= {(look.folder, uid) for uid in _gone(board, look)}
        come.append((look, look.found.entered - look.struck))
    vanished = _vanished(board, places, come, layout) if len(places) >= most else 0
    return vanished if vanished >= most else 0


def _gone(board: Board, look: Look) -> Iterable[int]:
    """Return the UIDs of a folder that are not there any more, or have been marked as deleted."""
    if look.is_new:
        return (uid for uid, struck in board.lay(look.folder).items() if not struck)
    return look.found.gone - board.struck(look.folder) | look.found.struck


def _vanished(
    board: Board,
    places: set[tuple[str, int]],
    come: Iterable[tuple[Look, frozenset[int]]],
    layout: Layout,
) -> int:
    """Return how many of the mails that have gone from these places are nowhere else."""
    tickets: set[int] = set()
    for folder in {folder for folder, _ in places}:
        uids = {uid for name, uid in places if name == folder}
        tickets |= board.of_tickets(folder, uids)
    copies = [copy for copy in board.copies(tickets) if not copy.struck]
    intents = board.intents()
    gone = {
        copy.mail_id
        for copy in copies
        if (copy.folder, copy.uid) in places and copy.identity not in intents
    }
    there = {
        copy.mail_id
        for copy in copies
        if (copy.folder, copy.uid) not in places and copy.folder != layout.trash
    }
    key = (board.connection, board.tenant_id, board.mailbox)
    for look, entered in come:
        noted = mailboxes.noted(*key, look.folder, look.now.uidvalidity, entered)
        there |= {mail_id for _, mail_id in noted.values()}
    return len(gone - there)


def stop(
    desk: Desk, mailbox: str, mails: int, now: datetime, hold: Callable[[Connection], None]
) -> None:
    """Note that a board has stopped, from which so many mails have vanished.

    Administrators are told, once until it has gone on. Raises `Temporary`.
    """
    with desk.writing(now) as ledger:
        hold(ledger.connection)
        settings = ledger.settings
        if mailboxes.stop(ledger.connection, settings.tenant_id, mailbox, now):
            facts = {"board": {"mailbox": mailbox, "mails": mails}}
            ledger.announce(
                (SUBJECT, ledger.next_id(), 1),
                Stopped(at=now, actor=GATEWAY, mailbox=mailbox, mails=mails),
                [(admin, facts) for admin in settings.staff.administrators],
                NOTICE,
            )
