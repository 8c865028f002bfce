"""The report on a folder of mails: what it counts, what it compares, and how it ends."""

import json
import shutil
from pathlib import Path

import pytest

from bench import corpus
from tests.mail.golden_twin import GOLDEN

PLAIN = b"From: a@x.example\nSubject: Hello\n\nNew.\n\nOn Monday, Bob wrote:\n> old\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one.eml").write_bytes(PLAIN)
    (tmp_path / "two.EML").write_bytes(PLAIN)
    (tmp_path / "notes.txt").write_bytes(b"no mail")
    return tmp_path


def report(folder, capsys, *words):
    code = corpus.main([*words, "--json", str(folder)])
    return code, json.loads(capsys.readouterr().out)


def test_every_golden_mail_is_read_in_time_and_without_an_exception(capsys):
    code, facts = report(GOLDEN, capsys)
    assert code == 0
    assert facts["mails"] == len(list(GOLDEN.glob("*.eml")))
    assert (facts["exceptions"], facts["too_slow"]) == ({}, [])
    times = facts["times"]
    assert times["min_ms"] <= times["median_ms"] <= times["p99_ms"] <= times["max_ms"]
    assert len(times["slowest"]) == corpus.SLOWEST
    assert facts["degraded_mails"] >= 1
    assert sum(facts["degraded"].values()) >= facts["degraded_mails"]


def test_what_is_no_mail_is_left_out_unless_all_files_are_wanted(folder, capsys):
    assert report(folder, capsys)[1]["mails"] == 2
    assert report(folder, capsys, "--all")[1]["mails"] == 3
    shutil.rmtree(folder / "deep")
    (folder / "two.EML").unlink()
    assert report(folder, capsys)[1]["mails"] == 1


def test_a_folder_without_mails_is_a_fault(tmp_path, capsys):
    assert corpus.main([str(tmp_path)]) == 1
    assert "there is no mail below" in capsys.readouterr().err


def test_an_exception_that_escapes_is_told_and_ends_with_1(folder, capsys, monkeypatch):
    def broken(*_):
        raise KeyError("boom")

    monkeypatch.setattr(corpus, "parse", broken)
    code, facts = report(folder, capsys)
    assert code == 1
    assert "KeyError: 'boom'" in facts["exceptions"]["two.EML"]
    assert corpus.main([str(folder)]) == 1
    assert "two.EML: KeyError: 'boom'" in capsys.readouterr().out


def test_a_mail_that_takes_too_long_is_named_and_ends_with_1(folder, capsys, monkeypatch):
    monkeypatch.setattr(corpus, "LONGEST", 0.0)
    code, facts = report(folder, capsys)
    assert code == 1
    assert facts["too_slow"] == ["deep/one.eml", "two.EML"]


def told(**facts):
    return corpus.Read("m", 0.1, {"reply_text": "New.", "subject": "Hello", **facts})


@pytest.mark.parametrize(
    ("key", "wanted", "facts", "how"),
    [
        ("reply_text", " New. \n", {}, "agree"),
        ("reply_text", "Newer.", {}, "differ"),
        ("subject", "Hello", {}, "agree"),
        ("is_bounce", True, {}, "absent"),
        ("is_bounce", True, {"verdict": {"is_bounce": True}}, "agree"),
        ("is_bounce", False, {"verdict": {"is_bounce": True}}, "differ"),
        ("temporary", False, {"verdict": {"temporary": None}}, "differ"),
        ("bounce_status", ["5.1.1"], {"verdict": {"bounce_status": "5.1.1"}}, "agree"),
        ("failed_recipient", ["b", "a"], {"verdict": {"failed_recipient": ["a", "b"]}}, "agree"),
        ("failed_recipient", [], {"verdict": {"failed_recipient": None}}, "agree"),
    ],
)
def test_what_was_read_is_compared_with_what_was_expected(key, wanted, facts, how):
    compared = corpus.compare([told(**facts)], {"m": {key: wanted}})
    assert compared["keys"] == {key: {"agree": 0, "differ": 0, "absent": 0} | {how: 1}}
    assert len(compared["differences"]) == (how == "differ")


def test_facts_of_the_verdict_are_counted():
    bounce = {"kind": "bounce", "is_bounce": True, "temporary": False}
    mails = [told(verdict=bounce), told(verdict=bounce), told()]
    assert corpus.verdicts(mails) == {"is_bounce": 2, "kind bounce": 2, "none": 1}


def test_a_person_reads_times_verdicts_and_differences(folder, capsys):
    expected = {"two.EML": {"reply_text": "x" * 100, "subject": "Hello"}}
    (folder / "expect.json").write_text(json.dumps(expected))
    assert corpus.main([str(folder)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("mails: 2, exceptions: 0, over 1 s: 0\n")
    for text in ("ms for a mail: min ", "deep/one.eml", "verdicts:", "degraded (0 mails):"):
        assert text in shown
    assert 'two.EML, reply_text: wanted "xxx' in shown
    assert "    1      0      0  subject" in shown


def test_the_makefile_leads_to_it():
    text = (Path(__file__).parents[2] / "Makefile").read_text()
    assert '-m bench.corpus "$(CORPUS)"' in text
