"""Bodies that make quote finders hang: each a piece that is repeated to any size."""

TEXTS = {
    "newlines": "\n",
    "carriage returns and newlines": "a\r\n\r",
    "openings": "On \n",
    "openings on one line": "On ",
    "openings in German": "Am 9. Nov um ",
    "tabs and newlines": "\t\t\n",
    "quote marks": ">",
    "quote marks and newlines": "> >\n",
    "dashes": "-",
    "dashes and newlines": "------\n",
    "underscores": "_",
    "no-break spaces": "\u00a0",
    "no-break spaces and newlines": "\u00a0\u00a0\n",
    "one long line": "lorem ",
    "colons": ":\n",
    "colons and blanks": "a@b.example:  ",
    "labels": "From: x\n",
    "labels and quotes": "From: x\n> y\n",
    "attributions": "On 1.1.2026 10:02 x wrote:\n",
    "attributions on one line": "On 1.1.2026 10:02 x wrote: ",
    "wrapped attributions": "On 1.1.2026 10:02\nAnn <\nann@desk.example>\nwrote:\n",
    "verbs": "wrote:\n",
    "dashed attributions": "---- 10:02 x wrote ----\n",
    "brackets": "<(" * 40 + ":\n",
    "zero width": "\u200b\u200d\ufeff",
    "zero width and newlines": "\u200b:\u200d\n",
    "right to left": "\u200f\u202bבתאריך:\u202c\n",
    "link footnotes": "[1] https://x.example/[2]\n",
    "base64": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=" * 2 + "\n",
    "markers": "##- x\n",
    "signatures": "--\n",
    "telephones": "Sent from my x\n",
    "footers": "\nThis e-mail and any x\n",
    "list footers": "_________\nx mailing list\n",
    "forwards": "---------- Forwarded message ---------\n",
}
PAGES = {
    "nested quotes": "<blockquote>",
    "nested divisions": "<div>",
    "unclosed tags": "<b><i><p>x",
    "closed divisions": "<div>x</div>",
    "entities": "&gt;&amp;&#8203;",
    "blanks": "&nbsp;",
    "blanks and breaks": "&nbsp;<br>",
    "styles": "<p style='border-top:solid;margin:0 0 0 40px;border-width:1pt'>x",
    "attributes of one tag": " a=1",
    "names": "<p class='ydp1a2b3c4x x_x_x_ sig1'>x",
    "three names": "<p class='a1 b2 c3'>x",
    "tags never ended": "<a ",
    "attributions": "<div class=gmail_attr>x</div>",
    "quotes in quotes": "<div class=yahoo_quoted>x<blockquote>y</blockquote></div>",
    "links": "<a href='https://x.example'>y</a>",
}
SHAPES = [("plain", name) for name in TEXTS] + [("html", name) for name in PAGES]


def mail(kind: str, name: str, size: int) -> bytes:
    """Return a reply whose body is the shape, repeated to `size` characters."""
    piece = (TEXTS if kind == "plain" else PAGES)[name]
    start = "<p" if name == "attributes of one tag" else "Hello\n"
    text = start + piece * (size // len(piece))
    head = (
        f"From: a@kunde.example\r\nSubject: Re: x\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
    )
    return head.encode() + b"\r\n" + text.encode()
