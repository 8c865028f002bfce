"""Tells what kind of mail it is, whether a machine wrote it, and whether we may answer it by one.

The table in `signals` decides; each row that holds is a reason by name, so that `explain` can
print which header it was. Any signal at all forbids an automatic answer. List and precedence
marks alone do not make a machine of a mail, and a wish for silence proves nothing but the wish.
"""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.mail.evidence import Evidence, Own
from mailgate.mail.parsed import ParsedMail
from mailgate.mail.signals import SIGNALS, Effect

_LONGEST_REASON = 200


class Kind(StrEnum):
    """What a mail is, the first that holds.

    AUTO_REPLY is whatever else a machine wrote, alerts too. SPAM stands before LIST, since nearly
    all spam wears the marks of a list, and a list as such has no fate of its own.
    """

    OWN = "own"
    BOUNCE = "bounce"
    REPORT = "report"
    AUTO_REPLY = "auto_reply"
    SPAM = "spam"
    LIST = "list"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a mail is.

    `machine`: a machine wrote it; it is recorded, and changes no turn, state or owner.
    `may_answer`: something automatic may be sent to its author. `bounced_outbox`: the outbox row
    that a bounce or a report is about, proved by the signed return path that it came to; what
    happened to that row is what `kind` says, and the delivery report.
    """

    kind: Kind
    machine: bool
    may_answer: bool
    reasons: tuple[str, ...]
    bounced_outbox: int | None


def screen(mail: ParsedMail, mail_from: str | None, own: Own, *, released: bool = False) -> Verdict:
    """Return what kind of mail it is, and why.

    `mail_from` is the envelope's sender, empty for the null path; None where no envelope is known
    (then a single Return-Path header counts). `released`: somebody has looked at it, and it is no
    spam, whatever the filter in front says.
    """
    evidence = Evidence(mail, mail_from, own)
    signals = (s for s in SIGNALS if not (released and s.effect is Effect.SPAM))
    seen = [(signal, saw) for signal in signals if (saw := signal.test(evidence)) is not None]
    effects = {signal.effect for signal, _ in seen}
    kind = next((kind for effect, kind in _KINDS.items() if effect in effects), Kind.PERSON)
    reasons = [f"{signal.name}: {saw[:_LONGEST_REASON]}" for signal, saw in seen]
    if evidence.own_list:
        reasons.append(f"own-list: {evidence.own_list}, marks of lists ignored")
    about = kind in (Kind.BOUNCE, Kind.REPORT)
    return Verdict(
        kind,
        machine=not effects.isdisjoint(_MACHINES),
        may_answer=not seen,
        reasons=tuple(reasons),
        bounced_outbox=evidence.outbox if about else None,
    )


_KINDS = {
    Effect.OWN: Kind.OWN,
    Effect.BOUNCE: Kind.BOUNCE,
    Effect.REPORT: Kind.REPORT,
    Effect.MACHINE: Kind.AUTO_REPLY,
    Effect.SPAM: Kind.SPAM,
    Effect.LIST: Kind.LIST,
}
_MACHINES = frozenset({Effect.OWN, Effect.BOUNCE, Effect.REPORT, Effect.MACHINE})
