"""A canary that comes back is taken out at once: no ticket, no contact, no answer."""

from datetime import timedelta

import pytest

from mailgate.delivery.letter import Writer
from mailgate.desk.canary import Keeper
from mailgate.domain.canary import Pace
from mailgate.intake.inbox import Incoming
from mailgate.store import letters, outbox
from tests.delivery.sending import RENDERER
from tests.intake.desk import SUPPORT

MINUTE = timedelta(minutes=1)


@pytest.fixture
def canary(gateway) -> tuple[str, bytes]:
    """Address and bytes of a canary that has left."""
    Keeper(gateway.desk, Pace(15 * MINUTE, 5 * MINUTE), gateway.now).look(gateway.now)
    with gateway.database.write() as connection:
        (due,) = outbox.claim(connection, 1, "test", gateway.now, MINUTE, 9)
        carried = letters.carried(connection, [due])[due.id]
    writer = Writer(RENDERER, gateway.signer, "Support", SUPPORT)
    return due.recipient, writer.write(due, carried, None)


def arrive(gateway, to: str, raw: bytes):
    gateway.now += timedelta(seconds=2)
    id_ = gateway.inbox.put(Incoming(raw, "", (to,), gateway.now, "127.0.0.1", "smtp"))
    gateway.worker.drain()
    return gateway.delivery(id_)


def untouched(gateway) -> bool:
    return (
        not gateway.rows("ticket") and not gateway.rows("contact") and not gateway.rows("message")
    )


def test_it_ends_as_a_report_and_nothing_else_happens(gateway, canary):
    row = arrive(gateway, *canary)
    assert (row["state"], row["ticket_id"]) == ("report", None)
    assert "has come back" in row["verdict"]["says"]
    (known,) = gateway.rows("canary")
    assert known["back_at"] == known["done_at"] == gateway.now
    assert untouched(gateway)
    assert [row["notice"] for row in gateway.rows("outbox")] == ["canary"]


def test_it_is_known_whatever_filters_and_servers_have_made_of_it(gateway, canary):
    address, raw = canary
    raw = raw.replace(b"X-Mailgate-Loop:", b"X-Was:").replace(b"Message-ID:", b"X-Id:")
    row = arrive(gateway, address, b"X-Spam-Flag: YES\r\nPrecedence: bulk\r\n" + raw)
    assert row["state"] == "report"
    assert untouched(gateway)


def test_it_is_known_by_its_to_where_the_sub_address_was_cut_off(gateway, canary):
    assert arrive(gateway, SUPPORT, canary[1])["state"] == "report"


def test_an_old_one_that_is_sent_again_counts_nothing(gateway, canary):
    address, raw = canary
    arrive(gateway, address, raw)
    back_at = gateway.rows("canary")[0]["back_at"]
    for again in (b"Received: by a.example\r\n" + raw, b"Subject: other words\r\n\r\nwords\r\n"):
        row = arrive(gateway, address, again)
        assert row["state"] == "suppressed"
    assert gateway.rows("canary")[0]["back_at"] == back_at
    assert untouched(gateway)


@pytest.mark.parametrize("change", ["altered", "of another canary"])
def test_an_address_that_was_not_signed_for_it_is_none(gateway, canary, change):
    address, _raw = canary
    number = address.partition("canary-")[2].partition(".")[0]
    wrong = {
        "altered": address[:-15] + ("a" if address[-15] != "a" else "b") + address[-14:],
        "of another canary": address.replace(f"canary-{number}.", f"canary-{number}1."),
    }[change]
    row = gateway.mail("Good morning", to=wrong)
    assert row["state"] == "opened"
    assert gateway.rows("canary")[0]["back_at"] is None


def test_it_hides_no_mail_that_went_to_the_desk_as_well(gateway, canary):
    gateway.now += timedelta(seconds=2)
    raw = b"From: carol@customer.example\r\nTo: support@desk.example\r\nSubject: Help\r\n\r\nx\r\n"
    mail = Incoming(raw, "c@x.example", (canary[0], SUPPORT), gateway.now, "127.0.0.1", "smtp")
    gateway.inbox.put(mail)
    gateway.worker.drain()
    assert [ticket["subject"] for ticket in gateway.rows("ticket")] == ["Help"]
    assert gateway.rows("canary")[0]["back_at"] is None
