"""Commands at a keyboard mean what they mean in a mail."""

import pytest

from mailgate.cli.records import RECORD
from tests.cli.conftest import CUSTOMER, mail


@pytest.fixture
def number(cli):
    return cli.open()


def facts(cli, number, *names):
    whole = cli.json("show", number)
    return tuple(whole[name] for name in names)


def test_a_ticket_is_given_to_an_agent_a_team_and_nobody(cli, number):
    cli.config.write_text(
        cli.config.read_text() + '\n[[team]]\nname = "billing"\nmembers = ["bob"]\n'
    )
    said = cli.ok("assign", number, "alice", "--as", "bob", "--note", "you know it better")
    facts_now = "in progress, held by alice, priority normal"
    assert said == f"{number} is {facts_now} (in an agent's hands).\n"
    event = cli.json("show", number)["events"][-1]
    assert (event["actor"], event["note"]) == ("agent:bob", "you know it better")
    assert event["after"]["assignee"] == "alice"
    cli.ok("assign", number, "bob@agent.example")
    assert facts(cli, number, "assignee") == ("bob",)
    cli.ok("assign", number, "me", "--as", "alice@agent.example")
    assert facts(cli, number, "assignee") == ("alice",)
    cli.ok("assign", number, "none")
    assert "held by nobody, team billing" in cli.ok("assign", number, "team:billing")
    assert facts(cli, number, "assignee", "team", "status") == (None, "billing", "open")
    assert cli.json("verify") == []


def test_the_new_holder_is_told_at_once(cli, number):
    cli.ok("assign", number, "alice", "--note", "you know it better")
    assert "alice@agent.example" in cli.sent()[-1][0]


def test_a_life_goes_through_its_states(cli, number):
    for command, status in (
        ("wait", "waiting_on_customer"),
        ("resolve", "resolved"),
        ("reopen", "reopened"),
        ("close", "closed"),
        ("reopen", "reopened"),
    ):
        cli.ok(command, number, "--as", "alice")
        assert facts(cli, number, "status") == (status,)
    assert facts(cli, number, "reopen_count") == (2,)
    assert cli.json("verify") == []


def test_tags_are_put_on_and_taken_off(cli, number):
    said = cli.ok("tag", number, "VIP", "late", "--as", "alice")
    assert said.startswith(f"{number} is new, held by nobody, priority normal, tags late vip (")
    cli.ok("tag", number, "new", "-late")
    assert facts(cli, number, "tags") == (["new", "vip"],)


def test_what_a_ticket_is_can_be_said_and_spam_stays_closed(cli, number):
    cli.ok("category", number, "billing", "--as", "alice")
    assert "(another kind of matter; dispute, before request)" in cli.ok("kind", number, "dispute")
    assert "Kind" in cli.ok("show", number)
    assert facts(cli, number, "category", "kind") == ("billing", "dispute")
    assert "(has it already)" in cli.ok("kind", number, "dispute")
    assert "(has it already)" in cli.ok("category", number, "billing")
    assert "did you mean dispute?" in cli.no(1, "kind", number, "disput")
    cli.ok("spam", number, "--as", "alice")
    assert "closed as spam by agent" in cli.ok("show", number)
    assert facts(cli, number, "disposition") == ("spam",)
    assert "was set aside as spam: reopen it first" in cli.no(1, "withdraw", number)
    cli.ok("deliver", stdin=mail(f"Re: Printer broken [{number}]", "Buy more!"))
    cli.ok("tick")
    assert facts(cli, number, "status") == ("closed",)
    before = len(cli.sent())
    cli.ok("reopen", number)
    told = {to for to, _ in cli.sent()[before:]}
    assert any("admin@agent.example" in to for to in told), "nobody has heard of it meanwhile"


def test_what_its_author_takes_back_is_withdrawn_until_they_write_again(cli, number):
    before = cli.sent()
    cli.ok("withdraw", number, "--note", "He found it.", "--as", "alice")
    assert "closed as withdrawn by agent" in cli.ok("show", number)
    assert cli.sent() == before
    cli.ok("deliver", stdin=mail(f"Re: Printer broken [{number}]", "It is broken again."))
    cli.ok("tick")
    assert facts(cli, number, "status", "disposition") == ("reopened", "none")


def test_fields_of_the_desk_are_filled_in_and_taken_away(cli, number):
    says = "there is no field 'order_no'; there is none"
    assert says in cli.no(1, "field", number, "order_no=1")
    text = cli.config.read_text()
    cli.config.write_text(text.replace("[desk]", '[desk]\nfields = ["order_no", "customer"]', 1))
    said = cli.ok("field", number, "order-no=123", "customer=Big: Corp", "--as", "alice")
    assert "(fields filled in)" in said
    assert facts(cli, number, "fields") == ({"customer": "Big: Corp", "order_no": "123"},)
    assert "customer=Big: Corp, order_no=123" in cli.ok("show", number)
    assert "(has them already)" in cli.ok("field", number, "order_no=123")
    cli.ok("field", number, "customer=")
    assert cli.json("tickets")[0]["fields"] == {"order_no": "123"}
    assert "did you mean order_no?" in cli.no(1, "field", number, "order_nr=1")
    assert cli.json("verify") == []


def test_how_another_system_has_it_is_kept_once_and_found_by_every_ticket_of_a_record(cli, number):
    other = cli.open(subject="Smoke", text="It burns.")
    cli.ok("ref", other, "shop:4711")
    said = cli.ok("ref", number, "Shop:4711", "--state", "on its way: DHL", "--as", "alice")
    assert "(how another system has it; shop:4711 on its way: DHL)" in said
    assert "Records shop:4711 on its way: DHL (20" in " ".join(cli.ok("show", number).split())
    assert "(is so already)" in cli.ok("ref", number, "shop:4711", "--state", "on its way: DHL")
    cli.ok("ref", number, "shop:4711", "--note", "He was told.")
    whole = cli.json("show", number)
    (record,) = whole["records"]
    assert (list(record), record["record"]) == (list(RECORD), "shop:4711")
    events = [event for event in whole["events"] if event["name"] == "ticket.record_set"]
    assert [(each["actor"], each["note"]) for each in events] == [
        ("agent:alice", None),
        ("admin:cli", "He was told."),
    ]
    assert events[0]["at"] == record["at"]
    assert "records: - -> shop:4711 on its way: DHL" in cli.ok("show", number)
    of_it = [each["number"] for each in cli.json("tickets", "--ref", "SHOP:4711")]
    assert of_it == [other, number]
    assert cli.json("tickets", "--ref", "shop:47") == []
    cli.ok("ref", other, "shop:4711", "--drop")
    assert facts(cli, other, "records") == ([],)
    assert "has no state" in cli.no(1, "ref", number, "shop:4711", "--drop", "--state", "lost")
    assert "a system, a colon" in cli.no(1, "ref", number, "4711")
    assert cli.json("verify") == []


def test_others_take_part_and_a_ticket_becomes_anothers(cli, number):
    assert "(others take part from now on)" in cli.ok(
        "cc", number, "Bob@Example.com", "--as", "alice"
    )
    (people,) = facts(cli, number, "participants")
    assert [each["address"] for each in people] == ["bob@example.com"]
    assert "is one of ours" in cli.no(1, "cc", number, "alice@agent.example")
    assert "address of the desk" in cli.no(1, "requester", number, "support+x@desk.example")
    assert "is not a mail address" in cli.no(1, "cc", number, "bob")
    assert "(another's matter from now on)" in cli.ok("requester", number, "eve@example.com")
    assert facts(cli, number, "requester") == ("eve@example.com",)
    shown = cli.ok("show", number)
    assert ["Participants", "bob@example.com"] in [line.split() for line in shown.splitlines()]
    assert "(is theirs already)" in cli.ok("requester", number, "eve@example.com")
    assert cli.json("verify") == []


def test_a_ticket_goes_on_in_another_and_stands_alone_again(cli, number):
    other = cli.open(subject="Smoke", text="It burns.")
    said = cli.ok("merge", other, number.lower(), "--as", "alice", "--note", "twice")
    assert said.startswith(f"{other} is closed")
    assert facts(cli, other, "closed_by", "merged_into", "merged") == ("merged", number, [])
    assert facts(cli, number, "merged_into", "merged") == (None, [other])
    homes = [message["ticket"] for message in cli.json("show", number)["messages"]]
    assert homes == [number, other]
    shown = cli.ok("show", number)
    assert f", on {other}), " in shown
    assert ["Merged", "here", other] in [line.split() for line in shown.splitlines()]
    assert f"“{other} goes on here: twice”" in shown
    assert f"“goes on in {number}: twice”" in cli.ok("show", other)
    events = cli.json("explain", number)["events"]
    assert [event["mail"] is None for event in events] == [False, True]
    assert f"{other} goes on in {number} already" in cli.no(1, "merge", number, other)
    assert "there is no ticket 'TKT-1'" in cli.no(1, "merge", number, "TKT-1")
    assert "stands alone again" in cli.ok("unmerge", other, "--as", "alice")
    assert facts(cli, number, "merged") == ([],)
    assert f"{other} goes on in no other ticket" in cli.no(1, "unmerge", other)
    assert cli.json("verify") == []


def test_a_message_starts_a_ticket_of_its_own(cli, number):
    more = {"subject": f"Re: [{number}] Invoice", "message_id": "<bill@customer.example>"}
    cli.ok("deliver", stdin=mail(text="The invoice is wrong.", **more))
    cli.ok("tick")
    first, second = cli.json("show", number)["messages"]
    said = cli.ok("show", number)
    assert f", message {second['id']}\n" in said
    assert "begins with it" in cli.no(1, "split", number, "--message", first["id"])
    before = len(cli.sent())
    wanted = ("--message", second["id"], "--as", "alice", "--note", "two things")
    said = cli.ok("split", number.lower(), *wanted)
    other = cli.json("tickets")[0]["number"]
    assert said == f"{other} is split off {number}: Invoice\n"
    assert CUSTOMER in {to for to, _ in cli.sent()[before:]}
    assert facts(cli, number, "follows", "split_off") == (None, [other])
    assert facts(cli, other, "follows", "split_off") == (number, [])
    assert [m["text"] for m in cli.json("show", other)["messages"]] == ["The invoice is wrong."]
    assert [m["id"] for m in cli.json("show", number)["messages"]] == [first["id"]]
    old, new = cli.ok("show", number), cli.ok("show", other)
    assert ["Split", "off", other] in [line.split() for line in old.splitlines()]
    assert ["Follows", number] in [line.split() for line in new.splitlines()]
    assert f"“a message of Carol goes on in {other}: two things”" in old
    assert f"“split off {number}: two things”" in new
    for each in (number, other):
        events = cli.json("explain", each)["events"]
        assert events[-1 if each == number else 0]["mail"] is None
        assert cli.json("explain", each)["mails"]
    assert f"already: it is on {other}" in cli.no(1, "split", number, *wanted)
    assert "there is no message 7" in cli.no(1, "split", number, "--message", "7")
    long = ("--subject", "x" * 201)
    assert "at most 200 characters" in cli.no(1, "split", number, "--message", "7", *long)
    assert cli.json("verify") == []
    assert cli.ok("simulate", "--config", cli.config, "--since", "1d")


def test_a_priority_moves_the_deadlines(cli, number):
    (before,) = facts(cli, number, "next_due_at")
    cli.ok("priority", number, "high")
    priority, after = facts(cli, number, "priority", "next_due_at")
    assert priority == "high"
    assert after < before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("priority", "hihg"), "there is no priority 'hihg'; did you mean high?"),
        (("assign", "alyce"), "there is no agent 'alyce'; did you mean alice?"),
        (("assign", "team:sales"), "there is no team 'sales'; there is none"),
        (("assign", "me"), "say it by --as AGENT"),
        (("assign", "two words"), "right would be assign alice or assign me"),
        (("tag", "a b!"), "is no tag"),
        (("close", "--as", "carol"), "there is no agent 'carol'"),
    ],
)
def test_what_nobody_can_mean_is_refused_and_changes_nothing(cli, number, words, says):
    command, *rest = words
    before = cli.standing(number)
    assert says in cli.no(1, command, number, *rest)
    assert cli.standing(number) == before


def test_what_the_table_does_not_list_is_refused_in_a_sentence(cli, number):
    cli.ok("close", number)
    assert f"{number} is closed: waiting is not possible (possible when" in cli.no(
        1, "wait", number
    )
