"""`mailgate keys`: which keys sign, and changing them without losing answers on their way."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.options import ConfigFile
from mailgate.cli.program import command, group

if TYPE_CHECKING:
    from mailgate.config import Config

keys = group(
    "keys",
    "Show which keys sign the addresses that agents answer to, and change them.",
    "mailgate keys",
    "mailgate keys add",
    "mailgate keys sign key2",
    "mailgate keys drop key1",
)


@keys.callback(invoke_without_command=True)
def keys_start(ctx: typer.Context, config: ConfigFile = None) -> None:
    """Remember the configuration for what follows, or list."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        _list(config)


@command("list", "mailgate keys list", within=keys)
def keys_list(config: ConfigFile = None) -> None:
    """List the keys by name; of a key itself nothing is shown."""
    _list(config)


@command("add", "mailgate keys add", within=keys)
def keys_add(config: ConfigFile = None) -> None:
    """Make a new key, which is believed from the next start of the gateway on, and signs later.

    What one process signs must be believed by all of them. So the gateway is started anew, on every
    node with this file, before `mailgate keys sign` has the key sign.
    """
    from mailgate import config as configuration

    made = configuration.add_key(_read(config), os.environ)
    printing.line(f"{made} is believed as soon as the gateway is started anew, on each node with a")
    printing.line(f"copy of this file. After that, `mailgate keys sign {made}` has it sign.")


@command("sign", "mailgate keys sign key2", within=keys)
def keys_sign(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A key that is believed already.")],
    config: ConfigFile = None,
) -> None:
    """Have a key sign from now on: commands at once, the gateway when it is started anew.

    Those that signed before are still believed, so that answers to mails already sent find their
    ticket. A gateway that was not started anew since `keys add` does not believe it yet.
    """
    from mailgate import config as configuration

    read = _read(config)
    configuration.sign_with(read, name, os.environ)
    days = read.limits.signed_addresses.days
    printing.line(f"{name} signs: what the command line does at once, the gateway as soon as it is")
    printing.line(f"started anew. Leave the others for {days} days: so long is valid what")
    printing.line("they signed; then `mailgate keys drop NAME` takes them out.")


@command("drop", "mailgate keys drop key1", within=keys)
def keys_drop(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A key that signs no longer.")],
    config: ConfigFile = None,
) -> None:
    """Take a key out: from the next start on, what it signed is believed no more."""
    from mailgate import config as configuration

    configuration.drop_key(_read(config), name, os.environ)
    printing.line(f"{name} is believed no more as soon as the gateway is started anew.")
    printing.line("One that runs since before `keys sign` still signs with it until then: what it")
    printing.line("signs meanwhile will be worth nothing.")


def _read(config: Path | None) -> "Config":
    from mailgate import config as configuration

    return configuration.load(configuration.find(config, os.environ), os.environ)


def _list(config: Path | None) -> None:
    from mailgate import config as configuration

    found = configuration.signing_keys(_read(config), os.environ)
    printing.table(
        ("KEY", "DOES", "FINGERPRINT"),
        (
            (name, "signs" if name == found.current else "is believed", fingerprint)
            for name, fingerprint in found.fingerprints.items()
        ),
    )
