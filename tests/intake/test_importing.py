"""Old mail becomes tickets with their own dates, once, and nobody hears of it."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from mailgate.desk.clock import Clock
from mailgate.desk.door import TRIES
from mailgate.desk.verify import verify
from mailgate.domain.former import FormerReader
from mailgate.domain.model import Status
from mailgate.errors import Conflict, Temporary
from mailgate.intake import conversations, importing
from mailgate.intake.importing import Destination, Importer
from mailgate.mail.parts import content
from mailgate.mail.trust import Trust
from mailgate.store import tickets as store
from tests.desk.conftest import ALICE, CUSTOMER, START, settings
from tests.intake.desk import EVE, SUPPORT, Believing, Gateway

DAY = timedelta(days=1)
LONG_AGO = START - 900 * DAY


@contextmanager
def unseen(_of):
    yield lambda _done, _total: None


class Old:
    """Old mails that are written one after the other, an hour apart, and brought along."""

    def __init__(self, gateway, folder: Path) -> None:
        self.gateway = gateway
        self.folder = folder
        self.at = LONG_AGO
        self.count = 0

    def write(self, text="words", *, sender=CUSTOMER, to=SUPPORT, at=None, name=None, **headers):
        """Write one mail into the folder; return its Message-ID."""
        self.count += 1
        self.at = at or self.at + timedelta(hours=1)
        given = {
            "From": sender,
            "To": to,
            "Subject": "Printer",
            "Message-ID": f"<old{self.count}@x.example>",
            "Date": format_datetime(self.at),
        }
        given |= {key.replace("_", "-"): value for key, value in headers.items()}
        lines = [f"{key}: {value}" for key, value in given.items() if value is not None]
        path = self.folder / (name or f"{self.count}.eml")
        path.write_text("\n".join([*lines, "", text, ""]))
        return given["Message-ID"]

    def answer(self, to_what, text="words", **headers):
        return self.write(text, In_Reply_To=to_what, **headers)

    def bring(self, *paths, since=14 * DAY, dry_run=False, showing=unseen):
        gateway = self.gateway
        importer = Importer(
            gateway.desk,
            gateway.worker._reader,
            Destination("support", SUPPORT, lambda _octets: None),
            lambda: gateway.now,
            gateway.now - since,
            dry_run=dry_run,
        )
        return importer.run(paths or [self.folder], showing)

    def tickets(self):
        rows = sorted(self.gateway.rows("ticket"), key=lambda row: row["id"])
        return [self.gateway.ticket(row["id"]) for row in rows]

    def said(self, ticket=0):
        """(side, kind, text) of each message of a ticket, in the order of their times."""
        id_ = self.tickets()[ticket].id
        rows = [row for row in self.gateway.rows("message") if row["ticket_id"] == id_]
        rows.sort(key=lambda row: (row["at"], row["id"]))
        return [(row["side"], row["kind"], row["text"]) for row in rows]


@pytest.fixture
def old(gateway, tmp_path):
    (folder := tmp_path / "old").mkdir()
    yield Old(gateway, folder)
    with gateway.database.read() as connection:
        assert list(verify(connection, gateway.desk.settings, content, deep=True)) == []


def left_out(brought):
    return [(each.path.name, each.why, each.fault) for each in brought.left_out]


# --- threads ------------------------------------------------------------------------------------


def test_mails_are_packed_before_anybody_has_to_wait(old, monkeypatch):
    did, persist, arrival = [], importing.persist, importing.Arrival
    monkeypatch.setattr(importing, "persist", lambda do: did.append("begin") or persist(do))
    monkeypatch.setattr(importing, "Arrival", lambda **f: did.append("packed") or arrival(**f))
    old.write()
    assert (old.bring().tickets, did) == (1, ["packed", "begin"])


def test_a_thread_becomes_one_closed_ticket_with_its_own_dates(old):
    first = old.write("It burns.", at=LONG_AGO)
    second = old.answer(first, "Use water.", sender=SUPPORT, to=CUSTOMER, at=LONG_AGO + DAY)
    old.answer(second, "It does not help at all.", at=LONG_AGO + 2 * DAY)
    brought = old.bring()
    assert (brought.mails, brought.tickets, brought.still_open, brought.messages) == (3, 1, 0, 3)
    (ticket,) = old.tickets()
    assert (ticket.status, ticket.requester, ticket.tags) == (Status.CLOSED, CUSTOMER, ("import",))
    assert (ticket.created_at, ticket.first_response_at) == (LONG_AGO, LONG_AGO + DAY)
    assert ticket.closed_at == LONG_AGO + 2 * DAY
    assert ticket.number == "TKT-2026-00001"
    assert old.said() == [
        ("client", "public", "It burns."),
        ("system", "public", "Use water."),
        ("client", "public", "It does not help at all."),
    ]


def test_mails_are_put_in_their_order_whatever_that_of_the_files(old):
    old.answer("<old3@x.example>", "third", at=LONG_AGO + 2 * DAY)
    old.answer("<old3@x.example>", "second", at=LONG_AGO + DAY)
    old.write("first", at=LONG_AGO)
    old.bring()
    assert [text for _, _, text in old.said()] == ["first", "second", "third"]


def test_an_agent_writes_as_the_desk_and_to_the_desk_alone_a_note(old):
    first = old.write()
    old.answer(first, "Use water.", sender=ALICE.address, to=CUSTOMER)
    old.answer(first, "He is angry.", sender=ALICE.address)
    old.bring()
    assert old.said()[1:] == [
        ("system", "public", "Use water."),
        ("system", "note", "He is angry."),
    ]
    assert {row["author"] for row in old.gateway.rows("message")} == {CUSTOMER, "alice"}
    assert old.gateway.rows("agent_state") == []


def test_what_the_desk_wrote_first_is_the_ticket_of_whom_it_wrote_to(old):
    first = old.write("Your printer?", sender=SUPPORT, to=f"Carol <{CUSTOMER}>")
    old.answer(first, "It burns.")
    old.bring()
    (ticket,) = old.tickets()
    assert (ticket.requester, ticket.requester_name) == (CUSTOMER, "Carol")
    assert [side for side, _, _ in old.said()] == ["system", "client"]


def test_who_takes_no_part_is_heard_as_somebody_else(old):
    first = old.write()
    old.answer(first, "Me too.", sender=EVE)
    old.bring()
    (ticket,) = old.tickets()
    assert ticket.people == {CUSTOMER}
    assert [row["other_address"] for row in old.gateway.rows("message")] == [False, True]


def test_by_a_number_only_those_join_who_take_part(old):
    opened = old.gateway.mail("My printer is on fire.")
    number = old.gateway.ticket(opened["ticket_id"]).number
    old.write("mine", Subject=f"Re: [{number}]")
    old.write("not mine", Subject=f"Re: [{number}]", sender=EVE)
    old.bring()
    mine, other = old.tickets()
    assert {row["text"]: row["ticket_id"] for row in old.gateway.rows("message")} == {
        "My printer is on fire.": mine.id,
        "mine": mine.id,
        "not mine": other.id,
    }


def test_a_thread_longer_than_is_committed_at_once_is_still_one_ticket(old, monkeypatch):
    monkeypatch.setattr(conversations, "BATCH", 3)
    last = old.write("0")
    for n in range(1, 8):
        last = old.answer(last, str(n))
    old.write("another matter", Subject="Chair")
    assert old.bring().tickets == 2
    assert [text for _, _, text in old.said()] == list("01234567")
    assert [ticket.status for ticket in old.tickets()] == [Status.CLOSED] * 2


@pytest.mark.parametrize("sender", [CUSTOMER, EVE])
def test_what_goes_on_long_after_it_was_closed_is_one_new_ticket(database, tmp_path, sender):
    old = Old(Gateway(database, settings(reopen_window=7 * DAY)), tmp_path)
    first = old.write("first", at=LONG_AGO)
    old.bring()
    old.answer(first, "second", at=LONG_AGO + 30 * DAY, sender=sender)
    old.answer(first, "third", at=LONG_AGO + 31 * DAY)
    old.answer(first, "fourth", at=LONG_AGO + 32 * DAY)
    old.bring()
    begun, *others = old.tickets()
    following = others[-1]
    assert following.follows == begun.id
    assert [text for _, _, text in old.said(len(others))][-2:] == ["third", "fourth"]
    assert [ticket.requester for ticket in others] == (
        [CUSTOMER] if sender == CUSTOMER else [EVE, CUSTOMER]
    )


# --- nobody hears of it -------------------------------------------------------------------------


def test_nothing_is_sent_for_what_is_brought_along_nor_by_the_clock_after_it(old):
    answered = START - 5 * DAY
    for n in range(5):
        first = old.write(at=LONG_AGO + n * DAY, sender=f"c{n}@customer.example")
        old.answer(first, sender=SUPPORT, to=f"c{n}@customer.example", at=answered + n * DAY)
        old.write(at=START - n * DAY, sender=f"d{n}@customer.example")
    old.bring()
    clock = Clock(old.gateway.desk)
    assert clock.tick(START + timedelta(minutes=1)).steps == ()
    assert old.gateway.rows("outbox") == []


def test_what_waits_for_the_desk_stays_open_and_is_late_a_whole_time_after(old):
    old.write(at=START - 5 * DAY)
    brought = old.bring()
    assert (brought.tickets, brought.still_open) == (1, 1)
    (ticket,) = old.tickets()
    assert (ticket.status, ticket.waiting_since) == (Status.NEW, START)
    clock = Clock(old.gateway.desk)
    assert clock.tick(START + DAY - timedelta(minutes=1)).steps == ()
    (step, *_) = clock.tick(START + DAY + timedelta(minutes=1)).steps
    assert step.notices == ("overdue to holders", "overdue to admins")


def test_the_answer_to_what_came_closed_opens_it_again(old):
    first = old.write()
    second = old.answer(first, sender=SUPPORT, to=CUSTOMER)
    old.bring()
    old.gateway.mail("Still?", In_Reply_To=second)
    (ticket,) = old.tickets()
    assert (ticket.status, ticket.reopen_count) == (Status.REOPENED, 1)


def test_a_ticket_that_old_mail_only_adds_to_goes_on_as_it_did(old):
    opened = old.gateway.mail("My printer is on fire.")
    before = old.gateway.ticket(opened["ticket_id"])
    old.answer("<m1@customer.example>", "long before", at=LONG_AGO)
    old.bring()
    after = old.gateway.ticket(before.id)
    assert (after.status, after.waiting_since) == (before.status, before.waiting_since)
    assert [text for _, _, text in old.said()] == ["long before", "My printer is on fire."]


# --- once ---------------------------------------------------------------------------------------


def test_the_same_brought_again_adds_nothing(old):
    old.answer(old.write())
    old.write(Message_ID=None, Subject="Chair")
    old.bring()
    before = {name: old.gateway.rows(name) for name in ("mail", "event", "ticket", "message")}
    again = old.bring()
    assert (again.known, again.tickets, again.messages) == (3, 0, 0)
    assert {name: old.gateway.rows(name) for name in before} == before


@pytest.fixture
def copied(old):
    """A mail that lies in the folder as it was, but for what servers put in and the line ends."""
    raw = old.gateway.raw("words").replace(b"\r\n", b"\n")
    (old.folder / "copy.eml").write_bytes(b"Received: by elsewhere.example\n" + raw)
    old.gateway.count = 0  # the next mail is the same


def test_what_came_by_another_road_before_is_known(old, copied):
    old.gateway.mail("words")
    assert old.bring().known == 1
    assert len(old.tickets()) == 1


def test_what_comes_by_another_road_afterwards_is_known(old, copied):
    old.bring()
    assert old.gateway.mail("words")["state"] == "suppressed"
    assert len(old.tickets()) == 1


def test_the_same_mail_in_two_files_is_one(old):
    old.write(name="a.eml")
    old.write(name="b.eml", Message_ID="<old1@x.example>", at=old.at)
    brought = old.bring()
    assert (brought.messages, brought.known) == (1, 1)


def test_what_was_interrupted_goes_on(old, monkeypatch):
    monkeypatch.setattr(conversations, "BATCH", 2)
    for n in range(6):
        old.write(str(n), Subject=str(n))
    room = iter([None, None])

    def full(_octets):
        if next(room, "full") == "full":
            raise Temporary("the disk is nearly full")

    importer = Importer(
        old.gateway.desk,
        old.gateway.worker._reader,
        Destination("support", SUPPORT, full),
        lambda: old.gateway.now,
        START,
    )
    with pytest.raises(Temporary):
        importer.run([old.folder], unseen)
    assert len(old.tickets()) == 4
    brought = old.bring()
    assert (brought.known, brought.tickets) == (4, 2)


@pytest.mark.parametrize("times", [TRIES - 1, TRIES])
def test_where_somebody_else_changes_a_ticket_first_it_is_tried_again(old, monkeypatch, times):
    desk, quicker = old.gateway.desk, iter(range(times))
    writing = desk.writing

    @contextmanager
    def late(*given):
        with writing(*given) as ledger:
            yield ledger
            if next(quicker, None) is not None:
                raise Conflict("a ticket was changed by somebody else first")

    monkeypatch.setattr(desk, "writing", late)
    old.write()
    if times < TRIES:
        assert old.bring().tickets == 1
    else:
        with pytest.raises(Conflict):
            old.bring()
    assert len(old.tickets()) == (times < TRIES)


def test_a_dry_run_tells_the_same_and_changes_nothing(old):
    old.answer(old.write("words", at=START - DAY))
    told = old.bring(dry_run=True)
    assert old.gateway.rows("mail") == old.gateway.rows("ticket") == []
    assert told == old.bring()
    ((example),) = told.examples
    assert (example.at, example.requester, example.status) == (START - DAY, CUSTOMER, "new")


# --- left out -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Return_Path": "<>", "Subject": "Undelivered Mail"}, "a mail that came back, or a"),
        ({"X_Spam_Flag": "YES"}, "spam, by what the filter in front says"),
        ({"Auto_Submitted": "auto-replied"}, "a machine wrote it, about no ticket"),
        ({"Auto_Submitted": "auto-replied", "sender": SUPPORT, "to": CUSTOMER}, "a machine wrote"),
        ({"sender": ALICE.address}, "one of the desk wrote it, to nobody of its customers"),
        ({"From": None}, "it does not say who wrote it"),
    ],
    ids=["bounce", "spam", "auto-reply", "automatic of ours", "internal", "nobody's"],
)
def test_what_is_no_matter_of_the_desk_is_left_out_and_named(old, headers, why):
    old.write(**headers)
    ((name, says, fault),) = left_out(old.bring())
    assert (name, fault) == ("1.eml", False)
    assert says.startswith(why)
    assert old.gateway.rows("mail") == []


def test_an_automatic_answer_in_a_thread_is_put_down_and_moves_nothing(old):
    first = old.write(at=START - DAY)
    second = old.answer(first, sender=SUPPORT, to=CUSTOMER)
    old.answer(second, "I am away.", Auto_Submitted="auto-replied")
    old.bring()
    (ticket,) = old.tickets()
    assert ticket.status is Status.WAITING
    assert [row["machine"] for row in old.gateway.rows("message")] == [False, False, True]


def test_what_the_system_before_acknowledged_holds_a_thread_together(old):
    first = old.write("It burns.", at=START - DAY)
    second = old.answer(
        first, "Got it.", sender=SUPPORT, to=CUSTOMER, Auto_Submitted="auto-replied"
    )
    old.answer(second, "It still burns.")
    old.bring()
    (ticket,) = old.tickets()
    assert (ticket.status, ticket.first_response_at) == (Status.NEW, None)
    assert [side for side, _, _ in old.said()] == ["client", "system", "client"]


def test_what_ends_with_thanks_is_closed(old):
    first = old.write("It burns.", at=START - DAY)
    second = old.answer(first, "Use water.", sender=SUPPORT, to=CUSTOMER)
    old.answer(second, "Thank you!")
    old.bring()
    assert old.tickets()[0].status is Status.CLOSED


def test_our_own_notices_are_left_out(old):
    opened = old.gateway.mail("My printer is on fire.")
    (notice,) = old.gateway.outbox("received")
    old.write(sender=SUPPORT, to=CUSTOMER, Message_ID=notice["rfc_id"])
    old.write("It burns.", Subject="Re: Printer", In_Reply_To=notice["rfc_id"], at=START)
    assert [why for _, why, _ in left_out(old.bring())] == ["the gateway itself has sent it"]
    assert {row["ticket_id"] for row in old.gateway.rows("message")} == {opened["ticket_id"]}


def test_what_cannot_be_read_is_named_and_stops_nothing(old):
    (old.folder / "a.eml").write_text("\nwords\n")
    with (old.folder / "b.eml").open("wb") as file:
        file.truncate(26 * 1024 * 1024)
    old.write()
    brought = old.bring(old.folder, old.folder / "gone")
    assert brought.tickets == 1
    assert left_out(brought) == [
        ("a.eml", "no mail: it has no header", True),
        ("b.eml", "larger than 26214400 octets, which [inbound] max_size allows", True),
        ("gone", "there is no such file", True),
    ]


def test_what_goes_away_meanwhile_is_named_and_stops_nothing(old):
    old.write(name="gone.eml", Subject="Chair")
    old.write()

    @contextmanager
    def showing(of):
        if of == "Mails":
            (old.folder / "gone.eml").unlink()
        yield lambda _done, _total: None

    brought = old.bring(showing=showing)
    assert left_out(brought) == [("gone.eml", "no such file or directory", True)]
    assert brought.tickets == 1


def test_a_mail_in_a_file_of_many_is_named_by_where_it_begins(old):
    mark = "From x Mon Jan  5 12:34:56 2015\n"
    (old.folder / "mbox").write_text(f"{mark}\nwords\n\n{mark}Subject: x\n\nwords\n")
    brought = old.bring()
    assert [(each.offset, each.why) for each in brought.left_out] == [
        (len(mark), "no mail: it has no header"),
        (2 * len(mark) + 8, "it does not say who wrote it"),
    ]


def test_a_mail_without_a_date_is_of_when_it_was_put_into_its_file(old):
    mark = "From x Mon Jan  5 12:34:56 2015\n"
    (old.folder / "mbox").write_text(f"{mark}From: {CUSTOMER}\nMessage-ID: <x@x>\n\nwords\n")
    old.bring()
    assert old.tickets()[0].created_at.isoformat() == "2015-01-05T12:34:56+00:00"


# --- numbers of other systems -------------------------------------------------------------------

EARLIER = "[#4711] Printer"


@pytest.fixture
def numbered(old):
    """A ticket that was brought along, and is open, from a system that called it #4711."""
    worker = old.gateway.worker
    reader = worker._reader
    worker._reader = replace(reader, former=FormerReader(["[#{number}]"], reader.numbers))
    old.write("It burns.", Subject=EARLIER, at=START - DAY)
    old.answer(None, "Use water.", sender=SUPPORT, to=CUSTOMER, Subject=f"Re: {EARLIER}")
    old.bring()
    return old.tickets()[0]


def test_mails_with_the_number_of_another_system_are_one_ticket_which_keeps_it(old, numbered):
    assert [text for _, _, text in old.said()] == ["It burns.", "Use water."]
    with old.gateway.database.read() as connection:
        assert store.former_numbers(connection, 1, numbered.id) == ["[#4711]"]


def test_by_it_who_takes_part_goes_on_later(old, numbered):
    later = old.gateway.mail("Still.", Subject=f"AW: {EARLIER}")
    assert (later["state"], later["ticket_id"]) == ("threaded", numbered.id)


def test_by_it_nobody_else_gets_in_now_or_with_old_mail(old, numbered):
    later = old.gateway.mail("Mine?", Subject=f"AW: {EARLIER}", sender=EVE)
    old.write("Mine?", Subject=f"AW: {EARLIER}", sender="mallory@elsewhere.example")
    old.bring()
    assert (later["state"], len(old.tickets())) == ("opened", 3)
    assert later["verdict"]["mentions"] == [numbered.number]
    assert old.gateway.ticket(numbered.id).people == {CUSTOMER}


def test_forged_mail_gets_in_by_it_as_little_as_by_our_own(old, numbered):
    worker = old.gateway.worker
    worker._reader = replace(worker._reader, authenticator=Believing(Trust.FAILED))
    later = old.gateway.mail("Still.", Subject=EARLIER)
    assert later["ticket_id"] != numbered.id
