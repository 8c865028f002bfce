"""Runs a gateway as several processes: forks them, anew where one ended or hangs.

It does nothing else: no thread runs here, which is what makes forking safe, and what was imported
before is shared by all. A process whose supervisor has gone ends at once, as by a kill; one that
does not end when it is asked to is killed, which leases and fences make up for.
"""

import contextlib
import gc
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mailgate.errors import Temporary
from mailgate.log import count_as, log
from mailgate.roles import Crew, NodeRole
from mailgate.stopping import Stop
from mailgate.tally import Pulse

BEAT = 1.0
"""Seconds between two signs of life of a process."""
SILENT = 15.0
"""Seconds without one after which a process counts as failing."""
HUNG = 120.0
"""Seconds without one after which a process is killed and begun anew: twice as long as claims last
unless configured otherwise, so that nobody waits any more for what it had in hand."""
UNHEARD = 30.0
"""The same for a process that somebody waits for. Mail is neither read nor sent there, its main
thread waits for nothing, and what it had in hand was not answered: nothing speaks for patience."""
_START = 60.0  # seconds that all processes have to begin
_LOOK = 0.02  # seconds between two looks while they begin or end
_LONGEST_STOP = 25.0
"""Seconds that processes have to end: more than a listener gives its senders (20), and for the two
rounds of them less than a service manager waits (TimeoutStopSec=60)."""
_LONGEST_PAUSE = 30.0  # seconds before a process that ends again and again is forked anew
_STEADY = 60.0  # seconds after which a process has proved that it can work
_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_GARBAGE = 20_000  # objects more than before that have cycles looked for
_NICE = 5
"""By how much the priority of processes is lowered for which nobody waits: where the processor is
short, senders are answered first, and what they sent is read a little later."""
_ONE_OF_OURS_FAILED = 70  # EX_SOFTWARE of sysexits.h

Work = Callable[[Crew, Callable[[], None], Stop], bool]
"""Does the work of a crew until a stop is asked for, and calls the function at each `BEAT`.

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
    doomed: bool = False  # it was killed, and its end is yet to be noticed


class Supervisor:
    """Keeps one process for each crew; lives in the main thread, the only one."""

    def __init__(self, crews: Sequence[Crew], work: Work, pulse: Pulse) -> None:
        self._posts = [_Post(number, crew) for number, crew in enumerate(crews, 1)]
        self._work = work
        self._pulse = pulse
        self._own = os.getpid()
        self._looked = self._awake = time.monotonic()  # when last, and since when without a pause
        self._lifeline = os.pipe()  # what a process reads of it ends with the supervisor

    def start(self, asked: Stop) -> None:
        """Fork every crew, and return when all have begun or a stop is `asked` for.

        Raises Temporary when one of them ends or does not begin in time; then none is left.
        """
        gc.collect()
        gc.freeze()  # what all share is not looked through, and so not copied
        gc.set_threshold(_GARBAGE)  # a batch of mails makes hardly any cycles
        for post in self._posts:
            try:
                self._fork(post)
            except OSError as error:
                self.stop()
                raise Temporary(f"the process {post.crew.name} cannot begin: {error}") from error
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
        """Fork anew what has ended by itself, the sooner the longer it had worked; kill what hangs.

        To be called every `BEAT`: after a longer pause the whole machine, or all its processes,
        stood still, and nobody is blamed for that.
        """
        now = time.monotonic()
        if now - self._looked > SILENT:
            self._awake = now
        self._looked = now
        for post in self._posts:
            self._kill_if_hung(post, now)
            if (status := self._status(post)) is not None:
                steady = now - post.forked_at > _STEADY
                post.failures = 0 if steady else post.failures + 1
                self._put_off(post, now)
                log("process.ended", process=post.crew.name, status=status)
            if post.pid is None and now >= post.again_at:
                try:
                    self._fork(post)
                except OSError as error:  # no memory, or too many processes: later, then
                    post.failures += 1
                    self._put_off(post, now)
                    log("process.failed", process=post.crew.name, error=str(error))

    def _kill_if_hung(self, post: _Post, now: float) -> None:
        silent = now - max(self._pulse.last(post.number), post.forked_at, self._awake)
        most = UNHEARD if post.crew.awaited and self._has_begun(post) else HUNG
        if post.pid is not None and not post.doomed and silent > most:
            log("process.silent", process=post.crew.name, seconds=round(silent))
            self._signal(post, signal.SIGKILL)
            post.doomed = True

    @staticmethod
    def _put_off(post: _Post, now: float) -> None:
        post.again_at = now + min(2.0 ** min(post.failures, 10) - 1, _LONGEST_PAUSE)

    def stop(self, deaf: Callable[[], None] = lambda: None) -> None:
        """Ask all to end, who take mail first, and wait until they have, or kill them.

        `deaf` is called when nobody takes mail any more.
        """
        front = [post for post in self._posts if NodeRole.LISTEN in post.crew.roles]
        self._end(front)
        deaf()
        self._end([post for post in self._posts if post not in front])

    def _end(self, posts: Collection[_Post]) -> None:
        for post in posts:
            self._signal(post, signal.SIGTERM)
        patience = time.monotonic() + _LONGEST_STOP
        while running := [p for p in posts if p.pid is not None and self._status(p) is None]:
            if time.monotonic() > patience:
                patience = math.inf
                for post in running:
                    log("process.killed", process=post.crew.name)
                    self._signal(post, signal.SIGKILL)
            time.sleep(_LOOK)

    @staticmethod
    def _signal(post: _Post, number: signal.Signals) -> None:
        if post.pid is not None:
            os.kill(post.pid, number)

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
        post.forked_at, post.doomed = time.monotonic(), False
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # whoever read it may have gone
                stream.flush()
        # A signal that comes between the fork and the process's own handlers would be lost.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = os.fork()
        finally:
            if os.getpid() == self._own:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
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
        if not post.crew.awaited:
            os.nice(_NICE)
        stop = Stop(lambda _: None, patient=True)
        stop.listen([signal.SIGTERM])
        for by_the_terminal in (signal.SIGINT, signal.SIGHUP):
            signal.signal(by_the_terminal, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        count_as(post.number)
        threading.Thread(target=self._outlive_nobody, name="lifeline", daemon=True).start()
        well = self._work(post.crew, lambda: self._pulse.beat(post.number), stop)
        return 0 if well else _ONE_OF_OURS_FAILED

    def _outlive_nobody(self) -> None:
        os.read(self._lifeline[0], 1)  # nobody writes: it returns when the supervisor has gone
        os._exit(_ONE_OF_OURS_FAILED)
