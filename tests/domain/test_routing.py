"""Which desk an address belongs to, whatever detail follows its delimiter."""

import pytest

from mailgate.domain.routing import Route, Routing

SUPPORT = Route("default", "default", "support@desk.example")
EXACT = Route("default", "billing", "support+billing@desk.example")
ADDRESSES = {route.address: route for route in (SUPPORT, EXACT)}


@pytest.mark.parametrize(
    ("address", "route"),
    [
        ("support@desk.example", SUPPORT),
        ("support+tkt-2026-00042.x7f3@desk.example", SUPPORT),
        ("support+a+b@desk.example", SUPPORT),
        ("support+@desk.example", SUPPORT),
        ("support+billing@desk.example", EXACT),
        ("support-x@desk.example", None),
        ("support@other.example", None),
        ("+support@desk.example", None),
        ("support", None),
        ("", None),
    ],
)
def test_an_address_leads_to_its_desk_with_any_detail(address, route):
    assert Routing(ADDRESSES).find(address) == route


def test_another_delimiter_or_none_can_be_configured():
    assert Routing(ADDRESSES, "-").find("support-x@desk.example") == SUPPORT
    assert Routing(ADDRESSES, "-").find("support+x@desk.example") is None
    assert Routing(ADDRESSES, "").find("support+x@desk.example") is None
