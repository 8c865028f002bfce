"""What holds for every language that comes with mailgate."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import unquote

import pytest
from jinja2 import Environment, FileSystemLoader
from selectolax.lexbor import LexborHTMLParser

from mailgate.locales import languages
from mailgate.mail.compose import Frame, compose
from mailgate.mail.parse import parse
from mailgate.mail.render import Renderer
from mailgate.mail.sample import full
from mailgate.mail.thanks import is_bare_thanks
from tests.mail.test_translations import TYPED

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "templates" / "mail"
RENDERER = Renderer([SHIPPED])
LANGUAGES = languages()
FOREIGN = tuple(language for language in LANGUAGES if language != "en")
ENOUGH = 5  # letters by which a word is found again in another case or number


def glossary() -> dict[str, dict[str, str]]:
    """Return the terms by language."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
        if line.startswith("| ")
    ]
    head, terms = rows[0], [row for row in rows[1:] if ":" in row[0]]
    return {tag: {row[0]: row[at] for row in terms} for at, tag in enumerate(head) if at}


GLOSSARY = glossary()


def phrases(language):
    loader = FileSystemLoader([SHIPPED / language, SHIPPED])
    environment = Environment(loader=loader, trim_blocks=True, autoescape=True)
    environment.filters["duration"] = str
    return environment.get_template("_phrases.j2").module


def test_there_are_these_and_the_glossary_has_them():
    assert LANGUAGES == ("ar", "de", "en", "es", "fr", "pt", "ru", "zh")
    assert sorted(GLOSSARY) == list(LANGUAGES)


@pytest.mark.parametrize("language", FOREIGN)
def test_each_has_every_file_that_english_has_and_no_other(language):
    names = {path.name for path in (SHIPPED / "en").iterdir()}

    assert {path.name for path in (SHIPPED / language).iterdir()} == names


@pytest.mark.parametrize("language", FOREIGN)
def test_each_has_every_phrase_that_english_has(language):
    english, own = phrases("en"), phrases(language)

    for name in ("statuses", "priorities", "labels", "standings", "targets"):
        assert list(getattr(own, name)) == list(getattr(english, name))
    assert [word for word, _ in own.commands] == [word for word, _ in english.commands]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_names_things_as_the_glossary_does(language):
    module = phrases(language)
    written = "\n".join(path.read_text("utf-8") for path in (SHIPPED / language).glob("*.j2"))
    for term, word in GLOSSARY[language].items():
        table, _, key = term.partition(": ")
        if table == "word":
            assert word[: max(ENOUGH, len(word) - 2)].casefold() in written.casefold(), term
        else:
            assert getattr(module, table)[key] == word


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("notice", RENDERER.notices)
def test_no_sentence_is_left_in_english(notice, language):
    english = RENDERER.render(notice, "en", full("agent")).text.splitlines()
    own = RENDERER.render(notice, language, full("agent")).text.splitlines()
    typed = "\n".join(str(value) for value in full("agent").values())
    sentences = {line.strip("> ") for line in english if len(line.split()) > len("abc")}

    left = {line for line in map(str.strip, own) if line in sentences and line[:1].isalpha()}
    left = {line for line in left if "TKT-" not in line and not line.startswith(TYPED)}
    assert {line for line in left if line not in typed} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_button_writes_thanks_that_we_understand(language):
    html = RENDERER.render("resolved", language, full("customer", "system")).html or ""
    link = LexborHTMLParser(html).css_first("a.button").attributes["href"] or ""

    assert is_bare_thanks(unquote(link.rpartition("body=")[2]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", RENDERER.notices)
def test_each_survives_the_way_through_mail(notice, language):
    mail = RENDERER.render(notice, language, full("customer", "system"))
    frame = Frame(
        from_name="Support",
        from_address="support@desk.example",
        to_name="",
        to_address="carol@client.example",
        reply_to=None,
        message_id="<a@desk.example>",
        in_reply_to=None,
        references=(),
        date=datetime(2026, 11, 20, tzinfo=UTC),
        auto_submitted="auto-generated",
        loop_mark="x",
        language=language,
    )
    raw = compose(mail, frame)
    read = message_from_bytes(raw, policy=policy.default)

    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= len("x" * 998)
    assert read["Subject"] == mail.subject
    text = read.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text.strip() == mail.text.strip()


def test_arabic_runs_from_right_to_left_and_addresses_do_not():
    html = RENDERER.render("overdue", "ar", full("agent")).html or ""
    tree = LexborHTMLParser(html)

    for place in ("html", "body", "table.outer"):
        assert tree.css_first(place).attributes["dir"] == "rtl"
    assert "border-right: 3px solid" in tree.css_first(".quote").attributes["style"]
    assert "direction: ltr" in tree.css_first("a.link").attributes["style"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", html)


def test_arabic_keeps_an_address_in_brackets_together():
    html = RENDERER.render("new_message", "ar", full("agent")).html or ""
    apart = [node.text() for node in LexborHTMLParser(html).css("bdi")]

    assert apart
    assert all(text.count("<") == text.count(">") for text in apart)


def test_other_languages_run_from_left_to_right():
    html = RENDERER.render("overdue", "ru", full("agent")).html or ""

    assert "rtl" not in LexborHTMLParser(html).css_first("html").attributes.get("dir", "")
    assert 'dir="rtl"' not in html


@pytest.mark.parametrize(
    "text",
    [
        "Здравствуйте!\nСпасибо за помощь, всё работает.\n\nС уважением,\nАнна",
        "شكرًا جزيلًا لكم على المساعدة، تم حل المشكلة.",
        "您好，\n谢谢！问题已解决。",
    ],
)
def test_thanks_in_other_scripts_are_thanks(text):
    assert is_bare_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо, но принтер не работает",
        "شكرًا، لكن المشكلة مستمرة",
        "谢谢，但是还没有解决",
        "谢谢？",
    ],
)
def test_a_but_in_other_scripts_is_no_thanks(text):
    assert not is_bare_thanks(text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["Carol Client", ""])
def test_what_an_answer_is_begun_with_is_quote_to_us_but_for_what_is_written_above_it(
    language, name
):
    context = full("customer")
    context["recipient"] = {"name": name}
    context["message"] |= {"author": name or "carol@client.example"}
    begun = RENDERER.prepare(language, context)
    greeting, _, rest = begun.text.partition("\n")
    head = "From: support@desk.example\nContent-Type: text/plain; charset=utf-8\n"
    raw = f"{head}\n{greeting}\n\nXYZZY.\n{rest}".encode()

    assert begun.html is None
    assert begun.subject.endswith(f"[{context['ticket']['number']}]")
    assert parse(raw, datetime(2026, 11, 20, tzinfo=UTC)).new_text.split() == [
        *greeting.split(),
        "XYZZY.",
    ]
