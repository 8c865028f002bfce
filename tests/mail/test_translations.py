"""What the templates of every language must have in common with those of English."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes

from mailgate.domain.model import Priority
from mailgate.domain.notices import NOTICES
from mailgate.mail.body import divide
from mailgate.mail.languages import LANGUAGES as QUOTING
from mailgate.mail.render import PARTS, Renderer
from mailgate.mail.sample import full

SHIPPED = Path(__file__).parents[2] / "templates" / "mail"
RENDERER = Renderer([SHIPPED])
LANGUAGES = RENDERER.locales
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
ANSWERED_BETWEEN = {"digest"}  # its lines, and so it has no line above which answers are read
TYPED = "mailgate board "
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
    return text == ", ".join(Priority) or text.startswith(("/", TYPED))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", sorted(set(NOTICES) - ANSWERED_BETWEEN))
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
