"""How important a mail says that it is."""

import pytest

from mailgate.mail.importance import importance
from tests.mail.screening import a_mail


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, ""),
        ({"importance": "High"}, "high"),
        ({"importance": "low"}, "low"),
        ({"importance": "normal"}, ""),
        ({"x_priority": "1 (Highest)"}, "high"),
        ({"x_priority": "2"}, "high"),
        ({"x_priority": "3"}, ""),
        ({"x_priority": "5(lowest)"}, "low"),
        ({"x_msmail_priority": "High"}, "high"),
        ({"priority": "urgent"}, "high"),
        ({"priority": "non-urgent"}, "low"),
        ({"importance": "", "x_priority": "4"}, "low"),
        ({"importance": "high" * 1000}, ""),
    ],
)
def test_the_fields_for_it_are_read_as_mail_programs_write_them(headers, says):
    assert importance(a_mail(**headers)) == says
