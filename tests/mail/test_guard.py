"""Whatever a parser raises becomes a note."""

import pytest

from mailgate.mail.guard import guard


def test_what_works_is_returned_and_nothing_noted():
    notes = []
    assert guard("counting", lambda: 1, lambda: 0, notes) == 1
    assert notes == []


@pytest.mark.parametrize("fault", [ValueError("secret"), RecursionError(), MemoryError()])
def test_any_exception_becomes_a_note_without_its_text(fault):
    notes = []

    def fail():
        raise fault

    assert guard("counting", fail, lambda: 0, notes) == 0
    assert notes == [f"counting failed: {type(fault).__name__}"]


def test_a_request_to_stop_is_no_fault_of_a_mail():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guard("counting", stop, lambda: 0, [])
