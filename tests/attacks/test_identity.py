"""Who wrote a mail, and what they may do by it: each test is named after what it prevents."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.config.schema import Config
from mailgate.desk.door import Desk
from mailgate.domain.events import Close, MergeInto
from mailgate.domain.model import Actor, ActorKind, Status
from mailgate.mail.trust import Trust
from tests.desk.conftest import ALICE, BOB, CUSTOMER, settings
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used
from tests.intake.conftest import gateway as gateway  # noqa: PLC0414 - a fixture that is used
from tests.intake.conftest import opened as opened  # noqa: PLC0414 - a fixture that is used
from tests.intake.conftest import trusted as trusted  # noqa: PLC0414 - a fixture that is used
from tests.intake.desk import EVE, SUPPORT, Gateway
from tests.store.databases import OTHER, add_other_tenant

DAVE = "dave@customer.example"
NUMBER = "TKT-2026-00001"
BELOW_STRONG = [Trust.UNKNOWN, Trust.WEAK]


def received(gateway, ticket_id):
    """What was sent to the customers' side of a ticket: (notice, recipient)."""
    return [
        (row["notice"], row["recipient"])
        for row in gateway.rows("outbox")
        if row["ticket_id"] == ticket_id and row["role"] == "customer"
    ]


def remarks(gateway, notice="new_message"):
    """What staff were told of the last mail, as kind -> about."""
    last = gateway.outbox(notice)[-1]
    return {remark["kind"]: remark["about"] for remark in last["context"]["remarks"]}


def close(gateway, ticket_id):
    with gateway.desk.writing(gateway.now) as ledger:
        ledger.apply(ticket_id, Close(at=gateway.now, actor=Actor(ActorKind.AGENT, "alice")))


# --- which ticket -------------------------------------------------------------------------------


def test_a_message_id_planted_by_a_customer_lets_no_stranger_into_the_ticket(gateway, opened):
    row = gateway.mail("Let me in.", sender=EVE, In_Reply_To="<m1@customer.example>")
    assert (row["state"], row["ticket_id"] != opened["ticket_id"]) == ("opened", True)
    assert row["verdict"]["mentions"] == [NUMBER]
    assert gateway.outbox("new_message")[-1]["context"]["note"] == NUMBER


def test_ten_thousand_guesses_would_change_nothing_since_a_guess_never_joins(gateway, opened):
    for n in range(1, 30):
        number = f"TKT-2026-{n:05d}"
        row = gateway.mail(f"guess {n}", sender=f"e{n}@elsewhere.example", Subject=f"Re: {number}")
        assert row["state"] == "opened"
    assert [m["ticket_id"] for m in gateway.rows("message")].count(opened["ticket_id"]) == 1


def test_a_message_id_claimed_in_advance_drops_no_mail(gateway):
    claimed = gateway.mail("I was first.", sender=EVE, Message_ID="<next@customer.example>")
    real = gateway.mail("The real one.", Message_ID="<next@customer.example>")
    assert (claimed["state"], real["state"]) == ("opened", "opened")
    assert claimed["ticket_id"] != real["ticket_id"]
    answer = gateway.mail("More.", In_Reply_To="<next@customer.example>", Subject="other")
    assert answer["ticket_id"] == real["ticket_id"], "each finds their own"
    theirs = gateway.mail("M.", sender=EVE, In_Reply_To="<next@customer.example>", Subject="o")
    assert theirs["ticket_id"] == claimed["ticket_id"]


def test_one_who_wrote_from_elsewhere_finds_their_own_mails_again(gateway, opened):
    sent = gateway.outbox("received")[0]["rfc_id"]
    gateway.mail("I am her colleague.", sender=EVE, In_Reply_To=sent)
    row = gateway.mail("One more thing.", sender=EVE, In_Reply_To="<m2@customer.example>")
    assert row["ticket_id"] == opened["ticket_id"]
    assert gateway.rows("message")[-1]["other_address"]


def test_a_topic_that_outlook_repeats_joins_nothing(gateway, opened):
    topic = {"Thread_Index": "AdBxQ1==", "Thread_Topic": f"Printer {NUMBER}"}
    gateway.mail("one", **topic)
    row = gateway.mail("two", Subject="Something else", **topic)
    assert row["state"] == "opened"
    assert row["ticket_id"] != opened["ticket_id"]


def test_the_number_of_another_desk_means_nothing_here(database):
    add_other_tenant(database)
    other = Gateway(database, settings())
    other.desk = Desk(database, replace(settings(), tenant_id=OTHER), other.signer)
    gateway = Gateway(database, settings())
    with other.desk.writing(gateway.now) as ledger:
        ticket = ledger.open(opening())
    assert ticket.number == NUMBER
    row = gateway.mail("mine?", Subject=f"Re: {NUMBER}")
    assert (row["state"], row["verdict"]["mentions"]) == ("opened", [])


def opening():
    from mailgate.domain.events import Opened
    from tests.desk.conftest import START

    actor = Actor(ActorKind.CUSTOMER, CUSTOMER)
    return Opened(at=START, actor=actor, number="", subject="x", requester=CUSTOMER)


def test_a_merged_ticket_loses_none_of_its_later_mail(gateway, opened):
    target = gateway.mail("Another matter.", sender=DAVE, Subject="Fire")["ticket_id"]
    with gateway.desk.writing(gateway.now) as ledger:
        actor = Actor(ActorKind.AGENT, "alice")
        ledger.apply(opened["ticket_id"], MergeInto(at=gateway.now, actor=actor, target=target))
    row = gateway.mail("More.", Subject=f"Re: {NUMBER}")
    assert (row["state"], row["ticket_id"]) == ("threaded", target)
    assert gateway.rows("message")[-1]["other_address"], "its people do not join"
    assert gateway.ticket(target).people == {DAVE}


def test_who_knows_an_old_thread_cannot_draw_its_customers_later_mails_to_himself(database):
    gateway = Gateway(database, settings(reopen_window=timedelta(days=7)))
    old = gateway.mail("one")["ticket_id"]
    sent = gateway.outbox("received")[0]["rfc_id"]
    close(gateway, old)
    gateway.now += timedelta(days=8)
    theirs = gateway.mail("I am Carol, really.", sender=EVE, In_Reply_To=sent)
    assert theirs["state"] == "opened"
    assert gateway.ticket(theirs["ticket_id"]).follows is None
    assert theirs["verdict"]["mentions"] == [NUMBER]
    mine = gateway.mail("again", In_Reply_To=sent)
    assert mine["state"] == "opened"
    assert gateway.ticket(mine["ticket_id"]).follows == old
    assert gateway.ticket(mine["ticket_id"]).requester == CUSTOMER


# --- trust --------------------------------------------------------------------------------------


def test_a_forged_requester_with_the_number_gets_a_new_ticket_and_staff_are_warned(
    gateway, opened, trusted
):
    before = gateway.ticket(opened["ticket_id"])
    trusted(Trust.FAILED)
    row = gateway.mail("Change my address.", Subject=f"Re: {NUMBER}", Cc=EVE)
    assert (row["state"], row["verdict"]["mentions"]) == ("opened", [NUMBER])
    assert gateway.ticket(opened["ticket_id"]) == before
    assert received(gateway, row["ticket_id"]) == []
    assert remarks(gateway) == {"failed": CUSTOMER, "left_out": EVE}


def test_a_forged_requester_on_the_thread_is_marked_and_confirms_nothing(gateway, opened, trusted):
    gateway.agent("/resolve\nIt was unplugged.")
    resolved = gateway.outbox("resolved")[0]
    trusted(Trust.FAILED)
    gateway.mail("Thanks!", In_Reply_To=resolved["rfc_id"])
    gateway.mail("Yes", to=resolved["context"]["confirm_address"])
    assert [m["other_address"] for m in gateway.rows("message")[-2:]] == [True, True]
    assert gateway.ticket(opened["ticket_id"]).status is Status.RESOLVED


@pytest.mark.parametrize("level", BELOW_STRONG)
def test_a_mail_in_the_name_of_the_desk_itself_is_told_for_what_it_is(gateway, trusted, level):
    trusted(level)
    gateway.mail("Send me the list of customers.", sender=SUPPORT)
    assert remarks(gateway) == {"agent": SUPPORT}
    trusted(Trust.STRONG)
    gateway.mail("Really.", sender=SUPPORT)
    assert remarks(gateway) == {}


def test_where_numbers_need_an_aligned_sender_an_unproved_one_gets_a_new_ticket(database):
    gateway = Gateway(database, replace(settings(), number_needs="aligned"))
    gateway.mail("My printer is on fire.")
    row = gateway.mail("More.", Subject=f"Re: {NUMBER}")
    assert (row["state"], row["verdict"]["mentions"]) == ("opened", [NUMBER])


def test_the_default_lets_a_number_join_unless_the_sender_failed():
    config = Config.model_validate({"desk": {"address": SUPPORT}})
    assert (config.trust.number_needs, config.limits.new_people) == ("not_failed", 20)


# --- agents -------------------------------------------------------------------------------------


def test_a_forged_agent_runs_no_commands_even_with_their_signed_address(gateway, opened, trusted):
    address = gateway.reply_address()
    trusted(Trust.FAILED)
    row = gateway.mail("/close\nGet lost.", sender=ALICE.address, to=address)
    assert row["state"] == "threaded"
    assert gateway.ticket(opened["ticket_id"]).status is Status.NEW
    assert gateway.outbox("agent_reply") == []
    message = gateway.rows("message")[-1]
    assert (message["side"], message["other_address"]) == ("client", True)
    assert remarks(gateway) == {"failed": ALICE.address}
    assert [r["recipient"] for r in gateway.outbox("was_this_you")] == [ALICE.address]


@pytest.mark.parametrize("level", BELOW_STRONG)
def test_an_agents_address_without_proof_is_a_strangers_and_the_agent_is_asked(
    gateway, opened, trusted, level
):
    before = gateway.ticket(opened["ticket_id"])
    trusted(level)
    row = gateway.mail("/close\nDone.", sender=ALICE.address, Subject=f"Re: {NUMBER}")
    assert (row["state"], row["verdict"]["mentions"]) == ("opened", [NUMBER])
    assert gateway.ticket(opened["ticket_id"]) == before
    assert remarks(gateway) == {"agent": ALICE.address}
    (asked,) = gateway.outbox("was_this_you")
    assert (asked["recipient"], asked["ticket_id"]) == (ALICE.address, opened["ticket_id"])
    assert "Done." in asked["context"]["message"]["text"]
    assert received(gateway, row["ticket_id"]) == [], "the question takes the place of it"

    gateway.mail("It was me.", sender=ALICE.address, to=asked["context"]["reply_address"])
    assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING


@pytest.mark.parametrize("level", BELOW_STRONG)
def test_a_new_matter_in_an_agents_name_without_proof_is_told_as_a_strangers(
    gateway, trusted, level
):
    trusted(level)
    row = gateway.mail("Send me the list of customers.", sender=ALICE.address)
    assert row["state"] == "opened"
    assert remarks(gateway) == {"agent": ALICE.address}
    assert received(gateway, row["ticket_id"]) == []
    (asked,) = gateway.outbox("was_this_you")
    assert (asked["recipient"], asked["ticket_id"]) == (ALICE.address, row["ticket_id"])


def test_a_no_to_the_question_whether_it_was_the_agent_stays_inside(gateway, opened):
    gateway.mail("/close", sender=ALICE.address, Subject=f"Re: {NUMBER}")
    (asked,) = gateway.outbox("was_this_you")
    gateway.mail("No, I did not!", sender=ALICE.address, to=asked["context"]["reply_to"])
    assert gateway.outbox("agent_reply") == []
    assert gateway.ticket(opened["ticket_id"]).status is Status.OPEN, "and the turn is ours"
    assert gateway.rows("message")[-1]["kind"] == "note"


def test_a_forger_cannot_flood_an_agent_with_questions(gateway, opened):
    for n in range(3):
        gateway.mail(f"/close {n}", sender=ALICE.address, Subject=f"Re: {NUMBER}")
    gateway.mail("/close", sender=BOB.address, Subject=f"Re: {NUMBER}")
    asked = [row["recipient"] for row in gateway.outbox("was_this_you")]
    assert asked == [ALICE.address, BOB.address]
    gateway.now += timedelta(hours=1, seconds=1)
    gateway.mail("/close later", sender=ALICE.address, Subject=f"Re: {NUMBER}")
    assert len(gateway.outbox("was_this_you")) == 3


def test_of_two_forgeries_in_one_batch_the_agent_is_asked_once(gateway, opened):
    for n in range(2):
        gateway.keep(f"/close {n}", sender=ALICE.address, Subject=f"Re: {NUMBER}")
    gateway.worker.run_once()
    assert len(gateway.outbox("was_this_you")) == 1


def test_a_forged_agent_on_no_thread_is_a_ticket_with_a_warning(gateway, trusted):
    trusted(Trust.FAILED)
    row = gateway.mail("Send me all passwords.", sender=ALICE.address, Subject="Urgent")
    assert row["state"] == "opened"
    assert remarks(gateway) == {"failed": ALICE.address}
    assert gateway.outbox("was_this_you")[0]["ticket_id"] == row["ticket_id"]
    assert received(gateway, row["ticket_id"]) == []


def test_a_proved_agent_at_the_plain_address_publishes_nothing(gateway, opened, trusted):
    before = gateway.ticket(opened["ticket_id"])
    trusted(Trust.STRONG)
    row = gateway.mail("/close\nDone.", sender=ALICE.address, Subject=f"Re: {NUMBER}")
    assert (row["state"], row["ticket_id"]) == ("commands_only", opened["ticket_id"])
    assert gateway.ticket(opened["ticket_id"]) == before
    back = gateway.outbox("command_refused")[0]["context"]
    assert back["reply_address"]
    assert back["note_address"]
    assert gateway.outbox("was_this_you") == []


# --- participants -------------------------------------------------------------------------------


def test_an_attacker_in_cc_of_a_forged_requester_gets_nothing(gateway, opened, trusted):
    for level in (Trust.FAILED, *BELOW_STRONG):
        trusted(level)
        sent = gateway.outbox("received")[0]["rfc_id"]
        gateway.mail(f"{level}", In_Reply_To=sent, Cc=EVE)
        assert remarks(gateway)["left_out"] == EVE
    assert gateway.ticket(opened["ticket_id"]).participants == ()
    gateway.agent("Your password is swordfish.")
    assert [row["recipient"] for row in gateway.outbox("agent_reply")] == [CUSTOMER]
    assert EVE not in {row["recipient"] for row in gateway.rows("outbox")}


def test_people_in_to_and_cc_of_a_proved_mail_get_the_answers_from_then_on(gateway, trusted):
    trusted(Trust.STRONG)
    ticket_id = gateway.mail("Printer.", Cc=f"Dave <{DAVE}>")["ticket_id"]
    gateway.agent("Which one?")
    gateway.mail("The red one.", Subject=f"Re: {NUMBER}", To=f"{SUPPORT}, erin@customer.example")
    ticket = gateway.ticket(ticket_id)
    assert ticket.participants == (DAVE, "erin@customer.example")
    assert ticket.joined_at("erin@customer.example") == gateway.now
    assert ticket.joined_at(CUSTOMER) is None
    gateway.agent("Thank you.")
    assert [row["recipient"] for row in gateway.outbox("agent_reply")] == [
        CUSTOMER,
        DAVE,
        CUSTOMER,
        DAVE,
        "erin@customer.example",
    ]
    row = gateway.mail("I agree.", sender=DAVE, Subject=f"Re: {NUMBER}")
    assert row["ticket_id"] == ticket_id
    assert not gateway.rows("message")[-1]["other_address"]


def test_a_participant_sees_nothing_older_than_their_joining(gateway, trusted):
    trusted(Trust.STRONG)
    gateway.mail("Printer.")
    answer = gateway.keep("An old answer.", sender=ALICE.address, to=gateway.reply_address())
    gateway.now += timedelta(minutes=1)
    copied = gateway.keep("With Dave.", Subject=f"Re: {NUMBER}", Cc=DAVE)
    with gateway.database.write() as connection:  # the answer is seen after the joining
        from sqlalchemy import update

        from mailgate.store import schema

        delivery = schema.mail_delivery
        later = gateway.now + timedelta(hours=1)
        connection.execute(
            update(delivery).where(delivery.c.id == answer).values(next_try_at=later)
        )
    gateway.worker.run_once()
    assert gateway.delivery(copied)["state"] == "threaded"
    gateway.now += timedelta(hours=2)
    gateway.worker.run_once()
    assert [row["recipient"] for row in gateway.outbox("agent_reply")] == [CUSTOMER]


def test_neither_staff_nor_ourselves_nor_robots_become_participants(gateway, trusted):
    trusted(Trust.STRONG)
    boxes = (SUPPORT, "support+x@desk.example", ALICE.address, "no-reply@shop.example", CUSTOMER)
    odd = ("MAILER-DAEMON@mx.example", "list-request@lists.example", "undisclosed")
    ticket_id = gateway.mail("x", To=", ".join((*boxes, *odd)))["ticket_id"]
    assert gateway.ticket(ticket_id).participants == ()


def test_no_more_than_the_limit_join_by_one_mail(gateway, trusted):
    trusted(Trust.STRONG)
    many = [f"p{n}@customer.example" for n in range(50)]
    ticket_id = gateway.mail("x", Cc=", ".join(many))["ticket_id"]
    assert gateway.ticket(ticket_id).participants == tuple(many[:20])
    assert remarks(gateway)["left_out"] == f"{', '.join(many[20:40])} (+10)"


def test_a_stranger_on_the_thread_brings_nobody_along(gateway, opened, trusted):
    trusted(Trust.STRONG)
    sent = gateway.outbox("received")[0]["rfc_id"]
    gateway.mail("Me too.", sender=EVE, In_Reply_To=sent, Cc="mallory@elsewhere.example")
    assert gateway.ticket(opened["ticket_id"]).participants == ()


def test_a_list_or_a_machine_brings_nobody_along(gateway, trusted):
    trusted(Trust.STRONG)
    for marks in ({"List_Id": "<all.example>"}, {"Auto_Submitted": "auto-generated"}):
        ticket_id = gateway.mail(str(marks), Subject="x", Cc=DAVE, **marks)["ticket_id"]
        assert gateway.ticket(ticket_id).participants == ()


def test_a_services_verification_mail_is_not_shown_to_who_opened_the_ticket(gateway, opened):
    sent = gateway.outbox("received")[0]["rfc_id"]
    gateway.mail(
        "Your code is 1234.", sender="verify@service.example", In_Reply_To=sent, Subject=NUMBER
    )
    (theirs,) = (row for row in gateway.rows("outbox") if row["role"] == "customer")
    assert theirs["message_id"] is None
    assert "1234" not in str(theirs["context"])


# --- names and answers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Ada Admin", "colleague"),
        ("Admin, Ada (Support)", "colleague"),
        ("alice@agents.example", "address"),
        ("\u0410da Admin", "scripts"),
        ("Ada\u200b Black", "hidden"),
    ],
)
def test_a_name_that_pretends_is_replaced_by_the_address(database, name, kind):
    ada = replace(ALICE, full_name="Ada Admin")
    staff = replace(settings().staff, agents=(ada,))
    gateway = Gateway(database, replace(settings(), staff=staff))
    row = gateway.mail("Pay at once.", sender=f'"{name}" <{EVE}>')
    ticket = gateway.ticket(row["ticket_id"])
    assert (ticket.requester, ticket.requester_name) == (EVE, "")
    assert gateway.rows("message")[0]["author_name"] == ""
    assert set(remarks(gateway)) == {kind}


def test_a_domain_that_looks_like_ours_is_named(gateway):
    gateway.mail("Hello", sender="bill@agents.examp1e")
    assert remarks(gateway) == {"domain": "agents.examp1e"}


def test_an_answer_wanted_elsewhere_is_told_to_staff_and_goes_to_the_sender(gateway):
    row = gateway.mail("Hello", Reply_To=f"Carol <{EVE}>")
    assert remarks(gateway) == {"reply_to": EVE}
    assert gateway.ticket(row["ticket_id"]).requester == CUSTOMER
    gateway.agent("Hello Carol")
    assert EVE not in {r["recipient"] for r in gateway.rows("outbox")}
    gateway.mail("Again", Subject="x", Reply_To="carol.home@customer.example")
    assert remarks(gateway) == {}


# --- what agents pass on ------------------------------------------------------------------------

PASSED_ON = (
    "Please look.\r\n\r\n---------- Forwarded message ---------\r\n"
    f"From: Dave Client <{DAVE}>\r\nDate: Mon, 2 Mar 2026\r\nSubject: Ink\r\n"
    f"To: <{ALICE.address}>\r\n\r\nThe ink is gone."
)


def forward(gateway, text=PASSED_ON, **headers):
    return gateway.mail(text, sender=ALICE.address, Subject="Fwd: Ink", **headers)


def test_a_mail_that_a_proved_agent_passes_on_belongs_to_its_customer(gateway, trusted):
    trusted(Trust.STRONG)
    row = forward(gateway)
    ticket = gateway.ticket(row["ticket_id"])
    assert (row["state"], ticket.requester, ticket.subject) == ("opened", DAVE, "Ink")
    assert ticket.requester_name == "Dave Client"
    first, note = gateway.rows("message")
    assert (first["text"], first["author"], first["side"]) == ("The ink is gone.", DAVE, "client")
    assert (note["text"], note["kind"], note["author"]) == ("Please look.", "note", "alice")
    assert remarks(gateway) == {"forwarded": "Alice"}
    assert DAVE not in {person["address"] for person in gateway.rows("contact")}
    (acknowledged,) = gateway.outbox("received")
    assert acknowledged["recipient"] == DAVE
    assert acknowledged["context"]["ticket"]["subject"] == "", "nothing proves it was his mail"
    assert received(gateway, ticket.id) == [("received", DAVE)]


@pytest.mark.parametrize("level", [Trust.FAILED, *BELOW_STRONG])
def test_who_only_claims_to_be_an_agent_opens_no_ticket_in_anothers_name(gateway, trusted, level):
    trusted(level)
    row = forward(gateway)
    assert gateway.ticket(row["ticket_id"]).requester == ALICE.address
    assert DAVE not in {r["recipient"] for r in gateway.rows("outbox")}


@pytest.mark.parametrize("author", [BOB.address, "support+x@desk.example", "nobody"])
def test_what_a_colleague_or_the_desk_wrote_is_no_customers_mail(gateway, trusted, author):
    trusted(Trust.STRONG)
    row = forward(gateway, PASSED_ON.replace(DAVE, author))
    assert gateway.ticket(row["ticket_id"]).requester == ALICE.address


def test_an_attached_mail_passed_on_keeps_its_thread(gateway, trusted):
    trusted(Trust.STRONG)
    inner = f"From: {DAVE}\r\nSubject: Ink\r\nMessage-ID: <ink@customer.example>\r\n\r\nGone."
    parts = f"--b\r\n\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    row = forward(gateway, parts, Content_Type='multipart/mixed; boundary="b"')
    ticket = gateway.ticket(row["ticket_id"])
    assert (ticket.requester, len(gateway.rows("message"))) == (DAVE, 1)
    again = gateway.mail("?", sender=DAVE, In_Reply_To="<ink@customer.example>", Subject="Ink")
    assert again["ticket_id"] == ticket.id
    assert not gateway.rows("message")[-1]["other_address"]
