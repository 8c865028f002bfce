"""A customer chooses category and priority by words of the address, and the priority to a bound."""

import pytest

from mailgate.domain.choice import ALIASES, Choice, choose
from mailgate.domain.model import Kind, Priority

CATEGORIES = ("technical_support", "billing", "bug_report", "general_inquiry", "other")


def chosen(*words, mark=None, most=Priority.HIGH, categories=CATEGORIES):
    return choose(words, mark, categories, most)


def test_without_a_choice_it_is_an_ordinary_general_matter():
    assert chosen() == chosen("support", "tkt-2026-00001.x7f3") == Choice("general_inquiry")
    assert chosen(categories=("orders", "returns")).category == "orders"


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("billing", "billing"),
        ("Billing", "billing"),
        ("bug-report", "bug_report"),
        ("bug", "bug_report"),
        ("technical", "technical_support"),
        ("feature", "general_inquiry"),  # an alias of one that this desk does not have
    ],
)
def test_a_category_is_chosen_by_its_name_or_alias(word, category):
    assert chosen("support", word).category == category


def test_a_kind_is_chosen_by_its_name_the_most_exact_first():
    found = chosen("Dispute", "order")
    assert (found.kind, found.why) == (Kind.DISPUTE, ("kind dispute by the address (Dispute)",))
    assert chosen("support").kind is Kind.REQUEST


def test_aliases_stand_for_categories_of_the_product():
    assert set(ALIASES) == {"technical", "feature", "bug"}


@pytest.mark.parametrize(
    ("word", "most", "priority"),
    [
        ("high", "high", "high"),
        ("urgent", "high", "high"),
        ("critical", "urgent", "urgent"),
        ("critical", "critical", "critical"),
        ("low", "high", "low"),
        ("medium", "high", "normal"),
        ("high", "normal", "normal"),
        ("low", "low", "low"),
    ],
)
def test_a_priority_is_chosen_up_to_the_bound(word, most, priority):
    assert chosen(word, most=Priority(most)).priority == priority


def test_the_address_goes_before_the_importance_and_the_first_word_before_the_second():
    assert chosen("low", mark=Priority.HIGH).priority is Priority.LOW
    assert chosen("billing", mark=Priority.HIGH).priority is Priority.HIGH
    both = chosen("bug", "low", "billing", "high")
    assert (both.category, both.priority) == ("bug_report", Priority.LOW)


def test_it_is_told_what_was_chosen_and_by_what():
    assert chosen("billing", "urgent").why == (
        "category billing by the address (billing)",
        "priority high by the address (urgent), urgent is not for customers to choose",
    )
    assert chosen(mark=Priority.LOW).why == ("priority low by the importance of the mail",)
