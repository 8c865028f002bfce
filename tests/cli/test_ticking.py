"""`mailgate tick`: the clock by hand, by cron, and into the future."""

from datetime import datetime, timedelta

import time_machine

from mailgate.app import clockwork, now
from mailgate.cli import shapes
from mailgate.cli.opening import opened
from tests.cli.conftest import mail


def test_a_tick_processes_what_waits_acts_and_sends(cli):
    cli.ok("deliver", stdin=mail())
    assert cli.ok("tick") == "0 deadlines acted on.\n"
    assert cli.json("jobs")[1]["result"]["acted_on"] == 0
    recipients = {to for to, _subject in cli.sent()}
    assert len(recipients) == 4
    assert any("carol@customer.example" in to for to in recipients)


def test_a_dry_run_changes_nothing(cli):
    cli.ok("deliver", stdin=mail())
    said = cli.ok("tick", "--dry-run")
    assert "0 deadlines would be acted on." in said
    assert "No deadline runs." in said
    assert cli.json("tickets") == []
    assert cli.sent() == []


def test_a_look_ahead_says_that_it_does_not_see_what_new_rules_bring(cli):
    cli.open()
    warned = "The rules were changed, and tickets still go by the former ones"
    assert warned not in cli.ok("tick", "--dry-run") + cli.ok("forecast")
    cli.set(sla__high={"system": "90m"})
    assert warned in cli.ok("tick", "--dry-run")
    assert warned in cli.ok("forecast")
    cli.ok("tick")
    assert warned not in cli.ok("tick", "--dry-run")


def test_what_would_happen_then_is_told_and_does_not_happen(cli):
    cli.set(sla__watch_targets=False)
    number = cli.open()
    before = cli.standing(number)
    shown = cli.ok("tick", "--at", "+25h")
    assert cli.ok("tick", "--at", "+25h", "--dry-run", "--verbose") == shown
    for text in (
        "1 deadline would be acted on.",
        number,
        "system response",
        "the desk's time has run out",
        "overdue to admins",
    ):
        assert text in shown
    (step,) = cli.json("tick", "--at", "+25h")["steps"]
    assert (step["number"], step["timer"]) == (number, "system_response")
    assert step["due_at"] == before["next_due_at"]
    nothing = cli.json("tick", "--at", "+23h")
    assert nothing["steps"] == []
    assert nothing["next"] == {name: step[name] for name in ("number", "timer", "target", "due_at")}
    said = cli.ok("tick", "--at", "+23h")
    assert f"Next: system response of {number}, due " in said
    assert ", in 1 h" in said or ", in 59 min" in said
    assert cli.standing(number) == before


def due(cli, number):
    """Return when the next deadline of a ticket comes, in hours after it was opened."""
    ticket = cli.standing(number)
    due_at, opened_at = (datetime.fromisoformat(ticket[k]) for k in ("next_due_at", "created_at"))
    return (due_at - opened_at) / timedelta(hours=1)


def test_changed_rules_are_followed_by_a_tick_and_by_a_gateway_that_starts(cli):
    cli.set(sla__watch_targets=False)
    number = cli.open()
    assert due(cli, number) == 24
    cli.set(sla__global__system="5h")
    cli.ok("tick")
    assert due(cli, number) == 5
    cli.set(sla__global__system="7h", jobs__deadlines="off")
    with opened(cli.config) as app:
        app.scheduler.run_pending()
        assert due(cli, number) == 7
        assert app.clock.refresh(now()) == 0


def test_a_time_without_a_zone_is_the_desks(cli):
    cli.set(desk__timezone="Asia/Tokyo")
    assert cli.json("tick", "--at", "2030-01-01T09:00")["at"] == "2030-01-01T00:00:00+00:00"


def test_a_time_that_is_none_is_refused_with_the_right_form(cli):
    assert "'tomorrow' is not a time: write 2026-03-01T09:00" in cli.no(
        1, "tick", "--at", "tomorrow"
    )


def test_a_deadline_that_has_passed_is_acted_on_once(cli):
    cli.set(sla__watch_targets=False)
    number = cli.open()
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(25 * 6):  # a gateway that runs: an outage would hold the clock back
            clock.shift(600)
        done = cli.ok("tick", "--verbose")
        assert "1 deadline acted on." in done
        assert "After an outage: customers get nothing, and nothing is escalated, before" in done
        assert cli.json("tickets", "--overdue")[0]["number"] == number
        assert "0 deadlines acted on." in cli.ok("tick")
    subjects = [subject for _to, subject in cli.sent() if "Delayed Response" in subject]
    assert len(subjects) == 3


def test_a_clock_that_waits_for_mail_says_so(cli):
    cli.open()
    cli.ok("deliver", stdin=mail(subject="another"))
    assert "The clock sees no further than" in cli.ok("tick", "--dry-run")


def test_mail_that_is_shown_on_the_terminal_is_left_to_the_gateway(cli):
    cli.set(delivery__transport="terminal")
    cli.ok("deliver", stdin=mail())
    assert cli.ok("tick") == "0 deadlines acted on.\n"
    assert {notice["state"] for notice in cli.json("outbox")} == {"ready"}


def test_what_is_to_come_is_listed_and_nothing_happens(cli):
    assert cli.ok("forecast") == "Nothing is due within the next 7 days.\n"
    cli.set(sla__watch_targets=False)
    number = cli.open()
    before = cli.standing(number)
    shown = cli.ok("forecast", "--days", "2")
    for text in (
        number,
        "system response",
        "overdue to",
        "1 deadline and",
        "within the next 2 days",
    ):
        assert text in shown
    (step,) = cli.json("forecast", "--days", "2")
    assert list(step) == list(shapes.FORESEEN)
    assert {each["notice"] for each in step["notices"]} == {"overdue"}
    for notice in step["notices"]:
        assert list(notice) == list(shapes.FORESEEN_NOTICE)
    assert cli.standing(number) == before
    assert "within the next day, if nobody writes." in cli.ok("forecast", "--days", "1")


def test_what_staff_will_be_told_with_others_is_listed_so(cli):
    cli.set(agents__burst=1)
    for subject in ("Printer", "Paper", "Toner"):
        cli.open(subject=subject)
    assert "(with others, " in cli.ok("forecast")
    joined = [n["joined_at"] for step in cli.json("forecast") for n in step["notices"]]
    assert None in joined
    assert any(joined)


def test_which_target_is_meant_and_in_which_mail_it_is_told_is_listed(cli):
    cli.open()
    shown = cli.ok("forecast")
    assert "a target is near: first response" in shown
    assert "a target was missed: resolution" in shown
    assert "told in the overdue of the same moment" in shown
    found = {(step["timer"], step["target"]): step for step in cli.json("forecast")}
    missed = found["target_missed", "first_response"]
    assert (missed["notices"], missed["told_in"]) == ([], "overdue")
    assert found["system_response", None]["told_in"] is None
    assert found["target_missed", "resolution"]["notices"]
    assert "Next: target near (first response) of" in cli.ok("tick", "--dry-run")
    assert "a target was missed: first response" in cli.ok("tick", "--at", "+25h")


def test_a_status_has_one_name_wherever_a_person_reads_it(cli):
    number = cli.open()
    cli.ok("assign", number, "alice")
    for words in (["show", number], ["explain", number], ["forecast"], ["tick", "--at", "+25h"]):
        shown = cli.ok(*words)
        assert "in progress" in shown, words
        assert "in_progress" not in shown, words
        assert "waiting_for" not in shown, words


def test_what_nobody_holds_is_given_to_agents_at_intervals(cli, monkeypatch):
    for subject in ("one", "two"):
        cli.open(subject=subject)
    assert {ticket["assignee"] for ticket in cli.json("tickets")} == {None}
    cli.set(assignment__automatic=True)
    logged = []
    monkeypatch.setattr(clockwork, "log", lambda name, **facts: logged.append((name, facts)))
    with opened(cli.config) as app:
        agents = len(app.config.agents)
        for _ in range(2):  # the second time it is not due again
            app.scheduler.run_pending()
    told = [facts for name, facts in logged if name == "assignment.done"]
    assert told == [{"assigned": 2, "waiting": 0, "agents": agents}]
    assert None not in {ticket["assignee"] for ticket in cli.json("tickets")}


def test_what_has_passed_is_no_time_to_look_ahead_to(cli):
    assert "has passed" in cli.no(1, "tick", "--at", "2020-01-01T09:00")
