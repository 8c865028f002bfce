"""Commands at the top of an agent's mail."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.domain.arguments import LONGEST_VALUE, Fields, Record, Tags, Times
from mailgate.domain.commands import (
    MOST_COMMANDS,
    WORDS,
    Command,
    Fault,
    Script,
    read,
    reference,
)

SPECIFIED = """
note resolve close reopen wait take assign follow unfollow priority category kind tag snooze merge
unmerge split requester cc field threshold escalate approve reject spam macro article recover list
cancel withdraw ref
""".split()  # noqa: SIM905 - thirty words read better without their quotes


def only_fault(text: str) -> Fault:
    script = read(text)
    assert script.commands == ()
    assert len(script.faults) == 1
    return script.faults[0]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/note", Command("note")),
        ("/note: call her back", Command("note", (), "call her back")),
        ("/note call her: tomorrow", Command("note", (), "call her: tomorrow")),
        ("/resolve", Command("resolve")),
        ("/resolve:the cache was full", Command("resolve", (), "the cache was full")),
        ("/close : no answer in weeks", Command("close", (), "no answer in weeks")),
        ("/reopen", Command("reopen")),
        ("/escalate", Command("escalate")),
        ("/escalate he calls: often", Command("escalate", (), "he calls: often")),
        ("/wait", Command("wait")),
        ("/take: I know them", Command("take", (), "I know them")),
        ("/assign alice", Command("assign", ("agent", "alice"))),
        ("/assign @Alice", Command("assign", ("agent", "alice"))),
        ("/assign alice@desk.example", Command("assign", ("agent", "alice@desk.example"))),
        ("/assign alice: she knows", Command("assign", ("agent", "alice"), "she knows")),
        ("/assign team:billing", Command("assign", ("team", "billing"))),
        ("/assign Team:Billing: a bill", Command("assign", ("team", "billing"), "a bill")),
        ("/assign me", Command("assign", ("me",))),
        ("/assign NONE", Command("assign", ("none",))),
        ("/priority high", Command("priority", ("high",))),
        ("/priority Medium", Command("priority", ("normal",))),
        ("/priority low: can wait", Command("priority", ("low",), "can wait")),
        (
            "/threshold system=1h, client=6h close=12h: as agreed",
            Command(
                "threshold",
                Times((("auto_close", 43_200), ("client", 21_600), ("system", 3_600))),
                "as agreed",
            ),
        ),
        ("/macro Thanks-a_lot: fine", Command("macro", ("thanks-a_lot",), "fine")),
        ("/threshold NONE", Command("threshold", Times(()))),
        ("/field order_no=123", Command("field", Fields((("order_no", "123"),)))),
        (
            "/field Order-No = a=b  c: by phone",
            Command("field", Fields((("order_no", "a=b c"),)), "by phone"),
        ),
        (
            "/field url=https://x.example/:1",
            Command("field", Fields((("url", "https://x.example/:1"),))),
        ),
        ("/field order_no=", Command("field", Fields((("order_no", ""),)))),
        (
            "/field o=" + "x" * LONGEST_VALUE,
            Command("field", Fields((("o", "x" * LONGEST_VALUE),))),
        ),
        ("/ref shop:4711", Command("ref", Record("shop:4711"))),
        (
            "/ref Shop:A-1  sent  off: DHL",
            Command("ref", Record("shop:A-1", "sent off"), "DHL"),
        ),
        ("/ref https://x.example/o/1", Command("ref", Record("https://x.example/o/1"))),
        ("/ref -shop:4711: wrong", Command("ref", Record("shop:4711", dropped=True), "wrong")),
        (
            f"/ref s:{'1' * LONGEST_VALUE} {'x' * LONGEST_VALUE}",
            Command("ref", Record(f"s:{'1' * LONGEST_VALUE}", "x" * LONGEST_VALUE)),
        ),
        ("/cc bob@example.com", Command("cc", ("bob@example.com",))),
        (
            "/cc <bob@example.com>, Eve@example.com bob@example.com: both",
            Command("cc", ("bob@example.com", "Eve@example.com"), "both"),
        ),
        ("/requester bob@example.com", Command("requester", ("bob@example.com",))),
        ("/merge TKT-2026-00042: twice", Command("merge", ("TKT-2026-00042",), "twice")),
        ("/unmerge: not the same", Command("unmerge", (), "not the same")),
        ("/split", Command("split")),
        ("/split  Your   invoice: two things", Command("split", ("Your invoice",), "two things")),
        ("/split: two things", Command("split", (), "two things")),
        ("/split " + "x" * LONGEST_VALUE, Command("split", ("x" * LONGEST_VALUE,))),
        ("/tag vip -late", Command("tag", Tags(("vip",), ("late",)))),
        ("/tag VIP, +press: a call", Command("tag", Tags(("vip", "press"), ()), "a call")),
    ],
)
def test_every_wired_form_is_read_with_its_argument_and_note(line, command):
    assert read(line) == Script((command,), "", ())


@pytest.mark.parametrize(
    "line", ["#resolve", "/RESOLVE", "  /resolve  ", "／resolve", "\ufeff/resolve", "\xa0#Resolve"]
)
def test_mark_capitals_and_blanks_do_not_matter(line):
    assert read(line).commands == (Command("resolve"),)


def test_commands_stop_at_the_first_line_of_text_and_the_rest_is_kept():
    script = read("\n/priority high\n\n/assign alice\n\nDear Bob,\n\n/close is a folder.\n\n")
    assert [command.name for command in script.commands] == ["priority", "assign"]
    assert script.text == "Dear Bob,\n\n/close is a folder."
    assert script.faults == ()


@pytest.mark.parametrize(
    "text",
    [
        "/a/b is missing",
        "/usr/lib/list.so is missing",
        "/ is full",
        "#42 is done",
        "#: yes",
        "# Greetings",
        "> /close",
        "Please /close",
        "/1",
        "",
    ],
)
def test_what_is_no_command_is_text(text):
    assert read(text) == Script((), text, ())


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("/resolv", "/resolve or /resolve: text"),
        ("/re-open", "/reopen or /reopen: text"),
        ("/resolve.", "/resolve or /resolve: text"),
        ("/note2 secret", "/note or /note: text"),
        ("/prio high", "/priority high"),
        ("//note", "/note or /note: text"),
        ("/ note secret", "/note"),
        ("# Resolve", "/resolve"),
        ("* #note secret", "/note"),
        ("*/note* secret", "/note"),
        ("1. /note secret", "/note"),
        ("2) /note secret", "/note"),
        ('"/note" secret', "/note"),
        ("`/note` secret", "/note"),
        ("-/note secret", "/note"),
        ("(/note secret)", "/note"),
        ("_/note_ secret", "/note"),
        ("∕note secret", "/note"),
        ("\\note secret", "/note"),
        ("\ufffc/note secret", "/note"),
    ],
)
def test_what_was_meant_as_a_command_comes_back_with_the_right_spelling(line, right):
    fault = only_fault(line)
    assert fault.line == line
    assert fault.right_form == right
    assert fault.reason


def test_an_unknown_word_like_none_of_ours_shows_those_that_are():
    fault = only_fault("/xyzzy")
    assert fault.reason == "there is no command /xyzzy"
    assert fault.right_form == (
        "/note, /cancel, /resolve, /close, /reopen, /wait, /snooze, /spam, /withdraw, /take, "
        "/assign, /follow, /unfollow, /escalate, /priority, /category, /kind, /tag, /field, "
        "/ref, /threshold, /requester, /cc, /merge, /unmerge, /split, /approve, /reject, /macro, "
        "/list"
    )


@pytest.mark.parametrize(
    ("line", "says", "right"),
    [
        ("/resolve it works", "takes no argument", "/resolve or /resolve: text"),
        ("/assign", "to whom", "/assign alice or"),
        ("/assign: bob", "to whom", "/assign alice or"),
        ("/assign team: billing", "the colon at once", "/assign team:billing"),
        ("/assign team:", "the colon at once", "/assign team:billing"),
        ("/assign team:a b", "the colon at once", "/assign team:billing"),
        ("/assign alice and bob", "no agent's name", "/assign alice"),
        ("/priority", "which priority", "/priority high"),
        ("/priority hihg", "did you mean high?", "/priority high"),
        ("/priority 7", "there is no priority '7'", "/priority high"),
        ("/category", "which category", "/category billing"),
        ("/category ?", "'?' is no category", "/category billing"),
        ("/kind", "which kind", "/kind dispute"),
        ("/kind disput", "did you mean dispute?", "/kind dispute"),
        (
            "/kind 7",
            "there is no kind '7'; there are request, dispute, order, recovery",
            "/kind dispute",
        ),
        ("/macro", "it does not say which", "/macro name"),
        ("/macro ../x", "'../x' is no macro's name", "/macro name"),
        ("/field", "which value", "/field order_no=123"),
        ("/field order_no", "which value", "/field order_no="),
        ("/field =1", "'' is no field", "/field order_no=123"),
        ("/field a b=1", "'a b' is no field", "/field order_no=123"),
        ("/field o=" + "x" * (LONGEST_VALUE + 1), "at most 200", "/field order_no=123"),
        ("/ref", "it does not say which", "/ref shop:4711 or"),
        ("/ref 4711", "it does not say which", "/ref shop:4711 or"),
        ("/ref shop: 4711", "it does not say which", "/ref shop:4711 or"),
        ("/ref 47:11", "it does not say which", "/ref shop:4711 or"),
        ("/ref shop:\x1b[2J", "it does not say which", "/ref shop:4711 or"),
        ("/ref shop:1 \x1b[2J", "that can be seen", "/ref shop:4711 or"),
        ("/ref shop:1 " + "x" * (LONGEST_VALUE + 1), "at most 200", "/ref shop:4711 or"),
        ("/ref shop:" + "x" * (LONGEST_VALUE + 1), "at most 200", "/ref shop:4711 or"),
        ("/ref -shop:1 paid", "has no state", "/ref shop:4711 or"),
        ("/split " + "x" * (LONGEST_VALUE + 1), "at most 200", "/split or /split The new subject"),
        ("/split a\x00b", "that can be seen", "/split or /split The new subject"),
        ("/field o=\x1b[2J", "can be seen", "/field order_no=123"),
        ("/cc", "it does not say who", "/cc bob@example.com"),
        ("/cc bob", "'bob' is not a mail address", "/cc bob@example.com"),
        ("/requester", "it does not say who", "/requester bob@example.com"),
        ("/requester a@b.c d@e.f", "only be one person's", "/requester bob@example.com"),
        ("/merge", "into which ticket", "/merge TKT-2026-00042"),
        ("/unmerge TKT-2026-00042", "takes no argument", "/unmerge"),
        ("/threshold", "which times", "/threshold system=1h"),
        ("/threshold system=1h system=2h", "says twice", "/threshold system=1h"),
        ("/threshold soon=1h", "there is no time 'soon'", "/threshold system=1h"),
        ("/threshold system", "gives no value: write system=", "/threshold none"),
        ("/threshold system=soon", "is not a duration", "/threshold system=1h"),
        ("/threshold system=0s", "more than nothing", "/threshold system=1h"),
        ("/threshold system=9999d", "at most 3650d", "/threshold system=1h"),
        ("/tag", "which tags", "/tag vip -late"),
        ("/tag !", "'!' is no tag", "/tag vip -late"),
        ("/tag " + "x" * 51, "is no tag", "/tag vip -late"),
        ("/tag a -a", "at once", "/tag vip -late"),
        ("/tag " + " ".join(f"t{n}" for n in range(21)), "more than 20", "/tag vip -late"),
    ],
)
def test_a_malformed_argument_is_explained(line, says, right):
    fault = only_fault(line)
    assert says in fault.reason
    assert right in fault.right_form


def test_tags_may_number_twenty():
    line = "/tag " + " ".join(f"t{n}" for n in range(20))
    assert read(line).faults == ()


def test_a_priority_like_none_gets_no_guess():
    assert "did you mean" not in only_fault("/priority 7").reason


@pytest.mark.parametrize("word", [word for word in WORDS.values() if not word.wired])
def test_words_of_later_versions_are_known_and_refused(word):
    fault = only_fault(word.forms[0])
    assert fault.reason == f"/{word.name} is not available in this version"
    assert fault.right_form.startswith("/note, /cancel, /resolve, ")
    assert only_fault("/ " + word.forms[0][1:]) == replace(fault, line="/ " + word.forms[0][1:])


def test_what_cannot_be_carried_out_is_not_proposed():
    assert "/article" not in only_fault("/articl").right_form


def test_good_and_faulty_lines_are_reported_side_by_side():
    script = read("/priority high\n/clsoe\nThe text")
    assert script.commands == (Command("priority", ("high",)),)
    assert [fault.line for fault in script.faults] == ["/clsoe"]
    assert script.text == "The text"


def test_every_specified_word_stands_in_the_table_once():
    assert sorted(WORDS) == sorted(SPECIFIED)
    assert all(word.forms and word.says for word in WORDS.values())


@pytest.mark.parametrize("form", [f for word in WORDS.values() if word.wired for f in word.forms])
def test_every_form_shown_to_agents_is_accepted(form):
    assert read(form).faults == ()


def test_confirm_is_a_customers_affair_and_no_command():
    assert only_fault("/confirm").reason == "there is no command /confirm"


def test_the_reference_lists_every_form_that_works():
    text = reference()
    working = [word for word in WORDS.values() if word.wired]
    assert all(f"`{form}`" in text for word in working for form in word.forms)
    assert text.startswith("| command | what it does |\n| --- | --- |\n")
    assert len(text.splitlines()) == len(working) + 2


@pytest.mark.parametrize("count", [MOST_COMMANDS - 1, MOST_COMMANDS, MOST_COMMANDS + 1])
def test_a_mail_may_have_fifty_commands(count):
    script = read("/note x\n" * count)
    assert len(script.commands) == min(count, MOST_COMMANDS)
    assert bool(script.faults) == (count > MOST_COMMANDS)


def test_a_flood_of_commands_ends_after_the_fiftieth():
    script = read("/xyzzy\n" * 100_000 + "secret")
    assert len(script.faults) == MOST_COMMANDS + 1
    assert script.text == ""


@pytest.mark.parametrize(
    "line", ["/" + "x" * 1_000_000, "/priority " + "h" * 1_000_000, "/tag " + "-" * 1_000_000]
)
def test_what_a_fault_gives_back_is_bounded(line):
    fault = only_fault(line)
    assert len(fault.line) <= 200
    assert len(fault.reason) <= 200


@given(st.text(alphabet=st.sampled_from("/#: \nnoteresolvassigntagx-+1@é"), max_size=80))
def test_no_text_makes_the_reader_raise_and_a_fault_always_says_what_is_right(text):
    script = read(text)
    assert all(fault.reason and fault.right_form and fault.line for fault in script.faults)
    assert all(command.name in WORDS for command in script.commands)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Dear Bob,\n/note He shouts.", "/note He shouts."),
        ("Dear Bob,\n\n  - /note: He shouts.\nBye", "/note: He shouts."),
        ("Dear Bob,\n* #note He shouts.", "#note He shouts."),
        ("-- \n/close", "/close"),
        ("/take\nIt works now.\n/close", "/close"),
        ("It works now.\n\u200b/Assign bob\n/close", "/Assign bob"),
        ("It works now.\n\u202e/note He shouts.", "/note He shouts."),
        ("Dear Bob,\n/spam he is a crook", "/spam he is a crook"),
        ("Dear Bob,\n1. /note secret", "1. /note secret"),
        ("Dear Bob,\n*/note* secret", "*/note* secret"),
        ("Dear Bob,\n/kind dispute he lies", "/kind dispute he lies"),
        ("Dear Bob,\n/escalate he lies", "/escalate he lies"),
        ("Dear Bob,\n/categroy billing", "/categroy billing"),
        ("Dear Bob,\n/close is a folder.", "/close is a folder."),
    ],
)
def test_a_command_below_text_is_told_since_it_was_not_meant_for_the_customer(text, line):
    script = read(text)
    assert script.below is not None
    assert (script.below.line, script.faults) == (line, ())
    assert script.below.right_form == "the same line at the very top, or other words"


@pytest.mark.parametrize(
    "text",
    [
        "Dear Bob,\n> /note         the whole mail is an internal note",
        "Dear Bob,\n/etc/hosts",
        "Dear Bob,\n(see /usr/bin)",
        "Dear Bob,\n1. / note it down",
        "Dear Bob,\n\\\\server\\note",
        "Dear Bob,\n#42 is yours",
        "Dear Bob,\n/ note that",
        "Dear Bob,\n/usr/bin/note x",
        "Dear Bob,\nsee /note x",
        "/close",
    ],
)
def test_what_only_looks_like_a_command_below_text_is_text(text):
    assert read(text).below is None


@given(st.text(max_size=200))
def test_text_after_a_greeting_is_never_touched(text):
    said = "Dear Bob,\n" + text.replace("\u2028", "\n").replace("\u2029", "\n")
    assert read("Dear Bob,\n" + text).text == said.rstrip()


# --- snooze -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("3d", "+3d"),
        ("1d12h", "+1d12h"),
        ("+4h", "+4h"),
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T09:00", "2026-03-01T09:00"),
    ],
)
def test_a_snooze_ends_after_a_time_or_at_one(text, until):
    assert read(f"/snooze {text}: wait for parts").commands == (
        Command("snooze", (until,), "wait for parts"),
    )


def test_a_snooze_without_an_end_that_can_be_read_is_a_fault():
    assert only_fault("/snooze").reason == "/snooze: it does not say until when"
    assert only_fault("/snooze soon").reason == (
        "/snooze: 'soon' is no time: write 3d, 4h or 2026-03-01T09:00"
    )


@pytest.mark.parametrize("sign", [",", ";", ".", "=", "(", "!", "_"])
def test_a_sign_right_behind_a_command_makes_it_no_text(sign):
    script = read(f"/note{sign}he shouts")
    assert [fault.reason for fault in script.faults] == ["something stands behind /note"]
    assert read(f"Hello,\n/note{sign}he shouts").below is not None


@pytest.mark.parametrize(
    "char",
    ["\u2061", "️", "͏", "\u180e", "ㅤ", "ᅟ", "⠀", "\ufff9", "\U000e0001", "󠄁"],
)
def test_what_nobody_sees_hides_no_command(char):
    assert [command.name for command in read(f"{char}/close").commands] == ["close"]
    assert read(f"Hello,\n{char}/note he shouts").below is not None


@pytest.mark.parametrize("end", ["\u2028", "\u2029"])
def test_a_line_ends_where_anybody_sees_it_end(end):
    assert read(f"Hello{end}/note he shouts").below is not None


@pytest.mark.parametrize("line", ["/close/path is missing", "/cc/x"])
def test_a_path_is_text_though_it_begins_like_a_command(line):
    assert read(line).faults == ()


@pytest.mark.parametrize("line", ["[ACME Corp]/note secret", "[Logo] [ACME] /resolve", "[x]/note"])
def test_a_picture_before_a_command_makes_no_text_of_it(line):
    script = read(line)
    (fault,) = script.faults
    assert (script.commands, script.text) == ((), "")
    assert fault.reason.startswith("something stands around /")
    assert read(f"Hello,\n{line}").below is not None


@pytest.mark.parametrize(
    "line", ["[ACME Corp]", "[see /etc]", "[1] /usr/bin is missing", "[" * 9999]
)
def test_what_stands_in_brackets_is_text_where_no_command_follows(line):
    script = read(line)
    assert (script.text, script.faults, script.below) == (line, (), None)
