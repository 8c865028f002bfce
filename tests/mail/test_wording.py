"""How languages write times and spans, and how other people's words are shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from mailgate.errors import Permanent
from mailgate.mail.wording import (
    CUT,
    PLURALS,
    Formatted,
    Wording,
    bare_subject,
    excerpt,
    paragraphs,
    quote,
)

TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"
ENGLISH = Wording.read(TEMPLATES / "en" / "locale.toml")
GERMAN = Wording.read(TEMPLATES / "de" / "locale.toml")


class TestWhen:
    @pytest.mark.parametrize(
        ("moment", "zone", "shown"),
        [
            ("2026-11-20T08:15:00+00:00", "Europe/Berlin", "Friday, 20 November 2026, 09:15 CET"),
            ("2026-07-20T08:15:00Z", "Europe/Berlin", "Monday, 20 July 2026, 10:15 CEST"),
            ("2026-07-20T08:15:00", "UTC", "Monday, 20 July 2026, 08:15 UTC"),
            ("2026-12-31T20:00:00-05:00", "Asia/Tokyo", "Friday, 1 January 2027, 10:00 JST"),
            ("2026-01-01T00:00:00+00:00", "Asia/Dubai", "Thursday, 1 January 2026, 04:00 UTC+04"),
        ],
    )
    def test_is_the_desks_local_time_with_its_zone(self, moment, zone, shown):
        assert ENGLISH.when(moment, zone) == shown

    def test_follows_the_language(self):
        shown = GERMAN.when("2026-03-20T08:15:00+00:00", "Europe/Berlin")

        assert shown == "Freitag, 20. März 2026, 09:15 Uhr (MEZ)"

    @pytest.mark.parametrize(
        ("moment", "zone"),
        [("tomorrow", "UTC"), ("2026-11-20T08:15:00Z", "Mars/Base"), ("", "UTC"), ("x", "../x")],
    )
    def test_of_no_moment_or_no_zone_is_a_fault(self, moment, zone):
        with pytest.raises(ValueError, match=r"zone|isoformat"):
            ENGLISH.when(moment, zone)


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (0, "0 seconds", "0 Sekunden"),
        (-5, "0 seconds", "0 Sekunden"),
        (1, "1 second", "1 Sekunde"),
        (59.6, "1 minute", "1 Minute"),
        (90, "1 minute 30 seconds", "1 Minute 30 Sekunden"),
        (900, "15 minutes", "15 Minuten"),
        (3600, "1 hour", "1 Stunde"),
        (3605, "1 hour", "1 Stunde"),
        (5400, "1 hour 30 minutes", "1 Stunde 30 Minuten"),
        (86_400, "24 hours", "24 Stunden"),
        (172_800, "48 hours", "48 Stunden"),
        (259_199, "71 hours 59 minutes", "71 Stunden 59 Minuten"),
        (259_200, "3 days", "3 Tage"),
        (604_800 + 7200, "7 days 2 hours", "7 Tage 2 Stunden"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds, english, german):
    assert ENGLISH.duration(seconds) == english
    assert GERMAN.duration(seconds) == german


def test_german_has_another_form_after_a_preposition():
    assert GERMAN.duration(259_200, "dative") == "3 Tagen"
    assert GERMAN.duration(7200, "dative") == "2 Stunden"
    assert ENGLISH.duration(259_200, "dative") == "3 days"


class TestALocaleFile:
    def test_that_is_whole_is_read(self, tmp_path):
        file = tmp_path / "locale.toml"
        file.write_text((TEMPLATES / "en" / "locale.toml").read_text() + '\n[zones]\nUTC = "GMT"\n')

        wording = Wording.read(file)

        assert wording.when("2026-11-20T08:15:00Z", "UTC").endswith(", 08:15 GMT")

    def test_may_write_times_as_it_likes(self, tmp_path):
        file = tmp_path / "locale.toml"
        whole = (TEMPLATES / "en" / "locale.toml").read_text()
        file.write_text(
            whole.replace("{weekday}, {day} {month} {year}, {time} {zone}", "{time}{x}")
        )

        assert Wording.read(file).when("2026-11-20T08:15:00Z", "UTC") == "08:15{x}"

    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            ('"Sunday"]', "]", "weekdays must be 7 names"),
            ('"Sunday"]', "7]", "weekdays must be 7 names"),
            ('"January", ', "", "months must be 12 names"),
            ("when = ", "then = ", "'when' is missing"),
            ("when = ", "when = 5 #", "when must be text"),
            ("hour = [", "time = [", "'hour' is missing"),
            ('"hour", ', "", "unpack"),
            ("[units]", "[zones]", "'units' is missing"),
            ("weekdays = [", "weekdays [", "line 3"),
        ],
    )
    def test_that_is_not_is_named_with_what_is_wrong(self, tmp_path, old, new, reason):
        file = tmp_path / "locale.toml"
        whole = (TEMPLATES / "en" / "locale.toml").read_text()
        assert old in whole
        file.write_text(whole.replace(old, new))

        with pytest.raises(Permanent, match=reason) as fault:
            Wording.read(file)

        assert str(file) in str(fault.value)

    def test_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(Permanent, match=r"locale\.toml"):
            Wording.read(tmp_path / "locale.toml")


class TestAQuote:
    def test_stands_behind_marks(self):
        assert quote("\n\nHello,\r\n\r\n> you said\nyes  \n\n") == "> Hello,\n>\n>> you said\n> yes"

    def test_of_nothing_is_a_mark(self):
        assert quote("") == ">"

    @pytest.mark.parametrize(("lines", "cut"), [(59, False), (60, False), (61, True)])
    def test_is_cut_at_sixty_lines(self, lines, cut):
        shown = quote("\n".join(["line"] * lines)).split("\n")

        assert shown[:60] == ["> line"] * min(lines, 60)
        assert shown[60:] == ([f"> {CUT}"] if cut else [])

    @pytest.mark.parametrize(("length", "cut"), [(5999, False), (6000, False), (6001, True)])
    def test_is_cut_at_six_thousand_characters(self, length, cut):
        shown = excerpt("x" * length)

        assert shown.startswith("x" * min(length, 6000))
        assert shown.endswith(CUT) is cut


class TestParagraphs:
    def test_show_what_was_formatted_as_it_is(self):
        text = Formatted("a < b", "<i>a &lt; b</i>")
        assert paragraphs(text) == "<div><i>a &lt; b</i></div>"
        assert paragraphs(excerpt(text)) == '<p dir="auto">a &lt; b</p>'

    def test_show_text_as_it_was_typed(self):
        made = paragraphs("Hello,\r\n\r\n  - one  two\n\t- three\n \n\nBye\n")

        assert made == (
            '<p dir="auto">Hello,</p>\n'
            '<p dir="auto">\u00a0\u00a0- one \u00a0two<br>\n\u00a0\u00a0\u00a0\u00a0- three</p>\n'
            '<p dir="auto">Bye</p>'
        )

    def test_hold_no_markup_but_their_own(self):
        made = paragraphs("<script>alert('1')</script> & \"<b>\"\x00\x1b")

        escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &#34;&lt;b&gt;&#34;"
        assert made == f'<p dir="auto">{escaped}</p>'

    @given(st.text(st.sampled_from("a<>&\"' \n\tß")))
    def test_read_back_as_the_same_words(self, text):
        tree = LexborHTMLParser(f"<body>{paragraphs(text)}</body>")

        assert {node.tag for node in tree.body.css("body *")} <= {"p", "br"}
        assert "".join(tree.body.text().split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Printer", "Printer"),
        ("Re: Printer", "Printer"),
        ("RE: AW: re[2]: Sv : Printer", "Printer"),
        ("Ответ: RES: Printer", "Printer"),
        ("Re：Printer", "Printer"),
        ("Fwd: Re: Printer", "Fwd: Re: Printer"),
        ("Re: [TKT-2026-00042] Printer", "Printer"),
        ("[tkt-2026-00042] Re: Printer [ TKT-2026-00042 ]", "Printer"),
        ("Printer [TKT-2026-00043]", "Printer [TKT-2026-00043]"),
        ("Printer TKT-2026-00042", "Printer TKT-2026-00042"),
        ("Rebate: 5 %", "Rebate: 5 %"),
        ("Re:", ""),
        ("", ""),
        ("Re: a\r\nBcc: eve@x.example", "a Bcc: eve@x.example"),
    ],
)
def test_a_subject_is_bared_of_answers_and_of_its_own_number(subject, bare):
    assert bare_subject(subject, "TKT-2026-00042") == bare


def test_a_number_with_signs_of_a_pattern_is_taken_as_it_is():
    assert bare_subject("a [X.(1)] [Xy(1)]", "X.(1)") == "a [Xy(1)]"


@pytest.mark.parametrize(
    ("rule", "category", "numbers"),
    [
        ("en", "one", (1,)),
        ("en", "other", (0, 2, 21)),
        ("fr", "one", (0, 1)),
        ("fr", "other", (2, 21)),
        ("ru", "one", (1, 21, 101)),
        ("ru", "few", (2, 3, 4, 22, 104)),
        ("ru", "many", (0, 5, 11, 12, 14, 20, 25, 111, 112)),
        ("zh", "other", (0, 1, 2)),
        ("ar", "zero", (0,)),
        ("ar", "one", (1,)),
        ("ar", "two", (2,)),
        ("ar", "few", (3, 10, 103)),
        ("ar", "many", (11, 24, 99, 111)),
        ("ar", "other", (100, 102, 200)),
    ],
)
def test_languages_count_by_the_rules_of_unicode(rule, category, numbers):
    assert {PLURALS[rule].of(number) for number in numbers} == {category}


def test_a_rule_that_is_not_known_is_a_fault(tmp_path):
    path = tmp_path / "locale.toml"
    path.write_text('plural = "xx"\n', "utf-8")

    with pytest.raises(Permanent, match="plural must be one of en, fr, ru, zh, ar"):
        Wording.read(path)
