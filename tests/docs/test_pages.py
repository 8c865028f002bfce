"""The pages say what the program does, and lead to pages that are there."""

import re
from pathlib import Path

import pytest

from mailgate.domain.commands import WORDS, reference
from mailgate.domain.notices import NOTICES

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
BEGIN, END = "<!-- commands: begin -->\n", "<!-- commands: end -->"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    broken = [link for link in links if not (page.parent / link).exists()]
    assert broken == []


def test_the_agents_page_holds_the_table_of_commands():
    text = (ROOT / "docs" / "agents.md").read_text()
    written = text.partition(BEGIN)[2].partition(END)[0]
    assert written == reference(), "put domain.commands.reference() between the marks"


def test_every_command_that_works_is_in_the_table_and_no_other():
    assert {name for name in WORDS if f"`/{name}" in reference()} == {
        name for name, word in WORDS.items() if word.wired
    }


def test_every_notice_says_what_it_is_for():
    assert all(notice.says and notice.name == name for name, notice in NOTICES.items())
