"""How far the From of a mail can be believed."""

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
