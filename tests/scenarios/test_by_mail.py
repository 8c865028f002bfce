"""The table of scenarios, lived through by mails that come by SMTP."""

import pytest

from tests.scenarios.by_gateway import ByMail
from tests.scenarios.playing import expected
from tests.scenarios.table import every_row

WAY = ByMail


@pytest.mark.parametrize("row", every_row(), ids=lambda row: row.name)
def test_the_clock_acts_as_the_table_says_by_mail(row, living):
    assert living(row.desk)[row.name] == expected(row)
