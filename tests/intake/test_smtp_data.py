"""Reading the data of one mail, however the network cuts it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.intake.data import DataReader, Flaw


def reader(limit=10_000, room=lambda _size: True, patience=1_000_000):
    return DataReader(limit, room, patience)


def read(blocks, **options):
    """Feed blocks until the data ends; return the reader and what follows."""
    data = reader(**options)
    for number, block in enumerate(blocks):
        rest = data.feed(block)
        if rest is not None:
            return data, rest + b"".join(blocks[number + 1 :])
    return data, None


def by_lines(wire):
    """Read as RFC 5321 section 4.5.2 tells it, one line at a time."""
    kept = b""
    while True:
        line, end, wire = wire.partition(b"\r\n")
        assert end
        if line == b".":
            return kept, wire
        kept += line.removeprefix(b".") + b"\r\n"


SHAPES = [
    b".\r\n",
    b"\r\n.\r\n",
    b"\r\n\r\n.\r\n",
    b"a\r\n.\r\n",
    b"..\r\n.\r\n",
    b"..\r\n..\r\n.\r\n",
    b".a\r\n.\r\n",
    b"a\r\n..\r\n.\r\n",
    b"a\r\n...\r\n..b\r\n.\r\n",
    b"a.\r\n.\r\n",
    b".\r\n.\r\n",
    b"a\r\n.b\r\n.\r\n",
    b"\r\n..\r\n\r\n.\r\n",
]


@pytest.mark.parametrize("wire", SHAPES, ids=repr)
def test_a_mail_cut_at_any_two_places_reads_the_same(wire):
    wire += b"QUIT\r\n"
    expected = by_lines(wire)
    for first, second in itertools.combinations_with_replacement(range(len(wire) + 1), 2):
        data, rest = read([wire[:first], wire[first:second], wire[second:]])
        assert (data.take(), rest, data.flaw) == (*expected, None)
        assert data.size == len(expected[0])


@pytest.mark.parametrize("wire", SHAPES, ids=repr)
def test_a_mail_that_comes_octet_by_octet_reads_the_same(wire):
    data, rest = read([bytes([octet]) for octet in wire + b"rest"])
    assert (data.take(), rest) == by_lines(wire + b"rest")


LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"ab", b"a..b", b"\xff\0"]))


@given(LINES, st.lists(st.integers(0, 60)), st.binary(max_size=12))
def test_whatever_is_sent_is_what_is_kept(lines, cuts, rest):
    mail = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines)
    wire = stuffed + b".\r\n" + rest
    at = sorted({min(cut, len(wire)) for cut in cuts} | {0, len(wire)})
    data, after = read([wire[a:b] for a, b in itertools.pairwise(at)])
    assert (data.take(), after, data.flaw, data.size) == (mail, rest, None, len(mail))


ALMOST_ENDS = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n",
    b"\r\r\n.\n", b"\n\r.\r\n", b"\r\n.\r\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n. \r\n",
    b"\r\n .\r\n", b"\n\n.\r\n", b"\r\n.\n\r\n", b"\0\r.\r\n", b"\r\n.\x0b\r\n", b"\r\n\x85.\r\n",
]  # fmt: skip


@pytest.mark.parametrize("almost", ALMOST_ENDS, ids=repr)
def test_nothing_but_crlf_dot_crlf_ends_the_data(almost):
    data = reader()
    smuggled = b"first" + almost + b"MAIL FROM:<evil@x.example>\r\n"
    for octet in smuggled:
        assert data.feed(bytes([octet])) is None
    assert data.feed(b"\r\n.\r\nNOOP\r\n") == b"NOOP\r\n"


@pytest.mark.parametrize("bare", [b"\r", b"\n", b"\r\r\n", b"\n\r", b"\n\n", b"\r\n\n", b"\r\r"])
def test_a_cr_or_lf_on_its_own_is_a_flaw_wherever_it_stands_and_is_cut(bare):
    for wire in (
        bare + b"b\r\n.\r\n",
        b"a" + bare + b"\r\nb\r\n.\r\n",
        b"abcdef" + bare + b"x\r\n.\r\n",
    ):
        for cut in range(len(wire)):
            data, rest = read([wire[:cut], wire[cut:]])
            assert (data.flaw, data.take(), rest) == (Flaw.BARE_NEWLINE, b"", b"")


@pytest.mark.parametrize(("size", "flaw"), [(99, None), (100, None), (101, Flaw.TOO_BIG)])
def test_the_limit_is_exact_and_does_not_count_dots_of_the_transport(size, flaw):
    mail = b".\r\n" * 30
    mail += b"x" * (size - len(mail) - 2) + b"\r\n"
    wire = mail.replace(b".", b"..") + b".\r\n"
    for cut in range(0, len(wire), 7):
        data, rest = read([wire[:cut], wire[cut:]], limit=100)
        assert (data.flaw, rest) == (flaw, b"")
        assert data.take() == (b"" if flaw else mail)


def test_a_mail_too_big_is_read_to_its_end_and_not_kept():
    data = reader(limit=10)
    assert data.feed(b"x" * 50 + b"\r\n") is None
    assert data.feed(b"y" * 50) is None
    assert data.flaw is Flaw.TOO_BIG
    assert data.take() == b""
    assert data.feed(b"\r\n.\r\nRSET\r\n") == b"RSET\r\n"
    assert not data.exhausted


def test_the_first_flaw_is_the_one_that_is_told():
    data = reader(limit=10)
    data.feed(b"a\nb" + b"x" * 50)
    assert data.flaw is Flaw.BARE_NEWLINE


def test_patience_ends_with_flawed_data_only():
    good, flawed = reader(patience=20), reader(limit=5, patience=20)
    for _ in range(3):
        assert good.feed(b"12345678") is None
        assert flawed.feed(b"12345678") is None
    assert not good.exhausted
    assert flawed.exhausted


def test_room_is_asked_with_the_size_so_far_and_a_no_drops_the_mail():
    asked = []
    data = reader(room=lambda size: asked.append(size) or size <= 8)
    data.feed(b"12345678")
    assert data.flaw is None
    data.feed(b"12345678")
    assert data.flaw is Flaw.NO_ROOM
    assert data.take() == b""
    data.feed(b"12345678")
    assert asked == sorted(asked)
    assert len(asked) == 2
