"""The lifecycle as it is shown is the lifecycle as it is decided."""

from collections import Counter
from pathlib import Path

import pytest

from mailgate.domain import picture
from mailgate.domain.model import Disposition, Status
from mailgate.domain.table import TABLE

DOCS = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"
WRITE = "python -c 'from mailgate.domain.picture import page; print(page(), end=str())' > {}"


def test_the_picture_in_the_docs_is_the_one_of_the_table():
    assert DOCS.read_text(encoding="utf-8") == picture.page(), WRITE.format("docs/lifecycle.md")


def test_there_is_a_sample_of_every_status_and_of_what_guards_ask_about():
    samples = picture.samples()
    assert {ticket.status for ticket in samples} == set(Status)
    assert {ticket.disposition for ticket in samples} >= {Disposition.SPAM, Disposition.MERGED}
    assert any(ticket.held for ticket in samples)
    assert any(ticket.snoozed_until for ticket in samples)


def test_every_row_is_shown_and_all_but_those_for_later_were_seen_to_act():
    lines = picture.lines()
    assert [line.says for line in lines] == [row.says for row in TABLE]
    assert [line.says for line in lines if not line.seen] == []


@pytest.mark.parametrize(
    "arrow",
    [
        "[*] --> new: opened",
        "new --> open: note added, team assigned",
        "in_progress --> waiting_on_customer: agent replied, waiting, split",
        "in_progress --> open: assigned",
        "waiting_on_customer --> in_progress: customer wrote, taken back",
        "waiting_on_customer --> resolved: machine wrote, resolved, resolve silent",
        "resolved --> reopened: customer wrote, machine wrote, reopened",
        "closed --> reopened: customer wrote, reopened",
    ],
)
def test_the_diagram_shows_what_the_specification_says(arrow):
    assert f"    {arrow}\n" in picture.picture()


def test_the_diagram_has_an_arrow_once_and_none_that_leads_nowhere():
    drawn = [line for line in picture.picture().splitlines() if " --> " in line]
    arrows = [line.strip().partition(":")[0].split(" --> ") for line in drawn]
    assert max(Counter(map(tuple, arrows)).values()) == 1
    assert all(before != after for before, after in arrows)
    assert {after for _, after in arrows} == set(Status)


def test_every_row_of_the_markdown_table_has_as_many_cells_as_its_head():
    head, *rest = picture.rows().splitlines()
    assert {line.count(" | ") for line in rest if "---" not in line} == {head.count(" | ")}
    assert len(rest) == len(TABLE) + 1
