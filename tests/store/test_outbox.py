"""What must be sent: once for each cause, in one worker's hands, ended by who holds it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from mailgate.store import outbox, schema
from mailgate.store.contexts import blank
from tests.store.databases import OTHER, TENANT, add_other_tenant
from tests.store.rows import NOW, every, notice, plant

LEASE = timedelta(seconds=60)
LATER = NOW + 2 * LEASE


def ready(database, count=1, **columns) -> list[int]:
    """Put notices into the outbox; return their ids, the oldest first."""
    with database.write() as connection:
        return [notice(connection, **columns) for _ in range(count)]


def claim(database, owner="node", now=NOW, most=50, tenant_id=TENANT):
    with database.write() as connection:
        return outbox.claim(connection, tenant_id, owner, now, LEASE, most)


def note(database, due, **columns) -> bool:
    with database.write() as connection:
        return outbox.note(connection, [(due, columns)])[0]


def end(database, due, state, **columns) -> bool:
    return note(database, due, state=state, done_at=NOW, lease_owner=None, **columns)


def row(database, id_):
    with database.read() as connection:
        return next(row for row in every(connection, schema.outbox) if row["id"] == id_)


# --- claiming -------------------------------------------------------------------------------------


def test_what_has_waited_longest_goes_first_and_no_more_than_asked_for(database):
    late = ready(database, next_try_at=NOW)
    early = ready(database, 2, next_try_at=NOW - LEASE)
    assert [due.id for due in claim(database, most=2)] == early
    assert [due.id for due in claim(database, most=2)] == late
    assert claim(database) == []


def test_a_claim_brings_what_a_letter_is_written_from(database):
    with database.write() as connection:
        ticket = plant(connection, schema.ticket, TENANT)["id"]
        message = plant(connection, schema.message, TENANT, ticket_id=ticket)["id"]
    (id_,) = ready(
        database,
        ticket_id=ticket,
        message_id=message,
        recipient="carol@customer.example",
        notice="agent_reply",
        context={"ticket": {"number": "TKT-1"}},
        awaited=True,
    )
    (due,) = claim(database)
    assert (due.id, due.tenant_id, due.ticket_id, due.message_id) == (id_, TENANT, ticket, message)
    assert (due.recipient, due.notice, due.role) == (
        "carol@customer.example",
        "agent_reply",
        "customer",
    )
    assert due.context == blank() | {"ticket": {"number": "TKT-1"}}
    assert (due.awaited, due.automatic, due.kept, due.began_at) == (True, False, False, None)
    assert (due.attempts, due.fence, due.created_at) == (0, 1, NOW)


def test_what_is_put_off_is_left_alone_until_its_time(database):
    ready(database, next_try_at=NOW + timedelta(microseconds=1))
    assert claim(database) == []
    assert len(claim(database, now=NOW + timedelta(microseconds=1))) == 1


@pytest.mark.parametrize("state", ["sent", "never", "unknown", "suppressed"])
def test_what_has_ended_is_never_claimed(database, state):
    ready(database, state=state)
    assert claim(database) == []


def test_a_notice_whose_worker_died_is_free_when_its_lease_has_lapsed(database):
    ready(database)
    (lost,) = claim(database, "dead")
    assert claim(database, now=NOW + LEASE) == []
    (found,) = claim(database, now=NOW + LEASE + timedelta(microseconds=1))
    assert (found.id, found.fence) == (lost.id, lost.fence + 1)


@pytest.mark.parametrize("how", ["lapsed", "unanswered", "retried"])
def test_a_notice_that_may_have_been_handed_over_says_so(database, how):
    (id_,) = ready(database)
    (due,) = claim(database)
    assert not due.doubtful
    if how != "lapsed":
        free = {"lease_owner": None, "lease_until": None, "next_try_at": LATER}
        assert note(database, due, **free, unanswered=int(how == "unanswered"))
    if how == "retried":
        (due,) = claim(database, now=LATER)
        assert not due.doubtful
        end(database, due, "unknown", lease_until=None)
        release(database, id_)
    (again,) = claim(database, now=LATER + LEASE)
    assert again.doubtful


def test_no_claim_and_no_putting_off_by_a_clock_that_was_a_day_ahead_keeps_a_notice(database):
    ahead = NOW + timedelta(days=1)
    ids = [*ready(database, 2, next_try_at=NOW), *ready(database, next_try_at=ahead)]
    claim(database, "ahead", now=NOW + timedelta(hours=23), most=1)
    taken = [[due.id for due in claim(database)] for _ in range(3)]
    assert taken == [ids[:2], ids[2:], []]


def test_a_notice_that_is_put_off_by_the_longest_step_waits_for_its_time(database):
    ready(database, next_try_at=NOW + outbox.FURTHEST)
    assert claim(database) == []


def test_what_waits_for_the_end_of_quiet_hours_is_left_alone_until_then(database):
    morning = NOW + timedelta(hours=9)
    (id_,) = ready(database, next_try_at=morning, quiet_until=morning)
    assert claim(database) == []
    assert claim(database, now=morning - timedelta(seconds=1)) == []
    (due,) = claim(database, now=morning)
    assert (due.id, due.since) == (id_, morning)


def test_no_quiet_hours_are_longer_than_a_day_whatever_a_clock_said(database):
    far = NOW + timedelta(days=3)
    (id_,) = ready(database, next_try_at=far, quiet_until=far)
    assert [due.id for due in claim(database)] == [id_]


def test_what_was_put_off_after_quiet_hours_by_a_clock_that_was_ahead_is_taken(database):
    ahead = NOW + timedelta(hours=20)
    (id_,) = ready(database, next_try_at=ahead, quiet_until=NOW)
    assert [due.id for due in claim(database)] == [id_]


def test_notices_of_another_tenant_are_left_to_it(database):
    add_other_tenant(database)
    mine, other = ready(database), ready(database, tenant_id=OTHER)
    assert [due.id for due in claim(database)] == mine
    assert [due.id for due in claim(database, tenant_id=OTHER)] == other


def test_two_nodes_that_claim_at_once_share_the_notices_and_none_waits(postgresql):
    known = ready(postgresql, 5)
    with postgresql.write() as one, postgresql.write() as two:
        first = outbox.claim(one, TENANT, "one", NOW, LEASE, 3)
        second = outbox.claim(two, TENANT, "two", NOW, LEASE, 3)
    assert [due.id for due in (*first, *second)] == known
    assert (len(first), len(second)) == (3, 2)


# --- while it is sent -----------------------------------------------------------------------------


def test_the_first_rendering_is_kept_and_only_told_of(database):
    ready(database)
    (due,) = claim(database)
    with database.read() as connection:
        assert outbox.rendered(connection, due) is None
    assert note(database, due, began_at=NOW, rendered=b"Subject: x\r\n", lease_until=NOW)
    (again,) = claim(database, now=LATER)
    assert (again.kept, again.began_at) == (True, NOW)
    with database.read() as connection:
        assert outbox.rendered(connection, again) == b"Subject: x\r\n"


def test_who_has_lost_a_claim_notes_nothing(database):
    (id_,) = ready(database)
    (slow,) = claim(database, "slow")
    (quick,) = claim(database, "quick", now=LATER)
    assert not end(database, slow, "never", reason="late")
    assert end(database, quick, "sent", reason="250 ok")
    assert (row(database, id_)["state"], row(database, id_)["reason"]) == ("sent", "250 ok")


def test_of_several_each_is_told_whether_it_was_written(database):
    ready(database, 3)
    first, lost, last = claim(database, "slow")
    claim(database, "quick", now=LATER, most=3)
    kept = [replace(due, fence=due.fence + 1) for due in (first, last)]
    columns = {"reason": "written"}
    with database.write() as connection:
        written = outbox.note(connection, [(due, columns) for due in (kept[0], lost, kept[1])])
    assert written == [True, False, True]
    assert [row(database, due.id)["reason"] for due in (first, lost, last)] == [
        "written",
        None,
        "written",
    ]


def test_the_same_is_written_of_many_in_as_many_statements_as_of_one(database, statements):
    ready(database, 9)
    dues = claim(database)
    counted = []
    for some in (dues[:1], dues[1:]):
        statements.clear()
        with database.write() as connection:
            outbox.note(connection, [(due, {"reason": "written"}) for due in some])
        counted.append([words.split()[0] for words in statements])
    assert counted[0] == counted[1]


def test_what_has_ended_is_not_written_to_again(database):
    (id_,) = ready(database)
    (due,) = claim(database)
    assert end(database, due, "sent")
    assert not end(database, due, "never")
    assert row(database, id_)["state"] == "sent"


def test_a_notice_ends_in_a_state_that_is_known(database):
    ready(database)
    (due,) = claim(database)
    with pytest.raises(IntegrityError):
        end(database, due, "forgotten")


def test_a_mail_that_came_back_was_never_delivered(database):
    (id_,) = ready(database)
    (due,) = claim(database)
    end(database, due, "sent")
    with database.write() as connection:
        assert outbox.failed(connection, TENANT, {id_: "5.1.1 no such user"}, LATER) == 1
        assert outbox.failed(connection, TENANT, {}, LATER) == 0
    found = row(database, id_)
    assert (found["state"], found["reason"], found["done_at"]) == (
        "never",
        "5.1.1 no such user",
        LATER,
    )


def test_only_what_has_left_or_may_have_can_come_back(database):
    states = ["ready", "sent", "never", "unknown", "suppressed"]
    known = {state: ready(database, state=state)[0] for state in states}
    known["sending"] = ready(database, began_at=NOW)[0]
    with database.write() as connection:
        found = outbox.notices(connection, TENANT, [*known.values(), -1])
        left = {state for state, id_ in known.items() if found[id_].left}
        assert outbox.notices(connection, TENANT, []) == {}
        assert outbox.failed(connection, TENANT, dict.fromkeys(known.values(), "gone"), LATER) == 3
    assert left == {"sent", "unknown", "sending"}
    assert row(database, known["ready"])["state"] == "ready", "a person has put it back"
    assert row(database, known["suppressed"])["reason"] != "gone"


# --- sending again --------------------------------------------------------------------------------


def release(database, *wanted) -> int:
    with database.write() as connection:
        return outbox.release(connection, TENANT, wanted, LATER)


def test_a_notice_that_is_sent_again_starts_anew_with_its_first_rendering(database):
    (id_,) = ready(database, rendered=b"first")
    (due,) = claim(database)
    end(database, due, "never", reason="550 no", attempts=7, began_at=NOW)
    assert release(database, id_) == 1
    assert claim(database, now=LATER - timedelta(microseconds=1)) == []
    (again,) = claim(database, now=LATER)
    assert (again.attempts, again.began_at, again.kept, again.fence) == (0, None, True, 2)
    assert (row(database, id_)["reason"], row(database, id_)["done_at"]) == (None, None)
    assert again.rfc_id == due.rfc_id


def test_only_what_is_unknown_or_was_refused_is_sent_again(database):
    states = ["ready", "sent", "never", "unknown", "suppressed"]
    known = {state: ready(database, state=state)[0] for state in states}
    assert release(database, *known.values()) == 2
    found = {state: row(database, id_)["state"] for state, id_ in known.items()}
    assert found == {state: state for state in states} | {"never": "ready", "unknown": "ready"}
    assert release(database) == 0


def test_all_that_ended_so_is_sent_again_by_one_statement_however_many_they_are(database):
    """A server takes some 65,000 values with a statement, and an outage leaves more mails."""
    given: list[int] = []

    def count_values(_connection, _cursor, _statement, parameters, *_rest) -> None:
        given.append(len(parameters))

    def counted(count: int) -> list[int]:
        for state in ("never", "unknown", "sent"):
            ready(database, count, state=state)
        given.clear()
        event.listen(database.engine, "before_cursor_execute", count_values)
        with database.write() as connection:
            assert outbox.release(connection, TENANT, None, LATER) == 2 * count
        event.remove(database.engine, "before_cursor_execute", count_values)
        return given[:]

    assert counted(3) == counted(6)


# --- once for each cause --------------------------------------------------------------------------


def test_one_cause_has_one_notice_of_a_kind_for_each_recipient_and_channel(database):
    cause = {"notice": "received", "recipient": "carol@customer.example", "channel": "mail"}
    with database.write() as connection:
        event = plant(connection, schema.event, TENANT)["id"]
        notice(connection, event_id=event, **cause)
        for name in cause:
            notice(connection, event_id=event, **(cause | {name: "other"}))
    with pytest.raises(IntegrityError), database.write() as connection:
        notice(connection, event_id=event, **cause)


# --- what was sent before -------------------------------------------------------------------------


def test_automatic_mail_to_customers_counts_against_their_ceilings(database):
    carol, dave = "carol@customer.example", "dave@customer.example"
    counted = {"recipient": carol, "automatic": True, "created_at": NOW}
    since = NOW - LEASE
    with database.write() as connection:
        ticket = plant(connection, schema.ticket, TENANT)["id"]
        notice(connection, ticket_id=ticket, **counted)
        notice(connection, **(counted | {"recipient": dave, "state": "sent"}))
        for change in (
            {"recipient": "eve@customer.example"},
            {"automatic": False},
            {"created_at": since},
            {"role": "agent"},
            {"state": "suppressed"},
        ):
            notice(connection, **(counted | change))
    with database.read() as connection:
        found = outbox.recent_automatic(connection, TENANT, [carol, dave], since)
        assert outbox.recent_automatic(connection, TENANT, [], since) == []
    assert sorted(map(tuple, found)) == [(carol, ticket, NOW), (dave, None, NOW)]


def test_acknowledgements_to_strangers_are_counted_unless_held_back(database):
    with database.write() as connection:
        for change in ({}, {"state": "sent"}, {"state": "suppressed"}, {"stranger": False}):
            notice(connection, **({"stranger": True} | change))
        notice(connection, stranger=True, created_at=NOW - LEASE)
    with database.read() as connection:
        assert outbox.to_strangers(connection, TENANT, NOW - LEASE) == 2
        assert outbox.to_strangers(connection, TENANT, NOW - LEASE, held=True) == 1


def test_a_message_id_of_ours_tells_to_whom_it_went(database):
    carol, dave = (ready(database, recipient=name)[0] for name in ("carol@x", "dave@x"))
    with database.read() as connection:
        found = outbox.notices(connection, TENANT, [carol, dave, -1])
    assert {id_: each.recipient for id_, each in found.items()} == {
        carol: "carol@x",
        dave: "dave@x",
    }


def test_every_notice_carries_a_reason_for_a_person(database):
    (id_,) = ready(database, reason="over the ceiling of 10 in 10 min", state="suppressed")
    with database.read() as connection:
        (found,) = every(connection, schema.outbox)
    assert (found["id"], found["reason"]) == (id_, "over the ceiling of 10 in 10 min")
