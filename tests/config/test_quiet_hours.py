"""Quiet hours as they are read: of all the staff, and of agents who have their own."""

import pytest

from mailgate.app.desk import settings
from mailgate.desk.settings import no_macro
from mailgate.domain.hours import outside

DESK = (
    '[desk]\naddress = "support@desk.example"\ntimezone = "Europe/Berlin"\n'
    'admins = ["boss@desk.example"]\n'
)
ALICE = '[[agent]]\nname = "alice"\naddress = "alice@desk.example"\n'
BOB = '[[agent]]\nname = "bob"\naddress = "bob@desk.example"\n'
NIGHT = '[agents]\nquiet_hours = "22:00-07:00"\n'
BERLIN = outside("Europe/Berlin", 22 * 60, 31 * 60)


@pytest.fixture
def awake(load):
    """Return when who can be written to, by name."""

    def read(text):
        found = settings(load(text), 1, no_macro).awake
        return {address.partition("@")[0]: calendar for address, calendar in found.items()}

    return read


def test_nobody_has_any_unless_they_are_set(awake):
    assert awake(DESK + ALICE) == {}


def test_those_of_agents_hold_for_all_of_the_staff_in_the_zone_of_the_desk(awake):
    assert awake(DESK + ALICE + BOB + NIGHT) == dict.fromkeys(("boss", "alice", "bob"), BERLIN)


def test_an_agent_has_their_own_or_none_or_lives_elsewhere(awake):
    found = awake(
        f'{DESK}{ALICE}quiet_hours = ""\n{BOB}quiet_hours = "12:00-13:00"\n'
        f'timezone = "America/New_York"\n{NIGHT}'
    )
    assert found == {"boss": BERLIN, "bob": outside("America/New_York", 720, 780)}
    assert found["bob"].week == (((0, 720), (780, 1440)),) * 7


@pytest.mark.parametrize("given", ["00:00-24:00", "07:00-07:00", "22-7", "25:00-07:00"])
def test_what_is_no_part_of_a_day_is_a_fault(faults, given):
    (fault,) = faults(f'{DESK}[agents]\nquiet_hours = "{given}"\n')
    assert fault.key == "agents.quiet_hours"
