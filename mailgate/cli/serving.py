"""`mailgate serve`: the gateway itself, from its first line in the log to its last."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

import typer

import mailgate
from mailgate.cli import printing
from mailgate.cli.ending import LATER, NO, say
from mailgate.cli.opening import opened
from mailgate.cli.options import ConfigFile
from mailgate.cli.program import command
from mailgate.errors import MailgateError, Temporary

if TYPE_CHECKING:
    from mailgate.app import App

_STOPS = (signal.SIGTERM, signal.SIGINT)


class _Stop:
    """Set by the first signal to stop; the second one ends the process where it stands."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.by = ""
        for number in _STOPS:
            signal.signal(number, self._heard)
        signal.signal(signal.SIGHUP, self._hung_up)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if self.asked.is_set():
            os._exit(128 + number)
        self.by = signal.Signals(number).name
        self.asked.set()

    @staticmethod
    def _hung_up(_number: int, _frame: FrameType | None) -> None:
        """Go on: a terminal has gone, or somebody hopes that the configuration is read anew.

        Told by a thread: the line that was being written may hold what logging needs.
        """
        from mailgate.log import log

        threading.Thread(target=log, args=("gateway.hung_up",), daemon=True).start()


@command("serve", "mailgate serve --config desk/config.toml")
def serve(config: ConfigFile = None) -> None:
    """Run the gateway: take mail, keep the clock, send what is due.

    Writes one line `gateway.ready` to stderr when every port is open; at a terminal it also says
    where mail goes in and out. SIGTERM or Ctrl-C lets what is under way be finished; a second one
    ends at once. SIGHUP changes nothing: for another configuration start anew.

    Ends with 0 when it was stopped, 1 when it could not start, 75 when that may pass (a port
    taken, the database away), 78 when the configuration cannot be used.
    """
    stop = _Stop()
    with opened(config, quiet=False) as app:
        _run(app, stop)


def _run(app: "App", stop: _Stop) -> None:
    from mailgate.log import log

    log("gateway.starting", version=mailgate.__version__, desk=app.config.desk.address)
    try:
        app.start()
    except MailgateError as error:
        log("gateway.failed", error=str(error))
        if sys.stderr.isatty():
            say(str(error))
        raise typer.Exit(LATER if isinstance(error, Temporary) else NO) from None
    listener = app.listener
    log("gateway.ready", smtp=listener.port, lmtp=listener.lmtp_port, http=app.web.port)
    if sys.stdout.isatty():
        _greet(app)
    stop.asked.wait()
    log("gateway.stopping", signal=stop.by)
    app.stop()
    log("gateway.stopped")


def _greet(app: "App") -> None:
    """Tell the person who started it where mail goes in and out."""
    config = app.config
    printing.line()
    printing.line(f"The desk is {config.desk.address}.")
    printing.line(f"Send mail to it by SMTP at {config.inbound.listen.host}:{app.listener.port}.")
    match config.delivery.transport:
        case "maildir":
            printing.line(f"What it sends is put into the Maildir {config.delivery.maildir}.")
        case "terminal":
            printing.line("What it sends is shown here.")
        case _:
            printing.line(f"What it sends goes to {config.delivery.host}.")
    printing.line("Stop it by Ctrl-C.")
    printing.line()
