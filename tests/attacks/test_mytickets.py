"""The address that lists tickets: what it must not tell, and whom it must not write to."""

import pytest

from mailgate.mail.trust import Trust
from tests.desk.conftest import CUSTOMER
from tests.intake.desk import EVE

LIST = "support+mytickets@desk.example"
SECRET = "The merger is called Bluebird"


def to_customers(gateway):
    return [row for row in gateway.rows("outbox") if row["role"] == "customer"]


@pytest.mark.parametrize("level", [Trust.FAILED, Trust.UNKNOWN, Trust.WEAK])
def test_a_forged_sender_learns_nothing_of_anybodys_tickets(gateway, trusted, level):
    gateway.mail("first", Subject=SECRET)
    trusted(level)
    headers = {"Reply_To": EVE, "Cc": EVE, "Sender": EVE}
    row = gateway.mail("list, please", to=LIST, Subject="list", **headers)
    assert row["state"] == "opened", "a person reads it"
    assert row["verdict"]["tried"][-1] == f"list of tickets: the sender is {level}, not strong"
    assert gateway.outbox("my_tickets") == []
    for notice in to_customers(gateway)[1:]:
        assert (notice["recipient"], notice["notice"]) == (CUSTOMER, "received")
        assert SECRET not in str(notice["context"])
    assert EVE not in {notice["recipient"] for notice in gateway.rows("outbox")}


def test_a_proved_sender_is_told_of_no_tickets_but_their_own(gateway, trusted):
    gateway.mail("first", Subject=SECRET)
    trusted(Trust.STRONG)
    headers = {"Reply_To": CUSTOMER, "Cc": CUSTOMER, "Sender": CUSTOMER}
    gateway.mail("list", sender=f'"{CUSTOMER}" <{EVE}>', to=LIST, **headers)
    (notice,) = gateway.outbox("my_tickets")
    assert (notice["recipient"], notice["context"]["tickets"]) == (EVE, [])
    assert CUSTOMER not in str(notice["context"]), "nor by the name of somebody else"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<news.customer.example>"},
        {"From": "no-reply@customer.example"},
        {"Subject": "Out of office: list"},
        {"X_Mailgate_Loop": "anything", "Auto_Submitted": "auto-generated"},
    ],
)
def test_a_machine_that_asks_for_the_list_is_not_answered(gateway, trusted, headers):
    trusted(Trust.STRONG)
    row = gateway.mail("list", to=LIST, **headers)
    assert "list of tickets: nothing automatic may answer this mail" in row["verdict"]["tried"]
    assert to_customers(gateway) == []


def test_a_robot_that_answers_each_list_by_asking_anew_comes_to_an_end(gateway, trusted):
    trusted(Trust.STRONG)
    for _ in range(30):
        assert gateway.mail("again", to=LIST)["state"] == "commands_only"
    assert len(to_customers(gateway)) == 1
