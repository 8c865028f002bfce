"""`mailgate init`: a desk from flags alone, or from answers; nothing is overwritten."""

import tomllib

from typer.testing import CliRunner

from mailgate.cli.program import program


def init(*words, answers=""):
    return CliRunner().invoke(program, ["init", *map(str, words)], input=answers)


def written(folder):
    return tomllib.loads((folder / "config.toml").read_text())


def test_flags_alone_make_a_desk_that_checks_out(tmp_path):
    done = init(
        *("--yes", "--dir", tmp_path / "desk", "--address", "help@shop.example"),
        *("--agent", "alice=alice@shop.example", "--agent", "bob = bob@shop.example"),
        *("--admin", "boss@shop.example", "--smtp-port", 2600, "--http-port", 8600),
    )
    assert done.exit_code == 0, done.output
    path = tmp_path / "desk" / "config.toml"
    assert f"mailgate serve --config {path}" in done.stdout
    made = written(path.parent)
    assert made["desk"]["address"] == "help@shop.example"
    assert made["desk"]["admins"] == ["boss@shop.example"]
    assert {agent["name"]: agent["address"] for agent in made["agent"]} == {
        "alice": "alice@shop.example",
        "bob": "bob@shop.example",
    }
    assert made["inbound"]["listen"].endswith(":2600")
    assert made["web"]["listen"].endswith(":8600")
    checked = CliRunner().invoke(program, ["check", "--config", str(path)])
    assert checked.exit_code == 0, checked.output


def test_yes_alone_takes_the_defaults_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert init("--yes").exit_code == 0
    assert written(tmp_path)["desk"]["address"] == "support@desk.example"


def test_what_is_not_given_is_asked_for(tmp_path):
    answers = "\n".join(
        [
            str(tmp_path / "asked"),
            "help",
            "help@shop.example",
            "Berlin",
            "Europe/Berlin",
            "alice",
            "Al Ice=alice@shop.example",
            "alice=alice@shop.example",
            "alice=other@shop.example",
            "",
            "boss",
            "boss@shop.example",
            "",
        ]
    )
    done = init(answers=answers)
    assert done.exit_code == 0, done.output
    for said in (
        "'help': write a mail address such as support@desk.example",
        "'Berlin': write a zone such as Europe/Berlin or UTC",
        "'alice': write NAME=ADDRESS",
        "'Al Ice': write a short name",
        "there are two agents called 'alice'",
        "'boss': write a mail address",
    ):
        assert f"Error: {said}" in done.output
    made = written(tmp_path / "asked")
    assert made["desk"]["address"] == "help@shop.example"
    assert made["desk"]["timezone"] == "Europe/Berlin"
    assert [agent["name"] for agent in made["agent"]] == ["alice"]
    assert made["desk"]["admins"] == ["boss@shop.example"]


def test_what_is_given_is_not_asked_for(tmp_path):
    done = init(
        *("--dir", tmp_path, "--address", "a@b.example", "--agent", "al=al@b.example"),
        answers="\n\n",
    )
    assert done.exit_code == 0, done.output
    assert written(tmp_path)["desk"]["admins"] == []


def test_with_nobody_to_ask_nothing_is_made(tmp_path):
    assert init("--dir", tmp_path / "desk").exit_code == 1
    assert not (tmp_path / "desk").exists()


def test_an_agent_without_an_address_or_given_twice_is_a_usage_error(tmp_path):
    for agents in (("--agent", "alice"), ("--agent", "a=a@b.example", "--agent", "a=c@b.example")):
        assert init("--yes", "--dir", tmp_path / "desk", *agents).exit_code == 2
    assert not (tmp_path / "desk").exists()


def test_a_desk_that_is_there_is_left_as_it_is(tmp_path):
    init("--yes", "--dir", tmp_path)
    before = (tmp_path / "config.toml").read_text()
    done = init("--yes", "--dir", tmp_path, "--address", "other@b.example")
    assert done.exit_code == 1
    assert "is there already" in done.stderr
    assert (tmp_path / "config.toml").read_text() == before


def test_a_value_that_no_key_takes_is_told_and_nothing_is_left_behind(tmp_path):
    done = init("--yes", "--dir", tmp_path / "desk", "--address", "nonsense")
    assert done.exit_code == 2
    assert "'nonsense': write a mail address" in done.stderr
    done = init("--yes", "--dir", tmp_path / "desk", "--database", "mysql://x")
    assert done.exit_code == 78
    assert "database.url" in done.stderr
    assert not (tmp_path / "desk").exists()
