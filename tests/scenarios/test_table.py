"""The table of scenarios by itself: whole, and each of its times reckoned a second time."""

import re

import pytest

from mailgate.domain.events import TimerKind
from tests.scenarios import playing
from tests.scenarios.reckoning import Wall, reckoned
from tests.scenarios.table import Row, desks, every_row, moment

_DUE = re.compile(r" due ([\d-]+ [\d:]+)")
_PASSED = "passed: "


def walls(row: Row) -> dict[str, Wall]:
    (desk,) = (desk for desk in desks() if desk.name == row.desk)
    zone = desk.values["desk.timezone"]
    return {given["name"]: Wall(given, zone) for given in desk.values["calendar"]}


def test_there_are_at_least_200_scenarios_each_with_a_name_of_its_own():
    names = {row.name for row in every_row()}
    assert len(names) == len(every_row()) >= 200


@pytest.mark.parametrize("row", every_row(), ids=lambda row: row.name)
def test_every_time_at_which_the_clock_acts_is_reckoned_minute_by_minute(row):
    calendars, lines = walls(row), row.lines
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    for line in lines:
        assert bool(line.why) == (line.mark == "*"), line
        due = {moment(text, row.zone) for text in _DUE.findall(line.what)} or {line.at}
        for claim in line.why:
            at = reckoned(claim.removeprefix(_PASSED), calendars, row.zone)
            if claim.startswith(_PASSED):  # never before the change that brought it
                assert at <= line.at, claim
                assert any(not other.mark for other in lines if other.at == line.at), claim
            else:
                assert {at} == due, claim


def test_every_deadline_occurs_and_whatever_can_befall_it():
    said = " ".join(line.what for row in every_row() for line in row.lines)
    for words in (
        *(playing.DEADLINES[kind.value] for kind in TimerKind),
        *("answers", "/snooze", "/priority", "/threshold", "gives", "configures", "away until"),
        *("confirms", "thanks", "/reopen", "/wait", "notes", "gateway stops", "--tenant"),
        *("/escalate", "/approve", "/reject", playing.MORNING),
    ):
        assert words in said, words
    zones = {row.zone.key for row in every_row()}
    assert len(zones) > 10
