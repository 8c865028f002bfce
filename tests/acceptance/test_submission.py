"""Agents whose mail program hands its mail to the gateway: who may, and what becomes of it."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mailgate.passwords import hashed
from tests.acceptance.desk import ALICE, ANN, BOB, EVE, SUPPORT, Desk, number_in
from tests.peers import certificate
from tests.peers.customer import swaks
from tests.peers.maildir import html_of, text_of
from tests.peers.places import free_port

pytestmark = pytest.mark.peers

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def shared_desk(open_desk: Callable[..., Desk], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk with a submission port, at which alice and bob can log in."""
    made = certificate.make(tmp_path_factory.mktemp("tls"))
    agents = [
        {"name": "alice", "address": ALICE, "password_hash": hashed(PASSWORD)},
        {"name": "bob", "address": BOB, "password_hash": hashed("battery staple")},
    ]
    values = {
        "agent": agents,
        "inbound.tls_cert": str(made.chain),
        "inbound.tls_key": str(made.key),
        "submission.listen": f"127.0.0.1:{free_port()}",
    }
    return open_desk(values=values)


def port_of(desk: Desk) -> int:
    return int(desk.gateway.setting("submission.listen").rpartition(":")[2])


def submit(
    desk: Desk,
    to: str | list[str],
    subject: str,
    text: str,
    headers: Mapping[str, str] | None = None,
    *,
    from_: str = f"Alice Adams <{ALICE}>",
    user: str | None = "alice",
    password: str = PASSWORD,
    options: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Hand in a mail as a mail program does, and return what was said."""
    login: tuple[str, ...] = ("--tls",)
    if user is not None:
        login += ("--auth", "PLAIN,LOGIN", "--auth-user", user, "--auth-password", password)
    return swaks(
        port_of(desk), to, from_, subject, text, headers, options=(*login, *options), check=False
    )


def thread_of(mail: Any) -> dict[str, str]:
    return {"In-Reply-To": str(mail["Message-ID"]), "References": str(mail["Message-ID"])}


def heard(desk: Desk, words: str) -> Any:
    """Return the mail to Ann in which some words stand."""
    return desk.ann.inbox.wait(lambda mail: words in text_of(mail))


def test_an_answer_to_the_customer_leaves_as_the_desks(desk: Desk) -> None:
    number, _ = desk.open("Dark lamp")
    asked = {"In-Reply-To": "<lamp@customer.example>", "References": "<lamp@customer.example>"}
    mid = {"Message-Id": "<laptop-1@agent.example>"}
    done = submit(
        desk, ANN, f"Re: Dark lamp [{number}]", "/take\n/tag lamp\nTry a bulb.", asked | mid
    )
    assert done.returncode == 0, done.stdout
    answer = heard(desk, "Try a bulb.")
    assert answer["From"].addresses[0].addr_spec == SUPPORT
    assert answer["Subject"] == f"Re: Dark lamp [{number}]"
    first = next(m for m in desk.ann.inbox.mails() if number in str(m["Subject"]))
    assert answer["References"].split()[0] == first["References"].split()[0], "Ann's thread"
    assert answer["Message-ID"] == "<laptop-1@agent.example>"
    del answer["Message-ID"]
    for hidden in ("agent.example", "/take", "/tag", "laptop"):
        assert hidden not in answer.as_string() + text_of(answer) + html_of(answer)
    answer["Message-ID"] = "<laptop-1@agent.example>"
    desk.settle()
    ticket = desk.show(number)
    assert (ticket["status"], ticket["assignee"], ticket["tags"]) == (
        *("waiting_on_customer", "alice", ["lamp"]),
    )
    desk.ann.reply(answer, "It shines.")
    desk.alice.inbox.wait(lambda mail: "It shines." in text_of(mail))
    desk.settle()
    assert [m["text"] for m in desk.show(number)["messages"]][1:] == ["Try a bulb.", "It shines."]


def test_an_answer_to_the_notice_is_one_to_the_customer(desk: Desk) -> None:
    number, told = desk.open("Loose door")
    to = str(told["Reply-To"].addresses[0].addr_spec)
    assert submit(desk, to, "Re: Loose door", "Push it.", thread_of(told)).returncode == 0
    assert heard(desk, "Push it.")["From"].addresses[0].addr_spec == SUPPORT
    desk.settle()
    assert desk.show(number)["messages"][-1]["author"] == "alice"


def test_an_answer_in_html_reaches_the_customer_so_and_without_its_command(
    desk: Desk, tmp_path: Path
) -> None:
    number, _ = desk.open("Blue wall")
    own = "<wall-1@laptop.example>"
    raw = (
        f"From: {ALICE}\r\nTo: {ANN}\r\nSubject: Re: [{number}]\r\nMIME-Version: 1.0\r\n"
        f"Message-ID: {own}\r\n"
        'Content-Type: multipart/alternative; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\n/priority high\r\nPaint it.\r\n"
        "--x\r\nContent-Type: text/html\r\n\r\n"
        "<div>/priority high</div><p>Paint <b>it</b>.</p><blockquote>walnut</blockquote>\r\n"
        "--x--\r\n"
    ).encode()
    login = ("--tls", "--auth", "LOGIN", "--auth-user", ALICE, "--auth-password", PASSWORD)
    swaks(port_of(desk), ANN, ALICE, raw=raw, options=login)
    answer = heard(desk, "Paint it.")
    for hidden in ("/priority", "walnut"):
        assert hidden not in answer.as_string() + text_of(answer) + html_of(answer)
    assert "Paint <b>it</b>." in html_of(answer)
    assert answer["Message-ID"] == own
    desk.settle()
    assert desk.show(number)["priority"] == "high"
    desk.ann.reply(answer, "It is blue again.")
    desk.settle()
    assert desk.show(number)["messages"][-1]["text"] == "It is blue again."
    login_and_raw = {"options": login, "check": False}
    done = swaks(
        port_of(desk), ANN, ALICE, raw=raw.replace(b"/priority high\r\n", b""), **login_and_raw
    )
    assert "550 5.7.0 its text and the HTML beside it do not hold the same" in done.stdout


def test_a_wrong_command_stays_in_the_mail_program(desk: Desk) -> None:
    number, _ = desk.open("Cold room")
    desk.settle()
    before = len(desk.gateway.log_lines("mail.accepted")), len(desk.alice.inbox.mails())
    done = submit(desk, ANN, f"[{number}]", "/asign bob\nHeat it.")
    assert done.returncode != 0
    assert "550 5.7.0 /asign bob: there is no command /asign; right: /assign alice" in done.stdout
    done = submit(desk, ANN, f"[{number}]", "/assign bop\nHeat it.")
    assert "did you mean bob?" in done.stdout
    done = submit(desk, [ANN, EVE], f"[{number}]", "Heat it.")
    assert f"550 5.7.0 {EVE} takes no part in {number}" in done.stdout
    desk.settle()
    after = len(desk.gateway.log_lines("mail.accepted")), len(desk.alice.inbox.mails())
    assert after == before
    assert (desk.show(number)["status"], len(desk.show(number)["messages"])) == ("new", 1)


def test_a_note_stays_inside(desk: Desk) -> None:
    number, told = desk.open("Steep stairs")
    assert submit(desk, ANN, f"[{number}]", "/note\nwalnut, he shouts.").returncode == 0
    assert submit(desk, SUPPORT, "Re: stairs", "walnut too.", thread_of(told)).returncode == 0
    desk.settle()
    kinds = [message["kind"] for message in desk.show(number)["messages"]]
    assert kinds == ["public", "note", "note"]
    assert desk.heard_by_customers("walnut") == []


def test_a_first_mail_opens_a_ticket_whose_answer_comes_to_the_desk(desk: Desk) -> None:
    assert submit(desk, EVE, "Your order", "It has come.").returncode == 0
    got = desk.eve.inbox.wait(lambda mail: "It has come." in text_of(mail))
    number = number_in(got)
    assert got["From"].addresses[0].addr_spec == SUPPORT
    assert got["Subject"] == f"Your order [{number}]"  # it answers nothing
    desk.eve.reply(got, "I fetch it.")
    desk.settle()
    ticket = desk.show(number)
    assert (ticket["requester"], len(ticket["messages"])) == (EVE, 2)
    assert ticket["assignee"] == "alice"  # who wrote first is told of the answer
    assert desk.alice.inbox.wait(lambda mail: "I fetch it." in text_of(mail))


# --- who must not ---------------------------------------------------------------------------------


def test_nobody_relays_without_a_login(desk: Desk) -> None:
    done = submit(desk, EVE, "Cheap watches", "Buy!", user=None, from_="spam@x.example")
    assert "530 5.7.0 Log in first" in done.stdout
    for user, password in (("alice", "guess"), ("eve", "guess"), ("bob", PASSWORD)):
        assert "535 5.7.8" in submit(desk, EVE, "x", "x", user=user, password=password).stdout
    desk.settle()
    assert desk.eve.inbox.matching(lambda mail: "watches" in str(mail["Subject"])) == []
    assert desk.gateway.log_lines("login.failed")
    assert PASSWORD not in desk.gateway.log()


def test_a_login_gives_no_powers_of_somebody_elses(desk: Desk) -> None:
    number, _ = desk.open("Old roof")
    to_bob = desk.bob.inbox.wait_for_subject("Old roof")
    done = submit(desk, ANN, f"[{number}]", "/take\nNew tiles.", from_=BOB)
    assert f"550 5.7.0 its From must be {ALICE}" in done.stdout
    address = str(to_bob["Reply-To"].addresses[0].addr_spec)
    done = submit(desk, address, "Re: Old roof", "/take\nNew tiles.", {"Sender": BOB})
    assert done.returncode == 0
    desk.settle()
    ticket = desk.show(number)
    assert (ticket["assignee"], ticket["messages"][-1]["author"]) == ("alice", "alice")


def test_what_arrives_at_the_other_port_needs_more_than_a_from(desk: Desk) -> None:
    number, told = desk.open("Wet cellar")
    headers = {**thread_of(told), "X-Mailgate-Login": "alice", "Received": "by x with ESMTPSA"}
    swaks(desk.gateway.smtp_port, SUPPORT, ALICE, f"[{number}]", "/close\nPump.", headers)
    desk.settle()
    assert desk.show(number)["status"] == "new"
    assert desk.heard_by_customers("Pump.") == []
