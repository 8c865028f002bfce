"""An escalation that must be approved first, between real mail programs: yes, no, and no answer."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.acceptance.desk import ADMIN, ALICE, BOB, Desk
from tests.peers.customer import swaks
from tests.peers.maildir import html_of, text_of

pytestmark = pytest.mark.peers

# A ticket of one of these priorities is to go up at once; until somebody says so, none is.
RULE = {"after": "0s", "to": "bob", "approval_by": "admins"}
RULES = [
    {"name": "pressing", "if_priority": ["urgent"], **RULE},
    {"name": "over", "if_priority": ["low"], **RULE, "expires_after": "1s"},
]


@pytest.fixture(scope="module")
def shared_desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk on which administrators approve what goes up, whoever asks."""
    asking = {"escalate.approval_by": "admins", "escalate.expires_after": "1h"}
    page = {"web.public_url": "https://desk.example"}
    return open_desk(values={"escalation": RULES, **asking, **page})


def pressing(desk: Desk, subject: str, priority: str = "urgent") -> tuple[str, EmailMessage]:
    """Let a rule ask about a new ticket; return its number, and what the administrator gets."""
    number, told = desk.open(subject)
    desk.alice.reply(told, f"/priority {priority}")
    return number, wanted(desk, number)


def wanted(desk: Desk, number: str) -> EmailMessage:
    return desk.admin.inbox.wait(
        lambda mail: number in str(mail["Subject"]) and "Approval wanted" in str(mail["Subject"])
    )


def heard(inbox, number: str, words: str) -> EmailMessage:
    return inbox.wait(lambda mail: number in str(mail["Subject"]) and words in str(mail["Subject"]))


def test_a_rule_asks_the_administrator_agrees_by_mail_and_the_target_is_told(desk: Desk) -> None:
    number, asked = pressing(desk, "fire")
    assert "Such a ticket is escalated at once (rule pressing)." in text_of(asked)
    assert "body=%2Fapprove" in html_of(asked)
    assert "Please help." in text_of(asked), "who decides reads what the customer wrote"
    assert "https://desk.example/t/" in text_of(asked)
    assert str(asked["Auto-Submitted"]) == "auto-generated"
    assert desk.show(number)["escalation_level"] == 0

    desk.admin.reply(asked, "/approve he may be right")
    told = heard(desk.bob.inbox, number, "Escalated")
    assert "has escalated this ticket to Bob" in text_of(told)
    desk.settle()
    ticket = desk.show(number)
    assert (ticket["escalation_level"], ticket["escalated_to"]) == (1, "bob")
    assert ticket["approval"] is None
    assert desk.heard_by_customers("approve") == []


def test_what_an_agent_asks_for_is_rejected_and_they_read_why(desk: Desk) -> None:
    number, told = desk.open("smoke")
    desk.alice.reply(told, "/escalate he calls every hour")
    asked = wanted(desk, number)
    assert "Alice asks for this ticket to be escalated" in text_of(asked)
    assert "Reason: he calls every hour" in text_of(asked)

    desk.admin.reply(asked, "/reject Wait until Monday.")
    answer = heard(desk.alice.inbox, number, "Rejected")
    assert "Reason: Wait until Monday." in text_of(answer)
    desk.settle()
    assert desk.show(number)["escalation_level"] == 0
    desk.admin.reply(asked, "/approve")
    refusal = heard(desk.admin.inbox, number, "Not sent")
    assert "this approval is asked for" in text_of(refusal)
    assert desk.show(number)["escalation_level"] == 0


def test_a_vacation_responder_and_who_got_the_mail_passed_on_approve_nothing(desk: Desk) -> None:
    number, asked = pressing(desk, "steam")
    to = asked["Reply-To"].addresses[0].addr_spec
    auto = {"Auto-Submitted": "auto-replied"}
    swaks(desk.postfix.port, to, ADMIN, f"Re: {asked['Subject']}", "/approve", auto)
    for other in (ALICE, BOB):
        swaks(desk.postfix.port, to, other, f"Re: {asked['Subject']}", "/approve")
    desk.settle()
    ticket = desk.show(number)
    assert (ticket["escalation_level"], ticket["approval"]["to"]) == (0, "bob")


def test_without_an_answer_it_is_over_and_the_ticket_stays_as_it_is(desk: Desk) -> None:
    number, asked = pressing(desk, "ash", "low")
    assert "Without an answer by" in text_of(asked)
    over = heard(desk.admin.inbox, number, "Not approved in time")
    assert "nobody has approved or rejected it in time" in " ".join(text_of(over).split())
    desk.settle()
    assert desk.show(number)["escalation_level"] == 0
    steps = [event["reasons"][0] for event in desk.show(number)["events"]]
    assert "nobody has approved or rejected it in time: it stays as it is" in steps
