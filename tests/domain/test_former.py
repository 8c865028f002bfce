"""Numbers of other ticket systems, as they stand in subjects."""

import pytest

from mailgate.config.schema import Desk
from mailgate.domain.former import FormerReader, pattern
from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.errors import Refused

DEFAULTS = Desk.model_fields["former_numbers"].get_default(call_default_factory=True)
OURS = NumberReader([NumberFormat("TKT-{year}-{seq:05d}"), NumberFormat("Ticket-{seq}")])


def read(text, *forms):
    return FormerReader(forms or DEFAULTS, OURS)(text)


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("Re: [#1234] Printer", "[#1234]"),
        ("[Ticket#2023010112345678] Printer", "[ticket#2023010112345678]"),
        ("AW: [example.com #42] Printer", "[example.com #42]"),
        ("[GLPI #0001234] New", "[glpi #0001234]"),
        ("[Project - Bug #12] Printer", "[project - bug #12]"),
        ("[#ABC-123-45678]: Printer", "[#abc-123-45678]"),
        ("[Ticket: 77] Printer", "[ticket: 77]"),
        ("[ticket id: 77] Printer", "[ticket id: 77]"),
        ("Re: [Issue-12] Printer", "[issue-12]"),
        ("Printer (RT 7)", "(rt 7)"),
    ],
)
def test_numbers_as_common_systems_write_them_are_found(subject, found):
    assert read(subject) == (found,)


@pytest.mark.parametrize(
    "subject",
    [
        "Printer #12",
        "[Windows 10] Printer",
        "[COVID-19] closed",
        "[#printer] burns",
        "[#]",
        "Invoice 2023-05",
        "[TKT-2026-00042] Printer",
        "[Ticket-7] Printer",
        "",
    ],
)
def test_other_words_with_figures_and_our_own_numbers_are_none(subject):
    assert read(subject) == ()


def test_each_is_told_once_and_in_small_letters():
    assert read("[A #1] [a #1] [a #2]") == ("[a #1]", "[a #2]")


def test_a_form_without_signs_around_it_ends_with_its_number():
    assert read("bug#12: on", "Bug#{number}") == ("bug#12",)
    assert read("debug#12", "Bug#{number}") == ()
    assert read("12 bugs", "{number} bug") == ()


@pytest.mark.parametrize(
    "form",
    [
        *("{number}", "[#]", "[{name}]", "[{number}{number}]", "[{name}{name}{number}]", "[{seq}]"),
        *(
            "[{number:05d}]",
            "[{number!r}]",
            "[{number",
            " [{number}]",
            "[a  {number}]",
            "№{number}",
        ),
        *("{name}{number}", "x" * 60 + "{number}", ""),
    ],
)
def test_a_form_that_would_find_anything_or_nothing_is_refused(form):
    with pytest.raises(Refused):
        pattern(form)


def test_a_hostile_subject_is_read_at_once():
    for subject in ("[" * 500, "[" + "a#" * 249, "[#" * 250, "[" + "-" * 499, "(RT " * 125):
        assert read(subject) == ()
