"""Files and functions stay small enough to be read at one go."""

import ast

import pytest

from tests.style.tree import Source, assert_none, sources

LONGEST_FILE = 500  # lines
LONGEST_FUNCTION = 60  # lines, from its `def` to its end

# Tables of rules and locales: read row by row, not at one go. File: why.
TABLES: dict[str, str] = {
    "mailgate/mail/languages.py": "what mail programs write around quotes, a row a language",
}
SCRIPTS = "mailgate/store/migrations/versions/"  # written once, one statement after the other

FORBIDDEN_NAMES = {
    *("utils", "util", "helpers", "helper", "common", "misc", "base", "tools"),
    *("manager", "managers", "service", "services", "processor", "processors"),
}


def too_long(source: Source) -> list[str]:
    """Return what is too long in a file."""
    faults = []
    lines = len(source.text.splitlines())
    if lines > LONGEST_FILE:
        faults.append(f"{source.path}: {lines} lines")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                faults.append(source.at(node, f"{node.name} has {length} lines"))
    return faults


def badly_named(source: Source) -> list[str]:
    """Return the parts of a file's path that say nothing about what is in it."""
    return sorted(FORBIDDEN_NAMES.intersection(source.path.removesuffix(".py").split("/")))


@pytest.mark.parametrize("folder", ["mailgate", "bench", "tests"])
def test_no_file_and_no_function_is_too_long(folder: str) -> None:
    files = [s for s in sources(folder) if s.path not in TABLES and SCRIPTS not in s.path]
    assert_none([fault for source in files for fault in too_long(source)])


def test_each_exempt_table_exists_and_still_needs_its_exemption() -> None:
    long = {source.path for source in sources("mailgate") if too_long(source)}
    assert set(TABLES) <= long


@pytest.mark.parametrize("folder", ["mailgate", "bench", "tests"])
def test_modules_are_named_after_what_is_in_them(folder: str) -> None:
    assert_none([source.path for source in sources(folder) if badly_named(source)])


def test_the_rules_see_what_they_forbid() -> None:
    lines = "    x = 1\n" * LONGEST_FUNCTION
    assert too_long(Source("a.py", f"def f():\n{lines}")) == ["a.py:1: f has 61 lines"]
    assert too_long(Source("a.py", f"async def f():\n{lines}")) == ["a.py:1: f has 61 lines"]
    assert too_long(Source("a.py", "x = 1\n" * 501)) == ["a.py: 501 lines"]
    assert badly_named(Source("mailgate/mail/utils.py", "")) == ["utils"]
    assert badly_named(Source("mailgate/common/x.py", "")) == ["common"]
