"""Stopping: mails under way are answered, everybody else is told to come again."""

import threading

from tests.intake.wire import MAIL, FakeInbox, Wire, listening
from tests.peers.waiting import wait_until


def stop(listener, grace=10):
    stopper = threading.Thread(target=listener.stop, args=(grace,))
    stopper.start()
    return stopper


def test_an_idle_session_is_told_to_come_again(inbox, logged):
    with listening(inbox) as listener:
        wire = Wire(listener.port).hello()
        listener.stop()
        assert wire.reply() == "421 4.3.2 Going down, please come again"
        assert wire.ended()
        wire.close()
    assert logged[-1] == ("smtp.stopped", {"port": listener.port})


def test_a_mail_that_waits_for_the_store_is_answered_first(inbox, logged):
    with listening(inbox) as listener:
        inbox.hold = True
        wire = Wire(listener.port).hello().begin()
        wire.send(MAIL + b".\r\n")
        assert inbox.arrived.acquire(timeout=10)
        stopper = stop(listener)
        wait_until(lambda: listener._house.gate.stopping, "the stop to begin")
        inbox.release()
        assert wire.reply().startswith("250 ")
        assert wire.reply().startswith("421 4.3.2 ")
        assert wire.ended()
        stopper.join()
        wire.close()


def test_a_mail_that_is_still_being_sent_is_read_to_its_end(inbox, logged):
    with listening(inbox) as listener:
        wire = Wire(listener.port).hello().begin()
        wire.send(MAIL)
        stopper = stop(listener)
        wait_until(lambda: listener._house.gate.stopping, "the stop to begin")
        wire.send(b".\r\n")
        assert wire.reply().startswith("250 ")
        assert wire.reply().startswith("421 4.3.2 ")
        stopper.join()
        wire.close()


def test_a_fault_during_the_stop_is_answered_too(inbox, logged):
    with listening(inbox) as listener:
        wire = Wire(listener.port).hello().begin()
        stopper = stop(listener)
        wait_until(lambda: listener._house.gate.stopping, "the stop to begin")
        inbox.fault = RuntimeError("late")
        wire.send(MAIL + b".\r\n")
        assert wire.reply().startswith("451 4.3.0 ")
        assert wire.reply().startswith("421 4.3.2 ")
        stopper.join()
        wire.close()


def test_what_does_not_end_within_the_grace_is_cut(inbox, logged):
    with listening(inbox) as listener:
        inbox.hold = True
        wire = Wire(listener.port).hello().begin()
        wire.send(MAIL + b".\r\n")
        assert inbox.arrived.acquire(timeout=10)
        listener.stop(grace=0.05)
        assert wire.ended()
        assert not inbox.waiting[0].cancelled()
        inbox.release()  # the commit ends when it ends, with nobody left to tell
        wire.close()


def test_nobody_can_connect_after_the_stop_and_a_second_stop_is_harmless(inbox, logged):
    with listening(inbox) as listener:
        listener.stop()
        listener.stop()
        try:
            Wire(listener.port, greeting=False).close()
        except ConnectionRefusedError:
            refused = True
        assert refused


def test_a_new_listener_can_have_the_port_at_once(inbox, logged):
    with listening(inbox) as first:
        port = first.port
        Wire(port).hello().close()
    with listening(FakeInbox(), port=port) as second:
        wire = Wire(second.port).hello()
        assert wire.mail().startswith("250 ")
        wire.close()
