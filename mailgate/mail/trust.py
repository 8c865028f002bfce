"""How far the From of a mail can be believed: one table from evidence to level.

The evidence comes from our own border's Authentication-Results (`mail.border`) or from own
verification (`intake.verification`), in the same form. Why the rules are these stands in
docs/decisions/0004-trust.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailgate.mail import plain
from mailgate.mail.alignment import aligned
from mailgate.mail.parsed import ParsedMail


class Trust(StrEnum):
    """What is known of a mail's sender, least first.

    FAILED: there is evidence of forgery. UNKNOWN: there is no evidence either way. WEAK and
    STRONG: something vouches for the sender.
    """

    FAILED = "failed"
    UNKNOWN = "unknown"
    WEAK = "weak"
    STRONG = "strong"

    @property
    def vouched(self) -> bool:
        """Whether something vouches for the sender."""
        return self in (Trust.WEAK, Trust.STRONG)


@dataclass(frozen=True, slots=True)
class Authentication:
    """How far the From of one mail can be believed, and by what, in words for `explain`."""

    level: Trust = Trust.UNKNOWN
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one method found, and who says so.

    method: dkim, spf, helo (SPF of the greeting), dmarc, arc, auth, compauth or iprev.
    subject: the domain that it is about; for auth who logged in; "" where that is not said.
    policy: for dmarc what the domain's owner asks for, "" where that is not said.
    note: for people; of compauth it is the code of the reason.
    """

    method: str
    result: str
    subject: str
    by: str
    policy: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Case:
    """One finding held against the From of its mail."""

    finding: Finding
    sender: str
    domain: str
    aligned: bool  # what it is about speaks for the domain of From
    denied: bool  # DMARC has failed: what passes besides was not enough for the domain's owner

    def says(self, method: str, *results: str) -> bool:
        return self.finding.method == method and self.finding.result in results

    @property
    def about_sender(self) -> bool:
        """Whether the border read the same From as we, as far as it says which."""
        return not self.finding.subject or aligned(self.finding.subject, self.domain, strict=True)


@dataclass(frozen=True, slots=True)
class _Rule:
    level: Trust
    says: str
    holds: Callable[[_Case], bool]


_LONGEST_WORD = 255  # characters of anything quoted
_LONGEST_RESULT = 32
_UNASKED = ("none",)  # policies under which a failure proves nothing
_CODES_OF_FORGERY = ("000", "001")  # Microsoft's: DMARC failed, explicitly or by its own estimate

# The first rule that any finding meets decides.
_RULES = (
    _Rule(
        Trust.STRONG,
        "the sender logged in as this address (RFC 8601 2.7.4)",
        lambda case: case.says("auth", "pass") and case.finding.subject == case.sender,
    ),
    _Rule(
        Trust.STRONG,
        "DMARC passed for the domain of From (RFC 7489 4.2)",
        lambda case: case.says("dmarc", "pass") and case.about_sender,
    ),
    _Rule(
        Trust.WEAK,
        "a forwarder that we know found the mail authentic (RFC 8617 7.2)",
        lambda case: case.says("arc", "pass") and case.aligned,
    ),
    _Rule(
        Trust.FAILED,
        "DMARC failed, and the domain of From asks to refuse such mail (RFC 7489 6.3)",
        lambda case: case.says("dmarc", "fail") and case.finding.policy not in _UNASKED,
    ),
    _Rule(
        Trust.FAILED,
        "composite authentication failed (Microsoft 365)",
        lambda case: case.says("compauth", "fail") and case.finding.note in _CODES_OF_FORGERY,
    ),
    _Rule(
        Trust.STRONG,
        "a DKIM signature of the domain of From is valid (RFC 6376)",
        lambda case: case.says("dkim", "pass") and case.aligned and not case.denied,
    ),
    _Rule(
        Trust.STRONG,
        "SPF passed for the domain of From (RFC 7208)",
        lambda case: case.says("spf", "pass") and case.aligned and not case.denied,
    ),
    _Rule(
        Trust.WEAK,
        "the sender logged in as somebody of the same domain",
        lambda case: case.says("auth", "pass") and case.aligned,
    ),
    _Rule(
        Trust.WEAK,
        "the server's name passed SPF and is of the domain of From (RFC 7208 2.3)",
        lambda case: case.says("helo", "pass") and case.aligned and not case.denied,
    ),
    _Rule(
        Trust.WEAK,
        "composite authentication passed by explicit evidence (Microsoft 365)",
        lambda case: case.says("compauth", "pass") and case.finding.note.startswith("1"),
    ),
)


def judge(mail: ParsedMail, findings: Sequence[Finding]) -> Authentication:
    """Return how far the From can be believed: the deciding reason first, then the evidence.

    Nothing vouches for a From that is not exactly one mailbox in one field, and two different From
    fields are forged (RFC 7489 section 6.6.1).
    """
    sender = mail.strict_from or ""
    domain = sender.rpartition("@")[2]
    evidence = [_told(finding, domain) for finding in findings]
    fields = set(mail.headers.get("from", ()))
    if len(fields) > 1:
        level, why = Trust.FAILED, f"{len(fields)} different From fields (RFC 5322 3.6)"
    else:
        level, why = _level(sender, domain, findings)
    return Authentication(level, (why, *evidence))


def _level(sender: str, domain: str, findings: Sequence[Finding]) -> tuple[Trust, str]:
    denied = any(each.method == "dmarc" and each.result == "fail" for each in findings)
    cases = [_Case(each, sender, domain, _speaks(each, domain), denied) for each in findings]
    for rule in _RULES if cases else ():
        if (sender or rule.level is Trust.FAILED) and any(map(rule.holds, cases)):
            return rule.level, rule.says
    if not sender:
        return Trust.UNKNOWN, "From is not exactly one mailbox"
    return Trust.UNKNOWN, "nothing vouches for the domain of From" if cases else "no evidence"


def _speaks(finding: Finding, domain: str) -> bool:
    return aligned(finding.subject.rpartition("@")[2], domain)


def _told(finding: Finding, domain: str) -> str:
    """Return a finding in words."""
    words = f"{finding.by} says {finding.method}={finding.result[:_LONGEST_RESULT]}"
    if finding.subject:
        speaks = "aligned" if _speaks(finding, domain) else "not aligned"
        words += f" for {plain.one_line(finding.subject, _LONGEST_WORD)} ({speaks} with From)"
    more = [f"policy {finding.policy}"] if finding.policy else []
    more += [plain.one_line(finding.note, _LONGEST_WORD)] if finding.note else []
    return f"{words}: {', '.join(more)}" if more else words
