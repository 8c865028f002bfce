"""The ARC chain of a mail (RFC 8617), as far as it can be read without its keys.

Who sealed what is of use only when the chain is verified; `intake.verification` or our own border
does that.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mailgate.mail import authres, headers
from mailgate.mail.alignment import canonical
from mailgate.mail.authres import Results
from mailgate.mail.headers import Field

_TAG = re.compile(r"(?:^|;)\s*+(i|d)\s*+=\s*+([^;\s]++)")
_INSTANCE = re.compile(r"[0-9]{1,3}")
_LONGEST_SEAL = 8192  # characters; a seal of 4,096 bits takes about 900
MOST_SEALS = 10
"""Sets of a chain that are looked at; RFC 8617 section 4.2.1 allows 50, forwarding makes three."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One set of the chain: who sealed it, and what they had found when the mail came to them."""

    domain: str
    results: Results


def known_seals(fields: Iterable[Field], sealers: Collection[str]) -> tuple[Seal, ...]:
    """Return the seals of known sealers, the last one first, down to the first unknown one.

    What an unknown sealer says is as good as what the sender says; what a known one found before
    still counts (RFC 8617 section 7.2).
    """
    domains: dict[int, str] = {}
    found: dict[int, Results] = {}
    for field in fields:
        if field.name == "arc-seal":
            text = headers.characters(field.value)[:_LONGEST_SEAL]
            tags = dict(_TAG.findall(" ".join(text.split())))
            if number := _INSTANCE.fullmatch(tags.get("i", "")):
                domains[int(number[0])] = canonical(tags.get("d", ""))
        elif field.name == "arc-authentication-results":
            instance, results = authres.read_sealed(headers.characters(field.value))
            found[instance] = results
    last = max(domains, default=0)
    seals: list[Seal] = []
    for instance in range(last, 0, -1) if last <= MOST_SEALS else ():
        domain = domains.get(instance, "")
        if domain not in sealers or instance not in found:
            break
        seals.append(Seal(domain, found[instance]))
    return tuple(seals)
