"""docs/commands.md, written from the commands themselves: a test compares."""

from typing import Any

from typer.main import get_command

from mailgate.cli.ending import EXIT_CODES
from mailgate.cli.program import program

BAR = r"\|"  # within a table of Markdown
_HEAD = """\
# Commands

<!-- Written by `mailgate.cli.reference.commands()`; a test compares. -->

Every command takes `--config FILE`, before or after its name; without it `$MAILGATE_CONFIG` counts,
else `config.toml` in the current folder. `mailgate COMMAND --help` says what stands here. Results
go to stdout; errors go to stderr, each in a sentence with a remedy. `MAILGATE_DEBUG=1` shows the
traceback of a fault. [json.md](json.md) lists the fields of `--json`.

| exit code | meaning |
| --- | --- |
"""


def commands() -> str:
    """Return docs/commands.md."""
    parts = [_HEAD, *(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())]
    parts.append("\n`mailgate deliver` ends as mail servers expect; see there.\n")
    root = get_command(program)
    for name, command in commands_of(root):
        parts += _section(name, command)
    return "".join(parts)


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
