"""The pages behind the links of mails: `/t/TOKEN`.

At one a customer says whether a resolution holds, or rates a ticket; at the other it is decided
whether a ticket goes one level up. A GET never acts, for scanners follow links. There are no
cookies, no scripts and no outside assets.
"""

import time
from collections.abc import Callable
from datetime import datetime
from html import escape
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from mailgate.desk.door import Desk
from mailgate.errors import Temporary
from mailgate.mail.plain import many_lines
from mailgate.mail.signer import Signer
from mailgate.web import deciding
from mailgate.web.approving import Approving
from mailgate.web.confirming import Confirming, Question, Standing
from mailgate.web.frame import plain, whole
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
    """Let an application serve the pages; `now` is aware, `steady` counts seconds."""
    confirming, approving, rate = Confirming(desk, signer), Approving(desk, signer), Rate(steady)

    @app.api_route("/t/{token:path}", methods=["GET", "HEAD", "POST"])
    async def page(token: str, request: Request) -> Response:
        """Ask what the link is about; a POST answers."""
        address = request.client.host if request.client else ""
        words = words_for(request.headers.get("accept-language", "").partition(",")[0])
        if rate.exceeded(address):
            return plain(words, words.too_often, 429)
        said = None
        if request.method == "POST":
            body = await _body(request)
            if body is None:
                return plain(words, words.too_large, 413)
            said = _said(body)
        try:
            if approving.is_about(token, now()):
                answer = await run_in_threadpool(deciding.answer, approving, token, now(), said)
                return answer or plain(words, words.unknown, 404)
            return _shown(words, await run_in_threadpool(_confirm, confirming, token, now(), said))
        except Temporary:
            return plain(words, words.later, 503)


def _confirm(
    confirming: Confirming, token: str, now: datetime, said: tuple[str, str] | None
) -> Question | None:
    """Let a customer's answer happen, if there is one; return what is to be shown."""
    if said is None:
        return confirming.look(token, now)
    answer, text = said
    if answer in _SCORES:
        return confirming.rate(token, now, int(answer), text)
    return confirming.answer(token, now, None if answer == "yes" else text)


async def _body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is too large; also where nobody waits any more."""
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST:
                return None
    except ClientDisconnect:  # which is no fault of ours, and fills no log
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
        return plain(readers, readers.unknown, 404)
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
        Standing.ENDED: "",
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
    return whole(words, question.number, head + below, 200)


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
