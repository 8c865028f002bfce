"""Which desk an address belongs to; addresses are normalised."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """Where a mail to an address goes: the tenant, its queue, and the desk address itself."""

    tenant: str
    queue: str
    address: str


@dataclass(frozen=True)
class Routing:
    """The desk's addresses; whatever follows the delimiter in the local part is a detail."""

    addresses: Mapping[str, Route]
    delimiter: str = "+"

    def find(self, address: str) -> Route | None:
        """Return the route of `address`, or None for somebody else's."""
        route = self.addresses.get(address)
        if route is None and self.delimiter:
            local, _, domain = address.rpartition("@")
            route = self.addresses.get(f"{local.partition(self.delimiter)[0]}@{domain}")
        return route
