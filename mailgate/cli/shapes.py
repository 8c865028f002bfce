"""The fields of --json: what every program may rely on, with what each means.

docs/json.md is written from these, and a test compares what the commands print with them. A name
that stands here stays; more may come.
"""

from collections.abc import Mapping
from types import MappingProxyType

Shape = Mapping[str, str]

TICKET: Shape = MappingProxyType(
    {
        "number": "the number that people see",
        "subject": "of its first mail",
        "status": "new, open, in_progress, waiting_on_customer, resolved, closed or reopened",
        "automation_status": "what reports speak of: waiting_for_system_response, "
        "waiting_for_client_response, delayed_by_system, delayed_by_client, "
        "resolved_awaiting_confirmation, reopened, closed or auto_closed",
        "delay": "none, delayed_by_system or delayed_by_client",
        "priority": "critical, urgent, high, normal or low",
        "category": "one of [desk] categories",
        "kind": "request, dispute, order or recovery",
        "visibility": "public; internal: a machine opened it, and nothing goes outside",
        "requester": "the customer's address",
        "requester_name": "the name in their mail, or empty",
        "participants": "others of the customer's side, and a requester who joined later; a list",
        "assignee": "the agent who holds it, or null",
        "team": "the team that holds it, or null",
        "followers": "agents who want to hear of it; a list",
        "tags": "a list of words",
        "fields": "custom fields, an object: name and value",
        "records": "of other systems, about the same matter; a list",
        "messages": "how many messages it has",
        "created_at": "when its first mail was received",
        "updated_at": "when something was last recorded",
        "waiting_since": "since when it is somebody's turn; null when closed",
        "snoozed_until": "until when nothing is overdue, or null",
        "next_due_at": "when the clock acts next, or null",
        "last_responder": "client or system: who spoke last",
        "last_response_at": "when they did",
        "first_response_at": "the first public reply, or null",
        "first_response_due_at": "the target for it",
        "resolution_due_at": "the target for the resolution",
        "breached": "the targets that were missed; a list of first_response, next_response and "
        "resolution",
        "thresholds": "the row of thresholds that it was given by name, or null",
        "resolved_at": "when it was resolved, or null",
        "closed_at": "when it was closed, or null",
        "closed_by": "customer, agent, auto or merged; null while it is not closed",
        "satisfaction": "the customer's rating, 1 to 5, or null",
        "surveyed_at": "when they were asked for it, or null",
        "disposition": "none; withdrawn by its author; spam or merged: no mail opens it again",
        "reopen_count": "how often it came back",
        "overdue_count": "how often the desk let its time run out",
        "escalation_level": "how many levels up it has gone; 0 when closed",
        "escalated_at": "when it last went up, or null",
        "escalated_to": "an agent, or `team:` and a team; null: nobody, or the administrators",
        "escalation_reason": "why, or null",
        "approval": "what is to be approved before it goes up, an object, or null",
    }
)

WAITING_ANSWER: Shape = MappingProxyType(
    {"author": "the agent who wrote it", "until": "when it is sent, unless it is stopped"}
)
ANSWERING: Shape = MappingProxyType({"mailbox": "where a draft lies", "since": "since when"})
REMAINING: Shape = MappingProxyType(
    {
        "waiting_for": "client or system: whose turn it is; no object but null when no clock runs",
        "hours_remaining": "until it is late, working hours where those count; negative once late",
        "is_delayed": "whether it is late",
        "threshold_hours": "what that side may take in all",
        "threshold_origin": "which row of the thresholds says so",
    }
)
PARTICIPANT: Shape = MappingProxyType(
    {
        "address": "theirs",
        "joined_at": "since when they take part: they get nothing that was said before",
    }
)

ATTACHMENT: Shape = MappingProxyType(
    {
        "n": "counts over the ticket of its message: `mailgate attachment NUMBER N`",
        "name": "its file name, cleaned",
        "type": "its media type",
        "size": "decoded, in octets",
        "sha256": "of the decoded bytes, hexadecimal",
    }
)

MESSAGE: Shape = MappingProxyType(
    {
        "id": "its id: `mailgate split NUMBER --message ID`",
        "ticket": "the number of the ticket on which it was said: this one, or one merged into it",
        "kind": "public or note",
        "side": "client or system",
        "author": "the agent's name or the customer's address",
        "author_name": "as people see it",
        "at": "when it was written or received",
        "text": "what is new in it",
        "full_text": "the whole text, with what it quotes",
        "resolution": "true when it settles the matter",
        "other_address": "true when it came from an address that takes no part in the ticket",
        "machine": "true when a machine wrote it",
        "message_id": "the Message-ID of its mail, or null",
        "attachments": "a list",
    }
)

EVENT: Shape = MappingProxyType(
    {
        "n": "counts the ticket's events, from 1",
        "name": "what happened, such as ticket.resolved; docs/logging.md lists them",
        "at": "when it happened",
        "recorded_at": "when it was decided",
        "actor": "whose doing: agent:alice, customer:carol@example.com, clock and so on",
        "before": "the fields that changed, as they were",
        "after": "the same fields, as they became",
        "reasons": "why, in sentences",
        "note": "what the actor said about it, or null",
        "failure": "of a mail of ours that did not get through: to whom and why, or null",
    }
)

THRESHOLD: Shape = MappingProxyType(
    {
        "seconds": "the duration",
        "calendar": "the calendar by whose working time it is counted; null: every hour counts",
        "origin": "where the value comes from: a preset, a table of the configuration, or a row "
        "that was set",
    }
)

THRESHOLDS: Shape = MappingProxyType(
    {
        "priority": "which tickets",
        "system": "how long the desk may take",
        "client": "how long the customer may take",
        "auto_close": "how long a resolved ticket waits",
        "first_response": "the target for the first answer",
        "resolution": "the target for the resolution",
        "next_response": "the target for each further answer, or null",
    }
)

THRESHOLD_ROW: Shape = MappingProxyType(
    {
        "name": "global, a priority, or the name of a custom row",
        "type": "global, priority or custom",
        "level": "gateway, or tenant, which wins",
        "active": "false: it is passed over",
        "values": "an object: durations in seconds, `calendar` and `working`",
    }
)

NOTICE: Shape = MappingProxyType(
    {
        "id": "its number in the outbox",
        "ticket": "the ticket's number, or null",
        "notice": "which one, such as received or agent_reply",
        "recipient": "to whom",
        "role": "customer, agent or admin",
        "state": "ready, sent, never, unknown or suppressed",
        "reason": "what the server said, or why it was held back; null at first",
        "attempts": "tries; a way that is out of order does not count against a mail",
        "delayed_at": "when staff were told that it has not left for hours, or null",
        "message_id": "its Message-ID",
        "created_at": "when it was decided",
        "next_try_at": "not before this time: the next try, or the end of quiet hours",
        "done_at": "when it ended, or null",
    }
)

PARKED: Shape = MappingProxyType(
    {
        "id": "its number: `mailgate failed retry ID`",
        "mail_from": "the envelope sender; empty is the null path",
        "recipients": "the envelope recipients, a list",
        "road": "smtp, lmtp, submission, pipe, cli, page, imap, sent or import",
        "received_at": "when it was accepted",
        "size": "in octets",
        "attempts": "tries that failed",
        "error": "the last line of what went wrong",
    }
)

QUARANTINED: Shape = MappingProxyType(
    {
        "id": "its number: `mailgate quarantine release ID`",
        "mail_from": "the envelope sender; empty is the null path",
        "known": "whether we know that address: its owner wrote before, and was shown to own it",
        "recipients": "the envelope recipients, a list",
        "road": "smtp, lmtp, submission, pipe, cli, page, imap, sent or import",
        "received_at": "when it was accepted",
        "size": "in octets",
        "marks": "what the filter in front says of it",
    }
)

STATISTICS: Shape = MappingProxyType(
    {
        "total_active_tickets": "the sum of the next six",
        "waiting_for_system": "it is our turn, in time",
        "waiting_for_client": "it is the customer's turn, in time",
        "delayed_by_system": "it is our turn, too late",
        "delayed_by_client": "it is the customer's turn, too late",
        "resolved_pending_confirmation": "resolved, and not yet confirmed",
        "reopened": "taken up again, and nobody has looked yet",
        "auto_closed_last_24h": "closed by the clock within 24 hours",
    }
)

STEP: Shape = MappingProxyType(
    {
        "number": "the ticket",
        "timer": "which deadline",
        "target": "which one it is about: first_response, resolution, next_response; else null",
        "due_at": "when it was due",
        "says": "what happens, in a sentence",
        "notices": "a list of what is sent, to whom",
        "status": "the ticket's status after it",
    }
)

TICK: Shape = MappingProxyType(
    {
        "at": "the instant it was about",
        "horizon": "how far the clock could see: it waits for mail that is not processed",
        "hold_until": "until when, after an outage, nothing is escalated or sent to customers",
        "steps": "a list of the deadlines acted on",
        "next": "number, timer, target and due_at of the first deadline after that, or null; only "
        "in a dry run",
    }
)

FORESEEN: Shape = MappingProxyType(
    {
        "at": "when it will be acted on",
        "number": "the ticket",
        "timer": "which deadline",
        "target": "which one it is about: first_response, resolution, next_response; else null",
        "says": "what happens, in a sentence",
        "status": "the ticket's status after it",
        "notices": "a list of what is sent because of it",
        "told_in": "the notice of another deadline of the same moment that tells of it, too; null: "
        "it has notices of its own, or nobody is told",
    }
)

FORESEEN_NOTICE: Shape = MappingProxyType(
    {
        "notice": "which",
        "to": "the recipient's address",
        "held_back": "why it would not be sent, or null",
        "quiet_until": "the end of the recipient's quiet hours, for which it waits, or null",
        "joined_at": "when the mail leaves in which it is told with others, or null",
    }
)

AGENT: Shape = MappingProxyType(
    {
        "name": "the short name of commands",
        "address": "where notices go",
        "teams": "a list of names",
        "holds": "how many tickets on the desk's turn",
        "limit": "up to how many are given to them by themselves",
        "seen_at": "when they last did something themselves, or null",
        "away_until": "until when they get no new tickets; null when they are there",
    }
)

CARD: Shape = MappingProxyType(
    {"address": "to be written into Bcc", "command": "the line that it stands for"}
)

JOB: Shape = MappingProxyType(
    {
        "name": "which",
        "every": "the seconds between two runs; 0: all the time; null: by hand alone",
        "node": "where it last ran; this and what follows are null as long as it never has",
        "began_at": "when that began",
        "took_ms": "how long it took, in milliseconds",
        "result": "an object of numbers: what it did; null when it failed",
        "fault": "what ended it, or null",
    }
)

ROW: Shape = MappingProxyType(
    {
        "event": "its name",
        "on": "a list of the statuses in which the row counts",
        "guard": "what must hold besides, in a sentence; null: nothing",
        "act": "the move that follows",
        "says": "what that means, in a sentence",
    }
)

FAULT: Shape = MappingProxyType(
    {
        "check": "which check found it",
        "subject": "what it is about",
        "says": "what does not agree, and what it should be",
        "remedy": "what to do about it",
    }
)

CHECKED: Shape = MappingProxyType(
    {
        "check": "configuration, database, gateway, templates, delivery, trust, mailbox, clock, "
        "web, submission, assignment, canary, flood, parked or quarantine",
        "state": "ok, warning or fault",
        "says": "what was found, in a sentence",
    }
)

CAUSED: Shape = MappingProxyType(
    {
        "notice": "which notice",
        "recipient": "to whom",
        "role": "customer, agent or admin",
        "state": "ready, sent, never, unknown or suppressed",
        "reason": "why it was suppressed, refused or put off; else null",
    }
)

EXPLAINED_MAIL: Shape = MappingProxyType(
    {
        "about": "mail, or file: then all is as it would be if the mail came now",
        "mail": "its number in the log; null for a file",
        "received_at": "when it was accepted",
        "mail_from": "the envelope sender; empty is the null path",
        "recipients": "the envelope recipients, a list",
        "from": "the addresses of its From, a list",
        "subject": "its subject",
        "message_id": "its Message-ID, or null",
        "state": "pending, or how it ended: opened, threaded, commands_only, report, suppressed, "
        "quarantined or parked; null where there is no desk to ask",
        "ticket": "the number of the ticket that it came to, or null",
        "says": "why it ended so, in a sentence",
        "kind": "own, bounce, report, auto_reply, spam, list or person",
        "machine": "true when a machine wrote it",
        "may_answer": "false when nothing automatic may be sent to its author",
        "reasons": "the signals that decided this, each with what was seen, a list",
        "trust": "how far its From is believed: failed, unknown, weak or strong",
        "authentication": "by what, a list",
        "rung": "the step by which the ticket was found: signed, number, reference, overflow, "
        "alert or new; null when none was looked for",
        "other_address": "true when the sender is not who the key was given to",
        "tried": "each step that was tried and why it fits or not, a list",
        "mentions": "other tickets that it names, a list of numbers",
        "lines": "lines of its text: `all`, `new`, and `folded` as quote or signature",
        "degraded": "the limits that it was over and what was too broken to be read, a list",
        "error": "why it could not be processed, or null",
        "events": "what it caused, a list",
        "notices": "what is sent because of it, or was held back and why, a list",
    }
)

EXPLAINED_TICKET: Shape = MappingProxyType(
    {
        "about": "ticket",
        "number": "its number",
        "subject": "its subject",
        "status": "as in `tickets`",
        "delay": "as in `tickets`",
        "closed_by": "as in `tickets`",
        "disposition": "as in `tickets`",
        "automation_status": "as in `tickets`",
        "events": "its history, a list",
        "timers": "the deadlines that were set, a list",
        "escalations": "the rules of [[escalation]] as they stand with it, a list",
        "thresholds": "the times in force for it, as one of `thresholds`",
        "mails": "the mails behind it, a list",
    }
)

ESCALATION: Shape = MappingProxyType(
    {
        "rule": "its name",
        "says": "when it acts, in words",
        "due_at": "when that would be, or null",
        "lacking": "why it does not act, or null",
    }
)

TIMER: Shape = MappingProxyType(
    {
        "kind": "which deadline",
        "turn": "of which turn",
        "step": "which step of it",
        "due_at": "when it comes due",
        "fired_at": "when it was acted on, or null",
        "origin": "how it was worked out",
    }
)

MAIL: Shape = MappingProxyType(
    {
        "mail": "its number: `mailgate explain mail:NUMBER`",
        "received_at": "when it was accepted",
        "mail_from": "the envelope sender",
        "state": "how it ended",
        "kind": "what kind of mail it is",
        "rung": "the step by which it found the ticket",
        "trust": "how far its From is believed",
        "says": "why it ended so",
    }
)
OUTCOME: Shape = MappingProxyType(
    {
        "action": "failed, delayed, delivered, relayed or expanded; empty when it is not said",
        "status": "a code of RFC 3463 such as 5.1.1; 5.0.0 where the text said 550; or empty",
        "final_recipient": "whom it is about, or empty",
        "diagnostic": "what the server said, or empty",
    }
)

REPORT: Shape = MappingProxyType(
    {
        **OUTCOME,
        "outcomes": "a list of the same four, one for each recipient; above stand the gravest's",
        "original_message_id": "the Message-ID of the mail it is about, or null",
        "source": "standard: a part made for it (RFC 3464, 8098, 5965); text: words for people",
    }
)

VERDICT: Shape = MappingProxyType(
    {
        "kind": "own, bounce, report, auto_reply, spam, list or person, the first that holds",
        "machine": "a machine wrote it",
        "may_answer": "something automatic may be sent to its author",
        "no_reply": "the opposite: the mail itself shows that nothing automatic may be",
        "reasons": "a list of the signs that were seen, each `name: what was seen`",
        "is_bounce": "it says that a mail was not delivered",
        "is_report": "a bounce, or another report: of a delay, a receipt, a complaint, totals",
        "temporary": "a report of nothing but delays and failures that may pass",
        "bounce_status": "a list of the status codes of `failed_recipient`, each once",
        "failed_recipient": "a list of those whom a mail did not reach; if it failed for nobody,"
        " those whom it did not reach yet",
        "original_message_id": "the mail that the bounce or report is about, or null",
    }
)
"""Of `parse`, which knows neither envelope nor desk: nothing is our own."""

LYING: Shape = MappingProxyType(
    {
        "mailbox": "its name in the configuration",
        "folder": "the full name of a folder of its board",
        "mails": "how many mails of tickets lay in it at the last look",
        "tickets": "of how many tickets",
    }
)

MOVED: Shape = MappingProxyType(
    {
        "mailbox": "its name in the configuration",
        "would": "make: it is missing; rename: it is called otherwise; drop; move: by us",
        "number": "of which ticket; null for a folder",
        "subject": "of its first mail; null for a folder",
        "source": "the folder that mails would be moved from, the name that it has now, or null",
        "folder": "the folder that would be made, or to which mails were or would be moved",
        "mails": "how many mails would be moved",
        "events": "what the drop would do, a list of names of events",
    }
)
