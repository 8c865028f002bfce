"""Which ticket a mail belongs to, and whether its sender may join it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.mail.parse import parse
from mailgate.mail.parsed import Mailbox
from mailgate.mail.signer import Signer, TicketAddress
from mailgate.mail.thread import Found, Keys, Placement, Rung, keys, place
from mailgate.mail.trust import Trust

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DESK = "support@desk.example"
BOB, EVE, ANN = "bob@example.com", "eve@example.com", "ann@example.com"
ONE, TWO = "TKT-2026-00001", "TKT-2026-00002"

EMPTY = parse(b"", NOW)
signer = Signer({"k": b"k" * 32}, "k", "desk.example")


numbers = NumberReader([NumberFormat("TKT-{year}-{seq:05d}")])


def a_mail(subject="", sender=BOB, to=(), cc=(), in_reply_to=(), references=()):
    return replace(
        EMPTY,
        subject=subject,
        from_=(Mailbox("", sender),) if sender else (),
        strict_from=sender,
        to=tuple(Mailbox("", address) for address in to),
        cc=tuple(Mailbox("", address) for address in cc),
        in_reply_to=in_reply_to,
        references=references,
    )


def keys_of(mail, recipients=(DESK,), now=NOW) -> Keys:
    return keys(mail, recipients, numbers, signer, now)


def signed(number=ONE, *, genuine=True, expired=False, mine=True) -> TicketAddress:
    return TicketAddress(number, "reply", 0, genuine, expired, mine)


FOUND = Found(
    numbers={ONE: 1, TWO: 2},
    message_ids={"<to-bob@desk.example>": 1, "<from-bob@example.com>": 1, "<of-two@x>": 2},
    people={1: frozenset({BOB, ANN}), 2: frozenset({"carl@example.com"})},
    issued_to={"<to-bob@desk.example>": BOB, "<from-bob@example.com>": BOB, "<of-two@x>": EVE},
    ours=frozenset({"<to-bob@desk.example>"}),
    called={1: ONE, 2: TWO},
)


# --- keys ---------------------------------------------------------------------------------------


def test_a_mail_with_nothing_in_it_has_no_keys():
    assert keys_of(a_mail()) == Keys()


def test_signed_addresses_are_read_from_envelope_to_and_cc_each_once():
    one = signer.ticket_address(DESK, ONE, BOB, "reply", NOW)
    two = signer.ticket_address(DESK, TWO, BOB, "note", NOW)
    third = signer.ticket_address(DESK, "TKT-2026-00003", BOB, "reply", NOW)
    found = keys_of(a_mail(to=(one.upper(), two, DESK), cc=(third,)), recipients=(one,))
    assert [(a.number, a.purpose, a.holder_matches) for a in found.signed] == [
        (ONE, "reply", True),
        (TWO, "note", True),
        ("TKT-2026-00003", "reply", True),
    ]


def test_a_signed_address_of_somebody_else_and_a_mail_without_from_are_told_apart():
    address = signer.ticket_address(DESK, ONE, BOB, "reply", NOW)
    for sender in (EVE, None):
        (found,) = keys_of(a_mail(sender=sender), recipients=(address,)).signed
        assert (found.genuine, found.holder_matches) == (True, False)
    (late,) = keys_of(a_mail(), (address,), NOW + timedelta(days=91)).signed
    assert late.expired


@pytest.mark.parametrize(
    "subject",
    [
        "TKT-2026-00001",
        "Re: My order [TKT-2026-00001]",
        "AW: WG: (#tkt-2026-00001) My order",
        "My order #TKT-2026-00001!",
        "My order [TKT-2026-\u200b00001]",
        "My order [TKT-2026- 00001]",
        "My order [TKT- 2026-\t00001]",
        "My order [TKT -2026-00001]",
        "Re[2]: TKT-2026-00001 again",
        "[EXTERN] AW: Ticket#TKT-2026-00001: My order",
        "".join(chr(ord(char) + 0xFEE0) for char in "(TKT-2026-00001)"),
        "My order TKT\uff0d2026\uff0d 00001",
        "My order TKT\u20102026\u201100001",
        "My order TKT\u22122026\u201300001",
        "My order TKT\u30fc2026\u30fc00001",
        "\u7f16\u53f7TKT-2026-00001\u7684\u95ee\u9898",
        "\u200fTKT-2026-\u200e00001\u2069",
        "My order TKT-\u0662\u0660\u0662\u0666-\u0660\u0660\u0660\u0660\u0661",
        "My order TKT\u2010 2026\u2010 00001",
    ],
)
def test_the_number_is_found_wherever_and_however_it_stands(subject):
    assert keys_of(a_mail(subject)).numbers == (ONE,)


@pytest.mark.parametrize(
    "field",
    [
        b"Subject: =?utf-8?q?My_order_=5BTKT-2026-?=\r\n =?utf-8?q?00001=5D?=",
        b"Subject: =?iso-8859-1?b?W1RLVC0yMDI2LTAwMDAxXQ==?= My order",
        b"Subject: My order [TKT-2026-\r\n 00001]",
        b"subject:tkt-2026-00001",
    ],
)
def test_the_number_is_found_through_encoding_and_folding(field):
    assert keys_of(parse(field + b"\r\n\r\nx", NOW)).numbers == (ONE,)


@pytest.mark.parametrize("subject", ["XTKT-2026-00001", "TKT-2026-00001A", "TKT_2026_00001"])
def test_what_only_resembles_a_number_is_none(subject):
    assert keys_of(a_mail(subject)).numbers == ()


@pytest.mark.parametrize(
    "header",
    ["Delivered-To", "X-Original-To", "Envelope-To", "X-Forwarded-To", "Original-Recipient"],
)
def test_a_signed_address_is_read_from_where_servers_note_it(header):
    address = signer.ticket_address(DESK, ONE, BOB, "reply", NOW)
    noted = f"rfc822;{address}" if header == "Original-Recipient" else f"<{address.upper()}>"
    raw = f"From: {BOB}\r\nTo: team@elsewhere.example\r\n{header}: {noted}\r\n\r\nx".encode()
    (found,) = keys_of(parse(raw, NOW)).signed
    assert (found.number, found.genuine, found.holder_matches) == (ONE, True, True)


def test_of_the_noted_recipients_no_more_are_read_than_mail_ever_has():
    class Counting(Signer):
        read = 0

        def read_ticket_address(self, address, holder, now):
            self.read += 1
            return super().read_ticket_address(address, holder, now)

    counting = Counting({"k": b"k" * 32}, "k", "desk.example")
    for count in (100, 200):
        counting.read = 0
        many = {"delivered-to": tuple(f"a{n}@x.example" for n in range(count))}
        keys(replace(EMPTY, headers=many), (DESK,), numbers, counting, NOW)
        assert counting.read == 51


def test_a_whole_number_is_not_mended_from_pieces():
    assert keys_of(a_mail("TKT-2026-00001 and TKT-2026- 00002")).numbers == (ONE,)


def test_message_ids_come_in_the_order_of_trust_each_once():
    mail = a_mail(in_reply_to=("<c@x>", "<d@x>"), references=("<a@x>", "<b@x>", "<c@x>"))
    assert keys_of(mail).message_ids == ("<c@x>", "<d@x>", "<b@x>", "<a@x>")


# --- the ladder ---------------------------------------------------------------------------------


def rungs(found: Placement) -> tuple[int | None, str, bool, bool]:
    return found.ticket_id, found.rung, found.joined, found.other_address


@pytest.mark.parametrize(
    ("given_keys", "sender", "expected"),
    [
        # rung 1
        (Keys(signed=(signed(),)), BOB, (1, "signed", True, False)),
        (Keys(signed=(signed(TWO),)), BOB, (2, "signed", True, False)),
        (Keys(signed=(signed(mine=False),)), EVE, (1, "signed", True, True)),
        (Keys(signed=(signed(mine=False),)), ANN, (1, "signed", True, False)),
        (Keys(signed=(signed(mine=False),)), None, (1, "signed", True, True)),
        (Keys(signed=(signed(genuine=False),)), BOB, (None, "new", False, False)),
        (Keys(signed=(signed(expired=True),)), BOB, (None, "new", False, False)),
        (Keys(signed=(signed("TKT-2026-00009"),)), BOB, (None, "new", False, False)),
        # rung 2
        (Keys(numbers=(ONE,)), BOB, (1, "number", True, False)),
        (Keys(numbers=(ONE,)), ANN, (1, "number", True, False)),
        (Keys(numbers=(ONE,)), EVE, (None, "new", False, False)),
        (Keys(numbers=(ONE,)), None, (None, "new", False, False)),
        (Keys(numbers=("TKT-2026-00009",)), BOB, (None, "new", False, False)),
        (Keys(numbers=(TWO, ONE)), BOB, (1, "number", True, False)),
        # rung 3
        (Keys(message_ids=("<to-bob@desk.example>",)), BOB, (1, "reference", True, False)),
        (Keys(message_ids=("<from-bob@example.com>",)), ANN, (1, "reference", True, False)),
        (Keys(message_ids=("<to-bob@desk.example>",)), EVE, (1, "reference", True, True)),
        (Keys(message_ids=("<to-bob@desk.example>",)), None, (1, "reference", True, True)),
        (Keys(message_ids=("<of-two@x>",)), EVE, (2, "reference", True, False)),
        (Keys(message_ids=("<unknown@x>",)), BOB, (None, "new", False, False)),
        (Keys(message_ids=("<unknown@x>", "<of-two@x>")), BOB, (None, "new", False, False)),
        (Keys(message_ids=("<from-bob@example.com>",)), EVE, (None, "new", False, False)),
        (
            Keys(message_ids=("<of-two@x>", "<to-bob@desk.example>")),
            BOB,
            (1, "reference", True, False),
        ),
        # a rung that fails gives way to the next
        (Keys((signed(expired=True),), (ONE,)), BOB, (1, "number", True, False)),
        (Keys((signed(TWO),), (ONE,)), BOB, (2, "signed", True, False)),
        (Keys((), (TWO,), ("<to-bob@desk.example>",)), BOB, (1, "reference", True, False)),
        (Keys((), (ONE,), ("<to-bob@desk.example>",)), EVE, (1, "reference", True, True)),
        (Keys(), BOB, (None, "new", False, False)),
    ],
)
def test_the_ladder(given_keys, sender, expected):
    found = place(given_keys, FOUND, sender)
    assert rungs(found) == expected
    assert bool(found.tried) == (given_keys != Keys())


@pytest.mark.parametrize(
    ("given_keys", "sender", "trust", "proved"),
    [
        (Keys(), BOB, Trust.WEAK, True),
        (Keys(), BOB, Trust.STRONG, True),
        (Keys(), BOB, Trust.UNKNOWN, False),
        (Keys(numbers=(ONE,)), BOB, Trust.UNKNOWN, False),
        (Keys(signed=(signed(),)), BOB, Trust.UNKNOWN, True),
        (Keys(signed=(signed(mine=False),)), BOB, Trust.UNKNOWN, False),
        (Keys(signed=(signed(genuine=False),)), BOB, Trust.UNKNOWN, False),
        (Keys(signed=(signed(expired=True),)), BOB, Trust.UNKNOWN, False),
        (Keys(message_ids=("<x@y>", "<to-bob@desk.example>")), BOB, Trust.UNKNOWN, True),
        (Keys(message_ids=("<to-bob@desk.example>",)), ANN, Trust.UNKNOWN, False),
        (Keys(message_ids=("<from-bob@example.com>",)), BOB, Trust.UNKNOWN, False),
        (Keys(signed=(signed(),)), BOB, Trust.FAILED, False),
        (Keys(message_ids=("<to-bob@desk.example>",)), None, Trust.UNKNOWN, False),
    ],
)
def test_a_sender_is_proved_by_who_vouches_or_by_what_only_they_were_given(
    given_keys, sender, trust, proved
):
    assert place(given_keys, FOUND, sender, trust).proved is proved


def test_of_two_signed_addresses_the_senders_own_counts():
    found = place(Keys(signed=(signed(TWO, mine=False), signed(ONE))), FOUND, BOB)
    assert rungs(found) == (1, "signed", True, False)
    assert found.mentions == (TWO,)


def test_an_older_reference_to_the_senders_own_copy_makes_the_thread_theirs():
    found = Found(
        message_ids={"<new@x>": 1, "<old@x>": 1, "<else@x>": 2},
        issued_to={"<new@x>": ANN, "<old@x>": EVE, "<else@x>": "carl@example.com"},
    )
    ours = frozenset({"<new@x>", "<else@x>", "<old@x>"})
    found = replace(found, ours=ours)
    ids = ("<new@x>", "<else@x>", "<old@x>")
    assert rungs(place(Keys(message_ids=ids), found, EVE)) == (1, "reference", True, False)
    assert rungs(place(Keys(message_ids=ids), found, "carl@example.com"))[3]


def test_a_stranger_with_a_guessed_number_gets_a_new_ticket_that_mentions_the_old():
    found = place(Keys(numbers=(ONE, "TKT-2026-00009")), FOUND, EVE)
    assert found == Placement(
        ticket_id=None,
        rung=Rung.NEW,
        joined=False,
        other_address=False,
        mentions=(ONE,),
        tried=(
            f"number {ONE}: the sender takes no part in it",
            "number TKT-2026-00009: there is no such ticket",
        ),
    )


def test_a_guessed_signed_address_is_mentioned_like_a_guessed_number():
    found = place(Keys(signed=(signed(genuine=False, mine=False),)), FOUND, EVE)
    assert (found.ticket_id, found.mentions) == (None, (ONE,))


def test_the_ticket_that_was_found_is_not_mentioned_besides():
    merged = Found(numbers={ONE: 1, TWO: 1}, people={1: frozenset({BOB})})
    assert place(Keys(numbers=(ONE, TWO)), merged, BOB).mentions == ()


def test_the_way_is_told_in_words():
    given_keys = Keys(
        (signed(genuine=False), signed(expired=True), signed("TKT-2026-00009")),
        (TWO,),
        ("<unknown@x>",),
    )
    assert place(given_keys, FOUND, EVE).tried == (
        f"signed address for {ONE}: altered",
        f"signed address for {ONE}: expired",
        "signed address for TKT-2026-00009: there is no such ticket",
        f"number {TWO}: the sender takes no part in it",
        "references: none of 1 is known",
    )


def test_a_message_id_planted_by_others_opens_no_ticket_and_is_mentioned_to_the_agents():
    found = place(Keys(message_ids=("<from-bob@example.com>",)), FOUND, EVE)
    assert (found.ticket_id, found.mentions) == (None, (ONE,))
    assert found.tried == (
        "reference <from-bob@example.com>: not ours, and the sender takes no part in it",
    )


def test_each_ticket_is_mentioned_once_however_many_keys_lead_to_it():
    found = Found(numbers={ONE: 1}, message_ids={"<a@x>": 2, "<b@x>": 2}, called={1: ONE, 2: TWO})
    placed = place(Keys(numbers=(ONE,), message_ids=("<a@x>", "<b@x>")), found, EVE)
    assert placed.mentions == (ONE, TWO)


def test_a_colleague_who_answers_in_the_thread_joins_it_as_somebody_else():
    found = Found(numbers={ONE: 1}, message_ids={"<a@x>": 1}, called={1: ONE})
    placed = place(Keys(numbers=(ONE,), message_ids=("<a@x>",)), found, EVE)
    assert rungs(placed) == (1, "reference", True, True)


FORMER = "[#4711]"


@pytest.mark.parametrize(
    ("sender", "expected"), [(BOB, (1, "number", True, False)), (EVE, (None, "new", False, False))]
)
def test_by_the_number_of_another_system_only_those_join_who_take_part(sender, expected):
    found = Found(people={1: frozenset({BOB})}, called={1: ONE}, former={FORMER: 1})
    placed = place(Keys(former=(FORMER, "[#12]")), found, sender)
    assert rungs(placed) == expected
    assert placed.mentions == ((ONE,) if sender == EVE else ())
    assert len(placed.tried) == 1


def test_numbers_of_other_systems_are_read_as_ours_are():
    mail = a_mail(subject="[#４７１１] Printer")
    found = keys(mail, (), numbers, signer, NOW, lambda text: (text,))
    assert found.former == ("[#4711] Printer",)


# --- trust --------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust", [Trust.UNKNOWN, Trust.WEAK, Trust.STRONG])
def test_a_number_joins_unless_the_sender_is_a_proved_forgery(trust):
    assert place(Keys(numbers=(ONE,)), FOUND, BOB, trust).joined
    failed = place(Keys(numbers=(ONE,)), FOUND, BOB, Trust.FAILED)
    assert rungs(failed) == (None, "new", False, False)
    assert failed.mentions == (ONE,)


@pytest.mark.parametrize(
    "given_keys", [Keys(signed=(signed(),)), Keys(message_ids=("<to-bob@desk.example>",))]
)
def test_what_a_forged_sender_joins_counts_as_from_another_address(given_keys):
    found = place(given_keys, FOUND, BOB, Trust.FAILED)
    assert (found.ticket_id, found.joined, found.other_address) == (1, True, True)


@pytest.mark.parametrize("trust", Trust)
def test_where_numbers_need_an_aligned_sender_nothing_less_joins(trust):
    found = place(Keys(numbers=(ONE,)), FOUND, BOB, trust, number_needs="aligned")
    assert found.joined == (trust is Trust.STRONG)
    assert found.mentions == (() if found.joined else (ONE,))


# --- properties ---------------------------------------------------------------------------------

ANY_KEYS = st.builds(
    Keys,
    st.lists(
        st.builds(
            signed, st.sampled_from([ONE, TWO, "TKT-2026-00009"]),
            genuine=st.booleans(), expired=st.booleans(), mine=st.booleans(),
        ), max_size=3,
    ).map(tuple),
    st.lists(st.sampled_from([ONE, TWO, "TKT-2026-00009"]), max_size=3).map(tuple),
    st.lists(st.sampled_from([*FOUND.message_ids, "<unknown@x>"]), max_size=3).map(tuple),
)  # fmt: skip


@given(ANY_KEYS, st.sampled_from([BOB, EVE, ANN, None]), st.sampled_from(Trust))
def test_a_mail_is_joined_to_a_known_ticket_or_opens_a_new_one(given_keys, sender, trust):
    found = place(given_keys, FOUND, sender, trust)
    assert found.joined == (found.ticket_id is not None) == (found.rung is not Rung.NEW)
    assert not (found.other_address and not found.joined)
    assert all(FOUND.numbers[number] != found.ticket_id for number in found.mentions)


@given(ANY_KEYS, st.sampled_from(Trust))
def test_somebody_unknown_never_joins_by_a_number_nor_as_themselves(given_keys, trust):
    found = place(given_keys, FOUND, None, trust)
    assert found.rung is not Rung.NUMBER
    assert found.joined == found.other_address
