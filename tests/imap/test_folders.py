"""Which folder is which, by mark, by name, or as configured."""

import pytest

from mailgate.imap.folders import Folder, drafts, named, sent, trash


def folder(name, *attributes, separator="/"):
    return Folder(name, frozenset(attributes), separator)


def test_the_mark_of_the_server_goes_before_any_name():
    found = [folder("Sent"), folder("Ausgang", "\\sent")]
    assert sent(found) == found[1]


@pytest.mark.parametrize(
    ("name", "separator"),
    [("Sent Items", "/"), ("INBOX.Sent", "."), ("Mail/Gesendete Elemente", "/"), ("Sent", "")],
)
def test_without_a_mark_it_is_known_by_its_name(name, separator):
    assert sent([folder("INBOX"), folder(name, separator=separator)]).name == name


@pytest.mark.parametrize(
    ("of_sent", "of_trash", "of_drafts"),
    [
        ("Отправленные", "Удаленные", "Черновики"),
        ("已发送邮件", "已删除邮件", "草稿"),
        ("العناصر المرسلة", "العناصر المحذوفة", "المسودات"),
    ],
)
def test_names_in_other_scripts_are_known_too(of_sent, of_trash, of_drafts):
    found = [folder(name) for name in ("INBOX", of_drafts, of_trash, of_sent)]
    assert [sent(found).name, trash(found).name] == [of_sent, of_trash]
    assert drafts(found).name == of_drafts


def test_what_cannot_be_opened_is_no_folder_of_mails():
    assert sent([folder("Sent", "\\NoSelect")]) is None
    assert named([folder("Sent", "\\NonExistent")], "Sent") is None


def test_inbox_has_any_capitals_and_others_are_as_written_however_composed():
    found = [folder("Inbox"), folder("Gelo\u0308st")]
    assert named(found, "INBOX") == found[0]
    assert named(found, "Gel\u00f6st") == found[1]
    assert named(found, "gel\u00f6st") is None
