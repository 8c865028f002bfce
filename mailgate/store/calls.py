"""Calls between the nodes of one PostgreSQL: who writes work down wakes the others by NOTIFY.

A call goes out with the commit it belongs to, one for each role and transaction, on the channel
`mailgate`; its payload is the role to wake and the tenant, such as `process 1`. One that nobody
hears costs a second at most: every part looks by itself that often. SQLite has no such thing, and
serves one machine, where bells do.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from sqlalchemy import Connection, text

from mailgate.errors import Temporary
from mailgate.store.db import Database

CHANNEL = "mailgate"
PROCESS, DELIVER = "process", "deliver"

_CALL = text("SELECT pg_notify(:channel, :payload)")


def call(connection: Connection, role: str, tenants: Iterable[int]) -> None:
    """Wake whoever has a role, on every node, when this transaction has been committed."""
    if connection.dialect.name == "postgresql":
        for tenant_id in set(tenants):
            connection.execute(_CALL, {"channel": CHANNEL, "payload": f"{role} {tenant_id}"})


class Listener:
    """A connection that hears calls; a context. Whatever fails with it is `Temporary`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            with self._database.trouble():
                self._connection = undo.enter_context(self._database.engine.connect())
                driver: Any = self._connection.connection.driver_connection
                self._connection.detach()  # it listens: nobody else may get it
            with self._broken():
                driver.autocommit = True
                driver.execute(f"LISTEN {CHANNEL}")
            undo.pop_all()
        self._driver = driver
        return self

    def __exit__(self, *_exc: object) -> None:
        self._connection.close()

    def fileno(self) -> int:
        """Return what becomes readable when a call has come, or the connection has broken."""
        with self._broken():
            number: int = self._driver.fileno()
            return number

    def calls(self) -> list[tuple[str, int]]:
        """Return (role, tenant) of the calls that have come; does not wait."""
        with self._broken():
            payloads = [call.payload.split() for call in self._driver.notifies(timeout=0)]
        return [(role, int(tenant_id)) for role, tenant_id in payloads]

    @contextmanager
    def _broken(self) -> Iterator[None]:
        dialect: Any = self._database.engine.dialect
        try:
            yield
        except dialect.dbapi.Error as error:
            raise Temporary("the connection that hears calls has broken") from error
