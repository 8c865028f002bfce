"""The small tools that the other tests stand on."""

import os
import socket
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from tests.peers import presence, settings
from tests.peers.gateway import Gateway
from tests.peers.loopback import LeftTheMachine
from tests.peers.maildir import Maildir, anything, wait_for_mail
from tests.peers.places import answers, free_port, open_folder
from tests.peers.waiting import wait_until

# Stands in for the program: says that it is ready, obeys SIGTERM, fails where its folder says so.
PROGRAM = r"""
import json, pathlib, signal, sys, threading
words = sys.argv[1:]
if words[0] == "init":
    folder = pathlib.Path(words[words.index("--dir") + 1])
    folder.mkdir()
    (folder / "config.toml").write_text("[smtp]\nport = 1\n# a comment\n[smtp.limits]\nsize = 2\n")
    (folder / "words").write_text("\n".join(words))
    sys.exit(0)
folder = pathlib.Path(words[words.index("--config") + 1]).parent
if words[0] == "verify":
    faults = json.loads((folder / "faults").read_text()) if (folder / "faults").exists() else []
    print(json.dumps(faults))
    sys.exit(bool(faults))
if words[0] == "fail":
    print("what was wrong", file=sys.stderr)
    sys.exit(3)
if (folder / "broken").exists():
    print("config.toml:1: no", file=sys.stderr)
    sys.exit(2)
done = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: done.set())
print("event=gateway.ready", file=sys.stderr, flush=True)
done.wait()
print("event=gateway.stopped", file=sys.stderr, flush=True)
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """A driver of the stand-in program."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    made = Gateway.init(
        tmp_path / "desk",
        agents={"bob": "bob@agent.example"},
        database="postgresql+psycopg://x",
        values={"smtp.hosts": ["a", "b"], "smtp.limits.size": 5},
        program=(sys.executable, str(program)),
    )
    yield made
    if made.running:
        made.kill()


def test_the_gateway_is_laid_out_with_free_ports_and_the_values_asked_for(gateway) -> None:
    words = (gateway.folder / "words").read_text().splitlines()
    assert words[:2] == ["init", "--yes"]
    assert words[words.index("--agent") + 1] == "bob=bob@agent.example"
    assert words[words.index("--database") + 1] == "postgresql+psycopg://x"
    assert int(words[words.index("--smtp-port") + 1]) == gateway.smtp_port
    assert gateway.setting("smtp.hosts") == ["a", "b"]
    assert gateway.setting("smtp.limits") == {"size": 5}
    assert gateway.setting("smtp.port") == 1
    assert gateway.setting("smtp.port.none") is None


def test_the_gateway_starts_stops_and_starts_again(gateway) -> None:
    gateway.start()
    assert gateway.running
    gateway.restart()
    gateway.finish()
    assert not gateway.running
    assert len(gateway.log_lines("gateway.ready")) == 2
    assert len(gateway.log_lines("gateway.stopped")) == 2


def test_a_killed_gateway_leaves_no_word_and_can_be_started_again(gateway) -> None:
    gateway.start().kill()
    assert not gateway.running
    assert gateway.log_lines("gateway.stopped") == []
    gateway.start().finish()


def test_a_gateway_that_does_not_start_shows_what_it_said(gateway) -> None:
    (gateway.folder / "broken").touch()
    with pytest.raises(AssertionError, match=r"config\.toml:1: no"):
        gateway.start()


def test_a_command_that_fails_shows_what_it_said_unless_that_is_wanted(gateway) -> None:
    with pytest.raises(AssertionError, match="what was wrong"):
        gateway.cli("fail")
    assert gateway.cli("fail", check=False).returncode == 3


def test_faults_in_the_data_fail_the_end_of_a_test(gateway) -> None:
    gateway.start()
    (gateway.folder / "faults").write_text('["a sum does not agree"]')
    with pytest.raises(AssertionError, match="verify found faults"):
        gateway.finish()


def test_a_changed_toml_file_keeps_every_value(tmp_path: Path) -> None:
    before = (
        'name = "ö \\" \\\\ \\u007f"\nwhen = 2026-01-02T03:04:05Z\nfloat = 1.5\n'
        '[a."b.c"]\nx = [1, {y = "z"}]\n[[list]]\nn = true\n[empty]\n'
    )
    path = tmp_path / "x.toml"
    path.write_text(before)
    settings.change(path, {"new.deep.key": Path("a/x"), "float": None})
    wanted = tomllib.loads(before) | {"new": {"deep": {"key": "a/x"}}}
    del wanted["float"]
    assert tomllib.loads(path.read_text()) == wanted


def test_a_wait_ends_when_the_thing_is_there_and_says_what_was_missing() -> None:
    come = threading.Event()
    threading.Timer(0.05, come.set).start()
    assert wait_until(come.is_set, "the event")
    with pytest.raises(AssertionError, match=r"waited 0 s for a miracle"):
        wait_until(lambda: None, lambda: "a miracle", patience=0)


def test_a_maildir_is_read_in_order_and_tells_what_it_has_instead(tmp_path: Path) -> None:
    box = Maildir(tmp_path / "box")
    assert box.mails() == []
    for index, (sub, subject) in enumerate([("cur", "second"), ("new", "first")]):
        folder = tmp_path / "box" / sub
        folder.mkdir(parents=True)
        (folder / "x").write_bytes(f"Subject: {subject}\n\nText.\n".encode())
        os.utime(folder / "x", (100 - index, 100 - index))
    assert [mail["Subject"] for mail in box.mails()] == ["first", "second"]
    assert wait_for_mail(box.path)["Subject"] == "second"
    assert box.wait_for_subject("fir")["Subject"] == "first"
    with pytest.raises(AssertionError, match=r"3 such mail.*'first', 'second'"):
        box.wait(anything, count=3, patience=0)


def test_no_port_is_offered_twice_and_a_taken_one_not_at_all() -> None:
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    with socket.create_server(("127.0.0.1", ports[-1] + 1)) as taken:
        assert free_port() != taken.getsockname()[1]
        assert answers(taken.getsockname()[1])
    assert not answers(ports[0])


def test_an_open_folder_can_be_entered_by_others_and_is_gone_afterwards() -> None:
    with open_folder("x") as folder:
        assert folder.stat().st_mode & 0o777 == 0o755
        (folder / "file").touch()
    assert not folder.exists()


@pytest.mark.parametrize("host", ["mx.example.com", "192.0.2.1", b"mx.example.com"])
def test_a_test_that_would_leave_the_machine_fails(host) -> None:
    with pytest.raises(LeftTheMachine):
        socket.create_connection((host, 25), timeout=1)
    with socket.socket() as link, pytest.raises(LeftTheMachine):
        link.connect(("192.0.2.1", 25))


@pytest.mark.parametrize(("ci", "outcome"), [("", "Skipped"), ("true", "Failed")])
def test_a_missing_peer_is_a_skip_and_in_ci_a_failure(monkeypatch, ci: str, outcome: str) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(BaseException, match="courier: no program 'courierd'") as ended:
        presence.need("courier", "courierd")
    assert ended.typename == outcome
