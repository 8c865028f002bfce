"""A ticket's whole life between real mail programs: what people find in their mailboxes."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

import pytest

from tests.acceptance.desk import ADMIN, ALICE, ANN, BOB, SUPPORT, Desk, number_in
from tests.peers.maildir import html_of, text_of
from tests.peers.mutt import MuttAgent

# The clocks that a test wants to see run out belong to priorities that agents set by command, so
# that no other step hurries.
QUICK = {
    "sla.high.client": "1s",
    "sla.low.auto_close": "1s",
    "sla.urgent.system": "1s",
    "lifecycle.client_reminders": 1,
    "log.level": "debug",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What notices say in one language, and what a customer says."""

    received: str
    waiting: str
    resolved: str
    auto_closed: str
    reopened: str
    overdue: str
    thanks: str


WORDS = {
    "en": Words(
        received="We have received your message",
        waiting="Waiting for your response - Ticket #",
        resolved="✅ Your ticket has been resolved - #",
        auto_closed="Ticket auto-closed - #",
        reopened="🔄 Ticket Reopened - #",
        overdue="⚠️ Delayed Response Required - Ticket #",
        thanks="Thank you, that helped!",
    ),
    "de": Words(
        received="Ihre Nachricht ist angekommen",
        waiting="Wir warten auf Ihre Antwort - Ticket #",
        resolved="✅ Ihr Ticket ist gelöst - #",
        auto_closed="Ticket automatisch geschlossen - #",
        reopened="🔄 Ticket wieder geöffnet - #",
        overdue="⚠️ Antwort überfällig - Ticket #",
        thanks="Vielen Dank, das hat geholfen!",
    ),
    "ru": Words(
        received="Мы получили ваше сообщение",
        waiting="Ждём вашего ответа - Заявка #",
        resolved="✅ Ваша заявка решена - #",
        auto_closed="Заявка закрыта автоматически - #",
        reopened="🔄 Заявка открыта повторно - #",
        overdue="⚠️ Ответ просрочен - Заявка #",
        thanks="Большое спасибо, всё работает!",
    ),
}


@pytest.fixture
def words(request: pytest.FixtureRequest) -> Words:
    """The words of the desk's language."""
    return WORDS[request.getfixturevalue("language")]


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database: str) -> str | None:
    """Where the desk keeps everything; it outlives the desk."""
    return request.getfixturevalue("postgresql_url") if database == "postgresql" else None


@pytest.fixture
def desk(database_url: str | None, open_own_desk, language: str) -> Desk:
    """A desk on one kind of database, in one language."""
    return open_own_desk(database=database_url, values={**QUICK, "desk.language": language})


def is_from(mail: EmailMessage, name: str) -> bool:
    """Whether a mail shows `name` at the desk's address."""
    (sender,) = mail["From"].addresses
    return (sender.display_name, sender.addr_spec) == (name, SUPPORT)


def attached(mail: EmailMessage) -> dict[str, bytes]:
    """Return the files that came with a mail, by name."""
    return {part.get_filename(): part.get_content() for part in mail.iter_attachments()}


def is_automatic(mail: EmailMessage) -> bool:
    """Whether a mail is marked as a machine's, and cannot be answered by one."""
    marked = mail["Auto-Submitted"] is not None
    assert marked == (mail["Return-Path"] == "<>"), mail["Return-Path"]
    return marked


@pytest.mark.parametrize(
    ("database", "language"),
    [("sqlite", "en"), ("sqlite", "de"), ("sqlite", "ru"), ("postgresql", "en")],
)
def test_a_ticket_lives_from_the_first_mail_to_the_thanks_that_close_it(
    desk: Desk, words: Words, tmp_path: Path
) -> None:
    photo, form = tmp_path / "Foto vom Drucker.bin", tmp_path / "Prüfbericht.bin"
    photo.write_bytes(bytes(range(256)) * 40)
    form.write_bytes(bytes(reversed(range(256))) * 3)
    asked = desk.ann.write(SUPPORT, "Printer is on fire", "It smokes.", attach=[photo])
    number = acknowledged(desk, asked, words)

    told = desk.alice.inbox.wait()
    assert is_from(told, "Ann Archer")
    assert not is_automatic(told)
    assert "It smokes." in text_of(told)
    assert attached(told) == {photo.name: photo.read_bytes()}
    assert number.lower() in told["Reply-To"].addresses[0].username

    desk.alice.reply(told, "Pull the plug.", attach=[form])
    answered(desk, asked, number, {form.name: form.read_bytes()})

    desk.ann.write(SUPPORT, f"still smoking, {number.lower()}!", "And now it rings.")
    told = desk.alice.inbox.wait(count=2)
    assert "And now it rings." in text_of(told)
    assert told["Subject"] == f"Printer is on fire [{number}]"

    desk.alice.reply(told, "/priority high\n\nUnscrew the lid.")
    reminders = [desk.ann.inbox.wait_for_subject(words.waiting, count=n) for n in (1, 2)]
    for mail in reminders:
        assert is_automatic(mail)
        assert "> Unscrew the lid." in text_of(mail)

    desk.alice.reply(told, "/resolve\nA new lid is on its way.")
    resolved = desk.ann.inbox.wait_for_subject(words.resolved)
    assert "A new lid is on its way." in text_of(resolved)
    desk.ann.reply(resolved, words.thanks)
    desk.settle()

    check_what_the_desk_knows(desk, number, words, {photo.name: photo, form.name: form})
    check_what_the_customer_got(desk, number, words)


def acknowledged(desk: Desk, asked: str, words: Words) -> str:
    """Look at the acknowledgement of the mail with the Message-ID `asked`; return its number."""
    mail = desk.ann.inbox.wait()
    number = number_in(mail)
    assert re.fullmatch(r"TKT-20\d\d-00001", number)
    assert mail["Subject"] == f"{words.received} [{number}]", "she is not known yet"
    assert is_from(mail, "Support")
    assert is_automatic(mail)
    assert mail["In-Reply-To"] == asked
    assert number in text_of(mail)
    assert number in html_of(mail)
    return number


def answered(desk: Desk, asked: str, number: str, files: dict[str, bytes]) -> None:
    """Look at the agent's first answer as the customer sees it."""
    mail = desk.ann.inbox.wait(count=2)
    assert is_from(mail, "Alice (Support)")
    assert not is_automatic(mail)
    assert mail["Subject"] == f"Re: Printer is on fire [{number}]"
    assert mail["To"] == f"Ann Archer <{ANN}>"
    assert mail["In-Reply-To"] == asked
    first = desk.ann.inbox.mails()[0]
    assert mail["References"].split() == [first["References"].split()[0], asked]
    assert "Pull the plug." in text_of(mail)
    assert "It smokes." not in text_of(mail)  # what she wrote comes not back to her
    assert attached(mail) == files


def check_what_the_desk_knows(
    desk: Desk, number: str, words: Words, files: dict[str, Path]
) -> None:
    """Compare `mailgate show` with what was said and done."""
    ticket = desk.show(number)
    assert (ticket["status"], ticket["closed_by"]) == ("closed", "customer")
    assert ticket["automation_status"] == "closed"
    assert (ticket["priority"], ticket["next_due_at"]) == ("high", None)
    said = [(m["side"], m["author"], m["text"], m["resolution"]) for m in ticket["messages"]]
    assert said == [
        ("client", ANN, "It smokes.", False),
        ("system", "alice", "Pull the plug.", False),
        ("client", ANN, "And now it rings.", False),
        ("system", "alice", "Unscrew the lid.", False),
        ("system", "alice", "A new lid is on its way.", True),
        ("client", ANN, words.thanks, False),
    ]
    listed = [file for message in ticket["messages"] for file in message["attachments"]]
    assert [(f["name"], f["size"], f["sha256"]) for f in listed] == [
        (name, path.stat().st_size, sha256(path.read_bytes()).hexdigest())
        for name, path in files.items()
    ]
    photo = next(iter(files.values()))
    assert desk.gateway.attachment(number, 1) == photo.read_bytes()


def check_what_the_customer_got(desk: Desk, number: str, words: Words) -> None:
    """Look at her whole mailbox: nothing is missing, nothing too much, no agent's address."""
    mails = desk.ann.inbox.mails()
    assert [mail["Subject"] for mail in mails] == [
        f"{words.received} [{number}]",
        *[f"Re: Printer is on fire [{number}]"] * 2,
        *[f"{words.waiting}{number}"] * 2,
        f"{words.resolved}{number}",
    ]
    assert len({mail["References"].split()[0] for mail in mails}) == 1
    for address in (ALICE, BOB, ADMIN):
        assert desk.heard_by_customers(address) == []


@pytest.mark.parametrize(("database", "language"), [("sqlite", "en"), ("postgresql", "de")])
def test_a_resolved_ticket_closes_by_itself_and_a_reply_opens_it_again(
    desk: Desk, words: Words
) -> None:
    number, told = desk.open("Door is stuck")
    mutt = MuttAgent(ALICE, desk.alice.inbox, desk.postfix.port, name="Alice Adams")
    mutt.reply(told, "/assign me\n/priority low\n/resolve\n\nTürklinke geölt.")
    assert "Türklinke geölt." in text_of(desk.ann.inbox.wait_for_subject(words.resolved))
    closed = desk.ann.inbox.wait_for_subject(words.auto_closed)
    assert is_automatic(closed)

    desk.ann.reply(closed, "It is stuck again.")
    for person in (desk.ann, desk.alice, desk.admin):
        mail = person.inbox.wait_for_subject(words.reopened)
        assert ("It is stuck again." in text_of(mail)) == (person is not desk.ann)
        assert is_from(mail, "Support" if person is desk.ann else "Ann Archer")
    ticket = desk.show(number)
    assert (ticket["status"], ticket["reopen_count"], ticket["closed_by"]) == ("reopened", 1, None)
    assert [e["actor"] for e in ticket["events"] if e["after"].get("closed_by") == "auto"] == [
        "clock"
    ]

    # The desk's own time runs out: whoever holds it and the admins hear of it, each once.
    desk.alice.reply(desk.alice.inbox.mails()[-1], "/priority urgent")
    for person in (desk.alice, desk.admin):
        assert is_automatic(person.inbox.wait_for_subject(words.overdue))
    ticks = len(desk.gateway.log_lines("clock.tick"))
    desk.gateway.wait_for_log("clock.tick", count=ticks + 3)
    desk.settle()
    for person, times in ((desk.alice, 1), (desk.admin, 1), (desk.bob, 0), (desk.ann, 0)):
        subjects = [str(mail["Subject"]) for mail in person.inbox.mails()]
        assert sum(words.overdue in subject for subject in subjects) == times, subjects
    assert desk.show(number)["automation_status"] == "delayed_by_system"
    assert words.reopened not in [str(mail["Subject"]) for mail in desk.bob.inbox.mails()]
