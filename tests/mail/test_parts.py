"""The structure of a mail, and the bytes of its parts."""

import email
import email.message
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.errors import Refused
from mailgate.mail import parts
from mailgate.mail.prescan import DEFAULTS, Limits, prescan
from tests.mail.golden_twin import GOLDEN


def structure(raw, limits=DEFAULTS):
    return parts.read(raw, prescan(raw, limits), limits)


def leaves(raw, limits=DEFAULTS):
    return [(leaf.path, leaf.type) for leaf in structure(raw, limits).root.leaves()]


def multipart(*bodies, subtype="mixed", boundary="x"):
    opened = b"".join(b"--" + boundary.encode() + b"\r\n" + body + b"\r\n" for body in bodies)
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + opened + b"--" + boundary.encode() + b"--\r\n"


PLAIN = b"Content-Type: text/plain\r\n\r\nhello"
NESTED = multipart(PLAIN, multipart(PLAIN, b"Content-Type: image/png\r\n\r\n\x89", boundary="xy"))
ATTACHED = b"Content-Type: message/rfc822\r\n\r\n" + NESTED


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", [("1", "text/plain")]),
        (PLAIN, [("1", "text/plain")]),
        (b"Content-Type: TEXT/Html; x=1\r\n\r\n", [("1", "text/html")]),
        (b"Content-Type: nonsense\r\n\r\n", [("1", "text/plain")]),
        (multipart(PLAIN, b"\r\nno header"), [("1", "text/plain"), ("2", "text/plain")]),
        (NESTED, [("1", "text/plain"), ("2.1", "text/plain"), ("2.2", "image/png")]),
        (multipart(b"\r\nA: 1", subtype="digest"), [("1", "message/rfc822")]),
        (multipart(ATTACHED, boundary="o"), [("1", "message/rfc822")]),
    ],
)
def test_parts_are_numbered_as_imap_does(raw, found):
    assert leaves(raw) == found


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_the_line_break_before_a_delimiter_belongs_to_it(end):
    raw = multipart(b"\r\none\r\n", b"\r\n", b"\r\nthree").replace(b"\r\n", end)
    root = structure(raw).root
    assert [raw[part.start : part.end] for part in root.leaves()] == [b"one" + end, b"", b"three"]


@pytest.mark.parametrize(
    ("lines", "bodies"),
    [
        (b"preamble --x\r\n--x\r\n\r\none\r\n--x--\r\nepilogue\r\n--x\r\n\r\ntwo", [b"one"]),
        (b"--x \t\r\n\r\none\r\n--xy\r\nstill\r\n--x-- \r\n", [b"one\r\n--xy\r\nstill"]),
        (b"--x\r\n\r\nnever closed\r\n", [b"never closed\r\n"]),
        (b"--x\r\n--x\r\n\r\ntwo\r\n--x--", [b"", b"two"]),
        (b"--x", [b""]),
    ],
)
def test_only_whole_delimiter_lines_part(lines, bodies):
    raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + lines
    assert [raw[part.start : part.end] for part in structure(raw).root.leaves()] == bodies


@pytest.mark.parametrize("boundary", ['""', '"other"', "x" * 201, None])
def test_a_multipart_without_its_boundary_is_read_as_text(boundary):
    parameter = f"; boundary={boundary}" if boundary else ""
    raw = f"Content-Type: multipart/mixed{parameter}\r\n\r\n--x\r\n\r\none".encode()
    found = structure(raw)
    assert found.defects == ("a multipart without its boundary, read as text",)
    assert (found.root.type, found.root.path) == ("text/plain", "1")
    assert raw[found.root.start : found.root.end] == b"--x\r\n\r\none"


def test_a_part_says_what_it_is():
    raw = (
        b"Content-Type: image/png; name=a.png\r\nContent-Disposition: INLINE; filename=b.png\r\n"
        b"Content-ID: <c@d>\r\nContent-Transfer-Encoding: Base64\r\nContent-Type: text/html\r\n\r\n"
    )
    root = structure(raw).root
    assert (root.type, root.disposition, root.filename) == ("image/png", "inline", "b.png")
    assert (root.content_id, root.encoding) == ("c@d", "base64")


@pytest.mark.parametrize(
    ("field", "disposition", "name"),
    [
        (b"", None, "a.png"),
        (b"Content-Disposition:\r\n", None, "a.png"),
        (b"Content-Disposition: attachment; filename=\r\n", "attachment", ""),
        (b"Content-Disposition: form-data\r\n", "attachment", "a.png"),
    ],
)
def test_an_unknown_disposition_is_an_attachment(field, disposition, name):
    root = structure(b"Content-Type: image/png; name=a.png\r\n" + field + b"\r\n").root
    assert (root.disposition, root.filename) == (disposition, name)


@pytest.mark.parametrize(("limit", "over"), [(2, True), (3, False), (4, False)])
def test_parts_are_limited(limit, over):
    raw = multipart(PLAIN, multipart(PLAIN, boundary="y"))
    found = structure(raw, Limits(parts=limit))
    assert found.over == ((f"more than {limit} parts",) if over else ())
    assert len(list(found.root.leaves())) == (1 if over else 2)


@pytest.mark.parametrize(("limit", "over"), [(1, True), (2, False), (3, False)])
def test_depth_is_limited(limit, over):
    raw = multipart(PLAIN, multipart(PLAIN, boundary="y"))
    found = structure(raw, Limits(depth=limit))
    assert found.over == ((f"multiparts nested deeper than {limit}",) if over else ())
    assert len(list(found.root.leaves())) == (1 if over else 2)


def test_the_header_of_a_part_is_limited_as_that_of_a_mail():
    found = structure(multipart(b"A: 1\r\nB: 2\r\n\r\nx"), Limits(headers=1))
    assert found.defects == ("more than 1 header fields",)


def test_content_comes_back_byte_for_byte():
    inner = b"Subject: x\r\n\r\nbare\nline feeds, \x00 and \xff\r\n"
    raw = multipart(
        PLAIN,
        b"Content-Type: message/rfc822\r\n\r\n" + inner,
        b"Content-Transfer-Encoding: base64\r\n\r\n/wA=",
    )
    assert parts.content(raw, "1") == b"hello"
    assert parts.content(raw, "2") == inner
    assert parts.content(raw, "3") == b"\xff\x00"
    assert parts.content(PLAIN, "1") == b"hello"


@pytest.mark.parametrize("path", ["", "2", "1.1", "nonsense", "2/tnef:1"])
def test_a_part_that_is_not_there_is_refused(path):
    with pytest.raises(Refused, match="no part"):
        parts.content(PLAIN, path)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"--b\r\nX: 1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--", b"hello\r"),
        (b"\nContent-Type: text/html\n\nhello", b"hello"),
        (b"\n--b\nContent-Transfer-Encoding: 8bit\ncontent-type:text/plain\n\n\n--b", b""),
    ],
)
def test_the_first_text_is_found_wherever_it_is(raw, text):
    part = parts.first_text(raw, 0, len(raw))
    assert raw[part.start : part.end] == text


def test_where_there_is_no_text_none_is_found():
    assert parts.first_text(b"nothing\n--b\n", 0, 12) is None


def standard(message, found):
    """Collect what the standard library finds in `message`, attached messages unopened."""
    if message.get_content_maintype() == "message":
        found.append((message.get_content_type(), None))
    elif message.is_multipart():
        for part in message.get_payload():
            standard(part, found)
    else:
        found.append((message.get_content_type(), message.get_payload(decode=True)))
    return found


def ours(raw):
    return [
        (leaf.type, None if leaf.type.startswith("message/") else parts.decoded(raw, leaf)[0])
        for leaf in structure(raw).root.leaves()
    ]


USED = "--used\r\nContent-Type: text/plain\r\n\r\none\r\n"
MULTIPART = "Content-Type: multipart/mixed"
ILL_FORMED = {
    *("boundary-of-the-parent", "boundary-undeclared", "broken-base64", "encoding-with-junk"),
    *("missing-boundary", "quoted-printable-with-junk", "two-thousand-nested-parts"),
    *("parameters-not-folded", "type-without-semicolon"),
}
WELL_FORMED = [path for path in sorted(GOLDEN.glob("*.eml")) if path.stem not in ILL_FORMED]


@pytest.mark.parametrize("path", WELL_FORMED, ids=lambda path: path.stem)
def test_golden_mails_have_the_structure_the_standard_library_finds(path):
    raw = path.read_bytes()
    assert ours(raw) == standard(email.message_from_bytes(raw), [])


LEAF = st.tuples(
    st.sampled_from(["text/plain", "text/html", "image/png", "application/octet-stream"]),
    st.binary(max_size=80),
)
TREE = st.recursive(
    LEAF, lambda children: st.lists(children, min_size=1, max_size=4), max_leaves=12
)


def built(tree):
    message = email.message.Message(policy=email.policy.SMTP)
    if isinstance(tree, list):
        message["Content-Type"] = "multipart/mixed"
        for child in tree:
            message.attach(built(child))
        return message
    kind, data = tree
    message["Content-Type"] = kind
    message.set_payload(data)
    email.encoders.encode_base64(message)
    return message


@given(TREE)
def test_any_well_formed_mail_has_the_structure_the_standard_library_finds(tree):
    raw = built(tree).as_bytes()
    assert ours(raw) == standard(email.message_from_bytes(raw), [])


@given(st.lists(st.sampled_from([b"--x", b"--xy", b"--x--", b"\r\n", b"\n", b"\r", b"a", b"A: 1"])))
def test_no_arrangement_of_delimiters_breaks_the_reading(pieces):
    raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"".join(pieces)
    last = 0
    for part in structure(raw).root.leaves():
        assert last <= part.start <= part.end <= len(raw)
        last = part.end


@pytest.mark.parametrize(
    ("name", "bodies"),
    [("inner", [b"1", b"2"]), ("outerer", [b"1", b"2"]), ("outer", [b"1", b"2"])],
)
def test_a_multipart_inside_may_have_the_same_boundary_or_a_longer_one(name, bodies):
    inner = f"{MULTIPART}; boundary={name}\r\n\r\n--{name}\r\n\r\n1\r\n--{name}--"
    raw = f"{MULTIPART}; boundary=outer\r\n\r\n--outer\r\n{inner}\r\n--outer\r\n\r\n2\r\n--outer--"
    assert [data for _, data in ours(raw.encode())] == bodies


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (USED, ["1"]),
        ("\r\n" + USED, ["1"]),
        ("words\r\n" + USED + "--used--", ["1"]),
        ("words\r\n" + USED + USED, ["1", "2"]),
    ],
)
def test_an_undeclared_boundary_is_seen_where_it_opens_the_body_or_stands_twice(body, found):
    structured = structure(f"{MULTIPART}; boundary=other\r\n\r\n{body}".encode())
    assert structured.defects == ("a multipart whose boundary is not the declared one",)
    assert [leaf.path for leaf in structured.root.leaves()] == found


def test_a_delimiter_that_is_quoted_once_is_no_boundary():
    found = structure(f"{MULTIPART}; boundary=other\r\n\r\nwords\r\n{USED}".encode())
    assert found.defects == ("a multipart without its boundary, read as text",)
