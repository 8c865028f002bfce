"""What agents command by answering a notification: carried out, or explained and not done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any
from unittest.mock import ANY

import pytest

from tests.acceptance.desk import ALICE, BOB, EVE, SUPPORT, Desk, number_in
from tests.peers.customer import swaks
from tests.peers.maildir import html_of, text_of

pytestmark = pytest.mark.peers


@dataclass(frozen=True, slots=True)
class Case:
    """A mail of alice's on a new ticket, and how the ticket is afterwards.

    `before` is what she wrote earlier. `customer` are the beginnings of the subjects of what the
    customer gets after the acknowledgement.
    """

    text: str
    then: Mapping[str, Any] = field(default_factory=dict)
    before: str = ""
    customer: tuple[str, ...] = ()


COMMANDS = {
    "note": Case("/note: ask the boss", {"status": "open", "messages": 2}),
    "resolve": Case(
        "/resolve\nIt is done.", {"status": "resolved", "messages": 2}, customer=("✅ Your ticket",)
    ),
    "close": Case("/close", {"status": "closed", "closed_by": "agent", "messages": 1}),
    "assign": Case("/assign bob: he knows", {"status": "in_progress", "assignee": "bob"}),
    "priority": Case("#Priority HIGH", {"status": "new", "priority": "high"}),
    "tag": Case("/tag vip, -late", {"tags": ["vip"]}, before="/tag late"),
    "field": Case(
        "/field order_no=123\n/field serial=",
        {"fields": {"order_no": "123"}},
        before="/field serial=X-1",
    ),
    "ref": Case(
        "/ref shop:4711 shipped\n/ref crm:7",
        {
            "records": [
                {"record": "crm:7", "state": "", "at": ANY},
                {"record": "shop:4711", "state": "shipped", "at": ANY},
            ]
        },
        before="/ref shop:4711 paid",
    ),
    "reopen": Case(
        "/reopen: sorry",
        {"status": "reopened", "reopen_count": 1, "closed_by": None},
        before="/close",
        customer=("🔄 Ticket Reopened",),
    ),
    "wait": Case("/wait", {"status": "waiting_on_customer", "messages": 1}),
    "take": Case("/take", {"status": "in_progress", "assignee": "alice"}),
    "many": Case(
        "/take\n/priority medium\n/tag vip\n/wait\nWhich door?",
        {"status": "waiting_on_customer", "assignee": "alice", "tags": ["vip"], "messages": 2},
        customer=("Re: ",),
    ),
}

# What is wrong with a mail: its text, and words of the explanation.
REFUSED = {
    "misspelt": ("/asign bob\nHello.", "/assign alice"),
    "nobody": ("/assign bop\nHello.", "did you mean bob?"),
    "nonsense": ("/priority hgih\nHello.", "did you mean high?"),
    "no field": ("/field orderno=1\nHello.", "did you mean order_no?"),
    "argued": ("/resolve at once\nHello.", "/resolve: text"),
    "later": ("/article greeting\nHello.", "not available in this version"),
    "impossible": ("/reopen\nHello.", "not possible"),
    "half wrong": ("/priority high\n/close\n/tga vip\nHello.", "/tag vip -late"),
    "empty": ("", "nothing stands above the marked line"),
}
UNTOUCHED = {"status": "new", "priority": "normal", "assignee": None, "tags": [], "messages": 1}


@pytest.fixture(scope="module")
def shared_desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk that any number of tickets can be tried on."""
    return open_desk(values={"desk.fields": ["order_no", "serial"]})


@pytest.fixture(scope="module")
def subjects() -> Mapping[str, Case]:
    """Every mail to be tried, by the subject of its ticket."""
    refused = {f"refused {name}": Case(text, UNTOUCHED) for name, (text, _) in REFUSED.items()}
    return {f"command {name}": case for name, case in COMMANDS.items()} | refused


@pytest.fixture(scope="module")
def tickets(shared_desk: Desk, subjects: Mapping[str, Case]) -> Mapping[str, dict[str, Any]]:
    """Each ticket as it is when every mail has had its effect, by its subject."""
    told = {subject: shared_desk.open(subject)[1] for subject in subjects}
    for subject, case in subjects.items():
        if case.before:
            shared_desk.alice.reply(told[subject], case.before)
    shared_desk.settle()
    for subject, case in subjects.items():
        shared_desk.alice.reply(told[subject], case.text)
    shared_desk.settle()
    return {ticket["subject"]: ticket for ticket in shared_desk.gateway.tickets()}


def gone_to_the_customer(desk: Desk, number: str) -> list[str]:
    """Return the subjects of what a ticket's customer got after the acknowledgement."""
    about = (str(mail["Subject"]) for mail in desk.ann.inbox.mails())
    return [subject for subject in about if number in subject][1:]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_does_what_it_says(name: str, shared_desk: Desk, subjects, tickets) -> None:
    case, ticket = subjects[f"command {name}"], tickets[f"command {name}"]
    assert {key: ticket[key] for key in case.then} == case.then
    gone = gone_to_the_customer(shared_desk, ticket["number"])
    assert [subject[: len(start)] for subject, start in zip(gone, case.customer, strict=True)] == [
        *case.customer
    ]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_command_comes_back_explained_and_does_nothing(
    name: str, shared_desk: Desk, subjects, tickets
) -> None:
    text, explained = REFUSED[name]
    ticket = tickets[f"refused {name}"]
    assert {key: ticket[key] for key in UNTOUCHED} == UNTOUCHED
    assert gone_to_the_customer(shared_desk, ticket["number"]) == []
    subject = f"Not sent: refused {name} [{ticket['number']}]"
    back = shared_desk.alice.inbox.wait_for_subject(subject)
    assert back["Auto-Submitted"] == "auto-generated"
    shown = text_of(back)
    assert explained in shown
    assert all(line in shown for line in text.splitlines()), "what she wrote comes back"


def test_the_one_who_gets_or_loses_a_ticket_is_told_why(desk: Desk, tickets) -> None:
    number = tickets["command assign"]["number"]
    told = desk.bob.inbox.wait(
        lambda mail: mail["Subject"] == f"command assign [{number}]" and mail["Auto-Submitted"]
    )
    assert "he knows" in text_of(told)
    desk.admin.reply(desk.admin.inbox.wait_for_subject(number), "/assign alice: she is back")
    lost = desk.bob.inbox.wait(lambda mail: "she is back" in text_of(mail))
    assert lost["Subject"] == f"command assign [{number}]"
    desk.settle()
    assert desk.show(number)["assignee"] == "alice"


def test_a_corrected_mail_to_the_explanation_goes_through(desk: Desk, tickets) -> None:
    number = tickets["refused misspelt"]["number"]
    back = desk.alice.inbox.wait_for_subject("Not sent: refused misspelt")
    desk.alice.reply(back, "/assign bob\nHello, bob will write to you.")
    answer = desk.ann.inbox.wait(lambda mail: "bob will write to you" in text_of(mail))
    assert answer["Subject"] == f"Re: refused misspelt [{number}]"
    desk.settle()
    ticket = desk.show(number)
    assert (ticket["assignee"], ticket["status"]) == ("bob", "waiting_on_customer")
    refusals = [e["name"] for e in ticket["events"] if e["name"] == "command.refused"]
    assert refusals == [], "a refusal is about the mail, not in the ticket's history"


def test_a_note_never_reaches_the_customer(desk: Desk) -> None:
    number, told = desk.open("Talk behind her back")
    secrets = ["walnut-one", "walnut-two", "walnut-three", "walnut-four"]
    desk.alice.reply(told, f"/take\n/note: {secrets[0]}")
    desk.settle()
    desk.alice.reply(told, f"/note\n{secrets[1]}\n\nmore of {secrets[1]}")
    note_address = next(
        word for word in text_of(told).split() if word.startswith("support+") and "@" in word
    )
    swaks(desk.postfix.port, note_address, ALICE, f"Re: [{number}]", secrets[2])
    noted = desk.admin.inbox.matching(lambda mail: "walnut" in text_of(mail))
    desk.bob.reply(
        desk.bob.inbox.wait_for_subject(number), f"/note: {secrets[3]}\nThis too: {secrets[3]}."
    )
    heard = desk.alice.inbox.wait(lambda mail: secrets[3] in text_of(mail))

    # Answered in public, with the colleague's note in the quote; and all that follows.
    desk.alice.reply(heard, "/resolve\nAll is well.")
    resolved = desk.ann.inbox.wait(lambda mail: "All is well." in text_of(mail))
    desk.ann.reply(resolved, "Nothing is well.")
    reopened = desk.alice.inbox.wait(lambda mail: "Nothing is well." in text_of(mail))
    desk.alice.reply(reopened, "/close\nWe are sorry.")
    desk.ann.inbox.wait(lambda mail: "We are sorry." in text_of(mail))
    desk.settle()
    ticket = desk.show(number)
    notes = " ".join(m["text"] for m in ticket["messages"] if m["kind"] == "note")
    assert [secret in notes for secret in secrets] == [True] * 4
    assert noted == [], "she holds the ticket, so nobody else is told"
    assert desk.heard_by_customers("walnut") == []
    assert [m["text"] for m in ticket["messages"] if m["kind"] == "public"] == [
        *("Please help.", "All is well.", "Nothing is well.", "We are sorry."),
    ]


def test_who_joins_or_takes_over_a_ticket_sees_nothing_that_is_older(desk: Desk) -> None:
    number, told = desk.open("The hedge between us", "Her cedar is too high.")
    desk.alice.reply(told, "We ask about the cedar.")
    desk.ann.inbox.wait(lambda mail: "ask about the cedar" in text_of(mail))
    desk.alice.reply(told, f"/cc {EVE}\nHello both, it is cut.")
    both = desk.eve.inbox.wait(lambda mail: "it is cut" in text_of(mail))
    desk.ann.inbox.wait(lambda mail: "it is cut" in text_of(mail))
    desk.eve.reply(both, "Good that it is.")
    desk.alice.inbox.wait(lambda mail: "Good that it is." in text_of(mail))
    desk.alice.reply(told, f"/requester {EVE}: it is her hedge\nFor Eve alone: juniper.")
    desk.eve.inbox.wait(lambda mail: "juniper" in text_of(mail))
    desk.settle()
    ticket = desk.show(number)
    assert (ticket["requester"], [p["address"] for p in ticket["participants"]]) == (EVE, [EVE])
    assert [mail for mail in desk.eve.inbox.mails() if "cedar" in mail.as_string()] == []
    assert [mail for mail in desk.ann.inbox.mails() if "juniper" in mail.as_string()] == []


def test_an_agent_is_sent_the_tickets_that_they_hold(desk: Desk) -> None:
    number, told = desk.open("For bob alone")
    desk.bob.reply(desk.bob.inbox.wait_for_subject("For bob alone"), "/take\n/list")
    listed = desk.bob.inbox.wait_for_subject("Tickets that you hold")
    address = text_of(listed).partition(f"{number}  For bob alone")[2].partition("Note: ")[2]
    swaks(desk.postfix.port, address.split()[0], BOB, "later", "/priority high")
    desk.settle()
    assert desk.show(number)["priority"] == "high"
    assert len([m for m in desk.alice.inbox.mails() if "you hold at" in str(m["Subject"])]) == 0
    assert told["Subject"] == f"For bob alone [{number}]"


# How programs that write only HTML put an answer above what it answers.
HTML = {
    "gmail": '<div dir="ltr"><div>/take</div><div>It is oak.</div></div><br>'
    '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
    "On Mon, 2 Mar 2026 at 09:00, Bob wrote:<br></div>"
    '<blockquote class="gmail_quote">%s</blockquote></div>',
    "outlook": '<div class="WordSection1"><p class="MsoNormal">/take</p>'
    '<p class="MsoNormal">It is oak.</p>'
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    '<p class="MsoNormal"><b>From:</b> Bob<br><b>Sent:</b> Monday, 2 March 2026 09:00<br>'
    "<b>Subject:</b> Wood</p></div>%s</div>",
    "apple": '<div>/take</div><div>It is oak.</div><div><br><blockquote type="cite">'
    "<div>On 2. Mar 2026, at 09:00, Bob wrote:</div><br><div>%s</div></blockquote></div>",
}


@pytest.mark.parametrize("program", HTML)
def test_an_answer_in_html_goes_out_without_what_it_quotes(desk: Desk, program: str) -> None:
    number, _ = desk.open(f"Wood {program}")
    desk.bob.reply(desk.bob.inbox.wait_for_subject(number), f"/note: walnut, {program}")
    noted = desk.alice.inbox.wait(lambda mail: f"walnut, {program}" in text_of(mail))
    written = EmailMessage(policy=policy.SMTP)
    written["From"], written["Subject"] = f"Alice <{ALICE}>", f"AW: Wood {program} [{number}]"
    written["To"] = str(noted["Reply-To"])
    written.set_content(HTML[program] % html_of(noted), subtype="html")
    to = noted["Reply-To"].addresses[0].addr_spec
    swaks(desk.postfix.port, to, ALICE, raw=written.as_bytes())
    answer = desk.ann.inbox.wait(
        lambda mail: "It is oak." in text_of(mail) and number in mail["Subject"]
    )
    assert "/take" not in text_of(answer)
    for words in ("walnut", "internal note", "support+", "Commands", ALICE):
        assert words not in text_of(answer) + html_of(answer)
    desk.settle()
    assert desk.show(number)["assignee"] == "alice"


def test_the_commands_of_a_customer_are_text(desk: Desk) -> None:
    number, told = desk.open("Orders from outside", "/close\n/priority critical\nNow!")
    assert "/close" in text_of(told)
    desk.ann.write(SUPPORT, f"Re: [{number}]", "/resolve")
    desk.alice.inbox.wait(lambda mail: "/resolve" in text_of(mail).splitlines()[:6])
    ticket = desk.show(number)
    assert (ticket["status"], ticket["priority"]) == ("new", "normal")
    assert [m["text"] for m in ticket["messages"]] == [
        "/close\n/priority critical\nNow!",
        "/resolve",
    ]


def test_a_merged_ticket_goes_on_in_the_other_until_it_stands_alone_again(desk: Desk) -> None:
    target, told_of_target = desk.open("Water everywhere", "The pipe by the larch.", by=desk.eve)
    source, told_of_source = desk.open("Wet feet", "It comes through the wall.")
    acknowledged = desk.ann.inbox.wait_for_subject(source)
    desk.alice.reply(told_of_source, f"/merge {target.lower()}: the same pipe")
    desk.settle()
    desk.ann.reply(acknowledged, "Now it is the ceiling.")
    heard = desk.alice.inbox.wait(lambda mail: "Now it is the ceiling." in text_of(mail))
    assert number_in(heard) == target
    desk.alice.reply(heard, "The maple pipe is shut.")
    desk.eve.inbox.wait(lambda mail: "maple pipe" in text_of(mail))
    desk.alice.reply(told_of_source, "Meant for Ann alone: beechwood.")
    back = desk.alice.inbox.wait(lambda mail: "somebody else would get" in text_of(mail))
    assert "Meant for Ann alone: beechwood." in text_of(back)
    desk.settle()

    one, other = desk.show(source), desk.show(target)
    assert (one["status"], one["closed_by"], one["merged_into"]) == ("closed", "merged", target)
    assert [(m["ticket"], m["text"]) for m in other["messages"]] == [
        (target, "The pipe by the larch."),
        (source, "It comes through the wall."),
        (target, "Now it is the ceiling."),
        (target, "The maple pipe is shut."),
    ]
    assert other["merged"] == [source]
    assert other["participants"] == []
    for words in ("maple", "larch", target):
        mine = [mail for mail in desk.ann.inbox.mails() if words in mail.as_string()]
        assert mine == [], "it is Eve's matter, and none of it goes to Ann"
    assert desk.heard_by_customers("ceiling") == []
    assert desk.heard_by_customers("beechwood") == []

    desk.alice.reply(told_of_source, "/unmerge\n/take\nIt was another pipe after all.")
    answer = desk.ann.inbox.wait(lambda mail: "another pipe after all" in text_of(mail))
    desk.ann.reply(answer, "Thank you, it is dry.")
    desk.alice.inbox.wait(lambda mail: "it is dry" in text_of(mail) and number_in(mail) == source)
    desk.settle()
    alone = desk.show(source)
    assert (alone["assignee"], alone["merged_into"]) == ("alice", None)
    assert desk.show(target)["merged"] == []
    assert [m["ticket"] for m in alone["messages"]] == [source] * 3
    assert told_of_target["Subject"].endswith(f"[{target}]")
