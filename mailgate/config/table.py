"""How a table of the configuration and its keys are declared."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def key(default: object, why: str, *, unset: str = "", example: object = None) -> Any:
    """Declare a key: its default as in TOML, why it is so, and what applies without it.

    A default of None means that there is none; `...` that the key must be given. Then `example`
    is shown.
    """
    return Field(default, description=why, examples=[example], json_schema_extra={"unset": unset})


def table(why: str | None = None, alias: str | None = None) -> Any:
    """Declare a table that may be left out: it is read as an empty one, like any other."""
    return Field(default_factory=dict, description=why, alias=alias)


class Table(BaseModel):
    """A table of the file; the docstring of each says what it is about."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )
