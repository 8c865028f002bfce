"""The shared mailbox, watched by the program beside the ways in."""

import imaplib
import json
import socket
from contextlib import contextmanager
from itertools import count

import pytest

from tests.acceptance import inside
from tests.peers.dovecot import PASSWORD
from tests.peers.pymap import USER
from tests.peers.waiting import wait_until

_users = count(1)
MAIL = (
    "From: Carol <carol@customer.example>\r\nTo: support@desk.example\r\nSubject: Printer {n}\r\n"
    "Message-ID: <m{n}@customer.example>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\n"
    "It is on fire, the {n}th.\r\n"
)
ANSWER = (
    "From: Alice <support@desk.example>\r\nTo: carol@customer.example\r\n"
    "Subject: Re: Printer 2\r\nIn-Reply-To: <m2@customer.example>\r\n"
    "Message-ID: <a@desk.example>\r\n\r\nTry water.\r\n"
)
REPLY = (
    "From: Carol <carol@customer.example>\r\nTo: support@desk.example\r\n"
    "Subject: Re: Printer 1\r\nIn-Reply-To: <m1@customer.example>\r\n"
    "Message-ID: <r1@customer.example>\r\n\r\nIt still burns.\r\n"
)


@pytest.fixture
def user(dovecot):
    return f"shared{next(_users)}"


def put(dovecot, user, *raws, folder="INBOX"):
    link = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
    link.login(user, PASSWORD)
    for raw in raws:
        assert link.append(folder, None, None, raw.encode())[0] == "OK"
    link.logout()


@contextmanager
def agent(dovecot, user):
    link = imaplib.IMAP4("127.0.0.1", dovecot.imap_port)
    link.login(user, PASSWORD)
    yield link
    link.logout()


def found(link, folder, subject):
    """Return the UIDs of the mails in a folder whose subject holds a text."""
    link.select(folder)
    return link.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0].split()


def told(gateway):
    return {ticket["subject"]: ticket["status"] for ticket in gateway.json("tickets")}


def watching(start_gateway, dovecot, user, **more):
    """Return a gateway that watches a user of this server, whichever it is."""
    gateway = start_gateway()
    secret = gateway.folder / "mailbox.password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    values = {
        "name": "support",
        "host": "127.0.0.1",
        "port": dovecot.imap_port,
        "tls": "off",
        "user": user,
        "password_file": "mailbox.password",
    } | more
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    with gateway.config.open("a") as file:
        file.write("\n[[mailbox]]\n" + "\n".join(lines) + "\n")
    return gateway


def test_mails_are_taken_once_however_often_the_gateway_is_killed(start_gateway, dovecot, user):
    gateway = watching(start_gateway, dovecot, user, every="1s").start(patience=60)
    gateway.wait_for_log("mailbox.watched", patience=60)
    for n in range(2):
        put(dovecot, user, *(MAIL.format(n=10 * n + i) for i in range(10)))
        gateway.wait_for_log("mailbox.taken", count=n + 1)
        gateway.kill()
        inside.let_claims_lapse(gateway.config)
        put(dovecot, user, MAIL.format(n=100 + n))
        gateway.start(patience=60)
    wait_until(lambda: len(gateway.json("tickets")) == 22, "22 tickets")
    subjects = [ticket["subject"] for ticket in gateway.json("tickets")]
    assert len(set(subjects)) == 22


def test_one_whose_server_says_nothing_keeps_no_other_from_being_watched(
    start_gateway, dovecot, user
):
    gateway = watching(start_gateway, dovecot, user, every="1s")
    before, own = gateway.config.read_text().split("\n[[mailbox]]")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        other = own.replace(f"port = {dovecot.imap_port}", f"port = {mute.getsockname()[1]}")
        other = other.replace('"support"', '"mute"').replace(f'"{user}"', '"other"')
        gateway.config.write_text(f"{before}\n[[mailbox]]{other}\n[[mailbox]]{own}")
        gateway.start(patience=60)
        gateway.wait_for_log("mailbox.watched mailbox=support", patience=60)
        put(dovecot, user, MAIL.format(n=1))
        wait_until(lambda: told(gateway) == {"Printer 1": "new"}, lambda: str(told(gateway)))
        assert gateway.log_lines("mailbox.watched mailbox=mute") == []
        gateway.kill()


def test_an_answer_that_is_sent_from_the_mailbox_is_the_desks(start_gateway, dovecot, user):
    put(dovecot, user, MAIL.format(n=1))
    gateway = watching(start_gateway, dovecot, user, every="1s").start(patience=60)
    gateway.wait_for_log("mailbox.watched", patience=60)
    put(dovecot, user, MAIL.format(n=2))
    gateway.wait_for_log("mail.opened")
    put(dovecot, user, ANSWER, folder="Sent")
    waiting = ["waiting_on_customer"]
    wait_until(lambda: [t["status"] for t in gateway.json("tickets")] == waiting, "the answer")
    (ticket,) = gateway.json("tickets")  # what lay there before is history
    assert ticket["subject"] == "Printer 2"
    said = [f for f in gateway.json("check") if f["check"] == "mailbox"]
    assert {each["state"] for each in said} == {"ok"}
    assert any("Sent (as the server marks it)" in each["says"] for each in said)


def test_moving_a_mail_moves_its_ticket_and_all_its_mails(start_gateway, dovecot, user):
    gateway = watching(start_gateway, dovecot, user, every="1s")
    with gateway.config.open("a") as file:
        file.write('\n[mailbox.board]\non = true\nsettle = "1s"\nevery = "1s"\n')
    gateway.start(patience=60)
    gateway.wait_for_log("mailbox.watched", patience=60)
    moves_and_answers(gateway, dovecot, user)
    gateway.stop()


def test_a_server_of_another_make_that_counts_no_changes_does_as_well(start_gateway, pymap):
    with agent(pymap, USER) as link:
        link.create("Sent")
    gateway = watching(start_gateway, pymap, USER, every="1s")
    with gateway.config.open("a") as file:
        file.write('\n[mailbox.board]\non = true\nsettle = "1s"\nevery = "1s"\n')
    gateway.start(patience=60)
    gateway.wait_for_log("mailbox.watched", patience=60)
    moves_and_answers(gateway, pymap, USER)
    with agent(pymap, USER) as link:
        assert b"CONDSTORE" not in link.capability()[1][0]
        assert link.append("Sent", None, None, ANSWER.encode())[0] == "OK"
    states = {"Printer 1": "open", "Printer 2": "waiting_on_customer"}
    wait_until(lambda: told(gateway) == states, "the answer")

    def there():
        with agent(pymap, USER) as link:
            return len(found(link, '"Tickets/Waiting for customer"', "Printer 2")) == 1

    wait_until(there, "what was answered among what waits")
    gateway.stop()


def moves_and_answers(gateway, dovecot, user):
    """An agent has one of two tickets wait, and its customer writes again."""
    put(dovecot, user, MAIL.format(n=1), MAIL.format(n=2))
    wait_until(lambda: len(gateway.json("tickets")) == 2, "2 tickets")
    with agent(dovecot, user) as link:
        (first,) = found(link, "INBOX", "Printer 1")
        assert link.uid("MOVE", first, '"Tickets/Waiting for customer"')[0] == "OK"
    states = {"Printer 1": "waiting_on_customer", "Printer 2": "new"}
    wait_until(lambda: told(gateway) == states, "the ticket to wait")
    put(dovecot, user, REPLY)
    wait_until(lambda: told(gateway)["Printer 1"] == "open", "the customer's answer")

    def back():
        with agent(dovecot, user) as link:
            return len(found(link, "INBOX", "Printer 1")) == 2

    wait_until(back, "both mails in the INBOX")


def test_what_the_gateway_has_sent_is_filed_once_however_often_it_is_killed(
    start_gateway, dovecot, user
):
    gateway = watching(start_gateway, dovecot, user, every="1s", file_answers=True)
    gateway.start(patience=60).wait_for_log("mailbox.watched", patience=60)
    put(dovecot, user, *(MAIL.format(n=n) for n in range(1, 4)))
    wait_until(lambda: len(gateway.json("tickets")) == 3, "3 tickets")
    for ticket in gateway.json("tickets"):
        gateway.cli("reply", ticket["number"], "--as", "alice", "--text", "Try water.")
    gateway.wait_for_log("mailbox.filed", patience=60)  # which is said before it is written down
    gateway.kill()
    inside.let_claims_lapse(gateway.config)
    gateway.start(patience=60)
    wait_until(lambda: not inside.to_be_filed(gateway.config), "the answers to be filed", 120)
    with agent(dovecot, user) as link:
        link.select("Sent")
        (uids,) = link.uid("SEARCH", "SEEN", "SUBJECT", "Printer")[1]
        assert len(uids.split()) == 3
    assert {ticket["status"] for ticket in gateway.json("tickets")} == {"waiting_on_customer"}
    said = [len(gateway.show(t["number"])["messages"]) for t in gateway.json("tickets")]
    assert said == [2, 2, 2]


def test_an_answer_is_begun_and_who_goes_on_with_one_of_their_own_is_seen(
    start_gateway, dovecot, user
):
    gateway = watching(start_gateway, dovecot, user, every="1s", prepared_replies=True)
    gateway.start(patience=60).wait_for_log("mailbox.watched", patience=60)

    def begun():
        with agent(dovecot, user) as link:
            return len(found(link, "Drafts", "Re: Printer 2 ["))

    put(dovecot, user, MAIL.format(n=2))
    wait_until(lambda: begun() == 1, "a draft")
    (ticket,) = gateway.json("tickets")
    assert gateway.show(ticket["number"])["answering"] == []
    put(dovecot, user, ANSWER.replace("Message-ID: <a@desk.example>\r\n", ""), folder="Drafts")
    wait_until(lambda: gateway.show(ticket["number"])["answering"], "somebody who answers")
    put(dovecot, user, ANSWER, folder="Sent")
    wait_until(lambda: begun() == 0, "the draft to go")
    with agent(dovecot, user) as link:
        assert len(found(link, "Drafts", "Re: Printer 2")) == 1, "the agent's own stays"
