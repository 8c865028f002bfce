"""Who may import whom: the pure parts know nobody, the edges never know each other."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.style.tree import ROOT, Source, assert_none, sources

CORE = frozenset({"domain", "mail", "store", "desk"})
EDGE = CORE | {"errors", "log", "port"}

# Area: what it may import of mailgate besides itself. Imports for type checkers count.
SEES: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "tally": frozenset(),
    "bells": frozenset(),
    "roles": frozenset(),
    "locales": frozenset(),
    "passwords": frozenset(),
    "stopping": frozenset(),
    "log": frozenset({"tally"}),
    "port": frozenset({"errors"}),
    "config": frozenset(
        {"errors", "domain", "locales", "roles"}
    ),  # thresholds, zones and formats are its values
    "domain": frozenset({"errors"}),
    "mail": frozenset({"errors"}),
    "store": frozenset({"errors", "domain"}),
    "desk": frozenset({"errors", "log", "domain", "store", "tally"}),
    "imap": frozenset({"errors", "log"}),
    "intake": EDGE | {"imap", "passwords"},
    "delivery": EDGE | {"imap"},
    "board": EDGE | {"imap"},
    "web": EDGE,
    "scheduler": EDGE,
    "cli": EDGE | {"app", "config", "gateway", "passwords", "roles", "setup", "stopping"},
    "setup": frozenset({"errors", "config"}),  # a new desk's folder
    "app": EDGE
    | {"bells", "config", "imap", "intake", "delivery", "board", "roles", "scheduler", "locales"},
    "gateway": EDGE
    | {"app", "bells", "config", "roles", "stopping", "supervisor", "tally", "web", "wire"},
    "wire": frozenset({"errors", "log", "store"}),
    "supervisor": frozenset({"errors", "log", "roles", "stopping", "tally"}),
    "__main__": frozenset({"cli"}),
    "mailgate": frozenset(),  # the package itself: its version, which anybody may ask for
}

# What the pure parts may not import from elsewhere: no clock, no input or output, no logging.
OUTSIDE = {
    "domain": {
        *("os", "io", "sys", "time", "pathlib", "socket", "threading", "subprocess", "asyncio"),
        *("random", "secrets", "logging", "structlog", "sqlite3", "sqlalchemy", "smtplib"),
        *("http", "urllib", "email", "jinja2", "pydantic", "schedule", "tempfile", "shutil"),
    },
    "mail": {
        *("sqlite3", "sqlalchemy", "psycopg", "alembic", "socket", "smtplib", "imapclient"),
        *("aiosmtpd", "asyncio", "http", "urllib.request", "httpx2", "logging", "structlog"),
        *("random", "schedule", "pydantic"),
    },
    "store": {"socket", "smtplib", "imapclient", "aiosmtpd", "fastapi", "jinja2", "email"},
    "desk": {"socket", "smtplib", "imapclient", "aiosmtpd", "fastapi", "jinja2", "email"},
}

ASYNC = {"intake", "web"}  # SMTP servers and the HTTP port; everything else is plain threads


def module_name(source: Source) -> str:
    """Return the dotted name under which a file of the package is imported."""
    return source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def area(module: str) -> str:
    """Return the layer of a module of ours: `mailgate.store.db` is in `store`."""
    return module.split(".")[1] if "." in module else "mailgate"


def imports(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Yield each imported module, a name imported from a package as if it were one."""
    package = module_name(source).split(".")
    if not source.path.endswith("__init__.py"):
        package.pop()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            names = [alias.name for alias in node.names]
            yield from ((node, f"{module}.{name}") for name in names)


def crossed_layers(source: Source) -> list[str]:
    """Return the imports of a file that its layer may not make."""
    here = area(module_name(source))
    if here not in SEES:
        return [f"{source.path}: no layer is called {here!r}"]
    faults = []
    for node, module in imports(source):
        if module.split(".")[0] == "mailgate":
            there = area(module)
            package = there == "mailgate" or module == "mailgate.__version__"
            if there != here and there not in SEES[here] and not package:
                faults.append(source.at(node, f"{here} imports {there}"))
        elif any(f"{module}.".startswith(f"{name}.") for name in OUTSIDE.get(here, ())):
            faults.append(source.at(node, f"{here} imports {module}"))
    return faults


def async_out_of_place(source: Source) -> list[str]:
    """Return where a file outside the servers is asynchronous."""
    if area(module_name(source)) in ASYNC:
        return []
    kinds = ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await
    return [source.at(n, "async") for n in ast.walk(source.tree) if isinstance(n, kinds)]


def test_every_import_stays_within_its_layer() -> None:
    assert_none([fault for source in sources("mailgate") for fault in crossed_layers(source)])


def test_async_stays_in_the_servers() -> None:
    assert_none([fault for source in sources("mailgate") for fault in async_out_of_place(source)])


@pytest.mark.parametrize(
    ("path", "text", "faults"),
    [
        ("mailgate/domain/x.py", "from mailgate.mail import parse", ["domain imports mail"]),
        ("mailgate/domain/x.py", "from ..mail import parse", ["domain imports mail"]),
        ("mailgate/domain/x.py", "from mailgate import store", ["domain imports store"]),
        ("mailgate/domain/x.py", "import mailgate.log", ["domain imports log"]),
        ("mailgate/domain/x.py", "def f():\n import time", ["domain imports time"]),
        ("mailgate/domain/x.py", "from mailgate.domain import y, z", []),
        ("mailgate/domain/x.py", "from . import y", []),
        ("mailgate/domain/__init__.py", "from .y import z", []),
        ("mailgate/mail/x.py", "import urllib.request", ["mail imports urllib.request"]),
        ("mailgate/mail/x.py", "import urllib.parse", []),
        ("mailgate/store/x.py", "from mailgate.desk import y", ["store imports desk"]),
        ("mailgate/desk/x.py", "import mailgate.mail.parse", ["desk imports mail"]),
        ("mailgate/intake/x.py", "from mailgate.delivery import y", ["intake imports delivery"]),
        ("mailgate/web/x.py", "from mailgate.app import build", ["web imports app"]),
        ("mailgate/scheduler.py", "from mailgate.config import C", ["scheduler imports config"]),
        ("mailgate/config/values.py", "from mailgate.config.errors import E", []),
        ("mailgate/config.py", "from mailgate.store import db", ["config imports store"]),
        ("mailgate/cli/x.py", "from mailgate import __version__, app", []),
        ("mailgate/domain/x.py", "import mailgate", []),
        ("mailgate/domain/x.py", "from mailgate import lost", ["domain imports lost"]),
        ("mailgate/cli/x.py", "from mailgate.web import api", ["cli imports web"]),
        ("mailgate/lost.py", "", ["no layer is called 'lost'"]),
    ],
)
def test_the_rule_sees_a_crossed_layer(path: str, text: str, faults: list[str]) -> None:
    found = [fault.split(": ", 1)[1] for fault in crossed_layers(Source(path, text))]
    assert found == faults


def test_the_rule_sees_async_out_of_place() -> None:
    text = "async def f():\n    await g()\n"
    assert async_out_of_place(Source("mailgate/web/x.py", text)) == []
    assert len(async_out_of_place(Source("mailgate/desk/x.py", text))) == 2


_WATCH = """
import importlib, sys
doing = {"socket.connect", "socket.bind", "socket.getaddrinfo", "sqlite3.connect",
         "subprocess.Popen", "os.system", "os.mkdir", "os.fork"}
def watch(event, details):
    if event in doing:
        raise RuntimeError(f"{event} {details}")
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_importing_every_module_connects_to_nothing() -> None:
    names = [module_name(source) for source in sources("mailgate")]
    # Alembic runs its own scripts; __main__ is the program.
    plain = [n for n in names if ".migrations" not in n and not n.endswith("__main__")]
    command = [sys.executable, "-B", "-c", _WATCH, *plain]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
