"""Names that no notice is given are found on every way through a template of the desk's own."""

from pathlib import Path

import pytest

from mailgate.mail.render import Renderer

SHIPPED = Path(__file__).parents[2] / "templates" / "mail"
RARE = "{% if ticket.priority == 'low' %}"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "en").mkdir()
    return tmp_path


def checked(own: Path, name: str, text: str) -> list[str]:
    place = own / "en" / name
    place.write_text(text, "utf-8")
    return [fault.replace(str(place), name) for fault in Renderer([own, SHIPPED]).check()]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (f"{RARE}{{{{ nope }}}}{{% endif %}}", ["1: 'nope' is undefined"]),
        (f"{RARE}\n{{{{ ticket.subjct }}}}{{% endif %}}", ["2: 'ticket' has no 'subjct'"]),
        (f"{RARE}{{{{ approval.rule.nam }}}}{{% endif %}}", ["1: 'approval.rule' has no 'nam'"]),
    ],
)
def test_a_name_that_is_never_given_is_found_where_no_sample_leads(own, text, faults):
    assert checked(own, "reopened.txt.j2", text) == [f"reopened.txt.j2:{f}" for f in faults]


def test_what_rendering_finds_on_a_line_is_told_once(own):
    (fault,) = checked(own, "reopened.txt.j2", "{{ nope }}")
    assert fault == "reopened.txt.j2:1: 'nope' is undefined"


@pytest.mark.parametrize(
    "text",
    [
        f"{RARE}{{% set mine = ticket.subject %}}{{{{ mine }}}}{{{{ language }}}}{{% endif %}}",
        RARE + "{% for t in tickets %}{{ loop.index }}{{ t.of }}{% endfor %}{% endif %}",
        f"{RARE}{{% import '_phrases.j2' as words %}}{{{{ words.statuses.new }}}}{{% endif %}}",
        "{% from '_phrases.j2' import working as it, nobody %}{{ it }}{{ nobody }}",
        "{% macro of(ticket) %}{{ ticket.anything }}{% endmacro %}",
        "{% if ours is defined %}{{ ours }}{% endif %}{{ ticket.of_ours | default('none') }}",
    ],
)
def test_what_a_template_sets_by_itself_is_none(own, text):
    assert checked(own, "reopened.txt.j2", text) == []


@pytest.mark.parametrize("name", ["'_row.txt.j2'", "['_mine.txt.j2', '_row.txt.j2']"])
def test_what_is_set_around_an_included_template_is_what_it_is_there(own, name):
    row = own / "en" / "_row.txt.j2"
    row.write_text("{{ ticket.last_message_at }}", "utf-8")
    loop = f"{{% for ticket in tickets %}}{{% include {name} %}}{{% endfor %}}"
    assert checked(own, "reopened.txt.j2", loop) == []
    assert checked(own, "reopened.txt.j2", "Reopened.") == [
        f"{row}:1: 'ticket' has no 'last_message_at'"
    ]


def test_the_templates_that_come_along_may_be_copied_and_say_no_such_name(own):
    for name in ("digest.html.j2", "monthly_report.html.j2", "resolved.html.j2", "_phrases.j2"):
        (own / "en" / name).write_text((SHIPPED / "en" / name).read_text("utf-8"), "utf-8")
    (own / "layout.html.j2").write_text((SHIPPED / "layout.html.j2").read_text("utf-8"), "utf-8")
    assert Renderer([own, SHIPPED]).check() == []


def test_what_cannot_be_read_is_told_of_by_rendering_alone(own):
    (own / "en" / "reopened.txt.j2").write_bytes(b"H\xe9llo")
    (fault,) = Renderer([own, SHIPPED]).check()
    assert "codec can't decode" in fault
