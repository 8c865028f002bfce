"""docs/commands.md, written from the commands themselves: a test compares."""

from typing import Any

from typer.main import get_command

from mailgate.cli.ending import EXIT_CODES
from mailgate.cli.figures import COUNTED, SEEN
from mailgate.cli.program import program
from mailgate.domain.automation import AUTOMATION
from mailgate.store.reports import ACTIVE

BAR = r"\|"  # within a table of Markdown
_HEAD = """\
# Commands

<!-- Written by `mailgate.cli.reference.commands()`; a test compares. -->

Every command takes `--config FILE`, before or after its name; without it `$MAILGATE_CONFIG` counts,
else `config.toml` in the current folder. `mailgate COMMAND --help` says what stands here. Results
go to stdout; errors go to stderr, each in a sentence with a remedy. `MAILGATE_DEBUG=1` shows the
traceback of a fault. Times are read and told in the desk's zone (`[desk] timezone`), but in JSON
and in the log in UTC. [json.md](json.md) lists the fields of `--json`.

| exit code | meaning |
| --- | --- |
"""

_STATUSES = """
## Statuses

A ticket has one status, and people see it by the same words everywhere: in `tickets`, in `show`, in
what a command confirms, and in mails. Whoever's turn it is has let their time run out: then the
ticket is `overdue`, too. `--status` takes the words, with spaces or as programs write them.

`show` and `explain` also tell by whom a ticket was closed, and as what where that matters:

| what people see | what it means |
| --- | --- |
| closed by agent | somebody of the desk has ended it |
| closed by customer | its customer has confirmed that it is settled |
| closed by auto | nobody objected in time when it was resolved; or it was old at its import |
| closed by merged | it goes on in another ticket, and mail about it goes there |
| closed as withdrawn by agent | its author has taken it back; their next mail opens it again |
| closed as spam by agent | it is no matter of the desk's: no mail opens it again, `reopen` does |

Programs also get the `automation_status`, one value made of status, delay and who closed it; the
first line that fits counts. `--automation` takes it, and `stats --json` counts by it.

| `automation_status` | what people see | counted by `stats` as | by `stats --json` as |
| --- | --- | --- | --- |
"""


def commands() -> str:
    """Return docs/commands.md."""
    parts = [_HEAD, *(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())]
    parts.append("\n`mailgate deliver` ends as mail servers expect; see there.\n")
    parts += [_STATUSES, *_statuses()]
    root = get_command(program)
    for name, command in commands_of(root):
        parts += _section(name, command)
    return "".join(parts)


def _statuses() -> list[str]:
    """Return a line for each automation status."""
    counts = {value: name for name, value in ACTIVE.items()}
    lines = []
    for row in AUTOMATION:
        name = counts.get(row.name, "auto_closed_last_24h" if row.name == "auto_closed" else "")
        counted = f"{COUNTED[name]} | `{name}`" if name else "- | -"
        lines.append(f"| `{row.name}` | {SEEN[row.name]} | {counted} |\n")
    return lines


def commands_of(place: Any, path: str = "mailgate") -> list[tuple[str, Any]]:
    """Return (whole name, command) of everything in a group, in its order."""
    found = []
    for name in place.list_commands(None):
        command = place.commands[name]
        whole = f"{path} {name}"
        found.append((whole, command))
        if hasattr(command, "commands"):
            found += commands_of(command, whole)
    return found


def _section(name: str, command: Any) -> list[str]:
    lines = [f"\n## `{name}`\n\n", f"{_paragraphs(command.help)}\n"]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    rows = [(one.metavar or one.name.upper(), one.help) for one in arguments]
    rows += [(_option(one), one.help) for one in options if one.name != "config"]
    if rows:
        lines.append("\n| | |\n| --- | --- |\n")
        lines += [f"| `{what.replace('|', BAR)}` | {says} |\n" for what, says in rows]
    examples = [line[2:] for line in command.epilog.splitlines()[2:]]
    return [*lines, "\n```\n", *(f"{line}\n" for line in examples), "```\n"]


def _option(option: Any) -> str:
    takes = "" if option.is_flag else f" {option.metavar}"
    return f"{option.opts[0]}{takes}"


def _paragraphs(text: str) -> str:
    """Return a help text with each paragraph on one line."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
