"""What a mailbox's server can do, where its folders are, and what that means for watching it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mailgate.errors import Temporary
from mailgate.imap import folders
from mailgate.imap.account import Account
from mailgate.imap.folders import Folder
from mailgate.imap.link import Link

CAPABILITIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "IDLE": (
            "it tells of new mail at once (IDLE)",
            "it cannot tell of new mail (no IDLE): it is asked every {every}",
        ),
        "SPECIAL-USE": (
            "it marks folders by their use (SPECIAL-USE)",
            "it does not mark folders by their use (no SPECIAL-USE): they are known by name",
        ),
        "MOVE": (
            "it moves a mail in one step (MOVE)",
            "it moves no mail in one step (no MOVE): for a moment it lies in both folders",
        ),
        "UIDPLUS": (
            "it tells where a mail was moved or filed (UIDPLUS)",
            "it does not tell where a mail was moved or filed (no UIDPLUS): it is looked for there",
        ),
        "CONDSTORE": (
            "it tells what has changed in a folder (CONDSTORE)",
            "it does not tell what has changed in a folder (no CONDSTORE): all flags are looked at",
        ),
        "SAVEDATE": (
            "it tells when a mail was put into a folder (SAVEDATE)",
            "it does not tell when a mail was put there (no SAVEDATE): the least final drop counts",
        ),
        "NAMESPACE": (
            "it tells where folders are made (NAMESPACE)",
            "it does not tell where folders are made (no NAMESPACE): they are beside the INBOX",
        ),
    }
)
"""What is said of a server that has a capability, and of one that has not."""


@dataclass(frozen=True, slots=True)
class Said:
    """One finding; not `well`: something is amiss. `watched`: the mailbox can be, all the same."""

    says: str
    well: bool = True
    watched: bool = True


@dataclass(frozen=True, slots=True)
class Named:
    """The folders as they are configured; `also` are further ones, others are found if empty."""

    inbox: str
    sent: str
    also: tuple[str, ...] = ()
    junk: str = ""
    trash: str = ""


@dataclass(frozen=True, slots=True)
class _Use:
    """A folder that a board uses where it is: how it is found, and what is said of it."""

    mark: str
    find: Callable[[list[Folder]], Folder | None]
    key: str
    what: str
    has: str
    lacks: str


_TRASH = _Use(
    mark=folders.TRASH,
    find=folders.trash,
    key="trash",
    what="what was thrown away",
    has="a board puts second copies of mails into",
    lacks="second copies stay",
)
_JUNK = _Use(
    mark=folders.JUNK,
    find=folders.junk,
    key="junk",
    what="spam",
    has="a board has spam in",
    lacks="a board has it among what is closed",
)


def survey(
    account: Account, named: Named, every: str, connect: Callable[[Account], Link] = Link.open
) -> Iterator[Said]:
    """Log in, look around and leave; nothing is changed.

    `every` is how often the mailbox is asked, in words. Raises `Temporary` when it cannot be
    watched.
    """
    link = connect(account)
    try:
        how = f"{account.host}:{account.port} (TLS: {account.tls.value}, as {account.user})"
        yield Said(f"{how} lets us in")
        yield from _folders(link, named)
        for name, (has, lacks) in CAPABILITIES.items():
            yield Said(has if name in link.capabilities else lacks.format(every=every))
        yield _keywords(link, named.inbox)
        yield _second(account, connect)
    finally:
        link.close()


def _folders(link: Link, wanted: Named) -> Iterator[Said]:
    found, sent = link.folders(), wanted.sent
    home = folders.named(found, wanted.inbox)
    if home is None:
        raise Temporary(f"there is no folder {wanted.inbox}")
    mails = link.examine(home.name).messages
    separator = home.separator or "none"
    yield Said(f"{len(found)} folders, divided by {separator}; {mails} mails in {home.name}")
    out = folders.named(found, sent) if sent else folders.sent(found)
    for name in wanted.also:
        there = folders.named(found, name) is not None
        says = f"mail is looked for in {name} too" if there else f"there is no folder {name}"
        yield Said(says if there else f"{says}: see also = ...", well=there)
    yield from _others(found, wanted)
    if out is None:
        named = (
            f"there is no folder {sent}" if sent else "no folder of sent mail is marked or known"
        )
        yield Said(f"{named}: answers of agents are not seen; name it, sent = ...", well=False)
        return
    why = "as configured" if sent else _known(out, folders.SENT)
    yield Said(f"answers of agents are looked for in {out.name} ({why})")


def _others(found: list[Folder], wanted: Named) -> Iterator[Said]:
    drafts = folders.drafts(found)
    if drafts is None:
        yield Said("no folder of drafts is marked or known: nobody sees who is answering")
    else:
        yield Said(f"drafts are looked for in {drafts.name} ({_known(drafts, folders.DRAFTS)})")
    yield _aside(found, wanted.trash, _TRASH)
    yield _aside(found, wanted.junk, _JUNK)


def _aside(found: list[Folder], name: str, use: _Use) -> Said:
    """Tell of a folder that a board uses where it is; one that is named must be there."""
    folder = folders.named(found, name) if name else use.find(found)
    if folder is not None:
        why = "as configured" if name else _known(folder, use.mark)
        return Said(f"{use.has} {folder.name} ({why})")
    if name:
        return Said(f"there is no folder {name}: {use.lacks}; see {use.key} = ...", well=False)
    return Said(f"no folder of {use.what} is marked or known: {use.lacks}")


def _known(folder: Folder, mark: str) -> str:
    marked = mark.lower() in {attribute.lower() for attribute in folder.attributes}
    return "as the server marks it" if marked else "by its name"


def _keywords(link: Link, inbox: str) -> Said:
    home = folders.named(link.folders(), inbox)
    kept = link.keeps_keywords(inbox if home is None else home.name)
    if kept:
        return Said("it keeps keywords (PERMANENTFLAGS \\*): a board can show and take them")
    says = "does not keep keywords" if kept is False else "does not say whether it keeps keywords"
    without = "of a board's marks only the flag is sure: overdue, answering and tags stay without"
    return Said(f"it {says} (PERMANENTFLAGS \\*): {without} effect")


def _second(account: Account, connect: Callable[[Account], Link]) -> Said:
    """Try a second connection: agents' mail programs share the server's limit with us."""
    try:
        connect(account).close()
    except Temporary as fault:
        says = f"a second connection is refused, so that agents may be shut out: {fault}"
        return Said(says, well=False)
    return Said("one connection is used, and the server takes a second beside it")
