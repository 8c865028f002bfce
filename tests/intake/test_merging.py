"""What agents merge by mail, and what then becomes of mail to the one and the other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.model import Status
from mailgate.store import schema
from tests.desk.auditing import faults
from tests.desk.conftest import ALICE, BOB, CUSTOMER

DAVE = "dave@customer.example"
ONE, TWO = "TKT-2026-00001", "TKT-2026-00002"
SECRET = "The key lies under the mat."


@pytest.fixture
def addresses(gateway, opened):
    """Alice's addresses of both tickets, the first of Carol, the second of Dave."""
    first = gateway.reply_address()
    gateway.mail("Fire!", sender=DAVE, Subject="Fire")
    return {ONE: first, TWO: gateway.reply_address()}


@pytest.fixture
def ids(gateway, addresses):
    return {ticket["number"]: ticket["id"] for ticket in gateway.rows("ticket")}


@pytest.fixture
def write(gateway, addresses):
    """Return a function by which alice writes to her address of a ticket."""
    return lambda number, text: gateway.mail(text, sender=ALICE.address, to=addresses[number])


@pytest.fixture
def merged(write, ids):
    """Both ids, after the first ticket was merged into the second."""
    assert write(ONE, f"/merge {TWO}: twice")["state"] == "commands_only"
    return ids[ONE], ids[TWO]


def world_of(gateway):
    return type("World", (), {"database": gateway.database, "desk": gateway.desk})


def explained(gateway):
    return gateway.outbox("command_refused")[-1]["context"]["commands"][0]


def words(gateway, ticket_id):
    return [m["text"] for m in gateway.rows("message") if m["ticket_id"] == ticket_id]


def test_a_mail_merges_two_tickets_as_one_doing_and_nobody_is_told(gateway, write, ids):
    before = len(gateway.rows("outbox"))
    row = write(ONE, f"/merge {TWO.lower()}: twice")
    assert (row["state"], row["ticket_id"]) == ("commands_only", ids[ONE])
    source, target = gateway.rows("event")[-2:]
    assert [source["correlation"], target["correlation"]] == [row["id"], row["id"]]
    assert gateway.ticket(ids[ONE]).merged_into == ids[TWO]
    assert gateway.ticket(ids[TWO]).people == {DAVE}
    assert len(gateway.rows("outbox")) == before
    assert faults(world_of(gateway)) == []


def test_what_is_written_with_it_goes_to_the_customer_of_the_one_that_ends(gateway, write, ids):
    write(ONE, f"/merge {TWO}\nWe go on with the other matter.")
    (sent,) = gateway.outbox("agent_reply")
    assert (sent["recipient"], sent["ticket_id"]) == (CUSTOMER, ids[ONE])
    assert gateway.ticket(ids[ONE]).status is Status.CLOSED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"/merge {ONE}", "this very ticket"),
        ("/merge TKT-2026-00009", "there is no ticket 'TKT-2026-00009'"),
        (f"/merge {TWO} {ONE}", "more than one"),
        (f"/merge {TWO}\n/close", "/merge itself ends a ticket"),
        (f"/note: n\n/merge {TWO}\n/resolve", "/merge itself ends a ticket"),
        (f"/priority high\n/merge {TWO}\n/merge TKT-2026-00009", "there is no ticket"),
        ("/unmerge", f"{ONE} goes on in no other ticket"),
    ],
)
def test_what_cannot_be_merged_comes_back_and_nothing_has_happened(gateway, write, ids, text, says):
    before = gateway.ticket(ids[ONE])
    assert write(ONE, text)["state"] == "commands_only"
    assert says in explained(gateway)["reason"]
    assert gateway.ticket(ids[ONE]) == before


def test_a_number_of_another_desk_is_like_one_that_is_not_there(gateway, write, ids):
    with gateway.database.write() as connection:
        connection.execute(schema.tenant.insert().values(id=2, name="other"))
        row = dict(next(iter(gateway.rows("ticket"))))
        row |= {"id": 10**9, "tenant_id": 2, "number": "TKT-2026-00777"}
        connection.execute(schema.ticket.insert().values(**row))
    write(ONE, "/merge TKT-2026-00777")
    assert explained(gateway)["reason"] == "there is no ticket 'TKT-2026-00777'"
    assert gateway.ticket(ids[ONE]).merged_into is None


# --- agents, afterwards --------------------------------------------------------------------------


def test_unmerge_acts_on_the_ticket_to_whose_address_it_is_sent(gateway, write, merged):
    source, target = merged
    write(TWO, "/unmerge")
    says = f"{TWO} goes on in no other ticket; of {ONE} it is said at their own address"
    assert explained(gateway)["reason"] == says
    row = write(ONE, "/unmerge: not the same after all")
    assert (row["state"], row["ticket_id"]) == ("commands_only", source)
    assert gateway.ticket(source).merged_into is None
    assert gateway.ticket(source).status is Status.OPEN
    row = gateway.mail("Still burning.", Subject=f"Re: {ONE}")
    assert (row["ticket_id"], gateway.ticket(target).people) == (source, {DAVE})


def test_an_answer_with_unmerge_goes_to_the_people_of_that_ticket(gateway, write, merged):
    write(ONE, "/unmerge\n/take\nHere is your answer.")
    (sent,) = gateway.outbox("agent_reply")
    assert (sent["recipient"], sent["ticket_id"]) == (CUSTOMER, merged[0])
    assert gateway.ticket(merged[0]).assignee == "alice"


def test_an_answer_to_the_one_is_not_sent_to_the_customer_of_the_other(gateway, write, merged):
    assert write(ONE, SECRET)["state"] == "commands_only"
    assert gateway.outbox("agent_reply") == []
    told = explained(gateway)
    assert told["reason"] == f"{ONE} goes on in {TWO}, and somebody else would get this answer"
    again = gateway.outbox("command_refused")[-1]["context"]["reply_address"]
    gateway.mail("For Dave.", sender=ALICE.address, to=again)
    assert [row["recipient"] for row in gateway.outbox("agent_reply")] == [DAVE]


def test_an_answer_for_the_same_customer_leads_on(gateway, opened):
    address = gateway.reply_address()
    gateway.mail("Again.", Subject="Fire")
    gateway.mail(f"/merge {TWO}", sender=ALICE.address, to=address)
    gateway.mail("It is out.", sender=ALICE.address, to=address)
    (sent,) = gateway.outbox("agent_reply")
    assert (sent["recipient"], sent["context"]["ticket"]["number"]) == (CUSTOMER, TWO)


def test_notes_and_commands_for_the_one_lead_on_to_the_other(gateway, write, merged):
    write(ONE, "/note: she has called\n/priority high")
    assert words(gateway, merged[1])[-1] == "she has called"
    assert gateway.ticket(merged[1]).priority == "high"


def test_who_merges_what_is_merged_is_told_where_it_goes_on(gateway, write, merged):
    gateway.mail("Smoke.", sender=DAVE, Subject="Smoke")
    write(ONE, "/merge TKT-2026-00003")
    assert "goes on in another ticket already" in explained(gateway)["reason"]
    assert [gateway.ticket(id_).merged_into for id_ in merged] == [merged[1], None]


def test_an_answer_that_waits_when_its_ticket_is_merged_reaches_nobody_else(gateway, write, ids):
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(seconds=30))
    row = write(ONE, SECRET)
    assert row["state"] == "pending"
    write(ONE, f"/merge {TWO}")
    gateway.now += timedelta(seconds=30)
    gateway.worker.drain()
    assert gateway.delivery(row["id"])["state"] == "commands_only"
    assert gateway.outbox("agent_reply") == []
    assert "somebody else would get this answer" in explained(gateway)["reason"]


def test_an_answer_that_waits_can_be_stopped_after_its_ticket_was_merged(gateway, write, ids):
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(seconds=30))
    row = write(ONE, SECRET)
    write(ONE, f"/merge {TWO}")
    assert write(ONE, "/cancel")["state"] == "commands_only"
    assert gateway.delivery(row["id"])["state"] == "suppressed"
    assert gateway.outbox("command_refused") == []


def test_it_can_be_stopped_from_where_its_ticket_goes_on_as_well(gateway, write, ids):
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(seconds=30))
    row = write(ONE, SECRET)
    write(ONE, f"/merge {TWO}")
    assert write(TWO, "/cancel")["state"] == "commands_only"
    assert gateway.delivery(row["id"])["state"] == "suppressed"
    assert gateway.outbox("command_refused") == []
    assert words(gateway, ids[ONE])[-1].endswith(SECRET)
    assert faults(world_of(gateway)) == []


def test_mails_of_two_agents_in_one_batch_make_no_ring(gateway, addresses, ids):
    gateway.keep(f"/merge {TWO}", sender=ALICE.address, to=addresses[ONE])
    bobs = gateway.reply_address(BOB.address)
    gateway.keep(f"/merge {ONE}", sender=BOB.address, to=bobs)
    gateway.worker.drain()
    assert [gateway.ticket(id_).merged_into for id_ in ids.values()] == [ids[TWO], None]
    assert f"{ONE} goes on in {TWO} already" in explained(gateway)["reason"]


# --- customers, afterwards -----------------------------------------------------------------------


def test_the_customer_of_the_one_is_heard_on_the_other_and_sees_nothing_of_it(
    gateway, write, opened, ids
):
    (mine,) = [row for row in gateway.outbox("received") if row["recipient"] == CUSTOMER]
    write(TWO, SECRET)
    write(ONE, f"/merge {TWO}")
    before = gateway.rows("outbox")
    for headers in ({"In_Reply_To": mine["rfc_id"]}, {"Subject": f"Re: {ONE}"}):
        row = gateway.mail("And the smoke?", **headers)
        assert (row["state"], row["ticket_id"]) == ("threaded", ids[TWO])
    said = gateway.rows("message")[-1]
    assert (said["other_address"], said["author"]) == (True, CUSTOMER)
    assert gateway.ticket(ids[TWO]).people == {DAVE}
    assert gateway.ticket(ids[TWO]).status is Status.OPEN
    write(TWO, "Dave, it is out.")
    new = [row for row in gateway.rows("outbox") if row not in before]
    assert CUSTOMER not in {row["recipient"] for row in new}


def test_who_takes_part_in_neither_gains_nothing_by_the_old_number(gateway, merged):
    row = gateway.mail("Tell me.", sender="eve@elsewhere.example", Subject=f"Re: {ONE}")
    assert row["state"] == "opened"
    assert row["ticket_id"] not in merged
    assert row["verdict"]["mentions"] == [ONE]


def test_the_customer_of_the_one_cannot_settle_the_other(gateway, write, ids):
    write(ONE, "/resolve\nDone.")
    confirm = gateway.outbox("resolved")[0]["context"]["confirm_address"]
    write(ONE, f"/merge {TWO}")
    write(TWO, "/resolve\nDone.")
    gateway.mail("yes", to=confirm, Subject="Re: Printer")
    assert gateway.ticket(ids[TWO]).status is Status.RESOLVED


def test_thirty_tickets_in_a_row_still_lead_to_the_last(gateway):
    last = gateway.mail("0", Subject="0")["ticket_id"]
    for n in range(1, 30):
        address = gateway.reply_address()
        number = gateway.mail(str(n), Subject=str(n), sender=f"c{n}@customer.example")
        last = number["ticket_id"]
        gateway.mail(f"/merge {gateway.ticket(last).number}", sender=ALICE.address, to=address)
    row = gateway.mail("At last.", Subject=f"Re: {ONE}")
    assert row["ticket_id"] == last


def test_a_ticket_in_which_others_go_on_is_not_set_aside_over_their_heads(gateway, write, merged):
    assert write(TWO, "/spam")["state"] == "commands_only"
    assert f"{ONE} goes on here" in explained(gateway)["reason"]
    assert gateway.ticket(merged[1]).status is not Status.CLOSED


def test_merged_once_more_with_an_answer_the_answer_goes_to_nobody(gateway, write, merged):
    before = len(gateway.outbox("agent_reply"))
    assert write(ONE, f"/merge {TWO}\n{SECRET}")["state"] == "commands_only"
    assert "nothing is sent from it" in explained(gateway)["reason"]
    assert len(gateway.outbox("agent_reply")) == before


def test_who_confirms_what_was_merged_opens_nothing_that_is_resolved(gateway, write, ids):
    write(ONE, "/resolve\nTry water.")
    (resolved,) = gateway.outbox("resolved")
    confirm = resolved["context"]["confirm_address"]
    write(ONE, f"/merge {TWO}")
    write(TWO, "/resolve\nThe fire is out.")
    gateway.mail("", to=confirm, sender=CUSTOMER)
    assert gateway.ticket(ids[TWO]).status is Status.RESOLVED
    gateway.mail("It burns again!", to=confirm, sender=CUSTOMER)
    assert gateway.ticket(ids[TWO]).status is Status.REOPENED
