"""Where mails lie in files and folders, as many programs write them."""

import os

import pytest

from mailgate.intake import archive
from mailgate.intake.archive import Source, Unreadable

MARK = "From carol@customer.example Mon Jan  5 12:34:56 2015"
ONE = "Subject: one\n\nwords\n"
TWO = "Subject: two\n\nmore\n"


def mbox(*mails: str, end: str = "\n") -> bytes:
    return "".join(f"{MARK}\n{mail}\n" for mail in mails).replace("\n", end).encode()


def stored(*paths):
    return [
        (mail, archive.read(mail.place))
        for source in archive.find(paths)
        for mail in archive.mails(source)
    ]


def bodies(*paths) -> list[str]:
    return [raw.decode().replace("\r", "") for _, raw in stored(*paths)]


def names(*paths) -> list[str]:
    return [source.path.name for source in archive.find(paths)]


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file below a folder of its own."""

    def write(content: bytes | str, name: str = "old.mbox"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_mbox_is_divided_at_its_postmarks(write, end):
    assert bodies(write(mbox(ONE, TWO, end=end))) == [ONE, TWO]


def test_the_last_mail_of_an_mbox_needs_no_empty_line_behind_it(write):
    assert bodies(write(mbox(ONE, TWO).rstrip(b"\n"))) == [ONE, TWO.rstrip("\n")]


def test_of_each_mail_the_header_is_told_and_when_it_came(write):
    path = write(mbox("Subject: one\n folded\nTo: x\n\nwords\n\nmore: words\n"))
    ((mail, _),) = stored(path)
    assert mail.header == b"Subject: one\n folded\nTo: x\n\n"
    assert mail.at.isoformat() == "2015-01-05T12:34:56+00:00"


@pytest.mark.parametrize(
    "line",
    [
        "From here on it is in words.",
        f"{MARK} and so on",
        f"{MARK}\nis what the file says.",
        f"> {MARK}",
    ],
)
def test_a_line_of_text_that_looks_like_a_postmark_divides_nothing(write, line):
    mail = f"Subject: one\n\nwords\n\n{line}\n\nmore\n"
    assert bodies(write(mbox(mail, TWO))) == [mail, TWO]


def test_a_postmark_divides_nothing_without_an_empty_line_before_it(write):
    mail = f"Subject: one\n\nwords\n{MARK}\nSubject: no mail\n"
    assert bodies(write(mbox(mail, TWO))) == [mail, TWO]


def test_what_was_quoted_for_the_file_is_as_it_was(write):
    path = write(mbox("Subject: one\n\n>From here\n>>From there\n"))
    assert bodies(path) == ["Subject: one\n\nFrom here\n>From there\n"]


def test_a_mail_without_a_header_is_handed_out_and_not_lost(write):
    assert bodies(write(f"{MARK}\n\nwords\n")) == ["\nwords\n"]


def test_a_line_longer_than_is_read_at_once_is_of_its_mail(write):
    mail = f"Subject: one\n\n{'x' * 200_000}\n"
    assert bodies(write(mbox(mail, TWO))) == [mail, TWO]


def test_a_header_without_end_is_handed_out_in_part(write):
    lines = "".join(f"X-{n}: {'x' * 1000}\n" for n in range(400))
    (first, _), _ = stored(write(mbox(f"{lines}\nwords\n", TWO)))
    assert archive.HEADER - 2000 < len(first.header) <= archive.HEADER + 1


def test_a_file_of_one_mail_is_one_whatever_its_name(write):
    mail = f"{ONE}\n{MARK}\nSubject: no mail\n"
    assert bodies(write(mail, "saved.txt")) == [mail]


def test_an_eml_with_a_postmark_is_still_one_mail(write):
    raw = mbox(ONE, TWO)
    ((_, whole),) = stored(write(raw, "saved.eml"))
    assert whole == raw


def test_a_single_mail_came_when_its_file_was_written(write):
    path = write(ONE, "one.eml")
    os.utime(path, (1_420_461_296, 1_420_461_296))
    ((mail, _),) = stored(path)
    assert mail.at.isoformat() == "2015-01-05T12:34:56+00:00"


def test_a_maildir_is_read_with_its_folders_and_without_what_is_not_yet_there(write, tmp_path):
    write(ONE, "Maildir/cur/1.host:2,S")
    write(TWO, "Maildir/new/2.host")
    write("Subject: half", "Maildir/tmp/3.host")
    write("Subject: sent\n\n", "Maildir/.Sent/cur/4.host:2,S")
    write("3 V1 N3", "Maildir/dovecot-uidlist")
    assert sorted(bodies(tmp_path / "Maildir")) == sorted([ONE, TWO, "Subject: sent\n\n"])


def test_of_a_folder_the_mails_and_the_mboxes_count(write, tmp_path):
    write(ONE, "old/b.eml")
    write(TWO, "old/deep/a.EML")
    write(mbox(ONE, TWO), "old/Inbox")
    write("words", "old/notes.txt")
    write(ONE, "old/tmp/c.eml")
    assert names(tmp_path / "old") == ["Inbox", "b.eml", "a.EML", "c.eml"]


def test_each_file_knows_how_much_stands_before_it(write):
    one, two = write(ONE, "one.eml"), write(TWO, "two.eml")
    assert list(archive.find([one, two])) == [
        Source(one, many=False, size=len(ONE), start=0),
        Source(two, many=False, size=len(TWO), start=len(ONE)),
    ]


def test_what_is_not_there_is_told(tmp_path):
    gone = tmp_path / "gone.mbox"
    assert list(archive.find([gone])) == [Unreadable(gone, "there is no such file")]


def test_a_file_that_has_shrunk_since_is_not_read_in_part(write):
    path = write(mbox(ONE, TWO))
    (source,) = archive.find([path])
    first, _ = archive.mails(source)
    path.write_bytes(b"")
    with pytest.raises(OSError, match="shorter than it was"):
        archive.read(first.place)
