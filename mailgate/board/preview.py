"""What a board would do now: for whoever wants to know before it does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mailgate.board import moving
from mailgate.board.acting import act
from mailgate.desk.ledger import Ledger
from mailgate.domain.board import Layout
from mailgate.domain.model import Ticket
from mailgate.store.board import Board, Lying

_ALL = 1_000_000  # tickets


@dataclass(frozen=True, slots=True)
class Step:
    """A folder that would be made (`make`) or has its name again (`rename`), a drop or a move.

    A `drop` would count. `ticket` is a number, and empty of a folder; `source` is the folder of
    what would be moved (`move`), or the name that a folder has now, else empty; `does` are the
    events of a drop. `mails` are moved.
    """

    what: str
    folder: str
    ticket: str = ""
    subject: str = ""
    source: str = ""
    mails: int = 0
    does: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the drops would do, and how the tickets and their mails would stand then."""

    drops: Sequence[Step]
    tickets: Mapping[int, Ticket]
    copies: Sequence[Lying]


def rehearsed(ledger: Ledger, board: Board, layout: Layout) -> Rehearsed:
    """Let all drops count, in a transaction that is taken back."""
    owners, _ = board.owners(board.orphans())
    board.give(owners)
    drops = []
    for ticket_id, dropped in board.drops(layout).items():
        acted = act(ledger, board, layout, ticket_id, dropped)
        if acted.events:
            does = tuple(event.name for event in acted.events)
            before, folder = acted.before, layout.folders[acted.to]
            drops.append(Step("drop", folder, before.number, before.subject, does=does))
    wanted = board.below(None, _ALL)
    return Rehearsed(drops, ledger.load(wanted), board.copies(wanted))


def previewed(
    then: Rehearsed,
    layout: Layout,
    there: Collection[str],
    renamed: Mapping[str, str],
    trash: str | None,
) -> list[Step]:
    """Return what would be done; of `layout`, only the folders in `there` exist.

    `renamed` are others that do, under another name: own -> other.
    """
    steps = [Step("rename", name, source=other) for name, other in sorted(renamed.items())]
    known = {*there, *renamed, *layout.former}
    steps += [Step("make", name) for name in layout.all if name not in known]
    steps += then.drops
    plan = moving.plan(layout, then.tickets, then.copies, trash)
    moved: dict[tuple[int, str, str], int] = {}
    for move in plan.moves:
        for mail in move.mails:
            key = (mail.ticket_id or 0, move.source, move.target)
            moved[key] = moved.get(key, 0) + 1
    for (ticket_id, source, target), mails in sorted(moved.items()):
        ticket = then.tickets[ticket_id]
        steps.append(Step("move", target, ticket.number, ticket.subject, source, mails))
    return steps
