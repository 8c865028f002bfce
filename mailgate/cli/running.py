"""Whether a gateway runs now, and whose: `mailgate check` asks it, or tries the ports it needs."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from mailgate.cli import printing
from mailgate.cli.finding import Finding
from mailgate.config import digest
from mailgate.errors import MailgateError, Temporary
from mailgate.port import open_port
from mailgate.roles import NodeRole

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.config.addresses import Listen

_HEARD = 5.0  # seconds that a gateway may take to say how it is
_MOST_SAID = 64 * 1024  # octets
_WEB = "[web] listen"


def gateway(app: "App") -> Iterator[Finding]:
    """Ask the gateway that runs with this configuration; without one, try the ports it needs."""
    told = _asked(app)
    if told is not None and _is_ours(app, told["identity"]):
        yield _how_it_is(app, told["faults"])
        if told.get("configuration") != digest(app.config):
            says = "the one that runs goes by another configuration than this file's: restart it"
            yield Finding("gateway", "warning", says)
        return
    free = "none runs now, and its ports are free: `mailgate serve`"
    yield from list(_taken(app, told)) or [Finding("gateway", "ok", free)]


def _how_it_is(app: "App", faults: dict[str, Any]) -> Finding:
    where = f"one runs now, and answers at {app.config.web.listen}"
    if not faults:
        return Finding("gateway", "ok", where)
    said = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
    return Finding("gateway", "warning", f"{where}, but {said}")


def _taken(app: "App", another: dict[str, Any] | None) -> Iterator[Finding]:
    """Yield what is wrong with each port that is not free; `another` desk has that for HTTP.

    A gateway without HTTP cannot be asked whether it is the desk's own.
    """
    for key, at in _ports(app):
        if key == _WEB and another is not None:
            says = f"{at} is taken by the gateway of another desk, {printing.cell(another['desk'])}"
            yield Finding("gateway", "fault", f"{says}: stop that one, or change {key}")
            continue
        try:
            open_port(at.host, at.port, key).close()
        except Temporary as error:
            if NodeRole.WEB in app.config.node.roles:
                yield Finding("gateway", "fault", str(error))
            else:
                own = "unless it is this desk's own gateway, which without HTTP nobody can ask"
                yield Finding("gateway", "warning", f"{error}, {own}")


def _ports(app: "App") -> "Iterator[tuple[str, Listen]]":
    """Yield (key, port) of what a gateway of this configuration opens."""
    roles, inbound = app.config.node.roles, app.config.inbound
    if NodeRole.LISTEN in roles:
        yield "[inbound] listen", inbound.listen
        if inbound.lmtp_listen is not None:
            yield "[inbound] lmtp_listen", inbound.lmtp_listen
        if app.config.submission.listen is not None:
            yield "[submission] listen", app.config.submission.listen
    if NodeRole.WEB in roles:
        yield _WEB, app.config.web.listen


def _is_ours(app: "App", identity: object) -> bool:
    """Tell whether a gateway serves this desk; where the database is away, it is taken to."""
    from mailgate.store import footprint
    from mailgate.store.db import Database
    from mailgate.store.revision import present

    database = Database(app.config.database.url.get_secret_value())
    path = database.path
    if path is not None and not (path.exists() and path.stat().st_size):
        return False  # a gateway of ours would have made it
    try:
        with database.read() as connection:
            if present(connection) is None:
                return False
            return footprint.identity(connection) == identity
    except MailgateError:
        return True
    finally:
        database.close()


def _asked(app: "App") -> dict[str, Any] | None:
    """Return what the gateway at the port for HTTP says of itself; None when there is none."""
    at = app.config.web.listen
    if not at.port or NodeRole.WEB not in app.config.node.roles:
        return None
    link = HTTPConnection(at.host, at.port, timeout=_HEARD)
    try:
        link.request("GET", "/healthz")
        said = json.loads(link.getresponse().read(_MOST_SAID))
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        link.close()
    known = isinstance(said, dict) and {"desk", "identity"} <= said.keys()
    return said if known and isinstance(said.get("faults"), dict) else None
