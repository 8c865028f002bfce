"""Changing the keys of a desk: a new one that signs, and an old one that is believed no more."""

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from mailgate.config.errors import Wrong
from mailgate.config.schema import Config
from mailgate.config.secrets import SigningKeys, new_key, read_keys
from mailgate.errors import Refused

_NUMBERED = re.compile(r"key[0-9]{1,9}")


def add_key(config: Config, environ: Mapping[str, str]) -> str:
    """Put a new key behind all others, so that it is believed; return its name. Raises `Refused`.

    It does not sign yet: what is signed by one process must be believed by all, on every node.
    """
    path, found = _keys(config, environ)
    numbers = (int(name[3:]) for name in found.keys if _NUMBERED.fullmatch(name))
    highest = max(numbers, default=0)  # names of keys that were dropped are not used again
    name = next(name for n in count(highest + 1) if (name := f"key{n}") not in found.keys)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    ended = "" if lines[-1].endswith("\n") else "\n"
    _write(path, [*lines, f"{ended}{name} {new_key()}\n"])
    return name


def sign_with(config: Config, name: str, environ: Mapping[str, str]) -> None:
    """Put a key before all others, so that it signs. Raises `Refused`."""
    path, found = _keys(config, environ)
    _see_that_there_is(name, found)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    mine = next(line for line in lines if _names(line) == name)
    others = [line for line in lines if line is not mine]
    first = next((at for at, line in enumerate(others) if _names(line)), len(others))
    _write(path, [*others[:first], f"{mine.rstrip()}\n", *others[first:]])


def drop_key(config: Config, name: str, environ: Mapping[str, str]) -> None:
    """Take a key out that does not sign any more. Raises `Refused`."""
    path, found = _keys(config, environ)
    _see_that_there_is(name, found)
    if name == found.current:
        raise Refused(
            f"{name} signs: let another one do so first (`mailgate keys add`, `mailgate keys sign`)"
        )
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    _write(path, [line for line in lines if _names(line) != name])


def _see_that_there_is(name: str, found: SigningKeys) -> None:
    if name not in found.keys:
        raise Refused(f"there is no key {name}; there is {', '.join(found.keys)}")


def _keys(config: Config, environ: Mapping[str, str]) -> tuple[Path, SigningKeys]:
    path = config.desk.secret_file
    try:
        return path, read_keys(path, environ)
    except Wrong as wrong:
        raise Refused(f"desk.secret_file: {wrong.hint}") from None


def _names(line: str) -> str:
    """Return the name of the key in a line; empty in a comment."""
    return "" if line.startswith("#") else line.strip().partition(" ")[0]


def _write(path: Path, lines: list[str]) -> None:
    """Replace the file at once, as the same user's and with the same rights. Raises `Refused`."""
    try:
        before = path.stat()
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.resolve().parent)
        new = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(new, before.st_uid, before.st_gid)
            new.chmod(stat.S_IMODE(before.st_mode))
            new.replace(path.resolve())
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink()
            raise
    except OSError as error:
        raise Refused(f"{path} cannot be changed: {error.strerror or error}") from None
