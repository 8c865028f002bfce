"""What the tests of the smarthost share: two mails, and settings that point at a sink."""

from mailgate.delivery.smtp import Patience, SmarthostSettings, Tls
from mailgate.delivery.transport import Outgoing
from tests.peers.places import LOOPBACK
from tests.peers.sink import Sink

RAW = b"Subject: one\r\nMessage-ID: <1@desk.example>\r\n\r\nHello.\r\n"
MAIL = Outgoing("bounce+1@desk.example", "carol@client.example", RAW)
OTHER = Outgoing("", "dave@client.example", RAW.replace(b"one", b"two"))
AMPLE = Patience(connect=30, command=30, data=30, block=30, final=30, quit=0.2)
OFFERED = "250-old.example\r\n250 "


def nothing() -> None:
    """Do nothing when the content begins."""


def settings_for(sink: Sink, **changed: object) -> SmarthostSettings:
    values = {"tls": Tls.OFF, "patience": AMPLE} | changed
    return SmarthostSettings(LOOPBACK, sink.port, "gate.desk.example", **values)
