"""Figures that processes share: each has its own row, sums are over all of them."""

import os

from mailgate.tally import Pulse, Tally


def test_what_every_process_counted_is_summed():
    tally = Tally(["accepted", "refused"])
    tally.add("accepted")
    tally.count_as(3)
    tally.add("accepted")
    tally.add("refused")
    assert tally.sums() == {"accepted": 2, "refused": 1}


def test_what_a_forked_process_counts_is_seen_here():
    tally = Tally(["accepted"])
    pid = os.fork()
    if not pid:
        tally.count_as(1)
        tally.add("accepted")
        os._exit(0)
    os.waitpid(pid, 0)
    tally.add("accepted")
    assert tally.sums() == {"accepted": 2}


def test_a_process_that_never_gave_a_sign_is_silent_for_ever():
    pulse = Pulse()
    assert pulse.last(1) == 0
    pulse.beat(2)
    assert pulse.last(1) == 0
    assert pulse.silence(2) < pulse.silence(1)
