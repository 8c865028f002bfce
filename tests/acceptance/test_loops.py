"""Never a loop: what machines write is kept, changes nothing, and is answered by nobody."""

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.acceptance import inside
from tests.acceptance.desk import ALICE, ANN, SUPPORT, Desk
from tests.peers.customer import Customer, swaks
from tests.peers.gateway import Gateway
from tests.peers.maildir import text_of
from tests.peers.places import LOOPBACK
from tests.peers.sink import Sink
from tests.peers.waiting import wait_until

pytestmark = pytest.mark.peers

GONE, OTHER_DESK = "gone@bounce.example", "help@other.example"
NOBODY = "nobody@customer.example"  # Postfix knows at once that there is no such mailbox
CARL = "carl@bounce.example"  # an agent whose mailbox has gone
AGENTS = [{"name": "alice", "address": ALICE}, {"name": "carl", "address": CARL}]


@pytest.fixture(scope="module")
def refusing() -> Iterator[Sink]:
    """A server that knows nobody."""
    with Sink() as server:
        server.fail("rcpt", "550 5.1.1 nobody of that name", times=1000)
        yield server


@pytest.fixture(scope="module")
def shared_desk(open_desk: Callable[..., Desk], refusing: Sink) -> Desk:
    """A desk from which mail to one domain always bounces."""
    return open_desk(relays={"bounce.example": refusing.port}, values={"agent": AGENTS})


def about(desk: Desk, words: str) -> list[EmailMessage]:
    """Return what customers got with these words in the subject."""
    people = (desk.ann, desk.eve)
    return [m for p in people for m in p.inbox.mails() if words in str(m["Subject"])]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"X-Autoreply": "yes"},
        {"Precedence": "auto_reply"},
    ],
)
def test_a_vacation_reply_is_kept_and_changes_nothing(desk: Desk, headers) -> None:
    (name,) = headers
    number, told = desk.open(f"Holidays {name}")
    desk.alice.reply(told, "When do you leave?")
    answer = desk.ann.inbox.wait(lambda m: number in str(m["Subject"]) and m["Return-Path"] != "<>")
    before = [len(person.inbox.files()) for person in (desk.alice, desk.admin)]
    desk.ann.reply(answer, "I am away until Monday. Thank you!", headers)
    desk.settle()
    ticket = desk.show(number)
    assert ticket["status"] == "waiting_on_customer"
    assert [m["machine"] for m in ticket["messages"]] == [False, False, True]
    assert [len(person.inbox.files()) for person in (desk.alice, desk.admin)] == before
    assert len(about(desk, number)) == 2


def test_an_agents_vacation_reply_reaches_no_customer(desk: Desk) -> None:
    number, told = desk.open("Nobody home")
    absent = {"Auto-Submitted": "auto-replied", "In-Reply-To": str(told["Message-ID"])}
    for to in (str(told["Reply-To"].addresses[0].addr_spec), told["Return-Path"].strip("<>")):
        swaks(desk.postfix.port, to, ALICE, f"Re: [{number}]", "Gone fishing.", absent)
    desk.settle()
    assert desk.heard_by_customers("Gone fishing") == []
    assert desk.show(number)["status"] == "new"


@pytest.mark.parametrize(
    ("address", "why", "told_of"),
    [
        (GONE, "nobody of that name", {"agent_reply"}),
        # Refused in the dialogue, so that it shows for the acknowledgement too.
        (NOBODY, "user unknown", {"received", "agent_reply"}),
    ],
)
def test_a_mail_that_cannot_be_delivered_is_told_to_the_agents_once(
    desk: Desk, refusing: Sink, address: str, why: str, told_of: set[str]
) -> None:
    subject = f"Where is {address[:4]}"
    gone = Customer(address, desk.ann.inbox, desk.postfix.port)
    number, told = desk.open(subject, by=gone)
    desk.alice.reply(told, "Not here, it seems.")
    back = desk.alice.inbox.wait_for_subject(f"Not delivered: {subject} [{number}]")
    assert back["Auto-Submitted"] == "auto-generated"
    assert why in text_of(back).lower()
    assert address in text_of(back)
    desk.settle()
    (ticket,) = desk.gateway.tickets("--search", subject)
    assert ticket["status"] == "waiting_on_customer"
    failed = desk.gateway.json("outbox", "--state", "never")
    failed = [(row["notice"], row["recipient"]) for row in failed if row["ticket"] == number]
    assert {notice for notice, recipient in failed if recipient == address} == told_of
    assert ("new_message", CARL) in failed, "what comes back from an agent's mailbox is known"
    news = desk.alice.inbox.matching(lambda mail: "Not delivered" in str(mail["Subject"]))
    about_this = [mail["Subject"] for mail in news if number in mail["Subject"]]
    assert about_this == [back["Subject"]] * len(told_of)
    assert refusing.received == []


@pytest.mark.parametrize(
    ("name", "headers", "mail_from"),
    [
        ("list", {"List-Id": "News <news.elsewhere.example>", "Precedence": "bulk"}, "n@x.example"),
        ("null", {}, "<>"),
        ("robot", {"Auto-Submitted": "auto-generated"}, None),
        ("wish", {"X-Auto-Response-Suppress": "All"}, None),
    ],
)
def test_what_must_not_be_answered_opens_a_ticket_without_a_word(
    desk: Desk, name: str, headers, mail_from
) -> None:
    subject = f"Silence, {name}"
    swaks(desk.postfix.port, SUPPORT, ANN, subject, "Disk 7.", headers, mail_from=mail_from)
    assert "Disk 7." in text_of(desk.alice.inbox.wait_for_subject(subject))
    desk.settle()
    assert about(desk, subject) == []


def test_our_own_mail_come_back_is_left_alone(desk: Desk) -> None:
    number, told = desk.open("Boomerang")
    sent = [desk.ann.inbox.wait_for_subject(number), told]
    known = len(desk.gateway.log_lines("mail.suppressed"))
    for mail in sent:
        for mail_from in ("<>", ANN):
            raw = mail.as_bytes(policy=policy.SMTP)
            swaks(desk.postfix.port, SUPPORT, ANN, raw=raw, mail_from=mail_from)
    desk.gateway.wait_for_log("mail.suppressed", count=known + 2)
    desk.settle()
    assert len(desk.show(number)["messages"]) == 1
    assert len(about(desk, number)) == 1
    assert len(desk.gateway.tickets("--search", "Boomerang")) == 1


def test_the_same_mail_by_two_roads_is_one(desk: Desk) -> None:
    raw = f"From: {ANN}\r\nTo: {SUPPORT}\r\nSubject: Twins\r\n\r\nOnly one.\r\n".encode()
    swaks(desk.postfix.port, SUPPORT, ANN, raw=raw)
    swaks(desk.gateway.smtp_port, SUPPORT, ANN, raw=raw)
    desk.gateway.cli("deliver", stdin=b"Received: by another road\r\n" + raw)
    desk.settle()
    (ticket,) = desk.gateway.tickets("--search", "Twins")
    assert ticket["messages"] == 1
    assert len(about(desk, ticket["number"])) == 1


def test_a_robot_without_any_sign_is_answered_up_to_the_ceiling(open_own_desk) -> None:
    desk = open_own_desk(values={"limits.automatic_in_a_day": 3})
    for n in range(6):
        swaks(desk.postfix.port, SUPPORT, ANN, "We got your mail", f"It is number {n}.")
    desk.gateway.wait_for_log("mail.opened", count=6)
    desk.settle()
    assert len(desk.ann.inbox.mails()) == 3
    held = desk.gateway.json("outbox", "--state", "suppressed")
    assert {(row["notice"], row["recipient"]) for row in held} == {("received", ANN)}
    assert [row["reason"] for row in held] == [
        "over the ceiling of 3 automatic mails a day to one address"
    ] * 3
    assert len(desk.alice.inbox.mails()) == 6, "nothing is held back from agents"


# --- two desks that write to each other ---------------------------------------------------------


def as_it_is(mail: EmailMessage) -> EmailMessage:
    """Hand a mail on as it came."""
    return mail


def stripped(mail: EmailMessage) -> EmailMessage:
    """Write a mail anew, without any header by which a machine could be recognised."""
    made = EmailMessage(policy=policy.SMTP)
    for name in ("From", "To", "Subject"):
        made[name] = str(mail[name])
    made.set_content(text_of(mail))
    return made


@pytest.mark.parametrize("passed_on", [as_it_is, stripped])
def test_two_desks_that_acknowledge_each_other_come_to_an_end(start_gateway, passed_on) -> None:
    desks: dict[str, tuple[Gateway, Sink]] = {}
    with Sink() as first, Sink() as second:
        for address, sink in ((SUPPORT, first), (OTHER_DESK, second)):
            way = {"transport": "smtp", "host": LOOPBACK, "port": sink.port, "tls": "off"}
            values = {f"delivery.{name}": value for name, value in way.items()}
            desks[address] = start_gateway(address=address, values=values).start(), sink

        swaks(desks[SUPPORT][0].smtp_port, SUPPORT, OTHER_DESK, "Hello", "Anybody there?")
        carried = 0
        while letters := _letters(desks)[carried:]:
            for sender, recipient, raw in letters:
                mail = passed_on(message_from_bytes(raw, policy=policy.SMTP))
                author = "<>" if mail["Auto-Submitted"] else sender
                port = desks[recipient][0].smtp_port
                swaks(port, recipient, sender, raw=mail.as_bytes(), mail_from=author)
                carried += 1
            assert carried < 10, "they write for ever"
        assert carried <= 2
        assert carried == (2 if passed_on is stripped else 1)


def _letters(desks: dict[str, tuple[Gateway, Sink]]) -> list[tuple[str, str, bytes]]:
    """Return (sender, recipient, mail) of what the desks wrote to each other, once they rest."""
    for gateway, _ in desks.values():
        wait_until(
            lambda gateway=gateway: not inside.under_way(gateway.config),
            lambda gateway=gateway: f"rest, but {inside.under_way(gateway.config)}",
        )
    received = [(sender, mail) for sender, (_, sink) in desks.items() for mail in sink.received]
    return [
        (sender, mail.recipients[0], mail.raw)
        for sender, mail in received
        if mail.recipients[0] in desks
    ]
