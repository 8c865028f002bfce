"""Answers that wait before they are sent: stopped in time they never leave, and none gets lost."""

from collections.abc import Callable

import pytest

from tests.acceptance.desk import Desk
from tests.peers.maildir import text_of

pytestmark = pytest.mark.peers

ANSWER = "Have you tried turning it off?"


def heard(desk: Desk) -> int:
    """Return how often Ann has got the answer."""
    return sum(ANSWER in text_of(mail) for mail in desk.ann.inbox.mails())


def test_an_answer_that_waits_can_be_stopped_and_outlives_a_kill(
    open_own_desk: Callable[..., Desk],
) -> None:
    desk = open_own_desk(values={"agents.hold": "10m"})
    number, told = desk.open("Printer")
    desk.alice.reply(told, ANSWER)
    desk.gateway.wait_for_log("mail.held")
    desk.alice.reply(told, "/cancel")
    desk.settle()
    (kept,) = desk.show(number)["messages"][1:]
    assert (heard(desk), kept["kind"]) == (0, "note")

    desk.gateway.set({"agents.hold": "3s"})
    desk.gateway.restart()
    desk.alice.reply(told, ANSWER)
    desk.gateway.wait_for_log("mail.held", count=2)
    desk.gateway.kill()
    desk.gateway.start()
    desk.settle()
    assert (heard(desk), len(desk.show(number)["messages"])) == (1, 3)
