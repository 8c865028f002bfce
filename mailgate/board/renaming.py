"""Folders of a board that somebody has renamed: they get their names back, with their mails.

RENAME keeps UIDVALIDITY and UIDs (RFC 9051 6.3.6), a folder that is deleted and made again has
another UIDVALIDITY. Some servers give one to several folders, though, so what lies there is looked
at as well.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from mailgate.errors import Temporary
from mailgate.imap import folders
from mailgate.imap.folders import Folder
from mailgate.imap.link import Link, NoFolder
from mailgate.store import inbox, mailboxes
from mailgate.store.board import Board, Stood

_LOOKED_AT = 5  # mails by which a folder is known again, the newest
_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^\r\n>]*>)", re.IGNORECASE | re.MULTILINE)


def renamed_back(
    link: Link,
    found: Sequence[Folder],
    missing: Collection[str],
    others: Collection[str],
    reading: Callable[[], AbstractContextManager[Board]],
) -> Iterator[tuple[str, str]]:
    """Give `missing` folders that lie there under other names their own; yield (other, own).

    `others` are the folders that stand for something. Raises `Temporary`.
    """
    for folder, name in renamed(link, found, missing, others, reading):
        link.examine(folders.INBOX)  # nobody stays in a folder that changes its name
        try:
            link.rename(folder, name)
        except Temporary:
            continue
        yield folder, name


def renamed(
    link: Link,
    found: Sequence[Folder],
    missing: Collection[str],
    others: Collection[str],
    reading: Callable[[], AbstractContextManager[Board]],
) -> Iterator[tuple[str, str]]:
    """Yield (other, own) of `missing` folders that lie there under other names.

    `others` are the folders that stand for something. Raises `Temporary`.
    """
    known = {name: facts for name in sorted(missing) if (facts := _known(name, reading))}
    used = {each.name for use in _USES if (each := use(found)) is not None}
    strange = [f.name for f in found if f.selectable and f.name not in {*others, *used}]
    for folder in strange if known else []:
        try:
            now = link.examine(folder)
        except NoFolder:
            continue
        for name, (stood, said) in known.items():
            if now.uidvalidity == stood.uidvalidity and _same(link, said):
                yield folder, name
                del known[name]
                break


_USES = (folders.sent, folders.trash, folders.drafts, folders.junk)


def _known(
    name: str, reading: Callable[[], AbstractContextManager[Board]]
) -> tuple[Stood, Mapping[int, bytes]] | None:
    """Return how a folder stood, and UID -> Message-ID of some mails in it; None if of none."""
    with reading() as board:
        stood = board.folders().get(name)
        if stood is None:
            return None
        newest = sorted(board.lay(name))[-_LOOKED_AT:]
        key = (board.connection, board.tenant_id, board.mailbox)
        noted = mailboxes.noted(*key, name, stood.uidvalidity, newest)
        raws = {
            uid: inbox.raw(board.connection, mail_id)
            for uid, (_, mail_id) in noted.items()
            if mail_id is not None
        }
    said = {uid: named for uid, raw in raws.items() if raw and (named := _named(raw))}
    return (stood, said) if said else None


def _same(link: Link, said: Mapping[int, bytes]) -> bool:
    """Whether the mails of these UIDs that are in the folder are those, and there are some."""
    there = {seen.uid: _named(seen.header) for seen in link.overviews(sorted(said))}
    return bool(there) and all(said[uid] == named for uid, named in there.items())


def _named(octets: bytes) -> bytes | None:
    header, _, _ = octets.partition(b"\r\n\r\n")
    found = _MESSAGE_ID.search(header)
    return found and found.group(1)
