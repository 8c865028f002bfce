"""The automation status: the first matching line of the specification's table."""

from dataclasses import replace

import pytest

from mailgate.domain.automation import AUTOMATION, status_of
from mailgate.domain.model import ClosedBy, Delay, Status, Ticket

TICKET = Ticket(id=1)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"status": Status.RESOLVED}, "resolved_awaiting_confirmation"),
        ({"status": Status.CLOSED, "closed_by": ClosedBy.AUTO}, "auto_closed"),
        ({"status": Status.CLOSED, "closed_by": ClosedBy.CUSTOMER}, "closed"),
        ({"status": Status.CLOSED, "closed_by": ClosedBy.AGENT}, "closed"),
        ({"status": Status.CLOSED, "closed_by": ClosedBy.MERGED}, "closed"),
        ({"status": Status.OPEN, "delay": Delay.SYSTEM}, "delayed_by_system"),
        ({"status": Status.REOPENED, "delay": Delay.SYSTEM}, "delayed_by_system"),
        ({"status": Status.WAITING, "delay": Delay.CLIENT}, "delayed_by_client"),
        ({"status": Status.REOPENED}, "reopened"),
        ({"status": Status.WAITING}, "waiting_for_client_response"),
        ({"status": Status.NEW}, "waiting_for_system_response"),
        ({"status": Status.OPEN}, "waiting_for_system_response"),
        ({"status": Status.IN_PROGRESS}, "waiting_for_system_response"),
    ],
)
def test_the_first_matching_line_wins(facts, status):
    assert status_of(replace(TICKET, **facts)) == status


def test_every_line_names_fields_of_a_ticket_and_the_last_takes_the_rest():
    assert all(hasattr(TICKET, name) for row in AUTOMATION for name in row.when)
    assert [row.name for row in AUTOMATION if not row.when] == [AUTOMATION[-1].name]
