"""What a gateway does before it forks, and where it does not fork."""

import subprocess
import sys

import pytest

from mailgate import config, gateway, setup
from mailgate.app import App
from mailgate.errors import MailgateError, Permanent, Refused, Temporary
from mailgate.stopping import Stop
from mailgate.store import revision
from tests.peers import settings
from tests.store.later import one_more

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


class Part:
    """A part of a gateway whose thread ends by itself after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.stopped = False

    def start(self) -> None:
        pass

    @property
    def alive(self) -> bool:
        self.looks -= 1
        return self.looks >= 0

    def stop(self) -> None:
        self.stopped = True


def test_a_gateway_of_one_process_ends_when_a_part_of_it_has(tmp_path, monkeypatch, capsys):
    path = setup.write(tmp_path, "support@desk.example", {}, [], None, 0, 0)
    settings.change(path, {"node.workers": 0, "node.roles": ["clock"]})
    app = App(config.load(path, {}), {})
    app.scheduler = Part(3)
    monkeypatch.setattr(gateway, "BEAT", 0.01)
    said = []

    with pytest.raises(Temporary, match="a part of the gateway has ended"):
        gateway.Gateway(app).serve(gateway.Ports(), lambda: said.append("ready"), Stop(print))

    assert said == ["ready"]
    assert app.scheduler.stopped
    assert "process.failed" in capsys.readouterr().err


def test_a_broken_template_of_the_desks_own_is_refused_before_mail_is_taken(tmp_path):
    path = setup.write(tmp_path, "support@desk.example", {}, [], None, 0, 0)
    settings.change(path, {"node.roles": ["clock"]})
    own = tmp_path / "templates" / "en" / "received.txt.j2"
    own.parent.mkdir(parents=True)
    own.write_text("Hello {{ recipient.nick }}\n")

    with pytest.raises(Refused, match=r"a template is broken: .*received\.txt\.j2"):
        gateway.Gateway(App(config.load(path, {}), {})).prepare()

    own.write_text("Hello {{ recipient.name }}\n")
    app = App(config.load(path, {}), {})
    assert gateway.Gateway(app).prepare() == gateway.Ports()
    app.close()


@pytest.mark.parametrize("fault", [Temporary, Permanent, Refused])
def test_a_migration_that_fails_is_told_of_as_it_was_and_backed_up_once(
    tmp_path, monkeypatch, fault
):
    path = setup.write(tmp_path, "support@desk.example", {}, [], None, 0, 0)
    app = App(config.load(path, {}), {})
    assert app.identity
    app.close()
    end = f"from mailgate import errors; raise errors.{fault.__name__}('it cannot be done')"
    one_more(tmp_path / "migrations", monkeypatch)(end)
    monkeypatch.setattr(revision, "NEWEST", "9000")

    with pytest.raises(MailgateError, match=r"^it cannot be done$") as met:
        gateway.Gateway(App(config.load(path, {}), {})).prepare()

    assert type(met.value) is fault
    assert len(list(tmp_path.glob("mailgate.db.0*"))) == 1
