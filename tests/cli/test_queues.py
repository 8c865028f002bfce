"""`mailgate outbox` and `failed`: what did not go its way is seen, and put back by one command."""

from datetime import UTC, datetime

import pytest

from mailgate.intake import worker
from mailgate.store import ways
from mailgate.store.ways import Broken
from tests.acceptance import inside
from tests.cli.conftest import mail
from tests.peers.sink import Sink, Stage


@pytest.fixture
def refused(cli):
    """A desk whose smarthost refuses the customer's address; returns the sink as well."""
    with Sink() as server:
        cli.set(
            delivery__transport="smtp",
            delivery__host="127.0.0.1",
            delivery__port=server.port,
            delivery__tls="off",
        )
        server.fail(Stage.RCPT, "550 5.1.1 nobody here")
        cli.open()
        yield server


def test_notices_are_listed_newest_first_with_what_became_of_them(cli, refused):
    notices = cli.json("outbox")
    assert [n["id"] for n in notices] == sorted((n["id"] for n in notices), reverse=True)
    (never,) = cli.json("outbox", "--state", "never")
    assert never in notices
    assert "550 5.1.1 nobody here" in never["reason"]
    assert cli.json("outbox", "--limit", 1) == notices[:1]
    assert cli.json("outbox", "list", "--state", "sent", "--state", "never") == notices
    shown = cli.ok("outbox", "--state", "never")
    for text in (str(never["id"]), never["recipient"], "never", "550 5.1.1 nobody here"):
        assert text in shown
    assert cli.ok("outbox", "--state", "suppressed") == "No such notices.\n"


def test_that_the_way_out_is_out_of_order_stands_above_the_list(cli):
    cli.open()
    since = datetime(2026, 3, 2, 9, tzinfo=UTC)
    way = Broken("one", since, "421 closing\x1b[2J", datetime.now(UTC))
    with inside.opened(cli.config) as app, app.database.write() as connection:
        ways.note(connection, 1, way)
    shown = cli.ok("outbox").splitlines()
    words = "The way out of one is out of order since 2026-03-02 09:00:00 UTC: 421 closing"
    assert shown[0].startswith(words)
    assert "\x1b" not in shown[0]
    assert cli.ok("outbox", "--state", "never").splitlines()[1] == "No such notices."
    assert isinstance(cli.json("outbox"), list)


def test_a_refused_notice_is_sent_again_by_its_number(cli, refused):
    (never,) = cli.json("outbox", "--state", "never")
    assert cli.ok("outbox", "retry", never["id"]) == "1 notice put back.\n"
    assert cli.json("outbox", "--state", "never") == []
    assert never["recipient"] in [to for got in refused.received for to in got.recipients]
    assert cli.json("verify") == []


def test_a_refusal_is_shown_on_its_ticket_with_the_address_and_the_words(cli, refused):
    (never,) = cli.json("outbox", "--state", "never")
    said = f"{never['recipient']}: {never['reason']}"
    assert said.endswith(": 550 5.1.1 nobody here")
    (number,) = {ticket["number"] for ticket in cli.json("tickets")}
    assert f"\n    {said}\n" in cli.ok("show", number)
    failures = [event["failure"] for event in cli.json("show", number)["events"]]
    assert [failure for failure in failures if failure] == [said]


def test_all_refused_notices_are_sent_again(cli, refused):
    assert cli.ok("outbox", "retry", "--all") == "1 notice put back.\n"
    assert {notice["state"] for notice in cli.json("outbox")} == {"sent"}
    assert cli.ok("outbox", "retry", "--all") == "0 notices put back.\n"


def test_a_notice_that_was_sent_is_not_sent_again(cli):
    cli.open()
    sent = cli.json("outbox")[0]["id"]
    assert "1 of those named no notice that was refused or is unknown" in cli.no(
        1, "outbox", "retry", sent
    )


@pytest.mark.parametrize("queue", ["outbox", "failed"])
def test_retry_wants_to_know_which(cli, queue):
    assert "name the numbers, or say --all" in cli.no(2, queue, "retry")
    assert "name the numbers, or say --all" in cli.no(2, queue, "retry", "7", "--all")


# --- mail that could not be processed -------------------------------------------------------------


@pytest.fixture
def parked(cli, monkeypatch):
    """A mail that met a bug three times; returns a function that mends the bug."""

    def broken(*_args):
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(worker, "TRIES", 1)
    patch = pytest.MonkeyPatch()
    patch.setattr(worker, "sort", broken)
    cli.ok("deliver", stdin=mail())
    cli.ok("tick")
    yield patch.undo
    patch.undo()


def test_a_parked_mail_is_listed_and_shown_with_its_error(cli, parked):
    (facts,) = cli.json("failed", "list")
    assert facts == cli.json("failed")[0]
    assert facts["error"] == "RuntimeError: a bug of ours"
    assert facts["mail_from"] == "carol@customer.example"
    assert (facts["road"], facts["size"]) == ("pipe", len(mail()))
    shown = cli.ok("failed")
    assert str(facts["id"]) in shown
    assert "a bug of ours" in shown
    whole = cli.json("failed", "show", facts["id"])
    assert whole["error"].startswith("Traceback")
    assert "Traceback" in cli.ok("failed", "show", facts["id"])
    assert cli.run("failed", "show", facts["id"], "--raw").stdout_bytes == mail()
    assert cli.json("verify") == []


def test_a_parked_mail_is_put_back_by_its_number(cli, parked):
    (facts,) = cli.json("failed", "list")
    parked()
    assert cli.ok("failed", "retry", facts["id"]) == "1 mail put back.\n"
    cli.ok("tick")
    assert cli.json("failed", "list") == []
    assert len(cli.json("tickets")) == 1
    assert cli.json("verify") == []


def test_all_parked_mails_are_put_back(cli, parked):
    assert cli.ok("failed", "retry", "--all") == "1 mail put back.\n"
    assert cli.ok("failed") == "No mail is parked.\n"


def test_a_mail_that_is_not_parked_is_told(cli):
    cli.open()
    assert "no parked mail has the number 1" in cli.no(1, "failed", "show", 1)
    assert "1 of those named no mail that is parked" in cli.no(1, "failed", "retry", 1)
