"""The access tokens of one mailbox, and the refresh token that is stored anew each time."""

import threading
import time
from collections.abc import Callable
from hashlib import sha256

from mailgate.imap.oauth import Application, refreshed
from mailgate.store import mailboxes
from mailgate.store.db import Database

_SPARE = 60.0  # seconds before its end in which an access token is not used any more


class Grant:
    """Hands out access tokens. `configured` is the refresh token to begin with.

    Providers may give a new refresh token each time, after which the old one is worthless: the new
    one is committed before its access token is used. One that is configured anew counts again.
    """

    def __init__(
        self,
        application: Application,
        configured: str,
        database: Callable[[], Database],
        tenant_id: int,
        mailbox: str,
    ) -> None:
        self._application = application
        self._configured = configured
        self._granted_for = sha256(configured.encode()).hexdigest()
        self._database = database
        self._tenant_id = tenant_id
        self._mailbox = mailbox
        self._lock = threading.Lock()
        self._access = ""
        self._until = 0.0

    def token(self) -> str:
        """Return an access token. Raises `LoginRefused` or `Temporary`."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._refresh()
            return self._access

    def _refresh(self) -> None:
        of = (self._tenant_id, self._mailbox, self._granted_for)
        with self._database().read() as connection:
            newest = mailboxes.grant(connection, *of)
        tokens = refreshed(self._application, newest or self._configured)
        if tokens.refresh:
            with self._database().write() as connection:
                mailboxes.keep_grant(connection, *of, tokens.refresh)
        self._access = tokens.access
        self._until = time.monotonic() + tokens.seconds - _SPARE
