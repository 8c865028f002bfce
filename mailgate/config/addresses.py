"""What the keys of the configuration take where something has an address.

Mail addresses, hosts, ports, networks, pages, the database. Nothing here asks the DNS.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from mailgate.config.errors import Wrong, did_you_mean, shown
from mailgate.config.values import text_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_ATOM = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_IN_BRACKETS = re.compile(r"<([^<>]*)>")
_SCHEME = re.compile(r"[a-z][a-z0-9+]*:", re.ASCII | re.IGNORECASE)
_MOST_LOCAL, _MOST_ADDRESS, _MOST_HOST = 64, 254, 253  # octets, RFC 5321 4.5.3.1
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen: an IP address or `localhost`, and a port; port 0 means any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_host(value: object, _: Path) -> str:
    """Read a host name (its ASCII form is returned, small) or an IP address."""
    text = text_of(value)
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        name, colon, port = text.rpartition(":")
        if colon and port.isdecimal():
            raise Wrong(f"without the port: {shown(name)}") from None
        return _domain(text)


def read_maybe_host(value: object, folder: Path) -> str:
    """Read a host name, or an empty text."""
    return "" if value == "" else read_host(value, folder)


def read_server_id(value: object, folder: Path) -> str:
    """Read the authserv-id of a server (RFC 8601 section 2.5), or `-` for none at all."""
    return "-" if value == "-" else read_host(value, folder)


def _domain(text: str) -> str:
    try:
        name = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise Wrong("a host name has letters, digits, - and single dots") from None
    labels = name.split(".")
    if len(name) > _MOST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise Wrong("a host name has letters, digits, - and single dots")
    return name


def read_address(value: object, _: Path) -> str:
    """Read one mail address; small letters and the ASCII form of the domain are returned.

    Local parts are compared without regard to capitals everywhere in mailgate; RFC 5321 2.4
    would have them differ, but no mail system in use does.
    """
    text = text_of(value)
    bracketed = _IN_BRACKETS.search(text)
    if bracketed is not None:
        raise Wrong(f"only the address: {shown(bracketed[1])}")
    if text.lower().startswith("mailto:"):
        raise Wrong(f"only the address: {shown(text[7:])}")
    if "," in text or ";" in text:
        raise Wrong("one address only, and dots where commas stand")
    if " " in text:
        raise Wrong("an address has no spaces")
    local, at, domain = text.lower().rpartition("@")
    if not at or not local or not domain:
        raise Wrong("it needs a name, an @ and a domain")
    if "@" in local:
        raise Wrong("one @ only")
    if not _ATOM.fullmatch(local) or len(local) > _MOST_LOCAL:
        raise Wrong("before the @ stand letters, digits, -, _, + and single dots, at most 64")
    host = _domain(domain)
    if "." not in host and host != "localhost":
        raise Wrong(f"the domain {shown(host)} has no dot")
    if len(local) + 1 + len(host) > _MOST_ADDRESS:
        raise Wrong("at most 254 characters in all")
    return f"{local}@{host}"


def read_listen(value: object, _: Path) -> Listen:
    """Read `127.0.0.1:2525`, `[::1]:2525`, `localhost:2525` or `0.0.0.0:25`."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong(f'did you mean "127.0.0.1:{value}"?')
    text = text_of(value)
    host, colon, port = text.rpartition(":")
    if not colon or not port.lstrip("-").isdecimal():
        raise Wrong(
            f'did you mean "127.0.0.1:{text}"?' if text.isdecimal() else "it needs a : and a port"
        )
    if not 0 <= int(port) <= _HIGHEST_PORT:
        raise Wrong(f"ports go from 0 to {_HIGHEST_PORT}")
    if host in {"", "*"}:
        raise Wrong(f'did you mean "0.0.0.0:{port}" (every IPv4 address) or "[::]:{port}"?')
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in host and bare == host:
        raise Wrong(f'did you mean "[{host}]:{port}"?')
    if bare != "localhost":
        try:
            bare = str(ipaddress.ip_address(bare))
        except ValueError:
            raise Wrong("a name would need DNS at start: write the IP address") from None
    return Listen(bare, int(port))


def read_network(value: object, _: Path) -> Network:
    """Read an IP address or a network such as `10.0.0.0/8`."""
    text = text_of(value)
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Wrong from None
    raise Wrong(f'did you mean "{meant}"?')


def read_list(value: object, _: Path) -> str:
    """Read the List-Id (RFC 2919) or the address of a list, without brackets and in small."""
    text = text_of(value).strip("<>").lower()
    if not re.fullmatch(r"[^\s<>]+", text):
        raise Wrong("the part of List-Id between < and >")
    return text


def read_public_url(value: object, _: Path) -> str:
    """Read where our pages are reached, without the slash at its end, or nothing."""
    if value == "":
        return ""
    text = text_of(value).rstrip("/")
    try:
        parts = urlsplit(text)
        named = parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        raise Wrong from None
    plain = re.fullmatch(r"[\x21-\x7e]+", text) and not set(text) & set("\"'<>\\?#@")
    if not plain or not named or parts.scheme not in {"http", "https"}:
        raise Wrong
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise Wrong("what stands in the link is a secret: it needs https://")
    return text


def read_database(value: object, folder: Path) -> SecretStr:
    """Read a path (SQLite) or the URL of a PostgreSQL database, as a SQLAlchemy URL.

    It may hold a password, so it is a secret. A relative path starts at the folder of the
    configuration file. Several servers are divided by commas, each with its port if it has one.
    """
    if not isinstance(value, str) or not value.strip():
        raise Wrong
    text = value.strip()
    scheme, divider, rest = text.partition("://")
    if not divider:
        if _SCHEME.match(text):
            raise Wrong("after postgresql: comes //")
        return SecretStr(f"sqlite:///{folder / Path(text).expanduser()}")
    if scheme == "sqlite":
        path = rest.removeprefix("/")
        if path in {"", ":memory:", rest}:
            raise Wrong("write the path of the file alone")
        return SecretStr(f"sqlite:///{folder / path}")
    if scheme not in {"postgresql", "postgresql+psycopg", "postgres"}:
        raise Wrong(did_you_mean(scheme, ["postgresql", "sqlite"]) or "only SQLite and PostgreSQL")
    rest = _one_by_one(rest)
    try:
        url = urlsplit(f"postgresql://{rest}")
        known = url.path.strip("/") and url.port != 0
    except ValueError:
        raise Wrong("write @ : / ? # of a password as %40 %3A %2F %3F %23") from None
    if not known:
        raise Wrong("the name of the database is missing: postgresql://user@host/NAME")
    return SecretStr(f"postgresql+psycopg://{rest}")


def _one_by_one(rest: str) -> str:
    """Name several servers as SQLAlchemy does: for `u@a:1,b/name` `u@/name?host=a:1&host=b`."""
    authority, slash, path = rest.partition("/")
    user, at, hosts = authority.rpartition("@")
    if "," not in hosts:
        return rest
    named = "&".join(f"host={host}" for host in hosts.split(","))
    return f"{user}{at}{slash}{path}{'&' if '?' in path else '?'}{named}"
