"""Who may connect, and how much mail may be in flight."""

from ipaddress import ip_network

import pytest

from mailgate.intake.gate import Claim, Gate

OFFICE = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))


EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def gate(allowed=EVERYWHERE, trusted=(), most=100, most_from_one=2, mails=3, room=100):
    return Gate(allowed, trusted, most, most_from_one, mails, room)


@pytest.mark.parametrize(
    ("peer", "admitted"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("2001:db8::1%eth0", True),
        ("198.51.100.1", False),
        ("::1", False),
    ],
)
def test_only_allowed_networks_get_in(peer, admitted):
    refusal = gate(allowed=OFFICE).admit(peer)
    assert (refusal is None) is admitted
    assert admitted or refusal.startswith("554 5.7.1 ")


def test_with_an_empty_list_nobody_gets_in():
    assert gate(allowed=()).admit("127.0.0.1").startswith("554 5.7.1 ")


def test_one_peer_begins_so_many_mails_a_minute():
    door = gate(mails=3)
    assert [door.begin_mail("192.0.2.1", at) for at in (60, 70, 80, 119.9)] == [True] * 3 + [False]
    assert door.begin_mail("192.0.2.2", 119.9)
    assert door.begin_mail("192.0.2.1", 120)


def test_a_trusted_peer_begins_as_many_mails_as_it_likes():
    door = gate(trusted=OFFICE, mails=3)
    assert all(door.begin_mail("192.0.2.1", 60) for _ in range(50))


def test_one_peer_has_so_many_connections_and_no_more():
    door = gate(most_from_one=2)
    assert [door.admit("192.0.2.1") for _ in range(2)] == [None, None]
    assert door.admit("192.0.2.1").startswith("421 4.7.0 ")
    assert door.admit("192.0.2.2") is None
    door.leave("192.0.2.1")
    assert door.admit("192.0.2.1") is None


def test_a_trusted_peer_has_as_many_as_there_are():
    door = gate(trusted=OFFICE, most=3, most_from_one=1)
    assert [door.admit("192.0.2.1") for _ in range(3)] == [None] * 3
    assert door.admit("192.0.2.1").startswith("421 4.7.0 ")


def test_all_peers_together_have_so_many_connections():
    door = gate(most=2)
    assert door.admit("192.0.2.1") is None
    assert door.admit("192.0.2.2") is None
    assert door.admit("192.0.2.3").startswith("421 4.7.0 ")
    door.leave("192.0.2.1")
    assert door.admit("192.0.2.3") is None


def test_nobody_gets_in_while_stopping():
    door = gate()
    door.stopping = True
    assert door.admit("192.0.2.1").startswith("421 4.3.2 ")


def test_mails_in_flight_share_the_room_exactly():
    door = gate(room=100)
    one, two = Claim(door), Claim(door)
    assert one.grow(60)
    assert two.grow(40)
    assert not two.grow(41)
    assert two.grow(30)  # a claim never shrinks before it is released
    assert door.in_flight == 100
    one.release()
    one.release()
    assert door.in_flight == 40
    assert two.grow(100)


def test_a_mail_alone_always_has_room():
    door = gate(room=100)
    alone = Claim(door)
    assert alone.grow(500)
    assert not Claim(door).grow(1)
    assert alone.grow(600)
    alone.release()
    assert door.in_flight == 0
