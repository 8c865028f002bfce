"""The table of scenarios, lived through by the command line."""

import pytest

from tests.scenarios.by_gateway import ByCommands
from tests.scenarios.playing import expected
from tests.scenarios.table import every_row

WAY = ByCommands


@pytest.mark.parametrize("row", every_row(), ids=lambda row: row.name)
def test_the_clock_acts_as_the_table_says_by_commands(row, living):
    assert living(row.desk)[row.name] == expected(row)
