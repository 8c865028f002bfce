"""What other rules for mails would have made of those that were recorded."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from mailgate.desk.clock import Clock
from mailgate.desk.simulation import Summary, simulate
from mailgate.domain.events import NoteAdded
from mailgate.domain.model import Actor, ActorKind, Disposition, Priority
from mailgate.domain.people import Staff
from mailgate.domain.rules import Rule, ranked
from mailgate.errors import Refused
from mailgate.intake import sorting, trial
from mailgate.intake.authentication import Authenticator
from mailgate.intake.ending import Ending
from mailgate.intake.reliving import Otherwise, Stood, relive
from mailgate.intake.trial import Way
from mailgate.mail.border import Border
from mailgate.mail.trust import Trust
from mailgate.store import schema
from tests.delivery.sending import Scripted, worker_of
from tests.desk.conftest import ADMIN, ALICE, BOB, START, settings
from tests.intake.desk import EVE, Believing, Gateway
from tests.store.databases import SQLITE, migrated

TEAMS = Staff((ALICE, BOB), {"support": ("alice",), "billing": ("bob",)}, (ADMIN,))
HOUR = timedelta(hours=1)


ALL = Rule("all", 9, team="support")


def rules(**gives):
    return ranked((Rule("invoices", 1, words=("invoice",), **{"team": "support"} | gives), ALL))


def begun(database):
    known = ("billing", "general_inquiry")
    return Gateway(database, replace(settings(), staff=TEAMS, categories=known, routes=(ALL,)))


@pytest.fixture
def desk(request):
    """A desk with two teams and no rules."""
    with migrated(request, SQLITE) as database:
        yield begun(database)


def way(gateway, reader=None, **changes):
    reader = reader or gateway.worker._reader
    return Way(replace(gateway.desk.settings, **changes), reader)


def relived(gateway, new, since=START):
    """Return what becomes of the mails otherwise, and of the tickets."""
    summary, base = Summary(None), gateway.desk.settings
    with gateway.database.read() as connection:
        found = relive(connection, (way(gateway), new), gateway.signer, since)
        given = (connection, base, base.policy, since, gateway.now)
        for each in simulate(*given, altered=found.altered):
            summary.add(each)
    return found, summary


def differences(found):
    return [
        (mail.subject, each.what, each.present, each.new)
        for mail in found.mails
        for each in mail.differs
    ]


def pass_hours(gateway, count):
    for _ in range(count):
        gateway.now += HOUR
        Clock(gateway.desk).tick(gateway.now)


def conversation(gateway):
    """A ticket with an answer, and one about an invoice which nobody looks at for four days."""
    first = gateway.mail("It does not print.")
    gateway.mail("And hurry", In_Reply_To="<m1@customer.example>")
    gateway.agent("Have you tried paper?")
    gateway.mail("My invoice is wrong.", sender=EVE, Subject="Wrong")
    pass_hours(gateway, 96)
    return first["ticket_id"]


def test_the_same_rules_change_nothing(database):
    desk = begun(database)
    conversation(desk)
    tables = ("event", "outbox", "ticket", "mail_delivery", "number_sequence")
    before = {name: desk.rows(name) for name in tables}
    found, summary = relived(desk, way(desk))
    assert (found.read, found.stood, differences(found)) == (4, {}, [])
    assert (summary.differing, summary.agreeing, summary.matters) == (0, 2, 2)
    assert {name: desk.rows(name) for name in tables} == before


def test_what_the_clock_did_later_takes_nothing_back_from_the_answer_before_it(database):
    desk = begun(database)
    desk.mail("It does not print.")
    pass_hours(desk, 40)
    desk.agent("Have you tried paper?")
    worker_of(desk, Scripted()).drain()
    pass_hours(desk, 200)
    timers = {row["data"]["timer"] for row in desk.rows("event") if row["actor_kind"] == "clock"}
    assert {"system_response", "client_response"} <= timers
    found, _ = relived(desk, way(desk))
    assert (found.read, found.stood, differences(found)) == (2, {}, [])


def test_what_an_agent_throws_away_is_read_again(database):
    desk = begun(database)
    ticket = desk.mail("Cheap watches")["ticket_id"]
    desk.agent("/spam")
    assert desk.ticket(ticket).disposition is Disposition.SPAM
    found, _ = relived(desk, way(desk))
    assert (found.read, found.stood, differences(found)) == (2, {}, [])


RULES = {
    "team": ({"team": "billing"}, Otherwise.TEAM, "billing"),
    "category": ({"category": "billing"}, Otherwise.CATEGORY, "billing"),
    "priority": ({"priority": Priority.CRITICAL}, Otherwise.PRIORITY, "critical"),
    "tags": ({"tags": ("money",)}, Otherwise.TAGS, "money"),
}


@pytest.mark.parametrize("case", RULES)
def test_a_rule_gives_what_it_would_have_given(desk, case):
    gives, what, new = RULES[case]
    conversation(desk)
    found, summary = relived(desk, way(desk, routes=rules(**gives)))
    ((subject, told, _, after),) = differences(found)
    assert (subject, told, after) == ("Wrong", what, new)
    assert found.counts == {what: 1}
    late = ("late", "desk")
    assert summary.present[late] == summary.new[late] == 1
    assert summary.moved[late] == (case == "priority")  # which has less time


def test_an_agent_gets_what_would_have_been_given_and_the_next_one_takes_turns(desk):
    for n in range(4):
        desk.mail("words", sender=f"c{n}@customer.example", Subject=str(n))
    staff = Staff((ALICE, BOB), {"support": ("alice", "bob")}, (ADMIN,))
    found, _ = relived(desk, way(desk, assigns=True, staff=staff))
    assert [new for *_, new in differences(found)] == ["alice", "bob", "alice", "bob"]


def test_a_number_that_proves_too_little_opens_a_ticket_and_the_thread_follows(desk):
    first = desk.mail("words")
    number = desk.ticket(first["ticket_id"]).number
    desk.mail("More.", Subject=f"Re: [{number}] Printer")
    desk.mail("And more.", In_Reply_To="<m2@customer.example>", Subject="Re: Printer")
    found, summary = relived(desk, way(desk, number_needs="aligned"))
    assert differences(found) == [
        (f"Re: [{number}] Printer", Otherwise.OPENS, number, ""),
        ("Re: Printer", Otherwise.ELSEWHERE, number, ""),
    ]
    assert summary.matters == 1
    assert summary.agreeing == 1


def test_a_mail_that_joins_another_ticket_takes_its_thread_along(desk):
    number = desk.ticket(desk.mail("words")["ticket_id"]).number
    desk.desk.settings = replace(desk.desk.settings, number_needs="aligned")
    apart = desk.mail("More.", Subject=f"Re: [{number}] Printer")
    desk.mail("And more.", In_Reply_To="<m2@customer.example>", Subject="Re: Printer")
    assert desk.ticket(apart["ticket_id"]).number != number
    desk.now += 30 * HOUR
    Clock(desk.desk).tick(desk.now)
    found, summary = relived(desk, way(desk, number_needs="not_failed"))
    joins = (f"Re: [{number}] Printer", Otherwise.JOINS, desk.ticket(apart["ticket_id"]).number)
    assert differences(found) == [(*joins, number)]
    assert (summary.matters, summary.differing) == (1, 1)
    late = ("late", "desk")
    assert (summary.present[late], summary.new[late]) == (2, 1)


def believing(desk, level=Trust.STRONG):
    reader = replace(desk.worker._reader, authenticator=Believing(level))
    desk.worker._reader = reader


def ours(desk):
    """Return the Message-ID of the acknowledgement."""
    return f"<{desk.outbox('received')[0]['rfc_id'].strip('<>')}>"


def test_what_an_agent_wrote_would_have_been_sent_back_and_the_other_way_round(desk):
    believing(desk)
    number = desk.ticket(desk.mail("words")["ticket_id"]).number
    back = desk.mail("Me, too.", sender=BOB.address, In_Reply_To=ours(desk))
    alone = replace(desk.desk.settings, staff=Staff((ALICE,), {}, (ADMIN,)))
    taken = (Otherwise.TAKEN, "sent_back", "threaded")
    found, _ = relived(desk, Way(alone, desk.worker._reader))
    assert [each[1:] for each in differences(found)] == [taken]
    assert (back["state"], found.mails[0].number) == ("commands_only", number)
    desk.desk.settings = alone
    desk.mail("Me again.", sender=BOB.address, In_Reply_To=ours(desk))
    found, _ = relived(desk, way(desk, staff=TEAMS))
    assert [each[1:] for each in differences(found)] == [
        (Otherwise.REFUSED, "threaded", "sent_back")
    ]
    assert found.stood == {Stood.NOT_AGAIN: 1}


def quarantining(monkeypatch, module, when=lambda _ledger: True):
    """Keep apart what is an offer."""
    sort = sorting.sort

    def sorted_out(ledger, lookup, reading):
        if reading.subject == "Offer" and when(ledger):
            return Ending("quarantined", says="an offer")
        return sort(ledger, lookup, reading)

    monkeypatch.setattr(f"mailgate.intake.{module}.sort", sorted_out)


def test_of_a_mail_that_would_be_kept_apart_nothing_follows(desk, monkeypatch):
    desk.mail("Buy.", Subject="Offer")
    desk.mail("Buy more.", Subject="Re: Offer", In_Reply_To="<m1@customer.example>")
    with desk.desk.writing(desk.now) as ledger:
        noted = NoteAdded(at=desk.now, actor=Actor(ActorKind.AGENT, "alice"))
        (ticket,) = desk.rows("ticket")
        ledger.apply(ticket["id"], noted)
    quarantining(monkeypatch, "trial", lambda ledger: ledger.settings.number_needs == "aligned")
    found, summary = relived(desk, way(desk, number_needs="aligned"))
    assert differences(found) == [
        ("Offer", Otherwise.REFUSED, "opened", "quarantined"),
        ("Re: Offer", Otherwise.OPENS, ticket["number"], ""),
    ]
    assert summary.new["left_out", "note.added"] == 1


def test_what_was_kept_apart_opens_a_ticket_that_was_never_there(desk, monkeypatch):
    with monkeypatch.context() as patch:
        quarantining(patch, "worker")
        kept = desk.mail("Buy.", Subject="Offer")
    assert kept["ticket_id"] is None
    desk.now += 30 * HOUR
    quarantining(monkeypatch, "trial", lambda ledger: ledger.settings.number_needs != "aligned")
    found, summary = relived(desk, way(desk, number_needs="aligned"))
    assert differences(found) == [("Offer", Otherwise.TAKEN, "quarantined", "opened")]
    ((numbers, (late,)),) = summary.shown
    assert (numbers, late.what, late.first) == ((), "late", None)


BORDER = Authenticator(border=Border(frozenset({"mx.desk.example"}), 1))
NOBODY = Authenticator()
ASKING = Authenticator(verifier=object())  # the DNS; it is never asked here
# How mails were believed when they came, by whom now, and under the new configuration: what
# becomes of a mail that bears a number and is from outside.
BELIEVED = {
    "a border that was not known": (NOBODY, NOBODY, BORDER, [Otherwise.JOINS]),
    "a border that is not known any more": (BORDER, BORDER, NOBODY, [Otherwise.OPENS]),
    "the same border": (BORDER, BORDER, replace(BORDER), []),
    "what the DNS said": (Believing(Trust.STRONG), ASKING, replace(ASKING), []),
    "the DNS is not asked any more": (Believing(Trust.STRONG), ASKING, NOBODY, [Otherwise.OPENS]),
}


@pytest.mark.parametrize("case", BELIEVED)
def test_a_sender_is_believed_as_the_new_configuration_would_have_it(desk, case):
    then, present, new, becomes = BELIEVED[case]
    desk.desk.settings = replace(desk.desk.settings, number_needs="aligned")
    desk.worker._reader = replace(desk.worker._reader, authenticator=then)
    number = desk.ticket(desk.mail("words")["ticket_id"]).number
    said = {
        "Authentication_Results": "mx.desk.example; dmarc=pass header.from=customer.example",
        "Received": "from there ([192.0.2.1]) by mx.desk.example; Mon, 2 Mar 2026 09:00:00 +0000",
    }
    desk.mail("More.", Subject=f"Re: [{number}] Printer", **said)
    readers = (replace(desk.worker._reader, authenticator=each) for each in (present, new))
    desk.worker._reader, reader = readers
    found, _ = relived(desk, way(desk, reader))
    assert (found.read, found.stood) == (2, {})
    second = [e.what for mail in found.mails[-1:] for e in mail.differs if "Re" in mail.subject]
    assert second == becomes


def test_a_mail_that_is_not_kept_stays_as_it_was(desk):
    conversation(desk)
    with desk.database.write() as connection:
        connection.execute(update(schema.mail).values(raw=b""))
    found, summary = relived(desk, way(desk, routes=rules(team="billing")))
    assert (found.read, found.stood) == (0, {Stood.NOT_KEPT: 4})
    assert (found.mails, summary.differing) == ([], 0)


def test_nothing_is_written_whatever_a_decision_would_write_at_once(database, monkeypatch):
    gateway = begun(database)
    conversation(gateway)
    before = gateway.rows("mail_delivery")

    def writing(ledger, lookup, reading):
        ledger.connection.execute(update(schema.mail_delivery).values(error="written"))
        return sorting.sort(ledger, lookup, reading)

    monkeypatch.setattr(trial, "sort", writing)
    found, _ = relived(gateway, way(gateway, routes=rules(team="billing")))
    assert (found.read, found.stood) == (0, {Stood.NOT_AGAIN: 4})
    assert gateway.rows("mail_delivery") == before
    gateway.mail("And now?", Subject="Written again")
    assert gateway.rows("mail_delivery")[-1]["state"] == "opened"


def test_what_fails_by_the_new_rules_alone_is_told_of_as_that(desk, monkeypatch):
    conversation(desk)

    def failing(ledger, lookup, reading):
        if ledger.settings.number_needs == "aligned":
            raise Refused("no")
        return sorting.sort(ledger, lookup, reading)

    monkeypatch.setattr(trial, "sort", failing)
    found, _ = relived(desk, way(desk, number_needs="aligned"))
    assert (found.read, found.stood) == (0, {Stood.FAILS: 4})


def test_a_fault_of_ours_at_one_mail_is_told_of_and_ends_nothing(desk, monkeypatch):
    conversation(desk)

    def stumbling(ledger, lookup, reading):
        if reading.mail.in_reply_to:
            raise KeyError("surprise")
        return sorting.sort(ledger, lookup, reading)

    monkeypatch.setattr(trial, "sort", stumbling)
    told = []
    monkeypatch.setattr(trial, "log", lambda name, **_: told.append(name))
    found, _ = relived(desk, way(desk, routes=rules(team="billing")))
    assert (found.read, found.stood) == (3, {Stood.NOT_AGAIN: 1})
    assert told == ["mail.not_relived"]
