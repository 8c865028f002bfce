"""Where a mailbox is, and how one logs in there."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mailgate.errors import Temporary


class Tls(StrEnum):
    """How the connection is made private; if that fails, nobody logs in."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    OFF = "off"


class LoginRefused(Temporary):
    """The server does not let us in; a person has to do something."""


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox; `timeout` is in seconds, for connecting and for each answer.

    `token` returns an access token for XOAUTH2, which is used in place of a password where given.
    It may raise `Temporary`.
    """

    host: str
    port: int
    tls: Tls
    user: str
    password: str = field(default="", repr=False)
    token: Callable[[], str] | None = None
    ca_file: Path | None = None
    timeout: float = 30.0

    def context(self) -> ssl.SSLContext:
        """Return the authorities that are believed, the system's or our own."""
        return ssl.create_default_context(cafile=self.ca_file and str(self.ca_file))
