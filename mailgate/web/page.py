"""The page at which a customer says whether a resolution holds: `/t/TOKEN`.

A GET never acts, for scanners follow links. There are no cookies, scripts or outside assets.
"""

import base64
import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from html import escape
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from mailgate.desk.door import Desk
from mailgate.errors import Temporary
from mailgate.mail.plain import many_lines
from mailgate.mail.signer import Signer
from mailgate.web.confirming import Confirming, Question, Standing
from mailgate.web.wording import Words, words_for

LARGEST = 16 * 1024
"""Octets of a body: each character of a text takes up to twelve."""
_LONGEST = 1000
"""Characters of a text."""
OFTEN = 60
"""Requests of one address in a minute."""
_MINUTE = 60.0  # seconds
_SCORES = ("1", "2", "3", "4", "5")
_ADDRESSES = 10_000  # that are counted at once

_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Embeddings, overrides and isolates of direction: they would turn what stands around the text."""

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


class Rate:
    """Counts the requests of each address; of so many that memory stays small."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._minute = 0
        self._counts: dict[str, int] = {}

    def exceeded(self, address: str) -> bool:
        """Count one request, and tell whether it is one too many."""
        minute = int(self._steady() // _MINUTE)
        if minute != self._minute or len(self._counts) >= _ADDRESSES:
            self._minute, self._counts = minute, {}
        self._counts[address] = self._counts.get(address, 0) + 1
        return self._counts[address] > OFTEN


def add_page(
    app: FastAPI,
    desk: Desk,
    signer: Signer,
    now: Callable[[], datetime],
    steady: Callable[[], float] = time.monotonic,
) -> None:
    """Let an application serve the page; `now` is aware, `steady` counts seconds."""
    confirming, rate = Confirming(desk, signer), Rate(steady)

    @app.api_route("/t/{token:path}", methods=["GET", "HEAD", "POST"])
    async def page(token: str, request: Request) -> Response:
        """Ask a customer whether a ticket is settled, and then for a rating; a POST answers."""
        address = request.client.host if request.client else ""
        words = words_for(request.headers.get("accept-language", "").partition(",")[0])
        if rate.exceeded(address):
            return _plain(words, words.too_often, 429)
        try:
            if request.method != "POST":
                return _shown(words, await run_in_threadpool(confirming.look, token, now()))
            body = await _body(request)
            if body is None:
                return _plain(words, words.too_large, 413)
            said = _said(body)
            if said is None:
                return _shown(words, await run_in_threadpool(confirming.look, token, now()))
            if said[0] in _SCORES:
                score = int(said[0])
                rated = await run_in_threadpool(confirming.rate, token, now(), score, said[1])
                return _shown(words, rated)
            text = None if said[0] == "yes" else said[1]
            return _shown(words, await run_in_threadpool(confirming.answer, token, now(), text))
        except Temporary:
            return _plain(words, words.later, 503)


async def _body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is too large."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return None
    return body


def _said(body: bytes) -> tuple[str, str] | None:
    """Return the answer and its text; None where the form was not ours."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=4)
    except ValueError:
        return None
    answer = fields.get("answer", [""])[0]
    text = many_lines(fields.get("text", [""])[0]).translate(_TURNING).strip()[:_LONGEST]
    return (answer, text) if answer in ("yes", "no", *_SCORES) else None


def _shown(readers: Words, question: Question | None) -> Response:
    if question is None:
        return _plain(readers, readers.unknown, 404)
    words = words_for(question.language)
    below = {
        Standing.ASKED: _FORM.format(
            question=escape(words.question),
            yes=escape(words.yes),
            no=escape(words.no),
            missing=escape(words.missing),
        ),
        Standing.SETTLED: f"<p>{escape(words.settled)}</p>",
        Standing.REOPENED: f"<p>{escape(words.reopened)}</p>",
        Standing.RATED: f"<p>{escape(words.rated)}</p>",
        Standing.OVER: f"<p>{escape(words.over)}</p>",
    }[question.standing]
    if question.rateable:
        below += _RATING.format(
            rate=escape(words.rate),
            comment=escape(words.comment),
            scores="".join(f'<button name="answer" value="{n}">{n}</button>' for n in _SCORES),
        )
    head = f"<h1>{escape(question.number)}</h1><p>{escape(question.subject)}</p>"
    return _html(words, question.number, head + below, 200)


def _plain(words: Words, text: str, code: int) -> Response:
    return _html(words, "mailgate", f"<p>{escape(text)}</p>", code)


def _html(words: Words, title: str, body: str, code: int) -> Response:
    runs = ' dir="rtl"' if words.rtl else ""
    text = (
        f'<!doctype html><html lang="{words.language}"{runs}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
    return HTMLResponse(text, code, HEADERS)


_FORM = (
    "<h2>{question}</h2>"
    '<form method="post"><button name="answer" value="yes">{yes}</button></form>'
    '<form method="post"><label for="text">{missing}</label>'
    '<textarea id="text" name="text" rows="4" maxlength="1000"></textarea>'
    '<button class="no" name="answer" value="no">{no}</button></form>'
)
_RATING = (
    '<h2>{rate}</h2><form method="post"><label for="text">{comment}</label>'
    '<textarea id="text" name="text" rows="4" maxlength="1000"></textarea>'
    '<div class="scores">{scores}</div></form>'
)
