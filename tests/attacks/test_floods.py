"""Loops and floods: what one sender, one machine or ten thousand names can make of a desk."""

from collections import Counter
from datetime import timedelta

import pytest
import structlog.testing

from mailgate import app as app_module
from mailgate import config as configuration
from mailgate.app import App
from mailgate.domain.events import Close
from mailgate.domain.model import Actor, ActorKind, Status
from mailgate.intake.authentication import Authenticator
from mailgate.mail.trust import Authentication, Trust
from tests.attacks.flood import mail
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER
from tests.intake.desk import EVE, SUPPORT
from tests.intake.wire import DESK

CEILING = 100  # acknowledgements an hour to unknown senders
MINUTE = timedelta(minutes=1)
OPENED = 10  # tickets an hour by one sender for whom nothing vouches


def to_customers(gateway):
    """Return the notices to customers that are not held back."""
    rows = gateway.rows("outbox")
    return [row for row in rows if row["role"] == "customer" and row["state"] != "suppressed"]


# --- guessing and forging in great numbers --------------------------------------------------------


@pytest.fixture
def many(long_form):
    """How many mails a flood has."""
    return 10_000 if long_form else 1_000


@pytest.mark.no_cover  # what it runs through is covered by the others, in a tenth of the time
@pytest.mark.torture
@pytest.mark.timeout(600)
def test_thousands_of_guessed_numbers_append_nothing(flood, many):
    flood.pour(mail(f"c{n}", f"c{n}@customer.example") for n in range(20))
    gateway = flood.gateway
    tickets = {row["id"]: row["version"] for row in gateway.rows("ticket")}
    before = Counter(row["ticket_id"] for row in gateway.rows("message"))
    guesses = (mail(n, EVE, f"Re: [TKT-2026-{n:05d}]") for n in range(many))
    flood.pour(guesses)
    after = Counter(row["ticket_id"] for row in gateway.rows("message"))
    assert {id_: after[id_] for id_ in tickets} == before
    rows = {row["id"]: row for row in gateway.rows("ticket")}
    assert {id_: rows[id_]["version"] for id_ in tickets} == tickets
    hers = [row for row in rows.values() if row["requester"] == EVE]
    assert len(hers) == OPENED, "and she could not flood the desk with tickets either"
    assert sum(after.values()) - sum(before.values()) == many, "not a word is lost"
    told = [row for row in gateway.rows("outbox") if row["recipient"] == EVE]
    assert {row["ticket_id"] for row in told} <= {row["id"] for row in hers}


@pytest.mark.no_cover  # what it runs through is covered by the others, in a tenth of the time
@pytest.mark.torture
@pytest.mark.timeout(600)
def test_thousands_of_forged_senders_bring_no_more_mail_than_the_ceiling(flood, many):
    flood.pour(mail(n, f"victim{n}@forged.example") for n in range(many))
    assert flood.states() == {"opened": many}
    assert len(flood.sent()) == CEILING
    held = [row for row in flood.gateway.outbox("received") if row["state"] == "suppressed"]
    assert len(held) == many - CEILING
    assert {row["reason"] for row in held} == {
        f"over the ceiling of {CEILING} acknowledgements an hour to unknown senders"
    }
    flood.gateway.now += timedelta(hours=1, seconds=1)
    flood.pour([mail("later", "late@forged.example")])
    assert len(flood.sent()) == CEILING + 1, "an hour later a stranger is heard again"


# --- machines that answer machines ----------------------------------------------------------------


def converse(gateway, answer, most=60):
    """Let a robot answer every mail that goes to it; return how many went, once there are none."""
    gateway.mail("Hello, anybody there?", sender=EVE, Subject="Hello")
    answered = 0
    while len(mails := to_customers(gateway)) > answered:
        assert answered < most, "they write for ever"
        answer(mails[answered])
        answered += 1
    return answered


def test_an_autoresponder_that_says_so_is_never_answered(gateway):
    def robot(notice):
        gateway.mail(
            "I am away.",
            sender=EVE,
            Subject=f"Auto: [{notice['context']['ticket']['number']}]",
            Auto_Submitted="auto-replied",
            In_Reply_To=notice["rfc_id"],
        )

    assert converse(gateway, robot) == 1


def test_an_autoresponder_without_any_header_comes_to_an_end_on_its_thread(gateway):
    def robot(notice):
        number = notice["context"]["ticket"]["number"]
        gateway.mail("I am away.", sender=EVE, Subject=f"Re: Hello [{number}]")

    assert converse(gateway, robot) == 1


def test_an_autoresponder_that_strips_thread_and_number_too_is_capped(gateway):
    def robot(_notice):
        gateway.mail("We got your mail.", sender=EVE, Subject="Your message")

    assert converse(gateway, robot) == OPENED


def test_a_bounce_of_an_acknowledgement_makes_no_ticket_and_no_mail(gateway, opened):
    received = gateway.outbox("received")[0]
    before = len(gateway.rows("outbox")), len(gateway.rows("ticket"))
    for _ in range(3):
        gateway.mail(
            f"Your mail to {CUSTOMER} could not be delivered.\r\n{received['rfc_id']}",
            sender="MAILER-DAEMON@mx.example",
            Subject="Undelivered Mail Returned to Sender",
            Auto_Submitted="auto-replied",
            Content_Type="text/plain",
        )
    assert to_customers(gateway) == [received]
    after = len(gateway.rows("outbox")), len(gateway.rows("ticket"))
    assert (after[0] - before[0], after[1]) == (0, before[1])


def test_bounces_of_notices_to_agents_notify_nobody(gateway, opened):
    rows = gateway.rows("outbox")
    staff = [row for row in rows if row["recipient"] in (ALICE.address, BOB.address, ADMIN)]
    assert len(staff) == 3
    worker_of(gateway, Scripted()).drain()
    for row in staff:
        path = gateway.signer.bounce_address(SUPPORT, row["id"], gateway.now)
        gateway.mail("full", sender="MAILER-DAEMON@mx.example", to=path, Subject="Undelivered")
    assert [row["id"] for row in gateway.rows("outbox")] == [row["id"] for row in rows]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-generated"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.elsewhere.example>"},
        {"X_Auto_Response_Suppress": "All"},
        {"sender": "MAILER-DAEMON@mx.example"},
        {"sender": "no-reply@elsewhere.example"},
    ],
)
def test_backscatter_is_not_made_of_what_no_person_wrote(gateway, headers):
    gateway.mail("Buy this.", **{"sender": EVE} | headers)
    assert to_customers(gateway) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sender": SUPPORT},
        {"sender": f"Support <{SUPPORT}>"},
        {"sender": "support+tkt-2026-00001@desk.example"},
        {"sender": EVE, "Reply_To": SUPPORT},
        {"sender": EVE, "Cc": SUPPORT},
    ],
)
def test_a_mail_from_ourselves_makes_no_loop(gateway, headers):
    gateway.mail("Hello, me.", **headers)
    mine = [row for row in to_customers(gateway) if row["recipient"] != EVE]
    assert mine == []
    assert len(to_customers(gateway)) <= 1


# --- too much at once -----------------------------------------------------------------------------


@pytest.mark.parametrize("count", [OPENED - 1, OPENED, OPENED + 1, OPENED + 3])
def test_a_sender_floods_one_ticket_and_not_the_desk(gateway, count):
    rows = [gateway.mail(f"Words {n}.", sender=EVE, Subject=f"Matter {n}") for n in range(count)]
    tickets = gateway.rows("ticket")
    assert len(tickets) == min(count, OPENED)
    assert [m["text"] for m in gateway.rows("message")] == [f"Words {n}." for n in range(count)]
    for n, row in enumerate(rows[OPENED:], OPENED):
        assert (row["state"], row["ticket_id"]) == ("threaded", tickets[-1]["id"])
        assert row["verdict"]["rung"] == "overflow"
        assert f"the sender opened {OPENED} tickets within an hour" in row["verdict"]["tried"][-1]
        event = gateway.rows("event")[-(count - n)]
        assert event["note"].startswith(f"“Matter {n}”, a new matter")
    assert len(to_customers(gateway)) == min(count, OPENED)


def test_a_flood_in_one_batch_is_counted_too(gateway):
    for n in range(OPENED + 5):
        gateway.keep(f"Words {n}.", sender=EVE, Subject=f"Matter {n}")
    gateway.worker.run_once()
    assert len(gateway.rows("ticket")) == OPENED
    assert len(gateway.rows("message")) == OPENED + 5


def test_a_flood_is_over_after_an_hour_and_nobody_else_is_held_up(gateway):
    for n in range(OPENED + 1):
        gateway.mail(sender=EVE, Subject=f"Matter {n}")
    assert gateway.mail("A word.", Subject="Mine")["state"] == "opened"
    gateway.now += timedelta(hours=1)
    assert gateway.mail(sender=EVE, Subject="Another day")["state"] == "opened"


def test_a_flood_of_a_machine_is_recorded_in_the_newest_ticket(gateway):
    alarm = {"sender": EVE, "Auto_Submitted": "auto-generated"}
    rows = [gateway.mail(f"Disk {n}.", Subject=f"Disk {n}", **alarm) for n in range(OPENED + 1)]
    assert [row["state"] for row in rows] == ["opened"] * OPENED + ["threaded"]
    assert rows[-1]["ticket_id"] == rows[-2]["ticket_id"]
    assert gateway.rows("message")[-1]["machine"]
    assert gateway.rows("event")[-1]["note"].startswith(f"“Disk {OPENED}”")


def test_a_flood_goes_into_an_open_ticket_or_opens_one_if_none_is_left(gateway):
    rows = [gateway.mail(sender=EVE, Subject=f"Matter {n}") for n in range(OPENED)]
    by = Actor(ActorKind.AGENT, "alice")

    def close(row):
        with gateway.desk.writing(gateway.now) as ledger:
            ledger.apply(row["ticket_id"], Close(at=gateway.now, actor=by))

    close(rows[-1])
    assert gateway.mail(sender=EVE, Subject="11")["ticket_id"] == rows[-2]["ticket_id"]
    assert gateway.ticket(rows[-1]["ticket_id"]).status is Status.CLOSED
    for row in rows[:-1]:
        close(row)
    assert gateway.mail(sender=EVE, Subject="12")["state"] == "opened"


@pytest.mark.parametrize(
    ("level", "tickets", "other"),
    [
        (Trust.STRONG, OPENED + 2, set()),
        (Trust.UNKNOWN, OPENED, {False}),
        (Trust.FAILED, OPENED, {True}),
    ],
)
def test_who_is_vouched_for_is_not_counted_and_who_is_forged_gets_nothing_more(
    gateway, monkeypatch, level, tickets, other
):
    monkeypatch.setattr(Authenticator, "authenticate", lambda *_: Authentication(level))
    rows = [gateway.mail(sender=EVE, Subject=f"Matter {n}") for n in range(OPENED + 2)]
    assert len(gateway.rows("ticket")) == tickets
    assert {row["verdict"]["other_address"] for row in rows[OPENED:]} == (other or {False})


def test_five_thousand_recipients_are_not_taken(connect, inbox):
    wire = connect(accepts=lambda _address: True).hello()
    assert wire.say("MAIL FROM:<>").startswith("250 ")
    answers = [wire.say(f"RCPT TO:<r{n}@desk.example>")[:3] for n in range(150)]
    assert Counter(answers) == {"250": 100, "452": 50}


def test_five_thousand_mails_a_minute_from_one_address_are_not_taken(connect, inbox):
    wire = connect(mails_per_minute=3, trusted_peers=()).hello()
    for _ in range(3):
        assert wire.mail().startswith("250 ")
    assert wire.say("MAIL FROM:<ann@customer.example>").startswith("450 4.7.1 ")
    assert len(inbox.mails) == 3


def test_a_message_id_claimed_in_advance_does_not_drop_the_real_mail(gateway):
    same = {"Message_ID": "<claimed@customer.example>"}
    gateway.mail("Nothing.", sender=EVE, **same)
    row = gateway.mail("My printer is on fire.", **same)
    assert row["state"] != "suppressed"
    assert gateway.rows("message")[-1]["text"] == "My printer is on fire."
    assert gateway.ticket(row["ticket_id"]).requester == CUSTOMER


def test_an_open_relay_is_not_what_we_are(connect, inbox):
    wire = connect().hello()
    assert wire.say(f"MAIL FROM:<{EVE}>").startswith("250 ")
    for shape in (
        "victim@elsewhere.example",
        f"@{DESK.partition('@')[2]}:victim@elsewhere.example",
        "victim%elsewhere.example@desk.example",
        '"victim@elsewhere.example"@desk.example',
        "victim@elsewhere.example@desk.example",
        "elsewhere.example!victim",
        "elsewhere.example!victim@desk.example",
        "victim@[192.0.2.1]",
        "victim",
        "",
    ):
        assert wire.say(f"RCPT TO:<{shape}>")[0] == "5", shape
    assert wire.say("DATA").startswith("503 ")
    assert inbox.mails == []


def test_an_alarm_tells_of_the_flood_once_an_hour_and_so_does_check(cli, monkeypatch):
    cli.set(limits__acknowledgements_to_strangers=1)
    app = App(configuration.load(cli.config, {}), {})
    start = app_module.now()
    for n in range(3):
        sender, raw = mail(n, f"victim{n}@forged.example")
        app.keep(raw, sender, [app.config.desk.address], "pipe")
    app.process()
    with structlog.testing.capture_logs() as lines:
        for minutes in (0, 1, 59):
            monkeypatch.setattr(app_module, "now", lambda m=minutes: start + m * MINUTE)
            app.clockwork.tick(app_module.now())
        monkeypatch.setattr(app_module, "now", lambda: start + 62 * MINUTE)
        app.clockwork.tick(app_module.now())
    app.close()
    monkeypatch.undo()
    told = [line for line in lines if line["event"] == "acknowledgements.held"]
    assert [(line["count"], line["limit"], line["log_level"]) for line in told] == [
        (2, 1, "warning")
    ]
    found = {each["check"]: each for each in cli.json("check")}
    assert found["flood"]["state"] == "warning"
    assert "2 acknowledgements to unknown senders were held back" in found["flood"]["says"]
