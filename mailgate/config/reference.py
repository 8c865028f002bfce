"""The two texts about the configuration that are written from its schema.

config.example.toml has every key with its default and the reason for it; docs/configuration.md says
the same as tables. Tests hold that the files in the repository equal what comes from here.
"""

import json
import textwrap

from mailgate.config.keys import Key, Section, sections
from mailgate.domain.hours import write_duration
from mailgate.domain.policy import FIELDS, PRESETS

_WIDTH = 100
_ROWS, _FIRST_ROW = "sla.", "sla.global"  # these tables have the same keys: said once
_EXAMPLE_HEAD = """\
# Every key of mailgate's configuration, with its default and the reason for it. A file of yours
# needs only what differs; `mailgate init` writes one. Lines that begin with `#key =` show keys
# that have no default. After a change start the gateway anew.
#
# Any text may hold variables of the environment, "${NAME}"; "$${" stands for the characters
# themselves. Relative paths begin at the folder of this file. Durations have a unit (90s, 15m, 4h,
# 2d, 1w, or a sum such as 1d12h), sizes too (B, KiB, MiB, GiB).
"""
_REFERENCE_HEAD = """\
# Configuration

<!-- Written by `mailgate.config.reference.reference()`; a test compares. -->

One TOML file: `--config FILE`, else `$MAILGATE_CONFIG`, else `config.toml` in the current folder.
`mailgate init` writes one. `mailgate check` reads it and lists everything that is wrong with it,
each with file, line, key, what was found, what is allowed, and a remedy. Keys that are not listed
here are refused. A gateway that runs goes by what the file said when it began: **after a change,
start it anew** (`systemctl restart mailgate`). [config.example.toml](../config.example.toml) has
the same list as a file.

- **Variables**: any text may hold `${NAME}`, taken from the environment; one that is not set is an
  error. `$${` stands for the characters `${`.
- **Secrets** come from the environment or from files. A secret file that others may read is refused
  (`chmod 600`), and so is a password that stands in a configuration which everybody may read.
  Credentials of systemd (`$CREDENTIALS_DIRECTORY`) may be readable to a group. No error and no log
  line shows a secret.
- **Paths** that are relative begin at the folder of the configuration file.
- **Durations** have a unit: `90s`, `15m`, `4h`, `2d`, `1w`, or a sum such as `1d12h`.
  **Sizes** too: `512B`, `256KiB`, `25MiB`, `1GiB`.
- **Addresses** are read in small letters, domains in their ASCII form.
"""
_SLA_ROWS = """\
Durations for every priority, and for each. What a priority leaves out comes from `[sla.global]`,
and what that leaves out from the preset. `mailgate thresholds list` shows what is in force and
where each value comes from.
"""
_TABLE_HEAD = "| key | takes | default | what for |\n| --- | --- | --- | --- |\n"


def example() -> str:
    """Return config.example.toml."""
    return _EXAMPLE_HEAD + "".join(map(_example_section, sections().values()))


def reference() -> str:
    """Return docs/configuration.md."""
    return _REFERENCE_HEAD + "".join(map(_reference_section, sections().values()))


def toml(value: object) -> str:
    """Return a text, a number, true, false, or a list of these as TOML.

    The escapes of JSON are escapes of TOML too, and DEL is the only character that JSON leaves
    as it is and TOML does not take.
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _example_section(section: Section) -> str:
    said = section.name.startswith(_ROWS) and section.name != _FIRST_ROW
    lines = ["", *_comment(section.why), section.header]
    for key in section.keys.values():
        if not said:
            lines += _comment(_reason(key))
        value = key.example if key.example is not None else key.default
        lines += _assignment(key, value)
    return "\n".join(lines) + "\n"


def _assignment(key: Key, value: object) -> list[str]:
    mark = "#" if key.default is None and not key.required else ""
    line = f"{mark}{key.name} = {toml(value)}"
    if len(line) <= _WIDTH or not isinstance(value, list):
        return [line]
    return [f"{key.name} = [", *(f"  {toml(item)}," for item in value), "]"]


def _reason(key: Key) -> str:
    return f"{key.why} Without it: {key.unset}." if key.unset else key.why


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _reference_section(section: Section) -> str:
    if section.name.startswith(_ROWS) and section.name != _FIRST_ROW:
        return ""
    text = f"\n## `{section.header}`\n\n{section.why}\n\n"
    if section.name == _FIRST_ROW:
        rows = (name for name in sections() if name.startswith(_ROWS))
        text = "\n## " + ", ".join(f"`[{name}]`" for name in rows) + f"\n\n{_SLA_ROWS}\n"
    text += _TABLE_HEAD + "".join(map(_row, section.keys.values()))
    return text + (_presets() if section.name == _FIRST_ROW else "")


def _row(key: Key) -> str:
    if key.required:
        default = "must be given"
    elif key.unset:
        default = key.unset
    else:
        default = f"`{toml(key.default)}`"
    cells = (f"`{key.name}`", key.allowed, default, key.why)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _presets() -> str:
    """Return every preset's durations, a row for each priority."""
    lines = [
        "",
        "What the presets say:",
        "",
        f"| preset | priority | {' | '.join(f'`{name}`' for name in FIELDS)} |",
        "| --- | --- |" + " --- |" * len(FIELDS),
    ]
    for preset, rows in PRESETS.items():
        for priority, row in rows.items():
            values = " | ".join(write_duration(getattr(row, name)) for name in FIELDS)
            lines.append(f"| `{preset}` | {priority} | {values} |")
    return "\n".join(lines) + "\n"
