"""`mailgate board`: what lies where, and what would be moved."""

import imaplib
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from mailgate.cli import shapes
from mailgate.cli.opening import opened
from mailgate.store import mailboxes
from mailgate.store.mailboxes import Brake
from tests.cli.conftest import mail
from tests.peers.dovecot import PASSWORD
from tests.peers.waiting import wait_until

_users = count(1)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FOLDERS = ["Tickets/@alice", "Tickets/@bob", "Tickets/Waiting for customer"]
FOLDERS += ["Tickets/Resolved", "Tickets/Closed"]


@pytest.fixture
def shared(cli, dovecot):
    """A desk with a mailbox whose board is switched on; its user's name is `cli.user`."""
    cli.user = f"boarding{next(_users)}"
    secret = cli.folder / "mailbox.secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    cli.config.write_text(
        f'{cli.config.read_text()}\n[[mailbox]]\nname = "support"\nhost = "127.0.0.1"\n'
        f'port = {dovecot.imap_port}\ntls = "off"\nuser = "{cli.user}"\n'
        'password_file = "mailbox.secret"\n[mailbox.board]\non = true\nevery = "1s"\n'
    )
    return cli


def put(dovecot, user, raw):
    link = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
    link.login(user, PASSWORD)
    assert link.append("INBOX", None, None, raw)[0] == "OK"
    link.logout()


def test_what_lies_where_and_what_would_be_moved_is_told(shared, dovecot):
    would = shared.json("board", "--dry-run")
    assert [(row["would"], row["folder"]) for row in would] == [("make", f) for f in FOLDERS]
    assert [list(row) for row in would] == [list(shapes.MOVED)] * 5
    assert "make the folder" in shared.ok("board", "--dry-run")
    with opened(shared.config) as app:
        app.watchers.start()
        wait_until(lambda: len(shared.json("board")) == 8, "the folders")
        put(dovecot, shared.user, mail(message_id="<b1@customer.example>"))
        wait_until(lambda: shared.run("tick") and shared.json("tickets"), "a ticket")

        def lying():
            return [row["tickets"] for row in shared.json("board") if row["folder"] == "INBOX"]

        wait_until(lambda: lying() == [1], "its mail on the board")
        app.watchers.stop()
    assert list(shared.json("board")[0]) == list(shapes.LYING)
    assert "INBOX" in shared.ok("board")
    assert shared.ok("board", "--dry-run") == "Everything lies where it belongs.\n"
    number = shared.json("tickets")[0]["number"]
    shared.ok("assign", number, "bob")
    (move,) = shared.json("board", "--dry-run")
    wanted = {"would": "move", "number": number, "source": "INBOX", "folder": "Tickets/@bob"}
    assert move == move | wanted | {"mails": 1, "events": []}
    assert number in shared.ok("board", "--dry-run")


def test_a_board_that_has_stopped_goes_on_when_somebody_says_so(shared):
    assert "has not stopped" in shared.no(1, "board", "--go-on", "support")
    assert "no [[mailbox]] 'sales' with a board; there is support" in shared.no(
        1, "board", "--go-on", "sales"
    )
    with opened(shared.config) as app, app.database.write() as connection:
        mailboxes.take(connection, 1, "support", "me", NOW, timedelta(), alone=True)
        mailboxes.stop(connection, 1, "support", NOW)
    assert "goes on at its next look" in shared.ok("board", "--go-on", "support")
    with opened(shared.config) as app, app.database.read() as connection:
        assert mailboxes.brake(connection, 1, "support") == Brake(NOW, goes_on=True)


def test_where_there_is_no_board_it_is_said_how_to_get_one(cli):
    for words in (["board"], ["board", "--dry-run"]):
        assert "add a [[mailbox]]" in cli.ok(*words)
        assert cli.json(*words) == []


def test_a_mailbox_that_cannot_be_looked_at_is_named(shared, dovecot):
    assert "No board has been looked at yet" in shared.ok("board")
    text = shared.config.read_text()
    shared.config.write_text(text.replace(f"port = {dovecot.imap_port}\n", "port = 1\n"))
    ended = shared.run("board", "--dry-run")
    assert "mailbox support: 127.0.0.1:1: " in ended.output


def test_one_that_cannot_be_looked_at_keeps_no_other_from_it(shared, dovecot):
    text = shared.config.read_text()
    _, _, mailbox = text.partition("[[mailbox]]")
    first = f"[[mailbox]]{mailbox}".replace("support", "gone").replace(shared.user, "other")
    first = first.replace(f"port = {dovecot.imap_port}\n", "port = 1\n")
    shared.config.write_text(text.replace("[[mailbox]]", f"{first}\n[[mailbox]]"))
    ended = shared.run("board", "--dry-run")
    assert ended.exit_code == 75
    assert "mailbox gone: 127.0.0.1:1: " in ended.output
    assert all(folder in ended.output for folder in FOLDERS)
