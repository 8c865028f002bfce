"""A certificate for the loopback interface, made anew for each run."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.peers.presence import need


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a self-signed EC certificate for `localhost` and 127.0.0.1, valid for two days."""

    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """Return a context with which a server shows this certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return a context with which a client trusts this certificate and no other."""
        return ssl.create_default_context(cafile=str(self.chain))


def make(folder: Path) -> Certificate:
    """Make a certificate in `folder`; two calls give two that do not trust each other."""
    openssl = need("openssl", "openssl")
    made = Certificate(chain=folder / "cert.pem", key=folder / "key.pem")
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    words += ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [openssl, *words, "-keyout", made.key, "-out", made.chain],
        check=True,
        capture_output=True,
    )
    return made
