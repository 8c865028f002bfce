"""DNS look-ups: one function to ask, with a cache and within a budget of time for each mail."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mailgate.errors import Temporary

if TYPE_CHECKING:
    from dns.resolver import Resolver

Resolve = Callable[[str, str, float], Sequence[Any]]
"""Takes a name, a type (TXT, A, AAAA, MX, PTR) and how many seconds there are; returns the records:
octets for TXT, (preference, name) for MX, else texts. Nothing there is an empty answer.
Raises Temporary when there was no answer."""

MOST_LOOKUPS = 100
"""For one mail: SPF alone may take ten mechanisms of ten names (RFC 7208 section 4.6.4)."""

_CACHED = 4096  # answers


class Lookups:
    """The look-ups for one mail; beyond `seconds` or their number each one fails."""

    def __init__(
        self, resolve: Resolve, seconds: float, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._resolve = resolve
        self._tick = tick
        self._end = tick() + seconds
        self._left = MOST_LOOKUPS
        self.failures = 0

    def __call__(self, name: str, kind: str) -> Sequence[Any]:
        """Return the records. Raises Temporary."""
        seconds = self._end - self._tick()
        self._left -= 1
        if self._left < 0 or seconds <= 0:
            self.failures += 1
            raise Temporary("no more time for the DNS")
        try:
            return self._resolve(name.rstrip("."), kind, seconds)
        except Temporary:
            self.failures += 1
            raise


def system_resolver() -> Resolve:
    """Return what asks the servers that the system is set to; it may be shared by threads."""
    from dns import resolver  # nobody who does not verify pays for it

    asking = resolver.Resolver()
    asking.cache = resolver.LRUCache(_CACHED)
    return lambda name, kind, seconds: ask(asking, name, kind, seconds)


def ask(resolver: "Resolver", name: str, kind: str, seconds: float) -> list[Any]:
    """Ask by dnspython, as `Resolve` says."""
    from dns.exception import DNSException
    from dns.exception import SyntaxError as NotAName
    from dns.name import NameTooLong
    from dns.resolver import NXDOMAIN

    try:
        answer = resolver.resolve(
            name, kind, lifetime=seconds, raise_on_no_answer=False, search=False
        )
    except (NXDOMAIN, NotAName, NameTooLong):
        return []
    except DNSException as error:
        raise Temporary(f"no answer from the DNS: {type(error).__name__}") from error
    return [_plain(kind, record) for record in answer.rrset or ()]


def _plain(kind: str, record: Any) -> Any:
    match kind:
        case "TXT":
            return b"".join(record.strings)
        case "MX":
            return record.preference, record.exchange.to_text(omit_final_dot=True)
        case "PTR":
            return record.target.to_text(omit_final_dot=True)
        case _:
            return record.address
