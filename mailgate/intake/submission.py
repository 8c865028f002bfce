"""The submission port (RFC 6409): agents log in and hand in mail, which leaves as the desk's.

Nobody relays here: without a login no mail begins, and what a login hands in is looked through
before it is taken. What would not be carried out is refused with a sentence, so that the mail
stays with its author; 250 means what it means at the other ports.
"""
# ruff: noqa: N802 -- aiosmtpd finds its commands by these names

import asyncio
import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mailgate.errors import Temporary
from mailgate.intake import replies
from mailgate.intake.dialogue import Dialogue, House
from mailgate.intake.gate import is_loopback
from mailgate.intake.inbox import Incoming
from mailgate.intake.logins import Logins, Said
from mailgate.intake.smtp import Listener
from mailgate.log import log
from mailgate.mail import plain
from mailgate.store.inbox import SUBMISSION

_MECHANISMS = "PLAIN LOGIN"
_LONGEST_LOGIN = 60.0  # seconds that a session may be silent before the login
_LONGEST_LOOK = 20.0  # seconds that looking through one mail may take before its author is put off
_AT_ONCE = 2  # mails that are looked through
_LONGEST_SENTENCE = 400  # characters: a reply has 512 octets (RFC 5321 section 4.5.3.1.5)
_GIVEN_AUTHOR = re.compile(r" AUTH=\S*", re.IGNORECASE)  # RFC 4954 section 5; it is not believed
_TOO_LONG = "500 5.5.6 Line too long"
_SAID = {
    Said.WRONG: "535 5.7.8 Wrong name or password",
    Said.TOO_MANY: "454 4.7.0 Too many failed logins, please try again in ten minutes",
    Said.BUSY: "454 4.7.0 Too many logins at once, please try again",
}


class _Broken(Exception):
    """What a client says where its name or password should stand; the reply to that."""


@dataclass(frozen=True, slots=True)
class Office:
    """Who may log in, and what looks through a mail.

    `objection` returns in a sentence why a mail would not be carried out, None when it would; it
    is called in a thread, and may raise `Temporary`.
    """

    logins: Logins
    objection: Callable[[Incoming], str | None]
    looking: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="looking")
    )


class SubmissionListener(Listener):
    """The port for agents."""

    def _say_where(self) -> None:
        log("submission.listening", host=self._settings.host, port=self.port)


class SubmissionDialogue(Dialogue):
    """The session with the mail program of an agent."""

    road = SUBMISSION

    def __init__(self, house: House, office: Office) -> None:
        super().__init__(house)
        self._office = office
        self._login: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or after STARTTLS begin again, with nobody logged in (RFC 3207 section 4.2)."""
        self._login = None
        super().connection_made(transport)
        if self._house.settings.implicit_tls and not self.session.ssl:
            self.session.ssl = {"implicit": True}

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Wait anew; for a login not for long, since nobody is known before."""
        first = min(_LONGEST_LOGIN, self._house.settings.idle_timeout)
        super()._reset_timeout(duration or (first if self._login is None else None))

    def _extensions(self) -> list[str]:
        more = [f"AUTH {_MECHANISMS}"] if self._private else []
        return [*super()._extensions(), *more]

    @property
    def _private(self) -> bool:
        """Whether nobody on the way can read a password."""
        return bool(self.session.ssl) or is_loopback(self._peer)

    # -- the login

    async def smtp_AUTH(self, arg: str | None) -> None:
        """Log an agent in (RFC 4954), by PLAIN (RFC 4616) or LOGIN."""
        refusal = self._auth_refusal(arg)
        if refusal:
            await self.push(refusal)
            return
        mechanism, _, initial = (arg or "").partition(" ")
        try:
            if mechanism.upper() == "PLAIN":
                name, password = _plain(await self._answer("", initial.strip()))
            else:
                name = _text(await self._answer("Username:", initial.strip()))
                password = _text(await self._answer("Password:", ""))
        except _Broken as broken:
            if str(broken) == _TOO_LONG:
                self._close(_TOO_LONG)  # what follows would be taken for commands
            else:
                await self.push(str(broken))
            return
        said = await self._office.logins.who(self._peer, name, password)
        if isinstance(said, Said):
            await self.push(_SAID[said])
            return
        self._login = said
        self._reset_timeout()
        await self.push("235 2.7.0 Welcome")

    def _auth_refusal(self, arg: str | None) -> str | None:
        if not self.session.extended_smtp:
            return "503 5.5.1 Say EHLO first"
        if self._login is not None:
            return "503 5.5.1 You are logged in already"
        if not self._private:
            return "538 5.7.11 Not without TLS: say STARTTLS first"
        if not arg:
            return "501 5.5.4 Syntax: AUTH mechanism"
        if arg.partition(" ")[0].upper() not in _MECHANISMS.split():
            return f"504 5.5.4 Only {_MECHANISMS.replace(' ', ' and ')}"
        return None

    async def _answer(self, question: str, initial: str) -> bytes:
        """Return what a client answers, or has given at once. Raises `_Broken`."""
        if not initial:
            await self.push(b"334 " + b64encode(question.encode()))
            try:
                line = await self._reader.readuntil()
            except asyncio.LimitOverrunError:
                raise _Broken(_TOO_LONG) from None
            initial = line.rstrip(b"\r\n").decode("ascii", "replace")
        if initial == "*":
            raise _Broken("501 5.7.0 Broken off")
        try:
            return b"" if initial == "=" else b64decode(initial, validate=True)
        except (binascii.Error, ValueError):
            raise _Broken("501 5.5.2 That is no base64") from None

    # -- mails

    def _begin_mail(self, arg: str | None) -> str:
        if self._login is None:
            return self._refused("530 5.7.0 Log in first")
        return super()._begin_mail(arg and _GIVEN_AUTHOR.sub("", arg, count=1))

    def _incoming(self, raw: bytes, recipients: tuple[str, ...]) -> Incoming:
        mail_from = self.envelope.mail_from or ""
        login = self._login or ""
        return Incoming(raw, mail_from, recipients, self._house.now(), login, self.road)

    async def _store(self, raw: bytes) -> str:
        """Look a mail through, and keep it if there is nothing against it."""
        recipients = tuple(dict.fromkeys(self.envelope.rcpt_tos))
        mail = self._incoming(raw, recipients)
        try:
            loop, office = asyncio.get_running_loop(), self._office
            async with asyncio.timeout(_LONGEST_LOOK):
                objection = await loop.run_in_executor(office.looking, office.objection, mail)
        except (Temporary, TimeoutError) as error:
            why = f"{type(error).__name__}: {error}"
            return self._refused(replies.LATER, agent=self._login, error=why)
        if objection is None:
            return await super()._store(raw)
        sentence = plain.one_line(objection, _LONGEST_SENTENCE).encode("ascii", "replace").decode()
        return self._refused(f"550 5.7.0 {sentence}", agent=self._login)


def _plain(answer: bytes) -> tuple[str, str]:
    """Return name and password; who asks to act as somebody else gets a name of nobody."""
    parts = answer.split(b"\0")
    if len(parts) != len(("as", "name", "password")):
        raise _Broken("501 5.5.2 That is not for PLAIN")
    acting, name, password = map(_text, parts)
    return ("" if acting not in ("", name) else name), password


def _text(answer: bytes) -> str:
    try:
        return answer.decode()
    except UnicodeDecodeError:
        raise _Broken("501 5.5.2 That is no UTF-8") from None
