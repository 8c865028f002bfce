"""Long lists of values are asked for in portions: both stores bound what a question may hold."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
MOST = 500
"""Values in one question, as a rule."""


def portions(values: Iterable[T], most: int = MOST) -> Iterator[list[T]]:
    """Yield the values in their order, at most so many at a time; nothing where there is none."""
    listed = list(values)
    for start in range(0, len(listed), most):
        yield listed[start : start + most]
