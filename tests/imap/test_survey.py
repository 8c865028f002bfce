"""What a mailbox's server can do is told, with what it means."""

from dataclasses import replace

import pytest

from mailgate.errors import Temporary
from mailgate.imap.account import Account, Tls
from mailgate.imap.link import Link
from mailgate.imap.survey import CAPABILITIES, Named, survey
from tests.peers.dovecot import PASSWORD
from tests.peers.pymap import USER


@pytest.fixture
def straight(dovecot, user):
    return Account("127.0.0.1", dovecot.imap_port, Tls.OFF, user, PASSWORD)


def said(account, inbox="INBOX", sent="", connect=Link.open, **more):
    named = Named(inbox, sent, **more)
    return [(each.well, each.says) for each in survey(account, named, "15 s", connect)]


def test_a_server_that_can_everything_is_well(straight, put, user, dovecot):
    put("one")
    assert said(straight) == [
        (True, f"127.0.0.1:{dovecot.imap_port} (TLS: off, as {user}) lets us in"),
        (True, "5 folders, divided by /; 1 mails in INBOX"),
        (True, "drafts are looked for in Drafts (as the server marks it)"),
        (True, "a board puts second copies of mails into Trash (as the server marks it)"),
        (True, "a board has spam in Junk (as the server marks it)"),
        (True, "answers of agents are looked for in Sent (as the server marks it)"),
        *((True, has) for has, _ in CAPABILITIES.values()),
        (True, r"it keeps keywords (PERMANENTFLAGS \*): a board can show and take them"),
        (True, "one connection is used, and the server takes a second beside it"),
    ]


def test_of_further_folders_it_is_told_whether_they_are_there(straight):
    words = said(straight, also=("Trash", "Gone"))
    assert (True, "mail is looked for in Trash too") in words
    assert (False, "there is no folder Gone: see also = ...") in words


def test_what_is_configured_for_a_board_is_told_and_must_be_there(straight):
    words = said(straight, trash="Junk", junk="Trash")
    assert (True, "a board puts second copies of mails into Junk (as configured)") in words
    assert (True, "a board has spam in Trash (as configured)") in words
    words = said(straight, trash="Away", junk="Gone")
    assert (False, "there is no folder Away: second copies stay; see trash = ...") in words
    lacks = "there is no folder Gone: a board has it among what is closed; see junk = ..."
    assert (False, lacks) in words


def test_what_is_missing_is_told_with_what_it_means(straight):
    opened = []

    def poor(account):
        if opened:
            raise Temporary("too many")
        opened.append(Link.open(account))
        opened[0].capabilities -= CAPABILITIES.keys()
        return opened[0]

    words = said(straight, sent="Gone", connect=poor)
    assert words[5:] == [
        (False, "there is no folder Gone: answers of agents are not seen; name it, sent = ..."),
        (True, "it cannot tell of new mail (no IDLE): it is asked every 15 s"),
        *((True, lacks) for name, (_, lacks) in CAPABILITIES.items() if name != "IDLE"),
        (True, r"it keeps keywords (PERMANENTFLAGS \*): a board can show and take them"),
        (False, "a second connection is refused, so that agents may be shut out: too many"),
    ]


def test_folders_that_are_not_there_are_told_with_what_that_means(pymap):
    alone = Account("127.0.0.1", pymap.imap_port, Tls.OFF, USER, PASSWORD)
    words = [says for _, says in said(alone)]
    assert "no folder of drafts is marked or known: nobody sees who is answering" in words
    gone = "no folder of what was thrown away is marked or known: second copies stay"
    assert gone in words
    assert "no folder of spam is marked or known: a board has it among what is closed" in words
    assert any("no CONDSTORE" in says for says in words)


@pytest.mark.parametrize(("kept", "says"), [(False, "does not keep"), (None, "does not say")])
def test_where_no_keyword_is_kept_it_is_told_what_that_means(straight, monkeypatch, kept, says):
    monkeypatch.setattr(Link, "keeps_keywords", lambda _link, _folder: kept)
    words = [says for _, says in said(straight)]
    (told,) = [word for word in words if "keywords" in word]
    assert says in told
    assert "only the flag is sure" in told


def test_a_mailbox_that_cannot_be_watched_is_a_fault(straight):
    with pytest.raises(Temporary, match="no folder Nowhere"):
        said(straight, inbox="Nowhere")
    with pytest.raises(Temporary, match=r"refuses the login: (?!b['\"])"):
        said(replace(straight, password="wrong"))
