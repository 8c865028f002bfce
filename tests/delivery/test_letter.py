"""The mail that a notice becomes: whose words, which thread, which path back, which files."""

import base64
from dataclasses import replace

import pytest

from mailgate.delivery import letter
from mailgate.domain.events import AgentReplied, CustomerWrote, NoteAdded, Resolve
from mailgate.domain.model import Actor, ActorKind, Side
from mailgate.domain.people import Agent, Staff
from tests.delivery.sending import Scripted, outbox, read, worker_of
from tests.desk.conftest import ADMIN, ALICE, CUSTOMER, World, settings
from tests.intake.desk import Gateway
from tests.peers.maildir import html_of, text_of

AGENT = Actor(ActorKind.AGENT, "alice")
PICTURE = bytes(range(256)) * 3
TABLE = b"a;b\r\n1;2\r\n\r\n--end--\r\n" * 50


def sent(world, *, to: str | None = None) -> list:
    """Send what waits, and return the mails that left, those to one recipient only if asked."""
    way = Scripted()
    worker_of(world, way).drain()
    return [read(mail.raw) for mail in way.arrived if to in (None, mail.recipient)]


def written(world) -> CustomerWrote:
    return CustomerWrote(at=world.now, actor=Actor(ActorKind.CUSTOMER, CUSTOMER))


def paths(world) -> dict[str, str]:
    """Return notice -> return path of the mails that leave now."""
    way = Scripted()
    worker_of(world, way).drain()
    kinds = {row["rfc_id"]: row["notice"] for row in outbox(world)}
    return {kinds[read(mail.raw)["Message-ID"]]: mail.envelope_from for mail in way.arrived}


class TestTheReturnPath:
    def test_of_a_persons_words_is_signed_and_names_the_notice(self, world):
        ticket = world.open()
        found = paths(world)
        world.agent_replies(ticket)
        found |= paths(world)

        for notice in ("new_message", "agent_reply"):
            id_ = world.signer.read_bounce_address(found[notice], world.now)
            assert {row["id"]: row["notice"] for row in outbox(world)}[id_] == notice

    def test_of_the_gateways_own_words_is_none_and_they_are_marked(self, world):
        ticket = world.open()
        assert paths(world)["received"] == ""
        world.apply(ticket, Resolve(at=world.now, actor=AGENT))

        (mail,) = sent(world)
        assert mail["Auto-Submitted"] == "auto-generated"
        assert world.signer.is_own_mark(mail["X-Mailgate-Loop"])

    def test_of_a_resolution_with_an_agents_words_is_a_persons(self, world):
        ticket = world.open()
        sent(world)
        message = replace(world.message(Side.SYSTEM, "alice"), resolution=True)
        world.apply(ticket, Resolve(at=world.now, actor=AGENT), message)

        assert paths(world)["resolved"].startswith("support+bounce-")

    def test_belongs_to_mails_without_a_mark_of_being_automatic(self, world):
        world.open()

        (mail,) = sent(world, to=ADMIN)
        assert mail["Auto-Submitted"] is None
        assert world.signer.is_own_mark(mail["X-Mailgate-Loop"]), "but never answered by ourselves"


class TestTheThread:
    def test_begins_with_one_id_for_the_ticket_that_is_ours(self, world):
        ticket = world.open()
        mails = sent(world)

        root = world.signer.root_id(ticket.number)
        assert {mail["References"] for mail in mails} == {root}
        assert {mail["In-Reply-To"] for mail in mails} == {root}
        ids = [mail["Message-ID"] for mail in mails]
        assert ids == outbox(world, "rfc_id")
        assert all(world.signer.read_message_id(id_).number == ticket.number for id_ in ids)

    def test_answers_the_customers_last_mail_that_came_before(self, world):
        first, last, late = ("<1@customer.example>", "<2@customer.example>", "<3@customer.example>")
        ticket = world.open()
        for rfc_id in (first, last):
            world.pass_time(minutes=1)
            message = replace(world.message(Side.CLIENT, CUSTOMER), rfc_id=rfc_id, sender=CUSTOMER)
            world.apply(ticket, written(world), message)
        sent(world)
        world.pass_time(minutes=1)
        world.agent_replies(ticket)
        world.pass_time(minutes=1)
        message = replace(world.message(Side.CLIENT, CUSTOMER), rfc_id=late, sender=CUSTOMER)
        world.apply(ticket, written(world), message)

        root = world.signer.root_id(ticket.number)
        (mail,) = sent(world, to=CUSTOMER)
        assert mail["In-Reply-To"] == last
        assert mail["References"].split() == [root, last]

    def test_of_an_agent_has_no_ids_of_the_customers(self, world):
        ticket = world.open()
        message = replace(
            world.message(Side.CLIENT, CUSTOMER), rfc_id="<1@customer.example>", sender=CUSTOMER
        )
        world.apply(ticket, written(world), message)

        mails = sent(world, to=ALICE.address)
        assert mails
        for mail in mails:
            assert mail["References"] == world.signer.root_id(ticket.number)

    def test_lies_at_the_time_when_it_was_decided(self, world):
        world.open()
        world.pass_time(hours=3)

        assert {mail["Date"] for mail in sent(world)} == {"Mon, 02 Mar 2026 09:00:00 +0000"}


class TestTheNames:
    def test_of_a_customers_words_are_theirs_at_the_desks_address(self, world):
        world.open()

        (mail,) = sent(world, to=ALICE.address)
        assert mail["From"] == f'"{CUSTOMER.title()}" <support@desk.example>'
        assert mail["To"] == "Alice <alice@agents.example>"

    def test_of_an_agents_words_are_theirs_and_the_desks_and_not_their_own_address(self, world):
        ticket = world.open()
        sent(world)
        world.agent_replies(ticket)

        (mail,) = sent(world)
        assert mail["From"] == '"Alice (Support)" <support@desk.example>'
        assert b"alice@agents.example" not in mail.as_bytes()

    def test_of_the_gateways_words_are_the_desks(self, world):
        world.open()

        (mail,) = sent(world, to=CUSTOMER)
        assert mail["From"] == "Support <support@desk.example>"
        assert mail["Reply-To"] is None

    def test_are_the_address_where_nobody_gave_one(self, world):
        ticket = world.open()
        sent(world)
        message = replace(world.message(Side.CLIENT, CUSTOMER), author_name="")
        world.apply(ticket, written(world), message)

        (mail,) = sent(world, to=ALICE.address)
        assert mail["From"] == f'"{CUSTOMER}" <support@desk.example>'


class TestTheWords:
    def test_of_an_answer_reach_the_customer(self, world):
        ticket = world.open()
        sent(world)
        message = replace(world.message(Side.SYSTEM, "alice"), text="Grüße,\n\n  1 < 2")
        world.apply(ticket, AgentReplied(at=world.now, actor=AGENT), message)

        (mail,) = sent(world)
        assert "\r\n\r\nGrüße,\r\n\r\n  1 < 2\r\n" in text_of(mail)
        assert "1 &lt; 2" in html_of(mail)

    @pytest.mark.parametrize("resolution", [False, True])
    def test_that_an_agent_formatted_go_out_so(self, world, resolution):
        ticket = world.open()
        sent(world)
        shown = '<p style="color:red">a &lt; <b>b</b></p>'
        message = replace(world.message(Side.SYSTEM, "alice"), text="a < b", html=shown)
        event = (Resolve if resolution else AgentReplied)(at=world.now, actor=AGENT)
        world.apply(ticket, event, replace(message, resolution=resolution))

        (mail,) = sent(world, to=CUSTOMER)
        assert "a < b" in text_of(mail)
        assert "a &lt; <b>b</b></p>" in html_of(mail)
        assert "##- " in html_of(mail)
        assert ticket.number in html_of(mail)

    def test_of_an_answer_are_quoted_in_the_reminder(self, world):
        world.tick()
        ticket = world.open()
        world.agent_replies(ticket)
        sent(world)
        for _ in range(241):
            world.pass_time(minutes=12)
            world.tick()

        (mail,) = sent(world)
        assert mail["Subject"].startswith("Waiting for your response")
        assert "> words" in text_of(mail)
        assert list(mail.iter_attachments()) == []

    def test_of_a_note_stay_inside(self, world):
        ticket = world.open()
        sent(world)
        note = replace(world.message(Side.SYSTEM, "alice"), kind="note", text="he is difficult")
        world.apply(ticket, NoteAdded(at=world.now, actor=AGENT), note)

        way = Scripted()
        worker_of(world, way).drain()
        assert CUSTOMER not in {mail.recipient for mail in way.arrived}
        assert way.arrived
        assert all("he is difficult" in text_of(read(mail.raw)) for mail in way.arrived)


class TestTheLanguage:
    def test_is_the_recipients_and_what_is_told_of_it_is_true(self, database):
        german = Agent("alice", ALICE.address, language="de-AT")
        staff = Staff((german,), {}, ())
        world = World(database, replace(settings(), staff=staff, language="it"))
        world.open()

        to_customer, to_alice = sent(world)
        assert to_alice["Content-Language"] == "de"
        assert "Bitte" in text_of(to_alice)
        assert to_customer["Content-Language"] == "en", "Italian is not there: English is written"


class TestFiles:
    """They travel as they came, from the wire to the wire."""

    @pytest.fixture
    def gateway(self, database):
        return Gateway(database, settings())

    def mixed(self, *parts: tuple[str, str, bytes]) -> tuple[str, dict[str, str]]:
        """Return body and headers of a mail with a text and files."""
        lines = ["--b", "Content-Type: text/plain", "", "Look at this.", ""]
        for name, type_, data in parts:
            lines += [
                "--b",
                f'Content-Type: {type_}; name="{name}"',
                f'Content-Disposition: attachment; filename="{name}"',
                "Content-Transfer-Encoding: base64",
                "",
                base64.encodebytes(data).decode().replace("\n", "\r\n"),
            ]
        headers = {"MIME_Version": "1.0", "Content_Type": 'multipart/mixed; boundary="b"'}
        return "\r\n".join([*lines, "--b--"]), headers

    def last(self, gateway, to: str):
        """Send what waits; return the last mail to somebody."""
        return sent(gateway, to=to)[-1]

    def arrived(self, gateway, to: str) -> list[tuple[str, str, bytes]]:
        """Send what waits; return the files of the last mail to somebody."""
        return [
            (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
            for part in self.last(gateway, to).iter_attachments()
        ]

    FILES = (("a.png", "image/png", PICTURE), ("b.csv", "text/csv", TABLE))

    def test_of_a_customer_reach_the_agent_byte_for_byte(self, gateway):
        text, headers = self.mixed(*self.FILES)
        gateway.mail(text, **headers)

        assert self.arrived(gateway, ALICE.address) == list(self.FILES)

    def test_are_taken_out_of_the_mail_once_for_all_who_get_them(self, gateway, monkeypatch):
        taken, content = [], letter.content
        monkeypatch.setattr(letter, "content", lambda *of: taken.append(of[1]) or content(*of))
        text, headers = self.mixed(*self.FILES)
        gateway.mail(text, **headers)

        bearing = [mail for mail in sent(gateway) if any(mail.iter_attachments())]
        assert [len(list(mail.iter_attachments())) for mail in bearing] == [2, 2, 2]
        assert len(taken) == 2

    def test_are_not_sent_back_with_the_acknowledgement(self, gateway):
        text, headers = self.mixed(*self.FILES)
        gateway.mail(text, **headers)

        assert self.arrived(gateway, CUSTOMER) == []

    def test_of_an_agent_reach_the_customer_byte_for_byte(self, gateway):
        gateway.mail("Help.")
        text, headers = self.mixed(*self.FILES)
        gateway.agent(text, **headers)

        assert self.arrived(gateway, CUSTOMER) == list(self.FILES)

    @pytest.mark.parametrize(
        ("most", "names"),
        [
            (len(PICTURE) + len(TABLE), ["a.png", "b.csv"]),
            (len(PICTURE) + len(TABLE) - 1, ["a.png"]),
            (len(PICTURE) - 1, []),
            (len(TABLE), ["a.png"]),
        ],
    )
    def test_that_are_too_large_stay_behind_and_are_named(self, gateway, monkeypatch, most, names):
        monkeypatch.setattr(letter, "MOST_FILES", most)
        text, headers = self.mixed(*self.FILES)
        gateway.mail(text, **headers)

        mail = self.last(gateway, ALICE.address)
        assert [part.get_filename() for part in mail.iter_attachments()] == names
        for form in (text_of(mail), html_of(mail)):
            assert ("[…] a.png (0.0 MB)" in form) is ("a.png" not in names)
            assert ("[…] b.csv (0.0 MB)" in form) is ("b.csv" not in names)

    def test_that_stay_behind_are_named_below_what_was_formatted(self, gateway, monkeypatch):
        monkeypatch.setattr(letter, "MOST_FILES", 0)
        gateway.mail("Hello")
        text, headers = self.mixed(self.FILES[1])
        gateway.agent(text.replace("text/plain", "text/html"), **headers)

        assert gateway.rows("message")[-1]["html"]
        assert "[…] b.csv (0.0 MB)" in html_of(self.last(gateway, CUSTOMER))

    def test_that_fit_go_along_though_one_before_them_is_too_large(self, gateway, monkeypatch):
        monkeypatch.setattr(letter, "MOST_FILES", len(TABLE))
        large = ("a.png", "image/png", PICTURE * 2)
        text, headers = self.mixed(large, self.FILES[1])
        gateway.mail(text, **headers)

        assert self.arrived(gateway, ALICE.address) == [self.FILES[1]]
