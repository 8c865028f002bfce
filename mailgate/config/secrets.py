"""Secrets that lie in files: read only when nobody else may read them.

A file of signing keys has a line for each key, `name key`, the key in base32 (RFC 4648); the first
signs, the others are still believed. Lines that begin with # are comments.
"""

import base64
import binascii
import ipaddress
import os
import secrets
import shlex
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from mailgate.config.errors import Wrong

_LONGEST = 65_536  # bytes of a secret file
_KEY_OCTETS = 32  # as many as HMAC-SHA256 puts out (RFC 2104 section 3)
_LEAST_OCTETS = 16
_OTHERS, WORLD = stat.S_IRWXG | stat.S_IRWXO, stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys of the gateway by name; `current` signs."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    @property
    def fingerprints(self) -> dict[str, str]:
        """Return by what each key is known again; nothing can be signed with it."""
        marked = {name: b"mailgate fingerprint\0" + key for name, key in self.keys.items()}
        return {name: sha256(octets).hexdigest()[:16] for name, octets in marked.items()}


def exposed(path: Path, environ: Mapping[str, str], bits: int = _OTHERS) -> str:
    """Return the remedy if others may read `path`, else an empty text. Raises OSError.

    systemd hands credentials to a service with an access list, which shows as a readable group
    (systemd.exec(5), CREDENTIALS_DIRECTORY); there only the world counts.
    """
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and Path(credentials) in path.parents:
        bits = WORLD
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"others may use it (mode {mode:04o}): {remedy(path)}" if mode & bits else ""


def remedy(path: Path) -> str:
    """Return the command that closes a file to others."""
    return f"chmod 600 {shlex.quote(str(path))}"


def readable(path: Path) -> None:
    """Raise `Wrong` unless `path` is a file that can be opened."""
    try:
        if path.is_dir():
            raise Wrong("it is a folder")
        with path.open("rb"):
            pass
    except OSError as error:
        raise Wrong(_trouble(path, error)) from None


def read_secret(path: Path, environ: Mapping[str, str]) -> str:
    """Return what a secret file holds, without blanks around it. Raises `Wrong`."""
    readable(path)
    if hint := exposed(path, environ):
        raise Wrong(hint)
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST).decode().strip()
    except UnicodeDecodeError:
        raise Wrong(f"{path} is not text") from None
    if not text:
        raise Wrong(f"{path} is empty")
    return text


def read_keys(path: Path, environ: Mapping[str, str]) -> SigningKeys:
    """Return the signing keys in `path`. Raises `Wrong`."""
    try:
        lines = read_secret(path, environ).splitlines()
    except Wrong as wrong:
        missing = "" if path.exists() else "; `mailgate init` writes one with a new configuration"
        raise Wrong(wrong.hint + missing) from None
    keys: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, code = line.strip().partition(" ")
        try:
            octets = base64.b32decode(code.strip().upper())
        except (binascii.Error, ValueError):
            raise Wrong(f"line {number} of {path} is not a name and a key in base32") from None
        if name in keys or len(octets) < _LEAST_OCTETS:
            raise Wrong(f"line {number} of {path}: a name given twice, or a key under 16 octets")
        keys[name] = octets
    if not keys:
        raise Wrong(f"{path} holds no key")
    return SigningKeys(next(iter(keys)), keys)


def new_key() -> str:
    """Return a key that nobody has seen, in base32."""
    return base64.b32encode(secrets.token_bytes(_KEY_OCTETS)).decode()


def write_keys(path: Path) -> None:
    """Make a file with one new key, readable by its owner alone. Raises FileExistsError."""
    text = (
        "# Signs mailgate's addresses and Message-IDs. Keep it secret, and keep it: without it\n"
        "# answers to mails already sent are not recognised. The first key signs, all are\n"
        "# believed. To change it: `mailgate keys --help`.\n"
        f"key1 {new_key()}\n"
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _trouble(path: Path, error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"{path}: {reason}"


def is_loopback(host: str) -> bool:
    """Tell whether a secret that is sent to `host` stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
