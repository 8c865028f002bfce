"""Every statement that is really sent says whose rows it is about, or why it need not."""

import pytest

from tests.store.databases import TENANT
from tests.store.scoping import forgetful, listening, unscoped
from tests.store.test_tenants import OF_A_TENANT, Life

JOINED = "SELECT t.id, e.id FROM ticket AS t JOIN event AS e ON e.tenant_id = t.tenant_id"
COUNTED = "SELECT (SELECT count(*) FROM message WHERE message.ticket_id = ticket.id)\nFROM ticket"
TWICE = (
    "SELECT 1 FROM ticket WHERE ticket.id IN (SELECT ticket.id FROM ticket WHERE ticket.turn = ?)"
)
NAMED = "WITH old AS (SELECT event.id FROM event WHERE event.tenant_id = ?) SELECT old.id FROM old"


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("SELECT ticket.id FROM ticket WHERE ticket.tenant_id = ? AND ticket.id = ?", []),
        ("SELECT ticket.id FROM ticket WHERE ticket.id = ?", ["ticket"]),
        ("SELECT ticket.tenant_id, 1 FROM ticket WHERE ticket.id = ?", ["ticket"]),
        ("SELECT 1 FROM mail WHERE mail.id = ?", []),
        ("UPDATE ticket SET status=? WHERE id = ? AND tenant_id = ?", []),
        ("UPDATE ticket SET tenant_id=? WHERE id = ?", ["ticket"]),
        ("DELETE FROM timer WHERE timer.subject_id = ?", ["timer"]),
        ("INSERT INTO turn (id, tenant_id) VALUES (?, ?)", []),
        ("INSERT INTO turn (id, n) VALUES (?, ?)", ["turn"]),
        (f"{JOINED} WHERE t.tenant_id = ?", []),
        (JOINED, ["ticket", "event"]),
        (f"{JOINED.replace('tenant_id =', 'n =')} WHERE t.tenant_id = ?", ["event"]),
        ("SELECT 1 FROM ticket, event WHERE ticket.tenant_id = ?", ["event"]),
        (f"{COUNTED} WHERE ticket.tenant_id = ?", ["message"]),
        (f"{TWICE} AND ticket.tenant_id = ?", ["ticket"]),
        (NAMED, []),
    ],
)
def test_a_statement_that_forgets_a_tenant_is_seen(statement, tables):
    assert unscoped(statement) == tables


def test_every_statement_of_the_store_says_whose_rows_it_means(sqlite):
    with sqlite.write() as connection:
        life = Life(connection)
        with listening() as heard:
            for name in OF_A_TENANT:
                with connection.begin_nested() as own:
                    life.call(connection, name, TENANT)
                    own.rollback()
    assert len(heard) > len(OF_A_TENANT)
    assert not forgetful(heard)


def test_only_what_is_claimed_may_be_asked_for_by_its_id():
    assert forgetful(["SELECT outbox.id, 1 FROM outbox WHERE outbox.id IN (?)"]) == ""
    assert "ticket in" in forgetful(["SELECT ticket.id, 1 FROM ticket WHERE ticket.id IN (?)"])
