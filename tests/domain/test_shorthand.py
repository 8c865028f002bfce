"""Commands in an address come to the lines that an agent would write."""

import pytest

from mailgate.domain.commands import read
from mailgate.domain.shorthand import Names, line, words

NAMES = Names(("alice", "close"), ("leads",), ("billing", "bug_report"))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("done", "/resolve"),
        ("resolved", "/resolve"),
        ("note", "/note"),
        ("wait", "/wait"),
        ("withdrawn", "/withdraw"),
        ("mine", "/take"),
        ("split", "/split"),
        ("cancel", "/cancel"),
        ("high", "/priority high"),
        ("medium", "/priority medium"),
        ("alice", "/assign alice"),
        ("leads", "/assign team:leads"),
        ("billing", "/category billing"),
        ("bug-report", "/category bug-report"),
        ("bug", "/category bug"),
        ("dispute", "/kind dispute"),
        ("close", "/close"),
        ("assign-close", "/assign close"),
        ("team-leads", "/assign team:leads"),
        ("snooze-3d", "/snooze 3d"),
        ("snooze-2026-03-09", "/snooze 2026-03-09"),
        ("tag-vip", "/tag vip"),
        ("priority-low", "/priority low"),
        ("merge-tkt-2026-00042", "/merge tkt-2026-00042"),
    ],
)
def test_a_word_is_a_line_that_can_be_read(word, said):
    assert line(word, NAMES) == said
    script = read(said)
    assert (len(script.commands), script.faults, script.text) == (1, (), "")


@pytest.mark.parametrize(
    "word", ["sales", "feature", "tkt-2026-00042.q7d", "dnoe", "snooze", "unmerge-1", ""]
)
def test_other_words_are_no_commands(word):
    assert line(word, NAMES) is None


def test_the_words_that_stand_alone_are_listed_each_once():
    found = words(NAMES)
    assert found["done"] == found["resolve"] == "/resolve"
    assert found["leads"] == "/assign team:leads"
    assert all(read(said).commands for said in found.values())
