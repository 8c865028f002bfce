"""Every fault that a smarthost can have, at every verb: what becomes of the mail, and of the way.

Each line is run with a worker and a real connection. Whatever happens, a mail is in one state, and
arrives once; only when the smarthost took it and never said so may it come again, and then with
the same Message-ID, or not at all, as configured.
"""

from dataclasses import replace

import pytest

from mailgate.delivery.breaker import State
from mailgate.delivery.ending import Rules
from mailgate.delivery.smtp import Patience, Smarthost, Tls
from tests.delivery.sending import make_due, only, outbox, read, worker_of
from tests.delivery.smarthost import AMPLE, settings_for
from tests.desk.conftest import ADMIN, BOB, CUSTOMER
from tests.peers.sink import DROP, HANG, Sink, Stage

CLOSING, LATER, NO, GARBAGE = "421 4.3.2 closing", "451 4.7.1 later", "554 5.7.1 no", "\x00what\xff"
LOGIN = ("desk", "open sesame")
SHORT = 0.3  # seconds: as long as a smarthost that hangs is waited for

OPENING = (Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH)
ENVELOPE = (Stage.MAIL, Stage.RCPT, Stage.DATA)
ALL = (CLOSING, LATER, NO, DROP, HANG, GARBAGE)

WAY, MAIL, FINAL, UNSURE = "the way", "the mail, for now", "the mail, for good", "nobody knows"

FAULTS = [
    *((stage, fault, WAY) for stage in OPENING for fault in ALL),
    *((stage, fault, WAY) for stage in ENVELOPE for fault in (CLOSING, DROP, HANG, GARBAGE)),
    *((stage, LATER, MAIL) for stage in (*ENVELOPE, Stage.DOT)),
    *((stage, NO, FINAL) for stage in (*ENVELOPE, Stage.DOT)),
    (Stage.DOT, CLOSING, WAY),
    *((Stage.DOT, fault, UNSURE) for fault in (DROP, HANG, GARBAGE)),
]
"""Where, which, and what is to blame for it."""


def patience(stage: Stage, fault: str) -> Patience:
    """Return little of it where the smarthost hangs, and enough everywhere else."""
    if fault != HANG:
        return AMPLE
    if stage in OPENING:
        return replace(AMPLE, connect=SHORT)
    if stage is Stage.DOT:
        return replace(AMPLE, final=SHORT)
    return replace(AMPLE, data=SHORT) if stage is Stage.DATA else replace(AMPLE, command=SHORT)


class Desk:
    """A worker with one notice, whose smarthost wants TLS and a login."""

    def __init__(self, world, certificate, sink, rules=None) -> None:
        user, password = LOGIN
        self.world, self.sink = world, sink
        self.settings = settings_for(
            sink, tls=Tls.STARTTLS, user=user, password=password, ca_file=certificate.chain
        )
        self.smarthost = Smarthost(self.settings)
        self.worker = worker_of(world, self.smarthost, rules)
        world.open()
        only(world, ADMIN)

    def fail(self, stage: Stage, fault: str) -> None:
        self.sink.fail(stage, fault)
        self.smarthost._settings = replace(self.settings, patience=patience(stage, fault))
        self.worker.drain()
        self.smarthost._settings = self.settings

    def try_again(self) -> None:
        self.world.pass_time(minutes=10)
        make_due(self.world)
        self.worker.drain()

    def taken(self) -> int:
        return sum(mail.answered for mail in self.sink.received)


@pytest.fixture
def secured(loopback_certificate):
    with Sink(loopback_certificate, LOGIN) as sink:
        yield sink


ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is not about the store


@ONCE
@pytest.mark.parametrize(("stage", "fault", "blamed"), FAULTS)
def test_a_fault_costs_what_it_must_and_no_more(
    world, secured, loopback_certificate, stage, fault, blamed
):
    desk = Desk(world, loopback_certificate, secured)

    desk.fail(stage, fault)

    ((state, attempts, began_at),) = outbox(world, "state", "attempts", "began_at")
    assert state == ("never" if blamed is FINAL else "ready")
    assert attempts == (0 if blamed is WAY else 1)
    assert (began_at is not None) == (blamed in (UNSURE, FINAL) and stage is Stage.DOT)
    assert (desk.worker._way.state(world.now) is State.OPEN) == (blamed is WAY)
    desk.try_again()
    assert desk.taken() == (0 if blamed is FINAL else 1)
    assert outbox(world, "state") == ["never" if blamed is FINAL else "sent"]
    ids = {read(mail.raw)["Message-ID"] for mail in secured.received}
    assert ids <= set(outbox(world, "rfc_id")), "where it came twice it is the same mail"


@ONCE
@pytest.mark.parametrize(
    ("stage", "fault", "blamed"), [each for each in FAULTS if each[0] is Stage.DOT]
)  # before it nothing can have arrived: there both policies are one
def test_where_none_may_come_twice_none_does(
    world, secured, loopback_certificate, stage, fault, blamed
):
    desk = Desk(world, loopback_certificate, secured, Rules(on_unknown="hold"))

    desk.fail(stage, fault)
    desk.try_again()

    assert outbox(world, "state") == [{UNSURE: "unknown", FINAL: "never"}.get(blamed, "sent")]
    assert desk.taken() == (blamed in (WAY, MAIL))
    if blamed is UNSURE:
        assert len(secured.received) == 1


@ONCE
@pytest.mark.parametrize("fault", ALL)
def test_a_fault_at_the_clearing_away_of_a_refused_mail_costs_no_mail(world, sink, fault):
    """RSET follows a refusal; whatever is answered, the next mail leaves."""
    world.open()
    sink.fail(Stage.RCPT, LATER)
    sink.fail(Stage.RSET, fault)
    hurried = replace(AMPLE, command=SHORT) if fault == HANG else AMPLE
    sending = worker_of(world, Smarthost(settings_for(sink, patience=hurried)))

    sending.drain()

    assert outbox(world, "state") == ["ready", "sent", "sent", "sent"]
    assert len(sink.received) == 3


@ONCE
@pytest.mark.parametrize("fault", ALL)
def test_a_fault_at_the_farewell_is_nobodys(world, sink, fault):
    world.open()
    sink.fail(Stage.QUIT, fault)
    sending = worker_of(world, Smarthost(settings_for(sink)))

    sending.drain()

    assert outbox(world, "state") == ["sent"] * 4
    assert sending._way.state(world.now) is State.CLOSED


@ONCE
def test_each_recipient_has_an_end_of_its_own(world, sink):
    world.open()
    for answer in ("250 2.1.5 ok", NO, LATER, CLOSING):
        sink.fail(Stage.RCPT, answer)
    sending = worker_of(world, Smarthost(settings_for(sink)))

    sending.drain()
    assert outbox(world, "state", "attempts") == [
        ("sent", 1),
        ("never", 1),
        ("ready", 1),
        ("ready", 0),
    ]
    world.pass_time(minutes=10)
    make_due(world)
    sending.drain()

    assert outbox(world, "state") == ["sent", "never", "sent", "sent"]
    assert [mail.recipients[0] for mail in sink.received] == [CUSTOMER, BOB.address, ADMIN]
