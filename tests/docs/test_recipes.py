"""What the administrators' page says of Postfix is what a real Postfix does with it."""

import re
import smtplib
import tomllib
from pathlib import Path

import pytest

from mailgate.cli.program import SECTIONS
from mailgate.port import open_port
from tests.cli.conftest import Cli
from tests.intake.wire import FakeInbox, listening
from tests.peers.customer import swaks
from tests.peers.places import open_folder
from tests.peers.postfix import Setup
from tests.peers.waiting import wait_until

PAGE = (Path(__file__).parents[2] / "docs" / "administrators.md").read_text()
ANN, SIGNED = "ann@customer.example", "support+tkt-1.abc@desk.example"
MAILBOX_OWNER = "nobody"  # there is no user `mailgate` where the tests run


def block(heading: str) -> str:
    """Return the lines of code that stand below a heading."""
    found = re.search(rf"### {heading}\n.*?```\w*\n(.*?)```", PAGE, re.DOTALL)
    assert found, heading
    return found[1]


def files(heading: str, folder: Path) -> dict[str, str]:
    """Return the files of a recipe by name, with its maps read as text from `folder`."""
    parts = re.split(r"^# /etc/postfix/([\w.]+)\n", block(heading), flags=re.MULTILINE)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return {
        name: text.replace("hash:/etc/postfix", f"texthash:{folder}")
        for name, text in found.items()
    }


@pytest.fixture
def folder():
    """A folder that Postfix can read, and its pipes can write to."""
    with open_folder("recipe") as made:
        made.chmod(0o777)
        yield made


def test_the_lines_for_smtp_relay_the_desks_address_with_every_detail(start_postfix, sink, folder):
    recipe = files("Postfix in front, by SMTP", folder)
    (folder / "desk").write_text(recipe["desk"])
    transport = recipe["transport"].replace("127.0.0.1]:2525", f"127.0.0.1]:{sink.port}")
    (folder / "transport").write_text(transport)
    postfix = start_postfix(Setup(main=recipe["main.cf"]))
    swaks(postfix.port, SIGNED, ANN)
    (mail,) = sink.wait()
    assert mail.recipients == (SIGNED,)
    nobody = swaks(postfix.port, "sales@desk.example", ANN, check=False)
    assert "550 5.1.1" in nobody.stdout


def test_the_lines_for_lmtp_hand_over_to_the_port_that_the_page_names(start_postfix, folder):
    key = re.search(r"`(lmtp_listen = .*?)` in\n`\[inbound\]`", PAGE)
    inbox = FakeInbox()
    host, _, port = tomllib.loads(key[1])["lmtp_listen"].rpartition(":")
    recipe = files("Postfix in front, by LMTP", folder)
    (folder / "desk").write_text(recipe["desk"])
    with listening(
        inbox, lambda address: address == SIGNED, lmtp=open_port(host, 0, "")
    ) as listener:
        assert recipe["transport"].endswith(f"lmtp:inet:{host}:{port}\n")
        transport = recipe["transport"].replace(port, str(listener.lmtp_port))
        (folder / "transport").write_text(transport)
        postfix = start_postfix(Setup(main=recipe["main.cf"]))
        swaks(postfix.port, SIGNED, ANN)
        wait_until(lambda: inbox.mails, postfix.log)
    assert (inbox.mails[0].recipients, inbox.mails[0].road) == ((SIGNED,), "lmtp")


def test_the_lines_for_a_pipe_run_deliver_with_the_envelope(start_postfix, folder):
    recipe = files("Postfix in front, by a pipe", folder)
    for name in ("desk", "transport"):
        (folder / name).write_text(recipe[name])
    program = folder / "mailgate"
    program.write_text(f'#!/bin/sh\ncat >{folder}/mail\nprintf "<%s>" "$@" >>{folder}/words\n')
    program.chmod(0o755)
    master = recipe["master.cf"].replace("user=mailgate", f"user={MAILBOX_OWNER}")
    master = master.replace("/opt/mailgate/bin/mailgate", str(program))
    postfix = start_postfix(Setup(main=recipe["main.cf"], master=master))
    senders = ("", ANN, "/mail/x@evil.example")
    with smtplib.SMTP("127.0.0.1", postfix.port) as client:
        for sender in senders:
            client.sendmail(sender, [SIGNED], "Subject: Printer\r\n\r\nHello.\r\n")
    words = "<deliver><--config></var/lib/mailgate/config.toml><--from={}>" + f"<--to={SIGNED}>"
    wanted = sorted(words.format(sender) for sender in senders)

    def told() -> str:
        written = folder / "words"
        return written.read_text() if written.exists() else ""

    def calls() -> list[str]:
        return sorted(re.findall(r"<deliver>.*?(?=<deliver>|$)", told()))

    wait_until(lambda: calls() == wanted, lambda: f"three calls: {told()}\n{postfix.log()}")
    assert "Return-Path: <" in (folder / "mail").read_text()


def test_the_keys_for_the_postfix_of_this_machine_send_by_it(start_postfix, tmp_path):
    cli = Cli(tmp_path / "desk")
    postfix = start_postfix(Setup(mailboxes=[ANN]))
    delivery = tomllib.loads(block("By the Postfix of this machine"))["delivery"]
    cli.set(
        **{f"delivery__{key}": value for key, value in (delivery | {"port": postfix.port}).items()}
    )
    cli.ok("check", "--send-to", ANN)
    assert postfix.maildir(ANN).wait()["From"] == "Support <support@desk.example>"


def test_every_command_that_the_page_names_is_there():
    names = {name for names in SECTIONS.values() for name in names}
    named = set(re.findall(r"`(?:/opt/mailgate/bin/)?mailgate ([a-z]+)", PAGE))
    assert named <= names
