"""Claims on notices: short, kept while their worker lives, and never two workers with one mail."""

import threading
from datetime import timedelta

import pytest

from mailgate.delivery.ending import Rules
from mailgate.delivery.lease import Claims
from mailgate.delivery.record import Record
from mailgate.delivery.smtp import Smarthost
from mailgate.delivery.transport import Later, Unknown
from mailgate.errors import Temporary
from mailgate.store import outbox as store
from tests.delivery.sending import LEASE, Begun, Scripted, only, outbox, worker_of
from tests.delivery.smarthost import settings_for
from tests.desk.conftest import ADMIN
from tests.peers.sink import HANG, Stage
from tests.peers.waiting import wait_until

SECOND = timedelta(seconds=1)


@pytest.fixture
def one(world):
    """A ticket of whose notices only the one to the administrator waits."""
    ticket = world.open()
    only(world, ADMIN)
    return ticket


def taken(world, owner="one") -> list[store.Due]:
    with world.database.write() as connection:
        return store.claim(connection, 1, owner, world.now, LEASE, 20)


def claims_of(world) -> Claims:
    return Claims(world.desk, lambda: world.now, LEASE)


class TestAClaim:
    def test_keeps_others_away_until_it_lapses(self, world, way):
        world.open()
        others = []
        other = worker_of(world, Scripted(), owner="two")
        way.look = lambda: others.append(other.run_once())

        worker_of(world, way).run_once()

        assert others == [0, 0, 0, 0]
        assert len(way.arrived) == 4

    def test_that_has_lapsed_is_somebody_elses_and_nothing_leaves_twice(self, world):
        world.open()
        second = Scripted()
        other = worker_of(world, second, owner="two")

        class Slow(Scripted):
            def send(self, mail, began, still):
                if not self.tried:
                    world.now += LEASE + SECOND
                    assert other.drain() == 4
                return super().send(mail, began, still)

        first = Slow()
        assert worker_of(world, first).drain() == 4
        assert len(first.tried) == 4
        assert first.arrived == []
        assert len(second.arrived) == 4
        assert outbox(world, "state") == ["sent"] * 4

    def test_of_a_node_that_dies_is_free_again_within_a_minute(self, world, way, one):
        until = []
        way.look = lambda: until.append(outbox(world, "lease_until")[0] - world.now)

        worker_of(world, way).drain()

        assert until == [timedelta(seconds=60)]

    def test_is_as_short_as_it_is_asked_for(self, world, way, one):
        until = []
        way.look = lambda: until.append(outbox(world, "lease_until")[0] - world.now)

        worker_of(world, way, Rules(lease=2 * SECOND)).drain()

        assert until == [2 * SECOND]


class TestAMailThatTakesLong:
    def test_is_kept_from_others_for_as_long_as_its_worker_lives(self, world, way, one):
        worker, other = worker_of(world, way), worker_of(world, Scripted(), owner="two")
        seen = []

        def look():
            for _ in range(40):  # as long as the last answer may take (RFC 5321 4.5.3.2.6)
                world.now += LEASE / 3
                worker._claims.renew(claimed)
                seen.append(other.run_once())

        claimed = []
        kept = worker._claims.kept
        worker._claims.kept = lambda dues, at: (claimed.extend(dues), kept(dues, at))[1]
        way.look = look
        worker.drain()

        assert seen == [0] * 40
        assert outbox(world, "state") == ["sent"]

    def test_keeps_the_rest_of_its_batch(self, world, one):
        dues = taken(world)
        claims = claims_of(world)
        with claims.kept(dues, world.now):
            world.now += LEASE - SECOND
            claims.renew(dues)

        assert outbox(world, "lease_until") == [world.now + LEASE]

    def test_leaves_what_was_put_off_meanwhile_free(self, world):
        """A batch may go on for long after one of its mails was put off, or given back."""
        world.open()
        dues = taken(world)
        claims = claims_of(world)
        with claims.kept(dues, world.now):
            with world.database.write() as connection:
                store.note(connection, [(dues[0], {"lease_owner": None, "lease_until": None})])
            claims.renew(dues)

        until = world.now + LEASE
        assert sorted(outbox(world, "id", "lease_until")) == [
            (due.id, None if due == dues[0] else until) for due in dues
        ]

    def test_is_renewed_by_a_thread_of_its_own(self, world, one):
        claims = Claims(world.desk, lambda: world.now, timedelta(milliseconds=30))
        dues = taken(world)
        with claims.kept(dues, world.now):
            world.now += LEASE / 2
            wait_until(
                lambda: outbox(world, "lease_until")[0] > world.now, "the claim to be renewed"
            )
        assert "delivery-lease" not in {thread.name for thread in threading.enumerate()}

    def test_is_ended_by_nobody_when_it_froze_for_too_long(self, world, way, one):
        """A stopped process finds on waking that another one may send by now."""

        def freeze():
            world.now += LEASE

        way.look = freeze
        worker_of(world, way).drain()

        assert way.arrived == []
        assert outbox(world, "state", "began_at") == [("ready", None)]
        world.pass_time(minutes=2)
        way.look = lambda: None
        worker_of(world, way).drain()
        assert len(way.arrived) == 1


class TestAClaimThatIsLost:
    def lost(self, world, claims, dues):
        world.now += LEASE + SECOND
        assert len(taken(world, "two")) == len(dues)
        claims.renew(dues)

    def test_to_another_worker_ends_what_is_under_way(self, world, one):
        dues, claims, cuts = taken(world), claims_of(world), []
        with claims.kept(dues, world.now), claims.in_hand(dues[0], lambda: cuts.append(1)):
            self.lost(world, claims, dues)

            assert cuts == [1]
            assert not claims.holds(dues[0])

    def test_while_nothing_is_in_hand_cuts_nothing(self, world, one):
        dues, claims = taken(world), claims_of(world)
        with claims.kept(dues, world.now):
            self.lost(world, claims, dues)

        assert outbox(world, "lease_owner") == ["two"]

    def test_of_a_mail_that_ended_meanwhile_does_not_cut_the_next_one(
        self, world, one, monkeypatch
    ):
        (due,), claims, cuts = taken(world), claims_of(world), []

        def ended(*_args) -> set[int]:
            claims._in_hand = due, lambda: cuts.append("the next one")
            return set()

        with claims.kept([due], world.now), claims.in_hand(due, lambda: cuts.append("this one")):
            monkeypatch.setattr(store, "renew", ended)
            claims.renew([due])

        assert cuts == []

    def test_since_the_database_is_away_ends_what_is_under_way_before_it_lapses(
        self, world, one, monkeypatch
    ):
        dues, claims, cuts = taken(world), claims_of(world), []

        def away():
            raise Temporary("the database cannot be used at the moment")

        with claims.kept(dues, world.now), claims.in_hand(dues[0], lambda: cuts.append(1)):
            monkeypatch.setattr(world.database, "write", away)
            world.now += LEASE / 3
            claims.renew(dues)
            assert cuts == []
            world.now += LEASE / 3
            claims.renew(dues)
            assert cuts == [1]
            claims.renew(dues)  # it is not through yet
            assert cuts == [1, 1]

    def test_is_not_held_against_the_way_out(self, world):
        world.open()
        way = Scripted(Later("cut before the end of the mail", connection=True))
        worker = worker_of(world, way)
        way.look = lambda: None
        send = way.send

        def lose_it(mail, began, still):
            if len(way.tried) == 0:
                worker._claims._until.clear()
            return send(mail, began, still)

        way.send = lose_it
        assert worker.run_once() == 4

    def test_in_the_midst_of_a_real_session_breaks_the_connection(self, world, sink, one):
        """The smarthost never answers; the claim is lost meanwhile, and the worker goes on."""
        sink.fail(Stage.DOT, HANG)
        worker = worker_of(world, Smarthost(settings_for(sink)))
        claims = worker._claims
        thread = threading.Thread(target=worker.drain)
        thread.start()
        sink.wait()
        hand = claims._in_hand
        assert hand is not None
        self.lost(world, claims, [hand[0]])
        thread.join(timeout=20)

        assert not thread.is_alive()
        assert outbox(world, "lease_owner", "state") == [("two", "ready")]

    def test_leaves_no_end_that_another_worker_did_not_see(self, world, one):
        way = Scripted(Begun(Unknown("no answer")))

        def lapse():
            with world.database.write() as connection:
                store.note(connection, [(dues[0], {"lease_until": world.now - SECOND})])
            assert taken(world, "two")

        dues = []
        worker = worker_of(world, way)
        kept = worker._claims.kept
        worker._claims.kept = lambda found, at: (dues.extend(found), kept(found, at))[1]
        way.look = lapse
        worker.drain()

        assert outbox(world, "lease_owner", "reason") == [("two", None)]


def test_an_end_that_is_left_to_another_worker_is_no_beginning_that_failed(world, one):
    (due,) = taken(world)
    world.now += LEASE + SECOND
    assert taken(world, "two")
    record = Record(world.desk, lambda: world.now)
    record.give_back([due])

    assert record.write()
    assert outbox(world, "lease_owner") == ["two"]


def test_cutting_what_is_not_connected_does_nothing(sink):
    session = Smarthost(settings_for(sink)).open()
    session.close()

    session.cut()

    assert sink.sessions == 1
