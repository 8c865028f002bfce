"""`mailgate agents cards`: the addresses that hold a command, for address books."""

from mailgate.cli import shapes
from mailgate.domain.commands import read


def test_each_address_stands_for_a_line_that_is_a_command(cli):
    cards = cli.json("agents", "cards")
    assert all(list(card) == list(shapes.CARD) for card in cards)
    found = {card["address"].partition("@")[0].partition("+")[2]: card["command"] for card in cards}
    assert (found["done"], found["high"]) == ("/resolve", "/priority high")
    assert (found["alice"], found["billing"]) == ("/assign alice", "/category billing")
    assert all(read(card["command"]).commands for card in cards)


def test_they_are_printed_as_cards_that_programs_read(cli):
    cli.set(**{"desk.name": "Bob; Sons, Ltd"})
    said = cli.ok("agents", "cards")
    assert said.count("BEGIN:VCARD") == said.count("END:VCARD") == len(cli.json("agents", "cards"))
    assert "FN:resolve (Bob\\; Sons\\, Ltd)" in said
    assert "EMAIL;TYPE=INTERNET:" in said
    assert "+done@" in said
