"""What no single key can tell: keys that contradict each other, and files that they name.

Each check looks at one matter and yields its faults. The configuration that it looks at may have
faults already; a value that could not be read is None there, and is passed over.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import TypeVar

from mailgate import locales
from mailgate.config import keys
from mailgate.config.addresses import Listen
from mailgate.config.calendars import WEEKDAYS
from mailgate.config.errors import Fault, Wrong, did_you_mean, shown
from mailgate.config.mailboxes import mailboxes
from mailgate.config.schema import Config
from mailgate.config.secrecy import secrets
from mailgate.config.secrets import WORLD, exposed, is_loopback, readable
from mailgate.config.source import Source
from mailgate.config.toml import Path
from mailgate.config.values import Substituted
from mailgate.domain.escalation import ADMINS
from mailgate.domain.horizon import LONGEST_HOLD
from mailgate.domain.model import Priority
from mailgate.domain.numbers import NumberFormat

T = TypeVar("T")
Check = Callable[[Config, Source], Iterator[Fault]]

RESERVED = frozenset(
    {"me", "none", "all", "team", "done", "note", "wait", "mytickets", ADMINS, *Priority}
)
"""Names that commands and addresses such as `support+done@` understand otherwise."""

_NO_TEAM = "add a [[team]] of that name"
_NOT_EMPTY = {
    ("desk", "categories"): "a ticket needs a category",
    ("submission", "allowed_peers"): "nobody could connect",
    ("inbound", "allowed_peers"): 'nobody could connect; for everybody ["0.0.0.0/0", "::/0"]',
    ("delivery", "retry_after"): "say after how long to try again",
}


def check(config: Config, source: Source) -> Iterator[Fault]:
    """Yield every fault that shows only between keys, or in files."""
    for matter in CHECKS:
        yield from matter(config, source)


def _maybe(value: T) -> T | None:
    """Return `value`, which in a configuration with faults may be None whatever its type says."""
    return value


def _twice(items: Iterable[tuple[Path, str | None]], what: str, source: Source) -> Iterator[Fault]:
    """Yield a fault for each value that stands among `items` already."""
    seen: dict[str, Path] = {}
    for path, value in items:
        if value is None:
            continue
        if value in seen:
            line = source.document.line(seen[value])
            yield source.fault(path, Wrong(f"{what} in line {line} already"))
        seen.setdefault(value, path)


def _listed(path: Path, values: Iterable[str] | None) -> Iterator[tuple[Path, str]]:
    return (((*path, index), value) for index, value in enumerate(values or ()))


def lists(config: Config, source: Source) -> Iterator[Fault]:
    """Check that lists have items where they must, and no item twice."""
    for path, hint in _NOT_EMPTY.items():
        if getattr(getattr(config, path[0]), path[1]) == ():
            yield source.fault(path, Wrong(hint, found="an empty list"))
    yield from _twice(_listed(("desk", "categories"), config.desk.categories), "it stands", source)
    yield from _twice(_listed(("desk", "fields"), config.desk.fields), "it stands", source)
    yield from _twice(_listed(("desk", "admins"), config.desk.admins), "it stands", source)


def people(config: Config, source: Source) -> Iterator[Fault]:
    """Check that every name and address means one agent, one team, or the desk."""
    desk = [
        (("desk", "address"), config.desk.address),
        *_listed(("desk", "addresses"), config.desk.addresses),
    ]
    yield from _twice(desk, "it is the desk's", source)
    own = {value: path for path, value in reversed(desk) if _maybe(value) is not None}
    agents = [(("agent", i, "address"), a.address) for i, a in enumerate(config.agents)]
    admins = list(_listed(("desk", "admins"), config.desk.admins))
    for path, value in (*agents, *admins):
        if value in own:
            line = source.document.line(own[value])
            hint = f"it is the desk's own in line {line}: notices would come back as tickets"
            yield source.fault(path, Wrong(hint))
    yield from _twice(agents, "it is given", source)
    names = [(("agent", i, "name"), a.name) for i, a in enumerate(config.agents)]
    yield from _twice(names, "another agent has it", source)
    groups = [(("team", i, "name"), t.name) for i, t in enumerate(config.teams)]
    yield from _twice(groups, "another team has it", source)
    for path, name in (*names, *groups):
        if name in RESERVED:
            yield source.fault(path, Wrong("commands understand that word otherwise"))


def languages(config: Config, source: Source) -> Iterator[Fault]:
    """Check that mails can be written in every language that is wanted, or in a wider one."""
    there = locales.languages()
    allowed = f"a language that there are templates in: {', '.join(there)}"
    agents = ((("agent", i, "language"), agent.language) for i, agent in enumerate(config.agents))
    customers = ((("desk", "languages", i), tag) for i, tag in enumerate(config.desk.languages))
    given = ((("desk", "language"), config.desk.language), *customers, *agents)
    for path, tag in given:
        if _maybe(tag) and tag not in there and tag.partition("-")[0] not in there:
            yield source.fault(path, Wrong(did_you_mean(tag, there), allowed=allowed))


def machine_senders(config: Config, source: Source) -> Iterator[Fault]:
    """Check that a machine is nobody else, and that what it says can ever count."""
    machines = config.machine_senders
    addresses = [(("machine_sender", i, "address"), m.address) for i, m in enumerate(machines)]
    people = [
        *((("agent", i, "address"), a.address) for i, a in enumerate(config.agents)),
        *_listed(("desk", "admins"), config.desk.admins),
        (("desk", "address"), config.desk.address),
        *_listed(("desk", "addresses"), config.desk.addresses),
    ]
    taken = {value: path for path, value in reversed(people) if _maybe(value) is not None}
    yield from _twice(addresses, "it is given", source)
    for path, value in addresses:
        if value in taken:
            line = source.document.line(taken[value])
            yield source.fault(path, Wrong(f"people use it, see line {line}"))
    if config.trust.authserv_ids or config.trust.verify:
        return
    for index, machine in enumerate(machines):
        if machine.problem:
            hint = "nothing proves a sender here: set [trust] authserv_ids, or verify = true"
            allowed = "only [] without proof"
            yield source.fault(("machine_sender", index, "problem"), Wrong(hint, allowed=allowed))


def members(config: Config, source: Source) -> Iterator[Fault]:
    """Check that teams reach somebody, and that their members are agents."""
    known = _named("agent", source)
    for index, team in enumerate(config.teams):
        path: Path = ("team", index, "members")
        yield from _twice(_listed(path, team.members), "it stands", source)
        for place, name in _listed(path, team.members):
            if _maybe(name) is not None and name not in known:
                names = [name for name in known if not isinstance(name, Substituted)]
                hint = did_you_mean(name, names) or "add an [[agent]] of that name"
                allowed = "names of agents" + (f": {', '.join(names)}" if names else "")
                yield source.fault(place, Wrong(hint, allowed=allowed))
        if team.members == ():
            yield source.fault(path, Wrong("name a member", found="nobody"))


def rules(config: Config, source: Source) -> Iterator[Fault]:
    """Check that each rule has a name of its own, does something, and names what there is."""
    names = [(("rule", i, "name"), each.name) for i, each in enumerate(config.rules)]
    yield from _twice(names, "another rule has it", source)
    teams = [name for name in _named("team", source) if not isinstance(name, Substituted)]
    categories = _categories(config)
    for index, each in enumerate(config.rules):
        path: Path = ("rule", index)
        asked = _listed((*path, "if_category"), each.if_category)
        yield from _unknown([((*path, "team"), each.team)], teams, source, _NO_TEAM)
        yield from _unknown([((*path, "category"), each.category), *asked], categories, source)
        if not (each.team or each.category or each.kind or each.priority or each.tags):
            hint = "say what a ticket gets by it"
            allowed = "a rule with a team, category, kind, priority or tags"
            yield source.fault((*path, "name"), Wrong(hint, allowed=allowed))


def escalations(config: Config, source: Source) -> Iterator[Fault]:
    """Check that each has a name of its own, and names what there is."""
    rules = config.escalations
    names = [(("escalation", i, "name"), each.name) for i, each in enumerate(rules)]
    yield from _twice(names, "another escalation has it", source)
    agents, teams = (
        [name for name in _named(table, source) if not isinstance(name, Substituted)]
        for table in ("agent", "team")
    )
    categories = _categories(config)
    for index, each in enumerate(rules):
        path: Path = ("escalation", index)
        yield from _unknown(_listed((*path, "if_category"), each.if_category), categories, source)
        yield from _unknown(_listed((*path, "if_team"), each.if_team), teams, source, _NO_TEAM)
        known = [*agents, *(f"team:{name}" for name in teams)]
        add = _NO_TEAM if (each.to or "").startswith("team:") else ""
        yield from _unknown([((*path, "to"), each.to)], known, source, add)
    asked: list[tuple[Path, str | None]] = [
        (("escalation", index, "approval_by"), each.approval_by) for index, each in enumerate(rules)
    ]
    asked.append((("escalate", "approval_by"), config.asking.approval_by))
    yield from _unknown(asked, [*agents, ADMINS], source)
    for where, by in asked:
        if by == ADMINS and not (_maybe(config.desk.admins) or any(a.admin for a in config.agents)):
            hint = "nobody could approve it: there is no administrator"
            yield source.fault(where, Wrong(hint, allowed="an agent, or admins where there are"))


def _categories(config: Config) -> list[str]:
    """Return the categories that could be read."""
    return [each for each in config.desk.categories or () if _maybe(each) is not None]


def _unknown(
    named: Iterable[tuple[Path, str | None]], known: Sequence[str], source: Source, add: str = ""
) -> Iterator[Fault]:
    for path, value in named:
        if value and value not in known:
            allowed = ", ".join(known) or "nothing: there is none yet"
            hint = did_you_mean(value, known) or add
            yield source.fault(path, Wrong(hint, allowed=allowed))


def calendars(config: Config, source: Source) -> Iterator[Fault]:
    """Check that each calendar has a name of its own and is ever open, and that all are known."""
    tables = config.calendars
    names = [(("calendar", i, "name"), each.name) for i, each in enumerate(tables)]
    yield from _twice(names, "another calendar has it", source)
    for index, each in enumerate(tables):
        if all(getattr(each, day) == () for day in WEEKDAYS):
            hint = "nothing would ever come due: give a weekday an interval"
            yield source.fault(("calendar", index, WEEKDAYS[0]), Wrong(hint, found="no open day"))
        opened = (
            (path, None if _maybe(day) is None else day[0].isoformat())
            for path, day in (
                (("calendar", index, "opened", n), day) for n, day in enumerate(each.opened or ())
            )
        )
        yield from _twice(opened, "that day stands", source)
    named = dict.fromkeys(_named("calendar", source))
    known = [name for name in named if not isinstance(name, Substituted)]
    wanted: list[tuple[Path, str | None]] = [
        (("sla", row, "calendar"), getattr(config.sla, field).calendar)
        for row, field in (("global", "everywhere"), *((each, each) for each in Priority))
    ]
    wanted.append((("lifecycle", "reminders_in"), config.lifecycle.reminders_in))
    wanted.append((("assignment", "inactive_in"), config.assignment.inactive_in))
    wanted.append((("escalate", "calendar"), config.asking.calendar))
    wanted += (
        (("escalation", i, "calendar"), e.calendar) for i, e in enumerate(config.escalations)
    )
    for path, name in wanted:
        if name and name not in named:
            hint = did_you_mean(name, known) or "add a [[calendar]] of that name"
            allowed = "names of calendars" + (f": {', '.join(known)}" if known else "")
            yield source.fault(path, Wrong(hint, allowed=allowed))


def _named(table: str, source: Source) -> list[str]:
    """Return the names given in tables as written: one wrong in itself is not unknown too."""
    given = source.data.get(table)
    tables = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    names = (each.get("name") for each in tables)
    return [name for name in names if isinstance(name, str)]


def desk_addresses(config: Config, source: Source) -> Iterator[Fault]:
    """Check that a signed address can be made of each address of the desk, and read again."""
    delimiter = config.desk.subaddress_delimiter
    paths = [
        (("desk", "address"), config.desk.address),
        *_listed(("desk", "addresses"), config.desk.addresses),
    ]
    for path, value in paths:
        if _maybe(value) and _maybe(delimiter) and delimiter in value.partition("@")[0]:
            hint = f"{shown(delimiter)} begins the signed part (desk.subaddress_delimiter)"
            yield source.fault(path, Wrong(hint))


def number_formats(config: Config, source: Source) -> Iterator[Fault]:
    """Check that no two formats can write the same number for different tickets."""
    formats: list[tuple[Path, str]] = [
        (("desk", "number_format"), config.desk.number_format),
        *_listed(("desk", "number_formats_used"), config.desk.number_formats_used),
    ]
    for index, (path, late) in enumerate(formats):
        for before, early in formats[:index]:
            if _maybe(late) and _maybe(early) and _collide(NumberFormat(late), NumberFormat(early)):
                line = source.document.line(before)
                which = f"{source.shown(before)} in line {line}"
                if not source.document.has(*before):
                    which = f"the default, {shown(early)}"
                hint = f"it can write the same numbers as {which}"
                yield source.fault(path, Wrong(hint))
                break


def _collide(one: NumberFormat, other: NumberFormat) -> bool:
    """Whether a number of either format reads as one of the other; length is what tells."""
    day = date(2026, 10, 10)
    return any(
        re.fullmatch(reader.pattern, writer.write(day, 10**figures).upper())
        for writer, reader in ((one, other), (other, one))
        for figures in range(18)
    )


def tls(config: Config, source: Source) -> Iterator[Fault]:
    """Check that certificate and key are both there, and the key not for everybody."""
    for given, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        if source.document.has("inbound", given) and not source.document.has("inbound", other):
            hint = f"STARTTLS needs inbound.{given} and inbound.{other}"
            yield source.fault(("inbound", other), Wrong(hint))
    files = {
        ("inbound", "tls_cert"): config.inbound.tls_cert,
        ("inbound", "tls_key"): config.inbound.tls_key,
        ("delivery", "ca_file"): config.delivery.ca_file,
    }
    for path, file in files.items():
        if file is None:
            continue
        try:
            readable(file)
            if path[1] == "tls_key" and (hint := exposed(file, source.environ, WORLD)):
                raise Wrong(hint)  # noqa: TRY301 -- one place turns both into a fault
        except Wrong as wrong:
            yield source.fault(path, wrong)


def smarthost(config: Config, source: Source) -> Iterator[Fault]:
    """Check that there is a smarthost if there shall be one, and that no password is bare."""
    delivery, has = config.delivery, source.document.has
    if delivery.transport == "smtp" and delivery.host == "":
        allowed = "a host name or an IP address"
        hint = "transport smtp needs a smarthost"
        yield source.fault(("delivery", "host"), Wrong(hint, allowed=allowed))
    secret = has("delivery", "password") or has("delivery", "password_file")
    if delivery.user and not secret:
        hint = "a user needs a password: name a file, or give delivery.password"
        yield source.fault(("delivery", "password_file"), Wrong(hint))
    if secret and delivery.user == "":
        hint = "a password needs a user"
        yield source.fault(("delivery", "user"), Wrong(hint, allowed="a text"))
    if has("delivery", "password") and has("delivery", "password_file"):
        hint = "delivery.password is given too: keep one"
        yield source.fault(("delivery", "password_file"), Wrong(hint))
    if secret and delivery.tls == "off" and delivery.host and not is_loopback(delivery.host):
        hint = "the password would cross the network in clear text"
        allowed = '"starttls", "implicit"; "off" to this machine or without a password'
        yield source.fault(("delivery", "tls"), Wrong(hint, allowed=allowed))


def ports(config: Config, source: Source) -> Iterator[Fault]:
    """Check that no two listeners want the same port."""
    wanted: dict[Path, Listen | None] = {
        ("inbound", "listen"): _maybe(config.inbound.listen),
        ("inbound", "lmtp_listen"): config.inbound.lmtp_listen,
        ("submission", "listen"): config.submission.listen,
        ("web", "listen"): _maybe(config.web.listen),
    }
    for (path, one), (other_path, other) in combinations(wanted.items(), 2):
        if one is None or other is None or not one.port:
            continue
        if one.port == other.port and _overlap(one, other):
            yield _clash(other_path, path, "it is the port of", source)


def submission(config: Config, source: Source) -> Iterator[Fault]:
    """Check that agents can log in where they shall, and that nobody can read their passwords."""
    for index, agent in enumerate(config.agents):
        if agent.password_file is not None and _maybe(agent.password_hash) is not None:
            hint = "password_hash is given too: keep one"
            yield source.fault(("agent", index, "password_file"), Wrong(hint))
    port, path = config.submission, ("submission", "listen")
    if port.listen is None:
        return
    has = source.document.has
    agents = range(len(config.agents))
    named = (("agent", i, name) for i in agents for name in ("password_hash", "password_file"))
    if not any(has(*each) for each in named):
        hint = "no agent could log in: `mailgate agents password NAME`, then password_hash"
        yield source.fault(path, Wrong(hint))
    if has("inbound", "tls_cert"):
        return
    if port.implicit_tls:
        hint = "TLS needs a certificate: inbound.tls_cert and inbound.tls_key"
        yield source.fault(("submission", "implicit_tls"), Wrong(hint))
    elif not is_loopback(port.listen.host):
        hint = "passwords would cross the network in clear text: give inbound.tls_cert and tls_key"
        yield source.fault(path, Wrong(hint))


def _overlap(one: Listen, other: Listen) -> bool:
    every = {"0.0.0.0", "::"}  # noqa: S104 -- compared, not listened on
    return one.host == other.host or bool(every & {one.host, other.host})


def limits(config: Config, source: Source) -> Iterator[Fault]:
    """Check that no limit makes another one void."""
    pairs = (
        (("inbound", "max_connections_per_peer"), ("inbound", "max_connections")),
        (("limits", "header"), ("limits", "header_block")),
        (("limits", "header_block"), ("inbound", "max_size")),
        (("limits", "automatic_in_10m"), ("limits", "automatic_in_30m")),
        (("limits", "automatic_in_30m"), ("limits", "automatic_in_60m")),
    )
    for low, high in pairs:
        small, large = (getattr(getattr(config, table), name) for table, name in (low, high))
        if small is None or large is None or small <= large:
            continue
        given = source.document.has(*low)
        path, other, than = (low, high, "more") if given else (high, low, "less")
        yield _clash(path, other, f"it is {than} than", source)


def _clash(path: Path, other: Path, what: str, source: Source) -> Fault:
    """Return the fault of one key that does not go with another, on the one that is given."""
    if not source.document.has(*path):
        path, other = other, path
    default = keys.key_of(other)
    written = source.shown(other) if source.document.has(*other) else None
    value = written or (shown(default.default) if default else "")
    return source.fault(path, Wrong(f"{what} {'.'.join(map(str, other))}, {value}"))


def answering(config: Config, source: Source) -> Iterator[Fault]:
    """The clock does not stand still for long because of answers that wait."""
    hold = config.answering.hold
    if hold is not None and hold > LONGEST_HOLD:
        yield source.fault(("agents", "hold"), Wrong("the clock waits as long: at most 10m"))


CHECKS: tuple[Check, ...] = (
    answering,
    lists,
    languages,
    people,
    machine_senders,
    mailboxes,
    members,
    rules,
    escalations,
    calendars,
    desk_addresses,
    number_formats,
    tls,
    smarthost,
    ports,
    submission,
    limits,
    secrets,
)
