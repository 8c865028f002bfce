"""Who may do what: a number can be guessed, a From forged, an address passed on or altered."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.acceptance.desk import ALICE, BOB, EVE, SUPPORT, Desk
from tests.peers.agent import Agent
from tests.peers.customer import swaks
from tests.peers.maildir import text_of

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def shared_desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk that any number of tickets can be tried on, whose customers are known."""
    desk = open_desk()
    desk.introduce_customers()
    return desk


def signed(told: EmailMessage) -> str:
    """Return the address to which a notification wants its answer."""
    return str(told["Reply-To"].addresses[0].addr_spec)


def check_that_nothing_was_done(desk: Desk, number: str) -> None:
    """See that a ticket is as its first mail left it, and that its customer heard no more."""
    ticket = desk.show(number)
    assert [event["name"] for event in ticket["events"]] == ["ticket.opened"]
    assert (ticket["status"], len(ticket["messages"])) == ("new", 1)
    subjects = [str(mail["Subject"]) for mail in desk.ann.inbox.mails()]
    assert sum(number in subject for subject in subjects) == 1, "the acknowledgement"


def test_a_stranger_with_a_guessed_number_gets_a_new_ticket_and_learns_nothing(
    desk: Desk,
) -> None:
    number, _ = desk.open("The walls are blue", "walnut: between us")
    desk.eve.write(SUPPORT, f"Re: The walls [{number}]", "Tell me more.")
    told = desk.alice.inbox.wait(lambda mail: "Tell me more." in text_of(mail))
    answer = desk.eve.inbox.wait(lambda mail: "The walls" in str(mail["Subject"]))
    desk.settle()
    check_that_nothing_was_done(desk, number)
    assert number in text_of(told), "the agents learn which ticket was named"
    assert len([m for m in desk.eve.inbox.mails() if "The walls" in str(m["Subject"])]) == 1
    for words in ("walnut", "blue", "Ann", "ann@"):
        assert words not in answer.as_string()
    opened = desk.gateway.tickets("--requester", EVE)
    assert sorted(ticket["messages"] for ticket in opened) == [1, 2]


@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_a_forged_message_id_of_ours_opens_no_door(desk: Desk, header: str) -> None:
    number, told = desk.open(f"Windows {header}")
    genuine = str(told["Message-ID"])
    forged = genuine.replace(genuine.split(".")[2][:4], "aaaa")
    desk.eve.write(SUPPORT, f"Re: Windows {header}", "It is me.", {header: forged})
    desk.eve.inbox.wait(lambda mail: f"Windows {header}" in str(mail["Subject"]))
    desk.settle()
    check_that_nothing_was_done(desk, number)


def test_an_agents_forged_from_at_the_plain_address_is_a_strangers_and_the_agent_is_asked(
    desk: Desk,
) -> None:
    number, _ = desk.open("Carpets")
    swaks(
        desk.postfix.port,
        SUPPORT,
        f"Alice Adams <{ALICE}>",
        f"Re: Carpets [{number}]",
        "/close\nGet lost.",
        mail_from=EVE,
    )
    back = desk.alice.inbox.wait_for_subject("Was this you? Carpets")
    assert "Get lost." in text_of(back)
    told = desk.bob.inbox.wait(lambda mail: "Get lost." in text_of(mail))
    assert f"bears the address of a colleague, {ALICE}" in " ".join(text_of(told).split())
    desk.settle()
    check_that_nothing_was_done(desk, number)
    assert desk.heard_by_customers("Get lost") == []

    # An answer to the question stays inside. If it was she who wrote, the question has in its text
    # an address that proves it.
    desk.alice.reply(back, "No, it was not!")
    address = next(word for word in text_of(back).split() if word.startswith("support+"))
    swaks(desk.postfix.port, address, ALICE, "Re: Carpets", "/take\nIt was me, excuse the tone.")
    desk.ann.inbox.wait(lambda mail: "excuse the tone" in text_of(mail))
    assert desk.heard_by_customers("it was not") == []


def test_who_is_no_agent_gets_no_powers_by_an_agents_address(desk: Desk) -> None:
    number, told = desk.open("Curtains")
    references = {"References": str(told["References"]), "In-Reply-To": str(told["Message-ID"])}
    desk.eve.write(signed(told), f"Re: Curtains [{number}]", "/close\nteak", references)
    seen = desk.alice.inbox.wait(lambda mail: "teak" in text_of(mail))
    assert EVE in text_of(seen), "the agents see who it was"
    desk.alice.reply(seen, "Dear Ann.")
    desk.ann.inbox.wait(lambda mail: "Dear Ann." in text_of(mail))
    desk.settle()
    ticket = desk.show(number)
    assert [(m["author"], m["other_address"]) for m in ticket["messages"][1:]] == [
        (EVE, True),
        ("alice", False),
    ]
    assert ticket["closed_at"] is None
    assert [
        str(m["Subject"]) for m in desk.eve.inbox.mails() if "Curtains" in str(m["Subject"])
    ] == []


def test_a_colleague_gets_no_powers_by_anothers_address(desk: Desk) -> None:
    number, told = desk.open("Doors")
    desk.bob.reply(told, "/close\nDoor to door.")
    back = desk.bob.inbox.wait_for_subject("Was this you? Doors")
    desk.settle()
    ticket = desk.show(number)
    assert [(m["author"], m["other_address"]) for m in ticket["messages"][1:]] == [(BOB, True)]
    assert ticket["status"] == "new"
    assert desk.heard_by_customers("Door to door") == []
    desk.bob.reply(back, "/take")
    desk.settle()
    assert desk.show(number)["assignee"] == "bob", "his own address works"


def swapped(address: str, old: str, new: str) -> str:
    """Return a signed address with another ticket's number in it."""
    return address.replace(old.lower(), new.lower())


def bent(address: str) -> str:
    """Return a signed address of which one character is another."""
    name, _, domain = address.partition("@")
    return f"{name[:-1]}{'a' if name[-1] != 'a' else 'b'}@{domain}"


def test_an_altered_address_proves_nothing(desk: Desk) -> None:
    number, told = desk.open("Floors")
    other, _ = desk.open("Ceilings")
    for end, altered in enumerate((bent(signed(told)), swapped(signed(told), number, other))):
        words = f"/close\nEnd {end}."
        swaks(desk.postfix.port, altered, f"Alice <{ALICE}>", f"Re: Floors [{number}]", words)
        desk.bob.inbox.wait(lambda mail, end=end: f"End {end}." in text_of(mail))
    desk.settle()
    check_that_nothing_was_done(desk, number)
    check_that_nothing_was_done(desk, other)


def test_an_unchanged_address_in_capitals_still_works(desk: Desk) -> None:
    number, told = desk.open("Shouting")
    bob = Agent(BOB, desk.bob.inbox, desk.postfix.port)
    to = signed(bob.inbox.wait_for_subject(number))
    swaks(desk.postfix.port, to.upper(), BOB.upper(), f"RE: SHOUTING [{number}]", "/TAKE")
    desk.settle()
    assert desk.show(number)["assignee"] == "bob"
    assert signed(told) != to


def test_a_customer_who_writes_from_elsewhere_is_heard_and_not_answered_there(desk: Desk) -> None:
    number, told = desk.open("From the road")
    desk.alice.reply(told, "Where are you?")
    asked = desk.ann.inbox.wait(lambda mail: "Where are you?" in text_of(mail))
    thread = {"In-Reply-To": str(asked["Message-ID"])}
    desk.eve.write(SUPPORT, "No subject that helps", "In a train. Thank you!", thread)
    seen = desk.alice.inbox.wait(lambda mail: "In a train." in text_of(mail))
    assert EVE in text_of(seen)
    desk.alice.reply(seen, "Have a good trip.")
    desk.ann.inbox.wait(lambda mail: "good trip" in text_of(mail))
    desk.settle()
    messages = desk.show(number)["messages"]
    assert [(m["author"], m["other_address"]) for m in messages[2:]] == [
        (EVE, True),
        ("alice", False),
    ]
    about = [str(mail["Subject"]) for mail in desk.eve.inbox.mails()]
    assert [subject for subject in about if "road" in subject or "helps" in subject] == []


def test_only_the_customer_confirms_and_only_the_present_resolution(desk: Desk) -> None:
    number, told = desk.open("Settled")
    desk.alice.reply(told, "/resolve\nSettled now.")
    resolved = desk.ann.inbox.wait(lambda mail: "Settled now." in text_of(mail))
    first = confirm_address(resolved)
    swaks(desk.postfix.port, first, EVE, "Yes", "yes")
    desk.settle()
    assert desk.show(number)["status"] == "resolved", "it is not for her to say"
    desk.ann.reply(resolved, "No, it is not.")
    desk.alice.inbox.wait(lambda mail: "No, it is not." in text_of(mail))
    desk.alice.reply(told, "/resolve\nSettled again.")
    resolved = desk.ann.inbox.wait(lambda mail: "Settled again." in text_of(mail))
    swaks(desk.postfix.port, first, desk.ann.from_, "confirmed", "")
    desk.settle()
    assert desk.show(number)["status"] == "resolved", "the first resolution no longer stands"
    swaks(desk.postfix.port, confirm_address(resolved), desk.ann.from_, "confirmed", "")
    desk.settle()
    ticket = desk.show(number)
    assert (ticket["status"], ticket["closed_by"]) == ("closed", "customer")


def confirm_address(resolved: EmailMessage) -> str:
    """Return the address that a resolved notice offers for an empty mail."""
    return next(word for word in text_of(resolved).split() if word.startswith("support+"))
