"""Each trap of imapclient and of the protocol, and that nobody falls into it."""

import imaplib
import os
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.errors import Temporary
from mailgate.imap import link as links
from mailgate.imap.account import Account, LoginRefused, Tls
from mailgate.imap.link import Examined, Link, NoFolder, NotFiled
from mailgate.imap.link import _spans as spans
from mailgate.imap.uids import copied
from tests.peers.dovecot import PASSWORD
from tests.peers.imap_proxy import as_it_is


def test_a_range_to_the_last_mail_does_not_bring_a_mail_that_is_known(link, put):
    put("one", "two")
    folder = link.examine("INBOX")
    unknown = Examined(folder.uidvalidity, None, folder.messages)
    assert link.uids_after(0, folder) == [1, 2]
    assert link.uids_after(2, unknown) == []
    assert link.uids_after(1, unknown) == [2]


def test_a_server_whose_uidnext_says_that_nothing_is_new_is_asked_no_more(link, put, proxy):
    put("one")
    assert link.uids_after(1, link.examine("INBOX")) == []
    assert not any("SEARCH" in command for command in proxy.commands)


def test_a_folder_of_very_many_mails_is_searched_in_spans():
    assert list(spans(1, Examined(1, 120_001, 110_000))) == [
        "1:50000",
        "50001:100000",
        "100001:120000",
    ]
    assert list(spans(7, Examined(1, 9, 3))) == ["7:*"]


def test_an_overview_tells_size_time_and_what_identifies_a_mail(link, put):
    put("one", "two")
    link.examine("INBOX")
    first, second = link.overviews([1, 2, 3])
    assert (first.uid, second.uid, first.size) == (1, 2, len(b"Subject: one\r\n\r\none\r\n"))
    assert first.header.startswith(b"Subject: one")
    assert first.at.tzinfo is not None


def test_when_very_many_mails_came_is_asked_in_several_lines(link, put, proxy, monkeypatch):
    monkeypatch.setattr(links, "_MOST_FETCHED", 2)
    put("one", "two", "three")
    link.examine("INBOX")
    before = len(proxy.commands)
    assert set(link.saved_at([1, 2, 3])) == {1, 2, 3}
    assert sum("SAVEDATE" in command for command in proxy.commands[before:]) == 2


def test_bodies_are_cut_at_a_limit_and_those_that_are_gone_are_not_in(link, put, dovecot, user):
    put("one", "two", "three")
    link.examine("INBOX")
    other = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
    other.login(user, PASSWORD)
    other.select()
    other.store("2", "+FLAGS", "\\Deleted")
    other.expunge()
    other.logout()
    assert link.bodies([1, 2, 3], 12) == {1: b"Subject: one", 3: b"Subject: thr"}


def test_what_is_fetched_stays_unread_also_in_a_folder_that_was_opened_to_be_changed(link, put):
    put("one")
    link.keeps_keywords("INBOX")
    assert [each.uid for each in link.overviews([1])] == [*link.bodies([1], 100)] == [1]
    assert link.marked("\\Seen") == []


def test_idle_ends_when_a_mail_comes(link, put, wake):
    link.examine("INBOX")
    put("one")
    assert link.wait(20, wake)
    assert link.uids_after(0, link.examine("INBOX")) == [1]


def test_idle_ends_after_its_time_and_when_somebody_wakes_it(link):
    reading, writing = os.pipe()
    link.examine("INBOX")
    assert not link.wait(0.01, reading)
    os.write(writing, b"!")
    assert not link.wait(20, reading)
    assert link.examine("INBOX").messages == 0  # the connection is as good as before
    os.close(reading)
    os.close(writing)


def test_a_word_of_the_server_before_it_agrees_to_idle_is_a_wake_up(link, proxy, wake):
    def early(octets):
        return [b"* 1 EXISTS\r\n" + octets if octets.startswith(b"+ ") else octets]

    link.examine("INBOX")
    proxy.to_client = early
    assert link.wait(20, wake)
    assert link.examine("INBOX").messages == 0


def test_a_line_in_two_pieces_is_one_line(link, proxy, put, wake):
    def torn(octets):
        return [octets[i : i + 3] for i in range(0, len(octets), 3)]

    link.examine("INBOX")
    proxy.to_client = torn
    put("one")
    assert link.wait(20, wake)
    assert link.uids_after(0, link.examine("INBOX")) == [1]
    assert link.bodies([1], 100) == {1: b"Subject: one\r\n\r\none\r\n"}


def test_a_connection_that_ends_in_idle_is_a_fault_and_no_busy_loop(link, proxy, wake):
    link.examine("INBOX")

    def cut(octets):
        yield octets
        if octets.startswith(b"+ "):
            proxy.cut()

    proxy.to_client = cut
    with pytest.raises(Temporary):
        link.wait(20, wake)


def test_an_answer_that_is_cut_is_a_fault(link, proxy, put):
    put("one")
    link.examine("INBOX")

    def cut(octets):
        yield octets[: len(octets) // 2]
        proxy.cut()

    proxy.to_client = cut
    with pytest.raises(Temporary):
        link.bodies([1], 100)


def test_a_server_that_is_frozen_is_a_fault_after_the_timeout(link, proxy):
    proxy.freeze()
    with pytest.raises(Temporary, match="timed out"):
        link.examine("INBOX")
    proxy.thaw()
    with pytest.raises(Temporary):  # and the connection is good for nothing more
        link.examine("INBOX")


def test_a_server_without_idle_is_waited_for_in_vain_and_is_not_asked_for_it(link, proxy, wake):
    link.capabilities -= {"IDLE"}
    link.examine("INBOX")
    assert not link.wait(0.01, wake)
    assert not any("IDLE" in command for command in proxy.commands)


def test_a_server_that_refuses_the_idle_that_it_offers_is_a_fault(link, proxy, wake):
    link.examine("INBOX")
    tag = proxy.commands[-1].split()[0]
    following = tag[:-1] + chr(ord(tag[-1]) + 1)
    proxy.to_client = lambda octets: (
        [f"{following} NO not today\r\n".encode()] if octets.startswith(b"+ ") else [octets]
    )
    with pytest.raises(Temporary, match="refuses"):
        link.wait(20, wake)


def test_capabilities_are_asked_for_once(link, proxy, wake, put):
    link.examine("INBOX")
    link.wait(0.01, wake)
    asked = [command for command in proxy.commands if command.endswith("CAPABILITY")]
    assert len(asked) <= 2  # before login, and after it where the server did not tell
    assert {"IDLE", "UIDPLUS"} <= link.capabilities


def test_a_folder_that_is_not_there_is_told_apart_from_a_broken_connection(link, proxy):
    with pytest.raises(NoFolder, match="Nowhere"):
        link.examine("Nowhere")
    assert link.examine("INBOX").messages == 0
    proxy.cut()
    with pytest.raises(Temporary) as fault:
        link.examine("INBOX")
    assert not isinstance(fault.value, NoFolder)


def test_a_folder_that_an_agent_deletes_while_it_is_looked_at_is_a_fault(
    link, put, dovecot, user, wake
):
    other = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
    other.login(user, PASSWORD)
    other.create("Doomed")
    link.examine("Doomed")
    other.delete("Doomed")
    other.logout()

    def look():
        link.wait(5, wake)
        link.examine("Doomed")

    with pytest.raises(Temporary):  # the server says BYE, and hangs up
        look()
    with pytest.raises(Temporary, match="INBOX"):
        link.examine("INBOX")


@pytest.fixture
def elsewhere(dovecot, user):
    """Another session of the same user, with one folder more."""
    other = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
    other.login(user, PASSWORD)
    other.create("Done")
    other.select("INBOX")
    yield other
    other.logout()


def lying(elsewhere, folder):
    elsewhere.select(folder)
    return elsewhere.uid("SEARCH", "UNDELETED")[1][0].split()


def test_mails_are_moved_and_the_server_tells_to_where_each_time_anew(link, put, elsewhere):
    put("one", "two", "three")
    assert link.move([1, 3], "INBOX", "Done") == {1: 1, 3: 2}
    link.capabilities -= {"MOVE"}
    assert link.move([2], "INBOX", "Done") == {2: 3}
    assert link.move([2], "INBOX", "Done") == {}
    assert (lying(elsewhere, "INBOX"), lying(elsewhere, "Done")) == ([], [b"1", b"2", b"3"])


@pytest.mark.parametrize("lacking", [set(), {"MOVE"}, {"MOVE", "UIDPLUS"}])
def test_a_mail_that_goes_while_others_are_moved_keeps_none_of_them(
    link, put, elsewhere, lacking, monkeypatch
):
    put("one", "two", "three")
    link.capabilities -= lacking
    first = "move" if not lacking else "copy"
    real = getattr(link._client, first)

    def late(uids, target):
        elsewhere.select("INBOX")
        elsewhere.uid("STORE", "2", "+FLAGS", "\\Deleted")
        elsewhere.expunge()
        return real(uids, target)

    monkeypatch.setattr(link._client, first, late)
    assert link.move([1, 2, 3], "INBOX", "Done") == {1: 1, 3: 2}
    assert (lying(elsewhere, "INBOX"), lying(elsewhere, "Done")) == ([], [b"1", b"2"])
    elsewhere.select("INBOX")
    left = elsewhere.uid("SEARCH", "DELETED")[1][0].split()
    assert left == ([b"1", b"3"] if "UIDPLUS" in lacking else [])


def test_a_folder_that_nothing_can_be_moved_to_is_a_fault_and_loses_nothing(link, put, elsewhere):
    put("one")
    with pytest.raises(Temporary, match="moving to Nowhere"):
        link.move([1], "INBOX", "Nowhere")
    assert lying(elsewhere, "INBOX") == [b"1"]


def test_an_answer_that_is_cut_while_mails_are_moved_is_a_fault_and_they_lie_in_one_place(
    link, put, elsewhere, proxy
):
    put("one")

    def cut(octets):
        if b"COPYUID" in octets:
            proxy.cut()
            return []
        return [octets]

    proxy.to_client = cut
    with pytest.raises(Temporary):
        link.move([1], "INBOX", "Done")
    assert (lying(elsewhere, "INBOX"), lying(elsewhere, "Done")) == ([], [b"1"])


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (b"9 4,6:7 1:3", {4: 1, 6: 2, 7: 3}),
        (b"9 1:2 1", {}),
        (b"9 1:4000000000 1:4000000000", {}),
        (b"9 a:b 1", {}),
        (b"9", {}),
    ],
)
def test_where_mails_went_is_read_as_the_server_tells_it_and_nothing_is_guessed(told, read):
    assert copied(told, 3) == read


def test_a_mail_is_filed_read_and_found_by_its_message_id(link):
    raw = b"Message-ID: <filed@desk.example>\r\nSubject: a\r\n\r\nb\r\n"
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    uid = link.file("Sent", raw, at)
    link.examine("Sent")
    assert uid in link.called("<filed@desk.example>", at)
    assert link.called("<filed@desk.example>", at + timedelta(days=2)) == []
    assert link.called("<other@desk.example>", at) == []
    assert uid in link.marked("\\Seen")
    assert [each.at for each in link.overviews([uid])] == [at]
    with pytest.raises(NotFiled, match="filing in Nowhere"):
        link.file("Nowhere", raw, at)
    link.examine("Sent")  # the connection is good still


def test_names_in_any_script_are_read_and_those_that_cannot_be_sent_back_are_left_out(
    link, proxy, dovecot, user
):
    other = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
    other.login(user, PASSWORD)
    other.create("Gel&APY-st")
    other.logout()
    proxy.to_client = lambda octets: [octets.replace(b"Drafts", b"Dr&AAc-ts")]
    names = {folder.name for folder in link.folders()}
    assert "Gelöst" in names
    assert {"INBOX", "Sent"} <= names
    assert not any("ts" in name for name in names)


def test_a_wrong_password_and_a_server_that_is_away_are_told_apart(dovecot, user):
    wrong = Account("127.0.0.1", dovecot.imap_port, Tls.OFF, user, "wrong", timeout=5)
    with pytest.raises(LoginRefused):
        Link.open(wrong)
    with pytest.raises(Temporary, match=r"127\.0\.0\.1:1"):
        Link.open(Account("127.0.0.1", 1, Tls.OFF, user, "x"))


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
def test_tls_is_had_or_nobody_logs_in(dovecot, loopback_certificate, user, tls, wake):
    port = dovecot.imaps_port if tls is Tls.IMPLICIT else dovecot.imap_port
    known = Account("127.0.0.1", port, tls, user, PASSWORD, ca_file=loopback_certificate.chain)
    link = Link.open(known)
    link.examine("INBOX")
    assert not link.wait(0.01, wake)
    link.close()
    with pytest.raises(Temporary, match=r"(?i)certificate"):
        Link.open(Account("127.0.0.1", port, tls, user, PASSWORD))


def test_the_password_stays_out_of_what_is_shown_of_an_account():
    assert "hunter2" not in repr(Account("h", 993, Tls.IMPLICIT, "u", "hunter2"))


def test_the_proxy_passes_on_what_it_is_not_told_to_bend():
    assert as_it_is(b"x") == [b"x"]


def test_how_folders_stand_is_asked_of_all_at_once_but_of_the_one_that_is_open(link, user):
    names = ["Entwürfe", '"Quoted" \\ ', "2024", "None such"]
    for name in names[:3]:
        link.make(name)
    opened = {name: link.examine(name) for name in names[:3]}
    link.examine("INBOX")
    link.file("Entwürfe", b"Subject: Later\r\n\r\nText.\r\n", datetime.now(UTC))
    told = link.standings([*names, "INBOX"])
    assert told["Entwürfe"].messages == 1
    assert told["Entwürfe"].modseq > opened["Entwürfe"].modseq
    assert told['"Quoted" \\ '] == opened['"Quoted" \\ ']
    assert told.keys() <= {*names[:3]}
    assert link.examine("Entwürfe") == told["Entwürfe"]
    assert link.examine("Entwürfe").modseq == told["Entwürfe"].modseq


def test_of_a_folder_whose_status_is_refused_nothing_is_told_and_the_link_is_good_still(
    link, proxy, put
):
    link.make("Other")
    put("one")
    proxy.to_client = lambda octets: (octets.replace(b" OK Status", b" BAD Status"),)
    assert link.standings(["INBOX", "Other"]) == {}
    proxy.to_client = as_it_is
    assert link.standings(["INBOX", "Other"])["INBOX"].messages == 1


def test_where_no_changes_are_counted_none_are_told_of(link, proxy):
    proxy.to_client = lambda octets: (octets.replace(b"HIGHESTMODSEQ 1", b"HIGHESTMODSEQ 0"),)
    assert link.standings(["INBOX"])["INBOX"].modseq is None


def test_all_uids_are_told_as_ranges_and_searched_for_where_they_are_not(link, proxy, put):
    put("one", "two", "three")
    folder = link.examine("INBOX")
    assert link.uids(folder).ranges == [(1, 3)]
    assert any("RETURN (ALL)" in command for command in proxy.commands)
    proxy.to_client = lambda octets: (octets.replace(b"* ESEARCH", b"* OK unheard"),)
    assert list(link.uids(folder)) == [1, 2, 3]
    link.capabilities -= {"ESEARCH"}
    assert list(link.uids(folder)) == [1, 2, 3]


@pytest.mark.parametrize("said", [b"ALL 1:4294967295", b"ALL ,"])
def test_a_server_that_tells_of_what_cannot_be_is_a_fault(link, proxy, put, said):
    put("one")
    folder = link.examine("INBOX")
    proxy.to_client = lambda octets: (octets.replace(b"ALL 1", said),)
    with pytest.raises(Temporary):
        link.uids(folder)


def test_a_refused_search_for_all_uids_is_a_fault(link, proxy, put):
    put("one")
    folder = link.examine("INBOX")
    proxy.to_client = lambda octets: (octets.replace(b" OK Search", b" NO Search"),)
    with pytest.raises(Temporary, match="Search"):
        link.uids(folder)


def test_a_connection_that_ends_while_it_is_asked_how_folders_stand_is_a_fault(link, proxy):
    proxy.cut()
    with pytest.raises(Temporary, match="STATUS"):
        link.standings(["INBOX"])


def test_what_a_server_tells_of_another_folder_than_it_was_asked_for_is_not_believed(link, proxy):
    link.make("Other")
    proxy.to_client = lambda octets: (octets.replace(b"STATUS Other", b"STATUS Outer"),)
    assert link.standings(["Other", "INBOX"]).keys() == {"INBOX"}
