"""How a command ends: one sentence on stderr and an exit code, never a traceback.

With MAILGATE_DEBUG=1 in the environment the traceback stands before the sentence.
"""

import errno
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import typer

from mailgate.errors import MailgateError, Temporary

NO, USAGE, FAULT, LATER, CONFIGURATION = 1, 2, 70, 75, 78

EXIT_CODES: Mapping[int, str] = MappingProxyType(
    {
        0: "done, or all is well",
        NO: "no: refused, not found, or faults were found",
        USAGE: "the command was not understood",
        FAULT: "a fault of mailgate's own",
        LATER: "not possible at the moment: the same may work later",
        CONFIGURATION: "the configuration cannot be used",
    }
)
"""What the exit code of a command says; `deliver` has its own."""


def say(sentence: str) -> None:
    """Write an error on stderr."""
    typer.echo(f"Error: {sentence}", err=True)


@contextmanager
def ending(
    *, refused: int = NO, fault: int = FAULT, configuration: int = CONFIGURATION
) -> Iterator[None]:
    """Turn whatever goes wrong inside into a sentence and an exit code."""
    try:
        yield
    except Temporary as error:
        code = _told(f"{error}; try again, or run `mailgate check` to see what is wrong", LATER)
    except MailgateError as error:
        code = _told(str(error), configuration if _of_the_configuration(error) else refused)
    except Exception as error:
        if _means_to_end(error):
            raise
        hint = "" if _debugging() else "; MAILGATE_DEBUG=1 shows where"
        text = " ".join(str(error).split())
        code = _told(f"a fault of mailgate's own, {type(error).__name__}: {text}{hint}", fault)
    else:
        return
    raise typer.Exit(code)


def _of_the_configuration(error: MailgateError) -> bool:
    from mailgate.config import ConfigError

    return isinstance(error, ConfigError)


def _told(sentence: str, code: int) -> int:
    if _debugging():
        traceback.print_exc(file=sys.stderr)
    say(sentence)
    return code


def _debugging() -> bool:
    return os.environ.get("MAILGATE_DEBUG", "") not in {"", "0"}


def _means_to_end(error: Exception) -> bool:
    """Whether typer knows what to do: its own errors, Ctrl-C, and a reader that has gone away."""
    gone = isinstance(error, OSError) and error.errno == errno.EPIPE
    return gone or isinstance(error, typer.Abort) or hasattr(error, "exit_code")
