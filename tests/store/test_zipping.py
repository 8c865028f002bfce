"""Octets at rest are read back whoever has compressed them, and damage is seen."""

import importlib
import sys
import zlib

import pytest

from mailgate.store import zipping

TEXT = b"words and more words\r\n" * 60


@pytest.fixture(params=["isal", "zlib"])
def kind(request, monkeypatch):
    """Compress as on a machine with ISA-L, and as on one without."""
    if request.param == "isal":
        importlib.import_module("isal")  # a machine that has none for it cannot run this
    else:
        monkeypatch.setitem(sys.modules, "isal", None)
    yield importlib.reload(zipping)
    monkeypatch.undo()
    importlib.reload(zipping)


def test_either_reads_what_the_other_has_compressed(kind):
    packed = kind.compressed(TEXT)
    assert packed.startswith(zipping.PACKED)
    assert len(packed) < len(TEXT) / 5
    assert zlib.decompress(packed) == TEXT
    assert kind.expanded(zlib.compress(TEXT, 2)) == TEXT
    assert kind.expanded(packed) == TEXT


@pytest.mark.parametrize("octets", [b"x^", b"x^broken", zlib.compress(TEXT, 2)[:-1]], ids=str)
def test_damage_is_seen(kind, octets):
    assert kind.expanded(octets) is None


def test_how_much_is_compressed_where_somebody_waits_is_what_takes_no_time(kind):
    slow = kind._SLOW
    most = 32 * 1024 if slow else 256 * 1024
    assert kind.is_worth_it(most, hurried=True)
    assert not kind.is_worth_it(most + 1, hurried=True)
    assert kind.is_worth_it(most + 1, hurried=False) is not slow
