"""What each command prints with --json, as a table and as a page of the documentation."""

from collections.abc import Mapping
from types import MappingProxyType

from mailgate.cli.approvals import APPROVAL
from mailgate.cli.brought import BROUGHT, COLLEAGUE, EXAMPLE, LEFT_OUT
from mailgate.cli.counted import DAILY, DASHBOARD, DAY, WORKLOAD, WORKLOADS
from mailgate.cli.records import RECORD
from mailgate.cli.retold import RETOLD, RETOLD_MAIL, RETOLD_STANDING, RETOLD_TOTAL
from mailgate.cli.shapes import (
    AGENT,
    ANSWERING,
    ATTACHMENT,
    CARD,
    CAUSED,
    CHECKED,
    ESCALATION,
    EVENT,
    EXPLAINED_MAIL,
    EXPLAINED_TICKET,
    FAULT,
    FORESEEN,
    FORESEEN_NOTICE,
    JOB,
    LYING,
    MAIL,
    MESSAGE,
    MOVED,
    NOTICE,
    PARKED,
    PARTICIPANT,
    QUARANTINED,
    REMAINING,
    REPORT,
    ROW,
    STATISTICS,
    STEP,
    THRESHOLD,
    THRESHOLD_ROW,
    THRESHOLDS,
    TICK,
    TICKET,
    TIMER,
    VERDICT,
    WAITING_ANSWER,
    Shape,
)
from mailgate.cli.simulated import (
    SIMULATED,
    SIMULATED_DIFFERENCE,
    SIMULATED_TICKET,
    SIMULATED_TOTAL,
)

PRINTED: Mapping[str, tuple[str, Mapping[str, Shape]]] = MappingProxyType(
    {
        "tickets": (
            "A list, newest first.",
            {
                "each": TICKET,
                "each participant": PARTICIPANT,
                "each record": RECORD,
                "approval": APPROVAL,
            },
        ),
        "show NUMBER": (
            (
                "The same, and lists: `messages`, `events`, `former_numbers`, `waiting_answers`, "
                "`answering`, `merged`: numbers of tickets that go on here. `merged_into`: a "
                "number, or null. `follows`: the number of the ticket from which it goes on, or of "
                "which it was split off, or null; `split_off`: a list of numbers."
            ),
            {
                "each waiting answer": WAITING_ANSWER,
                "each that is answering": ANSWERING,
                "time_until_delay": REMAINING,
                "each message": MESSAGE,
                "each attachment of a message": ATTACHMENT,
                "each event": EVENT,
            },
        ),
        "thresholds": (
            "A list, the most pressing priority first; every field but `priority` is an object.",
            {"each": THRESHOLDS, "each duration": THRESHOLD},
        ),
        "thresholds rows": ("A list of the rows that were set.", {"each": THRESHOLD_ROW}),
        "outbox": ("A list, newest first.", {"each": NOTICE}),
        "failed list": (
            "A list, oldest first. `failed show ID` is one of them, with the whole `error`.",
            {"each": PARKED},
        ),
        "quarantine list": (
            "A list, oldest first. `quarantine show ID` is one of them.",
            {"each": QUARANTINED},
        ),
        "board": (
            "A list; with `--dry-run` of what would be done.",
            {"each": LYING, "each with `--dry-run`": MOVED},
        ),
        "stats": (
            "One object; all values are counts. With `--dashboard` and `--daily` another one.",
            {
                "fields": STATISTICS,
                "fields with `--dashboard`": DASHBOARD,
                "fields with `--daily`": DAILY,
                "each of `days`": DAY,
            },
        ),
        "workload": ("One object.", {"fields": WORKLOADS, "each": WORKLOAD}),
        "explain": (
            "About a mail or a ticket. Each event of a ticket also has `mail` and `notices`.",
            {
                "about a mail": EXPLAINED_MAIL,
                "about a ticket": EXPLAINED_TICKET,
                "each event": EVENT,
                "each notice": CAUSED,
                "each timer": TIMER,
                "each escalation": ESCALATION,
                "each mail": MAIL,
            },
        ),
        "tick": ("One object.", {"fields": TICK, "each step": STEP}),
        "forecast": (
            "A list, in the order of time.",
            {"each": FORESEEN, "each notice": FORESEEN_NOTICE},
        ),
        "simulate": (
            "One object.",
            {
                "fields": SIMULATED,
                "each of `totals`": SIMULATED_TOTAL,
                "each of `tickets`": SIMULATED_TICKET,
                "each of `differences`": SIMULATED_DIFFERENCE,
                "`mails`": RETOLD,
                "each of its `totals`": RETOLD_TOTAL,
                "each of its `standing`": RETOLD_STANDING,
                "each of its `each`": RETOLD_MAIL,
            },
        ),
        "import": (
            "One object.",
            {
                "fields": BROUGHT,
                "each colleague": COLLEAGUE,
                "each of `left_out`": LEFT_OUT,
                "each example": EXAMPLE,
            },
        ),
        "agents": ("A list, in the order of the configuration.", {"each": AGENT}),
        "agents cards": ("A list.", {"each": CARD}),
        "jobs": ("A list.", {"each": JOB}),
        "jobs run": ("One object: the job that was run.", {"fields": JOB}),
        "lifecycle": ("A list: the table, in the order in which it is read.", {"each": ROW}),
        "verify": ("A list, empty when all is well.", {"each": FAULT}),
        "check": ("A list.", {"each": CHECKED}),
    }
)
"""Each command that takes --json: what it prints, and the objects in it."""

_HEAD = """\
# What --json prints

<!-- Written by `mailgate.cli.printed.reference()`; a test compares. -->

Pure JSON in UTF-8 on stdout; whatever goes wrong is said on stderr, and by the exit code. Times
are ISO 8601 in UTC. The names below are stable: programs may rest on them. Fields may be added.
"""
_FOOT = """
## `mailgate parse --json FILE`

One object, what the parser makes of a mail: `subject`; `from`, `to` and `cc`, lists of `name` and
`address`; `date`; `text`, the whole; `reply_text`, what is new in it (the quote cut, nothing else);
`new_text`, the same without what is folded away; `signature`, what that is: signature, line of a
telephone, footer of a list or of lawyers; `html`; `attachments`, a list of `name`, `type`, `size`,
`sha256`, `part` (its place in the mail, such as `2.1`, or `2/tnef:1` for a file inside
winmail.dat), `inline` (whether the text shows it in its place) and `content_id`; `message_id`,
`in_reply_to`, `references`; `report` and `verdict`, see below; `authentication`, what the
Authentication-Results fields claim, topmost first; `degraded`, what could not be read as meant.

Each of `authentication` has `server`, the authserv-id or empty; `believed`, false, for no border is
known here and anybody can write such a field; and `results`, a list of `method`, `result`,
`properties` (an object such as `{"header.d": "customer.example"}`) and `comment`.

`report` is null, or what a delivery report says, and the words of returned mail in other forms, an
object. It is there as soon as a mail holds one; whether the mail is one, `verdict` says.
"""


def reference() -> str:
    """Return docs/json.md."""
    parts = [_HEAD]
    for name, (says, shapes) in PRINTED.items():
        parts.append(f"\n## `mailgate {name} --json`\n\n{says}\n")
        for what, shape in shapes.items():
            parts += _table(what.capitalize(), shape)
    parts.append(_FOOT)
    for what, shape in (("report", REPORT), ("verdict", VERDICT)):
        parts += _table(f"`{what}`", shape)
    return "".join(parts)


def _table(what: str, shape: Shape) -> list[str]:
    rows = (f"| `{field}` | {meaning} |\n" for field, meaning in shape.items())
    return [f"\n{what}:\n\n| field | meaning |\n| --- | --- |\n", *rows]
