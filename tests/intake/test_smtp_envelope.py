"""The arguments of MAIL and RCPT."""

import pytest

from mailgate.intake.envelope import Path, read_recipient, read_sender


@pytest.mark.parametrize(
    ("argument", "path"),
    [
        ("FROM:<ann@x.example>", Path("ann@x.example")),
        ("from: <ann@x.example>", Path("ann@x.example")),
        ("FROM:<>", Path("")),
        ("FROM:<> SIZE=12", Path("", size=12)),
        ("FROM:<Ann.B+c@X.Example> size=1000 body=8bitmime", Path("Ann.B+c@X.Example", size=1000)),
        ("FROM:<a@x.example> BODY=7BIT  SMTPUTF8", Path("a@x.example", smtputf8=True)),
        ("FROM:<jürgen@größe.example> SMTPUTF8", Path("jürgen@größe.example", smtputf8=True)),
        ('FROM:<"a>b <c"@x.example> SIZE=1', Path('"a>b <c"@x.example', size=1)),
        (r'FROM:<"a\"b"@x.example>', Path(r'"a\"b"@x.example')),
        ("FROM:<a@[192.0.2.1]>", Path("a@[192.0.2.1]")),
        ("FROM:<a@x.example> ", Path("a@x.example")),
    ],
)
def test_a_sender_is_read_as_written(argument, path):
    assert read_sender(argument, extended=True) == path


@pytest.mark.parametrize(
    "argument",
    [
        None, "", "FROM", "FROM:", "FROM:ann@x.example", "TO:<ann@x.example>",
        "FROM:<ann@x.example", "FROM:ann@x.example>", "FROM:<<ann@x.example>>",
        "FROM:<a@x.example>SIZE=1", "FROM: Ann <ann@x.example>", "FROM:<a@x.example>\tSIZE=1",
        "FROM:<a\0b@x.example>", "FROM:<a\rb@x.example>", "FROM:<a@x.example\x7f>",
        "FROM:<a\u2028b@x.example> SMTPUTF8", "FROM:<a\udcffb@x.example> SMTPUTF8",
        "FROM:<a\x85@x.example> SMTPUTF8", 'FROM:<"a@x.example>',
    ],
)  # fmt: skip
def test_what_has_not_the_form_of_a_path_is_a_syntax_error(argument):
    assert read_sender(argument, extended=True) == "501 5.5.4 Syntax: MAIL FROM:<address>"


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("FROM:<ann>", "553 5.1.7"),
        ("FROM:<ann@@x.example>", "553 5.1.7"),
        ("FROM:<@relay.example:ann@x.example>", "553 5.1.7"),
        ("FROM:<a b@x.example>", "553 5.1.7"),
        (f"FROM:<{'a' * 65}@x.example>", "553 5.1.7"),
        ("FROM:<jürgen@x.example>", "553 5.6.7"),
        ("FROM:<a@x.example> SIZE", "501 5.5.4"),
        ("FROM:<a@x.example> SIZE=", "501 5.5.4"),
        ("FROM:<a@x.example> SIZE=-1", "501 5.5.4"),
        ("FROM:<a@x.example> SIZE=1e3", "501 5.5.4"),
        ("FROM:<a@x.example> SIZE=²", "501 5.5.4"),
        (f"FROM:<a@x.example> SIZE={'9' * 21}", "501 5.5.4"),
        ("FROM:<a@x.example> SIZE=1 SIZE=2", "501 5.5.4"),
        ("FROM:<a@x.example> BODY", "501 5.5.4"),
        ("FROM:<a@x.example> BODY=BINARYMIME", "501 5.5.4"),
        ("FROM:<a@x.example> SMTPUTF8=yes", "501 5.5.4"),
        ("FROM:<a@x.example> RET=HDRS", "555 5.5.4"),
        ("FROM:<a@x.example> AUTH=<>", "555 5.5.4"),
    ],
)
def test_a_wrong_sender_or_parameter_is_refused_with_its_own_code(argument, code):
    reply = read_sender(argument, extended=True)
    assert isinstance(reply, str)
    assert reply.startswith(code + " ")


def test_parameters_need_ehlo():
    assert read_sender("FROM:<a@x.example>", extended=False) == Path("a@x.example")
    assert str(read_sender("FROM:<a@x.example> SIZE=1", extended=False)).startswith("555 5.5.4 ")


@pytest.mark.parametrize("text", ["ann@x.example", "postmaster", "PostMaster", '"a b"@x.example'])
def test_a_recipient_is_read_as_written(text):
    assert read_recipient(f"TO:<{text}>", smtputf8=False) == Path(text)


@pytest.mark.parametrize(
    ("argument", "smtputf8", "code"),
    [
        (None, False, "501 5.5.4"),
        ("TO:ann@x.example", False, "501 5.5.4"),
        ("FROM:<ann@x.example>", False, "501 5.5.4"),
        ("TO:<>", False, "553 5.1.3"),
        ("TO:<ann>", False, "553 5.1.3"),
        ("TO:<jürgen@x.example>", False, "553 5.6.7"),
        ("TO:<jürgen@@x.example>", True, "553 5.1.3"),
        ("TO:<ann@x.example> NOTIFY=NEVER", False, "555 5.5.4"),
    ],
)
def test_a_wrong_recipient_is_refused_with_its_own_code(argument, smtputf8, code):
    reply = read_recipient(argument, smtputf8=smtputf8)
    assert isinstance(reply, str)
    assert reply.startswith(code + " ")


def test_a_recipient_beyond_ascii_is_taken_when_mail_said_smtputf8():
    assert read_recipient("TO:<jürgen@x.example>", smtputf8=True) == Path("jürgen@x.example")


@pytest.mark.parametrize("text", ['"' * 60_000, '"\\' * 30_000, "a" * 60_000, '"a"' * 20_000])
def test_reading_a_path_takes_steps_in_proportion_to_its_length(text):
    assert isinstance(read_sender(f"FROM:<{text}", extended=True), str)
