"""Nobody is free: tickets stay where they are, and administrators are told once for each cause."""

from dataclasses import replace
from datetime import timedelta

from mailgate.desk import shortage
from mailgate.desk.assignment import Patience, assign_waiting, reassign_inactive
from mailgate.desk.door import Desk
from mailgate.desk.staffing import note_away
from mailgate.domain.events import AssignTeam
from mailgate.domain.model import GATEWAY
from mailgate.domain.people import Staff
from mailgate.errors import Conflict
from mailgate.store import shortages
from tests.delivery.sending import Scripted, only, read, worker_of
from tests.desk.conftest import ADMIN, ALICE, BOB, settings
from tests.intake.desk import Gateway
from tests.intake.test_absent_agents import sign

HOUR = timedelta(hours=1)
SIX = Patience(6 * HOUR)
TEAMS = {"billing": ("alice",), "printers": ("bob",)}


def desk_of(database, teams=None, alice=1, bob=0, admins=(ADMIN,)) -> Gateway:
    staff = Staff((replace(ALICE, limit=alice), replace(BOB, limit=bob)), teams or {}, admins)
    return Gateway(database, replace(settings(), staff=staff, assigns=True))


def run(desk):
    desk.now += timedelta(minutes=15)
    return assign_waiting(desk.desk, desk.now)


def told(desk) -> list[tuple[str, list[str], str | None]]:
    """Return (recipient, numbers of the tickets, why) of each mail."""
    return [
        (
            row["recipient"],
            [each["number"][-1] for each in row["context"]["tickets"]],
            row["context"]["note"],
        )
        for row in desk.outbox("nobody_free")
    ]


def limited(desk, **limits):
    """Say how many tickets agents take from now on."""
    staff = desk.desk.settings.staff
    agents = tuple(replace(a, limit=limits.get(a.name, a.limit)) for a in staff.agents)
    desk.desk.settings = replace(desk.desk.settings, staff=replace(staff, agents=agents))


def test_administrators_are_told_once_of_all_that_wait(database):
    desk = desk_of(database)
    for n in range(3):
        desk.mail("words", Subject=f"Matter {n}")
    assert told(desk) == [], "whoever is free in a quarter of an hour takes them"
    run(desk)
    why = "all are at their limit: alice holds 1 of at most 1, bob holds 0 of at most 0"
    assert told(desk) == [(ADMIN, ["2", "3"], why)]
    desk.mail("words", Subject="One more")
    for _ in range(9):
        run(desk)
    assert len(told(desk)) == 1


def test_that_one_of_many_is_taken_ends_nothing_and_that_none_waits_does(database):
    desk = desk_of(database)
    for n in range(3):
        desk.mail("words", Subject=f"Matter {n}")
    run(desk)
    limited(desk, alice=2)
    assert run(desk).assigned == 1
    assert len(told(desk)) == 1
    limited(desk, alice=3)
    assert run(desk).waiting == 0
    desk.mail("words", Subject="Later")
    run(desk)
    assert [numbers for _, numbers, _ in told(desk)] == [["2", "3"], ["4"]]


def test_each_team_is_a_cause_of_its_own_and_no_team_is_none(database):
    desk = desk_of(database, TEAMS, alice=0, bob=0)
    for n, team in enumerate(("billing", "printers", "billing", None)):
        opened = desk.mail("words", Subject=f"Matter {n}")["ticket_id"]
        give(desk, opened, team)
    run(desk)
    assert [numbers for _, numbers, _ in told(desk)] == [["1", "3"], ["2"]]
    teams = [row["context"]["ticket"]["team"] for row in desk.outbox("nobody_free")]
    assert teams == ["billing", "printers"]


def give(desk, ticket_id, team):
    with desk.desk.writing(desk.now) as ledger:
        ledger.apply(ticket_id, AssignTeam(at=desk.now, actor=GATEWAY, team=team))


def test_what_an_absent_agent_holds_and_nobody_can_take_is_told_of_once(database):
    desk = desk_of(database, alice=20, bob=20)
    desk.mail("words")
    sign(desk)
    note_away(desk.desk, "bob", desk.now + timedelta(days=30), desk.now)
    desk.now += 7 * HOUR
    for _ in range(3):
        assert reassign_inactive(desk.desk, desk.now, SIX).staying == 1
    assert told(desk) == [(ADMIN, ["1"], "alice has given no sign for 6 h")]
    (row,) = desk.outbox("nobody_free")
    assert row["context"]["ticket"]["assignee"] == "Alice"

    note_away(desk.desk, "bob", None, desk.now)
    assert reassign_inactive(desk.desk, desk.now, SIX).moved == 1
    with database.read() as connection:
        assert shortages.known(connection, 1) == set()


def test_the_two_jobs_leave_each_others_causes_alone(database):
    desk = desk_of(database, alice=1, bob=0)
    desk.mail("words")
    sign(desk)
    desk.mail("words", Subject="Another")
    desk.now += 7 * HOUR
    run(desk)
    reassign_inactive(desk.desk, desk.now, SIX)
    run(desk)
    with database.read() as connection:
        assert shortages.known(connection, 1) == {"team ", "agent alice"}
    assert len(told(desk)) == 2


def test_a_mail_names_only_so_many(database, monkeypatch):
    monkeypatch.setattr(shortage, "MOST", 2)
    desk = desk_of(database, alice=0)
    for n in range(4):
        desk.mail("words", Subject=f"Matter {n}")
    run(desk)
    (row,) = desk.outbox("nobody_free")
    assert (len(row["context"]["tickets"]), row["context"]["more"]) == (2, True)


def test_the_mail_says_what_can_be_done(database):
    desk = desk_of(database, alice=0)
    desk.mail("words", Subject="Printer <b>")
    run(desk)
    way = Scripted()
    only(desk, ADMIN)
    worker_of(desk, way).drain()
    mails = [read(each.raw) for each in way.arrived]
    (mail,) = [each for each in mails if "Nobody is free" in str(each["Subject"])]
    assert mail["Subject"] == "⚠️ Nobody is free at Support"
    text = mail.get_body(("plain",)).get_content()
    assert "TKT-2026-00001  Printer <b>" in text
    assert "/assign" in text
    assert "Printer &lt;b&gt;" in mail.get_body(("html",)).get_content()
    (event,) = [e for e in desk.rows("event") if e["name"] == "assignment.stuck"]
    assert event["data"] == {"cause": "team ", "count": 1}


def test_without_administrators_it_is_in_the_history_alone(database):
    desk = desk_of(database, alice=0, admins=())
    desk.mail("words")
    run(desk)
    assert told(desk) == []
    assert "assignment.stuck" in {row["name"] for row in desk.rows("event")}


def test_of_two_nodes_one_tells(database, monkeypatch):
    desk = desk_of(database, alice=0)
    desk.mail("words")
    run(desk)
    monkeypatch.setattr(shortages, "known", lambda *_: set())
    run(desk)
    assert len(told(desk)) == 1


def test_who_is_not_first_tells_the_next_time(database, monkeypatch):
    desk = desk_of(database, alice=0)
    desk.mail("words")
    found = [shortage.Shortage("", "", "why", (1,))]

    def contended(*_):
        raise Conflict("somebody")

    with monkeypatch.context() as patched:
        patched.setattr(Desk, "writing", contended)
        assert shortage.tell(desk.desk, "team", found, desk.now) == 0
    run(desk)
    assert len(told(desk)) == 1
