"""Parameters of MIME fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail.params import read


@pytest.mark.parametrize(
    ("value", "head", "found"),
    [
        (b" text/plain", b"text/plain", {}),
        (b"text/plain; charset=utf-8", b"text/plain", {"charset": "utf-8"}),
        (b'a; Name = "x; \\"y\\" \\\\ \\z" ; b=2', b"a", {"name": 'x; "y" \\ \\z', "b": "2"}),
        (b'a; name="never closed', b"a", {"name": "never closed"}),
        (b"a; name=with blanks ;b=2", b"a", {"name": "with blanks", "b": "2"}),
        (b"a; x=1; x=2", b"a", {"x": "1"}),
        (b"a; no value; x=1", b"a", {"x": "1"}),
        (b"a;;; ;x=1", b"a", {"x": "1"}),
        (b"a; =1", b"a", {}),
        (b"a; x=", b"a", {"x": ""}),
        (b"a; f*=utf-8''Gr%C3%B6%C3%9Fe", b"a", {"f": "Größe"}),
        (b"a; f*=iso-8859-1'de'Gr%F6%DFe; f=plain", b"a", {"f": "Größe"}),
        (b"a; f*=no-quotes%20here", b"a", {"f": "no-quotes here"}),
        (b"a; f*1=world; f*0=hello%20", b"a", {"f": "hello%20world"}),
        (b"a; f*0*=utf-8''%C3; f*1*=%A4; f*2=.txt", b"a", {"f": "ä.txt"}),
        (b"a; f*0=one; f*2=three", b"a", {"f": "one"}),
        (b"a; f*1=late", b"a", {"f": ""}),
        (b'a; f="=?utf-8?q?Gr=C3=B6=C3=9Fe?="', b"a", {"f": "Größe"}),
        ("a; f=Größe".encode("latin-1"), b"a", {"f": "Größe"}),
        (b"", b"", {}),
    ],
)
def test_parameters_are_read(value, head, found):
    kind, parameters = read(value)
    assert kind == head
    assert {name: parameter.text() for name, parameter in parameters.items()} == found


def test_only_so_many_parameters_are_read():
    value = b"a" + b"".join(b"; p%d=1" % number for number in range(500))
    assert len(read(value)[1]) == 200


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(data):
    for parameter in read(b"a;" + data)[1].values():
        assert isinstance(parameter.text(), str)
