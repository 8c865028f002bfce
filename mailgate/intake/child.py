"""Odd mails are read by a process of their own, which may be killed.

It gets the bytes of the mail on stdin and answers in JSON on stdout; both are files without a name,
so that nobody waits for anybody and the answer has a largest size. It takes away its own memory
and time before it looks at the mail. How it ended is told apart: a mail that was too much, or a
fault of ours.
"""

import errno
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import BinaryIO

from mailgate.errors import Refused, Temporary
from mailgate.intake import transcript
from mailgate.mail.parse import Limits, ParsedMail, parse

LARGEST_ANSWER = 128 * 1024 * 1024
"""Octets of the answer: the text within its limit, and HTML that is as large as a mail may be."""

_ITSELF = (sys.executable, "-P", "-m", "mailgate.intake.child")
_LAST_WORDS = 2000  # octets
_ERROR = re.compile(r"^([A-Za-z_][\w.]{0,80})(?=:|$)", re.ASCII | re.MULTILINE)


class Died(Exception):
    """There is no answer; says why in words. `fault`: what is known of it, if it is ours."""

    def __init__(self, why: str, fault: str | None = None) -> None:
        super().__init__(why)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Child:
    """Starts the process, for each odd mail one; `memory` in octets of address space."""

    time: timedelta
    memory: int
    command: Sequence[str] = _ITSELF

    def read(self, raw: bytes, received_at: datetime, limits: Limits) -> ParsedMail:
        """Do what `parse` does. Raises `Died`, and `Temporary` for a full disk."""
        seconds = self.time.total_seconds()
        limited = (str(self.memory), str(max(1, round(seconds))))
        order = {"received_at": received_at.isoformat(), "limits": asdict(limits)}
        with ExitStack() as files:
            try:
                given, answer, errors = (files.enter_context(TemporaryFile()) for _ in range(3))
                given.write(json.dumps(order).encode() + b"\n")
                given.write(raw)
                given.seek(0)
            except OSError as error:  # no room: that is not the mail's fault
                raise Temporary("there is no room for a mail to be read apart") from error
            try:
                ended = subprocess.run(  # noqa: S603 - our own interpreter and module
                    [*self.command, *limited],
                    stdin=given,
                    stdout=answer,
                    stderr=errors,
                    timeout=seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise Died("took too much time") from None
            except OSError as error:
                why = f"could not be started ({type(error).__name__})"
                raise Died(why, str(error)) from error
            if ended.returncode in _STOPPED:
                raise Temporary("the gateway is stopping")
            if ended.returncode and _NO_ROOM in _last_words(errors):
                raise Temporary("there is no room for what was read apart")
            if ended.returncode:
                raise _death(ended.returncode, _last_words(errors))
            answer.seek(0)
            try:
                return transcript.read(answer.read(LARGEST_ANSWER))
            except Refused as error:
                raise Died("gave no answer", str(error)) from error


_STOPPED = (-signal.SIGTERM, -signal.SIGINT)  # a service manager may stop all of us at once
_NO_ROOM = f"[Errno {errno.ENOSPC}]"


def _death(code: int, words: str) -> Died:
    """Return why a process ended with `code`, below zero a signal, with these words on stderr."""
    error = (_ERROR.findall(words) or [""])[-1]
    match -code:
        case signal.SIGXCPU:
            return Died("took too much time")
        case signal.SIGKILL:  # by the system for want of memory, or by hand
            return Died("was killed")
        case number if number > 0:
            return Died(f"crashed ({signal.Signals(number).name})", words)
    if error == MemoryError.__name__:
        return Died("took too much memory")
    return Died(f"failed ({error})" if error else "failed", words)


def _last_words(errors: BinaryIO) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _LAST_WORDS))
    return errors.read().decode("utf-8", "replace").strip()


def main(arguments: Sequence[str]) -> None:
    """Be that process: limits as arguments, order and mail on stdin, the parsed mail on stdout."""
    memory, seconds = map(int, arguments)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # SIGXCPU, not SIGKILL
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_ANSWER, LARGEST_ANSWER))
    order = json.loads(sys.stdin.buffer.readline())
    mail = parse(
        sys.stdin.buffer.read(),
        datetime.fromisoformat(order["received_at"]),
        Limits(**order["limits"]),
    )
    sys.stdout.buffer.write(transcript.write(mail))


if __name__ == "__main__":
    main(sys.argv[1:])
