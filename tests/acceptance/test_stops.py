"""Stopped, or one of two: every mail that was acknowledged is there, and there once."""

import shutil
import smtplib
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest

from tests.acceptance import inside
from tests.acceptance.desk import ADMIN, ALICE, ANN, SUPPORT
from tests.peers.gateway import Gateway
from tests.peers.places import LOOPBACK
from tests.peers.waiting import wait_until

pytestmark = pytest.mark.peers

SENDERS = 4
UNBOUNDED = {"limits.automatic_in_an_hour": 10_000, "limits.automatic_in_a_day": 10_000}
"""However many mails a quick machine takes before it is stopped, each is answered."""
RAW = f"From: {ANN}\r\nTo: {SUPPORT}\r\nSubject: %s\r\nMessage-ID: <%s@x.example>\r\n\r\nHelp.\r\n"


def connect(port: int) -> smtplib.SMTP:
    """Return a connection to the gateway; raises OSError or SMTPException when there is none."""
    return smtplib.SMTP(LOOPBACK, port, local_hostname="client.example", timeout=20)


def send(link: smtplib.SMTP, name: str) -> None:
    """Send the mail of that name, the same whenever it is sent."""
    link.sendmail(ANN, SUPPORT, RAW % (name, name))


def rest(*gateways: Gateway) -> None:
    """Wait until everything accepted is processed, and everything decided is sent."""
    for gateway in gateways:
        wait_until(
            lambda config=gateway.config: not inside.under_way(config),
            lambda config=gateway.config: f"rest, but {inside.under_way(config)}",
            patience=60,
        )


def check_that_each_is_there_once(gateway: Gateway, names: Iterable[str]) -> None:
    """See that each name has one ticket with one message, and each notice of it one row."""
    tickets = gateway.tickets()
    assert Counter(t["subject"] for t in tickets) == Counter(names)
    assert {t["messages"] for t in tickets} <= {1}
    rows = gateway.json("outbox")
    wanted = [("received", ANN), ("new_message", ALICE), ("new_message", ADMIN)]
    assert Counter((r["ticket"], r["notice"], r["recipient"], r["state"]) for r in rows) == Counter(
        (t["number"], *notice, "sent") for t in tickets for notice in wanted
    )


def test_a_graceful_stop_loses_nothing_that_was_acknowledged(start_gateway) -> None:
    gateway = start_gateway(values=UNBOUNDED).start()
    acknowledged: list[str] = []

    def go_on_sending(sender: int) -> None:
        with suppress(OSError, smtplib.SMTPException), connect(gateway.smtp_port) as link:
            for n in count():
                send(link, f"mail-{sender}-{n}")
                acknowledged.append(f"mail-{sender}-{n}")

    with ThreadPoolExecutor(SENDERS) as pool:
        running = [pool.submit(go_on_sending, sender) for sender in range(SENDERS)]
        wait_until(lambda: len(acknowledged) >= 20, lambda: f"mails: {acknowledged}")
        assert gateway.stop() == 0
        for each in running:
            each.result(timeout=30)
    assert gateway.log_lines("gateway.stopped")
    gateway.start()
    with connect(gateway.smtp_port) as link:
        send(link, acknowledged[-1])  # as a sender does that never learned that it was taken
    rest(gateway)
    subjects = [ticket["subject"] for ticket in gateway.tickets()]
    assert set(acknowledged) <= set(subjects)
    assert len(subjects) - len(acknowledged) <= SENDERS, "those whose answer was cut off"
    check_that_each_is_there_once(gateway, set(subjects))


def test_two_gateways_on_one_postgresql_share_the_work(postgresql_url: str, start_gateway) -> None:
    values = {"jobs.deadlines": "1s", "sla.global.system": "2s"}
    first = start_gateway(database=postgresql_url, values=values)
    second = start_gateway(database=postgresql_url, values=values)
    shutil.copy(first.folder / "mailgate.key", second.folder / "mailgate.key")
    both = (first.start(), second.start())

    def send_some(sender: int) -> None:
        with connect(both[sender % 2].smtp_port) as link:
            for n in range(6):
                send(link, f"mail-{sender}-{n}")

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send_some, range(SENDERS)))

    # Each ticket's time runs out, which some node notices, and only one tells.
    overdue = [(f"{who}", n) for who in (ALICE, ADMIN) for n in range(1, 6 * SENDERS + 1)]

    def told() -> list[tuple[str, int]]:
        mails = [mail for gateway in both for mail in gateway.outgoing().mails()]
        late = [mail for mail in mails if "Delayed Response" in str(mail["Subject"])]
        return sorted(
            (mail["To"].addresses[0].addr_spec, int(str(mail["Subject"]).rstrip("]")[-5:]))
            for mail in late
        )

    wait_until(lambda: len(told()) >= len(overdue), lambda: f"all overdue, but: {told()}")
    rest(*both)
    assert told() == sorted(overdue)
    for gateway in both:
        assert gateway.log_lines("mail.opened")
        assert gateway.log_lines("notice.sent")
    tickets = first.tickets()
    assert sorted(t["number"][-5:] for t in tickets) == [f"{n:05}" for _, n in overdue[:24]]
    rows = first.json("outbox")
    assert Counter(row["state"] for row in rows) == {"sent": 5 * 24}
    assert len({(row["ticket"], row["notice"], row["recipient"]) for row in rows}) == 5 * 24
