"""The watcher: one thread for each mailbox, which nothing ends but a stop."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.imap.account import Account, Tls
from mailgate.imap.folders import Folder
from mailgate.imap.link import Link
from mailgate.intake import imap
from mailgate.intake.imap import Also, Watcher, Watchers
from mailgate.intake.mailbox import Mailbox, Place, places
from mailgate.store import mailboxes
from tests.intake.shared import Shared, mails, written
from tests.peers.imap_proxy import ImapProxy
from tests.peers.waiting import wait_until


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(imap, "log", lambda name, **ids: lines.append(name))
    monkeypatch.setattr(imap, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(imap, "_STANDBY", 0.01)
    return lines


@pytest.fixture
def proxied(gateway, dovecot):
    with ImapProxy(dovecot.imap_port) as proxy:
        shared = Shared(gateway, dovecot.imap_port)
        shared.proxy = proxy
        account = Account("127.0.0.1", proxy.port, Tls.OFF, shared.user, "secret", timeout=5)
        shared.mailbox = Mailbox("support", account, shared.mailbox.address)
        yield shared


@pytest.fixture
def watch():
    """Return a function that watches, until the test ends."""
    started = []

    def begin(shared, owner="me", connect=None, board=None):
        gateway = shared.gateway
        named = {} if connect is None else {"connect": connect}
        watcher = Watcher(
            shared.mailbox,
            shared.catchup(),
            gateway.database,
            1,
            owner,
            lambda: gateway.now,
            also=Also(board),
            **named,
        )
        started.append(Watchers([watcher]))
        started[-1].start()
        return started[-1]

    yield begin
    for watchers in started:
        watchers.stop()
        assert not watchers.alive


def kept(shared, count):
    wait_until(lambda: len(shared.gateway.rows("mail")) == count, f"{count} mails")


def test_mails_are_taken_as_they_come_and_a_stop_gives_the_mailbox_back(proxied, watch, logged):
    watchers = watch(proxied)
    wait_until(lambda: "mailbox.watched" in logged, "a first look")
    proxied.put(written())
    kept(proxied, 1)
    proxied.put(*mails(2))
    kept(proxied, 3)
    assert watchers.alive
    watchers.stop()
    (row,) = proxied.gateway.rows("imap_mailbox")
    assert (row["lease_until"], row["fault"]) == (None, None)


def test_a_connection_that_is_cut_is_made_anew_and_told_of_once(proxied, watch, logged):
    watch(proxied)
    wait_until(lambda: "mailbox.watched" in logged, "a first look")
    proxied.proxy.cut()
    proxied.put(written())
    kept(proxied, 1)
    wait_until(lambda: logged.count("mailbox.watched") == 2, "a look after the cut")
    assert logged.count("mailbox.failed") == 1


def test_a_mailbox_that_is_away_is_tried_again_and_told_of_once(proxied, watch, logged):
    tries = []

    def away(mailbox):
        tries.append(mailbox)
        if len(tries) < 4:
            raise imap.Temporary("away")
        return Link.open(mailbox.account)

    watch(proxied, connect=away)
    wait_until(lambda: "mailbox.watched" in logged, "a first look")
    assert logged == ["mailbox.failed", "mailbox.watched"]


def test_a_fault_of_ours_is_noted_and_ends_nothing(proxied, watch, logged):
    tries = []

    def broken(mailbox):
        tries.append(mailbox)
        raise ZeroDivisionError

    watchers = watch(proxied, connect=broken)
    wait_until(lambda: len(tries) > 2, "further tries")
    assert watchers.alive
    (row,) = proxied.gateway.rows("imap_mailbox")
    assert "ZeroDivisionError" in row["fault"]


class Stumbling:
    """A board that fails in some way until it is told to do well."""

    every = timedelta(seconds=0.01)
    aside = ()

    def __init__(self, where, error) -> None:
        self.where, self.error, self.tries = where, error, 0

    def prepare(self, link, found):
        return self.stumble("prepare") or []

    def look(self, link, hold, standing):
        return self.stumble("look")

    def stumble(self, where):
        if where == self.where:
            self.tries += 1
            raise self.error
        return False


@pytest.mark.parametrize("where", ["prepare", "look"])
@pytest.mark.parametrize("error", [imap.Temporary("no room"), ZeroDivisionError()])
def test_mails_are_taken_though_the_board_fails_and_that_is_told_of_once(
    proxied, watch, logged, where, error
):
    board = Stumbling(where, error)
    watch(proxied, board=board)
    wait_until(lambda: "mailbox.watched" in logged, "a first look")
    proxied.put(written())
    kept(proxied, 1)
    wait_until(lambda: board.tries > 2, "further tries")
    (row,) = proxied.gateway.rows("imap_mailbox")
    assert row["fault"] == (str(error) or repr(error))
    assert row["looked_at"] is not None
    board.where = ""
    wait_until(lambda: "board.recovered" in logged, "a board that does well")
    wait_until(lambda: proxied.gateway.rows("imap_mailbox")[0]["fault"] is None, "no fault")
    assert logged.count("board.failed") == 1
    assert "mailbox.failed" not in logged


def test_of_two_nodes_on_postgresql_one_watches(proxied, watch, logged, monkeypatch):
    connected = []

    def connect(mailbox):
        connected.append(mailbox)
        return Link.open(mailbox.account)

    if proxied.gateway.database.path is not None:
        return  # SQLite serves one node
    first = watch(proxied, "first", connect)
    wait_until(lambda: connected, "the first node")
    tries = []
    take = mailboxes.take
    monkeypatch.setattr(mailboxes, "take", lambda *a, **k: tries.append(take(*a, **k)) or tries[-1])
    watch(proxied, "second", connect)
    wait_until(lambda: len(tries) > 1, "the second node to ask")
    assert len(connected) == 1
    first.stop()
    wait_until(lambda: len(connected) == 2, "the second node to take over")


def test_a_mailbox_without_sent_mail_is_watched_and_told_of(proxied, watch, logged):
    proxied.mailbox = Mailbox("support", proxied.mailbox.account, "support@desk.example", sent="x")
    watch(proxied)
    wait_until(lambda: "mailbox.watched" in logged, "a first look")
    assert logged == ["mailbox.without_sent", "mailbox.watched"]


def test_the_inbox_is_looked_at_last_and_must_be_there():
    box = Mailbox("support", Account("h", 1, Tls.OFF, "u"), "a@b.example")
    inbox, sent = (Folder(name, frozenset(), "/") for name in ("INBOX", "Sent"))
    assert places(box, [inbox, sent]) == (Place("Sent", "sent"), Place("INBOX", "imap"))
    assert places(box, [inbox]) == (Place("INBOX", "imap"),)
    further = replace(box, also=("Archive", "Sent", "INBOX", "Tickets", "Archive", "Gone"))
    archive, board = (Folder(name, frozenset(), "/") for name in ("Archive", "Tickets"))
    assert places(further, [inbox, sent, archive, board], ["Tickets"]) == (
        Place("Sent", "sent"),
        Place("Tickets", "imap", state=True),
        Place("Archive", "imap", state=True),
        Place("INBOX", "imap"),
    )
    with pytest.raises(imap.Temporary, match="no folder INBOX"):
        places(box, [sent])
