"""What a machine that we know says: which problem it is, and whether it is over."""

from dataclasses import replace

import pytest

from mailgate.mail import alert
from mailgate.mail.alert import Alert, MachineSender
from tests.mail.screening import a_mail

SENDER = "alerts@desk.example"
NAGIOS = MachineSender(("Host", "Service"), "Notification Type", ("recovery",))
DOWN = """***** Nagios *****

Notification Type: PROBLEM

Service: HTTP
Host: web1
State: CRITICAL
"""


def said(text="", machine=NAGIOS, subject="x", **headers):
    mail = replace(a_mail(subject), text=text)
    values = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    return alert.read(replace(mail, headers={"subject": (subject,)} | values), SENDER, machine)


def test_lines_of_the_text_say_which_problem_it_is_and_how_it_stands():
    found = said(DOWN)
    assert found == Alert(SENDER, (("Host", "web1"), ("Service", "HTTP")), resolved=False)
    assert str(found) == "Host = web1, Service = HTTP"
    over = said(DOWN.replace("PROBLEM", "RECOVERY"))
    assert over.resolved
    assert over.reference == found.reference


def test_another_problem_or_another_machine_is_another_reference():
    references = {said(DOWN).reference, said(DOWN.replace("web1", "web2")).reference}
    references.add(said(DOWN.replace("web1", "HTTP").replace(": HTTP", ": web1", 1)).reference)
    references.add(replace(said(DOWN), sender="other@desk.example").reference)
    assert len(references) == 4
    assert not any("<" in reference for reference in references), "no Message-ID is like it"


def test_a_header_goes_before_a_line_and_the_first_line_before_a_later_one():
    machine = MachineSender(("X-Alert-Id",))
    assert said("X-Alert-Id: 2\nX-Alert-Id: 3", machine).key == (("X-Alert-Id", "2"),)
    assert said("X-Alert-Id: 2", machine, x_alert_id="1").key == (("X-Alert-Id", "1"),)


@pytest.mark.parametrize(
    "line", ["host : web1", "HOST:web1", "**Host:** web1", "> Host: `web1`", "- host:\tweb1  "]
)
def test_names_and_values_are_read_however_they_are_set_off(line):
    assert said(line, MachineSender(("Host",))).key == (("Host", "web1"),)


@pytest.mark.parametrize("text", ["", "Host: web1", "Host: web1\nService:", "Host web1"])
def test_without_every_part_of_the_key_there_is_no_alert(text):
    assert said(text) is None


def test_a_machine_that_names_no_problem_has_no_alerts():
    assert said(DOWN, MachineSender()) is None


@pytest.mark.parametrize(
    ("subject", "resolved"),
    [
        ("[RESOLVED] DiskFull (web1)", True),
        ("Resolved in 5m: High load on web1", True),
        ("** RECOVERY Service Alert: web1/HTTP is OK **", True),
        ("\N{WHITE HEAVY CHECK MARK} Up: web1", True),
        ("ok", True),
        ("[FIRING:1] DiskFull", False),
        ("Problem: it cannot be resolved", False),
        ("Unresolved", False),
        ("Uptime is low", False),
        ("okay?", False),
        ("", False),
        ("***", False),
    ],
)
def test_a_problem_is_over_when_the_subject_opens_with_a_word_for_it(subject, resolved):
    words = ("resolved", "recovery", "ok", "Up")
    found = said("Host: a", MachineSender(("Host",), resolved=words), subject)
    assert found.resolved is resolved


def test_a_state_that_is_not_there_says_nothing():
    assert not said("Host: a\nService: b").resolved


def test_a_text_without_end_is_read_to_a_bound():
    text = "nothing\n" * 1000 + "Host: a\nService: b"
    assert said(text) is None
    long = said("Host: " + "a" * 100_000, MachineSender(("Host",)))
    assert long.key == (("Host", "a" * 200),)
