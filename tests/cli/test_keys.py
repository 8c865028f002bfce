"""`mailgate keys`: a new key is believed, then signs; all are believed until dropped."""

import os
import stat
from datetime import UTC, datetime

import pytest

from mailgate import config as configuration
from mailgate.cli.opening import opened
from mailgate.errors import Refused

ALICE, NUMBER = "alice@agent.example", "TKT-2026-00001"


def address(cli):
    with opened(cli.config) as app:
        return app.signer.ticket_address(app.settings.address, NUMBER, ALICE, "reply", now())


def is_believed(cli, written):
    with opened(cli.config) as app:
        return app.signer.read_ticket_address(written, ALICE, now()).genuine


def now():
    return datetime.now(UTC)


def listed(cli):
    return [line.split()[:2] for line in cli.run("keys", "list").stdout.splitlines()[1:]]


def test_a_new_key_signs_and_the_one_before_it_is_believed_until_it_is_dropped(cli):
    before = address(cli)
    added = cli.run("keys", "add")
    assert added.exit_code == 0, added.output
    assert "key2 is believed as soon as the gateway is started anew" in added.stdout
    assert listed(cli) == [["key1", "signs"], ["key2", "is"]]
    assert address(cli) == before, "a gateway that runs would not believe it"
    assert cli.run("keys", "sign", "key2").exit_code == 0
    assert listed(cli) == [["key2", "signs"], ["key1", "is"]]
    after = address(cli)
    assert after != before
    assert is_believed(cli, before)
    assert is_believed(cli, after)
    dropped = cli.run("keys", "drop", "key1")
    assert dropped.exit_code == 0, dropped.output
    assert listed(cli) == [["key2", "signs"]]
    assert not is_believed(cli, before)
    assert is_believed(cli, after)


def test_a_name_that_was_given_up_is_not_used_again_and_comments_stay(cli):
    file = cli.folder / "mailgate.key"
    comments = [line for line in file.read_text().splitlines() if line.startswith("#")]
    file.write_text(file.read_text().rstrip())
    for words in (("add",), ("sign", "key2"), ("drop", "key1"), ("add",)):
        assert cli.run("keys", *words).exit_code == 0
    assert [name for name, _ in listed(cli)] == ["key2", "key3"]
    lines = file.read_text().splitlines()
    assert lines[: len(comments)] == comments
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in cli.folder.glob("mailgate.key*")) == ["mailgate.key"]


def test_how_long_the_others_are_left_is_what_is_configured(cli):
    cli.set(limits__signed_addresses="400d")
    cli.ok("keys", "add")
    assert "Leave the others for 400 days" in cli.ok("keys", "sign", "key2")


def test_of_a_key_nothing_is_shown(cli):
    secret = (cli.folder / "mailgate.key").read_text().split()[-1]
    shown = cli.run("keys").stdout + cli.run("keys", "add").stdout + cli.run("keys").stdout
    assert secret not in shown
    assert secret.lower() not in shown.lower()


@pytest.mark.parametrize(
    ("name", "says"),
    [("key1", "key1 signs: let another one do so first"), ("key7", "there is no key key7")],
)
def test_the_key_that_signs_and_what_is_none_cannot_be_dropped(cli, name, says):
    before = (cli.folder / "mailgate.key").read_text()
    refused = cli.run("keys", "drop", name)
    assert refused.exit_code == 1
    assert says in refused.stderr
    assert (cli.folder / "mailgate.key").read_text() == before


def test_a_file_that_cannot_be_read_or_changed_is_told_of_and_stays(cli, monkeypatch):
    file = cli.folder / "mailgate.key"
    before, read = file.read_text(), configuration.load(cli.config, os.environ)

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "fsync", refuse)
    refused = cli.run("keys", "add")
    assert refused.exit_code == 1
    assert "mailgate.key cannot be changed: Read-only file system" in refused.stderr
    assert file.read_text() == before
    assert sorted(path.name for path in cli.folder.glob("mailgate.key*")) == ["mailgate.key"]
    file.write_text("nothing")
    with pytest.raises(Refused, match=r"desk\.secret_file"):
        configuration.add_key(read, os.environ)
