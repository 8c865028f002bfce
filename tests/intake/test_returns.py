"""Bounces, auto-replies and spam marks: what follows from them, and what must not."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mailgate.desk.clock import Clock
from mailgate.desk.verify import verify
from mailgate.domain.model import Status
from mailgate.intake.authentication import Authenticator
from mailgate.mail.parts import content
from mailgate.mail.trust import Authentication, Trust
from mailgate.store import aside, inbox, outbox, people, schema
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import ALICE, CUSTOMER
from tests.intake.desk import SUPPORT

REPORT = """\
This is the mail system.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Action: failed
Status: {status}
Diagnostic-Code: smtp; 550 {status} nobody of that name

--b
Content-Type: text/rfc822-headers

Message-ID: {mid}

--b--
"""


@pytest.fixture(autouse=True)
def _verified(gateway):
    yield
    with gateway.database.read() as connection:
        assert list(verify(connection, gateway.desk.settings, content)) == []


def returning(gateway, row, status="5.1.1", to=None):
    """Return what makes a mail by which the mail of an outbox row comes back."""
    path = to or gateway.signer.bounce_address(SUPPORT, row["id"], gateway.now)
    return {
        "text": "--b\nContent-Type: text/plain\n\n"
        + REPORT.format(to=row["recipient"], status=status, mid=row["rfc_id"]),
        "sender": "MAILER-DAEMON@mx.example",
        "to": path,
        "Subject": "Undelivered Mail Returned to Sender",
        "MIME_Version": "1.0",
        "Content_Type": 'multipart/report; report-type=delivery-status; boundary="b"',
    }


def bounce(gateway, row, status="5.1.1", to=None):
    """Let the mail of an outbox row leave and come back to its own return path, or to `to`."""
    worker_of(gateway, Scripted()).drain()
    return gateway.mail(**returning(gateway, row, status, to))


def reply(gateway, text="Water?"):
    """Let the agent answer, and return the row of the mail to the customer."""
    gateway.agent(text)
    return gateway.outbox("agent_reply")[-1]


def suspended(gateway):
    with gateway.database.read() as connection:
        return people.suspended(connection, 1, [CUSTOMER])


def states(gateway, notice):
    return [(row["state"], row["reason"]) for row in gateway.outbox(notice)]


# --- bounces --------------------------------------------------------------------------------------


def test_an_address_that_is_gone_gets_nothing_automatic_until_it_answers(gateway, opened):
    row = reply(gateway)
    assert bounce(gateway, row)["state"] == "report"
    assert list(suspended(gateway)) == [CUSTOMER]
    gateway.agent("/resolve")
    ((state, reason),) = states(gateway, "resolved")
    assert state == "suppressed"
    assert reason.startswith("the address has taken no mail since 2026-03-02: 5.1.1")
    gateway.mail("I am here.", Subject="Re: [TKT-2026-00001]")
    assert list(suspended(gateway)) == [CUSTOMER], "which anybody could have said"
    gateway.mail("I am here.", In_Reply_To=row["rfc_id"])
    assert suspended(gateway) == {}
    gateway.agent("/resolve")
    assert states(gateway, "resolved")[-1] == ("ready", None)


def test_a_mailbox_that_passes_mail_on_to_nobody_is_not_taken_for_gone(gateway, opened):
    row = reply(gateway)
    bounce(gateway, {**row, "recipient": "forwarded@elsewhere.example"})
    assert suspended(gateway) == {}
    assert gateway.outbox("agent_reply")[0]["state"] == "never"


def test_the_first_proved_mail_of_whoever_was_thought_gone_is_acknowledged(
    gateway, opened, monkeypatch
):
    bounce(gateway, reply(gateway))
    gateway.mail("Another matter.", Subject="New")
    held = gateway.outbox("received")[-1]
    assert (held["state"], held["stranger"]) == ("suppressed", False), "and not for their number"
    proved = Authentication(Trust.WEAK, ("dkim=pass",))
    monkeypatch.setattr(Authenticator, "authenticate", lambda *_: proved)
    gateway.mail("A third matter.", Subject="Newer")
    assert gateway.outbox("received")[-1]["state"] == "ready"


def test_what_an_agent_passes_on_brings_no_dead_address_to_life(gateway, opened, monkeypatch):
    bounce(gateway, reply(gateway))
    proved = Authentication(Trust.STRONG, ("dmarc=pass",))
    monkeypatch.setattr(Authenticator, "authenticate", lambda *_: proved)
    text = f"---------- Forwarded message ---------\nFrom: {CUSTOMER}\nSubject: Ink\n\nIt is gone."
    row = gateway.mail(text, sender=ALICE.address, Subject="Fwd: Ink")
    assert gateway.ticket(row["ticket_id"]).requester == CUSTOMER
    assert list(suspended(gateway)) == [CUSTOMER]


def test_a_forged_auto_reply_does_not_stop_the_clock(gateway, opened, monkeypatch):
    row = reply(gateway)
    forged = Authentication(Trust.FAILED, ("dmarc=fail",))
    monkeypatch.setattr(Authenticator, "authenticate", lambda *_: forged)
    auto_reply(gateway, "I am on holiday until 13 March 2026.", In_Reply_To=row["rfc_id"])
    assert gateway.ticket(opened["ticket_id"]).not_before is None


def test_an_agents_answer_to_a_suspended_address_is_tried_and_told_each_time(gateway, opened):
    bounce(gateway, reply(gateway))
    again = reply(gateway, "Hello?")
    assert again["state"] == "ready"
    bounce(gateway, again)
    told = [row["recipient"] for row in gateway.outbox("undelivered")]
    assert told.count(ALICE.address) == 2


def test_where_a_status_tells_but_its_class_the_words_of_the_server_suspend(gateway, opened):
    bounce(gateway, reply(gateway), "5.0.0\nDiagnostic-Code: smtp; 550-5.1.1 no such user")
    assert list(suspended(gateway)) == [CUSTOMER]


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "5.6.0"])
def test_a_failure_that_is_not_about_the_address_suspends_nobody(gateway, opened, status):
    bounce(gateway, reply(gateway), status)
    assert suspended(gateway) == {}
    assert gateway.outbox("agent_reply")[0]["state"] == "never"


def test_a_forged_bounce_silences_nobody(gateway, opened):
    row = reply(gateway)
    forged = gateway.signer.bounce_address(SUPPORT, row["id"], gateway.now)
    altered = forged.replace("@", "x@")
    assert bounce(gateway, row, to=SUPPORT)["state"] == "report"
    assert bounce(gateway, row, to=altered)["state"] == "report"
    assert suspended(gateway) == {}
    assert gateway.outbox("agent_reply")[0]["state"] == "sent"
    assert gateway.outbox("undelivered") == []
    says = [r["verdict"]["says"] for r in gateway.rows("mail_delivery") if r["state"] == "report"]
    assert says[0].endswith("without the return path that proves it")


def test_a_bounce_that_comes_late_does_not_end_what_a_person_has_put_back(gateway, opened):
    row = reply(gateway)
    bounce(gateway, row, "5.2.2")
    with gateway.database.write() as connection:
        assert outbox.release(connection, 1, [row["id"]], gateway.now) == 1
    late = gateway.keep(**returning(gateway, row, "4.4.7"))
    gateway.worker.run_once()
    assert gateway.outbox("agent_reply")[0]["state"] == "ready"
    assert gateway.delivery(late)["verdict"]["says"].endswith("of which nothing is on its way")
    assert len({r["event_id"] for r in gateway.outbox("undelivered")}) == 1


def test_two_bounces_of_one_mail_in_one_batch_are_one_failure(gateway, opened):
    row = reply(gateway)
    worker_of(gateway, Scripted()).drain()
    for status in ("5.1.1", "5.2.2"):
        gateway.keep(**returning(gateway, row, status))
    gateway.worker.run_once()
    assert gateway.outbox("agent_reply")[0]["reason"].startswith("5.1.1")
    assert len({r["event_id"] for r in gateway.outbox("undelivered")}) == 1


def test_what_is_put_back_while_its_bounce_is_decided_on_is_decided_again(
    gateway, opened, monkeypatch
):
    row = reply(gateway)
    worker_of(gateway, Scripted()).drain()
    failed = outbox.failed

    def first_somebody_else(connection, tenant_id, reasons, now):
        monkeypatch.setattr(outbox, "failed", failed)
        connection.execute(update(schema.outbox).values(state="ready", began_at=None))
        return failed(connection, tenant_id, reasons, now)

    monkeypatch.setattr(outbox, "failed", first_somebody_else)
    id_ = gateway.keep(**returning(gateway, row, "5.2.2"))
    gateway.worker.run_once()
    assert gateway.delivery(id_)["state"] == "report"
    assert gateway.outbox("agent_reply")[0]["state"] == "never", "what the other did was undone too"


def test_bounces_of_the_gateways_own_words_are_told_once_for_a_ticket(gateway, opened):
    gateway.agent("/resolve")
    received, resolved = gateway.outbox("received")[0], gateway.outbox("resolved")[0]
    for row in (received, resolved):
        bounce(gateway, row, "5.2.2")
    told = [row["recipient"] for row in gateway.outbox("undelivered")]
    assert len(told) == len(set(told)) > 0


def test_a_bounce_of_a_notice_to_an_agent_tells_nobody(gateway, opened):
    before = len(gateway.rows("outbox"))
    row = next(r for r in gateway.rows("outbox") if r["recipient"] == ALICE.address)
    bounce(gateway, row)
    assert len(gateway.rows("outbox")) == before
    assert gateway.outbox(row["notice"])[0]["state"] == "never"


def test_a_bounce_opens_no_ticket(gateway, opened):
    tickets = len(gateway.rows("ticket"))
    bounce(gateway, reply(gateway))
    gateway.mail("gone", sender="MAILER-DAEMON@mx.example", Subject="Returned mail")
    assert len(gateway.rows("ticket")) == tickets


# --- auto-replies ---------------------------------------------------------------------------------


def auto_reply(gateway, text, **headers):
    given = {"Auto_Submitted": "auto-replied", "Subject": "Re: [TKT-2026-00001]"} | headers
    return gateway.mail(text, **given)


def test_an_auto_reply_changes_neither_turn_nor_state_nor_owner(gateway, opened):
    for commands in ("Water?", "/resolve", "/close"):
        gateway.agent(commands)
        before = gateway.ticket(opened["ticket_id"])
        assert auto_reply(gateway, f"I am away. {commands}")["state"] == "threaded"
        after = gateway.ticket(opened["ticket_id"])
        assert (after.status, after.turn, after.assignee) == (
            before.status,
            before.turn,
            before.assignee,
        )
    assert after.status is Status.CLOSED


def test_reminders_wait_for_the_return_that_an_auto_reply_tells(gateway, opened):
    row = reply(gateway)
    assert row["state"] == "ready"
    auto_reply(gateway, "I am on holiday until 13 March 2026.", In_Reply_To=row["rfc_id"])
    ticket = gateway.ticket(opened["ticket_id"])
    assert ticket.status is Status.WAITING
    assert ticket.not_before.isoformat() == "2026-03-14T09:00:00+00:00"
    clock = Clock(gateway.desk)
    assert clock.tick(gateway.now + timedelta(days=5)).steps == ()


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        ("mallory@elsewhere.example", "I am on holiday until 13 March 2026."),
        (CUSTOMER, "I am on holiday until 13 March 2036."),
        (CUSTOMER, "I am on holiday."),
    ],
)
def test_nobody_else_and_no_far_year_stops_the_clock(gateway, opened, sender, text):
    row = reply(gateway)
    auto_reply(gateway, text, sender=sender, In_Reply_To=row["rfc_id"])
    assert gateway.ticket(opened["ticket_id"]).not_before is None


def test_an_absence_that_nothing_proves_stops_no_clock(gateway, opened):
    reply(gateway)
    auto_reply(gateway, "I am on holiday until 13 March 2026.")
    assert gateway.ticket(opened["ticket_id"]).not_before is None


# --- quarantine -----------------------------------------------------------------------------------


def test_a_released_mail_is_processed_as_if_it_had_no_marks(gateway):
    row = gateway.mail("I need help.", X_Spam_Flag="YES")
    assert (row["state"], gateway.rows("ticket")) == ("quarantined", [])
    with gateway.database.write() as connection:
        assert aside.put_back(connection, 1, inbox.QUARANTINED, [row["id"]]) == 1
        assert aside.put_back(connection, 1, inbox.QUARANTINED, None) == 0
    gateway.worker.run_once()
    row = gateway.delivery(row["id"])
    assert (row["state"], row["verdict"]["kind"]) == ("opened", "person")
    assert len(gateway.outbox("received")) == 1


def test_quarantined_mails_of_people_who_are_known_are_marked(gateway, opened):
    gateway.mail("Thank you.", In_Reply_To=gateway.outbox("received")[0]["rfc_id"])
    gateway.mail("Buy!", sender="spam@elsewhere.example", X_Spam_Flag="YES")
    gateway.mail("Help!", sender=CUSTOMER, X_Spam_Flag="YES")
    with gateway.database.read() as connection:
        found = aside.set_aside(connection, 1, inbox.QUARANTINED)
    assert [(row["mail_from"], row["known"]) for row in found] == [
        ("spam@elsewhere.example", False),
        (CUSTOMER, True),
    ]
