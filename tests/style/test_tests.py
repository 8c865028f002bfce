"""The tests keep their own rules: no sleeps, no fixed ports, nothing asserted by nothing."""

import ast

import pytest

from tests.style.tree import Source, assert_none, sources

WAITS = "tests/peers/waiting.py"  # the one place that polls

# Calls that open a port, whose number must be free on any machine.
_OPENERS = {
    *("bind", "listen", "create_server", "start_server", "create_connection_server"),
    *("Controller", "Listener", "SmtpSettings", "UnthreadedController", "run", "Config"),
}


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def sleeps(source: Source) -> list[str]:
    """Return where a file sleeps; `asyncio.sleep(0)` only lets others run."""
    faults = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _name(node.func) == "sleep":
            zero = node.args and isinstance(node.args[0], ast.Constant) and not node.args[0].value
            if not zero:
                faults.append(source.at(node, "sleeps"))
    return faults


def fixed_ports(source: Source) -> list[str]:
    """Return where a file opens a port by a number of its own."""
    faults = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or _name(node.func) not in _OPENERS:
            continue
        named = [word.value for word in node.keywords if word.arg and word.arg.endswith("port")]
        pairs = [arg.elts[1] for arg in node.args if isinstance(arg, ast.Tuple) and arg.elts[1:]]
        numbers = [port.value for port in (*named, *pairs) if isinstance(port, ast.Constant)]
        faults += [source.at(node, f"port {n}") for n in numbers if isinstance(n, int) and n]
    return faults


def _asserts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a test can fail by what it looks at: an assert, an expected error, or a check."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = _name(node.func)
            if name in {"raises", "fail", "warns"} or name.startswith(("assert_", "wait", "check")):
                return True
    return False


def empty_tests(source: Source) -> list[str]:
    """Return the tests of a file that assert nothing."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    tests = [n for n in ast.walk(source.tree) if isinstance(n, kinds)]
    return [
        source.at(test, test.name)
        for test in tests
        if test.name.startswith("test_") and not _asserts(test)
    ]


def short_names(source: Source) -> list[str]:
    """Return the tests of a file whose name is no sentence: fewer than two words."""
    return [
        source.at(node, node.name)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and node.name.count("_") < 2
    ]


def test_no_test_sleeps() -> None:
    files = [source for source in sources("tests") if source.path != WAITS]
    assert_none([fault for source in files for fault in sleeps(source)])


def test_no_test_opens_a_port_by_number() -> None:
    assert_none([fault for source in sources("tests") for fault in fixed_ports(source)])


def test_every_test_asserts_something() -> None:
    assert_none([fault for source in sources("tests") for fault in empty_tests(source)])


def test_the_name_of_a_test_reads_as_a_sentence() -> None:
    assert_none([fault for source in sources("tests") for fault in short_names(source)])


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (sleeps, "time.sleep(1)"),
        (sleeps, "async def f():\n  await asyncio.sleep(0.1)"),
        (fixed_ports, "socket.create_server(('127.0.0.1', 25))"),
        (fixed_ports, "SmtpSettings(host='127.0.0.1', port=2525)"),
        (empty_tests, "def test_a_thing_that_is_so():\n  f()"),
        (short_names, "def test_parse():\n  assert f()"),
    ],
)
def test_the_rule_sees_what_a_test_must_not_do(rule, text: str) -> None:
    assert len(rule(Source("tests/test_x.py", text))) == 1


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (sleeps, "async def f():\n  await asyncio.sleep(0)"),
        (fixed_ports, "socket.create_server(('127.0.0.1', 0))\nSmtpSettings(port=free_port())"),
        (empty_tests, "def test_a_thing_that_fails():\n  with pytest.raises(E):\n    f()"),
    ],
)
def test_the_rule_passes_what_a_test_may_do(rule, text: str) -> None:
    assert rule(Source("tests/test_x.py", text)) == []
