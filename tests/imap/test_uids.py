"""UIDs as ranges: the same as a set of them, whatever the server tells."""

import random

import pytest

from mailgate.imap.uids import Uids


def drawn(seed):
    lot = random.Random(seed)  # noqa: S311 - a seed, so that a failure comes again
    return {lot.randint(1, 60) for _ in range(lot.randint(0, 50))}


@pytest.mark.parametrize("seed", range(40))
def test_they_are_what_a_set_would_be(seed):
    plain = drawn(seed)
    uids = Uids.of(plain)
    assert list(uids) == sorted(plain)
    assert len(uids) == len(plain)
    assert [uid for uid in range(70) if uid in uids] == sorted(plain)
    assert list(uids.between(10, 29)) == sorted(plain & set(range(10, 30)))
    blocks = {uid // 8 for uid in plain}
    assert uids.blocks(8) == {
        block: (len(mine), sum(mine))
        for block in blocks
        if (mine := [uid for uid in plain if uid // 8 == block])
    }


@pytest.mark.parametrize(
    ("answers", "ranges"),
    [
        ([], []),
        ([b'(TAG "A7") UID'], []),
        ([b'(TAG "A7") UID ALL 1:3,5'], [(1, 3), (5, 5)]),
        ([b'(TAG "A7") UID COUNT 3 ALL 5,9:8 MIN 5'], [(5, 5), (8, 9)]),
        ([b'(TAG "A7") UID ALL 4:6', b'(TAG "A8") UID ALL 1:3'], [(1, 6)]),
    ],
)
def test_a_server_tells_them_in_one_line(answers, ranges):
    assert Uids.told(answers).ranges == ranges


@pytest.mark.parametrize("said", [b"UID ALL ,", b"UID ALL :4"])
def test_what_cannot_be_read_is_an_error(said):
    with pytest.raises(ValueError, match="invalid literal"):
        Uids.told([said])
