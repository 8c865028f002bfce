"""What stands around the code: the wheel, the Makefile, the scripts, the unit, the changelog."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.style.tree import ROOT

SCRIPTS = [".ci/run", "tests/install-peers"]

# What the unit must take away from the gateway; systemd.exec(5) says what each does.
HARDENED = {
    "CapabilityBoundingSet": "",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectHome": "yes",
    "ProtectKernelModules": "yes",
    "ProtectSystem": "strict",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "User": "mailgate",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_holds_everything_that_the_program_reads(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    wanted = {f"mailgate/{p.relative_to(ROOT)}" for p in _files(ROOT / "templates")}
    wanted |= {str(p.relative_to(ROOT)) for p in _files(ROOT / "mailgate")}
    wanted.add("mailgate/config.example.toml")
    assert wanted - names == set()
    assert "mailgate/py.typed" in names


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"mailgate"}
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_the_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "mailgate = mailgate.cli:main" in wheel.read(name).decode()


def _files(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if "__pycache__" not in path.parts]


def test_every_target_of_the_makefile_is_explained_by_make_help() -> None:
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    listed = subprocess.run(
        [shutil.which("make") or "make"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert set(phony.split()) == {
        *("help", "run", "test", "torture", "check", "fuzz", "fmt"),
        *("bench", "bench-peers", "bench-corpus", "screenshots"),
    }
    for target in phony.split():
        assert re.search(rf"^make {target} +\w", listed, re.MULTILINE), target


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_can_be_run_and_stops_at_the_first_fault(name: str) -> None:
    path = ROOT / name
    assert os.access(path, os.X_OK)
    assert "\nset -euo pipefail\n" in path.read_text()
    checked = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
    assert checked.stderr == ""


def test_ci_runs_what_a_developer_runs() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make")] == ["make check", "make test"]
    assert "export CI=true" in lines


def test_the_unit_takes_away_what_the_gateway_does_not_need() -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(ROOT / "deploy/mailgate.service")
    service = unit["Service"]
    assert {name: service.get(name) for name in HARDENED} == HARDENED
    assert re.fullmatch(r"\S+/mailgate serve --config \S+", service["ExecStart"])
    assert service["KillSignal"] == "SIGTERM"


def test_the_changelog_tells_of_the_version_in_work() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    (version,) = re.findall(
        r'^__version__ = "(.+)"', (ROOT / "mailgate/__init__.py").read_text(), re.MULTILINE
    )
    assert "## [Unreleased]" in text or f"## [{version}]" in text
