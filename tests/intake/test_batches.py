"""What a batch of mails asks of the database does not grow with the number of its mails."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from mailgate.domain.events import MergeInto
from mailgate.domain.model import Actor, ActorKind
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import ALICE, BOB, settings
from tests.intake.desk import SUPPORT, Gateway
from tests.store.databases import SQLITE, migrated


def statements(request, mails, count):
    """Process one batch of `count` mails on a desk of its own; return what was asked for that."""
    asked = []

    def note(_connection, _cursor, statement, *_more):
        asked.append(statement)

    with migrated(request, SQLITE) as database:
        gateway = Gateway(database, replace(settings(), new_tickets_an_hour=1))
        gateway.mail("The first mail of all.", sender="first@customer.example")
        mails(gateway, count)
        event.listen(database.engine, "before_cursor_execute", note)
        assert gateway.worker.run_once() == count
        states = {row["state"] for row in gateway.rows("mail_delivery")}
        assert states <= {"opened", "threaded", "report"}
    return asked


def person(n):
    return f"p{n}@customer.example"


def answers(gateway, count):
    """Make `count` tickets, each answered, and return the mails to their customers."""
    for n in range(count):
        gateway.keep(f"{n}", sender=person(n), Subject=f"Matter {n}")
    gateway.worker.run_once()
    for row in list(gateway.outbox("new_message")):
        if row["recipient"] == ALICE.address:
            to = row["context"]["reply_address"]
            gateway.keep("Which?", sender=ALICE.address, to=to, Subject="Re:")
    gateway.worker.run_once()
    worker_of(gateway, Scripted()).drain()
    return gateway.outbox("agent_reply")[1:]  # the first mail of all has been answered as well


def new_matters(gateway, count):
    for n in range(count):
        gateway.keep(f"{n}", sender=person(n), Subject=f"Another {n}")


def replies(gateway, count):
    for n, row in enumerate(answers(gateway, count)):
        gateway.keep("This.", sender=person(n), In_Reply_To=row["rfc_id"])


def bounces(gateway, count):
    for row in answers(gateway, count):
        path = gateway.signer.bounce_address(SUPPORT, row["id"], gateway.now)
        daemon = {"sender": "MAILER-DAEMON@mx.example", "Subject": "Undelivered"}
        gateway.keep("550 5.1.1 unknown", to=path, **daemon)


def floods(gateway, count):
    for n in range(count):
        gateway.keep(f"{n}", sender=person(n // 2), Subject=f"Pills {n}")


def doubts(gateway, count):
    answers(gateway, count)
    for n in range(count):
        agent = ALICE if n % 2 else BOB
        number = f"TKT-2026-{n + 2:05d}"
        gateway.keep(f"/close {n}", sender=agent.address, Subject=f"Re: {number}")


def merged(gateway, count):
    """A chain of merged tickets, and answers to each of them."""
    rows = answers(gateway, 2 * count)
    for source, target in zip(rows[::2], rows[1::2], strict=True):
        actor = Actor(ActorKind.AGENT, "alice")
        into = MergeInto(at=gateway.now, actor=actor, target=target["ticket_id"])
        with gateway.desk.writing(gateway.now) as ledger:
            ledger.apply(source["ticket_id"], into)
    for row in rows[::2]:
        gateway.keep("This.", sender=row["recipient"], In_Reply_To=row["rfc_id"])


@pytest.mark.parametrize("mails", [new_matters, replies, bounces, floods, doubts, merged])
def test_twice_the_mails_of_a_batch_ask_no_more_of_the_database(request, mails):
    few, many = (statements(request, mails, count) for count in (4, 8))
    assert len(many) == len(few), "\n".join(many)
