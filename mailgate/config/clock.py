"""The tables of the clock: how long each side may take, and what moves a ticket by itself."""

from collections.abc import Mapping
from typing import Any

from mailgate.config import kinds
from mailgate.config.table import Table, key, table
from mailgate.domain.model import OUR_TIMES, Priority, Thresholds
from mailgate.domain.policy import resolve


def row(priority: str) -> Any:
    """Declare the durations of one priority."""
    return table(f"Durations for {priority} tickets; what is left out is that of [sla.global].")


class SlaRow(Table):
    """Durations for all tickets or for those of one priority."""

    system: kinds.Duration | None = key(
        None, "How long the desk may take to answer before it is told to hurry.", example="24h"
    )
    client: kinds.Duration | None = key(
        None, "How long the customer may take to answer before being reminded.", example="48h"
    )
    auto_close: kinds.Duration | None = key(
        None,
        "How long a resolved ticket waits for an objection before it is closed.",
        example="48h",
    )
    first_response: kinds.Duration | None = key(
        None, "The target for the first answer, counted from the first mail.", example="24h"
    )
    resolution: kinds.Duration | None = key(
        None, "The target for the resolution, counted from the first mail.", example="72h"
    )
    next_response: kinds.Duration | None = key(
        None,
        "The target for each further answer, counted from the customer's mail.",
        example="8h",
    )
    calendar: kinds.MaybeWord | None = key(
        None,
        'The [[calendar]] that counts these times; "" counts every hour.',
        example="office",
    )
    working: kinds.Times | None = key(
        None,
        "Which of the times it counts; the others take every hour. What the customer may take is "
        "best left out: nobody else works by your calendar.",
        example=list(OUR_TIMES),
    )

    def given(self) -> dict[str, Any]:
        """Return the values that are set, by name."""
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in values if value is not None}


class Sla(Table):
    """How long each side may take: a preset, and below it what shall be different."""

    preset: kinds.Preset = key("standard", "The table of durations to begin with.")
    watch_targets: kinds.Flag = key(
        default=True,
        why="Whether whoever holds a ticket, its team and the administrators are told when a "
        "target is near and when it was missed.",
    )
    near: kinds.Percent = key(80, "Of how much of a target's time it is near, in percent.")
    pause_targets: kinds.Flag = key(
        default=True,
        why="Whether the time of the targets stands still while it is the customer's turn.",
    )
    agents_may_set_thresholds: kinds.Flag = key(
        default=False,
        why="Whether agents who are no administrators may set the times of a ticket "
        "(`/threshold system=1h`).",
    )
    everywhere: SlaRow = table("Durations for every priority.", alias="global")
    critical: SlaRow = row("critical")
    urgent: SlaRow = row("urgent")
    high: SlaRow = row("high")
    normal: SlaRow = row("normal")
    low: SlaRow = row("low")

    def resolve(
        self,
    ) -> tuple[Mapping[Priority, Thresholds], Mapping[Priority, Mapping[str, str]]]:
        """Return the thresholds of every priority, and where each value came from."""
        each = {priority: getattr(self, priority).given() for priority in Priority}
        return resolve(self.preset, self.everywhere.given(), each)


class Lifecycle(Table):
    """What moves a ticket by itself."""

    reopen_window: kinds.Window = key(
        "forever",
        "How long after closing an answer reopens a ticket; later ones open a new ticket that "
        "follows it.",
    )
    client_reminders: kinds.Reminders = key(
        2, "How many reminders follow the first, each after twice the time of the one before."
    )
    reminders_in: kinds.MaybeWord | None = key(
        None,
        "The [[calendar]] in whose time reminders leave; one that is due at another waits for it.",
        unset="reminders leave at any time",
        example="office",
    )
    survey_after: kinds.Duration | None = key(
        None,
        "How long after its end the customer of a ticket is asked for a rating from 1 to 5, once a "
        "ticket and in the hours of `reminders_in`; for tickets that end from then on.",
        unset="nobody is asked",
        example="24h",
    )
    tell_changes: kinds.Changes = key(
        "off",
        "Whether customers are told when the desk changes the status, the priority or who holds "
        "the ticket: `brief` says what is new, `full` also what it was, and what has not changed. "
        "What changes within 5 minutes is one mail, and what another mail tells them is in none.",
    )
    resolve_silent: kinds.Flag = key(
        default=False, why="Whether a ticket is resolved when nobody answers the last reminder."
    )


class Jobs(Table):
    """How often the gateway looks by itself; "off" where cron or another node does."""

    deadlines: kinds.Period = key(
        "1m", "How often to look for deadlines that have passed; `mailgate tick` does it once."
    )
    assignment: kinds.Period = key(
        "15m", "How often to give away what nobody holds, where [assignment] says so."
    )
    reassignment: kinds.Period = key(
        "30m", "How often to look for agents who give no sign, where [assignment] says so."
    )
    workload: kinds.Period = key(
        "10m", "How often to count what each agent and each team has to do: `mailgate workload`."
    )
    dashboard: kinds.Period = key(
        "15m", "How often to count how the desk stands: `mailgate stats --dashboard`."
    )
    refresh_on_change: kinds.Flag = key(
        default=True,
        why="Whether both are counted anew soon after something has happened as well: seconds "
        "later on a desk of some thousand tickets; the longer it takes, the rarer.",
    )
    performance: kinds.DayTime = key(
        "02:00",
        "At what time of the desk's day the figures of the days before are worked out: "
        "`mailgate stats --daily`; later, if the gateway was down.",
    )
    digest: kinds.DayTime = key(
        "08:00",
        "At what time of the desk's day agents are sent the tickets whose turn it is, where there "
        "are any: on days on which a [[calendar]] works, every day without one. A gateway that is "
        "down then sends it later on the same day.",
    )
    monthly_report: kinds.DayTime = key(
        "08:00",
        "At what time of the first day of a month administrators are sent the report of the last "
        "one; later in the month, if the gateway was down.",
    )
