"""What is done at intervals, and what is told of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailgate.desk.assignment import assign_waiting
from mailgate.desk.canary import Keeper
from mailgate.desk.clock import Tick
from mailgate.domain.canary import Pace
from mailgate.domain.caps import HOUR
from mailgate.log import log
from mailgate.roles import NodeRole
from mailgate.scheduler import DONE, Job, Scheduler
from mailgate.store import outbox

if TYPE_CHECKING:
    from mailgate.app import App

_HELD = timedelta(minutes=1)
"""A mail that waits for longer than this is worth a line when the clock waits for it."""
_CANARY_LOOK = timedelta(minutes=1)
"""How late an alarm may be."""
_RULES_EVERY = timedelta(seconds=1)
_RULES_BATCHES = 10
"""About a second of work in each, in which deadlines wait and the gateway cannot stop."""


class Clockwork:
    """The jobs of one gateway."""

    def __init__(self, app: "App", now: Callable[[], datetime]) -> None:
        self._app = app
        self._now = now
        self._holding: datetime | None = None
        self._alarmed: datetime | None = None

    def scheduler(self) -> Scheduler:
        """Return what runs the jobs that are configured."""
        every, canary = self._app.config.jobs.deadlines, self._app.config.canary
        jobs = {"rules": Job("rules", _RULES_EVERY, self._follow_rules)}
        if every is not None:
            jobs["deadlines"] = Job("deadlines", every, self._app.tick)
        assignment = self._app.config.jobs.assignment
        if self._app.config.assignment.automatic and assignment is not None:
            jobs["assignment"] = Job("assignment", assignment, self._assign_waiting)
        if canary.every is not None:
            keeper = Keeper(self._app.desk, Pace(canary.every, canary.within), self._now())
            often = min(canary.every, canary.within, _CANARY_LOOK)
            jobs["canary"] = Job("canary", often, lambda: self._look_for_canaries(keeper))
        return Scheduler(jobs)

    def _follow_rules(self) -> object:
        """Let open tickets follow rules that were changed before this start, some at a time.

        A million of them take a quarter of an hour; mail and deadlines do not wait for that. A
        ticket to which something happens meanwhile goes by the new rules at once.
        """
        return None if self._app.clock.refresh(self._now(), _RULES_BATCHES) else DONE

    def _assign_waiting(self) -> None:
        """Give what nobody holds to agents."""
        done = assign_waiting(self._app.desk, self._now())
        if done.assigned or done.waiting:
            facts = {"assigned": done.assigned, "waiting": done.waiting, "agents": done.agents}
            log("assignment.done", **facts)
            self._app.bells.ring(NodeRole.DELIVER)

    def tick(self, at: datetime) -> None:
        """Act on every deadline that is due at `at`, and have what follows sent."""
        done = self._app.clock.tick(at)
        if done.steps:
            self._app.bells.ring(NodeRole.DELIVER)
        log("clock.tick", due=len(done.steps))
        self._tell_waiting(done)
        self._tell_flood(done.at)

    def _tell_waiting(self, done: Tick) -> None:
        """Log what the clock could not do yet, an outage once."""
        if done.at - done.horizon > _HELD:
            log("clock.held", since=done.horizon)
        if done.hold_until not in (None, self._holding):
            log("clock.outage", until=done.hold_until)
        self._holding = done.hold_until

    def _tell_flood(self, at: datetime) -> None:
        """Log, once an hour, that acknowledgements are held back from unknown senders."""
        if self._alarmed is not None and timedelta(0) <= at - self._alarmed < HOUR:
            return
        with self._app.database.read() as connection:
            held = outbox.to_strangers(
                connection, self._app.settings.tenant_id, at - HOUR, held=True
            )
        if held:
            log("acknowledgements.held", count=held, limit=self._app.settings.caps.strangers_hour)
            self._alarmed = at

    def _look_for_canaries(self, keeper: Keeper) -> None:
        keeper.look(self._now())
        self._app.bells.ring(NodeRole.DELIVER)
