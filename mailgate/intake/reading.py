"""From the bytes of a mail to what is known of it before the database is asked."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from mailgate.intake.authentication import Authenticator
from mailgate.mail.address import valid
from mailgate.mail.disguise import Disguise, Pretence
from mailgate.mail.evidence import Own
from mailgate.mail.parse import Limits, ParsedMail, parse
from mailgate.mail.prescan import is_odd
from mailgate.mail.screen import Verdict, screen
from mailgate.mail.signals import is_robot
from mailgate.mail.signer import Signer
from mailgate.mail.thread import Keys, keys
from mailgate.mail.trust import Authentication
from mailgate.store.inbox import Claimed

_ANONYMOUS = 600  # seconds
_ADDRESS = re.compile(r"[\w.+=#~-]{1,64}@[\w.-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """One mail, understood as far as its own bytes go.

    `pretences` are what the sender's name and domain pretend, once it is known who works here: who
    has a name that pretends goes by the address.
    """

    claimed: Claimed
    mail: ParsedMail
    verdict: Verdict
    keys: Keys
    quotes_signed: bool
    authentication: Authentication
    own: Own
    pretences: tuple[Pretence, ...] = ()

    @property
    def fingerprint(self) -> str:
        """What the same mail by two roads has in common.

        Without a Message-ID the same words may come again and be news, so that only what comes at
        about the same time is the same.
        """
        if self.mail.message_id is not None:
            return self.mail.fingerprint
        about = int(self.claimed.received_at.timestamp()) // _ANONYMOUS
        return sha256(f"{self.mail.fingerprint} {about}".encode()).hexdigest()

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


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads mails for one desk; those that look as if they could take long, by `read_odd`."""

    signer: Signer
    numbers: Callable[[str], tuple[str, ...]]
    addresses: frozenset[str]
    own_lists: frozenset[str]
    delimiter: str
    limits: Limits
    authenticator: Authenticator = field(default_factory=Authenticator)
    read_odd: Callable[[bytes, datetime, Limits], ParsedMail] = parse

    def read(self, claimed: Claimed, now: datetime) -> Reading:
        """Parse, screen and authenticate one mail, and find what may point to a ticket."""
        reading = self.read_odd if is_odd(claimed.raw) else parse
        mail = reading(claimed.raw, claimed.received_at, self.limits)
        own = Own(
            addresses=self.addresses,
            is_own_mark=self.signer.is_own_mark,
            is_own_message_id=lambda text: self.signer.read_message_id(text) is not None,
            read_bounce=lambda address: self.signer.read_bounce_address(address, now),
            own_lists=self.own_lists,
            recipients=claimed.recipients,
            delimiter=self.delimiter,
        )
        verdict = screen(mail, claimed.mail_from, own, released=claimed.released)
        found = keys(mail, claimed.recipients, self.numbers, self.signer, now)
        authentication = self.authenticator.authenticate(claimed, mail)
        return Reading(
            claimed,
            mail,
            verdict,
            found,
            self._quotes_signed(mail, now),
            authentication,
            own,
        )

    def _quotes_signed(self, mail: ParsedMail, now: datetime) -> bool:
        """Whether the new text holds an address that we signed for somebody."""
        holder = mail.strict_from or ""
        found = (
            self.signer.read_ticket_address(a, holder, now) for a in _ADDRESS.findall(mail.new_text)
        )
        return any(address is not None and address.genuine for address in found)
