"""What is on the disk, and when: a crash loses nothing and doubles one mail at most."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from mailgate.delivery.ending import Rules
from mailgate.delivery.transport import Later, Never, Unknown
from mailgate.mail.render import Renderer
from tests.delivery.sending import (
    LEASE,
    SHIPPED,
    TAKEN,
    Begun,
    Killed,
    Scripted,
    only,
    outbox,
    worker_of,
)
from tests.desk.conftest import ADMIN

REFUSED_BY_ALL = Later("421 closing", connection=True)


@pytest.fixture
def one(world):
    """A ticket of whose notices only the one to the administrator waits."""
    ticket = world.open()
    only(world, ADMIN)
    return ticket


def die(worker) -> None:
    """Run until the process is killed."""
    with pytest.raises(Killed):
        worker.run_once()


def after_the_lease(world) -> None:
    world.now += LEASE + timedelta(seconds=1)


class TestTheBeginning:
    def test_is_on_the_disk_before_any_of_the_content_leaves(self, world, way, one):
        seen = []
        way.look = lambda: seen.extend(outbox(world, "began_at", "state", "rendered"))

        worker_of(world, way).drain()

        (mail,) = way.arrived
        assert seen == [(world.now, "ready", mail.raw)]

    def test_is_not_written_where_nothing_left(self, world, one):
        worker_of(world, Scripted(Later("450 no", connection=False))).drain()

        assert outbox(world, "began_at", "rendered") == [(None, None)]

    def test_costs_no_transaction_of_its_own_after_the_first(self, world, way):
        world.open()
        commits = []
        event.listen(world.database.engine, "commit", commits.append)

        worker_of(world, way).run_once()

        lateness, state, claim, reading, last_end = 1, 1, 1, 1, 1
        assert len(commits) == lateness + state + claim + reading + 4 + last_end

    def test_is_written_with_the_end_of_the_mail_before(self, world, way):
        world.open()
        seen = []
        way.look = lambda: seen.append(outbox(world, "state"))

        worker_of(world, way).drain()

        assert seen == [["sent"] * done + ["ready"] * (4 - done) for done in range(4)]


class TestACrash:
    def test_before_the_content_leaves_costs_nothing(self, world, one):
        die(worker_of(world, Scripted(Killed())))
        world.pass_time(seconds=LEASE.total_seconds() + 1)
        way = Scripted()

        assert worker_of(world, way, Rules(on_unknown="hold")).drain() == 1
        assert len(way.arrived) == 1
        assert outbox(world, "state") == ["sent"]

    def test_between_the_content_and_its_end_doubles_one_mail_with_one_message_id(self, world, one):
        way = Scripted(Begun(Killed()))
        die(worker_of(world, way))
        assert worker_of(world, way).drain() == 0, "another may still hear the answer"
        after_the_lease(world)
        worker_of(world, way).drain()

        first, second = way.arrived
        assert first == second
        assert outbox(world, "state") == ["sent"]

    def test_between_the_content_and_its_end_is_shown_to_a_person_where_that_is_wanted(
        self, world, one
    ):
        way = Scripted(Begun(Killed()))
        die(worker_of(world, way))
        after_the_lease(world)
        worker_of(world, way, Rules(on_unknown="hold")).drain()

        assert len(way.arrived) == 1
        assert outbox(world, "state", "reason") == [
            ("unknown", "it had begun to leave when the gateway stopped")
        ]

    @pytest.mark.parametrize("sent", range(4))
    def test_after_any_number_of_mails_doubles_only_the_last_of_them(self, world, sent):
        world.open()
        way = Scripted(*[TAKEN] * sent, Begun(Killed()))
        die(worker_of(world, way))
        after_the_lease(world)
        worker_of(world, way).drain()

        got = [mail.recipient for mail in way.arrived]
        assert len(set(got)) == 4
        assert [to for to in set(got) if got.count(to) > 1] == [got[sent]]
        assert len(got) == 5

    def test_once_the_next_mail_has_begun_forgets_no_end(self, world):
        world.open()
        way = Scripted(Never(550, "no"), Begun(Killed()))
        die(worker_of(world, way))

        assert outbox(world, "state")[0] == "never"

    def test_after_templates_were_changed_sends_what_was_sent(self, world, one, tmp_path):
        way = Scripted(Begun(Unknown("no answer")))
        worker_of(world, way).drain()
        (tmp_path / "en").mkdir()
        (tmp_path / "en" / "new_message.txt.j2").write_text("all new")
        world.pass_time(minutes=2)
        worker_of(world, way, renderer=Renderer([tmp_path, SHIPPED])).drain()

        first, second = way.arrived
        assert first.raw == second.raw

    def test_is_not_needed_for_the_first_rendering_to_be_kept(self, world, one):
        way = Scripted(Begun(REFUSED_BY_ALL))
        worker_of(world, way).drain()
        kept = outbox(world, "rendered")
        world.pass_time(minutes=2)
        worker_of(world, way).drain()

        assert [mail.raw for mail in way.arrived] == kept * 2
