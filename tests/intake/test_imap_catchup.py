"""What is new in a mailbox is taken, once, wherever it is interrupted."""

import time
from dataclasses import replace

import pytest

from mailgate.errors import Lost, Temporary
from mailgate.intake import catchup as catchups
from mailgate.store import mailboxes
from tests.intake.desk import SUPPORT
from tests.intake.shared import Shared, mails, written
from tests.peers.waiting import wait_until

CUSTOMER = "carol@customer.example"


@pytest.fixture
def shared(gateway, dovecot):
    return Shared(gateway, dovecot.imap_port)


def subjects(shared):
    return sorted(row["subject"] for row in shared.gateway.rows("ticket"))


def test_what_lies_there_at_the_first_look_is_history(shared):
    shared.put(*mails(3))
    assert shared.look() == 0
    assert shared.gateway.rows("mail") == []
    assert [row["mail_id"] for row in shared.gateway.rows("imap_copy")] == [None] * 3
    shared.put(*mails(2, 3))
    assert shared.look() == 2
    shared.process()
    assert subjects(shared) == ["Matter 3", "Matter 4"]


def test_a_thread_of_history_that_goes_on_is_one_ticket_whichever_of_its_mails_is_answered(shared):
    """The first two are known to be one thread by References, the third by In-Reply-To alone."""
    old = {"Message_ID": "<o1@desk.example>", "From": SUPPORT, "To": CUSTOMER}
    shared.put(written(**old), folder="Sent")
    shared.put(
        written(Message_ID="<o2@customer.example>", References="<o1@desk.example>"),
        written(Message_ID="<o3@customer.example>", In_Reply_To="<o2@customer.example>"),
        written(Message_ID=None),
    )
    assert shared.look() == 0
    threads = {row["rfc_id"]: row["thread"] for row in shared.gateway.rows("imap_history")}
    assert set(threads.values()) == {"<o1@desk.example>"}
    assert len(threads) == 3
    for n, answered in enumerate(("<o3@customer.example>", *threads)):
        shared.put(written(Message_ID=f"<n{n}@customer.example>", In_Reply_To=answered))
        shared.look()
        shared.process()
    (ticket,) = shared.gateway.rows("ticket")
    states = [row["state"] for row in shared.gateway.rows("mail_delivery")]
    assert states == ["opened", "threaded", "threaded", "threaded"]
    assert ticket["requester"] == CUSTOMER


def test_of_an_old_thread_only_those_mails_lead_to_a_ticket_that_its_sender_wrote_or_got(shared):
    """Mallory once wrote into the thread of others, and may now know its Message-IDs."""
    mallory = {"From": "mallory@x.example", "Message_ID": "<o2@x.example>"}
    shared.put(written(), written(**mallory, References="<m1@customer.example>"))
    shared.look()
    both = "<m1@customer.example> <o2@x.example>"
    shared.put(written(**mallory | {"Message_ID": "<n1@x.example>"}, References=both))
    shared.put(written(Message_ID="<n2@customer.example>", References="<m1@customer.example>"))
    shared.look()
    shared.process()
    assert {row["requester"] for row in shared.gateway.rows("ticket")} == {
        "mallory@x.example",
        CUSTOMER,
    }


def test_history_is_taken_where_it_is_asked_for(gateway, dovecot):
    shared = Shared(gateway, dovecot.imap_port, takes_history=True)
    shared.put(*mails(3))
    assert shared.look() == 3


def test_a_look_at_nothing_new_takes_nothing_and_is_noted(shared):
    shared.look()
    before = mailboxes_looked(shared)
    assert shared.look() == 0
    assert mailboxes_looked(shared) > before


def mailboxes_looked(shared):
    (row,) = shared.gateway.rows("imap_mailbox")
    return row["looked_at"]


def test_nothing_in_the_mailbox_shows_that_a_mail_was_fetched(shared):
    shared.look()
    shared.put(written())
    shared.look()
    with shared.client() as link:
        link.select("INBOX", readonly=True)
        assert b"\\Seen" not in link.fetch("1", "(FLAGS)")[1][0]


def test_a_mail_that_somebody_has_read_first_is_taken_all_the_same(shared):
    shared.look()
    shared.put(written())
    with shared.client() as link:
        link.select("INBOX")
        link.store("1", "+FLAGS", "\\Seen")
    assert shared.look() == 1


def test_mails_that_are_gone_before_they_are_fetched_stop_nothing(shared):
    shared.look()
    shared.put(*mails(3))
    with shared.client() as link:
        link.select("INBOX")
        link.store("2", "+FLAGS", "\\Deleted")
        link.expunge()
    assert shared.look() == 2


def test_a_mail_that_goes_between_the_overview_and_the_fetch_stops_nothing(shared, monkeypatch):
    shared.look()
    shared.put(*mails(2))
    fetch = catchups.Link.bodies

    def bodies(link, uids, most):
        with shared.client() as other:
            other.select("INBOX")
            other.store("1", "+FLAGS", "\\Deleted")
            other.expunge()
        return fetch(link, uids, most)

    monkeypatch.setattr(catchups.Link, "bodies", bodies)
    assert shared.look() == 1
    assert len(shared.gateway.rows("imap_copy")) == 1


STEPS = [
    (catchups.Link, "examine"),
    (catchups.Link, "uids_after"),
    (catchups.Link, "overviews"),
    (catchups.Link, "bodies"),
    (mailboxes, "hold"),
    (mailboxes, "mails_of"),
    (mailboxes, "note"),
    (mailboxes, "advance"),
    (mailboxes, "told"),
]


@pytest.mark.parametrize(("where", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
def test_a_look_that_ends_at_any_step_loses_and_doubles_nothing(
    shared, monkeypatch, where, step, after
):
    shared.look()
    shared.put(*mails(5))
    monkeypatch.setattr(catchups, "BATCH", 2)
    real = getattr(where, step)
    calls = []

    def dies(*given, **named):
        calls.append(given)
        if len(calls) == 2 and not after:
            raise Temporary("killed")
        result = real(*given, **named)
        if len(calls) == 2:
            raise Temporary("killed")
        return result

    monkeypatch.setattr(where, step, dies)
    for _ in range(3):
        try:
            shared.look()
        except Temporary:
            continue
    shared.process()
    assert subjects(shared) == [f"Matter {i}" for i in range(5)]
    assert len(shared.gateway.rows("mail")) == len(shared.gateway.rows("imap_copy")) == 5


def renumber(shared, dovecot, subfolder=""):
    """Make the server give new UIDs to all mails of a folder, as after it was restored."""
    folder = dovecot.maildir(shared.user).path / subfolder
    lines = (folder / "dovecot-uidlist").read_text().splitlines()
    assert lines[0].startswith("3 V")
    validity = int(lines[0].split()[1].removeprefix("V"))  # a time: the next one is another
    wait_until(lambda: time.time() >= validity + 1, "the next second")
    (folder / "dovecot-uidlist").unlink()
    for left in folder.glob("dovecot.index*"):
        left.unlink()
    for left in folder.glob("dovecot-uidvalidity*"):
        left.unlink()


def test_new_uids_for_all_mails_lose_and_double_nothing(shared, dovecot):
    shared.put(*mails(2))
    shared.look()
    shared.put(*mails(40, 2))
    assert shared.look() == 40
    epochs = {row["uidvalidity"] for row in shared.gateway.rows("imap_copy")}
    renumber(shared, dovecot)
    shared.put(*mails(3, 42))
    assert shared.look() == 3
    shared.process()
    assert len(shared.gateway.rows("message")) == 43
    copies = shared.gateway.rows("imap_copy")
    assert len(copies) == 45
    assert {row["uidvalidity"] for row in copies}.isdisjoint(epochs)
    assert sum(row["mail_id"] is None for row in copies) == 2


def test_the_same_mail_by_smtp_and_in_the_mailbox_is_one(shared):
    shared.look()
    gateway = shared.gateway
    gateway.mail("It is on fire.", Message_ID="<both@customer.example>", Subject="Both")
    raw = gateway.rows("mail")[0]["raw"]
    shared.put(b"Return-Path: <carol@customer.example>\r\nReceived: from x\r\n" + raw)
    assert shared.look() == 1
    shared.process()
    assert [row["state"] for row in gateway.rows("mail_delivery")] == ["opened", "suppressed"]


def test_a_mail_is_of_the_time_at_which_it_came_but_an_old_one_moved_in_is_new(shared):
    shared.look()
    before = mailboxes_looked(shared)
    with shared.client() as link:
        link.append("INBOX", None, '"02-Mar-2019 09:00:00 +0000"', written())
    shared.look()
    (row,) = shared.gateway.rows("mail_delivery")
    assert row["received_at"] == before
    assert (row["road"], row["peer"]) == ("imap", "support")


def test_the_envelope_is_what_the_server_wrote_into_the_mail(shared):
    shared.look()
    head = b"Return-Path: <>\r\nDelivered-To: support+billing@desk.example\r\n"
    shared.put(head + written(), written(Message_ID="<m2@x.example>"))
    shared.look()
    first, second = shared.gateway.rows("mail_delivery")
    assert (first["mail_from"], second["mail_from"]) == ("", "carol@customer.example")
    assert second["recipients"] == ["support@desk.example"]


def test_a_mail_over_the_limit_is_fetched_in_part(shared, monkeypatch):
    shared.look()
    shared.put(written("x" * 5000))
    catchup = shared.catchup()
    monkeypatch.setattr(catchup, "_limits", catchups.Limits(size=1000))
    assert shared.look(catchup) == 1
    assert len(shared.gateway.rows("mail")[0]["raw"]) == 1000


def test_who_has_lost_the_mailbox_to_another_node_commits_nothing(shared, monkeypatch):
    shared.look()
    shared.put(written())
    hold = mailboxes.hold

    def lose(connection, tenant_id, name, fence, until):
        return hold(connection, tenant_id, name, fence + 1, until)

    monkeypatch.setattr(mailboxes, "hold", lose)
    with pytest.raises(Lost):
        shared.look()
    assert shared.gateway.rows("mail") == []


def test_a_mail_that_was_moved_before_anybody_looked_is_found_in_a_further_folder(shared):
    shared.mailbox = replace(shared.mailbox, also=("Trash", "Gone"))
    old = written(Message_ID="<old@x.example>", Subject="Long ago")
    shared.put(old, folder="Trash")
    shared.look()
    shared.put(written(), written(Message_ID="<m2@x.example>", Subject="Another"))
    shared.look()
    shared.process()
    with shared.client() as link:
        link.select("INBOX")
        link.append("INBOX", None, None, written(Message_ID="<m3@x.example>", Subject="Third"))
        link.select("INBOX")
        assert link.uid("MOVE", "1:*", "Trash")[0] == "OK"
    assert shared.look() == 1  # what was known before it was moved is no mail again
    shared.process()
    assert len(shared.gateway.rows("ticket")) == 3


def test_a_mail_from_ourselves_waits_for_its_copy_among_what_was_sent(shared):
    shared.look()
    came = b"Received: from x.example by mx.desk.example; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
    ours = written(From="support@desk.example")
    shared.put(came + ours, written(Message_ID="<m2@x.example>"))
    shared.look()
    first, second = shared.gateway.rows("mail_delivery")
    assert first["next_try_at"] > shared.gateway.now
    assert second["next_try_at"] is None


def test_an_answer_that_a_program_kept_beside_the_question_counts_as_sent(shared):
    """No server has left its trace in it: who put it there had the mailbox's password."""
    shared.look()
    shared.put(written())
    shared.look()
    answer = {"From": "support@desk.example", "To": "carol@customer.example"}
    shared.put(written("Is it plugged in?", Message_ID="<a@x.example>", **answer))
    shared.look()
    roads = [row["road"] for row in shared.gateway.rows("mail_delivery")]
    assert roads == ["imap", "sent"]
    assert shared.gateway.rows("mail_delivery")[1]["next_try_at"] is None


@pytest.mark.parametrize(
    "trace", ["Return-Path: <x@x.example>", "Delivered-To: support@desk.example"]
)
def test_what_a_server_brought_does_not_count_as_sent_though_it_takes_received_out(shared, trace):
    shared.look()
    shared.put(f"{trace}\r\n".encode() + written(From="support@desk.example"))
    shared.look()
    assert [row["road"] for row in shared.gateway.rows("mail_delivery")] == ["imap"]


def test_what_a_form_put_there_for_somebody_is_theirs(shared):
    shared.look()
    shared.put(written(From="support@desk.example", Reply_To="carol@customer.example"))
    shared.look()
    assert [row["road"] for row in shared.gateway.rows("mail_delivery")] == ["imap"]
