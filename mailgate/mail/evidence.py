"""A mail as the signals look at it: its headers, its envelope, and what of it is ours."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from mailgate.errors import Refused
from mailgate.mail import bounce, openings, robots
from mailgate.mail.address import split_sub
from mailgate.mail.parsed import ParsedMail
from mailgate.mail.report import Report

LONGEST_VALUE = 1000  # characters read of a header's value

_LIST_NAME = re.compile(r"[a-z0-9_.+=-]+(?:@[a-z0-9_.-]+)?")
_REPORT_TYPE = re.compile(r"[;\s]report-type\s*=\s*\"?([a-z0-9-]+)")
_NOT_FAILED = frozenset({"delayed", "delivered", "relayed", "expanded"})  # RFC 3464 section 2.3.3


@dataclass(frozen=True, slots=True)
class Own:
    """What is ours: the desk's addresses and the readers of what we signed.

    `addresses` and `own_lists` are normalised; a list may be named by its address or its List-Id.
    `recipients` are the envelope's. `delimiter` separates a sub-address. `machine_senders` are
    the addresses of machines that we know, normalised.
    """

    addresses: frozenset[str]
    is_own_mark: Callable[[str], bool]
    is_own_message_id: Callable[[str], bool]
    read_bounce: Callable[[str], int | None]
    own_lists: frozenset[str]
    recipients: tuple[str, ...]
    delimiter: str = "+"
    machine_senders: frozenset[str] = frozenset()

    @property
    def unknown(self) -> bool:
        """Nothing is ours: a mail is looked at for itself, without a desk."""
        return not self.addresses

    def holds(self, address: str) -> bool:
        """Tell whether an address, or what it is a sub-address of, is the desk's or a list's."""
        if address in self.addresses:
            return True
        base = self.base(address)
        return base in self.addresses or not self.own_lists.isdisjoint((address, base))

    def base(self, address: str) -> str:
        """Return an address, normalised, without what stands behind the delimiter."""
        try:
            return split_sub(address, self.delimiter)[0]
        except Refused:
            return address

    def split(self, address: str) -> tuple[str, str]:
        """Return (name, detail) of an address of the desk's: what stands around the delimiter.

        Both are empty for any other address.
        """
        try:
            base, detail = split_sub(address, self.delimiter)
        except Refused:
            return "", ""
        return (base.rpartition("@")[0], detail) if base in self.addresses else ("", "")


NO_DESK = Own(
    addresses=frozenset(),
    is_own_mark=lambda _: False,
    is_own_message_id=lambda _: False,
    read_bounce=lambda _: None,
    own_lists=frozenset(),
    recipients=(),
)
"""For a mail that is looked at for itself."""


@dataclass(frozen=True)
class Evidence:
    """A mail under examination; `mail_from` None means that no envelope is known."""

    mail: ParsedMail
    mail_from: str | None
    own: Own

    def values(self, *names: str) -> list[tuple[str, str]]:
        """Return (header name, beginning of its value) for each of these headers that is there."""
        found = self.mail.headers
        if found.keys().isdisjoint(names):
            return []  # as nearly always
        return [(name, value[:LONGEST_VALUE]) for name in names for value in found.get(name, ())]

    @cached_property
    def return_path(self) -> str | None:
        """The envelope's sender, empty for the null path, None when unknown."""
        noted = (self.mail_from,) if self.mail_from is not None else self._noted("return-path")
        return bounce.return_path(noted)

    @cached_property
    def authors(self) -> tuple[str, ...]:
        """The addresses that an answer could come to: From and Reply-To."""
        return tuple(box.address for box in (*self.mail.from_, *self.mail.reply_to))

    @cached_property
    def report_type(self) -> str | None:
        """The kind of a multipart/report (RFC 6522), empty if it says none; None for others."""
        declared = "".join(value for _, value in self.values("content-type")[:1]).lower()
        bare = declared.removeprefix("message/").removeprefix("global-").partition(";")[0].strip()
        if bare in ("delivery-status", "disposition-notification"):
            return bare
        if not declared.startswith("multipart/report"):
            return None
        found = _REPORT_TYPE.search(declared)
        return found[1] if found else ""

    @cached_property
    def own_list(self) -> str | None:
        """The list of ours that passed the mail on, if one did."""
        if not (marks := self.values("list-id", "mailing-list", "list-post")):
            return None
        ours = {name.replace("@", ".") for name in (*self.own.own_lists, *self.own.addresses)}
        for name, value in marks:
            for word in _LIST_NAME.findall(value.lower()):
                if word.replace("@", ".") in ours:
                    return f"{name}: {word}"
        return None

    @cached_property
    def outbox(self) -> int | None:
        """The outbox row whose signed return path this mail came to."""
        to = (*self.own.recipients, *(box.address for box in self.mail.to))
        ids = (self.own.read_bounce(address) for address in to)
        return next((found for found in ids if found is not None), None)

    @cached_property
    def daemon(self) -> str | None:
        """The From that shows that a mail system wrote it, if it does."""
        return bounce.daemon(self.authors, self._noted("from"))

    def _noted(self, name: str) -> list[str]:
        return [value for _, value in self.values(name)]

    @cached_property
    def system(self) -> str | None:
        """What allows reading its subject as a mail system's: its envelope, or what it shows."""
        if self.return_path == "":
            return "null return path"
        if self.return_path and bounce.daemon((self.return_path,), ()):
            return f"return path: {self.return_path}"
        if self.outbox is not None:
            return "sent to a return path of ours"
        if found := bounce.system(self.authors, self._noted("from")):
            return found
        return self._words_of_a_system if self.mail.report else None

    @property
    def _words_of_a_system(self) -> str | None:
        """What, of returned mail that anybody could have written, shows that nobody did."""
        if phrase := openings.returned(self.mail.subject):
            return f"subject: {phrase}"
        robot = next(filter(robots.is_no_reply, self.authors), None)
        return f"from: {robot}" if robot and openings.bounce(self.mail.subject) else None

    @cached_property
    def delivery(self) -> Report | None:
        """The delivery report, if this mail is one; one that is only attached does not count."""
        of_delivery = self.report_type in ("delivery-status", "") or self.system
        return self.mail.report if of_delivery else None

    @cached_property
    def harmless(self) -> str | None:
        """What says of a delivery report that nothing is lost: still tried, or delivered."""
        action = self.delivery.action.lower() if self.delivery else ""
        if action in _NOT_FAILED:
            return f"action: {action}"
        phrase = openings.delay(self.mail.subject) if self.system and not action else None
        return f"subject: {phrase}" if phrase else None
