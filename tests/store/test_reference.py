"""The page about the database says what the schema says."""

from pathlib import Path

from mailgate.store.reference import reference
from mailgate.store.schema import metadata

PAGE = Path(__file__).parents[2] / "docs" / "database.md"

WRITE = (
    "python -c 'from mailgate.store.reference import reference; print(reference(), end=str())' "
    "> docs/database.md"
)


def test_the_page_in_the_docs_is_the_one_of_the_schema():
    assert PAGE.read_text() == reference(), WRITE


def test_every_table_and_column_says_what_it_is_for():
    page = reference()
    for table in metadata.tables.values():
        assert table.comment, table.name
        assert f"\n## `{table.name}`\n" in page
        for column in table.columns:
            assert column.comment, f"{table.name}.{column.name}"


def test_the_page_tells_what_a_column_holds_and_leads_to():
    lines = reference().splitlines()
    for line in (
        "| `name` | text, at most 64 | its name in the config |",
        "| `ticket_id` | id in `ticket`, or nothing | its ticket, also while an answer waits |",
        "| `tenant_id` | id in `tenant` | whose row it is |",
        "| `degraded` | true or false | read in part |",
        "| `raw` | bytes | the bytes as they came; most are compressed |",
        "| `next_due_at` | time, or nothing | the soonest of its timers |",
        "| `recipients` | JSON | envelope recipients, as given |",
        "- Once only: `tenant_id`, `mail_id`, `queue`",
        "- Index: `tenant_id`, `due_at`, of rows where `fired_at IS NULL`",
        "- Always: `state IN ('ready', 'sent', 'never', 'unknown', 'suppressed')`",
    ):
        assert line in lines, line
