"""Invitations in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import invitation


def event(*lines, method="REQUEST"):
    body = "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""])
    return f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\n{body}".encode()


def says(*lines, **more):
    return list(invitation.read(event(*lines, **more), "utf-8"))


def test_an_invitation_says_what_when_where_and_who():
    assert says(
        "SUMMARY:Repair\\, floor 3",
        "DTSTART;TZID=Europe/Berlin:20261116T140000",
        "DTEND;TZID=Europe/Berlin:20261116T150000",
        "LOCATION:Room 3.14",
        'ORGANIZER;CN="Lindqvist, Mara; Ms: x":mailto:mara@kunde.example',
        "ATTENDEE;PARTSTAT=ACCEPTED;CN=Bob:MAILTO:bob@kunde.exa",
        " mple",
        "BEGIN:VALARM",
        "DESCRIPTION:not this",
        "END:VALARM",
        "DESCRIPTION:Bring toner\\;\\nand paper\\\\.",
        "nonsense",
    ) == [
        "Invitation: Repair, floor 3",
        "When: 2026-11-16 14:00 Europe/Berlin – 2026-11-16 15:00 Europe/Berlin",
        "Where: Room 3.14",
        "Organizer: Lindqvist, Mara; Ms: x <mara@kunde.example>",
        "Who: Bob <bob@kunde.example>",
        "",
        "Bring toner;",
        "and paper\\.",
    ]


@pytest.mark.parametrize(
    ("method", "title"),
    [
        ("REQUEST", "Invitation: x"),
        ("REPLY", "Answer to an invitation: x"),
        ("CANCEL", "Cancelled: x"),
        ("COUNTER", "Another time is proposed: x"),
        ("", "Event: x"),
        ("NONSENSE", "Event: x"),
    ],
)
def test_the_method_is_said(method, title):
    assert says("SUMMARY:x", method=method) == [title]


def test_an_event_that_is_called_off_is_said_to_be():
    assert says("STATUS:CANCELLED") == ["Cancelled"]


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        (["DTSTART:20261116T130000Z"], "2026-11-16 13:00 UTC"),
        (["DTSTART:20261116T130000"], "2026-11-16 13:00"),
        (["DTSTART;VALUE=DATE:20261224", "DURATION:P3D"], "2026-12-24 (P3D)"),
        (["DTSTART:soon"], "soon"),
        (["DUE:20261201T080000Z"], "2026-12-01 08:00 UTC"),
    ],
)
def test_a_time_stays_as_it_is_written(lines, when):
    assert says(*lines)[1] == f"When: {when}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [("ACCEPTED", "b@x (accepted)"), ("DECLINED", "b@x (declined)"), ("NEEDS-ACTION", "b@x")],
)
def test_an_answer_is_said_with_who_gave_it(answer, said):
    assert says(f"ATTENDEE;PARTSTAT={answer}:mailto:b@x", method="REPLY")[1] == f"Who: {said}"


def test_no_event_gives_no_line():
    assert invitation.read(b"BEGIN:VCALENDAR\nSUMMARY:x\nEND:VCALENDAR", "") == ()


@pytest.mark.parametrize(("count", "lines"), [(4, 7), (5, 9), (6, 9)])
def test_no_more_than_five_events_are_said(count, lines):
    assert len(invitation.read(event("SUMMARY:x") * count, "")) == lines


@pytest.mark.parametrize(("count", "found"), [(19, 19), (20, 20), (21, 20)])
def test_no_more_than_twenty_guests_are_said(count, found):
    assert says(*["ATTENDEE:a@b"] * count)[1].count("a@b") == found


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text):
    lines = invitation.read(event(text, "SUMMARY" + text, "DTSTART:" + text), "utf-8")
    assert all("\r" not in line and "\n" not in line for line in lines)
