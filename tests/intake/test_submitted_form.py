"""What of an agent's own mail goes to the customer: its formatting and its Message-ID."""

import pytest

from tests.desk.conftest import CUSTOMER
from tests.intake.desk import EVE
from tests.intake.test_submitted import ticket_of

BOTH = {"Content_Type": 'multipart/alternative; boundary="b"', "MIME_Version": "1.0"}
PLAIN = "/take\nTry water."
PAGE = "<div>/take</div><div>Try <b>water</b>.</div>"


def both(plain=PLAIN, page=PAGE):
    """Return the body of a mail with a text and HTML, as `BOTH` announces it."""
    parts = [
        f"--b\r\nContent-Type: text/{n}\r\n\r\n{s}" for n, s in (("plain", plain), ("html", page))
    ]
    return "\r\n".join([*parts, "--b--"])


def test_an_answer_keeps_its_formatting(gateway, opened, thread, submit):
    submit(both(), **thread | BOTH)
    message = gateway.rows("message")[-1]
    assert (message["text"], message["html"]) == ("Try water.", "<div>Try <b>water</b>.</div>")
    assert ticket_of(gateway, opened).assignee == "alice"


def test_so_does_one_to_a_signed_address(gateway, opened):
    gateway.agent(both(), **BOTH)
    assert gateway.rows("message")[-1]["html"] == "<div>Try <b>water</b>.</div>"


def test_a_note_is_kept_as_text(gateway, opened, thread, submit):
    submit(both("/note\nHe shouts.", "/note<p>He <b>shouts</b>.</p>"), **thread | BOTH)
    message = gateway.rows("message")[-1]
    assert (message["kind"], message["text"], message["html"]) == ("note", "He shouts.", None)


def test_what_a_quote_or_a_link_would_tell_goes_out_as_text(gateway, opened, thread, submit):
    signed = gateway.reply_address()
    quote = f"<blockquote>{signed}</blockquote>"
    submit(both(f"Try water.\n\n> {signed}", f"<p>Try <b>water</b>.</p>{quote}"), **thread | BOTH)
    assert gateway.rows("message")[-1]["html"] == "<p>Try <b>water</b>.</p>"
    for address in (signed, signed.replace("+", "%2B"), signed.replace("+", "&#43;")):
        page = f'<p>Try <a href="mailto:{address}">water</a>.</p>'
        submit(both("Try water.", page), **thread | BOTH)
        message = gateway.rows("message")[-1]
        assert (message["text"], message["html"]) == ("Try water.", None)
    submit(both("Try water.", "<p>Try <b>water</b>. He shouts.</p>"), **thread | BOTH)
    assert gateway.rows("message")[-1]["html"] is None


@pytest.mark.parametrize(
    ("plain", "page"),
    [
        ("Try water.", "<p>/note</p><p>Try water.</p>"),
        ("/take\nTry water.", "<p>Try water.</p>"),
        ("/assign bob\nTry water.", "/assign alice<p>Try water.</p>"),
        ("/take: he\nshouts\nTry water.", "<p>/take: he shouts</p><p>Try water.</p>"),
        ("/note\nTry water.", "<p>Hello</p><p>/note</p><p>Try water.</p>"),
        ("Try water.", "/asign bob<p>Try water.</p>"),
    ],
)
def test_a_text_and_html_that_differ_in_their_commands_do_nothing(
    gateway, opened, thread, submit, plain, page
):
    sent = submit(both(plain, page), **thread | BOTH)
    assert sent["state"] == "commands_only"
    assert gateway.outbox("agent_reply") == []
    (back,) = gateway.outbox("command_refused")
    (line,) = back["context"]["commands"]
    assert line["reason"] == "its text and the HTML beside it do not hold the same commands"
    gateway.agent(both(plain, page), **BOTH)
    assert len(gateway.outbox("command_refused")) == 2
    assert len(gateway.rows("message")) == 1


def test_an_answer_to_one_customer_leaves_under_the_agents_message_id(
    gateway, opened, thread, submit
):
    submit(**thread)
    (row,) = gateway.outbox("agent_reply")
    assert row["rfc_id"] == "<s1@laptop.example>"
    submit("/resolve\nNow it works.", Message_ID="<s2@laptop.example>", **thread)
    (row,) = gateway.outbox("resolved")
    assert row["rfc_id"] == "<s2@laptop.example>"
    told = [r for r in gateway.rows("outbox") if r["role"] != "customer"]
    assert "laptop.example" not in str([r["rfc_id"] for r in told])


def is_ours(gateway, row):
    return gateway.signer.read_message_id(row["rfc_id"]) is not None


@pytest.mark.parametrize(
    "given",
    [
        None,
        "<a b@laptop.example>",
        "<ü@laptop.example>",
        "<no-domain>",
        "<a@b> <c@d>",
        "<a@laptop.example>\r\nMessage-ID: <b@laptop.example>",
        f"<{'a' * 300}@laptop.example>",
    ],
)
def test_what_is_no_message_id_gets_one_of_ours(gateway, opened, thread, submit, given):
    submit(Message_ID=given, **thread)
    (row,) = gateway.outbox("agent_reply")
    assert is_ours(gateway, row)


def test_a_message_id_that_is_known_does_not_leave_again(gateway, opened, thread, submit):
    other = gateway.mail("My lamp.", sender=EVE, Message_ID="<lamp@elsewhere.example>", Subject="L")
    assert other["ticket_id"] != opened["ticket_id"]
    for known in ("<lamp@elsewhere.example>", thread["In_Reply_To"]):
        submit("Not twice.", Message_ID=known, **thread)
    root = gateway.signer.root_id(ticket_of(gateway, other).number)
    submit("Nor ours.", Message_ID=root, **thread)
    submit("Once.", Message_ID="<own@laptop.example>", **thread)
    submit("And again.", Message_ID="<own@laptop.example>", **thread)
    ids = [row["rfc_id"] for row in gateway.outbox("agent_reply")]
    assert ids.count("<own@laptop.example>") == 1
    assert sum(is_ours(gateway, row) for row in gateway.outbox("agent_reply")) == len(ids) - 1
    assert len(set(ids)) == len(ids) >= 4


def test_an_answer_to_several_has_ids_of_ours(gateway, opened, thread, submit):
    submit(f"/cc {EVE}\nTry water.", to=[CUSTOMER, EVE], **thread)
    rows = gateway.outbox("agent_reply")
    assert len({row["rfc_id"] for row in rows}) == 2
    assert all(is_ours(gateway, row) for row in rows)


def test_an_answer_by_mail_has_an_id_of_ours(gateway, opened):
    gateway.agent("Try water.", Message_ID="<s1@laptop.example>")
    (row,) = gateway.outbox("agent_reply")
    assert is_ours(gateway, row)


def test_who_only_knows_the_agents_message_id_is_led_nowhere(gateway, opened, thread, submit):
    submit(**thread)
    facts = {"Subject": "other", "In_Reply_To": "<s1@laptop.example>"}
    assert gateway.mail("Tell me.", sender=EVE, **facts)["ticket_id"] != opened["ticket_id"]
