"""The types of keys: each is a Python type with the words and the reader that belong to it."""

from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import SecretStr

from mailgate.config import addresses, days, values
from mailgate.config.addresses import Listen, Network
from mailgate.config.values import Kind, one_of, whole
from mailgate.domain import hours
from mailgate.domain.escalation import Since
from mailgate.domain.model import Kind as TicketKind
from mailgate.domain.model import Priority
from mailgate.domain.policy import PRESETS, TIMES, Telling
from mailgate.roles import NodeRole

Text = Annotated[str, Kind("a text", values.read_text)]
Name = Annotated[str, Kind("a text that is not empty", values.read_name)]
Label = Annotated[str, Kind("a name such as Host, at most 64 characters", values.read_label)]
Flag = Annotated[bool, Kind("true or false", values.read_flag)]
Count = Annotated[int, whole(1, 1_000_000)]
Connections = Annotated[int, whole(1, 10_000)]
Hops = Annotated[int, whole(0, 20)]
Percent = Annotated[int, whole(1, 99)]
Missed = Annotated[int, whole(0, 1_000)]
Held = Annotated[int, whole(0, 10_000)]
Rank = Annotated[int, whole(0, 1_000_000)]
Workers = Annotated[int, whole(0, 32)]
Port = Annotated[int, whole(0, 65_535)]

Duration = Annotated[timedelta, Kind("a duration such as 90s, 15m, 4h or 2d", values.read_duration)]
Wait = Annotated[
    timedelta, Kind('a duration such as 15m, 4h or 2d; "0s": at once', values.read_wait)
]
Lease = Annotated[timedelta, Kind("a duration from 2s to 60s", values.read_lease)]
Days = Annotated[timedelta, Kind("a duration of whole days such as 90d", values.read_days)]
Window = Annotated[
    timedelta | None, Kind('"forever", or a duration such as 30d', values.read_window)
]
Period = Annotated[timedelta | None, Kind('"off", or a duration such as 1m', values.read_period)]
DayTime = Annotated[
    time | None, Kind('"off", or a time of the day such as "08:00"', values.read_day_time)
]
Size = Annotated[int, Kind("a size such as 25MiB, 256KiB or 512B", values.read_size)]

Place = Annotated[Path, Kind("a path", values.read_path)]
MaybeZone = Annotated[
    str, Kind('a zone such as Europe/Berlin or UTC, or ""', values.read_maybe_timezone)
]
Span = Annotated[hours.Span, Kind('an interval such as "09:00-17:30"', days.read_span)]
MaybeSpan = Annotated[
    hours.Span,
    Kind('an interval such as "22:00-07:00", or "" for none', days.read_maybe_span),
]
Region = Annotated[
    tuple[date, ...], Kind('a country or a part of it, such as "DE" or "DE-BY"', days.read_region)
]
DaysFile = Annotated[tuple[date, ...], Kind("the path of an ICS file", days.read_file)]
ClosedDays = Annotated[
    tuple[date, ...],
    Kind('a date such as "2026-12-24", or "2026-12-27..2026-12-31"', days.read_days),
]
OpenedDay = Annotated[
    tuple[date, tuple[hours.Span, ...]],
    Kind('a date with intervals: "2026-12-24 09:00-12:00, 13:00-14:00"', days.read_opened),
]
Zone = Annotated[str, Kind("a zone such as Europe/Berlin or UTC", values.read_timezone)]
Language = Annotated[str, Kind("a language such as en, de or pt-BR", values.read_language)]
MaybeLanguage = Annotated[
    str, Kind('a language such as en, de or pt-BR, or ""', values.read_maybe_language)
]
Word = Annotated[
    str,
    Kind("at most 32 of small letters, digits, . _ and -, a letter first", values.read_word),
]
MaybeWord = Annotated[str, Kind('a name, or ""', values.read_maybe_word)]
MaybeTarget = Annotated[
    str, Kind('an agent\'s name, "team:" and a team\'s, or ""', values.read_maybe_target)
]
Times = Annotated[
    tuple[str, ...],
    Kind(f"a list of {', '.join(TIMES)}", values.list_of(TIMES)),
]
Folder = Annotated[
    str, Kind("a folder: at most 64 letters, digits, blanks, - _ and @", values.read_folder)
]
MaybeFolder = Annotated[str, Kind('a folder such as Tickets, or ""', values.read_maybe_folder)]
AgentsFolder = Annotated[str, Kind("a folder with {name} in it", values.read_agents_folder)]
Keyword = Annotated[
    str,
    Kind("an IMAP keyword: at most 50 letters, digits, $ _ . and -", values.read_keyword),
]
MaybeKeyword = Annotated[
    str, Kind('an IMAP keyword such as Overdue, or ""', values.read_maybe_keyword)
]
MaybeMark = Annotated[
    str, Kind(r'an IMAP keyword such as Overdue, "\\Flagged", or ""', values.read_maybe_mark)
]
Category = Annotated[str, Kind("small letters, digits and _, a letter first", values.read_category)]
Phrase = Annotated[
    str, Kind("a word, or several, with a letter or digit at both ends", values.read_phrase)
]
MaybeCategory = Annotated[str, Kind('a category, or ""', values.read_maybe_category)]
NumberFormat = Annotated[
    str,
    Kind(
        "letters, digits, - _ . / with {year} or {date}, and {seq} or {seq:05d} last",
        values.read_number_format,
    ),
]
FormerNumber = Annotated[
    str,
    Kind("a text with {number} and, if need be, {name} for any words", values.read_former_number),
]
Secret = Annotated[
    SecretStr, Kind('a text, best from outside: "${NAME}"', values.read_secret, secret=True)
]
PasswordHash = Annotated[
    SecretStr,
    Kind("a line of `mailgate agents password`", values.read_password_hash, secret=True),
]

Address = Annotated[
    str, Kind("a mail address such as support@desk.example", addresses.read_address)
]
MaybeHost = Annotated[str, Kind('a host name or an IP address, or ""', addresses.read_maybe_host)]
ServerId = Annotated[str, Kind('a host name, or "-"', addresses.read_server_id)]
Host = Annotated[str, Kind("a host name", addresses.read_host)]
ListId = Annotated[str, Kind("a List-Id or the address of a list", addresses.read_list)]
ListenAt = Annotated[
    Listen, Kind("an IP address and a port such as 127.0.0.1:2525", addresses.read_listen)
]
Peers = Annotated[
    Network, Kind("an IP address or a network such as 10.0.0.0/8", addresses.read_network)
]
PublicUrl = Annotated[
    str, Kind("empty, or an address such as https://desk.example", addresses.read_public_url)
]
DatabaseUrl = Annotated[
    SecretStr,
    Kind(
        "a path (SQLite), or postgresql://user:password@host:port/name",
        addresses.read_database,
        secret=True,
    ),
]

Delimiter = Annotated[Literal["+", "-", "=", "_"], one_of("+", "-", "=", "_")]
PriorityName = Annotated[str, one_of(*Priority)]
MaybePriority = Annotated[str, one_of("", *Priority)]
SinceName = Annotated[str, one_of(*Since)]
KindName = Annotated[str, one_of(*TicketKind)]
MaybeKind = Annotated[str, one_of("", *TicketKind)]
Preset = Annotated[str, one_of(*PRESETS)]
TransportName = Annotated[
    Literal["maildir", "smtp", "terminal"], one_of("maildir", "smtp", "terminal")
]
TlsMode = Annotated[Literal["starttls", "implicit", "off"], one_of("starttls", "implicit", "off")]
RoleName = Annotated[Literal["listen", "process", "deliver", "clock", "web"], one_of(*NodeRole)]
NumberNeeds = Annotated[Literal["not_failed", "aligned"], one_of("not_failed", "aligned")]
Changes = Annotated[str, one_of(*Telling)]
History = Annotated[Literal["index", "open"], one_of("index", "open")]
OnUnknown = Annotated[Literal["resend", "hold"], one_of("resend", "hold")]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], one_of("debug", "info", "warning", "error")
]
LogFormat = Annotated[Literal["console", "json"], one_of("console", "json")]
Reminders = Annotated[int, whole(0, 10)]
