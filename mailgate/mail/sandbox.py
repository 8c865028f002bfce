"""Where templates run: they see what they are given, call nothing, and cannot grow without bound.

Templates are written by administrators, in every tenant and language. The bounds are there so that
a slip costs a notice and not the gateway: no piece of output may be longer than `OUTPUT_LIMIT`.
"""

import traceback
from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import (
    BaseLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import TOKEN_TILDE, Token, TokenStream
from jinja2.runtime import BlockReference, Context, Macro
from jinja2.sandbox import SandboxedEnvironment

from mailgate.mail.plain import one_line

OUTPUT_LIMIT = 8 * 1024 * 1024  # characters; a text of 1 MiB in HTML entities stays below
_OF_THE_CALLER = ("_block_vars", "_loop_vars")  # what jinja adds to every call in a block or loop
_FIGURE_LIMIT = 10**15  # nothing that templates reckon with is larger

# Those whose output is at most a few times their input. `safe` is missing on purpose: what is HTML
# comes from the filters of `wording`, and everything else is escaped.
_OF_TEXT = {"capitalize", "e", "escape", "lower", "string", "title", "trim", "truncate", "upper"}
_OF_NUMBERS = {"abs", "int", "round"}
_OF_LISTS = {"count", "first", "last", "length", "list", "reverse", "sort", "unique"}
_CHOOSING = {"reject", "rejectattr", "select", "selectattr", "d", "default"}
_FILTERS = _OF_TEXT | _OF_NUMBERS | _OF_LISTS | _CHOOSING | {"urlencode"}
FAULTS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Whatever a template can raise that is its own fault."""


def _joined(parts: Iterable[str]) -> str:
    """Join the pieces of a template, a macro or a block; raise SecurityError when that is long."""
    kept, size = [], 0
    for part in parts:
        size += len(part)
        if size > OUTPUT_LIMIT:
            raise SecurityError(f"more than {OUTPUT_LIMIT} characters of output")
        kept.append(part)
    return "".join(kept)


class _NoTilde(Extension):
    """Refuse `~`, the one way to grow a text that cannot be watched while it runs."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type == TOKEN_TILDE:
                reason = "'~' is not available here: write the parts one after the other"
                raise TemplateSyntaxError(reason, token.lineno, stream.name, stream.filename)
            yield token


class Sandbox(SandboxedEnvironment):
    """Jinja2 for notices: strict about missing names, escaping in `*.html.j2`, calling only macros.

    Strings are joined by writing them next to each other; operators take numbers.
    """

    intercepted_binops = frozenset({"+", "*", "%", "**"})
    concat = staticmethod(_joined)

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            extensions=[_NoTilde],
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,  # all of them: they are few, and a plain dict is found in at once
            auto_reload=False,  # a broken override is found at start, never when a mail is due
        )
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in _FILTERS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what a dict or an imported template holds under a name, else what is safe.

        Jinja looks for an attribute of the dict first and asks of each whether it is safe: that
        took a third of the time of a notice.
        """
        if type(obj) is dict or type(obj) is TemplateModule:
            kept = obj if isinstance(obj, dict) else vars(obj)
            if attribute in kept and not attribute.startswith("_"):
                return kept[attribute]
        return super().getattr(obj, attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros and `super()`; no method of any value."""
        return isinstance(obj, (Macro, BlockReference))

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a macro, whose result is HTML only if its own file is.

        Jinja takes it for HTML when the caller's is, which would let a name pass unescaped from a
        text file's macro into a page.
        """
        if isinstance(obj, Macro):
            given = {name: value for name, value in kwargs.items() if name not in _OF_THE_CALLER}
            return obj(*args, **given)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Reckon with numbers of a sensible size. Raises SecurityError for anything else."""
        for value in (left, right):
            if not isinstance(value, int | float) or abs(value) > _FIGURE_LIMIT:
                raise SecurityError(f"'{operator}' is for numbers of at most {_FIGURE_LIMIT}")
        if operator == "**":
            raise SecurityError("'**' is not available here")
        return super().call_binop(context, operator, left, right)


def place(error: Exception, name: str) -> str:
    """Return file and line of the template that an error came from; `name` where nobody knows."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename or error.name}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    found = [frame for frame in frames if frame.filename.endswith((".j2", ".txt"))]
    return f"{found[-1].filename}:{found[-1].lineno}" if found else name


def reason(error: Exception) -> str:
    """Return what is wrong with a template, in one line."""
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    return one_line(str(error) or type(error).__name__)
