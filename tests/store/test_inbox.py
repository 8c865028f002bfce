"""The intake's tables: each mail once, each in one worker's hands, each ended by who holds it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from mailgate.store import aside, identity, inbox, schema
from tests.peers.waiting import wait_until
from tests.store.databases import OTHER, TENANT, add_other_tenant
from tests.store.rows import NOW, arrival, every, ids, keep, plant

LEASE = timedelta(seconds=60)
MIB = 1 << 20


def claim(database, owner="node", now=NOW, most=50, octets=MIB, tenant_id=TENANT):
    with database.write() as connection:
        return inbox.claim(connection, tenant_id, owner, now, LEASE, most, octets)


def deliveries(database) -> dict[int, dict]:
    with database.read() as connection:
        return {row["id"]: row for row in every(connection, schema.mail_delivery)}


def ended(claimed, state="report", **columns):
    return {"id": claimed.id, "fence": claimed.fence, "state": state, "done_at": NOW} | columns


def settle(database, *rows, tenant_id=TENANT) -> int:
    with database.write() as connection:
        return inbox.settle(connection, tenant_id, rows)


def settle_all(database, state, **columns) -> list[int]:
    claimed = claim(database)
    assert settle(database, *(ended(each, state, **columns) for each in claimed)) == len(claimed)
    return [each.id for each in claimed]


# --- keeping --------------------------------------------------------------------------------------


def test_a_mail_is_kept_byte_for_byte_with_its_envelope(database):
    raw = b"Message-ID: <x@y>\r\n\r\n" + bytes(range(256)) * 40
    (id_,) = keep(database, arrival(raw, mail_from="", recipients=("a@x.example", "b@x.example")))
    with database.read() as connection:
        (mail,) = every(connection, schema.mail)
        (row,) = every(connection, schema.mail_delivery)
        assert inbox.raw(connection, mail["id"]) == raw
        assert inbox.raw(connection, -1) is None
    assert (mail["raw"], mail["size"], mail["received_at"]) == (raw, len(raw), NOW)
    assert mail["digest"] == sha256(raw).hexdigest() == identity.identify(raw, NOW).digest
    assert (row["id"], row["mail_id"], row["state"]) == (id_, mail["id"], inbox.PENDING)
    assert (row["mail_from"], row["recipients"]) == ("", ["a@x.example", "b@x.example"])
    assert (row["peer"], row["road"], row["attempts"], row["fence"]) == ("127.0.0.1", "smtp", 0, 0)


def test_bytes_seen_before_are_kept_once_whichever_queue_they_come_to(database):
    add_other_tenant(database)
    first = keep(database, arrival())
    later = keep(
        database,
        arrival(received_at=NOW + LEASE),
        arrival(queue="billing"),
        arrival(tenant_id=OTHER),
        arrival(queue="billing"),
        arrival(b"other"),
    )
    assert later[0] == first[0]
    assert later[1] == later[3]
    assert len({*first, *later}) == 4
    with database.read() as connection:
        assert [row["size"] for row in every(connection, schema.mail)] == [32, 5]
        assert every(connection, schema.mail)[0]["received_at"] == NOW
    assert len(deliveries(database)) == 4


def test_bytes_without_a_message_id_are_another_mail_when_they_come_again_later(database):
    same = b"Subject: disk full\r\n\r\nagain\r\n"
    minutes = [NOW + timedelta(minutes=n) for n in (0, 1, 60)]
    kept = [keep(database, arrival(same, received_at=at))[0] for at in minutes]
    assert kept[0] == kept[1] != kept[2]
    named = [keep(database, arrival(received_at=at))[0] for at in minutes]
    assert len(set(named)) == 1


def test_bytes_without_a_message_id_that_a_server_traces_are_one_mail_whenever_they_come(database):
    trace = b"Received: from app by mx.example; Mon, 2 Mar 2026 09:00:0%d +0000\r\n"
    same = b"Subject: disk full\r\n\r\nagain\r\n"
    days = [NOW, NOW + timedelta(minutes=11), NOW + timedelta(days=4)]
    kept = [keep(database, arrival(trace % 1 + same, received_at=at))[0] for at in days]
    assert len(set(kept)) == 1, "a server that heard no answer tries again"
    (other,) = keep(database, arrival(trace % 2 + same))
    assert other != kept[0], "another alarm in the same words"


def test_a_double_with_other_recipients_adds_them_while_it_waits(database):
    (id_,) = keep(database, arrival(recipients=("a@x",)))
    both = keep(database, arrival(recipients=("b@x", "a@x")), arrival(recipients=("c@x",)))
    assert both == [id_, id_]
    assert deliveries(database)[id_]["recipients"] == ["a@x", "b@x", "c@x"]
    settle_all(database, "report")
    keep(database, arrival(recipients=("d@x",)))
    assert deliveries(database)[id_]["recipients"] == ["a@x", "b@x", "c@x"]


def test_two_recipients_of_one_batch_are_one_delivery(database):
    (id_, other) = keep(database, arrival(recipients=("a@x",)), arrival(recipients=("b@x",)))
    assert id_ == other
    assert deliveries(database)[id_]["recipients"] == ["a@x", "b@x"]


def test_nothing_to_keep_writes_nothing(database):
    assert keep(database) == []
    assert deliveries(database) == {}


def test_a_batch_takes_as_many_statements_as_one_mail(database, statements):
    keep(database, arrival(b"one"))
    alone = len(statements)
    statements.clear()
    keep(database, *(arrival(b"mail %d" % n) for n in range(40)))
    assert len(statements) == alone


def test_two_nodes_that_keep_the_same_mails_at_once_get_the_same_answer(postgresql):
    mails = sorted((arrival(b"one"), arrival(b"two")), key=lambda a: identity.identify(a.raw, NOW))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor(1) as pool:
        with postgresql.write() as connection:
            mine = inbox.put(connection, ids(), mails[:1])
            other = pool.submit(keep, postgresql, mails[1], arrival(b"three"), mails[0])
            wait_until(lambda: connection.execute(text(waiting)).scalar(), "the other to wait")
            mine += inbox.put(connection, ids(), mails[1:])
        theirs = other.result(20)
    assert (theirs[2], theirs[0]) == (mine[0], mine[1])
    assert len({*mine, *theirs}) == 3
    assert deliveries(postgresql).keys() == {*mine, *theirs}


def test_two_nodes_that_put_a_known_mail_into_one_queue_at_once_lose_no_recipient(postgresql):
    keep(postgresql, arrival())
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor(1) as pool:
        with postgresql.write() as connection:
            mine = inbox.put(connection, ids(), [arrival(queue="sales", recipients=("a@x",))])
            other = pool.submit(keep, postgresql, arrival(queue="sales", recipients=("b@x",)))
            wait_until(lambda: connection.execute(text(waiting)).scalar(), "the other to wait")
        assert other.result(20) == mine
    assert deliveries(postgresql)[mine[0]]["recipients"] == ["a@x", "b@x"]


# --- claiming -------------------------------------------------------------------------------------


def test_the_oldest_come_first_and_no_more_than_asked_for(database):
    kept = keep(database, *(arrival(b"mail %d" % n) for n in range(5)))
    assert [each.id for each in claim(database, most=2)] == sorted(kept)[:2]
    assert [each.id for each in claim(database, most=2)] == sorted(kept)[2:4]
    assert [each.id for each in claim(database, most=2)] == sorted(kept)[4:]
    assert claim(database) == []


def test_a_claim_brings_all_that_a_worker_needs(database):
    (id_,) = keep(database, arrival(b"words", mail_from="", recipients=("a@x.example",)))
    (claimed,) = claim(database)
    assert replace(claimed, mail_id=0) == inbox.Claimed(
        id=id_,
        tenant_id=TENANT,
        mail_id=0,
        queue="default",
        recipients=("a@x.example",),
        mail_from="",
        peer="127.0.0.1",
        road="smtp",
        received_at=NOW,
        attempts=0,
        fence=1,
        lost=0,
        released=False,
        raw=b"words",
    )


def test_octets_that_are_claimed_come_as_they_are_and_all_else_reads_as_it_does(postgresql):
    raw = b"Message-ID: <x@y>\r\n\r\n" + bytes(range(256))
    keep(postgresql, arrival(raw, mail_from="grüße@x.example"))
    formats = []

    def note(_connection, cursor, statement, *_rest):
        formats.append((cursor.format.name, "SELECT" in statement and ".raw" in statement))

    event.listen(postgresql.engine, "after_cursor_execute", note)
    (claimed,) = claim(postgresql)
    assert set(formats) == {("BINARY", True), ("TEXT", False)}
    (row,) = deliveries(postgresql).values()
    told = {name: getattr(claimed, name) for name in ("id", "mail_from", "road", "received_at")}
    assert (claimed.raw, told) == (raw, {name: row[name] for name in told})
    assert list(claimed.recipients) == row["recipients"]


def test_large_mails_are_taken_a_few_at_a_time_and_one_that_is_too_large_alone(database):
    sizes = (40, 40, 40, 500, 10)
    keep(database, *(arrival(bytes([n]) * size) for n, size in enumerate(sizes)))
    taken = [[len(each.raw) for each in claim(database, octets=100)] for _ in range(4)]
    assert taken == [[40, 40], [40], [500], [10]]


def test_what_is_put_off_is_left_alone_until_its_time(database):
    keep(database, arrival())
    (claimed,) = claim(database)
    later = NOW + timedelta(seconds=4)
    settle(database, ended(claimed, "pending", attempts=1, next_try_at=later, done_at=None))
    assert claim(database, now=later - timedelta(microseconds=1)) == []
    (again,) = claim(database, now=later)
    assert (again.attempts, again.fence) == (1, 2)


def test_a_mail_whose_worker_died_is_free_when_its_lease_has_lapsed(database):
    keep(database, arrival())
    (lost,) = claim(database, "dead")
    assert claim(database, now=NOW + LEASE) == []
    (found,) = claim(database, now=NOW + LEASE + timedelta(microseconds=1))
    assert (found.id, found.fence) == (lost.id, lost.fence + 1)


def test_no_claim_and_no_putting_off_by_a_clock_that_was_a_day_ahead_keeps_a_mail(database):
    keep(database, arrival(b"claimed"), arrival(b"put off"))
    ahead = NOW + timedelta(days=1)
    _, put_off = claim(database, "ahead", now=ahead)
    later = ahead + timedelta(seconds=4)
    settle(database, ended(put_off, "pending", attempts=1, next_try_at=later, done_at=None))
    assert [each.raw for each in claim(database)] == [b"claimed", b"put off"]
    assert claim(database) == [], "a claim by the right clock holds"


def test_a_claim_by_a_clock_that_is_a_little_ahead_holds(database):
    keep(database, arrival())
    claim(database, "ahead", now=NOW + LEASE / 2)
    assert claim(database) == []


def test_a_claim_says_who_has_it_and_until_when(database):
    long_name = "a-host-with-a-name-as-long-as-names-of-hosts-may-be.example:4194304:0123abcd"
    (id_,) = keep(database, arrival())
    claim(database, long_name)
    row = deliveries(database)[id_]
    assert (row["lease_owner"], row["lease_until"]) == (long_name, NOW + LEASE)


def test_mails_of_another_tenant_are_left_to_it(database):
    add_other_tenant(database)
    mine, other = keep(database, arrival(), arrival(tenant_id=OTHER))
    assert [each.id for each in claim(database)] == [mine]
    assert [each.id for each in claim(database, tenant_id=OTHER)] == [other]


def test_two_nodes_that_claim_at_once_share_the_mails_and_none_waits(postgresql):
    kept = keep(postgresql, *(arrival(b"mail %d" % n) for n in range(5)))
    with postgresql.write() as one, postgresql.write() as two:
        first = inbox.claim(one, TENANT, "one", NOW, LEASE, 3, MIB)
        second = inbox.claim(two, TENANT, "two", NOW, LEASE, 3, MIB)
    assert [each.id for each in (*first, *second)] == sorted(kept)
    assert (len(first), len(second)) == (3, 2)
    owners = [row["lease_owner"] for row in deliveries(postgresql).values()]
    assert owners == ["one"] * 3 + ["two"] * 2


def give_back(database, *claimed) -> None:
    with database.write() as connection:
        inbox.give_back(connection, TENANT, claimed)


def test_what_is_given_back_is_free_at_once_and_not_counted_as_lost(database):
    keep(database, arrival(b"one"), arrival(b"two"))
    one, two = claim(database)
    give_back(database, two)
    (again,) = claim(database)
    assert (again.id, again.fence, again.lost) == (two.id, 2, 0)
    give_back(database, replace(one, fence=0), two)  # both have lapsed
    give_back(database)
    assert claim(database) == []
    assert settle(database, ended(two)) == 0


def test_claims_that_nobody_ended_are_counted_and_those_that_failed_are_not(database):
    keep(database, arrival())
    now = NOW
    counted = []
    for end in ("died", "failed", "died", "died"):
        now += 2 * LEASE
        (claimed,) = claim(database, now=now)
        counted.append((claimed.lost, claimed.fence))
        if end == "failed":
            settle(database, ended(claimed, "pending", done_at=None))
    assert counted == [(0, 1), (1, 2), (1, 3), (2, 4)]


# --- ending ---------------------------------------------------------------------------------------


def test_what_has_ended_is_never_claimed_again_and_held_by_nobody(database):
    (id_,) = keep(database, arrival())
    (claimed,) = claim(database)
    assert settle(database, ended(claimed, fingerprint="f", error=None)) == 1
    row = deliveries(database)[id_]
    assert (row["state"], row["fingerprint"], row["done_at"]) == ("report", "f", NOW)
    assert (row["lease_owner"], row["lease_until"]) == (None, None)
    assert claim(database, now=NOW + 2 * LEASE) == []


def test_who_has_lost_a_claim_ends_nothing(database):
    keep(database, arrival(b"one"), arrival(b"two"))
    slow = claim(database, "slow")
    quick = claim(database, "quick", now=NOW + 2 * LEASE, most=1)
    assert settle(database, *(ended(each, "parked") for each in slow)) == 1
    assert settle(database, ended(quick[0])) == 1
    assert [row["state"] for row in deliveries(database).values()] == ["report", "parked"]


def test_a_mail_of_another_tenant_cannot_be_ended(database):
    add_other_tenant(database)
    keep(database, arrival())
    (claimed,) = claim(database)
    assert settle(database, ended(claimed), tenant_id=OTHER) == 0


def test_ending_nothing_is_nothing(database):
    assert settle(database) == 0


def test_the_same_mail_by_two_roads_cannot_end_twice_in_one_queue(database):
    keep(database, arrival(b"by one road"), arrival(b"by the other"))
    one, two = claim(database)
    assert settle(database, ended(one, fingerprint="same")) == 1
    with pytest.raises(IntegrityError):
        settle(database, ended(two, fingerprint="same"))
    assert settle(database, ended(two, "suppressed", fingerprint="same")) == 1


def test_a_mail_ends_in_a_state_that_is_known(database):
    keep(database, arrival())
    (claimed,) = claim(database)
    with pytest.raises(IntegrityError):
        settle(database, ended(claimed, "forgotten"))


def test_a_mail_cannot_end_on_a_ticket_of_another_tenant(database):
    add_other_tenant(database)
    keep(database, arrival())
    (claimed,) = claim(database)
    with database.write() as connection:
        foreign = plant(connection, schema.ticket, OTHER)["id"]
    with pytest.raises(IntegrityError):
        settle(database, ended(claimed, "threaded", ticket_id=foreign))


# --- looking --------------------------------------------------------------------------------------


def duplicates(database, *fingerprints, queue="default"):
    with database.read() as connection:
        return inbox.duplicates(connection, TENANT, queue, fingerprints)


@pytest.mark.parametrize("state", ["opened", "threaded", "commands_only", "report"])
def test_a_mail_that_ended_is_what_a_later_one_may_be_a_double_of(database, state):
    keep(database, arrival())
    (id_,) = settle_all(database, state, fingerprint="f")
    assert duplicates(database, "f", "g") == {"f": id_}
    assert duplicates(database, "f", queue="billing") == {}
    assert duplicates(database) == {}


@pytest.mark.parametrize("state", ["pending", "parked", "suppressed"])
def test_a_mail_that_led_to_nothing_makes_no_double_of_a_later_one(database, state):
    keep(database, arrival())
    settle_all(database, state, fingerprint="f")
    assert duplicates(database, "f") == {}


def test_the_oldest_mail_that_waits_is_known_by_its_receipt(database):
    with database.read() as connection:
        assert inbox.oldest_pending(connection, TENANT) is None
    keep(database, arrival(b"one"))
    keep(database, arrival(b"two", received_at=NOW + LEASE))
    with database.read() as connection:
        assert inbox.oldest_pending(connection, TENANT) == NOW
    settle(database, ended(claim(database, most=1)[0]))
    with database.read() as connection:
        assert inbox.oldest_pending(connection, TENANT) == NOW + LEASE


def parked(database) -> list[dict]:
    with database.read() as connection:
        return [dict(row) for row in aside.set_aside(connection, TENANT, inbox.PARKED)]


def test_parked_mails_are_listed_with_their_error_and_without_their_bytes(database):
    kept = keep(database, arrival(b"first"), arrival(b"second"))
    assert parked(database) == []
    settle_all(database, "parked", error="Traceback: no")
    rows = parked(database)
    assert [row["id"] for row in rows] == sorted(kept)
    assert [(row["size"], row["error"]) for row in rows] == [
        (5, "Traceback: no"),
        (6, "Traceback: no"),
    ]
    assert "raw" not in rows[0]


def retry(database, wanted) -> int:
    with database.write() as connection:
        return aside.put_back(connection, TENANT, inbox.PARKED, wanted)


def test_a_parked_mail_goes_back_as_if_it_had_never_failed(database):
    keep(database, arrival(b"first"), arrival(b"second"))
    later = NOW + timedelta(hours=1)
    failed = {"attempts": 3, "error": "no", "next_try_at": later}
    first, second = settle_all(database, "parked", **failed)
    assert retry(database, [first]) == 1
    (again,) = claim(database)
    assert (again.id, again.attempts, again.lost, again.fence) == (first, 0, 0, 2)
    row = deliveries(database)[first]
    assert (row["error"], row["done_at"], row["next_try_at"]) == (None, None, None)
    assert [row["id"] for row in parked(database)] == [second]


def test_all_parked_mails_go_back_at_once_and_no_others(database):
    keep(database, arrival(b"done"))
    done = settle_all(database, "report")
    keep(database, arrival(b"first"), arrival(b"second"))
    settle_all(database, "parked", error="no")
    assert retry(database, done) == 0
    assert retry(database, []) == 0
    assert retry(database, None) == 2
    assert retry(database, None) == 0
    assert deliveries(database)[done[0]]["state"] == "report"


# --- its Message-ID -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"Message-ID: <a@b>", "<a@b>"),
        (b"Subject: x\r\nmessage-id:<a@b> (by hand)", "<a@b>"),
        (b"Subject: x\nMESSAGE-ID:\n <a@b>", "<a@b>"),
        (b"Message-ID: \r\n\t<a@b>", "<a@b>"),
        (b"X-Message-ID: <a@b>", None),
        (b"Message-ID: a@b", None),
        (b"Message-ID: <a\x00@b>", None),
        (b"Message-ID: <%s@b>" % (b"a" * 990), None),
        (b"Message-ID:\r\n\r\n <a@b>", None),
        (b"Subject: x\r\n\r\nMessage-ID: <a@b>", None),
        (b"Subject: x\n\nMessage-ID: <a@b>", None),
        (b"Subject: %s\r\nMessage-ID: <a@b>" % (b"x" * 65536), None),
    ],
)
def test_a_message_id_is_found_where_programs_write_it(header, found):
    assert identity.identify(header + b"\r\n\r\nwords", NOW).rfc_id == found


def test_who_is_awaited_are_the_earliest_pending_of_the_tenant(database):
    add_other_tenant(database)
    raw = b"Message-ID: <a@b>\r\n\r\n"
    keep(database, arrival(raw, received_at=NOW + LEASE), arrival(raw + b"copy"))
    keep(database, arrival(raw, tenant_id=OTHER), arrival(b"Message-ID: <c@d>\r\n\r\n"))
    with database.read() as connection:
        assert inbox.awaited(connection, TENANT, {"<a@b>", "<x@y>"}) == {"<a@b>": NOW}
        assert inbox.awaited(connection, TENANT, set()) == {}
    settle_all(database, "report")
    with database.read() as connection:
        assert inbox.awaited(connection, TENANT, {"<a@b>"}) == {}
