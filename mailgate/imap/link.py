"""One connection to a mailbox, for one thread; what it cannot do raises `Temporary`.

A thin layer over imapclient. A connection that has failed in any way is good for nothing more:
close it and open another. Folders are only looked at (EXAMINE), and mails fetched by PEEK, so
that nothing in the mailbox shows that anybody was there; but for what is moved or filed.
"""

import contextlib
import imaplib
import re
import select
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, TypeGuard

from imapclient import DELETED, IMAPClient, SocketTimeout, imap_utf7
from imapclient.datetime_util import parse_to_datetime
from imapclient.exceptions import LoginError
from imapclient.response_parser import parse_response

from mailgate.errors import Temporary
from mailgate.imap.account import Account, LoginRefused, Tls
from mailgate.imap.folders import Folder
from mailgate.imap.uids import Uids, copied

_MOST_IN_A_LINE = 50_000  # UIDs that SEARCH may name in one line; imaplib takes 1 MB
_MOST_FETCHED = 1000  # UIDs that FETCH may name in one line; some servers take 8 or 64 KB
_HEADER = (
    "BODY.PEEK[HEADER.FIELDS"
    " (X-TUID MESSAGE-ID FROM DATE SUBJECT TO CC IN-REPLY-TO REFERENCES)]<0.16384>"
)
_APPENDED = re.compile(rb"\[APPENDUID \d+ (\d{1,10})\]", re.IGNORECASE)  # RFC 4315 section 3
_LONGEST_SAID = 200  # characters of a server's words
_BYTES_SHOWN = re.compile(r"^b(['\"])(.*)\1$", re.DOTALL)


class NoFolder(Temporary):
    """There is no such folder, or it cannot be looked into."""


class NotMoved(Temporary):
    """The server does not move mails, for a reason of its own; the connection is good still."""


class NotMarked(Temporary):
    """The server does not keep a keyword; the connection is good still."""


class NotFiled(Temporary):
    """The server does not take a mail into a folder; the connection is good still."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A folder at the moment of a look; `uidnext` None where the server does not tell.

    `modseq` grows with every change of a flag (RFC 7162), None where the server counts none.
    `keywords`: whether new ones are kept, None where it does not tell.
    """

    uidvalidity: int
    uidnext: int | None
    messages: int
    modseq: int | None = field(default=None, compare=False)
    keywords: bool | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Overview:
    """What a mail is without its content: octets, when it came (aware UTC), some of its header."""

    uid: int
    size: int
    at: datetime
    header: bytes


class Link:
    """A connection that is logged in."""

    def __init__(self, client: IMAPClient, capabilities: frozenset[str]) -> None:
        self._client = client
        self._inner: Any = client._imap  # noqa: SLF001 - imapclient's own idle() is full of traps
        self.capabilities = capabilities
        self.selected: str | None = None

    @classmethod
    def open(cls, account: Account) -> Self:
        """Connect, have it made private, and log in. Raises `LoginRefused` or `Temporary`."""
        token = account.token() if account.token is not None else None
        with _blamed(f"{account.host}:{account.port}"):
            client = IMAPClient(
                account.host,
                account.port,
                ssl=account.tls is Tls.IMPLICIT,
                ssl_context=account.context() if account.tls is Tls.IMPLICIT else None,
                timeout=SocketTimeout(account.timeout, account.timeout),
            )
        try:
            client._imap.debug = 0  # noqa: SLF001 - it would put every line into words for nobody
            client.normalise_times = False  # aware times
            with _blamed("before login"):
                if account.tls is Tls.STARTTLS:
                    client.starttls(account.context())
                if token is not None:
                    client.oauth2_login(account.user, token)
                else:
                    client.login(account.user, account.password)
                # Asked once: imapclient would ask again at the wrong moment, within IDLE.
                words = client.capabilities()
                if {b"CONDSTORE", b"ENABLE"} <= set(words):
                    # Some count changes only for whoever wants it (RFC 7162 3.1); it can be missed.
                    with contextlib.suppress(imaplib.IMAP4.error):
                        client.enable("CONDSTORE")
        except Temporary:
            _hang_up(client)
            raise
        return cls(client, frozenset(word.decode("ascii", "replace").upper() for word in words))

    def close(self) -> None:
        """Hang up; whatever state the connection is in."""
        _hang_up(self._client)

    def folders(self) -> list[Folder]:
        """Return every folder, but none whose name could not be sent back."""
        with _blamed("LIST"):
            listed = self._client.list_folders()
        return [
            Folder(
                name,
                frozenset(flag.decode("ascii", "replace") for flag in flags),
                (separator or b"").decode("ascii", "replace"),
            )
            for flags, separator, name in listed
            if isinstance(name, str) and name.isprintable()
        ]

    def prefix(self) -> str:
        """Return what stands before the names of all folders that one makes (RFC 2342)."""
        if "NAMESPACE" not in self.capabilities:
            return ""
        with _blamed("NAMESPACE"):
            personal = self._client.namespace().personal
        first = personal[0][0] if personal else ""
        return first if isinstance(first, str) else first.decode("ascii", "replace")

    def make(self, folder: str) -> None:
        """Make a folder, and have mail programs show it."""
        with _blamed(f"CREATE {folder}"):
            self._client.create_folder(folder)
            self._client.subscribe_folder(folder)

    def rename(self, folder: str, name: str) -> None:
        """Give a folder another name, under which mail programs show it."""
        with _blamed(f"RENAME {folder}"):
            self._client.rename_folder(folder, name)
            self._client.subscribe_folder(name)

    def examine(self, folder: str) -> Examined:
        """Look into a folder, and return how it stands now. Raises `NoFolder`.

        It is also what must come last before `wait`: SEARCH and FETCH may swallow the word of a
        new mail, of which IDLE then says nothing.
        """
        return self._enter(folder, readonly=True)

    def standings(self, folders: Iterable[str]) -> dict[str, Examined]:
        """Return how folders stand now, without looking in: asked of all at once.

        Those are left out of which STATUS does not tell all, and the one that is looked into: some
        servers tell of it how it stood when it was opened.
        """
        counts = "CONDSTORE" in self.capabilities
        items = ["UIDVALIDITY", "UIDNEXT", "MESSAGES", *(["HIGHESTMODSEQ"] if counts else [])]
        found = {}
        with _blamed("STATUS"):
            asked = [
                (folder, self._send("STATUS", _quoted(folder), f"({' '.join(items)})"))
                for folder in folders
                if folder != self.selected
            ]
            for folder, tag in asked:
                told = self._status(folder, tag)
                match [told.get(item.encode()) for item in items]:
                    case [int(validity), int(uidnext), int(messages), *modseq]:
                        # none is counted where it is 0 (RFC 7162 3.1.2.2)
                        modseq = [count for count in modseq if isinstance(count, int) and count]
                        found[folder] = Examined(validity, uidnext, messages, *modseq)
        return found

    def _send(self, name: str, *words: str | bytes) -> bytes:
        tag: bytes = self._inner._command(name, *words)  # noqa: SLF001 - imaplib waits for each answer
        return tag

    def _status(self, folder: str, tag: bytes) -> Mapping[bytes, Any]:
        """Return what a STATUS told; nothing if it was refused, or told of another folder."""
        try:
            self._inner._command_complete("STATUS", tag)  # noqa: SLF001 - imaplib waits for each answer
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            self._inner.untagged_responses.pop("STATUS", None)
            return {}
        match parse_response(self._inner.untagged_responses.pop("STATUS", [])):
            case [bytes(name), [*facts]] if imap_utf7.decode(name) == folder:
                return dict(zip(facts[::2], facts[1::2], strict=False))
        return {}

    def _enter(self, folder: str, *, readonly: bool) -> Examined:
        self.selected = None
        try:
            with _blamed(f"{'EXAMINE' if readonly else 'SELECT'} {folder}"):
                said = self._client.select_folder(folder, readonly)
        except Temporary as fault:
            if _is_refusal(cause := fault.__cause__):
                raise NoFolder(f"{folder} cannot be looked into: {_said(cause)}") from cause
            raise
        self.selected = folder
        validity = said.get(b"UIDVALIDITY")
        if not isinstance(validity, int):
            raise NoFolder(f"{folder} has no UIDVALIDITY: its mails cannot be told apart")
        uidnext, modseq = said.get(b"UIDNEXT"), said.get(b"HIGHESTMODSEQ")
        counts = "CONDSTORE" in self.capabilities and isinstance(modseq, int)
        return Examined(
            validity,
            uidnext if isinstance(uidnext, int) else None,
            said.get(b"EXISTS", 0),
            modseq if counts else None,
            _keeps_keywords(said.get(b"PERMANENTFLAGS")),
        )

    def keeps_keywords(self, folder: str) -> bool | None:
        """Whether new keywords are kept in a folder (RFC 9051 7.1); None: the server says nothing.

        It is entered as if to be changed, since EXAMINE tells of no flags that could be.
        """
        return self._enter(folder, readonly=False).keywords

    def uids_after(self, last: int, folder: Examined) -> list[int]:
        """Return the UIDs above `last`, in order.

        A range up to `*` always holds the last mail, however low its UID (RFC 9051 6.4.4).
        """
        if folder.uidnext is not None and folder.uidnext - 1 <= last:
            return []
        found: set[int] = set()
        with _blamed("UID SEARCH"):
            for span in _spans(last + 1, folder):
                found.update(self._client.search(["UID", span]))
        return sorted(uid for uid in found if uid > last)

    def uids(self, folder: Examined) -> Uids:
        """Return all UIDs; of a server that knows ESEARCH (RFC 4731) in a few octets.

        Raises `Temporary` when a server tells of many more mails than there are.
        """
        if "ESEARCH" not in self.capabilities:
            return Uids.of(self.uids_after(0, folder))
        told: list[bytes] = []
        with _blamed("UID SEARCH"):
            for span in _spans(1, folder):
                self._inner.untagged_responses.pop("ESEARCH", None)
                state, words = self._inner.uid("SEARCH", "RETURN", "(ALL)", "UID", span)
                if state != "OK":
                    raise imaplib.IMAP4.error(words[-1])
                told += self._inner.untagged_responses.pop("ESEARCH", ())
            found = Uids.told(told)
        if len(found) > folder.messages + _MOST_IN_A_LINE:
            raise Temporary(f"the server tells of {len(found)} mails, and has {folder.messages}")
        return found if told else Uids.of(self.uids_after(0, folder))

    def struck(self) -> list[int]:
        """Return the UIDs of the mails that are marked as deleted."""
        with _blamed("UID SEARCH"):
            return sorted(self._client.search(["DELETED"]))

    def marked(self, mark: str) -> list[int]:
        """Return the UIDs of the mails that bear a flag (with its backslash) or a keyword."""
        criteria = [mark[1:].upper()] if mark.startswith("\\") else ["KEYWORD", mark]
        with _blamed("UID SEARCH"):
            return sorted(self._client.search(criteria))

    def called(self, rfc_id: str, since: datetime) -> list[int]:
        """Return the UIDs of the mails of a Message-ID that came on the day of `since` or later."""
        criteria = ["SINCE", since.date(), "HEADER", "Message-ID", rfc_id]
        with _blamed("UID SEARCH"):
            return sorted(self._client.search(criteria))

    def file(
        self, folder: str, raw: bytes, at: datetime, flags: Sequence[str] = ("\\Seen",)
    ) -> int | None:
        """Put a mail into a folder, as if it had come at that time; return its UID, if it is told.

        Raises `NotFiled` when the server does not take it.
        """
        with _blamed(f"filing in {folder}"):
            try:
                said = self._client.append(folder, raw, flags, at)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise NotFiled(f"filing in {folder}: {_said(error)}") from error
        told = _APPENDED.search(said) if isinstance(said, bytes) else None
        return None if told is None else int(told.group(1))

    def remove(self, folder: str, uid: int) -> None:
        """Take one mail out of a folder, and no other; without UIDPLUS it is only marked so."""
        self._enter(folder, readonly=False)
        with _blamed(f"removing from {folder}"):
            self._client.add_flags([uid], [DELETED], silent=True)
            if "UIDPLUS" in self.capabilities:
                self._client.uid_expunge([uid])

    def mark(self, folder: str, uids: Sequence[int], keyword: str, *, on: bool) -> None:
        """Put a keyword on mails of a folder, or take it off. Raises `NoFolder`, `NotMarked`."""
        self._enter(folder, readonly=False)
        store = self._client.add_flags if on else self._client.remove_flags
        with _blamed(f"marking in {folder}"):
            try:
                store(uids, [keyword], silent=True)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise NotMarked(f"marking in {folder}: {_said(error)}") from error

    def saved_at(self, uids: Sequence[int]) -> dict[int, datetime]:
        """Return when mails came into this very folder (RFC 8514), where the server knows."""
        if not uids or "SAVEDATE" not in self.capabilities:
            return {}
        found: dict[int, Mapping[bytes, Any]] = {}
        with _blamed("UID FETCH"):
            for start in range(0, len(uids), _MOST_FETCHED):
                found |= self._client.fetch(uids[start : start + _MOST_FETCHED], ["SAVEDATE"])
        return {
            uid: parse_to_datetime(at, normalise=False).astimezone(UTC)
            for uid, items in found.items()
            if isinstance(at := items.get(b"SAVEDATE"), bytes)
        }

    def overviews(self, uids: Sequence[int]) -> list[Overview]:
        """Return what these mails are, those that are still there, in order of UID."""
        with _blamed("UID FETCH"):
            found = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE", _HEADER])
        seen = []
        for uid, items in sorted(found.items()):
            size, at = items.get(b"RFC822.SIZE"), items.get(b"INTERNALDATE")
            if isinstance(size, int) and isinstance(at, datetime):
                seen.append(Overview(uid, size, at.astimezone(UTC), _body(items)))
        return seen

    def bodies(self, uids: Sequence[int], most: int) -> Mapping[int, bytes]:
        """Return the bytes of mails, of each at most `most` octets; those that are gone are not in.

        A mail that another session has expunged meanwhile has no BODY.
        """
        with _blamed("UID FETCH"):
            found = self._client.fetch(uids, [f"BODY.PEEK[]<0.{most}>"])
        return {uid: body for uid, items in found.items() if (body := _body(items))}

    def move(self, uids: Sequence[int], source: str, target: str) -> dict[int, int]:
        """Move mails from a folder to another; return old UID -> new UID, as far as it is told.

        Those that are gone are not in. Without MOVE they are copied and marked as deleted, and
        without UIDPLUS left so: EXPUNGE would take what others have marked, too. Raises `NoFolder`
        when there is no source, and `NotMoved`.
        """
        self._enter(source, readonly=False)
        self._inner.untagged_responses.pop("COPYUID", None)
        with _blamed(f"moving to {target}"):
            try:
                self._moved(uids, target)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                # One mail that another session has just expunged, and none is moved (RFC 5530
                # EXPUNGEISSUED); a server that could tell of it since is content with the rest.
                self._client.noop()
                self._move_again(uids, target)
        told = self._inner.untagged_responses.pop("COPYUID", None)
        return copied(told[-1], len(uids)) if told else {}

    def _move_again(self, uids: Sequence[int], target: str) -> None:
        try:
            self._moved(uids, target)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise NotMoved(f"moving to {target}: {_said(error)}") from error

    def _moved(self, uids: Sequence[int], target: str) -> None:
        if "MOVE" in self.capabilities:
            self._client.move(uids, target)
            return
        self._client.copy(uids, target)
        self._client.add_flags(uids, [DELETED], silent=True)
        if "UIDPLUS" in self.capabilities:
            self._client.uid_expunge(uids)

    def wait(self, seconds: float, wake: int) -> bool:
        """Wait until the server says anything, `seconds` at most; tell whether it did.

        It waits in IDLE, or where the server knows no such thing, in vain. `wake` is a file
        descriptor that ends the wait when it can be read. Nothing is read while waiting: a line
        may come in pieces, and the end of the connection can be read at once, again and again.
        What a server says before it agrees to IDLE counts too.
        """
        imap = self._inner
        if "IDLE" not in self.capabilities:
            return self._readable(seconds, wake)
        with _blamed("IDLE"):
            tag = imap._command("IDLE")  # noqa: SLF001 - imapclient hides what its own idle() does wrong
            said = False
            while imap._get_response() is not None:  # noqa: SLF001 - imapclient hides what its own idle() does wrong
                if imap.tagged_commands[tag] is not None:
                    raise imaplib.IMAP4.abort("the server refuses what it offers")
                said = True
            said = said or self._readable(seconds, wake)
            imap.send(b"DONE\r\n")
            imap._command_complete("IDLE", tag)  # noqa: SLF001 - imapclient hides what its own idle() does wrong
        return said

    def _readable(self, seconds: float, wake: int) -> bool:
        """Wait for octets, without taking any away."""
        imap = self._inner
        patience = imap.sock.gettimeout()
        imap.sock.settimeout(0.0)
        try:
            with contextlib.suppress(OSError):  # with TLS, no octets are an error
                if imap.file.peek(1):
                    return True
        finally:
            imap.sock.settimeout(patience)
        poller = select.poll()
        poller.register(imap.sock, select.POLLIN)
        poller.register(wake, select.POLLIN)
        return any(at == imap.sock.fileno() for at, _ in poller.poll(seconds * 1000))


def _quoted(folder: str) -> bytes:
    escaped: bytes = imap_utf7.encode(folder).replace(b"\\", rb"\\").replace(b'"', rb"\"")
    return b'"' + escaped + b'"'


def _spans(first: int, folder: Examined) -> Iterator[str]:
    if folder.messages <= _MOST_IN_A_LINE or folder.uidnext is None:
        yield f"{first}:*"
        return
    for start in range(first, folder.uidnext, _MOST_IN_A_LINE):
        yield f"{start}:{min(start + _MOST_IN_A_LINE, folder.uidnext) - 1}"


def _body(items: Mapping[bytes, Any]) -> bytes:
    body = next((value for key, value in items.items() if key.startswith(b"BODY[")), None)
    return body if isinstance(body, bytes) else b""


@contextlib.contextmanager
def _blamed(what: str) -> Iterator[None]:
    """Turn whatever imapclient, imaplib or the network raises into `Temporary`."""
    try:
        yield
    except LoginError as error:
        raise LoginRefused(f"the server refuses the login: {_said(error)}") from error
    except (imaplib.IMAP4.error, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Temporary(f"{what}: {_said(error)}") from error


def _is_refusal(error: BaseException | None) -> TypeGuard[imaplib.IMAP4.error]:
    """Whether the server said no to a command, and the connection is good still."""
    return isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort)


def _said(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = _BYTES_SHOWN.sub(r"\2", text)  # imaplib makes a text of the server's octets so
    return " ".join(text.split())[:_LONGEST_SAID] or type(error).__name__


def _keeps_keywords(flags: object) -> bool | None:
    return b"\\*" in flags if isinstance(flags, (tuple, list)) else None


def _hang_up(client: IMAPClient) -> None:
    with contextlib.suppress(imaplib.IMAP4.error, OSError):
        client.shutdown()
