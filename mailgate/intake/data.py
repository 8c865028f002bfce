"""The DATA of one mail: finds its end, undoes dot-stuffing, counts octets, judges line ends.

Nothing here knows of sockets. Blocks go in as they come off the wire, cut anywhere; out come the
octets of the mail exactly as its sender wrote them, and whatever followed the end of data.
Only CRLF.CRLF ends the data (RFC 5321 section 4.1.1.4): each laxer reading is a way to smuggle
a second mail past a server that reads strictly.
"""

from collections.abc import Callable
from enum import Enum

_END = b"\r\n.\r\n"
_DOT = _END[:3]
_STARTS = tuple(_END[:length] for length in range(len(_END) - 1, 0, -1))
"""What may be the beginning of the end, or of a transport dot, and so stays with what follows."""


_OTHERS = bytes(octet for octet in range(256) if octet not in b"\r\n")


class Flaw(Enum):
    """Why the data cannot be taken."""

    TOO_BIG = "larger than the size limit"
    BARE_NEWLINE = "a CR or LF that is not part of a CRLF"
    NO_ROOM = "too much mail in flight"


class DataReader:
    """Reads the data of one mail.

    `limit` is the largest size in octets, counted as RFC 1870 does (line ends included, the dots
    of the transport not). `room` is asked with the size so far before more is kept; when it says
    no the mail is flawed with NO_ROOM. A flawed mail is read on to its end, so that the session
    stays usable, but nothing of it is kept; `exhausted` tells that more than `patience` octets
    came without an end.
    """

    def __init__(self, limit: int, room: Callable[[int], bool], patience: int) -> None:
        self._limit = limit
        self._room = room
        self._patience = patience
        self._blocks: list[bytes] = []
        # What is read but not judged yet. The line end of the DATA command itself stands first,
        # so that a dot as the very first octet is at the start of a line like any other.
        self._held = b"\r\n"
        self._begun = False
        self._seen = 0
        self.size = 0
        self.flaw: Flaw | None = None

    @property
    def exhausted(self) -> bool:
        """Whether it is time to give up waiting for the end of flawed data."""
        return self._seen > self._patience and self.flaw is not None

    def take(self) -> bytes:
        """Hand the mail over, without transport dots; empty when it is flawed or was taken.

        Nothing of it stays here: a large mail is in memory once while it is being stored.
        """
        content = b"".join(self._blocks)
        self._blocks.clear()
        return content

    def feed(self, block: bytes) -> bytes | None:
        """Take the next octets; return what follows the end of data, None while it has not come."""
        self._seen += len(block)
        window = self._held + block if self._held else block
        dot = window.find(_DOT)
        end = window.find(_END, dot) if dot >= 0 else -1
        if end >= 0:
            self._keep(window[: end + 2], dotted=dot < end)
            self._held = b""
            return window[end + len(_END) :]
        self._held = next((start for start in _STARTS if window.endswith(start)), b"")
        self._keep(window[: len(window) - len(self._held)], dotted=dot >= 0)
        return None

    def _keep(self, piece: bytes, *, dotted: bool) -> None:
        """Judge and keep a piece that splits neither a CRLF nor a CRLF from a dot after it.

        `dotted`: dots of the transport may be in it.
        """
        if self.flaw is not None or not piece:
            return
        if not _sound(piece):
            self._drop(Flaw.BARE_NEWLINE)
            return
        if dotted:
            piece = piece.replace(_DOT, b"\r\n")
        if not self._begun:
            piece = piece[2:]
            self._begun = True
        self.size += len(piece)
        if self.size > self._limit:
            self._drop(Flaw.TOO_BIG)
        elif not self._room(self.size):
            self._drop(Flaw.NO_ROOM)
        else:
            self._blocks.append(piece)

    def _drop(self, flaw: Flaw) -> None:
        self.flaw = flaw
        self._blocks.clear()


def _sound(piece: bytes) -> bool:
    """Whether each CR and each LF is part of a CRLF.

    A line ends with a CRLF, or with one of them alone: there are half as many lines as octets of
    them if, and only if, none is alone. To count these is several times as fast as to look for
    pairs.
    """
    lines = piece.splitlines()
    ended = len(lines) - (not piece.endswith((b"\r", b"\n")))
    return 2 * ended == len(piece.translate(None, _OTHERS))
