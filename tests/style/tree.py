"""The files of the project and what stands in them, for the tests of its shape."""

import ast
import functools
import io
import os
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {".git", ".venv", ".venv-peers", "__pycache__", "run", "dist", "build"}


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the project, with slashes."""

    path: str
    text: str

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree."""
        return ast.parse(self.text, self.path)

    def comments(self) -> Iterator[tuple[int, str]]:
        """Yield line number and text of each comment."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string

    def at(self, node: ast.AST, fault: str) -> str:
        """Return a fault as an editor can jump to it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {fault}"


@functools.cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return every Python file below the named folders."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(
        Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in paths
        if not _NOT_OURS.intersection(path.relative_to(ROOT).parts)
    )


@functools.cache
def project_files() -> tuple[Path, ...]:
    """Return every file that belongs to the project: what git knows, or would add."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        said = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
        paths = [ROOT / name for name in said.stdout.split("\0") if name]
    else:
        paths = list(_walk(ROOT))
    return tuple(sorted(path for path in paths if path.is_file()))


def _walk(top: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(top):
        below[:] = [name for name in below if name not in _NOT_OURS and name[0] != "."]
        yield from (Path(folder) / name for name in names if not name.startswith(".coverage"))


def text_of(path: Path) -> str:
    """Return a file's text, or nothing for bytes that are none."""
    raw = path.read_bytes()
    return "" if b"\0" in raw else raw.decode("utf-8", "replace")


def assert_none(faults: Iterable[str]) -> None:
    """Fail, with each fault on a line of its own, unless there is none."""
    found = list(faults)
    assert not found, "\n".join([f"{len(found)} found:", *found])
