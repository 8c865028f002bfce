"""format=flowed."""

import pytest

from mailgate.mail.flowed import unflow


@pytest.mark.parametrize(
    ("text", "unflowed"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("> quoted \n> text\n> next", "> quoted text\n> next"),
        ("> quoted \nnot quoted", "> quoted \nnot quoted"),
        (">> deep \n>> er", ">> deep er"),
        (" stuffed\n >not quoted", "stuffed\n>not quoted"),
        ("text \n-- \nMara", "text \n-- \nMara"),
        ("never ends ", "never ends "),
        ("", ""),
        ("\n\n", "\n\n"),
    ],
)
def test_soft_breaks_are_undone_within_one_depth(text, unflowed):
    assert unflow(text, delsp=False) == unflowed


def test_the_space_before_a_soft_break_goes_where_it_was_added():
    assert unflow("印刷 \nでき", delsp=True) == "印刷でき"
