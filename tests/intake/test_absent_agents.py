"""Agents who are away, or give no sign: what comes in goes to others, and what they hold does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk import assignment
from mailgate.desk.assignment import Moved, Patience, reassign_inactive
from mailgate.desk.staffing import note_away, seats
from mailgate.domain.hours import Calendar
from mailgate.domain.people import Staff
from mailgate.errors import Conflict, Refused
from mailgate.mail.trust import Trust
from tests.desk.conftest import ADMIN, ALICE, BOB, settings
from tests.intake.desk import Believing, Gateway

HOUR = timedelta(hours=1)
SIX = Patience(6 * HOUR)


@pytest.fixture
def desk(database):
    staff = Staff((ALICE, BOB), {}, (ADMIN,))
    return Gateway(database, replace(settings(), staff=staff, assigns=True))


def holders(desk) -> list[str | None]:
    return [row["assignee"] for row in desk.rows("ticket")]


def sign(desk, who=ALICE) -> None:
    """Let an agent write a note, which leaves the turn with the desk."""
    to = desk.reply_address(who.address, "note_address")
    desk.mail("I look into it.", sender=who.address, to=to, Subject=f"Note {desk.count}")


def away(desk, text="I am away until 13 March 2026.", **headers):
    return desk.mail(text, sender=ALICE.address, Auto_Submitted="auto-replied", **headers)


def notice_of(desk) -> str:
    """Return the Message-ID of the last notice to Alice."""
    return [row for row in desk.rows("outbox") if row["recipient"] == ALICE.address][-1]["rfc_id"]


def test_an_agents_out_of_office_reply_keeps_new_tickets_from_them_until_its_date(desk):
    desk.mail("words")
    said = away(desk, In_Reply_To=notice_of(desk))["verdict"]["says"]
    assert said == "a machine wrote; alice is away until 2026-03-14"
    for n in range(2):
        desk.mail("words", Subject=f"Matter {n}")
    assert holders(desk) == ["alice", "bob", "bob"]
    desk.now += timedelta(days=14)
    desk.mail("words", Subject="Later")
    assert holders(desk)[-1] == "alice"


def test_what_a_reply_quotes_does_not_say_when_its_author_is_back(desk):
    desk.mail("No hurry: the offer stands until 25 May 2026.")
    quoted = (
        "I am on holiday.\r\n\r\nOn Mon, 2 Mar 2026, Desk wrote:\r\n> It stands until 25 May 2026."
    )
    away(desk, quoted, In_Reply_To=notice_of(desk))
    assert seats(desk.desk, desk.now)[0].away_until is None


def test_what_the_subject_says_is_not_what_the_agent_says(desk):
    desk.mail("words", Subject="Offer until 25 May 2026")
    said = "I am away until 13 March. Your mail 'Offer until 25 May 2026' will be read."
    away(desk, said, In_Reply_To=notice_of(desk))
    assert seats(desk.desk, desk.now)[0].away_until is None


def test_a_proved_reply_that_somebody_else_got_does_nothing_when_it_is_sent_on(desk, monkeypatch):
    reader = replace(desk.worker._reader, authenticator=Believing(Trust.STRONG))
    monkeypatch.setattr(desk.worker, "_reader", reader)
    away(desk)
    assert seats(desk.desk, desk.now)[0].away_until is None


def test_what_waits_is_given_away_the_oldest_first(desk):
    desk.desk.settings = replace(desk.desk.settings, assigns=False)
    for n in range(12):
        desk.mail("words", Subject=f"Matter {n}", sender=f"c{n}@customer.example")
    few = Staff((replace(ALICE, limit=3),), {}, (ADMIN,))
    desk.desk.settings = replace(desk.desk.settings, assigns=True, staff=few)
    assignment.assign_waiting(desk.desk, desk.now)
    assert holders(desk) == ["alice"] * 3 + [None] * 9


def test_an_older_reply_does_not_undo_what_was_said_later(desk):
    desk.mail("words")
    note_away(desk.desk, "alice", None, desk.now + HOUR)
    away(desk, In_Reply_To=notice_of(desk))
    assert seats(desk.desk, desk.now)[0].away_until is None


def test_one_that_is_not_shown_to_be_theirs_does_nothing(desk):
    away(desk)
    desk.mail("words", Subject="Matter")
    assert holders(desk)[-1] == "alice"


def test_what_an_agent_holds_who_gives_no_sign_goes_to_another_and_both_are_told(desk):
    desk.mail("words")
    sign(desk)
    assert reassign_inactive(desk.desk, desk.now + 5 * HOUR, SIX) == Moved(0, 0, 0)
    assert reassign_inactive(desk.desk, desk.now + 7 * HOUR, SIX) == Moved(1, 0, 1)
    assert holders(desk) == ["bob"]
    told = {row["recipient"]: row["context"] for row in desk.rows("outbox")[-2:]}
    assert told.keys() == {ALICE.address, BOB.address}
    why = "alice has given no sign for 6 h; bob holds 0 of at most 20, the fewest of 1 who can"
    assert told[BOB.address]["note"] == why
    assert reassign_inactive(desk.desk, desk.now + 8 * HOUR, SIX) == Moved(0, 0, 0)


def test_a_new_turn_of_the_desk_gives_them_the_whole_time(desk):
    desk.mail("words")
    sign(desk)
    desk.now += 7 * HOUR
    desk.mail("words", Subject="Another")
    desk.mail("words", Subject="A third")
    assert holders(desk) == ["alice", "bob", "alice"]
    assert reassign_inactive(desk.desk, desk.now + HOUR, SIX) == Moved(1, 0, 1)
    assert holders(desk) == ["bob", "bob", "alice"]


def test_who_got_a_ticket_lately_has_the_whole_time_too(desk):
    desk.mail("words")
    sign(desk)
    desk.agent("/assign bob")
    sign(desk, BOB)
    given = desk.now
    desk.now += 7 * HOUR
    desk.mail("/assign alice", sender=BOB.address, to=desk.reply_address(BOB.address))
    assert holders(desk) == ["alice"]
    assert reassign_inactive(desk.desk, given + 8 * HOUR, SIX) == Moved(0, 0, 0)


def test_working_time_of_a_calendar_counts_where_one_is_named(desk):
    office = Calendar("UTC", (((9 * 60, 17 * 60),),) * 5 + ((), ()))
    patience = Patience(6 * HOUR, office)
    desk.now = desk.now.replace(hour=14)
    desk.mail("words")
    sign(desk)
    evening = desk.now.replace(hour=23)
    assert reassign_inactive(desk.desk, evening, patience).moved == 0
    assert reassign_inactive(desk.desk, desk.now.replace(day=3, hour=13), patience).moved == 1
    assert holders(desk) == ["bob"]


def test_what_an_administrator_does_as_an_agent_is_a_sign(database):
    carol = replace(ALICE, name="carol", address="carol@agents.example", admin=True)
    staff = Staff((carol, BOB), {}, (ADMIN,))
    desk = Gateway(database, replace(settings(), staff=staff, assigns=True))
    desk.mail("words")
    sign(desk, BOB if holders(desk) == ["bob"] else carol)
    seen = {seat.agent.name: seat.seen_at for seat in seats(desk.desk, desk.now)}
    assert seen[holders(desk)[0]] == desk.now


def test_where_others_are_quicker_the_rest_waits_for_the_next_time(desk, monkeypatch):
    desk.mail("words")
    sign(desk)

    really, tries = assignment._pass_on, []

    def second(*args):
        tries.append(args)
        if len(tries) <= 6:
            raise Conflict("somebody else was first")
        return really(*args)

    monkeypatch.setattr(assignment, "_pass_on", second)
    assert reassign_inactive(desk.desk, desk.now + 7 * HOUR, SIX) == Moved(0, 0, 0)
    assert holders(desk) == ["alice"]
    assert reassign_inactive(desk.desk, desk.now + 7 * HOUR, SIX) == Moved(1, 0, 1)
    assert (len(tries), holders(desk)) == (7, ["bob"])


def test_what_somebody_holds_who_is_no_agent_any_more_goes_to_others(desk):
    desk.mail("words")
    sign(desk)
    desk.desk.settings = replace(desk.desk.settings, staff=Staff((BOB,), {}, (ADMIN,)))
    assert reassign_inactive(desk.desk, desk.now + 7 * HOUR, SIX) == Moved(1, 0, 1)
    (told,) = [row for row in desk.rows("outbox") if row["notice"] == "assigned"]
    assert told["recipient"] == BOB.address
    assert told["context"]["note"].startswith("alice is no agent any more; bob holds 0")


def test_where_nobody_is_there_it_stays(desk, monkeypatch):
    monkeypatch.setattr("mailgate.desk.assignment._AT_ONCE", 1)
    for n in range(4):
        desk.mail("words", Subject=f"Matter {n}")
    for who in (ALICE, BOB):
        sign(desk, who)
    assert reassign_inactive(desk.desk, desk.now + 7 * HOUR, SIX) == Moved(0, 4, 2)
    assert holders(desk) == ["alice", "bob", "alice", "bob"]


def test_who_has_never_given_a_sign_is_left_in_peace(desk):
    desk.mail("words")
    assert reassign_inactive(desk.desk, desk.now + 100 * HOUR, SIX) == Moved(0, 0, 0)


def test_the_agents_are_listed_with_what_they_hold_and_whether_they_are_there(desk):
    desk.mail("words")
    sign(desk)
    until = desk.now + HOUR
    note_away(desk.desk, "bob", until, desk.now)
    alice, bob = seats(desk.desk, desk.now)
    assert (alice.agent, alice.teams, alice.holds, alice.away_until) == (ALICE, (), 1, None)
    assert alice.seen_at == desk.now
    assert (bob.agent, bob.holds, bob.seen_at, bob.away_until) == (BOB, 0, None, until)
    assert seats(desk.desk, until)[1].away_until is None
    note_away(desk.desk, "bob", None, desk.now)
    assert seats(desk.desk, desk.now)[1].away_until is None
    with pytest.raises(Refused, match="there is no agent 'eve'; there are alice, bob"):
        note_away(desk.desk, "eve", None, desk.now)
