"""The other systems: where their environments are, and how one is measured."""

import json
import subprocess
from pathlib import Path

PEERS = ("helpdesk", "roundup")
FOLDER = Path(__file__).resolve().parents[2] / ".venv-peers"
HOW = "make bench-peers"

_ROOT = Path(__file__).resolve().parents[2]


def python_of(peer: str, folder: Path) -> Path | None:
    """Return the interpreter of a system's environment, if there is one."""
    python = folder / peer / "bin" / "python"
    return python if python.exists() else None


def measure(
    peer: str,
    python: Path,
    n: int,
    folder: str | None,
    seed: int,
    database: tuple[str, int | None] | None = None,
) -> dict[str, float]:
    """Let a system take the mix, in its own environment.

    `database`: the URL of one on PostgreSQL, and the main process of its server if it runs here.
    """
    words = [str(python), "-m", f"bench.peers.{peer}", "--n", str(n), "--seed", str(seed)]
    words += ["--folder", folder] if folder else []
    if database is not None:
        url, server = database
        words += ["--database", url, *(["--server", str(server)] if server else [])]
    done = subprocess.run(words, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{peer} could not be measured: {done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures
