"""From what our border found to how far the sender can be believed."""

from datetime import UTC, datetime

import pytest

from mailgate.mail.border import Border
from mailgate.mail.parse import parse
from mailgate.mail.trust import Trust, judge
from tests.mail.test_authres import (
    EXIM,
    FASTMAIL,
    GMAIL,
    MICROSOFT,
    OPENDKIM,
    OPENDMARC,
    PROTON,
    RSPAMD,
    SES,
    YAHOO,
)

NOW = datetime(2026, 11, 9, 12, tzinfo=UTC)
MX = "mx.desk.example"
C = "customer.example"
AR = "Authentication-Results"
OUTSIDE = "Received: from out.customer.example by mx.desk.example; Mon, 9 Nov 2026 12:00:00 +0000"
EARLIER = "Received: from laptop by out.customer.example; Mon, 9 Nov 2026 11:59:00 +0000"


def mail(*fields, sender=f"Carol <carol@{C}>"):
    lines = [*fields, f"From: {sender}", "Subject: Printer", "", "words", ""]
    return parse("\r\n".join(lines).encode(), NOW)


def authentication(*fields, ids=(MX,), hops=1, sender=f"Carol <carol@{C}>"):
    read = mail(*fields, sender=sender)
    found = Border(frozenset(ids), hops).findings(
        read.authentication_results, read.headers.get("received", ())
    )
    return judge(read, found)


def level(results, **more):
    return authentication(f"{AR}: {MX}; {results}", OUTSIDE, **more).level


@pytest.mark.parametrize(
    ("text", "id_", "expected"),
    [
        (GMAIL, "mx.google.com", Trust.STRONG),
        (MICROSOFT, "-", Trust.STRONG),
        (YAHOO, "atlas101.free.mail.bf1.yahoo.com", Trust.STRONG),
        (FASTMAIL, "mx4.messagingengine.com", Trust.STRONG),
        (PROTON, "mail.protonmail.ch", Trust.STRONG),
        (OPENDKIM, MX, Trust.STRONG),
        (OPENDMARC, MX, Trust.UNKNOWN),
        (RSPAMD, MX, Trust.FAILED),
        (EXIM, MX, Trust.STRONG),
        (SES, "amazonses.com", Trust.STRONG),
    ],
)
def test_each_border_in_use_is_believed_where_it_is_configured(text, id_, expected):
    assert authentication(OUTSIDE, f"{AR}: {text}", ids=(id_,)).level is expected
    assert authentication(OUTSIDE, f"{AR}: {text}", ids=("other.example",)).level is Trust.UNKNOWN
    assert authentication(OUTSIDE, f"{AR}: {text}", ids=()).level is Trust.UNKNOWN


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (f"dmarc=pass header.from={C}", Trust.STRONG),
        ("dmarc=pass", Trust.STRONG),
        ("dmarc=pass header.from=esp.example", Trust.UNKNOWN),
        (f"dmarc=fail (p=reject) header.from={C}", Trust.FAILED),
        (f"dmarc=fail (p=QUARANTINE sp=NONE dis=NONE) header.from={C}", Trust.FAILED),
        (f"dmarc=fail header.from={C}", Trust.FAILED),
        (f"dmarc=fail (p=none sp=reject) header.from={C}", Trust.UNKNOWN),
        (f"dmarc=fail action=oreject header.from={C}", Trust.FAILED),
        (f"dmarc=fail action=none header.from={C}", Trust.UNKNOWN),
        (f"dmarc=fail policy.dmarc=none header.from={C}", Trust.UNKNOWN),
        (f"dmarc=temperror header.from={C}", Trust.UNKNOWN),
        (f"dkim=pass header.d={C}", Trust.STRONG),
        (f"dkim=pass header.i=carol@mail.{C}", Trust.STRONG),
        ("dkim=pass header.d=esp.example", Trust.UNKNOWN),
        (f"dkim=pass header.d=esp.example; dkim=pass header.d={C}", Trust.STRONG),
        (f"dkim=fail header.d={C}", Trust.UNKNOWN),
        (f"dkim=pass header.d=mail.{C}; dmarc=fail (p=none) header.from={C}", Trust.UNKNOWN),
        (f"spf=pass smtp.mailfrom=bounce@mail.{C}", Trust.STRONG),
        ("spf=pass smtp.mailfrom=bounce@esp.example", Trust.UNKNOWN),
        (f"spf=fail smtp.mailfrom=carol@{C}", Trust.UNKNOWN),
        (f"spf=pass smtp.helo=out.{C}", Trust.WEAK),
        (f"auth=pass smtp.auth=Carol@{C}", Trust.STRONG),
        (f"auth=pass smtp.auth=dave@{C}", Trust.WEAK),
        ("auth=pass smtp.auth=carol", Trust.UNKNOWN),
        ("auth=pass smtp.auth=dave@esp.example", Trust.UNKNOWN),
        ("compauth=fail reason=000", Trust.FAILED),
        ("compauth=fail reason=001", Trust.FAILED),
        ("compauth=fail reason=601", Trust.UNKNOWN),
        ("compauth=pass reason=130", Trust.WEAK),
        ("compauth=softpass reason=201", Trust.UNKNOWN),
        ("compauth=pass", Trust.UNKNOWN),
        ("iprev=pass policy.iprev=192.0.2.7", Trust.UNKNOWN),
        ("arc=pass", Trust.UNKNOWN),
        ("bimi=pass; x-tls=pass", Trust.UNKNOWN),
        ("none", Trust.UNKNOWN),
    ],
)
def test_what_a_border_says_comes_to_a_level(results, expected):
    assert level(results) is expected


def test_results_above_and_below_the_borders_own_received_field_count():
    for fields in ((f"{AR}: {MX}; dmarc=pass", OUTSIDE), (OUTSIDE, f"{AR}: {MX}; dmarc=pass")):
        assert authentication(*fields, EARLIER).level is Trust.STRONG


BY = "by mx.desk.example (Postfix) id 1; Mon, 9 Nov 2026 12:00:00 +0000"


@pytest.mark.parametrize(
    "received",
    [
        f"{BY[:23]} (Postfix, from userid 33) id 1; Mon, 9 Nov 2026 12:00:00 +0000",
        f"from www-data {BY[:18]} with local (Exim 4.96) id 1",
        f"(from www-data@localhost) {BY}",
        "(qmail 123 invoked by uid 33); 9 Nov 2026 12:00:00 -0000",
        f"from form (localhost [127.0.0.1]) {BY}",
        f"from form (localhost [IPv6:::1]) {BY}",
        f"from form ([::1]) {BY}",
    ],
)
def test_results_below_the_border_in_a_mail_handed_in_there_are_the_writers(received):
    said = f"{AR}: {MX}; dmarc=pass"
    assert authentication(f"Received: {received}", said).level is Trust.UNKNOWN
    assert authentication(said, f"Received: {received}").level is Trust.STRONG
    within = (f"Received: {received}", OUTSIDE, said)
    assert authentication(*within, hops=2).level is Trust.STRONG, "our own servers pass it on"


def test_results_in_a_mail_that_did_not_cross_the_border_are_the_writers():
    said = f"{AR}: {MX}; dmarc=pass"
    assert authentication(said).level is Trust.UNKNOWN
    assert authentication(said, hops=0).level is Trust.STRONG
    assert authentication(said, OUTSIDE, hops=2).level is Trust.UNKNOWN


def test_results_below_the_first_received_field_of_others_are_the_senders():
    forged = f"{AR}: {MX}; dmarc=pass header.from={C}"
    assert authentication(OUTSIDE, EARLIER, forged).level is Trust.UNKNOWN
    assert authentication(OUTSIDE, forged, hops=0).level is Trust.UNKNOWN
    assert authentication(forged, OUTSIDE, hops=0).level is Trust.STRONG
    assert authentication(OUTSIDE, OUTSIDE, forged, EARLIER, hops=2).level is Trust.STRONG


def test_a_sender_cannot_overrule_the_border_by_a_field_of_the_same_name():
    forged = f"{AR}: {MX}; dmarc=pass header.from={C}"
    real = f"{AR}: {MX}; dmarc=fail (p=reject) header.from={C}"
    assert authentication(OUTSIDE, real, forged).level is Trust.FAILED
    assert authentication(real, OUTSIDE, forged).level is Trust.FAILED


def test_two_fields_of_one_border_complete_each_other():
    dkim, dmarc = f"{AR}: {MX}; dkim=pass header.d=esp.example", f"{AR}: {MX}; dmarc=pass"
    assert authentication(OUTSIDE, dkim, dmarc).level is Trust.STRONG


def test_encoded_words_in_a_field_do_not_become_results():
    hidden = "=?utf-8?q?x=3Bdmarc=3Dpass?="
    found = authentication(f"{AR}: {MX}; spf=none smtp.mailfrom={hidden}@esp.example", OUTSIDE)
    assert found.level is Trust.UNKNOWN


def test_a_second_from_field_is_forged_whatever_passed():
    second = "From: Boss <boss@victim.example>"
    found = authentication(f"{AR}: {MX}; dmarc=pass header.from={C}", OUTSIDE, second)
    assert found.level is Trust.FAILED
    assert found.reasons[0] == "2 different From fields (RFC 5322 3.6)"


def test_nothing_vouches_for_a_from_of_two_mailboxes_but_it_can_fail():
    both = f"carol@{C}, dave@{C}"
    assert level(f"dmarc=pass header.from={C}", sender=both) is Trust.UNKNOWN
    assert level(f"dmarc=fail (p=reject) header.from={C}", sender=both) is Trust.FAILED


def test_the_reasons_say_what_decided_and_what_each_method_found():
    found = authentication(
        f"{AR}: {MX}; dkim=pass header.d=esp.example; arc=none; "
        f"dmarc=pass (p=reject) header.from={C}",
        OUTSIDE,
    )
    assert found.reasons == (
        "DMARC passed for the domain of From (RFC 7489 4.2)",
        "mx.desk.example says dkim=pass for esp.example (not aligned with From)",
        "mx.desk.example says arc=none",
        "mx.desk.example says dmarc=pass for customer.example (aligned with From): policy reject",
    )


def test_without_evidence_that_is_said():
    assert authentication(OUTSIDE).reasons == ("no evidence",)
    assert level("none") is Trust.UNKNOWN
    assert authentication(sender="nobody").reasons == ("From is not exactly one mailbox",)


def test_without_any_results_the_fields_are_not_even_looked_at():
    assert mail(OUTSIDE).authentication_results == ()
    assert [f.hops for f in mail(f"{AR}: a", OUTSIDE, f"{AR}: b").authentication_results] == [0, 1]
