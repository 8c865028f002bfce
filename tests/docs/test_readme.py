"""The README's five minutes, run as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.places import free_port
from tests.peers.presence import need
from tests.peers.waiting import wait_until

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def steps(part: str) -> list[str]:
    text = (ROOT / "README.md").read_text().partition(part)[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def checkout(tmp_path):
    """A folder as `make run` leaves it, on free ports, with the gateway running."""
    if not (BIN / "mailgate").exists():
        pytest.fail("the package is not installed here: run the tests by `make test`")
    (tmp_path / ".venv").symlink_to(BIN.parent)
    line = next(
        line for line in (ROOT / "Makefile").read_text().splitlines() if "init --yes" in line
    )
    words = line.partition("mailgate init ")[2].split()
    smtp, http = free_port(), free_port()
    mailgate = str(BIN / "mailgate")
    ports = ["--smtp-port", str(smtp), "--http-port", str(http)]
    subprocess.run([mailgate, "init", *words, *ports], cwd=tmp_path, check=True)
    with (tmp_path / "log").open("w") as log:
        gateway = subprocess.Popen(
            [mailgate, "serve", "--config", "run/config.toml"], cwd=tmp_path, stderr=log
        )
    try:
        log = tmp_path / "log"
        wait_until(lambda: "gateway.ready" in log.read_text(), "gateway.ready", patience=60)
        yield tmp_path, smtp
    finally:
        gateway.terminate()
        assert gateway.wait(30) == 0


@pytest.mark.timeout(180)
def test_the_five_minutes_lead_from_nothing_to_a_closed_ticket(checkout):
    need("curl", "curl")
    folder, port = checkout
    first, *rest = steps("## Five minutes from nothing to a closed ticket")
    assert first.strip() == "make run"
    script = "shopt -s expand_aliases\n" + "\n".join(rest)
    script = script.replace("127.0.0.1:2525", f"127.0.0.1:{port}")
    done = subprocess.run(
        ["bash", "-e"],
        cwd=folder,
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "160"},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    said = done.stdout
    assert "Subject: We have received your message [TKT-" in said
    assert "waiting on customer" in said
    assert "Have you pulled the plug?" in said
    assert "It was the toaster." in said
    assert "closed by customer" in said
    assert said.endswith("Everything agrees.\n")
