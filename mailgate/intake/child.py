"""Odd mails are read by a process of their own, which may be killed.

It gets the bytes of the mail on stdin and answers in JSON on stdout; both are files without a name,
so that nobody waits for anybody and the answer has a largest size. It takes away its own memory
and time before it looks at the mail. When it dies, the mail is read roughly here, and is degraded.
"""

import json
import resource
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
from mailgate.mail.parse import Limits, ParsedMail, parse, rough

LARGEST_ANSWER = 128 * 1024 * 1024
"""Octets of the answer: the text within its limit, and HTML that is as large as a mail may be."""

_ITSELF = (sys.executable, "-P", "-m", "mailgate.intake.child")


@dataclass(frozen=True, slots=True)
class Child:
    """Starts the process, for each odd mail one; `memory` in octets of address space."""

    time: timedelta
    memory: int
    command: Sequence[str] = _ITSELF

    def read(self, raw: bytes, received_at: datetime, limits: Limits) -> ParsedMail:
        """Do what `parse` does, within time and memory; raise `Temporary` for a full disk."""
        seconds = self.time.total_seconds()
        limited = (str(self.memory), str(max(1, round(seconds))))
        order = {"received_at": received_at.isoformat(), "limits": asdict(limits)}
        with ExitStack() as files:
            try:
                given, answer = (files.enter_context(TemporaryFile()) for _ in range(2))
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
                    stderr=subprocess.DEVNULL,
                    timeout=seconds,
                    check=False,
                )
                why = "" if ended.returncode == 0 else "took too much time or memory"
            except subprocess.TimeoutExpired:
                why = "took too much time"
            except OSError as error:
                why = f"could not be started ({type(error).__name__})"
            return self._answer(answer, raw, received_at, limits, why)

    def _answer(
        self, answer: BinaryIO, raw: bytes, received_at: datetime, limits: Limits, why: str
    ) -> ParsedMail:
        if not why:
            answer.seek(0)
            try:
                return transcript.read(answer.read(LARGEST_ANSWER))
            except Refused:
                why = "gave no answer"
        return rough(raw, received_at, limits, f"reading in a process of its own {why}")


def main(arguments: Sequence[str]) -> None:
    """Be that process: limits as arguments, order and mail on stdin, the parsed mail on stdout."""
    memory, seconds = map(int, arguments)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
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
