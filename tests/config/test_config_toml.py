"""Where keys stand in a TOML text, and what is said of one that is not TOML."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate import config
from mailgate.config.toml import read

ROOT = Path(__file__).parents[2]

EVERYTHING = '''\
# a comment with a = sign and a [header]
top = 1
"quoted key".'dotted [x]' . bare = "a = b" # comment

[desk]
address = "a#b"
list = [
  "one",  # [not.a.header]
  [1, 2],

  { x = 1, "y z" = { w = [true] } },
]
text = """
[inside] = 1
key = "value\\"""
"""
literal = \'\'\'
it = 'is'\'\'\'\'
path = 'C:\\temp' # '
[[agent]]
name = "alice"
[agent.more]
x = 1
[[agent]]
name = "bob"
[[agent.phone]]
n = 1
[[agent.phone]]
n = 2
'''


def test_every_key_and_item_has_its_line():
    document = read(EVERYTHING)
    assert document.slips == ()
    assert document.data == tomllib.loads(EVERYTHING)
    expected = {
        ("top",): 2,
        ("quoted key", "dotted [x]", "bare"): 3,
        ("desk",): 5,
        ("desk", "address"): 6,
        ("desk", "list"): 7,
        ("desk", "list", 0): 8,
        ("desk", "list", 1): 9,
        ("desk", "list", 1, 1): 9,
        ("desk", "list", 2): 11,
        ("desk", "list", 2, "x"): 11,
        ("desk", "list", 2, "y z", "w", 0): 11,
        ("desk", "text"): 13,
        ("desk", "literal"): 17,
        ("desk", "path"): 19,
        ("agent",): 20,
        ("agent", 0, "name"): 21,
        ("agent", 0, "more", "x"): 23,
        ("agent", 1): 24,
        ("agent", 1, "name"): 25,
        ("agent", 1, "phone", 0, "n"): 27,
        ("agent", 1, "phone", 1, "n"): 29,
    }
    assert {path: document.line(path) for path in expected} == expected


def paths(value, path=()):
    """Yield the path of everything in a document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list):
            yield from paths(inner, (*path, key))
        else:
            yield (*path, key)


@pytest.mark.parametrize("text", [EVERYTHING, (ROOT / "config.example.toml").read_text()])
def test_nothing_in_the_document_is_without_a_line(text):
    document = read(text)
    assert [path for path in paths(document.data) if path not in document.lines] == []


def test_what_is_not_there_has_the_line_of_what_is_around_it():
    document = read("[desk]\nname = 'x'\n")
    assert document.line(("desk", "address")) == 1
    assert document.line(("web", "listen")) == 0
    assert document.has("desk", "name")
    assert not document.has("desk", "address")


UNKNOWN = "a value that TOML does not know"
HEADER = "a table name that is not closed"


@pytest.mark.parametrize(
    ("text", "slips"),
    [
        ('a = "x\nb = 1\n', [(1, "a", "a text without its closing quote")]),
        ("a = 'x\nb = 1\n", [(1, "a", "a text without its closing quote")]),
        ('a = "x', [(1, "a", "a text without its closing quotes")]),
        ('a = 1\nb = """x\nc = 2\n', [(2, "b", "a text without its closing quotes")]),
        ("a = [1,\nb = 2\n", [(1, "a", "a list that is not closed")]),
        ("a = [1,\n\n[b]\nc = 2\n", [(1, "a", "a list that is not closed")]),
        ("a = [1, 2", [(1, "a", "a list that is not closed")]),
        ('a = ["x, "y"]\nb = 1\n', [(1, "a", "a list with no comma between two items")]),
        ("a = {x = 1,\nb = 2\n", [(1, "a", "a table that is not closed")]),
        ("a = {x = 1", [(1, "a", "a table that is not closed")]),
        ("a = yes\nb = True\n", [(1, "a", UNKNOWN), (2, "b", UNKNOWN)]),
        ("a: 1\nb\n", [(1, "a", "a key without ="), (2, "b", "a key without =")]),
        ("= 1\n", [(1, "", "a line that is neither a key nor a table")]),
        ("[a\nb = 1\n[c]\nd = x\n", [(1, "a", HEADER), (4, "c.d", UNKNOWN)]),
        ("a = 1 b = 2\n", [(1, "a", "more after the end of the value")]),
        ("a = 1\na = 2\n", [(2, "a", "a key given twice")]),
        ("[a]\nb = 1\n[a]\nb = 2\n", [(3, "a", "a table given twice")]),
        ('a = "C:\\path"\n', [(1, "a", "a backslash in a text")]),
        ('a = "\x01"\n', [(1, "a", "a control character")]),
        ("a = {x = 1, x = 2}\n", [(1, "a", "Duplicate inline table key")]),
        ('"a', [(1, "a", "a text without its closing quote")]),
    ],
)  # fmt: skip
def test_each_statement_that_is_no_toml_is_named(text, slips):
    found = read(text).slips
    assert [(slip.line, slip.key) for slip in found] == [(line, key) for line, key, _ in slips]
    for slip, (_, _, start) in zip(found, slips, strict=True):
        assert slip.found.startswith(start)


def test_what_is_given_twice_names_the_first_place():
    (slip,) = read("[a]\nb = 1\nc = 2\nb = 3\n").slips
    assert slip.hint == "it stands in line 2 too: keep one"


def test_what_is_toml_is_still_read_around_what_is_not():
    document = read('[a]\nx = oops\ny = 1\n[b\nz = 1\n[c]\nw = """\n"""\n')
    assert document.data == {"a": {"y": 1}, "c": {"w": ""}}
    assert document.line(("c", "w")) == 7


def test_a_text_of_errors_alone_comes_to_an_end():
    document = read("oops\n" * 1000)
    assert len(document.slips) == 20
    assert document.data == {}


PIECES = (
    "[",
    "]",
    "[[",
    "=",
    '"',
    "'",
    '"""',
    "'''",
    "{",
    "}",
    ",",
    ".",
    "#",
    "\n",
    "\\",
    " ",
    "$",
    "a",
    "7",
    "${X}",
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_read_to_its_end(text):
    document = read(text)
    assert all(1 <= slip.line <= text.count("\n") + 1 for slip in document.slips)
    if not document.slips:
        assert document.data == tomllib.loads(text)
        assert [path for path in paths(document.data) if path not in document.lines] == []


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_configuration_with_any_damage_is_read_or_refused_with_places(data):
    lines = (ROOT / "config.example.toml").read_text().splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(lines) - 1))
        at = data.draw(st.integers(0, len(lines[number])))
        piece = data.draw(st.sampled_from(PIECES))
        lines[number] = (
            lines[number][:at] + piece + lines[number][at + data.draw(st.integers(0, 3)) :]
        )
    with pytest.raises(config.ConfigError) as refused:
        config.read("\n".join(lines), Path("/nowhere/config.toml"), {})
    count = len("\n".join(lines).splitlines())
    assert all(0 <= fault.line <= count for fault in refused.value.faults)
    assert refused.value.faults
    assert all(fault.found and fault.allowed for fault in refused.value.faults)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_value_in_any_place_is_refused_in_words(data):
    from mailgate.config import keys, source
    from mailgate.config.toml import Document

    section = data.draw(st.sampled_from(list(keys.sections().values())))
    names = data.draw(st.lists(st.sampled_from([*section.keys, "other"]), max_size=4, unique=True))
    tree = data.draw(st.sampled_from([VALUES, st.builds(dict)]))
    table = {name: data.draw(VALUES) for name in names}
    value = [table] if section.many else table
    if data.draw(st.booleans()):
        value = data.draw(tree)
    document = {"desk": {"address": "a@desk.example"}}
    *above, last = section.name.split(".")
    place = document
    for part in above:
        place = place.setdefault(part, {})
    place[last] = value
    source = source.Source(Path("/nowhere/c.toml"), {}, Document(document, {}, ()), document, {})
    faults = [*config._faults(source, missing=True), *config.check(config._lenient(source), source)]
    assert faults
    assert all(fault.found and fault.allowed and str(fault).isprintable() for fault in faults)
