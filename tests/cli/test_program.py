"""What holds for every command: help with an example, the configuration, errors, documentation."""

import json
import logging
import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import mailgate
from mailgate.cli import printed, reference, shapes
from mailgate.cli.ending import EXIT_CODES
from mailgate.cli.program import SECTIONS, program
from mailgate.store import reports
from tests.style.tree import ROOT

WITHOUT_DESK = {
    *("mailgate init", "mailgate lifecycle", "mailgate parse"),
    "mailgate agents password",
}
COMMANDS = dict(reference.commands_of(get_command(program)))

LEFT_ALONE = {
    *("alembic", "aiosmtpd", "dkim", "dns", "mailparser", "jinja2", "schedule", "smtplib"),
    *("fastapi", "uvicorn"),
    *("mailgate.intake.worker", "mailgate.delivery.worker", "mailgate.mail.parse"),
}
"""What only the reading, sending or migrating of mail needs."""


def run(*words):
    return CliRunner().invoke(program, list(words), prog_name="mailgate")


def test_every_command_stands_in_one_section():
    listed = [name for names in SECTIONS.values() for name in names]
    top = {name.split()[1] for name in COMMANDS}
    assert sorted(listed) == sorted(top)


@pytest.mark.parametrize("group", sorted({name.rpartition(" ")[0] for name in COMMANDS}))
def test_what_a_command_does_is_listed_in_a_whole_sentence(group):
    shown = " ".join(run(*group.split()[1:], "--help").stdout.split())
    for name, each in COMMANDS.items():
        if name.rpartition(" ")[0] == group:
            sentence = " ".join(each.help.split()).split(". ")[0].rstrip(".")
            assert f" {name.split()[-1]} {sentence}." in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_gives_an_example(name):
    done = run(*name.split()[1:], "--help")
    assert done.exit_code == 0
    assert "For example:" in done.stdout
    assert COMMANDS[name].help
    examples = COMMANDS[name].epilog.splitlines()[2:]
    assert any(line.strip().startswith(name.removesuffix(" list")) for line in examples)
    params = [param for param in COMMANDS[name].params if param.name != "help"]
    assert all(param.help for param in params)
    assert all(param.metavar or getattr(param, "is_flag", False) for param in params)


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - WITHOUT_DESK))
def test_every_command_takes_a_configuration(name):
    assert "config" in [param.name for param in COMMANDS[name].params]


def test_a_command_that_shows_tickets_loads_nothing_that_moves_mail(cli):
    look = "from mailgate.cli import main; import atexit, sys; atexit.register(print, sys.modules)"
    words = ["-c", f"{look}; sys.argv[1:] = ['tickets', '--config', {str(cli.config)!r}]; main()"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
    loaded = {name for name in LEFT_ALONE if f"'{name}'" in done.stdout}
    assert "'mailgate.store.reports'" in done.stdout
    assert loaded == set()


def test_a_gateway_without_shared_mailboxes_loads_nothing_that_talks_to_their_servers(cli):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mailgate import config\n"
        "from mailgate.app import App\n"
        f"app = App(config.load(Path({str(cli.config)!r}), {{}}), {{}})\n"
        "parts = (app.mailboxes, app.inbox, app.listener, app.intake, app.delivery)\n"
        "print(*{'imapclient', 'mailgate.imap.link', 'mailgate.imap.oauth'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_the_configuration_is_named_before_or_after_the_command_or_by_the_environment(
    cli, monkeypatch, tmp_path
):
    path = str(cli.config)
    monkeypatch.setenv("MAILGATE_CONFIG", str(tmp_path / "none.toml"))
    assert run("stats").exit_code == 78
    assert run("--config", path, "stats").exit_code == 0
    assert run("stats", "--config", path).exit_code == 0
    assert run("outbox", "--config", path, "list").exit_code == 0
    assert run("--config", path, "failed", "list").exit_code == 0
    assert run("--config", str(tmp_path / "no.toml"), "stats", "--config", path).exit_code == 0
    monkeypatch.setenv("MAILGATE_CONFIG", path)
    assert run("stats").exit_code == 0
    monkeypatch.delenv("MAILGATE_CONFIG")
    monkeypatch.chdir(cli.folder)
    assert run("stats").exit_code == 0


def test_the_version_is_told():
    done = run("--version")
    assert (done.exit_code, done.stdout) == (0, f"mailgate {mailgate.__version__}\n")


def test_what_is_no_command_is_a_usage_error():
    done = run("frobnicate")
    assert done.exit_code == 2
    assert "No such command 'frobnicate'" in done.stderr
    assert run().exit_code == 2


def test_faults_of_the_configuration_are_all_told_with_their_place(cli):
    cli.set(desk__addres="x", web__listen="nowhere")
    said = cli.no(78, "tickets")
    assert "config.toml:" in said
    assert "addres" in said
    assert "web.listen" in said


def test_a_fault_of_our_own_is_one_sentence(cli, monkeypatch):
    def broken(*_args):
        raise KeyError("a\nb")

    monkeypatch.setattr(reports, "statistics", broken)
    said = cli.no(70, "stats")
    assert said == (
        "Error: a fault of mailgate's own, KeyError: 'a\\nb'; MAILGATE_DEBUG=1 shows where\n"
    )


def test_the_traceback_is_shown_to_who_asks_for_it(cli, monkeypatch):
    def broken(*_args):
        raise KeyError("a")

    monkeypatch.setattr(reports, "statistics", broken)
    monkeypatch.setenv("MAILGATE_DEBUG", "1")
    done = cli.run("stats")
    assert done.exit_code == 70
    assert "Traceback" in done.stderr
    assert "in broken" in done.stderr


def test_a_database_that_cannot_be_used_is_a_temporary_trouble(new_cli):
    (new_cli.folder / "mailgate.db").mkdir()
    said = new_cli.no(75, "stats")
    assert "database" in said
    assert "mailgate check" in said


# --- documentation --------------------------------------------------------------------------------


def test_the_commands_are_documented_as_they_are():
    assert (ROOT / "docs/commands.md").read_text() == reference.commands()
    for code in EXIT_CODES:
        assert f"| {code} |" in reference.commands()


def test_the_fields_of_json_are_documented_as_they_are():
    assert (ROOT / "docs/json.md").read_text() == printed.reference()


def keys(found, shape):
    assert list(found) == list(shape)


OF_ONE = (
    *("former_numbers", "waiting_answers", "answering", "merged_into", "merged", "follows"),
    "split_off",
    *("events", "time_until_delay"),
)


def test_what_json_prints_has_the_documented_fields(cli):
    number = cli.open()
    cli.ok("reply", number, "--as", "alice", "--text", "Yes.")
    for ticket in cli.json("tickets"):
        keys(ticket, shapes.TICKET)
    whole = cli.json("show", number)
    keys(whole, [*shapes.TICKET, *OF_ONE])
    keys(whole["time_until_delay"], shapes.REMAINING)
    for message in whole["messages"]:
        keys(message, shapes.MESSAGE)
    for event in whole["events"]:
        keys(event, shapes.EVENT)
    for row in cli.json("thresholds"):
        keys(row, shapes.THRESHOLDS)
        keys(row["system"], shapes.THRESHOLD)
    for notice in cli.json("outbox"):
        keys(notice, shapes.NOTICE)
    keys(cli.json("stats"), shapes.STATISTICS)
    tick = cli.json("tick", "--at", "+49h")
    keys(tick, shapes.TICK)
    for step in tick["steps"]:
        keys(step, shapes.STEP)
    assert tick["steps"]
    for row in cli.json("lifecycle"):
        keys(row, shapes.ROW)
    for each in cli.json("check"):
        keys(each, shapes.CHECKED)


@pytest.mark.parametrize("name", printed.PRINTED)
def test_every_documented_command_takes_json(name):
    command = COMMANDS["mailgate " + name.removesuffix(" NUMBER")]
    assert "json" in [param.name for param in command.params]


def test_every_command_that_takes_json_is_documented():
    takes = {
        name.removeprefix("mailgate ")
        for name, command in COMMANDS.items()
        if "json" in [param.name for param in command.params]
    }
    listed = {name.removesuffix(" NUMBER") for name in printed.PRINTED}
    also = {
        "parse",
        "failed",
        "failed show",
        "outbox list",
        "thresholds list",
        "jobs list",
        "agents list",
    }
    also |= {"quarantine", "quarantine show"}
    assert takes == listed | also


def test_times_are_iso_8601_in_utc(cli):
    cli.open()
    (ticket,) = cli.json("tickets")
    assert ticket["created_at"].endswith("+00:00")
    assert "T" in ticket["created_at"]


def test_json_is_all_that_is_printed(cli):
    cli.open()
    done = cli.run("tickets", "--json")
    assert json.loads(done.stdout)
    assert done.stderr == ""


def test_a_library_that_logs_its_every_step_is_quiet(cli):
    cli.ok("tickets")
    assert logging.getLogger("flufl.bounce").disabled


def test_the_short_way_to_ask_for_help_works_everywhere():
    for words in ((), ("tickets",), ("jobs",), ("jobs", "run")):
        short, whole = run(*words, "-h"), run(*words, "--help")
        assert short.exit_code == 0
        assert short.output == whole.output
        assert "Usage:" in short.output
