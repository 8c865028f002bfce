"""Habits of the code that no linter knows: who catches what, explained exceptions, time."""

import ast
import re

import pytest

from tests.style.tree import Source, assert_none, sources

# Where anything at all may be caught, because what failed is recorded there. File: why.
CATCHES_ALL = {
    "mailgate/intake/worker.py": "one bad mail stops no other: it is tried alone, then parked",
    "mailgate/intake/trial.py": "one recorded mail that fails ends no simulation",
    "mailgate/intake/smtp.py": "an SMTP client gets 451 for whatever goes wrong on our side",
    "mailgate/desk/clock.py": "one ticket on which the clock fails stops no other",
    "mailgate/board/acting.py": "one ticket whose drops cannot be acted upon stops no other",
    "mailgate/cli/ending.py": "a command's own fault becomes a sentence and an exit code",
    "mailgate/intake/inbox.py": "a failed commit is told to every mail that waited for it",
    "mailgate/delivery/worker.py": "one bad row of the outbox stops no other",
    "mailgate/delivery/record.py": "one ending that cannot be written stops no other",
    "mailgate/supervisor.py": "a forked process that fails ends, and is no second supervisor",
    "mailgate/scheduler.py": "a job that fails is logged and runs again",
    "mailgate/intake/imap.py": "one mailbox that fails stops no other, and is tried again",
    "mailgate/web/watch.py": "a look that fails is told to who asked for it, not to its thread",
    "mailgate/mail/guard.py": "third-party parsers raise anything",
}

_SUPPRESSION = re.compile(
    r"# *(?:(?:ruff: )?noqa:? *(?P<noqa>[A-Z]+\d+(?:[, ]+[A-Z]+\d+)*)?"
    r"|type: ignore(?P<ignore>\[[\w, -]+\])?"
    r"|pragma: no (?:cover|branch))"
)

# What Python before 3.11.5, as in Debian 12, matches wrongly when a step inside of the group may
# backtrack (gh-106052): no header was found then. `(?>(?:...)*)` says the same, soundly.
_POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+")

_NAIVE = {"utcnow", "utcfromtimestamp", "today"}
_WALL_CLOCKS = {("datetime", "now"), ("time", "time"), ("time", "time_ns")}
_ANY_CLOCKS = _WALL_CLOCKS | {("time", "monotonic"), ("time", "perf_counter")}
HANDED_IN = {"mailgate/mail/": _WALL_CLOCKS, "mailgate/store/": _WALL_CLOCKS}
HANDED_IN |= {"mailgate/desk/": _WALL_CLOCKS, "mailgate/domain/": _ANY_CLOCKS}


def _dotted(node: ast.expr) -> list[str]:
    """Return `a.b.c` as its names; a call or an index in it is left out."""
    if isinstance(node, ast.Attribute):
        return [*_dotted(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def _is_broad(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_is_broad, kind.elts))
    return kind is None or _dotted(kind)[-1:] in (["Exception"], ["BaseException"])


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def broad_excepts(source: Source) -> list[str]:
    """Return where a file catches anything and keeps it."""
    faults = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            if _is_broad(node.type) and not _raises_again(node):
                faults.append(source.at(node, "catches anything"))
        elif isinstance(node, ast.Call) and _dotted(node.func)[-1:] == ["suppress"]:
            faults += [source.at(node, "suppresses anything") for _ in filter(_is_broad, node.args)]
    return faults


def unexplained(source: Source) -> list[str]:
    """Return each exception from a linter's rule that has no code or no reason on its line."""
    faults = []
    for line, comment in source.comments():
        found = _SUPPRESSION.search(comment)
        if found is None:
            continue
        reason = re.findall(r"\w+", comment[found.end() :])
        named = "pragma" in found.group() or found["noqa"] or found["ignore"]
        if not named or len(reason) < 3:
            faults.append(f"{source.path}:{line}: {comment}")
    return faults


def naive_times(source: Source) -> list[str]:
    """Return where a file asks for a time without a zone, or asks a clock that it may not."""
    clocks = [names for folder, names in HANDED_IN.items() if source.path.startswith(folder)] or [
        set()
    ]
    faults = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        name = _dotted(node.func)[-2:]
        given = len(node.args) + len(node.keywords)
        naive = (
            (name[:1] in (["datetime"], ["date"]) and name[1:] and name[1] in _NAIVE)
            or (name == ["datetime", "now"] and not given)
            or (name == ["datetime", "fromtimestamp"] and given < 2)
        )
        if naive:
            faults.append(source.at(node, f"{'.'.join(name)} has no zone"))
        elif tuple(name) in clocks[0]:
            faults.append(source.at(node, f"{'.'.join(name)}: time is handed in here"))
    return faults


def possessive_groups(source: Source) -> list[str]:
    """Return the patterns that Python before 3.11.5 gets wrong."""
    return [
        source.at(node, "write (?>(?:...)*) for a possessive group")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and _POSSESSIVE_GROUP.search(
            node.value.decode("latin-1") if isinstance(node.value, bytes) else str(node.value)
        )
    ]


def undocumented(source: Source) -> list[str]:
    """Return the file if it does not open with what it promises."""
    promise = ast.get_docstring(source.tree)
    return [] if promise and len(promise) > 10 else [source.path]


def test_anything_is_caught_only_in_the_named_places() -> None:
    files = [s for s in sources("mailgate") if s.path not in CATCHES_ALL]
    assert_none([fault for source in files for fault in broad_excepts(source)])


@pytest.mark.parametrize("folder", ["mailgate", "bench", "tests"])
def test_every_exception_from_a_lint_rule_is_explained(folder: str) -> None:
    assert_none([fault for source in sources(folder) for fault in unexplained(source)])


@pytest.mark.parametrize("folder", ["mailgate", "bench", "tests"])
def test_no_time_is_without_a_zone_and_the_core_asks_no_clock(folder: str) -> None:
    assert_none([fault for source in sources(folder) for fault in naive_times(source)])


def test_patterns_mean_the_same_under_every_python() -> None:
    assert_none([fault for source in sources("mailgate") for fault in possessive_groups(source)])


@pytest.mark.parametrize("folder", ["mailgate", "bench", "tests"])
def test_every_module_says_what_it_promises(folder: str) -> None:
    assert_none([fault for source in sources(folder) for fault in undocumented(source)])


def test_every_package_has_its_own_words() -> None:
    files = {source.path for source in sources("mailgate")}
    folders = {path.rpartition("/")[0] for path in files}
    scripts = {"mailgate/store/migrations", "mailgate/store/migrations/versions"}  # Alembic's
    assert {f for f in folders - scripts if f"{f}/__init__.py" not in files} == set()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (broad_excepts, "try:\n  f()\nexcept Exception:\n  pass"),
        (broad_excepts, "try:\n  f()\nexcept:\n  pass"),
        (broad_excepts, "try:\n  f()\nexcept (OSError, BaseException) as e:\n  raise E from e"),
        (broad_excepts, "with contextlib.suppress(Exception):\n  f()"),
        (unexplained, "x = 1  # noqa"),
        (unexplained, "x = 1  # noqa: E501"),
        (unexplained, "x = 1  # type: ignore  # upstream has no types"),
        (unexplained, "x = 1  # type: ignore[attr-defined]"),
        (unexplained, "x = 1  # pragma: no cover"),
        (naive_times, "datetime.now()"),
        (naive_times, "datetime.datetime.utcnow()"),
        (naive_times, "date.today()"),
        (naive_times, "datetime.fromtimestamp(0)"),
        (naive_times, "datetime.now(UTC)"),
        (naive_times, "time.monotonic()"),
        (possessive_groups, r"re.compile(r'((?:a|b)*+)')"),
        (possessive_groups, r"re.compile(rb'(?:a b){1,3}+')"),
        (possessive_groups, r"re.compile(rf'(?:{_ATOM})?+ *')"),
        (undocumented, "x = 1"),
    ],
)
def test_the_rule_sees_what_it_forbids(rule, text: str) -> None:
    assert len(rule(Source("mailgate/domain/x.py", text))) == 1


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (broad_excepts, "try:\n  f()\nexcept OSError:\n  pass"),
        (broad_excepts, "try:\n  f()\nexcept BaseException:\n  undo()\n  raise"),
        (unexplained, "x = 1  # noqa: E501 - the address is one word"),
        (unexplained, "x = 1  # type: ignore[no-untyped-call]  # upstream has no types"),
        (unexplained, "# a comment about noqa's habits"),
        (naive_times, "datetime.now(UTC)\ndatetime.fromtimestamp(0, UTC)\nclock.now()"),
        (possessive_groups, r"re.compile(r'(?>(?:a|b)*)[ab]++\)++')"),
        (undocumented, '"""Mail in, tickets out."""'),
    ],
)
def test_the_rule_passes_what_it_allows(rule, text: str) -> None:
    assert rule(Source("mailgate/web/x.py", text)) == []
