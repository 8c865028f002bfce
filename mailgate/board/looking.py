"""What has changed in the folders of a board since the last look, and what of it is a drop."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.domain.board import Layout, difference
from mailgate.imap.link import Examined, Link
from mailgate.store import mailboxes
from mailgate.store.board import Board, Lying, Stood
from mailgate.store.marks import Marks


@dataclass(frozen=True, slots=True)
class Look:
    """A folder that is not as it was.

    `saved`: when mails came into it, where the server knows; `marks`: UIDs by flag or keyword.
    """

    folder: str
    now: Examined
    was: Stood | None
    uids: Sequence[int]
    struck: Sequence[int]
    saved: Mapping[int, datetime]
    marks: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether nobody can tell what lay there before."""
        return self.was is None or self.was.uidvalidity != self.now.uidvalidity

    @property
    def first_to_come(self) -> int:
        """The least UID that a mail can have that has come since the look before."""
        return (self.was and self.was.uidnext) or 0


def changed(
    link: Link,
    layout: Layout,
    reading: Callable[[], AbstractContextManager[Board]],
    folders: Sequence[str] | None = None,
    watched: Sequence[str] = (),
) -> Iterator[Look]:
    """Yield those of these folders, or of all, in which something has changed.

    Flags and keywords that are `watched` count. No transaction is open while the server is asked.
    """
    with reading() as board:
        stood = board.folders()
    for folder in layout.all if folders is None else folders:
        was = stood.get(folder)
        now = link.examine(folder)
        same = was == Stood(now.uidvalidity, now.uidnext, now.messages, now.modseq)
        if same and now.modseq is not None:
            continue
        struck = link.struck()
        marks = {mark: frozenset(link.marked(mark)) for mark in watched}
        if same:
            with reading() as board:
                as_marked = board.struck(folder) == set(struck)
                borne = _marks(board).borne(folder)
            as_marked = as_marked and all(borne.get(m, set()) == marks[m] for m in watched)
            if as_marked and (folder != layout.home or link.examine(folder) == now):
                continue
        uids = link.uids_after(0, now)
        entered: list[int] = []
        if was is not None:
            with reading() as board:
                entered = sorted(set(uids) - board.lay(folder).keys())
        yield Look(folder, now, was, uids, struck, link.saved_at(entered), marks)


def _marks(board: Board) -> Marks:
    return Marks(board.connection, board.tenant_id, board.mailbox)


def take_down(
    board: Board,
    look: Look,
    intents: Mapping[str, str],
    layout: Layout,
    stood: Mapping[str, Stood],
    now: datetime,
    since: datetime | None = None,
) -> bool:
    """Write how a folder stands; return whether all of it is known. The look before was at `since`.

    `stood`: how all of them stood then.

    The server's clock orders what was dropped between two looks, and need not go like ours.

    What has come in while we looked is not: who takes mails sees it first, and we next time.
    """
    if look.is_new:
        board.forget(look.folder)
    found = difference({} if look.is_new else board.lay(look.folder), look.uids, look.struck)
    board.unsettle(board.of_tickets(look.folder, found.gone | found.struck | found.restored))
    board.lift(look.folder, found.gone)
    board.strike(look.folder, found.struck, struck=True, dropped_at=None)
    board.strike(look.folder, found.restored, struck=False, dropped_at=now)
    key = (board.connection, board.tenant_id, board.mailbox)
    known = mailboxes.noted(*key, look.folder, look.now.uidvalidity, found.entered)
    identities = {identity for identity, _ in known.values()}
    ours = {identity for identity in identities if intents.get(identity) == look.folder}
    at_home = look.folder == layout.home
    before = board.seen_before(identities - ours, stood) if at_home else frozenset()
    struck, rows = frozenset(look.struck), []
    for uid, (identity, mail_id) in known.items():
        # Into the INBOX mails come by themselves; and a UID below the next one is none that came.
        dropped = (
            not look.is_new
            and uid not in struck
            and identity not in ours
            and layout.spot(look.folder) is not None
            and (not at_home or mail_id in before)
            and uid >= look.first_to_come
        )
        saved = look.saved.get(uid, now)
        at = min(max(saved, since or saved), now) if dropped else None
        rows.append(Lying(look.folder, uid, identity, mail_id, None, uid in struck, at))
    board.lie(rows)
    board.done(ours)
    whole = found.entered == known.keys()
    if whole:
        now_ = look.now
        stands = Stood(now_.uidvalidity, now_.uidnext, now_.messages, now_.modseq)
        board.stands(look.folder, stands, layout.meaning(look.folder))
    return whole
