"""Which failures mean that an address takes no mail any more, by their status (RFC 3463).

Only codes that speak of the address itself: a full mailbox empties, a policy is about one mail, and
a system in trouble recovers.
"""

import re

# No part of an IP address or of a version.
_STATUS = re.compile(r"(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?![\w.]?\d)", re.ASCII)
_LONGEST = 1000  # characters in which a status is looked for
_GONE = frozenset(
    {
        "5.1.1",  # bad destination mailbox address
        "5.1.2",  # bad destination system address
        "5.1.3",  # bad destination mailbox address syntax
        "5.1.6",  # destination mailbox has moved, no forwarding address
        "5.1.10",  # recipient address has a null MX (RFC 7505)
        "5.2.1",  # mailbox disabled, not accepting messages
        "5.4.4",  # unable to route: no such domain
    }
)


def gone(reason: str) -> bool:
    """Tell whether the first status in what a server said means that nobody is at the address."""
    found = _STATUS.search(reason[:_LONGEST])
    return found is not None and found[0] in _GONE
