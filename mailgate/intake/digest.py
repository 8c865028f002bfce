"""An agent's answer to the daily digest: commands on any number of tickets, all of them or none.

Where one line is wrong, nothing is done; either way the agent is sent each line and what became of
it. It takes the address that was signed for the agent, in a mail that is From them: whoever else
finds that address gets nothing, and their mail is a mail like any other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mailgate.desk import commands as asked
from mailgate.desk import held
from mailgate.desk.ledger import Ledger
from mailgate.desk.messages import NOTE
from mailgate.domain import events
from mailgate.domain.commands import SETS_ASIDE, Command, Fault
from mailgate.domain.digest import Answered, Line
from mailgate.domain.model import Side
from mailgate.domain.people import Agent
from mailgate.errors import Refused
from mailgate.intake.agents import AFTER, BEFORE, ENDS, REFUSED, happen, refused
from mailgate.intake.ending import Ending, message_of
from mailgate.intake.lookup import Lookup
from mailgate.intake.reading import Reading
from mailgate.mail.trust import Trust
from mailgate.store import tickets

NOTICE = "transcript"
_ORDER = (*BEFORE, "note", "resolve", *AFTER)
_SPEAKS = {"resolve", "reopen"}  # to the customer
_UNFIT = "it has no place in an answer to the digest"
_UNSAID = Fault("", "there is no command in it", "a ticket's number, and a command below it")


@dataclass(frozen=True, slots=True)
class _Part:
    """What is asked for one ticket; `id` None where there is none of that number."""

    number: str
    id: int | None
    lines: list[Line] = field(default_factory=list)


def agent_of(ledger: Ledger, reading: Reading) -> Agent | None:
    """Return whose answer to a digest a mail is; None for any other mail."""
    if reading.answer is None or reading.authentication.level is Trust.FAILED:
        return None
    return ledger.settings.staff.by_address.get(reading.mail.strict_from or "")


def carry_out(ledger: Ledger, lookup: Lookup, reading: Reading, agent: Agent) -> Ending:
    """Do all that an answer asks for, or nothing, and write to the agent what became of it."""
    parts = _parts(ledger, lookup, reading)
    mark = ledger.mark()
    wrong = dict(each for part in parts for each in _do(ledger, reading, agent, part))
    count = sum(len(part.lines) for part in parts)
    if wrong or not count:
        ledger.undo(mark)
        unsaid = {"number": "", "commands": [_shown(_UNSAID.line, _UNSAID)]}
        told = [_told(ledger, part, wrong) for part in parts] or [unsaid]
        reasons = [fault.reason for fault in wrong.values()] or [_UNSAID.reason]
        event = refused(reading, asked.actor(agent), reasons)
        _write(ledger, reading, agent, event, told, done=False)
        says = f"{agent.name} answered the digest, and nothing was done: {'; '.join(reasons)}"
        return Ending("commands_only", says=says, word=REFUSED)
    for part in parts:  # what is stopped cannot be undone
        if part.id is not None and _names(part) & SETS_ASIDE.keys():
            at = reading.claimed.received_at
            held.stop(ledger, part.id, at, asked.actor(agent), agent.name)
    done = Answered(at=reading.claimed.received_at, actor=asked.actor(agent), count=count)
    told = [_told(ledger, part, wrong) for part in parts]
    _write(ledger, reading, agent, done, told, done=True)
    says = f"{agent.name} answered the digest: {count} commands on {len(parts)} tickets"
    return Ending("commands_only", says=says)


def _parts(ledger: Ledger, lookup: Lookup, reading: Reading) -> list[_Part]:
    """Return what is asked for each ticket, in the order in which they stand.

    What is said of a merged ticket is for the one in which it goes on, but for its merging.
    """
    lines = () if reading.answer is None else reading.answer.lines
    named = {line.number for line in lines}
    known = tickets.by_number(ledger.connection, ledger.settings.tenant_id, named)
    ledger.load(known.values())
    found: dict[str, _Part] = {}
    for line in lines:
        id_ = known.get(line.number)
        if id_ is not None and not _is_of_merging(line):
            id_ = lookup.leads_to(id_)
        number = line.number if id_ is None else ledger.ticket(id_).number
        found.setdefault(number, _Part(number, id_)).lines.append(line)
    return list(found.values())


def _is_of_merging(line: Line) -> bool:
    return isinstance(line.asked, Command) and line.asked.name in ("merge", "unmerge")


def _names(part: _Part) -> set[str]:
    return {line.asked.name for line in part.lines if isinstance(line.asked, Command)}


def _do(
    ledger: Ledger, reading: Reading, agent: Agent, part: _Part
) -> Iterator[tuple[Line, Fault]]:
    """Carry out what is asked for one ticket; yield what is wrong with which line."""
    fit: list[tuple[int, Line, Command]] = []
    for line in part.lines:
        if isinstance(line.asked, Fault):
            yield line, line.asked
        elif (fault := _unfit(part, line, line.asked)) is not None:
            yield line, fault
        else:
            fit.append((_ORDER.index(line.asked.name), line, line.asked))
    if len(fit) < len(part.lines) or part.id is None:
        return
    for _, line, command in sorted(fit, key=lambda each: each[0]):
        try:
            _happen(ledger, reading, agent, part.id, command)
        except Refused as refusal:
            yield line, Fault(line.text, str(refusal), "")


def _unfit(part: _Part, line: Line, command: Command) -> Fault | None:
    """Return why a command that is well written is not carried out here."""
    if not part.number:
        return Fault(line.text, "it does not say for which ticket", "below a ticket's line")
    if part.id is None:
        return Fault(line.text, f"there is no ticket {part.number}", "")
    if command.name not in _ORDER:
        return Fault(line.text, f"/{command.name}: {_UNFIT}", "as a reply to a mail of the ticket")
    if command.name == "note" and not command.note:
        return Fault(line.text, "there is no text for the note", "/note text")
    whom = SETS_ASIDE.get(command.name)
    if whom is not None and _names(part) & _SPEAKS:
        return Fault(line.text, f"with it {whom} would hear from us", f"/{command.name} alone")
    if command.name == "merge" and _names(part) & ENDS:
        return Fault(line.text, "/merge itself ends a ticket", "/merge without them")
    return None


def _happen(
    ledger: Ledger, reading: Reading, agent: Agent, ticket_id: int, command: Command
) -> None:
    at = reading.claimed.received_at
    if command.name != "note":
        happen(ledger, reading, agent, ticket_id, command)
        return
    message = replace(
        message_of(reading, side=Side.SYSTEM),
        author=agent.name,
        author_name=agent.display_name,
        kind=NOTE,
        text=command.note,
        full_text=None,
        rfc_id=None,
        attachments=(),
    )
    event = events.NoteAdded(at=at, actor=asked.actor(agent))
    ledger.apply(ticket_id, event, message)


def _told(ledger: Ledger, part: _Part, wrong: Mapping[Line, Fault]) -> dict[str, Any]:
    """Return what is told of one ticket, as it stands now."""
    facts: dict[str, Any] = {"number": part.number, "subject": "", "status": "", "assignee": None}
    if part.id is not None:
        ticket = ledger.ticket(part.id)
        holder = ledger.settings.staff.find(ticket.assignee or "")
        facts |= {"subject": ticket.subject, "status": ticket.status.value}
        facts["assignee"] = holder.display_name if holder else None
    return facts | {"commands": [_shown(line.text, wrong.get(line)) for line in part.lines]}


def _shown(line: str, fault: Fault | None) -> dict[str, str]:
    if fault is None:
        return {"line": line, "reason": "", "form": ""}
    return {"line": line, "reason": fault.reason, "form": fault.right_form}


def _write(
    ledger: Ledger,
    reading: Reading,
    agent: Agent,
    event: events.Event,
    told: list[dict[str, Any]],
    *,
    done: bool,
) -> None:
    ledger.answer(
        reading.claimed.id,
        event,
        ledger.settings.staff.recipient(agent),
        NOTICE,
        ticket_id=None,
        extra={
            "transcript": {"done": done, "tickets": told},
            "reply_to": reading.answer and reading.answer.address,
            "answers": reading.mail.message_id,
        },
    )
