"""What our own border says of a mail: the Authentication-Results fields that it added.

A field counts if it carries a configured authserv-id and stands above the first Received field
that no server of ours added. The border must take away fields with its own id that come in
(RFC 8601 section 5); where it does not, its own stands on top of them, so the first says what a
method found and the rest is ignored. Of a mail that did not come to the border from outside, but
was handed in on the machine itself, nothing below the border's own Received field counts: filters
leave such mail alone, and the results are those of whoever wrote it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailgate.mail import authres
from mailgate.mail.authres import Result
from mailgate.mail.parsed import ResultsField
from mailgate.mail.trust import Finding

NO_ID = "-"
"""Stands in `authserv_ids` for fields without an id, as Microsoft 365 writes them."""

# As Postfix, Exim, sendmail and qmail write it of a mail by a program of the machine; and a client
# at the loopback interface. What a client calls itself may look like the last, to its loss.
_HANDED_IN = re.compile(
    r"from userid \d|\bwith local\b|\A\s*\(from \S|invoked by uid \d"
    r"|\[(?:ipv6:)?(?:127(?:\.\d{1,3}){3}|::1)\]",
    re.IGNORECASE,
)
_LONGEST_RECEIVED = 2000  # characters looked at
_POLICY = re.compile(r"(?<![\w.])(?:p|policy|action)\s{0,9}=\s{0,9}o?(none|quarantine|reject)")
_POLICIES = ("policy.published-domain-policy", "policy.dmarc", "action")
_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "dkim": ("header.d", "header.i"),
    "dmarc": ("header.from",),
    "iprev": ("policy.iprev", "smtp.remote-ip"),
}


@dataclass(frozen=True, slots=True)
class Border:
    """The servers in front of the desk that are ours.

    ids: the authserv-ids that they write, in small letters.
    hops: how many Received fields they add to a mail from outside.
    """

    ids: frozenset[str]
    hops: int

    def findings(
        self, fields: Iterable[ResultsField], received: Sequence[str]
    ) -> tuple[Finding, ...]:
        """Return what our border found of the mail with these fields, topmost first.

        `received` are its Received fields. One with fewer than the border adds did not cross it.
        """
        if len(received) < self.hops:
            return ()
        outermost = "".join(received[: self.hops][-1:])[:_LONGEST_RECEIVED]
        hops = self.hops - bool(_HANDED_IN.search(outermost))
        found: list[Finding] = []
        for field in fields:
            if field.hops > hops:
                break
            read = authres.read(field.text)
            if (read.server or NO_ID) in self.ids:
                said = {each.method for each in found}
                by = read.server or "our border"
                found += [
                    finding
                    for result in read.results
                    for finding in findings(result, by)
                    if finding.method not in said
                ]
        return tuple(found)


def findings(result: Result, by: str) -> Iterator[Finding]:
    """Yield what one result of an Authentication-Results field comes to, if we know its method."""
    method, words = result.method, result.result
    match method:
        case "spf":
            sender = result.domain("smtp.mailfrom", "smtp.mail", "envelope-from")
            host = result.domain("smtp.helo", "helo")
            yield Finding("spf" if sender or not host else "helo", words, sender or host, by)
        case "dmarc":
            subject = result.domain(*_SUBJECTS[method])
            yield Finding(method, words, subject, by, policy=_policy(result))
        case "auth":
            yield Finding(method, words, result.properties.get("smtp.auth", "").lower(), by)
        case "compauth":
            yield Finding(method, words, "", by, note=result.properties.get("reason", ""))
        case "dkim" | "iprev":
            yield Finding(method, words, result.domain(*_SUBJECTS[method]), by)
        case "arc":
            yield Finding(method, words, "", by)


def _policy(result: Result) -> str:
    given = next((result.properties[name] for name in _POLICIES if name in result.properties), "")
    found = _POLICY.search(f"p={given};{result.comment}".lower())
    return found[1] if found else ""
