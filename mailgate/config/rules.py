"""The tables of rules for new tickets, and of whom they are given to."""

from typing import Any

from mailgate.config import kinds
from mailgate.config.table import Table, key
from mailgate.domain import escalation, rules
from mailgate.domain.model import Kind, Priority


class Rule(Table):
    """Where a new ticket goes, and what it is; one [[rule]] for each.

    Rules are tried by rank, those of one rank as they stand here. The first all of whose conditions
    hold has the say, and one without conditions fits every ticket; `mailgate explain` tells which
    were tried, and why they did not fit.
    """

    name: kinds.Word = key(..., "What explanations call it.", example="invoices")
    rank: kinds.Rank = key(100, "The smaller, the sooner it is tried.")
    if_category: tuple[kinds.Category, ...] = key(
        [], "A condition: one of these was chosen by the address.", example=["billing"]
    )
    if_kind: tuple[kinds.KindName, ...] = key(
        [], "A condition: one of these was chosen by the address.", example=["dispute"]
    )
    if_priority: tuple[kinds.PriorityName, ...] = key(
        [],
        "A condition: one of these was chosen by the address, or by the importance of the mail.",
        example=["urgent"],
    )
    if_words: tuple[kinds.Phrase, ...] = key(
        [],
        "A condition: one of these words, or of these sequences of words, stands in the subject or "
        "the text. Only whole words count, so name each form. Capitals, and what is no letter or "
        "digit, do not matter.",
        example=["invoice", "invoices", "credit note"],
    )
    if_sender_domain: tuple[kinds.Host, ...] = key(
        [],
        "A condition: the sender is of one of these domains, or of one below. It goes by From, "
        "which anybody can forge: give nothing by it that a stranger must not have. `mailgate "
        "explain` says when nothing proved the sender.",
        example=["gov"],
    )
    if_recipient: tuple[kinds.Address, ...] = key(
        [],
        "A condition: the mail went to one of these addresses.",
        example=["billing@desk.example"],
    )
    team: kinds.MaybeWord = key("", "The team that gets the ticket, and is told.", unset="none")
    category: kinds.MaybeCategory = key("", "What the ticket is about.", unset="as chosen")
    kind: kinds.MaybeKind = key("", "What sort of matter it is.", unset="as chosen")
    priority: kinds.MaybePriority = key("", "How pressing it is.", unset="as chosen")
    tags: tuple[kinds.Word, ...] = key([], "Tags that the ticket gets.", example=["vip"])

    def built(self) -> rules.Rule:
        """Return it as the domain wants it."""
        return rules.Rule(
            name=self.name,
            rank=self.rank,
            categories=self.if_category,
            kinds=tuple(map(Kind, self.if_kind)),
            priorities=tuple(map(Priority, self.if_priority)),
            words=self.if_words,
            sender_domains=tuple(domain.lower() for domain in self.if_sender_domain),
            recipients=self.if_recipient,
            team=self.team,
            category=self.category,
            kind=Kind(self.kind) if self.kind else None,
            priority=Priority(self.priority) if self.priority else None,
            tags=self.tags,
        )


def _approval_by(why: str) -> Any:
    return key(None, why, unset="nobody needs to", example="admins")


def _remind_after() -> Any:
    return key(
        "8h",
        "After how long they are reminded; again after twice that time, and so on. As the calendar "
        'counts; "off": never.',
    )


def _expires_after() -> Any:
    return key(
        "3d",
        "After how long without a word of them the ticket stays as it is, and those who asked and "
        'were asked are told. As the calendar counts; "off": never.',
    )


def _approval(table: "Escalation | Asking", calendar: str | None) -> escalation.ApprovalRule | None:
    if not table.approval_by:
        return None
    return escalation.ApprovalRule(
        table.approval_by, table.remind_after, table.expires_after, calendar or ""
    )


class Escalation(Table):
    """What is done when the desk leaves a ticket lying; one [[escalation]] for each.

    All conditions must hold, and it must be the desk's turn. Then the ticket goes one level up, who
    is named in `to` and who holds it are told, and it stays where it is. Each acts at most once in
    a turn of the desk's, or with since = "opened" once until the ticket is settled.
    """

    name: kinds.Word = key(..., "What explanations call it.", example="leads")
    rank: kinds.Rank = key(
        100, "Of several whose time is up at the same moment, the smaller acts first."
    )
    since: kinds.SinceName = key(
        "turn",
        "From when on its time counts: since it is the desk's turn, since the desk is past its "
        "time (`system` of [sla]), or since the ticket was opened, or reopened.",
    )
    after: kinds.Wait = key(..., "How long from then until it acts.", example="4h")
    calendar: kinds.MaybeWord | None = key(
        None,
        "The [[calendar]] that counts this time.",
        unset="every hour counts",
        example="office",
    )
    if_category: tuple[kinds.Category, ...] = key(
        [], "A condition: the ticket is about one of these.", example=["billing"]
    )
    if_kind: tuple[kinds.KindName, ...] = key(
        [], "A condition: it is one of these kinds of matter.", example=["dispute"]
    )
    if_priority: tuple[kinds.PriorityName, ...] = key(
        [], "A condition: it is as pressing as one of these.", example=["critical", "urgent"]
    )
    if_team: tuple[kinds.Word, ...] = key(
        [], "A condition: one of these teams has it.", example=["billing"]
    )
    if_tag: tuple[kinds.Word, ...] = key(
        [], "A condition: it bears one of these tags.", example=["vip"]
    )
    missed: kinds.Missed = key(
        0,
        "A condition: so often at least the desk has let its time run out on this ticket, the "
        "present turn included.",
    )
    to: kinds.MaybeTarget = key(
        "",
        "Whom it goes to: an agent, or a team such as team:billing.",
        unset="the administrators",
        example="team:billing",
    )
    tell_admins: kinds.Flag = key(default=False, why="Whether the administrators are told as well.")
    approval_by: kinds.MaybeWord | None = _approval_by(
        "Who must approve it first: an agent, or admins. They are asked by mail, and the ticket "
        "goes up when they agree."
    )
    remind_after: kinds.Period = _remind_after()
    expires_after: kinds.Period = _expires_after()

    def built(self) -> escalation.Escalation:
        """Return it as the domain wants it."""
        return escalation.Escalation(
            name=self.name,
            after=self.after,
            since=escalation.Since(self.since),
            calendar=self.calendar or "",
            categories=self.if_category,
            kinds=tuple(map(Kind, self.if_kind)),
            priorities=tuple(map(Priority, self.if_priority)),
            teams=self.if_team,
            tags=self.if_tag,
            missed=self.missed,
            to=self.to or None,
            tell_admins=self.tell_admins,
            approval=_approval(self, self.calendar),
        )


class Asking(Table):
    """What holds where somebody asks for an escalation: `/escalate`, `mailgate escalate`."""

    approval_by: kinds.MaybeWord | None = _approval_by(
        "Who must approve it first: an agent, or admins. What these ask for themselves needs no "
        "approval, and what administrators ask for needs none of anybody."
    )
    remind_after: kinds.Period = _remind_after()
    expires_after: kinds.Period = _expires_after()
    calendar: kinds.MaybeWord | None = key(
        None,
        "The [[calendar]] that counts these times.",
        unset="every hour counts",
        example="office",
    )

    def built(self) -> escalation.ApprovalRule | None:
        """Return it as the domain wants it."""
        return _approval(self, self.calendar)


class Answering(Table):
    """What holds for all agents who answer by mail."""

    hold: kinds.Period = key(
        "off",
        "How long an answer waits before it is sent, such as 30s, at most 10m: until then a mail "
        "with /cancel stops it. Meanwhile the clock waits too.",
    )
    burst: kinds.Count = key(
        30,
        "Mails an hour that the gateway itself writes to one agent or administrator about tickets; "
        "what goes beyond it is joined into one mail every 10 minutes. Nothing is left out.",
    )
    quiet_hours: kinds.MaybeSpan | None = key(
        None,
        "When staff are not to be woken: notices to them wait until it ends, but for escalations, "
        "what is about critical and urgent tickets, and what answers a mail of theirs.",
        unset="none",
        example="22:00-07:00",
    )


class Assignment(Table):
    """Who holds a ticket that nobody has taken."""

    automatic: kinds.Flag = key(
        default=False,
        why="Whether tickets are given to agents by themselves: at once, and what is left at the "
        "intervals of [jobs] assignment. The agent of the ticket's team who holds the fewest on "
        "the desk's turn gets it. Where there are teams, a ticket without one is left alone. So is "
        "one on which only machines have written, except those of [[machine_sender]].",
    )
    inactive_after: kinds.Period = key(
        "off",
        "After how long without a sign of an agent (no mail, no command) the tickets that they "
        "hold and that have waited for the desk as long go to agents who are there, such as 6h. "
        "Who got a ticket lately has it for as long, too.",
    )
    inactive_in: kinds.MaybeWord | None = key(
        None,
        "The [[calendar]] whose working time that is counted in: without one, everybody's tickets "
        "move every night.",
        unset="every hour counts",
        example="office",
    )
