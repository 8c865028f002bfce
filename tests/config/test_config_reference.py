"""The example and the reference say what the schema says, and the example works."""

import tomllib
from pathlib import Path

from mailgate import config
from mailgate.config import keys, reference, secrets
from mailgate.config.schema import Config

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"
DESK = '[desk]\naddress = "support@desk.example"\n'

WRITE = "python -c 'from mailgate.config.reference import {0}; print({0}(), end=str())' > {1}"


def test_the_example_in_the_repository_is_the_one_of_the_schema():
    assert EXAMPLE.read_text() == reference.example(), WRITE.format(
        "example", "config.example.toml"
    )


def test_the_reference_in_the_docs_is_the_one_of_the_schema():
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert page == reference.reference(), WRITE.format("reference", "docs/configuration.md")


def test_the_example_is_read_without_faults_and_means_the_defaults(tmp_path):
    secrets.write_keys(tmp_path / "mailgate.key")
    example, bare = (
        config.read(text, tmp_path / "config.toml", {}) for text in (EXAMPLE.read_text(), DESK)
    )
    many = ("agents", "teams", "rules", "escalations", "machine_senders", "mailboxes", "calendars")
    assert [len(getattr(example, name)) for name in many] == [1] * len(many)
    assert example.model_copy(update=dict.fromkeys(many, ())) == bare


def test_the_example_has_every_key_once_with_its_default_and_a_reason():
    lines = EXAMPLE.read_text().splitlines()
    given = tomllib.loads("\n".join(lines))
    bare = tomllib.loads("\n".join(line.removeprefix("#") for line in lines if line[:2] != "# "))
    for section in keys.sections().values():
        table, written = bare, given
        for part in section.name.split("."):
            table, written = table[part], written[part]
            if isinstance(table, list):
                table, written = table[0], written[0]
        for key in section.keys.values():
            assert key.why.endswith("."), key
            if key.required or key.example is not None:
                assert table[key.name] == key.example
            else:
                assert written[key.name] == table[key.name] == key.default
        assert set(section.keys) == {name for name in table if not isinstance(table[name], dict)}


def test_every_table_of_the_schema_is_in_the_list_of_keys():
    names = {field.alias or name for name, field in Config.model_fields.items()}
    assert names == {name for name in keys.sections() if "." not in name}
    assert {"preset", "near", "global"} <= set(keys.children("sla"))
