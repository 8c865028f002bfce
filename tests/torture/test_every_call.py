"""A whole conversation in which the store fails once, at any of its calls: the end is the same."""

from collections.abc import Iterator

import pytest

from tests.store.databases import BOTH, migrated
from tests.torture.conversation import Conversation
from tests.torture.faults import Kind

_STRIDES = {Kind.REFUSED: 61, Kind.LOST: 19, Kind.DEATH: 67}  # in CI, where a few will do


@pytest.fixture(params=BOTH)
def converse(request, tmp_path) -> Iterator:
    """Return a function that has the conversation on a new database, with a fault or without."""

    def run(fault: tuple[int, Kind] | None = None) -> Conversation:
        (tmp_path / "test.db").unlink(missing_ok=True)
        with migrated(request, request.param) as database:
            conversation = Conversation(database)
            if fault is not None:
                conversation.faulty.fail(*fault)
            conversation.run()
            conversation.end()
            return conversation

    return run


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", Kind)
def test_whichever_call_of_the_store_fails_the_conversation_ends_as_undisturbed(
    converse, long_form, kind
):
    undisturbed = converse()
    assert undisturbed.faults == []
    assert undisturbed.doubles == 0
    faulty = undisturbed.faulty
    calls = sorted(faulty.commits) if kind is Kind.LOST else range(1, faulty.calls + 1)
    for call in calls[:: 1 if long_form else _STRIDES[kind]]:
        ended = converse((call, kind))
        where = f"{kind} at call {call} of {faulty.calls}"
        assert ended.state == undisturbed.state, where
        assert ended.faults == [], where
        assert ended.doubles <= ended.deaths, where
