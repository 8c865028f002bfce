"""One line a fact: a fixed name out of `EVENTS`, and the ids of what it is about.

Lines go to stderr, for people or as JSON. Nothing that came from outside can break out of its
value, and no value of a key that sounds like a secret is written.
"""

import contextlib
import json
import logging
import re
import sys
import threading
import traceback
import unicodedata
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Literal

import structlog

from mailgate import tally
from mailgate.tally import Tally

Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of line: how loud it is, and what it says."""

    level: Level
    meaning: str


_DEBUG, _INFO = partial(Event, "debug"), partial(Event, "info")
_WARNING, _ERROR = partial(Event, "warning"), partial(Event, "error")

EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        # --- the gateway -------------------------------------------------------------------------
        "gateway.starting": _INFO("The configuration is read and everything is being built."),
        "gateway.ready": _INFO("All listeners are open and all workers run."),
        "gateway.stopping": _INFO("A signal to stop came; what is under way is being finished."),
        "gateway.hung_up": _WARNING(
            "SIGHUP came; the gateway goes on. A changed configuration needs a new start."
        ),
        "process.ended": _ERROR(
            "A process of the gateway ended by itself and is begun anew; status is its exit code, "
            "or the signal as a negative number."
        ),
        "process.killed": _WARNING("A process did not end when it was asked to, and was killed."),
        "process.silent": _ERROR(
            "A process of the gateway gave no sign of life for too long: it is killed, and begun "
            "anew."
        ),
        "process.failed": _ERROR("A process of the gateway met a fault of ours, and ends."),
        "gateway.stopped": _INFO("Everything has ended in order."),
        "gateway.failed": _ERROR("The gateway could not start, or had to stop."),
        "library.warned": _WARNING("A library wrote a warning or an error; its words are in text."),
        # --- mail in -----------------------------------------------------------------------------
        "smtp.listening": _INFO("The SMTP port is open."),
        "lmtp.listening": _INFO("The LMTP port is open."),
        "submission.listening": _INFO("The port at which agents hand in mail is open."),
        "login.accepted": _INFO("An agent logged in at the submission port."),
        "login.failed": _WARNING(
            "A login at the submission port failed; agent is missing where nobody has that name."
        ),
        "login.throttled": _WARNING(
            "A login was not looked at: too many had failed from there, or with that name."
        ),
        "smtp.stopped": _INFO("These ports are closed and no session is left."),
        "smtp.failed": _ERROR("A session met a fault of ours; the sender was told to try again."),
        "inbox.failed": _ERROR("Mails could not be kept, for a fault of ours; they come again."),
        "peer.refused": _WARNING(
            "A peer was sent away: not allowed, too many connections, or too many errors."
        ),
        "peer.tls_failed": _WARNING("A peer began TLS and did not get through."),
        "mail.accepted": _INFO("A mail is stored, and was answered with 250."),
        "mail.refused": _WARNING("A mail or recipient was refused; reply is what we answered."),
        "mail.unanswered": _WARNING("The peer left before our answer; the mail may be stored."),
        "mailbox.watched": _INFO("A shared mailbox was looked at in full, and is watched."),
        "mailbox.failed": _ERROR(
            "A shared mailbox cannot be looked at; it is tried again, and told of once."
        ),
        "mailbox.begun": _INFO("A folder of a shared mailbox was looked at for the first time."),
        "mailbox.renumbered": _WARNING(
            "A server gave new UIDs to all mails of a folder; they are matched to what is known."
        ),
        "mailbox.taken": _INFO("Mails of a shared mailbox are stored."),
        "mailbox.filed": _INFO("An answer that the gateway sent was filed among what was sent."),
        "mailbox.prepared": _INFO("An answer was begun, as a draft in a shared mailbox."),
        "mailbox.not_prepared": _WARNING("An answer could not be begun; there is no draft for it."),
        "mailbox.not_filed": _WARNING(
            "The server does not take such a copy; it is tried again, for a week."
        ),
        "mailbox.without_sent": _WARNING(
            "A shared mailbox has no folder of sent mail: answers of agents are not seen."
        ),
        "board.folder_made": _INFO("A folder of the board was missing and has been made."),
        "board.folder_renamed": _WARNING(
            "Somebody has renamed a folder of the board; it has its name again."
        ),
        "board.failed": _ERROR(
            "A board cannot be tended; mails are taken, it is tried again, and told of once."
        ),
        "board.stopped": _WARNING(
            "Very many mails have vanished from a board at once; it has stopped, and administrators"
            " were told."
        ),
        "board.goes_on": _WARNING(
            "Somebody has said that so many mails have vanished from a board rightly: it goes on."
        ),
        "board.recovered": _INFO("A board that could not be tended is tended again."),
        "board.drop_failed": _ERROR(
            "What a drop asks for failed; it is tried again each minute, and told of once."
        ),
        "board.drop_refused": _WARNING(
            "What a drop asks for is not possible: the mails are put back where they belong."
        ),
        "board.mark_failed": _ERROR("What a flag or keyword asks for failed, and is not done."),
        "board.not_marked": _WARNING(
            "A server keeps no such keyword: what it would show is not shown in the mailbox."
        ),
        "board.brought_back": _WARNING(
            "A mail of a ticket lay nowhere, after a second copy of it had been thrown away and the"
            " first one was deleted; it was put back."
        ),
        "board.moved": _INFO("Mails were moved into the folder of their tickets' state."),
        "board.not_moved": _WARNING(
            "A server refuses to move mails into a folder; they are tried again in some minutes."
        ),
        "board.overruled": _INFO(
            "Mails of one ticket were dropped in several folders; the last drop counted, not this."
        ),
        "mail.opened": _INFO("A mail opened a ticket."),
        "mail.threaded": _INFO("A mail joined a ticket; why says by what it was recognised."),
        "mail.commands_only": _INFO("A mail held commands only; they were carried out."),
        "mail.command_refused": _INFO("An agent's mail was refused; nothing of it was done."),
        "mail.report": _INFO("A mail was a bounce or report, and was filed to what it is about."),
        "mail.suppressed": _INFO("A mail was our own or a duplicate, and was left alone."),
        "mail.quarantined": _INFO("A mail was spam by the marks of the filter in front."),
        "mail.degraded": _WARNING("A mail was over a limit, and was read in part only."),
        "mail.sent_back": _WARNING("An agent's mail came to the plain address; it was sent back."),
        "agent.doubted": _WARNING("A mail bore an agent's address without proof; they are asked."),
        "mail.failed": _ERROR("A mail could not be processed; it will be tried again alone."),
        "mail.parked": _ERROR("A mail failed too often and waits for `mailgate failed retry`."),
        "mail.held": _INFO("Answers of agents wait for `[agents] hold`, and can be cancelled."),
        "mail.deferred": _WARNING("Some mails wait some seconds; `why` says for what."),
        "child.failed": _ERROR(
            "A mail was read roughly, for a fault of ours; error has its words."
        ),
        "mail.not_relived": _WARNING(
            "For a fault of ours a recorded mail could not be simulated; what was recorded stands."
        ),
        "mail.retried": _INFO("A parked mail was put back by hand."),
        "mail.released": _INFO("A quarantined mail was let in by hand."),
        # --- tickets: the words of the history ---------------------------------------------------
        "ticket.opened": _INFO("A ticket begins."),
        "customer.wrote": _INFO("A message of the customer's side."),
        "people.joined": _INFO("Others take part from now on."),
        "machine.wrote": _INFO("A mail that a machine wrote, on a known thread."),
        "agent.replied": _INFO("A public reply of the desk."),
        "command.refused": _INFO("An agent's command was not carried out; the agent is told."),
        "note.added": _INFO("An internal note."),
        "ticket.imported": _INFO("Old mail was brought along; what was due before is over."),
        "tickets.listed": _INFO("Somebody asked for their tickets, and is sent the open ones."),
        "deadline.passed": _INFO("A deadline of a ticket came due."),
        "deadline.retracted": _INFO("A mail seen late disproves a delay or a missed target."),
        "notice.delivered": _INFO("A mail that the clock waits for has left."),
        "notice.undelivered": _WARNING("A mail to the customer will not arrive, or may not have."),
        "notice.delayed": _WARNING("A mail with a person's words has not left for hours."),
        "ticket.assigned": _INFO("A ticket was given to an agent, or to nobody."),
        "ticket.team_assigned": _INFO("A ticket was given to a team, or to none."),
        "ticket.waiting": _INFO("The customer's turn begins."),
        "ticket.resolved": _INFO("The matter is settled from our side."),
        "ticket.rated": _INFO("The customer says how well it was settled, from 1 to 5."),
        "ticket.confirmed": _INFO("The customer agrees that it is settled."),
        "ticket.closed": _INFO("The matter ends."),
        "ticket.reopened": _INFO("The matter is taken up again."),
        "ticket.taken_back": _INFO("It is our turn again, though the customer has not answered."),
        "ticket.priority_set": _INFO("The priority changed."),
        "ticket.category_set": _INFO("The category changed."),
        "ticket.kind_set": _INFO("The kind changed."),
        "ticket.tagged": _INFO("Tags were put on or taken off."),
        "ticket.requester_set": _INFO("It is somebody else's matter."),
        "ticket.fields_set": _INFO("Custom fields changed."),
        "ticket.record_set": _INFO("A record of another system, or how it stands there."),
        "ticket.policy_changed": _INFO("Thresholds changed; the deadlines were worked out anew."),
        "ticket.followed": _INFO("An agent follows the ticket, or no longer does."),
        "ticket.snoozed": _INFO("The ticket is silent until a time."),
        "ticket.merged": _INFO("The ticket goes on in another."),
        "ticket.absorbed": _INFO("Another ticket goes on in this one."),
        "ticket.unmerged": _INFO("A merged ticket stands alone again."),
        "ticket.answer_stopped": _INFO("An answer that waited was stopped, and was not sent."),
        "ticket.split": _INFO("A message left for a ticket of its own."),
        "ticket.discarded": _INFO("Spam, or withdrawn."),
        "ticket.times_set": _INFO("The ticket got thresholds of its own, or lost them."),
        "ticket.escalated": _INFO("The ticket went one level up, or is to, if that is approved."),
        "ticket.approved": _INFO("What was asked for was approved: the ticket went one level up."),
        "ticket.rejected": _INFO("What was asked for was rejected: the ticket stays as it is."),
        # --- mail out ----------------------------------------------------------------------------
        "notice.sent": _INFO("A notice was handed over; detail is the answer."),
        "notice.later": _WARNING("A notice could not be handed over now; it will be tried again."),
        "notice.never": _ERROR("A notice was refused for good."),
        "notice.unknown": _WARNING("The answer to a whole notice never came: sent or not?"),
        "notice.suppressed": _WARNING(
            "A notice was held back: a ceiling, or an address that takes no mail."
        ),
        "notice.joined": _INFO("One of many notices to somebody of the staff: told with others."),
        "acknowledgements.held": _WARNING(
            "A flood: so many acknowledgements to unknown senders were held back in an hour."
        ),
        "notice.failed": _ERROR("A notice could not be written: a fault of template or gateway."),
        "delivery.broken": _ERROR(
            "The way out has failed several times in a row: an alarm, told once until it is mended."
        ),
        "delivery.mended": _INFO("The way out works again; seconds says how long it did not."),
        "delivery.failed": _ERROR("The delivery worker met a fault of ours, and goes on."),
        # --- the clock ---------------------------------------------------------------------------
        "clock.tick": _DEBUG("The deadlines were looked at; due says how many there were."),
        "clock.held": _WARNING("The clock waits for a mail that has waited for over a minute."),
        "clock.outage": _WARNING(
            "The gateway was down; mail to customers and escalations wait an hour."
        ),
        "agent.away": _INFO("An agent's auto-reply says until when they get no new tickets."),
        "assignment.done": _INFO(
            "Tickets that nobody held were given to agents; so many are still held by nobody."
        ),
        "reassignment.done": _INFO(
            "What agents held who give no sign went to others; for so many nobody was there."
        ),
        "deadline.failed": _ERROR("A deadline could not be acted on; it is tried again."),
        "job.finished": _DEBUG("A job of the scheduler ran."),
        "job.still_running": _WARNING("A job of the scheduler takes long; no other waits for it."),
        "job.failed": _ERROR("A job of the scheduler failed; it runs again at its next time."),
        # --- the canary --------------------------------------------------------------------------
        "canary.sent": _INFO("A mail of our own was sent round the loop, see [canary]."),
        "canary.returned": _INFO("It came back after so many seconds; late: it had been missing."),
        "canary.missing": _ERROR(
            "It did not come back in time: mail may not leave, or not arrive."
        ),
        "canary.over": _INFO("After an alarm, one came back."),
        # --- the daily digest --------------------------------------------------------------------
        "digest.written": _INFO("The digests of a day were written, if anybody had to be told."),
        "digest.answered": _INFO("An agent's answer to the digest was carried out."),
        "assignment.stuck": _WARNING("Administrators were told that nobody is free for tickets."),
        "month.reported": _INFO("The report of a month was written, if there was anything."),
        # --- store and web -----------------------------------------------------------------------
        "database.unavailable": _ERROR("The database does not answer; it is tried again."),
        "database.unsafe": _WARNING("The database is set so that it may lose what it committed."),
        "calls.listening": _INFO("What other nodes call by PostgreSQL is heard from now on."),
        "store.migrated": _INFO("The database was brought to this version's schema."),
        "store.copied": _INFO("A backup of the database was made before it was migrated."),
        "store.conflict": _DEBUG("Somebody else was first; it was decided again."),
        "lease.expired": _WARNING("A claim ran out with its work undone; the work is free again."),
        "http.listening": _INFO("The HTTP port is open."),
        "http.stopped": _INFO("The HTTP port is closed."),
        "http.failed": _ERROR("A request met a fault of ours."),
    }
)
"""Every line that is ever written, by name. What is not here cannot be logged."""

_RESERVED = frozenset({"time", "level", "event"})
_LONGEST_VALUE, _LONGEST_TRACEBACK = 2_000, 8_000  # characters
_MOST_ITEMS = 100
_SECRET = re.compile(r"passw(?:or)?d|secret|token|authorization|cookie|credential|(?:^|_)keys?$")
_IN_URL = re.compile(r"(://[^\s/@:]{0,200}):[^\s/@]{0,200}@")
_SIGNED = re.compile(r"([+=#~_-][^\s@<>]{1,60}\.)[a-z2-7]{20,30}@(?!\S*>)", re.IGNORECASE)
_NEEDS_QUOTES = re.compile(r"[\s\"=]|^$")
_REDACTED = "[redacted]"
_writing = threading.Lock()
_written = Tally(EVENTS)


class _Gathered(threading.local):
    """The lines of this thread that are written in one piece later; None: each at once."""

    lines: list[str] | None = None
    soon: Callable[[Callable[[], None]], object] | None = None


_gathered = _Gathered()


def log(name: str, /, **ids: object) -> None:
    """Write the line `name` with the ids of what it is about.

    `exc_info` takes an exception, or True for the one being handled. Raises LookupError for a
    name that is not in `EVENTS`, and TypeError for an id called time, level or event.
    """
    event = EVENTS.get(name)
    if event is None:
        raise LookupError(f"{name!r} is not in mailgate.log.EVENTS: add it, with its meaning")
    if _RESERVED & ids.keys():
        raise TypeError(f"{name}: an id may not be called {', '.join(_RESERVED & ids.keys())}")
    _written.add(name)
    if not structlog.is_configured():
        configure()
    getattr(_logger(), event.level)(name, **ids)


@cache  # to make one costs as much as to write a line
def _logger() -> Any:
    return structlog.get_logger().bind()


@contextmanager
def together(soon: Callable[[Callable[[], None]], object] | None = None) -> Iterator[None]:
    """Write the lines that this thread logs meanwhile in one piece, at the end.

    With `soon`, such as an event loop's `call_soon`, as often as it calls what it is given: a
    thread that does much in turns so pays for one write each turn.
    """
    if _gathered.lines is not None:
        yield
        return
    _gathered.lines, _gathered.soon = [], soon
    try:
        yield
    finally:
        _flush()
        _gathered.lines = _gathered.soon = None


def _flush() -> None:
    lines, _gathered.lines = _gathered.lines, []
    if lines:
        _put("".join(lines))


def _put(lines: str) -> None:
    # A line that nobody can take must not cost a mail: stderr may be gone, or the disk full.
    with _writing, contextlib.suppress(OSError, ValueError):
        sys.stderr.write(lines)
        sys.stderr.flush()


def written() -> Mapping[str, int]:
    """Return how often each line was written since the start, those too that the level left out.

    The processes of one gateway are counted together.
    """
    return _written.sums()


def count_as(process: int) -> None:
    """Say which process this one is, after a fork: the first is 0."""
    global _writing  # noqa: PLW0603 - the one inherited may be held by a thread that is not here
    _writing = threading.Lock()
    tally.count_as(process)


def configure(level: Level = "info", shape: Literal["console", "json"] = "console") -> None:
    """Write lines of `level` and louder to stderr from now on; may be called again.

    What libraries log at warning or louder becomes `library.warned`.
    """
    structlog.configure(
        processors=[_clean, _as_json if shape == "json" else _as_text],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    _logger.cache_clear()
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, _FromLibraries)]
    root.addHandler(_FromLibraries(logging.WARNING))


class _Stderr:
    """Writes finished lines whole, to what stderr is at that moment."""

    def __init__(self, *_: object) -> None:
        self.debug = self.info = self.warning = self.error = self._write

    @staticmethod
    def _write(line: str) -> None:
        if _gathered.lines is None:
            _put(line + "\n")
            return
        if _gathered.soon is not None and not _gathered.lines:
            _gathered.soon(_flush)
        _gathered.lines.append(line + "\n")


class _FromLibraries(logging.Handler):
    """Hands what libraries have to say to `log`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record as a line; a record that cannot be formatted is written as it is."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)
        log(
            "library.warned",
            library=record.name,
            text=text,
            exc_info=record.exc_info[1] if record.exc_info else None,
        )


def _clean(_: object, level: str, fields: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Put what every line has in front, and make every value safe to write."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, Any] = {"time": now, "level": level, "event": fields.pop("event")}
    error = fields.pop("exc_info", None)
    for key, value in fields.items():
        line[key] = _REDACTED if _is_secret(key) else _value(value)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        line["exception"] = _escaped("".join(traceback.format_exception(error)), _LONGEST_TRACEBACK)
    return line


@cache  # there are few, and each is asked for with every line
def _is_secret(key: str) -> bool:
    return _SECRET.search(key.lower()) is not None


def _value(value: object) -> object:
    if isinstance(value, str):
        return _escaped(value, _LONGEST_VALUE)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(item) for item in list(value)[:_MOST_ITEMS]]
    return _escaped(str(value), _LONGEST_VALUE)


def _escaped(text: str, longest: int) -> str:
    """Return `text` on one line: control, format and separator characters become escapes."""
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    if not text.isprintable():
        text = "".join(map(_character, text))
    if "@" not in text:
        return text
    if "://" in text:
        text = _IN_URL.sub(rf"\1:{_REDACTED}@", text)
    return _SIGNED.sub(r"\1…@", text)


def _character(char: str) -> str:
    hidden = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return char.encode("unicode_escape").decode("ascii") if hidden else char


def _as_json(_: object, __: str, line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False)


def _as_text(_: object, __: str, line: Mapping[str, Any]) -> str:
    """Return `time level name key=value ...`; a value with blanks stands in quotes."""
    pairs = [f"{key}={_word(value)}" for key, value in line.items() if key not in _RESERVED]
    return " ".join([line["time"], f"{line['level']:<7}", line["event"], *pairs])


def _word(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "true" if value else "false"
        case list():
            return _word(",".join(map(str, value)))
        case _:
            text = str(value)
            quoted = text.replace('"', "'")
            return f'"{quoted}"' if _NEEDS_QUOTES.search(text) else text


_PREFACE = """\
# What mailgate logs

<!-- Written by `mailgate.log.reference()`; a test compares. -->

One line a fact, on stderr: the time (UTC), the level, the name, and the ids of what it is about as
`key=value`; or, with `[log] format = "json"`, all of it as one JSON object that begins with `time`,
`level` and `event`. `[log] level` leaves out what is less loud. A traceback is the value of
`exception`. Control characters and line ends in values are written as escapes; values of keys that
sound like a secret are `[redacted]`.

These names are stable: alarms and searches may rest on them.

| name | level | what it says |
| --- | --- | --- |
"""


def reference() -> str:
    """Return docs/logging.md: every name with its level and meaning."""
    rows = (f"| `{name}` | {event.level} | {event.meaning} |\n" for name, event in EVENTS.items())
    return _PREFACE + "".join(rows)
