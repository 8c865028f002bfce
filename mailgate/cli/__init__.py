"""The command line: one file a noun; here they are put together.

A command imports what it needs when it runs, so that --help comes at once.
"""

from mailgate.cli import (
    backing_up,
    boarding,
    cards,
    checking,
    delivering,
    explaining,
    figures,
    foreseeing,
    importing,
    jobbing,
    keys,
    parsing,
    queues,
    seeing,
    serving,
    setting_up,
    simulating,
    staffing,
    steering,
    templating,
    thresholds,
    ticking,
    verifying,
    writing,
)
from mailgate.cli.program import program

__all__ = ["main"]

COMMANDS = (
    setting_up,
    checking,
    serving,
    templating,
    delivering,
    importing,
    ticking,
    foreseeing,
    simulating,
    jobbing,
    staffing,
    cards,
    boarding,
    seeing,
    writing,
    steering,
    queues,
    figures,
    thresholds,
    parsing,
    explaining,
    verifying,
    backing_up,
    keys,
)
"""Where the commands stand, in the order of the documentation."""


def main() -> None:
    """Run the program."""
    program(prog_name="mailgate")
