"""Which seals of a chain are worth reading, before anybody verifies it."""

import pytest

from mailgate.mail.arc import MOST_SEALS, known_seals
from mailgate.mail.prescan import DEFAULTS, prescan

KNOWN = frozenset({"lists.example", "forwarder.example"})


def sets(*domains, first=1):
    """Return the ARC fields of a chain sealed by these domains, the first one at the bottom."""
    return [
        line
        for instance, domain in reversed(list(enumerate(domains, first)))
        for line in (
            f"ARC-Seal: i={instance}; a=rsa-sha256; cv=pass; d={domain}; s=s; b=x;d",
            f"ARC-Message-Signature: i={instance}; d=other.example; b=y",
            f"ARC-Authentication-Results: i={instance}; mx.{domain}; dmarc=pass",
        )
    ]


def known(*lines, sealers=KNOWN):
    raw = "\r\n".join([*lines, "From: a@b.example", "", ""]).encode()
    return [seal.domain for seal in known_seals(prescan(raw, DEFAULTS).fields, sealers)]


@pytest.mark.parametrize(
    ("domains", "found"),
    [
        (["lists.example"], ["lists.example"]),
        (["lists.example", "forwarder.example"], ["forwarder.example", "lists.example"]),
        (["evil.example", "lists.example"], ["lists.example"]),
        (["lists.example", "evil.example"], []),
        (["lists.example", "evil.example", "forwarder.example"], ["forwarder.example"]),
        (["evil.example"], []),
        ([], []),
    ],
)
def test_seals_count_from_the_last_one_down_to_the_first_unknown(domains, found):
    assert known(*sets(*domains)) == found


def test_what_was_found_comes_with_the_seal():
    (seal,) = known_seals(
        prescan("\r\n".join(sets("lists.example")).encode(), DEFAULTS).fields, KNOWN
    )
    assert (seal.results.server, seal.results.results[0].method) == ("mx.lists.example", "dmarc")


def test_a_seal_without_results_a_number_or_a_domain_is_none():
    chain = sets("lists.example")
    assert known(chain[0]) == []
    assert known(chain[0].replace("i=1", "i=x"), *chain[1:]) == []
    assert known(chain[0].replace("d=lists.example", "t=1"), *chain[1:]) == []


def test_a_folded_seal_is_read():
    chain = sets("lists.example")
    assert known(chain[0].replace("; ", ";\r\n\t"), *chain[1:]) == ["lists.example"]


def test_a_chain_too_long_or_with_a_gap_is_none():
    assert known(*sets(*["lists.example"] * MOST_SEALS)) == ["lists.example"] * MOST_SEALS
    assert known(*sets(*["lists.example"] * (MOST_SEALS + 1))) == []
    assert known(*sets("lists.example", first=3), *sets("lists.example")) == ["lists.example"]
    assert known("ARC-Seal: i=" + "9" * 5000 + "; d=lists.example") == []
