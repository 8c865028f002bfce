"""What `import --json` tells: the shapes of it."""

from types import MappingProxyType

from mailgate.cli.shapes import Shape

BROUGHT: Shape = MappingProxyType(
    {
        "mails": "how many were found",
        "tickets": "how many were opened, or would be",
        "open": "how many of these are still open",
        "messages": "how many mails were put down on tickets, old or new",
        "known": "how many were there already, or twice in what was given",
        "older": "how many are in threads without a mail since `--since`",
        "colleagues": "who wrote from the desk's own domain and is no agent, so counts as a "
        "customer, a list",
        "left_out": "a list of what was not brought along",
        "examples": "the first ten of the tickets, a list",
    }
)

COLLEAGUE: Shape = MappingProxyType(
    {
        "address": "theirs",
        "mails": "how many they wrote",
    }
)

LEFT_OUT: Shape = MappingProxyType(
    {
        "path": "the file",
        "offset": "where the mail begins in a file of many, in octets; else null",
        "why": "in words",
        "fault": "true where it could not be read; false where it is left out for what it is",
    }
)

EXAMPLE: Shape = MappingProxyType(
    {
        "created_at": "when its first mail was written",
        "requester": "the customer's address",
        "subject": "of that mail",
        "status": "how it stands",
    }
)
