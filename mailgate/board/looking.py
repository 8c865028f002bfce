"""What has changed in the folders of a board since the last look, and what of it is a drop."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from mailgate.domain.board import Difference, Layout, difference
from mailgate.imap.link import Examined, Link
from mailgate.imap.uids import Uids
from mailgate.store import mailboxes
from mailgate.store.board import Board, Lying, Stood
from mailgate.store.marks import Marks

_BLOCK = 512  # UIDs of a folder that are compared at once with what lay there


@dataclass(frozen=True, slots=True)
class Look:
    """A folder that is not as it was.

    `found` is what has changed in it; `struck`: UIDs; `saved`: when mails came into it, where the
    server knows; `marks`: UIDs by flag or keyword.
    """

    folder: str
    now: Examined
    was: Stood | None
    uids: Uids
    found: Difference
    struck: frozenset[int]
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


NOTHING_KNOWN: Mapping[str, Examined] = MappingProxyType({})


def changed(
    link: Link,
    layout: Layout,
    reading: Callable[[], AbstractContextManager[Board]],
    standing: Mapping[str, Examined] = NOTHING_KNOWN,
    *,
    folders: Sequence[str] | None = None,
    watched: Sequence[str] = (),
) -> list[Look]:
    """Return those of these folders, or of all, in which something has changed.

    `standing`: how they stood a moment ago, as far as it is known. If nothing has changed, the last
    command is an EXAMINE of the INBOX, or none.

    Flags and keywords that are `watched` count. No transaction is open while the server is asked.
    """
    with reading() as board:
        stood = board.folders()
    every = layout.all if folders is None else folders
    # Opening a large folder is dear: the one that is open comes first, and is not opened again.
    opened = [
        folder
        for folder in every
        if folder == link.selected
        and (now := standing.get(folder)) is not None
        and now.modseq is not None
        and not _same(stood.get(folder), now)
    ]
    found: dict[str, Look] = {}
    for folder in dict.fromkeys((*opened, *every)):
        was, now = stood.get(folder), standing.get(folder)
        left = folder == layout.home and folder != link.selected
        if folder not in opened and (now is None or left or not _same(was, now)):
            now = link.examine(folder)
        if now is None or _same(was, now):
            continue
        struck = frozenset(link.struck())
        marks = {mark: frozenset(link.marked(mark)) for mark in watched}
        if was == _as_it_stands(now):
            with reading() as board:
                quiet = _as_marked(board, folder, struck, marks)
            if quiet and (folder != layout.home or link.examine(folder) == now):
                continue
        uids = link.uids(now)
        is_new = was is None or was.uidvalidity != now.uidvalidity
        with reading() as board:
            differs = _difference(board, folder, uids, struck, is_new=is_new)
        came = [] if is_new else sorted(differs.entered)
        if was is not None and folder in layout.aside:
            # What nobody knows is no drop there, however long it lies.
            came = [uid for uid in came if uid >= (was.uidnext or 0)]
        saved = link.saved_at(came)
        found[folder] = Look(folder, now, was, uids, differs, struck, saved, marks)
    return [found[folder] for folder in every if folder in found]


def _same(was: Stood | None, now: Examined) -> bool:
    """Whether nothing at all has changed; never, where the server counts no changes."""
    return now.modseq is not None and was == _as_it_stands(now)


def _as_it_stands(now: Examined) -> Stood:
    return Stood(now.uidvalidity, now.uidnext, now.messages, now.modseq)


def _as_marked(
    board: Board, folder: str, struck: frozenset[int], marks: Mapping[str, frozenset[int]]
) -> bool:
    borne = Marks(board.connection, board.tenant_id, board.mailbox).borne(folder)
    as_struck = board.struck(folder) == struck
    return as_struck and all(borne.get(mark, set()) == uids for mark, uids in marks.items())


def _difference(
    board: Board, folder: str, uids: Uids, struck: frozenset[int], *, is_new: bool
) -> Difference:
    """Compare a folder with what lay there, of which only those blocks are read that differ.

    A block has other UIDs if their number is another, or their sum: those that have come are above
    all that were there before.
    """
    if is_new:
        return difference({}, uids, struck)
    lay, there = board.blocks(folder, _BLOCK), uids.blocks(_BLOCK)
    other = {block for block in {*lay, *there} if lay.get(block) != there.get(block)}
    before = board.lay(folder, [(block * _BLOCK, (block + 1) * _BLOCK - 1) for block in other])
    now = {
        uid for block in other for uid in uids.between(block * _BLOCK, block * _BLOCK + _BLOCK - 1)
    }
    were_struck = board.struck(folder)
    for uid in struck ^ were_struck:
        if uid // _BLOCK not in other and uid in uids:
            before[uid] = uid in were_struck
            now.add(uid)
    return difference(before, now, struck)


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
    found = look.found
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
    rows = []
    for uid, (identity, mail_id) in known.items():
        # Into the INBOX mails come by themselves; and a UID below the next one is none that came.
        dropped = (
            not look.is_new
            and uid not in look.struck
            and identity not in ours
            and layout.spot(look.folder) is not None
            and (not at_home or mail_id in before)
            and uid >= look.first_to_come
        )
        saved = look.saved.get(uid, now)
        at = min(max(saved, since or saved), now) if dropped else None
        rows.append(Lying(look.folder, uid, identity, mail_id, None, uid in look.struck, at))
    board.lie(rows)
    if look.folder != layout.trash:  # a second copy is ours until nobody looks for the first
        board.done(ours)
    whole = found.entered == known.keys() or look.folder in layout.aside
    if whole:
        board.stands(look.folder, _as_it_stands(look.now), layout.meaning(look.folder))
    return whole
