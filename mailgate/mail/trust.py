"""How far the From of a mail can be believed."""

from dataclasses import dataclass
from enum import StrEnum


class Trust(StrEnum):
    """What is known of a mail's sender, least first.

    FAILED: there is evidence of forgery. UNKNOWN: there is no evidence either way. WEAK and
    STRONG: something vouches for the sender.
    """

    FAILED = "failed"
    UNKNOWN = "unknown"
    WEAK = "weak"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Authentication:
    """How far the From of one mail can be believed, and by what, in words for `explain`."""

    level: Trust = Trust.UNKNOWN
    reasons: tuple[str, ...] = ()
