"""A shared mailbox as the board, in a storm: nothing is lost, doubled or out of place in the end.

And what was dragged on purpose has happened, however often the gateway was killed meanwhile.
"""

import logging
import threading
from collections import Counter
from itertools import count

import pytest
from sqlalchemy import select

from mailgate.store import schema, tickets
from tests.acceptance import inside
from tests.peers.dovecot import DOTTED, EVERYTHING, PASSWORD, POOR
from tests.peers.places import LOOPBACK
from tests.peers.reports import report_of
from tests.peers.waiting import wait_until
from tests.torture.folders import Folders
from tests.torture.nursery import Nursery
from tests.torture.storm import Storm

_users = count(1)
_STORMS = 7  # of each shape in the long form: more than twenty in all
_REST = 120.0  # seconds in which everything must have come to its place
_STILL = 4.0  # seconds without a change: more than a drop waits for to be acted upon
SHAPES = {"full": EVERYTHING, "poor": POOR, "dotted": DOTTED}


def with_board(start_gateway, port, user):
    gateway = start_gateway(agents={"alice": "alice@agent.example", "bob": "bob@agent.example"})
    secret = gateway.folder / "mailbox.password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    mailbox = {
        "name": "support",
        "host": LOOPBACK,
        "port": port,
        "tls": "off",
        "user": user,
        "password_file": "mailbox.password",
        "every": "1s",
        "board": {"on": True, "settle": "1s", "every": "1s"},
    }
    gateway.set({"mailbox": [mailbox]})
    return gateway


class Reckoning:
    """What is inside and in the mailbox, against the books of a storm."""

    def __init__(self, storm, folders):
        self.storm, self.folders, self.books = storm, folders, storm.books
        self.config = storm.gateway.config

    def faults(self) -> list[str]:
        """Return what is lost, doubled or out of place, a sentence each."""
        tickets_of, places = self._inside()
        said = Counter(mid for mid, _ in tickets_of)
        ticket_of = dict(tickets_of)
        found = [f"lost inside: {mid}" for mid in self.books.written if not said[mid]]
        found += [f"doubled inside: {mid}" for mid, n in said.items() if n > 1]
        lie = self.folders.lie()
        copies = Counter(lies.mid for lies in lie)
        found += [f"lost in the mailbox: {m}" for m in self.books.in_mailbox if not copies[m]]
        found += [f"doubled in the mailbox: {mid}" for mid, n in copies.items() if n > 1]
        for lies in lie:
            place = places.get(ticket_of.get(lies.mid))
            if place != lies.folder:
                found.append(f"misplaced: {lies.mid} lies in {lies.folder}, not in {place}")
        return found

    def not_honoured(self) -> list[str]:
        """Return what was dragged on purpose and did not become what was asked for."""
        tickets_of, places = self._inside()
        ticket_of = dict(tickets_of)
        found = []
        for matter, spot in self.books.wanted.items():
            mid = f"<first.{matter}.{self.storm.seed}@storm.example>"
            place = places[ticket_of[mid]]
            if place != self.folders.layout.folders[spot]:
                said = f"matter {matter} was dragged to {spot}, and is in {place}"
                found.append(f"{said}: {self._history(ticket_of[mid])}")
        return found

    def _history(self, ticket_id) -> str:
        event = schema.event.c
        query = select(event).where(event.subject_kind == "ticket", event.subject_id == ticket_id)
        with inside.opened(self.config) as app, app.database.read() as connection:
            rows = connection.execute(query.order_by(event.id))
            return ", ".join(f"{row.name} by {row.actor_kind} at {row.at:%T}" for row in rows)

    def without_star(self) -> list[int]:
        ticket = schema.ticket.c
        with inside.opened(self.config) as app, app.database.read() as connection:
            rows = connection.execute(select(ticket.subject, ticket.priority))
            urgent = {subject for subject, priority in rows if priority == "urgent"}
        return [matter for matter in self.books.flagged if f"Matter {matter}" not in urgent]

    def taken_down(self) -> int:
        """Return of how many mails the board knows the ticket: only then a star counts."""
        copy = schema.board_copy.c
        with inside.opened(self.config) as app, app.database.read() as connection:
            return len(
                connection.execute(select(copy.uid).where(copy.ticket_id.is_not(None))).all()
            )

    def _inside(self):
        message = schema.message.c
        with inside.opened(self.config) as app, app.database.read() as connection:
            rows = connection.execute(select(message.rfc_id, message.ticket_id)).all()
            known = tickets.load(connection, 1, sorted({row.ticket_id for row in rows}))
        places = {id_: self.folders.layout.folder(ticket) for id_, ticket in known.items()}
        return [(row.rfc_id, row.ticket_id) for row in rows if row.rfc_id], places


def come_to_rest(storm, reckoning):
    """Return what is amiss for good: nothing, once all was well and is so a while later."""
    config = storm.gateway.config

    def amiss():
        return inside.under_way(config) or reckoning.faults()

    for _ in range(2):
        wait_until(lambda: not amiss(), lambda: f"rest, but {amiss()}", _REST)
        threading.Event().wait(_STILL)
        found = amiss()
        if not found:
            break
    return found


def pytest_generate_tests(metafunc):
    """Have as many storms as there are to be, in the long form each with a seed of its own."""
    metafunc.fixturenames.append("nth")
    metafunc.parametrize("nth", range(_STORMS if metafunc.config.getoption("long") else 1))


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_storm_loses_doubles_and_misplaces_nothing(
    request, start_gateway, start_dovecot, seed, long_form, shape
):
    dovecot = start_dovecot(SHAPES[shape])
    seconds, purposes = (40, 40) if long_form else (10, 12)
    user, kind = f"storm{next(_users)}", SHAPES[shape]
    folders = Folders(dovecot.imap_port, user, kind.prefix, kind.separator)
    gateway = with_board(start_gateway, dovecot.imap_port, user)
    storm = Storm(gateway, dovecot, folders, seed, purposes)
    reckoning = Reckoning(storm, folders)
    with Nursery(gateway) as nursery:
        report_of(request.node).add("those that were killed", nursery.log)
        nursery.start()
        wait_until(lambda: "mailbox.watched" in nursery.log(), nursery.log, _REST)
        storm.open()
        wait_until(lambda: not reckoning.faults(), lambda: str(reckoning.faults()), _REST)
        wait_until(lambda: reckoning.taken_down() == len(storm.books.written), "the board", _REST)
        nursery.kill()
        with storm:
            storm.blow(nursery, seconds)
        nursery.kill()
        inside.let_claims_lapse(gateway.config)
        nursery.start()
        found = come_to_rest(storm, reckoning)
    logging.getLogger("storm").info("%s, --seed %s: %s", shape, seed, storm.books)
    assert not found
    assert reckoning.not_honoured() == []
    assert reckoning.without_star() == []
    assert gateway.verify() == []
