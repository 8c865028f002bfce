"""A Maildir as the way out: whole mails or none, the envelope readable, nothing lost on the way."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mailgate.delivery.maildir import MaildirTransport
from mailgate.delivery.transport import Later, Outgoing, Sent
from mailgate.errors import Temporary
from tests.peers.maildir import Maildir, text_of

RAW = b"Subject: one\r\nTo: carol@client.example\r\n\r\nHello.\r\n.\r\nFrom here\r\n"
MAIL = Outgoing("bounce+1@desk.example", "carol@client.example", RAW)


def nothing() -> None:
    """Do nothing when the content begins."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "outgoing"


@pytest.fixture
def session(path: Path):
    return MaildirTransport(path).open()


def names(path: Path, folder: str) -> list[str]:
    return sorted(entry.name for entry in (path / folder).iterdir())


def test_a_mail_arrives_whole_with_its_envelope(path, session):
    result = session.send(MAIL, nothing)

    (file,) = Maildir(path).files()
    assert result == Sent(f"delivered as {file.name}")
    assert file.read_bytes() == (
        b"Return-Path: <bounce+1@desk.example>\n"
        b"Delivered-To: carol@client.example\n"
        b"X-Envelope-To: carol@client.example\n" + RAW.replace(b"\r\n", b"\n")
    )
    assert file.parent.name == "new"
    assert names(path, "tmp") == []


def test_the_null_path_is_written_as_one(path, session):
    session.send(Outgoing("", "carol@client.example", RAW), nothing)

    (mail,) = Maildir(path).mails()
    assert mail["Return-Path"] == "<>"
    assert text_of(mail) == "Hello.\n.\nFrom here\n"


def test_an_envelope_cannot_add_headers(path, session):
    session.send(Outgoing("a@x.example\r\nX-Evil: 1", "b@x.example\nX-Evil: 2", RAW), nothing)

    (mail,) = Maildir(path).mails()
    assert mail["X-Evil"] is None
    assert mail["Delivered-To"] == "b@x.example X-Evil: 2"


def test_only_the_owner_may_read_what_is_delivered(path, session):
    session.send(MAIL, nothing)

    assert Maildir(path).files()[0].stat().st_mode & 0o777 == 0o600
    assert (path / "new").stat().st_mode & 0o777 == 0o700


def test_every_mail_has_a_name_of_its_own_in_the_order_of_sending(path, session):
    for number in range(30):
        session.send(Outgoing("", f"{number}@x.example", RAW), nothing)

    mails = Maildir(path).mails()
    assert [mail["Delivered-To"] for mail in mails] == [f"{n}@x.example" for n in range(30)]
    assert all(re.fullmatch(r"\d+\.M\d{6}P\d+Q\d+R\w+\.[\w.-]+", n) for n in names(path, "new"))


def test_a_mail_is_told_to_have_begun_before_anybody_can_see_it(path, session):
    seen = []

    session.send(MAIL, lambda: seen.append((names(path, "tmp"), names(path, "new"))))

    ((in_tmp, in_new),) = seen
    assert len(in_tmp) == 1
    assert in_new == []


def test_what_began_raises_is_passed_on_and_nothing_arrives(path, session):
    def fail() -> None:
        raise OSError("the database's disk is full")

    with pytest.raises(OSError, match="database"):
        session.send(MAIL, fail)

    assert names(path, "tmp") == names(path, "new") == []


def test_file_and_folder_are_on_the_disk_before_it_counts_as_sent(path, session, monkeypatch):
    order = []
    fsync, rename = os.fsync, Path.rename

    def noting_fsync(opened: int) -> None:
        order.append("folder" if os.path.isdir(f"/proc/self/fd/{opened}") else "file")  # noqa: PTH112 - the kernel's own link
        fsync(opened)

    def noting_rename(self: Path, target: Path) -> Path:
        order.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(Path, "rename", noting_rename)

    for _ in range(3):
        session.send(MAIL, nothing)
    assert order == ["file", "rename"] * 3

    assert session.settle() is None
    assert session.settle() is None
    assert order == [*["file", "rename"] * 3, "folder"], "one folder for all of them"


def test_a_full_disk_means_later_for_every_mail(path, session, monkeypatch):
    def full(_opened: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    result = session.send(MAIL, nothing)

    assert isinstance(result, Later)
    assert result.connection
    assert "No space left" in result.reason
    assert names(path, "tmp") == names(path, "new") == []


def test_a_folder_that_is_lost_meanwhile_means_later(path, session):
    (path / "new").rmdir()

    result = session.send(MAIL, nothing)

    assert isinstance(result, Later)
    assert names(path, "tmp") == []


def test_a_folder_that_does_not_reach_the_disk_is_told_of(path, session, monkeypatch):
    monkeypatch.setattr("mailgate.delivery.maildir._sync_folder", _broken)

    session.send(MAIL, nothing)

    assert session.settle() == f"{path}/new may not have reached the disk: [Errno 5] I/O"
    assert len(names(path, "new")) == 1


class TestAMailThatIsDeliveredOnceMore:
    """As after a kill that came before it was written down that it had been delivered."""

    NAMED = replace(MAIL, name="1772442000.M000000Q7R0123456789abcdef.mailgate")

    def test_is_found_while_nobody_has_read_it(self, path, session):
        first = session.send(self.NAMED, nothing)
        session.settle()

        again = session.send(replace(self.NAMED, again=True, raw=b"of other words"), nothing)

        assert first == Sent(f"delivered as {self.NAMED.name}")
        assert again == Sent(f"was delivered before as {self.NAMED.name}")
        assert len(Maildir(path).files()) == 1
        assert RAW.replace(b"\r\n", b"\n") in Maildir(path).files()[0].read_bytes()

    def test_is_found_where_a_mail_program_has_put_it(self, path, session):
        session.send(self.NAMED, nothing)
        session.send(MAIL, nothing)
        (path / "new" / self.NAMED.name).rename(path / "cur" / f"{self.NAMED.name}:2,S")

        again = session.send(replace(self.NAMED, again=True), nothing)

        assert again == Sent(f"was delivered before as {self.NAMED.name}")
        assert len(names(path, "new")) == 1

    def test_is_delivered_when_it_had_not_been(self, path, session):
        assert isinstance(session.send(replace(self.NAMED, again=True), nothing), Sent)

        assert names(path, "new") == [self.NAMED.name]

    def test_replaces_itself_when_two_deliver_at_the_same_time(self, path, session):
        for _ in range(2):
            session.send(self.NAMED, nothing)

        assert names(path, "new") == [self.NAMED.name]


def _broken(_folder: Path) -> None:
    raise OSError(5, "I/O")


def test_opening_again_keeps_what_is_there(path, session):
    session.send(MAIL, nothing)
    session.close()

    MaildirTransport(path).open().send(MAIL, nothing)

    assert len(Maildir(path).files()) == 2


def test_a_place_that_cannot_be_a_maildir_fails_for_now(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Temporary, match=r"cannot make a Maildir at .*file"):
        MaildirTransport(tmp_path / "file").open()
