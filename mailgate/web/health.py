"""The HTTP application: whether the gateway is well, and its figures."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from mailgate.domain.horizon import OUTAGE
from mailgate.errors import MailgateError
from mailgate.log import log
from mailgate.store import heartbeat, mailboxes, migrate
from mailgate.store.db import Database
from mailgate.web.metrics import CONTENT_TYPE, Metrics

UNLOOKED = timedelta(minutes=5)
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


def database_check(database: Database) -> Check:
    """Return the check that the database answers."""

    def check() -> str | None:
        try:
            with database.read() as connection:
                migrate.revision(connection)
        except MailgateError as error:
            return str(error)
        return None

    return check


def clock_check(database: Database, every: timedelta, now: Callable[[], datetime]) -> Check:
    """Return the check that the clock runs; a gateway just started has time to begin."""
    start, grace = time.monotonic(), (every + OUTAGE).total_seconds()

    def check() -> str | None:
        if time.monotonic() - start < grace:
            return None
        try:
            with database.read() as connection:
                seen_at = heartbeat.last(connection).seen_at
        except MailgateError as error:
            return str(error)
        return clock_fault(seen_at, now(), every)

    return check


def mailbox_check(
    database: Database, tenant_id: int, name: str, every: timedelta, now: Callable[[], datetime]
) -> Check:
    """Return the check that a shared mailbox is looked at; one just started has time to begin."""
    start, patience = time.monotonic(), max(UNLOOKED, 3 * every)

    def check() -> str | None:
        if time.monotonic() - start < patience.total_seconds():
            return None
        try:
            with database.read() as connection:
                state = mailboxes.states(connection, tenant_id, [name]).get(name)
        except MailgateError as error:
            return str(error)
        looked_at = None if state is None else state.looked_at
        if looked_at is not None and now() - looked_at <= patience:
            return None
        when = (
            "never" if looked_at is None else f"last at {looked_at.isoformat(timespec='seconds')}"
        )
        why = f": {state.fault}" if state is not None and state.fault else ""
        return f"looked at {when}{why}"

    return check


def create_app(
    checks: Mapping[str, Check], needed: Iterable[str], metrics: Metrics | None = None
) -> FastAPI:
    """Return the application; `checks` are asked at each call.

    `needed` names those without which no mail can be taken. Without `metrics` there is no
    /metrics.
    """
    taking = {name: checks[name] for name in needed}
    app = FastAPI(title="mailgate", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:
        log("http.failed", method=request.method, path=request.url.path, exc_info=error)
        return JSONResponse({"error": "a fault of the gateway; its log says more"}, 500)

    @app.get("/healthz")
    def healthz() -> Response:
        """Tell whether every part works: 200, or 503 with the parts that do not."""
        return _told(checks, "ok", "failing")

    @app.get("/readyz")
    def readyz() -> Response:
        """Tell whether a mail sent now would be taken: 200, or 503 with what is in the way."""
        return _told(taking, "ready", "not ready")

    if metrics is not None:

        @app.get("/metrics")
        def exposition() -> Response:
            """Give the figures in the text format of Prometheus."""
            return Response(metrics.exposition(), media_type=CONTENT_TYPE)

    return app


def _told(checks: Mapping[str, Check], well: str, ill: str) -> Response:
    faults = {name: fault for name, check in checks.items() if (fault := check()) is not None}
    status = {"status": ill if faults else well, "faults": faults}
    return JSONResponse(status, 503 if faults else 200)
