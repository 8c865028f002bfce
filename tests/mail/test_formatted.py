"""What an agent formatted: only the lines of the text go out, and nothing in them acts or hides."""

import sys
from datetime import UTC, datetime

import pytest

from mailgate.mail import formatted, html
from mailgate.mail.parse import parse

NOW = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
QUOTE = "<blockquote type=cite>walnut</blockquote>"
GMAIL = (
    "<div class='gmail_quote'><div class=gmail_attr>On Mon, Jan 5, 2026 at 10:00 AM Bob "
    "&lt;bob@x.example&gt; wrote:</div><blockquote class=gmail_quote>walnut</blockquote></div>"
)
OUTLOOK = (
    "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>From:</b> "
    "Bob &lt;bob@x.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Alice<br><b>Subject:</b> Lamp"
    "</p></div><p class=MsoNormal>walnut</p>"
)
IMAGE = (
    "--b\nContent-Type: image/png\nContent-ID: <{}>\nContent-Disposition: inline\n"
    "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n"
)


def read(page, plain="x", *, image="pic@x", subject="Re: Lamp"):
    raw = (
        f"Subject: {subject}\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n"
        "--b\nContent-Type: multipart/alternative; boundary=a\n\n"
        f"--a\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--a\nContent-Type: text/html; charset=utf-8\n\n{page}\n--a--\n"
        f"{IMAGE.format(image)}--b--\n"
    )
    return parse(raw.encode(), NOW)


def shown(page, kept="Try water.", text=None, **facts):
    """Return the HTML that goes out of a page for some of its lines."""
    return formatted.cut(read(page, **facts), kept, kept if text is None else text)


@pytest.mark.parametrize(
    "page",
    [
        "<div>/take</div><div>Try <b>water</b>.</div>",
        "/take<br><div>Try <b>water</b>.</div>",
        "<p><b>/ta</b>ke</p>\n<p>Try <b>water</b>.</p>",
        "<div>/take<br>Try <b>water</b>.<br></div>" + QUOTE,
        "<div>Try <b>water</b>.</div><br>" + GMAIL,
        "<p class=MsoNormal>Try <b>water</b>.<o:p></o:p></p>" + OUTLOOK,
        "<div>Try <b>water</b>.</div><div>-- <br>Alice<br>walnut</div>",
        "<div>Try <b>water</b>.</div><div style='display:none'>walnut</div>",
        "<div>Try <b>water</b>.<!-- walnut --></div><script>walnut</script>",
        "<style>walnut</style><title>walnut</title><div title=walnut>Try <b>water</b>.</div>",
        "<pre>/take\nTry <b>water</b>.\n> walnut\n</pre>",
    ],
)
def test_commands_quotes_and_signatures_are_left_out_and_the_formatting_stays(page):
    made = shown(page)
    assert "<b>water</b>." in made
    for hidden in ("/ta", "ke", "walnut", "Alice", "blockquote", "wrote"):
        assert hidden not in made


def test_one_text_that_lies_on_several_lines_is_cut_between_them():
    assert shown("<pre>/take\r\nTry water.\r\n\r\nNow.\r\n</pre>", "Try water.\n\nNow.") == (
        "<pre>Try water.\n\nNow.</pre>"
    )
    assert shown("<pre>Try water.</pre>") == "<pre>Try water.</pre>"


def test_blank_lines_and_breaks_stay_between_what_stays():
    made = shown("<div>/take</div><div><br></div>Try<br><br>water.", "Try\n\nwater.")
    assert made == "Try<br><br>water."


@pytest.mark.parametrize("between", ["<hr>", "<div>walnut</div>", "<blockquote>w</blockquote> "])
def test_what_is_left_out_lets_no_lines_run_into_one(between):
    after = " " if between.endswith(" ") else ""
    assert shown(f"Try{between}water.", "Try\nwater.") == f"Try<br>{after}water."
    assert shown(f"Try<br>{between}water.", "Try\nwater.") == f"Try<br>{after}water."
    assert shown(f"Try{between}<p>water.</p>", "Try\nwater.") == "Try<p>water.</p>"


def test_a_rule_between_what_stays_stays():
    page = "<p>Try water.</p><hr><p>Now.</p>"
    assert "<hr>" in shown(page, f"Try water.\n{'_' * 32}\nNow.")


def test_a_table_keeps_its_shape():
    page = (
        "<table border=1 width=50%><tr><td>a</td><td></td><td align=right>b</td></tr></table>"
        "<table><tr><td></td><td>walnut</td></tr></table>"
    )
    made = shown(page, "a b")
    assert made == (
        '<table border="1" width="50%"><tbody><tr><td>a</td><td></td><td align="right">b</td></tr>'
        "</tbody></table>"
    )
    page = "<table><tr><td><p>a</p></td><td></td><td><p>b</p></td></tr></table>"
    made = shown(page, "a\nb")
    assert "<td><p>a</p></td><td></td><td><p>b</p></td>" in made


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        ("<b onclick='x()' id=i class=c>water</b>", "<b>water</b>"),
        ("<a href='javascript:x()'>water</a>", '<a rel="noopener noreferrer">water</a>'),
        ("<a href='/x'>water</a>", '<a rel="noopener noreferrer">water</a>'),
        ("<a href='cid:pic@x'>water</a>", '<a rel="noopener noreferrer">water</a>'),
        (
            "<a href='https://x.example/w'>water</a>",
            '<a href="https://x.example/w" rel="noopener noreferrer">water</a>',
        ),
        ("<svg><text>walnut</text></svg>water", "water"),
        ("<iframe src='https://x.example'></iframe>water", "water"),
        ("<img src='https://x.example/t.gif'>water", "water"),
        ("<img src='data:image/png;base64,AAAA'>water", "water"),
        ("<img src='cid:other@x'>water", "water"),
        (
            "<img src='cid:pic@x' alt='A tap' onerror='x()'>water",
            '<img src="cid:pic@x" alt="A tap">water',
        ),
        ("<custom-tag>water</custom-tag>", "water"),
    ],
)
def test_nothing_that_acts_or_is_fetched_goes_along(markup, left):
    kept = "Try [A tap]water" if "A tap" in markup else "Try water"
    link = " <https://x.example/w>" if "/w'" in markup else ""
    assert shown(f"Try {markup}", f"{kept}{link}", "Try water") == f"Try {left}"


def test_a_form_leaves_its_words():
    made = shown("Try<form action='https://x.example'>water<input name=a></form>", "Try\nwater")
    assert made == "Try<div>water</div>"


@pytest.mark.parametrize(
    ("style", "left"),
    [
        ("color:red;font-size:12pt", "color:red;font-size:12pt"),
        ("COLOR: rgb(1, 2, 3)", "color:rgb(1, 2, 3)"),
        ("position:fixed;color:red", "color:red"),
        ("background-color:url(https://x.example)", ""),
        ("font-family:expression(x)", ""),
        (r"color:\72 ed", ""),
        ("color:re/**/d", ""),
        ("margin-top:-50px;margin-left:4px", "margin-left:4px"),
        ("opacity:0", ""),
        ("font-size:0", ""),
        ("font-size:+0px", ""),
        ("font-size:.0em", ""),
        ("font-size:-0.00pt", ""),
        ("font:700 0px Arial", ""),
        ("font:12px/0.5 Arial", "font:12px/0.5 Arial"),
        ("font-size:0.5em;font:100 10px Arial", "font-size:0.5em;font:100 10px Arial"),
        ("color:#fff0", ""),
        ("color:#FFFFFF00", ""),
        ("color:#0a0;background-color:#ffffff", "color:#0a0;background-color:#ffffff"),
        ("color:rgba(0,0,0,0)", ""),
        ("color:rgb(0 0 0 / 0%)", ""),
        ("color:hsl(1, 2%, 3%)", "color:hsl(1, 2%, 3%)"),
    ],
)
def test_of_styles_stays_what_neither_fetches_nor_covers(style, left):
    made = shown(f"<span style='{style}'>Try water.</span>")
    assert made == (
        f'<span style="{left}">Try water.</span>' if left else "<span>Try water.</span>"
    )


def test_outlooks_paragraphs_stay_close_without_their_style_sheet():
    made = shown("<p class=MsoNormal style='color:red'>Try water.</p>")
    assert made == '<p style="margin:0;color:red">Try water.</p>'


@pytest.mark.parametrize(
    ("page", "stays"),
    [
        ("<p>Try water.</p><p><img src='cid:pic@x'></p>" + QUOTE, True),
        ("<p>/take</p><p><img src='cid:pic@x'></p><p>Try water.</p>", True),
        ("<p>Try water.</p><blockquote><p>walnut</p><img src='cid:pic@x'></blockquote>", False),
        ("<p>Try water.</p><p>walnut</p><p><img src='cid:pic@x'></p><p>walnut</p>", False),
    ],
)
def test_an_image_without_words_stays_beside_a_line_that_does(page, stays):
    assert ("cid:pic@x" in shown(page)) is stays


@pytest.mark.parametrize("name", ['pic"x', "p c"])
def test_an_image_of_an_odd_name_does_not_stay(name):
    page = f"Try water.<img src='cid:{name}'>"
    assert shown(page, image=name) == "Try water."


@pytest.mark.parametrize(
    ("page", "kept", "text"),
    [
        ("<p>Try water. Or acid.</p>", "Try water. Or acid.", "Try water."),
        ("<p>Try water.</p>", "Try sand.", "Try sand."),
        ("<p>Try water.</p>", "Try water.", "Try sand."),
        ("<p>Try water.</p>", "", " "),
        ("", "Try water.", "Try water."),
        ("<frameset><frame src=x></frameset>", "Try water.", "Try water."),
    ],
)
def test_what_does_not_say_what_the_text_says_does_not_go_out(page, kept, text):
    assert shown(page, kept, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Try *water* [image: tap.png] https://x.example/a",
        "Try water [cid:pic@x]\n\n* https://x.example/a<https://x.example/b>",
        "Try water\n[A tap]\nhttps://x.example/a",
    ],
)
def test_programs_write_images_and_links_into_the_text_in_ways_of_their_own(text):
    link = "<a href='https://x.example/b'>https://x.example/a</a>"
    page = f"<p>Try <b>water</b></p><p><img src='cid:pic@x' alt='A tap'></p><p>{link}</p>"
    kept = "Try water\n\n[A tap]\n\nhttps://x.example/a <https://x.example/b>"
    assert "cid:pic@x" in shown(page, kept, text)


def test_html_that_costs_too_much_or_is_too_long_is_let_go(monkeypatch):
    deep = read("<div>" * 6000 + "Try water.")
    assert formatted.new_text(deep) is None
    assert formatted.cut(deep, "Try water.", "Try water.") is None
    mail = read("<p>Try water.</p>")
    assert formatted.new_text(mail) == "Try water."
    monkeypatch.setattr(formatted, "LONGEST", 10)
    assert formatted.cut(mail, "Try water.", "Try water.") is None
    monkeypatch.setattr(html, "LONGEST", 5)
    assert formatted.new_text(mail) is None


LONG = {
    "a quote": ("<div>Try water.</div><div id=divRplyFwdMsg></div>{}", "<p>walnut</p>"),
    "images": ("<div>Try water.</div>{}", "<pre>\n\n</pre><div><img src='cid:pic@x'></div>"),
}


@pytest.mark.parametrize(("page", "piece"), LONG.values(), ids=LONG)
def test_a_page_twice_as_long_costs_at_most_twice_as_much(page, piece):
    def steps(times):
        mail, count = read(page.format(piece * times)), 0

        def counted(frame, event, _argument):
            nonlocal count
            frame.f_trace_opcodes = True
            count += event == "opcode"
            return counted

        before = sys.gettrace()
        sys.settrace(counted)
        try:
            formatted.cut(mail, "Try water.", "Try water.")
        finally:
            sys.settrace(before)
        return count

    assert 100 < steps(200) <= 2 * steps(100) + 2000


def test_without_html_there_is_none():
    mail = parse(b"Subject: x\n\nTry water.\n", NOW)
    assert formatted.new_text(mail) is None
    assert formatted.cut(mail, "Try water.", "Try water.") is None


def test_a_parser_that_fails_leaves_the_text(monkeypatch):
    mail = read("<p>Try water.</p>")
    monkeypatch.setattr(formatted.nh3, "clean", None)
    assert formatted.cut(mail, "Try water.", "Try water.") is None
