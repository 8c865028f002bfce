"""What notices may be given: the contexts by which templates are checked and shown.

The fields are those that the outbox freezes with each mail; every key is always there, and those
that are None in the least sample may be None in a real mail.
"""

from collections.abc import Mapping
from typing import Any

ROLES = ("customer", "agent", "admin")
TAG = "<blink>"  # stands for all markup: a mail that holds it as a tag has let a text through

_TYPED = frozenset({"name", "subject", "requester_name", "assignee", "team", "author", "text"})
_TYPED |= {"about", "actor", "note", "line", "reason", "form", "before", "after", "category", "to"}
_TYPED |= {"asked_by"}

_DESK = {"name": "Example Support", "address": "support@desk.example", "timezone": "Europe/Berlin"}
_TICKET = {
    "number": "TKT-2026-00042",
    "subject": "Re: The printer on floor 3 prints <blank> pages",
    "status": "in_progress",
    "priority": "high",
    "category": "technical_support",
    "requester": "carol@client.example",
    "requester_name": "Carol Client",
    "assignee": "alice",
    "team": "Hardware",
    "visibility": "public",
    "created_at": "2026-11-20T08:15:00+00:00",
}
_TICKETS: tuple[dict[str, Any], ...] = tuple(
    {
        **_TICKET,
        "status": status,
        "last_message_at": "2026-11-20T08:15:00+00:00",
        "notice": notice,
        "due_at": due_at,
        "reply_address": "support+tkt-2026-00042.x7f3q2kd5m@desk.example",
        "note_address": "support+tkt-2026-00042.n9c4w8rb2t@desk.example",
    }
    for status, notice, due_at in (
        ("in_progress", "overdue", "2026-11-21T08:15:00+00:00"),
        ("waiting_on_customer", "assigned", None),
        ("resolved", "undelivered", None),
    )
)
_ANSWERED: tuple[Mapping[str, Any], ...] = (
    _TICKET | {"commands": [{"line": "/close", "reason": "", "form": ""}], "status": "closed"},
    dict.fromkeys(("number", "subject", "status"), "")
    | {
        "assignee": None,
        "commands": [{"line": "/tga vip", "reason": "there is no such", "form": "/tag vip -late"}],
    },
)
_REPORT: Mapping[str, Any] = {
    "month": "2026-10",
    "opened": 12,
    "answered": 11,
    "first_response": 5_400,
    "missed": 2,
    "resolved": 9,
    "closed": 8,
    "auto_closed": 5,
    "priorities": [
        {"which": "high", "count": 3, "share": 24},
        {"which": "normal", "count": 9, "share": 70},
        {"which": "low", "count": 0, "share": 0},
    ],
    "kinds": [
        {"which": "request", "count": 10, "share": 70},
        {"which": "dispute", "count": 0, "share": 0},
        {"which": "order", "count": 2, "share": 14},
        {"which": "recovery", "count": 0, "share": 0},
    ],
    "categories": [{"which": "technical support", "count": 12, "share": 70}],
    "now": [
        {"which": "total_active_tickets", "count": 7, "share": 70},
        {"which": "waiting_for_system", "count": 3, "share": 30},
    ],
}
_RATING: Mapping[str, Any] = {
    "rate_addresses": [
        f"support+tkt-2026-00042.s5k2n8vq4{letter}@desk.example" for letter in "bcdef"
    ],
    "rate_page": "https://desk.example/t/tkt-2026-00042.p7d3w9fz2k",
    "rated": 2,
}
_SAID_OR_DONE = (*("message", "actor", "note", "undelivered", "target", "escalation", "approval"),)
_UNDELIVERED: Mapping[str, Any] = {
    "recipient": "carol@client.example",
    "status": "5.1.1",
    "reason": "550 5.1.1 nobody of that name here",
}
_CHANGES: tuple[Mapping[str, Any], ...] = tuple(
    {"field": name, "before": before, "after": _TICKET[name]}
    for name, before in (("status", "open"), ("priority", "normal"), ("assignee", None))
)
_APPROVAL: Mapping[str, Any] = {
    "asked_by": "Bob Boss",
    "to": "Ada Admin",
    "reason": "The customer calls every hour.",
    "rule": {"name": "leads", "since": "turn", "seconds": 14_400, "calendar": "office"},
    "expires_at": "2026-11-23T08:15:00+00:00",
    "reminded": 1,
    "page": "https://desk.example/t/tkt-2026-00042.a3j6y5hp8s",
}
_TIMES = (
    *("due_at", "waiting_since", "threshold", "threshold_origin"),
    *("client_threshold", "auto_close"),
)
_ADDRESSES = (
    *("reply_to", "reply_address", "note_address"),
    *("confirm_address", "confirm_page", "rate_page", "rated"),
)
_CUSTOMERS_WORDS = """Good morning,

since yesterday the printer on floor 3 (an LX-250 & its twin) prints
<blank> pages only.
I have tried:
  - switching it off and on
  - a new cartridge

What else can I do?
Carol"""
_AGENTS_WORDS = """Hello Carol,

thank you for the details. Please open the front cover and check whether
the yellow transport strip is still in place.

Does the test page look right after that?

Kind regards
Alice"""
_REMARKS = (
    ("failed", "carol@client.example"),
    ("agent", "alice@desk.example"),
    ("reply_to", "carol@elsewhere.example"),
    ("colleague", "Alice Agent"),
    ("address", "alice@desk.example"),
    ("scripts", "\u0410lice Agent"),
    ("hidden", "Alice[U+200B] Agent"),
    ("form", "carol@client.example"),
    ("domain", "d\u0435sk.example"),
    ("left_out", "dave@client.example, erin@client.example"),
    ("forwarded", "Bob Boss"),
)
_CUSTOMER = {
    "name": "Carol Client",
    "address": "carol@client.example",
    "role": "customer",
    "language": "en",
}
_AGENT = {"name": "Alice Agent", "address": "alice@desk.example", "role": "agent", "language": "en"}
_ADMIN = {"name": "Ada Admin", "address": "ada@desk.example", "role": "admin", "language": "en"}


def _said(side: str) -> Mapping[str, Any]:
    client = side == "client"
    author, words = (_CUSTOMER, _CUSTOMERS_WORDS) if client else (_AGENT, _AGENTS_WORDS)
    return {
        "author": author["name"],
        "address": author["address"] if client else None,  # an agent's own stays inside
        "side": side,
        "text": words,
        "at": "2026-11-20T08:15:00+00:00",
    }


def _due(which: str = "", seconds: int | None = None) -> Mapping[str, Any]:
    """Return a ticket as the digest lists it: `late` or `left` are seconds, if a clock runs."""
    times = {"late": None, "left": None} | ({which: seconds} if which else {})
    return {"number": _TICKET["number"], "subject": "The printer on floor 3 prints", **times}


def full(role: str, side: str = "client") -> dict[str, Any]:
    """Return a context with every field filled, for a recipient of `role`, quoting `side`."""
    return {
        "desk": _DESK,
        "ticket": _TICKET,
        "recipient": {"customer": _CUSTOMER, "agent": _AGENT, "admin": _ADMIN}[role],
        "message": _said(side),
        "actor": "Bob Boss",
        "note": "Alice knows this model best.",
        "changes": list(_CHANGES),
        "in_full": True,
        "due_at": "2026-11-21T08:15:00+00:00",
        "waiting_since": "2026-11-20T08:15:00+00:00",
        "threshold": 86_400,
        "threshold_origin": "configuration, [sla.high]",
        "client_threshold": 172_800,
        "auto_close": 259_200,
        "target": {"which": "resolution", "due_at": "2026-11-21T08:15:00+00:00"},
        "escalation": {
            "level": 2,
            "to": "Bob Boss",
            "rule": {"name": "leads", "since": "turn", "seconds": 14_400, "calendar": "office"},
        },
        "approval": _APPROVAL,
        "also": [
            {"notice": "target_missed", "target": {"which": "first_response", "due_at": None}},
            {"notice": "target_near", "target": {"which": "next_response", "due_at": None}},
        ],
        "commands": [
            {
                "line": "/prioritty high",
                "reason": "there is no such command",
                "form": "/priority critical|urgent|high|normal|low",
            },
            {"line": "/assign nobody", "reason": "no agent of that name", "form": "/assign alice"},
        ],
        "gone_out": False,
        "reply_to": "support+tkt-2026-00042.x7f3q2kd5m@desk.example",
        "reply_address": "support+tkt-2026-00042.x7f3q2kd5m@desk.example",
        "note_address": "support+tkt-2026-00042.n9c4w8rb2t@desk.example",
        "confirm_address": "support+tkt-2026-00042.c3j6y5hp8s@desk.example",
        "confirm_page": "https://desk.example/t/tkt-2026-00042.c3j6y5hp8s",
        **_RATING,
        "remarks": [
            {"kind": kind, "about": about} for kind, about in _REMARKS if role != "customer"
        ],
        "undelivered": dict(_UNDELIVERED),
        "tickets": list(_TICKETS),
        "digest": {
            "held": [_due("late", 10_800), _due("left", 7_200)],
            "free": [_due(), _due("left", 432_000)],
            "quarantined": [{"id": 17, "author": "carol@client.example"}],
        },
        "report": _REPORT,
        "board": {"mailbox": "support", "mails": 60},
        "transcript": {"done": side == "system", "tickets": list(_ANSWERED)},
        "more": True,
        "answers": "<question@client.example>",
    }


def least(role: str) -> dict[str, Any]:
    """Return a context with nothing in it that may be missing."""
    context = full(role)
    ticket = _TICKET | {"subject": "", "requester_name": None, "assignee": None, "team": None}
    nothing = dict.fromkeys((*_SAID_OR_DONE, *_TIMES, *_ADDRESSES))
    recipient = context["recipient"] | {"name": ""}
    return (
        context
        | nothing
        | {"ticket": ticket, "recipient": recipient}
        | {
            "commands": [],
            "changes": [],
            "in_full": False,
            "also": [],
            "rate_addresses": [],
            "remarks": [],
            "tickets": [],
            "digest": None,
            "transcript": None,
            "report": None,
            "board": None,
            "more": False,
            "answers": None,
        }
    )


def marked(role: str) -> dict[str, Any]:
    """Return a full context with `TAG` in every text that people type: none may become markup."""
    return {key: _marked(key, value) for key, value in full(role).items()}


def _marked(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _marked(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_marked(key, inner) for inner in value]
    return f"{TAG} {value}" if key in _TYPED else value


def samples() -> tuple[dict[str, Any], ...]:
    """Return the contexts that every template must bear, whatever its notice."""
    quoting = tuple(full(role, side) for role in ROLES for side in ("client", "system"))
    extremes = tuple(make(role) for role in ROLES for make in (least, marked))
    return quoting + extremes


_BEGUN = {
    "desk": ("name", "timezone"),
    "ticket": ("number", "subject"),
    "recipient": ("name",),
    "message": ("author", "text", "at"),
}


def begun() -> tuple[dict[str, Any], ...]:
    """Return the contexts that the templates of an answer that is begun must bear; no more."""
    return tuple(
        {part: {name: each[part][name] for name in names} for part, names in _BEGUN.items()}
        | {"answers": "<1@client.example>"}
        for each in samples()
        if each["message"]
    )
