"""What `mailgate simulate` shows of the mails that were read again, for programs and for people."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from mailgate.cli import printing
from mailgate.cli.shapes import Shape

if TYPE_CHECKING:
    from mailgate.app.trying import Differing, Mail, Relived

RETOLD: Shape = MappingProxyType(
    {
        "read": "how many were read and sorted again",
        "differing": "of how many something else would have become",
        "totals": "of how many what is different, a list",
        "standing": "of how many what was recorded stands, and why, a list",
        "each": "a list of those of which something else would become, the newest ones",
    }
)
RETOLD_TOTAL: Shape = MappingProxyType(
    {
        "what": "other_ticket, opens (a new ticket), joins (a ticket, in place of opening one), "
        "refused (or sent back, or kept apart), taken (which was refused), team, assignee, "
        "priority, category, kind, tags, or believed (its sender, more or less)",
        "count": "of how many mails",
    }
)
RETOLD_STANDING: Shape = MappingProxyType(
    {
        "why": "not_kept (the raw mail is there no more), imported (brought along from before), "
        "not_again (by the present configuration it comes out otherwise than recorded, too), or "
        "fails (by the new one it cannot be decided: it would stop an answer that waits, or be "
        "parked)",
        "count": "of how many mails",
    }
)
RETOLD_MAIL: Shape = MappingProxyType(
    {
        "mail": "its id, as in `mailgate explain`",
        "received_at": "when it came",
        "sender": "who wrote it",
        "subject": "its subject",
        "number": "of the ticket that it was put down on; empty: none",
        "differences": "a list: `what` as in the totals, and under both configurations (`present`, "
        "`new`) the ticket's number (empty: one that was not recorded), or what else differs",
    }
)

_WOULD: Mapping[str, str] = MappingProxyType(
    {
        "other_ticket": "would go to another ticket",
        "opens": "would open a new ticket",
        "joins": "would join a ticket and not open one",
        "refused": "would be refused, sent back or kept apart",
        "taken": "would not be refused any more",
        "team": "would go to another team",
        "assignee": "would be given to another agent",
        "priority": "would have another priority",
        "category": "would have another category",
        "kind": "would be of another kind",
        "tags": "would have other tags",
        "believed": "would be believed more, or less",
    }
)
_STANDING: Mapping[str, str] = MappingProxyType(
    {
        "not_kept": "are not kept any more",
        "imported": "were imported",
        "not_again": "come out otherwise by the present configuration, too, as when somebody was "
        "away then, a ticket was merged, an answer was stopped or a key was dropped",
        "fails": "cannot be decided by the new configuration: they would stop an answer that "
        "waits, or fail and be parked",
    }
)


def shaped(relived: "Relived | None", limit: int) -> dict[str, object] | None:
    """Return what became of the mails for programs; None where none was read again."""
    if relived is None:
        return None
    return {
        "read": relived.read,
        "differing": relived.differing,
        "totals": [{"what": what, "count": n} for what, n in sorted(relived.counts.items())],
        "standing": [{"why": why, "count": n} for why, n in sorted(relived.stood.items())],
        "each": [
            {
                "mail": each.id,
                "received_at": each.received_at,
                "sender": each.sender,
                "subject": each.subject,
                "number": each.number,
                "differences": [
                    {"what": d.what, "present": d.present, "new": d.new} for d in each.differs
                ],
            }
            for each in relived.mails[-limit:]
        ],
    }


def print_retold(relived: "Relived | None", limit: int) -> None:
    """Print what became of the mails: the totals first, then a line for each that differs."""
    if relived is None:
        printing.line(
            "What is changed has nothing to do with what becomes of a mail: none is read."
        )
        return
    printing.line(
        f"Mails read again: {relived.read}; something else would become of {relived.differing}."
    )
    for why, n in sorted(relived.stood.items()):
        printing.line(f"{n} mails {_STANDING[why]}: what was decided of them stands.")
    if not relived.mails:
        return
    totals = sorted(relived.counts.items())
    printing.table(("MAILS", "WHAT"), ((n, _WOULD[what]) for what, n in totals))
    shown = relived.mails[-limit:]
    printing.table(
        ("TICKET", "FROM", "SUBJECT", "WHAT IS DIFFERENT"),
        ((each.number, each.sender, each.subject, _says(each)) for each in shown),
        long=("SUBJECT", "WHAT IS DIFFERENT"),
    )
    more = len(relived.mails) - len(shown)
    if more:
        printing.line(f"({more} older mails are not listed: see --limit.)")


def _says(mail: "Mail") -> str:
    return "; ".join(map(_said, mail.differs))


def _said(difference: "Differing") -> str:
    words = difference.what.replace("_", " ")
    new, present = difference.new or "a new one", difference.present or "none"
    if difference.what in ("team", "assignee", "tags"):
        new = difference.new or "none"
    return f"{words}: {new}, else {present}"
