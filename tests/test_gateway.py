"""What a gateway does before it forks."""

import subprocess
import sys

PROGRAM = """
import sys
from mailgate import gateway
from mailgate.roles import NodeRole

gateway.load([NodeRole.CLOCK, NodeRole.DELIVER])
print("mailgate.delivery.worker" in sys.modules, "mailgate.web.server" in sys.modules)
gateway.load(NodeRole)
before = set(sys.modules)
from mailgate.app import App, clockwork, reading, ways_in, ways_out
from mailgate.intake.worker import Worker
from mailgate.web.health import canary_note, create_app
from mailgate.web.metrics import Metrics, sample
from mailgate.web.server import Server
from mailgate.web.stored import look
from mailgate.web.watch import Watch
print(*sorted(set(sys.modules) - before))
"""


def test_what_the_roles_need_is_loaded_before_the_fork_and_nothing_else():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == ["True False", ""]
