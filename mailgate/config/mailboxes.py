"""What no single key of [[mailbox]] can tell."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple

from mailgate.config.errors import Fault, Wrong
from mailgate.config.mailbox import Mailbox
from mailgate.config.schema import Config
from mailgate.config.secrets import is_loopback, read_secret, readable
from mailgate.config.source import Source
from mailgate.config.toml import Path
from mailgate.domain.marks import FLAGGED

_SECRETS = ("password", "password_file", "refresh_token", "refresh_token_file")
_OAUTH = ("token_url", "client_id")
_CONNECTIONS = 2
"""To one account, each of a [[mailbox]]: servers allow few, and people's programs need some."""
_TOO_MANY = (
    "this account is watched by two already, each by a connection of its own: name further folders "
    "in the `also` of one of them"
)
_ASIDE = {"sent": "what was sent", "junk": "spam", "trash": "what was thrown away"}


def mailboxes(config: Config, source: Source) -> Iterator[Fault]:
    """Check that each mailbox is another one, and that one can log in, privately."""
    seen: dict[object, Path] = {}
    watched: Counter[tuple[object, ...]] = Counter()
    for index, mailbox in enumerate(config.mailboxes):
        path: Path = ("mailbox", index)
        name = (*path, "name")
        yield from _once(mailbox.name, name, "another mailbox has it", seen, source)
        if mailbox.host:
            user = mailbox.user or mailbox.address or config.desk.address
            account, host = (mailbox.host.lower(), user), (*path, "host")
            folder = (*account, mailbox.inbox)
            yield from _once(folder, host, "this very folder is watched", seen, source)
            watched[account] += 1
            if watched[account] > _CONNECTIONS:
                yield source.fault(host, Wrong(_TOO_MANY))
            if mailbox.board.on:  # two of them would take each mail from one another
                on = (*path, "board", "on")
                yield from _once(account, on, "this account has a board", seen, source)
        if mailbox.address is not None and mailbox.address not in config.desk_addresses:
            hint = "it is none of the desk's: add it to [desk] addresses"
            yield source.fault((*path, "address"), Wrong(hint))
        for key, what in _ASIDE.items():
            if getattr(mailbox, key) and getattr(mailbox, key) == mailbox.inbox:
                hint = f"mail comes into it: name the folder of {what}"
                yield source.fault((*path, key), Wrong(hint))
        yield from _board(mailbox, [agent.name for agent in config.agents], path, source)
        yield from _login(mailbox, path, source)
        yield from _private(mailbox, path, source)
        yield from _files(mailbox, path, source)


def _once(
    value: object, path: Path, what: str, seen: dict[object, Path], source: Source
) -> Iterator[Fault]:
    """Yield a fault if a value was seen before; one that could not be read is None."""
    if value is not None and value in seen:
        line = source.document.line(seen[value])
        yield source.fault(path, Wrong(f"{what} in line {line} already"))
    seen.setdefault(value, path)


def _board(mailbox: Mailbox, agents: list[str], path: Path, source: Source) -> Iterator[Fault]:
    """Check that each folder of the board stands for one thing; what could not be read is None."""
    names, overdue = mailbox.board.names, mailbox.board.overdue
    tags = [tag.casefold() for tag in mailbox.board.tags or () if tag]
    ours = {"overdue": overdue, "answering": mailbox.board.answering}
    for key, mark in ours.items():
        if mark and mark.casefold() in tags:  # servers do not tell capitals of keywords apart
            hint = f"{mark} is a tag already, and the gateway's own mark would become one"
            yield source.fault((*path, "board", key), Wrong(hint))
    if overdue == FLAGGED and mailbox.board.flagged:
        hint = 'a flag makes a ticket press more already: set flagged = ""'
        yield source.fault((*path, "board", "overdue"), Wrong(hint))
    if overdue and overdue.casefold() == (mailbox.board.answering or "").casefold():
        hint = f"{overdue} is on the mails of late tickets already"
        yield source.fault((*path, "board", "answering"), Wrong(hint))
    if None in astuple(names):
        return
    seen: dict[str, str] = {}
    for spot, leaf in names.leaves(agents).items():
        what = f"what {spot.agent} has in hand" if spot.agent else f"what is {spot.lane}"
        other = seen.setdefault(leaf.casefold(), what)
        if other != what:
            hint = f"{leaf} is the folder of {other} already"
            yield source.fault((*path, "board", spot.lane.value), Wrong(hint))


def _login(mailbox: Mailbox, path: Path, source: Source) -> Iterator[Fault]:
    """Check that there is one way to log in, and all of it."""
    ways = [name for name in _SECRETS if getattr(mailbox, name) is not None]
    if not ways and mailbox.host:
        hint = "name a file with the password, or give refresh_token_file for XOAUTH2"
        yield source.fault((*path, "password_file"), Wrong(hint, found="nothing"))
    if len(ways) > 1:
        hint = f"{ways[0]} is given too: keep one"
        yield source.fault((*path, ways[1]), Wrong(hint))
    for name in _OAUTH:
        if ways and ways[0].startswith("refresh") and getattr(mailbox, name) == "":
            hint = f"XOAUTH2 needs {' and '.join(_OAUTH)}"
            yield source.fault((*path, name), Wrong(hint, found="nothing"))
    url = mailbox.token_url
    if url and not url.startswith("https://") and not url.startswith("http://127.0.0.1:"):
        hint = "secrets are sent there"
        allowed = "an address that begins with https://"
        yield source.fault((*path, "token_url"), Wrong(hint, allowed=allowed))


def _private(mailbox: Mailbox, path: Path, source: Source) -> Iterator[Fault]:
    if mailbox.tls == "off" and mailbox.host and not is_loopback(mailbox.host):
        hint = "the password and every mail would cross the network in clear text"
        allowed = '"starttls", "implicit"; "off" to this machine'
        yield source.fault((*path, "tls"), Wrong(hint, allowed=allowed))


def _files(mailbox: Mailbox, path: Path, source: Source) -> Iterator[Fault]:
    """Check that the files can be read, and secrets by nobody else."""
    secret = ("password_file", "refresh_token_file")
    for name in (*secret, "ca_file"):
        file = getattr(mailbox, name)
        if file is None:
            continue
        try:
            if name in secret:
                read_secret(file, source.environ)
            else:
                readable(file)
        except Wrong as wrong:
            yield source.fault((*path, name), wrong)
