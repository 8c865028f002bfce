"""Mails whose reading has to wait go on beside the worker, so that no other mail waits for them.

A bounded number is held, with their leases. Nobody's mail overtakes an earlier one of the same
sender that is still being read, for up to `PATIENCE`: within one process, while several may each
take a mail of the same sender.
"""

from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.intake.reading import Reading, Unfinished, Wait
from mailgate.store.inbox import Claimed

THREADS = {Wait.CHILD: 2, Wait.DNS: 32}
"""Processes take a processor each, and memory; whoever waits for the DNS takes next to nothing."""
MOST = 256
OCTETS = 64 * 1024 * 1024
PATIENCE = timedelta(seconds=30)
"""How long a mail waits for an earlier one of its sender, whoever that was in truth."""


@dataclass(frozen=True, slots=True)
class _Held:
    mail: Claimed
    reading: "Future[Reading]"
    since: datetime


class Aside:
    """Holds mails in the order in which they came, until they are read; `wake` tells of each."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._held: list[_Held] = []
        self._threads: dict[Wait, ThreadPoolExecutor] = {}

    @property
    def mails(self) -> Sequence[Claimed]:
        """The mails that are held."""
        return [each.mail for each in self._held]

    def takes(self, begun: Reading | Unfinished, mail: Claimed) -> bool:
        """Whether a mail belongs here: it has to wait, or an earlier one of its sender does."""
        if isinstance(begun, Unfinished):
            return True
        return bool(mail.mail_from) and any(
            each.mail.mail_from == mail.mail_from for each in self._held
        )

    def put(self, mail: Claimed, begun: Reading | Unfinished, now: datetime) -> bool:
        """Hold a mail until it is read; False when there is no room for it."""
        octets = sum(len(each.mail.raw) for each in self._held)
        if self._held and (len(self._held) >= MOST or octets + len(mail.raw) > OCTETS):
            return False
        self._held.append(_Held(mail, self._reading(begun), now))
        return True

    def _reading(self, begun: Reading | Unfinished) -> "Future[Reading]":
        if isinstance(begun, Reading):
            done: Future[Reading] = Future()
            done.set_result(begun)
            return done
        if begun.wait not in self._threads:
            self._threads[begun.wait] = ThreadPoolExecutor(THREADS[begun.wait], begun.wait.name)
        reading = self._threads[begun.wait].submit(begun.finish)
        reading.add_done_callback(lambda _: self._wake())
        return reading

    def take(self, now: datetime) -> list[tuple[Claimed, "Future[Reading]"]]:
        """Return the mails that have been read, and hold them no longer."""
        taken: list[_Held] = []
        kept: list[_Held] = []
        behind: set[str] = set()
        for each in self._held:
            patient = each.mail.mail_from in behind and now - each.since < PATIENCE
            if each.reading.done() and not patient:
                taken.append(each)
            else:
                kept.append(each)
                if each.mail.mail_from:  # whatever has no sender comes from nobody in particular
                    behind.add(each.mail.mail_from)
        self._held = kept
        return [(each.mail, each.reading) for each in taken]

    def wait(self, seconds: float) -> None:
        """Return when one more mail has been read, or after so many seconds."""
        reading = [each.reading for each in self._held if not each.reading.done()]
        futures.wait(reading, seconds, futures.FIRST_COMPLETED)

    def close(self) -> list[Claimed]:
        """Let go of every mail, and return them; what is under way ends by itself."""
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
        left, self._held, self._threads = self.mails, [], {}
        return list(left)
