"""`mailgate import --mailbox`: old mail out of the folders of a shared mailbox."""

import imaplib
from itertools import count

import pytest

from mailgate.intake import fetching
from tests.cli.conftest import CUSTOMER, DESK, mail
from tests.peers.dovecot import PASSWORD

_users = count(1)


@pytest.fixture
def shared(cli, dovecot):
    """A desk with a shared mailbox; its user's name is `cli.user`."""
    cli.user = f"fetching{next(_users)}"
    secret = cli.folder / "mailbox.secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    cli.config.write_text(
        f'{cli.config.read_text()}\n[[mailbox]]\nname = "support"\nhost = "127.0.0.1"\n'
        f'port = {dovecot.imap_port}\ntls = "off"\nuser = "{cli.user}"\n'
        'password_file = "mailbox.secret"\n'
    )
    return cli


@pytest.fixture
def put(shared, dovecot):
    """Return a function that puts mails into a folder."""

    def append(folder, *raws):
        link = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
        link.login(shared.user, PASSWORD)
        link.create(f'"{folder}"')
        for raw in raws:
            assert link.append(f'"{folder}"', None, '"05-Jan-2015 12:00:00 +0000"', raw)[0] == "OK"
        link.logout()

    return append


def dated(n: int, **more) -> bytes:
    dates = {"date": f"Mon, 5 Jan 2015 12:{n:02}:00 +0000", "message_id": f"<{n}@x.example>"}
    return mail(f"Matter {n}", **dates | more)


def test_inbox_and_what_was_sent_become_whole_threads(shared, put):
    put("INBOX", dated(1), dated(2))
    answer = {"sender": DESK, "to": CUSTOMER, "in_reply_to": "<1@x.example>"}
    put("Sent", dated(3, **answer))
    said = shared.ok("import", "--mailbox", "support").splitlines()
    assert said[-1].startswith("3 mails: 3 messages put down; 2 tickets opened")
    assert {each["subject"] for each in shared.json("tickets")} == {"Matter 1", "Matter 2"}
    assert shared.json("outbox") == []
    again = shared.ok("import", "--mailbox", "support").splitlines()
    assert "3 known before" in again[-1]


def test_folders_can_be_named_and_what_is_kept_is_fetched_once(shared, put, monkeypatch):
    put("Old stuff", dated(1), dated(2), dated(3))
    named = ("--mailbox", "support", "--folder", "Old stuff")
    into = shared.folder / "kept"
    monkeypatch.setattr(fetching, "_AT_ONCE", 2)
    monkeypatch.setattr(fetching, "_OCTETS", 10)
    shared.ok("import", *named, "--keep", into, "--dry-run")
    kept = sorted(into.rglob("*.eml"))
    assert [path.name for path in kept] == ["1.eml", "2.eml", "3.eml"]
    assert kept[0].parent.parent.name == "Old stuff"
    kept[1].unlink()
    kept[2].write_bytes(b"")
    done = shared.run("import", *named, "--keep", into)
    assert (done.exit_code, "2 tickets opened" in done.stdout) == (1, True)
    assert "no mail: it has no header" in done.stdout


def test_a_mail_that_is_too_large_is_named_and_not_taken_in_part(shared, put):
    shared.set(**{"inbound.max_size": "256KiB"})
    put("INBOX", dated(1) + b"line of the text\r\n" * 20_000)
    done = shared.run("import", "--mailbox", "support")
    assert (done.exit_code, "larger than 262144 octets" in done.stdout) == (1, True)


def test_what_cannot_be_fetched_is_refused_with_what_there_is(shared, put):
    put("INBOX", dated(1))
    assert "there is support" in shared.no(1, "import", "--mailbox", "suport")
    said = shared.no(1, "import", "--mailbox", "support", "--folder", "Nowhere")
    assert "there is no folder 'Nowhere'; there are " in said
    assert "INBOX" in said
    assert "say what to import" in shared.no(1, "import")
    assert "by --mailbox NAME" in shared.no(1, "import", "--folder", "INBOX", "x.mbox")
