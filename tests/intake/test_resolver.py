"""What dnspython answers and how it fails, in the words of the gateway; nothing is asked."""

from types import SimpleNamespace

import dns.exception
import dns.name
import dns.resolver
import dns.rrset
import pytest

from mailgate.errors import Temporary
from mailgate.intake import resolver
from mailgate.intake.resolver import MOST_LOOKUPS, Lookups, ask, system_resolver


class Asked:
    """Stands for a dnspython resolver."""

    def __init__(self, answer) -> None:
        self.answer = answer

    def resolve(self, name, kind, *, lifetime, raise_on_no_answer, search):
        assert (name, lifetime, raise_on_no_answer, search) == ("a.example", 2.0, False, False)
        if isinstance(self.answer, Exception):
            raise self.answer
        return SimpleNamespace(rrset=self.answer)


def records(kind, *texts):
    return dns.rrset.from_text("a.example.", 60, "IN", kind, *texts)


@pytest.mark.parametrize(
    ("kind", "texts", "found"),
    [
        ("TXT", ['"v=spf1 " "-all"'], [b"v=spf1 -all"]),
        ("MX", ["10 mx.a.example."], [(10, "mx.a.example")]),
        ("PTR", ["out.a.example."], ["out.a.example"]),
        ("A", ["192.0.2.7"], ["192.0.2.7"]),
        ("AAAA", ["2001:db8::7"], ["2001:db8::7"]),
    ],
)
def test_records_become_plain_values(kind, texts, found):
    assert ask(Asked(records(kind, *texts)), "a.example", kind, 2.0) == found


@pytest.mark.parametrize(
    "nothing", [None, dns.resolver.NXDOMAIN(), dns.name.LabelTooLong(), dns.name.NameTooLong()]
)
def test_what_is_not_there_is_an_empty_answer(nothing):
    assert ask(Asked(nothing), "a.example", "TXT", 2.0) == []


@pytest.mark.parametrize("fault", [dns.exception.Timeout(), dns.resolver.NoNameservers()])
def test_no_answer_is_temporary(fault):
    with pytest.raises(Temporary, match="no answer from the DNS"):
        ask(Asked(fault), "a.example", "TXT", 2.0)


def test_the_systems_resolver_is_asked_with_a_cache(monkeypatch):
    made = Asked(records("A", "192.0.2.7"))
    monkeypatch.setattr(dns.resolver, "Resolver", lambda: made)
    assert system_resolver()("a.example", "A", 2.0) == ["192.0.2.7"]
    assert isinstance(made.cache, dns.resolver.LRUCache)
    assert made.cache.max_size == resolver._CACHED


def test_look_ups_are_counted_and_end():
    asked = []
    lookups = Lookups(lambda name, kind, left: asked.append(name) or [], 5.0, lambda: 0.0)
    for _ in range(MOST_LOOKUPS):
        assert lookups("a.example.", "A") == []
    with pytest.raises(Temporary):
        lookups("a.example", "A")
    assert (len(asked), set(asked), lookups.failures) == (MOST_LOOKUPS, {"a.example"}, 1)
