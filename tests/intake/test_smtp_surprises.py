"""What goes wrong behind the listener: the sender is put off, and told nothing else."""

import gc

import pytest

from mailgate.errors import Temporary
from mailgate.intake.settings import SmtpSettings
from tests.intake.wire import DESK, MAIL
from tests.peers.waiting import wait_until

LATER = "451 4.3.0 Cannot take the mail now, please try again"
SECRET = "password=hunter2 at /var/lib/mailgate"


def names(logged):
    return [name for name, _ in logged]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Temporary(SECRET), "mail.refused"),
        (ConnectionResetError(SECRET), "mail.refused"),
        (RuntimeError(SECRET), "smtp.failed"),
        (OSError(28, SECRET), "smtp.failed"),
        (KeyError(SECRET), "smtp.failed"),
    ],
)
@pytest.mark.parametrize("way", ["fault", "refuse_at_once"])
def test_a_mail_that_cannot_be_stored_is_to_come_again(
    connect, inbox, logged, fault, expected, way
):
    wire = connect().hello()
    setattr(inbox, way, fault)
    assert wire.mail() == LATER
    setattr(inbox, way, None)
    assert wire.mail() == f"250 2.0.0 Stored as {len(inbox.mails)}"
    assert expected in names(logged)


def test_a_store_that_takes_too_long_puts_the_sender_off(connect, inbox, logged):
    inbox.hold = True
    wire = connect(put_timeout=0.05).hello()
    assert wire.mail() == LATER
    assert logged[-1][1]["error"] == "Temporary: the store takes too long"
    assert not inbox.waiting[0].cancelled()
    inbox.release()
    assert wire.say("NOOP").startswith("250 ")


def test_what_waits_for_the_store_takes_room_until_its_commit_has_ended(connect, inbox):
    inbox.hold = True
    wire = connect(put_timeout=0.05, max_in_flight=len(MAIL)).hello()
    assert wire.mail() == LATER
    gate = connect.listener._house.gate
    assert gate.in_flight == len(MAIL)
    wire.say("MAIL FROM:<ann@customer.example>")
    wire.say(f"RCPT TO:<{DESK}>")
    assert wire.say("DATA") == "452 4.3.1 Too much mail at once, please try again"
    inbox.release()
    wait_until(lambda: gate.in_flight == 0, "the room to be given back")


def test_nobody_waits_for_longer_than_five_seconds():
    assert SmtpSettings("127.0.0.1", 0, "mx").put_timeout < 5


def test_a_client_that_drops_after_the_dot_does_not_undo_the_commit(connect, inbox, logged):
    inbox.hold = True
    wire = connect().hello().begin()
    wire.send(MAIL + b".\r\n")
    assert inbox.arrived.acquire(timeout=10)
    wire.close()
    wait_until(lambda: "mail.unanswered" in names(logged), "the session to notice")
    assert not inbox.waiting[0].cancelled()
    inbox.release()  # would raise InvalidStateError if it had been cancelled
    assert [mail.raw for mail in inbox.mails] == [MAIL]
    assert "mail.accepted" not in names(logged)


def test_a_commit_that_ends_in_a_fault_after_the_client_dropped_is_quiet(connect, inbox, logged):
    inbox.hold = True
    wire = connect().hello().begin()
    wire.send(MAIL + b".\r\n")
    assert inbox.arrived.acquire(timeout=10)
    wire.close()
    wait_until(lambda: "mail.unanswered" in names(logged), "the session to notice")
    inbox.waiting.pop().set_exception(Temporary("disk full"))
    inbox.hold = False
    assert connect().hello().mail().startswith("250 ")
    connect.listener.stop()
    gc.collect()  # which is when asyncio complains of a fault that nobody looked at
    assert [fact for fact in logged if fact[0] == "smtp.failed"] == []


def test_a_fault_in_the_list_of_recipients_is_to_come_again(connect, inbox, logged):
    def broken(_address):
        raise RuntimeError(SECRET)

    wire = connect(accepts=broken).hello()
    wire.say("MAIL FROM:<ann@customer.example>")
    assert wire.say(f"RCPT TO:<{DESK}>") == LATER
    name, fields = logged[-1]
    assert name == "smtp.failed"
    assert isinstance(fields["exc_info"], RuntimeError)
    assert wire.say("NOOP").startswith("250 ")


def test_a_connection_lost_to_us_ends_the_session_and_no_other(connect, inbox, logged):
    faults = [ConnectionResetError(SECRET)]

    def accepts(_address):
        if faults:
            raise faults.pop()
        return True

    wire = connect(accepts=accepts).hello()
    wire.say("MAIL FROM:<ann@customer.example>")
    assert wire.say(f"RCPT TO:<{DESK}>") == ""
    assert connect().hello().mail().startswith("250 ")


def test_no_answer_ever_carries_what_went_wrong(connect, inbox):
    wire = connect().hello()
    for fault in (RuntimeError(SECRET), UnicodeEncodeError("ascii", SECRET, 0, 1, SECRET)):
        inbox.fault = fault
        assert "hunter2" not in wire.mail()


def test_a_mail_begun_before_a_fault_is_over_after_it(connect, inbox):
    wire = connect().hello()
    inbox.fault = RuntimeError("once")
    assert wire.mail() == LATER
    assert wire.say("DATA") == "503 5.5.1 Say RCPT first"
