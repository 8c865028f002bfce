"""The table of scenarios, lived through by the pure rules alone."""

import pytest

from tests.scenarios.by_rules import ByRules
from tests.scenarios.playing import expected
from tests.scenarios.table import every_row

WAY = ByRules


@pytest.mark.parametrize("row", every_row(), ids=lambda row: row.name)
def test_the_clock_acts_as_the_table_says_by_rules(row, living):
    assert living(row.desk)[row.name] == expected(row)
