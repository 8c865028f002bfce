"""The canary: a mail of our own that is sent round the loop, and must come back in time.

Decides when one is sent, when its absence is an alarm, and when that is over. An alarm is raised
once, however many are missing, and lasts until the last of them comes back, or a later one. What
was sent before that one is then no longer waited for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from mailgate.domain.events import Event


@dataclass(frozen=True, slots=True)
class Canary:
    """One of them. `missed_at`: an alarm was raised for it, or it was missing during one."""

    id: int
    sent_at: datetime
    back_at: datetime | None = None
    missed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rounds:
    """What is known of all of them: those of which something may still follow, oldest first.

    `newest` was sent last, `home` is the newest of those that have come back. `unsent`: one still
    waits for the way out.
    """

    open: Sequence[Canary] = ()
    newest: Canary | None = None
    home: Canary | None = None
    unsent: bool = False

    @property
    def missing(self) -> Canary | None:
        """The one for which the alarm that lasts was raised."""
        return next(iter(self._missing), None)

    @property
    def over(self) -> bool:
        """Whether that alarm has found its end."""
        missing = self._missing
        return bool(missing and self.home and self.home.sent_at >= missing[-1].sent_at)

    @property
    def _missing(self) -> list[Canary]:
        return [canary for canary in self.open if canary.missed_at is not None]


@dataclass(frozen=True, slots=True)
class Findings:
    """What is to be done: `late` are missing from now on, with `alarm` for the first of them.

    `over` is the canary whose alarm has ended, by the coming back of `home`.
    """

    late: tuple[Canary, ...] = ()
    alarm: Canary | None = None
    over: Canary | None = None
    send: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """How often one is sent, and within what time it must be back."""

    every: timedelta
    within: timedelta


def examine(rounds: Rounds, pace: Pace, now: datetime, since: datetime) -> Findings:
    """Return what is to be done at `now`.

    `since` is when whoever asks began to work: what was under way before has its time from there,
    since nobody could have seen it come back. No further one is sent while one still waits for the
    way out: all of them would leave at once when it is open again.
    """
    late = tuple(
        canary
        for canary in rounds.open
        if canary.back_at is None
        and canary.missed_at is None
        and now - max(canary.sent_at, since) > pace.within
    )
    if rounds.over and rounds.home is not None:
        home = rounds.home
        late = tuple(canary for canary in late if canary.sent_at > home.sent_at)
    newest = rounds.newest
    # One from the future is of a clock that was set back.
    due = newest is None or not timedelta(0) <= now - newest.sent_at < pace.every
    return Findings(
        late=late,
        alarm=late[0] if late and (rounds.missing is None or rounds.over) else None,
        over=rounds.missing if rounds.over else None,
        send=due and not rounds.unsent,
    )


# --- its words in the history ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Event):
    """One is on its way."""

    name: ClassVar[str] = "canary.sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing(Event):
    """One has not come back in time."""

    name: ClassVar[str] = "canary.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Over(Event):
    """After an alarm, one has come back."""

    name: ClassVar[str] = "canary.over"
