"""Bells: heard in this process, and over a pipe in another."""

import os
import threading

from mailgate.bells import Bells


def test_a_bell_wakes_who_answers_it_and_nobody_else():
    bells, heard = Bells(), []
    bells.answer("process", lambda: heard.append("process"))
    bells.answer("deliver", lambda: heard.append("deliver"))
    bells.ring("process")
    bells.ring("nobody")
    assert heard == ["process"]


def test_a_shared_bell_is_heard_over_its_pipe():
    ringing, heard = Bells(), threading.Event()
    ringing.share(["process"])
    hearing = Bells()
    hearing._pipes = ringing._pipes  # as after a fork
    hearing.answer("process", heard.set)
    ringing.ring("process")
    assert heard.wait(10)


def test_a_bell_that_rings_for_long_unheard_stops_nobody():
    bells = Bells()
    bells.share(["process"])
    for _ in range(100_000):
        bells.ring("process")
    hearing, _ringing = bells._pipes["process"]
    assert os.read(hearing, 1) == b"!"
