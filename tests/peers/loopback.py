"""No test resolves a name or leaves this machine: an attempt fails at once, and says so."""

import ipaddress
import socket
from typing import Any

import pytest

_OURS = {None, "", "localhost", "localhost.localdomain"}


class LeftTheMachine(AssertionError):
    """A test looked up a name, or connected to an address, outside the loopback interface."""


def _is_ours(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in _OURS:
        return True
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def stay(patch: pytest.MonkeyPatch) -> None:
    """Make `patch` hold back every lookup and connection of this process that would leave."""
    lookup, connect = socket.getaddrinfo, socket.socket.connect

    def guarded_lookup(host: Any, *rest: Any, **named: Any) -> Any:
        if not _is_ours(host):
            raise LeftTheMachine(f"looked up {host!r}")
        return lookup(host, *rest, **named)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_ours(address[0]):
            raise LeftTheMachine(f"connected to {address!r}")
        connect(self, address)

    patch.setattr(socket, "getaddrinfo", guarded_lookup)
    patch.setattr(socket.socket, "connect", guarded_connect)
