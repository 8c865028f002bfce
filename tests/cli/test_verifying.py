"""`mailgate verify`: silence while all is well, and an exit code when it is not."""

import json
import sqlite3

import pytest

from mailgate.cli import shapes


def behind(cli, statement):
    with sqlite3.connect(cli.folder / "mailgate.db") as connection:
        connection.execute(statement)
    connection.close()


def test_an_empty_desk_agrees(cli):
    assert cli.json("verify") == []
    assert cli.ok("verify", "--deep") == (
        "mails: 0; tickets: 0; messages: 0; events: 0; notices: 0\nEverything agrees.\n"
    )


def test_a_desk_that_was_used_agrees_in_depth(cli):
    number = cli.open()
    cli.ok("reply", number, "--as", "alice", "--text", "Yes?")
    cli.ok("resolve", number)
    assert cli.json("verify", "--deep") == []


@pytest.mark.parametrize("words", [(), ("--deep",)])
def test_faults_are_listed_and_the_exit_code_is_1(cli, words):
    number = cli.open()
    behind(cli, "UPDATE ticket SET subject = 'Another'")
    done = cli.run("verify", *words)
    assert done.exit_code == 1
    assert number in done.stdout
    assert "subject is 'Another', but its history says 'Printer broken'" in done.stdout


def test_faults_for_programs_have_the_documented_fields(cli):
    number = cli.open()
    behind(cli, "UPDATE ticket SET version = 7")
    done = cli.run("verify", "--json")
    assert done.exit_code == 1
    (fault,) = json.loads(done.stdout)
    assert list(fault) == list(shapes.FAULT)
    assert (fault["check"], fault["subject"]) == ("history", number)


def test_each_fault_is_told_with_what_to_do(cli):
    number = cli.open()
    behind(cli, "UPDATE ticket SET subject = 'Another'")
    behind(cli, "DELETE FROM timer")
    *_, head, history, timer = cli.run("verify").stdout.splitlines()
    assert head == "3 faults. What to do:"
    assert history.startswith("history  the ticket or its history was changed")
    assert timer.startswith("timer    set the ticket's priority")
    cli.run("priority", number, "high")
    cli.run("priority", number, "normal")
    assert [fault["check"] for fault in json.loads(cli.run("verify", "--json").stdout)] == [
        "history"
    ]


def test_one_ticket_or_a_time_can_be_named(cli):
    first = cli.open()
    second = cli.open(subject="Another", sender="dave@customer.example")
    behind(cli, "UPDATE ticket SET subject = 'x' WHERE subject != 'Another'")
    assert cli.ok("verify", "--ticket", second) == "Everything agrees.\n"
    assert first in cli.run("verify", "--ticket", first.lower()).stdout
    assert cli.ok("verify", "--since", "+1h") == "Everything agrees.\n"
    assert "is not a time" in cli.no(1, "verify", "--since", "noon")


def test_nothing_is_written_by_looking(cli):
    cli.open()
    before = (cli.folder / "mailgate.db").read_bytes()
    behind(cli, "PRAGMA wal_checkpoint(TRUNCATE)")
    before = (cli.folder / "mailgate.db").read_bytes()
    cli.ok("verify", "--deep")
    behind(cli, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert (cli.folder / "mailgate.db").read_bytes() == before
