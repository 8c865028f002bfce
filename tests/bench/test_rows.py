"""Every row runs, at tiny sizes; nothing is said here of how long anything takes."""

import contextlib
import json
from dataclasses import astuple
from pathlib import Path

import pytest

from bench import accepting, board, calendars, many, mix, nodes, postgres, run, systems
from bench.goals import GOALS
from bench.peers import feeding, others


@pytest.fixture(autouse=True)
def _nothing_is_judged(monkeypatch):
    """What a few mails give on a busy machine is below a floor, or not, by chance."""
    monkeypatch.setattr(run.goals, "failed", lambda _lines: [])


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = many.Desk(tmp_path_factory.mktemp("seeded") / "24", None)
    desk.seed(24)
    return desk


def test_a_seeded_desk_agrees_in_every_row(desk):
    from bench.gateway import Gateway

    said = Gateway(desk.folder)._ask("verify", "--deep")
    assert "tickets: 24;" in said
    assert "Everything agrees." in said


def test_the_clock_is_measured_over_a_seeded_desk(desk, capsys):
    options = run.read_options(["--due", "10", "--ticks", "2"])
    lines = many.ticks(desk, 24, options)
    assert [line.verdict for line in lines] == ["reported", "reported"]
    assert all(line.ours > 0 for line in lines)


def test_a_seeded_desk_takes_mails_and_each_run_has_others(desk):
    options = run.read_options(["--growth-n", "8", "--conns", "2", "--check", "1"])
    figures = desk.run(options)
    assert (figures["threaded"], figures["shown"], figures["refused"]) == (1, 1, 0)
    assert desk.runs == 1


def test_the_road_is_compared_between_sizes():
    class Fake:
        def __init__(self, rate):
            self.rate = rate

        def run(self, _options):
            return {"road_s": self.rate, "cpu_ms": 2.0}

    lines = many.roads({1000: Fake(100.0), 10: Fake(120.0)}, run.read_options([]))
    assert [(line.measure, line.detail, line.against) for line in lines] == [
        ("road with many tickets", "1,000 tickets", "10 tickets"),
        ("CPU with many tickets", "1,000 tickets", "10 tickets"),
    ]
    assert lines[0].ratio == pytest.approx(100 / 120)


def test_the_whole_road_is_measured_and_told(tmp_path, capsys):
    words = ["--rows", "road", "--n", "16", "--runs", "1", "--conns", "2", "--paced", "2"]
    assert run.main([*words, "--check", "1", "--peers", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = json.loads(lines[-1])
    assert [line for line in lines if line.startswith("left out: roundup")]
    assert {line["measure"] for line in told["lines"]} <= GOALS.keys()
    found = {line["measure"]: line["ours"] for line in told["lines"]}
    assert found["mails in their ticket"] == 1
    assert found["stored for each raw byte"] > 1
    assert found["memory, peak"] >= found["memory, idle"]


def test_who_takes_mails_is_compared_with_who_stores_nothing(monkeypatch, capsys):
    monkeypatch.setattr(accepting, "without_postfix", lambda: "not in this test")
    assert run.main(["--rows", "accept", "--n", "12", "--conns", "2", "--runs", "1"]) == 0
    said = capsys.readouterr().out
    assert "left out: not in this test" in said
    told = json.loads(said.splitlines()[-1])
    assert [line["against"] for line in told["lines"]] == ["blocks", "tuned", "blocks", "stock"]


def test_postfix_takes_the_mails_and_holds_them():
    if why := accepting.without_postfix():
        pytest.skip(why)
    options = run.read_options(["--n", "12", "--conns", "2"])
    assert accepting.measure(options, accepting.postfix, 0)["refused"] == 0


def test_a_year_of_working_time_is_measured_and_told(monkeypatch, capsys):
    monkeypatch.setattr(calendars, "TIMES", 3)
    assert run.main(["--rows", "calendar", "--runs", "1"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    measured = [line["measure"] for line in told["lines"]]
    assert measured == [name for name in calendars.MEASURES for _ in calendars.ZONES]
    assert all(line["ours"] > 0 for line in told["lines"])


def test_two_nodes_share_one_database(postgresql_server):
    url = postgresql_server.url().replace("postgresql+psycopg:", "postgresql:", 1)
    options = run.read_options(["--n", "12", "--conns", "2", "--database", url])
    figures = nodes.measure(options, 2, 1, 0)
    assert figures["road_s"] > 0
    assert figures["gateways_ms"] > 0
    assert 0 <= figures["cores_busy"] <= 1


def test_a_shared_mailbox_is_measured_and_told(monkeypatch, capsys):
    if why := board.without_dovecot():
        pytest.skip(why)
    for name, few in (("SINGLE", 1), ("LOOKS", 2), ("DRAGS", 1)):
        monkeypatch.setattr(board, name, few)
    assert run.main(["--rows", "board", "--mailbox", "3", "--conns", "2"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    figures = {line["measure"]: line for line in told["lines"]}
    assert {name for name in GOALS if name.startswith(("mailbox", "board"))} == set(figures)
    assert all(line["ours"] > 0 for name, line in figures.items() if "memory" not in name)
    assert figures["board, one drag"]["verdict"] == "reported"


class Perfect:
    """Another system, which makes no mistake."""

    def __init__(self):
        self.raws = []

    def take(self, raw):
        self.raws.append(raw)

    def numbers(self):
        return {f"BK001{serial:06d}": f"[T-{serial}]" for serial in range(40)}

    def places(self):
        letters = [letter for some in mix.plan(40) for letter in some]
        return {letter.mark: f"[T-{int(letter.ticket[-6:])}]" for letter in letters}


def test_another_system_is_fed_the_same_mails():
    system = Perfect()
    figures = feeding.feed(system, 40, 1)
    assert figures["threaded"] == 1
    assert len(system.raws) == 40
    assert sum(b"Subject: Re: [T-" in raw for raw in system.raws) == 22


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://user@host/one", ("one", "host", None, "user", "")),
        ("postgresql://a:p%40s@127.0.0.1:7777/two", ("two", "127.0.0.1", 7777, "a", "p@s")),
    ],
)
def test_another_system_is_told_where_its_database_is(url, said):
    assert astuple(feeding.server_of(url)) == said


def test_beside_a_gateway_on_postgresql_the_others_are_measured_on_both_stores(monkeypatch):
    asked = []

    def measure(peer, _python, _n, _folder, _seed, database=None):
        asked.append((peer, database))
        return {}

    monkeypatch.setattr(others, "python_of", lambda _peer, _folder: Path("python"))
    monkeypatch.setattr(others, "measure", measure)
    monkeypatch.setattr(postgres, "fresh_database", contextlib.nullcontext)
    monkeypatch.setattr(postgres, "local_server", lambda _url: 7)
    monkeypatch.setattr(systems, "compared", lambda _runs, parts: parts)
    monkeypatch.setattr(systems, "judged", lambda parts, _options: parts)
    for words, stores in (([], [""]), (["--database", "postgresql://a"], [" on SQLite", ""])):
        parts = systems.lines(run.read_options(words))
        names = [peer + store for peer in others.PEERS for store in stores]
        assert list(parts) == [systems.HELD, systems.WHOLE, *names]
        asked.clear()
        for name in names:
            parts[name](1)
        on = {" on SQLite": None, "": ("postgresql://a", 7) if words else None}
        assert asked == [(peer, on[store]) for peer in others.PEERS for store in stores]


def test_another_system_is_given_its_database_and_the_server_to_count(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "{\\"words\\": \\"$*\\"}"\n')
    python.chmod(0o755)
    for server, counted in ((7, " --server 7"), (None, "")):
        words = others.measure("roundup", python, 1, None, 1, ("postgresql://a", server))["words"]
        assert words == f"-m bench.peers.roundup --n 1 --seed 1 --database postgresql://a{counted}"


def test_what_another_system_prints_is_its_figures(tmp_path):
    python = tmp_path / "helpdesk" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho something\necho '{\"road_s\": 5}'\n")
    python.chmod(0o755)
    assert others.python_of("roundup", tmp_path) is None
    found = others.python_of("helpdesk", tmp_path)
    assert others.measure("helpdesk", found, 1, None, 1) == {"road_s": 5}
    python.write_text("#!/bin/sh\necho no >&2; exit 1\n")
    with pytest.raises(RuntimeError, match="helpdesk could not be measured: no"):
        others.measure("helpdesk", found, 1, None, 1)


@pytest.mark.parametrize("peer", others.PEERS)
def test_the_other_systems_take_the_mix(peer):
    python = others.python_of(peer, others.FOLDER)
    if python is None:
        pytest.skip(f"{peer}: no environment here ({others.HOW} makes one)")
    figures = others.measure(peer, Path(python), 10, None, 1)
    assert figures["threaded"] == 1
