"""The list of attacks names tests that exist, and no test of this folder is missing in it."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
NAMED = re.findall(r"`([./\w]+\.py)::(\w+)`", (HERE / "README.md").read_text())
ELSEWHERE = {"test_index.py", "test_identity.py"}


def named_in(path):
    tree = ast.parse(path.read_text())
    functions = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {name for name in functions if name.startswith("test_")}


def test_each_test_that_the_list_names_exists():
    missing = [(file, name) for file, name in NAMED if name not in named_in(HERE / file)]
    assert missing == []
    assert len(NAMED) > 30


def test_each_file_of_attacks_is_in_the_list():
    files = {path.name for path in HERE.glob("test_*.py")} - ELSEWHERE
    assert files == {file for file, _ in NAMED if "/" not in file}
