"""`mailgate simulate`: another configuration over the recorded time."""

import shutil
from datetime import datetime, timedelta

import time_machine

from mailgate.cli import simulated
from tests.peers import settings


def tried(cli, **changes):
    path = cli.folder / "new.toml"
    shutil.copy(cli.config, path)
    settings.change(path, {name.replace("__", "."): value for name, value in changes.items()})
    return path


def test_the_same_configuration_changes_nothing(cli):
    cli.open()
    said = cli.ok("simulate", "--config", tried(cli))
    assert "Of 1 tickets, each with those that follow it, 0 would come out differently" in said
    assert "1 of 1 come out as they were recorded" in said


def test_another_tells_what_differs(cli):
    number = cli.open()
    path = tried(cli, sla__normal={"system": "1s"})
    with time_machine.travel(cli_time(cli, number), tick=False):
        said = cli.ok("simulate", "--config", path, "--since", "1d")
        found = cli.json("simulate", "--config", path)
    assert f"{number}  late (desk)" in said
    assert (found["matters"], found["differing"]) == (1, 1)
    assert found.keys() == simulated.SIMULATED.keys()
    assert found["totals"][0].keys() == simulated.SIMULATED_TOTAL.keys()
    assert found["tickets"][0].keys() == simulated.SIMULATED_TICKET.keys()
    assert found["tickets"][0]["differences"][0].keys() == simulated.SIMULATED_DIFFERENCE.keys()
    late = next(each for each in found["totals"] if each["what"] == "late")
    assert (late["about"], late["present"], late["new"]) == ("desk", 0, 1)
    (ticket,) = found["tickets"]
    assert ticket["numbers"] == [number]
    assert {each["what"] for each in ticket["differences"]} == {"late"}


def cli_time(cli, number):
    opened = datetime.fromisoformat(cli.standing(number)["created_at"])
    return opened + timedelta(hours=2)


def test_what_is_wrong_in_the_new_one_is_told_with_its_place(cli):
    path = tried(cli, sla__normal={"system": "soon"})
    said = cli.no(78, "simulate", "--config", path)
    assert "new.toml" in said
    assert "sla.normal.system" in said


def test_a_time_that_is_none_is_refused(cli):
    for since, says in (("soon", "write 30d"), ("2999-01-01", "lies ahead")):
        assert says in cli.no(1, "simulate", "--config", tried(cli), "--since", since)
