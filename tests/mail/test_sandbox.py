"""What templates may do, and what a slip or an ill will in one cannot."""

import pytest
from jinja2 import DictLoader, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from mailgate.mail import sandbox
from mailgate.mail.sandbox import Sandbox


def render(source: str, name: str = "a.txt.j2", others: dict[str, str] | None = None, **given):
    made = Sandbox(DictLoader({name: source} | (others or {})))
    return made.get_template(name).render(given)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ a.b }}", "x"),
        ("{{ a['b'] | upper }}", "X"),
        ("{% if n > 2 %}yes{% endif %}", "yes"),
        ("{% for c in list %}{{ loop.index }}{{ c }} {% endfor %}", "1p 2q "),
        ("{{ n + 2 }} {{ n * 2 }} {{ n % 2 }} {{ n - 1 }}", "5 6 1 2"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(n) }}", "<3>"),
        ("{{ none | default('-', true) }}", "-"),
        ("  {% if true %}\nline\n  {% endif %}\n", "line\n"),
    ],
)
def test_ordinary_templates_work(source, shown):
    assert render(source, a={"b": "x"}, n=3, list=["p", "q"], none=None) == shown


def test_a_key_is_found_whatever_it_is_called():
    assert render(
        "{{ a.items }} {{ a.update }} {{ a._x }}", a={"items": 1, "update": 2, "_x": 3}
    ) == ("1 2 3")


@pytest.mark.parametrize("source", ["{{ p._body_stream }}", "{{ p.__dict__ }}", "{{ p.nope }}"])
def test_of_another_template_only_what_it_sets_is_seen(source):
    others = {"p.j2": "{% set word = 'x' %}{% set _own = 'y' %}text"}

    assert render("{% import 'p.j2' as p %}{{ p.word }}", others=others) == "x"
    with pytest.raises(TemplateError):
        render("{% import 'p.j2' as p %}" + source, others=others)


@pytest.mark.parametrize("source", ["{{ missing }}", "{{ a.missing }}", "{{ a.b.c.d }}"])
def test_a_missing_name_is_a_fault_and_not_a_blank(source):
    with pytest.raises(UndefinedError):
        render(source, a={"b": {}})


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a'.upper() }}",
        "{{ '{0.__class__}'.format(a) }}",
        "{{ a.__class__ }}",
        "{{ a['__class__'] }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ a.pop('b') }}",
        "{{ range(10) }}",
        "{{ lipsum() }}",
        "{{ cycler(1) }}",
        "{{ a.items() }}",
        "{{ self.__init__ }}",
        "{{ 'a' * 5 }}",
        "{{ 5 * 'a' }}",
        "{{ [1] * 5 }}",
        "{{ 'a' + 'b' }}",
        "{{ '%9d' % 1 }}",
        "{{ 2 ** 3 }}",
        "{{ 10000000000 * 10000000000 * 2 }}",
        "{{ 'a' | center(9) }}",
        "{{ 'a' | safe }}",
        "{{ 'a' | attr('b') }}",
        "{{ ['a'] | join('b') }}",
        "{{ ['a'] | map('upper') | list }}",
    ],
)
def test_what_could_reach_out_or_grow_is_refused(source):
    with pytest.raises(TemplateError):
        render(source, a={"b": "x"})


def test_texts_are_not_strung_together_by_an_operator_and_the_line_is_named():
    with pytest.raises(TemplateSyntaxError, match="'~' is not available") as fault:
        render("one\n\n{{ 'a' ~ 'b' }}")

    assert fault.value.lineno == 3


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in text %}{{ text }}{% endfor %}",
        "{% set x %}{{ text }}{{ text }}{% endset %}",
        "{% macro m() %}{{ text }}{{ text }}{% endmacro %}{{ m() }}",
        "{% filter upper %}{{ text }}{{ text }}{% endfilter %}",
        "{% set x %}{{ text }}{% endset %}{{ x }}{{ x }}",
    ],
)
def test_no_piece_of_output_grows_beyond_the_limit(source, monkeypatch):
    monkeypatch.setattr(sandbox, "OUTPUT_LIMIT", 150)

    assert render("{{ text }}", text="x" * 100) == "x" * 100
    with pytest.raises(SecurityError, match="more than 150 characters"):
        render(source, text="x" * 100)


def test_html_files_escape_and_text_files_do_not():
    assert render("{{ a }}", "a.html.j2", a="<b> & '") == "&lt;b&gt; &amp; &#39;"
    assert render("{{ a }}", "a.txt.j2", a="<b> & '") == "<b> & '"


def test_a_text_files_macro_lets_no_markup_into_a_page():
    phrases = {"p.j2": "{% macro hello(name) %}Hello {{ name }}{% endmacro %}"}
    source = "{% import 'p.j2' as p %}{% for n in names %}{{ p.hello(n) }}{% endfor %}"

    page = render(source, "a.html.j2", phrases, names=["<b>Eve</b>"])
    text = render(source, "a.txt.j2", phrases, names=["<b>Eve</b>"])

    assert page == "Hello &lt;b&gt;Eve&lt;/b&gt;"
    assert text == "Hello <b>Eve</b>"


def test_an_html_files_macro_stays_markup_and_escapes_what_it_is_given():
    parts = {"p.html.j2": "{% macro strong(x) %}<b>{{ x }}</b>{{ caller() }}{% endmacro %}"}
    source = "{% import 'p.html.j2' as p %}{% call p.strong(a) %}<i>{{ a }}</i>{% endcall %}"

    assert render(source, "a.html.j2", parts, a="<") == "<b>&lt;</b><i>&lt;</i>"


def test_a_page_may_fill_the_frame_of_another():
    frame = {"f.html.j2": "<p>{% block b %}{{ a }}{% endblock %}</p>"}
    source = "{% extends 'f.html.j2' %}{% block b %}{{ super() }}!{% endblock %}"

    assert render(source, "a.html.j2", frame, a="<") == "<p>&lt;!</p>"


def test_an_endless_macro_ends():
    with pytest.raises(RecursionError):
        render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")


def test_nothing_outside_is_included():
    with pytest.raises(TemplateError):
        render("{% include '../../etc/passwd' %}")
