"""What the peers of a test have said, shown when the test fails."""

from collections.abc import Callable, Iterable, Iterator

import pytest

_LONGEST = 20_000  # characters of each log, from its end


class Report:
    """The logs of one test's peers, read only when they are wanted."""

    def __init__(self) -> None:
        self._logs: list[tuple[str, Callable[[], str]]] = []

    def add(self, title: str, read: Callable[[], str]) -> None:
        """Show what `read` returns under `title` if the test fails."""
        self._logs.append((title, read))

    def sections(self) -> Iterator[tuple[str, str]]:
        """Yield title and text of each log."""
        for title, read in self._logs:
            yield title, read()[-_LONGEST:]


_TOLD = "told"


def tell(item: pytest.Item, title: str, text: str) -> None:
    """Have a text printed at the end of the run, whether the test passes or not."""
    item.user_properties.append((_TOLD, f"{title}\n{text}"))


def told(reports: Iterable[pytest.TestReport]) -> Iterator[tuple[str, str]]:
    """Yield the title and the text of what tests have told, in other processes as well."""
    for report in reports:
        if report.when == "call":
            for name, text in report.user_properties:
                if name == _TOLD:
                    title, _, rest = str(text).partition("\n")
                    yield title, rest


_REPORT = pytest.StashKey[Report]()


def report_of(item: pytest.Item) -> Report:
    """Return the report of a test, to which its fixtures add."""
    return item.stash.setdefault(_REPORT, Report())
