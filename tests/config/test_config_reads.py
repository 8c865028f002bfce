"""Every key does something: the program reads it, and hands it on under the right name."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from mailgate import config
from mailgate.app import reading
from mailgate.config import keys
from mailgate.config.schema import Config
from mailgate.domain.board import Lane
from mailgate.mail.prescan import DEFAULTS
from tests.style.tree import sources

# The composition root and the commands are the only ones that the configuration is handed to.
READERS = ("mailgate/app/", "mailgate/gateway.py", "mailgate/cli/")

# Keys that the configuration itself turns into something else. Key or table: what is read instead.
TURNED = {
    "sla": ("config", "policy"),
    "rule": ("rule", "built"),
    "escalation": ("config", "policy"),
    "escalate": ("config", "policy"),
    "calendar": ("config", "policy"),
    "desk.secret_file": ("configuration", "signing_keys"),
    "delivery.password_file": ("delivery", "password"),
    "agent.password_file": ("agent", "password_hash"),
    "mailbox.password_file": ("mailboxes", "password"),
    "mailbox.outbound": ("box", "outbound"),
    **{f"mailbox.board.{n}": ("board", "names") for n in ("root", *map(str, Lane)) if n != "open"},
    **{
        f"mailbox.board.{n}": ("board", "marks")
        for n in ("flagged", "tags", "overdue", "answering")
    },
    "mailbox.refresh_token_file": ("mailboxes", "refresh_token"),
}
UNREAD: set[str] = set()

DESK = '[desk]\naddress = "support@desk.example"\n'


def reads(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each `a.b` of a program as (a, b), for `a` also what was put into it: `a = x.y`."""
    meant = defaultdict(set)
    for node in ast.walk(tree):
        match node:
            case (
                ast.comprehension(target=ast.Name(id=name), iter=ast.Attribute(attr=given))
                | ast.For(target=ast.Name(id=name), iter=ast.Attribute(attr=given))
                | ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr=given))
            ):
                meant[name].add(given)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Load()):
                yield from ((holder, attr) for holder in {name, *meant[name]})
            case ast.Attribute(value=ast.Attribute(attr=name), attr=attr, ctx=ast.Load()):
                yield name, attr


def read_in_the_package() -> set[tuple[str, str]]:
    """Return what is read of the configuration, also by those of its own methods that are used."""
    found = set()
    for source in sources("mailgate"):
        if source.path.startswith(READERS):
            found.update(reads(source.tree))
    (schema,) = (s.tree for s in sources("mailgate") if s.path == "mailgate/config/schema.py")
    for node in ast.walk(schema):
        if isinstance(node, ast.ClassDef) and node.name == "Config":
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            for method in methods:
                if ("config", method.name) in found:
                    found.update(reads(method))
    return found


def unread(found: set[tuple[str, str]]) -> set[str]:
    """Return the keys of the schema that are not among the attributes that are read."""
    holders = {field.alias or name: name for name, field in Config.model_fields.items()}
    missing = set()
    for section in keys.sections().values():
        table = section.name.partition(".")[0]
        for key in section.keys:
            name = f"{section.name}.{key}"
            holder = holders.get(section.name, section.name.rpartition(".")[2])
            instead = TURNED.get(name, TURNED.get(table, (holder, key)))
            if instead not in found:
                missing.add(name)
    return missing


def test_every_key_is_read_somewhere_in_the_program():
    assert unread(read_in_the_package()) == UNREAD  # a key that is read by now must leave it


def test_the_rule_sees_keys_that_are_read_and_keys_that_are_not():
    text = (
        "log = self.config.log\nlog.level = log.format\n"
        "few = config.limits\nuse(few.depth, [x.admin for x in config.agents], config.policy)\n"
    )
    missing = unread(set(reads(ast.parse(text))))
    assert {"log.level", "limits.parts", "agent.name", "desk.secret_file"} <= missing
    assert not {"log.format", "limits.depth", "agent.admin", "sla.global.client"} & missing


@pytest.fixture
def limits_of(tmp_path):
    """Return the limits of reading a mail that follow from a configuration."""
    config.secrets.write_keys(tmp_path / "mailgate.key")

    def limits(text):
        return reading.limits(config.read(DESK + text, tmp_path / "config.toml", {}))

    return limits


def test_without_a_word_mails_are_read_within_the_limits_of_the_reader(limits_of):
    assert limits_of("") == DEFAULTS


def test_every_limit_of_reading_a_mail_is_the_one_of_the_configuration(limits_of):
    names = [name for name in asdict(DEFAULTS) if name != "size"]
    expected = {name: 1001 + index for index, name in enumerate(sorted(names))}
    expected |= {"header": 900, "header_block": 950, "size": 2048}
    lines = [
        f'{name} = "{figure}B"' if name in {"header", "header_block", "text"}
        else f"{'attachment_name' if name == 'name' else name} = {figure}"
        for name, figure in expected.items()
        if name != "size"
    ]  # fmt: skip
    text = '[inbound]\nmax_size = "2048B"\n[limits]\n' + "\n".join(lines) + "\n"
    assert asdict(limits_of(text)) == expected
