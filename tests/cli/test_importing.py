"""`mailgate import`: what it says, and how it ends."""

import os

import pytest

from mailgate.cli import brought
from tests.cli.conftest import CUSTOMER, DESK, mail

ONE = "1 message put down; 1 ticket opened, 0 of them not closed"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    dates = {"date": "Mon, 5 Jan 2015 12:00:00 +0000", "message_id": "<1@x.example>"}
    (folder / "1.eml").write_bytes(mail("Printer", **dates))
    (folder / "2.eml").write_bytes(mail("Spam", message_id="<2@x.example>", x_spam_flag="YES"))
    return folder


def test_old_mail_becomes_tickets_and_what_is_left_out_is_named(cli, folder):
    assert cli.ok("import", folder).splitlines() == [
        f"left out: {folder}/2.eml: spam, by what the filter in front says",
        f"2 mails: {ONE}; 0 known before, 1 left out.",
    ]
    (ticket,) = cli.json("tickets")
    assert (ticket["status"], ticket["requester"]) == ("closed", CUSTOMER)
    assert ticket["created_at"] == "2015-01-05T12:00:00+00:00"
    assert cli.json("outbox") == []
    assert "Everything agrees." in cli.ok("verify")


def test_a_dry_run_shows_the_first_tickets_and_opens_none(cli, folder):
    said = cli.ok("import", "--dry-run", folder).splitlines()
    assert said[1].split() == ["WRITTEN", "REQUESTER", "STATUS", "SUBJECT"]
    assert said[2].split() == ["2015-01-05", "12:00:00", "UTC", CUSTOMER, "closed", "Printer"]
    assert said[3:] == [
        "Nothing was changed. It would be:",
        f"2 mails: {ONE}; 0 known before, 1 left out.",
    ]
    assert cli.json("tickets") == []


def test_programs_get_the_same_as_an_object(cli, folder):
    found = cli.json("import", folder)
    assert list(found) == list(brought.BROUGHT)
    assert [list(each) for each in found["left_out"]] == [list(brought.LEFT_OUT)]
    assert [list(each) for each in found["examples"]] == [list(brought.EXAMPLE)]
    assert found["left_out"][0]["fault"] is False


def test_who_writes_from_the_desks_own_domain_and_is_no_agent_is_named(cli, folder):
    own = DESK.partition("@")[2]
    (folder / "3.eml").write_bytes(mail(sender=f"olga@{own}", message_id="<3@x.example>"))
    said = cli.ok("import", "--dry-run", folder)
    assert f"Of your own domain, no agents, and so taken for customers: olga@{own} (1)." in said
    (olga,) = cli.json("import", folder)["colleagues"]
    assert olga == {"address": f"olga@{own}", "mails": 1}
    assert list(olga) == list(brought.COLLEAGUE)


def test_where_no_mails_are_that_is_told_and_a_day_ahead_is_refused(cli, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "No mails were found there" in cli.ok("import", empty)
    assert "lies ahead" in cli.no(2, "import", "--open-since", "2099-01-01", empty)


def test_what_could_not_be_read_is_told_by_the_exit_code_and_the_rest_is_there(cli, folder):
    (folder / "3.eml").write_text("\nwords\n")
    done = cli.run("import", folder)
    assert done.exit_code == 1
    assert f"left out: {folder}/3.eml: no mail: it has no header" in done.stdout
    assert len(cli.json("tickets")) == 1


def test_a_name_that_is_no_text_is_shown_all_the_same(cli, folder):
    path = os.fsencode(folder) + b"/\xff.eml"
    with open(path, "wb") as file:  # noqa: PTH123 - of octets no path can be made
        file.write(b"\nwords\n")
    assert f"left out: {folder}/\ufffd.eml: no mail" in cli.run("import", folder).stdout
    assert cli.run("import", "--json", folder).exit_code == 1


@pytest.mark.parametrize("since", ["100000", "2015-01-01", "5000d"])
def test_what_is_not_older_than_asked_for_comes_open(cli, folder, since):
    cli.ok("import", "--open-since", since, folder)
    assert [ticket["status"] for ticket in cli.json("tickets")] == ["new"]


def test_threads_older_than_asked_for_are_counted_and_left_out_and_can_come_later(cli, folder):
    shown = cli.json("import", "--since", "2d", folder)
    assert (shown["older"], shown["tickets"], cli.json("tickets")) == (1, 0, [])
    assert ", 1 in threads older than asked for, " in cli.ok("import", "--since", "2d", folder)
    shown = cli.json("import", "--since", "2015-01-01", folder)
    assert (shown["older"], shown["tickets"], len(cli.json("tickets"))) == (0, 1, 1)
    assert "value for '--since': '2x'" in cli.no(2, "import", "--since", "2x", folder)


@pytest.mark.parametrize("since", ["tomorrow", "2026-99-01", "14x", "9" * 12])
def test_a_time_that_is_none_is_refused(cli, folder, since):
    said = cli.no(2, "import", "--open-since", since, folder)
    assert f"value for '--open-since': {since!r}: write 14, 14d or 2026-03-01\n" in said
