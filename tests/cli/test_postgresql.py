"""The same commands on PostgreSQL: what only SQLite would bear shows here."""

from datetime import timedelta

from mailgate import app as app_module
from mailgate import config as configuration
from mailgate.app import TENANT_ID, App
from mailgate.intake.worker import LEASE
from mailgate.store import inbox
from tests.cli.conftest import mail
from tests.peers.places import free_port


def test_every_command_works_there_too(new_cli, postgresql_url):
    cli = new_cli
    cli.set(database__url=postgresql_url)
    cli.config.chmod(0o600)
    assert "it is empty" in cli.ok("check")
    number = cli.open(subject="Printer", message_id="<a@customer.example>")
    assert "at this version's schema" in cli.ok("check")
    cli.ok("assign", number, "alice", "--note", "yours")
    cli.ok("tag", number, "vip", "-late")
    cli.ok("reply", number, "--as", "alice", "--text", "Is it plugged in?")
    cli.ok("deliver", stdin=mail(subject="Re: it", text="Yes.", in_reply_to="<a@customer.example>"))
    assert cli.ok("tick") == "0 deadlines acted on.\n"
    for filters in (("--tag", "vip"), ("--search", "PLUGGED"), ("--assignee", "alice")):
        assert [each["number"] for each in cli.json("tickets", *filters)] == [number]
    assert cli.json("tickets", "--tag", "late") == []
    assert len(cli.json("show", number)["messages"]) == 3
    assert cli.json("stats")["waiting_for_system"] == 1
    assert cli.json("tick", "--at", "+25h")["steps"][0]["number"] == number
    assert {notice["state"] for notice in cli.json("outbox")} == {"sent"}
    assert cli.ok("outbox", "retry", "--all") == "0 notices put back.\n"
    assert cli.json("failed", "list") == []
    cli.ok("resolve", number)
    assert cli.json("verify", "--deep") == []


def test_a_server_that_is_away_is_told_and_may_come_back(new_cli):
    new_cli.set(database__url=f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    assert "database" in new_cli.no(75, "tickets")
    assert "database: " in new_cli.no(1, "check")
    assert "database" in new_cli.no(75, "deliver", stdin=mail())


def test_nodes_whose_clocks_are_wrong_leave_each_others_claims_alone(new_cli, postgresql_url):
    new_cli.set(database__url=postgresql_url)
    new_cli.config.chmod(0o600)
    new_cli.ok("deliver", stdin=mail())
    claims = []
    for wrong in (timedelta(days=-1), timedelta(0), timedelta(hours=2)):
        at = app_module.now() + wrong
        node = App(configuration.load(new_cli.config, {}), {})
        claims.append(claim(node, at))
        node.close()

    assert [len(claimed) for claimed in claims] == [1, 0, 0]


def claim(node, now):
    with node.database.write() as connection:
        at = node.database.lease_time(now)
        return inbox.claim(connection, TENANT_ID, node.owner, now, LEASE, 1, 1, at)
