"""What every language that is there must have in common with English, the first one.

`docs/glossary.md` fixes the main terms of each.
"""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from selectolax.lexbor import LexborHTMLParser

from mailgate.domain.model import Priority, Status
from mailgate.domain.notices import NOTICES
from mailgate.mail.body import divide
from mailgate.mail.languages import LANGUAGES as QUOTING
from mailgate.mail.render import PARTS, Renderer
from mailgate.mail.sample import full
from mailgate.mail.thanks import is_bare_thanks

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "templates" / "mail"
RENDERER = Renderer([SHIPPED])
LANGUAGES = RENDERER.locales
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
LEAST = 3  # words that a text must have to be one that is the same by mistake
_BLOCK = re.compile(r"\{%.*?%\}|\{#.*?#\}|<[^>]*>|\{\{.*?\}\}", re.DOTALL)
_VISIBLE = re.compile(r'"([^"]*)"')


def environment(language: str) -> Environment:
    """Return where a language's own templates are read, and nothing else."""
    found = Environment(  # noqa: S701 - only read here, and never sent
        loader=FileSystemLoader([SHIPPED / language]), undefined=StrictUndefined, trim_blocks=True
    )
    for name in ("when", "duration", "quote", "excerpt", "paragraphs", "bare"):
        found.filters[name] = str
    return found


def words(language: str, file: str) -> dict[str, object]:
    """Return what a file of phrases sets, and the names of its macros."""
    exported = environment(language).get_template(file).module.__dict__
    return {name: value for name, value in exported.items() if not name.startswith("_")}


def fields(language: str, file: str) -> set[str]:
    """Return the variables and the fields of variables that a template shows."""
    tree = environment(language).parse((SHIPPED / language / file).read_text("utf-8"))
    found = {
        f"{node.node.name}.{node.attr}"
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name)
    }
    return found | {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}


def sentences(language: str, file: Path) -> set[str]:
    """Return the texts of a template, without what is filled in, as one line each."""
    source = file.read_text("utf-8")
    written = _VISIBLE.findall(source) if file.name.startswith("_") else []
    plain = [" ".join(text.split()) for text in (*_BLOCK.split(source), *written)]
    return {text for text in plain if len(text.split()) >= LEAST}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_every_file_of_english_and_none_besides(language):
    assert names(language) == names("en")
    assert RENDERER.check() == []


def names(language: str) -> set[str]:
    return {file.name for file in (SHIPPED / language).iterdir()}


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("file", ["_phrases.j2", "_told.j2"])
def test_a_language_has_every_phrase_of_english(language, file):
    theirs, ours = words(language, file), words("en", file)

    assert theirs.keys() == ours.keys()
    for name, value in ours.items():
        if isinstance(value, dict):
            assert theirs[name].keys() == value.keys(), name
            assert all(theirs[name].values()), name
        elif isinstance(value, list):
            assert [pair[0] for pair in theirs[name]] == [pair[0] for pair in value], name


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("notice", NOTICES)
def test_a_notice_tells_in_each_language_what_it_tells_in_english(language, notice):
    for part in PARTS:
        name = f"{notice}.{part}.j2"
        lacking = fields("en", name) - fields(language, name)
        assert lacking == set(), name


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_stands_in_english(language):
    english = set().union(*(sentences("en", file) for file in (SHIPPED / "en").glob("*.j2")))
    theirs = set().union(*(sentences(language, f) for f in (SHIPPED / language).glob("*.j2")))
    same = {text for text in english & theirs if not is_command(text)}

    assert same == set()


def is_command(text: str) -> bool:
    """Whether a text is of what is typed, such as the levels of /priority."""
    return text == ", ".join(Priority) or text.startswith("/")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", NOTICES)
def test_an_answer_above_a_quoted_notice_is_read_alone(language, notice):
    mail = RENDERER.render(notice, language, full("agent", "client"))
    (quoting,) = (row for row in QUOTING if row.code == language)
    opens, verb = quoting.opens.split("|")[0], quoting.verbs.split("|")[0]
    attribution = f"{opens.capitalize()} 20.11.2026 09:15, Support <s@desk.example> {verb} :"
    below = mail.text.split("\n")

    for quoted in (
        [attribution, *(f"> {line}" for line in below)],
        [attribution, *below],
        ["", *below],
        [f"> {line}" for line in below],
    ):
        assert divide(["E-17 {", "", *quoted], reply=True).new == "E-17 {"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_word_that_confirms_is_understood_and_the_button_writes_it(language):
    mail = RENDERER.render("resolved", language, full("customer", "system"))
    (button,) = LexborHTMLParser(mail.html or "").css("a.button")
    body = unquote((button.attributes["href"] or "").rpartition("&body=")[2])

    assert is_bare_thanks(body)
    assert body.lower() in mail.text.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_phrases_are_those_of_the_glossary(language):
    terms = glossary(language)
    phrases = words(language, "_phrases.j2")

    for kind, those in (("statuses", Status), ("priorities", Priority)):
        for name in those:
            assert phrases[kind][name] == terms[name], (kind, name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_word_for_a_ticket_is_the_one_of_the_glossary(language):
    phrases = words(language, "_phrases.j2")

    assert phrases["labels"]["ticket"].strip().lower() == glossary(language)["ticket"].lower()
    assert phrases["labels"]["priority"].strip()


def glossary(language: str) -> dict[str, str]:
    """Return the terms of one language from docs/glossary.md by their English key."""
    lines = (ROOT / "docs" / "glossary.md").read_text("utf-8").split("\n")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    column = next(row for row in rows if row[0] == "Key").index(language)
    return {row[0].strip("`"): row[column] for row in rows if row[0][:1] == "`"}
