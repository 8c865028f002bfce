"""Changing values in a TOML file that `mailgate init` wrote. Comments are lost, values are not."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Any


def change(path: Path, values: Mapping[str, Any]) -> None:
    """Set each dotted key of `values`, making tables as needed; None removes the key."""
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    for dotted, value in values.items():
        *tables, key = dotted.split(".")
        table = settings
        for name in tables:
            table = table.setdefault(name, {})
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    path.write_text(written(settings), encoding="utf-8")


def read(path: Path, dotted: str) -> Any:
    """Return the value of a dotted key, or None where there is none."""
    value: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    for name in dotted.split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def written(settings: Mapping[str, Any]) -> str:
    """Return `settings` as TOML: one table a section, everything deeper inline."""
    plain = {key: value for key, value in settings.items() if not isinstance(value, dict)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for name, table in settings.items():
        if name not in plain:
            lines += ["", f"[{_key(name)}]"]
            lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items()]
    return "\n".join([*lines, ""])


def _key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Path):
        return _value(str(value))
    return json.dumps(value)
