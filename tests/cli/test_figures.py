"""`mailgate stats` and `lifecycle`: counts and rules, as they are."""

from mailgate.domain.table import TABLE


def test_the_statistics_count_every_active_ticket_once(cli):
    cli.open(subject="one")
    number = cli.open(subject="two")
    cli.ok("resolve", number)
    counted = cli.json("stats")
    total, *parts, _closed = counted.values()
    assert total == sum(parts) == 2
    assert (counted["waiting_for_system"], counted["resolved_pending_confirmation"]) == (1, 1)
    shown = [line.split() for line in cli.ok("stats").splitlines()]
    assert ["not", "closed,", "in", "all", "2"] in shown


def test_the_table_of_the_rules_is_shown_whole(cli):
    rows = cli.json("lifecycle")
    assert [(row["event"], row["says"], row["act"]) for row in rows] == [
        (row.event.name, row.says, row.act.__name__) for row in TABLE
    ]
    assert rows[0] == {
        "event": "ticket.opened",
        "on": ["new"],
        "guard": rows[0]["guard"],
        "act": "opened",
        "says": "a new matter",
    }
    assert {"on": ["any"]}.items() <= rows[1].items()
    shown = cli.ok("lifecycle")
    assert all(row.says in shown for row in TABLE)
