"""`mailgate check`: what would keep the gateway from running is found before it runs."""

import json
import os
import re
import socket
import sqlite3
import threading
from contextlib import closing, contextmanager

import pytest

from mailgate import config as configuration
from mailgate.cli.opening import opened
from mailgate.mail.render import Renderer
from mailgate.passwords import hashed
from mailgate.store import audit, revision
from mailgate.web.health import create_app
from mailgate.web.server import Server
from tests.cli.conftest import CUSTOMER, mail
from tests.peers.dovecot import PASSWORD
from tests.peers.sink import Sink, Stage


@pytest.fixture(autouse=True)
def _well_templates(monkeypatch):
    """Leave out the rendering of every notice, which takes a second: it has tests of its own."""
    monkeypatch.setattr(Renderer, "check", lambda _self: [])


def told(cli, code=0):
    done = cli.run("check", "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def found(cli, code=0):
    return {(each["check"], each["state"]): each["says"] for each in told(cli, code)}


def smarthost(cli, server, **more):
    cli.set(delivery__transport="smtp", delivery__host="127.0.0.1", delivery__port=server.port)
    cli.set(**({"delivery__tls": "off"} | more))


def test_a_new_desk_is_well_and_nothing_is_made_by_looking(new_cli):
    checks = found(new_cli)
    assert {name for name, _state in checks} == {
        "configuration",
        "database",
        "gateway",
        "web",
        "templates",
        "delivery",
        "trust",
    }
    assert {state for _name, state in checks} == {"ok"}
    assert "is made at the first start" in checks["database", "ok"]
    assert not (new_cli.folder / "mailgate.db").exists()


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_database_that_was_lost_is_a_fault_and_no_new_one_is_made(cli, how):
    cli.ok("tickets")
    for path in cli.folder.glob("mailgate.db*"):
        if path.name != "mailgate.db.expected":
            path.unlink()
    if how == "empty":
        (cli.folder / "mailgate.db").touch()

    assert f"is {how}, though a desk has run on it" in found(cli, 1)["database", "fault"]
    for words in (("tickets",), ("tick",), ("serve",)):
        cli.no(1, *words)
    assert "restore a backup (`mailgate restore`); to begin with" in cli.no(1, "tickets")
    left = {path.name: path.stat().st_size for path in cli.folder.glob("mailgate.db")}
    assert left == ({"mailgate.db": 0} if how == "empty" else {})
    (cli.folder / "mailgate.db.expected").unlink()
    assert cli.json("tickets") == []


def test_another_desks_database_is_a_fault_and_its_own_after_the_sign_was_removed(cli):
    cli.ok("tickets")
    sign = cli.folder / "mailgate.db.expected"
    sign.write_text(f"desk {'0' * 32}\n")

    assert "holds another desk" in found(cli, 1)["database", "fault"]
    assert f"remove {sign}" in cli.no(1, "tickets")
    sign.unlink()
    assert cli.json("tickets") == []


def test_who_vouches_for_senders_is_told(new_cli):
    assert "every one is unknown" in found(new_cli)["trust", "ok"]
    new_cli.set(trust__arc_sealers=["lists.example"])
    assert "do nothing" in found(new_cli)["trust", "warning"]
    new_cli.set(trust__authserv_ids=["mx.desk.example", "-"], trust__verify=True)
    assert found(new_cli)["trust", "ok"] == (
        "the Authentication-Results of mx.desk.example, - are believed, "
        "else DKIM, SPF and DMARC are verified here"
    )


def test_a_desk_that_was_used_is_well(cli):
    cli.open()
    checks = found(cli)
    assert "at this version's schema" in checks["database", "ok"]
    assert re.fullmatch(r"its last sign of life is \d+ s old", checks["clock", "ok"])
    assert checks["gateway", "ok"].startswith("none runs now")
    assert "ok       database: " in cli.ok("check")


@contextmanager
def served(cli, identity, faults):
    """Have a gateway answer at the port of the desk's, for the desk of that identity."""
    checks = {"intake": lambda: faults.get("intake")}
    desk = {"desk": "help@other.example", "identity": identity}
    server = Server(create_app(checks, (), desk=desk), "127.0.0.1", 0)
    server.start()
    try:
        cli.set(web__listen=f"127.0.0.1:{server.port}")
        desk["configuration"] = configuration.digest(configuration.load(cli.config, os.environ))
        yield
    finally:
        server.stop()


def identity(cli) -> str:
    with opened(cli.config) as app:
        return app.identity


def test_a_gateway_that_runs_is_asked_how_it_is(cli):
    faults = {}
    with served(cli, identity(cli), faults):
        assert "one runs now" in found(cli)["gateway", "ok"]
        faults["intake"] = "its thread has ended"
        assert "but intake: its thread has ended" in found(cli)["gateway", "warning"]


def test_a_gateway_that_goes_by_an_older_configuration_is_told_of(cli):
    with served(cli, identity(cli), {}):
        assert ("gateway", "warning") not in found(cli)
        cli.set(desk__name="Another name")
        warned = found(cli)["gateway", "warning"]
    assert warned == "the one that runs goes by another configuration than this file's: restart it"


def test_a_gateway_whose_database_is_away_is_taken_for_the_desks_own(cli):
    (cli.folder / "mailgate.db").write_bytes(b"no database")
    with served(cli, "0" * 32, {}):
        checks = found(cli, 1)
    assert "one runs now" in checks["gateway", "ok"]
    assert ("database", "fault") in checks


@pytest.mark.parametrize("made", [True, False], ids=["made", "not made"])
def test_another_desks_gateway_at_the_port_is_a_fault_that_names_it(cli, made):
    ours = identity(cli)
    if not made:
        for path in cli.folder.glob("mailgate.db*"):
            path.unlink()
    with served(cli, "0" * 32 if made else ours, {}), socket.create_server(("127.0.0.1", 0)) as at:
        cli.set(inbound__listen=f"127.0.0.1:{at.getsockname()[1]}")
        says = [each["says"] for each in told(cli, 1) if each["check"] == "gateway"]
    assert len(says) == 2
    assert "is taken: stop what listens there, maybe another gateway" in says[0]
    assert "is taken by the gateway of another desk, help@other.example: stop that one" in says[1]


def test_a_gateway_that_cannot_be_asked_may_be_the_desks_own(cli):
    cli.set(node__roles=["listen", "process"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cli.set(inbound__lmtp_listen=f"127.0.0.1:{taken.getsockname()[1]}")
        assert "unless it is this desk's own gateway" in found(cli)["gateway", "warning"]
    assert "none runs now" in found(cli)["gateway", "ok"]


@pytest.mark.parametrize("key", ["inbound__listen", "web__listen"])
def test_a_port_that_something_else_has_is_a_fault_with_its_number_and_key(cli, key):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        if key == "web__listen":
            talk = threading.Thread(target=nonsense, args=(taken,))
            talk.start()
        cli.set(**{key: f"127.0.0.1:{port}"})
        says = found(cli, 1)["gateway", "fault"]
    assert f"port {port} on 127.0.0.1 is taken" in says
    assert f"[{key.partition('__')[0]}] listen" in says


def nonsense(listening):
    """Answer one connection as no HTTP server would."""
    listening.settimeout(30)
    link, _ = listening.accept()
    with link:
        link.recv(1000)
        link.sendall(b"220 not HTTP\r\n")


def test_figures_that_others_can_read_are_a_warning(cli):
    for here in ("127.0.0.1:0", "localhost:0"):
        cli.set(web__listen=here)
        assert ("web", "ok") in found(cli)
    cli.set(web__listen="0.0.0.0:0")
    assert "0.0.0.0:0 is open to others" in found(cli)["web", "warning"]


def test_a_port_for_others_that_refuses_all_of_them_is_a_warning(cli):
    cli.set(inbound__listen="0.0.0.0:0")
    assert "and all of them are refused" in found(cli)["inbound", "warning"]
    cli.set(inbound__allowed_peers=["10.0.0.0/8"])
    assert ("inbound", "warning") not in found(cli)


def test_a_desk_without_people_is_a_warning(cli):
    text = cli.config.read_text().partition("[[agent]]")
    cli.config.write_text(text[0] + "[sla]" + text[2].partition("[sla]")[2])
    cli.set(desk__admins=[])
    says = [line for line in cli.ok("check").splitlines() if line.startswith("warning")]
    assert len(says) == 2
    assert "add an [[agent]]" in says[0]
    assert "[desk] admins" in says[1]


def test_a_clock_that_has_not_run_is_a_warning(cli):
    cli.open()
    with sqlite3.connect(cli.folder / "mailgate.db") as behind:
        behind.execute("UPDATE heartbeat SET seen_at = seen_at - 7200000000")
    behind.close()
    assert "it last ran 2 h ago" in found(cli)["clock", "warning"]


def test_mails_that_wait_for_a_person_are_warnings(cli):
    cli.ok("deliver", stdin=mail(subject="Win a printer", x_spam_flag="YES"))
    cli.ok("tick")
    assert not {"parked", "quarantine"} & {name for name, _ in found(cli)}, "a stranger's is not"
    cli.open()
    with sqlite3.connect(cli.folder / "mailgate.db") as behind:
        behind.execute("UPDATE mail_delivery SET state = 'parked' WHERE state = 'opened'")
        behind.execute(
            "INSERT INTO contact (tenant_id, address, name, first_seen_at, last_seen_at) "
            "VALUES (1, ?, '', 0, 0)",
            (CUSTOMER,),
        )
    behind.close()
    checks = found(cli)
    assert checks["quarantine", "warning"].startswith("1 mails of known people were taken for spam")
    assert checks["parked", "warning"] == "1 mails could not be processed: `mailgate failed list`"


def test_every_fault_of_the_configuration_is_named(cli):
    cli.set(desk__addres="x", sla__preset="standart")
    done = cli.run("check")
    assert done.exit_code == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error: configuration:")]
    assert len(lines) == 2
    assert "config.toml:" in lines[0]
    assert 'did you mean "standard"?' in done.stderr
    assert len(found(cli, 1)) == 1


def test_a_database_of_a_newer_version_is_a_fault(cli):
    cli.open()
    with sqlite3.connect(cli.folder / "mailgate.db") as behind:
        behind.execute("UPDATE alembic_version SET version_num = '9999'")
    behind.close()
    assert "made by a newer mailgate" in found(cli, 1)["database", "fault"]


def test_an_older_database_is_migrated_at_the_next_start(cli, monkeypatch):
    cli.open()
    monkeypatch.setattr(revision, "NEWEST", "newer")
    assert "migrated at the next start" in found(cli)["database", "ok"]


def test_an_empty_database_is_well_and_no_octet_is_written_to_it(new_cli):
    path = new_cli.folder / "mailgate.db"
    path.touch()
    assert "it is empty" in found(new_cli)["database", "ok"]
    assert path.stat().st_size == 0
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size
    assert "it is empty" in found(new_cli)["database", "ok"]


def test_a_database_that_could_lose_what_was_committed_is_told(cli, monkeypatch):
    cli.open()
    monkeypatch.setattr(audit, "pragmas", lambda _connection: {"synchronous": 1})
    assert "PRAGMA synchronous is 1" in found(cli)["database", "warning"]


def test_a_folder_that_no_database_can_be_made_in_is_a_fault(cli, tmp_path):
    cli.set(database__url=str(tmp_path / "nowhere" / "mailgate.db"))
    assert "is no folder: make it" in found(cli, 1)["database", "fault"]


def test_a_broken_template_is_a_fault(cli, monkeypatch):
    monkeypatch.setattr(Renderer, "check", lambda _self: ["en/received.txt.j2:3: no such name"])
    assert "received.txt.j2:3" in found(cli, 1)["templates", "fault"]


def test_macros_are_named_and_a_broken_one_is_a_fault(cli):
    assert "macros: none" in found(cli)["templates", "ok"]
    (cli.folder / "macros").mkdir()
    (cli.folder / "macros" / "thanks.txt").write_text("Thank you, {{ ticket.requester_name }}.")
    assert "macros: thanks" in found(cli)["templates", "ok"]
    (cli.folder / "macros" / "odd.txt").write_text("{{ nobody }}")
    assert "odd.txt:1: 'nobody' is undefined" in found(cli, 1)["templates", "fault"]
    assert "odd.txt:1" in cli.no(1, "serve")


def test_mail_that_is_only_shown_is_a_warning(cli):
    cli.set(delivery__transport="terminal")
    assert "not sent" in found(cli)["delivery", "warning"]


def test_a_maildir_that_cannot_be_written_to_is_a_fault(cli):
    tmp = cli.folder / "outgoing" / "tmp"
    tmp.rmdir()
    tmp.touch()
    assert "outgoing" in found(cli, 1)["delivery", "fault"]


def test_a_maildir_on_a_full_disk_is_a_fault(cli, monkeypatch):
    from pathlib import Path

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    assert "no space left on device" in found(cli, 1)["delivery", "fault"]


def test_a_smarthost_is_greeted_and_logged_in_to(cli):
    with Sink(login=("desk", "secret")) as server:
        smarthost(cli, server, delivery__user="desk", delivery__password="secret")
        cli.config.chmod(0o600)
        assert f":{server.port} (off, as desk)" in found(cli)["delivery", "ok"]
        assert server.received == []
        cli.set(delivery__password="wrong")
        assert "535" in found(cli, 1)["delivery", "fault"]


def test_a_smarthost_that_is_not_there_is_a_fault(cli):
    with Sink() as server:
        smarthost(cli, server)
    assert "127.0.0.1" in found(cli, 1)["delivery", "fault"]


def test_a_smarthost_without_the_tls_that_is_wanted_is_a_fault(cli):
    with Sink() as server:
        smarthost(cli, server, delivery__tls="starttls")
        assert "STARTTLS is required and not offered" in found(cli, 1)["delivery", "fault"]


def test_a_mail_is_sent_where_it_is_asked_for(cli):
    with Sink() as server:
        smarthost(cli, server)
        said = cli.ok("check", "--send-to", "me@example.com")
        assert "a mail to me@example.com was handed over" in said
        (got,) = server.received
        assert got.recipients == ("me@example.com",)
        assert b"Subject: mailgate: a mail to see that it arrives" in got.raw


@pytest.mark.parametrize(("reply", "says"), [("550 no", "550 no"), ("451 later", "451 later")])
def test_a_mail_that_is_not_taken_is_a_fault(cli, reply, says):
    with Sink() as server:
        smarthost(cli, server)
        server.fail(Stage.RCPT, reply)
        done = cli.run("check", "--send-to", "me@example.com")
        assert done.exit_code == 1
        assert says in done.stderr


def test_an_address_that_is_none_is_a_fault(cli):
    assert "delivery: " in cli.no(1, "check", "--send-to", "not an address")


def with_mailbox(cli, **values):
    """Give the desk a shared mailbox whose server is not there."""
    secret = cli.folder / "mailbox.secret"
    secret.write_text("hunter2")
    secret.chmod(0o600)
    given = {"name": "support", "host": "127.0.0.1", "port": 1, "tls": "off"} | values
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items())
    cli.config.write_text(f"{cli.config.read_text()}\n[[mailbox]]\n{lines}")


def test_a_mailbox_whose_server_is_not_there_is_a_fault_and_what_the_gateway_found_is_told(cli):
    with_mailbox(cli, password_file="mailbox.secret")
    with sqlite3.connect(cli.folder / "mailgate.db") as link:
        link.execute("INSERT INTO imap_mailbox (tenant_id, name, fault) VALUES (1, 'support', '?')")
    checks = found(cli, 1)
    assert checks["mailbox", "warning"] == "support: whoever watches it says: ?"
    assert checks["mailbox", "fault"].startswith("support: 127.0.0.1:1: ")


def test_the_folders_that_a_mailbox_is_given_for_its_board_must_be_there(cli, dovecot):
    secret, names = cli.folder / "mailbox.secret", {"trash": "Duplicates", "junk": "Trash"}
    with_mailbox(cli, port=dovecot.imap_port, password_file="mailbox.secret", **names)
    secret.write_text(PASSWORD)
    said = [(each["state"], each["says"]) for each in told(cli) if each["check"] == "mailbox"]
    gone = "support: there is no folder Duplicates: second copies stay; see trash = ..."
    assert ("warning", gone) in said
    assert ("ok", "support: a board has spam in Trash (as configured)") in said


def test_a_mailbox_that_tokens_open_is_tried_once_there_is_a_place_for_them(new_cli):
    tokens = {"token_url": "https://127.0.0.1:1/", "client_id": "desk"}
    with_mailbox(new_cli, refresh_token_file="mailbox.secret", **tokens)
    assert "can be tried once that is there" in found(new_cli)["mailbox", "warning"]
    assert not (new_cli.folder / "mailgate.db").exists()


def test_what_of_the_assignment_may_not_be_meant_is_told(cli):
    cli.set(assignment__automatic=True, assignment__inactive_after="6h")
    text = cli.config.read_text()
    team = '\n[[team]]\nname = "front"\nmembers = ["alice"]\n'
    cli.config.write_text(f"{text}{team}")
    told = [each["says"] for each in cli.json("check") if each["check"] == "assignment"]
    assert [says.partition(":")[0] for says in told] == [
        "a ticket to which no rule gives a team is given to nobody",
        "[assignment] inactive_after counts every hour, so tickets move each night",
    ]
    rest = '\n[[rule]]\nname = "rest"\nteam = "front"\n'
    cli.config.write_text(f"{text}{team}{rest}")
    cli.set(assignment__inactive_after="off")
    assert not [each for each in cli.json("check") if each["check"] == "assignment"]


def test_who_can_hand_in_mail_is_said_and_that_hashes_differ_in_cost(cli):
    cheap = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$mgNMiLWfsRiIYxNi3TKyBQ"
    agents = [
        {"name": name, "address": f"{name}@agent.example", "password_hash": text}
        for name, text in (("bob", hashed("battery staple")), ("alice", hashed("correct horse")))
    ]
    cli.set(agent=agents, submission__listen="127.0.0.1:5587")
    found = [each for each in cli.json("check") if each["check"] == "submission"]
    assert [(each["state"], each["says"]) for each in found] == [
        ("ok", "alice, bob can log in at 127.0.0.1:5587")
    ]
    agents[0]["password_hash"] = cheap
    cli.set(agent=agents)
    found = [each for each in cli.json("check") if each["check"] == "submission"]
    assert [each["state"] for each in found] == ["ok", "warning"]
    assert cheap not in str(found)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cli.set(submission__listen=f"127.0.0.1:{taken.getsockname()[1]}")
        (says,) = [each["says"] for each in told(cli, 1) if each["check"] == "gateway"]
    assert "change [submission] listen" in says
