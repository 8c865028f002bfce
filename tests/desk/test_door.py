"""What is done through the door is decided anew where somebody else was first."""

import pytest

from mailgate.desk.door import TRIES, persist
from mailgate.errors import Conflict, Lost


def after(*faults):
    """Return what fails so, one after the other, and then does not; and how often it was tried."""
    left, tries = list(faults), []

    def do():
        tries.append(len(left))
        if left:
            raise left.pop(0)
        return "done"

    return do, tries


def test_who_is_second_decides_anew():
    do, tries = after(*[Conflict("first")] * (TRIES - 1))
    assert persist(do) == "done"
    assert len(tries) == TRIES


def test_who_is_always_second_gives_up():
    do, tries = after(*[Conflict("first")] * TRIES)
    with pytest.raises(Conflict, match="first"):
        persist(do)
    assert len(tries) == TRIES


def test_what_is_anothers_now_is_not_decided_again():
    do, tries = after(Lost("it is theirs"))
    with pytest.raises(Lost):
        persist(do)
    assert len(tries) == 1
