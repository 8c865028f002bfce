"""The time of the server, by which nodes with different clocks agree on their claims."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from sqlalchemy import text

from mailgate.store import servertime
from mailgate.store.db import Database
from mailgate.store.servertime import ServerTime

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Server:
    """Tells its time, `takes` seconds after it was asked; `seconds` pass for whoever asks."""

    def __init__(self) -> None:
        self.seconds, self.takes, self.asked = 0.0, 0.0, 0

    def exec_driver_sql(self, _statement: str) -> SimpleNamespace:
        self.asked += 1
        self.seconds += self.takes
        return SimpleNamespace(scalar_one=lambda: NOON + self.seconds * SECOND)


def test_a_server_is_asked_once_a_minute_and_the_time_goes_on_in_between():
    server = Server()
    known = ServerTime(lambda: server.seconds)
    assert known.now() is None
    for at in (0, 1, 59, 60, 61):
        server.seconds = float(at)
        known.ask(server)
        assert known.now() == NOON + at * SECOND
    assert server.asked == 2


def test_an_answer_that_took_long_is_not_gone_by_and_asked_for_again():
    server = Server()
    known = ServerTime(lambda: server.seconds)
    server.takes = servertime.SLOW
    known.ask(server)
    assert known.now() is None

    server.takes = 0.5
    known.ask(server)
    assert server.asked == 2
    assert known.now() == NOON + (server.seconds + 0.25) * SECOND


def test_claims_are_timed_by_the_server_where_several_machines_share_it(postgresql):
    wrong = datetime.now(UTC) + timedelta(days=1)
    shared = Database(str(postgresql.url.render_as_string(hide_password=False)), shared=True)
    assert shared.lease_time(wrong) == wrong, "it was not asked yet"
    with shared.write() as connection:
        told = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    assert abs(shared.lease_time(wrong) - told) < timedelta(minutes=1)
    assert postgresql.lease_time(wrong) == wrong
    shared.close()


def test_a_file_has_no_time_of_its_own(sqlite):
    shared = Database(str(sqlite.url), shared=True)
    with shared.write():
        pass
    assert shared.lease_time(NOON) == NOON
    shared.close()
