"""What agents split off by mail, and where the answers to both matters then go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.model import Status
from mailgate.intake.inbox import Incoming
from mailgate.store import tickets
from tests.desk.auditing import faults
from tests.desk.conftest import ALICE, BOB, CUSTOMER
from tests.intake.desk import EVE, SUPPORT
from tests.intake.shared import watching

ONE, TWO = "TKT-2026-00001", "TKT-2026-00002"
INVOICE = "And my invoice is wrong."
PRINTER = "<printer@customer.example>"
WRONG = "<wrong@customer.example>"


@pytest.fixture
def first(gateway):
    """The id of a ticket that the desk has answered."""
    row = gateway.mail("My printer is on fire.", Message_ID=PRINTER)
    gateway.agent("Have you tried water?")
    return row["ticket_id"]


@pytest.fixture
def second(gateway, first):
    """The id of what the customer wrote then, about something else."""
    row = gateway.mail(
        INVOICE, Subject=f"Re: Printer [{ONE}]", In_Reply_To=PRINTER, Message_ID=WRONG
    )
    assert row["ticket_id"] == first
    return gateway.rows("message")[-1]["id"]


def told(gateway, message, who=ALICE.address):
    """Return the notifications that brought an agent a message."""
    rows = [row for row in gateway.outbox("new_message") if row["recipient"] == who]
    return [row for row in rows if row["message_id"] == message]


@pytest.fixture
def write(gateway, second):
    """Return a function by which alice answers the notification of the second message."""

    def answer(text, *, note=False, to=None, sender=ALICE.address, **headers):
        notice = told(gateway, second, sender)[0]
        given = {"In_Reply_To": notice["rfc_id"], "Subject": f"Re: Printer [{ONE}]"} | headers
        address = notice["context"]["note_address" if note else "reply_address"]
        return gateway.mail(text, sender=sender, to=to or address, **given)

    return answer


@pytest.fixture
def split(gateway, write):
    """The id of the ticket that the second message has started."""
    assert write("/split")["state"] == "commands_only"
    return numbered(gateway, TWO).id


def numbered(gateway, number):
    with gateway.database.read() as connection:
        ids = tickets.by_number(connection, 1, [number])
    return gateway.ticket(ids[number])


def world_of(gateway):
    return type("World", (), {"database": gateway.database, "desk": gateway.desk})


def explained(gateway):
    return gateway.outbox("command_refused")[-1]["context"]["commands"][0]


def words(gateway, ticket_id):
    return [m["text"] for m in gateway.rows("message") if m["ticket_id"] == ticket_id]


def test_a_line_moves_the_message_that_is_answered(gateway, write, first):
    row = write("/split")
    assert (row["state"], row["ticket_id"]) == ("commands_only", first)
    new = numbered(gateway, TWO)
    assert (new.follows, new.requester, new.subject) == (first, CUSTOMER, "Printer")
    assert words(gateway, new.id) == [INVOICE]
    assert INVOICE not in words(gateway, first)
    opened, left = gateway.rows("event")[-2:]
    assert [opened["correlation"], left["correlation"]] == [row["id"], row["id"]]
    assert gateway.ticket(first).status is Status.WAITING
    assert faults(world_of(gateway)) == []


def test_the_customer_gets_the_new_number_once_and_staff_a_fresh_address(gateway, write, second):
    before = len(gateway.rows("outbox"))
    write("/split Your invoice: two matters")
    new = gateway.rows("outbox")[before:]
    (received,) = [row for row in new if row["recipient"] == CUSTOMER]
    assert (received["notice"], received["context"]["ticket"]["number"]) == ("received", TWO)
    assert numbered(gateway, TWO).subject == "Your invoice"
    assert received["context"]["note"] is None
    mine = told(gateway, second)[1]
    assert mine["context"]["ticket"]["number"] == TWO
    assert mine["context"]["note"] == f"split off {ONE}: two matters"
    write("/split")
    assert explained(gateway)["reason"] == f"it is split off {ONE} already: it is on {TWO}"
    assert len(gateway.outbox("received")) == 2


def test_all_else_in_the_mail_is_for_the_new_ticket(gateway, write, first):
    row = write("/split Your invoice\n/take\n/priority high\nIt is corrected.")
    new = numbered(gateway, TWO)
    assert (row["state"], row["ticket_id"]) == ("threaded", new.id)
    assert (new.assignee, new.priority, new.status) == ("alice", "high", Status.WAITING)
    assert words(gateway, new.id) == [INVOICE, "It is corrected."]
    sent = gateway.outbox("agent_reply")[-1]
    assert (sent["recipient"], sent["context"]["ticket"]["number"]) == (CUSTOMER, TWO)
    assert gateway.ticket(first).assignee is None
    assert faults(world_of(gateway)) == []


def test_a_note_goes_along_and_no_note_reaches_the_customer(gateway, write, first):
    gateway.agent("/note: she is rich")
    before = len(gateway.rows("outbox"))
    assert write("/split\nAsk billing.", note=True)["state"] == "threaded"
    new = numbered(gateway, TWO)
    assert words(gateway, new.id) == [INVOICE, "Ask billing."]
    assert "she is rich" in words(gateway, first)
    got = [r for r in gateway.rows("outbox")[before:] if r["recipient"] == CUSTOMER]
    assert [(row["notice"], row["message_id"]) for row in got] == [("received", None)]


# --- where answers go ----------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [f"Re: Printer [{ONE}]", "Re: Printer"])
def test_who_answers_what_was_split_off_is_heard_on_the_new_ticket(gateway, split, first, subject):
    row = gateway.mail("Still wrong.", In_Reply_To=WRONG, References=PRINTER, Subject=subject)
    assert row["ticket_id"] == split
    row = gateway.mail("Still burning.", In_Reply_To=PRINTER, Subject=subject)
    assert row["ticket_id"] == first
    assert faults(world_of(gateway)) == []


def test_answers_to_the_two_acknowledgements_find_their_tickets(gateway, split, first):
    one, two = gateway.outbox("received")
    for notice, number, ticket in ((one, ONE, first), (two, TWO, split)):
        row = gateway.mail("Well?", In_Reply_To=notice["rfc_id"], Subject=f"Re: Printer [{number}]")
        assert row["ticket_id"] == ticket


def test_a_stranger_gains_nothing_by_the_message_id_and_the_old_number(gateway, split, first):
    row = gateway.mail("Me too.", sender=EVE, In_Reply_To=WRONG, Subject=f"Re: [{ONE}]")
    assert row["state"] == "opened"
    assert row["ticket_id"] not in (first, split)


def test_a_split_and_the_answer_to_what_is_split_off_in_one_batch(gateway, write, second, first):
    (notice,) = told(gateway, second)
    to, headers = notice["context"]["reply_address"], {"In_Reply_To": notice["rfc_id"]}
    gateway.keep("/split", sender=ALICE.address, to=to, **headers)
    gateway.keep("Again.", In_Reply_To=WRONG, Subject="Re: Printer")
    gateway.worker.drain()
    assert words(gateway, numbered(gateway, TWO).id) == [INVOICE, "Again."]
    assert faults(world_of(gateway)) == []


def test_two_agents_in_one_batch_split_a_message_once(gateway, write, second):
    for who in (ALICE, BOB):
        (notice,) = told(gateway, second, who.address)
        to, headers = notice["context"]["reply_address"], {"In_Reply_To": notice["rfc_id"]}
        gateway.keep("/split", sender=who.address, to=to, **headers)
    gateway.worker.drain()
    assert explained(gateway)["reason"] == f"it is split off {ONE} already: it is on {TWO}"
    assert len(gateway.rows("ticket")) == 2


def test_mail_to_the_old_one_long_closed_does_not_land_in_what_was_split_off(gateway, split, first):
    policy = replace(gateway.desk.settings.policy, reopen_window=timedelta(days=30))
    gateway.desk.settings = replace(gateway.desk.settings, policy=policy)
    gateway.mail("/close", sender=ALICE.address, to=signed(gateway, first))
    gateway.now += timedelta(days=40)
    gateway.keep("More about the invoice.", Subject=f"Re: [{TWO}]")
    gateway.keep("It burns again.", Subject=f"Re: [{ONE}]")
    gateway.worker.drain()
    third = gateway.rows("ticket")[-1]
    assert (third["follows"], words(gateway, third["id"])) == (first, ["It burns again."])
    row = gateway.mail("And again.", Subject=f"Re: [{ONE}]")
    assert row["ticket_id"] == third["id"]
    assert words(gateway, split) == [INVOICE, "More about the invoice."]


def signed(gateway, ticket_id):
    number = gateway.ticket(ticket_id).number
    return gateway.signer.ticket_address(SUPPORT, number, ALICE.address, "reply", gateway.now)


def test_what_is_merged_back_is_shown_where_it_was(gateway, split, first):
    gateway.mail(f"/merge {ONE}", sender=ALICE.address, to=signed(gateway, split))
    assert gateway.ticket(split).merged_into == first
    row = gateway.mail("Well?", In_Reply_To=WRONG, Subject=f"Re: [{ONE}]")
    assert row["ticket_id"] == first
    gateway.mail("/split", sender=ALICE.address, to=signed(gateway, first), In_Reply_To=WRONG)
    assert f"it is split off {ONE} already" in explained(gateway)["reason"]
    assert faults(world_of(gateway)) == []


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/split\n/split", "a mail answers one message"),
        (f"/split\n/merge {ONE}", "about another ticket than the other"),
        ("/split\n/unmerge", "about another ticket than the other"),
        ("/split\n/spam", "about another ticket than the other"),
        ("/split\n/withdraw", "about another ticket than the other"),
        ("/split\n/assign nobody", "there is no agent 'nobody'"),
        ("/split\n/macro nothing", "there is no macro 'nothing'"),
        ("/split\n/pirority high", "there is no command /pirority"),
        ("Hello,\n/split", "stands below text"),
    ],
)
def test_what_cannot_be_done_comes_back_and_nothing_has_happened(gateway, write, first, text, says):
    before = gateway.ticket(first)
    assert write(text)["state"] == "commands_only"
    assert any(
        says in line["reason"]
        for line in gateway.outbox("command_refused")[-1]["context"]["commands"]
    )
    assert (gateway.ticket(first), len(gateway.rows("ticket"))) == (before, 1)
    assert INVOICE in words(gateway, first)
    assert write("/split")["state"] == "commands_only"
    assert numbered(gateway, TWO).requester == CUSTOMER


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (None, "does not say which message is meant"),
        ("<elsewhere@x.example>", "does not say which message is meant"),
        (PRINTER, f"{ONE} begins with it"),
    ],
)
def test_which_message_is_meant_must_be_plain(gateway, write, first, answers, says):
    write("/split", In_Reply_To=answers)
    assert says in explained(gateway)["reason"]
    assert len(gateway.rows("ticket")) == 1


def test_an_alarm_brings_no_message(gateway, write, first):
    write("/take", Message_ID="<take@agents.example>")
    gateway.agent("/assign bob", In_Reply_To=None)
    (alarm,) = gateway.outbox("assigned")
    write("/split", In_Reply_To=alarm["rfc_id"], References=f"{WRONG} {alarm['rfc_id']}")
    assert "does not say which message is meant" in explained(gateway)["reason"]


def test_a_digest_has_no_place_for_it(gateway, write, first):
    address = gateway.signer.digest_address(SUPPORT, ALICE.address, gateway.now)
    gateway.mail(f"{ONE} /split", sender=ALICE.address, to=address)
    (line,) = gateway.outbox("transcript")[-1]["context"]["transcript"]["tickets"][0]["commands"]
    assert "no place in an answer to the digest" in line["reason"]


def test_an_answer_that_waits_is_split_off_when_it_is_sent(gateway, write, first):
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(seconds=30))
    row = write("/split\nIt is corrected.")
    assert (row["state"], len(gateway.rows("ticket"))) == ("pending", 1)
    gateway.now += timedelta(seconds=30)
    gateway.worker.drain()
    row = gateway.delivery(row["id"])
    assert (row["state"], row["ticket_id"]) == ("threaded", numbered(gateway, TWO).id)
    assert faults(world_of(gateway)) == []


# --- by an address -------------------------------------------------------------------------------


@pytest.fixture
def send(gateway, second):
    """Return a function that puts a mail among what was sent from a mailbox that is watched."""
    watching(gateway)

    def sent(text="", **headers):
        gateway.now += timedelta(minutes=1)
        given = {"From": f"Alice <{SUPPORT}>", "Subject": "Re: Printer", "In-Reply-To": WRONG}
        given |= headers
        lines = [f"{name}: {value}" for name, value in given.items()]
        raw = ("\r\n".join([*lines, "", text]) + "\r\n").encode()
        mail = Incoming(raw, SUPPORT, (SUPPORT,), gateway.now, "support", "sent")
        id_ = gateway.inbox.put(mail)
        gateway.worker.drain()
        return gateway.delivery(id_)

    return sent


def test_in_the_shared_mailbox_an_address_splits_the_mail_that_is_answered(gateway, send, first):
    row = send("Billing.", To="support+split@desk.example")
    new = numbered(gateway, TWO)
    assert (row["ticket_id"], row["verdict"]["says"][-18:]) == (first, "by address: /split")
    assert words(gateway, new.id) == [INVOICE]
    assert gateway.rows("event")[-1]["actor_id"] == "alice"
    assert faults(world_of(gateway)) == []


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"To": CUSTOMER, "Bcc": "support+split@desk.example"}, f"as an answer on {ONE}"),
        ({"To": "support+split@desk.example, support+high@desk.example"}, "split it alone"),
        ({"To": "support+split@desk.example", "In-Reply-To": PRINTER}, "begins with it"),
    ],
)
def test_what_has_gone_out_stays_and_the_agent_is_told(gateway, send, headers, says):
    send("Corrected.", **headers)
    assert says in explained(gateway)["reason"]
    assert len(gateway.rows("ticket")) == 1
