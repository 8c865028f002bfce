"""Mails in thousands, through the inbox that commits them in groups, and counted at the end."""

from collections import Counter

from mailgate import log
from mailgate.intake.inbox import Incoming
from tests.intake.desk import SUPPORT

_AT_ONCE = 500


class Flood:
    """Pours raw mails into a desk; `sent` is every notice to customers that is on its way."""

    def __init__(self, gateway):
        self.gateway = gateway

    def pour(self, mails):
        """Keep (sender, raw bytes) pairs durably and have all of them processed."""
        log.configure("error")  # a line for each of them says nothing here
        self.gateway.inbox.start()
        try:
            waiting = []
            for sender, raw in mails:
                mail = Incoming(raw, sender, (SUPPORT,), self.gateway.now, "192.0.2.9", "smtp")
                waiting.append(self.gateway.inbox.submit(mail))
                if len(waiting) >= _AT_ONCE:
                    self._answered(waiting)
            self._answered(waiting)
        finally:
            self.gateway.inbox.stop()
        self.gateway.worker.drain()
        log.configure()

    @staticmethod
    def _answered(waiting):
        for each in waiting:
            each.result(60)
        waiting.clear()

    def states(self):
        return Counter(row["state"] for row in self.gateway.rows("mail_delivery"))

    def sent(self, notice="received"):
        return [row for row in self.gateway.outbox(notice) if row["state"] != "suppressed"]


def mail(n, sender, subject="Hello", **headers):
    """Return one mail; header names with underscores."""
    given = {"From": sender, "To": SUPPORT, "Subject": subject, "Message-ID": f"<{n}@f.example>"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items()]
    return sender, ("\r\n".join([*lines, "", f"Words {n}.", ""])).encode()
