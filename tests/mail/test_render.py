"""Notices made from templates: which files count, what languages fall back to, what faults say."""

import shutil
from pathlib import Path

import pytest

from mailgate.errors import Refused, Temporary
from mailgate.mail import render as rendering
from mailgate.mail.render import Renderer
from mailgate.mail.sample import full, least

SHIPPED = Path(__file__).parents[2] / "templates" / "mail"
NUMBER = "TKT-2026-00042"
TIMES = "{{ 7200 | duration }}{% if due_at %} {{ due_at | when }}{% endif %}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small set of templates: two notices in English, one language besides."""
    write(tmp_path, "layout.html.j2", "<html><head></head><body>{% block b %}{% endblock %}</body>")
    for tag, word in (("en", "Hello"), ("de", "Guten Tag")):
        shutil.copy(put(SHIPPED, tag, "locale.toml"), make(tmp_path, tag) / "locale.toml")
        write(tmp_path, f"{tag}/_words.j2", f"{{% set hello = '{word}' %}}")
        for notice in ("received", "resolved"):
            say = f"{{% import '_words.j2' as say %}}{notice} {{{{ say.hello }}}}"
            write(tmp_path, f"{tag}/{notice}.subject.j2", f"{say} [{{{{ ticket.number }}}}]")
            write(tmp_path, f"{tag}/{notice}.txt.j2", f"{say} {{{{ recipient.name }}}}")
            frame = "{% extends 'layout.html.j2' %}{% block b %}"
            write(tmp_path, f"{tag}/{notice}.html.j2", f"{frame}<p>{notice}</p>{{% endblock %}}")
    return tmp_path


def put(folder: Path, *names: str) -> Path:
    return folder.joinpath(*names)


def make(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def write(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    make(file.parent, ".")
    file.write_text(content, "utf-8")
    return file


class TestTheLanguage:
    @pytest.mark.parametrize(
        ("locale", "language", "word"),
        [
            ("en", "en", "Hello"),
            ("de", "de", "Guten Tag"),
            ("de-AT", "de", "Guten Tag"),
            ("de_AT", "de", "Guten Tag"),
            ("DE-Latn-AT", "de", "Guten Tag"),
            ("fr", "en", "Hello"),
            ("", "en", "Hello"),
            (None, "en", "Hello"),
            ("../../etc", "en", "Hello"),
            ("deutsch", "en", "Hello"),
        ],
    )
    def test_falls_back_from_the_exact_to_the_wider_to_the_default(
        self, folder, locale, language, word
    ):
        rendered = Renderer([folder]).render("received", locale, full("customer"))

        assert rendered.language == language
        assert rendered.text == f"received {word} Carol Client\n"

    def test_of_a_region_may_change_one_file_and_keeps_the_rest(self, folder):
        write(folder, "de-AT/_words.j2", "{% set hello = 'Grüß Gott' %}")

        rendered = Renderer([folder]).render("received", "de-AT", full("customer"))

        assert rendered.language == "de-AT"
        assert rendered.text == "received Grüß Gott Carol Client\n"
        assert Renderer([folder]).render("received", "de", full("customer")).language == "de"

    def test_that_is_the_fallback_must_be_there(self, folder):
        with pytest.raises(Refused, match="no templates for the language 'fr' in"):
            Renderer([folder], "fr")

    def test_that_is_the_fallback_may_be_another(self, folder):
        rendered = Renderer([folder], "de").render("received", "fr", full("customer"))

        assert rendered.language == "de"


class TestAnOverride:
    def test_goes_before_what_is_shipped_file_by_file(self, folder, tmp_path):
        own = make(tmp_path, "own")
        write(own, "en/received.txt.j2", "ours, {{ recipient.name }}")
        write(own, "layout.html.j2", "<html><head></head><body>ours</body></html>")
        renderer = Renderer([own, folder])

        rendered = renderer.render("received", "en", full("customer"))

        assert rendered.text == "ours, Carol Client\n"
        assert rendered.subject == f"received Hello [{NUMBER}]"
        assert "<body>ours</body>" in (rendered.html or "")

    def test_in_the_recipients_language_goes_before_one_in_another(self, folder, tmp_path):
        own = make(tmp_path, "own")
        write(own, "en/received.txt.j2", "ours")

        rendered = Renderer([own, folder]).render("received", "de", full("customer"))

        assert rendered.text == "received Guten Tag Carol Client\n"

    def test_may_be_a_new_language_which_takes_its_times_from_its_own_file(self, folder):
        for part in rendering.PARTS:
            write(folder, f"fr/received.{part}.j2", TIMES)
            write(folder, f"fr/resolved.{part}.j2", "x")
        words = (folder / "en" / "locale.toml").read_text()
        write(folder, "fr/locale.toml", words.replace('"hours"', '"heures"'))
        renderer = Renderer([folder])

        assert renderer.locales == ("de", "en", "fr")
        rendered = renderer.render("received", "fr-CA", full("customer"))
        assert rendered.text == "2 heures Saturday, 21 November 2026, 09:15 CET\n"
        assert renderer.check() == []

    def test_folder_that_is_not_there_is_no_fault(self, folder, tmp_path):
        renderer = Renderer([tmp_path / "none", folder])

        assert renderer.render("received", "en", full("customer")).text.startswith("received")

    def test_cannot_reach_outside_its_folders(self, folder, tmp_path):
        secret = write(tmp_path.parent, "secret.txt", "the password")
        own = make(tmp_path, "own")
        for source in ("{% include '../../secret.txt' %}", f"{{% include '{secret}' %}}"):
            write(own, "en/received.txt.j2", source)

            with pytest.raises(Temporary, match="there is no template"):
                Renderer([own, folder]).render("received", "en", full("customer"))


class TestASubject:
    def subject(self, folder: Path, source: str, **ticket: str) -> str:
        write(folder, "en/received.subject.j2", source)
        context = full("customer")
        context["ticket"] = context["ticket"] | ticket
        return Renderer([folder]).render("received", "en", context).subject

    def test_gets_the_number_in_brackets_where_it_has_none(self, folder):
        assert self.subject(folder, "Waiting") == f"Waiting [{NUMBER}]"
        assert self.subject(folder, "Not #{{ ticket.number }}1") == f"Not #{NUMBER}1 [{NUMBER}]"
        assert self.subject(folder, "[{{ ticket.number }}] x") == f"[{NUMBER}] x"

    def test_that_tells_the_number_itself_does_not_tell_it_twice(self, folder):
        assert self.subject(folder, "Waiting - #{{ ticket.number }}") == f"Waiting - #{NUMBER}"
        told = self.subject(folder, "#{{ ticket.number }}: {{ ticket.subject }}", subject="x")
        assert told == f"#{NUMBER}: x"

    def test_is_one_clean_line(self, folder):
        subject = self.subject(
            folder, "{{ ticket.subject }}\n", subject="a\r\nBcc: e\0\u2028b\u202e"
        )

        assert subject == f"a Bcc: e b [{NUMBER}]"

    def test_keeps_its_number_when_it_is_cut(self, folder):
        subject = self.subject(
            folder, "{{ ticket.subject }} [{{ ticket.number }}]", subject="x" * 600
        )

        assert len(subject) == 500
        assert subject.endswith(f"x… [{NUMBER}]")

    def test_is_not_escaped(self, folder):
        assert (
            self.subject(folder, "{{ ticket.subject }}", subject="a & <b>") == f"a & <b> [{NUMBER}]"
        )

    def test_is_plain_everywhere_where_that_is_wanted(self, folder):
        renderer = Renderer([folder], plain_subjects=True)

        for notice in renderer.notices:
            rendered = renderer.render(notice, "de", full("customer"))
            assert rendered.subject == (
                f"Re: The printer on floor 3 prints <blank> pages [{NUMBER}]"
            )
        assert renderer.render("received", "en", least("customer")).subject == f"Re: [{NUMBER}]"


class TestTheText:
    def test_has_no_control_characters_and_ends_with_one_line_end(self, folder):
        write(folder, "en/received.txt.j2", "\n\n{{ recipient.name }}\n\n\n")
        context = full("customer") | {"recipient": {"name": "a\0b\x1b\r\nc", "role": "customer"}}

        assert Renderer([folder]).render("received", "en", context).text == "ab\nc\n"

    @pytest.mark.parametrize(("length", "has_html"), [(99_999, True), (100_000, False)])
    def test_of_a_great_length_goes_without_html(self, folder, length, has_html):
        write(folder, "en/received.txt.j2", "{{ message.text }}")
        context = full("customer")
        context["message"] = context["message"] | {"text": "x" * length}

        rendered = Renderer([folder]).render("received", "en", context)

        assert len(rendered.text) == length + 1
        assert (rendered.html is not None) is has_html


class TestTheHtml:
    def test_carries_its_styles_in_the_elements_and_keeps_media_rules(self, folder):
        style = "<style>p { color: red } @media (x) { p { color: blue } }</style>"
        keep = '<style data-css-inline="keep">@media (y) { p { color: green } }</style>'
        write(
            folder, "layout.html.j2", f"<head>{style}{keep}</head>{{% block b %}}{{% endblock %}}"
        )

        html = Renderer([folder]).render("received", "en", full("customer")).html

        assert '<p style="color: red;">received</p>' in (html or "")
        assert "@media (y) { p { color: green } }" in (html or "")

    @pytest.mark.parametrize("place", ["http://127.0.0.1:1/a.css", "file://{}", "{}", "a.css"])
    def test_fetches_no_style_sheet_from_anywhere(self, folder, place):
        sheet = write(folder, "a.css", "p { color: red }")
        link = f'<link rel="stylesheet" href="{place.format(sheet)}">'
        write(folder, "layout.html.j2", f"<html><head>{link}</head><body><p>x</p></body></html>")

        html = Renderer([folder]).render("received", "en", full("customer")).html

        assert html == "<html><head></head><body><p>x</p></body></html>"


class TestAFault:
    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("ok\n{{ missing }}", r"received\.txt\.j2:2: 'missing' is undefined"),
            ("ok\n\n{% if %}", r"received\.txt\.j2:3: Expected an expression"),
            ("{{ message.text | nope }}", r"received\.txt\.j2:1: No filter named 'nope'"),
            ("\n{{ 1 / 0 }}", r"received\.txt\.j2:2: division by zero"),
            ("\n{{ threshold.a.b }}", r"received\.txt\.j2:2: 'int object' has no attribute 'a'"),
            ("{{ 'x' | when }}", r"received\.txt\.j2:1: Invalid isoformat string: 'x'"),
            ("{{ note | duration }}", r"received\.txt\.j2:1: .*str"),
            ("{% include '_gone.j2' %}", r"received\.txt\.j2:1: there is no template _gone\.j2"),
            ("{% include '_bad.j2' %}", r"_bad\.j2:2: "),
            (
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                r"received\.txt\.j2:1: maximum rec",
            ),
        ],
    )
    def test_is_temporary_and_names_file_line_and_reason(self, folder, source, reason):
        write(folder, "en/_bad.j2", "\n{{ 'x' - 1 }}")
        write(folder, "en/received.txt.j2", source)

        with pytest.raises(Temporary, match=reason):
            Renderer([folder]).render("received", "en", full("customer"))

    def test_of_an_unknown_notice_names_it(self, folder):
        with pytest.raises(Temporary, match=r"^nope: there is no template nope\.subject\.j2$"):
            Renderer([folder]).render("nope", "en", full("customer"))

    def test_in_a_locale_file_names_it(self, folder):
        write(folder, "de/locale.toml", "weekdays = []")

        with pytest.raises(Temporary, match=r"de/locale\.toml: weekdays must be 7 names"):
            Renderer([folder]).render("received", "de", full("customer"))

    def test_without_words_is_named_by_its_kind(self, folder, monkeypatch):
        def fail(*_args: object) -> None:
            raise ValueError

        monkeypatch.setattr(rendering, "many_lines", fail)

        with pytest.raises(Temporary, match=r"^received: ValueError$"):
            Renderer([folder]).render("received", "en", full("customer"))


class TestTheCheck:
    def test_finds_nothing_where_all_is_well(self, folder):
        assert Renderer([folder]).check() == []

    def test_finds_every_fault_once_with_file_and_line(self, folder):
        write(folder, "de/received.txt.j2", "\n{{ nope }}")
        write(folder, "en/resolved.html.j2", "{% if %}")

        faults = Renderer([folder]).check()

        assert len(faults) == 2
        assert f"{folder}/de/received.txt.j2:2: 'nope' is undefined" in faults
        assert any(fault.startswith(f"{folder}/en/resolved.html.j2:1: ") for fault in faults)

    def test_finds_what_fails_only_where_something_is_missing(self, folder):
        write(folder, "en/received.txt.j2", "{{ message.text }}")

        (fault,) = Renderer([folder]).check()

        assert "received.txt.j2:1: 'None' has no attribute 'text'" in fault

    def test_finds_what_fails_for_one_role_only(self, folder):
        source = "{% if recipient.role == 'admin' %}{{ nope }}{% endif %}"
        write(folder, "en/received.txt.j2", source)

        assert len(Renderer([folder]).check()) == 1

    def test_finds_what_an_answer_that_is_begun_does_not_know(self, folder):
        write(folder, "en/_prepared.txt.j2", "{{ message.text }}")
        write(folder, "en/agent_reply.subject.j2", "{% if answers %}{{ ticket.status }}{% endif %}")
        write(folder, "en/agent_reply.txt.j2", "x")
        write(folder, "en/agent_reply.html.j2", "x")

        faults = [fault for fault in Renderer([folder]).check() if "missing" not in fault]

        assert len(faults) == 1
        assert "en/agent_reply.subject.j2:1: " in faults[0]
        assert "'status'" in faults[0]

    @pytest.mark.parametrize(
        "source",
        [
            "{% include '_name.txt.j2' %}",
            "{% autoescape false %}{{ ticket.subject }}{% endautoescape %}",
        ],
    )
    def test_finds_a_text_that_becomes_markup(self, folder, source):
        write(folder, "en/_name.txt.j2", "{{ recipient.name }}")
        write(folder, "en/received.html.j2", f"<p>{source}</p>")

        faults = Renderer([folder]).check()

        assert any("en/received.html.j2" in fault for fault in faults)

    def test_finds_what_a_new_language_would_have_to_borrow(self, folder):
        write(folder, "fr/received.txt.j2", "x")
        shutil.copy(folder / "en" / "locale.toml", folder / "fr" / "locale.toml")

        assert Renderer([folder]).check() == [
            "fr/received.subject.j2: missing",
            "fr/received.html.j2: missing",
            "fr/resolved.subject.j2: missing",
            "fr/resolved.txt.j2: missing",
            "fr/resolved.html.j2: missing",
        ]

    def test_of_many_templates_that_a_language_lacks_their_number_is_told(self, folder):
        for notice in ("one", "two", "three"):
            for part in ("subject", "txt", "html"):
                write(folder, f"en/{notice}.{part}.j2", "x")
        write(folder, "fr/received.txt.j2", "x")
        shutil.copy(folder / "en" / "locale.toml", folder / "fr" / "locale.toml")

        (fault,) = (each for each in Renderer([folder]).check() if each.startswith("fr"))

        assert fault.startswith("fr: 14 of 15 templates are missing, such as fr/one.subject.j2: ")

    def test_a_template_of_what_is_no_notice_is_named_once_with_what_was_meant(
        self, folder, tmp_path
    ):
        mine = tmp_path / "mine"
        write(mine, "en/recieved.txt.j2", "x")
        write(mine, "en/zzz.txt.j2", "x")

        misspelt, other = Renderer([mine, folder]).check()

        assert misspelt.endswith(
            "recieved.txt.j2: there is no notice recieved; did you mean received?"
        )
        assert other.endswith("zzz.txt.j2: there is no notice zzz; there is received, resolved")

    def test_lets_a_region_borrow_from_its_language(self, folder):
        write(folder, "de-CH/received.txt.j2", "x")
        write(folder, "en-GB/received.txt.j2", "x")

        assert Renderer([folder]).check() == []


def test_the_notices_are_those_that_have_a_template_in_any_language(folder):
    write(folder, "de/_part.txt.j2", "")
    write(folder, "de/extra.txt.j2", "")
    write(folder, "readme.txt.j2", "")

    assert Renderer([folder]).notices == ("extra", "received", "resolved")


def test_what_changes_in_a_folder_is_seen_at_the_next_start(folder):
    renderer = Renderer([folder])
    before = renderer.render("received", "en", full("customer"))
    write(folder, "en/received.txt.j2", "{% if %} broken meanwhile")

    assert renderer.render("received", "en", full("customer")) == before
    assert len(Renderer([folder]).check()) == 1


def test_what_is_no_locale_is_passed_over(folder):
    make(folder, "node_modules")
    write(folder, "it", "a file")

    assert Renderer([folder]).locales == ("de", "en")


def test_a_notice_without_a_locale_file_is_a_fault_that_names_it(folder):
    (folder / "en" / "locale.toml").unlink()

    with pytest.raises(Temporary, match=r"en/locale\.toml"):
        Renderer([folder]).render("received", "en", full("customer"))
