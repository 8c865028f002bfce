"""What the macros of an agent's mail stand for."""

from mailgate.desk.ledger import Ledger
from mailgate.domain.commands import Fault, Script, read
from mailgate.domain.people import Agent
from mailgate.errors import Refused


def texts(
    ledger: Ledger, agent: Agent, ticket_id: int, script: Script, faults: list[Fault]
) -> list[str]:
    """Return what the macros of a mail stand for; `faults` grows by those that cannot be used."""
    settings, ticket = ledger.settings, ledger.ticket(ticket_id)
    facts = {
        "ticket": {
            "number": ticket.number,
            "subject": ticket.subject,
            "requester": ticket.requester,
            "requester_name": ticket.requester_name,
            "category": ticket.category,
            "priority": ticket.priority.value,
        },
        "agent": {"name": agent.display_name},
        "desk": {"name": settings.name, "address": settings.address},
    }
    found: list[str] = []
    for command in script.commands:
        match command.name, command.argument:
            case "macro", (str(name),) if command.note:
                reason = "a macro takes no note: write your own words below the commands"
                faults.append(Fault(f"/macro {name}: {command.note}", reason, "/macro name"))
            case "macro", (str(name),):
                try:
                    said = settings.macro(name, ticket.language or settings.language, facts)
                except Refused as refusal:
                    faults.append(Fault(f"/macro {name}", str(refusal), "/macro name"))
                else:
                    if (slip := _slip(said)) is not None:
                        faults.append(Fault(f"/macro {name}", slip, "the macro without that line"))
                    found.append(said)
    return found


def _slip(said: str) -> str | None:
    """Return why the text of a macro must not go out, if it holds what looks like a command."""
    script = read(said)
    if script.commands or script.faults or script.below is not None:
        return "its text holds a line like a command, which does not count there and would go out"
    return None
