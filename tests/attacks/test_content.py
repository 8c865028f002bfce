"""Content: what a mail says is data, wherever it is shown, kept, searched or sent on."""

import socket
from base64 import b64encode
from email import policy

import pytest

from mailgate.intake.inbox import Incoming
from tests.desk.conftest import ADMIN, ALICE, BOB, CUSTOMER
from tests.intake.desk import EVE, SUPPORT

STAFF = {ALICE.address, BOB.address, ADMIN}
SCRIPT = '<script>alert(1)</script><img src=x onerror="alert(1)">'
ENDS = {"end": "</p></body>", "quote": '"><svg onload=alert(1)>', "comment": "<!-- --><script>"}


@pytest.fixture
def gateway(sqlite_gateway):
    return sqlite_gateway


def put(gateway, raw, sender=CUSTOMER):
    """Let raw bytes come; return how they ended."""
    id_ = gateway.inbox.put(Incoming(raw, sender, (SUPPORT,), gateway.now, "192.0.2.9", "smtp"))
    gateway.worker.drain()
    return gateway.delivery(id_)


def parts(letters, kind):
    """Return the decoded texts of a kind in mails."""
    return [
        part.get_content()
        for letter in letters
        for part in letter.walk()
        if part.get_content_type() == kind and not part.get_filename()
    ]


def head(**headers):
    given = {"From": CUSTOMER, "To": SUPPORT, "Subject": "Printer", "Message-ID": "<c@x.example>"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in given.items())


# --- HTML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [SCRIPT, *ENDS.values()])
def test_no_script_of_a_mail_is_markup_in_what_we_send(gateway, leave, words):
    gateway.mail(
        f"My words {words}.",
        sender=f'"{words.replace(chr(34), "")}" <{CUSTOMER}>',
        Subject=f"Subject {words}",
    )
    pages = parts(leave(), "text/html")
    assert len(pages) == 4
    for page in pages:
        for mark in ("<script", "<img src=x", "<svg", "<!-- -->"):
            assert mark not in page.replace("&lt;", "")


@pytest.mark.parametrize(
    "body",
    [
        f"<p>My words.</p>{SCRIPT}",
        '<p>My words.</p><img src="http://tracker.example/a.gif"><link href="//tracker.example/f">',
        '<p style="background: url(http://tracker.example/b)">My words.</p>',
        '<p>My words.</p><iframe src="http://tracker.example/c"></iframe>',
        '<p>My words.</p><svg><use href="http://tracker.example/d"/></svg>',
        '<style>@import "http://tracker.example/e";</style><p>My words.</p>',
        '<p>My words.</p><form action="http://tracker.example/f"><input name=password></form>',
        '<base href="http://tracker.example/"><p>My words.</p>',
        '<meta http-equiv=refresh content="0;url=http://tracker.example/"><p>My words.</p>',
    ],
)
def test_no_markup_of_a_mail_is_passed_on_or_fetched(gateway, leave, body):
    raw = head(Content_Type="text/html", MIME_Version="1.0") + f"\r\n<html>{body}</html>\r\n"
    assert put(gateway, raw.encode())["state"] == "opened"
    assert "My words." in gateway.rows("message")[0]["text"]
    for page in parts(leave(), "text/html"):
        assert "tracker.example" not in page
        assert "<script" not in page
        assert "onerror" not in page


def test_the_server_asks_no_address_that_stands_in_a_mail(sqlite_gateway, monkeypatch):
    asked = []

    def ask(*where, **_):
        asked.append(where)
        raise OSError("nobody is there")

    monkeypatch.setattr(socket.socket, "connect", ask)
    monkeypatch.setattr(socket, "getaddrinfo", ask)
    links = "http://tracker.example/ https://[::1]/ ftp://x.example file:///etc/passwd //x.example"
    raw = head(
        Content_Type="text/html",
        MIME_Version="1.0",
        List_Unsubscribe="<http://tracker.example/u>",
        Disposition_Notification_To="spy@tracker.example",
        X_Image_URL="http://tracker.example/i.png",
        Content_Location="http://tracker.example/",
    )
    row = put(
        sqlite_gateway, f"{raw}\r\n<img src='http://tracker.example/a.gif'>{links}\r\n".encode()
    )
    assert row["state"] == "opened"
    external = head(
        Content_Type='message/external-body; access-type=URL; URL="http://tracker.example/x"',
        MIME_Version="1.0",
        Message_ID="<e@x.example>",
    )
    assert put(sqlite_gateway, f"{external}\r\n\r\n".encode())["state"] == "opened"
    assert asked == []


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "..\\..\\windows\\win.ini", "C:\\autoexec.bat", "CON",
     "nul.txt", "a\u202egpj.exe", "a\u200b.txt", "x" * 300 + ".pdf", "é" * 300 + ".pdf",
     ".htaccess", "..", ".", "", "a/b/c.txt", "-rf", "a\0b.txt", "a;id.txt", "$(id).txt", "~root",
     "a.pdf\r\nBcc: v@x.example"],
    ids=lambda name: ascii(name)[:24],
)  # fmt: skip
def test_the_name_of_a_file_leads_nowhere(gateway, leave, name):
    word = f"=?utf-8?b?{b64encode(name.encode()).decode()}?="
    raw = (
        head(Content_Type='multipart/mixed; boundary="b"', MIME_Version="1.0")
        + "\r\n--b\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/octet-stream\r\n"
        + f'Content-Disposition: attachment; filename="{word}"\r\n\r\n1\r\n--b--\r\n'
    )
    put(gateway, raw.encode())
    (file,) = gateway.rows("attachment")
    shown = file["name"]
    assert shown
    assert shown.isprintable()
    assert not set("/\\\0\u202e\u200b") & set(shown)
    assert shown.strip(".")
    assert len(shown.encode()) <= 255
    assert shown.partition(".")[0].upper() not in {"CON", "NUL"}
    for letter in leave():
        assert "Bcc" not in letter


# --- templates, shells, queries -------------------------------------------------------------------

TEMPLATES = [
    "{{ 7 * 191 }}",
    "{% include '/etc/passwd' %}",
    "${7*191}",
    "$(id)",
    "`id`",
    "%s%n",
    "{0}",
]


@pytest.mark.parametrize("words", TEMPLATES)
def test_no_field_of_a_mail_is_a_template_or_a_command(gateway, leave, words):
    gateway.mail(
        f"My words {words}", sender=f'"Carol {words}" <{CUSTOMER}>', Subject=f"Subject {words}"
    )
    letters = leave()
    texts = parts(
        [each for each in letters if each["To"].addresses[0].addr_spec in STAFF], "text/plain"
    )
    assert len(texts) == 3
    for text in texts:
        assert f"My words {words}" in text
        assert "1337" not in text
    assert all("1337" not in str(letter["Subject"]) for letter in letters)


QUERIES = [
    "' OR 1=1 --",
    "'; DROP TABLE ticket; --",
    '"',
    "\\",
    "%",
    "_",
    "*",
    "NEAR(a b)",
    "a AND",
    "%%%",
]


@pytest.mark.parametrize("words", QUERIES)
def test_no_field_of_a_mail_and_no_search_is_a_query(cli, words):
    other = cli.open(subject="Lamp", text="It is dark.")
    number = cli.open(subject=f"x{words}y", text=f"z{words}z", sender="o'neil@customer.example")
    assert [each["number"] for each in cli.json("tickets", "--search", f"x{words}y")] == [number]
    assert [each["number"] for each in cli.json("tickets", "--search", f"z{words}z")] == [number]
    assert cli.json("tickets", "--search", "x' OR 1=1 --") == (
        [] if "OR 1=1" not in words else cli.json("tickets", "--search", words)
    )
    assert len(cli.json("tickets", "--requester", "o'neil@customer.example")) == 1
    assert {each["number"] for each in cli.json("tickets")} == {other, number}


def test_an_order_is_chosen_by_us(cli):
    assert "No such option" in cli.no(2, "tickets", "--sort", "(select 1)")


# --- who gets to see what -------------------------------------------------------------------------


def test_neither_a_note_nor_an_agents_token_reaches_the_customer(gateway, opened, leave):
    gateway.agent("/note\nwalnut: he shouts")
    gateway.mail(
        "walnut: he shouts still",
        sender=ALICE.address,
        to=gateway.reply_address(kind="note_address"),
    )
    gateway.agent("/take\n/tag walnut\nWe are on it.")
    gateway.agent("/resolve: walnut, it was unplugged\nIt was unplugged.")
    gateway.mail("It still does not work.", Subject="Re: [TKT-2026-00001]")
    gateway.agent("/close: walnut")
    letters = leave()
    tokens = [
        address.partition("@")[0]
        for row in gateway.rows("outbox")
        for address in (row["context"]["reply_address"], row["context"]["note_address"])
        if address is not None
    ]
    seen = [each for each in letters if each["To"].addresses[0].addr_spec == CUSTOMER]
    assert len(seen) == 3
    for letter in seen:
        raw = letter.as_bytes(policy=policy.SMTP).decode()
        assert not [token for token in tokens if token in raw]
        for text in (raw, *parts([letter], "text/plain"), *parts([letter], "text/html")):
            assert "walnut" not in text


@pytest.mark.parametrize(
    "command", ["/note walnut", "/close", "/assign bob", "/take", "#note walnut", "/resolve: done"]
)
def test_a_command_in_a_customers_mail_is_text(gateway, opened, command):
    before = gateway.ticket(opened["ticket_id"])
    gateway.mail(f"{command}\nPlease.", Subject="Re: [TKT-2026-00001]")
    after = gateway.ticket(opened["ticket_id"])
    assert (after.status, after.assignee) == (before.status, before.assignee)
    message = gateway.rows("message")[-1]
    assert (message["kind"], message["side"]) == ("public", "client")
    assert message["text"] == f"{command}\nPlease."


def test_a_mail_within_a_mail_is_not_taken_for_the_mail(gateway, opened):
    inner = (
        f"From: {CUSTOMER}\r\nTo: {gateway.reply_address()}\r\nSubject: Re: [TKT-2026-00001]\r\n"
        "Message-ID: <inner@x.example>\r\nIn-Reply-To: <m1@customer.example>\r\n"
        "Auto-Submitted: auto-replied\r\n\r\n/close\r\n"
    )
    raw = (
        head(
            From=EVE,
            Subject="See what I got",
            Content_Type='multipart/mixed; boundary="b"',
            MIME_Version="1.0",
        )
        + "\r\n--b\r\n\r\nLook.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        + inner
        + "--b--\r\n"
    )
    row = put(gateway, raw.encode(), EVE)
    assert (row["state"], row["verdict"]["kind"]) == ("opened", "person")
    assert row["ticket_id"] != opened["ticket_id"]
    ticket = gateway.ticket(row["ticket_id"])
    assert (ticket.requester, ticket.subject) == (EVE, "See what I got")
    assert gateway.ticket(opened["ticket_id"]).version == 1
