"""What counts as a mail address, and its one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.errors import Refused
from mailgate.mail.address import domain_of, normalise, split_sub, valid


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("bob@example.com", "bob@example.com"),
        (" Bob.Smith@Example.COM\t", "bob.smith@example.com"),
        ("o'neil+x=y@example.com", "o'neil+x=y@example.com"),
        ("root@localhost", "root@localhost"),
        ('"bob"@example.com', "bob@example.com"),
        ('"b\\ob"@example.com', "bob@example.com"),
        ('"Bob Smith"@example.com', '"bob smith"@example.com'),
        (r'"a\"b\\c"@example.com', r'"a\"b\\c"@example.com'),
        ('"a@b"@example.com', '"a@b"@example.com'),
        ('""@example.com', '""@example.com'),
        ("bob@müller.example", "bob@xn--mller-kva.example"),
        ("bob@MU\u0308LLER.example", "bob@xn--mller-kva.example"),
        ("bob@XN--MLLER-KVA.example", "bob@xn--mller-kva.example"),
        ("bob@straße.example", "bob@xn--strae-oqa.example"),
        ("bob@paral·lel.example", "bob@xn--parallel-koa.example"),
        ("用户@例子.example", "用户@xn--fsqu00a.example"),
        ("JÖRG@example.com", "jörg@example.com"),
        ("jo\u0308rg@example.com", "jörg@example.com"),
        ("İ@example.com", "İ@example.com"),
        ('"jörg b"@example.com', '"jörg b"@example.com'),
        ("bob@[192.0.2.1]", "bob@[192.0.2.1]"),
        ("bob@[IPv6:2001:DB8:0::1]", "bob@[ipv6:2001:db8::1]"),
    ],
)
def test_an_address_has_one_form(written, normal):
    assert normalise(written) == normal
    assert valid(written.strip())
    assert normalise(normal) == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("a..b.@docomo.example", '"a..b."@docomo.example'),
        ('"a..b."@docomo.example', '"a..b."@docomo.example'),
        ("bob@my_host.example", "bob@my_host.example"),
    ],
)
def test_addresses_that_people_have_against_the_grammar_are_understood(written, normal):
    assert normalise(written) == normal
    assert normalise(normal) == normal


NOT_ADDRESSES = [
    "",
    "bob",
    "@example.com",
    "bob@",
    "bob@@example.com",
    "bob smith@example.com",
    "bob@exam ple.com",
    "bob@example..com",
    "bob@example.com.",
    "bob@-example.com",
    "bob@example-.com",
    "<bob@example.com>",
    "Bob <bob@example.com>",
    "@relay.example:bob@example.com",
    "bob@example.com, eve@example.com",
    "bob\r\n@example.com",
    "bob@example.com\n",
    "b\0ob@example.com",
    '"bob\n"@example.com',
    '"bob@example.com',
    '"b"ob"@example.com',
    "bob\u202e@example.com",
    "bob\u200b@example.com",
    "bob\ud800@example.com",
    "bob@exam\ud800ple.com",
    "bob@exam\u200bple.com",
    "bob@müller\u202e.example",
    "bob@mül--ler\u00ad.example",
    "bob@üü--x.example",
    "bob@-ü.example",
    "bob@\u0301ü.example",
    "bob@ü☃.example",
    "bob@[192.0.2.256]",
    "bob@[192.0.2.1",
    "bob@[fe80::1]",
    "bob@[IPv6:fe80::1%eth0]",
    "bob@[IPv6:fe80::1::2]",
    "bob@[x]",
    "bob@[]",
]


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(Refused, match="is not a mail address"):
        normalise(text)
    assert not valid(text)


@pytest.mark.parametrize("text", ["a..b@example.com", "a.@example.com", "bob@my_host.example"])
def test_strictly_those_against_the_grammar_are_not_valid(text):
    assert not valid(text)


@pytest.mark.parametrize("text", [" bob@example.com", "bob@example.com ", "bob@example.com\t"])
def test_blanks_around_an_address_are_no_part_of_it(text):
    assert not valid(text)
    assert normalise(text) == "bob@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "mi\u212ae@example.com",  # KELVIN SIGN
        "mike@\u212aiwi.example",
        "mike@ｅxample.com",
        "mike@\ufb01rm.example",  # LATIN SMALL LIGATURE FI
        "mike@exam\u2113ple.com",  # SCRIPT SMALL L
    ],
)
def test_no_letter_of_another_script_becomes_an_ascii_letter(text):
    with pytest.raises(Refused):
        normalise(text)


def test_a_name_in_a_domain_that_only_looks_alike_is_refused():
    assert valid("bob@\u03b1\u03b2.example")
    with pytest.raises(Refused):
        normalise("bob@\u1d66\u03b2.example")  # GREEK SUBSCRIPT SMALL LETTER BETA


@pytest.mark.parametrize(("length", "good"), [(63, True), (64, True), (65, False)])
def test_a_local_part_has_at_most_64_octets(length, good):
    assert valid("x" * length + "@example.com") is good
    assert valid("x" * (length - 2) + "é@example.com") is good


def test_a_local_part_that_grows_beyond_64_octets_when_folded_is_refused():
    short = "ȺȺ" + "x" * 60  # each of them is one octet longer in lower case
    assert len(short.encode()) == 64
    assert not valid(short + "@example.com")


@pytest.mark.parametrize(("length", "good"), [(62, True), (63, True), (64, False)])
def test_a_label_has_at_most_63_octets(length, good):
    assert valid(f"bob@{'x' * length}.example") is good
    assert valid(f"bob@é{'x' * (length - 8)}.example") is good


@pytest.mark.parametrize(("length", "good"), [(253, True), (254, True), (255, False)])
def test_an_address_has_at_most_254_octets(length, good):
    domain = ".".join(["x" * 60] * 4)
    address = "y" * (length - len(domain) - 1) + "@" + domain
    assert len(address) == length
    assert valid(address) is good


@pytest.mark.parametrize(("labels", "good"), [(6, True), (7, False)])
def test_the_length_of_a_domain_counts_in_a_labels(labels, good):
    address = "b@" + ".".join(["é" + "x" * 30] * labels)
    assert len(address.encode()) <= 254
    assert valid(address) is good


def test_the_domain_is_the_normalised_one():
    assert domain_of("Bob@MÜLLER.example") == "xn--mller-kva.example"
    with pytest.raises(Refused):
        domain_of("bob")


@pytest.mark.parametrize(
    ("address", "delimiter", "base", "detail"),
    [
        ("Support+Urgent@desk.example", "+", "support@desk.example", "urgent"),
        ("support+a+b@desk.example", "+", "support@desk.example", "a+b"),
        ("support+@desk.example", "+", "support@desk.example", ""),
        ("support@desk.example", "+", "support@desk.example", ""),
        ("support-urgent@desk.example", "-", "support@desk.example", "urgent"),
        ("support+urgent@desk.example", "", "support+urgent@desk.example", ""),
        ("+urgent@desk.example", "+", "+urgent@desk.example", ""),
        ("a.+b@desk.example", "+", "a.+b@desk.example", ""),
        ('"a b+c"@desk.example', "+", '"a b+c"@desk.example', ""),
    ],
)
def test_a_sub_address_is_split_at_the_first_delimiter(address, delimiter, base, detail):
    assert split_sub(address, delimiter) == (base, detail)


def test_splitting_what_is_no_address_is_refused():
    with pytest.raises(Refused):
        split_sub("support+x")


ADDRESSES = st.builds(
    "{}@{}".format,
    st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=12)
    | st.text(alphabet='ab."\\ +É', min_size=1, max_size=12),
    st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=12)
    | st.text(alphabet="aZ9.-_éÉßΣς", min_size=1, max_size=20),
)


@given(ADDRESSES)
def test_normalising_twice_is_normalising_once(text):
    try:
        once = normalise(text)
    except Refused:
        assert not valid(text)
        return
    assert normalise(once) == once


@given(st.text(max_size=400))
def test_any_text_is_an_address_or_refused(text):
    if valid(text):
        assert "@" in normalise(text)
