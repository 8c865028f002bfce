"""What is folded away at the end of a text, and that it is never lost."""

import pytest

from mailgate.mail import signatures
from mailgate.mail.body import Division, divide

NEW = "It shows E-17."


def divided(*lines, cues="", reply=True):
    return divide(lines, cues, reply=reply)


def test_the_reply_keeps_the_signature_as_it_was_written():
    found = divided(
        NEW, "", "-- ", "Mara", "Facilities", "", "On 9.11.2026 10:02 Ann wrote:", "> x"
    )
    assert found == Division(NEW, f"{NEW}\n\n-- \nMara\nFacilities", "-- \nMara\nFacilities")


def test_the_line_of_a_telephone_is_folded_and_kept():
    found = divided(NEW, "", "Sent from my iPhone", "", "> old")
    assert found == Division(NEW, f"{NEW}\n\nSent from my iPhone", "Sent from my iPhone")


@pytest.mark.parametrize("opening", signatures._OPENINGS)
def test_a_footer_is_folded_in_every_language(opening):
    line = f"{opening[0].upper()}{opening[1:]} x y z."
    assert divided(NEW, "", line, "", "and more of it") == Division(
        NEW, f"{NEW}\n\n{line}\n\nand more of it", f"{line}\n\nand more of it"
    )
    assert divided(NEW, line).new == f"{NEW}\n{line}", "in the midst of a paragraph"


@pytest.mark.parametrize("word", signatures._LISTS)
def test_the_footer_of_a_list_is_folded_in_every_language(word):
    footer = ["_" * 47, f"printers {word}", "printers@lists.example", "https://lists.example/p"]
    assert divided(NEW, *footer) == Division(NEW, "\n".join([NEW, *footer]), "\n".join(footer))
    assert divided(NEW, *footer[1:]).new == "\n".join([NEW, *footer[1:]]), "no rule above"


@pytest.mark.parametrize(
    "above", ["", "-- ", "______________", "Sent from my iPhone", "*DISCLAIMER:*"]
)
def test_what_a_footer_may_stand_below(above):
    assert divided(NEW, "", above, "This email and any attachments are private.").new == NEW


def test_signature_and_footers_fold_together():
    lines = [
        *(NEW, "", "-- ", "Mara", "", "This e-mail is confidential.", "Delete it.", ""),
        *("__________", "p mailing list", "p@lists.example"),
    ]
    assert divided(*lines).new == NEW
    assert divided(*lines).reply == "\n".join(lines)


def test_a_rule_alone_is_no_signature():
    lines = [NEW, "", "____________", ""]
    assert divided(*lines) == Division(f"{NEW}\n\n____________", f"{NEW}\n\n____________", "")


def test_one_separator_is_the_signature_and_more_are_text():
    assert divided("a", "--", "b", "--", "c").new == "a\n--\nb"


@pytest.mark.parametrize(("first", "most"), [("-- ", 15), ("Disclaimer: x", 25)])
def test_what_is_too_long_to_be_folded_is_text(first, most):
    assert divided(NEW, "", first, *["x"] * most).new == NEW
    assert divided(NEW, "", first, *["x"] * (most + 1)).signature == ""


def test_nothing_is_folded_where_nothing_would_be_left():
    lines = ["This email and any attachments are wrong."]
    assert divided(*lines) == Division(lines[0], lines[0], "")
    assert divided("-- ", "Mara") == Division("-- \nMara", "-- \nMara", "")
    assert divided("Sent from my iPhone") == Division(
        "Sent from my iPhone", "Sent from my iPhone", ""
    )


def test_a_telephone_that_answers_without_a_word_said_nothing_new():
    assert divided("Sent from my iPhone", "", "> old") == Division(
        "", "Sent from my iPhone", "Sent from my iPhone"
    )
    header = ["From: Ann", "Sent: today", "To: Mara", "Subject: x", "", "old"]
    assert divided("Get Outlook for iOS<https://x.example/a>", *header).new == ""


def test_a_signature_that_the_markup_shows_is_folded_wherever_it_stands():
    assert divided(NEW, "Mara", "and E-18", cues=" s ") == Division(
        f"{NEW}\nand E-18", f"{NEW}\nMara\nand E-18", "Mara"
    )
    assert divided("Mara", cues="s", reply=False).new == "Mara"


def test_what_is_forwarded_keeps_every_signature():
    lines = [NEW, "-- ", "Mara", "---------- Forwarded message ---------", "x", "-- ", "Ann"]
    assert divided(*lines) == Division("\n".join(lines), "\n".join(lines), "")


def test_the_signature_above_each_quote_is_folded():
    found = divided("one", "-- ", "Mara", "> old", "two", "-- ", "Mara")
    assert found == Division(
        "one\n\ntwo", "one\n-- \nMara\n\ntwo\n-- \nMara", "-- \nMara\n\n-- \nMara"
    )
