"""What a digest may show, when it is due, and what an answer to it asks for."""

import textwrap
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain.commands import Command, Fault
from mailgate.domain.digest import MOST_LINES, harmless, is_due, lines
from mailgate.domain.hours import Calendar
from mailgate.domain.numbers import NumberFormat, NumberReader

NUMBERS = NumberReader([NumberFormat("TKT-{year}-{seq:05d}")])
NINE_TO_FIVE = ((540, 1020),)
OFFICE = Calendar("Europe/Berlin", (*(NINE_TO_FIVE,) * 5, (), ()), {date(2026, 12, 25): ()})
PRINTER, SCANNER = "TKT-2026-00042", "TKT-2026-00043"
DIGEST = f"""Hello Alice,

{PRINTER}  Printer on fire — late by 3 hours :


{SCANNER}  Scanner — due in 2 hours :


Nobody holds
"""


def asked(text):
    """Return (number, name or what is wrong) of each line."""
    return [
        (line.number, line.asked.name if isinstance(line.asked, Command) else line.asked.reason)
        for line in lines(text, NUMBERS)
    ]


def quoted(text, mark="> "):
    return "".join(f"{mark}{line}".rstrip() + "\n" for line in text.splitlines())


# --- when ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "calendars", "due"),
    [
        ("2026-11-27T06:59+00:00", (), None),  # 07:59 in Berlin
        ("2026-11-27T07:00+00:00", (), date(2026, 11, 27)),
        ("2026-11-27T22:59+00:00", (), date(2026, 11, 27)),
        ("2026-11-27T23:00+00:00", (), None),  # the next day has begun there
        ("2026-11-28T09:00+00:00", (), date(2026, 11, 28)),  # a Saturday
        ("2026-11-27T09:00+00:00", (OFFICE,), date(2026, 11, 27)),
        ("2026-11-28T09:00+00:00", (OFFICE,), None),
        ("2026-12-25T09:00+00:00", (OFFICE,), None),  # a holiday
        (
            "2026-11-28T09:00+00:00",
            (OFFICE, Calendar("UTC", (NINE_TO_FIVE,) * 7)),
            date(2026, 11, 28),
        ),
        ("2026-03-29T06:30+00:00", (), date(2026, 3, 29)),  # summer time has begun: 08:30
    ],
)
def test_it_is_due_from_its_time_on_on_days_that_are_worked(now, calendars, due):
    at = datetime.fromisoformat(now).astimezone(UTC)
    assert is_due(time(8), at, "Europe/Berlin", calendars) == due


# --- what it shows ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Printer  on\nfire", "Printer on fire"),
        ("/close this #now", "╱close this ♯now"),
        ("Re: TKT-2026-00001 again", "Re: TKT-••••-••••• again"),
        ("x" * 31, "x" * 29 + "…"),
        ("about that one TKT-2026-00001xy", "about that one TKT-••••-•••••…"),
    ],
)
def test_what_strangers_wrote_stays_legible_and_means_nothing(text, shown):
    assert harmless(text, NUMBERS) == shown


HOSTILE = st.lists(
    st.sampled_from(
        [
            "/close",
            "#close",
            "＃spam",
            "TKT-2026-00001",
            "TKT‑２０２６‑00001",
            ": /spam",
            "∕note",
            "a",
        ]
    )
    | st.text(max_size=12),
    max_size=8,
).map(" ".join)


@given(HOSTILE, HOSTILE, st.integers(10, 90), st.sampled_from(["", "> ", "| ", "  "]))
def test_no_subject_is_taken_for_a_command_however_its_line_is_broken(one, two, width, mark):
    digest = (
        f"{PRINTER}  {harmless(one, NUMBERS)} — late by 3 hours :\n\n"
        f"{SCANNER}  {harmless(two, NUMBERS)} — due in 2 hours :\n\n"
    )
    broken = "\n".join(
        mark + piece for line in digest.splitlines() for piece in textwrap.wrap(line, width) or [""]
    )
    assert asked(broken) == []


@given(HOSTILE, st.integers(20, 90))
def test_no_subject_draws_a_command_to_another_ticket(subject, width):
    line = f"{PRINTER}  {harmless(subject, NUMBERS)} — late by 3 hours :"
    broken = "\n".join(f"> {piece}" for piece in textwrap.wrap(line, width))
    assert asked(f"{broken}\n/close\n") == [(PRINTER, "close")]


# --- what is asked for --------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["> ", ">", "| ", " > ", "", ">> "])
def test_a_command_below_the_line_of_a_ticket_is_for_that_one(mark):
    first, second, _ = quoted(DIGEST, mark).split(":\n")
    text = f"{first}:\n/close\n{second}:\n/assign bob: he knows\n"
    assert asked(text) == [(PRINTER, "close"), (SCANNER, "assign")]


@pytest.mark.parametrize(
    "text",
    [
        f"> {PRINTER}  Printer on fire — late by 3 hours : /close",
        f"> {PRINTER}  Printer on fire — late by\n> 3 hours : /close",
        f"> {PRINTER}  Printer on fire — late by\n3 hours : /close",
        f"{PRINTER} /close",
        f"{PRINTER.lower()}: /close",
        f"*{PRINTER}*  *Printer*\n\n/close",
        f"1. {PRINTER} Printer :\n\n\n   #Close",
        f"- {PRINTER} Printer :\n\u200b/close",
        f"{PRINTER}\n> /close",
    ],
)
def test_wherever_a_mail_program_leaves_it_the_command_is_found(text):
    assert asked(text) == [(PRINTER, "close")]


def test_a_note_that_was_broken_is_whole_again():
    text = (
        f"> {PRINTER}  Printer :\n/note he called and said that it is the same as\n"
        f"{SCANNER} was in spring\nsays he\n/close\n>\n> {SCANNER}  Scanner :\n/take\nBob"
    )
    first, second, third = lines(text, NUMBERS)
    assert first.asked == Command(
        "note", (), f"he called and said that it is the same as {SCANNER} was in spring says he"
    )
    assert (second.number, second.text, third.number) == (PRINTER, "/close", SCANNER)


def test_after_a_note_the_line_of_the_next_ticket_begins_it():
    text = f"{PRINTER} Printer :\n/note: done\n{SCANNER} Scanner — due in 2 hours :\n/close\n"
    assert asked(text) == [(PRINTER, "note"), (SCANNER, "close")]


def test_what_stands_in_a_signature_is_no_command():
    text = f"{PRINTER} /note done\n-- \nAlice\n#team\n> {SCANNER} Scanner :\n/close\n"
    assert asked(text) == [(PRINTER, "note"), (SCANNER, "close")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{PRINTER}\n/clsoe", "there is no command /clsoe"),
        (f"{PRINTER}\n* /close", "something stands around /close"),
        (f"{PRINTER}\n/close at once", "/close: it takes no argument; a note stands after a colon"),
    ],
)
def test_what_is_no_command_but_was_meant_as_one_is_a_fault(text, reason):
    assert asked(text) == [(PRINTER, reason)]


def test_a_command_above_all_tickets_is_for_none():
    assert asked(f"/close\n{quoted(DIGEST)}") == [("", "close")]


@pytest.mark.parametrize("text", ["", "Thank you!", quoted(DIGEST), DIGEST, "see this : /tmp/x"])
def test_other_text_asks_for_nothing(text):
    assert asked(text) == []


def test_more_commands_than_anybody_writes_are_a_fault():
    found = lines(f"{PRINTER}\n" + "/follow\n" * (MOST_LINES + 9), NUMBERS)
    assert len(found) == MOST_LINES + 1
    assert isinstance(found[-1].asked, Fault)


@given(st.text())
def test_no_text_makes_it_fail(text):
    assert all(line.asked for line in lines(text, NUMBERS))
