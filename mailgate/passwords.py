"""Passwords of agents, as argon2id hashes (RFC 9106): made, and compared.

A hash takes some 60 ms of a small machine and 32 MiB on purpose, above the least that OWASP asks
for (19 MiB, two passes), so that whoever steals hashes cannot try many.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_PASSES, _KIB, _LANES = 3, 32 * 1024, 1


def hashed(password: str) -> str:
    """Return the hash of a password, with a salt of its own, as one line."""
    return _hasher().hash(password)


def verified(against: str, password: str) -> bool:
    """Return whether a password is the one of a hash, at the cost that the hash names."""
    try:
        return _hasher().verify(against, password)
    except (VerificationError, InvalidHashError):
        return False


def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=_PASSES, memory_cost=_KIB, parallelism=_LANES)
