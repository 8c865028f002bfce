"""Mails handed to a smarthost by SMTP (RFC 5321), one connection for many of them.

Nothing leaves in clear text where TLS was asked for, no password does at all except to this very
machine, and no bare CR or LF does ever: a mail ends where we say it ends.
"""

import base64
import contextlib
import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mailgate.delivery.transport import Later, Never, Outgoing, Result, Sent, Unknown, always
from mailgate.errors import Refused, Temporary
from mailgate.mail.plain import carried, one_line

_SAID_LIMIT = 500  # characters of a server's reply that are kept
_BLOCK = 65_536  # bytes given to the socket at once, each under its own time limit
_GOOD, _BAD, _PERMANENT = range(200, 300), range(400, 600), range(500, 600)
_MORE, _GO_ON = 334, 354
_SYNTAX_OF_MAILBOX, _NOT_POSSIBLE = 553, 554  # RFC 5321 section 4.2.3, for refusals of our own

# Replies that speak of the session and not of the mail, whatever command they answer: closing, bad
# sequence, host takes no mail (RFC 7504), and AUTH or TLS missing or too weak (RFC 4954 section 6).
_ABOUT_THE_SESSION = frozenset({421, 503, 521, 530, 534, 535, 538})

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


MOST_MAILS = 100
"""Mails on one connection: many servers want no more, and another one may be less busy."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One command of the envelope: how long its answer may take, and which are good."""

    verb: str
    command: str
    seconds: float
    wanted: Collection[int] = _GOOD


class Tls(StrEnum):
    """How a connection becomes private: by STARTTLS (RFC 3207), from the start, or not."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for the other side, verb by verb (minima of RFC 5321 section 4.5.3.2).

    `connect` covers name, connection, TLS and greeting; being short there costs only a retry.
    """

    connect: float = 60
    command: float = 300
    data: float = 120
    block: float = 180
    final: float = 600
    quit: float = 5


@dataclass(frozen=True, slots=True)
class SmarthostSettings:
    """Where to hand mail to, by which name of ours (`helo`), and whom to trust.

    With `ca_file` only the authorities in it count, without it those of the system.
    """

    host: str
    port: int
    helo: str
    tls: Tls = Tls.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    patience: Patience = Patience()


def is_loopback(host: str) -> bool:
    """Whether `host` can only be this machine: a loopback address, or localhost (RFC 6761)."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


class Smarthost:
    """A smarthost as a transport; may be shared by threads, each with a session of its own."""

    repeatable = False

    def __init__(self, settings: SmarthostSettings) -> None:
        """Raise Refused for settings under which a password would travel in clear text."""
        if settings.user and settings.tls is Tls.OFF and not is_loopback(settings.host):
            raise Refused(
                f"a password for {settings.host} would travel in clear text:"
                ' set tls to "starttls" or "implicit"'
            )
        self._settings = settings

    def open(self) -> "SmtpSession":
        """Connect, start TLS and log in. Raises Temporary, whatever the other side's code."""
        session = SmtpSession(self._settings)
        session.connect()
        return session


class SmtpSession:
    """One connection; when it breaks, the next mail makes a new one."""

    def __init__(self, settings: SmarthostSettings) -> None:
        self._settings = settings
        self._link: smtplib.SMTP | None = None
        self._carried = 0  # mails begun on this connection

    def connect(self) -> smtplib.SMTP:
        """Return a connection that is ready for mail. Raises Temporary."""
        self._drop()
        self._carried = 0
        settings = self._settings
        try:
            self._link = link = _dial(settings)
            _greet(link, settings)
            if settings.tls is Tls.STARTTLS:
                _start_tls(link, settings)
            if settings.user:
                _log_in(link, settings.user, settings.password or "")
        except (OSError, ValueError) as error:  # ValueError: a host name that TLS or IDNA refuses
            self._drop()
            raise Temporary(f"{settings.host}:{settings.port}: {_words(error)}") from error
        return link

    def send(
        self, mail: Outgoing, began: Callable[[], None], still: Callable[[], None] = always
    ) -> Result:
        """Hand over one mail; see Session. Connects anew where that cannot make a double."""
        try:
            sender = carried(mail.envelope_from) if mail.envelope_from else ""
            recipient = carried(mail.recipient)
        except Refused as error:
            return Never(_SYNTAX_OF_MAILBOX, str(error))
        link = self._address(sender, recipient, mail.raw)
        if not isinstance(link, smtplib.SMTP):
            return link
        return self._hand_over(link, mail.raw, began, still)

    def settle(self) -> None:
        """A mail that was taken is theirs."""

    def cut(self) -> None:
        """Break the connection under whoever reads or writes there; they find it lost."""
        link = self._link
        opened = None if link is None else link.sock
        if opened is not None:
            with contextlib.suppress(OSError):
                # Not that of an SSLSocket, which would speak clear text from then on.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)

    def close(self) -> None:
        """Say QUIT and hang up, without waiting long for the answer."""
        link = self._link
        if link is None:
            return
        with contextlib.suppress(OSError):
            _wait(link, self._settings.patience.quit)
            link.quit()
        self._drop()

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _address(self, sender: str, recipient: str, raw: bytes) -> smtplib.SMTP | Later | Never:
        """Give the envelope, and return the connection that has taken it and wants the content."""
        reused = self._link is not None and self._carried > 0
        at, link = self._begin(sender, recipient, raw)
        if reused and at == "MAIL" and isinstance(link, Later) and link.connection:
            # It had died since the last mail, or the server wants no more mails on it.
            _at, link = self._begin(sender, recipient, raw)
        return link

    def _begin(
        self, sender: str, recipient: str, raw: bytes
    ) -> tuple[str, smtplib.SMTP | Later | Never]:
        """Return how it went, and the verb at which that was known."""
        if self._carried >= MOST_MAILS:
            self.close()
        try:
            link = self._link or self.connect()
            command = _mail_command(link, sender, recipient, raw)
        except Temporary as error:
            return "", Later(str(error), connection=True)
        except Refused as error:
            return "", Never(_NOT_POSSIBLE, str(error))
        self._carried += 1
        patience = self._settings.patience
        steps = (
            _Step("MAIL", command, patience.command),
            _Step("RCPT", f"RCPT TO:<{recipient}>", patience.command),
            _Step("DATA", "DATA", patience.data, (_GO_ON,)),
        )
        return self._give(link, steps, together=link.has_extn("pipelining"))

    def _give(
        self, link: smtplib.SMTP, steps: Sequence["_Step"], *, together: bool
    ) -> tuple[str, smtplib.SMTP | Later | Never]:
        """Give commands one by one, or all at once where the server reads them so (RFC 2920)."""
        refused: tuple[str, int, bytes] | None = None
        verb, code = "", -1
        try:
            _wait(link, steps[0].seconds)
            if together:
                link.send("".join(f"{step.command}\r\n" for step in steps))
                # A server that gives its answers one by one may wait for us to acknowledge the
                # first, which would be delayed; this holds for a few segments only.
                _socket(link).setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            for step in steps:
                verb = step.verb
                _wait(link, step.seconds)
                if not together:
                    link.putcmd(step.command)
                code, reply = link.getreply()
                if code not in step.wanted and refused is None:
                    refused = verb, code, reply
                    if not together:
                        break
        except OSError as error:
            self._drop()
            if refused is None:
                verb = verb or steps[0].verb
                return verb, Later(f"lost at {verb}: {_words(error)}", connection=True)
        if refused is None:
            return verb, link
        if code == _GO_ON:
            self._end_empty(link)
        verb, code, reply = refused
        return verb, self._judged(link, code, reply)

    def _end_empty(self, link: smtplib.SMTP) -> None:
        """End a content that is wanted though nobody is to have it (RFC 2920 section 3.1)."""
        try:
            _wait(link, self._settings.patience.final)
            link.send(b".\r\n")
            link.getreply()
        except OSError:
            self._drop()

    def _hand_over(
        self,
        link: smtplib.SMTP,
        raw: bytes,
        began: Callable[[], None],
        still: Callable[[], None],
    ) -> Result:
        patience = self._settings.patience
        try:
            began()
        except BaseException:
            self._drop()  # without the final dot the other side must discard the transaction
            raise
        try:
            _wait(link, patience.block)
            for block in _blocks(on_the_wire(raw)):
                link.send(block)
        except OSError as error:
            self._drop()
            return Later(f"cut before the end of the mail: {_words(error)}", connection=True)
        try:
            still()
        except BaseException:
            self._drop()
            raise
        try:
            _wait(link, patience.final)
            link.send(b".\r\n")
            code, reply = link.getreply()
        except OSError as error:
            self._drop()
            return Unknown(f"no answer after the end of the mail: {_words(error)}", connection=True)
        if code in _GOOD:
            return Sent(_said(code, reply))
        if code not in _BAD:
            self._drop()
            return Unknown(f"an answer that is none: {_said(code, reply)}", connection=True)
        return self._judged(link, code, reply)

    def _judged(self, link: smtplib.SMTP, code: int, reply: bytes) -> Later | Never:
        said = _said(code, reply)
        if code in _ABOUT_THE_SESSION or code not in _BAD:
            self._drop()
            return Later(said, connection=True)
        self._reset(link)
        if code in _PERMANENT:
            return Never(code, said.removeprefix(f"{code}").lstrip())
        return Later(said, connection=False)

    def _reset(self, link: smtplib.SMTP) -> None:
        """Clear the half-given envelope away, or the connection with it."""
        try:
            _wait(link, self._settings.patience.command)
            code, _reply = link.rset()
        except OSError:
            code = -1
        if code not in _GOOD:
            self._drop()


def on_the_wire(raw: bytes) -> bytes:
    """Return a mail as DATA carries it, without the final dot (RFC 5321 sections 2.3.8, 4.5.2).

    Every line ends with CRLF, a bare CR or LF becoming one, and a leading dot is doubled: no mail
    can hold an end of data that some server sees and another does not.
    """
    lines = _LINE_END.sub(b"\r\n", raw)
    if lines and not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return _LEADING_DOT.sub(b"..", lines)


def _blocks(content: bytes) -> Iterator[memoryview]:
    view = memoryview(content)
    for start in range(0, len(content), _BLOCK):
        yield view[start : start + _BLOCK]


def _mail_command(link: smtplib.SMTP, sender: str, recipient: str, raw: bytes) -> str:
    """Return MAIL with what this server must be told: SIZE, BODY (RFC 6152), SMTPUTF8 (RFC 6531).

    Raises Refused when the mail needs what the server does not offer.
    """
    parameters = [f"SIZE={len(raw)}"] if link.has_extn("size") else []
    if not raw.isascii():
        if not link.has_extn("8bitmime"):
            raise Refused("the mail has 8-bit content and the smarthost does not offer 8BITMIME")
        parameters.append("BODY=8BITMIME")
    unicode = not (sender + recipient).isascii()
    if unicode:
        if not link.has_extn("smtputf8"):
            needing = sender if recipient.isascii() else recipient
            raise Refused(f"{needing} needs SMTPUTF8, which the smarthost does not offer")
        parameters.append("SMTPUTF8")
    # docmd encodes by this attribute, as smtplib's own mail() sets it for SMTPUTF8.
    link.command_encoding = "utf-8" if unicode else "ascii"
    return " ".join([f"MAIL FROM:<{sender}>", *parameters])


def _dial(settings: SmarthostSettings) -> smtplib.SMTP:
    host, port, helo = settings.host, settings.port, settings.helo
    seconds = settings.patience.connect
    if settings.tls is Tls.IMPLICIT:
        trust = _tls_context(settings.ca_file)
        link: smtplib.SMTP = smtplib.SMTP_SSL(host, port, helo, timeout=seconds, context=trust)
    else:
        link = smtplib.SMTP(host, port, helo, timeout=seconds)
    # The final dot is a small write after a large one: without this it waits for a delayed ACK.
    _socket(link).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:  # it does not name the file
        raise OSError(f"no certificate authorities in {ca_file}: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _greet(link: smtplib.SMTP, settings: SmarthostSettings) -> None:
    code, reply = link.ehlo()
    if code in _PERMANENT and settings.tls is Tls.OFF and not settings.user:
        code, reply = link.helo()  # RFC 5321 section 3.2: a server too old to know EHLO
    if code not in _GOOD:
        raise smtplib.SMTPHeloError(code, reply)


def _start_tls(link: smtplib.SMTP, settings: SmarthostSettings) -> None:
    if not link.has_extn("starttls"):
        raise smtplib.SMTPNotSupportedError("STARTTLS is required and not offered")
    link.starttls(context=_tls_context(settings.ca_file))
    _greet(link, settings)  # what was said in clear text does not count (RFC 3207 section 4.2)


def _log_in(link: smtplib.SMTP, user: str, password: str) -> None:
    """AUTH PLAIN (RFC 4616), else LOGIN; in UTF-8, where smtplib's own takes ASCII only."""
    offered = link.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        code, reply = link.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}"))
    elif "LOGIN" in offered:
        code, reply = link.docmd("AUTH", "LOGIN")
        for answer in (user, password):
            if code == _MORE:
                code, reply = link.docmd(_base64(answer))
    else:
        raise smtplib.SMTPNotSupportedError("neither AUTH PLAIN nor AUTH LOGIN is offered")
    if code not in _GOOD:
        raise smtplib.SMTPAuthenticationError(code, reply)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _socket(link: smtplib.SMTP) -> socket.socket:
    if link.sock is None:
        raise smtplib.SMTPServerDisconnected("not connected")
    return link.sock


def _wait(link: smtplib.SMTP, seconds: float) -> None:
    """Set how long the next reads and writes may take. Raises OSError on a lost connection."""
    _socket(link).settimeout(seconds)


def _said(code: int, reply: bytes) -> str:
    text = one_line(reply.decode("utf-8", "replace"), _SAID_LIMIT)
    return f"{code} {text}".rstrip()


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _said(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: nothing listens there"
    if isinstance(error, socket.gaierror):
        return "there is no such host, or the DNS does not answer"
    return one_line(str(error) or type(error).__name__, _SAID_LIMIT)
