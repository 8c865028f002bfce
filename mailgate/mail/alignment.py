"""Whose word a domain is: organisational domains, alignment, and DMARC policies (RFC 7489).

The list of public suffixes comes with a library, private suffixes included: two people of
`github.io` are two organisations. It is loaded when first asked for. Nothing here asks the DNS.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from publicsuffixlist import PublicSuffixList

from mailgate.errors import Refused
from mailgate.mail.address import domain_of

_TAG = re.compile(r"\s*+([a-z]++)\s*+=\s*+([^;]*+)", re.IGNORECASE)
_LONGEST_DOMAIN = 255  # octets, RFC 5321 section 4.5.3.1.2
_DISPOSITIONS = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the owner of a domain asks for where neither DKIM nor SPF speaks for its From.

    `request` is none, quarantine or reject; the modes say whether a domain of the same
    organisation is enough (relaxed) or must be the very same (strict).
    """

    request: str
    strict_dkim: bool = False
    strict_spf: bool = False


def canonical(domain: str) -> str:
    """Return a domain in small letters and ASCII (A-labels); "" for what is none."""
    return _canonical(domain.strip(".")) if len(domain) <= _LONGEST_DOMAIN else ""


@lru_cache(maxsize=4096)
def _canonical(domain: str) -> str:
    try:
        return domain_of(f"x@{domain}")
    except Refused:
        return ""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def organisation(domain: str) -> str:
    """Return the organisational domain (RFC 7489 section 3.2): one label below a public suffix.

    A public suffix is its own. Takes the canonical form.
    """
    return str(_suffixes().privatesuffix(domain) or domain)


def aligned(domain: str, author: str, *, strict: bool = False) -> bool:
    """Tell whether `domain` speaks for the From domain `author` (RFC 7489 section 3.1).

    A signature of a public suffix speaks for nobody below it.
    """
    one, other = canonical(domain), canonical(author)
    if not one or not other or strict or one == other:
        return bool(one) and one == other
    return organisation(one) == organisation(other)


def read_policy(records: Sequence[str], *, of: Literal["domain", "organisation"]) -> Policy | None:
    """Read the TXT records at `_dmarc.`; `of` says whether they are the From domain's own.

    None unless exactly one of them is a DMARC record (RFC 7489 section 6.6.3). `pct` is ignored:
    it thins out what receivers do, and says nothing of what is forged.
    """
    found = [tags for tags in map(_tags, records) if tags]
    if len(found) != 1:
        return None
    (tags,) = found
    request = tags.get("p", "none").lower()
    if of == "organisation":
        request = tags.get("sp", request).lower()
    return Policy(
        request if request in _DISPOSITIONS else "none",
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
    )


def _tags(record: str) -> dict[str, str]:
    """Return the tags of a DMARC record, {} for any other text."""
    parts = record.split(";")
    version = _TAG.fullmatch(parts[0])
    if version is None or (version[1].lower(), version[2].strip()) != ("v", "DMARC1"):
        return {}
    tags = {"v": "DMARC1"}
    for part in parts[1:]:
        if tag := _TAG.fullmatch(part):
            tags.setdefault(tag[1].lower(), tag[2].strip())
    return tags
