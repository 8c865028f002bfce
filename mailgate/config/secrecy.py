"""Whether secrets can be read, and by nobody else, wherever they are written."""

import re
from collections.abc import Iterator, Mapping, Sequence

from mailgate.config import keys
from mailgate.config.errors import Fault, Wrong, shown
from mailgate.config.schema import Config
from mailgate.config.secrets import WORLD, exposed, read_keys, read_secret, remedy
from mailgate.config.source import Source
from mailgate.config.toml import Path
from mailgate.config.values import read_password_hash

_WITH_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@")


def secrets(config: Config, source: Source) -> Iterator[Fault]:
    """Check that secrets can be read, and by nobody else."""
    if config.desk.secret_file is not None:
        try:
            read_keys(config.desk.secret_file, source.environ)
        except Wrong as wrong:
            path = ("desk", "secret_file")
            found = "" if source.document.has(*path) else shown(config.desk.secret_file.name)
            yield source.fault(path, Wrong(wrong.hint, found=found))
    if config.delivery.password_file is not None:
        try:
            read_secret(config.delivery.password_file, source.environ)
        except Wrong as wrong:
            yield source.fault(("delivery", "password_file"), wrong)
    for index, agent in enumerate(config.agents):
        if agent.password_file is not None:
            try:
                text = read_secret(agent.password_file, source.environ)
                read_password_hash(text, source.folder)
            except Wrong as wrong:
                yield source.fault(("agent", index, "password_file"), wrong)
    yield from _in_the_open(source)


def _in_the_open(source: Source) -> Iterator[Fault]:
    """Yield each secret that is written into a file which everybody may read."""
    if not source.path.exists() or not exposed(source.path, source.environ, WORLD):
        return
    for section in keys.sections().values():
        for path, table in _tables(source.document.data, section.name.split(".")):
            for name in (key.name for key in section.keys.values() if key.secret):
                value = table.get(name)
                if not isinstance(value, str) or not value or "${" in value:
                    continue
                if name == "url" and not _WITH_PASSWORD.search(value):
                    continue  # a place, which is a secret only for a password within
                outside = f"{name}_file" if f"{name}_file" in section.keys else '"${NAME}"'
                hint = f"everybody can read this file: {remedy(source.path)}, or use {outside}"
                yield source.fault((*path, name), Wrong(hint))


def _tables(data: object, names: Sequence[str]) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """Yield the tables of a dotted name as they are written, each with its path."""
    if not isinstance(data, dict):
        return
    if not names:
        yield (), data
        return
    inner = data.get(names[0])
    many = enumerate(inner) if isinstance(inner, list) else None
    for index, each in many or [(None, inner)]:
        here: Path = (names[0],) if index is None else (names[0], index)
        for path, table in _tables(each, names[1:]):
            yield (*here, *path), table
