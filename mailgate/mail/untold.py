"""Names in a template that no notice is given, also on ways that no sample leads.

A misspelt name in a branch for low priorities renders well until such a ticket comes. So templates
are read as well: each name must be one that notices are given, that the template itself sets, or
that the templates around it hand on.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateError, nodes

Shape = Mapping[str, Any]
"""What is below each name: another shape; None where nothing is known of it."""

_OF_JINJA = frozenset({"caller", "kwargs", "loop", "self", "super", "varargs"})
_OF_RENDERING = frozenset({"language", "rtl"})
_ASKING = frozenset({"defined", "undefined"})
_DEFAULTS = frozenset({"d", "default"})


def shape(contexts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what notices are given in any of these."""
    found: dict[str, Any] = {}
    for context in contexts:
        for name, value in context.items():
            inner = shape((value,)) if isinstance(value, Mapping) else {}
            found[name] = {**(found.get(name) or {}), **inner} or None
    return found


def set_in(template: nodes.Template) -> frozenset[str]:
    """Return the names that a template sets, imports or defines."""
    names = {name.name for name in template.find_all(nodes.Name) if name.ctx != "load"}
    names |= {each.target for each in template.find_all(nodes.Import)}
    names |= {macro.name for macro in template.find_all(nodes.Macro)}
    for each in template.find_all(nodes.FromImport):
        names |= {name if isinstance(name, str) else name[1] for name in each.names}
    return frozenset(names)


def included(file: Path, templates: Iterable[nodes.Template]) -> bool:
    """Tell whether one of these templates takes a file in, or one whose name it works out."""
    for template in templates:
        for each in template.find_all(nodes.Include):
            target = getattr(each.template, "value", None)
            if target is None or file.name in target:  # a name with folders before it, or a list
                return True
    return False


def _may_be_missing(template: nodes.Template) -> frozenset[str]:
    """Return what a template says may be missing, by `is defined` or `default`."""
    asked = [each.node for each in template.find_all(nodes.Test) if each.name in _ASKING]
    asked += [
        each.node
        for each in template.find_all(nodes.Filter)
        if each.name in _DEFAULTS and each.node is not None
    ]
    return frozenset(map(_written, asked))


def parsed(environment: Environment, file: Path) -> nodes.Template | None:
    """Return a template as it is read; None for one that cannot be, which rendering tells of."""
    try:
        return environment.parse(file.read_text("utf-8"))
    except (OSError, TemplateError, UnicodeDecodeError):
        return None


def untold(
    template: nodes.Template, given: Shape, around: frozenset[str], handed: frozenset[str]
) -> Iterator[str]:
    """Yield `LINE: what is wrong` of each name that is neither given nor set here or `around`.

    Those `handed` to it by who includes it may be other than what notices are given.
    """
    own, asked = set_in(template) | handed, _may_be_missing(template)
    known = own | around | given.keys() | asked | _OF_JINJA | _OF_RENDERING
    for name in template.find_all(nodes.Name):
        if name.name not in known:
            yield f"{name.lineno}: {name.name!r} is undefined"
    for part in template.find_all(nodes.Getattr):
        holder = _shape_of(part.node, given, own)
        missing = holder is not None and part.attr not in holder
        if missing and _written(part) not in asked:
            yield f"{part.lineno}: {_written(part.node)!r} has no {part.attr!r}"


def _shape_of(node: nodes.Node, given: Shape, own: frozenset[str]) -> Shape | None:
    found: Shape | None = None
    if isinstance(node, nodes.Name) and node.name not in own:
        found = given.get(node.name)
    elif isinstance(node, nodes.Getattr):
        holder = _shape_of(node.node, given, own)
        found = None if holder is None else holder.get(node.attr)
    return found


def _written(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return f"{_written(node.node)}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else ""
