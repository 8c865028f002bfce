"""Commands that stand in an address: in Bcc of what was sent, and in mail of a proved agent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.domain.model import Disposition, Priority, Status
from mailgate.domain.people import Staff
from mailgate.domain.routing import Route
from mailgate.intake.inbox import Incoming
from mailgate.mail.trust import Trust
from tests.desk.conftest import ADMIN, ALICE, BOB
from tests.intake.desk import EVE, SUPPORT
from tests.intake.shared import watching

CUSTOMER = "carol@customer.example"
LONG_AGO = "Mon, 02 Mar 2026 09:00:00 +0000"


@pytest.fixture
def first(gateway, opened):
    """The Message-ID of the customer's first mail."""
    return next(row["rfc_id"] for row in gateway.rows("message"))


@pytest.fixture
def put(gateway):
    """Return a function that takes in a mail of the shared account by one road."""

    def taken(road, recipients, text="Try water.", **headers):
        gateway.count += 1
        gateway.now += timedelta(minutes=1)
        given = {
            "From": f"Alice <{SUPPORT}>",
            "To": CUSTOMER,
            "Subject": "Re: Printer",
            "Message-ID": "<answer@desk.example>",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
        raw = ("\r\n".join([*lines, "", text]) + "\r\n").encode()
        peer = "support" if road == "sent" else "127.0.0.1"
        mail = Incoming(raw, SUPPORT, recipients, gateway.now, peer, road)
        id_ = gateway.inbox.put(mail)
        gateway.worker.drain()
        return gateway.delivery(id_)

    return taken


@pytest.fixture
def send(gateway, put):
    """Return a function that puts a mail among what was sent from a mailbox that is watched."""
    watching(gateway)
    return lambda text="Try water.", **headers: put("sent", (SUPPORT,), text, **headers)


def bcc(word: str) -> dict[str, str]:
    return {"Bcc": f"support+{word}@desk.example"}


def actors(gateway, name: str) -> list[tuple[str, str]]:
    found = [row for row in gateway.rows("event") if row["name"] == name]
    return [(row["actor_kind"], row["actor_id"]) for row in found]


class TestInWhatWasSent:
    def test_the_answer_is_the_desks_and_the_matter_is_settled(self, gateway, opened, first, send):
        sent = send(In_Reply_To=first, **bcc("done"))
        ticket = gateway.ticket(opened["ticket_id"])
        assert (sent["state"], ticket.status) == ("threaded", Status.RESOLVED)
        assert ticket.first_response_at is not None
        assert actors(gateway, "ticket.resolved") == [("agent", "alice")]
        assert sent["verdict"]["says"].endswith("by address: /resolve")
        assert len(gateway.outbox("resolved")) == 1

    def test_several_count_and_so_does_whoever_the_mailbox_is(self, gateway, opened, first, send):
        words = "support+high@desk.example, Bob <support+bob@desk.example>, support@desk.example"
        send(In_Reply_To=first, From=SUPPORT, Bcc=words)
        ticket = gateway.ticket(opened["ticket_id"])
        assert (ticket.priority, ticket.assignee) == (Priority.HIGH, "bob")
        assert actors(gateway, "ticket.assigned") == [("mailbox", "support")]

    def test_to_ourselves_alone_it_is_a_note_with_a_command(self, gateway, opened, first, send):
        send("Ask Bob.", In_Reply_To=first, To="support+wait@desk.example")
        ticket = gateway.ticket(opened["ticket_id"])
        assert ticket.status is Status.WAITING
        assert gateway.rows("message")[-1]["kind"] == "note"

    def test_a_note_by_address_beside_an_answer_leaves_it_an_answer(
        self, gateway, opened, first, send
    ):
        sent = send(In_Reply_To=first, Bcc="support+note@desk.example, support+high@desk.example")
        ticket = gateway.ticket(opened["ticket_id"])
        assert (sent["state"], ticket.priority) == ("threaded", Priority.HIGH)
        assert gateway.outbox("command_refused") == []

    def test_what_customers_can_see_is_no_command(self, gateway, opened, first, send):
        send(In_Reply_To=first, Cc="support+spam@desk.example")
        assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING

    @pytest.mark.parametrize(
        ("word", "why"),
        [
            ("dnoe", "no address of ours is called so"),
            ("snooze-soon", "'soon' is no time"),
            ("assign-mallory", "there is no agent 'mallory'"),
            ("list", "no address of ours is called so"),
            ("unmerge", "no address of ours is called so"),
        ],
    )
    def test_one_that_cannot_be_done_is_told_and_none_is_done(
        self, gateway, opened, first, send, word, why
    ):
        both = f"support+{word}@desk.example, support+high@desk.example"
        sent = send(In_Reply_To=first, Bcc=both)
        ticket = gateway.ticket(opened["ticket_id"])
        assert (sent["state"], ticket.status) == ("threaded", Status.WAITING)
        assert ticket.priority is Priority.NORMAL
        (told,) = gateway.outbox("command_refused")
        assert told["recipient"] == ALICE.address
        assert told["context"]["gone_out"]
        assert any(why in line["reason"] for line in told["context"]["commands"])

    def test_an_answer_that_waits_is_stopped(self, gateway, opened, first, send):
        gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(minutes=10))
        waits = gateway.agent("Use petrol.")
        sent = send("Let Bob answer.", In_Reply_To=first, To="support+cancel@desk.example")
        assert sent["verdict"]["says"].endswith("by address: /cancel")
        assert gateway.delivery(waits["id"])["state"] == "suppressed"
        assert actors(gateway, "ticket.answer_stopped") == [("agent", "alice")]
        assert gateway.outbox("command_refused") == []
        gateway.now += timedelta(minutes=10)
        gateway.worker.drain()
        assert gateway.outbox("agent_reply") == []

    def test_it_is_stopped_whatever_else_is_asked_for(self, gateway, opened, first, send):
        gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(minutes=10))
        waits = gateway.agent("Use petrol.")
        words = "support+cancel@desk.example, support+high@desk.example"
        send(In_Reply_To=first, From=SUPPORT, Bcc=words)
        assert gateway.delivery(waits["id"])["state"] == "suppressed"
        ticket = gateway.ticket(opened["ticket_id"])
        assert (ticket.priority, ticket.status) == (Priority.NORMAL, Status.WAITING)
        (told,) = gateway.outbox("command_refused")
        assert told["recipient"] == ADMIN
        (line,) = told["context"]["commands"]
        assert "nothing else in this mail was carried out" in line["reason"]

    def test_where_none_waits_that_is_told(self, gateway, opened, first, send):
        send(In_Reply_To=first, **bcc("cancel"))
        (told,) = gateway.outbox("command_refused")
        assert "answers are sent at once here" in told["context"]["commands"][0]["reason"]

    def test_a_ticket_goes_on_in_another(self, gateway, opened, first, send):
        other = gateway.ticket(gateway.mail("Mine, too.", sender=EVE)["ticket_id"])
        word = f"merge-{other.number.lower()}"
        sent = send("See there.", In_Reply_To=first, To=SUPPORT, **bcc(word))
        ticket = gateway.ticket(opened["ticket_id"])
        assert sent["verdict"]["says"].endswith(f"by address: /merge {other.number.lower()}")
        assert (ticket.status, ticket.merged_into) == (Status.CLOSED, other.id)
        assert actors(gateway, "ticket.merged") == [("agent", "alice")]

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (["merge-tkt-2026-99999"], "there is no ticket"),
            (["merge-{mine}"], "is this very ticket"),
            (["merge-{other}", "done"], "/merge itself ends a ticket"),
        ],
    )
    def test_one_that_cannot_be_merged_stays(self, gateway, opened, first, send, words, why):
        ticket = gateway.ticket(opened["ticket_id"])
        other = gateway.ticket(gateway.mail("Mine, too.", sender=EVE)["ticket_id"])
        named = {"mine": ticket.number.lower(), "other": other.number.lower()}
        to = ", ".join(f"support+{word.format(**named)}@desk.example" for word in words)
        send("See there.", In_Reply_To=first, To=SUPPORT, Bcc=to)
        stays = gateway.ticket(ticket.id)
        assert (stays.status, stays.merged_into) == (Status.OPEN, None)
        (told,) = gateway.outbox("command_refused")
        assert why in told["context"]["commands"][0]["reason"]

    def test_where_nobody_is_named_the_administrators_hear_of_it(
        self, gateway, opened, first, send
    ):
        send(In_Reply_To=first, From=SUPPORT, **bcc("take"))
        (told,) = gateway.outbox("command_refused")
        assert told["recipient"] == ADMIN
        assert told["context"]["ticket"]["number"] == gateway.ticket(opened["ticket_id"]).number
        assert "who you are" in told["context"]["commands"][0]["reason"]
        assert told["context"]["message"]["text"] == "Try water."

    @pytest.mark.parametrize(("sender", "to"), [(SUPPORT, ADMIN), (ALICE.address, ALICE.address)])
    def test_about_no_ticket_it_is_told_too_of_which_mail(self, gateway, send, sender, to):
        given = {"From": sender, "To": "dave@customer.example"}
        sent = send("Buy.", Subject="Another thing", **given, **bcc("done"))
        assert sent["state"] == "suppressed"
        (told,) = gateway.outbox("command_refused")
        assert told["recipient"] == to
        said = told["context"]
        assert "about no ticket" in said["commands"][0]["reason"]
        assert (said["ticket"]["number"], said["ticket"]["subject"]) == ("", "Another thing")
        assert said["message"]["text"] == "Buy."

    def test_what_is_no_word_at_all_is_told(self, gateway, opened, first, send):
        send(In_Reply_To=first, **bcc("2"))
        (told,) = gateway.outbox("command_refused")
        assert told["context"]["commands"][0]["line"] == "/2"

    def test_what_is_nearly_one_is_told_with_the_one_that_was_meant(
        self, gateway, opened, first, send
    ):
        send(In_Reply_To=first, **bcc("resolv"))
        (told,) = gateway.outbox("command_refused")
        (fault,) = told["context"]["commands"]
        assert fault["line"] == "/resolv"
        assert fault["reason"] == "no address of ours is called so"
        assert fault["form"] == "+resolve"


class TestByBccToTheGateway:
    def test_the_copy_in_sent_comes_first_and_counts_once(self, gateway, opened, first, put):
        watching(gateway)
        copy = put("smtp", ("support+done@desk.example",), In_Reply_To=first)
        assert (copy["state"], gateway.ticket(opened["ticket_id"]).status) == (
            "pending",
            Status.NEW,
        )
        put("sent", (SUPPORT,), In_Reply_To=first, **bcc("done"))
        gateway.now += timedelta(seconds=31)
        gateway.worker.drain()
        assert gateway.delivery(copy["id"])["state"] == "suppressed"
        assert gateway.ticket(opened["ticket_id"]).status is Status.RESOLVED
        assert len(gateway.rows("message")) == 2

    def test_without_a_mailbox_it_is_the_answer_itself_if_it_is_proved(
        self, gateway, opened, first, put, trusted
    ):
        trusted(Trust.STRONG)
        put("smtp", ("support+done@desk.example",), In_Reply_To=first)
        ticket = gateway.ticket(opened["ticket_id"])
        assert (ticket.status, ticket.first_response_at) == (Status.RESOLVED, gateway.now)

    def test_an_answer_that_is_sent_on_by_who_got_it_asks_for_nothing(
        self, gateway, opened, first, put, submit, trusted
    ):
        left = "<kept@laptop.example>"
        submit(In_Reply_To=first, Message_ID=left)
        assert gateway.outbox("agent_reply")[0]["rfc_id"] == left
        trusted(Trust.STRONG)
        on = put("smtp", ("support+critical@desk.example",), **{"Message-ID": left})
        assert on["state"] == "suppressed"
        assert on["verdict"]["says"] == "a mail of this Message-ID is known, and reads otherwise"
        in_front = {"Message-ID": f"<another@laptop.example>\r\nMessage-ID: {left}"}
        again = put("smtp", ("support+critical@desk.example",), **in_front)
        assert (again["state"], again["verdict"]["says"]) == (on["state"], on["verdict"]["says"])
        assert gateway.ticket(opened["ticket_id"]).priority is Priority.NORMAL

    def test_one_that_came_to_two_queues_is_said_once_and_asks_for_both(
        self, gateway, opened, first, put, trusted
    ):
        trusted(Trust.STRONG)
        queues = {"support+done@desk.example": "default", "support+high@desk.example": "sales"}
        gateway.inbox._route = lambda address: Route("default", queues[address], SUPPORT)
        put("smtp", tuple(queues), In_Reply_To=first)
        ticket = gateway.ticket(opened["ticket_id"])
        assert (ticket.status, ticket.priority) == (Status.RESOLVED, Priority.HIGH)
        assert len(gateway.rows("message")) == 2
        assert [row["state"] for row in gateway.rows("mail_delivery")[-2:]] == [
            "threaded",
            "suppressed",
        ]

    def test_a_proved_one_whose_copy_never_comes_counts_in_the_end(
        self, gateway, opened, first, put, trusted
    ):
        watching(gateway)
        trusted(Trust.STRONG)
        copy = put("smtp", ("support+done@desk.example",), In_Reply_To=first)
        assert copy["state"] == "pending"
        gateway.now += timedelta(seconds=31)
        gateway.worker.drain()
        assert gateway.ticket(opened["ticket_id"]).status is Status.RESOLVED

    def test_the_copy_in_sent_has_asked_for_all_of_it(self, gateway, opened, first, put, trusted):
        watching(gateway)
        trusted(Trust.STRONG)
        more = {"In_Reply_To": first, "From": ALICE.address}
        put("sent", (SUPPORT,), Bcc="support+high@desk.example", **more)
        late = put("smtp", ("support+low@desk.example",), **more)
        assert late["state"] == "suppressed"
        assert gateway.ticket(opened["ticket_id"]).priority is Priority.HIGH

    def test_the_desks_own_by_two_addresses_asks_for_both(
        self, gateway, opened, first, put, trusted
    ):
        trusted(Trust.STRONG)
        for to in ("support+high@desk.example", "support+done@desk.example"):
            put("smtp", (to,), In_Reply_To=first, Delivered_To=to)
        ticket = gateway.ticket(opened["ticket_id"])
        assert (ticket.priority, ticket.status) == (Priority.HIGH, Status.RESOLVED)

    @pytest.mark.parametrize("level", [Trust.UNKNOWN, Trust.FAILED])
    def test_one_that_is_not_proved_commands_nothing(
        self, gateway, opened, first, put, trusted, level
    ):
        trusted(level)
        put("smtp", ("support+done@desk.example",), In_Reply_To=first)
        assert gateway.ticket(opened["ticket_id"]).status is not Status.RESOLVED
        assert actors(gateway, "ticket.resolved") == []


class TestByAnAgent:
    @pytest.fixture(autouse=True)
    def staffed(self, gateway):
        staff = Staff((ALICE, BOB), {"leads": ("bob",)}, (ADMIN,))
        gateway.desk.settings = replace(gateway.desk.settings, staff=staff)

    def write(self, gateway, word, text="", **headers):
        to = f"support+{word}@desk.example"
        return gateway.mail(text, sender=headers.pop("sender", ALICE.address), to=to, **headers)

    def test_who_is_proved_commands_without_a_word_to_the_customer(
        self, gateway, opened, first, trusted
    ):
        trusted(Trust.STRONG)
        before = len(gateway.outbox("agent_reply"))
        found = self.write(gateway, "leads", In_Reply_To=first)
        assert found["state"] == "commands_only"
        assert gateway.ticket(opened["ticket_id"]).team == "leads"
        assert len(gateway.outbox("agent_reply")) == before
        assert len(gateway.rows("message")) == 1

    def test_whose_ticket_it_is_no_address_says_that_a_customer_could_send_it_on_to(
        self, gateway, opened, first, trusted
    ):
        trusted(Trust.STRONG)
        other = gateway.ticket(gateway.mail("Mine, too.", sender=EVE)["ticket_id"])
        self.write(gateway, f"merge-{other.number.lower()}", In_Reply_To=first)
        assert gateway.ticket(opened["ticket_id"]).merged_into is None
        (told,) = gateway.outbox("command_refused")
        assert "by a line on top" in told["context"]["commands"][0]["reason"]

    def test_what_it_says_is_a_note(self, gateway, opened, first, trusted):
        trusted(Trust.STRONG)
        found = self.write(gateway, "wait", "He is on holiday.", In_Reply_To=first)
        assert found["state"] == "threaded"
        message = gateway.rows("message")[-1]
        assert (message["kind"], message["author"]) == ("note", "alice")
        assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING

    def test_what_they_wrote_to_the_customer_themselves_is_the_answer(
        self, gateway, opened, first, trusted
    ):
        trusted(Trust.STRONG)
        raw = gateway.raw("Try water.", sender=ALICE.address, to=CUSTOMER, In_Reply_To=first)
        to = ("support+done@desk.example",)
        gateway.inbox.put(Incoming(raw, ALICE.address, to, gateway.now, "127.0.0.1", "smtp"))
        gateway.worker.drain()
        assert gateway.ticket(opened["ticket_id"]).status is Status.RESOLVED
        assert gateway.rows("message")[-1]["kind"] == "public"
        assert gateway.outbox("agent_reply") == []

    def bring(self, gateway, raw, *to):
        """Let a server bring one mail of alice's to these addresses."""
        raw = f"Delivered-To: {', '.join(to)}\r\n".encode() + raw
        id_ = gateway.inbox.put(Incoming(raw, ALICE.address, to, gateway.now, "127.0.0.1", "smtp"))
        gateway.worker.drain()
        return gateway.delivery(id_)

    @pytest.mark.parametrize("thread", [True, False])
    def test_an_answer_to_all_with_the_desk_in_it_is_the_answer_with_its_command(
        self, gateway, opened, first, trusted, thread
    ):
        trusted(Trust.STRONG)
        more = {"In_Reply_To": first} if thread else {"Subject": "Re: Printer"}
        to = f"{CUSTOMER}, {SUPPORT}"
        raw = gateway.raw("Try water.", sender=ALICE.address, to=to, **more)
        found = self.bring(gateway, raw, SUPPORT, "support+done@desk.example")
        assert (found["state"], found["ticket_id"]) == ("threaded", opened["ticket_id"])
        assert gateway.ticket(opened["ticket_id"]).status is Status.RESOLVED
        assert gateway.rows("message")[-1]["kind"] == "public"
        assert gateway.outbox("agent_reply") == []
        assert len(gateway.rows("ticket")) == 1

    def test_to_the_desk_alone_an_address_beside_it_makes_it_no_answer(
        self, gateway, opened, first, trusted
    ):
        trusted(Trust.STRONG)
        raw = gateway.raw("Try water.", sender=ALICE.address, In_Reply_To=first)
        found = self.bring(gateway, raw, SUPPORT, "support+done@desk.example")
        assert found["state"] == "commands_only"
        assert gateway.ticket(opened["ticket_id"]).status is Status.NEW
        assert len(gateway.outbox("command_refused")) == 1

    def test_brought_to_each_address_apart_each_command_is_carried_out_once(
        self, gateway, opened, first, trusted
    ):
        trusted(Trust.STRONG)
        raw = gateway.raw("Try water.", sender=ALICE.address, to=CUSTOMER, In_Reply_To=first)
        high, done = "support+high@desk.example", "support+done@desk.example"
        brought = [self.bring(gateway, raw, *to) for to in ((high,), (done,), (done, high))]
        assert [each["state"] for each in brought] == ["threaded", "suppressed", "suppressed"]
        assert brought[1]["verdict"]["says"].endswith("by address: /resolve")
        ticket = gateway.ticket(opened["ticket_id"])
        assert (ticket.priority, ticket.status) == (Priority.HIGH, Status.RESOLVED)
        assert len(actors(gateway, "ticket.resolved")) == 1
        assert len(gateway.rows("message")) == 2

    @pytest.mark.parametrize("before", [True, False])
    def test_what_a_customer_sends_on_to_an_address_of_their_choice_commands_nothing(
        self, gateway, opened, first, trusted, before
    ):
        trusted(Trust.STRONG)
        raw = gateway.raw("Try water.", sender=ALICE.address, to=CUSTOMER, In_Reply_To=first)
        if before:
            self.bring(gateway, raw, "support+high@desk.example")
        gateway.now += timedelta(days=1, minutes=1)
        for word in ("spam", "done", "bob"):
            self.bring(gateway, raw, f"support+{word}@desk.example")
        ticket = gateway.ticket(opened["ticket_id"])
        assert (ticket.assignee, ticket.disposition) == (None, Disposition.NONE)
        assert ticket.status is not Status.RESOLVED

    def test_the_desks_own_that_is_sent_on_commands_nothing(
        self, gateway, opened, first, put, trusted
    ):
        trusted(Trust.STRONG)
        gateway.now += timedelta(days=2)
        put("smtp", ("support+done@desk.example",), In_Reply_To=first, Date=LONG_AGO)
        assert gateway.ticket(opened["ticket_id"]).status is not Status.RESOLVED

    def test_a_second_address_commands_nothing_where_nobody_is_proved_or_nothing_asked(
        self, gateway, opened, first, trusted
    ):
        trusted(Trust.STRONG)
        raw = gateway.raw("Try water.", sender=ALICE.address, to=CUSTOMER, In_Reply_To=first)
        self.bring(gateway, raw, "support+high@desk.example")
        assert self.bring(gateway, raw, SUPPORT)["state"] == "suppressed"
        trusted(Trust.UNKNOWN)
        assert self.bring(gateway, raw, "support+done@desk.example")["state"] == "suppressed"
        assert gateway.ticket(opened["ticket_id"]).status is Status.WAITING

    def test_who_is_not_proved_commands_nothing_and_is_asked(self, gateway, opened, first):
        self.write(gateway, "close", In_Reply_To=first)
        assert gateway.ticket(opened["ticket_id"]).status is Status.NEW
        assert len(gateway.outbox("was_this_you")) == 1

    def test_a_stranger_and_a_customer_command_nothing(self, gateway, opened, first, trusted):
        trusted(Trust.STRONG)
        for sender in (EVE, CUSTOMER):
            self.write(gateway, "close", "please", sender=sender, In_Reply_To=first)
        assert gateway.ticket(opened["ticket_id"]).status is Status.NEW
        assert actors(gateway, "ticket.closed") == []


def test_spam_by_address_stops_an_answer_that_waits(gateway, opened, first, put, trusted):
    gateway.desk.settings = replace(gateway.desk.settings, hold=timedelta(minutes=5))
    gateway.agent("Try water.")
    trusted(Trust.STRONG)
    put("smtp", ("support+spam@desk.example",), In_Reply_To=first, To=SUPPORT)
    gateway.now += timedelta(minutes=6)
    gateway.worker.drain()
    assert gateway.ticket(opened["ticket_id"]).status is Status.CLOSED
    assert gateway.outbox("agent_reply") == []


def test_a_signed_address_in_a_sent_mail_is_no_misspelt_command(gateway, opened, first, put):
    watching(gateway)
    note = gateway.reply_address(kind="note_address")
    put("sent", (SUPPORT,), In_Reply_To=first, To=note)
    assert gateway.rows("message")[-1]["kind"] == "note"
    assert gateway.outbox("command_refused") == []


def test_a_matter_taken_back_is_withdrawn_by_address_after_the_answer(gateway, opened, first, send):
    send("As you wish.", In_Reply_To=first, **bcc("withdrawn"))
    ticket = gateway.ticket(opened["ticket_id"])
    assert (ticket.status, ticket.disposition) == (Status.CLOSED, Disposition.WITHDRAWN)


@pytest.mark.parametrize("word", ["spam", "withdraw"])
def test_spam_stands_alone_in_an_address_too(gateway, opened, first, put, word):
    watching(gateway)
    both = f"support+{word}@desk.example, support+done@desk.example"
    put("sent", (SUPPORT,), In_Reply_To=first, To=SUPPORT, Bcc=both)
    assert gateway.ticket(opened["ticket_id"]).status is Status.OPEN  # by the note, no more
    assert gateway.outbox("resolved") == []
    (told,) = gateway.outbox("command_refused")
    assert told["context"]["commands"][0]["form"] == f"/{word} alone"


def test_an_address_counts_however_many_stand_before_it(gateway, opened, first, put):
    watching(gateway)
    many = ", ".join(f"p{n}@customer.example" for n in range(40))
    put("sent", (SUPPORT,), In_Reply_To=first, Bcc=f"{many}, support+done@desk.example")
    assert gateway.ticket(opened["ticket_id"]).status is Status.RESOLVED
