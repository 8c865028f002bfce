"""How the SMTP listener behaves."""

import ssl
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from mailgate.intake.gate import Network

LOOPBACK: tuple[Network, ...] = (
    IPv4Network("127.0.0.0/8"),
    IPv6Network("::1/128"),
)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How the listener behaves. Sizes are in octets, times in seconds."""

    host: str
    port: int  # 0: any free one
    hostname: str  # how we call ourselves in the greeting; never looked up
    max_size: int = 25 * 1024 * 1024
    max_recipients: int = 100
    max_connections: int = 200
    max_connections_per_peer: int = 20
    mails_per_minute: int = 60  # from one peer
    max_errors: int = 20  # refused commands in one session
    allowed_peers: tuple[Network, ...] = LOOPBACK  # nobody else may connect
    trusted_peers: tuple[Network, ...] = LOOPBACK  # exempt from what is counted by peer, or session
    tls: ssl.SSLContext | None = None  # offers STARTTLS
    implicit_tls: bool = False  # speaks TLS from the first octet, and offers no STARTTLS
    put_timeout: float = 4.5  # how long the store may take before the sender is put off
    idle_timeout: float = 300.0  # RFC 5321 section 4.5.3.2.7
    max_in_flight: int = 128 * 1024 * 1024  # of all mails that are being read or stored
