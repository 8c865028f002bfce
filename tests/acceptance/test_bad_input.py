"""Whatever comes in: a clear answer, nothing lost, and the next mail goes through."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.desk import ANN, SUPPORT, Desk
from tests.peers.customer import swaks
from tests.peers.gateway import Gateway
from tests.peers.maildir import Maildir, text_of
from tests.peers.places import open_folder
from tests.peers.postfix import Setup
from tests.peers.presence import missing, need_root

pytestmark = pytest.mark.peers

MOST = 1024 * 1024


@pytest.fixture(scope="module")
def shared_desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk that takes mails of up to a mebibyte."""
    desk = open_desk(values={"inbound.max_size": "1MiB"})
    desk.introduce_customers()
    return desk


def check_that_the_next_mail_goes_through(desk: Desk, subject: str) -> None:
    """See that a mail of another customer is acknowledged, and nothing is parked."""
    desk.eve.write(SUPPORT, f"after {subject}", "And now?")
    desk.eve.inbox.wait_for_subject(f"after {subject}")
    assert desk.gateway.log_lines("mail.parked") == []
    assert desk.gateway.log_lines("mail.failed") == []


# --- refused, with a reason ---------------------------------------------------------------------


def test_an_unknown_recipient_is_refused_and_the_sender_hears_it(desk: Desk) -> None:
    straight = swaks(desk.gateway.smtp_port, "sales@desk.example", ANN, "Hi", check=False)
    assert "550 5.1.1 No such address here" in straight.stdout
    swaks(desk.postfix.port, "sales@desk.example", ANN, "Hi")
    bounce = desk.ann.inbox.wait(lambda mail: mail.get_content_type() == "multipart/report")
    assert "550 5.1.1 No such address here" in " ".join(text_of(bounce).split())
    check_that_the_next_mail_goes_through(desk, "nobody")


def test_an_oversized_mail_is_refused_and_the_sender_hears_it(desk: Desk) -> None:
    line = "x" * 70 + "\n"  # 72 octets on the wire
    large = line * (MOST // 72 + 1)
    straight = swaks(desk.gateway.smtp_port, SUPPORT, ANN, "Large", large, check=False)
    assert "552 5.3.4 The mail is larger than the limit" in straight.stdout
    swaks(desk.postfix.port, SUPPORT, ANN, "Large", large)
    bounce = desk.ann.inbox.wait(lambda mail: "size limit" in text_of(mail))
    assert bounce.get_content_type() == "multipart/report"
    swaks(desk.postfix.port, SUPPORT, ANN, "Just right", line * ((MOST - 4096) // 72))
    desk.ann.inbox.wait_for_subject("Re: Just right [")
    check_that_the_next_mail_goes_through(desk, "size")


# --- odd, and taken -----------------------------------------------------------------------------


def raw(body: str | bytes = "Please help.\n", **headers: str | None) -> bytes:
    """Return a mail as bytes; a header given as None is left out."""
    subject = headers.pop("Subject", "Odd")
    fields = {"From": f"Ann <{ANN}>", "To": SUPPORT, "Subject": subject}
    fields |= {"Message-ID": f"<{abs(hash(subject))}@customer.example>"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)
    content = body.encode() if isinstance(body, str) else body
    return (head.encode() + b"\n" + content).replace(b"\n", b"\r\n")


def nested(depth: int) -> str:
    """Return multiparts in multiparts, with a text in the innermost."""
    opened = "".join(
        f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(depth)
    )
    closed = "".join(f"--b{n}--\n" for n in reversed(range(depth + 1)))
    return f"{opened}--b{depth}\nContent-Type: text/plain\n\nDeep down.\n{closed}"


MIXED = "multipart/mixed; boundary=b0"
SMUGGLED = "=?utf-8?q?Broken=0D=0ABcc:_eve@elsewhere.example=0D=0A=0D=0ALine?="


# Subject: the mail, and what the agents must be able to read of it.
ODD: dict[str, tuple[bytes, str]] = {
    "no id": (raw(Subject="no id", Message_ID=None), "Please help."),
    "no date": (raw(Subject="no date", Date="yesterday, I think"), "Please help."),
    "no such charset": (
        raw(
            "Gr\xfc\xdfe\n".encode("latin-1"),
            Subject="no such charset",
            Content_Type="text/plain; charset=nope-7",
        ),
        "Grüße",
    ),
    "no end": (raw("--b0\n\nNo end.\n", Subject="no end", Content_Type=MIXED), "No end."),
    "2,000 parts": (raw(nested(2000), Subject="2,000 parts", Content_Type=MIXED), "2,000 parts"),
    "control": (raw("a\x00b\x1b[2Jc\n", Subject="control"), "b[2Jc"),
    "Broken": (raw(Subject=SMUGGLED), "Please help."),
}


@pytest.mark.parametrize("subject", ODD)
def test_an_odd_mail_becomes_a_ticket_and_is_answered(desk: Desk, subject: str) -> None:
    mail, shown = ODD[subject]
    swaks(desk.postfix.port, SUPPORT, ANN, raw=mail)
    answer = desk.ann.inbox.wait_for_subject(f"Re: {subject}")
    told = desk.alice.inbox.wait_for_subject(subject)
    assert shown in text_of(told)
    assert answer["Bcc"] is None
    assert len(answer.get_all("To")) == 1
    check_that_the_next_mail_goes_through(desk, subject)


@pytest.mark.parametrize(
    ("subject", "from_"),
    [
        ("no author", None),
        ("an empty author", ""),
        ("an author in words", "no address at all"),
        ("two authors", f"{ANN}, eve@elsewhere.example"),
    ],
)
def test_a_mail_without_one_author_is_kept_and_not_answered(
    desk: Desk, subject: str, from_: str | None
) -> None:
    before = len(desk.ann.inbox.files())
    swaks(desk.postfix.port, SUPPORT, ANN, raw=raw(Subject=subject, From=from_))
    assert "Please help." in text_of(desk.alice.inbox.wait_for_subject(subject))
    check_that_the_next_mail_goes_through(desk, subject)
    desk.settle()
    assert len(desk.ann.inbox.files()) == before


# --- a full disk --------------------------------------------------------------------------------


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 6 MiB of its own."""
    need_root("a small file system")
    with open_folder("disk") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            missing("a small file system", done.stderr.strip())
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_mail_is_put_off_and_goes_through_once_there_is_room(
    small_disk: Path, start_postfix
) -> None:
    gateway = Gateway.init(small_disk / "desk", values={"inbound.free_disk": "1B"})
    gateway.start()
    postfix = start_postfix(Setup(relays={"desk.example": gateway.smtp_port}))
    swaks(postfix.port, SUPPORT, ANN, "before", "Room enough.")
    gateway.wait_for_log("notice.sent", count=3)

    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    refused = swaks(gateway.smtp_port, SUPPORT, ANN, "straight", "y" * 300_000, check=False)
    assert "452 4.3.1" in refused.stdout
    assert "disk" not in refused.stdout, "what is wrong with us is nobody's business"
    gateway.wait_for_log("mail.refused")
    swaks(postfix.port, SUPPORT, ANN, "queued", "z" * 300_000)
    gateway.wait_for_log("mail.refused", count=2)
    assert len(postfix.queue()) == 1
    assert gateway.running

    ballast.unlink()
    postfix.wait_until_empty()
    gateway.wait_for_log("mail.opened", count=2)
    assert {ticket["subject"] for ticket in gateway.tickets()} == {"before", "queued"}
    sent = Maildir(small_disk / "desk" / "outgoing")
    sent.wait(lambda mail: "[TKT-2026-00002]" in str(mail["Subject"]))
    assert gateway.stop() == 0
    assert gateway.verify() == []
