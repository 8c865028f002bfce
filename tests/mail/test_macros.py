"""Canned responses: found by name and language and filled in."""

import pytest

from mailgate.errors import Refused
from mailgate.mail.macros import Macros

FACTS = {
    "ticket": {
        "number": "TKT-2026-00007",
        "subject": "Printer",
        "requester": "carol@customer.example",
        "requester_name": "{{ desk.name }} <b>Carol</b>",
        "category": "other",
        "priority": "normal",
    },
    "agent": {"name": "Alice"},
    "desk": {"name": "Support", "address": "support@desk.example"},
}


@pytest.fixture
def macros(tmp_path):
    """Return a function that writes macros into a folder, and reads them."""

    def of(**texts: str) -> Macros:
        for name, text in texts.items():
            (tmp_path / f"{name.replace('__', '.')}.txt").write_text(text, "utf-8")
        return Macros(tmp_path)

    return of


def test_a_macro_is_filled_in_and_what_people_typed_stays_text(macros):
    greeting = (
        "\nHello {{ ticket.requester_name }},\n\nsee {{ ticket.number }}.\r\n{{ agent.name }}\n"
    )
    said = macros(greeting=greeting).text("greeting", "en", FACTS)
    assert said == "Hello {{ desk.name }} <b>Carol</b>,\n\nsee TKT-2026-00007.\nAlice"


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "Hallo"), ("de-AT", "Servus"), ("DE_CH", "Hallo"), ("fr", "Hello"), ("", "Hello")],
)
def test_the_language_of_the_customer_counts_where_it_is_there(macros, language, said):
    known = {"hello": "Hello", "hello__de": "Hallo", "hello__de-AT": "Servus"}
    assert macros(**known).text("hello", language, FACTS) == said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("helo", "there is no macro 'helo'; did you mean hello?"),
        ("zzz", "there is no macro 'zzz'; there is german, hello"),
        ("german", "there is no macro 'german' in the customer's language; there is german, hello"),
    ],
)
def test_one_that_is_not_there_is_told_with_those_that_are(macros, name, says):
    known = macros(hello="Hello", german__de="Hallo")
    with pytest.raises(Refused) as refused:
        known.text(name, "en", FACTS)
    assert str(refused.value) == says


def test_a_folder_that_is_not_there_holds_none(tmp_path):
    known = Macros(tmp_path / "nowhere")
    assert (known.names, known.check()) == ((), [])
    with pytest.raises(Refused, match="there is none"):
        known.text("hello", "en", FACTS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello\n{{ ticket.nmae }}", "odd.txt:2: 'dict object' has no attribute 'nmae'"),
        ("{% if %}", "odd.txt:1: Expected an expression"),
        ("{{ ticket.subject.__class__ }}", "unsafe"),
        ("{{ ticket.subject.upper() }}", "not safely callable"),
        ("{% include '../secret.txt' %}", "there is no template ../secret.txt"),
        ("{% if ticket.subject %}You wrote of it.{% endif %}", "the macro 'odd' says nothing here"),
    ],
)
def test_a_fault_is_found_by_a_check_with_file_and_line(macros, tmp_path, text, says):
    (tmp_path.parent / "secret.txt").write_text("secret")
    (fault,) = macros(odd=text, fine="Hello").check()
    assert says in fault
    with pytest.raises(Refused):
        Macros(tmp_path).text("odd", "en", FACTS | {"ticket": FACTS["ticket"] | {"subject": ""}})


def test_only_files_that_can_be_named_are_macros(macros, tmp_path):
    for name in ("Hello.txt", ".hidden.txt", "notes.md", "a b.txt", "x.d.txt"):
        (tmp_path / name).write_text("no")
    known = macros(a="A", b_2="B", c__en="C")
    assert known.names == ("a", "b_2", "c")
