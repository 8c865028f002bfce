"""Machines that we know open, go on with and resolve their tickets, and are never answered."""

from dataclasses import replace

import pytest

from mailgate.domain.events import Close, MergeInto, Reopen
from mailgate.domain.model import Actor, ActorKind, Status
from mailgate.mail.alert import MachineSender
from mailgate.mail.trust import Trust
from tests.desk.conftest import ALICE, CUSTOMER
from tests.intake.desk import Believing

ALERTS = "alerts@desk.example"
AGENT = Actor(ActorKind.AGENT, ALICE.name)
WEB1, WEB2 = "Host: web1\r\nService: HTTP", "Host: web2\r\nService: HTTP"


@pytest.fixture
def watched(gateway, monkeypatch):
    """A desk that knows a machine, and believes every sender."""
    return believing(gateway, monkeypatch, Trust.STRONG)


def believing(gateway, monkeypatch, level):
    machine = MachineSender(("Host", "Service"), resolved=("recovery",))
    reader = replace(
        gateway.worker._reader, authenticator=Believing(level), machine_senders={ALERTS: machine}
    )
    monkeypatch.setattr(gateway.worker, "_reader", reader)
    return gateway


def alert(gateway, text, subject="PROBLEM: HTTP", **headers):
    return gateway.mail(text, sender=ALERTS, Subject=subject, **headers)


def to_customers(gateway):
    return [row for row in gateway.rows("outbox") if row["role"] == "customer"]


def do(gateway, ticket_id, kind, **facts):
    with gateway.desk.writing(gateway.now) as ledger:
        ledger.apply(ticket_id, kind(at=gateway.now, actor=AGENT, **facts))


def test_an_alert_opens_an_internal_ticket_and_tells_the_team(watched):
    row = alert(watched, WEB1)
    assert (row["state"], row["verdict"]["machine"]) == ("opened", True)
    assert f"machine-sender: {ALERTS}" in row["verdict"]["reasons"]
    assert "alert Host = web1, Service = HTTP: not seen before" in row["verdict"]["tried"]
    assert watched.ticket(row["ticket_id"]).visibility == "internal"
    assert len(watched.outbox("new_message")) == 3
    assert to_customers(watched) == []


def test_what_goes_on_is_recorded_on_the_same_ticket_and_tells_nobody(watched):
    ticket = alert(watched, WEB1)["ticket_id"]
    told = len(watched.rows("outbox"))
    row = alert(watched, WEB1, "STILL A PROBLEM")
    assert (row["state"], row["ticket_id"]) == ("threaded", ticket)
    assert (row["verdict"]["rung"], row["verdict"]["tried"][-1]) == (
        "alert",
        "alert Host = web1, Service = HTTP: opened TKT-2026-00001",
    )
    assert (watched.ticket(ticket).status, len(watched.rows("outbox"))) == (Status.NEW, told)
    assert alert(watched, WEB2)["ticket_id"] != ticket


def test_what_is_over_is_resolved_and_staff_are_told_but_not_the_machine(watched):
    ticket = alert(watched, WEB1)["ticket_id"]
    told = len(watched.outbox("new_message"))
    row = alert(watched, WEB1, "RECOVERY: HTTP")
    assert row["verdict"]["says"] == "a machine says that the problem is over"
    assert watched.ticket(ticket).status is Status.RESOLVED
    assert len(watched.outbox("new_message")) > told
    subjects = [row["context"]["ticket"]["subject"] for row in watched.outbox("new_message")]
    assert subjects == ["PROBLEM: HTTP"] * told + ["RECOVERY: HTTP"] * (len(subjects) - told)
    assert watched.ticket(ticket).subject == "PROBLEM: HTTP"
    assert to_customers(watched) == []
    do(watched, ticket, Reopen)
    assert to_customers(watched) == []


def test_what_comes_again_reopens_a_resolved_ticket_and_follows_no_closed_one(watched):
    ticket = alert(watched, WEB1)["ticket_id"]
    alert(watched, WEB1, "RECOVERY")
    assert alert(watched, WEB1)["ticket_id"] == ticket
    assert watched.ticket(ticket).status is Status.REOPENED
    do(watched, ticket, Close)
    late = alert(watched, WEB1, "RECOVERY")
    assert (late["ticket_id"], watched.ticket(ticket).status) == (ticket, Status.CLOSED)
    again = alert(watched, WEB1)
    assert (again["state"], again["verdict"]["mentions"]) == ("opened", ["TKT-2026-00001"])
    assert alert(watched, WEB1)["ticket_id"] == again["ticket_id"], "the newest one counts"
    assert to_customers(watched) == []


def test_alerts_of_one_batch_find_each_other(watched):
    for subject in ("PROBLEM", "RECOVERY"):
        watched.keep(WEB1, sender=ALERTS, Subject=subject)
    watched.worker.run_once()
    (ticket,) = watched.rows("ticket")
    assert ticket["status"] == "resolved"


def test_a_ticket_that_took_others_in_is_not_over_when_one_of_them_is(watched):
    source = alert(watched, WEB1)["ticket_id"]
    target = alert(watched, WEB2)["ticket_id"]
    do(watched, source, MergeInto, target=target)
    row = alert(watched, WEB1, "RECOVERY")
    assert (row["ticket_id"], watched.ticket(target).status) == (target, Status.NEW)
    assert row["verdict"]["says"] == "a machine wrote"


def test_an_alert_without_its_key_opens_a_ticket_of_its_own(watched):
    first, second = alert(watched, "Something is wrong."), alert(watched, "Again.")
    assert first["ticket_id"] != second["ticket_id"]
    assert f"machine sender {ALERTS}: its mail holds no key" in first["verdict"]["tried"]


def test_an_agent_cannot_answer_a_machine_and_is_told_why(watched):
    alert(watched, WEB1)
    watched.agent("Thank you, dear machine.")
    (refused,) = watched.outbox("command_refused")
    assert "is internal" in str(refused["context"]["commands"])
    assert to_customers(watched) == []


@pytest.mark.parametrize("level", [Trust.UNKNOWN, Trust.WEAK, Trust.FAILED])
def test_a_machine_that_is_not_proved_is_not_answered_and_resolves_nothing(
    gateway, monkeypatch, level
):
    believing(gateway, monkeypatch, Trust.STRONG)
    ticket = alert(gateway, WEB1)["ticket_id"]
    believing(gateway, monkeypatch, level)
    row = alert(gateway, WEB1, "RECOVERY")
    assert (row["state"], gateway.ticket(ticket).status) == ("opened", Status.NEW)
    assert row["verdict"]["tried"][-1].endswith("nothing proves it, so that no key counts")
    assert to_customers(gateway) == []


def test_the_key_of_a_machine_in_anybody_elses_mail_is_text(watched):
    ticket = alert(watched, WEB1)["ticket_id"]
    row = watched.mail(WEB1, sender=CUSTOMER, Subject="RECOVERY")
    assert row["state"] == "opened"
    assert watched.ticket(ticket).status is Status.NEW
