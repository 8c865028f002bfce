"""The benchmark measures what it says it measures."""

import email
import email.policy
import hashlib
import re
from types import SimpleNamespace

import pytest

from bench import accepting, gateway, load, mix, noop, process, road
from tests.intake.wire import FakeInbox, listening


def every(rounds):
    return [letter for letters in rounds for letter in letters]


@pytest.mark.parametrize("n", [100, 1000])
def test_the_mix_is_the_one_that_all_are_measured_with(n):
    letters = every(mix.plan(n))
    opening = [letter for letter in letters if letter.parent is None]
    with_files = [letter for letter in letters if letter.attaches]
    assert len(letters) == n
    assert len(opening) == round(n * 0.45)
    assert len(with_files) == round(n * 0.1)
    assert len([letter for letter in opening if letter.attaches]) == len(with_files) / 2


def test_an_answer_belongs_to_a_ticket_of_an_earlier_round():
    known = set()
    for letters in mix.plan(200):
        assert {letter.parent for letter in letters} - {None} <= known
        known |= {letter.key for letter in letters if letter.parent is None}


def test_in_a_single_round_all_mails_open_tickets():
    (letters,) = mix.plan(40, rounds=1)
    assert len(letters) == 40
    assert {letter.parent for letter in letters} == {None}


def test_the_same_seed_makes_the_same_mails_and_another_seed_others():
    def mails(seed):
        letters = every(mix.plan(60, seed))
        return {mix.render(letter, {one.key: "[T-1]" for one in letters}) for letter in letters}

    assert mails(1) == mails(1)
    assert not mails(1) & mails(2)


def test_each_mail_holds_what_it_is_recognised_by():
    letters = every(mix.plan(200))
    for letter in letters:
        raw = mix.render(letter, {one.key: f"[T-{one.serial}]" for one in letters})
        assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert not mail.defects
        assert letter.ticket in mail["Subject"]
        if letter.parent:
            assert re.match(r"Re: \[T-\d+\] BK", mail["Subject"])
            assert mail["In-Reply-To"] in mail["References"]
        texts = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
        assert letter.mark in texts[0].get_content()
        files = [part.get_content() for part in mail.iter_attachments()]
        assert [hashlib.sha256(content).hexdigest() for content in files] == letter.digests
        assert bool(files) is letter.attaches
        assert all(50_000 <= len(content) <= 300_100 for content in files)


@pytest.mark.parametrize(
    "manner",
    [load.Manner(conns=3), load.Manner(conns=2, keep=1, pipeline=True), load.Manner(rate=200.0)],
)
def test_the_load_arrives_octet_for_octet(manner):
    letters = every(mix.plan(40, rounds=1))
    mails = load.rendered(letters, {letter.key: "[T-1]" for letter in letters})
    inbox = FakeInbox()
    with listening(inbox) as listener:
        outcome = load.send([listener.port], mails, manner)
    raws = {mix.render(letter, {one.key: "[T-1]" for one in letters}) for letter in letters}
    assert {mail.raw for mail in inbox.mails} == raws
    assert outcome.sent == len(outcome.answers) == len(outcome.wholes) == 40
    assert outcome.summary()["refused"] == 0
    assert outcome.summary()["mails_s"] > 0
    assert all(
        whole >= answer for whole, answer in zip(outcome.wholes, outcome.answers, strict=True)
    )


def test_a_refused_mail_is_told():
    with listening(FakeInbox(), accepts=lambda _address: False) as listener:
        outcome = load.send([listener.port], [("a@x.example", b".\r\n")], load.Manner(conns=1))
    assert outcome.refused == ["503 5.5.1 Say RCPT first"]


@pytest.mark.parametrize(
    ("raw", "wire"),
    [(b"", b".\r\n"), (b"a", b"a\r\n.\r\n"), (b".a\r\n.\r\n", b"..a\r\n..\r\n.\r\n")],
)
def test_dots_are_stuffed(raw, wire):
    assert load.wire_form(raw) == wire


def test_processed_mails_are_counted_from_the_log(tmp_path):
    followed = gateway.Gateway(tmp_path)
    for line in (
        "2026-11-21T04:12:58.567Z info    gateway.ready\n",
        "2026-11-21T04:12:59.567Z info    mail.accepted mail=1\n",
        "2026-11-21T04:12:59.568Z info    mail.opened mail=1 ticket=7\n",
        '{"time": "2026-11-21T04:13:00Z", "level": "info", "event": "mail.threaded", "mail": 2}\n',
    ):
        followed.note(line)
    processed = followed.processed
    assert processed.states == {"opened": 1, "threaded": 1}
    assert processed.last <= process.now()
    processed.wait(2)
    with pytest.raises(RuntimeError, match="2 of 3 processed"):
        processed.wait(3, patience=0.01)


TICKETS = [
    {"number": "T-2", "subject": "Re: x BK001000000 y", "messages": 1, "created_at": "2026-02"},
    {"number": "T-1", "subject": "BK001000000 y", "messages": 2, "created_at": "2026-01"},
    {"number": "T-3", "subject": "nothing", "messages": 9, "created_at": "2026-03"},
]


def test_numbers_are_learnt_from_subjects():
    assert gateway.tags(TICKETS) == {"BK001000000": "[T-1]"}


def test_a_mail_in_another_ticket_than_its_own_is_not_counted_as_threaded():
    letters = [SimpleNamespace(ticket="BK001000000")] * 3 + [SimpleNamespace(ticket="BK9")]
    assert gateway.threaded(letters, TICKETS) == 2


@pytest.mark.parametrize(
    "content", [b"", b"A: b\r\n\r\nc\r\n", b"..\r\n.c\r\n", b"a\nb\r\n", b"a\rb\r\n", b".\r\r\n"]
)
def test_the_yardstick_reads_as_strictly_as_the_gateway_wherever_blocks_are_cut(content):
    data = content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    wire = data + b"QUIT\r\n"
    for cut in range(len(data)):
        found = []
        for reader in (noop.Whole(), noop.DataReader(1000, lambda _: True, 1000)):
            rests = [reader.feed(wire[:cut]), reader.feed(wire[cut:])]
            found.append((rests[1], reader.take()))
        assert found[0] == found[1], cut


def test_a_process_is_measured_with_its_children():
    with accepting.noop("stock") as (pid, port):
        mine = process.family(process.parent(pid))
        assert pid in mine
        with process.Peak(pid) as peak:
            assert peak.mb > 5
        assert process.cpu_seconds(pid) > 0
        assert port
        process.settle(pid, patience=5)
    assert process.cpu_seconds(2**22 + 1) == 0
    assert 0 < process.calibrate() < 10


class FakeGateway:
    """A gateway in which every mail is processed the moment it is answered."""

    def __init__(self, inbox, port):
        self.port, self.inbox = port, inbox
        self.processed = SimpleNamespace(mails=0, last=0.0, wait=self._wait)

    def _wait(self, mails):
        assert len(self.inbox.mails) == mails
        self.processed.last = process.now()

    def tickets(self):
        subjects = [re.search(rb"Subject: (BK\d{9})", mail.raw) for mail in self.inbox.mails]
        keys = [found[1].decode() for found in subjects if found]
        return [
            {"number": f"T-{key}", "subject": key, "messages": 1, "created_at": ""} for key in keys
        ]


def test_each_round_waits_for_the_numbers_of_the_one_before():
    inbox = FakeInbox()
    with listening(inbox) as listener:
        fake, rounds = FakeGateway(inbox, listener.port), mix.plan(40, rounds=3)
        outcome, seconds = road.send_rounds([fake], rounds, load.Manner(conns=2))
    assert outcome.sent == 40
    assert seconds >= outcome.wall
    answers = [mail.raw for mail in inbox.mails if b"In-Reply-To" in mail.raw]
    assert len(answers) == 22
    assert all(re.search(rb"Subject: Re: \[T-(BK\d{9})\] \1", raw) for raw in answers)


def test_the_mails_are_divided_among_several_gateways():
    inboxes = [FakeInbox(), FakeInbox()]
    letters = every(mix.plan(12, rounds=1))
    with listening(inboxes[0]) as first, listening(inboxes[1]) as second:
        mails = load.rendered(letters, {})
        load.send([first.port, second.port], mails, load.Manner(conns=4))
    assert sum(len(inbox.mails) for inbox in inboxes) == 12
    assert all(inbox.mails for inbox in inboxes)


def test_a_gateway_that_refuses_ends_the_measuring():
    with listening(FakeInbox(), accepts=lambda _address: False) as listener:
        fake = FakeGateway(FakeInbox(), listener.port)
        with pytest.raises(RuntimeError, match="refused: 503"):
            road.send_rounds([fake], mix.plan(10), load.Manner(conns=1))
