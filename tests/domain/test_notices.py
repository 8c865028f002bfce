"""The table of notices agrees with the lifecycle that asks for them."""

from mailgate.domain.notices import NOTICES, Words
from mailgate.domain.picture import lines

# Answers to mails that moved no ticket.
BY_THE_DESK = {"command_refused", "held_tickets", "my_tickets", "was_this_you"}
OF_A_DAY = {"digest", "transcript", "monthly_report"}  # about any number of tickets
OF_MANY = {"joined", "nobody_free"}  # asked for by none of them alone
OF_THE_CANARY = {"canary", "canary_missing", "canary_over"}  # about no ticket
OF_A_MAILBOX = {"board_stopped"}


def test_every_notice_is_asked_for_and_no_other():
    asked = {notice for line in lines() for notice, _ in line.told}
    others = BY_THE_DESK | OF_THE_CANARY | OF_MANY | OF_A_DAY | OF_A_MAILBOX
    assert asked == NOTICES.keys() - others


def test_a_notice_stands_under_its_own_name():
    assert all(name == notice.name for name, notice in NOTICES.items())


def test_the_clock_waits_for_our_reply_and_for_our_reminders():
    assert {name for name, notice in NOTICES.items() if notice.awaited} == {
        "agent_reply",
        "waiting",
    }


def test_a_persons_words_are_not_marked_as_automatic():
    assert {n for n, notice in NOTICES.items() if notice.words is Words.PERSON} == {
        "agent_reply",
        "new_message",
        "note_added",
    }


def test_who_gets_a_notice_is_who_the_table_tells_it():
    told = {(notice, audience) for line in lines() for notice, audience in line.told}
    theirs = {notice for notice, audience in told if audience in ("requester", "customers")}
    both = {notice for notice, audience in told if audience not in ("requester", "customers")}
    assert {n for n, notice in NOTICES.items() if notice.customers} == theirs | {"my_tickets"}
    assert theirs & both == {"reopened"}
