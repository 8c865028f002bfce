"""Long lists are asked for in portions."""

from mailgate.store.portions import MOST, portions


def test_all_values_come_once_in_their_order():
    assert list(portions(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert [len(some) for some in portions(set(range(MOST + 1)))] == [MOST, 1]


def test_of_nothing_nothing_is_asked():
    assert list(portions([])) == []
