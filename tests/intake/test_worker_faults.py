"""One bad mail stops no other, and what was found to go wrong once stays mended."""

import contextlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from string import ascii_lowercase

import pytest

from mailgate.domain.events import Close
from mailgate.domain.model import Actor, ActorKind
from mailgate.intake import sorting
from mailgate.intake.inbox import Incoming
from tests.desk.conftest import ALICE, CUSTOMER, settings
from tests.intake.desk import SUPPORT


def test_one_bad_mail_stops_no_other_and_is_parked_with_its_error(gateway, monkeypatch):
    sort = sorting.sort

    def fussy(ledger, lookup, reading):
        ending = sort(ledger, lookup, reading)
        if reading.mail.subject == "bad":
            raise ValueError("cannot bear this one")
        return ending

    monkeypatch.setattr("mailgate.intake.worker.sort", fussy)
    bad, good = gateway.keep(Subject="bad"), gateway.keep(Subject="good")
    gateway.worker.run_once()
    assert gateway.delivery(good)["state"] == "opened"
    assert [ticket["subject"] for ticket in gateway.rows("ticket")] == ["good"]
    assert len(gateway.rows("event")) == len(gateway.rows("message")) == 1
    assert gateway.delivery(bad)["attempts"] == 1
    for _ in range(5):
        gateway.now += timedelta(minutes=1)
        gateway.worker.run_once()
    parked = gateway.delivery(bad)
    assert (parked["state"], parked["attempts"]) == ("parked", 3)
    assert "cannot bear this one" in parked["error"]
    monkeypatch.setattr("mailgate.intake.worker.sort", sort)
    from mailgate.store import aside, inbox

    with gateway.database.write() as connection:
        assert aside.put_back(connection, 1, inbox.PARKED, [bad]) == 1
    gateway.worker.run_once()
    assert gateway.delivery(bad)["state"] == "opened"


def test_a_mail_whose_worker_died_is_free_again_after_its_lease(gateway):
    from mailgate.intake.worker import LEASE
    from mailgate.store import inbox

    id_ = gateway.keep()
    with gateway.database.write() as connection:
        assert len(inbox.claim(connection, 1, "dead", gateway.now, LEASE, 50, 1 << 20)) == 1
    assert gateway.worker.run_once() == 0
    gateway.now += LEASE + timedelta(seconds=1)
    assert gateway.worker.run_once() == 1
    assert gateway.delivery(id_)["state"] == "opened"


def test_a_mail_that_ends_the_worker_does_not_count_against_those_behind_it(gateway, monkeypatch):
    from mailgate.intake.reading import Reader
    from mailgate.intake.worker import LEASE, MOST_LOST

    deadly, *others = [gateway.keep(Subject=f"mail {n}") for n in range(7)]
    begin = Reader.begin

    def die(self, claimed, now):
        if claimed.id == deadly:
            raise KeyboardInterrupt  # nothing that is caught: as a kill
        return begin(self, claimed, now)

    monkeypatch.setattr(Reader, "begin", die)
    for _ in range(MOST_LOST + 3):
        with contextlib.suppress(KeyboardInterrupt):
            while gateway.worker.run_once():
                pass
        gateway.now += LEASE + timedelta(seconds=1)
    assert gateway.delivery(deadly)["state"] == "parked"
    assert {gateway.delivery(id_)["state"] for id_ in others} == {"opened"}


def test_who_has_lost_a_claim_writes_nothing(gateway):
    from mailgate.store import inbox

    id_ = gateway.keep()
    with gateway.database.write() as connection:
        claimed = inbox.claim(connection, 1, "slow", gateway.now, timedelta(), 50, 1 << 20)
    gateway.now += timedelta(seconds=1)
    gateway.worker.run_once()
    row = {"id": id_, "fence": claimed[0].fence, "state": "parked"}
    with gateway.database.write() as connection:
        assert inbox.settle(connection, 1, [row]) == 0
    assert gateway.delivery(id_)["state"] == "opened"


def test_every_claimed_mail_in_utc(gateway, opened):
    assert opened["done_at"].tzinfo is UTC
    assert isinstance(opened["received_at"], datetime)


def test_nobody_can_be_answered_where_nobody_signed(gateway):
    gateway.mail("who am I", sender=None, From=None)
    gateway.agent("Hello?")
    assert "nobody to answer" in str(gateway.outbox("command_refused")[0]["context"]["commands"])
    assert gateway.outbox("agent_reply") == []
    gateway.agent("/note\nNobody.")
    assert gateway.rows("message")[-1]["kind"] == "note"


def test_a_customer_whose_name_is_an_agents_word_silences_nobody(gateway):
    gateway.mail("hello", sender=None, From="alice")
    assert ALICE.address in {row["recipient"] for row in gateway.outbox("new_message")}


def test_two_late_mails_of_one_batch_open_one_follow_up(gateway):
    gateway.desk.settings = settings(reopen_window=timedelta(days=7))
    old = gateway.mail("one")["ticket_id"]
    with gateway.desk.writing(gateway.now) as ledger:
        ledger.apply(old, Close(at=gateway.now, actor=Actor(ActorKind.AGENT, "alice")))
    gateway.now += timedelta(days=8)
    late = [gateway.keep(text, Subject="Re: [TKT-2026-00001]") for text in ("a", "b")]
    gateway.worker.run_once()
    assert len({gateway.delivery(id_)["ticket_id"] for id_ in late}) == 1


def test_the_same_alarm_without_a_message_id_is_news_the_next_day(gateway):
    anonymous = {"Message_ID": None, "Date": None}
    first = gateway.mail("disk full", **anonymous)
    again = gateway.mail("disk full", **anonymous)
    gateway.now += timedelta(days=1)
    next_day = gateway.mail("disk full", **anonymous)
    assert (first["state"], next_day["state"]) == ("opened", "opened")
    assert again["id"] == first["id"]


def test_a_forged_report_without_our_return_path_says_nothing_about_a_reply(gateway, opened):
    gateway.agent("Hello")
    reply = gateway.outbox("agent_reply")[0]
    text = (
        "--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\n"
        f"Final-Recipient: rfc822; {CUSTOMER}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n"
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {reply['rfc_id']}\r\n\r\n--b--"
    )
    row = gateway.mail(
        text,
        sender="MAILER-DAEMON@evil.example",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )
    assert row["state"] == "report"
    assert gateway.outbox("agent_reply")[0]["state"] == "ready"
    assert gateway.outbox("undelivered") == []


def test_a_refused_mail_leaves_no_mark_on_the_ticket(gateway, opened):
    before = next(row for row in gateway.rows("ticket"))
    gateway.now += timedelta(hours=1)
    gateway.agent("/priority high\n/reopen")
    assert next(row for row in gateway.rows("ticket")) == before


def test_a_note_without_text_comes_back(gateway, opened):
    gateway.agent("/note")
    assert "no text" in str(gateway.outbox("command_refused")[0]["context"]["commands"])


def test_a_mail_that_was_lost_is_not_held_while_others_are_processed(gateway, monkeypatch):
    from mailgate.intake.worker import LEASE
    from mailgate.store import inbox

    lost = gateway.keep(Subject="lost")
    with gateway.database.write() as connection:
        inbox.claim(connection, 1, "killed", gateway.now, LEASE, 1, 1)
    gateway.now += LEASE + timedelta(seconds=1)
    other = gateway.keep(Subject="other")
    write, seen = gateway.worker._write, []

    def watched(readings):
        row = gateway.delivery(lost)
        ids = [reading.claimed.id for reading in readings]
        seen.append((ids, row["lost"], row["lease_until"] is None))
        return write(readings)

    monkeypatch.setattr(gateway.worker, "_write", watched)
    gateway.worker.run_once()
    assert seen == [([other], 1, True), ([lost], 2, False)]
    assert {gateway.delivery(id_)["state"] for id_ in (lost, other)} == {"opened"}


def test_a_mail_that_ends_the_gateway_each_time_is_parked(gateway):
    from mailgate.intake.worker import LEASE, MOST_LOST
    from mailgate.store import aside, inbox

    deadly, good = gateway.keep(Subject="deadly"), gateway.keep(Subject="good")
    for _ in range(MOST_LOST):
        with gateway.database.write() as connection:
            inbox.claim(connection, 1, "killed", gateway.now, LEASE, 1, 1)
        gateway.now += LEASE + timedelta(seconds=1)
    gateway.worker.run_once()
    assert gateway.delivery(deadly)["state"] == "parked"
    assert "ended each time" in gateway.delivery(deadly)["error"]
    with gateway.database.write() as connection:
        aside.put_back(connection, 1, inbox.PARKED, [deadly])
    gateway.worker.run_once()
    assert gateway.delivery(deadly)["state"] == "opened"
    assert gateway.delivery(good)["state"] == "opened"


def test_what_could_not_be_done_for_want_of_the_database_is_taken_up_at_once(gateway, monkeypatch):
    from mailgate.errors import Temporary

    id_ = gateway.keep()
    writing = gateway.desk.writing
    monkeypatch.setattr(gateway.desk, "writing", lambda *_: (_ for _ in ()).throw(Temporary("x")))
    with pytest.raises(Temporary):
        gateway.worker.run_once()
    monkeypatch.setattr(gateway.desk, "writing", writing)
    gateway.worker.run_once()
    assert gateway.delivery(id_)["state"] == "opened"


def test_a_second_transaction_with_the_same_mail_adds_its_recipients_while_it_waits(
    gateway, opened
):
    to = gateway.reply_address()
    raw = (
        f"From: {ALICE.address}\r\nTo: {SUPPORT}\r\nMessage-ID: <x@agents.example>\r\n\r\nHi\r\n"
    ).encode()
    ids = [
        gateway.inbox.put(Incoming(raw, ALICE.address, (at,), gateway.now, "::1", "smtp"))
        for at in (SUPPORT, to)
    ]
    gateway.worker.run_once()
    assert ids[0] == ids[1]
    assert gateway.delivery(ids[0])["recipients"] == [SUPPORT, to]
    assert [row["recipient"] for row in gateway.outbox("agent_reply")] == [CUSTOMER]


def test_the_note_address_wins_over_the_reply_address(gateway, opened):
    note = gateway.reply_address(kind="note_address")
    gateway.agent("He shouts.", Cc=note)
    assert gateway.rows("message")[-1]["kind"] == "note"
    assert gateway.outbox("agent_reply") == []


def test_a_signed_address_never_goes_out_in_the_text(gateway, opened):
    gateway.agent(f"Hello\n\nWrite to {gateway.reply_address()} please")
    assert gateway.outbox("agent_reply") == []
    refused = gateway.outbox("command_refused")[0]["context"]["commands"]
    assert "signed for one of us" in refused[0]["reason"]


@pytest.mark.parametrize("type_", ["text/plain", "application/octet-stream", "application/pdf"])
@pytest.mark.parametrize("spelt", [str, lambda said: said.replace(".", "=2E").replace("+", "=2B")])
def test_nor_in_a_file_whatever_that_is_said_to_be(gateway, opened, type_, spelt):
    said = b64encode(spelt(f"Reply-To: {gateway.reply_address()}").encode()).decode()
    parts = (
        f"--b\r\nContent-Type: text/plain\r\n\r\nSee this.\r\n--b\r\nContent-Type: {type_}\r\n"
        f"Content-Disposition: attachment; filename=n.bin\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{said}\r\n--b--"
    )
    gateway.agent(parts, Content_Type='multipart/mixed; boundary="b"', MIME_Version="1.0")
    assert gateway.outbox("agent_reply") == []
    refused = gateway.outbox("command_refused")[0]["context"]["commands"]
    assert "signed for one of us" in refused[0]["reason"]


def among_very_many(genuine):
    """A customer could write those before it, so that it is passed over."""
    letters = [f"{one}{two}" for one in ascii_lowercase for two in ascii_lowercase]
    fakes = [f"x{n}.{'a' * 18}{pair}@b.example" for n in (1, 2) for pair in letters]
    return "\n".join([*fakes, genuine])


def test_nor_among_very_many_that_look_like_it(gateway, opened):
    gateway.agent(f"Hello\n\n{among_very_many(gateway.reply_address())}")
    assert gateway.outbox("agent_reply") == []
    refused = gateway.outbox("command_refused")[0]["context"]["commands"]
    assert "signed for one of us" in refused[0]["reason"]


def test_in_a_note_very_many_that_look_like_it_are_all_hidden(gateway, opened):
    genuine = gateway.reply_address()
    gateway.agent(f"/note\nSee these.\n\n{among_very_many(genuine)}\nBye")
    note = gateway.rows("message")[-1]
    assert note["kind"] == "note"
    assert note["text"].startswith("See these.\n\nx1.\N{HORIZONTAL ELLIPSIS}@b.example\n")
    assert note["text"].endswith("\nBye")
    assert genuine not in note["text"]


def test_spam_that_comes_again_without_the_mark_is_taken(gateway):
    spam = gateway.mail("Buy", X_Spam_Flag="YES", Message_ID="<same@x.example>")
    ham = gateway.mail("Buy", Message_ID="<same@x.example>")
    assert (spam["state"], ham["state"]) == ("quarantined", "opened")
