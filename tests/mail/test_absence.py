"""The day on which an auto-reply says that its author is back."""

import sys
from datetime import date

import pytest

from mailgate.mail.absence import FARTHEST, back_on

RECEIVED = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I am out of the office until Monday, March 16th.", 17),
        ("I will be back on 16 March 2026.", 16),
        ("I am away.\nReturning on 2026-03-16", 16),
        ("On leave up to and including the 13th of March 2026", 14),
        ("Away from 3 March till 13.3.", 14),
        ("Out until 3/16/2026, thanks", 17),
        ("Ich bin bis einschließlich 13.03.2026 nicht im Büro.", 14),
        ("Ab dem 16. März bin ich wieder erreichbar.", 16),
        ("Je suis absent jusqu’au 13 mars 2026 inclus.", 14),
        ("Je serai de retour le lundi 16 mars.", 16),
        ("Estaré fuera hasta el 13 de marzo de 2026.", 14),
        ("Vuelvo el 16 de marzo", 16),
        ("Sono assente fino al 13 marzo.", 14),
        ("Ik ben afwezig tot en met vrijdag 13 maart.", 14),
        ("Ik ben terug op 16-03-2026", 16),
        ("Estarei ausente até 13/03/2026.", 14),
        ("Jestem nieobecny do 13 marca 2026 r. włącznie.", 14),
        ("Jag är tillbaka den 16 mars.", 16),
        ("Jeg er tilbage den 16. marts.", 16),
        ("Jeg er tilbake den 16. mars.", 16),
        ("Away until 6 March; no, until 13 March 2026.", 14),
    ],
)
def test_the_day_of_return_is_read_in_many_languages(text, day):
    assert back_on(text, RECEIVED) == date(2026, 3, day)


def test_a_date_without_a_year_is_the_next_of_that_day():
    assert back_on("Back on 4 January", date(2026, 12, 20)) == date(2027, 1, 4)
    assert back_on("Back on 4.1.27", date(2026, 12, 20)) == date(2027, 1, 4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I am away until further notice. Invoices are due on 1 April.",
        "Until 30 February",
        "Until 40/13/2026",
        "Back on 1 March 2026",
        "until 2036-01-01",
        "Our hours: 9 March to 13 March",
        "Erreichbar bis 12.30 Uhr",
        "Until 5.15 pm",
        "Until 5.15",
        "Back on 16 March 2116",
        "Back on March 16, 2116",
        "Back on 16.03.2116",
        "Back on 2116-03-16",
    ],
)
def test_what_names_no_return_in_reach_is_none(text):
    assert back_on(text, RECEIVED) is None


def test_a_vacation_of_ten_years_is_not_waited_for():
    farthest = RECEIVED + FARTHEST
    assert back_on(f"back on {farthest.isoformat()}", RECEIVED) == farthest
    assert back_on(f"back on {date.fromordinal(farthest.toordinal() + 1)}", RECEIVED) is None


def test_a_longer_text_is_not_more_work_beyond_its_first_part():
    def calls(text: str) -> int:
        count = 0

        def seen(_frame, event, _arg):
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(seen)
        try:
            back_on(text, RECEIVED)
        finally:
            sys.setprofile(None)
        return count

    calls("until")  # what is done once only is done now
    assert calls("until " * 20_000) <= 1.1 * calls("until " * 2_000)
