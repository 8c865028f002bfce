"""How much automatic mail one address may get."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.domain.caps import Caps, Recent, exceeded

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CAROL = "carol@customer.example"
MINUTE = timedelta(minutes=1)


def sent(count: int, ago: timedelta, address: str = CAROL, ticket_id: int | None = 1) -> list:
    return [Recent(address, ticket_id, NOW - ago)] * count


@pytest.mark.parametrize(
    ("count", "ago", "minutes"), [(10, 9, 10), (15, 29, 30), (25, 59, 60)]
)  # of one ticket to one address
def test_the_ceilings_of_a_ticket_and_address_are_10_in_10_15_in_30_and_25_in_60_minutes(
    count, ago, minutes
):
    caps, ago = Caps(), ago * MINUTE
    assert exceeded(caps, sent(count - 1, ago), CAROL, 1, NOW) is None
    assert exceeded(caps, sent(count, ago), CAROL, 1, NOW) == (
        f"{count} automatic mails in {minutes} min for one ticket and address"
    )
    assert exceeded(caps, sent(count, minutes * MINUTE), CAROL, 1, NOW) is None


def test_the_ceiling_of_an_address_is_40_a_day():
    caps, hour = Caps(), timedelta(hours=1)
    spread = [mail for h in range(1, 11) for mail in sent(4, h * hour, ticket_id=h)]
    assert exceeded(caps, spread[1:], CAROL, 1, NOW) is None
    assert exceeded(caps, spread, CAROL, 99, NOW) == "40 automatic mails a day to one address"
    a_day_old = sent(40, 24 * hour)
    assert exceeded(caps, a_day_old, CAROL, 1, NOW) is None


def test_an_hour_is_capped_over_all_tickets():
    caps, hour = Caps(), timedelta(hours=1)
    spread = [mail for n in range(1, 6) for mail in sent(6, 11 * n * MINUTE, ticket_id=n)]
    assert exceeded(caps, spread[1:], CAROL, 99, NOW) is None
    assert exceeded(caps, spread, CAROL, 99, NOW) == "30 automatic mails an hour to one address"
    an_hour_old = sent(30, hour)
    assert exceeded(caps, an_hour_old, CAROL, 1, NOW) is None


def test_what_others_got_or_other_tickets_caused_does_not_count_against_a_ticket():
    recent = sent(20, MINUTE, "dave@customer.example") + sent(20, MINUTE, ticket_id=2)
    assert exceeded(Caps(), recent, CAROL, 1, NOW) is None
    assert exceeded(Caps(), recent, CAROL, 2, NOW) is not None


def test_never_seen_senders_have_a_ceiling_of_their_own():
    assert Caps().strangers_hour == 100
