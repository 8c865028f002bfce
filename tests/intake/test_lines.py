"""Each mail is one line of the log, under the name of what became of it."""

import pytest
import structlog

from tests.desk.conftest import ALICE


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/priority high", "mail.commands_only"),
        ("/asign bob\nHello", "mail.command_refused"),
        ("Hello", "mail.threaded"),
    ],
)
def test_the_log_tells_a_refused_mail_of_an_agent_from_one_carried_out(gateway, opened, text, line):
    with structlog.testing.capture_logs() as lines:
        row = gateway.agent(text)
    told = [told for told in lines if told.get("mail") == row["id"]]
    assert [each["event"] for each in told if each["event"].startswith("mail.")] == [line]


def test_the_log_tells_who_claims_an_agents_address_and_what_was_read_in_part(gateway, opened):
    broken = {"MIME_Version": "1.0", "Content_Transfer_Encoding": "base64"}
    with structlog.testing.capture_logs() as lines:
        claimed = gateway.mail("Done.", sender=ALICE.address, Subject="Re: [TKT-2026-00001]")
        row = gateway.mail("!!! no base64 =", **broken)
    names = [line["event"] for line in lines if line["event"].startswith(("mail.", "agent."))]
    assert names == ["agent.doubted", "mail.opened", "mail.degraded", "mail.opened"]
    doubted = next(line for line in lines if line["event"] == "agent.doubted")
    assert doubted["mail"] == claimed["id"]
    degraded = next(line for line in lines if line["event"] == "mail.degraded")
    assert degraded["mail"] == row["id"]
    assert "part 1: broken base64" in degraded["why"]
