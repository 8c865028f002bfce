"""From the bytes of a mail to what is known of it before the database is asked."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from functools import partial
from hashlib import sha256
from itertools import islice

from mailgate.domain import digest
from mailgate.intake.authentication import Authenticator
from mailgate.intake.child import Died
from mailgate.intake.written import Written, written
from mailgate.log import log
from mailgate.mail import alert, forwarded, parts
from mailgate.mail.address import valid
from mailgate.mail.alert import Alert, MachineSender
from mailgate.mail.disguise import Disguise, Pretence
from mailgate.mail.evidence import Own
from mailgate.mail.forwarded import Forwarded
from mailgate.mail.parse import Limits, ParsedMail, parse, rough
from mailgate.mail.prescan import is_odd
from mailgate.mail.quotes import MARKER_OPENS
from mailgate.mail.robots import is_robot
from mailgate.mail.screen import Verdict, screen
from mailgate.mail.signer import Signer
from mailgate.mail.thread import Keys, keys
from mailgate.mail.trust import Authentication, Trust
from mailgate.store.identity import ANONYMOUS
from mailgate.store.inbox import SUBMISSION, Claimed

_AS_ASCII = (
    (b"=\r\n", b""),
    (b"=\n", b""),
    (b"=2E", b"."),
    (b"=2B", b"+"),
    (b"=40", b"@"),
    (b"\0", b""),
)
"""How quoted-printable text of a mail that is attached, and UTF-16, may spell an address."""
_MOST_LOOKED_INTO, _LONGEST_LOOKED_INTO = 20, 1024 * 1024  # attachments, octets of each
_NOT_ASKED = Authentication(Trust.UNKNOWN)
# Each only from its beginning on, and with a signature: whoever pretends to be of the staff could
# make a mail that keeps us busy for a second each MiB otherwise.
_ADDRESS = re.compile(
    r"(?<![\w.+=#~-])[\w.+=#~-]{1,64}\.[a-z2-7]{20,30}@[\w.-]{1,255}", re.ASCII | re.IGNORECASE
)
_SIGNATURE = re.compile(r"\.[a-z2-7]{20,34}", re.ASCII | re.IGNORECASE)
_MOST_SIGNED = 1000  # different ones in one text
_LONGEST_NAME = 100  # characters of what a page is about, before its signature
_APART = re.compile(r"[\s\"'<>]")
_HIDDEN = "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What answers a daily digest: the address signed for its sender, and what it asks for."""

    address: str
    lines: tuple[digest.Line, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One mail, understood as far as its own bytes go.

    `forwarded` is the mail that one of the staff passes on, `alert` what a machine sender says, if
    it is proved to be one. `pretences` are what the sender's name and domain pretend, once it is
    known who works here: who has a name that pretends goes by the address. `by_form`: it came from
    an address of the desk itself, and its writer is whom Reply-To names.
    `canary`: it is the mail of ours that was sent round the loop under this id. `answer`: it came
    to the address at which its sender may answer the daily digest. `written`: of one of the staff,
    what its text and its HTML say.
    """

    claimed: Claimed
    mail: ParsedMail
    verdict: Verdict
    keys: Keys
    quotes_signed: bool
    authentication: Authentication
    own: Own
    alert: Alert | None = None
    forwarded: Forwarded | None = None
    pretences: tuple[Pretence, ...] = ()
    by_form: bool = False
    canary: int | None = None
    answer: Answer | None = None
    written: Written | None = None

    @property
    def fingerprint(self) -> str:
        """What the same mail by two roads has in common.

        Without a Message-ID the same words may come again and be news, so that only what comes at
        about the same time is the same.
        """
        if self.mail.message_id is not None:
            return self.mail.fingerprint
        about = int(self.claimed.received_at.timestamp()) // ANONYMOUS
        return sha256(f"{self.mail.fingerprint} {about}".encode()).hexdigest()

    @property
    def subject(self) -> str:
        """The subject as people see it."""
        return self.mail.subject or "(no subject)"

    @property
    def sender(self) -> str:
        """Who wrote it, as far as anybody can tell: the one strict From, or the best guess."""
        if self.mail.strict_from:
            return self.mail.strict_from
        first = self.mail.from_[0].address if self.mail.from_ else ""
        return first or self.claimed.mail_from

    @property
    def others(self) -> tuple[str, ...]:
        """The people in To and Cc: none of ours, not the sender, and no robots."""
        boxes = dict.fromkeys(box.address for box in (*self.mail.to, *self.mail.cc))
        authors = {box.address for box in self.mail.from_}
        return tuple(
            address
            for address in boxes
            if address not in authors
            and valid(address)
            and not self.own.holds(address)
            and not is_robot(address)
        )

    @property
    def sender_name(self) -> str:
        """The name the sender goes by; empty when there is none."""
        pretends = any(each.kind is not Disguise.DOMAIN for each in self.pretences)
        return self.mail.from_[0].name if self.mail.from_ and not pretends else ""


class Wait(Enum):
    """What a reading may have to wait for."""

    CHILD = auto()
    DNS = auto()


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A reading that has to wait: what for, and what is left to be done, in any thread."""

    wait: Wait
    finish: Callable[[], Reading]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads mails for one desk; those that look as if they could take long, by `read_odd`.

    `staff`: the addresses of who may pass on the mail of a customer. `logins`: those of agents by
    short name: who has logged in wrote the mail, whatever it says. `numbers` finds our numbers in a
    text, `former` those of other systems.
    """

    signer: Signer
    numbers: Callable[[str], tuple[str, ...]]
    addresses: frozenset[str]
    own_lists: frozenset[str]
    delimiter: str
    limits: Limits
    authenticator: Authenticator = field(default_factory=Authenticator)
    read_odd: Callable[[bytes, datetime, Limits], ParsedMail] = parse
    machine_senders: Mapping[str, MachineSender] = field(default_factory=dict)
    staff: frozenset[str] = frozenset()
    logins: Mapping[str, str] = field(default_factory=dict)
    former: Callable[[str], tuple[str, ...]] | None = None

    def read(self, claimed: Claimed, now: datetime) -> Reading:
        """Parse, screen and authenticate one mail, and find what may point to a ticket.

        Waits for whatever has to be waited for. Raises `Temporary` when there is no room for that.
        """
        begun = self.begin(claimed, now)
        return begun.finish() if isinstance(begun, Unfinished) else begun

    def begin(self, claimed: Claimed, now: datetime) -> Reading | Unfinished:
        """Read one mail as far as that needs no waiting, which for most is to the end."""
        if is_odd(claimed.raw):
            return Unfinished(Wait.CHILD, lambda: self._finish(claimed, now, self._parse(claimed)))
        mail = self._by_login(claimed, parse(claimed.raw, claimed.received_at, self.limits))
        finish = partial(self._finish, claimed, now, mail)
        if self._passes_on(mail) and forwarded.attached(mail):
            return Unfinished(Wait.CHILD, finish)
        if self._asks_the_dns(claimed, mail, now):
            return Unfinished(Wait.DNS, finish)
        return finish()

    def parse(self, raw: bytes, received_at: datetime, mail: int | None = None) -> ParsedMail:
        """Parse bytes under the limits of the desk, odd ones apart; `mail` is for the log.

        Raises `Temporary` when there is no room for a process of its own.
        """
        if not is_odd(raw):
            return parse(raw, received_at, self.limits)
        try:
            return self.read_odd(raw, received_at, self.limits)
        except Died as death:
            if death.fault is not None:
                log("child.failed", mail=mail, why=str(death), error=death.fault)
            why = f"reading in a process of its own {death}"
            return rough(raw, received_at, self.limits, why)

    def _parse(self, claimed: Claimed) -> ParsedMail:
        mail = self.parse(claimed.raw, claimed.received_at, claimed.id)
        return self._by_login(claimed, mail)

    def _by_login(self, claimed: Claimed, mail: ParsedMail) -> ParsedMail:
        """Return a mail that was handed in after a login as that of who logged in."""
        if claimed.road != SUBMISSION:
            return mail
        return replace(mail, strict_from=self.logins.get(claimed.peer))

    def _asks_the_dns(self, claimed: Claimed, mail: ParsedMail, now: datetime) -> bool:
        if claimed.road == SUBMISSION or self._canary(claimed, mail, now) is not None:
            return False
        return self.authenticator.waits(claimed, mail)

    def _authenticated(self, claimed: Claimed, mail: ParsedMail) -> Authentication:
        if claimed.road == SUBMISSION:
            return Authentication(Trust.STRONG, (f"{claimed.peer} logged in to hand it in",))
        return self.authenticator.authenticate(claimed, mail)

    def _passes_on(self, mail: ParsedMail) -> bool:
        return mail.strict_from in self.staff

    def _finish(self, claimed: Claimed, now: datetime, mail: ParsedMail) -> Reading:
        own = Own(
            addresses=self.addresses,
            is_own_mark=self.signer.is_own_mark,
            is_own_message_id=lambda text: self.signer.read_message_id(text) is not None,
            read_bounce=lambda address: self.signer.read_bounce_address(address, now),
            own_lists=self.own_lists,
            recipients=claimed.recipients,
            delimiter=self.delimiter,
            machine_senders=frozenset(self.machine_senders),
        )

        canary = self._canary(claimed, mail, now)
        authentication = _NOT_ASKED
        if canary is None:
            authentication = self._authenticated(claimed, mail)
        form = _of_a_form(mail, own)
        if form is not None:
            mail, authentication = form, _unproved(authentication)

        def attached(path: str) -> ParsedMail:
            return self.parse(parts.content(claimed.raw, path), claimed.received_at, claimed.id)

        quotes_signed = form is None and self._quotes_signed(claimed.raw, mail, now)
        wrote: Written | None = None
        if form is None and self._passes_on(mail):
            wrote = written(mail, partial(self._signed, holder=mail.strict_from or "", now=now))
            hide = partial(self._without_signed, holder=mail.strict_from or "", now=now)
            mail = replace(mail, text=hide(mail.text), new_text=hide(mail.new_text))

        return Reading(
            claimed=claimed,
            mail=mail,
            verdict=screen(mail, claimed.mail_from, own, released=claimed.released),
            keys=keys(mail, claimed.recipients, self.numbers, self.signer, now, self.former),
            quotes_signed=quotes_signed,
            authentication=authentication,
            own=own,
            forwarded=(
                forwarded.read(mail, attached) if form is None and self._passes_on(mail) else None
            ),
            alert=self._alert(mail, authentication),
            by_form=form is not None,
            canary=canary,
            answer=self._answer(claimed, mail, now) if form is None else None,
            written=wrote,
        )

    def _answer(self, claimed: Claimed, mail: ParsedMail, now: datetime) -> Answer | None:
        """Return what a mail asks for that came to its sender's own address for the digest.

        Of what stands below the line that marks our mails' beginning nothing is read.
        """
        holder = mail.strict_from or ""
        boxes = (box.address for box in (*mail.to, *mail.cc))
        for address in dict.fromkeys((*claimed.recipients, *boxes)):
            found = self.signer.read_digest_address(address, holder, now)
            if found is not None and found.holder_matches and not found.expired:
                above = mail.text.partition(MARKER_OPENS)[0]
                return Answer(address, digest.lines(above, self.numbers))
        return None

    def _canary(self, claimed: Claimed, mail: ParsedMail, now: datetime) -> int | None:
        """Return which canary a mail is: it went to the signed address of that one, and no other.

        Where the way in does not know the envelope, or its server has cut the sub-address off, its
        To says the same if the mail bears our loop mark as well.
        """
        marks = mail.headers.get("x-mailgate-loop", ())
        marked = any(self.signer.is_own_mark(mark) for mark in marks)
        shown = tuple(box.address for box in mail.to) if marked else ()
        for addresses in (claimed.recipients, shown):
            ids = {self.signer.read_canary_address(address, now) for address in addresses}
            if len(ids) == 1 and ids != {None}:
                return ids.pop()
        return None

    def _alert(self, mail: ParsedMail, authentication: Authentication) -> Alert | None:
        machine = self.machine_senders.get(mail.strict_from or "")
        if machine is None or authentication.level is not Trust.STRONG:
            return None
        return alert.read(mail, mail.strict_from or "", machine)

    def _quotes_signed(self, raw: bytes, mail: ParsedMail, now: datetime) -> bool:
        """Whether what somebody of the staff would send on holds what we signed for the staff.

        Looks into the new text, and into the texts and mails that are attached.
        """
        if not self._passes_on(mail):
            return False
        holder = mail.strict_from or ""
        texts = (mail.new_text, *_attached_texts(raw, mail))
        return any(self._signed(text, holder, now) for text in texts)

    def _signed(self, text: str, holder: str, now: datetime) -> list[str]:
        """Return the addresses and the tokens of pages in a text that we signed for the staff.

        Of very many that look like it none is tried: somebody wants one of them to be passed over.
        """
        signer = self.signer
        addresses, tokens = dict.fromkeys(_ADDRESS.findall(text)), dict.fromkeys(_pages(text))
        if len(addresses) + len(tokens) > _MOST_SIGNED:
            return [*addresses, *tokens]
        read = {
            address: signer.read_ticket_address(address, holder, now)
            or signer.read_digest_address(address, holder, now)
            for address in addresses
        } | {token: signer.read_approval_token(token, holder, now) for token in tokens}
        return [signed for signed, said in read.items() if said and said.genuine]

    def _without_signed(self, text: str, holder: str, now: datetime) -> str:
        """Return a text without what we signed, which gives powers to whoever reads it."""
        found = self._signed(text, holder, now)
        if len(found) > _MOST_SIGNED:
            return _SIGNATURE.sub(f".{_HIDDEN}", text)
        for signed in found:
            local, at, domain = signed.partition("@")
            text = text.replace(signed, f"{local.rpartition('.')[0]}.{_HIDDEN}{at}{domain}")
        return text


def _of_a_form(mail: ParsedMail, own: Own) -> ParsedMail | None:
    """Return what a form on the desk's own website sent as a mail of who filled it in.

    Such forms write as the desk and name the writer in Reply-To. As the desk's own mail it could
    not be answered; None for any other mail.
    """
    if mail.strict_from is None or not own.holds(mail.strict_from) or len(mail.reply_to) != 1:
        return None
    address = mail.reply_to[0].address
    if not valid(address) or own.holds(address):
        return None
    return replace(mail, from_=mail.reply_to, strict_from=address)


def _unproved(found: Authentication) -> Authentication:
    """Return how far whom Reply-To names can be believed: no further than any stranger."""
    if found.level is Trust.FAILED:
        return found
    why = "sent as the desk itself: who wrote it is taken from Reply-To, which nothing proves"
    return Authentication(Trust.UNKNOWN, (*found.reasons, why))


def _pages(text: str) -> Iterator[str]:
    """Yield what may be the tokens of our pages, out of their links."""
    for signature in _SIGNATURE.finditer(text):
        at = signature.start()
        before = text[max(at - _LONGEST_NAME - len("/t/"), 0) : at]
        begin = max(before.rfind("/t/"), before.rfind("/T/"))
        name = before[begin + len("/t/") :]
        if begin >= 0 and name and not _APART.search(name):
            yield name + signature[0]


def _attached_texts(raw: bytes, mail: ParsedMail) -> Iterator[str]:
    """Yield what is attached, whatever it is said to be, from the first on, and its names.

    A mail may be attached as any type: what an address in it stands for does not depend on that.
    """
    for attachment in islice(mail.attachments, _MOST_LOOKED_INTO):
        yield attachment.name
        content = parts.content(raw, attachment.part)[:_LONGEST_LOOKED_INTO]
        for octets, plain in _AS_ASCII:
            content = content.replace(octets, plain)
        yield content.decode("ascii", "ignore")
