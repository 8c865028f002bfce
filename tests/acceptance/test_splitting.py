"""Two matters in one thread, between real mail programs: an agent splits off the second."""

from collections.abc import Callable

import pytest

from tests.acceptance import inside
from tests.acceptance.desk import SUPPORT, Desk, number_in
from tests.peers.maildir import text_of

pytestmark = pytest.mark.peers

SECRET = "The customer is rich."
INVOICE = "My invoice is wrong as well."


@pytest.fixture(scope="module")
def shared_desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk whose customers are known."""
    desk = open_desk()
    desk.introduce_customers()
    return desk


def texts(desk: Desk, number: str) -> list[str]:
    return [message["text"] for message in desk.show(number)["messages"]]


def test_both_matters_go_on_each_in_its_own_ticket(desk: Desk) -> None:
    one, told = desk.open("The printer burns")
    desk.alice.reply(told, f"/note: {SECRET}")
    desk.alice.reply(told, "Have you tried water?")
    answer = desk.ann.inbox.wait(lambda mail: "tried water" in text_of(mail))
    desk.ann.reply(answer, INVOICE)
    second = desk.alice.inbox.wait(lambda mail: INVOICE in text_of(mail))
    assert number_in(second) == one

    desk.alice.reply(second, "/split Your invoice: two matters\n/take\nWe will correct it.")
    corrected = desk.ann.inbox.wait(lambda mail: "correct it" in text_of(mail))
    desk.settle()
    two = number_in(corrected)
    assert two != one
    assert desk.show(two)["follows"] == one
    assert desk.show(one)["split_off"] == [two]
    assert desk.show(one)["status"] == "waiting_on_customer"
    assert (desk.show(two)["assignee"], desk.show(two)["subject"]) == ("alice", "Your invoice")
    numbers = [str(mail["Subject"]) for mail in desk.ann.inbox.mails() if two in mail["Subject"]]
    assert len(numbers) == 2, "the acknowledgement and the answer"

    desk.ann.reply(answer, "Water it is.")
    desk.ann.reply(corrected, "And the postage?")
    desk.settle()
    assert texts(desk, one)[-1] == "Water it is."
    assert texts(desk, two) == [INVOICE, "We will correct it.", "And the postage?"]
    assert desk.heard_by_customers(SECRET) == []

    desk.alice.reply(second, "/split")
    refused = desk.alice.inbox.wait(lambda mail: "already" in text_of(mail))
    assert f"it is split off {one} already: it is on {two}" in " ".join(text_of(refused).split())


def test_who_answers_their_own_mail_that_was_split_off_is_heard_on_the_new_ticket(
    desk: Desk,
) -> None:
    one, told = desk.open("The scanner hums")
    desk.alice.reply(told, "Let it.")
    answer = desk.ann.inbox.wait(lambda mail: "Let it." in text_of(mail))
    own = desk.ann.reply(answer, "And a chair is broken.")
    second = desk.alice.inbox.wait(lambda mail: "chair" in text_of(mail))
    desk.alice.reply(second, "/split")
    desk.settle()
    (two,) = desk.show(one)["split_off"]
    thread = {"In-Reply-To": own, "References": own}
    desk.ann.write(SUPPORT, f"Re: The scanner hums [{one}]", "Two chairs, in fact.", thread)
    desk.settle()
    assert texts(desk, two) == ["And a chair is broken.", "Two chairs, in fact."]
    assert inside.faults(desk.gateway.config) == []
