"""`mailgate serve` as a subprocess: ready, stopped by a signal, or failed with a sentence."""

import os
import signal
import smtplib
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from mailgate.passwords import hashed
from tests.cli.conftest import mail
from tests.peers.gateway import PROGRAM, Gateway
from tests.peers.waiting import PATIENCE, wait_until

WITH_PASSWORD = {
    "agent": [
        {
            "name": "alice",
            "address": "alice@agent.example",
            "password_hash": hashed("correct horse"),
        }
    ]
}


@pytest.fixture
def gateway(tmp_path):
    made = Gateway.init(tmp_path / "desk", admin=None)
    yield made
    if made._process is not None and not made._process.stderr.closed:
        made.kill()


def ended(gateway):
    """Run the gateway until it ends by itself, and return exit code and log."""
    done = subprocess.run(
        [*PROGRAM, "serve", "--config", str(gateway.config)],
        capture_output=True,
        text=True,
        check=False,
        cwd=gateway.folder,
        env=gateway._environment(),
        timeout=PATIENCE,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_ready_is_said_when_every_port_is_open_and_sigterm_ends_in_order(gateway):
    gateway.traced = True
    gateway.start()
    line = gateway.wait_for_log("gateway.ready")
    assert f"smtp={gateway.smtp_port}" in line
    assert f"http={gateway.http_port}" in line
    with socket.create_connection(("127.0.0.1", gateway.smtp_port), timeout=5) as link:
        assert link.recv(100).startswith(b"220 ")
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.http_port}/healthz") as answer:
        assert answer.status == 200
    assert gateway.stop() == 0
    names = [line.split()[2] for line in gateway.log_lines("gateway.")]
    assert names == ["gateway.starting", "gateway.ready", "gateway.stopping", "gateway.stopped"]
    assert "signal=SIGTERM" in gateway.log()
    ports = [line.split()[2] for line in gateway.log_lines("http.")]
    assert ports == ["http.listening", "http.stopped"]


def test_port_0_is_any_free_one_and_the_log_tells_which(gateway):
    keys = ("inbound.listen", "inbound.lmtp_listen", "submission.listen", "web.listen")
    gateway.set(dict.fromkeys(keys, "127.0.0.1:0") | WITH_PASSWORD)
    line = gateway.start().wait_for_log("gateway.ready")
    ports = dict(word.split("=") for word in line.split()[3:])
    assert len(set(ports.values())) == 4
    assert "0" not in ports.values()
    with smtplib.LMTP("127.0.0.1", int(ports["lmtp"])) as client:
        client.sendmail(
            "ann@customer.example", ["support@desk.example"], mail().replace(b"\n", b"\r\n")
        )
    gateway.outgoing().wait_for_subject("[TKT-")


def test_what_the_commands_write_the_running_gateway_processes(gateway):
    gateway.start()
    gateway.cli("deliver", stdin=mail())
    gateway.outgoing().wait_for_subject("[TKT-")
    number = gateway.tickets()[0]["number"]
    gateway.cli("reply", number, "--as", "alice", "--text", "Is it plugged in?")
    gateway.outgoing().wait(lambda m: "Is it plugged in?" in str(m.get_body(("plain",))))
    assert gateway.verify() == []
    assert gateway.stop() == 0


def test_a_terminal_that_hangs_up_is_told_and_ends_nothing(gateway):
    gateway.start()
    gateway._process.send_signal(signal.SIGHUP)
    assert "warning" in gateway.wait_for_log("gateway.hung_up")
    gateway.cli("deliver", stdin=mail())
    gateway.outgoing().wait_for_subject("[TKT-")
    assert gateway.stop() == 0


def test_ctrl_c_ends_in_order_too(gateway):
    gateway.start()
    gateway._process.send_signal(signal.SIGINT)
    assert gateway._process.wait(PATIENCE) == 0
    assert gateway.wait_for_log("gateway.stopped")


def test_a_second_signal_ends_it_where_it_stands(gateway):
    gateway.start()
    with socket.create_connection(("127.0.0.1", gateway.smtp_port), timeout=5) as link:
        link.recv(100)
        link.sendall(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\n")
        link.sendall(b"DATA\r\nSubject: never ends\r\n")
        wait_until(lambda: b"354" in link.recv(1000), "the gateway to wait for the mail")
        gateway._process.send_signal(signal.SIGTERM)
        gateway.wait_for_log("gateway.stopping")
        gateway._process.send_signal(signal.SIGTERM)
        assert gateway._process.wait(PATIENCE) == 128 + signal.SIGTERM
    assert "gateway.stopped" not in gateway.log()


def processes(gateway):
    """Return the pids of the gateway's processes, by their order."""
    found = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text()
    return [int(word) for word in found.split()]


@pytest.mark.parametrize("place", [0, 1, 2], ids=["front", "desk-1", "back"])
def test_a_process_that_is_killed_is_begun_anew_and_no_mail_is_lost(gateway, place):
    gateway.start()
    before = processes(gateway)
    os.kill(before[place], signal.SIGKILL)
    assert "status=-9" in gateway.wait_for_log("process.ended")
    with smtplib.SMTP("127.0.0.1", gateway.smtp_port, timeout=20) as link:
        link.sendmail("carol@customer.example", "support@desk.example", mail().decode())
    gateway.outgoing().wait_for_subject("[TKT-")
    assert len(set(processes(gateway)) - set(before)) == 1
    assert gateway.stop() == 0


def test_figures_are_those_of_all_processes_and_outlive_the_one_that_counted(gateway):
    def send():
        with smtplib.SMTP("127.0.0.1", gateway.smtp_port, timeout=20) as link:
            link.sendmail("carol@customer.example", "support@desk.example", mail().decode())

    def figures(path="/metrics"):
        lines = gateway.http(path)[1].splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if line.startswith("mailgate_"))

    gateway.start()
    send()
    gateway.wait_for_log("notice.sent", count=2)
    # Killed before that is written down, who sends would do it once more, and count it.
    wait_until(lambda: figures()["mailgate_notices_unsent"] == "0.0", "the end of sending")
    for place in (1, 2):
        os.kill(processes(gateway)[0 if place == 1 else 1], signal.SIGKILL)
        gateway.wait_for_log("process.ended", count=place)
    wait_until(lambda: len(processes(gateway)) == 3, "both to be begun anew")
    wait_until(lambda: gateway.http("/readyz")[0] == 200, "the gateway to be ready")
    found = figures()
    assert found["mailgate_mails_accepted_total"] == "1.0"
    assert found['mailgate_mails_processed_total{state="opened"}'] == "1.0"
    assert found['mailgate_deliveries_total{result="sent"}'] == "2.0"
    assert found["mailgate_process_failures_total"] == "2.0"
    assert found["mailgate_notices_unsent"] == "0.0"
    assert found["mailgate_database_up"] == "1.0"
    assert gateway.stop() == 0


def test_no_process_outlives_a_supervisor_that_is_killed(gateway):
    gateway.start()
    left = processes(gateway)
    assert len(left) == 3
    os.kill(gateway.pid, signal.SIGKILL)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), "their end")


@pytest.mark.parametrize("values", [{"node.workers": 0}, {"node.roles": ["listen"]}])
def test_a_gateway_of_one_process_makes_no_others(gateway, values):
    gateway.set(values)
    gateway.start()
    assert processes(gateway) == []
    assert gateway.stop() == 0


def test_nodes_that_share_the_work_do_a_part_each(gateway):
    gateway.set({"node.roles": ["listen", "web"], "node.workers": 0})
    line = gateway.start().wait_for_log("gateway.ready")
    assert "smtp=" in line
    assert "http=" in line
    with smtplib.SMTP("127.0.0.1", gateway.smtp_port, timeout=20) as link:
        link.sendmail("carol@customer.example", "support@desk.example", mail().decode())
    assert gateway.tickets() == [], "nobody processes"
    assert gateway.stop() == 0
    gateway.set({"node.roles": ["process", "deliver"]})
    line = gateway.start().wait_for_log("gateway.ready", since=len(gateway._lines) - 1)
    assert "smtp=" not in line
    gateway.outgoing().wait_for_subject("[TKT-")
    assert gateway.stop() == 0


@pytest.mark.parametrize(
    "key", ["inbound.listen", "inbound.lmtp_listen", "submission.listen", "web.listen"]
)
def test_a_port_that_is_taken_is_told_and_may_be_free_later(gateway, key):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway.set({key: f"127.0.0.1:{port}"} | WITH_PASSWORD)
        code, log = ended(gateway)
    assert code == 75
    (line,) = [line for line in log.splitlines() if "gateway.failed" in line]
    assert f"port {port} on 127.0.0.1 is taken" in line
    assert "[{}] {}".format(*key.split(".")) in line
    assert "listening" not in log
    assert "gateway.ready" not in log


def test_a_broken_configuration_is_told_with_its_place(gateway):
    gateway.set({"desk.addres": "x"})
    code, log = ended(gateway)
    assert code == 78
    assert "config.toml:" in log
    assert "did you mean `address`?" in log


def test_a_database_of_a_newer_version_is_not_touched(gateway):
    import sqlite3

    gateway.cli("stats")
    with sqlite3.connect(gateway.folder / "mailgate.db") as behind:
        behind.execute("UPDATE alembic_version SET version_num = '9999'")
    behind.close()
    code, log = ended(gateway)
    assert code == 1
    assert "made by a newer mailgate" in log


def test_a_database_that_cannot_be_used_may_be_back_later(gateway):
    (gateway.folder / "mailgate.db").mkdir()
    code, log = ended(gateway)
    assert code == 75
    assert "gateway.failed" in log


def test_a_reader_that_goes_away_is_no_fault(gateway):
    command = " ".join([*PROGRAM, "lifecycle", "| head -1"])
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env=gateway._environment(),
        timeout=PATIENCE,
    )
    assert done.stdout.startswith("EVENT")
    assert "Traceback" not in done.stderr
