"""s-nail and mutt answer a notification the way an agent's mail program does."""

import pytest

from tests.peers.agent import Agent
from tests.peers.customer import swaks
from tests.peers.maildir import text_of
from tests.peers.mutt import MuttAgent
from tests.peers.postfix import Setup

ALICE, DESK, BOB = "alice@agent.example", "support@desk.example", "bob@agent.example"
REPLY_TO = "support+tkt-2026-00042.x7f3abc@desk.example"


@pytest.fixture
def postfix(start_postfix):
    """An instance with the mailboxes of two agents and, in the gateway's place, the desk."""
    return start_postfix(Setup(mailboxes=[ALICE, BOB, REPLY_TO, DESK]))


@pytest.fixture(params=[Agent, MuttAgent])
def alice(postfix, request) -> Agent:
    """An agent with one notification in her mailbox."""
    headers = {
        "Reply-To": REPLY_TO,
        "Message-Id": "<n1@desk.example>",
        "References": "<root@desk.example>",
    }
    swaks(
        postfix.port,
        [ALICE, BOB],
        f"Ann Archer <{DESK}>",
        "Größe [TKT-2026-00042]",
        "Where is\nmy parcel?\n",
        headers,
    )
    alice = request.param(ALICE, postfix.maildir(ALICE), postfix.port, name="Alice Agent")
    alice.inbox.wait()
    return alice


def test_a_reply_goes_to_the_reply_to_threaded_with_the_text_on_top(alice, postfix) -> None:
    alice.reply(alice.inbox.mails()[0], "/resolve\n/note: done\nOn its way.\n~home wörld\n.dot")
    mail = postfix.maildir(REPLY_TO).wait()
    assert mail["To"].addresses[0].addr_spec == REPLY_TO
    assert mail["From"] == f"Alice Agent <{ALICE}>"
    assert mail["Subject"] == "Re: Größe [TKT-2026-00042]"
    assert mail["In-Reply-To"] == "<n1@desk.example>"
    assert mail["References"].split() == ["<root@desk.example>", "<n1@desk.example>"]
    assert mail["Message-ID"].endswith("@agent.example>")
    top, _, below = text_of(mail).partition("\n\n")
    assert top == "/resolve\n/note: done\nOn its way.\n~home wörld\n.dot"
    assert "> Where is\n> my parcel?\n" in below


def test_a_reply_goes_to_the_sender_alone(alice, postfix) -> None:
    alice.reply(alice.inbox.mails()[0], "Hello.", quote=False)
    mail = postfix.maildir(REPLY_TO).wait()
    assert mail["Return-Path"] == f"<{ALICE}>"
    assert mail["Cc"] is None
    assert len(mail["To"].addresses) == 1
    assert text_of(mail).rstrip() == "Hello."


def test_a_reply_to_everybody_copies_the_other_recipients(alice, postfix) -> None:
    alice.reply(alice.inbox.mails()[0], "Hello.", everybody=True)
    copy = postfix.maildir(BOB).wait(lambda mail: mail["In-Reply-To"] is not None)
    assert copy["To"].addresses[0].addr_spec == REPLY_TO
    assert copy["Cc"] == BOB


def test_a_file_can_be_attached_to_a_reply(alice, postfix, tmp_path) -> None:
    form = tmp_path / "form.bin"
    form.write_bytes(bytes(range(256)))
    alice.reply(alice.inbox.mails()[0], "Here.", attach=[form])
    (part,) = postfix.maildir(REPLY_TO).wait().iter_attachments()
    assert part.get_filename() == "form.bin"
    assert part.get_content() == bytes(range(256))


def test_a_forward_carries_the_mail_to_somebody_else(alice, postfix) -> None:
    alice.forward(alice.inbox.mails()[0], DESK, "Please take this.")
    mail = postfix.maildir(DESK).wait()
    assert text_of(mail).rstrip().endswith("Please take this.")
    assert "my parcel?" in text_of(mail)


def test_answering_leaves_the_mailbox_as_it_was(alice) -> None:
    before = alice.inbox.files()
    alice.reply(alice.inbox.mails()[0], "Hello.")
    assert alice.inbox.files() == before
