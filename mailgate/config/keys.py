"""The list of keys as data, read off the schema: for error messages, the example, and the docs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

from pydantic.fields import FieldInfo

from mailgate.config.clock import SlaRow
from mailgate.config.schema import Config
from mailgate.config.table import Table
from mailgate.config.toml import Path
from mailgate.config.values import Kind
from mailgate.domain.hours import write_duration
from mailgate.domain.model import Priority
from mailgate.domain.policy import FIELDS, PRESETS


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `default` as in TOML (None: there is none), `unset` what applies without it.

    `allowed` says what it takes; `each` what an item of it is, if it takes a list.
    """

    name: str
    allowed: str
    each: str
    why: str
    default: Any
    unset: str
    example: Any
    required: bool
    secret: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file, `[name]` or, if there may be `many`, `[[name]]`."""

    name: str
    many: bool
    why: str
    keys: Mapping[str, Key]

    @property
    def header(self) -> str:
        """The line that begins it."""
        return f"[[{self.name}]]" if self.many else f"[{self.name}]"


@cache
def sections() -> Mapping[str, Section]:
    """Return every table by its dotted name, in the order of the schema."""
    return MappingProxyType({section.name: section for section in _walk(Config, "")})


def section_of(path: Path) -> Section | None:
    """Return the table that `path` is, whichever of many."""
    return sections().get(".".join(part for part in path if isinstance(part, str)))


def key_of(path: Path) -> Key | None:
    """Return the key that `path` is, or that holds the list of which `path` is an item."""
    names = [part for part in path if isinstance(part, str)]
    section = sections().get(".".join(names[:-1]))
    return section.keys.get(names[-1]) if section and names else None


def children(table: str) -> list[str]:
    """Return the names that may stand in a table: its keys, and the tables within it."""
    section = sections().get(table)
    prefix = f"{table}." if table else ""
    inner = (name.removeprefix(prefix) for name in sections() if name.startswith(prefix))
    keys = list(section.keys) if section else []
    return keys + [name for name in dict.fromkeys(inner) if name and "." not in name]


def _walk(model: type[Table], prefix: str) -> Iterator[Section]:
    for field_name, field in model.model_fields.items():
        table, many = _table(field.annotation)
        if table is None:
            continue
        name = prefix + (field.alias or field_name)
        keys = {
            inner: _key(inner, inside)
            for inner, inside in table.model_fields.items()
            if _table(inside.annotation)[0] is None
        }
        if table is SlaRow:
            keys = {inner: _threshold(key, field_name) for inner, key in keys.items()}
        why = field.description or " ".join((table.__doc__ or "").split())
        yield Section(name, many, why, MappingProxyType(keys))
        yield from _walk(table, f"{name}.")


def _table(annotation: Any) -> tuple[type[Table] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation, False
    inner = get_args(annotation)[:1]
    if inner and isinstance(inner[0], type) and issubclass(inner[0], Table):
        return inner[0], True
    return None, False


def _key(name: str, field: FieldInfo) -> Key:
    kind = next(_kinds(field.annotation, field.metadata))
    many = field.annotation is not None and isinstance(field.default, list)
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return Key(
        name=name,
        allowed=f"a list; each: {kind.allowed}" if many else kind.allowed,
        each=kind.allowed,
        why=field.description or "",
        default=None if field.is_required() else field.default,
        unset=str(extra.get("unset", "")),
        example=(field.examples or [None])[0],
        required=field.is_required(),
        secret=kind.secret,
    )


def _threshold(key: Key, row: str) -> Key:
    """Return a key of a row of [sla] with the preset's value as the example."""
    everywhere = row not in list(Priority)
    values = PRESETS["standard"][Priority.NORMAL if everywhere else Priority(row)]
    if key.name not in FIELDS:
        built_in = {
            "next_response": "no such target",
            "calendar": "every hour counts",
            "working": "those of the desk",
        }[key.name]
        unset = built_in if everywhere else f"that of [sla.global], else {built_in}"
        return replace(key, unset=unset)
    unset = "the preset's" if everywhere else "that of [sla.global], else the preset's"
    return replace(key, unset=unset, example=write_duration(getattr(values, key.name)))


def _kinds(annotation: Any, metadata: tuple[Any, ...] | list[Any]) -> Iterator[Kind]:
    """Find the kind wherever it hangs: on the field, in `| None`, on the items of a tuple."""
    yield from (item for item in metadata if isinstance(item, Kind))
    for inner in get_args(annotation):
        yield from _kinds(inner, getattr(inner, "__metadata__", ()))
