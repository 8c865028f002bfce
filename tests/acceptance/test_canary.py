"""A mail of our own goes round the whole loop, and somebody hears of it when it does not."""

import json
import smtplib
from collections.abc import Iterator
from itertools import count

import pytest

from tests.peers.gateway import Gateway
from tests.peers.places import LOOPBACK
from tests.peers.sink import Received, Sink
from tests.peers.waiting import wait_until

pytestmark = pytest.mark.peers

ADMIN = "admin@agent.example"


class Smarthost(Sink):
    """Hands mail for the desk back to the gateway, unless it swallows it."""

    def __init__(self) -> None:
        self.port_of_gateway, self.swallows, self.numbers = 0, False, count()
        super().__init__()

    def note_mail(self, mail: Received) -> None:
        super().note_mail(mail)
        if mail.recipients[0].endswith("@desk.example") and not self.swallows:
            self.hand_back(mail)

    def hand_back(self, mail: Received) -> None:
        with smtplib.SMTP(LOOPBACK, self.port_of_gateway, timeout=20) as link:
            received = b"Received: by smarthost.example id %d\r\n" % next(self.numbers)
            link.sendmail(mail.mail_from, list(mail.recipients), received + mail.raw)


@pytest.fixture
def smarthost() -> Iterator[Smarthost]:
    with Smarthost() as server:
        yield server


@pytest.fixture
def gateway(start_gateway, smarthost: Smarthost) -> Gateway:
    out = {"transport": "smtp", "host": LOOPBACK, "port": smarthost.port, "tls": "off"}
    values = {f"delivery.{key}": value for key, value in out.items()}
    made: Gateway = start_gateway(values=values | {"canary.every": "1s"})
    smarthost.port_of_gateway = made.smtp_port
    return made


def figures(gateway: Gateway) -> dict[str, float]:
    lines = (line.rsplit(" ", 1) for line in gateway.http("/metrics")[1].splitlines())
    return {name: float(value) for name, value in lines if name.startswith("mailgate_canar")}


def test_it_comes_round_is_measured_and_leaves_no_trace(
    gateway: Gateway, smarthost: Smarthost
) -> None:
    gateway.start()
    gateway.wait_for_log("canary.returned", count=2)
    found = figures(gateway)
    assert found["mailgate_canary_missing"] == 0
    assert found['mailgate_canary_latency_seconds_bucket{le="+Inf"}'] >= 2
    assert found["mailgate_canaries_sent_total"] >= found["mailgate_canaries_returned_total"] >= 2
    assert found["mailgate_canary_last_seen_timestamp_seconds"] > 0
    assert gateway.tickets() == []
    assert {mail.recipients[0].partition("canary-")[0] for mail in smarthost.received} == {
        "support+"
    }
    old = smarthost.received[0]
    smarthost.hand_back(old)
    gateway.wait_for_log("mail.suppressed")
    assert gateway.tickets() == []
    assert json.loads(gateway.http("/readyz")[1]) == {"status": "ready", "faults": {}, "notes": {}}


def test_one_that_is_swallowed_is_an_alarm_once_and_the_next_one_that_comes_ends_it(
    gateway: Gateway, smarthost: Smarthost
) -> None:
    smarthost.swallows = True
    gateway.set({"canary.within": "4s"})
    gateway.start()
    assert " error " in gateway.wait_for_log("canary.missing")

    def told() -> list[str]:
        to_admin = (mail for mail in smarthost.received if mail.recipients == (ADMIN,))
        return [
            mail.raw.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode() for mail in to_admin
        ]

    wait_until(lambda: len(told()) == 1, "the administrator to be told")
    status, body = gateway.http("/readyz")
    assert (status, json.loads(body)["status"]) == (200, "ready")
    wait_until(lambda: figures(gateway)["mailgate_canary_missing"] == 1, "the figure")
    wait_until(lambda: "canary" in json.loads(gateway.http("/readyz")[1])["notes"], "the note")
    gateway.restart()
    gateway.wait_for_log("canary.sent", count=4)
    assert len(gateway.log_lines("canary.missing")) == 1, "also after a new start"
    smarthost.swallows = False
    gateway.wait_for_log("canary.over")
    wait_until(lambda: len(told()) == 2, "the administrator to be told of the end")
    assert len(gateway.log_lines("canary.missing")) == 1
    assert gateway.tickets() == []
    wait_until(lambda: figures(gateway)["mailgate_canary_missing"] == 0, "the figure")
