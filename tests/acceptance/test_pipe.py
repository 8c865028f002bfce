"""`mailgate deliver` behind a pipe: what it answers is what a mail server understands."""

import shutil
import socketserver
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.acceptance.desk import ANN, SUPPORT
from tests.peers.customer import swaks
from tests.peers.gateway import Gateway
from tests.peers.maildir import text_of
from tests.peers.places import LOOPBACK, free_port, open_folder
from tests.peers.postfix import Setup
from tests.peers.presence import need
from tests.peers.waiting import wait_until

pytestmark = pytest.mark.peers

MAIL = f"From: {ANN}\r\nTo: {SUPPORT}\r\nSubject: By pipe\r\n\r\nHelp.\r\n".encode()

# What is said on the command line, what comes on stdin, and the answer (sysexits.h).
ANSWERS: dict[str, tuple[Sequence[str], bytes, int]] = {
    "stored": (["--from", ANN, SUPPORT], MAIL, 0),
    "an unknown option": (["--form", ANN], MAIL, 64),
    "two files": (["one.eml", "two.eml"], MAIL, 64),
    "no mail": ([], b"\r\n", 65),
    "too large": ([], MAIL + b"x" * 530_000, 65),
    "no such file": (["one.eml"], b"", 66),
    "nobody of ours": (["--to", "sales@desk.example"], MAIL, 67),
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """A desk that takes mails of up to 512 KiB, and is not running."""
    folder = tmp_path_factory.mktemp("pipe") / "desk"
    return Gateway.init(folder, values={"inbound.max_size": "512KiB"})


@pytest.mark.parametrize("case", ANSWERS)
def test_each_outcome_has_the_code_of_sysexits(gateway: Gateway, case: str) -> None:
    words, mail, code = ANSWERS[case]
    done = gateway.cli("deliver", *words, stdin=mail, check=False)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert bool(done.stderr) == (code != 0), "silent when all is well, a sentence otherwise"
    assert "Traceback" not in done.stderr


def test_what_was_stored_by_pipe_is_processed_by_the_next_tick(gateway: Gateway) -> None:
    gateway.cli("deliver", stdin=MAIL.replace(b"By pipe", b"Then tick"))
    gateway.cli("tick")
    assert "Then tick" in [ticket["subject"] for ticket in gateway.tickets()]
    answer = gateway.outgoing().wait(lambda mail: "Thank you for your message" in text_of(mail))
    assert answer["To"].addresses[0].addr_spec == ANN
    assert gateway.verify() == []


@pytest.mark.parametrize("trouble", ["database", "configuration"])
def test_our_own_trouble_puts_the_mail_off_and_bounces_nothing(
    gateway: Gateway, tmp_path: Path, trouble: str
) -> None:
    folder = shutil.copytree(gateway.folder, tmp_path / "desk")
    broken = Gateway(folder / "config.toml", 0, 0)
    if trouble == "database":
        broken.set({"database.url": f"postgresql://nobody@{LOOPBACK}:{free_port()}/none"})
    else:
        broken.set({"desk.adress": "x"})
    done = broken.cli("deliver", stdin=MAIL, check=False)
    assert done.returncode == 75, done.stderr
    assert done.stderr.startswith("Error: ")


# --- Postfix's own pipe -------------------------------------------------------------------------

# Postfix runs no pipe as root, and the user it takes instead may have no right to read a Python
# that lies in somebody's home. So the pipe ends in a few lines of Perl that ask the test to run the
# command, with the same words and the same stdin, and that end as it has ended.
_BRIDGE = """
use IO::Socket::INET;
my $asked = IO::Socket::INET->new(PeerAddr => shift @ARGV) or exit 75;
print $asked join("\\0", @ARGV), "\\n", <STDIN>;
shutdown $asked, 1;
my $code = <$asked>;
print STDERR <$asked>;
exit $code;
"""


class _Asked(socketserver.StreamRequestHandler):
    """Runs `mailgate deliver` for one mail."""

    gateway: Gateway

    def handle(self) -> None:
        words = self.rfile.readline().decode().rstrip("\n").split("\0")
        mail = self.rfile.read()
        done = self.gateway.cli("deliver", *words, stdin=mail, check=False)
        self.wfile.write(f"{done.returncode}\n{done.stderr}".encode())


@pytest.fixture
def pipe(gateway: Gateway, tmp_path: Path) -> Iterator[list[str]]:
    """The command of a pipe that leads to `mailgate deliver`."""
    handler = type("Asked", (_Asked,), {"gateway": gateway})
    with open_folder("pipe") as folder, socketserver.TCPServer((LOOPBACK, 0), handler) as server:
        script = folder / "bridge.pl"
        script.write_text(_BRIDGE)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield [str(need("Perl", "perl")), str(script), f"{LOOPBACK}:{server.server_address[1]}"]
        server.shutdown()
        thread.join()


def test_postfix_takes_our_trouble_for_a_delay_and_a_wrong_address_for_a_bounce(
    gateway: Gateway, pipe: list[str], start_postfix
) -> None:
    words = [*pipe, "--from", "${sender}", "${recipient}"]
    postfix = start_postfix(Setup(pipes={"desk.example": words}, mailboxes=[ANN]))

    gateway.set({"desk.adress": "a slip of the pen"})
    swaks(postfix.port, SUPPORT, ANN, "Piped", "Help.")
    wait_until(lambda: "status=" in postfix.log(), postfix.log)
    assert "status=deferred" in postfix.log()
    gateway.set({"desk.adress": None})
    postfix.flush()
    postfix.wait_until_empty()
    assert "status=sent" in postfix.log()

    swaks(postfix.port, "sales@desk.example", ANN, "Who?", "Help.")
    bounce = postfix.maildir(ANN).wait()
    assert "sales@desk.example is no address of this desk" in " ".join(text_of(bounce).split())
    gateway.cli("tick")
    assert "Piped" in [ticket["subject"] for ticket in gateway.tickets()]
    assert gateway.verify() == []
