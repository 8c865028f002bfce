"""Who is known, and who is not by however many mails in their name; what is done in that name."""

import pytest

from mailgate.mail.trust import Trust
from tests.desk.conftest import CUSTOMER

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
