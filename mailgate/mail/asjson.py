"""A parsed mail as plain values for `mailgate parse --json`; the names of its keys are fixed."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from mailgate.mail import authres
from mailgate.mail.evidence import NO_DESK
from mailgate.mail.parsed import Mailbox, ParsedMail
from mailgate.mail.screen import Kind, screen


def as_json(mail: ParsedMail) -> dict[str, Any]:
    """Return what `json.dumps` takes; times in ISO 8601, UTC."""
    return {
        "subject": mail.subject,
        "from": _people(mail.from_),
        "to": _people(mail.to),
        "cc": _people(mail.cc),
        "date": mail.date.isoformat() if mail.date else None,
        "text": mail.text,
        "reply_text": mail.reply_text,
        "new_text": mail.new_text,
        "signature": mail.signature,
        "html": mail.html,
        "attachments": [
            {
                "name": each.name,
                "type": each.type,
                "size": each.size,
                "sha256": each.sha256,
                "part": each.part,
                "inline": each.inline,
                "content_id": each.content_id,
            }
            for each in mail.attachments
        ],
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "report": asdict(mail.report) if mail.report else None,
        "authentication": [_claims(field.text) for field in mail.authentication_results],
        "verdict": _verdict(mail),
        "degraded": list(mail.degraded),
    }


def _verdict(mail: ParsedMail) -> dict[str, Any]:
    """Return what kind of mail it is, by itself: without an envelope, and without a desk."""
    verdict = screen(mail, None, NO_DESK)
    is_report = verdict.kind in (Kind.BOUNCE, Kind.REPORT)
    report = mail.report if is_report else None
    undelivered = report.undelivered if report else ()
    return {
        "kind": verdict.kind,
        "machine": verdict.machine,
        "may_answer": verdict.may_answer,
        "no_reply": not verdict.may_answer,
        "reasons": list(verdict.reasons),
        "is_bounce": verdict.kind is Kind.BOUNCE,
        "is_report": is_report,
        "temporary": report is not None and report.temporary,
        "bounce_status": _each(outcome.status for outcome in undelivered),
        "failed_recipient": _each(outcome.final_recipient for outcome in undelivered),
        "original_message_id": report.original_message_id if report else None,
    }


def _each(found: Iterable[str]) -> list[str]:
    """Return each value that is not empty once, in order."""
    return list(dict.fromkeys(filter(None, found)))


def _people(mailboxes: Iterable[Mailbox]) -> list[dict[str, str]]:
    return [{"name": each.name, "address": each.address} for each in mailboxes]


def _claims(text: str) -> dict[str, Any]:
    """Return what an Authentication-Results field says; whose border wrote it is not known here."""
    read = authres.read(text)
    return {
        "server": read.server,
        "believed": False,
        "results": [
            {
                "method": each.method,
                "result": each.result,
                "properties": dict(each.properties),
                "comment": each.comment,
            }
            for each in read.results
        ],
    }
