"""From a stored mail to what the desk knows: every kind of mail ends in exactly one state."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import select

from mailgate.desk.ledger import Desk
from mailgate.domain.events import Close
from mailgate.domain.model import Actor, ActorKind, ClosedBy, Priority, Status
from mailgate.domain.numbers import NumberReader
from mailgate.domain.routing import Route, Routing
from mailgate.intake import sorting
from mailgate.intake.inbox import Inbox, Incoming
from mailgate.intake.reading import Reader
from mailgate.intake.worker import Worker
from mailgate.mail.parse import Limits
from mailgate.store import schema, tickets
from tests.desk.conftest import ALICE, CUSTOMER, START, settings
from tests.desk.conftest import database as database  # noqa: PLC0414 - the fixture of the desk's tests

SUPPORT = "support@desk.example"
EVE = "eve@elsewhere.example"


class Gateway:
    """Inbox and worker without threads, on a clock that the test moves."""

    def __init__(self, database, settings) -> None:
        from mailgate.mail.signer import Signer

        self.now = START
        self.database = database
        self.signer = Signer({"a": b"0123456789abcdef0123456789abcdef"}, "a", "desk.example")
        self.desk = Desk(database, settings, self.signer)
        routing = Routing({SUPPORT: Route("default", "support", SUPPORT)})
        self.inbox = Inbox(database, routing.find, lambda tenant: 1, lambda: None)
        reader = Reader(
            signer=self.signer,
            numbers=NumberReader([settings.number_format]),
            addresses=frozenset({SUPPORT}),
            own_lists=frozenset(),
            delimiter="+",
            limits=Limits(),
        )
        self.worker = Worker(self.desk, reader, self.signer, lambda: self.now, "test", lambda: None)
        self.count = 0

    def keep(self, text: str = "words", *, sender: str = CUSTOMER, to: str = SUPPORT, **headers):
        """Store one mail; header names with underscores, None leaves one out."""
        self.count += 1
        self.now += timedelta(seconds=1)
        given = {
            "From": sender,
            "To": to,
            "Subject": "Printer",
            "Message-ID": f"<m{self.count}@customer.example>",
            "Date": "Mon, 02 Mar 2026 09:00:00 +0000",
        }
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
        raw = ("\r\n".join([*lines, "", text]) + "\r\n").encode()
        mail_from = "" if headers.get("Auto_Submitted") else (sender or "")
        return self.inbox.put(Incoming(raw, mail_from, (to,), self.now, "127.0.0.1", "smtp"))

    def mail(self, text: str = "words", **headers):
        """Store and process one mail; return the row of its delivery."""
        id_ = self.keep(text, **headers)
        self.worker.run_once()
        return self.delivery(id_)

    def delivery(self, id_: int):
        return next(row for row in self.rows("mail_delivery") if row["id"] == id_)

    def rows(self, table: str) -> list:
        source = schema.metadata.tables[table]
        with self.database.read() as connection:
            found = connection.execute(select(source).order_by(*source.primary_key))
            return list(found.mappings())

    def ticket(self, id_: int):
        with self.database.read() as connection:
            return tickets.load(connection, 1, [id_])[id_]

    def outbox(self, notice: str) -> list:
        return [row for row in self.rows("outbox") if row["notice"] == notice]

    def reply_address(self, to: str = ALICE.address, kind: str = "reply_address") -> str:
        rows = [row for row in self.rows("outbox") if row["recipient"] == to]
        return rows[-1]["context"][kind]

    def agent(self, text: str, **headers):
        return self.mail(text, sender=ALICE.address, to=self.reply_address(), **headers)


@pytest.fixture
def gateway(database):
    return Gateway(database, settings())


@pytest.fixture
def opened(gateway):
    return gateway.mail("My printer is on fire.")


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
    before = len(gateway.rows("outbox"))
    row = gateway.mail("I am her colleague.", sender=EVE, In_Reply_To="<m1@customer.example>")
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
    gateway.mail("Thanks a lot!", Subject="Re: [TKT-2026-00001]")
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.status, ticket.closed_by) == (Status.CLOSED, ClosedBy.CUSTOMER)


def test_any_mail_to_the_confirm_address_of_this_resolution_confirms(gateway, opened):
    gateway.agent("/resolve\nIt was unplugged.")
    to = gateway.outbox("resolved")[0]["context"]["confirm_address"]
    gateway.mail("confirm", to=to)
    assert gateway.ticket(opened["ticket_id"]).closed_by is ClosedBy.CUSTOMER


def test_an_agent_at_the_plain_address_gets_the_mail_back_with_signed_ones(gateway, opened):
    before = gateway.ticket(opened["ticket_id"])
    row = gateway.mail("/close\nDone.", sender=ALICE.address, Subject="Re: [TKT-2026-00001]")
    assert row["state"] == "commands_only"
    assert gateway.ticket(opened["ticket_id"]) == before
    back = gateway.outbox("command_refused")[0]
    assert (back["recipient"], bool(back["context"]["note_address"])) == (ALICE.address, True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/priority high", "mail.commands_only"),
        ("/asign bob\nHello", "mail.command_refused"),
        ("Hello", "mail.threaded"),
    ],
)
def test_the_log_tells_a_refused_mail_of_an_agent_from_one_carried_out(gateway, opened, text, line):
    with structlog.testing.capture_logs() as lines:
        row = gateway.agent(text)
    told = [told for told in lines if told.get("mail") == row["id"]]
    assert [each["event"] for each in told if each["event"].startswith("mail.")] == [line]


def test_the_log_tells_who_claims_an_agents_address_and_what_was_read_in_part(gateway, opened):
    broken = {"MIME_Version": "1.0", "Content_Transfer_Encoding": "base64"}
    with structlog.testing.capture_logs() as lines:
        gateway.mail("Done.", sender=ALICE.address, Subject="Re: [TKT-2026-00001]")
        row = gateway.mail("!!! no base64 =", **broken)
    names = [line["event"] for line in lines if line["event"].startswith("mail.")]
    assert names == ["mail.doubted", "mail.degraded", "mail.opened"]
    degraded = next(line for line in lines if line["event"] == "mail.degraded")
    assert (degraded["mail"], degraded["why"]) == (row["id"], ("part 1: broken base64",))


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


def test_one_bad_mail_stops_no_other_and_is_parked_with_its_error(gateway, monkeypatch):
    sort = sorting.sort

    def fussy(ledger, lookup, reading):
        if reading.mail.subject == "bad":
            raise ValueError("cannot bear this one")
        return sort(ledger, lookup, reading)

    monkeypatch.setattr("mailgate.intake.worker.sort", fussy)
    bad, good = gateway.keep(Subject="bad"), gateway.keep(Subject="good")
    gateway.worker.run_once()
    assert gateway.delivery(good)["state"] == "opened"
    assert gateway.delivery(bad)["attempts"] == 1
    for _ in range(5):
        gateway.now += timedelta(minutes=1)
        gateway.worker.run_once()
    parked = gateway.delivery(bad)
    assert (parked["state"], parked["attempts"]) == ("parked", 3)
    assert "cannot bear this one" in parked["error"]
    monkeypatch.setattr("mailgate.intake.worker.sort", sort)
    from mailgate.store import inbox

    with gateway.database.write() as connection:
        assert inbox.retry(connection, 1, [bad]) == 1
    gateway.worker.run_once()
    assert gateway.delivery(bad)["state"] == "opened"


def test_a_mail_whose_worker_died_is_free_again_after_its_lease(gateway):
    from mailgate.intake.worker import LEASE
    from mailgate.store import inbox

    id_ = gateway.keep()
    with gateway.database.write() as connection:
        assert len(inbox.claim(connection, 1, "dead", gateway.now, LEASE, 50, 1 << 20)) == 1
    assert gateway.worker.run_once() == 0
    gateway.now += LEASE + timedelta(seconds=1)
    assert gateway.worker.run_once() == 1
    assert gateway.delivery(id_)["state"] == "opened"


def test_who_has_lost_a_claim_writes_nothing(gateway):
    from mailgate.store import inbox

    id_ = gateway.keep()
    with gateway.database.write() as connection:
        claimed = inbox.claim(connection, 1, "slow", gateway.now, timedelta(), 50, 1 << 20)
    gateway.now += timedelta(seconds=1)
    gateway.worker.run_once()
    row = {"id": id_, "fence": claimed[0].fence, "state": "parked"}
    with gateway.database.write() as connection:
        assert inbox.settle(connection, 1, [row]) == 0
    assert gateway.delivery(id_)["state"] == "opened"


def test_every_claimed_mail_in_utc(gateway, opened):
    assert opened["done_at"].tzinfo is UTC
    assert isinstance(opened["received_at"], datetime)


def test_nobody_can_be_answered_where_nobody_signed(gateway):
    gateway.mail("who am I", sender=None, From=None)
    gateway.agent("Hello?")
    assert "nobody to answer" in str(gateway.outbox("command_refused")[0]["context"]["commands"])
    assert gateway.outbox("agent_reply") == []
    gateway.agent("/note\nNobody.")
    assert gateway.rows("message")[-1]["kind"] == "note"


def test_a_customer_whose_name_is_an_agents_word_silences_nobody(gateway):
    gateway.mail("hello", sender=None, From="alice")
    assert ALICE.address in {row["recipient"] for row in gateway.outbox("new_message")}


def test_two_late_mails_of_one_batch_open_one_follow_up(gateway):
    gateway.desk.settings = settings(reopen_window=timedelta(days=7))
    old = gateway.mail("one")["ticket_id"]
    with gateway.desk.writing(gateway.now) as ledger:
        ledger.apply(old, Close(at=gateway.now, actor=Actor(ActorKind.AGENT, "alice")))
    gateway.now += timedelta(days=8)
    late = [gateway.keep(text, Subject="Re: [TKT-2026-00001]") for text in ("a", "b")]
    gateway.worker.run_once()
    assert len({gateway.delivery(id_)["ticket_id"] for id_ in late}) == 1


def test_the_same_alarm_without_a_message_id_is_news_the_next_day(gateway):
    anonymous = {"Message_ID": None, "Date": None}
    first = gateway.mail("disk full", **anonymous)
    again = gateway.mail("disk full", **anonymous)
    gateway.now += timedelta(days=1)
    next_day = gateway.mail("disk full", **anonymous)
    assert (first["state"], next_day["state"]) == ("opened", "opened")
    assert again["id"] == first["id"]


def test_a_forged_report_without_our_return_path_says_nothing_about_a_reply(gateway, opened):
    gateway.agent("Hello")
    reply = gateway.outbox("agent_reply")[0]
    text = (
        "--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\n"
        f"Final-Recipient: rfc822; {CUSTOMER}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n"
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {reply['rfc_id']}\r\n\r\n--b--"
    )
    row = gateway.mail(
        text,
        sender="MAILER-DAEMON@evil.example",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )
    assert row["state"] == "report"
    assert gateway.outbox("agent_reply")[0]["state"] == "ready"
    assert gateway.outbox("undelivered") == []


def test_a_refused_mail_leaves_no_mark_on_the_ticket(gateway, opened):
    before = next(row for row in gateway.rows("ticket"))
    gateway.now += timedelta(hours=1)
    gateway.agent("/priority high\n/reopen")
    assert next(row for row in gateway.rows("ticket")) == before


def test_a_note_without_text_comes_back(gateway, opened):
    gateway.agent("/note")
    assert "no text" in str(gateway.outbox("command_refused")[0]["context"]["commands"])


def test_a_mail_that_ends_the_gateway_each_time_is_parked(gateway):
    from mailgate.intake.worker import LEASE, MOST_LOST
    from mailgate.store import inbox

    deadly, good = gateway.keep(Subject="deadly"), gateway.keep(Subject="good")
    for _ in range(MOST_LOST):
        with gateway.database.write() as connection:
            inbox.claim(connection, 1, "killed", gateway.now, LEASE, 1, 1)
        gateway.now += LEASE + timedelta(seconds=1)
    gateway.worker.run_once()
    assert gateway.delivery(deadly)["state"] == "parked"
    assert "ended each time" in gateway.delivery(deadly)["error"]
    assert gateway.delivery(good)["state"] == "opened"


def test_what_could_not_be_done_for_want_of_the_database_is_taken_up_at_once(gateway, monkeypatch):
    from mailgate.errors import Temporary

    id_ = gateway.keep()
    writing = gateway.desk.writing
    monkeypatch.setattr(gateway.desk, "writing", lambda *_: (_ for _ in ()).throw(Temporary("x")))
    with pytest.raises(Temporary):
        gateway.worker.run_once()
    monkeypatch.setattr(gateway.desk, "writing", writing)
    gateway.worker.run_once()
    assert gateway.delivery(id_)["state"] == "opened"


def test_a_second_transaction_with_the_same_mail_adds_its_recipients_while_it_waits(
    gateway, opened
):
    to = gateway.reply_address()
    raw = (
        f"From: {ALICE.address}\r\nTo: {SUPPORT}\r\nMessage-ID: <x@agents.example>\r\n\r\nHi\r\n"
    ).encode()
    ids = [
        gateway.inbox.put(Incoming(raw, ALICE.address, (at,), gateway.now, "::1", "smtp"))
        for at in (SUPPORT, to)
    ]
    gateway.worker.run_once()
    assert ids[0] == ids[1]
    assert gateway.delivery(ids[0])["recipients"] == [SUPPORT, to]
    assert [row["recipient"] for row in gateway.outbox("agent_reply")] == [CUSTOMER]
