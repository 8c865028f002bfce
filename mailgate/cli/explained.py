"""What `mailgate explain` shows: the facts of one mail or ticket, for programs and for people."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailgate.cli import printing, shapes
from mailgate.cli.thresholds import duration

if TYPE_CHECKING:
    from mailgate.mail.parse import ParsedMail

_LISTS = ("recipients", "reasons", "authentication", "tried", "mentions", "events", "notices")


def said(mail: "ParsedMail") -> dict[str, Any]:
    """Return what a mail itself says, and how much of its text was folded away."""
    whole, new = _lines(mail.text), _lines(mail.new_text)
    return {
        "from": [each.address for each in mail.from_],
        "subject": mail.subject,
        "message_id": mail.message_id,
        "lines": {"all": whole, "new": new, "folded": max(0, whole - new)},
        "degraded": list(mail.degraded),
    }


def _lines(text: str) -> int:
    """Return how many lines say something."""
    return sum(1 for line in text.splitlines() if line.strip())


def shaped(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a mail in their fixed form; what is not known is null or empty."""
    empty: dict[str, Any] = {name: [] for name in _LISTS}
    return {name: facts.get(name, empty.get(name)) for name in shapes.EXPLAINED_MAIL}


def alone(raw: bytes) -> dict[str, Any]:
    """Return what a mail says of itself, where there is no desk to ask."""
    from mailgate.mail.evidence import NO_DESK
    from mailgate.mail.parse import parse
    from mailgate.mail.screen import screen

    now = datetime.now(UTC)
    mail = parse(raw, now)
    verdict = screen(mail, None, NO_DESK)
    facts = {
        "about": "file",
        "received_at": now,
        "kind": verdict.kind.value,
        "machine": verdict.machine,
        "may_answer": verdict.may_answer,
        "reasons": list(verdict.reasons),
    }
    return shaped(facts | said(mail))


# --- for people -----------------------------------------------------------------------------------


def print_mail(told: dict[str, Any]) -> None:
    """Print what is known of one mail."""
    lines = told["lines"]
    printing.facts(
        [
            ("Mail", told["mail"]),
            ("Subject", told["subject"]),
            ("From", ", ".join(told["from"])),
            ("Envelope", _envelope(told)),
            ("Received", printing.moment(told["received_at"])),
            ("Would be" if told["about"] == "file" else "Is", _end(told)),
            ("Because", told["says"]),
            ("Taken for", _taken_for(told)),
            ("Sender is", _sender(told)),
            ("Text", f"{lines['all']} lines, {lines['new']} new, {lines['folded']} folded"),
            ("Names also", ", ".join(told["mentions"])),
        ]
    )
    for heading, name in (
        ("What told its kind", "reasons"),
        ("What vouches for the sender, or not", "authentication"),
        ("Steps by which a ticket was looked for", "tried"),
        ("What could not be read as meant", "degraded"),
    ):
        _list(heading, told[name] or ())
    _events(told["events"])
    _notices(told["notices"])
    if told["error"]:
        printing.line()
        printing.block(told["error"].strip())


def _envelope(told: dict[str, Any]) -> str | None:
    if told["mail_from"] is None:
        return None
    return f"<{told['mail_from']}> to {', '.join(told['recipients'])}"


def _end(told: dict[str, Any]) -> str | None:
    if told["state"] is None:
        return None
    return ", ".join(filter(None, (told["state"], told["ticket"])))


def _taken_for(told: dict[str, Any]) -> str | None:
    if told["kind"] is None:
        return None
    who = "written by a machine" if told["machine"] else "not written by a machine"
    may = "may be answered automatically" if told["may_answer"] else "gets no automatic answer"
    return f"{told['kind']}: {who}, {may}"


def _sender(told: dict[str, Any]) -> str | None:
    if told["trust"] is None:
        return None
    other = ", and not who the key was given to" if told["other_address"] else ""
    return f"{told['trust']}{other}"


def print_ticket(told: dict[str, Any]) -> None:
    """Print what moved one ticket."""
    from mailgate.domain.targets import about

    printing.line(f"{told['number']}  {told['subject']}")
    printing.facts([("Status", printing.standing(told))])
    _events(told["events"])
    printing.line()
    printing.line("--- Deadlines")
    printing.table(
        ("DEADLINE", "DUE", "ACTED ON", "FROM"),
        (
            (
                printing.deadline(row["kind"], about(row["kind"], row["step"])),
                printing.moment(row["due_at"]),
                printing.moment(row["fired_at"]),
                row["origin"],
            )
            for row in told["timers"]
        ),
        long=("FROM",),
    )
    _list("Escalation", map(_escalation, told["escalations"]))
    printing.line()
    printing.line(f"--- Thresholds of priority {told['thresholds']['priority']}")
    rules = {name: value for name, value in told["thresholds"].items() if name != "priority"}
    printing.table(
        ("WHICH", "TIME", "COUNTED BY", "FROM"),
        (
            (
                name.replace("_", " "),
                duration(timedelta(seconds=value["seconds"]), days=value["calendar"] is None),
                value["calendar"] or "every hour",
                value["origin"],
            )
            for name, value in rules.items()
            if value is not None
        ),
        long=("FROM",),
    )
    printing.line()
    printing.line("--- Mails")
    printing.table(
        ("MAIL", "RECEIVED", "FROM", "STATE", "BY", "BECAUSE"),
        (
            (
                row["mail"],
                printing.moment(row["received_at"]),
                row["mail_from"],
                row["state"],
                row["rung"],
                row["says"],
            )
            for row in told["mails"]
        ),
        long=("FROM", "BECAUSE"),
    )


def _escalation(rule: dict[str, Any]) -> str:
    if rule["lacking"]:
        return f"{rule['says']}: {rule['lacking']}"
    return f"{rule['says']}: {printing.moment(rule['due_at'])}"


def _list(heading: str, items: Iterable[str]) -> None:
    found = list(items)
    if found:
        printing.line()
        printing.line(f"--- {heading}")
        for item in found:
            printing.line(f"  {item}")


def _events(events: list[dict[str, Any]]) -> None:
    if not events:
        return
    printing.line()
    printing.line("--- Events")
    for event in events:
        by = f" (mail {event['mail']})" if event.get("mail") else ""
        when = printing.moment(event["at"])
        printing.line(f"{event['n']}. {when} {event['name']} by {event['actor']}{by}")
        for reason in event["reasons"]:
            printing.line(f"     {reason}")
        if event["note"]:
            printing.line(f"     note: {event['note']}")
        for notice in event.get("notices", ()):
            printing.line(f"     -> {_notice(notice)}")


def _notices(notices: list[dict[str, Any]]) -> None:
    _list("Notices", map(_notice, notices))


def _notice(notice: dict[str, Any]) -> str:
    why = f": {notice['reason']}" if notice["reason"] else ""
    to = f"{notice['notice']} to {notice['recipient']}"
    return f"{to} ({notice['role']}), {notice['state']}{why}"
