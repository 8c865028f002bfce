"""The HTTP application: for now, whether the gateway is well."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from mailgate.domain.horizon import OUTAGE
from mailgate.log import log

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


def create_app(checks: Mapping[str, Check]) -> FastAPI:
    """Return the application; `checks` are asked at each call of /healthz."""
    app = FastAPI(title="mailgate", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:
        log("http.failed", method=request.method, path=request.url.path, exc_info=error)
        return JSONResponse({"error": "a fault of the gateway; its log says more"}, 500)

    @app.get("/healthz")
    def healthz(response: Response) -> dict[str, object]:
        """Tell whether every part works: 200, or 503 with the parts that do not."""
        faults = {name: fault for name, check in checks.items() if (fault := check()) is not None}
        response.status_code = 503 if faults else 200
        return {"status": "failing" if faults else "ok", "faults": faults}

    return app
