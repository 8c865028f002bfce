"""What a board would do now: for whoever wants to know before it does."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailgate.board import moving
from mailgate.board.acting import act
from mailgate.desk.ledger import Ledger
from mailgate.domain.board import Layout
from mailgate.store.board import Board

_ALL = 1_000_000  # tickets


@dataclass(frozen=True, slots=True)
class Step:
    """A folder that would be made (`make`), a drop that would count (`drop`), or a move (`move`).

    `ticket` is a number, and empty of a folder; `source` is empty but for a move; `does` are the
    events of a drop. `mails` are moved.
    """

    what: str
    folder: str
    ticket: str = ""
    subject: str = ""
    source: str = ""
    mails: int = 0
    does: tuple[str, ...] = ()


def previewed(
    ledger: Ledger,
    board: Board,
    layout: Layout,
    there: Sequence[str],
    trash: str | None,
) -> list[Step]:
    """Return what follows from what lies where; of `layout`, only the folders in `there` exist."""
    steps = [Step("make", name) for name in layout.all if name not in {*there, *layout.former}]
    board.give(board.owners(board.orphans())[0])
    drops = board.drops(layout)
    for ticket_id, dropped in drops.items():
        acted = act(ledger, board, ticket_id, dropped)
        if acted.events:
            does = tuple(event.name for event in acted.events)
            before, folder = acted.before, layout.folders[acted.to]
            steps.append(Step("drop", folder, before.number, before.subject, does=does))
    wanted = board.below(None, _ALL)
    plan = moving.plan(layout, ledger.load(wanted), board.copies(wanted), trash)
    moved: dict[tuple[int, str, str], int] = {}
    for move in plan.moves:
        for mail in move.mails:
            key = (mail.ticket_id or 0, move.source, move.target)
            moved[key] = moved.get(key, 0) + 1
    for (ticket_id, source, target), mails in sorted(moved.items()):
        ticket = ledger.ticket(ticket_id)
        steps.append(Step("move", target, ticket.number, ticket.subject, source, mails))
    return steps
