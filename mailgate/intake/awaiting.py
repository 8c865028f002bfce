"""Mails on their way into the store, and the sessions that wait for it, in one event loop.

A commit ends for many at once: all of them are woken by one call into the loop. Since all have the
same patience, one timer serves for all.
"""

import asyncio
from asyncio import AbstractEventLoop
from collections import deque
from concurrent.futures import Future
from functools import partial

from mailgate.errors import Temporary
from mailgate.intake.gate import Claim

_Waiter = asyncio.Future[int]
_Kept = Future[int]


class Awaiting:
    """The sessions of one listener that wait; each does so for `patience` seconds at most.

    Neither the time nor a session that ends undoes a commit: it ends when it ends, and the claim of
    its mail holds until then. A mail that is sent again because of it adds nothing.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._ended: deque[tuple[_Waiter, Claim, _Kept]] = deque()
        self._called = False  # the loop is to look at what has ended
        self._waiting: deque[tuple[float, _Waiter]] = deque()  # until when, by the loop's clock
        self._timed = False

    async def stored(self, kept: _Kept, claim: Claim) -> int:
        """Return the number of a mail that is kept now. Raises what `kept` does, and `Temporary`.

        To be called in the event loop.
        """
        loop = asyncio.get_running_loop()
        waiter: _Waiter = loop.create_future()
        kept.add_done_callback(partial(self._tell, loop, waiter, claim))
        self._waiting.append((loop.time() + self._patience, waiter))
        if not self._timed:
            self._timed = True
            loop.call_later(self._patience, self._look, loop)
        return await waiter

    def _tell(self, loop: AbstractEventLoop, waiter: _Waiter, claim: Claim, kept: _Kept) -> None:
        """Have the loop look; called in the thread that commits."""
        self._ended.append((waiter, claim, kept))
        if not self._called and not loop.is_closed():
            self._called = True
            loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._called = False  # first: what ends from here on calls again
        while self._ended:
            waiter, claim, kept = self._ended.popleft()
            claim.release()
            fault = kept.exception()
            if waiter.done():  # nobody waits any more
                continue
            if fault is None:
                waiter.set_result(kept.result())
            else:
                waiter.set_exception(fault)
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()

    def _look(self, loop: AbstractEventLoop) -> None:
        """Put off who has waited for too long."""
        now = loop.time()
        while self._waiting and (self._waiting[0][0] <= now or self._waiting[0][1].done()):
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(Temporary("the store takes too long"))
        self._timed = bool(self._waiting)
        if self._timed:
            loop.call_at(self._waiting[0][0], self._look, loop)
