"""What brings old mail along, out of the configuration."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailgate.errors import Refused
from mailgate.intake.authentication import Authenticator
from mailgate.intake.importing import Destination, Importer, Progress

if TYPE_CHECKING:
    from mailgate.app import App


def importer(
    app: "App",
    queue: str,
    now: Callable[[], datetime],
    open_since: datetime,
    *,
    since: datetime | None,
    dry_run: bool,
) -> Importer:
    """Return what brings old mail along; of who wrote that, nobody is asked any more."""
    return Importer(
        app.desk,
        replace(app.reader, authenticator=Authenticator()),
        Destination(queue, app.config.desk.address, app.inbox.need_room),
        now,
        open_since,
        since=since,
        dry_run=dry_run,
    )


def fetch(app: "App", name: str, wanted: Sequence[str], into: Path, progress: Progress) -> Path:
    """Put the mails of a shared mailbox's folders into files; return the folder of these.

    Raises `Refused` where there is no such mailbox or folder, and `Temporary`.
    """
    from mailgate.imap.link import Link
    from mailgate.intake import fetching

    boxes = {box.name: box for box in app.mailboxes}
    if name not in boxes:
        there = ", ".join(boxes) or "none with a host"
        raise Refused(f"there is no [[mailbox]] {name!r} to fetch from; there is {there}")
    box = boxes[name]
    with closing(Link.open(box.account)) as link:
        names = fetching.chosen(link.folders(), wanted, box.inbox, box.sent)
        return fetching.fetch(link, names, into, app.reader.limits.size, progress)
