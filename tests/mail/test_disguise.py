"""Names and domains are shown for what they are, and honest ones of any script are left alone."""

import pytest

from mailgate.mail import disguise
from mailgate.mail.disguise import Disguise, of_domain, of_name, skeleton, spelt_out

SENDER = "x@client.example"
COLLEAGUES = ("Alice Adams", "Борис Петров", "Support")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Carol Client",
        "Alice",
        "Alice Brown",
        "Сергей Иванов",
        "Ελένη Παπαδοπούλου",
        "Սարգիս Հակոբյան",
        "محمد علی\u200cرضا",
        "דוד כהן\u200f",
        "अक्\u200dषय कुमार",
        "王小明",
        "山田 太郎 Taro",
        "김민수",
        "Renée O'Brien-Ångström",
        "Иван Petrov",  # each word in one script
        "x@client.example",
        "X@CLIENT.EXAMPLE (home)",
        "Support",
        "@carol",
        "Carol 👩‍💻".replace("\u200d", ""),
    ],
)
def test_an_honest_name_is_no_disguise(name):
    assert of_name(name, SENDER, COLLEAGUES) is None


@pytest.mark.parametrize("name", ["Support", "SUPPORT", "Boris (Support)"])
def test_a_name_that_reads_like_what_the_desk_sends_is_a_disguise(name):
    found = of_name(name, SENDER, ("Boris",), "Support")
    assert found is not None
    assert found.kind is Disguise.COLLEAGUE


@pytest.mark.parametrize("name", ["Boris", "Carol (Support)", "Support of Carol", "Carol", "..."])
def test_a_word_of_the_desks_name_beside_others_is_none(name):
    assert of_name(name, SENDER, ("Boris", ""), "Support") is None
    assert of_name(name, SENDER, ("Boris",)) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Alice Adams", Disguise.COLLEAGUE),
        ("ADAMS, Alice", Disguise.COLLEAGUE),
        ("Alice Adams (Support)", Disguise.COLLEAGUE),
        ("A1ice Adams", Disguise.COLLEAGUE),
        ("Álice Adàms", Disguise.COLLEAGUE),
        ("Борис Петров", Disguise.COLLEAGUE),
        ("\uff21\uff4c\uff49\uff43\uff45 Adams", Disguise.COLLEAGUE),
        ("\u0410lice Adams", Disguise.SCRIPTS),
        ("P\u0430ypal", Disguise.SCRIPTS),
        ("Goog\u03bfe", Disguise.SCRIPTS),
        ("Alice\u200b Adams", Disguise.HIDDEN),
        ("ecilA \u202eAlice", Disguise.HIDDEN),
        ("Carol\u200dClient", Disguise.HIDDEN),
        ("محمد\u2063", Disguise.HIDDEN),
        ("boss@desk.example", Disguise.ADDRESS),
        ("Boss <boss@desk.example>", Disguise.ADDRESS),
        ("boss＠desk.example", Disguise.ADDRESS),
        ("a@-b", Disguise.ADDRESS),
    ],
)
def test_a_name_that_pretends_is_found(name, kind):
    found = of_name(name, SENDER, COLLEAGUES)
    assert found is not None
    assert found.kind is kind


def test_what_cannot_be_seen_is_spelt_out():
    found = of_name("Alice\u200b Adams", SENDER, COLLEAGUES)
    assert found is not None
    assert found.shown == "Alice[U+200B] Adams"
    assert spelt_out("Carol") == "Carol"


@pytest.mark.parametrize(
    "domain",
    [
        "desk.exarnple",
        "d3sk.example".replace("3", "e").replace("e", "\u0435", 1),
        "xn--" + "d\u0435sk".encode("punycode").decode() + ".example",
        "desk.examp1e",
    ],
)
def test_a_domain_that_can_be_taken_for_ours_is_found(domain):
    assert of_domain(domain, ["desk.example", "agents.example"]) is not None


@pytest.mark.parametrize(
    "domain", ["desk.example", "mail.desk.example", "client.example", "xn--99999999999.example", ""]
)
def test_our_domain_what_lies_below_it_and_others_are_not(domain):
    assert of_domain(domain, ["desk.example"]) is None


def test_a_long_name_costs_no_more_than_its_length_looked_at(monkeypatch):
    looked = []
    monkeypatch.setattr(disguise, "script_of", lambda char: looked.append(char) or "LATIN")
    for times in (1, 2):
        looked.clear()
        of_name("ä" * 300 * times, SENDER, ())
        assert len(looked) == disguise.LONGEST_NAME


def test_every_letter_of_the_table_leads_to_the_one_it_looks_like():
    for plain, odd in disguise._LOOK_ALIKE.items():
        assert {skeleton(char) for char in odd + plain} == {skeleton(plain)}
