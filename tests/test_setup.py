"""A new desk: what is written, and that nothing else is touched."""

import os
import stat
import tomllib

import pytest

from mailgate import config, setup
from mailgate.errors import Refused

AGENTS = {"alice": "alice@desk.example", "bob": "bob@desk.example"}


def make(folder, **changes):
    wanted = {
        "address": "support@desk.example",
        "agents": AGENTS,
        "admins": ["boss@desk.example"],
        "database": None,
        "smtp_port": 2525,
        "http_port": 8025,
    }
    return setup.write(folder, **(wanted | changes))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def everything_in(folder):
    return {
        path.relative_to(folder): path.is_file() and path.read_bytes() for path in folder.rglob("*")
    }


def test_a_new_desk_loads_without_faults_and_is_what_was_asked_for(tmp_path):
    path = make(tmp_path / "new" / "desk")
    read = config.load(path, {})
    assert path == tmp_path / "new" / "desk" / "config.toml"
    assert read.desk.address == "support@desk.example"
    assert {agent.name: agent.address for agent in read.agents} == AGENTS
    assert read.desk.admins == ("boss@desk.example",)
    assert (read.inbound.listen.port, read.web.listen.port) == (2525, 8025)
    assert read.database.url.get_secret_value() == f"sqlite:///{path.parent}/mailgate.db"


def test_everything_lies_in_the_folder_and_is_closed_to_others(tmp_path):
    path = make(tmp_path / "desk")
    names = {str(name) for name in everything_in(tmp_path / "desk")}
    assert names == {"config.toml", "mailgate.key", "outgoing"} | {
        f"outgoing/{inner}" for inner in ("cur", "new", "tmp")
    }
    assert mode(path) == mode(tmp_path / "desk" / "mailgate.key") == 0o600
    assert mode(tmp_path / "desk") == mode(tmp_path / "desk" / "outgoing" / "new") == 0o700


def test_the_key_is_new_for_every_desk_and_long_enough(tmp_path):
    keys = []
    for name in ("one", "two"):
        found = config.signing_keys(config.load(make(tmp_path / name), {}), {})
        assert list(found.keys) == [found.current]
        keys.append(found.keys[found.current])
    assert len(set(keys)) == 2
    assert {len(key) for key in keys} == {32}


def test_a_desk_needs_no_agents_and_no_admins(tmp_path):
    path = make(tmp_path, agents={}, admins=[], smtp_port=0, http_port=0)
    read = config.load(path, {})
    assert (read.agents, read.desk.admins) == ((), ())
    assert '#name = "alice"' in path.read_text()


def test_the_file_tells_where_the_other_keys_are_found(tmp_path):
    text = make(tmp_path).read_text()
    assert "config.example.toml" in text
    assert "docs/configuration.md" in text
    assert len(text.splitlines()) < 60


def test_an_existing_configuration_is_never_overwritten(tmp_path):
    make(tmp_path)
    before = everything_in(tmp_path)
    with pytest.raises(Refused, match=r"config\.toml is there already"):
        make(tmp_path, address="other@desk.example")
    assert everything_in(tmp_path) == before


def test_a_dangling_link_in_its_place_is_not_followed(tmp_path):
    (tmp_path / "config.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="is there already"):
        make(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_the_key_and_the_mail_of_an_earlier_desk_are_kept(tmp_path):
    make(tmp_path).unlink()
    (tmp_path / "outgoing" / "new" / "1.mail").write_text("a mail")
    before = everything_in(tmp_path)
    path = make(tmp_path)
    after = everything_in(tmp_path)
    del after[path.relative_to(tmp_path)]
    assert after == before


def test_an_earlier_key_that_others_may_read_is_a_fault(tmp_path):
    make(tmp_path).unlink()
    (tmp_path / "mailgate.key").chmod(0o644)
    with pytest.raises(config.ConfigError, match="chmod 600"):
        make(tmp_path)


def test_values_that_no_key_takes_are_all_named_and_nothing_is_left_behind(tmp_path):
    with pytest.raises(config.ConfigError) as refused:
        make(
            tmp_path / "a" / "desk",
            address="support",
            agents={"Alice": "alice"},
            admins=["boss@"],
            smtp_port=70_000,
        )
    keys = [fault.key for fault in refused.value.faults]
    assert keys == ["desk.address", "desk.admins", "agent.name", "agent.address", "inbound.listen"]
    assert list(tmp_path.iterdir()) == []


def test_one_port_cannot_serve_twice(tmp_path):
    with pytest.raises(config.ConfigError, match="it is the port of"):
        make(tmp_path, smtp_port=9000, http_port=9000)


@pytest.mark.parametrize(
    "value", ['"] \n[web]\nlisten = "0.0.0.0:80', "a\x7fb", "tab\there", "back\\slash", "${HOME}"]
)
def test_no_value_can_break_out_of_its_quotes(tmp_path, value):
    with pytest.raises(config.ConfigError):
        make(tmp_path, address=value)
    text = setup._text(value, {value: value}, [value], value, (1, 2), value)
    read = tomllib.loads(text)
    assert read["desk"]["address"] == read["desk"]["admins"][0] == read["database"]["url"] == value
    assert read["agent"] == [{"name": value, "address": value}]
    assert read["web"] == {"listen": "127.0.0.1:2"}


def test_a_database_elsewhere_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    path = make(tmp_path, database="postgresql://desk:${DB_PASSWORD}@db.example/desk")
    read = config.load(path, os.environ)
    assert read.database.url.get_secret_value().endswith("desk:hunter2@db.example/desk")
    assert "hunter2" not in path.read_text()


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Refused, match=r"file.*: (not a directory|file exists)"):
        make(tmp_path / "file" / "desk")
    with pytest.raises(Refused, match="file"):
        make(tmp_path / "file")
