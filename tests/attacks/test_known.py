"""Who is known, and who is not by however many mails in their name; what is done in that name."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.model import Status
from mailgate.mail.trust import Trust
from tests.desk.conftest import ALICE, CUSTOMER
from tests.intake.desk import EVE

DAVE = "dave@customer.example"
NUMBER = "TKT-2026-00001"


# --- acknowledgements ---------------------------------------------------------------------------


def test_an_acknowledgement_carries_no_words_to_a_victim_who_never_wrote(gateway):
    gateway.mail("Buy pills", sender="Buy Pills <victim@else.example>", Subject="Buy pills now")
    acknowledged = gateway.outbox("received")[0]
    assert acknowledged["recipient"] == "victim@else.example"
    assert "ills" not in str(acknowledged["context"])
    assert acknowledged["message_id"] is None


def test_no_number_of_forgeries_makes_their_victim_known(gateway):
    for n in range(3):
        gateway.mail("Buy pills", Subject=f"Pills {n}")
    gateway.mail("More pills", Subject=f"Re: {NUMBER}", In_Reply_To="<m1@customer.example>")
    acknowledged = gateway.outbox("received")
    assert [row["context"]["ticket"]["subject"] for row in acknowledged] == ["", "", ""]
    assert all(row["stranger"] for row in acknowledged), "the ceiling counts each of them"
    assert gateway.rows("contact") == []


def test_who_has_answered_a_mail_of_ours_is_acknowledged_in_full(gateway, opened):
    sent = gateway.outbox("received")[0]["rfc_id"]
    gateway.mail("Thank you.", In_Reply_To=sent, Subject="Re: Printer")
    gateway.mail("two", Subject="The second")
    last = gateway.outbox("received")[-1]
    assert (last["context"]["ticket"]["subject"], last["stranger"]) == ("The second", False)


@pytest.mark.parametrize("level", [Trust.WEAK, Trust.STRONG])
def test_who_is_proved_is_acknowledged_in_full_from_then_on(gateway, trusted, level):
    trusted(level)
    gateway.mail("one", sender=f"Dave <{DAVE}>", Subject="The first")
    filled = gateway.outbox("received")[-1]["context"]
    assert (filled["ticket"]["subject"], filled["recipient"]["name"]) == ("The first", "Dave")
    trusted(Trust.UNKNOWN)
    gateway.mail("two", sender=DAVE, Subject="The second")
    assert gateway.outbox("received")[-1]["context"]["ticket"]["subject"] == "The second"
    assert [row["stranger"] for row in gateway.outbox("received")] == [False, False]


def test_in_one_batch_who_has_answered_is_known_at_once_and_a_forgery_helps_nobody(gateway, opened):
    sent = gateway.outbox("received")[0]["rfc_id"]
    gateway.keep("one", sender=DAVE, Subject="Forged")
    gateway.keep("two", sender=DAVE, Subject="Forged again")
    gateway.keep("Thank you.", In_Reply_To=sent)
    gateway.keep("three", Subject="The second")
    gateway.worker.run_once()
    subjects = [row["context"]["ticket"]["subject"] for row in gateway.outbox("received")]
    assert subjects == ["", "", "", "The second"]
    assert [row["address"] for row in gateway.rows("contact")] == [CUSTOMER]


def test_the_message_id_of_a_mail_to_somebody_else_proves_nobody(gateway, opened):
    sent = gateway.outbox("received")[0]["rfc_id"]
    gateway.mail("It is me, Dave.", sender=DAVE, In_Reply_To=sent)
    assert gateway.rows("contact") == []


def test_a_forgery_makes_nobody_known(gateway, trusted):
    trusted(Trust.FAILED)
    gateway.mail("one")
    assert gateway.outbox("received") == []
    trusted(Trust.UNKNOWN)
    gateway.mail("two", Subject="Words")
    assert gateway.outbox("received")[0]["context"]["ticket"]["subject"] == ""


# --- a flood in somebody's name -----------------------------------------------------------------


@pytest.fixture
def few(gateway):
    """The desk, at which no more than two mails without proof open a ticket in an hour."""
    gateway.desk.settings = replace(gateway.desk.settings, new_tickets_an_hour=2)
    return gateway


def messages(gateway, ticket_id):
    return [row["text"] for row in gateway.rows("message") if row["ticket_id"] == ticket_id]


def flooded(gateway, first=0):
    """Let five forgeries come; return the tickets in which they ended."""
    return [
        gateway.mail(f"{n}", Subject=f"Pills {n}")["ticket_id"] for n in range(first, first + 5)
    ]


def test_a_flood_in_the_name_of_a_customer_stays_out_of_the_ticket_they_opened(few, trusted):
    trusted(Trust.STRONG)
    mine = few.mail("Mine.", Subject="Ink")["ticket_id"]
    trusted(Trust.UNKNOWN)
    ended = flooded(few)
    assert mine not in ended
    assert ended == [ended[0], *[ended[1]] * 4], "and makes no more tickets than it may"
    assert messages(few, mine) == ["Mine."]


def test_a_flood_in_the_name_of_a_customer_passes_no_turn_and_reopens_nothing(few):
    few.mail("Mine.", Subject="Ink")
    mine, to = few.rows("ticket")[0]["id"], few.reply_address()
    for text, status in (("Which?", Status.WAITING), ("/resolve\nDone.", Status.RESOLVED)):
        few.mail(text, sender=ALICE.address, to=to)
        before = few.ticket(mine)
        assert before.status is status
        assert mine not in flooded(few, 5 * before.turn)
        assert few.ticket(mine) == before
        few.now += timedelta(minutes=10)


def test_a_flood_whose_tickets_are_all_answered_opens_another(few):
    tickets = {few.mail(f"{n}", Subject=f"Pills {n}")["ticket_id"] for n in range(2)}
    for id_ in tickets:
        rows = [row for row in few.rows("outbox") if row["ticket_id"] == id_]
        to = next(r for r in rows if r["recipient"] == ALICE.address)["context"]["reply_address"]
        few.mail("/close", sender=ALICE.address, to=to)
    assert tickets.isdisjoint(flooded(few, 2))


# --- thanks -------------------------------------------------------------------------------------


def test_forged_thanks_with_a_number_close_nothing_and_open_nothing_again(gateway, opened, trusted):
    gateway.agent("/resolve\nIt was unplugged.")
    resolved = gateway.outbox("resolved")[0]
    before = gateway.ticket(opened["ticket_id"])
    gateway.mail("Thanks!", Subject=f"Re: {NUMBER}")
    gateway.mail("Thanks!", Subject=f"Re: {NUMBER}", In_Reply_To="<m1@customer.example>")
    after = gateway.ticket(opened["ticket_id"])
    assert replace(after, version=before.version) == before
    gateway.mail("Thanks!", In_Reply_To=resolved["rfc_id"])
    assert gateway.ticket(opened["ticket_id"]).status is Status.CLOSED


@pytest.mark.parametrize("level", [Trust.WEAK, Trust.STRONG])
def test_thanks_of_who_is_proved_need_no_thread(gateway, opened, trusted, level):
    gateway.agent("/resolve\nIt was unplugged.")
    trusted(level)
    gateway.mail("Thanks!", Subject=f"Re: {NUMBER}")
    assert gateway.ticket(opened["ticket_id"]).status is Status.CLOSED


# --- whose ticket it is -------------------------------------------------------------------------

BLOCK = f"Please.\r\n\r\n----- Forwarded message -----\r\nFrom: Dave <{DAVE}>\r\nSubject: Ink"


@pytest.mark.parametrize("level", list(Trust))
def test_a_customer_who_forwards_chooses_nobody_else_as_the_customer(gateway, trusted, level):
    trusted(level)
    row = gateway.mail(f"{BLOCK}\r\n\r\nGone.", sender=EVE, Subject="Fwd: Ink")
    assert gateway.ticket(row["ticket_id"]).requester == EVE
    assert DAVE not in {each["recipient"] for each in gateway.rows("outbox")}
    inner = f"From: {DAVE}\r\nSubject: Ink\r\n\r\nGone."
    parts = f"--b\r\n\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    kind = {"Content_Type": 'multipart/mixed; boundary="b"', "MIME_Version": "1.0"}
    row = gateway.mail(parts, sender=EVE, Subject="Fwd: Ink again", **kind)
    assert gateway.ticket(row["ticket_id"]).requester == EVE
    assert DAVE not in {each["recipient"] for each in gateway.rows("outbox")}


# --- stolen keys --------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [Trust.FAILED, Trust.UNKNOWN, Trust.STRONG])
@pytest.mark.parametrize("key", ["message_id", "address"])
def test_a_stolen_key_moves_a_ticket_no_oftener_than_the_desk_does(
    gateway, opened, trusted, key, level
):
    stolen = {"In_Reply_To": gateway.outbox("received")[0]["rfc_id"], "Subject": "Hello"}
    if key == "address":
        stolen = {"to": gateway.reply_address(), "Subject": "Hello"}
    for round_, text in enumerate(("Which?", "/resolve\nDone.", "/close"), 1):
        trusted(Trust.UNKNOWN)
        gateway.agent(text)
        told = len(to_customer(gateway))
        turn = gateway.ticket(opened["ticket_id"]).turn
        trusted(level)
        for n in range(5):
            gateway.mail(f"Stolen {round_} {n}, /close", sender=EVE, Cc=DAVE, **stolen)
        ticket = gateway.ticket(opened["ticket_id"])
        assert ticket.turn == turn + 1, "once: from then on it is the turn of the desk"
        assert ticket.people == {CUSTOMER}
        assert len(to_customer(gateway)) - told <= 1, "that it was reopened"
    assert EVE not in {row["recipient"] for row in gateway.rows("outbox")}
    assert all(m["other_address"] for m in gateway.rows("message") if m["author"] == EVE)
    gateway.mail("Thanks!", sender=EVE, **stolen)
    assert gateway.ticket(opened["ticket_id"]).status is Status.REOPENED


def to_customer(gateway):
    return [row for row in gateway.rows("outbox") if row["role"] == "customer"]
