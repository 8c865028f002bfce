"""What staff are told of a mail before they believe it, and who of its addressees may join."""

from dataclasses import dataclass

from mailgate.desk.settings import Settings
from mailgate.domain.people import Agent
from mailgate.domain.remarks import Remark
from mailgate.intake.reading import Reading
from mailgate.mail import disguise
from mailgate.mail.disguise import Pretence
from mailgate.mail.screen import Kind
from mailgate.mail.trust import Trust

_MOST_NAMED = 20  # addresses in one remark
Remarks = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class People:
    """Who was addressed besides us: those who join the ticket, and those who do not."""

    joining: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def remarks(self) -> Remarks:
        """Name those who do not join, some of them where they are many."""
        if not self.left_out:
            return ()
        named = ", ".join(self.left_out[:_MOST_NAMED])
        more = len(self.left_out) - _MOST_NAMED
        return ((Remark.LEFT_OUT.value, f"{named} (+{more})" if more > 0 else named),)


def people(reading: Reading, settings: Settings, known: frozenset[str], *, own: bool) -> People:
    """Return who joins by a mail; `known` take part already, `own`: one of them wrote it.

    Only a proved From can let others in: whoever forged it would be in Cc himself.
    """
    if reading.verdict.machine or reading.verdict.kind is not Kind.PERSON:
        return People()
    staff = settings.staff.by_address
    new = [who for who in reading.others if who not in known and who not in staff]
    if not own or reading.authentication.level is not Trust.STRONG:
        return People((), tuple(new))
    return People(tuple(new[: settings.new_people]), tuple(new[settings.new_people :]))


def of(reading: Reading, doubted: Agent | None) -> Remarks:
    """Return what staff should know; `doubted` is the agent whose address proves nothing here."""
    found: list[tuple[str, str]] = []
    if reading.authentication.level is Trust.FAILED:
        found.append((Remark.FAILED.value, reading.sender))
    elif doubted is not None or _as_the_desk(reading):
        found.append((Remark.AGENT.value, reading.sender))
    if reading.by_form:
        found.append((Remark.FORM.value, reading.sender))
    elsewhere = _answers_elsewhere(reading)
    if elsewhere:
        found.append((Remark.REPLY_TO.value, elsewhere))
    found += [(each.kind.value, each.shown) for each in reading.pretences]
    return tuple(found)


def _as_the_desk(reading: Reading) -> bool:
    """Tell whether a mail bears an address of the desk itself, and nothing proves it."""
    proved = reading.authentication.level is Trust.STRONG
    return reading.sender in reading.own.addresses and not proved


def pretences(reading: Reading, settings: Settings) -> tuple[Pretence, ...]:
    """Return what the sender's display name pretends, and the domain, if anything."""
    name = reading.mail.from_[0].name if reading.mail.from_ else ""
    both = (pretence(name, reading.sender, settings), _imitated(reading, settings))
    return tuple(each for each in both if each is not None)


def pretence(name: str, address: str, settings: Settings) -> Pretence | None:
    """Return what a display name at `address` pretends, if anything."""
    if not name:
        return None
    everybody = settings.staff.by_address.values()
    colleagues = (agent.display_name for agent in everybody if agent.address != address)
    return disguise.of_name(name, address, colleagues, settings.name)


def _imitated(reading: Reading, settings: Settings) -> Pretence | None:
    ours = (settings.address, *settings.staff.by_address)
    domain = reading.sender.rpartition("@")[2]
    return disguise.of_domain(domain, (address.rpartition("@")[2] for address in ours))


def _answers_elsewhere(reading: Reading) -> str:
    """Return the first address of another domain at which the sender wants the answer."""
    own = reading.sender.rpartition("@")[2]
    boxes = (box.address for box in reading.mail.reply_to)
    return next((a for a in boxes if a.rpartition("@")[2] != own), "")
