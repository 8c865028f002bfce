"""Whose word a domain is."""

import pytest

from mailgate.mail.alignment import Policy, aligned, canonical, organisation, read_policy


@pytest.mark.parametrize(
    ("domain", "own"),
    [
        ("mail.customer.example", "customer.example"),
        ("customer.example", "customer.example"),
        ("a.b.shop.co.uk", "shop.co.uk"),
        ("co.uk", "co.uk"),
        ("alice.github.io", "alice.github.io"),
        ("www.alice.github.io", "alice.github.io"),
        ("localhost", "localhost"),
    ],
)
def test_an_organisation_is_one_label_below_a_public_suffix(domain, own):
    assert organisation(domain) == own


@pytest.mark.parametrize(
    ("domain", "author", "relaxed", "strict"),
    [
        ("customer.example", "customer.example", True, True),
        ("Customer.Example.", "customer.example", True, True),
        ("mail.customer.example", "customer.example", True, False),
        ("customer.example", "mail.customer.example", True, False),
        ("esp.example", "customer.example", False, False),
        ("evilcustomer.example", "customer.example", False, False),
        ("shop.co.uk", "bank.co.uk", False, False),
        ("co.uk", "bank.co.uk", False, False),
        ("bob.github.io", "alice.github.io", False, False),
        ("github.io", "alice.github.io", False, False),
        ("münchen.example", "xn--mnchen-3ya.example", True, True),
        ("", "customer.example", False, False),
        ("", "", False, False),
        ("no domain", "no domain", False, False),
    ],
)
def test_a_domain_speaks_for_its_own_organisation_and_no_other(domain, author, relaxed, strict):
    assert aligned(domain, author) is relaxed
    assert aligned(domain, author, strict=True) is strict


def test_what_is_no_domain_has_no_canonical_form():
    assert canonical("x" * 300) == ""


@pytest.mark.parametrize(
    ("records", "of", "policy"),
    [
        (["v=DMARC1; p=reject"], "domain", Policy("reject")),
        (
            ["v=DMARC1;p=Quarantine; pct=5; adkim=s ; aspf=s"],
            "domain",
            Policy("quarantine", True, True),
        ),
        (["v=DMARC1; p=none; sp=reject"], "domain", Policy("none")),
        (["v=DMARC1; p=none; sp=reject"], "organisation", Policy("reject")),
        (["v=DMARC1; p=reject"], "organisation", Policy("reject")),
        (["v=DMARC1; rua=mailto:x@y.example"], "domain", Policy("none")),
        (["v=DMARC1; p=reject; p=none; !"], "domain", Policy("reject")),
        (["v=DMARC1; p=obliterate"], "domain", Policy("none")),
        (["something else", "v=DMARC1; p=reject"], "domain", Policy("reject")),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], "domain", None),
        (["v=dmarc1; p=reject"], "domain", None),
        (["p=reject; v=DMARC1"], "domain", None),
        (["", "v=spf1 -all"], "domain", None),
        ([], "domain", None),
    ],
)
def test_exactly_one_record_is_a_policy(records, of, policy):
    assert read_policy(records, of=of) == policy
