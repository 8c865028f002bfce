"""Sends mails with known Message-IDs, each of them, the same bytes, until it is acknowledged."""

import base64
import random
import smtplib
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from tests.peers.gateway import ADDRESS
from tests.peers.places import LOOPBACK, answers
from tests.peers.waiting import wait_until

CUSTOMERS = 10  # of each connection
_NEW, _REPLIES = 0.4, 0.5  # the rest has a file with it
_FILE = (50_000, 300_000)  # octets
_NOISE = base64.encodebytes(random.Random(0).randbytes(_FILE[1]))
_PATIENCE = 600.0  # seconds, for a gateway that is being started again
_PAUSE = 0.05  # seconds before a mail that was put off is sent again


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with its envelope sender."""

    message_id: str
    sender: str
    raw: bytes


def letters(seed: int, connection: int, count: int) -> list[Letter]:
    """Return the mails of one connection: new matters, answers to its own earlier ones, files."""
    chance = random.Random(f"{seed}/{connection}")
    written: list[Letter] = []
    opened: list[Letter] = []
    for n in range(count):
        kind = chance.random()
        answered = opened and (_NEW <= kind < _NEW + _REPLIES or (kind > 0.95))
        to = chance.choice(opened) if answered else None
        sender = to.sender if to else f"c{chance.randrange(CUSTOMERS)}@customer{connection}.example"
        octets = chance.randrange(*_FILE) if kind >= _NEW + _REPLIES else 0
        written.append(compose(f"<{n}.{connection}.{seed}@torture.example>", sender, to, octets))
        if to is None:
            opened.append(written[-1])
    return written


def compose(message_id: str, sender: str, to: Letter | None = None, octets: int = 0) -> Letter:
    """Write a mail, in answer to another or about a new matter, with a file of so many octets."""
    head = [
        f"From: {sender}",
        f"To: {ADDRESS}",
        f"Subject: {'Re: ' if to else ''}Matter {(to.message_id if to else message_id)[1:-1]}",
        f"Message-ID: {message_id}",
        "Date: Mon, 02 Mar 2026 09:00:00 +0000",
        *([f"In-Reply-To: {to.message_id}", f"References: {to.message_id}"] if to else []),
        "MIME-Version: 1.0",
    ]
    text = f"My words of {message_id[1:-1]}."
    if not octets:
        lines = [*head, "Content-Type: text/plain; charset=utf-8", "", text, ""]
        return Letter(message_id, sender, "\r\n".join(lines).encode())
    lines = [*head, 'Content-Type: multipart/mixed; boundary="=edge"', ""]
    lines += ["--=edge", "Content-Type: text/plain; charset=utf-8", "", text]
    lines += ["--=edge", 'Content-Type: application/octet-stream; name="file.bin"']
    lines += ["Content-Transfer-Encoding: base64", ""]
    file = _NOISE[: octets * 4 // 3 // 77 * 77].replace(b"\n", b"\r\n")  # whole lines
    return Letter(message_id, sender, "\r\n".join([*lines, ""]).encode() + file + b"--=edge--\r\n")


class Load:
    """Several connections that send at once; a context, which ends when all is acknowledged.

    `give_up` ends it earlier. `refusals` are the answers other than 250, as code and text.
    """

    def __init__(self, ports: Sequence[int], seed: int, connections: int, mails: int) -> None:
        """Send about `mails` mails, the connections spread over the `ports`."""
        share = -(-mails // connections)
        self.sent = [self.write(seed, connection, share) for connection in range(connections)]
        self.refusals: list[tuple[int, str]] = []
        self._acknowledged: list[str] = []
        self._over = threading.Event()
        self._faults: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(ports[n % len(ports)], mine), daemon=True)
            for n, mine in enumerate(self.sent)
        ]

    def write(self, seed: int, connection: int, count: int) -> list[Letter]:
        """Return what one connection is to send."""
        return letters(seed, connection, count)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *_exc: object) -> None:
        if kind is not None:
            self.give_up()
        for thread in self._threads:
            thread.join()
        if self._faults and kind is None:
            raise self._faults[0]

    @property
    def acknowledged(self) -> list[str]:
        """The Message-IDs that were answered by 250 so far."""
        return list(self._acknowledged)

    @property
    def message_ids(self) -> set[str]:
        """Every Message-ID that is, or may yet be, sent."""
        return {letter.message_id for mine in self.sent for letter in mine}

    @property
    def done(self) -> bool:
        """Whether no connection sends any more."""
        return not any(thread.is_alive() for thread in self._threads)

    def wait_for(self, count: int) -> None:
        """Wait until so many mails are acknowledged, or all that will be."""
        wait_until(
            lambda: len(self._acknowledged) >= count or self.done,
            lambda: f"{count} mails to be acknowledged: {len(self._acknowledged)} are",
            _PATIENCE,
        )

    def give_up(self) -> None:
        """Send no more."""
        self._over.set()

    def _run(self, port: int, mine: Sequence[Letter]) -> None:
        left: Iterator[Letter] = iter(mine)
        letter = next(left, None)
        try:
            while letter is not None and not self._over.is_set():
                with suppress(OSError, smtplib.SMTPException):
                    with smtplib.SMTP(LOOPBACK, port, "load.example", timeout=_PATIENCE) as link:
                        while letter is not None and not self._over.is_set():
                            if self._hand_over(link, letter):
                                self._acknowledged.append(letter.message_id)
                                letter = next(left, None)
                    continue
                wait_until(
                    lambda: answers(port, b"220") or self._over.is_set(), "the gateway", _PATIENCE
                )
        except AssertionError as fault:
            self._faults.append(fault)

    def _hand_over(self, link: smtplib.SMTP, letter: Letter) -> bool:
        """Send one mail; False when it is to be sent again later."""
        try:
            link.sendmail(letter.sender, ADDRESS, letter.raw)
        except smtplib.SMTPResponseException as refused:
            self._note(refused.smtp_code, refused.smtp_error)
        except smtplib.SMTPRecipientsRefused as refused:
            for answer in refused.recipients.values():
                self._note(*answer)
        else:
            return True
        self._over.wait(_PAUSE)
        return False

    def _note(self, code: int, text: bytes | str) -> None:
        self.refusals.append((code, text.decode() if isinstance(text, bytes) else text))
