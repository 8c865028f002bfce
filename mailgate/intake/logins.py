"""Who logs in: passwords held against their hashes, and how often somebody may be wrong.

Nothing tells whether a name exists: an unknown one costs as long as a wrong password, and is
counted alike. A hash takes much time and memory on purpose, so few are worked out at once, beside
the event loop; who comes when too many wait is asked to come again.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum

from mailgate.intake.gate import network_of
from mailgate.log import log
from mailgate.passwords import hashed, verified

WINDOW = 600.0
"""Seconds in which failed logins are counted together."""
_AT_ONCE = 2  # hashes that are worked out
_MOST_WAITING = 32
_PAIR, _RELAYED = "place and name", "relay and name"
_OFTENER = 10
_MOST_PLACES = 10_000  # remembered from where somebody has logged in
_LONGEST_NAME = 320  # characters: an address; a longer name is nobody's


class Said(Enum):
    """What came of a login that was not let in."""

    WRONG = "wrong"
    TOO_MANY = "too many"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Account:
    """An agent who may log in."""

    name: str
    hash: str = field(repr=False)


class Logins:
    """Lets agents in. Belongs to one event loop: no locks.

    `most_failures` within `WINDOW` from one network, or with one name, are looked at; then the
    right password is not either; for a name that has logged in from there before they are counted
    apart from others', and ten times as many are looked at.
    Networks that `trusts` knows bring many people: only names are counted there, and no more are
    looked at; but a name that has logged in through them is counted apart there too, so that no
    guess from elsewhere keeps it out. `steady` is a clock in seconds that is never set.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        most_failures: int,
        trusts: Callable[[str], bool],
        steady: Callable[[], float],
    ) -> None:
        """`accounts`: by everything that may be given as the name, in small letters."""
        self._accounts = accounts
        self._most = most_failures
        self._trusts = trusts
        self._steady = steady
        self._window = 0
        self._failures: Counter[tuple[str, str]] = Counter()
        self._places: set[tuple[str, str]] = set()
        self._nobodys = hashed(secrets.token_hex())
        # Of its own: who hangs up in between ends no thread, and must not make room for another.
        self._hashing = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="login")
        self._waiting = 0

    async def who(self, peer: str, name: str, password: str) -> str | Said:
        """Return the short name of the agent, or what came of it; both are logged."""
        account = self._accounts.get(name.lower()[: _LONGEST_NAME + 1])
        known = account.name if account is not None else None
        place = network_of(peer)
        keys = self._counted(place, peer, known or name.lower()[:_LONGEST_NAME])
        if any(self._failures[key] >= self._most_of(key) for key in keys):
            log("login.throttled", peer=peer, agent=known)
            return Said.TOO_MANY
        if self._waiting >= _MOST_WAITING:
            return Said.BUSY
        self._failures.update(keys)  # before it is known: many at once are no way round the limit
        if not await self._matches(account, password) or account is None:
            log("login.failed", peer=peer, agent=known)
            return Said.WRONG
        for key in keys:
            self._failures[key] = max(0, self._failures[key] - 1)
        if len(self._places) < _MOST_PLACES:
            self._places.add((place, account.name))
        log("login.accepted", peer=peer, agent=known)
        return account.name

    def _counted(self, place: str, peer: str, name: str) -> list[tuple[str, str]]:
        """Return what the failure of a login is counted by."""
        if (window := int(self._steady() // WINDOW)) != self._window:
            self._window = window
            self._failures.clear()
        trusted = self._trusts(peer)
        if (place, name) in self._places:
            return [(_RELAYED if trusted else _PAIR, f"{place} {name}")]
        by_place = [] if trusted else [("place", place)]
        return [*by_place, ("name", name)]

    def _most_of(self, key: tuple[str, str]) -> int:
        """Return how many failures are looked at; more of who has been in from there before.

        Not through a relay, where anybody may guess.
        """
        return self._most * (_OFTENER if key[0] == _PAIR else 1)

    async def _matches(self, account: Account | None, password: str) -> bool:
        """Whether a password is the agent's; takes as long where there is none."""
        self._waiting += 1
        try:
            against = self._nobodys if account is None else account.hash
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._hashing, verified, against, password)
        finally:
            self._waiting -= 1
