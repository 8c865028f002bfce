"""What goes along with a notice: its message and files, and the mail that it answers."""

from datetime import timedelta

import pytest

from mailgate.store import letters, outbox, schema
from tests.store.databases import OTHER, TENANT, add_other_tenant
from tests.store.rows import NOW, notice, plant

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ticket(database) -> int:
    with database.write() as connection:
        return plant(connection, schema.ticket, TENANT)["id"]


def say(database, ticket, at=NOW, kind="public", side="system", **columns) -> int:
    with database.write() as connection:
        values = {"ticket_id": ticket, "at": at, "kind": kind, "side": side} | columns
        return plant(connection, schema.message, TENANT, **values)["id"]


def ask(database, ticket, rfc_id, at=NOW, **columns) -> int:
    return say(database, ticket, at, side="client", rfc_id=rfc_id, **columns)


def attach(database, message, *names) -> None:
    with database.write() as connection:
        for n, name in enumerate(names, 1):
            plant(connection, schema.attachment, TENANT, message_id=message, n=n, name=name)


def carried(database, *notices) -> list[letters.Carried]:
    """Return what goes along with each notice, given by its columns."""
    with database.write() as connection:
        for columns in notices:
            notice(connection, **({"created_at": NOW} | columns))
        lease = timedelta(seconds=60)
        dues = outbox.claim(connection, TENANT, "node", NOW, lease, 50)
    with database.read() as connection:
        found = letters.carried(connection, dues)
    assert found.keys() == {due.id for due in dues}
    return [found[due.id] for due in dues]


def test_a_notice_without_words_of_a_person_carries_nothing(database):
    assert carried(database, {}) == [letters.Carried()]
    assert carried(database) == []


def test_a_notice_carries_its_message_with_the_files_in_their_order(database, ticket):
    with database.write() as connection:
        mail = plant(connection, schema.mail, TENANT)["id"]
    message = say(database, ticket, mail_id=mail, text="words")
    say(database, ticket, text="other words")
    attach(database, message, "a.txt", "b.txt", "c.txt")
    (found,) = carried(database, {"ticket_id": ticket, "message_id": message})
    assert found.message is not None
    assert (found.message["id"], found.message["text"]) == (message, "words")
    assert [row["name"] for row in found.attachments] == ["a.txt", "b.txt", "c.txt"]


def test_a_file_may_stand_however_deep_in_its_mail(database, ticket):
    with database.write() as connection:
        mail = plant(connection, schema.mail, TENANT)["id"]
    message, part = say(database, ticket, mail_id=mail), ".".join(["17"] * 100)
    with database.write() as connection:
        plant(connection, schema.attachment, TENANT, message_id=message, part=part)
    (found,) = carried(database, {"ticket_id": ticket, "message_id": message})
    assert [row["part"] for row in found.attachments] == [part]


def test_each_of_many_notices_carries_its_own(database, ticket):
    messages = [say(database, ticket, text=f"words {n}") for n in range(3)]
    found = carried(database, *({"ticket_id": ticket, "message_id": m} for m in messages))
    assert [each.message["id"] for each in found if each.message] == messages


def test_many_notices_take_as_many_statements_as_one(database, ticket, statements):
    (message,) = [say(database, ticket)]
    columns = {"ticket_id": ticket, "message_id": message}

    def count() -> int:
        return len([s for s in statements if s.startswith("SELECT message") or "notice_id" in s])

    carried(database, columns)
    alone = count()
    statements.clear()
    carried(database, *(columns for _ in range(20)))
    assert count() == alone > 0


def test_a_reminder_quotes_the_desks_last_public_answer_before_it(database, ticket):
    say(database, ticket, NOW - 2 * timedelta(hours=1), text="early")
    quoted = say(database, ticket, NOW - timedelta(hours=1), text="last")
    say(database, ticket, text="a note", kind="note")
    ask(database, ticket, "<q@x>")
    say(database, ticket, LATER, text="after it")
    reminder = {"ticket_id": ticket, "notice": "waiting"}
    (found,) = carried(database, reminder)
    assert found.message is not None
    assert found.message["id"] == quoted
    with database.read() as connection:
        assert letters.last_said(connection, TENANT, ticket, "system", NOW)["id"] == quoted
        assert letters.last_said(connection, OTHER, ticket, "system", NOW) is None


@pytest.mark.parametrize("kind", ["overdue", "assigned", "escalated"])
def test_a_notice_to_staff_quotes_what_the_customer_said_last_before_it(database, ticket, kind):
    ask(database, ticket, "<first@x>", NOW - timedelta(hours=1))
    quoted = ask(database, ticket, "<last@x>", NOW)
    say(database, ticket, text="an answer")
    say(database, ticket, text="a note", kind="note", side="client")
    ask(database, ticket, "<after@x>", LATER)
    (found,) = carried(database, {"ticket_id": ticket, "notice": kind, "role": "agent"})
    assert found.message is not None
    assert found.message["id"] == quoted


def test_mail_to_a_customer_answers_their_last_mail_before_it(database, ticket):
    ask(database, ticket, "<first@x>", NOW - timedelta(hours=2))
    ask(database, ticket, "<last@x>", NOW - timedelta(hours=1))
    ask(database, ticket, None, NOW)
    say(database, ticket, NOW, rfc_id="<ours@x>")
    ask(database, ticket, "<later@x>", LATER)
    both = [{"ticket_id": ticket, "role": role} for role in ("customer", "agent")]
    assert [each.answers for each in carried(database, *both)] == ["<last@x>", None]
    with database.read() as connection:
        assert letters.last_question(connection, TENANT, ticket, NOW) == "<last@x>"
        assert letters.last_question(connection, TENANT, ticket, LATER) == "<later@x>"
        assert letters.last_question(connection, OTHER, ticket, LATER) is None


def test_of_two_mails_of_one_moment_the_one_stored_later_is_the_last(database, ticket):
    ask(database, ticket, "<one@x>")
    ask(database, ticket, "<two@x>")
    with database.read() as connection:
        assert letters.last_question(connection, TENANT, ticket, NOW) == "<two@x>"


def test_what_was_said_on_another_tenants_ticket_goes_nowhere(database, ticket):
    add_other_tenant(database)
    say(database, ticket)
    with database.read() as connection:
        assert letters.last_said(connection, OTHER, ticket, "system", LATER) is None
