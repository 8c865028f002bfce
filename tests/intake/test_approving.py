"""An escalation that must be approved first: who decides by mail, and who never does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.desk.clock import Clock
from mailgate.domain.escalation import ADMINS, ApprovalRule, Escalation
from mailgate.domain.events import Escalate
from mailgate.domain.model import Actor, ActorKind
from mailgate.domain.people import Staff
from mailgate.intake.inbox import Incoming
from mailgate.mail.trust import Trust
from tests.desk.auditing import faults
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER, settings
from tests.intake.desk import EVE, SUPPORT, Gateway
from tests.intake.shared import watching

HOUR = timedelta(hours=1)
RULE = Escalation("leads", 2 * HOUR, to="alice", approval=ApprovalRule("bob", 4 * HOUR, 48 * HOUR))
ASKING = ApprovalRule(ADMINS, 4 * HOUR, 48 * HOUR)


@pytest.fixture
def desk(database):
    staff = Staff((ALICE, BOB), {}, (ADMIN,))
    rules = settings(escalations=(RULE,), asking=ASKING)
    return Gateway(database, replace(rules, staff=staff))


@pytest.fixture
def opened(desk):
    """The id of a ticket of which bob is asked whether it may go up."""
    return asked(desk)


def asked(desk, **headers) -> int:
    id_ = desk.mail("My printer is on fire.", **headers)["ticket_id"]
    clock = Clock(desk.desk)
    for _ in range(13):
        desk.now += timedelta(minutes=10)
        clock.tick(desk.now)
    return id_


def wanted(desk, to=BOB.address, n=-1):
    """The address at which one of the staff decides."""
    rows = [row for row in desk.outbox("approval_wanted") if row["recipient"] == to]
    return rows[n]["context"]["reply_to"]


def bob(desk, text, **headers):
    return desk.mail(
        text, sender=BOB.address, to=headers.pop("to", None) or wanted(desk), **headers
    )


def refused(desk) -> str:
    return desk.outbox("command_refused")[-1]["context"]["commands"][0]["reason"]


def agreeing(desk):
    return type("World", (), {"database": desk.database, "desk": desk.desk})


def test_an_answer_that_says_approve_lets_the_ticket_go_up_and_all_hear_of_it(desk, opened):
    assert desk.outbox("escalated") == []
    row = bob(desk, "/approve he may be right")
    assert (row["state"], row["ticket_id"]) == ("commands_only", opened)
    ticket = desk.ticket(opened)
    assert (ticket.escalation_level, ticket.escalated_to, ticket.approval) == (1, "alice", None)
    assert [each["recipient"] for each in desk.outbox("escalated")] == [ALICE.address]
    told = desk.outbox("escalated")[0]["context"]
    assert (told["actor"], told["escalation"]["rule"]["name"]) == ("Bob", "leads")
    assert desk.rows("event")[-1]["note"] == "he may be right"
    assert faults(agreeing(desk)) == []


def test_an_answer_that_says_reject_and_why_leaves_it_and_tells_who_asked(desk):
    id_ = desk.mail("Help.")["ticket_id"]
    desk.mail("/escalate he calls", sender=BOB.address, to=desk.reply_address(BOB.address))
    assert desk.ticket(id_).approval.asked_by == "bob"
    row = desk.mail("/reject wait until Monday", sender=ADMIN, to=wanted(desk, ADMIN))
    assert row["state"] == "commands_only"
    assert (desk.ticket(id_).escalation_level, desk.ticket(id_).approval) == (0, None)
    (told,) = desk.outbox("rejected")
    assert told["recipient"] == BOB.address
    assert (told["context"]["note"], told["context"]["actor"]) == ("wait until Monday", "Admin")
    assert told["context"]["approval"]["asked_by"] == "Bob"
    assert faults(agreeing(desk)) == []


def test_words_below_are_a_note_and_nothing_goes_to_the_customer(desk, opened):
    before = len([row for row in desk.rows("outbox") if row["recipient"] == CUSTOMER])
    assert bob(desk, "/approve\n\nTell him I am on it.")["state"] == "threaded"
    assert desk.rows("message")[-1]["kind"] == "note"
    assert bob(desk, "Hmm, let me see.")["state"] == "threaded"
    assert desk.rows("message")[-1]["kind"] == "note"
    assert len([row for row in desk.rows("outbox") if row["recipient"] == CUSTOMER]) == before
    assert desk.ticket(opened).escalation_level == 1


@pytest.mark.parametrize("text", ["/reject", "/reject: "])
def test_without_a_reason_nothing_is_rejected(desk, opened, text):
    bob(desk, text)
    assert refused(desk) == "whoever asked is told why: /reject reason"
    assert desk.ticket(opened).approval is not None


def test_what_is_decided_stays_so_and_the_second_is_told(desk, opened):
    bob(desk, "/approve")
    bob(desk, "/reject no")
    assert "this approval is asked for" in refused(desk)
    assert desk.ticket(opened).escalation_level == 1


def test_the_address_of_an_earlier_approval_does_not_decide_the_next(desk, opened):
    earlier = wanted(desk)
    bob(desk, "/reject not now")
    ask(desk, opened)
    bob(desk, "/approve", to=earlier)
    assert "this approval is asked for" in refused(desk)
    assert desk.ticket(opened).approval.n == 2


def ask(desk, id_, by="alice"):
    with desk.desk.writing(desk.now) as ledger:
        actor = Actor(ActorKind.AGENT, by)
        ledger.apply(id_, Escalate(at=desk.now, actor=actor, reason="he calls"))


def test_nobody_approves_what_they_have_asked_for(desk):
    id_ = desk.mail("Help.")["ticket_id"]
    row = desk.mail(
        "/escalate he calls\n/approve", sender=ALICE.address, to=desk.reply_address(ALICE.address)
    )
    assert row["state"] == "commands_only"
    assert "this approval is asked for" in refused(desk)
    assert (desk.ticket(id_).approval, desk.ticket(id_).escalation_level) == (None, 0)


# --- who never does -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
    ],
)
def test_the_mail_of_a_vacation_responder_approves_nothing(desk, opened, headers):
    row = bob(desk, "/approve", **headers)
    assert row["state"] in ("threaded", "report")
    assert desk.ticket(opened).approval is not None


def test_an_address_that_was_passed_on_approves_nothing_for_anybody_else(desk, opened, trusted_as):
    trusted_as(Trust.STRONG)
    to = wanted(desk)
    for other in (ALICE.address, CUSTOMER, EVE):
        desk.mail("/approve", sender=other, to=to)
    assert desk.ticket(opened).approval is not None


def test_a_forged_sender_approves_nothing(desk, opened, trusted_as):
    trusted_as(Trust.FAILED)
    bob(desk, "/approve")
    assert desk.ticket(opened).approval is not None


@pytest.fixture
def trusted_as(desk, monkeypatch):
    from tests.intake.desk import Believing

    def believe(level):
        reader = replace(desk.worker._reader, authenticator=Believing(level))
        monkeypatch.setattr(desk.worker, "_reader", reader)

    return believe


def test_an_address_in_what_is_quoted_or_in_cc_of_nobody_approves_nothing(desk, opened):
    quoted = f"/approve\n\n> Reply-To: {wanted(desk)}"
    row = desk.mail(quoted, sender=BOB.address, to=SUPPORT)
    assert row["state"] != "commands_only"
    assert desk.ticket(opened).approval is not None


def test_the_address_of_another_ticket_does_not_decide_this_one(desk, opened):
    first = wanted(desk)
    other = asked(desk, sender=EVE, Subject="Fire")
    bob(desk, "/approve", to=first, Subject=f"Re: {desk.ticket(other).number}")
    assert desk.ticket(opened).approval is None
    assert desk.ticket(other).approval is not None


def test_the_address_of_a_ticket_that_goes_on_in_another_does_not_decide_that(desk, opened):
    first = wanted(desk)
    other = asked(desk, sender=EVE, Subject="Fire")
    alice = [r for r in desk.rows("outbox") if r["recipient"] == ALICE.address]
    to = next(r for r in alice if r["ticket_id"] == opened)["context"]["note_address"]
    number = desk.ticket(other).number
    assert desk.mail(f"/merge {number}", sender=ALICE.address, to=to)["state"] == "commands_only"
    bob(desk, "/approve", to=first)
    assert f"goes on in {number}" in refused(desk)
    assert desk.ticket(other).approval is not None


def test_an_address_of_commands_is_none_for_approvals(desk, opened, trusted_as):
    trusted_as(Trust.STRONG)
    desk.mail(
        "x", sender=BOB.address, to="support+approve@desk.example", References=reference(desk)
    )
    assert desk.ticket(opened).approval is not None


def test_nor_is_it_one_in_what_was_sent_from_the_shared_mailbox(desk, opened):
    watching(desk)
    desk.now += timedelta(minutes=1)
    head = {
        "From": f"Bob <{SUPPORT}>",
        "To": SUPPORT,
        "Bcc": "support+approve@desk.example",
        "Message-ID": "<yes@desk.example>",
        "In-Reply-To": "<m1@customer.example>",
    }
    raw = "".join(f"{name}: {value}\r\n" for name, value in head.items()) + "\r\nYes.\r\n"
    desk.inbox.put(Incoming(raw.encode(), SUPPORT, (SUPPORT,), desk.now, "support", "sent"))
    desk.worker.drain()
    assert desk.ticket(opened).approval is not None
    assert refused(desk) == "no address of ours is called so"


def reference(desk) -> str:
    return desk.outbox("approval_wanted")[-1]["rfc_id"]


def test_a_customer_who_writes_approve_has_written_a_message(desk, opened):
    desk.mail("/approve", In_Reply_To="<m1@customer.example>")
    assert desk.rows("message")[-1]["text"] == "/approve"
    assert desk.ticket(opened).approval is not None


def test_the_link_to_the_page_does_not_go_out_with_an_answer_that_quotes_it(desk, opened):
    desk.desk.settings = replace(desk.desk.settings, public_url="https://desk.example")
    bob(desk, "/reject not now")
    ask(desk, opened)
    (asked_of,) = [r for r in desk.outbox("approval_wanted") if r["recipient"] == ADMIN]
    page = asked_of["context"]["approval"]["page"]
    assert page.startswith("https://desk.example/t/tkt-2026-00001.")
    for text in (f"See {page}.", f"<{page.upper().replace('/T/', '/t/')}>"):
        desk.mail(text, sender=ADMIN, to=asked_of["context"]["reply_address"])
        assert "signed for one of us" in refused(desk)
    assert desk.outbox("agent_reply") == []


@pytest.mark.parametrize("said", ["", "What do you think?\n\n"])
@pytest.mark.parametrize("mark", ["> ", ""])
def test_colleagues_who_read_a_note_do_not_get_what_was_signed_for_its_author(
    desk, opened, said, mark
):
    desk.desk.settings = replace(desk.desk.settings, public_url="https://desk.example")
    bob(desk, "/reject not now")
    ask(desk, opened)
    (asked_of,) = [r for r in desk.outbox("approval_wanted") if r["recipient"] == ADMIN]
    page, address = asked_of["context"]["approval"]["page"], asked_of["context"]["reply_to"]
    quoted = f"{mark}Decide on this page: {page}\n{mark}Approve <mailto:{address}?body=%2Fapprove>"
    desk.mail(f"{said}{quoted}", sender=ADMIN, to=address)
    note = desk.rows("message")[-1]
    assert note["kind"] == "note"
    tokens = [page.rpartition(".")[2], address.rpartition("@")[0].rpartition(".")[2]]
    assert [token for token in tokens if token in note["text"]] == []
    if not (said and mark):  # what is quoted below a word is left out as a whole
        assert "https://desk.example/t/tkt-2026-00001.\N{HORIZONTAL ELLIPSIS}\n" in note["text"]
