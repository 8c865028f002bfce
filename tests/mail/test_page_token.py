"""What stands in the link to the page at which a resolution is answered."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.errors import Refused
from mailgate.mail.signer import Signer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CAROL = "carol@customer.example"
SIGNER = Signer({"a": b"0123456789abcdef0123456789abcdef"}, "a", "desk.example")
TOKEN = SIGNER.page_token("TKT-2026-00042", CAROL, 3, NOW)


def test_it_says_ticket_and_resolution_to_its_holder():
    said = SIGNER.read_page_token(TOKEN.upper(), CAROL, NOW)
    assert (said.number, said.nonce, said.genuine, said.expired) == (
        "TKT-2026-00042",
        3,
        True,
        False,
    )
    assert said.holder_matches
    assert not SIGNER.read_page_token(TOKEN, "mallory@elsewhere.example", NOW).holder_matches
    assert SIGNER.read_page_token(TOKEN, CAROL, NOW + timedelta(days=92)).expired


def test_a_changed_character_makes_it_worth_nothing():
    for at in range(len(TOKEN)):
        changed = TOKEN[:at] + ("3" if TOKEN[at] != "3" else "4") + TOKEN[at + 1 :]
        assert SIGNER.read_page_token(changed, CAROL, NOW) is None


@pytest.mark.parametrize("token", ["", "x", "ä.b", ".".join(["x", "a" * 19]), TOKEN + "a" * 40])
def test_what_is_no_token_is_none(token):
    assert SIGNER.read_page_token(token, CAROL, NOW) is None


def test_it_is_no_address_and_an_address_is_no_token():
    assert SIGNER.read_ticket_address(f"support+{TOKEN}@desk.example", CAROL, NOW) is None
    address = SIGNER.ticket_address(
        "support@desk.example", "TKT-2026-00042", CAROL, "confirm", NOW, 3
    )
    inner = address.partition("+")[2].partition("@")[0]
    assert SIGNER.read_page_token(inner, CAROL, NOW) is None


def test_a_number_that_cannot_stand_in_a_link_is_refused():
    with pytest.raises(Refused, match="cannot stand in a link"):
        SIGNER.page_token("TKT 42/1", CAROL, 1, NOW)


def test_neither_kind_of_link_does_the_work_of_the_other():
    token = SIGNER.approval_token("TKT-2026-00042", CAROL, 3, NOW)
    said = SIGNER.read_approval_token(token, CAROL, NOW)
    assert (said.number, said.nonce, said.holder_matches) == ("TKT-2026-00042", 3, True)
    assert not SIGNER.read_approval_token(token, "mallory@elsewhere.example", NOW).holder_matches
    assert SIGNER.read_approval_token(token, CAROL, NOW + timedelta(days=92)).expired
    assert SIGNER.read_page_token(token, CAROL, NOW) is None
    assert SIGNER.read_approval_token(TOKEN, CAROL, NOW) is None
    assert SIGNER.read_ticket_address(f"support+{token}@desk.example", CAROL, NOW) is None
    with pytest.raises(Refused, match="cannot stand in a link"):
        SIGNER.approval_token("TKT 42/1", CAROL, 1, NOW)
