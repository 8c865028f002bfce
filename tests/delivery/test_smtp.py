"""What becomes of a mail at a smarthost, for each answer that a smarthost can give."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgate.delivery import smtp
from mailgate.delivery.smtp import Patience, Smarthost, on_the_wire
from mailgate.delivery.transport import Later, Never, Outgoing, Sent, Unknown
from mailgate.errors import Temporary
from tests.delivery.smarthost import AMPLE, MAIL, OFFERED, OTHER, RAW, nothing, settings_for
from tests.peers.places import LOOPBACK
from tests.peers.sink import DROP, HANG, Sink, Stage


@pytest.fixture
def session(sink: Sink) -> Iterator[smtp.SmtpSession]:
    opened = Smarthost(settings_for(sink)).open()
    yield opened
    opened.close()


class Began:
    """Counts how often the content began, and how many mails had arrived by then."""

    def __init__(self, sink: Sink) -> None:
        self.sink, self.commands = sink, []

    def __call__(self) -> None:
        assert not self.sink.received
        self.commands.append(self.sink.commands[-1])


class TestAMailThatIsTaken:
    def test_arrives_with_its_envelope_and_every_byte(self, sink, session):
        result = session.send(MAIL, nothing)

        assert result == Sent("250 2.0.0 taken")
        (arrived,) = sink.wait()
        assert arrived.mail_from == MAIL.envelope_from
        assert arrived.recipients == (MAIL.recipient,)
        assert arrived.raw == RAW

    def test_is_told_to_have_begun_once_after_the_envelope_and_before_its_content(
        self, sink, session
    ):
        began = Began(sink)

        session.send(MAIL, began)

        assert began.commands == ["DATA"]
        assert len(sink.received) == 1

    def test_shares_its_connection_with_the_next_ones(self, sink, session):
        for _ in range(3):
            assert isinstance(session.send(MAIL, nothing), Sent)
            assert isinstance(session.send(OTHER, nothing), Sent)

        assert sink.sessions == 1
        assert [mail.mail_from for mail in sink.received[:2]] == ["bounce+1@desk.example", ""]

    def test_is_greeted_with_the_name_that_was_given_and_announces_its_size(self, sink, session):
        session.send(MAIL, nothing)

        assert "ehlo gate.desk.example" in sink.commands
        assert f"MAIL FROM:<bounce+1@desk.example> SIZE={len(RAW)}" in sink.commands

    def test_goes_to_a_server_that_knows_only_helo(self, sink):
        sink.fail(Stage.EHLO, "502 5.5.1 what is EHLO")
        session = Smarthost(settings_for(sink)).open()

        assert isinstance(session.send(MAIL, nothing), Sent)

        session.close()
        assert sink.commands[1:3] == ["helo gate.desk.example", "MAIL FROM:<bounce+1@desk.example>"]
        sink.wait_for_command("QUIT")

    def test_of_many_blocks_arrives_whole(self, sink, session):
        lines = b"".join(b"." * (n % 70) + b"x%d\r\n" % n for n in range(9000))

        assert isinstance(session.send(Outgoing("", "c@x.example", lines), nothing), Sent)

        assert sink.wait()[0].raw == lines

    def test_leaves_a_long_or_coloured_answer_cut_and_cleaned(self, sink, session):
        sink.fail(Stage.DOT, "250 \x1b[31mred\x07\x00 " + "long " * 300)

        result = session.send(MAIL, nothing)

        assert isinstance(result, Sent)
        assert result.detail.startswith("250 [31mred long long")
        assert len(result.detail) <= 504
        assert result.detail.endswith("…")


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
class TestAnAnswerToOneMail:
    def test_of_450_means_later_for_this_mail_alone(self, sink, session, stage):
        sink.fail(stage, "450 4.2.0 try\tagain")

        assert session.send(MAIL, nothing) == Later("450 4.2.0 try again", connection=False)
        assert isinstance(session.send(OTHER, nothing), Sent)
        assert sink.sessions == 1

    def test_of_550_means_never_and_the_next_mail_goes_through(self, sink, session, stage):
        sink.fail(stage, "550 5.1.1 nobody of that name")

        assert session.send(MAIL, nothing) == Never(550, "5.1.1 nobody of that name")
        assert isinstance(session.send(OTHER, nothing), Sent)
        assert sink.sessions == 1

    def test_of_421_means_that_the_connection_is_over(self, sink, session, stage):
        sink.fail(stage, "421 4.3.2 closing")

        assert session.send(MAIL, nothing) == Later("421 4.3.2 closing", connection=True)
        assert isinstance(session.send(OTHER, nothing), Sent)
        assert sink.sessions == 2

    @pytest.mark.parametrize("reply", ["530 5.7.0 log in first", "503 5.5.1 what now"])
    def test_that_blames_the_session_is_not_held_against_the_mail(
        self, sink, session, stage, reply
    ):
        sink.fail(stage, reply)

        assert session.send(MAIL, nothing) == Later(reply, connection=True)
        assert isinstance(session.send(OTHER, nothing), Sent)

    def test_that_is_none_is_never_taken_for_a_yes(self, sink, session, stage):
        sink.fail(stage, "199 so so")

        result = session.send(MAIL, nothing)

        if stage is Stage.DOT:
            assert result == Unknown("an answer that is none: 199 so so")
        else:
            assert result == Later("199 so so", connection=True)


class TestACutConnection:
    @pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
    def test_before_the_content_means_later(self, sink, session, stage):
        began = Began(sink)
        sink.fail(stage, DROP)

        result = session.send(MAIL, began)

        assert isinstance(result, Later)
        assert result.connection
        assert result.reason.startswith(f"lost at {stage.upper()}")
        assert began.commands == []

    def test_within_the_content_means_later_since_no_dot_was_sent(self, sink, session):
        sink.fail(Stage.MID_DATA, DROP)
        large = Outgoing("", "c@x.example", b"a line of it\r\n" * 2_000_000)

        result = session.send(large, nothing)

        assert isinstance(result, Later)
        assert result.connection
        assert result.reason.startswith("cut before the end of the mail")
        assert sink.received == []

    @pytest.mark.parametrize("fault", [DROP, HANG])
    def test_or_a_silence_after_the_final_dot_means_unknown(self, sink, session, fault):
        sink.fail(Stage.DOT, fault)
        if fault is HANG:
            session._settings = settings_for(sink, patience=replace(AMPLE, final=0.2))

        result = session.send(MAIL, nothing)

        assert isinstance(result, Unknown)
        assert result.reason.startswith("no answer after the end of the mail")
        assert len(sink.wait()) == 1
        session._settings = settings_for(sink)
        assert isinstance(session.send(OTHER, nothing), Sent)

    def test_between_two_mails_is_mended_without_a_word(self, sink, session):
        session.send(MAIL, nothing)
        sink.fail(Stage.MAIL, DROP)  # as a server does that has waited long enough

        assert isinstance(session.send(OTHER, nothing), Sent)
        assert sink.sessions == 2

    def test_between_two_mails_is_later_when_nobody_listens_any_more(self, sink, session):
        session.send(MAIL, nothing)
        sink.close()

        result = session.send(OTHER, nothing)

        assert isinstance(result, Later)
        assert result.connection
        assert f"{LOOPBACK}:{sink.port}: " in result.reason

    def test_made_by_another_thread_means_later(self, sink, session):
        session._link.close()

        result = session.send(MAIL, nothing)

        assert result == Later("lost at MAIL: not connected", connection=True)
        assert isinstance(session.send(MAIL, nothing), Sent)

    def test_at_the_clearing_away_of_a_refused_mail_costs_a_new_connection(
        self, sink, session, monkeypatch
    ):
        sink.fail(Stage.RCPT, "550 5.1.1 no")
        monkeypatch.setattr("smtplib.SMTP.rset", lambda _self: (_ for _ in ()).throw(OSError))

        assert isinstance(session.send(MAIL, nothing), Never)
        assert isinstance(session.send(OTHER, nothing), Sent)
        assert sink.sessions == 2

    def test_after_a_line_without_end_is_not_taken_for_a_refusal(self, sink, session):
        sink.fail(Stage.RCPT, "250 " + "x" * 9000)

        result = session.send(MAIL, nothing)

        assert result == Later("lost at RCPT: 500 Line too long.", connection=True)


def test_what_began_raises_is_passed_on_and_nothing_arrives(sink, session):
    def fail() -> None:
        raise Temporary("the database is away")

    with pytest.raises(Temporary, match="database"):
        session.send(MAIL, fail)

    assert isinstance(session.send(OTHER, nothing), Sent)
    assert [mail.recipients for mail in sink.wait()] == [("dave@client.example",)]


def test_two_threads_with_a_session_each_share_one_smarthost(sink):
    smarthost = Smarthost(settings_for(sink))
    results = []

    def deliver() -> None:
        session = smarthost.open()
        results.extend(session.send(MAIL, nothing) for _ in range(5))
        session.close()

    threads = [threading.Thread(target=deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [Sent("250 2.0.0 taken")] * 10
    assert sink.sessions == 2


class TestClosing:
    def test_says_quit_and_may_be_repeated(self, sink):
        session = Smarthost(settings_for(sink)).open()

        session.close()
        session.close()

        sink.wait_for_command("QUIT")
        assert sink.log().count("quit") == 1

    def test_does_not_mind_a_server_that_is_gone(self, sink):
        session = Smarthost(settings_for(sink)).open()
        sink.close()

        session.close()

        assert sink.received == []


class TestAnAddress:
    @pytest.mark.parametrize(
        "address",
        [
            "carol@client.example> SIZE=0\r\nRCPT TO:<eve@x.example",
            "carol@client.example\nDATA",
            "carol@client.example\r",
            "carol\0@client.example",
            "carol\u2028@client.example",
            "<carol@client.example>",
            "carol@client.example,eve@x.example",
            "@relay.example:carol@client.example",
            "\ud800@client.example",
            "carol",
            "ca rol@client.example",
            "carol@münchen..example",
        ],
    )
    def test_that_could_be_read_as_more_never_reaches_the_server(self, sink, session, address):
        for mail in (Outgoing("", address, RAW), Outgoing(address, "c@x.example", RAW)):
            result = session.send(mail, nothing)

            assert isinstance(result, Never)
            assert result.code == 553
        assert "MAIL" not in sink.log()

    def test_that_is_empty_is_no_recipient(self, session):
        assert isinstance(session.send(Outgoing("", "", RAW), nothing), Never)

    @pytest.mark.parametrize(
        "address", ['"a b"@x.example', "a.@docomo.example", "a@[127.0.0.1]", '"a\\"b"@x.example']
    )
    def test_that_is_odd_and_legal_or_in_use_is_tried(self, sink, session, address):
        assert isinstance(session.send(Outgoing("", address, RAW), nothing), Sent)
        assert sink.wait()[0].recipients == (address,)

    def test_with_a_foreign_domain_goes_out_in_ascii_and_asks_for_nothing(self, sink, session):
        mail = Outgoing("", "carol@münchen.example", RAW)

        assert isinstance(session.send(mail, nothing), Sent)

        assert sink.wait()[0].recipients == ("carol@xn--mnchen-3ya.example",)
        assert "SMTPUTF8" not in sink.log()

    def test_with_a_foreign_local_part_asks_for_smtputf8_just_this_once(self, sink, session):
        assert isinstance(session.send(Outgoing("", "jörg@x.example", RAW), nothing), Sent)
        assert isinstance(session.send(OTHER, nothing), Sent)

        assert sink.received[0].recipients == ("jörg@x.example",)
        mails = [line for line in sink.commands if line.startswith("MAIL")]
        assert [line.endswith(" SMTPUTF8") for line in mails] == [True, False]

    @pytest.mark.parametrize(
        ("sender", "recipient"), [("", "jörg@x.example"), ("jörg@x.example", "c@x.example")]
    )
    def test_that_needs_smtputf8_is_never_sent_where_it_is_not_known(self, sink, sender, recipient):
        sink.fail(Stage.EHLO, OFFERED + "SIZE")
        session = Smarthost(settings_for(sink)).open()

        result = session.send(Outgoing(sender, recipient, RAW), nothing)

        reason = "jörg@x.example needs SMTPUTF8, which the smarthost does not offer"
        assert result == Never(554, reason)
        session.close()


class TestEightBitContent:
    def test_is_announced(self, sink, session):
        mail = Outgoing("", "c@x.example", RAW + "schön\r\n".encode())

        assert isinstance(session.send(mail, nothing), Sent)
        assert "BODY=8BITMIME" in sink.log()

    def test_is_never_sent_where_it_is_not_known(self, sink):
        sink.fail(Stage.EHLO, "250 old.example")
        session = Smarthost(settings_for(sink)).open()

        result = session.send(Outgoing("", "c@x.example", b"\r\n\xff\r\n"), nothing)

        assert isinstance(result, Never)
        assert "8BITMIME" in result.reason
        session.close()


@pytest.mark.parametrize(
    ("raw", "wire"),
    [
        (b"", b""),
        (b"a", b"a\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a\nb\rc\r\nd\n\re", b"a\r\nb\r\nc\r\nd\r\n\r\ne\r\n"),
        (b"a\r\r\nb", b"a\r\n\r\nb\r\n"),
        (b".", b"..\r\n"),
        (b".\r\n", b"..\r\n"),
        (b"..\r\n.a\r\na.\r\n", b"...\r\n..a\r\na.\r\n"),
        (b"a\n.\nMAIL FROM:<eve@x.example>\n", b"a\r\n..\r\nMAIL FROM:<eve@x.example>\r\n"),
        (b"a\r.\rQUIT", b"a\r\n..\r\nQUIT\r\n"),
        (b"a\r\n.\rb", b"a\r\n..\r\nb\r\n"),
        (b"a\n.\r\nb", b"a\r\n..\r\nb\r\n"),
        (b"a\r.\nb", b"a\r\n..\r\nb\r\n"),
        (b"a\r\n\x00.\r\nb", b"a\r\n\x00.\r\nb\r\n"),
    ],
)
def test_no_end_of_data_can_be_smuggled_out(raw, wire):
    assert on_the_wire(raw) == wire


LINE_BITS = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a"]), max_size=40)


@given(LINE_BITS.map(b"".join))
@example(b"\r\n.\r\n")
def test_what_leaves_is_read_back_as_the_same_lines(raw: bytes):
    wire = on_the_wire(raw)

    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", wire)
    lines = wire.split(b"\r\n")
    assert b"." not in lines
    read = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    whole = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    assert read == (whole if not whole or whole.endswith(b"\r\n") else whole + b"\r\n")


def test_every_wait_has_its_own_limit(sink, session, monkeypatch):
    limits: list[float] = []
    wait: Callable[..., None] = smtp._wait
    monkeypatch.setattr(smtp, "_wait", lambda link, s: (limits.append(s), wait(link, s))[1])
    session._settings = settings_for(
        sink, patience=Patience(command=11, data=12, block=13, final=14, quit=15)
    )

    session.send(MAIL, nothing)
    session.close()

    assert limits == [11, 11, 11, 12, 13, 14, 15]
