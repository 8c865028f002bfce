"""One SMTP session: aiosmtpd's machine with the commands that matter here done strictly.

What differs from aiosmtpd: DATA is read in blocks and not line by line; addresses and parameters
are read by `envelope`; each reply carries an enhanced status code (RFC 2034); a fault of ours is
451 with a constant text, whatever it was; 250 is said when the mail is stored and not before.
"""
# ruff: noqa: N802 -- aiosmtpd finds its commands by these names

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from mailgate.errors import Temporary
from mailgate.intake import replies
from mailgate.intake.awaiting import Awaiting
from mailgate.intake.data import DataReader
from mailgate.intake.envelope import read_recipient, read_sender
from mailgate.intake.gate import Claim, Gate
from mailgate.intake.inbox import Inbox, Incoming
from mailgate.intake.settings import SmtpSettings
from mailgate.log import log

# How often a command may come in one session. An MTA that reuses its connection for thousands of
# mails is welcome; the rest is what no sender needs often.
_CALLS = {"MAIL": 100_000, "RCPT": 1_000_000, "DATA": 100_000, "RSET": 100_000, "*": 500}

_PATIENCE = 4  # flawed data is read on up to this many times the size limit
_LONGEST_DATA = 10  # idle timeouts that the data of one mail may take in all, however it trickles
_ALL = 1 << 30


@dataclass(frozen=True, slots=True)
class House:
    """What all sessions of a listener share."""

    settings: SmtpSettings
    gate: Gate
    inbox: Inbox
    accepts: Callable[[str], bool]
    now: Callable[[], datetime]
    sessions: "set[Dialogue]"  # those whose connection is open
    awaiting: Awaiting


class Dialogue(SMTP):
    """The session with one peer, from the greeting to the end of the connection.

    Built by the event loop for each connection. `closed` is done when the connection is gone.
    """

    road = "smtp"
    greeting, hello = "ESMTP", "EHLO"

    # The reader sees commands only, since data goes past it; this bounds what it buffers.
    line_length_limit = 4096
    command_size_limit = 1024  # RFC 5321 asks for 512, and some more for each extension

    session: Session  # both are there from the moment a peer is connected
    envelope: Envelope

    def __init__(self, house: House) -> None:
        # aiosmtpd keeps these in the class, and adds to them with every EHLO of any session.
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)
        loop = asyncio.get_running_loop()
        super().__init__(
            None,
            data_size_limit=house.settings.max_size,
            enable_SMTPUTF8=True,
            hostname=house.settings.hostname,
            ident=self.greeting,
            tls_context=house.settings.tls,
            timeout=house.settings.idle_timeout,
            command_call_limit=_CALLS,
            loop=loop,
        )
        self.closed = loop.create_future()
        self._house = house
        self._peer = ""
        self._before = b""  # a CR that the last octets ended with
        self._errors = 0  # replies of 5xx in this session
        self._declared = 0  # octets, as MAIL announced them
        self._claim = Claim(house.gate)
        self._in_data = False  # from DATA to its last reply
        self._owed = 1  # replies to the command, or the data, that is being read
        self._reading: DataReader | None = None
        self._data_ended: asyncio.Future[None] = loop.create_future()
        self._data_began = 0.0  # by the loop's clock
        self._heard = 0.0  # likewise
        self._idle_at = 0.0  # likewise; the timer that is set rings no later
        self._timed = False

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or after STARTTLS begin again."""
        self._house.sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End; aiosmtpd may call this twice when TLS could not be set up."""
        super().connection_lost(error)
        self._house.sessions.discard(self)
        if not self.closed.done():
            self.closed.set_result(None)

    async def _handle_client(self) -> None:
        """Admit the peer and talk to it; a peer that goes away is nobody's fault."""
        self._peer = str(self.session.peer[0]) if self.session.peer else ""
        refusal = self._house.gate.admit(self._peer)
        if refusal:
            log("peer.refused", peer=self._peer, reply=refusal)
            await self.push(refusal)
            self._close()
            return
        try:
            await super()._handle_client()
        except ConnectionError:
            self._close()
        finally:
            self._house.gate.leave(self._peer)

    def data_received(self, data: bytes) -> None:
        """Hand the octets of a mail to its reader, and all others to the reader of commands."""
        self._heard = self.loop.time()
        if self._reading is None:
            self._hear(data)
            return
        rest = self._reading.feed(data)
        if rest is None and not self._reading.exhausted:
            return
        self._reading = None
        if rest:
            self._hear(rest)
        if not self._data_ended.done():
            self._data_ended.set_result(None)

    def _hear(self, data: bytes) -> None:
        """Hand octets to the reader of commands, whose lines end with CR LF and nothing else.

        Commands that end otherwise are the work of nobody who speaks SMTP (RFC 5321 section
        2.3.8), but maybe of somebody who got a mail past another server.
        """
        if (self._before + data).count(b"\r\n") != data.count(b"\n"):
            log("peer.refused", peer=self._peer, reply=replies.BARE_NEWLINE)
            self._close(replies.BARE_NEWLINE)
            return
        self._before = b"\r" if data.endswith(b"\r") else b""
        super().data_received(data)

    def say_goodbye(self) -> None:
        """Close with 421, unless a mail is under way, which closes when it is answered."""
        if not self._in_data:
            self._close(replies.GOODBYE)

    def abort(self) -> None:
        """Cut the connection; a commit under way goes on."""
        self._writer.transport.abort()

    def _close(self, reply: str | None = None) -> None:
        if self.transport is None or self._writer.is_closing():
            return
        if reply:
            self._writer.write(f"{reply}\r\n".encode())
        self._writer.close()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Begin to wait anew.

        The timer is left as it is, and sees when it rings whether it is time: to set one with each
        command costs more than the command.
        """
        self._idle_at = self.loop.time() + (duration or self._house.settings.idle_timeout)
        if not self._timed:
            self._timed = True
            self._timeout_handle = self.loop.call_at(self._idle_at, self._timeout_cb)

    def _timeout_cb(self) -> None:
        """Close an idle session; one that still sends or waits for the store is not idle."""
        limit = self._house.settings.idle_timeout
        now = self.loop.time()
        self._timed = False
        if now < self._idle_at:
            self._reset_timeout(self._idle_at - now)
            return
        busy = self._in_data and now - self._data_began < _LONGEST_DATA * limit
        silence = now - self._heard if self._reading else 0.0
        if busy and silence < limit:
            self._reset_timeout(limit - silence)
        else:
            self._close(replies.IDLE)

    # -- replies

    async def push(self, status: str | bytes) -> None:
        """Send a reply, with an enhanced status code (RFC 2034 section 4).

        Who is refused too often, as when addresses are guessed, is sent away.
        """
        line = status.encode() if isinstance(status, str) else status
        await super().push(replies.enhanced(line))
        if line.startswith(b"5"):
            self._errors += 1
            most = self._house.settings.max_errors
            if self._errors == most and not self._house.gate.trusts(self._peer):
                log("peer.refused", peer=self._peer, reply=replies.TOO_MANY_ERRORS)
                self._close(replies.TOO_MANY_ERRORS)

    async def handle_exception(self, error: Exception) -> str:
        """Answer whatever surprised us: try again, and not a word of what it was."""
        if isinstance(error, TLSSetupException):
            log("peer.tls_failed", peer=self._peer, error=str(error.__cause__))
        else:
            log("smtp.failed", peer=self._peer, mail_from=self.envelope.mail_from, exc_info=error)
        owed, self._owed = self._owed, 1
        return "\r\n".join([replies.LATER] * owed)

    def _refused(self, reply: str, **fields: object) -> str:
        log(
            "mail.refused",
            peer=self._peer,
            mail_from=self.envelope.mail_from,
            reply=reply,
            **fields,
        )
        return reply

    # -- commands

    async def smtp_HELO(self, hostname: str | None) -> None:
        """Greet back, without extensions."""
        await self._greet(hostname, extended=False)

    async def smtp_EHLO(self, hostname: str | None) -> None:
        """Greet back, with all extensions that hold here."""
        await self._greet(hostname, extended=True)

    async def _greet(self, hostname: str | None, *, extended: bool) -> None:
        if not hostname or not hostname.isprintable():
            await self.push("501 5.5.4 Say who you are")
            return
        self.envelope = self._create_envelope()
        self.session.extended_smtp = extended
        self.session.host_name = hostname
        lines = [self.hostname, *(self._extensions() if extended else ())]
        reply = "\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])
        await super().push(reply)  # the one reply without an enhanced code

    def _extensions(self) -> list[str]:
        size = f"SIZE {self._house.settings.max_size}"
        lines = ["PIPELINING", size, "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self.tls_context and not self.session.ssl:
            lines.append("STARTTLS")
        return lines

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        """Begin TLS, once (RFC 3207 section 4.2)."""
        if self.session.ssl:
            await self.push("503 5.5.1 TLS is on already")
        else:
            await super().smtp_STARTTLS(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Begin a mail."""
        await self.push(self._begin_mail(arg))

    def _begin_mail(self, arg: str | None) -> str:
        if not self.session.host_name:
            return f"503 5.5.1 Say {self.hello} first"
        if self.envelope.mail_from is not None:
            return "503 5.5.1 A mail is begun already"
        path = read_sender(arg, extended=self.session.extended_smtp)
        if isinstance(path, str):
            return self._refused(path)
        if path.size > self._house.settings.max_size:
            return self._refused(replies.TOO_BIG, size=path.size)
        if not self._house.inbox.has_room(path.size):
            return self._refused(replies.NO_DISK, size=path.size)
        if not self._house.gate.begin_mail(self._peer, self.loop.time()):
            return self._refused("450 4.7.1 Too many mails a minute, please try again")
        self.envelope.mail_from = path.address
        self.envelope.smtp_utf8 = path.smtputf8
        self._declared = path.size
        return "250 2.1.0 OK"

    async def smtp_RCPT(self, arg: str | None) -> None:
        """Add a recipient, if it is one of ours."""
        await self.push(self._add_recipient(arg))

    def _add_recipient(self, arg: str | None) -> str:
        if self.envelope.mail_from is None:
            return "503 5.5.1 Say MAIL first"
        path = read_recipient(arg, smtputf8=self.envelope.smtp_utf8)
        if isinstance(path, str):
            return self._refused(path)
        if len(self.envelope.rcpt_tos) >= self._house.settings.max_recipients:
            return "452 4.5.3 Too many recipients"
        if not self._house.accepts(path.address):
            return self._refused("550 5.1.1 No such address here", recipient=path.address)
        self.envelope.rcpt_tos.append(path.address)
        return "250 2.1.5 OK"

    async def smtp_DATA(self, arg: str | None) -> None:
        """Read a mail, store it, and only then say so."""
        refusal = self._data_refusal(arg)
        if refusal:
            await self.push(refusal)
            return
        self._in_data = True
        try:
            data = await self._read_data()
            if data.flaw:
                reply = self._refused(replies.FLAWED[data.flaw], flaw=data.flaw.value)
            else:
                reply = await self._store(data.take())
            await self.push("\r\n".join([reply] * self._owed))
            self._owed = 1
            if data.exhausted:
                self._close()
        finally:
            self._in_data = False
            self._reading = None
            self._claim.release()
            self.envelope = self._create_envelope()
            if self._house.gate.stopping:
                self.loop.call_soon(self.say_goodbye)

    def _data_refusal(self, arg: str | None) -> str | None:
        if not self.envelope.rcpt_tos:
            return "503 5.5.1 Say RCPT first"
        if arg:
            return "501 5.5.4 Syntax: DATA"
        # What is declared must fit; what counts as taken is only what has come, or a few who
        # declare much and send nothing would keep everybody out.
        if not self._house.gate.has_room(max(self._declared, 1)) or not self._claim.grow(1):
            return self._refused(replies.NO_ROOM, size=self._declared)
        return None

    async def _read_data(self) -> DataReader:
        limit = self._house.settings.max_size
        data = DataReader(limit, self._claim.grow, _PATIENCE * limit)
        # A client may have sent data already, without waiting for 354: it lies in the reader of
        # commands, which tells what it holds only to who reads at least one octet. So one is
        # added and taken off again.
        self._reader.feed_data(b"\0")
        early = (await self._reader.read(_ALL))[:-1]
        self._owed = self._answers()
        self._data_began = self._heard = self.loop.time()
        self._data_ended = self.loop.create_future()
        self._reading = data
        if early:
            self.data_received(early)
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._data_ended
        return data

    def _answers(self) -> int:
        """Return how many replies the end of data has."""
        return 1

    async def _store(self, raw: bytes) -> str:
        """Return 250 once the mail is durable, 451 if that fails or takes too long."""
        recipients = tuple(dict.fromkeys(self.envelope.rcpt_tos))
        mail_from = self.envelope.mail_from or ""
        mail = self._incoming(raw, recipients)
        facts = {"peer": self._peer, "mail_from": mail_from, "size": len(raw)}
        try:
            kept = self._house.inbox.submit(mail)
            claim, self._claim = self._claim, Claim(self._house.gate)
            number = await self._house.awaiting.stored(kept, claim)
        except (Temporary, ConnectionError) as error:
            why = f"{type(error).__name__}: {error}"
            log("mail.refused", **facts, reply=replies.LATER, error=why)
            return replies.LATER
        except asyncio.CancelledError:
            log("mail.unanswered", **facts)
            raise
        log("mail.accepted", mail=number, **facts, recipients=recipients)
        return f"250 2.0.0 Stored as {number}"

    def _incoming(self, raw: bytes, recipients: tuple[str, ...]) -> Incoming:
        mail_from = self.envelope.mail_from or ""
        return Incoming(raw, mail_from, recipients, self._house.now(), self._peer, self.road)

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: ARG002 -- aiosmtpd passes it
        """Neither confirm nor deny (RFC 5321 section 7.3)."""
        await self.push("252 2.0.0 Send a mail and see")

    async def smtp_EXPN(self, arg: str | None) -> None:
        """Neither confirm nor deny (RFC 5321 section 7.3)."""
        await self.smtp_VRFY(arg)

    async def smtp_HELP(self, arg: str | None) -> None:  # noqa: ARG002 -- aiosmtpd passes it
        """Point to the standard."""
        await self.push("214 2.0.0 See RFC 5321")

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: ARG002 -- aiosmtpd passes it
        """Refuse: nobody logs in here."""
        await self.push("502 5.5.1 Not here")
