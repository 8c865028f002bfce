"""Which failures end automatic mail to an address."""

import pytest

from mailgate.domain.suspension import gone


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.10", "5.2.1", "5.4.4"])
def test_a_code_that_says_that_nobody_is_there_means_it(status):
    assert gone(f"550 {status} nobody of that name")


@pytest.mark.parametrize(
    "reason",
    [
        "552 5.2.2 mailbox full",
        "550 5.7.1 policy",
        "554 5.6.0 content; the user unknown is 5.1.1",
        "451 4.1.1 not now",
        "550 [10.5.1.1] blocked, see 5.7.1",
        "550 no code at all",
        "550 5.1.11 another",
        "x" * 2_000 + "5.1.1",
        "",
    ],
)
def test_what_may_pass_or_is_about_one_mail_does_not(reason):
    assert not gone(reason)
