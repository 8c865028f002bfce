"""How the work of a node is divided among its processes."""

import pytest

from mailgate.roles import ALL, NodeRole, crews


def names(roles, workers):
    return {crew.name: set(crew.roles) for crew in crews(roles, workers)}


def test_without_workers_one_process_does_all():
    assert names(ALL, 0) == {"gateway": set(NodeRole)}


def test_who_answers_who_reads_and_who_sends_have_a_process_each():
    assert names(ALL, 2) == {
        "front": {NodeRole.LISTEN, NodeRole.WEB},
        "desk-1": {NodeRole.PROCESS},
        "desk-2": {NodeRole.PROCESS},
        "back": {NodeRole.DELIVER, NodeRole.CLOCK},
    }


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize(
    "roles", [{NodeRole.LISTEN}, {NodeRole.PROCESS, NodeRole.CLOCK}, {NodeRole.DELIVER}]
)
def test_a_node_does_what_its_roles_are_and_nothing_else(roles, workers):
    assert set().union(*names(roles, workers).values()) == roles


def test_somebody_waits_for_those_who_answer_and_for_nobody_else():
    assert [crew.name for crew in crews(ALL, 2) if crew.awaited] == ["front"]
    assert [crew.awaited for crew in crews(ALL, 0)] == [True]
