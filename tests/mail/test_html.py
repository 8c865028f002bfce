"""HTML as lines of text, and what its markup says of quotes."""

import pytest

from mailgate.mail import html, layout
from mailgate.mail.prescan import Limits


def rendered(markup, limit=100_000):
    notes = []
    found = html.render(markup, Limits(text=limit), notes)
    assert len(found.cues) == len(found.lines)
    return found, notes


def lines(markup):
    return "\n".join(rendered(markup)[0].lines).strip("\n")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain text", "plain text"),
        ("", ""),
        ("<frameset><frame src=x></frameset>", ""),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<p class=MsoNormal>one</p><p class=MsoNormal>two</p>", "one\ntwo"),
        ("<p style='margin:0'>one</p><p style='margin:0'>&nbsp;</p><p>two</p>", "one\n\ntwo"),
        ("a   b\n\tc <b> d</b>", "a b c d"),
        ("<h1>Head</h1>text", "Head\n\ntext"),
        ("<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul>", "- a\n- b\n\n1. c\n2. d"),
        ("<li>stray</li>", "- stray"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><th>3</th></tr></table>", "1 2\n3"),
        ("<pre>a\n  b\r\n\nc</pre>d", "a\n  b\n\nc\n\nd"),
        ("a<hr>b", "a\n" + layout.RULE + "\nb"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n>> b\n\nc"),
        ("<blockquote style='margin:0 0 0 40px;border:none'>a</blockquote>", "a"),
        ("<blockquote style='margin:0 0 0 40px'>a</blockquote>", "> a"),
        ("<img src=x alt='A cat'><img src=y>", "[A cat]"),
        ("<a href='https://x.example/a'>text</a>", "text <https://x.example/a>"),
        ("<a href='https://x.example/'>https://x.example</a>", "https://x.example"),
        ("<a href='https://x.example/'>x.example</a>", "x.example"),
        ("<a href='mailto:a@x.example'>a@x.example</a>", "a@x.example"),
        ("<a href='https://x.example'><img src=x></a>", ""),
        ("<a href='https://x.example/" + "a" * 600 + "'>long</a>", "long"),
        ("<a>anchor</a>", "anchor"),
        ("<!-- no --><script>no</script><style>no</style>yes", "yes"),
        ("<div style='display: none'>no</div><div hidden>no</div>yes", "yes"),
        ("<span style='mso-hide:all'>no</span>yes", "yes"),
        ("unclosed <b>bold <i>both", "unclosed bold both"),
        ("&lt;b&gt; &amp; &#8364;", "<b> & €"),
    ],
)
def test_markup_becomes_readable_lines(markup, text):
    assert lines(markup) == text


@pytest.mark.parametrize(
    ("markup", "cues"),
    [
        ("a<div class=gmail_attr>On Monday:<br></div>b", " a "),
        ("a<div class='x moz-cite-prefix'>Mo:</div><div>b</div>", " a "),
        ("a<div id=appendonsend></div><hr><div id=divRplyFwdMsg>From</div>b", " cc "),
        ("a<div id=x_divRplyFwdMsg>From</div>", " c"),
        ("a<div class=yahoo_quoted>q<p>q</div>b", " ee "),
        ("a<div class=ydp1a2b3c4yahoo_quoted>q</div>b", " e "),
        ("a<div class=protonmail_quote>q</div>b", " e "),
        ("a<div class=zmail_extra>q</div>", " e"),
        ("a<span id=OLK_SRC_BODY_SECTION>q</span>b", " e "),
        ("a<div name=messageReplySection>q</div>", " e"),
        ("a<div name=quote>q</div>", " e"),
        ("a<div class=quote>q</div>", "  "),
        ("a<div id=isReplyContent>q</div>", " e"),
        ("a<hr id=zwchr>q", " c "),
        ("a<div id=mail-editor-reference-message-container>q</div>", " c"),
        ("a<div class=OutlookMessageHeader>q</div>", " c"),
        ("a<div class=ms-outlook-mobile-reference-message>q</div>", " c"),
        ("a<p id=reply-intro>q</p>", " a"),
        ("a<p class=airmail_on>q</p>", " a"),
        (
            "a<br>-- <br><div class=gmail_signature>M</div>b",
            "  s ",
        ),
        ("a<pre class=moz-signature>M</pre>", " s"),
        ("a<div id=x_x_Signature>M</div>", " s"),
        ("a<div id=AppleMailSignature>M</div>", " s"),
        ("a<div id=ms-outlook-mobile-signature>M</div>b", " s "),
        ("a<div class=ydp1a2b3c4signature>M</div>", " s"),
        ("a<div class='protonmail_signature_block x'>M</div>", " s"),
        ("a<div data-marker=__SIG_POST__>M</div>", " s"),
        ("a<div id=sig12345678>M</div>", " s"),
        ("a<div id=bloop_sign_1445>M</div>", " s"),
        ("a<div id=signed>M</div>", "  "),
        ("a<div style='border-top:1pt solid rgb(225,225,225)'>x</div>", " b"),
        ("a<div style='border-style:solid none;border-width:1pt medium medium'>x</div>", " b"),
        ("a<div style='border-top-style: solid'>x</div>", " b"),
        ("a<div id=x_>x</div>", "  "),
        ("a<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>From</p></div>", " b"),
        ("a<div style='border-top:solid windowtext 1pt'>x</div>", " b"),
        ("a<div style='border:1px solid red'>x</div>", "  "),
        ("a<div class=yahoo_quoted>q<div class=gmail_signature>M</div></div>", " ee"),
    ],
)
def test_markup_says_where_quotes_begin(markup, cues):
    found, _ = rendered(markup)
    assert "".join(c for c, line in zip(found.cues, found.lines, strict=True) if line) == cues


def test_depth_of_quotes_shows_up_to_a_bound():
    deep = "<blockquote>" * 30 + "x"
    assert rendered(deep)[0].lines[-1] == ">" * 20 + " x"


def test_text_is_kept_at_any_depth():
    for depth in (300, 4000):
        markup = "<div>" * depth + "deep" + "</div>" * depth + "after"
        assert rendered(markup)[0].lines[-2:] == ("deep", "after")


def test_the_walk_stops_at_its_limit():
    found, _ = rendered("<p>12345678</p>" * 1000, limit=100)
    assert 80 <= sum(map(len, found.lines)) <= 120


def test_embedded_images_do_not_count_as_markup():
    markup = f"<p>a<img src='data:image/png;base64,{'A' * html.LONGEST}'>b</p>"
    found, notes = rendered(markup)
    assert (found.lines[-1], notes) == ("ab", [])


def test_markup_is_cut_at_its_length(monkeypatch):
    monkeypatch.setattr(html, "LONGEST", 12)
    found, notes = rendered("<p>12</p><p>34</p>")
    assert found.lines == ("12",)
    assert notes == ["HTML over 12 characters"]


COSTLY = {
    "depth": "<div>" * 5001,
    "formatting": "".join(f"<font id={n}><p>" for n in range(400)),
    "options": "<select>" + "<option>" * 20 + "<body>" * 2001,
    "tags": "<wbr>" * (html._MOST_TAGS + 1),
    "attributes": "<p " + "a=1 " * 20_000 + ">",
}


@pytest.mark.parametrize("markup", COSTLY.values(), ids=COSTLY)
def test_markup_that_costs_more_than_linear_time_is_never_laid_out(markup, monkeypatch):
    def forbidden(_):
        raise AssertionError("the tree builder got it")

    monkeypatch.setattr(html, "LexborHTMLParser", forbidden)
    found, notes = rendered(markup + "<p>text")
    assert "text" in found.lines
    assert notes == ["HTML too deep or too broken to be laid out"]


def test_ordinary_markup_is_not_taken_for_costly():
    assert not html.costly("</b><p>x<p>y<br><b>z</b></div>" * 2000)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<br>b<p>c</p><div>d</div>", "a\nb\nc\n\nd\n"),
        ("x<style>p{}</style>y<script>z</script>", "x y"),
        ("x<style>never closed", "x"),
        ("<title>no</title>&amp; <i>yes</i>", "& yes"),
        ("a < b", "a < b"),
    ],
)
def test_tags_can_be_stripped_without_a_tree(markup, text):
    assert html.stripped(markup) == text
