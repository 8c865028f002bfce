"""Authentication-Results as servers really write them, and as nobody should."""

import pytest

from mailgate.mail.authres import MOST_RESULTS, read, read_sealed


def short(text):
    """Return the server and each result as `method=result`, with its domain."""
    found = read(text)
    names = ("header.d", "header.i", "header.from", "smtp.mailfrom", "envelope-from", "smtp.auth")
    return found.server, [
        f"{r.method}={r.result} {r.domain(*names)}".strip() for r in found.results
    ]


GMAIL = (
    "mx.google.com; dkim=pass header.i=@customer.example header.s=s2048 header.b=Yx3kQ0aB; "
    "spf=pass (google.com: domain of carol+desk=desk.example@bounce.customer.example designates "
    "192.0.2.7 as permitted sender) smtp.mailfrom=carol+desk=desk.example@bounce.customer.example; "
    "dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=customer.example"
)
MICROSOFT = (
    "spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=customer.example; dkim=pass (signature was "
    "verified) header.d=customer.example;dmarc=pass action=none "
    "header.from=customer.example;compauth=pass reason=100"
)
MICROSOFT_OLD = (
    "spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=customer.example; desk.example; dkim=none "
    "(message not signed) header.d=none;desk.example; dmarc=bestguesspass action=none "
    "header.from=customer.example;"
)
YAHOO = (
    "atlas101.free.mail.bf1.yahoo.com; dkim=pass header.i=@customer.example header.s=k1; "
    "spf=pass smtp.mailfrom=customer.example; "
    "dmarc=pass(p=REJECT,sp=NONE) header.from=customer.example;"
)
YAHOO_OLD = (
    "mta1007.mail.bf1.yahoo.com from=customer.example; domainkeys=neutral (no sig); "
    "from=customer.example; dkim=pass (ok)"
)
FASTMAIL = (
    "mx4.messagingengine.com; arc=none (no signatures found); dkim=pass (2048-bit rsa key sha256) "
    'header.d=customer.example header.i=@customer.example header.b="Ab/c+;d=" header.a=rsa-sha256 '
    "header.s=fm1 x-bits=2048; dmarc=pass policy.published-domain-policy=reject "
    "policy.applied-disposition=none policy.evaluated-disposition=none "
    "(p=reject,d=none,d.eval=none) policy.policy-from=p header.from=customer.example; "
    "iprev=pass smtp.remote-ip=192.0.2.7 (out.customer.example); spf=pass "
    "smtp.mailfrom=carol@customer.example smtp.helo=out.customer.example"
)
PROTON = (
    "mail.protonmail.ch; dmarc=pass (p=quarantine dis=none) header.from=customer.example; spf=pass "
    "smtp.mailfrom=customer.example; arc=none smtp.remote-ip=192.0.2.7; dkim=pass (2048-bit key) "
    'header.d=customer.example header.i=@customer.example header.b="Zz9"'
)
OPENDKIM = (
    'mx.desk.example; dkim=pass (1024-bit key; unprotected) header.d=customer.example header.b="x"'
)
OPENDMARC = "mx.desk.example; dmarc=fail (p=none dis=none) header.from=customer.example"
RSPAMD = (
    "mx.desk.example; dkim=pass header.d=customer.example header.s=sel header.b=aBc; spf=pass "
    "(mx.desk.example: domain of carol@customer.example designates 192.0.2.7 as permitted sender) "
    'smtp.mailfrom=carol@customer.example; dmarc=fail reason="SPF not aligned (relaxed), DKIM not '
    'aligned (relaxed)" header.from=customer.example (policy=reject)'
)
EXIM = (
    "mx.desk.example; iprev=pass (out.customer.example) smtp.remote-ip=192.0.2.7; auth=pass "
    "(PLAIN) smtp.auth=carol@customer.example; spf=pass smtp.mailfrom=customer.example; dkim=pass "
    "header.d=customer.example header.s=a header.a=rsa-sha256; arc=none"
)
SES = (
    "amazonses.com; spf=pass (spfCheck: domain of customer.example designates 192.0.2.7 as "
    "permitted sender) client-ip=192.0.2.7; envelope-from=carol@customer.example; "
    "helo=out.customer.example; dkim=pass header.i=@customer.example; "
    "dmarc=pass header.from=customer.example;"
)
C = "customer.example"


@pytest.mark.parametrize(
    ("text", "server", "results"),
    [
        (
            GMAIL,
            "mx.google.com",
            [f"dkim=pass {C}", "spf=pass bounce.customer.example", f"dmarc=pass {C}"],
        ),
        (
            MICROSOFT,
            "",
            [f"spf=pass {C}", f"dkim=pass {C}", f"dmarc=pass {C}", "compauth=pass"],
        ),
        (MICROSOFT_OLD, "", [f"spf=pass {C}", "dkim=none none", f"dmarc=bestguesspass {C}"]),
        (
            YAHOO,
            "atlas101.free.mail.bf1.yahoo.com",
            [f"dkim=pass {C}", f"spf=pass {C}", f"dmarc=pass {C}"],
        ),
        (
            YAHOO_OLD,
            "mta1007.mail.bf1.yahoo.com",
            ["domainkeys=neutral", f"from={C}", "dkim=pass"],
        ),
        (
            FASTMAIL,
            "mx4.messagingengine.com",
            ["arc=none", f"dkim=pass {C}", f"dmarc=pass {C}", "iprev=pass", f"spf=pass {C}"],
        ),
        (
            PROTON,
            "mail.protonmail.ch",
            [f"dmarc=pass {C}", f"spf=pass {C}", "arc=none", f"dkim=pass {C}"],
        ),
        (OPENDKIM, "mx.desk.example", [f"dkim=pass {C}"]),
        (OPENDMARC, "mx.desk.example", [f"dmarc=fail {C}"]),
        (RSPAMD, "mx.desk.example", [f"dkim=pass {C}", f"spf=pass {C}", f"dmarc=fail {C}"]),
        (
            EXIM,
            "mx.desk.example",
            ["iprev=pass", f"auth=pass {C}", f"spf=pass {C}", f"dkim=pass {C}", "arc=none"],
        ),
        (SES, "amazonses.com", [f"spf=pass {C}", f"dkim=pass {C}", f"dmarc=pass {C}"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else value[:12],
)
def test_what_the_servers_in_use_write_is_understood(text, server, results):
    assert short(text) == (server, results)


@pytest.mark.parametrize(
    ("text", "server", "results"),
    [
        ("mx.desk.example; none", "mx.desk.example", []),
        ("MX.Desk.Example 1 (a comment; dkim=pass); none", "mx.desk.example", []),
        ('"mx.desk.example"; dkim/1=PASS', "mx.desk.example", ["dkim=pass"]),
        (
            "mx.desk.example dkim=pass header.d=a.example",
            "mx.desk.example",
            ["dkim=pass a.example"],
        ),
        ("mx; dkim = pass header.d = a.example", "mx", ["dkim=pass a.example"]),
        (
            "mx; spf=pass smtp.mailfrom=a.example dkim=fail header.d=b.example",
            "mx",
            ["spf=pass a.example", "dkim=fail b.example"],
        ),
        (
            'mx; spf=pass smtp.mailfrom="a;b"@c.example; dkim=none',
            "mx",
            ["spf=pass c.example", "dkim=none"],
        ),
        (
            'mx; spf=pass (\\) (deep " ; dkim=pass) still) smtp.mailfrom=a.example',
            "mx",
            ["spf=pass a.example"],
        ),
        ("mx; dkim=fail (never closed; dmarc=pass", "mx", ["dkim=fail"]),
        (
            "mx; helo=a.example; envelope-from=x@b.example",
            "mx",
            ["helo=a.example", "envelope-from=x@b.example"],
        ),
        ("mx; dkim=pass header.d=a.example header.d=b.example", "mx", ["dkim=pass a.example"]),
        ("", "", []),
        (";;;", "", []),
    ],
)
def test_what_breaks_the_grammar_or_uses_all_of_it_is_read_as_far_as_it_goes(text, server, results):
    assert short(text) == (server, results)


@pytest.mark.parametrize("piece", ['"', "(", ")", "\\", ";", "=", 'a="', "a=", "(\\", '"\\"'])
def test_no_text_is_too_broken(piece):
    for text in (piece * 2000, f"mx; dkim=pass {piece * 2000}"):
        assert len(read(text).results) <= MOST_RESULTS


def test_only_so_many_results_are_read():
    assert len(read("mx;" + "dkim=pass;" * 5000).results) == MOST_RESULTS


def test_comments_are_kept_for_people_and_quotes_are_taken_off():
    (result,) = read('mx; dmarc=fail (p=reject) reason="a \\"b\\"" (more)').results
    assert result.comment == "p=reject more"
    assert result.properties["reason"] == 'a "b"'


def test_sealed_results_have_an_instance():
    assert read_sealed(" i=2; mx.lists.example; dkim=pass")[0] == 2
    assert read_sealed("i=2; mx.lists.example; dkim=pass")[1].server == "mx.lists.example"
    assert read_sealed("mx.lists.example; dkim=pass")[0] == 0
