"""The daily digest: an agent is sent what is theirs, and settles it by one answer."""

from collections.abc import Callable, Mapping
from email.message import EmailMessage

import pytest

from tests.acceptance.desk import Desk
from tests.peers.customer import swaks
from tests.peers.maildir import html_of, text_of

pytestmark = pytest.mark.peers


def answered(digest: EmailMessage, below: Mapping[str, str]) -> str:
    """Return a digest as a mail program quotes it, with a line typed below those of tickets."""
    lines = []
    for line in text_of(digest).splitlines():
        lines.append(f"> {line}".rstrip())
        lines += [typed for number, typed in below.items() if line.startswith(number)]
    return "\n".join(lines)


def test_an_agent_closes_and_hands_on_tickets_by_answering_the_digest(
    open_desk: Callable[..., Desk],
) -> None:
    desk = open_desk()
    desk.introduce_customers()
    for own in desk.gateway.tickets():
        desk.gateway.cli("close", own["number"], "--as", "bob")
    numbers = [desk.open(subject)[0] for subject in ("Printer on fire", "/close everything")]
    for number in numbers:
        desk.gateway.cli("assign", number, "alice", "--as", "bob")
    desk.settle()
    desk.gateway.set({"jobs.digest": "00:00"})
    desk.gateway.restart()
    digest = desk.alice.inbox.wait_for_subject("Your turn")
    desk.settle()
    first, second = numbers
    assert digest["Subject"] == "Your turn: 2 held by you"
    assert digest["Auto-Submitted"] == "auto-generated"
    assert f"{first}  Printer on fire — due in " in text_of(digest)
    assert f"{second}  ╱close everything — due in " in text_of(digest)
    assert all(number in html_of(digest) for number in numbers)
    assert [mail["Subject"] for mail in desk.bob.inbox.mails() if "turn" in mail["Subject"]] == []

    half = answered(digest, {first: "/close: he has a new one", second: "/assign bop"})
    desk.alice.reply(digest, half, quote=False)
    refused = desk.alice.inbox.wait_for_subject("Not done")
    assert "did you mean bob?" in text_of(refused)
    assert {desk.show(number)["status"] for number in numbers} == {"in_progress"}

    right = answered(digest, {first: "/close: he has a new one", second: "/assign bob"})
    desk.alice.reply(digest, right, quote=False)
    done = desk.alice.inbox.wait_for_subject("Done")
    desk.settle()
    assert (desk.show(first)["status"], desk.show(second)["assignee"]) == ("closed", "bob")
    assert f"{second}  /close everything - in progress, Bob" in text_of(done)

    address = digest["Reply-To"].addresses[0].addr_spec
    swaks(desk.postfix.port, address, desk.eve.address, "x", f"{second} /close")
    desk.settle()
    assert desk.show(second)["status"] == "in_progress"
    assert [m for m in desk.eve.inbox.mails() if "done" in m["Subject"].lower()] == []
    desk.gateway.restart()
    desk.settle()
    turns = [m for m in desk.alice.inbox.mails() if str(m["Subject"]).startswith("Your turn")]
    assert len(turns) == 1, "a new start brings no second one"
