"""Every mail the gateway writes: one table, named as its templates are."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Words(StrEnum):
    """Whose words a mail carries: a person's are not marked as automatic (RFC 3834)."""

    GATEWAY = "gateway"
    PERSON = "person"
    EITHER = "either"  # the gateway's own, unless it carries a message


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of mail. `awaited`: the clock waits for its delivery, which becomes an event.

    `answer`: what an answer of the desk's people to it is: a "no" to a question of ours must not go
    out to the customer. `joins`: to staff it may be told in one mail with others. `waits`: it need
    wake none of them. `customers`: it is for customers, be it for staff as well or not.
    `tells_status`: it says how the ticket stands, so that no other notice need.
    """

    name: str
    words: Words
    says: str
    awaited: bool = False
    answer: Literal["reply", "note"] = "reply"
    joins: bool = False
    waits: bool = False
    customers: bool = False
    tells_status: bool = False


NOTICES: dict[str, Notice] = {
    notice.name: notice
    for notice in (
        Notice(
            "received",
            Words.GATEWAY,
            "the ticket's number, and when to expect an answer",
            customers=True,
        ),
        Notice(
            "agent_reply",
            Words.PERSON,
            "an agent's answer",
            awaited=True,
            customers=True,
            tells_status=True,
        ),
        Notice(
            "new_message",
            Words.PERSON,
            "a customer's words, to whoever holds the ticket",
            waits=True,
        ),
        Notice(
            "answered",
            Words.GATEWAY,
            "a colleague has answered the customer",
            joins=True,
            waits=True,
        ),
        Notice("assigned", Words.GATEWAY, "the ticket is yours now", joins=True, waits=True),
        Notice(
            "unassigned",
            Words.GATEWAY,
            "the ticket is no longer yours, and why",
            joins=True,
            waits=True,
        ),
        Notice("note_added", Words.PERSON, "a colleague's internal note", waits=True),
        Notice(
            "overdue",
            Words.GATEWAY,
            "the desk has let its own time run out",
            joins=True,
            waits=True,
        ),
        Notice(
            "target_near", Words.GATEWAY, "a target will soon be missed", joins=True, waits=True
        ),
        Notice("target_missed", Words.GATEWAY, "a target was missed", joins=True, waits=True),
        Notice(
            "escalated", Words.GATEWAY, "the ticket went one level up, to whom, and why", joins=True
        ),
        Notice(
            "approval_wanted",
            Words.GATEWAY,
            "to who decides: may the ticket go one level up?",
            answer="note",
        ),
        Notice("approved", Words.GATEWAY, "the ticket went one level up, as was asked", joins=True),
        Notice("rejected", Words.GATEWAY, "the ticket does not go up, and why not", joins=True),
        Notice(
            "approval_expired",
            Words.GATEWAY,
            "nobody has decided in time whether the ticket goes up",
            joins=True,
        ),
        Notice(
            "woken", Words.GATEWAY, "the silence that was asked for is over", joins=True, waits=True
        ),
        Notice(
            "waiting",
            Words.GATEWAY,
            "the customer has not answered",
            awaited=True,
            customers=True,
            tells_status=True,
        ),
        Notice(
            "resolved", Words.EITHER, "settled: please confirm", customers=True, tells_status=True
        ),
        Notice(
            "auto_closed",
            Words.GATEWAY,
            "closed, since nobody objected",
            customers=True,
            tells_status=True,
        ),
        Notice(
            "survey",
            Words.GATEWAY,
            "how did we do: once a ticket, some time after its end",
            customers=True,
        ),
        Notice(
            "reopened",
            Words.EITHER,
            "taken up again",
            joins=True,
            waits=True,
            customers=True,
            tells_status=True,
        ),
        Notice(
            "changed",
            Words.GATEWAY,
            "what the desk has changed: the status, the priority, who holds it",
            customers=True,
        ),
        Notice("command_refused", Words.GATEWAY, "a mail with a command that was not carried out"),
        Notice(
            "was_this_you",
            Words.GATEWAY,
            "a mail bore an agent's address without proof",
            answer="note",
        ),
        Notice(
            "my_tickets",
            Words.GATEWAY,
            "the open tickets of a customer who asked for them",
            customers=True,
        ),
        Notice("held_tickets", Words.GATEWAY, "to an agent who asked: the tickets that they hold"),
        Notice(
            "digest",
            Words.GATEWAY,
            "once a day, to an agent: the tickets on the desk's turn",
            waits=True,
        ),
        Notice(
            "monthly_report",
            Words.GATEWAY,
            "to administrators: what the last month was",
            waits=True,
        ),
        Notice(
            "nobody_free",
            Words.GATEWAY,
            "to administrators: tickets wait, and nobody is free for them",
            waits=True,
        ),
        Notice(
            "board_stopped",
            Words.GATEWAY,
            "to administrators: very many mails have vanished from the board of a mailbox",
        ),
        Notice("transcript", Words.GATEWAY, "what became of an answer to the digest"),
        Notice(
            "undelivered",
            Words.GATEWAY,
            "a mail to the customer did not arrive",
            joins=True,
            waits=True,
        ),
        Notice(
            "delayed",
            Words.GATEWAY,
            "a mail has not left for hours, and is still tried",
            joins=True,
            waits=True,
        ),
        Notice(
            "joined", Words.GATEWAY, "to staff: what would have been many mails, in one", waits=True
        ),
        Notice("canary", Words.GATEWAY, "a mail to the desk itself, to see that it comes round"),
        Notice("canary_missing", Words.GATEWAY, "to administrators: it has not come back in time"),
        Notice("canary_over", Words.GATEWAY, "to administrators: mail comes round again"),
    )
}
