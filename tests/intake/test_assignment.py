"""New tickets are given to agents, and what nobody could take is given later."""

from dataclasses import replace
from operator import itemgetter

from mailgate.desk import assignment
from mailgate.desk.assignment import Result, assign_waiting
from mailgate.domain.events import AgentReplied
from mailgate.domain.model import Actor, ActorKind, Status
from mailgate.domain.people import Staff
from mailgate.domain.rules import Rule, ranked
from mailgate.errors import Conflict
from mailgate.mail.alert import MachineSender
from mailgate.mail.trust import Trust
from tests.attacks.test_identity import PASSED_ON
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER, settings
from tests.intake.desk import Believing, Gateway


def desk_of(database, alice=20, bob=20) -> Gateway:
    staff = Staff((replace(ALICE, limit=alice), replace(BOB, limit=bob)), {}, (ADMIN,))
    return Gateway(database, replace(settings(), staff=staff, assigns=True))


def answer(desk):
    """Let whoever holds the newest ticket answer it."""
    with desk.desk.writing(desk.now) as ledger:
        newest = max(desk.rows("ticket"), key=itemgetter("id"))
        who = Actor(ActorKind.AGENT, newest["assignee"])
        ledger.apply(newest["id"], AgentReplied(at=desk.now, actor=who))


def holders(desk) -> list[str | None]:
    return [row["assignee"] for row in desk.rows("ticket")]


def test_new_tickets_go_to_who_has_the_fewest_and_it_is_told_why(database):
    desk = desk_of(database)
    for n in range(3):
        desk.mail("words", Subject=f"Matter {n}")
    assert holders(desk) == ["alice", "bob", "alice"]
    assert {row["status"] for row in desk.rows("ticket")} == {Status.IN_PROGRESS}
    told = [row for row in desk.rows("outbox") if row["role"] != "customer"]
    assert {row["notice"] for row in told} == {"new_message"}  # one mail to one agent, who holds it
    assert [row["recipient"] for row in told] == [ALICE.address, BOB.address, ALICE.address]
    assert {row["context"]["ticket"]["assignee"] for row in told} == {"Alice", "Bob"}
    says = desk.rows("mail_delivery")[-1]["verdict"]["says"]
    assert says == "a new matter; alice holds 1 of at most 20, the fewest of 2 who can"


def test_those_of_one_batch_are_counted_too(database):
    desk = desk_of(database)
    for n in range(4):
        desk.keep("words", Subject=f"Matter {n}")
    desk.worker.drain()
    assert holders(desk) == ["alice", "bob", "alice", "bob"]


def test_they_take_turns_also_where_each_ticket_is_answered_before_the_next(database):
    desk = desk_of(database)
    for n in range(4):
        desk.mail("words", Subject=f"Matter {n}")
        answer(desk)
    assert {row["status"] for row in desk.rows("ticket")} == {Status.WAITING}
    assert holders(desk) == ["alice", "bob", "alice", "bob"]


def test_what_an_agent_forwards_is_given_away_too(database, monkeypatch):
    desk = desk_of(database)
    reader = replace(desk.worker._reader, authenticator=Believing(Trust.STRONG))
    monkeypatch.setattr(desk.worker, "_reader", reader)
    desk.mail(PASSED_ON, sender=BOB.address, Subject="Fwd: Printer")
    assert holders(desk) == ["alice"]
    says = desk.rows("mail_delivery")[-1]["verdict"]["says"]
    assert says == "bob forwarded it; alice holds 0 of at most 20, the fewest of 2 who can"


def test_what_nobody_could_take_is_given_later(database):
    desk = desk_of(database, alice=1, bob=0)
    for n in range(2):
        desk.mail("words", Subject=f"Matter {n}")
    assert holders(desk) == ["alice", None]
    says = desk.rows("mail_delivery")[-1]["verdict"]["says"]
    assert "all are at their limit: alice holds 1 of at most 1, bob holds 0 of at most 0" in says
    assert assign_waiting(desk.desk, desk.now) == Result(assigned=0, waiting=1, agents=2)
    more = desk_of(database)
    assert assign_waiting(more.desk, more.now) == Result(assigned=1, waiting=0, agents=2)
    assert holders(desk) == ["alice", "bob"]
    (told,) = [row for row in desk.rows("outbox") if row["notice"] == "assigned"]
    assert told["recipient"] == BOB.address
    assert told["context"]["note"] == "bob holds 0 of at most 20, the fewest of 2 who can"
    assert assign_waiting(more.desk, more.now) == Result(assigned=0, waiting=0, agents=2)


def test_what_a_machine_wrote_takes_nobodys_place_before_a_person_writes(database):
    desk = desk_of(database)
    row = desk.mail("I am away.", Subject="Out of office", Auto_Submitted="auto-replied")
    assert holders(desk) == [None]
    assert row["verdict"]["says"] == (
        "a new matter; a machine wrote it: it is given to nobody before a person writes"
    )
    assert ADMIN in {told["recipient"] for told in desk.outbox("new_message")}
    assert assign_waiting(desk.desk, desk.now) == Result(assigned=0, waiting=1, agents=2)
    desk.mail("But now I am here.", In_Reply_To="<m1@customer.example>")
    assert assign_waiting(desk.desk, desk.now) == Result(assigned=1, waiting=0, agents=2)
    assert holders(desk) == ["alice"]


def test_what_a_machine_wrote_that_the_desk_knows_is_work(database, monkeypatch):
    desk = desk_of(database)
    machines = {CUSTOMER: MachineSender(("Host",))}
    reader = replace(desk.worker._reader, machine_senders=machines)
    monkeypatch.setattr(desk.worker, "_reader", reader)
    desk.mail("Host: web1", Auto_Submitted="auto-generated")
    assert holders(desk) == ["alice"]
    desk.desk.settings = replace(desk.desk.settings, assigns=False)
    desk.mail("Host: web2", Auto_Submitted="auto-generated", Subject="Another")
    desk.desk.settings = replace(desk.desk.settings, assigns=True)
    assert assign_waiting(desk.desk, desk.now) == Result(assigned=1, waiting=0, agents=2)
    assert holders(desk) == ["alice", "bob"]


def test_what_nobody_can_take_keeps_nothing_from_others(database, monkeypatch):
    monkeypatch.setattr("mailgate.desk.assignment._AT_ONCE", 1)
    teams = {"billing": ("bob",), "sales": ("alice",)}
    staff = Staff((replace(ALICE, limit=0), replace(BOB, limit=2)), teams, (ADMIN,))
    about = ranked([Rule(team, words=(team,), team=team) for team in teams])
    desk = Gateway(database, replace(settings(), staff=staff, routes=about))
    for text in ("nobody's", "sales", "billing", "sales", "billing", "billing"):
        desk.mail(text, Subject=f"{text} {len(desk.rows('ticket'))}")
    desk.desk.settings = replace(desk.desk.settings, assigns=True)
    assert assign_waiting(desk.desk, desk.now) == Result(assigned=2, waiting=4, agents=2)
    assert holders(desk) == [None, None, "bob", None, "bob", None]


def test_who_is_second_once_tries_again_and_always_leaves_it_for_the_next_time(
    database, monkeypatch
):
    desk = desk_of(database, alice=0, bob=0)
    desk.mail("words")
    more = desk_of(database)
    really, tries = assignment._assign_some, []

    def second(*args):
        tries.append(args)
        if len(tries) < 6:
            raise Conflict("somebody else was first")
        return really(*args)

    monkeypatch.setattr(assignment, "_assign_some", second)
    assert assign_waiting(more.desk, more.now) == Result(assigned=0, waiting=1, agents=2)
    assert assign_waiting(more.desk, more.now) == Result(assigned=1, waiting=0, agents=2)


def test_nothing_is_given_away_unless_it_is_asked_for(database):
    desk = Gateway(database, settings())
    desk.mail("words")
    assert holders(desk) == [None]
