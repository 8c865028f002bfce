"""`mailgate serve`: the gateway itself, from its first line in the log to its last."""

import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

import mailgate
from mailgate.cli import printing
from mailgate.cli.ending import LATER, NO, say
from mailgate.cli.opening import opened
from mailgate.cli.options import ConfigFile
from mailgate.cli.program import command
from mailgate.errors import MailgateError, Temporary
from mailgate.stopping import Stop

if TYPE_CHECKING:
    from mailgate.app import App

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _told(by: str) -> None:
    """Log a signal; a terminal has gone, or somebody hopes that the configuration is read anew."""
    from mailgate.log import log

    if by == signal.SIGHUP.name:
        log("gateway.hung_up")
    else:
        log("gateway.stopping", signal=by)


@command("serve", "mailgate serve --config desk/config.toml")
def serve(config: ConfigFile = None) -> None:
    """Run the gateway: take mail, keep the clock, send what is due.

    Writes one line `gateway.ready` to stderr when every port is open; at a terminal it also says
    where mail goes in and out. SIGTERM or Ctrl-C lets what is under way be finished; a second one
    ends at once. SIGHUP changes nothing: for another configuration start anew.

    Ends with 0 when it was stopped, 1 when it could not start, 75 when that may pass (a port
    taken, the database away), 78 when the configuration cannot be used.
    """
    stop = Stop(_told)
    stop.listen(_SIGNALS)
    with opened(config, quiet=False) as app:
        _run(app, stop)


def _run(app: "App", stop: Stop) -> None:
    from mailgate.gateway import Gateway
    from mailgate.log import log

    log("gateway.starting", version=mailgate.__version__, desk=app.config.desk.address)
    gateway = Gateway(app)
    try:
        ports = gateway.prepare()
        gateway.serve(ports, lambda: _ready(app, ports.numbers), stop)
    except MailgateError as error:
        log("gateway.failed", error=str(error))
        if sys.stderr.isatty():
            say(str(error))
        raise typer.Exit(LATER if isinstance(error, Temporary) else NO) from None
    log("gateway.stopped")


def _ready(app: "App", ports: Mapping[str, int]) -> None:
    from mailgate.log import log

    log("gateway.ready", **ports)
    if sys.stdout.isatty():
        _greet(app, ports)


def _greet(app: "App", ports: Mapping[str, int]) -> None:
    """Tell the person who started it where mail goes in and out."""
    config = app.config
    printing.line()
    printing.line(f"The desk is {config.desk.address}.")
    if "smtp" in ports:
        printing.line(f"Send mail to it by SMTP at {config.inbound.listen.host}:{ports['smtp']}.")
    if "submission" in ports and config.submission.listen is not None:
        host = config.submission.listen.host
        printing.line(f"Agents hand in mail at {host}:{ports['submission']}.")
    match config.delivery.transport:
        case "maildir":
            printing.line(f"What it sends is put into the Maildir {config.delivery.maildir}.")
        case "terminal":
            printing.line("What it sends is shown here.")
        case _:
            printing.line(f"What it sends goes to {config.delivery.host}.")
    printing.line("Stop it by Ctrl-C.")
    printing.line()
