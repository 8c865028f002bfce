"""What the system calls of a running gateway tell: the fsync comes before the 250."""

import re
import subprocess

from tests.intake.wire import DESK, MAIL, Wire
from tests.peers.gateway import Gateway
from tests.peers.presence import missing, need
from tests.peers.waiting import wait_until

CALLS = "trace=recvfrom,read,sendto,write,pwrite64,fsync,fdatasync"
PAGE = "8192"  # octets of what is written at once that are to be seen


def test_between_the_last_octet_of_a_mail_and_its_250_the_database_is_on_the_disk(tmp_path):
    strace = need("strace", "strace")
    gateway = Gateway.init(tmp_path / "desk", address=DESK, values={"node.workers": 0}).start()
    trace = tmp_path / "trace"
    command = [strace, "-f", "-y", "-s", PAGE, "-e", CALLS, "-o", trace, "-p", str(gateway.pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    said = tracer.stderr.readline()
    if "attached" not in said:
        gateway.stop()
        missing("strace", f"may not trace here: {said.strip()}")
    wire = Wire(gateway.smtp_port).hello()
    answers = [wire.mail(b"X-Number: %d\r\n" % number + MAIL + b".\r\n")[:9] for number in range(3)]
    wire.close()
    assert answers == ["250 2.0.0"] * 3
    wait_until(lambda: trace.read_text().count("250 2.0.0 Stored as") == 3, "the trace")
    tracer.terminate()
    tracer.wait()
    tracer.stderr.close()
    assert gateway.stop() == 0
    lines = trace.read_text().splitlines()
    for number in range(3):
        came = index(lines, rf"(recvfrom|read).*X-Number: {number}\\r\\n.*\\r\\n\.\\r\\n")
        said = index(lines, r"(sendto|write).*250 2\.0\.0 Stored as", came)
        kept = index(lines, rf"pwrite64\(\d+<[^>]*mailgate\.db-wal>.*X-Number: {number}\\r", came)
        thread = lines[kept].split()[0]
        synced = index(lines, rf"^{thread} .*f(data)?sync.*= 0$", kept)
        assert came < kept < synced < said, "\n".join(lines[came : said + 1])


def index(lines, pattern, after=0):
    """Return the place of the first line from `after` on in which a pattern is found."""
    found = [at for at, line in enumerate(lines) if at >= after and re.search(pattern, line)]
    assert found, f"{pattern} in {lines[after:]}"
    return found[0]
