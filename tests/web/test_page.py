"""The page at which a customer says whether a resolution holds."""

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from fastapi.testclient import TestClient

from mailgate.desk.clock import Clock
from mailgate.desk.door import Desk
from mailgate.domain.events import Close, Reopen, Resolve, SetRequester
from mailgate.domain.model import Actor, ActorKind, Status
from mailgate.domain.numbers import NumberFormat
from mailgate.errors import Conflict
from mailgate.gateway import Parts, Ports
from mailgate.mail.parse import parse
from mailgate.roles import ALL
from mailgate.web.confirming import Confirming
from mailgate.web.frame import HEADERS
from mailgate.web.health import create_app
from mailgate.web.page import LARGEST, OFTEN, add_page
from tests.desk.conftest import CUSTOMER, World, settings
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used

URL = "https://desk.example"
RESOLVE = Actor(ActorKind.AGENT, "alice")


class Page:
    """A resolved ticket, and the link that its notice brought."""

    def __init__(self, database, **desk):
        known = replace(settings(), public_url=URL, **desk)
        self.world = World(database, known)
        self.world.desk = Desk(database, known, self.world.signer)
        self.seconds = 0.0
        app = create_app({}, {})
        add_page(
            app, self.world.desk, self.world.signer, lambda: self.world.now, lambda: self.seconds
        )
        self.client = TestClient(app)
        self.opened = self.world.open('<script>alert("x")</script>')
        self.resolve()

    def resolve(self):
        self.world.pass_time(minutes=1)
        self.world.apply(self.opened, Resolve(at=self.world.now, actor=RESOLVE))
        rows = [row for row in self.world.rows("outbox") if row["notice"] == "resolved"]
        self.path = rows[-1]["context"]["confirm_page"].removeprefix(URL)
        self.world.pass_time(minutes=1)

    def say(self, answer, text="", path=None):
        return self.client.post(path or self.path, data={"answer": answer, "text": text})

    @property
    def status(self):
        return self.world.ticket(self.opened).status

    def events(self):
        return [row["name"] for row in self.world.rows("event")]


@pytest.fixture
def page(database):
    return Page(database)


def test_a_look_shows_number_and_subject_and_changes_nothing(page):
    before = page.events()
    answer = page.client.get(page.path)
    assert answer.status_code == 200
    assert page.opened.number in answer.text
    assert "&lt;script&gt;alert" in answer.text
    assert "<script" not in answer.text
    assert CUSTOMER not in answer.text
    assert page.client.head(page.path).status_code == 200
    assert page.client.get(f"{page.path}?answer=yes").status_code == 200
    assert (page.status, page.events()) == (Status.RESOLVED, before)


def test_every_answer_has_the_headers_and_sets_no_cookie(page):
    for answer in (page.client.get(page.path), page.client.get("/t/x"), page.say("yes")):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "set-cookie" not in answer.headers


def test_yes_closes_it_once(page):
    assert "The ticket is closed" in page.say("yes").text
    ticket = page.world.ticket(page.opened)
    assert (ticket.status, ticket.closed_at) == (Status.CLOSED, page.world.now)
    assert "nothing was changed" in page.say("yes").text
    assert "nothing was changed" in page.say("no").text
    assert "nothing was changed" in page.client.get(page.path).text
    assert page.events().count("ticket.confirmed") == 1
    assert page.status is Status.CLOSED


@pytest.mark.parametrize("text", ["The lid\r\nis still broken: äöü", "thanks", ""])
def test_no_reopens_it_with_what_was_written(page, text):
    assert "take it up again" in page.say("no", text).text
    assert page.status is Status.REOPENED
    written = page.world.rows("message")[-1]
    assert written["side"] == "client"
    assert written["author"] == CUSTOMER
    said = text.replace("\r\n", "\n") or "(Is everything settled? No, it is not.)"
    assert written["text"] == said
    (kept,) = (row for row in page.world.rows("mail") if row["id"] == written["mail_id"])
    mail = parse(kept["raw"], page.world.now)
    assert (mail.strict_from, mail.text.strip(), mail.message_id) == (
        CUSTOMER,
        said,
        written["rfc_id"],
    )
    (delivery,) = page.world.rows("mail_delivery")
    assert (delivery["state"], delivery["road"]) == ("threaded", "page")
    assert delivery["ticket_id"] == written["ticket_id"]


def test_who_writes_nothing_says_no_in_their_own_language(database):
    page = Page(database, language="de")
    page.say("no")
    assert page.world.rows("message")[-1]["text"] == "(Ist alles erledigt? Nein, noch nicht.)"


def test_after_yes_it_asks_for_a_score_that_may_be_changed(page):
    assert page.say("yes").text.count("<button") == 5
    ended = page.world.ticket(page.opened)
    assert "Thank you for your rating" in page.say("2", "slow").text
    assert 'value="5"' in page.client.get(f"{page.path}?answer=5").text
    assert page.world.ticket(page.opened).satisfaction == 2
    page.world.pass_time(days=29)
    page.say("5")
    ticket = page.world.ticket(page.opened)
    assert (ticket.satisfaction, ticket.status, ticket.turn) == (5, Status.CLOSED, ended.turn)
    rated = [row for row in page.world.rows("event") if row["name"] == "ticket.rated"]
    assert [(row["actor_id"], row["data"]["comment"], row["note"]) for row in rated] == [
        (CUSTOMER, "slow", "slow"),
        (CUSTOMER, "", None),
    ]
    page.world.pass_time(days=2)
    assert "<button" not in page.client.get(page.path).text
    assert "nothing was changed" in page.say("1").text
    assert page.world.ticket(page.opened).satisfaction == 5


@pytest.mark.parametrize("score", ["0", "6", "5.0", "\N{ARABIC-INDIC DIGIT FIVE}"])
def test_no_score_is_no_rating(page, score):
    page.say("yes")
    page.say(score)
    assert page.world.ticket(page.opened).satisfaction is None


def test_before_it_is_settled_and_by_a_forged_link_nothing_is_rated(page):
    assert "nothing was changed" in page.say("5").text
    page.say("yes")
    assert page.say("5", path="/t/x").status_code == 404
    assert page.world.ticket(page.opened).satisfaction is None


def test_the_link_of_an_earlier_resolution_changes_nothing(page):
    earlier = page.path
    page.say("no")
    page.resolve()
    assert "nothing was changed" in page.say("yes", path=earlier).text
    assert page.status is Status.RESOLVED
    assert "The ticket is closed" in page.say("yes").text


def test_a_link_expires(page):
    page.world.pass_time(days=92)
    assert "nothing was changed" in page.say("yes").text
    assert page.status is Status.RESOLVED


def test_whatever_is_no_link_of_ours_gets_the_same_answer(page):
    world, number = page.world, page.opened.number
    confirm = world.signer.ticket_address(
        "support@desk.example", number, CUSTOMER, "confirm", world.now, 1
    )
    tokens = [
        "x",
        page.path.removeprefix("/t/")[:-1] + "7",
        confirm.partition("+")[2].partition("@")[0],
        world.signer.page_token(number, "mallory@elsewhere.example", 1, world.now),
        world.signer.page_token("TKT-2026-99999", CUSTOMER, 1, world.now),
    ]
    answers = [call(f"/t/{token}") for token in tokens for call in (page.client.get, post(page))]
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (404, answers[0].text),
    }
    assert page.status is Status.RESOLVED


def post(page):
    return lambda path: page.say("yes", path=path)


@pytest.mark.parametrize("body", [b"", b"answer=maybe", b"\xff", b"a=1&b=2&c=3&d=4&e=5"])
def test_a_form_that_is_not_ours_does_nothing(page, body):
    assert page.client.post(page.path, content=body).status_code == 200
    assert page.status is Status.RESOLVED


def test_a_body_that_is_too_large_does_nothing(page):
    body = b"answer=yes&text=" + b"x" * LARGEST
    assert page.client.post(page.path, content=body).status_code == 413
    assert page.status is Status.RESOLVED


def test_who_asks_too_often_waits_a_minute(page):
    codes = [page.client.get("/t/x").status_code for _ in range(OFTEN + 1)]
    assert codes == [404] * OFTEN + [429]
    page.seconds += 60
    assert page.client.get(page.path).status_code == 200


def test_it_speaks_the_language_of_the_reader(page):
    answer = page.client.get("/t/x", headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert "Diese Seite gibt es nicht." in answer.text


def test_who_is_not_first_decides_again(page, monkeypatch):
    once, left = Confirming._once, [Conflict("somebody"), Conflict("somebody")]

    def contended(*arguments):
        if left:
            raise left.pop()
        return once(*arguments)

    monkeypatch.setattr(Confirming, "_once", contended)
    assert page.say("yes").status_code == 200
    assert page.status is Status.CLOSED


def test_a_desk_that_cannot_write_says_so(page, monkeypatch):
    def contended(*_):
        raise Conflict("somebody")

    monkeypatch.setattr(Confirming, "_once", contended)
    answer = page.say("yes")
    assert (answer.status_code, "nothing was changed" in answer.text) == (503, True)


def test_without_an_address_for_pages_there_is_no_link(database):
    world = World(database, settings())
    ticket = world.open()
    world.pass_time(minutes=1)
    world.apply(ticket, Resolve(at=world.now, actor=RESOLVE))
    (row,) = [row for row in world.rows("outbox") if row["notice"] == "resolved"]
    assert row["context"]["confirm_page"] is None


def test_a_fault_does_not_bring_the_link_into_the_log(page, monkeypatch):
    def broken(*_):
        raise ValueError("hunter2")

    monkeypatch.setattr(Confirming, "look", broken)
    client = TestClient(page.client.app, raise_server_exceptions=False)
    with structlog.testing.capture_logs() as lines:
        assert client.get(page.path).status_code == 500
    assert [(line["event"], line["path"]) for line in lines] == [("http.failed", "/t/")]


def test_who_breaks_off_in_the_middle_of_an_answer_is_no_fault_of_ours(page):
    told = iter(
        [
            {"type": "http.request", "body": b"answer=yes", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive():
        return next(told)

    async def send(_):
        pass

    scope = {
        "type": "http",
        "method": "POST",
        "path": page.path,
        "headers": [],
        "query_string": b"",
    }
    with structlog.testing.capture_logs() as lines:
        asyncio.run(page.client.app(scope, receive, send))
    assert (lines, page.status) == ([], Status.RESOLVED)


def test_a_gateway_has_the_page_where_customers_can_reach_it(gateway):
    def kind():
        app = Parts(gateway, ALL, Ports(), {})._server()._server.config.app
        return TestClient(app).get("/t/x").headers.get("content-type", "").partition(";")[0]

    assert kind() == "application/json"
    web = gateway.config.web.model_copy(update={"public_url": URL})
    gateway.config = gateway.config.model_copy(update={"web": web})
    assert kind() == "text/html"


@pytest.mark.parametrize("letter", ["я", "你", "😀"])
def test_a_long_answer_in_any_script_is_taken(page, letter):
    assert page.say("no", letter * 1200).status_code == 200
    assert page.world.rows("message")[-1]["text"] == letter * 1000


def test_what_it_says_is_clean_before_it_is_kept(page):
    page.say("no", "a\x1b[31mb\u202ec\u2028d\x9b\r\ne")
    said = page.world.rows("message")[-1]["text"]
    assert not set("\x1b\u202e\u2028\x9b\r") & set(said)
    assert said.endswith("e")


def test_a_number_with_a_slash_leads_to_the_page_too(database):
    slashed = replace(settings(), public_url=URL, number_format=NumberFormat("SUP/{seq:05d}"))
    world = World(database, slashed)
    app = create_app({}, {})
    add_page(app, world.desk, world.signer, lambda: world.now)
    ticket = world.open()
    world.apply(ticket, Resolve(at=world.now, actor=RESOLVE))
    (row,) = [row for row in world.rows("outbox") if row["notice"] == "resolved"]
    found = TestClient(app).get(row["context"]["confirm_page"].removeprefix(URL))
    assert (found.status_code, "SUP/00001" in found.text) == (200, True)


class Surveyed(Page):
    """A ticket of which its customer was asked how it went, whoever closed it."""

    def __init__(self, database):
        super().__init__(database)
        policy = replace(settings(survey_after=timedelta(days=1)), public_url=URL)
        self.world.desk = Desk(database, policy, self.world.signer)
        self.world.clock = Clock(self.world.desk)
        self.world.apply(self.opened, Close(at=self.world.now, actor=RESOLVE))
        self.world.pass_time(days=1)
        self.world.tick()
        (row,) = [row for row in self.world.rows("outbox") if row["notice"] == "survey"]
        self.survey = row["context"]["rate_page"].removeprefix(URL)


@pytest.fixture
def surveyed(database):
    return Surveyed(database)


def test_the_page_of_a_survey_asks_for_a_score_and_nothing_else(surveyed):
    page = surveyed
    shown = page.client.get(page.survey).text
    assert shown.count("<button") == 5
    assert "nothing was changed" not in shown
    assert "Thank you for your rating" in page.say("3", "so so", path=page.survey).text
    ticket = page.world.ticket(page.opened)
    assert (ticket.satisfaction, ticket.status) == (3, Status.CLOSED)
    assert "nothing was changed" in page.say("no", path=page.survey).text
    assert page.status is Status.CLOSED
    assert "<button" not in page.client.get(page.path).text, "that resolution nobody confirmed"


def test_the_page_of_a_survey_rates_nothing_once_the_ticket_is_taken_up_again(surveyed):
    page = surveyed
    page.say("1", path=page.survey)
    page.world.apply(page.opened, Reopen(at=page.world.now, actor=RESOLVE))
    assert "nothing was changed" in page.client.get(page.survey).text
    assert "nothing was changed" in page.say("5", path=page.survey).text
    assert page.world.ticket(page.opened).satisfaction is None
    page.world.apply(page.opened, Close(at=page.world.now, actor=RESOLVE))
    page.say("4", path=page.survey)
    assert page.world.ticket(page.opened).satisfaction == 4


def test_the_page_of_a_survey_closes_after_thirty_days(surveyed):
    surveyed.world.pass_time(days=31)
    assert "<button" not in surveyed.client.get(surveyed.survey).text


def test_whose_ticket_it_is_no_more_when_it_is_decided_says_nothing(page, monkeypatch):
    asked, writing = page.path, page.world.desk.writing
    theirs = {"actor": RESOLVE, "requester": "eve@customer.example"}

    @contextmanager
    def late(now):
        with writing(now) as ledger:
            ledger.apply(page.opened.id, SetRequester(at=now, **theirs))
        with writing(now) as ledger:
            yield ledger

    with monkeypatch.context() as patch:
        patch.setattr(page.world.desk, "writing", late)
        assert page.say("no", "It is mine!").status_code == 404
    assert (page.status, page.events()[-1]) == (Status.RESOLVED, "ticket.requester_set")
    page.world.apply(
        page.opened, SetRequester(at=page.world.now, **theirs | {"requester": CUSTOMER})
    )
    page.say("yes", path=asked)
    monkeypatch.setattr(page.world.desk, "writing", late)
    assert page.say("5", path=asked).status_code == 404
    assert page.world.ticket(page.opened).satisfaction is None
