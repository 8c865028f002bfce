"""Figures that processes share: each has its own row, sums are over all of them."""

import os

import pytest

from mailgate import tally as tally_module
from mailgate.tally import Histogram, Pulse, Tally, count_as


@pytest.fixture(autouse=True)
def process(monkeypatch):
    """Let each test be the first process, and the ones after it too."""
    monkeypatch.setattr(tally_module, "_process", 0)


def test_what_every_process_counted_is_summed():
    tally = Tally(["accepted", "refused"])
    tally.add("accepted")
    count_as(3)
    tally.add("accepted")
    tally.add("refused")
    assert tally.sums() == {"accepted": 2, "refused": 1}


def test_what_a_forked_process_counts_is_seen_here():
    tally = Tally(["accepted"])
    pid = os.fork()
    if not pid:
        count_as(1)
        tally.add("accepted")
        os._exit(0)
    os.waitpid(pid, 0)
    tally.add("accepted")
    assert tally.sums() == {"accepted": 2}


def test_a_process_begun_anew_goes_on_counting_where_the_one_before_was_killed():
    tally = Tally(["accepted"])
    for _ in range(2):
        pid = os.fork()
        if not pid:
            count_as(1)
            tally.add("accepted")
            os.kill(os.getpid(), 9)
        os.waitpid(pid, 0)
    assert tally.sums() == {"accepted": 2}


def test_a_histogram_counts_what_took_no_longer_than_each_bound_in_all_processes():
    taken = Histogram((0.5, 2))
    for seconds in (0.1, 0.5, 1.5):
        taken.observe(seconds)
    count_as(2)
    taken.observe(600)
    assert taken.read() == ([("0.5", 2), ("2", 3), ("+Inf", 4)], 602.1)


def test_what_a_clock_set_back_measures_is_counted_and_takes_nothing_off_the_sum():
    taken = Histogram((1,))
    taken.observe(-5)
    assert taken.read() == ([("1", 1), ("+Inf", 1)], 0)


def test_a_process_that_never_gave_a_sign_is_silent_for_ever():
    pulse = Pulse()
    assert pulse.last(1) == 0
    pulse.beat(2)
    assert pulse.last(1) == 0
    assert pulse.silence(2) < pulse.silence(1)
