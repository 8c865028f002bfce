"""`mailgate agents cards`: an address book of the addresses that hold a command."""

import sys
from collections.abc import Iterable, Iterator

from mailgate.cli import printing
from mailgate.cli.opening import opened
from mailgate.cli.options import AsJson, ConfigFile
from mailgate.cli.program import command
from mailgate.cli.staffing import agents

_SPECIAL = str.maketrans({"\\": r"\\", ",": r"\,", ";": r"\;", "\n": r"\n"})


@command(
    "cards",
    "mailgate agents cards > mailgate.vcf",
    "mailgate agents cards --json",
    within=agents,
)
def agents_cards(json: AsJson = False, config: ConfigFile = None) -> None:
    """Print the addresses that hold a command as vCards, for the agents' address books.

    In Bcc of an answer from the shared mailbox such an address says what its command does, and
    leaves no trace for the customer. Import the file into the address book of a mail program, and
    it completes them.
    """
    from mailgate.domain.shorthand import words

    with opened(config) as app:
        desk = app.config.desk
        found = words(app.settings.names)
        local, _, domain = desk.address.rpartition("@")
        delimiter = desk.subaddress_delimiter
    rows = [(f"{local}{delimiter}{word}@{domain}", line) for word, line in found.items()]
    if json:
        printing.as_json([{"address": address, "command": line} for address, line in rows])
    else:
        sys.stdout.buffer.write("".join(f"{row}\r\n" for row in _cards(rows, desk.name)).encode())
        sys.stdout.buffer.flush()


def _cards(rows: Iterable[tuple[str, str]], desk: str) -> Iterator[str]:
    """Return the lines of a vCard for each address (RFC 2426, which every program reads)."""
    for address, line in rows:
        shown = f"{line.lstrip('/')} ({desk})".translate(_SPECIAL)
        yield from (
            "BEGIN:VCARD",
            "VERSION:3.0",
            f"FN:{shown}",
            f"N:{shown};;;;",
            f"EMAIL;TYPE=INTERNET:{address}",
            f"NOTE:{line.translate(_SPECIAL)}",
            "END:VCARD",
        )
