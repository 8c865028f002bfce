"""The languages that mails can be written in, and where their templates lie."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def templates() -> list[Path]:
    """Return the folders of mail templates: installed with the package, or beside it."""
    places = (_PACKAGE / "templates" / "mail", _PACKAGE.parent / "templates" / "mail")
    return [place for place in places if place.is_dir()]


def languages() -> tuple[str, ...]:
    """Return the tags of the languages that there are templates in."""
    found = (path.parent.name for place in templates() for path in place.glob("*/locale.toml"))
    return tuple(sorted(set(found)))
