"""A mail whose reading has to wait holds up nobody, is not taken twice, and is not overtaken."""

import threading
from base64 import encodebytes
from datetime import timedelta
from itertools import pairwise

import pytest

from mailgate.errors import Temporary
from mailgate.intake import aside, worker
from mailgate.intake.authentication import Authenticator
from mailgate.intake.verification import Verifier
from mailgate.intake.worker import LATER, LEASE, Worker
from mailgate.mail.border import Border
from mailgate.mail.parse import Limits, parse
from mailgate.store import inbox
from tests.desk.conftest import ALICE
from tests.intake.desk import EVE

ODD = "--a\r\n" * 300


class Gate:
    """Reads odd mails when it is opened; counts how many it has been given."""

    def __init__(self):
        self.open = threading.Event()
        self.given = 0

    def read(self, raw, received_at, limits):
        self.given += 1
        assert self.open.wait(20)
        return parse(raw, received_at, limits)

    def resolve(self, name, kind, seconds):
        self.given += 1
        assert self.open.wait(20)
        return []


@pytest.fixture
def gate(gateway):
    gate = Gate()
    change(gateway, read_odd=gate.read)
    yield gate
    gate.open.set()
    gateway.worker.drain()


def change(gateway, **parts):
    for name, part in parts.items():
        object.__setattr__(gateway.worker._reader, name, part)


def states(gateway, *ids):
    return [gateway.delivery(id_)["state"] for id_ in ids]


def test_a_slow_mail_holds_up_no_other_and_is_read_once(gateway, gate):
    slow, quick = gateway.keep(ODD, sender=EVE), gateway.keep()
    assert gateway.worker.run_once() == 2
    assert states(gateway, slow, quick) == ["pending", "opened"]
    assert gateway.worker.run_once() == 0
    gate.open.set()
    gateway.worker.drain()
    assert states(gateway, slow) == ["opened"]
    row = gateway.delivery(slow)
    assert (gate.given, row["fence"], row["lost"]) == (1, 1, 0)


def test_an_ordinary_mail_starts_no_thread(gateway):
    before = threading.active_count()
    gateway.mail("words")
    assert threading.active_count() == before
    assert gateway.worker._aside.mails == []


def test_a_slow_mail_keeps_its_lease_while_it_is_read(gateway, gate):
    slow = gateway.keep(ODD)
    gateway.worker.run_once()
    for _ in range(5):
        gateway.now += LEASE / 2
        assert gateway.worker.run_once() == 0
    gate.open.set()
    gateway.worker.drain()
    assert (states(gateway, slow), gate.given) == (["opened"], 1)


def test_who_lost_the_lease_of_a_slow_mail_writes_nothing(gateway, gate):
    slow = gateway.keep(ODD)
    gateway.worker.run_once()
    gateway.now += LEASE * 2  # as one that was frozen
    with gateway.database.write() as connection:
        other = inbox.claim(connection, 1, "other", gateway.now, LEASE, 50, 1 << 20)
    assert [mail.id for mail in other] == [slow]
    gate.open.set()
    gateway.worker.drain()
    assert (states(gateway, slow), gateway.rows("ticket")) == (["pending"], [])


def test_a_reply_does_not_overtake_the_slow_mail_of_its_sender(gateway, gate):
    slow = gateway.keep(ODD)
    later = gateway.keep("More.", In_Reply_To="<m1@customer.example>")
    gateway.worker.run_once()
    assert states(gateway, slow, later) == ["pending", "pending"]
    gate.open.set()
    gateway.worker.drain()
    assert states(gateway, slow, later) == ["opened", "threaded"]
    tickets = [gateway.delivery(id_)["ticket_id"] for id_ in (slow, later)]
    assert all(one == other for one, other in pairwise(tickets))


def test_a_slow_mail_in_somebodys_name_holds_up_their_mail_for_a_while_only(gateway, gate):
    slow, later = gateway.keep(ODD), gateway.keep()
    gateway.worker.run_once()
    gateway.now += aside.PATIENCE
    gateway.worker.run_once()
    assert states(gateway, slow, later) == ["pending", "opened"]


def test_bounces_wait_for_no_other_bounce(gateway, gate):
    machine = {"Auto_Submitted": "auto-replied", "sender": EVE}
    slow, later = gateway.keep(ODD, **machine), gateway.keep("away", **machine)
    gateway.worker.run_once()
    assert states(gateway, slow, later) == ["pending", "opened"]


def test_where_there_is_no_room_for_more_slow_mails_the_others_pass_them(
    gateway, gate, monkeypatch
):
    monkeypatch.setattr(aside, "MOST", 1)
    monkeypatch.setattr(worker, "BATCH", 2)
    slow = [gateway.keep(ODD, sender=f"e{n}@elsewhere.example") for n in range(5)]
    quick = gateway.keep()
    while gateway.worker.run_once():
        pass
    assert states(gateway, quick, *slow) == ["opened", *["pending"] * 5]
    assert [gateway.delivery(id_)["lost"] for id_ in slow] == [1, 0, 0, 0, 0]
    gate.open.set()
    for _ in slow:
        gateway.worker.drain()
        gateway.now += LATER
    assert set(states(gateway, *slow)) == {"opened"}


def test_no_more_octets_are_held_than_there_is_room_for(gateway, gate, monkeypatch):
    monkeypatch.setattr(aside, "OCTETS", 2 * len(ODD))
    slow = [gateway.keep(ODD, sender=f"e{n}@elsewhere.example") for n in range(2)]
    gateway.worker.run_once()
    assert [mail.id for mail in gateway.worker._aside.mails] == slow[:1]


def test_a_mail_for_which_there_is_no_room_on_the_disk_waits_and_is_not_at_fault(gateway):
    def full(*_):
        raise Temporary("there is no room")

    change(gateway, read_odd=full)
    row = gateway.mail(ODD)
    assert (row["state"], row["attempts"], row["lost"]) == ("pending", 0, 0)
    change(gateway, read_odd=parse)
    gateway.now += LATER
    gateway.worker.drain()
    assert states(gateway, row["id"]) == ["opened"]


def test_a_bug_met_while_a_mail_is_read_aside_parks_that_mail(gateway):
    def broken(*_):
        raise ValueError("cannot bear this one")

    change(gateway, read_odd=broken)
    bad, good = gateway.keep(ODD), gateway.keep(sender=EVE)
    for _ in range(4):
        gateway.worker.drain()
        gateway.now += timedelta(minutes=1)
    assert states(gateway, bad, good) == ["parked", "opened"]
    assert "cannot bear this one" in gateway.delivery(bad)["error"]


def test_a_bug_met_before_that_parks_the_mail_too(gateway, monkeypatch):
    def broken(*_):
        raise ValueError("cannot bear this one")

    monkeypatch.setattr("mailgate.intake.reading.parse", broken)
    row = gateway.mail()
    assert (row["attempts"], "cannot bear" in row["error"]) == (1, True)


def test_stopping_frees_what_is_read_aside_at_once(gateway, gate):
    slow = gateway.keep(ODD)
    gateway.worker.run_once()
    gateway.worker.stop()
    row = gateway.delivery(slow)
    assert (row["lease_until"], row["lost"]) == (None, 0)
    gate.open.set()
    other = Worker(
        gateway.desk,
        gateway.worker._reader,
        gateway.signer,
        lambda: gateway.now,
        "other",
        lambda: None,
    )
    other.drain()
    assert states(gateway, slow) == ["opened"]


def test_trouble_with_the_database_frees_what_is_in_hand_and_keeps_what_is_aside(
    gateway, gate, monkeypatch
):
    slow, quick = gateway.keep(ODD, sender=EVE), gateway.keep()
    writing = gateway.desk.writing
    monkeypatch.setattr(gateway.desk, "writing", lambda *_: (_ for _ in ()).throw(Temporary("x")))
    with pytest.raises(Temporary):
        gateway.worker.run_once()
    free = [gateway.delivery(id_)["lease_until"] is None for id_ in (slow, quick)]
    assert free == [False, True]
    monkeypatch.setattr(gateway.desk, "writing", writing)
    gate.open.set()
    gateway.worker.drain()
    assert (states(gateway, slow, quick), gate.given) == (["opened", "opened"], 1)


def test_whoever_needs_the_dns_holds_up_nobody_for_whom_the_border_speaks(gateway, gate):
    verifier = Verifier(gate.resolve, 5, Limits())
    border = Border(frozenset({"mx.desk.example"}), 0)
    change(gateway, authenticator=Authenticator(border=border, verifier=verifier))
    said = {"Authentication_Results": "mx.desk.example; dmarc=pass"}
    asking, known = gateway.keep(sender=EVE), gateway.keep(**said)
    gateway.worker.run_once()
    assert states(gateway, asking, known) == ["pending", "opened"]
    gate.open.set()
    gateway.worker.drain()
    assert states(gateway, asking) == ["opened"]
    assert gate.given > 0


def test_a_batch_that_takes_long_gives_back_what_it_cannot_reach(gateway, monkeypatch):
    def slow(raw, received_at, limits):
        gateway.now += LEASE * 2 / 3
        return parse(raw, received_at, limits)

    monkeypatch.setattr("mailgate.intake.reading.parse", slow)
    first, second = gateway.keep(), gateway.keep()
    gateway.worker.run_once()
    assert states(gateway, first, second) == ["opened", "pending"]
    gateway.worker.run_once()
    assert states(gateway, second) == ["opened"]


def test_a_mail_within_an_agents_is_read_within_the_same_limits(gateway, gate):
    inner = f"From: dave@client.example\r\nSubject: Ink\r\n\r\n{ODD}".encode()
    part = (
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        f"{encodebytes(inner).decode()}"
    )
    text = f"--b\r\n\r\nSee below.\r\n--b\r\n{part}\r\n--b--"
    more = {"sender": ALICE.address, "Content_Type": 'multipart/mixed; boundary="b"'}
    forwarded, quick = gateway.keep(text, **more), gateway.keep()
    gateway.worker.run_once()
    assert states(gateway, forwarded, quick) == ["pending", "opened"]
    gate.open.set()
    gateway.worker.drain()
    assert (states(gateway, forwarded), gate.given) == (["opened"], 1)
