"""Rules for new tickets: the first that fits has the say, and what was tried is told."""

import pytest

from mailgate.domain.choice import Choice
from mailgate.domain.model import Kind, Priority
from mailgate.domain.rules import LOOKED_AT, Matter, Rule, is_word, ranked, routed

CHOSEN = Choice("general_inquiry", why=("as it was",))


def matter(
    text="Where is my parcel?", sender="carol@shop.example", *recipients, proved=True
) -> Matter:
    return Matter(sender, frozenset(recipients), text, proved)


def test_the_first_by_rank_has_the_say_and_the_others_are_told():
    rules = ranked(
        [
            Rule("late", rank=200, team="everybody"),
            Rule("money", words=("invoice",), team="billing"),
            Rule("parcels", words=("parcel",), team="logistics", tags=("parcel", "vip")),
            Rule("first", rank=1, sender_domains=("gov",), team="press"),
        ]
    )
    assert [rule.name for rule in rules] == ["first", "money", "parcels", "late"]
    assert routed(CHOSEN, rules, matter()) == Choice(
        "general_inquiry",
        team="logistics",
        tags=("parcel", "vip"),
        why=(
            "as it was",
            "rule first does not fit: its sender is of shop.example",
            "rule money does not fit: it holds none of the whole words",
            "team logistics, tags parcel, vip by rule parcels",
        ),
    )


def test_a_rule_that_goes_by_a_sender_whom_nothing_proves_says_so():
    rules = (Rule("first", sender_domains=("shop.example",), team="press"),)
    found = routed(CHOSEN, rules, matter(proved=False))
    assert found.team == "press"
    assert found.why[-1] == (
        "team press by rule first, though nothing proves that carol@shop.example wrote it"
    )
    by_words = (Rule("other", words=("parcel",), team="press"),)
    assert routed(CHOSEN, by_words, matter(proved=False)).why[-1] == "team press by rule other"


def test_where_none_fits_everything_stays_as_it_was_chosen():
    (rule,) = rules = ranked([Rule("money", words=("invoice",), team="billing")])
    found = routed(CHOSEN, rules, matter())
    assert (found.team, found.tags, found.category) == (None, (), "general_inquiry")
    assert found.why[-1].startswith(f"rule {rule.name} does not fit")
    assert routed(CHOSEN, (), matter()) == CHOSEN


def test_a_rule_takes_all_that_has_a_team_and_no_condition():
    assert Rule("rest", team="front").takes_all
    assert not Rule("tags", tags=("x",)).takes_all
    assert not Rule("some", team="front", kinds=(Kind.ORDER,)).takes_all


def test_a_rule_says_what_kind_of_matter_it_is():
    found = routed(CHOSEN, (Rule("odd", kind=Kind.ORDER),), matter())
    assert (found.kind, found.why[-1]) == (Kind.ORDER, "kind order by rule odd")
    assert routed(CHOSEN, (Rule("vip", tags=("vip",)),), matter()).kind is Kind.REQUEST


def test_a_rule_says_what_a_ticket_is():
    rule = Rule("urgent", category="access", priority=Priority.CRITICAL, tags=("a", "b"))
    chosen = Choice("billing", Priority.LOW, team="sales", tags=("b",))
    found = routed(chosen, (rule,), matter())
    assert (found.category, found.priority) == ("access", Priority.CRITICAL)
    assert (found.team, found.tags) == ("sales", ("b", "a"))


@pytest.mark.parametrize(
    ("rule", "about", "lacking"),
    [
        (Rule("r", categories=("billing",)), matter(), "its category is general_inquiry"),
        (Rule("r", categories=("general_inquiry",)), matter(), ""),
        (Rule("r", priorities=(Priority.HIGH,)), matter(), "its priority is normal"),
        (Rule("r", priorities=(Priority.NORMAL,)), matter(), ""),
        (Rule("r", sender_domains=("shop.example",)), matter(), ""),
        (Rule("r", sender_domains=("example",)), matter(), ""),
        (Rule("r", sender_domains=("op.example",)), matter(), "its sender is of shop.example"),
        (Rule("r", sender_domains=("gov",)), matter("x", ""), "its sender is of no domain"),
        (Rule("r", kinds=(Kind.DISPUTE,)), matter(), "its kind is request"),
        (Rule("r", kinds=(Kind.REQUEST,)), matter(), ""),
        (Rule("r", recipients=("a@desk",)), matter("x", "c@d", "a@desk", "b@desk"), ""),
        (Rule("r", recipients=("a@desk",)), matter("x", "c@d"), "it was sent to another address"),
        (Rule("r", words=("parcels", "my parcel")), matter(), ""),
        (Rule("r", words=("PARCEL",)), matter("the\nparcel!"), ""),
        (Rule("r", words=("par",)), matter(), "it holds none of the whole words"),
        (Rule("r", words=("credit note",)), matter("the credit-\n note"), ""),
        (Rule("r", words=("straße",)), matter("in der STRASSE"), ""),
        (Rule("r", words=("ku\u0308ndigung",)), matter("Die Kündigung"), ""),
        (Rule("r", words=("टी",)), matter("टीम"), "it holds none of the whole words"),
        (Rule("r", words=("टीम",)), matter("एक टीम!"), ""),
        (Rule("r", words=("发票",)), matter("我需要发票谢谢"), ""),
        (
            Rule("r", words=("発票",)),
            matter("我需要发票谢谢"),
            "it holds none of the whole words",
        ),
        (
            Rule("r", words=("x",)),
            matter("a " * LOOKED_AT + "x"),
            "it holds none of the whole words",
        ),
    ],
)
def test_each_condition_holds_or_is_named(rule, about, lacking):
    (*_, last) = routed(CHOSEN, ranked([rule]), about).why
    assert last == (f"rule r does not fit: {lacking}" if lacking else " by rule r")


CAN = dict.fromkeys(("invoice", "credit note", "e-mail", "टी"), True)
CAN |= dict.fromkeys(("C++", "!!!", "#help", ""), False)


@pytest.mark.parametrize(("text", "can"), CAN.items())
def test_what_loses_its_sense_is_no_word_to_be_looked_for(text, can):
    assert is_word(text) is can
