"""The HTTP application: for now, whether the gateway is well."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Response

Check = Callable[[], str | None]
"""Returns what is wrong with one part of the gateway, or None."""


def create_app(checks: Mapping[str, Check]) -> FastAPI:
    """Return the application; `checks` are asked at each call of /healthz."""
    app = FastAPI(title="mailgate", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz(response: Response) -> dict[str, object]:
        """Tell whether every part works: 200, or 503 with the parts that do not."""
        faults = {name: fault for name, check in checks.items() if (fault := check()) is not None}
        response.status_code = 503 if faults else 200
        return {"status": "failing" if faults else "ok", "faults": faults}

    return app
