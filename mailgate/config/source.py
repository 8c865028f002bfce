"""The text of a configuration file with the environment put in, and where each key stands."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailgate.config import keys, toml
from mailgate.config.errors import ConfigError, Fault, Wrong, nearest, shown
from mailgate.config.values import FROM_OUTSIDE, Substituted

HIDDEN = "a value that is not shown"
_VARIABLE = re.compile(r"\$\$(?=\{)|\$\{([^{}]*)\}")
_SHORTEST = 4  # characters of a value that can be told from the words of a hint
_LIKENESS = 0.8  # strict: an environment has many names that are nobody's mistake
_TOML = "TOML (https://toml.io)"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read. `document` is what was written, `data` has the environment put in.

    `unset` are the keys whose variables could not be put in; their value in `data` is None.
    """

    path: Path
    environ: Mapping[str, str] = field(repr=False)
    document: toml.Document = field(repr=False)
    data: dict[str, Any] = field(repr=False)
    unset: Mapping[toml.Path, Wrong] = field(repr=False)

    @property
    def folder(self) -> Path:
        """Where relative paths begin; absolute."""
        return self.path.absolute().parent

    def fault(self, path: toml.Path, wrong: Wrong) -> Fault:
        """Return the fault of the key at `path`; nothing secret is in it."""
        key = keys.key_of(path)
        allowed = "nothing"
        if key is not None:
            allowed = key.each if isinstance(path[-1], int) else key.allowed
        return Fault(
            file=str(self.path),
            line=self.document.line(path),
            key=_printable(path),
            found=wrong.found or self.shown(path),
            allowed=wrong.allowed or allowed,
            hint=self._without_values(wrong.hint, path),
        )

    def first_faults(self) -> Iterator[Fault]:
        """Yield what is wrong before anything has a meaning: syntax, and variables."""
        for slip in self.document.slips:
            key = slip.key if _is_known(slip.key) else ""  # it may be a piece of a secret
            yield Fault(str(self.path), slip.line, key, slip.found, _TOML, slip.hint)
        for path, wrong in self.unset.items():
            yield self.fault(path, wrong)

    def _without_values(self, hint: str, path: toml.Path) -> str:
        """Return `hint` with the variables in it again, where it quotes what they hold."""
        value, written = _at(self.data, path), _at(self.document.data, path)
        if not isinstance(value, Substituted):
            return hint
        held = value.strip()
        return hint.replace(held, written) if len(held) >= _SHORTEST else FROM_OUTSIDE

    def shown(self, path: toml.Path) -> str:
        """Return what is written at `path`, before the environment was put in."""
        key = keys.key_of(path)
        value = _at(self.document.data, path)
        if value is not None and key is not None and key.secret and not _is_variable(value):
            return HIDDEN
        return shown(value)

    def names(self, path: toml.Path) -> list[str]:
        """Return what stands in the table at `path`; nothing where that is none."""
        value = _at(self.document.data, path)
        return [*value] if isinstance(value, dict) else []


def label(path: toml.Path) -> str:
    """Return the dotted name of a key; which of many, the line tells."""
    return ".".join(part for part in path if isinstance(part, str))


def _printable(path: toml.Path) -> str:
    parts = label(path).split(".") if label(path).isprintable() else map(shown, path)
    return ".".join(parts)


def read(text: str, path: Path, environ: Mapping[str, str]) -> Source:
    """Read the text of a configuration file; what is no TOML becomes faults."""
    document = toml.read(text)
    unset: dict[toml.Path, Wrong] = {}
    data = _substituted(document.data, (), environ, unset)
    return Source(path, environ, document, data, unset)


def open_file(path: Path) -> str:
    """Return the text of the file at `path`. Raises ConfigError if there is none to be had."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = f"the byte 0x{error.object[error.start]:02x}"
        fault = Fault(str(path), line, "", byte, "UTF-8", "save the file as UTF-8")
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        hint = "`mailgate init` writes one; --config or MAILGATE_CONFIG names another"
        fault = Fault(str(path), 0, "", found, "a configuration file", hint)
    raise ConfigError([fault])


def _at(value: Any, path: toml.Path) -> Any:
    """Return what stands at `path`, None if nothing does."""
    try:
        for part in path:
            value = value[part]
    except (KeyError, IndexError, TypeError):
        return None
    return value


def _is_known(name: str) -> bool:
    table, _, last = name.rpartition(".")
    return last in keys.children(table)


def _is_variable(value: object) -> bool:
    return isinstance(value, str) and bool(_VARIABLE.fullmatch(value))


def _substituted(
    value: Any,
    path: toml.Path,
    environ: Mapping[str, str],
    unset: dict[toml.Path, Wrong],
) -> Any:
    """Return `value` with variables put in; where that fails, None and a note."""
    if isinstance(value, str) and "$" in value:
        try:
            return _text(value, environ)
        except Wrong as wrong:
            unset[path] = wrong
            return None
    if isinstance(value, dict):
        return {k: _substituted(v, (*path, k), environ, unset) for k, v in value.items()}
    if isinstance(value, list):
        return [_substituted(v, (*path, i), environ, unset) for i, v in enumerate(value)]
    return value


def _text(value: str, environ: Mapping[str, str]) -> str:
    def put(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        if not _NAME.fullmatch(match[1]):
            raise Wrong('a variable is written "${NAME}"; for the characters themselves, "$${"')
        if match[1] not in environ:
            near = nearest(match[1], environ, _LIKENESS)
            hint = f"did you mean ${{{near}}}?" if near else f"set {match[1]} in the environment"
            raise Wrong(hint, allowed="a variable that is set")
        return environ[match[1]]

    text = _VARIABLE.sub(put, value)
    return text if text == value else Substituted(text)
