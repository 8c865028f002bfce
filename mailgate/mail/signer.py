"""Addresses and Message-IDs that only this gateway can have written.

What comes back in them is believed as far as it was signed: the ticket, what the address is for,
its day, and to whom it was given. The text is lower-case base32 and read in any case; a changed
character makes the whole worth nothing. A local part stays within 64 octets (RFC 5321).

A token reads: key (2 characters), purpose (1), day (3), holder (6 or 4), signature (14 or 10) and,
where it is not 0, the nonce.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from mailgate.errors import Refused
from mailgate.mail.address import LONGEST_LOCAL_PART, normalise, valid

Purpose = Literal["reply", "note", "confirm", "rate"]
"""What a signed ticket address is for."""

VALID_DAYS = 90
SHORTEST_KEY = 16  # octets

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_DAYS = 32**3  # days come round after 89 years
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_LARGEST_NONCE = 32**4 - 1
_REMEMBERED = 4096  # addresses, of some 250 octets each
_KEY, _HEAD = 2, 6  # characters of the key's name; those before the holder
_TAG, _SIGNATURE = 6, 16  # of a Message-ID: recipient, signature
_SIGNED = _SIGNATURE * 5 // 8  # octets of a digest that the longest signature shows
_SHIFTS = range(_SIGNED * 8 - 10, -1, -10)  # of two characters each
_DOT_ATOM = re.compile(r"[a-z0-9!#$%&'*/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*/=?^_`{|}~-]+)*")
_DELIMITERS = ("+", "-", "=", "_", "#", "~")
_TOKEN = re.compile(r"[a-z2-7]{20,30}")


@dataclass(frozen=True, slots=True)
class _Form:
    """One length of token; the letter of the purpose tells which."""

    letters: Mapping[str, str]
    holder: int
    signature: int

    @property
    def length(self) -> int:
        return _HEAD + self.holder + self.signature


_LONG = _Form(
    {
        "reply": "r",
        "note": "n",
        "confirm": "c",
        "rate": "s",
        "bounce": "b",
        "canary": "k",
        "digest": "d",
        "page": "p",
        "approval": "a",
    },
    6,
    14,
)
_SHORT = _Form(
    {
        "reply": "w",
        "note": "x",
        "confirm": "y",
        "rate": "v",
        "bounce": "z",
        "canary": "j",
        "digest": "e",
    },
    4,
    10,
)
_DIGEST = "digest"
_NOT_OF_A_TICKET = ("bounce", "canary", "page", "approval", _DIGEST)
"""Purposes of what is no address at which somebody writes to a ticket."""
_BY_LETTER = {
    letter: (form, purpose) for form in (_LONG, _SHORT) for purpose, letter in form.letters.items()
}


@dataclass(frozen=True, slots=True)
class TicketAddress:
    """What a signed address says.

    Only when `genuine` is any of it true; it gives a sender powers only when it is neither
    `expired` nor held by somebody else (`holder_matches`). `number` is upper-case, `purpose` one
    of `Purpose`. `nonce` is the resolution that a confirm address belongs to, the score that a
    rating address gives, and the approval that is asked for where an answer decides it; the page
    of a survey has none.
    """

    number: str
    purpose: str
    nonce: int
    genuine: bool
    expired: bool
    holder_matches: bool


@dataclass(frozen=True, slots=True)
class OwnMessageId:
    """A Message-ID that we wrote: for which ticket (upper-case), and which of its mails.

    `root` marks the id that heads the References of every mail of a ticket; `unique` is then 0.
    """

    number: str
    unique: int
    root: bool


class Signer:
    """Writes and reads what is signed with this gateway's keys.

    `keys` are all that are still believed, by name, each of 16 octets at least; `current` names
    the one that signs. `domain` stands behind Message-IDs and keeps the addresses of two desks
    with the same keys apart. Raises `Refused` for keys or a domain that cannot serve.
    """

    def __init__(
        self,
        keys: Mapping[str, bytes],
        current: str,
        domain: str,
        delimiter: str = "+",
        valid_days: int = VALID_DAYS,
    ) -> None:
        if current not in keys:
            raise Refused(f"there is no signing key {current!r}; there are {sorted(keys)}")
        if any(len(key) < SHORTEST_KEY for key in keys.values()):
            raise Refused(f"a signing key needs at least {SHORTEST_KEY} octets")
        if delimiter not in _DELIMITERS:
            raise Refused(f"{delimiter!r} is no delimiter of addresses: {' '.join(_DELIMITERS)}")
        self._domain = normalise(f"postmaster@{domain}").rpartition("@")[2]
        begun = f"mailgate 1\0{self._domain}\0".encode()
        macs = {name: hmac.new(key, begun, "sha256") for name, key in keys.items()}
        self._current = _key_name(current), macs[current]
        self._keys = [(_key_name(name), mac) for name, mac in macs.items()]
        self._delimiter = delimiter
        self._valid_days = valid_days
        # What a ticket's people are sent at one day holds the same addresses each time.
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._address)

    # --- addresses ------------------------------------------------------------------------------

    def ticket_address(
        self,
        desk_address: str,
        number: str,
        holder: str,
        purpose: Purpose,
        now: datetime,
        nonce: int = 0,
    ) -> str:
        """Return the address at which `holder`, and nobody else, may write as `purpose` says.

        Valid for `valid_days` from `now` (aware). Raises `Refused` where the number cannot stand
        in an address or the whole would be longer than mail allows.
        """
        return self._remembered(desk_address, number, normalise(holder), purpose, _day(now), nonce)

    def read_ticket_address(self, address: str, holder: str, now: datetime) -> TicketAddress | None:
        """Return what a signed ticket address says, or None where it does not look like one.

        `holder` is the normalised From of the mail, or empty where it has none.
        """
        found = self._read(address, holder, now)
        return None if found is None or found.purpose in _NOT_OF_A_TICKET else found

    def bounce_address(self, desk_address: str, outbox_id: int, now: datetime) -> str:
        """Return the return path (VERP) of one mail of the outbox."""
        return self._address(desk_address, f"bounce-{outbox_id}", "", "bounce", _day(now), 0)

    def canary_address(self, desk_address: str, canary: int, now: datetime) -> str:
        """Return the address that one canary goes to, by which it is known when it comes back."""
        return self._address(desk_address, f"canary-{canary}", "", "canary", _day(now), 0)

    def read_canary_address(self, address: str, now: datetime) -> int | None:
        """Return the canary that an address of ours is for; None where altered or other."""
        return self._counted(address, "canary", now)

    def read_bounce_address(self, address: str, now: datetime) -> int | None:
        """Return the outbox id in a return path of ours; None where altered, expired or other."""
        return self._counted(address, "bounce", now)

    def digest_address(self, desk_address: str, holder: str, now: datetime) -> str:
        """Return the address at which `holder`, and nobody else, may answer the daily digest."""
        return self._address(desk_address, _DIGEST, normalise(holder), "digest", _day(now), 0)

    def read_digest_address(self, address: str, holder: str, now: datetime) -> TicketAddress | None:
        """Return what an address for answers to the digest says; None where it is none of ours.

        `holder` is the normalised From of the mail, or empty where it has none.
        """
        found = self._read(address, holder, now)
        ours = found is not None and found.purpose == _DIGEST and found.genuine
        return found if ours else None

    def _counted(self, address: str, purpose: str, now: datetime) -> int | None:
        """Return the id in an address that is about no ticket."""
        found = self._read(address, "", now)
        if found is None or found.purpose != purpose or not found.genuine or found.expired:
            return None
        return int(found.number.rpartition("-")[2])

    # --- pages ----------------------------------------------------------------------------------

    def page_token(self, number: str, holder: str, resolution: int, now: datetime) -> str:
        """Return what stands in the link to the page at which `holder` answers a resolution.

        It is none of an address: who sees a confirm address cannot make the link of it. Valid for
        `valid_days` from `now` (aware). Raises `Refused` where the number cannot stand in it.
        """
        return self._linked(number, holder, "page", now, resolution)

    def approval_token(self, number: str, holder: str, approval: int, now: datetime) -> str:
        """Return what stands in the link to the page at which `holder` decides an approval.

        As of `page_token`, and neither does the work of the other.
        """
        return self._linked(number, holder, "approval", now, approval)

    def _linked(self, number: str, holder: str, purpose: str, now: datetime, nonce: int) -> str:
        lower = number.lower()
        if not _DOT_ATOM.fullmatch(lower):
            raise Refused(f"ticket number {number!r} cannot stand in a link")
        return f"{lower}.{self._token(_LONG, lower, normalise(holder), purpose, _day(now), nonce)}"

    def read_page_token(self, token: str, holder: str, now: datetime) -> TicketAddress | None:
        """Return what a page's token says, or None where it is altered or is none.

        `holder` is the address that the ticket has now, or empty where that is not known yet.
        """
        return self._read_linked(token, holder, "page", now)

    def read_approval_token(self, token: str, holder: str, now: datetime) -> TicketAddress | None:
        """Return what the token of an approval says, or None where it is altered or is none.

        `holder` is the address of somebody who may decide, or empty where that is not known yet.
        """
        return self._read_linked(token, holder, "approval", now)

    def _read_linked(
        self, token: str, holder: str, purpose: str, now: datetime
    ) -> TicketAddress | None:
        number, _, rest = token.lower().rpartition(".")
        if not _DOT_ATOM.fullmatch(number) or not _TOKEN.fullmatch(rest):
            return None
        found = self._read_token(number, rest, holder, now)
        return found if found and found.genuine and found.purpose == purpose else None

    # --- Message-IDs ----------------------------------------------------------------------------

    def message_id(self, number: str, unique: int, recipient: str) -> str:
        """Return the Message-ID, with angle brackets, of one mail to one recipient.

        `unique` counts the mails, the same value and recipient give the same id.
        """
        return self._message_id(number, str(unique), recipient)

    def root_id(self, number: str) -> str:
        """Return the id that heads the References of the ticket's mails.

        It depends on the current key: keep it with the ticket, or a new key starts new threads.
        """
        return self._message_id(number, "root", "")

    def read_message_id(self, mid: str) -> OwnMessageId | None:
        """Return what a Message-ID of ours says; None when it is not ours or was altered."""
        local, _, domain = mid.strip().removeprefix("<").removesuffix(">").lower().rpartition("@")
        front, _, token = local.rpartition(".")
        number, _, unique = front.rpartition(".")
        if domain != self._domain or not local.isascii():
            return None
        named, tag, signature = token[:_KEY], token[_KEY : _KEY + _TAG], token[_KEY + _TAG :]
        for name, key in self._keys:
            expected = _sign(key, "message", number, unique, tag)[:_SIGNATURE]
            if name == named and hmac.compare_digest(expected, signature):
                root = unique == "root"
                return OwnMessageId(number.upper(), 0 if root else int(unique), root)
        return None

    def unique_of(self, message_id: str) -> int | None:
        """Return which of our mails has a Message-ID; None where it is not that of one."""
        own = self.read_message_id(message_id)
        return None if own is None or own.root else own.unique

    def _message_id(self, number: str, unique: str, recipient: str) -> str:
        name, key = self._current
        lower = number.lower()
        if not _DOT_ATOM.fullmatch(lower):
            raise Refused(f"ticket number {number!r} cannot stand in a Message-ID")
        tag = _sign(key, "recipient", lower, unique, recipient.lower())[:_TAG]
        signature = _sign(key, "message", lower, unique, tag)[:_SIGNATURE]
        return f"<{lower}.{unique}.{name}{tag}{signature}@{self._domain}>"

    # --- loops ----------------------------------------------------------------------------------

    def loop_mark(self) -> str:
        """Return the value of our loop header, X-Mailgate-Loop."""
        name, key = self._current
        return name + _sign(key, "loop")[:_SIGNATURE]

    def is_own_mark(self, value: str) -> bool:
        """Tell whether a loop header carries the mark of one of our keys."""
        given = value.strip().lower().encode("utf-8", "replace")
        marks = [name + _sign(key, "loop")[:_SIGNATURE] for name, key in self._keys]
        return any(hmac.compare_digest(mark.encode(), given) for mark in marks)

    # --- tokens ---------------------------------------------------------------------------------

    def _address(
        self, desk_address: str, number: str, holder: str, purpose: str, day: int, nonce: int
    ) -> str:
        base, _, domain = normalise(desk_address).rpartition("@")
        lower = number.lower()
        if not _DOT_ATOM.fullmatch(lower):
            raise Refused(f"ticket number {number!r} cannot stand in an address")
        if not 0 <= nonce <= _LARGEST_NONCE:
            raise Refused(f"{nonce} is not between 0 and {_LARGEST_NONCE}")
        for form in (_LONG, _SHORT):
            token = self._token(form, lower, holder, purpose, day, nonce)
            local = f"{base}{self._delimiter}{lower}.{token}"
            if len(local) <= LONGEST_LOCAL_PART and valid(f"{local}@{domain}"):
                return f"{local}@{domain}"
        raise Refused(
            f"{desk_address} is too long to carry the ticket number {number} and its signature: "
            f"the part before the @ may have {LONGEST_LOCAL_PART} characters in all"
        )

    def _token(
        self, form: _Form, lower: str, holder: str, purpose: str, day: int, nonce: int
    ) -> str:
        name, key = self._current
        head = name + form.letters[purpose] + _base32(day, 3)
        tag = _sign(key, "holder", lower, holder)[: form.holder]
        tail = _base32(nonce) if nonce else ""
        signature = _sign(key, "address", lower, head, tag, tail)[: form.signature]
        return f"{head}{tag}{signature}{tail}"

    def _read(self, address: str, holder: str, now: datetime) -> TicketAddress | None:
        """Return the first genuine reading of `address`, else the first at all."""
        try:
            local = normalise(address).rpartition("@")[0]
        except Refused:
            return None
        body, _, token = local.rpartition(".")
        if not _TOKEN.fullmatch(token):
            return None
        readings = (self._read_token(number, token, holder, now) for number in self._numbers(body))
        found = [reading for reading in readings if reading is not None]
        return next((reading for reading in found if reading.genuine), found[0] if found else None)

    def _numbers(self, body: str) -> Iterator[str]:
        """Yield what may be the number: the delimiter may also stand in the desk's own name."""
        at = body.find(self._delimiter)
        while at != -1:
            number = body[at + 1 :]
            if at and _DOT_ATOM.fullmatch(number):
                yield number
            at = body.find(self._delimiter, at + 1)

    def _read_token(
        self, number: str, token: str, holder: str, now: datetime
    ) -> TicketAddress | None:
        form, purpose = _BY_LETTER.get(token[_KEY], (None, ""))
        if form is None or len(token) < form.length:
            return None
        head, tag = token[:_HEAD], token[_HEAD : _HEAD + form.holder]
        signature, tail = token[_HEAD + form.holder : form.length], token[form.length :]
        genuine = matches = False
        for name, key in self._keys:
            expected = _sign(key, "address", number, head, tag, tail)[: form.signature]
            if name == head[:_KEY] and hmac.compare_digest(expected, signature):
                genuine = True
                own = _sign(key, "holder", number, holder)[: form.holder]
                matches = bool(holder) and hmac.compare_digest(own, tag)
        age = (_day(now) - _number(head[_KEY + 1 :])) % _DAYS
        expired = self._valid_days < age < _DAYS - 1  # a clock may be a day behind
        return TicketAddress(number.upper(), purpose, _number(tail), genuine, expired, matches)


def _day(now: datetime) -> int:
    return (now - _EPOCH).days % _DAYS


def _sign(key: hmac.HMAC, *facts: str) -> str:
    """Return the signature of `facts` in base32; none of them can contain the separator.

    `key` has taken in what all signatures of this gateway begin with.
    """
    mac = key.copy()
    mac.update("\0".join(facts).encode())
    number = int.from_bytes(mac.digest()[:_SIGNED], "big")
    return "".join([_PAIRS[number >> shift & 0x3FF] for shift in _SHIFTS])


def _key_name(name: str) -> str:
    """Return the two characters that stand for a key's name in a token."""
    digest = hashlib.sha256(name.encode()).digest()
    return base64.b32encode(digest)[:_KEY].decode().lower()


def _base32(number: int, width: int = 0) -> str:
    """Write a number that is not negative in base 32, most significant digit first."""
    digits = ""
    while number or len(digits) < width:
        number, rest = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    return digits


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(_ALPHABET) + _ALPHABET.index(digit)
    return number
