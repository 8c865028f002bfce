"""No mail whatever breaks the reading; `make fuzz` tries longer what this tries shortly."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mail import fuzzing


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.randoms(use_true_random=False))
def test_what_must_hold_for_a_mail_holds_for_bent_ones(choices):
    raw = fuzzing.mutated(choices)
    fuzzing.check(raw)
    assert len(raw) <= fuzzing.LARGEST
