"""How did we do: the customer is asked once by mail, and answers with a mail."""

import re

import pytest

from tests.acceptance.desk import Desk
from tests.peers.maildir import html_of, text_of
from tests.peers.waiting import wait_until

pytestmark = pytest.mark.peers


@pytest.fixture
def desk(open_own_desk) -> Desk:
    """A desk that asks a second after the end."""
    return open_own_desk(values={"lifecycle.survey_after": "1s"})


def test_a_customer_rates_by_mail_and_the_ticket_stays_closed(desk: Desk) -> None:
    number, told = desk.open("Printer is on fire", "It smokes.")
    desk.alice.reply(told, "/resolve\nA new lid is on its way.")
    desk.ann.reply(desk.ann.inbox.wait_for_subject("✅ Your ticket has been resolved"), "Thanks!")
    survey = desk.ann.inbox.wait_for_subject(f"How did we do? - Ticket #{number}")
    assert survey["Auto-Submitted"] == "auto-generated"
    addresses = dict(re.findall(r"^  ([1-5]): (\S+)$", text_of(survey), re.MULTILINE))
    assert sorted(addresses) == ["1", "2", "3", "4", "5"]
    assert all(f"mailto:{address}?subject=" in html_of(survey) for address in addresses.values())

    desk.ann.write(addresses["1"], "1", "I am on leave.", {"Auto-Submitted": "auto-replied"})
    desk.ann.write(addresses["2"], f"2 [{number}]", "The lid came late.")
    told = desk.alice.inbox.wait(lambda mail: "The lid came late." in text_of(mail))
    assert "The customer's rating: 2 of 5" in text_of(told)
    desk.eve.write(addresses["1"], f"1 [{number}]", "")
    desk.ann.write(addresses["5"], f"5 [{number}]", "")
    wait_until(lambda: desk.show(number)["satisfaction"] == 5, "the second rating")
    desk.settle()

    shown = desk.show(number)
    assert (shown["status"], shown["satisfaction"]) == ("closed", 5)
    assert shown["surveyed_at"] is not None
    scores = [e["name"] for e in shown["events"] if e["name"] == "ticket.rated"]
    assert len(scores) == 2
    surveys = [m for m in desk.ann.inbox.mails() if "How did we do?" in str(m["Subject"])]
    assert len(surveys) == 1
