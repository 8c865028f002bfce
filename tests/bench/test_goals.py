"""A figure is judged by the bounds of its row, and by nothing else."""

import pytest

from bench import goals, run, systems
from bench.goals import Line
from bench.runs import compared


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (Line("whole road", 200, 20, "roundup"), "goal met"),
        (Line("whole road", 199, 20, "roundup"), "floor met"),
        (Line("whole road", 99, 20, "roundup"), "below"),
        (Line("whole road", 99, 20, "helpdesk", judged=False), "reported"),
        (Line("CPU", 2.0, 20, "roundup"), "goal met"),
        (Line("CPU", 4.0, 20, "roundup"), "floor met"),
        (Line("CPU", 4.1, 20, "roundup"), "below"),
        (Line("accepting", 500, 500, "Postfix"), "goal met"),
        (Line("accepting, as a listener", 59, 100, "blocks"), "below"),
        (Line("accepting, as a listener", 60, 100, "blocks"), "floor met"),
        (Line("250 at a steady rate, p99", 50.0), "below"),
        (Line("250 at a steady rate, p99", 49.9), "goal met"),
        (Line("tick, nothing due", 0.99), "goal met"),
        (Line("calendar, a year ahead", 2.1), "goal met"),
        (Line("calendar, a year ahead", 1000.0), "below"),
        (Line("road with many tickets", 70, 100, "1,000 tickets"), "goal met"),
        (Line("road with many tickets", 130, 100, "1,000 tickets"), "goal met"),
        (Line("stored for each raw byte", 1.2), "below"),
        (Line("memory, idle", 120), "goal met"),
        (Line("memory, peak", 400), "reported"),
        (Line("mails in their ticket", 0.999), "below"),
    ],
)
def test_a_figure_is_judged_by_the_goal_and_the_floor_of_its_row(line, verdict):
    assert line.verdict == verdict


def test_only_what_is_below_a_floor_fails():
    below = Line("CPU", 9, 20, "roundup")
    lines = [Line("accepting", 1, 2, "Postfix"), below, Line("CPU", 1, 20, "helpdesk")]
    assert goals.failed(lines) == [below]


def test_the_table_is_markdown_with_all_columns():
    first, rule, row = goals.table([Line("CPU", 2.04, 26.7, "helpdesk", "half sent")]).splitlines()
    assert [cell.strip() for cell in first.split("|")[1:-1]] == goals.TITLES
    assert set(rule) == set("| -")
    assert [cell.strip() for cell in row.split("|")[1:-1]] == [
        "CPU: half sent", "2.04 ms/mail", "26.7 (helpdesk)", "0.076", "<= 0.1", "<= 0.2",
        "goal met",
    ]  # fmt: skip
    assert len({len(line) for line in (first, rule, row)}) == 1


def test_a_line_is_told_to_programs():
    told = goals.as_json(Line("tick, nothing due", 0.5, detail="1,000 open tickets"))
    assert (told["verdict"], told["ratio"], told["unit"]) == ("goal met", None, "ms")


def test_everybody_is_measured_in_turn_and_medians_are_compared(capsys):
    order = []

    def part(name, figures):
        def measure(number):
            order.append((name, number))
            return {"x": figures[number]}

        return measure

    results = compared(3, {"a": part("a", [9.0, 1.0, 3.0]), "b": part("b", [2.0, 2.0, 8.0])})
    assert results == {"a": {"x": 3.0}, "b": {"x": 2.0}}
    assert order == [(name, number) for number in range(3) for name in "ab"]
    assert len(capsys.readouterr().out.splitlines()) == 6


OURS = {
    "road_s": 200.0, "cpu_ms": 3.0, "threaded": 1.0, "shown": 1.0, "mails_s": 300.0,
    "paced_p50_ms": 4.0, "paced_p99_ms": 20.0, "stored": 1.1, "idle_mb": 100.0, "peak_mb": 130.0,
}  # fmt: skip


def test_the_bounds_are_of_the_better_of_the_other_systems():
    peers = {
        "helpdesk": {"road_s": 30.0, "cpu_ms": 27.0},
        "roundup": {"road_s": 20.0, "cpu_ms": 25.0},
    }
    results = {systems.HELD: OURS, systems.WHOLE: OURS | {"road_s": 90.0}, **peers}
    lines = systems.judged(results, run.read_options([]))
    found = {(line.measure, line.against): line.verdict for line in lines}
    assert found["whole road", "helpdesk"] == "floor met"
    assert found["whole road", "roundup"] == "reported"
    assert found["CPU", "roundup"] == "floor met"
    assert found["CPU", "helpdesk"] == "reported"
    assert found["memory, growth", ""] == "goal met"


def test_the_bounds_are_of_those_that_are_on_the_same_store():
    slow, fast = {"road_s": 30.0, "cpu_ms": 27.0}, {"road_s": 300.0, "cpu_ms": 1.0}
    peers = {"helpdesk": slow, "helpdesk on SQLite": fast}
    lines = systems.judged({systems.HELD: OURS, systems.WHOLE: OURS, **peers}, run.read_options([]))
    found = {(line.measure, line.against): line.verdict for line in lines}
    for measure in ("whole road", "CPU"):
        assert found[measure, "helpdesk"] == "floor met"
        assert found[measure, "helpdesk on SQLite"] == "reported"


def test_without_other_systems_our_own_figures_are_only_reported():
    results = {systems.HELD: OURS, systems.WHOLE: OURS}
    lines = systems.judged(results, run.read_options(["--paced", "0"]))
    found = {line.measure: line.verdict for line in lines}
    assert found["whole road"] == found["CPU"] == "reported"
    assert not [name for name in found if name.startswith("250")]


def test_below_a_floor_it_fails_and_strictness_wants_every_floor_to_be_judged(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(run, "measure", lambda _options: [Line("memory, idle", 100)])
    words = ["--rows", "road", "--peers", str(tmp_path)]
    assert run.main(words) == 0
    assert run.main([*words, "--strict"]) == 1
    (tmp_path / "roundup/bin").mkdir(parents=True)
    (tmp_path / "roundup/bin/python").touch()
    assert run.main([*words, "--strict"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("[limits] mails_per_minute=1000000")
    assert "left out: helpdesk has no environment here (make bench-peers makes one)" in said
    monkeypatch.setattr(run, "measure", lambda _options: [Line("CPU", 9, 20, "roundup")])
    assert run.main(words) == 1
