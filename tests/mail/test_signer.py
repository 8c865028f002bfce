"""Addresses and Message-IDs that only we can have written."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailgate.errors import Refused
from mailgate.mail.address import normalise, split_sub, valid
from mailgate.mail.signer import OwnMessageId, Signer, TicketAddress

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DESK = "support@desk.example"
NUMBER = "TKT-2026-00042"
BOB = "bob@example.com"
KEYS = {"2025": b"o" * 16, "2026": b"n" * 32}

signer = Signer(KEYS, "2026", "desk.example")


def read(address, holder=BOB, now=NOW, by=signer):
    found = by.read_ticket_address(address, holder, now)
    assert found is not None
    return found


def changed(text: str, at: int) -> str:
    """Return `text` with another letter or digit at `at`."""
    other = "b" if text[at].lower() == "a" else "a"
    return text[:at] + other + text[at + 1 :]


# --- signed addresses ---------------------------------------------------------------------------


def test_a_signed_address_says_what_was_signed():
    address = signer.ticket_address(DESK, NUMBER, BOB, "confirm", NOW, nonce=3)
    assert address.startswith("support+tkt-2026-00042.")
    assert split_sub(address)[0] == DESK
    assert read(address) == TicketAddress(NUMBER, "confirm", 3, True, False, True)


def test_the_same_is_signed_alike_and_each_fact_makes_another_address():
    one = signer.ticket_address(DESK, NUMBER, BOB, "reply", NOW)
    assert one == signer.ticket_address(DESK, NUMBER, "Bob@Example.com", "reply", NOW)
    others = {
        signer.ticket_address(DESK, "TKT-2026-00043", BOB, "reply", NOW),
        signer.ticket_address(DESK, NUMBER, "eve@example.com", "reply", NOW),
        signer.ticket_address(DESK, NUMBER, BOB, "note", NOW),
        signer.ticket_address(DESK, NUMBER, BOB, "reply", NOW + timedelta(days=1)),
        signer.ticket_address(DESK, NUMBER, BOB, "reply", NOW, nonce=1),
    }
    assert len(others | {one}) == 6


def test_an_address_is_read_in_any_case():
    address = signer.ticket_address(DESK, NUMBER, BOB, "reply", NOW)
    assert read(address.upper()) == read(address)


def test_a_token_quoted_to_another_is_genuine_but_not_theirs():
    address = signer.ticket_address(DESK, NUMBER, BOB, "reply", NOW)
    for stranger in ("eve@example.com", ""):
        found = read(address, stranger)
        assert (found.genuine, found.holder_matches) == (True, False)


@pytest.mark.parametrize(
    ("days", "expired"), [(-2, True), (-1, False), (0, False), (90, False), (91, True)]
)
def test_an_address_lives_for_ninety_days(days, expired):
    address = signer.ticket_address(DESK, NUMBER, BOB, "reply", NOW)
    found = read(address, now=NOW + timedelta(days=days))
    assert found.genuine
    assert found.expired is expired


def test_old_keys_are_still_read_until_they_are_taken_away():
    old = Signer(KEYS, "2025", "desk.example")
    address = old.ticket_address(DESK, NUMBER, BOB, "reply", NOW)
    assert read(address).genuine
    without = Signer({"2026": KEYS["2026"]}, "2026", "desk.example")
    assert not read(address, by=without).genuine


def test_a_key_of_the_same_name_elsewhere_signs_nothing_of_ours():
    elsewhere = Signer({"2026": b"x" * 32}, "2026", "desk.example")
    address = elsewhere.ticket_address(DESK, NUMBER, BOB, "reply", NOW)
    found = read(address)
    assert (found.genuine, found.holder_matches) == (False, False)


def test_desks_of_two_domains_with_the_same_keys_do_not_believe_each_other():
    other = Signer(KEYS, "2026", "other.example")
    assert not read(other.ticket_address(DESK, NUMBER, BOB, "reply", NOW)).genuine


def test_a_number_put_in_place_of_another_is_found_out():
    address = signer.ticket_address(DESK, NUMBER, BOB, "reply", NOW)
    found = read(address.replace("00042", "00043"))
    assert found.number == "TKT-2026-00043"
    assert not found.genuine


@pytest.mark.parametrize(
    "address",
    [
        "support@desk.example",
        "support+urgent@desk.example",
        "support+tkt-2026-00042@desk.example",
        "support+tkt-2026-00042.short@desk.example",
        "support+tkt-2026-00042." + "a" * 26 + "@desk.example",  # no such purpose
        "support+tkt-2026-00042.aar" + "a" * 22 + "@desk.example",  # one character short
        "support+tkt-2026-00042.aar" + "a" * 28 + "@desk.example",  # one too many
        "+tkt-2026-00042.aar" + "a" * 23 + "@desk.example",
        "support+.aar" + "a" * 23 + "@desk.example",
        "not an address",
    ],
)
def test_what_does_not_look_like_a_signed_address_is_none(address):
    assert signer.read_ticket_address(address, BOB, NOW) is None
    assert signer.read_bounce_address(address, NOW) is None


def test_a_signature_made_up_is_read_and_not_believed():
    found = read("support+tkt-2026-00042.aar" + "a" * 23 + "@desk.example")
    assert found.number == NUMBER
    assert not found.genuine


def test_a_delimiter_in_the_desks_own_name_does_not_confuse():
    dashed = Signer(KEYS, "2026", "desk.example", delimiter="-")
    address = dashed.ticket_address("help-me@desk.example", "T-7", BOB, "reply", NOW)
    assert address.startswith("help-me-t-7.")
    found = read(address, by=dashed)
    assert (found.number, found.genuine) == ("T-7", True)
    assert read(changed(address, -len("x@desk.example")), by=dashed).number == "ME-T-7"


@pytest.mark.parametrize("room", [1, 0, -1])
def test_a_long_desk_name_gets_the_short_form_and_a_longer_one_is_refused(room):
    token = 20
    name = "x" * (64 - len(f"+{NUMBER}.") - token - room)
    desk = f"{name}@desk.example"
    if room < 0:
        with pytest.raises(Refused, match="too long to carry the ticket number"):
            signer.ticket_address(desk, NUMBER, BOB, "reply", NOW)
        return
    address = signer.ticket_address(desk, NUMBER, BOB, "note", NOW)
    assert len(address.partition("@")[0]) == 64 - room
    assert read(address) == TicketAddress(NUMBER, "note", 0, True, False, True)


def test_the_long_form_is_used_as_long_as_it_fits():
    for length, token in ((22, 26), (23, 20)):
        address = signer.ticket_address("x" * length + "@d.example", NUMBER, BOB, "reply", NOW)
        assert len(address.partition("@")[0].rpartition(".")[2]) == token


def test_an_address_that_would_be_too_long_as_a_whole_is_refused():
    desk = "support@" + ".".join(["d" * 60] * 4)
    with pytest.raises(Refused):
        signer.ticket_address(desk, NUMBER, BOB, "reply", NOW)


@pytest.mark.parametrize("number", ["TKT 7", "ÄRA-7", "T..7", "T@7", ""])
def test_a_number_that_cannot_stand_in_an_address_is_refused(number):
    with pytest.raises(Refused, match="cannot stand in an address"):
        signer.ticket_address(DESK, number, BOB, "reply", NOW)
    with pytest.raises(Refused, match="cannot stand in a Message-ID"):
        signer.message_id(number, 1, BOB)


@pytest.mark.parametrize(("nonce", "good"), [(0, True), (32**4 - 1, True), (32**4, False)])
def test_a_nonce_has_bounds(nonce, good):
    if good:
        address = signer.ticket_address(DESK, NUMBER, BOB, "confirm", NOW, nonce)
        assert read(address).nonce == nonce
    for bad in (-1, 32**4):
        with pytest.raises(Refused, match="is not between 0"):
            signer.ticket_address(DESK, NUMBER, BOB, "confirm", NOW, bad)


def test_a_holder_who_has_no_address_can_hold_nothing():
    with pytest.raises(Refused):
        signer.ticket_address(DESK, NUMBER, "bob", "reply", NOW)


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (({"a": b"x" * 16}, "b", "desk.example"), "there is no signing key 'b'"),
        (({"a": b"x" * 15}, "a", "desk.example"), "at least 16 octets"),
        (({"a": b"x" * 16}, "a", "desk example"), "is not a mail address"),
        (({"a": b"x" * 16}, "a", "desk.example", "."), "is no delimiter"),
        (({"a": b"x" * 16}, "a", "desk.example", ""), "is no delimiter"),
    ],
)
def test_a_signer_that_could_not_serve_is_not_built(arguments, says):
    with pytest.raises(Refused, match=says):
        Signer(*arguments)


# --- return paths -------------------------------------------------------------------------------


def test_a_return_path_leads_back_to_the_outbox():
    path = signer.bounce_address(DESK, 123456, NOW)
    assert path.startswith("support+bounce-123456.")
    assert signer.read_bounce_address(path.upper(), NOW) == 123456
    assert signer.read_ticket_address(path, BOB, NOW) is None


def test_an_altered_expired_or_other_return_path_leads_nowhere():
    path = signer.bounce_address(DESK, 12, NOW)
    assert signer.read_bounce_address(path.replace("-12.", "-13."), NOW) is None
    assert signer.read_bounce_address(path, NOW + timedelta(days=91)) is None
    reply = signer.ticket_address(DESK, NUMBER, BOB, "reply", NOW)
    assert signer.read_bounce_address(reply, NOW) is None


# --- Message-IDs --------------------------------------------------------------------------------


def test_a_message_id_of_ours_says_ticket_and_mail():
    mid = signer.message_id(NUMBER, 17, BOB)
    assert mid.startswith("<tkt-2026-00042.17.")
    assert mid.endswith("@desk.example>")
    assert signer.read_message_id(mid) == OwnMessageId(NUMBER, 17, root=False)
    assert signer.read_message_id(f" {mid.upper()} ") == OwnMessageId(NUMBER, 17, root=False)
    assert signer.unique_of(mid) == 17


def test_a_message_id_is_the_same_for_the_same_mail_and_another_for_another_recipient():
    assert signer.message_id(NUMBER, 17, BOB) == signer.message_id(NUMBER, 17, BOB.upper())
    assert signer.message_id(NUMBER, 17, BOB) != signer.message_id(NUMBER, 17, "eve@example.com")


def test_the_root_of_a_thread_is_known_as_such():
    root = signer.root_id(NUMBER)
    assert signer.read_message_id(root) == OwnMessageId(NUMBER, 0, root=True)
    assert signer.unique_of(root) is None


@pytest.mark.parametrize(
    "mid",
    [
        "",
        "<>",
        "<abc@example.com>",
        "<tkt-2026-00042.17@desk.example>",
        "<tkt-2026-00042.root.aaaaaaaaaaaaaaaaaaaaaaaa@desk.example>",
        "<tkt-2026-00042.17.@desk.example>",
        "<tkt-é.17.aaaaaaaaaaaaaaaaaaaaaaaa@desk.example>",
        "<tkt-\ud800.17.aaaaaaaaaaaaaaaaaaaaaaaa@desk.example>",
    ],
)
def test_a_message_id_that_is_not_ours_says_nothing(mid):
    assert signer.read_message_id(mid) is None


def test_a_message_id_of_another_desk_with_the_same_keys_is_not_ours():
    other = Signer(KEYS, "2026", "other.example").message_id(NUMBER, 1, BOB)
    assert signer.read_message_id(other) is None
    assert signer.read_message_id(other.replace("other.", "desk.")) is None


def test_message_ids_outlive_a_change_of_keys():
    old = Signer(KEYS, "2025", "desk.example").message_id(NUMBER, 1, BOB)
    assert signer.read_message_id(old) == OwnMessageId(NUMBER, 1, root=False)


# --- loops --------------------------------------------------------------------------------------


def test_our_loop_mark_is_known_whichever_key_made_it():
    old = Signer(KEYS, "2025", "desk.example").loop_mark()
    assert signer.is_own_mark(signer.loop_mark())
    assert signer.is_own_mark(f" {old.upper()} ")


@pytest.mark.parametrize("value", ["", "yes", "é", "\ud800", "desk.example"])
def test_a_loop_mark_made_up_is_not_ours(value):
    assert not signer.is_own_mark(value)
    assert not signer.is_own_mark(changed(signer.loop_mark(), 5))


# --- properties ---------------------------------------------------------------------------------

NUMBERS = st.from_regex(r"[A-Z]{1,6}-[0-9]{1,8}", fullmatch=True)
HOLDERS = st.builds(
    "{}@{}.example".format,
    st.text(string.ascii_letters + string.digits + "+_é", min_size=1, max_size=20),
    st.text(string.ascii_lowercase, min_size=1, max_size=10),
)
PURPOSES = st.sampled_from(["reply", "note", "confirm"])
NAMES = st.text(string.ascii_lowercase + "+", min_size=1, max_size=25)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(NAMES, NUMBERS, HOLDERS, PURPOSES, TIMES, st.integers(0, 40))
def test_what_is_signed_is_read_back(name, number, holder, purpose, now, nonce):
    desk = f"{name}@desk.example"
    address = signer.ticket_address(desk, number, holder, purpose, now, nonce)
    assert valid(address)
    assert len(address.partition("@")[0]) <= 64
    assert address == address.lower()
    expected = TicketAddress(number, purpose, nonce, True, False, True)
    assert read(address, normalise(holder), now) == expected


@given(PURPOSES, st.integers(0, 40), st.data())
def test_an_address_altered_in_one_place_is_never_genuine(purpose, nonce, data):
    address = signer.ticket_address(DESK, NUMBER, BOB, purpose, NOW, nonce)
    start, end = len("support+"), address.index("@")
    at = data.draw(st.integers(start, end - 1))
    other = data.draw(st.sampled_from(string.ascii_lowercase + string.digits + "-."))
    assume(other != address[at])
    found = signer.read_ticket_address(address[:at] + other + address[at + 1 :], BOB, NOW)
    assert found is None or not (found.genuine or found.holder_matches)


@given(st.integers(0, 40), st.data())
def test_an_address_cut_or_lengthened_is_never_genuine(nonce, data):
    address = signer.ticket_address(DESK, NUMBER, BOB, "confirm", NOW, nonce)
    local, _, domain = address.partition("@")
    at = data.draw(st.integers(len("support+"), len(local)))
    for text in (local[:at] + local[at + 1 :], local[:at] + "b" + local[at:]):
        assume(text != local)
        found = signer.read_ticket_address(f"{text}@{domain}", BOB, NOW)
        assert found is None or not found.genuine


@given(st.integers(0, 10**9), st.data())
def test_a_message_id_altered_in_one_place_is_not_ours(unique, data):
    mid = signer.message_id(NUMBER, unique, BOB)
    assert signer.read_message_id(mid) == OwnMessageId(NUMBER, unique, root=False)
    at = data.draw(st.integers(1, mid.index("@") - 1))
    other = data.draw(st.sampled_from(string.ascii_lowercase + string.digits + ".-"))
    assume(other != mid[at])
    assert signer.read_message_id(mid[:at] + other + mid[at + 1 :]) is None


@given(st.text(max_size=100))
def test_no_text_makes_the_reader_raise(text):
    for address in (text, f"support+{text}@desk.example"):
        found = signer.read_ticket_address(address, text, NOW)
        assert found is None or not found.genuine
        assert signer.read_bounce_address(address, NOW) is None
    assert signer.read_message_id(text) is None
    assert not signer.is_own_mark(text)


def test_a_canary_address_names_its_canary_and_is_no_ticket_address():
    address = signer.canary_address(DESK, 7, NOW)
    assert signer.read_canary_address(address, NOW) == 7
    assert signer.read_ticket_address(address, "", NOW) is None
    assert signer.read_bounce_address(address, NOW) is None
    assert signer.read_canary_address(signer.bounce_address(DESK, 7, NOW), NOW) is None
    assert signer.read_canary_address(address.replace("canary-7.", "canary-8."), NOW) is None


def test_an_address_for_the_digest_is_its_holders_and_is_no_ticket_address():
    address = signer.digest_address(DESK, "Alice@agents.example", NOW)
    found = signer.read_digest_address(address, "alice@agents.example", NOW)
    assert (found.genuine, found.expired, found.holder_matches) == (True, False, True)
    assert not signer.read_digest_address(address, "bob@agents.example", NOW).holder_matches
    late = NOW + timedelta(days=91)
    assert signer.read_digest_address(address, "alice@agents.example", late).expired
    assert signer.read_ticket_address(address, "alice@agents.example", NOW) is None
    altered = address.replace("+digest.", "+digests.")
    assert signer.read_digest_address(altered, "alice@agents.example", NOW) is None
    reply = signer.ticket_address(DESK, "digest", "alice@agents.example", "reply", NOW)
    assert signer.read_digest_address(reply, "alice@agents.example", NOW) is None
