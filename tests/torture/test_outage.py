"""Mail that was accepted during an outage is read before the clock acts on its absence."""

import smtplib
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.app import App
from tests.acceptance import inside
from tests.acceptance.desk import ALICE, ANN, SUPPORT
from tests.peers.gateway import Gateway
from tests.peers.places import LOOPBACK

pytestmark = pytest.mark.peers

EVERY = timedelta(minutes=10)


def send(gateway: Gateway, sender: str, to: str, subject: str, text: str, answers: str) -> None:
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nIn-Reply-To: {answers}\r\n"
    with smtplib.SMTP(LOOPBACK, gateway.smtp_port, "client.example") as link:
        link.sendmail(sender, to, f"{head}Message-ID: <{text}@client.example>\r\n\r\n{text}\r\n")


def ask(gateway: Gateway, subject: str) -> str:
    """Let ann write and alice answer; return the Message-ID of the answer as ann has it."""
    send(gateway, ANN, SUPPORT, subject, f"help-{subject}", "<none@client.example>")
    told = gateway.outgoing().wait(
        lambda mail: subject in str(mail["Subject"]) and ALICE in str(mail["To"])
    )
    reply_to = told["Reply-To"].addresses[0].addr_spec
    send(gateway, ALICE, reply_to, f"Re: {subject}", f"question-{subject}", told["Message-ID"])
    answer = gateway.outgoing().wait(
        lambda mail: f"question-{subject}" in mail.as_string() and ANN in str(mail["To"])
    )
    return str(answer["Message-ID"])


def steps(app: App, since: datetime, hours: int) -> list[str]:
    """Let the clock run for so long; return the subjects of the tickets on which it acted."""
    instants = [since + n * EVERY for n in range(1, 1 + timedelta(hours=hours) // EVERY)]
    return [step.number for at in instants for step in app.clock.tick(at).steps]


def test_the_clock_acts_on_nothing_that_unread_mail_would_have_answered(start_gateway) -> None:
    gateway = start_gateway(values={"sla.normal.client": "1h", "jobs.deadlines": "off"})
    gateway.start(patience=60)
    asked = {subject: ask(gateway, subject) for subject in ("answered", "silent")}
    assert gateway.stop() == 0
    gateway.set({"node.roles": ["listen"]})  # mail comes in, and nobody reads it
    gateway.start(patience=60)
    accepted = datetime.now(UTC)
    send(gateway, ANN, SUPPORT, "Re: answered", "here-you-are", asked["answered"])
    assert gateway.stop() == 0

    with inside.opened(gateway.config) as app:
        assert steps(app, accepted, hours=3) == [], "both hours to answer are over, and unseen"
        told = app.clock.tick(accepted + timedelta(hours=3))
        assert timedelta(0) <= told.horizon - accepted < timedelta(minutes=1)
        app.process()
        acted = steps(app, accepted + timedelta(hours=3), hours=1)
    tickets = {ticket["subject"]: ticket for ticket in gateway.tickets()}
    assert acted == [tickets["silent"]["number"]]
    assert tickets["silent"]["delay"] == "delayed_by_client"
    assert tickets["answered"]["automation_status"] == "waiting_for_system_response"
