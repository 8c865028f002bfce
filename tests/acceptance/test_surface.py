"""What other programs rest on: fields, exit codes, files, and encryption on both sides."""

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import inside
from tests.acceptance.desk import ADMIN, ALICE, ANN, SUPPORT
from tests.peers.certificate import Certificate
from tests.peers.customer import swaks
from tests.peers.gateway import PROGRAM, ROOT, Gateway
from tests.peers.places import LOOPBACK, free_port
from tests.peers.sink import Sink
from tests.peers.waiting import wait_until

pytestmark = pytest.mark.peers

LOGIN = ("desk", "correct horse")
PICTURE = bytes(range(256)) * 4

TICKET = {
    *("number", "subject", "status", "automation_status", "delay", "priority", "category"),
    *("requester", "assignee", "messages", "created_at", "waiting_since", "next_due_at"),
}
MESSAGE = {"kind", "side", "author", "at", "text", "full_text", "attachments"}
ATTACHMENT = {"name", "type", "size", "sha256"}
EVENT = {"name", "at", "actor", "before", "after"}
STATISTICS = {
    *("total_active_tickets", "waiting_for_system", "waiting_for_client", "delayed_by_system"),
    *("delayed_by_client", "resolved_pending_confirmation", "reopened", "auto_closed_last_24h"),
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


@pytest.fixture(scope="module")
def smarthost(loopback_certificate: Certificate) -> Iterator[Sink]:
    """A smarthost that wants encryption and a login."""
    with Sink(loopback_certificate, LOGIN) as server:
        yield server


@pytest.fixture(scope="module")
def gateway(
    smarthost: Sink, loopback_certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway with a certificate in front and a smarthost behind, and one ticket in it."""
    made = Gateway.init(tmp_path_factory.mktemp("surface") / "desk")
    secret = made.folder / "smarthost.password"
    secret.touch(mode=0o600)
    secret.write_text(LOGIN[1] + "\n")
    way = {"transport": "smtp", "host": LOOPBACK, "port": smarthost.port, "tls": "starttls"}
    way |= {"user": LOGIN[0], "password_file": secret.name}
    way |= {"ca_file": str(loopback_certificate.chain)}
    made.set({f"delivery.{name}": value for name, value in way.items()})
    made.set(
        {
            "inbound.tls_cert": str(loopback_certificate.chain),
            "inbound.tls_key": str(loopback_certificate.key),
        }
    )
    made.start()
    picture = made.folder / "picture.png"
    picture.write_bytes(PICTURE)
    said = swaks(made.smtp_port, SUPPORT, ANN, "Look", "See.", attach=[picture], options=["--tls"])
    assert "TLS started with cipher" in said.stdout
    told = next(mail for mail in smarthost.wait(3) if mail.recipients == (ALICE,))
    reply_to = message_from_bytes(told.raw, policy=policy.default)["Reply-To"]
    swaks(made.smtp_port, str(reply_to.addresses[0].addr_spec), ALICE, "Re: Look", "Nice.")
    smarthost.wait(4)
    wait_until(lambda: not inside.under_way(made.config), "rest")
    yield made
    made.finish()


@pytest.fixture(scope="module")
def listed(gateway: Gateway) -> dict[str, Any]:
    """The one ticket as `tickets --json` lists it."""
    (ticket,) = gateway.tickets()
    return ticket


@pytest.fixture(scope="module")
def shown(gateway: Gateway, listed: dict[str, Any]) -> dict[str, Any]:
    """The same as `show --json` tells."""
    return gateway.show(listed["number"].lower())


def instants(value: object, name: str = "") -> Iterator[str]:
    """Yield every value of a field that names a time."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from instants(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from instants(inner, name)
    elif value is not None and (name == "at" or name.endswith(("_at", "_since"))):
        yield str(value)


def test_a_listed_ticket_has_the_fields_that_are_promised(listed: dict[str, Any]) -> None:
    assert listed.keys() >= TICKET
    assert (listed["subject"], listed["requester"], listed["messages"]) == ("Look", ANN, 2)
    assert (listed["status"], listed["automation_status"], listed["delay"]) == (
        "waiting_on_customer",
        "waiting_for_client_response",
        "none",
    )
    assert (listed["priority"], listed["category"], listed["assignee"]) == (
        *("normal", "general_inquiry", None),
    )


def test_a_shown_ticket_has_messages_attachments_and_events(
    shown: dict[str, Any], listed: dict[str, Any]
) -> None:
    assert {key: shown[key] for key in TICKET - {"messages"}} == {
        key: listed[key] for key in TICKET - {"messages"}
    }
    for message in shown["messages"]:
        assert message.keys() >= MESSAGE
    assert [(m["kind"], m["side"], m["author"]) for m in shown["messages"]] == [
        ("public", "client", ANN),
        ("public", "system", "alice"),
    ]
    (file,) = shown["messages"][0]["attachments"]
    assert file.keys() >= ATTACHMENT
    assert (file["name"], file["size"]) == ("picture.png", len(PICTURE))
    assert file["sha256"] == sha256(PICTURE).hexdigest()
    for event in shown["events"]:
        assert event.keys() >= EVENT
        assert event["before"].keys() == event["after"].keys()
    assert [e["name"] for e in shown["events"]][:2] == ["ticket.opened", "agent.replied"]


def test_every_time_is_iso_8601_in_utc(shown: dict[str, Any], listed: dict[str, Any]) -> None:
    times = [*instants(shown), *instants(listed)]
    assert len(times) > 20
    assert [time for time in times if not INSTANT.fullmatch(time)] == []


def test_an_attachment_comes_out_as_it_went_in(gateway: Gateway, shown: dict[str, Any]) -> None:
    assert gateway.attachment(shown["number"], 1) == PICTURE


def test_counts_and_faults_are_told_in_json(gateway: Gateway) -> None:
    counted = gateway.json("stats")
    assert counted.keys() == STATISTICS
    assert counted["total_active_tickets"] == counted["waiting_for_client"] == 1
    done = gateway.cli("verify", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_a_limit_is_kept_and_no_limit_means_all(gateway: Gateway) -> None:
    for n in range(2):
        swaks(gateway.smtp_port, SUPPORT, ANN, f"More {n}")
    gateway.wait_for_log("mail.opened", count=3)
    assert len(gateway.tickets()) == 3
    assert [ticket["subject"] for ticket in gateway.tickets("--limit", "1")] == ["More 1"]


def test_mail_leaves_encrypted_and_logged_in(gateway: Gateway, smarthost: Sink) -> None:
    for mail in smarthost.wait(4):
        assert mail.encrypted
        assert mail.login == LOGIN[0]
    assert LOGIN[1] not in gateway.log()
    assert {mail.recipients for mail in smarthost.received[:4]} == {(ANN,), (ALICE,), (ADMIN,)}


def test_the_http_port_tells_that_all_is_well(gateway: Gateway) -> None:
    status, body = gateway.http("/healthz")
    assert (status, json.loads(body)["status"]) == (200, "ok")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "TKT-2000-00001"), 1),
        (("reply", "TKT-2000-00001", "--as", "mallory", "--text", "x"), 1),
        (("tickets", "--stauts", "new"), 2),
        (("tick", "--at", "noonish"), 1),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_a_code(
    gateway: Gateway, words: tuple[str, ...], code: int
) -> None:
    done = gateway.cli(*words, check=False)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


# --- without a gateway that runs ----------------------------------------------------------------


@pytest.fixture
def copy(gateway: Gateway, tmp_path: Path) -> Gateway:
    """An installation of its own that may be damaged, with the data of the other."""
    made = Gateway(tmp_path / "config.toml", free_port(), free_port())
    made.config.write_bytes(gateway.config.read_bytes())
    for name in ("mailgate.key", "smarthost.password"):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_bytes((gateway.folder / name).read_bytes())
    files = (gateway.folder / "mailgate.db", tmp_path / "mailgate.db")
    source, target = map(sqlite3.connect, files)
    with closing(source), closing(target):
        source.backup(target)
    return made


def test_verify_finds_what_was_tampered_with(copy: Gateway) -> None:
    with closing(sqlite3.connect(copy.folder / "mailgate.db")) as database, database:
        database.execute("UPDATE ticket SET status = 'closed' WHERE subject = 'Look'")
    faults = copy.json("verify", check=False)
    assert any("status is 'closed'" in fault["says"] for fault in faults)
    assert copy.cli("verify", check=False).returncode == 1


@pytest.mark.parametrize("found_by", ["environment", "folder"])
def test_the_configuration_is_found_without_an_option(copy: Gateway, found_by: str) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    place = copy.folder if found_by == "folder" else Path("/")
    if found_by == "environment":
        env["MAILGATE_CONFIG"] = str(copy.config)
    command = [*PROGRAM, "tickets", "--json"]
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Look" in [ticket["subject"] for ticket in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"desk.adress": "x"}, 78),
        ({"database.url": f"postgresql://x@{LOOPBACK}:1/x"}, 75),
    ],
)
@pytest.mark.parametrize("words", [("tickets",), ("serve",)])
def test_what_cannot_run_says_whether_it_may_pass(
    copy: Gateway, values: dict[str, str], code: int, words: tuple[str, ...]
) -> None:
    copy.set(values)
    done = copy.cli(*words, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_init_writes_one_folder_and_nothing_over_another(
    tmp_path: Path, run_init: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert run_init("--address", "help@desk.example").returncode == 0
    desk = tmp_path / "desk"
    assert {path.name for path in desk.iterdir()} == {"config.toml", "mailgate.key", "outgoing"}
    assert {path.name for path in (desk / "outgoing").iterdir()} == {"cur", "new", "tmp"}
    assert "help@desk.example" in (desk / "config.toml").read_text()
    assert (desk / "mailgate.key").stat().st_mode & 0o077 == 0
    again = run_init()
    assert again.returncode == 1
    assert "is there already" in again.stderr


@pytest.fixture
def run_init(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `mailgate init --yes` into a folder that is not there yet."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, "init", "--yes", "--dir", str(tmp_path / "desk"), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    return run
