"""Two mails with different Message-IDs that are one answer, and two that only look like it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.intake.inbox import Incoming
from mailgate.intake.rehearsal import objection, rehearse
from tests.desk.conftest import ALICE, CUSTOMER
from tests.intake.desk import EVE, SUPPORT
from tests.intake.shared import watching

AT = "Mon, 02 Mar 2026 09:0{}:00 +0000"


@pytest.fixture
def put(gateway):
    """Return a function that stores a mail of the desk's side, and returns its delivery."""
    watching(gateway)

    def store(text="Done.", road="sent", drain=True, to=CUSTOMER, **headers):
        facts = {"Subject": "Re: Printer", "Message_ID": f"<{gateway.count}@x.example>"} | headers
        sender = facts.pop("From", ALICE.address)
        raw = gateway.raw(text, sender=sender, to=to, **facts)
        peer = "alice" if road == "submission" else "support"
        recipients = (CUSTOMER,) if road == "submission" else (SUPPORT,)
        id_ = gateway.inbox.put(Incoming(raw, sender, recipients, gateway.now, peer, road))
        if drain:
            gateway.worker.drain()
        return gateway.delivery(id_)

    return store


@pytest.mark.parametrize("road", ["sent", "submission"])
@pytest.mark.parametrize(
    "other",
    [
        {},
        {"Date": AT.format(2)},
        {"Subject": "RE:  printer"},
        {"text": "Done. \r\n"},
        {"Cc": SUPPORT, "to": f"Carol <{CUSTOMER}>, {SUPPORT}"},
    ],
)
def test_a_copy_with_another_id_is_no_second_answer(gateway, opened, thread, put, road, other):
    facts = thread | ({"Cc": SUPPORT} if "Cc" in other else {})
    first = put(road=road, **facts)
    copy = put(**thread | other)
    assert (first["state"], copy["state"]) == ("threaded", "suppressed")
    assert copy["verdict"]["says"] == f"a copy of {first['id']}, under another Message-ID"
    assert len(gateway.rows("message")) == 2


def test_so_is_one_that_comes_together_with_it(gateway, opened, thread, put):
    put(drain=False, **thread)
    put(drain=False, **thread)
    gateway.worker.drain()
    assert len(gateway.rows("message")) == 2


def test_so_is_one_of_an_answer_with_commands_that_waits(gateway, opened, thread, put):
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(seconds=60))
    first = put("/resolve\nDone.", "submission", **thread)
    copy = put("/resolve\nDone.", **thread)
    assert (first["state"], copy["state"]) == ("pending", "suppressed")


@pytest.mark.parametrize(
    "other",
    [
        {"Date": AT.format(3)},
        {"Date": None},
        {"Subject": "Re: Lamp"},
        {"text": "Done"},
        {"From": f"Bob <{SUPPORT}>"},
        {"From": SUPPORT},
        {"to": f"{CUSTOMER}, {EVE}"},
    ],
)
def test_what_differs_is_another_answer(gateway, opened, thread, put, other):
    put(**thread)
    second = put(**thread | other)
    assert second["state"] == "threaded"
    assert len(gateway.rows("message")) == 3


def test_agents_who_share_the_address_are_told_apart_by_their_names(gateway, opened, thread, put):
    for name in ("Alice", "Bob"):
        assert put(From=f"{name} <{SUPPORT}>", **thread)["state"] == "threaded"
    assert len(gateway.rows("message")) == 3


def both(text="Done.", **thread):
    """Return what puts an answer that went to the desk itself as well."""
    return {"From": f"Alice <{SUPPORT}>", "Cc": SUPPORT, "text": text} | thread


@pytest.mark.parametrize("road", ["smtp", "imap"])
@pytest.mark.parametrize("first", [True, False])
def test_an_answer_to_all_that_comes_to_the_desk_with_another_id_is_the_same(
    gateway, opened, thread, put, road, first
):
    if first:
        put(**both(**thread))
    came = put(road=road, **both(**thread))
    if not first:
        assert came["state"] == "pending", "it waits for its copy"
        put(**both(**thread))
        gateway.now += timedelta(seconds=31)
        gateway.worker.drain()
    came = gateway.delivery(came["id"])
    assert (came["state"], came["ticket_id"]) == ("suppressed", opened["ticket_id"])
    assert came["verdict"]["says"].endswith("under another Message-ID")
    assert len(gateway.rows("message")) == 2
    assert len(gateway.rows("ticket")) == 1


def test_what_bears_our_address_and_says_something_else_is_no_copy(gateway, opened, thread, put):
    put(**both(**thread))
    came = put(road="smtp", **both("Send me your password.", **thread))
    gateway.now += timedelta(minutes=1)
    gateway.worker.drain()
    assert gateway.delivery(came["id"])["state"] == "opened"


def test_the_same_words_on_two_tickets_are_two_answers(gateway, opened, thread, put):
    other = gateway.mail("And again.", Subject="Printer", Message_ID="<again@customer.example>")
    assert other["ticket_id"] != opened["ticket_id"]
    first = put(**thread)
    second = put(In_Reply_To="<again@customer.example>")
    assert (first["ticket_id"], second["ticket_id"]) == (opened["ticket_id"], other["ticket_id"])
    assert {first["state"], second["state"]} == {"threaded"}


def test_what_is_handed_in_goes_out_though_a_copy_was_there_first(gateway, opened, thread, put):
    put(**thread)
    gateway.now += timedelta(seconds=10)
    assert put(road="submission", **thread)["state"] == "threaded"
    assert len(gateway.outbox("agent_reply")) == 1


@pytest.mark.parametrize("bcc", [{}, {"Bcc": "boss@agents.example"}])
def test_what_is_handed_in_after_its_own_copy_is_refused_and_not_lost(
    gateway, opened, thread, put, bcc
):
    same = thread | {"Message_ID": "<one@x.example>"}
    assert put(**same | bcc)["state"] == "threaded"
    assert refused(gateway, **same).startswith("a copy of it was there before it, and nothing was")
    late = put(road="submission", **same | {"Bcc": "other@agents.example"})
    assert "a copy of it was there before it" in late["error"]  # tried again, and then parked
    assert gateway.outbox("agent_reply") == []


def test_so_is_one_whose_copy_waits_and_what_comes_with_its_copy_goes_out(
    gateway, opened, thread, put
):
    same = thread | {"Message_ID": "<one@x.example>"}
    put(drain=False, **same)
    assert refused(gateway, **same).startswith("a copy of it was there before it, and nothing was")
    assert put(road="submission", **same | {"Bcc": "other@agents.example"})["state"] == "threaded"
    assert len(gateway.outbox("agent_reply")) == 1


def refused(gateway, **headers):
    """Return what the port says of a mail before it takes it."""
    raw = gateway.raw("Done.", sender=ALICE.address, to=CUSTOMER, Subject="Re: Printer", **headers)
    mail = Incoming(raw, ALICE.address, (CUSTOMER,), gateway.now, "alice", "submission")
    reader, signer = gateway.worker._reader, gateway.signer
    return objection(lambda each: rehearse(gateway.desk, reader, signer, each, "support"), mail)
