"""The HTTP application: whether the gateway is well, and its figures.

Every answer comes within a second, and is put together from words of ours: nothing that a library
or a server said.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from mailgate.domain.horizon import OUTAGE
from mailgate.log import log
from mailgate.web.metrics import CONTENT_TYPE, Metrics
from mailgate.web.stored import Stored
from mailgate.web.watch import Watch

_READING = ["GET", "HEAD"]
_UNLOOKED = timedelta(minutes=5)
"""How long a shared mailbox may go without a full look."""

Check = Callable[[], str | None]
"""Returns what is wrong with one part of the gateway, or None."""


class Part(Protocol):
    """A part of the gateway that has a thread of its own."""

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""


def running(part: Part) -> Check:
    """Return the check that a part's thread lives."""
    return lambda: None if part.alive else "its thread has ended"


def clock_fault(seen_at: datetime | None, now: datetime, every: timedelta) -> str | None:
    """Tell whether a clock that should run at intervals of `every` has not, for far too long.

    A sign of life from the future is of no use either: the system's clock was set back, and none
    came since.
    """
    if seen_at is None:
        return "it has never run"
    if abs(now - seen_at) > every + OUTAGE:
        return f"it last ran at {seen_at.isoformat(timespec='seconds')}"
    return None


def database_check(watch: Watch[Stored]) -> Check:
    """Return the check that the database answers."""
    return lambda: watch.seen().fault


def clock_check(watch: Watch[Stored], every: timedelta, now: Callable[[], datetime]) -> Check:
    """Return the check that the clock runs; a gateway just started has time to begin."""
    start, grace = time.monotonic(), (every + OUTAGE).total_seconds()

    def check() -> str | None:
        if time.monotonic() - start < grace:
            return None
        stored = watch.seen().value  # without a database, the check of it says so
        return None if stored is None else clock_fault(stored.clock_seen_at, now(), every)

    return check


def canary_note(watch: Watch[Stored]) -> Check:
    """Return what tells that a canary is missing.

    It keeps no mail from being taken, and so is a note and no fault.
    """

    def note() -> str | None:
        stored = watch.seen().value
        missing = stored.canaries.missing if stored and stored.canaries else None
        if missing is None:
            return None
        return f"that of {missing.sent_at.isoformat(timespec='seconds')} has not come back in time"

    return note


def way_out_note(watch: Watch[Stored]) -> Check:
    """Return what tells that mail does not leave, which is no reason to take none."""

    def note() -> str | None:
        stored = watch.seen().value
        broken = () if stored is None else stored.broken
        said = (f"{way.node} since {way.since.isoformat(timespec='seconds')}" for way in broken)
        return f"out of order: {', '.join(said)}; `mailgate outbox` says why" if broken else None

    return note


def mailbox_note(
    watch: Watch[Stored], name: str, every: timedelta, now: Callable[[], datetime]
) -> Check:
    """Return what tells that a shared mailbox is not looked at; a fresh start has time to begin.

    Mail waits there meanwhile and is not lost, and mail by SMTP is taken: a note and no fault.
    """
    start, patience = time.monotonic(), max(_UNLOOKED, 3 * every)

    def note() -> str | None:
        stored = watch.seen().value
        if stored is None or time.monotonic() - start < patience.total_seconds():
            return None
        looked_at = stored.mailboxes[name].looked_at
        if looked_at is None:
            return "it has never been looked at"
        if now() - looked_at <= patience:
            return None
        return f"the last look at it began at {looked_at.isoformat(timespec='seconds')}"

    return note


def create_app(
    checks: Mapping[str, Check],
    needed: Iterable[str],
    metrics: Metrics | None = None,
    notes: Mapping[str, Check] = MappingProxyType({}),
    desk: Mapping[str, str] = MappingProxyType({}),
) -> FastAPI:
    """Return the application; `checks` are asked at each call.

    `needed` names those without which no mail can be taken; what `notes` say is told beside, and
    nothing is the worse for it. Without `metrics` there is no /metrics. `desk` says whose gateway
    it is, in the JSON of /healthz.
    """
    taking = {name: checks[name] for name in needed}
    app = FastAPI(title="mailgate", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:
        path = request.url.path
        shown = "/t/" if path.startswith("/t/") else path  # the rest is a secret
        log("http.failed", method=request.method, path=shown, exc_info=error)
        return JSONResponse({"error": "a fault of the gateway; its log says more"}, 500)

    @app.api_route("/healthz", methods=_READING)
    def healthz(request: Request) -> Response:
        """Tell whether every part works: 200, or 503 with the parts that do not."""
        return _told(request, checks, notes, ("ok", "failing"), desk)

    @app.api_route("/readyz", methods=_READING)
    def readyz(request: Request) -> Response:
        """Tell whether a mail sent now would be taken: 200, or 503 with what is in the way."""
        return _told(request, taking, notes, ("ready", "not ready"))

    if metrics is not None:

        @app.api_route("/metrics", methods=_READING)
        def exposition() -> Response:
            """Give the figures in the text format of Prometheus."""
            return Response(metrics.exposition(), media_type=CONTENT_TYPE)

    return app


def _told(
    request: Request,
    checks: Mapping[str, Check],
    notes: Mapping[str, Check],
    words: tuple[str, str],
    desk: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Return what the checks say: as JSON, or as lines to who asks for text and not for JSON.

    `words` are those for all that is well, and for what is not.
    """
    faults, noted = _said(checks), _said(notes)
    well, ill = words
    status, code = (ill, 503) if faults else (well, 200)
    accepted = request.headers.get("accept", "")
    if "text/" in accepted and "json" not in accepted:
        said = (*faults.items(), *noted.items())
        lines = (status, *(f"{name}: {what}" for name, what in said))
        return PlainTextResponse("".join(f"{line}\n" for line in lines), code)
    return JSONResponse({"status": status, "faults": faults, "notes": noted, **desk}, code)


def _said(checks: Mapping[str, Check]) -> dict[str, str]:
    return {name: words for name, check in checks.items() if (words := check()) is not None}
