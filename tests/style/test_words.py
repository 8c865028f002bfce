"""Nothing in the project points to the place where it was written, or to what is not in it."""

import re
from pathlib import Path

import pytest

from tests.style.tree import ROOT, assert_none, project_files, text_of

# Put together here, so that this file does not hold what it looks for.
FORBIDDEN = [
    "/" + "work/main",
    "/" + "work/shared",
    "/" + "work/.",
    "/" + "tmp/v/",
    "../" + "shared",
    "shared/" + "design",
    "shared/" + "spec",
    "shared/" + "bench",
    "pitfalls" + ".md",
    "libraries" + ".md",
    "mailbox" + ".md",
    "brief" + ".md",
    "issues" + " show",
]


def found_in(text: str, places: list[str]) -> list[str]:
    """Return what of `places` and the forbidden words stands in a text."""
    return [word for word in (*FORBIDDEN, *places) if word in text]


def test_no_file_names_a_place_outside_the_project() -> None:
    places = [str(place) for place in (ROOT, Path.home()) if len(place.parts) > 2]
    faults = {}
    for path in project_files():
        words = found_in(text_of(path), places)
        if words:
            faults[path.relative_to(ROOT).as_posix()] = words
    assert_none(f"{name}: {words}" for name, words in faults.items())


@pytest.mark.parametrize("word", FORBIDDEN)
def test_the_rule_sees_a_forbidden_word(word: str) -> None:
    assert found_in(f"see {word}x", []) == [word]


def test_no_work_is_left_open_in_a_comment() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
    programs = [path for path in project_files() if path.suffix in {".py", ".j2", ".toml", ".sh"}]
    assert_none(p.name for p in programs if marks.search(text_of(p)))


def test_every_text_file_ends_with_one_newline_and_has_no_trailing_blanks() -> None:
    kinds = {".py", ".toml", ".md", ".service", ".yml", ""}  # in a template, blanks are mail
    faults = []
    for path in project_files():
        text = text_of(path) if path.suffix in kinds else ""
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            faults.append(f"{path.relative_to(ROOT)}: its end")
        if path.suffix != ".md" and re.search(r"[ \t]$", text, re.MULTILINE):
            faults.append(f"{path.relative_to(ROOT)}: a trailing blank")
    assert_none(faults)
