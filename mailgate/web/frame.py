"""The frame of the pages: no scripts, no cookies, nothing from outside."""

import base64
import hashlib
from html import escape

from fastapi import Response
from fastapi.responses import HTMLResponse

from mailgate.web.wording import Words

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1.5rem 1rem;"
    "color:#1d2430;background:#fff;overflow-wrap:anywhere}"
    "h1{font-size:1.4rem}h2{font-size:1.2rem}textarea,button{font:inherit;width:100%;box-sizing:border-box;"
    "border-radius:.4rem;padding:.7rem;margin:.3rem 0 1rem}"
    "textarea{border:1px solid #68707d;color:inherit;background:transparent}"
    "button{border:1px solid #1c6b3c;background:#1c6b3c;color:#fff;cursor:pointer}"
    "button.no{border-color:#68707d;background:transparent;color:inherit}"
    ".scores{display:flex;gap:.4rem}"
    "@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181f}"
    "textarea,button.no{border-color:#8b93a1}}"
)
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def plain(words: Words, text: str, code: int) -> Response:
    """Return a page that says one thing and asks nothing."""
    return whole(words, "mailgate", f"<p>{escape(text)}</p>", code)


def whole(words: Words, title: str, body: str, code: int) -> Response:
    """Return a page; `body` is markup, `title` a text."""
    runs = ' dir="rtl"' if words.rtl else ""
    text = (
        f'<!doctype html><html lang="{words.language}"{runs}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
    return HTMLResponse(text, code, HEADERS)
