"""`mailgate simulate`: another configuration over the recorded time."""

import shutil
from datetime import datetime, timedelta

import time_machine
from sqlalchemy import update

from mailgate.cli import retold, simulated
from mailgate.store import schema
from mailgate.store.db import Database
from tests.peers import settings


def tried(cli, **changes):
    path = cli.folder / "new.toml"
    shutil.copy(cli.config, path)
    settings.change(path, {name.replace("__", "."): value for name, value in changes.items()})
    return path


def test_the_same_configuration_changes_nothing(cli):
    cli.open()
    said = cli.ok("simulate", "--config", tried(cli))
    assert said.startswith("Nothing would differ.")
    assert "tickets with those that follow them: 1; 0 would come out differently" in said
    assert "1 of 1 come out as they were recorded" in said
    assert "AT ANOTHER TIME" not in said  # a head without a table


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
        assert says in cli.no(2, "simulate", "--config", tried(cli), "--since", since)


def added(cli, text, **changes):
    path = tried(cli, **changes)
    path.write_text(f"{path.read_text()}\n{text}")
    return path


RULE = """
[[rule]]
name = "printers"
if_words = ["printer"]
category = "bug_report"
priority = "high"
"""


def test_another_rule_and_another_number_format_tell_what_becomes_of_the_mails(cli):
    number = cli.open()
    path = added(cli, RULE, desk__number_format="DESK-{year}-{seq:04d}")
    said = cli.ok("simulate", "--config", path)
    assert "Nothing would differ" not in said
    assert "numbered DESK-{year}-{seq:04d} in place of TKT-{year}-{seq:05d}." in said
    assert "Mails read again: 1; something else would become of 1." in said
    assert "would have another category" in said
    assert "category: bug_report, else general_inquiry" in said
    told = cli.json("simulate", "--config", path)
    assert len(told["number_formats"]) == 2
    mails = told["mails"]
    assert mails.keys() == retold.RETOLD.keys()
    assert mails["totals"] == [{"what": w, "count": 1} for w in ("category", "priority")]
    (mail,) = mails["each"]
    assert mail.keys() == retold.RETOLD_MAIL.keys()
    assert (mail["number"], mail["differences"][0]["new"]) == (number, "high")
    assert cli.json("tickets")[0]["category"] == "general_inquiry"


def test_what_is_not_kept_is_told_in_words(cli):
    cli.open()
    cli.open()
    with Database(f"sqlite:///{cli.folder / 'mailgate.db'}").write() as connection:
        connection.execute(update(schema.mail).values(raw=b""))
    said = cli.ok("simulate", "--config", added(cli, RULE), "--limit", "1")
    assert "Nothing would differ" in said
    assert "mails are not kept any more: what was decided of them stands." in said
