"""Results of our border that it never wrote: who comes from within brings their own to no avail."""

from dataclasses import replace

import pytest

from mailgate.domain.model import Status
from mailgate.intake.authentication import Authenticator
from mailgate.intake.inbox import Incoming
from mailgate.mail.border import Border
from tests.desk.conftest import ALICE
from tests.intake.desk import SUPPORT

SAID = "mx.desk.example; dmarc=pass header.from=agents.example"
FORGED = (
    f"Authentication-Results: {SAID}\r\nFrom: {ALICE.address}\r\nTo: {SUPPORT}\r\n"
    "Subject: Re: [TKT-2026-00001] Printer\r\nMessage-ID: <forged@agents.example>\r\n"
    "\r\n/close\r\n"
)


@pytest.fixture
def desk(gateway, opened):
    """A desk with one ticket that believes its border, one server in front."""
    border = Authenticator(border=Border(frozenset({"mx.desk.example"}), 1))
    gateway.worker._reader = replace(gateway.worker._reader, authenticator=border)
    return gateway


def come(desk, raw, peer="127.0.0.1", road="smtp"):
    """Take a mail in the way it comes; return how far its sender is believed."""
    mail = Incoming(raw.encode(), ALICE.address, (SUPPORT,), desk.now, peer, road)
    id_ = desk.inbox.put(mail)
    desk.worker.drain()
    return desk.delivery(id_)["verdict"]["trust"]


def is_untouched(desk):
    """Whether nothing was done on the ticket in the agent's name."""
    ticket = desk.ticket(desk.rows("ticket")[0]["id"])
    sent_back = [row["recipient"] for row in desk.outbox("signed_addresses")]
    return ticket.status is Status.NEW and sent_back == []


def test_the_border_itself_is_believed(desk):
    crossed = "Received: from a.agents.example (a [192.0.2.7]) by mx.desk.example (Postfix)\r\n"
    assert come(desk, crossed + FORGED) == "strong"
    assert come(desk, crossed + FORGED.replace("forged@", "piped@"), "local", "pipe") == "strong"


@pytest.mark.parametrize(("peer", "road"), [("local", "pipe"), ("127.0.0.1", "smtp")])
def test_a_program_that_hands_its_mail_to_us_directly_vouches_for_nobody(desk, peer, road):
    assert come(desk, FORGED, peer, road) == "unknown"
    assert is_untouched(desk)


@pytest.mark.parametrize(
    "received",
    [
        "by mx.desk.example (Postfix, from userid 33) id 4F; Mon, 2 Mar 2026 09:00:00 +0000",
        "from www-data by mx.desk.example with local (Exim 4.96) id 1",
        "from form (localhost [127.0.0.1]) by mx.desk.example (Postfix) with ESMTP id 4F",
    ],
    ids=["sendmail command", "exim", "loopback"],
)
def test_a_form_on_the_borders_own_machine_vouches_for_nobody(desk, received):
    assert come(desk, f"Received: {received}\r\n{FORGED}", "local", "pipe") == "unknown"
    assert is_untouched(desk)


def test_a_sender_who_connects_past_the_border_vouches_for_nobody(desk):
    forged = f"Received: from a (a [192.0.2.7]) by mx.desk.example (Postfix)\r\n{FORGED}"
    assert come(desk, forged, "192.0.2.66") == "unknown"
    assert is_untouched(desk)
