"""`[web] public_url`: where customers reach the pages."""

from pathlib import Path

import pytest

from mailgate.config.addresses import read_public_url
from mailgate.config.errors import Wrong


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ("https://desk.example", "https://desk.example"),
        ("https://desk.example:8443/mail/", "https://desk.example:8443/mail"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
    ],
)
def test_it_is_read_without_the_slash_at_its_end(written, read):
    assert read_public_url(written, Path()) == read


@pytest.mark.parametrize(
    "written",
    [
        *("desk.example", "http://desk.example", "ftp://desk.example", "https://", 5),
        *(
            "https://a b.example",
            'https://x.example/"',
            "https://x.example?a",
            "https://u@x.example",
        ),
        *("https://x.example:99999", "https://x.example:0", "https://[x"),
    ],
)
def test_what_cannot_stand_in_a_link_is_wrong(written):
    with pytest.raises(Wrong):
        read_public_url(written, Path())
