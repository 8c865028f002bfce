"""Runs a gateway as several processes: forks them, and forks anew one that ended by itself.

It does nothing else: no thread runs here, which is what makes forking safe, and what was imported
before is shared by all. A process whose supervisor has gone ends at once, as by a kill.
"""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mailgate.errors import Temporary
from mailgate.log import count_as, log
from mailgate.roles import Crew, Role
from mailgate.tally import Pulse

BEAT = 1.0
"""Seconds between two signs of life of a process."""
SILENT = 15.0
"""Seconds without one after which a process counts as failing."""
_START = 60.0  # seconds that all processes have to begin
_LOOK = 0.02  # seconds between two looks while they begin
_LONGEST_PAUSE = 30.0  # seconds before a process that ends again and again is forked anew
_STEADY = 60.0  # seconds after which a process has proved that it can work
_ONE_OF_OURS_FAILED = 70  # EX_SOFTWARE of sysexits.h

Work = Callable[[Crew, Callable[[], None], threading.Event], bool]
"""Does the work of a crew until the event is set, and calls the function at each `BEAT`.

The first call says that it has begun. Returns False when a part of it has failed.
"""


@dataclass(slots=True)
class _Post:
    """A crew's place: its number counts from 1, `pid` is None while nobody works there."""

    number: int
    crew: Crew
    pid: int | None = None
    forked_at: float = 0.0
    again_at: float = 0.0
    failures: int = 0


class Supervisor:
    """Keeps one process for each crew; lives in the main thread, the only one."""

    def __init__(self, crews: Sequence[Crew], work: Work, pulse: Pulse) -> None:
        self._posts = [_Post(number, crew) for number, crew in enumerate(crews, 1)]
        self._work = work
        self._pulse = pulse
        self._lifeline = os.pipe()  # what a process reads of it ends with the supervisor

    def start(self, asked: threading.Event) -> None:
        """Fork every crew, and return when all have begun or a stop is `asked` for.

        Raises Temporary when one of them ends or does not begin in time; then none is left.
        """
        gc.collect()
        gc.freeze()  # what all share is not looked through, and so not copied
        for post in self._posts:
            self._fork(post)
        patience = time.monotonic() + _START
        while waiting := [post for post in self._posts if not self._has_begun(post)]:
            ended = next((post for post in waiting if self._status(post) is not None), None)
            late = waiting[0] if time.monotonic() > patience else None
            if (failed := ended or late) is not None:
                self.stop()
                how = "ended" if ended else "did not begin"
                raise Temporary(f"the process {failed.crew.name} {how}; its log says more")
            if asked.wait(_LOOK):
                return

    def look(self) -> None:
        """Fork anew what has ended by itself, the sooner the longer it had worked."""
        now = time.monotonic()
        for post in self._posts:
            if (status := self._status(post)) is not None:
                steady = now - post.forked_at > _STEADY
                post.failures = 0 if steady else post.failures + 1
                post.again_at = now + min(2.0 ** min(post.failures, 10) - 1, _LONGEST_PAUSE)
                log("process.ended", process=post.crew.name, status=status)
            if post.pid is None and now >= post.again_at:
                self._fork(post)

    def stop(self) -> None:
        """Ask all to end, who take mail first, and wait until they have."""
        front = [post for post in self._posts if Role.LISTEN in post.crew.roles]
        self._end(front)
        self._end([post for post in self._posts if post not in front])

    def _end(self, posts: Collection[_Post]) -> None:
        running = [(post, post.pid) for post in posts if post.pid is not None]
        for _, pid in running:
            os.kill(pid, signal.SIGTERM)
        for post, pid in running:
            os.waitpid(pid, 0)
            post.pid = None

    def _has_begun(self, post: _Post) -> bool:
        return self._pulse.last(post.number) > post.forked_at

    @staticmethod
    def _status(post: _Post) -> int | None:
        """Return how a process ended: its exit code, or a signal as a negative number."""
        if post.pid is None:
            return None
        pid, status = os.waitpid(post.pid, os.WNOHANG)
        if not pid:
            return None
        post.pid = None
        return os.waitstatus_to_exitcode(status)

    def _fork(self, post: _Post) -> None:
        post.forked_at = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            post.pid = pid
            return
        status = _ONE_OF_OURS_FAILED
        try:
            status = self._begin(post)
        except BaseException as error:  # noqa: BLE001 - it must not go on as a second supervisor
            log("process.failed", process=post.crew.name, exc_info=error)
        finally:
            os._exit(status)

    def _begin(self, post: _Post) -> int:
        """Be the process of a crew, and return its exit code."""
        os.close(self._lifeline[1])
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        for by_the_terminal in (signal.SIGINT, signal.SIGHUP):
            signal.signal(by_the_terminal, signal.SIG_IGN)
        count_as(post.number)
        threading.Thread(target=self._outlive_nobody, name="lifeline", daemon=True).start()
        well = self._work(post.crew, lambda: self._pulse.beat(post.number), stop)
        return 0 if well else _ONE_OF_OURS_FAILED

    def _outlive_nobody(self) -> None:
        os.read(self._lifeline[0], 1)  # nobody writes: it returns when the supervisor has gone
        os._exit(_ONE_OF_OURS_FAILED)
