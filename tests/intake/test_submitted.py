"""What agents hand in at the submission port, once it is stored: replies, notes, first mails."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.events import PeopleJoined
from mailgate.domain.model import GATEWAY, Status
from mailgate.intake.inbox import Incoming
from mailgate.intake.rehearsal import objection, rehearse
from tests.desk.auditing import faults
from tests.desk.conftest import ALICE, BOB, CUSTOMER
from tests.intake.desk import EVE, SUPPORT
from tests.intake.shared import watching

NEW = "newcomer@elsewhere.example"


def ticket_of(gateway, delivery):
    return gateway.ticket(delivery["ticket_id"])


def test_an_answer_to_the_customer_goes_out_as_the_desks(gateway, opened, thread, submit):
    sent = submit("/take\nTry water.", **thread)
    assert (sent["state"], sent["ticket_id"]) == ("threaded", opened["ticket_id"])
    assert (sent["road"], sent["peer"]) == ("submission", "alice")
    ticket = ticket_of(gateway, sent)
    assert (ticket.status, ticket.assignee) == (Status.WAITING, "alice")
    (row,) = gateway.outbox("agent_reply")
    assert row["recipient"] == CUSTOMER
    assert "alice@agents.example" not in str(row["context"])
    message = gateway.rows("message")[-1]
    assert (message["author"], message["kind"]) == ("alice", "public")
    assert (message["id"], message["text"]) == (row["message_id"], "Try water.")
    assert message["rfc_id"] == "<s1@laptop.example>"
    verdict = sent["verdict"]
    assert verdict["trust"] == "strong"
    assert verdict["authentication"] == ["alice logged in to hand it in"]


def test_what_the_customer_answers_to_the_agents_own_message_id_joins(
    gateway, opened, thread, submit
):
    submit(**thread)
    answer = gateway.mail("No.", Subject="other", In_Reply_To="<s1@laptop.example>")
    assert answer["ticket_id"] == opened["ticket_id"]


def test_the_number_in_the_subject_finds_the_ticket(gateway, opened, submit):
    number = ticket_of(gateway, opened).number
    sent = submit(Subject=f"[{number}] the lamp")
    assert sent["ticket_id"] == opened["ticket_id"]
    assert len(gateway.outbox("agent_reply")) == 1


def test_an_answer_to_a_notice_by_its_signed_address_is_a_reply(gateway, opened, submit):
    sent = submit(to=[gateway.reply_address()])
    assert sent["ticket_id"] == opened["ticket_id"]
    assert len(gateway.outbox("agent_reply")) == 1


def test_an_address_signed_for_a_colleague_does_as_well(gateway, opened, submit):
    sent = submit(to=[gateway.reply_address(BOB.address)])
    assert sent["ticket_id"] == opened["ticket_id"]
    assert gateway.rows("message")[-1]["author"] == "alice"


def test_what_goes_to_the_address_for_notes_is_a_note(gateway, opened, submit):
    sent = submit("He shouts.", to=[gateway.reply_address(kind="note_address")])
    assert sent["state"] == "threaded"
    assert gateway.outbox("agent_reply") == []
    assert gateway.rows("message")[-1]["kind"] == "note"


def test_what_goes_to_the_desk_only_is_a_note(gateway, opened, thread, submit):
    sent = submit("He shouts.", to=[SUPPORT], **thread)
    assert (sent["state"], sent["ticket_id"]) == ("threaded", opened["ticket_id"])
    assert gateway.outbox("agent_reply") == []
    assert gateway.rows("message")[-1]["kind"] == "note"


def test_a_note_command_keeps_it_from_the_customer_to_whom_it_is_addressed(
    gateway, opened, thread, submit
):
    submit("/note\nHe shouts.", **thread)
    assert gateway.outbox("agent_reply") == []
    assert gateway.rows("message")[-1]["kind"] == "note"


def test_a_wrong_command_does_nothing_and_comes_back(gateway, opened, thread, submit):
    sent = submit("/asign bob\nTry water.", **thread)
    assert sent["state"] == "commands_only"
    assert ticket_of(gateway, sent).status is Status.NEW
    assert gateway.outbox("agent_reply") == []
    (back,) = gateway.outbox("command_refused")
    assert back["recipient"] == ALICE.address


@pytest.mark.parametrize("other", [EVE, BOB.address, NEW])
def test_nothing_of_a_ticket_goes_to_who_takes_no_part(gateway, opened, thread, submit, other):
    sent = submit(to=[CUSTOMER, other], **thread)
    assert sent["state"] == "commands_only"
    assert gateway.outbox("agent_reply") == []
    (back,) = gateway.outbox("command_refused")
    assert f"{other} takes no part in" in back["context"]["commands"][0]["reason"]


def test_who_joins_by_the_mail_itself_gets_it(gateway, opened, thread, submit):
    sent = submit(f"/cc {EVE}\nTry water.", to=[CUSTOMER, EVE], **thread)
    assert sent["state"] == "threaded"
    assert {row["recipient"] for row in gateway.outbox("agent_reply")} == {CUSTOMER, EVE}


def test_a_mail_to_the_notes_and_to_the_customer_is_neither(gateway, opened, submit):
    note = gateway.reply_address(kind="note_address")
    assert submit(to=[CUSTOMER, note])["state"] == "commands_only"
    assert gateway.outbox("agent_reply") == []


def test_html_is_cut_as_the_text_is(gateway, opened, thread, submit):
    html = {"Content_Type": "text/html", "MIME_Version": "1.0"}
    submit("<p><b>/take</b></p><p>/priority high</p><p>Try <i>water</i>.</p>", **thread | html)
    assert len(gateway.outbox("agent_reply")) == 1
    assert gateway.rows("message")[-1]["text"] == "Try water."
    assert ticket_of(gateway, opened).assignee == "alice"


def test_it_is_held_like_any_answer_and_can_be_stopped(gateway, opened, thread, submit):
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(seconds=60))
    sent = submit(**thread)
    assert sent["state"] == "pending"
    assert submit("/cancel", **thread)["state"] == "commands_only"
    gateway.now += timedelta(minutes=2)
    gateway.worker.drain()
    assert gateway.delivery(sent["id"])["state"] == "suppressed"
    assert gateway.outbox("agent_reply") == []


def test_it_is_sent_when_it_was_held_for_long_enough(gateway, opened, thread, submit):
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(seconds=60))
    sent = submit(**thread)
    gateway.now += timedelta(minutes=2)
    gateway.worker.drain()
    assert gateway.delivery(sent["id"])["state"] == "threaded"
    assert len(gateway.outbox("agent_reply")) == 1


@pytest.mark.parametrize("held", [True, False])
def test_the_copy_in_a_watched_folder_is_no_second_answer(gateway, opened, thread, submit, held):
    watching(gateway)
    hold = timedelta(seconds=60 if held else 0)
    gateway.desk.settings = replace(gateway.desk.settings, hold=hold)
    sent = submit(Bcc="x@x.example", **thread)
    facts = {"Subject": "Re: Printer", "Message_ID": "<s1@laptop.example>"} | thread
    raw = gateway.raw("Try water.", sender=ALICE.address, to=CUSTOMER, **facts)
    id_ = gateway.inbox.put(
        Incoming(raw, ALICE.address, (SUPPORT,), gateway.now, "support", "sent")
    )
    gateway.worker.drain()
    assert gateway.delivery(id_)["state"] == "suppressed"
    gateway.now += timedelta(minutes=2)
    gateway.worker.drain()
    assert gateway.delivery(sent["id"])["state"] == "threaded"
    assert len(gateway.outbox("agent_reply")) == 1
    assert len(gateway.rows("message")) == 2


@pytest.mark.parametrize("again", [False, True])
def test_the_copy_of_an_answer_that_was_stopped_is_none_either(
    gateway, opened, thread, submit, again
):
    watching(gateway)
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(seconds=60))
    submit(**thread, Message_ID="<stopped@laptop.example>", Bcc="x@x.example")
    assert submit("/cancel", **thread)["state"] == "commands_only"
    if again:
        submit("Try sand.", **thread, Message_ID="<again@laptop.example>")
        gateway.now += timedelta(minutes=2)
        gateway.worker.drain()
    before = ticket_of(gateway, opened)
    facts = {"Subject": "Re: Printer", "Message_ID": "<stopped@laptop.example>"} | thread
    raw = gateway.raw("Try water.", sender=ALICE.address, to=CUSTOMER, **facts)
    id_ = gateway.inbox.put(
        Incoming(raw, ALICE.address, (SUPPORT,), gateway.now, "support", "sent")
    )
    gateway.worker.drain()
    copy = gateway.delivery(id_)
    assert copy["state"] == "suppressed"
    assert copy["verdict"]["says"] == "a copy of an answer that was stopped before it was sent"
    assert ticket_of(gateway, opened) == before
    assert faults(type("World", (), {"database": gateway.database, "desk": gateway.desk})) == []


def test_an_answer_waits_for_the_mail_that_it_answers(gateway, submit):
    gateway.keep("My printer is on fire.", Message_ID="<first@customer.example>")
    sent = submit(drain=False, In_Reply_To="<first@customer.example>")
    gateway.worker.drain()
    gateway.now += timedelta(seconds=2)
    gateway.worker.drain()
    after = gateway.delivery(sent["id"])
    assert after["state"] == "threaded"
    assert len(gateway.rows("ticket")) == 1


def test_addresses_that_hold_a_command_say_it_as_its_line_does(gateway, opened, thread, submit):
    to = [CUSTOMER, "support+done@desk.example", "Support+High@desk.example"]
    sent = submit("/take\nTry water.", to=to, shown=CUSTOMER, **thread)
    ticket = ticket_of(gateway, sent)
    assert (ticket.status, ticket.priority, ticket.assignee) == (Status.RESOLVED, "high", "alice")
    (row,) = gateway.outbox("resolved")
    assert row["recipient"] == CUSTOMER
    assert gateway.rows("message")[-1]["text"] == "Try water."


def test_the_address_for_notes_keeps_it_from_the_customer_in_to(gateway, opened, thread, submit):
    submit("He shouts.", to=[CUSTOMER, "support+note@desk.example"], **thread)
    assert gateway.outbox("agent_reply") == []
    assert gateway.rows("message")[-1]["kind"] == "note"


@pytest.mark.parametrize("word", ["dnoe", "assign-bop", "resolve-now", "snoze-3d"])
def test_an_address_that_is_wrong_does_nothing(gateway, opened, thread, submit, word):
    sent = submit(to=[CUSTOMER, f"support+{word}@desk.example"], **thread)
    assert sent["state"] == "commands_only"
    assert gateway.outbox("agent_reply") == []
    assert len(gateway.outbox("command_refused")) == 1


def test_a_command_by_address_alone_needs_no_text(gateway, opened, thread, submit):
    sent = submit("", to=["support+close@desk.example"], **thread)
    assert sent["state"] == "commands_only"
    assert ticket_of(gateway, sent).status is Status.CLOSED


def test_an_answer_to_a_merged_ticket_does_not_go_to_others_by_surprise(
    gateway, opened, thread, submit
):
    old = ticket_of(gateway, opened)
    other = gateway.mail("My lamp too.", sender=CUSTOMER, Subject="Lamp", Cc=EVE)
    target = ticket_of(gateway, other)
    submit(f"/merge {target.number}", to=[SUPPORT], **thread)
    assert ticket_of(gateway, opened).merged_into == target.id
    event = PeopleJoined(at=gateway.now, actor=GATEWAY, people=(EVE,))
    with gateway.desk.writing(gateway.now) as ledger:
        ledger.apply(target.id, event)
    for facts in (thread, {"Subject": f"[{old.number}]"}):
        assert submit("Try water.", **facts)["state"] == "commands_only"
    assert gateway.outbox("agent_reply") == []
    sent = submit("/unmerge\nTry water.", Message_ID="<u@laptop.example>", **thread)
    assert (sent["state"], sent["ticket_id"]) == ("threaded", old.id)
    assert {row["recipient"] for row in gateway.outbox("agent_reply")} == {CUSTOMER}


# --- somebody without a ticket --------------------------------------------------------------------


def test_a_first_mail_opens_a_ticket_that_waits_on_the_customer(gateway, submit):
    sent = submit("/priority high\nYour lamp is here.", to=[NEW, EVE], Subject="Your lamp")
    assert sent["state"] == "opened"
    ticket = ticket_of(gateway, sent)
    assert (ticket.requester, ticket.participants) == (NEW, (EVE,))
    assert (ticket.status, ticket.priority) == (Status.WAITING, "high")
    assert ticket.assignee == "alice"
    rows = gateway.outbox("agent_reply")
    assert {row["recipient"] for row in rows} == {NEW, EVE}
    assert gateway.outbox("received") == []
    answer = gateway.mail("Thanks, when?", sender=NEW, In_Reply_To=rows[0]["rfc_id"], Subject="Re")
    assert answer["ticket_id"] == ticket.id


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"to": [NEW], "text": "/asign bob\nx"}, "no command /asign"),
        ({"to": [NEW], "text": "/note\nx"}, "has no ticket yet"),
        ({"to": [NEW, "support+snoze-3d@desk.example"], "shown": NEW}, "/snoze-3d: no address of"),
        ({"to": [NEW], "text": "/take"}, "nothing in it for the customer"),
        ({"to": [NEW], "text": "/macro none\nx"}, "there is no macro"),
        ({"to": [NEW, BOB.address]}, "is of the staff"),
        ({"to": [NEW, EVE], "shown": NEW}, "neither in To nor in Cc"),
        ({"to": [f"p{n}@x.example" for n in range(21)]}, "more than 20 people"),
        ({"to": [SUPPORT], "text": "/take"}, "about no ticket"),
        ({"to": [NEW], "From": EVE}, "its From must be"),
        ({"to": [NEW], "From": BOB.address}, "its From must be"),
        ({"to": [NEW], "From": f"{ALICE.address}, {BOB.address}"}, "its From must be"),
        ({"to": [NEW], "From": None}, "its From must be"),
        ({"to": [NEW], "Auto_Submitted": "auto-replied"}, "a machine wrote it"),
    ],
)
def test_what_cannot_be_done_opens_nothing(gateway, submit, facts, why):
    sent = submit(**facts)
    assert gateway.rows("ticket") == []
    assert gateway.rows("outbox") == []
    for _ in range(3):
        gateway.now += timedelta(minutes=1)
        gateway.worker.drain()
    parked = gateway.delivery(sent["id"])
    assert parked["state"] == "parked"
    assert why in parked["error"]


def test_first_mails_can_be_switched_off(gateway, submit):
    gateway.desk.settings = replace(gateway.desk.settings, submission_opens=False)
    assert submit(to=[NEW])["state"] == "pending"
    assert gateway.rows("ticket") == []


def test_the_desks_own_address_may_stand_in_from(gateway, opened, thread, submit):
    sent = submit(From=f"Support <{SUPPORT}>", Reply_To=ALICE.address, **thread)
    assert sent["ticket_id"] == opened["ticket_id"]
    assert gateway.rows("message")[-1]["author"] == "alice"
    assert len(gateway.outbox("agent_reply")) == 1


def test_in_a_matter_of_their_own_an_agent_is_the_customer(gateway, submit):
    first = submit("My chair broke.", to=[SUPPORT], Subject="Chair", Message_ID="<c1@a.example>")
    assert (first["state"], ticket_of(gateway, first).requester) == ("opened", ALICE.address)
    facts = {"Subject": "Chair", "In_Reply_To": "<c1@a.example>", "Message_ID": "<c2@a.example>"}
    more = submit("The leg, that is.", to=[SUPPORT], **facts)
    assert more["ticket_id"] == first["ticket_id"]
    assert [row["side"] for row in gateway.rows("message")] == ["client", "client"]


def test_a_forwarded_mail_opens_the_customers_ticket(gateway, submit):
    text = f"See to it.\n\n-------- Forwarded Message --------\nFrom: {NEW}\nSubject: Lamp\n"
    sent = submit(
        f"{text}Date: Mon, 2 Mar 2026 09:00:00 +0000\nTo: {ALICE.address}\n\nIt broke.",
        to=[SUPPORT],
        Subject="Fwd: Lamp",
    )
    assert sent["state"] == "opened"
    assert ticket_of(gateway, sent).requester == NEW


def test_who_is_no_agent_any_more_has_no_powers(gateway, opened, thread, submit):
    sent = submit(by=replace(ALICE, name="zoe"), **thread)
    assert sent["state"] == "pending"
    assert "there is no agent zoe any more" in gateway.rows("mail_delivery")[-1]["error"]
    assert gateway.outbox("agent_reply") == []


def test_a_rehearsal_knows_the_login_and_keeps_nothing(gateway, opened, thread):
    raw = gateway.raw("/asign bob", sender=ALICE.address, to=CUSTOMER, **thread)
    mail = Incoming(raw, ALICE.address, (CUSTOMER,), gateway.now, "alice", "submission")

    def tried(mail):
        return rehearse(gateway.desk, gateway.worker._reader, gateway.signer, mail, "support")

    assert tried(mail).ending.word == "command_refused"
    assert objection(tried, mail).startswith("/asign bob: there is no command /asign; right: ")
    raw = gateway.raw("/assign bob", sender=EVE, to=CUSTOMER, **thread)
    assert objection(tried, replace(mail, raw=raw)).startswith("its From must be alice@")
    raw = gateway.raw("/assign bob", sender=ALICE.address, to=CUSTOMER, **thread)
    assert objection(tried, replace(mail, raw=raw)) is None
    assert ticket_of(gateway, opened).assignee is None
    mark = gateway.outbox("received")[0]["rfc_id"]
    raw = gateway.raw("x", sender=ALICE.address, to=CUSTOMER, Message_ID=mark)
    assert objection(tried, replace(mail, raw=raw)).startswith("it is a mail of the desk's own")
    assert gateway.outbox("command_refused") == []


def test_a_rehearsal_tells_what_would_come_with_others(gateway, opened, thread):
    gateway.desk.settings = replace(gateway.desk.settings, burst=0)
    raw = gateway.raw("/assign bob", sender=ALICE.address, to=CUSTOMER, **thread)
    mail = Incoming(raw, ALICE.address, (CUSTOMER,), gateway.now, "alice", "submission")
    reader, signer = gateway.worker._reader, gateway.signer
    done = rehearse(gateway.desk, reader, signer, mail, "support")
    told = {row["notice"]: (row["state"], row["reason"]) for row in done.notices}
    assert told["assigned"] == ("suppressed", "told with others in one mail")
    assert told["joined"] == ("ready", None)


def test_nobody_is_taken_off_a_ticket_by_the_answer_to_them(gateway, opened, thread, submit):
    submit("/requester dave@customer.example\nHello.", **thread)
    assert gateway.outbox("agent_reply") == []
    (told,) = gateway.outbox("command_refused")
    assert "would take part no more" in told["context"]["commands"][0]["reason"]
    assert gateway.ticket(opened["ticket_id"]).requester == CUSTOMER
