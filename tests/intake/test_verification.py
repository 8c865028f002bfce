"""DKIM, SPF, DMARC and ARC verified here, over a DNS that is a dictionary."""

import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from ipaddress import ip_network

import dkim
import pytest
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from mailgate.errors import Temporary
from mailgate.intake.authentication import Authenticator
from mailgate.intake.verification import MOST_SIGNATURES, Verifier
from mailgate.mail.border import Border
from mailgate.mail.parse import Limits, parse
from mailgate.mail.trust import Trust
from mailgate.store.inbox import Claimed

NOW = datetime(2026, 11, 9, 12, tzinfo=UTC)
OUTSIDE = "192.0.2.7"
C = "customer.example"
LISTS = "lists.example"
MAIL = (
    f"From: Carol <carol@{C}>\r\nTo: support@desk.example\r\nSubject: Printer\r\n"
    "Date: Mon, 9 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@customer.example>\r\n"
    "\r\nIt is on fire.\r\n"
).encode()
CROSSED = b"Received: from out.customer.example ([192.0.2.7]) by mx.desk.example; x\r\n"
SIGNED = [b"from", b"to", b"subject", b"date", b"message-id"]


@cache
def rsa_key():
    """A private key in PEM and its public half as a record, made by openssl."""
    private = subprocess.run(["openssl", "genrsa", "1024"], check=True, capture_output=True).stdout
    public = subprocess.run(
        ["openssl", "rsa", "-pubout", "-outform", "DER"],
        input=private,
        check=True,
        capture_output=True,
    ).stdout
    return private, b"v=DKIM1; k=rsa; p=" + b64encode(public)


def sign(raw=MAIL, domain=C, selector="s", key=None, **more):
    given = {"include_headers": SIGNED, "canonicalize": (b"relaxed", b"relaxed")} | more
    private = key or rsa_key()[0]
    return dkim.sign(raw, selector.encode(), domain.encode(), private, **given) + raw


def signed_without_from():
    """Sign the subject only, which dkimpy refuses to do by itself."""
    signer = dkim.DKIM(MAIL, signature_algorithm=b"rsa-sha256")
    signer.hasher = dkim.HASH_ALGORITHMS[b"rsa-sha256"]
    policy = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    digest = b64encode(sha256(policy.canonicalize_body(signer.body)).digest())
    tags = b"v=1 a=rsa-sha256 c=relaxed/relaxed s=s h=subject b=0 d=" + C.encode()
    fields = [tuple(tag.split(b"=", 1)) for tag in tags.split()] + [(b"bh", digest)]
    key = dkim.parse_pem_private_key(rsa_key()[0])
    return (
        b"DKIM-Signature: "
        + signer.gen_header(fields, [b"subject"], policy, b"DKIM-Signature", key)
        + MAIL
    )


class Dns:
    """Answers from a dictionary of (name, type); an exception in it is raised. Counts."""

    def __init__(self) -> None:
        self.records = {
            (f"s._domainkey.{d}", "TXT"): [rsa_key()[1]] for d in (C, LISTS, "esp.example")
        }
        self.asked = []

    def put(self, name, *values, kind="TXT"):
        self.records[name, kind] = list(values)
        return self

    def __call__(self, name, kind, seconds):
        assert seconds > 0
        self.asked.append((name, kind))
        found = self.records.get((name, kind), [])
        if found and isinstance(found[0], Exception):
            raise found[0]
        return found


def claimed(raw, peer=OUTSIDE, mail_from=f"carol@{C}"):
    return Claimed(
        1,
        1,
        1,
        "support",
        ("support@desk.example",),
        mail_from,
        peer,
        "smtp",
        NOW,
        0,
        1,
        0,
        False,
        raw,
    )


def authenticate(raw, dns=None, *, peer=OUTSIDE, mail_from=f"carol@{C}", tick=lambda: 0.0, **more):
    verifier = Verifier(dns or Dns(), 5.0, Limits(), tick)
    authenticator = Authenticator(verifier=verifier, **more)
    return authenticator.authenticate(claimed(raw, peer, mail_from), parse(raw, NOW))


def reject():
    return Dns().put(f"_dmarc.{C}", b"v=DMARC1; p=reject")


# --- DKIM ---


def test_a_signature_of_the_domain_of_from_proves_the_sender():
    found = authenticate(sign())
    assert found.level is Trust.STRONG
    assert f"mailgate says dkim=pass for {C} (aligned with From)" in found.reasons


def test_line_ends_without_cr_do_not_break_a_signature():
    assert authenticate(sign().replace(b"\r\n", b"\n")).level is Trust.STRONG


def test_a_signature_of_ed25519_counts_as_well():
    key = SigningKey.generate()
    public = b"v=DKIM1; k=ed25519; p=" + key.verify_key.encode(Base64Encoder)
    dns = Dns().put(f"s._domainkey.{C}", public)
    raw = sign(key=key.encode(Base64Encoder), signature_algorithm=b"ed25519-sha256")
    assert authenticate(raw, dns).level is Trust.STRONG


def test_a_provider_that_signs_for_itself_proves_nothing_but_the_author_beside_it_does():
    esp = sign(domain="esp.example")
    assert authenticate(esp, mail_from="b@esp.example").level is Trust.UNKNOWN
    assert authenticate(sign(sign(), domain="esp.example")).level is Trust.STRONG
    assert authenticate(sign(esp)).level is Trust.STRONG


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("a changed body", (b"on fire", b"fine"), "dkim=fail"),
        ("a changed From", (b"carol@", b"boss@"), "dkim=fail"),
        ("a changed subject", (b"Printer", b"Invoice"), "dkim=fail"),
        ("no key", (b"s=s;", b"s=t;"), "dkim=fail"),
        ("garbage", (b"bh=", b"bh=%%"), "dkim=fail"),
    ],
)
def test_a_signature_that_does_not_fit_proves_nothing(name, change, word):
    found = authenticate(sign().replace(*change), mail_from="")
    assert found.level is Trust.UNKNOWN
    assert any(word in reason for reason in found.reasons)


def test_a_replayed_mail_with_another_from_on_top_is_forged():
    found = authenticate(b"From: Boss <boss@victim.example>\r\n" + sign())
    assert found.level is Trust.FAILED


def test_a_second_subject_that_the_signature_does_not_cover_takes_its_worth():
    found = authenticate(b"Subject: Pay at once\r\n" + sign(), mail_from="")
    assert found.level is Trust.UNKNOWN
    assert any("second Subject that it does not sign" in reason for reason in found.reasons)


def test_a_signature_of_a_part_of_the_body_is_worth_nothing():
    for raw in (sign(length=True), sign(length=True) + b"And pay this bill.\r\n"):
        found = authenticate(raw, mail_from="")
        assert found.level is Trust.UNKNOWN
        assert any("(l=)" in reason for reason in found.reasons)


def test_a_signature_that_leaves_from_out_is_worth_nothing():
    raw = signed_without_from()
    found = authenticate(raw, mail_from="")
    assert found.level is Trust.UNKNOWN
    assert any("does not sign From" in reason for reason in found.reasons)


def test_sha_1_is_worth_nothing():
    raw = sign(signature_algorithm=b"rsa-sha1")
    found = authenticate(raw, mail_from="")
    assert found.level is Trust.UNKNOWN
    assert any("SHA-1" in reason for reason in found.reasons)


def test_only_so_many_signatures_are_tried_and_none_that_is_huge():
    raw = sign()
    for _ in range(MOST_SIGNATURES + 2):
        raw = sign(raw, domain="nokey.example")
    dns = Dns()
    assert authenticate(raw, dns, mail_from="").level is Trust.UNKNOWN
    assert len([name for name, _ in dns.asked if "_domainkey" in name]) == MOST_SIGNATURES
    huge = b"DKIM-Signature: v=1; h=" + b"x:" * 3000 + b"\r\n" + sign()
    assert authenticate(huge).level is Trust.STRONG


def test_a_header_that_breaks_the_library_or_the_limits_is_unverified_not_fatal():
    broken = b"no field at all\r\n" + sign()
    assert authenticate(broken, mail_from="").level is Trust.UNKNOWN
    wide = b"X: y\r\n" * 1001 + sign()
    found = authenticate(wide, mail_from="")
    assert any("over the limits" in reason for reason in found.reasons)


# --- SPF ---


@pytest.mark.parametrize(
    ("record", "level", "word"),
    [
        (b"v=spf1 ip4:192.0.2.0/24 -all", Trust.STRONG, "spf=pass"),
        (b"v=spf1 a mx -all", Trust.STRONG, "spf=pass"),
        (b"v=spf1 include:esp.example ~all", Trust.STRONG, "spf=pass"),
        (b"v=spf1 exists:%{i}.x.example -all", Trust.STRONG, "spf=pass"),
        (b"v=spf1 ptr -all", Trust.STRONG, "spf=pass"),
        (b"v=spf1 -all", Trust.UNKNOWN, "spf=fail"),
        (b"v=spf1 ~all", Trust.UNKNOWN, "spf=softfail"),
        (
            b"v=spf1 a:n1.example a:n2.example a:n3.example a:n4.example -all",
            Trust.UNKNOWN,
            "spf=permerror",
        ),
        (b"v=spf1 garbage", Trust.UNKNOWN, "spf=permerror"),
        (b"other text", Trust.UNKNOWN, "spf=none"),
    ],
)
def test_the_connecting_address_is_held_against_the_record_of_the_envelope(record, level, word):
    dns = Dns().put(C, record).put("esp.example", b"v=spf1 ip4:192.0.2.7 -all")
    dns.put(C, (10, f"out.{C}"), kind="MX").put(f"out.{C}", OUTSIDE, kind="A")
    dns.put("192.0.2.7.x.example", "127.0.0.2", kind="A")
    dns.put("7.2.0.192.in-addr.arpa", f"out.{C}", kind="PTR")
    found = authenticate(MAIL, dns)
    assert found.level is level
    assert any(word in reason for reason in found.reasons)


def test_an_envelope_of_another_domain_says_nothing_of_from():
    dns = Dns().put("esp.example", b"v=spf1 ip4:192.0.2.7 -all")
    assert authenticate(MAIL, dns, mail_from="b@esp.example").level is Trust.UNKNOWN


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "local", "10.0.0.9"])
def test_spf_is_not_asked_of_what_a_relay_of_ours_brings(peer):
    dns = Dns().put(C, b"v=spf1 ip4:0.0.0.0/0 -all")
    relays = (ip_network("127.0.0.0/8"), ip_network("::1"), ip_network("10.0.0.0/8"))
    assert authenticate(MAIL, dns, peer=peer, relays=relays).level is Trust.UNKNOWN
    assert (C, "TXT") not in dns.asked


# --- DMARC ---


def test_a_forged_from_fails_where_its_domain_asks_for_that():
    found = authenticate(MAIL, reject(), mail_from="eve@elsewhere.example")
    assert found.level is Trust.FAILED
    assert found.reasons[0].startswith("DMARC failed")
    dns = Dns().put(f"_dmarc.{C}", b"v=DMARC1; p=none; pct=100")
    assert authenticate(MAIL, dns, mail_from="eve@elsewhere.example").level is Trust.UNKNOWN


def test_a_subdomain_falls_under_the_policy_of_its_organisation():
    raw = MAIL.replace(b"carol@", b"carol@mail.")
    for policy, level in (
        (b"p=none; sp=reject", Trust.FAILED),
        (b"p=reject; sp=none", Trust.UNKNOWN),
    ):
        dns = Dns().put(f"_dmarc.{C}", b"v=DMARC1; " + policy)
        assert authenticate(raw, dns, mail_from="eve@elsewhere.example").level is level


def test_strict_alignment_wants_the_very_same_domain():
    raw = MAIL.replace(b"carol@", b"carol@mail.")
    signed = sign(raw)
    assert authenticate(signed, mail_from="").level is Trust.STRONG
    dns = Dns().put(f"_dmarc.mail.{C}", b"v=DMARC1; p=reject; adkim=s")
    assert authenticate(signed, dns, mail_from="eve@elsewhere.example").level is Trust.FAILED


def test_a_forwarded_mail_with_its_signature_whole_passes_though_spf_fails():
    dns = reject().put("forwarder.example", b"v=spf1 -all")
    assert authenticate(sign(), dns, mail_from="x@forwarder.example").level is Trust.STRONG


def test_without_spf_no_failure_is_stated():
    for more in ({"peer": "127.0.0.1"}, {"mail_from": ""}):
        found = authenticate(MAIL, reject(), **more)
        assert found.level is Trust.UNKNOWN
        assert any("not everything could be checked" in reason for reason in found.reasons)


def test_a_dns_out_of_order_never_makes_a_mail_forged():
    trouble = Temporary("no answer")
    for name in (f"s._domainkey.{C}", C, f"_dmarc.{C}"):
        dns = reject().put(C, b"v=spf1 -all").put(name, trouble)
        found = authenticate(sign(), dns)
        assert found.level is not Trust.FAILED, name
        assert any("temperror" in reason for reason in found.reasons), name


def test_all_look_ups_of_a_mail_share_one_budget_of_time():
    clock = iter(range(0, 1000, 2))
    dns = reject()
    found = authenticate(sign(), dns, tick=lambda: next(clock))
    assert len(dns.asked) == 2
    assert any("temperror" in reason for reason in found.reasons)


# --- ARC ---


def sealed(said=f"dmarc=pass header.from={C}"):
    """Return a mail that a list sealed, having found what it says of it."""
    server = f"mx.{LISTS}"
    raw = f"Authentication-Results: {server}; {said}\r\n".encode() + MAIL
    lines = dkim.arc_sign(
        raw,
        b"s",
        LISTS.encode(),
        rsa_key()[0],
        server.encode(),
        include_headers=[b"from", b"subject", b"date"],
    )
    return b"".join(lines) + raw


def test_the_seal_of_a_known_forwarder_lifts_a_changed_mail_to_weak():
    dns = reject()
    found = authenticate(sealed(), dns, mail_from=f"b@{LISTS}", sealers=frozenset({LISTS}))
    assert found.level is Trust.WEAK
    assert any("sealed by lists.example" in reason for reason in found.reasons)


def test_the_seal_of_anybody_else_lifts_nothing_and_is_not_even_verified():
    dns = reject()
    found = authenticate(sealed(), dns, mail_from=f"b@{LISTS}", sealers=frozenset({"o.example"}))
    assert found.level is Trust.FAILED
    assert (f"s._domainkey.{LISTS}", "TXT") not in dns.asked


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (lambda: sealed().replace(b"on fire", b"fine"), "arc=fail"),
        (lambda: sealed().replace(b"dmarc=pass", b"dmarc=none", 1), "arc=fail"),
        (lambda: sealed(said=f"dmarc=fail header.from={C}"), "arc=pass"),
        (lambda: sealed(said="dmarc=pass header.from=esp.example"), "arc=pass"),
    ],
)
def test_a_broken_seal_or_one_that_vouches_for_nothing_lifts_nothing(raw, word):
    found = authenticate(raw(), mail_from="", sealers=frozenset({LISTS}))
    assert found.level is Trust.UNKNOWN
    assert any(word in reason for reason in found.reasons)


def test_a_seal_whose_key_cannot_be_had_now_lifts_nothing():
    dns = Dns().put(f"s._domainkey.{LISTS}", Temporary("no answer"))
    found = authenticate(sealed(), dns, mail_from="", sealers=frozenset({LISTS}))
    assert "mailgate says arc=temperror" in found.reasons


# --- border or own verification ---


def test_where_the_border_speaks_nothing_is_verified_here():
    dns = Dns()
    raw = b"Authentication-Results: mx.desk.example; dmarc=pass\r\n" + CROSSED + MAIL
    border = Border(frozenset({"mx.desk.example"}), 1)
    assert authenticate(raw, dns, peer="127.0.0.1", border=border).level is Trust.STRONG
    assert dns.asked == []
    assert authenticate(sign(), dns, peer="127.0.0.1", border=border).level is Trust.STRONG
    assert dns.asked != []


def test_results_in_a_mail_that_came_past_the_border_are_the_senders():
    raw = b"Authentication-Results: mx.desk.example; dmarc=pass\r\n" + CROSSED + MAIL
    border = Border(frozenset({"mx.desk.example"}), 1)
    authenticator = Authenticator(border=border)
    for peer, level in (("127.0.0.1", Trust.STRONG), (OUTSIDE, Trust.UNKNOWN)):
        assert authenticator.authenticate(claimed(raw, peer), parse(raw, NOW)).level is level


def test_a_chain_that_the_border_verified_counts_with_the_word_of_a_known_sealer():
    raw = b"Authentication-Results: mx.desk.example; arc=pass\r\n" + CROSSED + sealed()
    border = Border(frozenset({"mx.desk.example"}), 1)
    for sealers, level in (({LISTS}, Trust.WEAK), ({"o.example"}, Trust.UNKNOWN)):
        authenticator = Authenticator(border=border, sealers=frozenset(sealers))
        found = authenticator.authenticate(claimed(raw, "127.0.0.1"), parse(raw, NOW))
        assert found.level is level


def test_without_configuration_nobody_is_believed_and_nothing_is_loaded():
    raw = b"Authentication-Results: mx.desk.example; dmarc=pass\r\n" + sign()
    found = Authenticator().authenticate(claimed(raw, "127.0.0.1"), parse(raw, NOW))
    assert (found.level, found.reasons) == (Trust.UNKNOWN, ("no evidence",))
    program = (
        "import sys, mailgate.intake.reading, mailgate.app\n"
        "assert not {'dkim', 'spf', 'dns'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_mail_of_no_peer_address_counts_as_brought_by_ourselves():
    assert Authenticator()._outside("local") is None
    assert Authenticator()._outside("fe80::1%eth0") == "fe80::1"
