"""`mailgate quarantine`: what the filter in front has marked, seen and let in."""

import pytest

from tests.cli.conftest import CUSTOMER, mail


@pytest.fixture
def marked(cli):
    """The number of a mail that the filter in front has marked."""
    cli.ok("deliver", stdin=mail(subject="Win a printer", x_spam_flag="YES"))
    cli.ok("tick")
    ((facts),) = cli.json("quarantine")
    return facts["id"]


def test_an_empty_quarantine_says_so(cli):
    assert cli.ok("quarantine") == "No mail is in quarantine.\n"
    assert cli.json("quarantine", "list") == []


def test_a_marked_mail_is_listed_and_shown_with_its_marks(cli, marked):
    (facts,) = cli.json("quarantine", "list")
    assert (facts["mail_from"], facts["known"]) == (CUSTOMER, False)
    assert "spam-flag" in facts["marks"]
    assert str(marked) in cli.ok("quarantine")
    assert cli.json("quarantine", "show", marked) == facts
    shown = cli.ok("quarantine", "show", marked)
    assert "Win a printer" in shown
    assert "It does not print." in shown
    raw = cli.run("quarantine", "show", marked, "--raw").stdout_bytes
    assert raw == mail(subject="Win a printer", x_spam_flag="YES")


def test_a_released_mail_becomes_a_ticket(cli, marked):
    assert cli.ok("quarantine", "release", marked) == "1 mail put back.\n"
    cli.ok("tick")
    assert cli.json("quarantine") == []
    assert [ticket["subject"] for ticket in cli.json("tickets")] == ["Win a printer"]
    assert cli.json("verify") == []


def test_all_are_released_and_what_is_not_there_is_told(cli, marked):
    assert cli.ok("quarantine", "release", "--all") == "1 mail put back.\n"
    assert "no quarantined mail has the number" in cli.no(1, "quarantine", "show", marked)
    assert "1 of those named no mail that is in quarantine" in cli.no(
        1, "quarantine", "release", marked
    )
    assert "name the numbers, or say --all" in cli.no(2, "quarantine", "release")
