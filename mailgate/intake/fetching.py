"""Fetches the folders of a mailbox as files, to be brought along like any old mail on disk.

A file is there whole or not at all, so that whoever is interrupted goes on with what is missing.
Nothing in the mailbox shows that anybody was there.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from mailgate.errors import Refused
from mailgate.imap import folders
from mailgate.imap.folders import Folder
from mailgate.imap.link import Link, Overview
from mailgate.intake.importing import Progress

_AT_ONCE, _OCTETS = 200, 16 * 1024 * 1024


def chosen(found: Sequence[Folder], wanted: Sequence[str], inbox: str, sent: str) -> list[str]:
    """Return the full names of the folders that are wanted: without any, inbox and what was sent.

    Raises `Refused` for one that is not there, with those that are.
    """
    if not wanted:
        out = folders.named(found, sent) if sent else folders.sent(found)
        return [inbox, *([out.name] if out is not None else [])]
    names = []
    for name in wanted:
        folder = folders.named(found, name)
        if folder is None:
            there = ", ".join(each.name for each in found if each.selectable)
            raise Refused(f"there is no folder {name!r}; there are {there}")
        names.append(folder.name)
    return names


def fetch(link: Link, names: Sequence[str], into: Path, most: int, progress: Progress) -> Path:
    """Put the mails of these folders below a folder, as `NAME/UIDVALIDITY/UID.eml`; return it.

    A mail of more than `most` octets is cut behind them, so that it is seen to be too large. Raises
    `Temporary` for the server, OSError for the disk.
    """
    looked = []
    for name in names:
        folder = link.examine(name)
        place = into / _safe(name) / str(folder.uidvalidity)
        place.mkdir(parents=True, exist_ok=True)
        there = {path.stem for path in place.glob("*.eml")}
        uids = [uid for uid in link.uids_after(0, folder) if str(uid) not in there]
        looked.append((name, place, uids))
    total, done = sum(len(uids) for *_, uids in looked), 0
    for name, place, uids in looked:
        link.examine(name)
        for start in range(0, len(uids), _AT_ONCE):
            some = uids[start : start + _AT_ONCE]
            for batch in _batches(link.overviews(some)):
                _put(link, batch, place, most)
            done += len(some)
            progress(done, total)
    return into


def _safe(name: str) -> str:
    """Return a folder's name as that of one on disk, whatever a server calls it."""
    return quote(name, safe=" ") if name.strip(".") else quote(name).replace(".", "%2E")


def _batches(seen: Sequence[Overview]) -> Iterator[list[Overview]]:
    batch: list[Overview] = []
    octets = 0
    for each in seen:
        if batch and octets + each.size > _OCTETS:
            yield batch
            batch, octets = [], 0
        batch.append(each)
        octets += each.size
    if batch:
        yield batch


def _put(link: Link, batch: Sequence[Overview], place: Path, most: int) -> None:
    """Write mails to files that bear the time at which they came."""
    bodies = link.bodies([each.uid for each in batch], most + 1)
    for each in batch:
        raw = bodies.get(each.uid)
        if raw is None:  # gone meanwhile
            continue
        part = place / f"{each.uid}.part"
        with part.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.utime(part, (each.at.timestamp(), each.at.timestamp()))
        part.rename(place / f"{each.uid}.eml")
