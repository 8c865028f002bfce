"""Hears what other nodes, and commands, call by PostgreSQL, and wakes the parts of this process.

One thread with one connection, which is made anew when it breaks. Meanwhile the parts look by
themselves once a second, as they do without a wire.
"""

import os
import select
import threading
from collections.abc import Callable, Mapping

from mailgate.errors import Temporary
from mailgate.log import log
from mailgate.store.calls import Listener
from mailgate.store.db import Database

_AGAIN = 1.0  # seconds before a connection that broke is made anew


class Wire:
    """Calls a function of `wakes`, by role, whenever there may be work for it."""

    def __init__(
        self, database: Database, tenant_id: int, wakes: Mapping[str, Callable[[], None]]
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._wakes = wakes
        self._over = threading.Event()
        self._hearing, self._telling = os.pipe()  # what is written ends the wait for calls
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Listen no more."""
        self._over.set()
        os.write(self._telling, b"!")
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        os.close(self._hearing)
        os.close(self._telling)

    def _run(self) -> None:
        told = False
        while not self._over.is_set():
            try:
                with Listener(self._database) as listener:
                    log("calls.listening")
                    told = False
                    self._listen(listener)
            except Temporary as error:
                if not told:
                    log("database.unavailable", where="calls", error=str(error))
                told = True
            self._over.wait(_AGAIN)

    def _listen(self, listener: Listener) -> None:
        for wake in self._wakes.values():  # nobody heard what was called before
            wake()
        while not self._over.is_set():
            select.select([listener.fileno(), self._hearing], [], [])
            for role, tenant_id in listener.calls():
                if tenant_id == self._tenant_id and role in self._wakes:
                    self._wakes[role]()
