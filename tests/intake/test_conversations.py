"""Which old mails belong together, and which are brought along at once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailgate.intake import conversations
from mailgate.intake.archive import Place, Source
from mailgate.intake.conversations import Conversations, Entry

START = datetime(2015, 1, 5, tzinfo=UTC)
SOURCE = Source(Path("old.mbox"), many=True, size=0, start=0)


def batches(*mails, since=None):
    """Each mail is (hours after the start, keys, octets); return the hours, batch by batch."""
    threads = Conversations()
    for hours, keys, *size in mails:
        place = Place(SOURCE, 0, size[0] if size else 1)
        threads.add(Entry(place, "", START + timedelta(hours=hours)), keys)
    assert len(threads) == len(mails)
    begin = None if since is None else START + timedelta(hours=since)
    return [
        [(entry.at - START) // timedelta(hours=1) for entry in batch]
        for batch in conversations.batches(threads.threads(begin))
    ]


def test_mails_with_a_key_in_common_or_with_a_third_come_together_the_oldest_first():
    assert batches((5, "c"), (4, "x"), (3, "bc"), (1, "a"), (2, "ab"), (9, "")) == [
        [1, 2, 3, 5, 4, 9]
    ]


def test_threads_that_ended_before_what_is_asked_for_are_left_out_as_a_whole():
    mails = [(1, "a"), (5, "a"), (4, "b"), (2, "b"), (9, "c")]
    assert batches(*mails, since=5) == [[1, 5, 9]]
    assert batches(*mails, since=10) == []


def test_what_joins_two_threads_may_come_last():
    assert batches((1, "a"), (2, "b"), (3, "x"), (4, "ab")) == [[1, 2, 4, 3]]


def test_a_thread_that_fits_no_more_is_in_the_next_batch_as_a_whole(monkeypatch):
    monkeypatch.setattr(conversations, "BATCH", 3)
    assert batches((1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "c")) == [[1, 2], [3, 4, 5]]


def test_a_thread_longer_than_a_batch_is_cut(monkeypatch):
    monkeypatch.setattr(conversations, "BATCH", 2)
    assert batches(*((n, "a") for n in range(5))) == [[0, 1], [2, 3], [4]]


def test_a_batch_holds_no_more_octets_than_it_may_but_one_mail_of_any_size(monkeypatch):
    monkeypatch.setattr(conversations, "BATCH_OCTETS", 10)
    mails = [(1, "a", 99), (2, "b", 6), (3, "b", 5), (4, "c", 5)]
    assert batches(*mails) == [[1], [2], [3, 4]]


@pytest.mark.parametrize("chain", [True, False], ids=["each with the one before", "all with one"])
def test_finding_together_what_belongs_together_takes_few_steps_for_each_mail(chain):
    threads, entry = Conversations(), Entry(Place(SOURCE, 0, 1), "", START)
    for n in range(20_000):
        threads.add(entry, (str(n), str(n - 1)) if chain else (str(n), "one"))
    depths = []
    for n in range(0, 20_000, 100):
        steps = 0
        while threads._parents[n] != n:
            n, steps = threads._parents[n], steps + 1  # noqa: PLW2901 - the way to the root
        depths.append(steps)
    assert max(depths) <= 2
