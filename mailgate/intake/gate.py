"""Who may connect, and how much mail may be on its way in at once.

Decides and counts; the dialogue acts. Belongs to the listener's event loop: no locks.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


class Claim:
    """What one mail takes of the room for mail in flight; grows while the mail is read."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._octets = 0

    def grow(self, octets: int) -> bool:
        """Ask for `octets` in all; False if there is no room. A mail alone always has room."""
        more = octets - self._octets
        if more > 0:
            if not self._gate.has_room(more, held_here=self._octets):
                return False
            self._gate.in_flight += more
            self._octets = octets
        return True

    def release(self) -> None:
        """Give everything back; doing so twice is harmless."""
        self._gate.in_flight -= self._octets
        self._octets = 0


class Gate:
    """Admits peers within limits.

    Only the networks in `allowed` may connect; those in `trusted`, which bring the mail of many,
    are exempt from what is counted by peer: connections, mails a minute, errors. `room` is in
    octets.
    """

    def __init__(
        self,
        allowed: Sequence[Network],
        trusted: Sequence[Network],
        most: int,
        most_from_one: int,
        mails_a_minute: int,
        room: int,
    ) -> None:
        self._allowed = allowed
        self._trusted = trusted
        self._most = most
        self._most_from_one = most_from_one
        self._mails_a_minute = mails_a_minute
        self._room = room
        self._inside: Counter[str] = Counter()
        self._minute = 0
        self._begun: Counter[str] = Counter()  # mails in that minute
        self.in_flight = 0
        self.stopping = False

    def admit(self, peer: str) -> str | None:
        """Let one connection of `peer` (an IP address) in, or return the reply that refuses it.

        Each admitted connection ends with `leave`, a refused one does not.
        """
        if self.stopping:
            return "421 4.3.2 Going down, please come again"
        at = _address(peer)
        if not _within(at, self._allowed):
            return "554 5.7.1 Not for you"
        if self._inside.total() >= self._most:
            return "421 4.7.0 Too many connections, please come again"
        if self._inside[peer] >= self._most_from_one and not self.trusts(peer):
            return "421 4.7.0 Too many connections from your address, please come again"
        self._inside[peer] += 1
        return None

    def trusts(self, peer: str) -> bool:
        """Whether `peer` brings the mail of many, whose faults are not its own."""
        return _within(_address(peer), self._trusted)

    def leave(self, peer: str) -> None:
        """Note the end of one admitted connection of `peer`."""
        self._inside[peer] -= 1
        if not self._inside[peer]:
            del self._inside[peer]

    def begin_mail(self, peer: str, at: float) -> bool:
        """Count one mail of `peer`, begun `at` seconds of any steady clock; False if too many."""
        if int(at // 60) != self._minute:
            self._minute = int(at // 60)
            self._begun.clear()
        if self._begun[peer] >= self._mails_a_minute:
            return self.trusts(peer)
        self._begun[peer] += 1
        return True

    def has_room(self, octets: int, held_here: int = 0) -> bool:
        """Whether `octets` more may be read by a mail that holds `held_here` already."""
        others = self.in_flight - held_here
        return others == 0 or self.in_flight + octets <= self._room


def network_of(peer: str) -> str:
    """Return what counts as one peer where guesses are counted: of IPv6 whoever has a /64."""
    at = _address(peer)
    return str(at) if isinstance(at, IPv4Address) else str(IPv6Network((at, 64), strict=False))


def within(peer: str, networks: Iterable[Network]) -> bool:
    """Whether `peer` (an IP address) is in one of these networks."""
    return _within(_address(peer), networks)


def is_loopback(peer: str) -> bool:
    """Whether a connection from `peer` (an IP address) crosses no network."""
    return _address(peer).is_loopback


def _address(peer: str) -> IPv4Address | IPv6Address:
    """Return the peer's address; one that came by IPv4 over an IPv6 socket is an IPv4 address."""
    at = ip_address(peer.partition("%")[0])
    return getattr(at, "ipv4_mapped", None) or at


def _within(at: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(at in network for network in networks)
