"""DKIM, SPF, DMARC and ARC verified here, for desks without a border that does it.

The libraries are loaded when the first mail is verified. They read what strangers wrote, so each
call stands in a guard; only what they say about cryptography and SPF records is used, everything
else is decided here. Blocks while it asks the DNS: never to be called inside a transaction.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mailgate.errors import Temporary
from mailgate.intake.resolver import Lookups, Resolve
from mailgate.mail import headers
from mailgate.mail.alignment import Policy, aligned, canonical, organisation, read_policy
from mailgate.mail.guard import guard
from mailgate.mail.parse import Limits, ParsedMail
from mailgate.mail.prescan import prescan
from mailgate.mail.trust import Finding

BY = "mailgate"
MOST_SIGNATURES = 5
"""DKIM signatures of a mail that are tried; each may cost a look-up and a hash of the body."""
_LONGEST_SIGNATURE = 4096  # octets; dkimpy's work grows with the names in h= times the fields
_SMALLEST_KEY = 1024  # bits, RFC 8301 section 3.2
# May stand once (RFC 5322 section 3.6, RFC 2045 section 3): a second one, which a signature does
# not cover, is what people would see.
_ONCE = (
    *(b"from", b"sender", b"reply-to", b"to", b"cc", b"message-id", b"subject", b"date"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding"),
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail to be verified. `peer`, the address it came from, is None if one of ours passed it on.

    `mail_from` is the sender of the envelope, empty for the null sender.
    """

    raw: bytes
    mail: ParsedMail
    mail_from: str
    peer: str | None


class Verifier:
    """Verifies mails within `seconds` of look-ups for each."""

    def __init__(
        self,
        resolve: Resolve,
        seconds: float,
        limits: Limits,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolve = resolve
        self._seconds = seconds
        self._limits = limits
        self._tick = tick

    def findings(self, arrived: Arrived, *, chain: bool) -> tuple[Finding, ...]:
        """Return what DKIM, SPF, DMARC and, if there is a `chain` worth it, ARC say of a mail.

        A mail over the limits of a header is not verified: the libraries are not linear.
        """
        if prescan(arrived.raw, self._limits).over:
            return (Finding("dkim", "policy", "", BY, note="not verified: over the limits"),)
        lookups = Lookups(self._resolve, self._seconds, self._tick)
        found = _dkim(arrived, lookups) + _spf(arrived, lookups)
        domain = (arrived.mail.strict_from or "").rpartition("@")[2]
        if domain:
            found.append(_dmarc(domain, found, lookups))
        if chain:
            found.append(_arc(arrived, lookups))
        return tuple(found)


def _txt(lookups: Lookups) -> Callable[..., bytes | None]:
    """Return look-ups in the shape that dkimpy wants."""

    def look_up(name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG001 - dkimpy gives it
        return next(iter(lookups(name.decode("ascii"), "TXT")), None)

    return look_up


def _dkim(arrived: Arrived, lookups: Lookups) -> list[Finding]:
    import dkim

    notes: list[str] = []
    signed: Any = guard(
        "reading the fields",
        lambda: dkim.DKIM(arrived.raw, minkey=_SMALLEST_KEY),
        lambda: None,
        notes,
    )
    if signed is None:
        return [Finding("dkim", "permerror", "", BY, note=note) for note in notes]
    signatures = [value for name, value in signed.headers if name.lower() == b"dkim-signature"]
    if not signatures:
        return [Finding("dkim", "none", "", BY)]
    return [
        _signature(signed, index, arrived.mail, lookups)
        for index, value in enumerate(signatures[:MOST_SIGNATURES])
        if len(value) <= _LONGEST_SIGNATURE
    ]


def _signature(signed: Any, index: int, mail: ParsedMail, lookups: Lookups) -> Finding:
    """Verify one signature; what is valid but says too little is `policy` (RFC 8601 2.7.1)."""
    signed.domain, signed.include_headers, signed.signature_fields = b"", (), {}
    failures = lookups.failures
    notes: list[str] = []
    valid = guard(
        "verifying", lambda: signed.verify(index, dnsfunc=_txt(lookups)), lambda: False, notes
    )
    domain = canonical(signed.domain.decode("utf-8", "replace"))
    if lookups.failures > failures:
        return Finding("dkim", "temperror", domain, BY)
    if not valid:
        return Finding("dkim", "fail", domain, BY, note="; ".join(notes))
    lack = _lack(signed, mail)
    return Finding("dkim", "policy" if lack else "pass", domain, BY, note=lack)


def _lack(signed: Any, mail: ParsedMail) -> str:
    """Return why a valid signature proves nothing, "" if it does prove who wrote the mail."""
    covered = signed.include_headers
    names = [name.lower() for name, _value in signed.headers]
    authors = tuple(headers.text(v) for name, v in signed.headers if name.lower() == b"from")
    if signed.signature_fields.get(b"a") == b"rsa-sha1":
        return "SHA-1 is not accepted (RFC 8301 3.1)"
    if b"l" in signed.signature_fields:
        return "it signs a part of the body only (l=), and anybody can write the rest"
    if b"from" not in covered or authors != mail.headers.get("from"):
        return "it does not sign From (RFC 6376 5.4)"
    for name in _ONCE:
        if names.count(name) > max(1, covered.count(name)):
            return f"there is a second {name.decode().title()} that it does not sign"
    return ""


def _spf(arrived: Arrived, lookups: Lookups) -> list[Finding]:
    """Check the envelope sender, unless there is none or a server of ours passed the mail on."""
    domain = canonical(arrived.mail_from.rpartition("@")[2])
    if arrived.peer is None or not domain:
        return []
    import spf

    def check() -> str:
        query = spf.query(arrived.peer, arrived.mail_from, domain)

        def look_up(name: str, kind: str, *, ignore_void: bool = False) -> list[Any]:
            try:
                found = lookups(str(name), kind)
            except Temporary as error:
                raise spf.TempError(str(error)) from error
            if not found and not ignore_void:
                query.void_lookups += 1
                if query.void_lookups > spf.MAX_VOID_LOOKUPS:
                    raise spf.PermError("too many look-ups without an answer (RFC 7208 4.6.4)")
            return [(record,) if kind == "TXT" else record for record in found]

        query.dns = look_up
        return str(query.check()[0])

    notes: list[str] = []
    result = guard("checking", check, lambda: "permerror", notes)
    return [Finding("spf", result, domain, BY, note="; ".join(notes))]


def _dmarc(domain: str, found: Sequence[Finding], lookups: Lookups) -> Finding:
    """Evaluate DMARC (RFC 7489 section 6.6.2).

    A failure needs all the evidence: where SPF could not be checked, because a server of ours
    passed the mail on, or the DNS did not answer, none is stated.
    """
    try:
        policy = _policy(domain, lookups)
    except Temporary as error:
        return Finding("dmarc", "temperror", domain, BY, note=str(error))
    if policy is None:
        return Finding("dmarc", "none", domain, BY)
    strict = {"dkim": policy.strict_dkim, "spf": policy.strict_spf}
    passed = any(
        each.result == "pass" and aligned(each.subject, domain, strict=strict[each.method])
        for each in found
    )
    if passed:
        return Finding("dmarc", "pass", domain, BY, policy=policy.request)
    checked = {each.method for each in found if each.result != "temperror"}
    if "spf" not in checked or any(each.result == "temperror" for each in found):
        note = "not everything could be checked here"
        return Finding("dmarc", "temperror", domain, BY, policy=policy.request, note=note)
    return Finding("dmarc", "fail", domain, BY, policy=policy.request)


def _policy(domain: str, lookups: Lookups) -> Policy | None:
    """Find the policy of a domain, or of its organisation (RFC 7489 section 6.6.3)."""
    own = read_policy(_records(domain, lookups), of="domain")
    above = organisation(domain)
    if own is not None or above == domain:
        return own
    return read_policy(_records(above, lookups), of="organisation")


def _records(domain: str, lookups: Lookups) -> list[str]:
    return [record.decode("latin-1") for record in lookups(f"_dmarc.{domain}", "TXT")]


def _arc(arrived: Arrived, lookups: Lookups) -> Finding:
    """Verify the chain of seals (RFC 8617 section 5.2)."""
    import dkim

    failures = lookups.failures
    notes: list[str] = []
    verdict = guard(
        "verifying",
        lambda: dkim.ARC(arrived.raw, minkey=_SMALLEST_KEY).verify(dnsfunc=_txt(lookups))[0],
        lambda: None,
        notes,
    )
    if lookups.failures > failures:
        return Finding("arc", "temperror", "", BY)
    passed = verdict == dkim.CV_Pass
    return Finding("arc", "pass" if passed else "fail", "", BY, note="; ".join(notes))
