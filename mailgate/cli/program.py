"""The program itself: what stands before every command, and how a command is declared."""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

import mailgate
from mailgate.cli.ending import ending
from mailgate.cli.options import ConfigFile

Function = TypeVar("Function", bound=Callable[..., Any])


SECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "To begin": ("init", "check", "serve", "templates"),
        "To see": (
            *("tickets", "show", "attachment", "stats", "workload", "agents", "thresholds"),
            "lifecycle",
        ),
        "To work on a ticket": (
            *("reply", "resolve", "close", "reopen", "wait", "snooze", "assign", "escalate"),
            *(
                "priority",
                "category",
                "kind",
                "tag",
                "field",
                "ref",
                "cc",
                "requester",
                "merge",
                "unmerge",
                "split",
                "spam",
                "withdraw",
                "approve",
                "reject",
            ),
        ),
        "Mail and clock": (
            *(
                "deliver",
                "import",
                "tick",
                "forecast",
                "simulate",
                "jobs",
                "board",
                "outbox",
                "failed",
                "quarantine",
            ),
            *("parse", "explain"),
        ),
        "To keep": ("verify", "backup", "restore", "keys"),
    }
)
"""Every command, in the order of --help and of the documentation."""

_WHOLE = 200  # characters of a first sentence: none is cut


class Group(TyperGroup):
    """Commands that are listed by section, each with the whole first sentence of its help."""

    sections: Mapping[str, Sequence[str]] | None = None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands in sections."""
        listed = self.sections or {"Commands": self.list_commands(ctx)}
        for heading, names in listed.items():
            said = [(name, self.commands[name].get_short_help_str(_WHOLE)) for name in names]
            with formatter.section(heading):
                formatter.write_dl(said)


class Program(Group):
    """The group of all commands; an error in any of them ends here."""

    sections = SECTIONS

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in their order."""
        del ctx  # it does not depend on what was asked
        return [name for names in SECTIONS.values() for name in names]

    def invoke(self, ctx: Any) -> Any:
        """Run what was asked for."""
        with ending():
            return super().invoke(ctx)


def _examples(lines: tuple[str, ...]) -> str:
    """Return lines as an epilog that is not wrapped."""
    return "\n".join(["\b", "For example:", *(f"  {line}" for line in lines)])


def group(name: str, says: str, *examples: str) -> typer.Typer:
    """Declare a command that has commands of its own; without one of them it lists."""
    made = typer.Typer(
        help=says,
        cls=Group,
        epilog=_examples(examples),
        rich_markup_mode=None,
        add_completion=False,
    )
    program.add_typer(made, name=name)
    return made


def command(
    name: str,
    *examples: str,
    within: typer.Typer | None = None,
    cls: type[TyperCommand] = TyperCommand,
    **settings: Any,
) -> Callable[[Function], Function]:
    """Declare a command; its docstring is its help, and an example belongs to it."""
    place = program if within is None else within
    return place.command(
        name, epilog=_examples(examples), cls=cls, context_settings=settings or None
    )


program = typer.Typer(
    name="mailgate",
    context_settings={"help_option_names": ["-h", "--help"]},
    cls=Program,
    epilog=_examples(("mailgate init --dir desk", "mailgate serve --config desk/config.toml")),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailgate {mailgate.__version__}")
        raise typer.Exit


@program.callback(no_args_is_help=True)
def start(
    ctx: typer.Context,
    config: ConfigFile = None,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """A ticket desk behind a support address.

    Customers write mail, agents answer by mail, nobody logs in. `mailgate init` sets a desk up,
    `mailgate serve` runs it; the other commands show and steer it, also while it runs.
    """
    # It logs its every step, and the stack of each failure; the mail's own note says what counts.
    logging.getLogger("flufl.bounce").disabled = True
    ctx.obj = config
