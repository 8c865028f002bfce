"""A port of this machine, opened: whoever gets it may serve it, and nobody else has it.

It listens at once. Two programs could otherwise hold the same port, and learn of each other only
when both have begun to work.
"""

import errno
import socket

from mailgate.errors import Temporary

_BACKLOG = 128  # connections that wait until they are served


def open_port(host: str, port: int, key: str) -> socket.socket:
    """Return a socket that listens; port 0 is any free one.

    Raises `Temporary` with a remedy; `key` is where the configuration names the port.
    """
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        raise Temporary(f"port {port} on {host} {_because(error)} {key}") from error
    return opened


def _because(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "is taken: stop what listens there, maybe another gateway, or change"
        case errno.EACCES:
            return (
                "may be opened by root only: give the service CAP_NET_BIND_SERVICE, or take a "
                "port from 1024 on in"
            )
        case errno.EADDRNOTAVAIL:
            return "cannot be opened, since this machine has no such address: change"
        case _:
            return f"cannot be opened ({(error.strerror or str(error)).lower()}): see"
