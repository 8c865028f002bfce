"""The configuration: one TOML file, read whole or refused with everything that is wrong in it.

What `load` returns is complete: defaults are in, paths are absolute, secrets are read. Nothing is
looked up in the DNS, and nothing is connected to.
"""

import copy
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from mailgate.config import keys, secrets, toml
from mailgate.config import source as sources
from mailgate.config.checks import check
from mailgate.config.errors import LIKENESS, ConfigError, Fault, Wrong, closest, shown
from mailgate.config.mailbox import IMAP_PORTS, Mailbox
from mailgate.config.people import Agent
from mailgate.config.rekeying import add_key, drop_key, sign_with
from mailgate.config.schema import SMTP_PORTS, Config
from mailgate.config.secrets import SigningKeys
from mailgate.config.source import Source
from mailgate.config.values import read_password_hash
from mailgate.errors import Refused

__all__ = [
    "Config",
    "ConfigError",
    "Fault",
    "SigningKeys",
    "add_key",
    "digest",
    "drop_key",
    "find",
    "load",
    "read",
    "sign_with",
    "signing_keys",
]

DEFAULT_FILE = Path("config.toml")
_MOST_REPAIRS = 4  # a table inside a list inside a table, and one to see that all is well


def find(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the configuration file to use: `--config`, $MAILGATE_CONFIG, or ./config.toml."""
    if option is not None:
        return option
    named = environ.get("MAILGATE_CONFIG", "")
    return Path(named) if named else DEFAULT_FILE


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the configuration in the file at `path`, with variables taken from `environ`.

    Raises ConfigError with all faults at once.
    """
    return read(sources.open_file(path), path, environ)


def read(text: str, path: Path, environ: Mapping[str, str]) -> Config:
    """Read the text of a configuration as if it stood in the file at `path`.

    Raises ConfigError with all faults at once. With errors of syntax, what is missing and what
    contradicts is not looked for: what could not be read may be just that.
    """
    source = sources.read(text, path, environ)
    faults = list(source.first_faults())
    if source.document.slips:
        faults += _faults(source, missing=False)
        raise ConfigError(_in_order(faults))
    faults += _faults(source, missing=True)
    faults += check(_lenient(source), source)
    if faults:
        raise ConfigError(_in_order(faults))
    return _complete(_validated(source), source)


def digest(config: Config) -> str:
    """Return what tells one configuration from another; of its secrets it holds nothing."""
    return hashlib.sha256(repr(config).encode()).hexdigest()[:16]


def signing_keys(config: Config, environ: Mapping[str, str]) -> SigningKeys:
    """Return the keys of [desk] secret_file. Raises Refused if they cannot be read any more."""
    try:
        return secrets.read_keys(config.desk.secret_file, environ)
    except Wrong as wrong:
        raise Refused(f"desk.secret_file: {wrong.hint}") from None


def _in_order(faults: list[Fault]) -> list[Fault]:
    return sorted(dict.fromkeys(faults), key=lambda fault: fault.line)


def _validated(source: Source) -> Config:
    return Config.model_validate(source.data, context={"folder": source.folder})


def _complete(config: Config, source: Source) -> Config:
    """Fill in what follows from other keys."""
    inbound, delivery = config.inbound, config.delivery
    hostname = inbound.hostname or config.desk.address.rpartition("@")[2]
    password = delivery.password
    if delivery.password_file is not None:
        password = SecretStr(secrets.read_secret(delivery.password_file, source.environ))
    filled = {
        "port": delivery.port or SMTP_PORTS[delivery.tls],
        "password": password,
        "helo": delivery.helo or hostname,
    }
    return config.model_copy(
        update={
            "inbound": inbound.model_copy(update={"hostname": hostname}),
            "delivery": delivery.model_copy(update=filled),
            "agents": tuple(_hashed(agent, source) for agent in config.agents),
            "mailboxes": tuple(
                _filled(mailbox, config.desk.address, source) for mailbox in config.mailboxes
            ),
        }
    )


def _hashed(agent: Agent, source: Source) -> Agent:
    if agent.password_file is None:
        return agent
    text = secrets.read_secret(agent.password_file, source.environ)
    return agent.model_copy(update={"password_hash": read_password_hash(text, source.folder)})


def _filled(mailbox: Mailbox, desk: str, source: Source) -> Mailbox:
    address = mailbox.address or desk
    password = mailbox.password
    if mailbox.password_file is not None:
        password = SecretStr(secrets.read_secret(mailbox.password_file, source.environ))
    token = mailbox.refresh_token
    if mailbox.refresh_token_file is not None:
        token = SecretStr(secrets.read_secret(mailbox.refresh_token_file, source.environ))
    filled = {
        "port": mailbox.port or IMAP_PORTS[mailbox.tls],
        "user": mailbox.user or address,
        "address": address,
        "password": password,
        "refresh_token": token,
    }
    return mailbox.model_copy(update=filled)


def _faults(source: Source, *, missing: bool) -> Iterator[Fault]:
    """Yield what is wrong with each key by itself."""
    try:
        _validated(source)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            path = detail["loc"]
            if path not in source.unset and (missing or detail["type"] != "missing"):
                yield source.fault(path, _wrong(detail, source))


def _wrong(detail: ErrorDetails, source: Source) -> Wrong:
    """Say in our words what pydantic found."""
    path = detail["loc"]
    match detail["type"]:
        case "value_error":
            wrong = detail["ctx"]["error"]
            return wrong if isinstance(wrong, Wrong) else Wrong(str(wrong))
        case "extra_forbidden":
            return _unknown(path)
        case "missing":
            return _missing(path)
        case _:
            return _misshapen(path, source)


def _unknown(path: toml.Path) -> Wrong:
    """Say what may stand in the place of an unknown key, and where that key belongs."""
    table, name = sources.label(path[:-1]), str(path[-1])
    sections = keys.sections()
    here = keys.children(table)
    elsewhere = dict.fromkeys(key for section in sections.values() for key in section.keys)
    (near, mine), (near_there, theirs) = closest(name, here), closest(name, elsewhere)
    hints = []
    if near >= LIKENESS and (near >= near_there or name == theirs):
        hints += [f"did you mean `{mine}`?" if table else f"did you mean {sections[mine].header}?"]
    if near_there >= LIKENESS and near_there > near:
        homes = " or ".join(s.header for s in sections.values() if theirs in s.keys)
        hints += [
            f"it belongs to {homes}" if name == theirs else f"did you mean `{theirs}` of {homes}?"
        ]
    hint = " Else ".join(hints)
    allowed = here if table else [sections[choice].header for choice in here]
    what = "key" if table else "table or key"
    return Wrong(hint, found=f"the unknown {what} {shown(name)}", allowed=", ".join(allowed))


def _missing(path: toml.Path) -> Wrong:
    key = keys.key_of(path)
    if key is not None:
        header = keys.sections()[sources.label(path[:-1])].header
        return Wrong(f"add {key.name} = {shown(key.example)} below {header}", found="nothing")
    table = keys.sections()[sources.label(path)]
    lines = " and ".join(
        f"{k.name} = {shown(k.example)}" for k in table.keys.values() if k.required
    )
    return Wrong(
        f"add {table.header} with {lines}", found="nothing", allowed=f"a table {table.header}"
    )


def _misshapen(path: toml.Path, source: Source) -> Wrong:
    """Say what a table or a list is written like."""
    section = keys.section_of(path)
    if section is None:
        return Wrong('a list is written ["...", "..."]')
    found = source.shown(path)
    kind = found if found in {"a table", "a list"} else "a single value"
    allowed = f"{'tables' if section.many else 'a table'} {section.header}"
    hint = f"write {section.header} in a line of its own" + (
        ", one for each" if section.many else ""
    )
    inner = (f"{section.name}.{name}" for name in source.names(path))
    alone = next((name for name in inner if name in keys.sections()), None)
    if section.many and alone is not None:
        hint = f"[{alone}] goes on with the {section.header} above it: write that one first"
    return Wrong(hint, found=kind, allowed=allowed)


def _lenient(source: Source) -> Config:
    """Return the configuration with None wherever a value cannot be read, to check the rest."""
    data = copy.deepcopy(source.data)
    for _ in range(_MOST_REPAIRS):
        try:
            context = {"folder": source.folder, "lenient": True}
            return Config.model_validate(data, context=context)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                _repair(data, detail["loc"], detail["type"])
    raise AssertionError("a configuration that cannot be repaired")


def _repair(data: dict[str, Any], path: toml.Path, fault: str) -> None:
    """Take out what is unknown or has the wrong shape, put None where something is missing."""
    place: Any = data
    for part in path[:-1]:
        place = place[part]
    if fault == "missing":
        place[path[-1]] = {} if keys.section_of(path) else None
    elif isinstance(path[-1], int):
        place[path[-1]] = {}
    else:
        del place[path[-1]]
