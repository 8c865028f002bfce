"""A smarthost that counts: of each mail only who it was for and its Message-ID."""

from collections import Counter

from bench.gateway import LIMITS
from tests.peers.sink import Received, Sink
from tests.torture.reckoning import MESSAGE_ID, Sending


class Smarthost(Sink):
    """Takes any number of mails without keeping them; `arrived` counts those that came whole."""

    def __init__(self) -> None:
        self.arrived: Counter[Sending] = Counter()
        super().__init__()

    def note_command(self, line: str) -> None:
        """Forget what was said."""

    def note_mail(self, mail: Received) -> None:
        """Count a mail that came whole, whether its sender learns of it or not."""
        named = MESSAGE_ID.search(mail.raw)
        assert named, mail.raw[:500]
        with self._news:
            for recipient in mail.recipients:
                self.arrived[named[1].decode(), recipient] += 1
            self._news.notify_all()

    def settings(self) -> dict[str, object]:
        """Return the settings of a gateway that sends here whatever there is to be sent."""
        said = {"transport": "smtp", "host": "127.0.0.1", "port": self.port, "tls": "off"}
        limits = {f"limits.{name}": most for name, most in LIMITS.items()}
        return limits | {f"delivery.{name}": value for name, value in said.items()}
