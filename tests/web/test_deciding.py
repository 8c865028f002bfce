"""The page at which it is decided whether a ticket goes one level up."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from mailgate.domain.escalation import ADMINS, ApprovalRule
from mailgate.domain.events import Close, Escalate
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.people import Agent, Staff
from mailgate.errors import Conflict
from mailgate.locales import languages
from mailgate.web.approving import Approving
from mailgate.web.deciding import _WORDS
from mailgate.web.frame import HEADERS
from mailgate.web.health import create_app
from mailgate.web.page import add_page
from tests.desk.auditing import faults
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER, World, settings
from tests.desk.conftest import database as database  # noqa: PLC0414 - a fixture that is used

URL = "https://desk.example"
WHY = '<script>alert("x")</script> he calls'


class Page:
    """A ticket that alice wants to go up, and the link that an administrator got."""

    def __init__(self, database, language=""):
        boss = Agent("boss", "boss@agents.example", admin=True, language=language)
        staff = Staff((ALICE, BOB, boss), {}, (ADMIN,))
        rules = settings(asking=ApprovalRule(ADMINS))
        self.world = World(database, replace(rules, staff=staff, public_url=URL))
        app = create_app({}, {})
        add_page(app, self.world.desk, self.world.signer, lambda: self.world.now)
        self.client = TestClient(app)
        self.opened = self.world.open("Printer <b>")
        self.ask()

    def ask(self):
        self.world.pass_time(minutes=1)
        who = Actor(ActorKind.AGENT, "alice")
        self.world.apply(self.opened, Escalate(at=self.world.now, actor=who, to="bob", reason=WHY))
        self.path = self.path_of("boss@agents.example")

    def path_of(self, address):
        rows = [row for row in self.world.rows("outbox") if row["notice"] == "approval_wanted"]
        row = [row for row in rows if row["recipient"] == address][-1]
        return row["context"]["approval"]["page"].removeprefix(URL)

    def say(self, answer, text="", path=None):
        return self.client.post(path or self.path, data={"answer": answer, "text": text})

    @property
    def ticket(self):
        return self.world.ticket(self.opened)

    def events(self):
        return [row["name"] for row in self.world.rows("event")]


@pytest.fixture
def page(database):
    return Page(database)


def test_a_look_shows_what_is_asked_and_changes_nothing(page):
    before = page.events()
    answer = page.client.get(page.path)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    for shown in (
        page.opened.number,
        "Printer &lt;b&gt;",
        "Asked for by <bdi>Alice</bdi>",
        "To <bdi>Bob</bdi>",
    ):
        assert shown in answer.text
    assert "Reason: <bdi>&lt;script&gt;alert" in answer.text
    assert "<script" not in answer.text
    assert CUSTOMER not in answer.text
    assert page.client.head(page.path).status_code == 200
    for query in ("answer=yes", "answer=no&text=x"):
        assert page.client.get(f"{page.path}?{query}").status_code == 200
    assert page.say("5").status_code == 200
    assert (page.ticket.approval is not None, page.events()) == (True, before)


def test_yes_lets_it_go_up_once_as_the_doing_of_whose_link_it_is(page):
    assert "The ticket has been escalated" in page.say("yes").text
    assert (page.ticket.escalation_level, page.ticket.escalated_to) == (1, "bob")
    event = page.world.rows("event")[-1]
    assert (event["name"], event["actor_kind"], event["actor_id"]) == (
        *("ticket.approved", "admin", "boss"),
    )
    for again in (page.say("yes"), page.say("no", "x"), page.client.get(page.path)):
        assert "nothing was changed" in again.text
        assert "alert" not in again.text
    assert page.ticket.escalation_level == 1
    assert faults(page.world) == []


def test_no_needs_a_reason_which_who_asked_is_told(page):
    assert "please write why not" in page.say("no", "  ").text
    assert page.ticket.approval is not None
    assert "The ticket stays as it is" in page.say("no", "Wait until\r\nMonday.").text
    assert (page.ticket.approval, page.ticket.escalation_level) == (None, 0)
    told = [row for row in page.world.rows("outbox") if row["notice"] == "rejected"]
    notes = {row["recipient"]: row["context"]["note"] for row in told}
    assert notes == dict.fromkeys((ALICE.address, ADMIN), "Wait until\nMonday.")
    assert faults(page.world) == []


def test_the_first_of_several_who_may_decides(page):
    other = page.path_of(ADMIN)
    page.say("no", "no")
    assert "nothing was changed" in page.say("yes", path=other).text
    assert page.ticket.escalation_level == 0


def test_a_link_of_an_earlier_approval_or_of_a_settled_ticket_changes_nothing(page):
    earlier = page.path
    page.say("no", "no")
    page.ask()
    assert "nothing was changed" in page.say("yes", path=earlier).text
    assert page.ticket.approval.n == 2
    page.world.apply(page.opened, Close(at=page.world.now, actor=Actor(ActorKind.AGENT, "bob")))
    assert "nothing was changed" in page.say("yes").text
    assert page.ticket.escalation_level == 0


def test_a_link_expires(page):
    page.world.pass_time(days=92)
    assert "nothing was changed" in page.say("yes").text
    assert page.ticket.approval is not None


def test_whoever_holds_no_link_of_the_staff_gets_the_page_that_there_is_none(page):
    world, number = page.world, page.opened.number
    forged = [
        page.path[:-1] + "7",
        f"/t/{world.signer.approval_token(number, CUSTOMER, 1, world.now)}",
        f"/t/{world.signer.approval_token('TKT-2026-99999', ADMIN, 1, world.now)}",
        f"/t/{world.signer.page_token(number, ADMIN, 1, world.now)}",
    ]
    answers = [call(path) for path in forged for call in (page.client.get, post(page))]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert page.ticket.approval is not None


def post(page):
    return lambda path: page.say("yes", path=path)


def test_an_agents_link_made_for_whom_nobody_asks_decides_nothing(page):
    token = page.world.signer.approval_token(page.opened.number, ALICE.address, 1, page.world.now)
    assert "nothing was changed" in page.say("yes", path=f"/t/{token}").text
    assert page.ticket.approval is not None


def test_who_works_here_no_more_decides_nothing(page):
    page.world.desk.settings = replace(
        page.world.desk.settings, staff=Staff((ALICE, BOB), {}, (ADMIN,))
    )
    assert page.say("yes").status_code == 404
    assert page.ticket.approval is not None


def test_who_is_not_first_decides_again(page, monkeypatch):
    once, left = Approving._once, [Conflict("somebody"), Conflict("somebody")]

    def contended(*arguments):
        if left:
            raise left.pop()
        return once(*arguments)

    monkeypatch.setattr(Approving, "_once", contended)
    assert page.say("yes").status_code == 200
    assert page.ticket.escalation_level == 1


def test_somebody_who_decides_between_look_and_answer_is_the_first(page, monkeypatch):
    find = Approving._find

    def late(self, token, now):
        found = find(self, token, now)
        monkeypatch.setattr(Approving, "_find", find)
        page.say("no", "no", path=page.path_of(ADMIN))
        return found

    monkeypatch.setattr(Approving, "_find", late)
    assert "nothing was changed" in page.say("yes").text
    assert page.ticket.escalation_level == 0


@pytest.mark.parametrize("language", languages())
def test_it_speaks_the_language_of_who_decides(database, language):
    page = Page(database, language)
    words = _WORDS[language]
    assert page.client.get(page.path).text.count(words.question) == 1
    assert words.approved in page.say("yes").text


def test_every_language_of_the_mails_has_words_of_its_own():
    assert sorted(_WORDS) == list(languages())
    said = [getattr(words, name) for words in _WORDS.values() for name in ("question", "over")]
    assert len(set(said)) == len(said)
