"""Who vouches for the sender of a mail: our own border where it says something, else we ourselves.

Both come to the same findings, and `mail.trust` has the one table that makes a level of them.
Without a `[trust]` table nobody is asked, and nearly nothing is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, ip_address

from mailgate.intake.gate import Network
from mailgate.intake.settings import LOOPBACK
from mailgate.intake.verification import Arrived, Verifier
from mailgate.mail import arc
from mailgate.mail.border import Border, findings
from mailgate.mail.parse import Limits, ParsedMail
from mailgate.mail.prescan import prescan
from mailgate.mail.trust import Authentication, Finding, Trust, judge
from mailgate.store.inbox import Claimed

NOBODY = Border(frozenset(), 0)


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Finds how far the From of a mail can be believed.

    relays: our own servers: only what they bring can bear the word of our border, and SPF can be
        checked only of what others bring.
    verifier: None where nothing is verified here.
    sealers: the domains of forwarders whose ARC seals are believed.
    """

    border: Border = NOBODY
    relays: Sequence[Network] = LOOPBACK
    verifier: Verifier | None = None
    sealers: frozenset[str] = field(default_factory=frozenset)
    limits: Limits = field(default_factory=Limits)

    def waits(self, claimed: Claimed, mail: ParsedMail) -> bool:
        """Whether `authenticate` has to wait for the DNS."""
        return self.verifier is not None and not self._said(claimed, mail)

    def authenticate(self, claimed: Claimed, mail: ParsedMail) -> Authentication:
        """Return the level of a mail and why; blocks for the DNS where mails are verified here."""
        found: tuple[Finding, ...] = ()
        if self.border.ids or self.verifier:
            found = self._found(claimed, mail)
        return judge(mail, found)

    def _said(self, claimed: Claimed, mail: ParsedMail) -> tuple[Finding, ...]:
        """Return what our border says of a mail; it has seen only what servers of ours bring."""
        if self._outside(claimed.peer) is not None:
            return ()
        return self.border.findings(mail.authentication_results, mail.headers.get("received", ()))

    def _found(self, claimed: Claimed, mail: ParsedMail) -> tuple[Finding, ...]:
        found = self._said(claimed, mail)
        seals: tuple[arc.Seal, ...] = ()
        if self.sealers and "arc-seal" in mail.headers:
            fields = prescan(claimed.raw, self.limits).fields
            seals = arc.known_seals(fields, self.sealers)
        if not found and self.verifier is not None:
            peer = self._outside(claimed.peer)
            arrived = Arrived(claimed.raw, mail, claimed.mail_from, peer)
            found = self.verifier.findings(arrived, chain=bool(seals))
        return tuple(_with_seals(each, seals, mail) for each in found)

    def _outside(self, peer: str) -> str | None:
        """Return the address of a peer that is none of ours; a mail by pipe has ours for a peer."""
        try:
            at = ip_address(peer.partition("%")[0])
        except ValueError:
            return None
        if isinstance(at, IPv6Address) and at.ipv4_mapped:
            at = at.ipv4_mapped
        return None if any(at in network for network in self.relays) else str(at)


def _with_seals(finding: Finding, seals: Sequence[arc.Seal], mail: ParsedMail) -> Finding:
    """Return a valid chain as the word of the known sealer who found the mail authentic, if any."""
    if (finding.method, finding.result) != ("arc", "pass"):
        return finding
    for seal in seals:
        said = [each for result in seal.results.results for each in findings(result, seal.domain)]
        if judge(mail, said).level is Trust.STRONG:
            domain = (mail.strict_from or "").rpartition("@")[2]
            return replace(finding, subject=domain, note=f"sealed by {seal.domain}")
    return finding
