"""From a stored mail to what the desk knows: every kind of mail ends in exactly one state."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.events import Close
from mailgate.domain.model import Actor, ActorKind, ClosedBy, Priority, Status
from mailgate.errors import Refused
from mailgate.intake import worker
from mailgate.intake.authentication import Authenticator
from mailgate.intake.inbox import Incoming
from mailgate.mail.border import Border
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import ADMIN, ALICE, CUSTOMER, settings
from tests.intake.desk import EVE, SUPPORT, Gateway


def test_a_customers_first_mail_opens_a_ticket(gateway, opened):
    assert opened["state"] == "opened"
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.number, ticket.subject, ticket.requester, ticket.status) == (
        "TKT-2026-00001",
        "Printer",
        CUSTOMER,
        Status.NEW,
    )
    assert [row["recipient"] for row in gateway.outbox("received")] == [CUSTOMER]


def test_the_database_learns_from_the_first_mails_and_not_again(gateway, monkeypatch):
    learnt = []
    monkeypatch.setattr(worker, "_ENOUGH", 2)
    monkeypatch.setattr(worker.audit, "learn", lambda _: learnt.append(gateway.worker._taken))
    for n in range(4):
        gateway.mail(f"Mail {n}", Subject=f"Matter {n}")
    assert learnt == [2]


def test_the_number_in_the_subject_brings_an_answer_to_its_ticket(gateway, opened):
    row = gateway.mail("More.", Subject="AW: Fwd: [tkt-2026-00001] Printer")
    assert (row["state"], row["ticket_id"]) == ("threaded", opened["ticket_id"])
    assert row["verdict"]["rung"] == "number"


def test_a_reference_to_a_mail_we_have_seen_is_enough(gateway, opened):
    row = gateway.mail("More.", Subject="other", In_Reply_To="<m1@customer.example>")
    assert (row["state"], row["ticket_id"]) == ("threaded", opened["ticket_id"])


def test_a_reference_to_a_mail_we_have_sent_is_enough(gateway, opened):
    sent = gateway.outbox("received")[0]["rfc_id"]
    row = gateway.mail("More.", Subject="other", References=f"<x@y.example> {sent}")
    assert (row["state"], row["ticket_id"]) == ("threaded", opened["ticket_id"])


def test_a_stranger_with_a_guessed_number_gets_a_new_ticket_that_names_the_old_one_to_staff_only(
    gateway, opened
):
    row = gateway.mail("Let me in.", sender=EVE, Subject="Re: [TKT-2026-00001]")
    assert row["state"] == "opened"
    assert row["ticket_id"] != opened["ticket_id"]
    told = [r for r in gateway.rows("outbox") if r["ticket_id"] == row["ticket_id"]]
    for notice in told:
        named = "TKT-2026-00001" in (notice["context"]["note"] or "")
        assert named == (notice["role"] != "customer")


def test_somebody_else_on_a_known_thread_is_heard_and_gets_nothing(gateway, opened):
    sent = gateway.outbox("received")[0]["rfc_id"]
    before = len(gateway.rows("outbox"))
    row = gateway.mail("I am her colleague.", sender=EVE, In_Reply_To=sent)
    assert (row["state"], row["ticket_id"]) == ("threaded", opened["ticket_id"])
    assert row["verdict"]["other_address"]
    assert gateway.rows("message")[-1]["other_address"]
    assert EVE not in {r["recipient"] for r in gateway.rows("outbox")[before:]}
    assert gateway.ticket(opened["ticket_id"]).participants == ()


def test_two_mails_of_one_batch_thread_to_each_other(gateway):
    first, second = gateway.keep("one"), gateway.keep("two", In_Reply_To="<m1@customer.example>")
    gateway.worker.run_once()
    assert gateway.delivery(first)["ticket_id"] == gateway.delivery(second)["ticket_id"]
    assert len(gateway.rows("ticket")) == 1


def test_the_same_mail_by_another_way_is_suppressed(gateway, opened):
    raw = gateway.rows("mail")[0]["raw"]
    again = Incoming(b"Received: from x\r\n" + raw, "", (SUPPORT,), gateway.now, "::1", "pipe")
    id_ = gateway.inbox.put(again)
    gateway.worker.run_once()
    assert gateway.delivery(id_)["state"] == "suppressed"
    assert len(gateway.rows("message")) == 1


def test_an_agents_answer_to_the_signed_address_goes_to_the_customer(gateway, opened):
    row = gateway.agent("Have you tried turning it off?")
    assert row["state"] == "threaded"
    assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING
    reply = gateway.outbox("agent_reply")
    assert [(r["recipient"], r["automatic"]) for r in reply] == [(CUSTOMER, False)]
    message = gateway.rows("message")[-1]
    assert (message["author"], message["side"], message["kind"]) == ("alice", "system", "public")


def test_somebody_else_with_an_agents_signed_address_is_not_that_agent(gateway, opened):
    row = gateway.mail("/close\nmine now", sender=EVE, to=gateway.reply_address())
    assert gateway.ticket(opened["ticket_id"]).status is not Status.CLOSED
    assert gateway.outbox("agent_reply") == []
    assert row["state"] in ("threaded", "opened")


def test_commands_on_top_are_carried_out_and_cut(gateway, opened):
    row = gateway.agent("/take\n/priority high\n/tag vip, printer\nWe are on it.")
    ticket = gateway.ticket(opened["ticket_id"])
    assert row["state"] == "threaded"
    assert (ticket.assignee, ticket.priority, ticket.tags, ticket.status) == (
        "alice",
        Priority.HIGH,
        ("printer", "vip"),
        Status.WAITING,
    )
    assert gateway.rows("message")[-1]["text"] == "We are on it."


def test_an_agent_takes_a_ticket_one_level_up_and_the_customer_hears_only_the_answer(
    gateway, opened
):
    gateway.agent("/escalate he calls: every hour\nWe are on it.")
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.escalation_level, ticket.escalation_reason) == (1, "he calls: every hour")
    assert ticket.escalated_to is None
    (told,) = gateway.outbox("escalated")
    assert told["recipient"] == ADMIN
    assert told["context"]["note"] == "he calls: every hour"
    assert gateway.rows("message")[-1]["text"] == "We are on it."
    gateway.agent("/close\n/escalate")
    assert gateway.ticket(opened["ticket_id"]).escalation_level == 0
    gateway.agent("/escalate")
    assert "escalated is not possible" in str(gateway.outbox("command_refused")[-1]["context"])


def test_administrators_set_the_times_of_a_ticket_and_other_agents_where_they_may(gateway, opened):
    gateway.agent("/threshold system=1h client=6h close=12h\nWe are on it.")
    (told,) = gateway.outbox("command_refused")
    assert "only an administrator may set the times of a ticket" in str(told["context"])
    assert gateway.ticket(opened["ticket_id"]).own_times == ()
    gateway.desk.settings = replace(gateway.desk.settings, agents_set_times=True)
    gateway.agent("/threshold system=1h client=6h close=12h")
    own = gateway.ticket(opened["ticket_id"]).own_times
    assert own == (("auto_close", 43_200), ("client", 21_600), ("system", 3_600))
    staff = replace(gateway.desk.settings.staff, admins=(ADMIN, ALICE.address))
    gateway.desk.settings = replace(gateway.desk.settings, agents_set_times=False, staff=staff)
    gateway.agent("/threshold none")
    assert gateway.ticket(opened["ticket_id"]).own_times == ()


def test_how_another_system_has_it_is_what_agents_say_and_never_customers(gateway, opened):
    gateway.mail("/ref shop:4711 paid", Subject="Re: [TKT-2026-00001] Printer")
    assert gateway.ticket(opened["ticket_id"]).records == ()
    gateway.agent("/ref shop:4711 shipped")
    (record,) = gateway.ticket(opened["ticket_id"]).records
    assert (record.record, record.state) == ("shop:4711", "shipped")
    before = len(gateway.rows("event"))
    again = gateway.agent("/ref shop:4711 shipped\n/ref shop:4711")
    assert (again["state"], len(gateway.rows("event"))) == ("commands_only", before)


MACROS = {"thanks": "Thank you, {}.", "sign": "Yours, Alice"}


def canned(name, language, facts):
    """Stand in for a folder of macros."""
    if name not in MACROS:
        raise Refused(f"there is no macro {name!r}")
    return MACROS[name].format(f"{facts['ticket']['number']} {language} {facts['agent']['name']}")


def test_a_macro_is_what_the_agent_says_in_place_of_its_line(gateway, opened):
    gateway.desk.settings = replace(gateway.desk.settings, macro=canned)
    gateway.agent("/macro thanks\n/priority high\n/macro sign\n\n  And:\n  more of mine.")
    said = "Thank you, TKT-2026-00001 en Alice.\n\nYours, Alice\n\n  And:\n  more of mine."
    assert gateway.rows("message")[-1]["text"] == said
    assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING
    (reply,) = gateway.outbox("agent_reply")
    assert reply["message_id"] == gateway.rows("message")[-1]["id"]


def test_a_macro_alone_is_an_answer_a_note_or_the_resolution(gateway, opened):
    gateway.desk.settings = replace(gateway.desk.settings, macro=canned)
    assert gateway.agent("/macro sign")["state"] == "threaded"
    assert len(gateway.outbox("agent_reply")) == 1
    gateway.agent("/note: for us\n/macro sign")
    note = gateway.rows("message")[-1]
    assert (note["kind"], note["text"]) == ("note", "for us\n\nYours, Alice")
    gateway.agent("/resolve\n/macro sign")
    assert gateway.rows("message")[-1]["resolution"]
    assert len(gateway.outbox("agent_reply")) == 1


def test_a_macro_that_is_not_there_brings_the_mail_back_and_nothing_is_sent(gateway, opened):
    gateway.agent("/macro thanks\n/take\nHello")
    (told,) = gateway.outbox("command_refused")
    (line,) = told["context"]["commands"]
    assert line["reason"] == "there is no macro 'thanks', nor any other"
    assert (line["line"], line["form"]) == ("/macro thanks", "/macro name")
    assert gateway.outbox("agent_reply") == []
    assert gateway.ticket(opened["ticket_id"]).assignee is None
    gateway.desk.settings = replace(gateway.desk.settings, macro=canned)
    gateway.agent("/macro sign: with regards")
    assert "a macro takes no note" in str(gateway.outbox("command_refused")[-1]["context"])
    gateway.agent("/spam\n/macro sign")
    assert "would go to the sender of the spam" in str(gateway.outbox("command_refused")[-1])


def test_what_a_ticket_is_and_who_hears_of_it_is_said_on_top(gateway, opened):
    gateway.desk.settings = replace(gateway.desk.settings, categories=("general", "billing"))
    gateway.agent("/kind dispute\n/category billing\n/follow")
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.kind, ticket.category, ticket.followers) == ("dispute", "billing", ("alice",))
    gateway.agent("/category biling")
    (told,) = gateway.outbox("command_refused")
    assert "no category 'biling'; did you mean billing?" in str(told["context"])
    gateway.agent("/spam\n/unfollow")
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.status, ticket.disposition, ticket.followers) == ("closed", "spam", ())


def test_a_mail_of_commands_only_never_goes_to_the_customer(gateway, opened):
    row = gateway.agent("/assign bob")
    assert row["state"] == "commands_only"
    assert gateway.ticket(opened["ticket_id"]).assignee == "bob"
    assert gateway.outbox("agent_reply") == []
    assert [r["recipient"] for r in gateway.outbox("assigned")] == ["bob@agents.example"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/asign bob\nHello", "there is no command /asign"),
        ("/assign bobb\nHello", "there is no agent 'bobb'; did you mean bob?"),
        ("/assign team:nobody\nHello", "there is no team 'nobody'"),
        ("/priority asap\nHello", "there is no priority 'asap'"),
        ("/priority high\n/reopen\nHello", "reopened is not possible"),
        ("", "the mail is empty"),
        ("Hello\n/note he shouts", "it stands below text, where no command counts"),
        ("/spam\n/resolve", "with it the sender of the spam would hear from us"),
        ("/spam\nHello", "the text below it would go to the sender of the spam"),
        ("/withdraw he found it\n/resolve", "who has taken the matter back would hear from us"),
        ("/withdraw\nHello", "the text below it would go to who has taken the matter back"),
        ("Hello\n - /close", "it stands below text, where no command counts"),
    ],
)
def test_a_refused_command_comes_back_and_nothing_else_happens(gateway, opened, text, reason):
    before = gateway.ticket(opened["ticket_id"])
    row = gateway.agent(text)
    assert row["state"] == "commands_only"
    assert gateway.ticket(opened["ticket_id"]) == before
    assert gateway.outbox("agent_reply") == []
    refused = gateway.outbox("command_refused")[0]
    assert refused["recipient"] == ALICE.address
    assert reason in str(refused["context"]["commands"])
    assert refused["context"]["reply_address"]
    if "Hello" in text:
        assert "Hello" in refused["context"]["message"]["text"]


@pytest.mark.parametrize("text", ["/note\nHe shouts.", "/note He shouts.", "/note: He shouts."])
def test_a_note_stays_inside(gateway, opened, text):
    gateway.agent(text)
    message = gateway.rows("message")[-1]
    assert (message["kind"], message["text"]) == ("note", "He shouts.")
    assert gateway.ticket(opened["ticket_id"]).status is Status.OPEN
    assert gateway.outbox("agent_reply") == []


@pytest.mark.parametrize("text", ["/note\nHe shouts.\n/close", "/take\n/note\nSee:\n/close"])
def test_what_stands_below_a_note_is_part_of_it(gateway, opened, text):
    row = gateway.agent(text)
    assert row["state"] == "threaded"
    assert gateway.rows("message")[-1]["text"].endswith("\n/close")
    assert gateway.ticket(opened["ticket_id"]).status is not Status.CLOSED


def test_a_mail_to_the_note_address_stays_inside(gateway, opened):
    to = gateway.reply_address(kind="note_address")
    gateway.mail("He shouts.", sender=ALICE.address, to=to)
    assert gateway.rows("message")[-1]["kind"] == "note"
    assert gateway.outbox("agent_reply") == []


def test_resolve_with_text_sends_it_as_the_resolution(gateway, opened):
    gateway.agent("/resolve\nIt was unplugged.")
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.status, ticket.first_response_at) == (Status.RESOLVED, gateway.now)
    resolved = gateway.outbox("resolved")[0]
    message = gateway.rows("message")[-1]
    assert (message["resolution"], resolved["message_id"]) == (True, message["id"])
    assert gateway.outbox("agent_reply") == []


def test_thanks_of_the_requester_confirm_and_those_of_another_address_do_not(gateway, opened):
    gateway.agent("/resolve\nIt was unplugged.")
    gateway.mail("Thanks a lot!", sender=EVE, In_Reply_To="<m1@customer.example>")
    assert gateway.ticket(opened["ticket_id"]).status is Status.RESOLVED
    gateway.mail("Thanks a lot!", In_Reply_To=gateway.outbox("resolved")[-1]["rfc_id"])
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.status, ticket.closed_by) == (Status.CLOSED, ClosedBy.CUSTOMER)


def test_any_mail_to_the_confirm_address_of_this_resolution_confirms(gateway, opened):
    gateway.agent("/resolve\nIt was unplugged.")
    to = gateway.outbox("resolved")[0]["context"]["confirm_address"]
    gateway.mail("confirm", to=to)
    assert gateway.ticket(opened["ticket_id"]).closed_by is ClosedBy.CUSTOMER


def test_words_to_the_confirm_address_of_a_resolution_that_is_over_are_heard(gateway, opened):
    gateway.agent("/resolve\nIt was unplugged.")
    to = gateway.outbox("resolved")[0]["context"]["confirm_address"]
    gateway.mail("It smokes.", In_Reply_To=gateway.outbox("resolved")[-1]["rfc_id"])
    gateway.agent("Unplug it again.")
    assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING
    for nothing in ("", "Thank you!"):
        gateway.mail(nothing, to=to)
        assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING
    gateway.mail("It is unplugged, and smokes.", to=to)
    assert gateway.ticket(opened["ticket_id"]).status is Status.OPEN
    gateway.agent("/resolve\nIt is put out.")
    gateway.mail("It smokes still.", to=to)
    assert gateway.ticket(opened["ticket_id"]).status is Status.REOPENED


def test_an_agent_with_a_matter_of_their_own_is_a_customer(gateway):
    row = gateway.mail("My chair is broken.", sender=ALICE.address, Subject="Chair")
    assert row["state"] == "opened"
    again = gateway.mail("Still.", sender=ALICE.address, Subject="Re: [TKT-2026-00001] Chair")
    assert (again["state"], again["ticket_id"]) == ("threaded", row["ticket_id"])


def test_what_a_machine_writes_is_recorded_and_moves_nothing(gateway, opened):
    gateway.agent("Hello")
    before = gateway.ticket(opened["ticket_id"])
    row = gateway.mail(
        "I am away.", Auto_Submitted="auto-replied", In_Reply_To="<m1@customer.example>"
    )
    assert (row["state"], row["ticket_id"]) == ("threaded", opened["ticket_id"])
    after = gateway.ticket(opened["ticket_id"])
    assert (after.status, after.turn) == (before.status, before.turn)
    assert gateway.rows("message")[-1]["machine"]


def test_an_alert_on_no_known_thread_is_a_ticket_that_nobody_automatic_answers(gateway):
    row = gateway.mail("disk full", Auto_Submitted="auto-generated")
    assert row["state"] == "opened"
    assert gateway.outbox("received") == []
    assert gateway.outbox("new_message") != []


def test_our_own_mail_come_back_is_suppressed(gateway, opened):
    row = gateway.mail("x", X_Mailgate_Loop=gateway.signer.loop_mark())
    assert row["state"] == "suppressed"
    assert len(gateway.rows("ticket")) == 1


def test_a_bounce_is_filed_to_the_mail_it_is_about_and_staff_are_told_once(gateway, opened):
    gateway.agent("Hello")
    reply = gateway.outbox("agent_reply")[0]
    worker_of(gateway, Scripted()).drain()
    path = gateway.signer.bounce_address(SUPPORT, reply["id"], gateway.now)
    for _ in range(2):
        row = gateway.mail(
            "User unknown", sender="MAILER-DAEMON@mx.example", to=path, Subject="Undelivered"
        )
        assert (row["state"], row["ticket_id"]) == ("report", opened["ticket_id"])
    assert gateway.outbox("agent_reply")[0]["state"] == "never"
    assert len(gateway.outbox("undelivered")) == 3  # alice, bob and the administrator, once each
    assert len(gateway.rows("ticket")) == 1


def test_a_mail_without_from_is_a_ticket_too(gateway):
    row = gateway.mail("who am I", sender=None, From=None)
    assert row["state"] == "opened"
    assert gateway.outbox("received") == []


def test_a_closed_ticket_past_its_window_is_followed_by_one_new_ticket(database):
    gateway = Gateway(database, settings(reopen_window=timedelta(days=7)))
    old = gateway.mail("one")["ticket_id"]
    with gateway.desk.writing(gateway.now) as ledger:
        ledger.apply(old, Close(at=gateway.now, actor=Actor(ActorKind.AGENT, "alice")))
    gateway.now += timedelta(days=8)
    first = gateway.mail("again", Subject="Re: [TKT-2026-00001]")
    second = gateway.mail("and again", Subject="Re: [TKT-2026-00001]")
    assert (first["state"], second["state"]) == ("opened", "threaded")
    assert first["ticket_id"] == second["ticket_id"] != old
    assert gateway.ticket(first["ticket_id"]).follows == old
    assert gateway.ticket(old).status is Status.CLOSED


def test_what_the_border_says_of_a_sender_stands_in_the_verdict(gateway):
    border = Border(frozenset({"mx.desk.example"}), 1)
    reader = replace(gateway.worker._reader, authenticator=Authenticator(border=border))
    gateway.worker._reader = reader
    crossed = "from out.customer.example ([192.0.2.7]) by mx.desk.example; x"
    row = gateway.mail(Received=crossed, Authentication_Results="mx.desk.example; dmarc=pass")
    assert row["verdict"]["trust"] == "strong"
    assert row["verdict"]["authentication"] == [
        "DMARC passed for the domain of From (RFC 7489 4.2)",
        "mx.desk.example says dmarc=pass",
    ]
