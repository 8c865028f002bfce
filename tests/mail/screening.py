"""Mails as the screening sees them, for the tests of it."""

from dataclasses import replace
from datetime import UTC, datetime

from mailgate.mail.evidence import Own
from mailgate.mail.parse import parse
from mailgate.mail.parsed import Attachment, Mailbox
from mailgate.mail.report import Report
from mailgate.mail.screen import Verdict, screen

DESK = "support@desk.example"
BOB = "bob@example.com"
ALERTS = "alerts@example.com"
VERP = "support+bounce-7.token@desk.example"
DSN = 'multipart/report; report-type="delivery-status"; boundary=x'
EMPTY = parse(b"", datetime(2026, 11, 21, tzinfo=UTC))


def own(recipients=(DESK,), own_lists=()):
    return Own(
        addresses=frozenset({DESK, "sales@desk.example"}),
        is_own_mark=lambda value: value == "our mark",
        is_own_message_id=lambda mid: mid.endswith("@desk.example>"),
        read_bounce=lambda address: 7 if address == VERP else None,
        own_lists=frozenset(own_lists),
        recipients=tuple(recipients),
        machine_senders=frozenset({ALERTS}),
    )


def boxes(*addresses):
    return tuple(Mailbox("", address) for address in addresses)


def a_file(name):
    return Attachment("2", name, "application/gzip", 1, "", inline=False, content_id=None)


def a_mail(
    subject="My order",
    sender=BOB,
    to=(DESK,),
    cc=(),
    reply_to=(),
    report=None,
    calendar=None,
    attachments=(),
    **headers,
):
    """Return a mail of `bob`; a keyword such as list_id is a header."""
    top = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    return replace(
        EMPTY,
        message_id="<1@example.com>",
        subject=subject,
        from_=boxes(sender) if sender else (),
        strict_from=sender,
        to=boxes(*to),
        cc=boxes(*cc),
        reply_to=boxes(*reply_to),
        headers=top,
        report=report,
        calendar=calendar,
        attachments=attachments,
    )


def a_report(action, status="5.1.1"):
    return Report(action, status, "eve@example.com", "unknown user", (), None)


def verdict(mail, mail_from=BOB, **known):
    return screen(mail, mail_from, own(**known))


def names(found: Verdict) -> list[str]:
    return [reason.partition(":")[0] for reason in found.reasons]
