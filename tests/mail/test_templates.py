"""The notices that are shipped: complete, safe, clear, and what each must say."""

import re
import textwrap
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from mailgate.domain.commands import WORDS
from mailgate.domain.digest import lines
from mailgate.domain.model import Priority, Status
from mailgate.domain.notices import NOTICES
from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.mail.render import Rendered, Renderer
from mailgate.mail.sample import full, least, marked, samples

SHIPPED = Path(__file__).parents[2] / "templates" / "mail"
RENDERER = Renderer([SHIPPED])
NUMBER = "TKT-2026-00042"
TO_CUSTOMERS = tuple(name for name, notice in NOTICES.items() if notice.customers)
TO_AGENTS = tuple(sorted(set(NOTICES) - set(TO_CUSTOMERS) | {"reopened"}))
LANGUAGES = tuple(sorted(path.parent.name for path in SHIPPED.glob("*/locale.toml")))
EVERY_MAIL = [
    *((notice, "customer", language) for notice in TO_CUSTOMERS for language in LANGUAGES),
    *(
        (notice, role, lang)
        for notice in TO_AGENTS
        for role in ("agent", "admin")
        for lang in LANGUAGES
    ),
]
CARRYING = ("new_message", "agent_reply", "note_added")


def rendered(notice: str, role: str = "agent", language: str = "en", **changed) -> Rendered:
    side = "system" if notice in {"agent_reply", "waiting", "resolved"} else "client"
    return RENDERER.render(notice, language, full(role, side) | changed)


def said(notice: str, role: str = "agent", language: str = "en", **changed) -> str:
    """Return the plain text with every run of spaces as one, so that line breaks do not matter."""
    return " ".join(rendered(notice, role, language, **changed).text.split())


def shown(mail: Rendered) -> str:
    body = LexborHTMLParser(mail.html or "").body
    return " ".join(body.text(separator=" ").split()) if body else ""


def test_the_templates_bear_everything_they_may_be_given():
    assert RENDERER.check() == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mark", ["", "> "])
def test_nothing_in_a_digest_is_taken_for_a_command_wherever_its_lines_are_broken(language, mark):
    numbers = NumberReader([NumberFormat("TKT-{year}-{seq:05d}")])
    mail = rendered("digest", language=language)
    assert mail.text.count(NUMBER) == 4
    body = LexborHTMLParser(mail.html or "").body
    assert body
    for text in (mail.text, body.text(separator="\n")):
        for width in range(16, 100):
            broken = [piece for line in text.splitlines() for piece in textwrap.wrap(line, width)]
            assert lines("\n".join(mark + piece for piece in broken), numbers) == ()


RULE = {"name": "leads", "since": "turn", "seconds": 14_400, "calendar": None}


@pytest.mark.parametrize(
    ("rule", "en", "de"),
    [
        ({}, "It has been our turn for 4 hours", "Wir sind seit 4 Stunden am Zug"),
        (
            {"calendar": "office"},
            "our turn for 4 hours of working time",
            "seit 4 Stunden Arbeitszeit am Zug",
        ),
        (
            {"since": "overdue"},
            "Our time for an answer ran out 4 hours ago",
            "Unsere Frist für eine Antwort ist seit 4 Stunden abgelaufen",
        ),
        (
            {"since": "overdue", "seconds": 0},
            "Our time for an answer has run out",
            "Unsere Frist für eine Antwort ist abgelaufen",
        ),
        (
            {"since": "opened"},
            "The ticket was opened 4 hours ago and is not settled",
            "Das Ticket wurde vor 4 Stunden eröffnet und ist nicht erledigt",
        ),
        (
            {"seconds": 0},
            "Such a ticket is escalated at once",
            "Ein solches Ticket wird sofort eskaliert",
        ),
    ],
)
def test_an_escalation_by_a_rule_says_why_and_by_hand_gives_the_reason(rule, en, de):
    by_rule = {"level": 1, "to": "leads", "rule": RULE | rule}
    for language, why in (("en", f"{en} (rule leads)."), ("de", f"{de} (Regel leads).")):
        mail = rendered("escalated", language=language, escalation=by_rule, actor=None, note="no")
        assert why in " ".join(mail.text.split())
        assert why in shown(mail)
        by_hand = said("escalated", language=language, escalation=by_rule | {"rule": None})
        assert "Alice knows this model best." in by_hand


def test_every_notice_has_templates_in_every_language_and_no_template_is_left_over():
    assert set(RENDERER.notices) == set(NOTICES)
    for language in LANGUAGES:
        for notice in NOTICES:
            for part in ("subject", "txt", "html"):
                assert (SHIPPED / language / f"{notice}.{part}.j2").is_file()


@pytest.mark.parametrize(("notice", "role", "language"), EVERY_MAIL)
class TestEveryMail:
    def test_has_a_subject_with_the_number_once_and_a_text(self, notice, role, language):
        mail = rendered(notice, role, language)

        assert mail.subject.count(NUMBER) == 1
        assert len(mail.text) > 50
        assert mail.language == language

    def test_begins_with_the_line_above_which_answers_are_read(self, notice, role, language):
        mail = rendered(notice, role, language)

        if notice == "digest":  # it is answered between its lines
            assert "##-" not in mail.text + shown(mail)
            return
        assert re.fullmatch(r"##- .{10,50} -##", mail.text.split("\n")[0])
        assert re.match(r"##- .{10,50} -## ", shown(mail))

    def test_says_the_same_in_both_forms(self, notice, role, language):
        mail = rendered(notice, role, language)
        words = set(re.findall(r"\w{4,}", re.sub(r"\S+@\S+|https?://\S+", "", mail.text)))
        missing = words - set(re.findall(r"\w{4,}", shown(mail)))

        assert len(missing) < max(4, len(words) * 0.25), missing

    def test_loads_nothing_and_links_only_to_mail_and_our_page(self, notice, role, language):
        html = rendered(notice, role, language).html or ""
        given = full(role)
        for page in (given["confirm_page"], given["rate_page"], given["approval"]["page"]):
            html = html.replace(f'href="{page}"', 'href="mailto:support+page"')
        tree = LexborHTMLParser(html)

        assert not re.search(r"https?:|//|url\(|@import|javascript:", html, re.IGNORECASE)
        assert not tree.css("img, link, script, iframe, object, form, input, svg, base")
        links = [node.attributes["href"] for node in tree.css("a")]
        assert all(link and link.startswith("mailto:support+") for link in links)

    def test_is_made_for_mail_programs(self, notice, role, language):
        html = rendered(notice, role, language).html or ""
        tree = LexborHTMLParser(html)

        assert tree.css_first("html").attributes["lang"] == language
        assert tree.css_first('meta[name="color-scheme"]').attributes["content"] == "light dark"
        assert "@media (prefers-color-scheme: dark)" in html
        assert all("style" in node.attributes for node in tree.css("h1, p, .card, .letter, .quote"))
        if notice != "agent_reply":
            assert "max-width: 600px" in tree.css_first("table").attributes["style"]
        assert all(table.attributes["role"] == "presentation" for table in tree.css("table"))
        assert len(html) < 40_000  # Gmail hides what is beyond 102 KB; text needs the room

    def test_lets_no_text_become_markup(self, notice, role, language):
        mail = RENDERER.render(notice, language, marked(role))

        assert "<blink>" in mail.text
        assert "<blink>" not in (mail.html or "")

    def test_bears_the_least_without_gaps(self, notice, role, language):
        mail = RENDERER.render(notice, language, least(role))

        for form in (mail.text, LexborHTMLParser(mail.html or "").body.text()):
            assert "None" not in form
            assert not re.search(r" [,.;:]|\(\)|<>", form)

    def test_does_not_tell_people_not_to_answer(self, notice, role, language):
        text = said(notice, role, language).lower()

        assert not re.search(r"no.?reply|do not reply|nicht antworten", text)


@pytest.mark.parametrize(
    ("notice", "subject"),
    [
        ("received", f"Re: The printer on floor 3 prints <blank> pages [{NUMBER}]"),
        ("agent_reply", f"Re: The printer on floor 3 prints <blank> pages [{NUMBER}]"),
        ("new_message", f"The printer on floor 3 prints <blank> pages [{NUMBER}]"),
        ("assigned", f"The printer on floor 3 prints <blank> pages [{NUMBER}]"),
        ("unassigned", f"The printer on floor 3 prints <blank> pages [{NUMBER}]"),
        ("note_added", f"The printer on floor 3 prints <blank> pages [{NUMBER}]"),
        ("overdue", f"⚠️ Delayed Response Required - Ticket #{NUMBER}"),
        ("waiting", f"Waiting for your response - Ticket #{NUMBER}"),
        ("resolved", f"✅ Your ticket has been resolved - #{NUMBER}"),
        ("auto_closed", f"Ticket auto-closed - #{NUMBER}"),
        ("reopened", f"🔄 Ticket Reopened - #{NUMBER}"),
        ("command_refused", f"Not sent: The printer on floor 3 prints <blank> pages [{NUMBER}]"),
        ("survey", f"How did we do? - Ticket #{NUMBER}"),
        ("my_tickets", f"Your open tickets at Example Support [{NUMBER}]"),
        ("delayed", f"Not sent yet: The printer on floor 3 prints <blank> pages [{NUMBER}]"),
        ("undelivered", f"Not delivered: The printer on floor 3 prints <blank> pages [{NUMBER}]"),
    ],
)
def test_english_subjects_are_these(notice, subject):
    role = "customer" if notice in TO_CUSTOMERS else "agent"

    assert rendered(notice, role).subject == subject


@pytest.mark.parametrize(
    ("language", "again", "came"),
    [
        ("en", "Please send it once more, corrected", "This is what came of it:"),
        ("de", "Bitte senden Sie sie berichtigt noch einmal", "Das wurde daraus:"),
    ],
)
def test_what_came_of_stopping_an_answer_is_no_mail_to_be_corrected(language, again, came):
    refused = rendered("command_refused", language=language)
    assert again in refused.text
    too_late = {"line": "/cancel", "reason": "no answer waits any more", "form": "/cancel alone"}
    mail = rendered("command_refused", language=language, commands=[too_late])
    for text in (mail.text, mail.html):
        assert again not in text
        assert came in text
        assert "no answer waits any more" in text


class TestToTheCustomer:
    def test_the_acknowledgement_tells_the_number_and_when_to_expect_an_answer(self):
        assert f"under the number {NUMBER}" in said("received", "customer")
        assert "We usually answer within 24 hours." in said("received", "customer")
        assert "within 3 days" in said("received", "customer", threshold=259_200)
        assert "innerhalb von 3 Tagen" in said("received", "customer", "de", threshold=259_200)
        assert "answer within" not in said("received", "customer", threshold=None)

    def test_the_acknowledgement_repeats_none_of_their_words(self):
        assert "cartridge" not in said("received", "customer")

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_an_answer_is_the_agents_text_and_a_small_line_below(self, language):
        words = "Hello,\n\n  try\tthis: 1 < 2\n\nAlice"
        message = full("customer", "system")["message"] | {"text": words}
        mail = rendered("agent_reply", "customer", language, message=message)

        _marker, _, rest = mail.text.partition("\n\n")
        assert rest == f"{words}\n\n-- \nExample Support - [{NUMBER}]\n"
        assert shown(mail).endswith(f"Alice Example Support · [{NUMBER}]")
        assert "alice@desk.example" not in mail.text + (mail.html or "")

    def test_the_reminder_quotes_what_we_wrote_last_and_since_when_we_wait(self):
        text = rendered("waiting", "customer").text

        assert "> thank you for the details." in text
        assert "since Friday, 20 November 2026, 09:15 CET." in text

    def test_the_resolution_says_how_to_confirm_and_that_it_closes_by_itself(self):
        mail = rendered("resolved", "customer")
        text = " ".join(mail.text.split())

        assert 'reply to this mail with "thanks"' in text
        assert "support+tkt-2026-00042.c3j6y5hp8s@desk.example" in text
        assert "closes by itself in 3 days" in text
        assert "thank you for the details" in text
        (link,) = LexborHTMLParser(mail.html or "").css("a.button")
        assert link.attributes["href"] == (
            "mailto:support+tkt-2026-00042.c3j6y5hp8s@desk.example"
            "?subject=Thanks%20%5BTKT-2026-00042%5D&body=Thanks"
        )

    def test_the_resolution_does_not_give_their_own_words_out_as_our_answer(self):
        mail = RENDERER.render("resolved", "en", full("customer", "client"))

        assert "cartridge" not in mail.text + (mail.html or "")

    def test_a_ticket_that_closed_by_itself_can_be_opened_by_a_reply(self):
        assert "have not heard otherwise for 3 days" in said("auto_closed", "customer")
        assert "just reply to this mail. The ticket is then open again" in said(
            "auto_closed", "customer"
        )

    def test_a_reopened_ticket_shows_no_internal_reason(self):
        mail = RENDERER.render("reopened", "en", full("customer", "client"))

        assert "We have taken up your ticket TKT-2026-00042 again." in mail.text
        for inner in ("Alice knows this model best", "Bob Boss", "/note", "Priority"):
            assert inner not in mail.text + (mail.html or "")

    def test_a_reopened_ticket_brings_the_words_with_which_we_took_it_up(self):
        mail = RENDERER.render("reopened", "de", full("customer", "system"))

        assert "thank you for the details" in mail.text
        assert "thank you for the details" in shown(mail)

    @pytest.mark.parametrize("notice", TO_CUSTOMERS)
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_no_mail_shows_what_is_for_the_desk_only(self, notice, language):
        mail = rendered(notice, "customer", language)

        for inner in ("note_address", ".n9c4w8rb2t@", ".x7f3q2kd5m@", "Bob Boss", "Alice knows"):
            assert inner not in mail.text + (mail.html or "")
        assert not re.search(r"(?m)^\s*/\w+", mail.text)

    def test_the_list_of_tickets_says_how_each_stands_and_that_nobody_read_the_mail(self):
        text = said("my_tickets", "customer")

        assert (
            f"{NUMBER} Re: The printer on floor 3 prints <blank> pages We are working on it" in text
        )
        assert "We are waiting for your answer. Last message: Friday, 20 November 2026" in text
        assert "There are older ones too." in text
        assert "nobody has read the text of your mail" in text
        assert "There is none" in said("my_tickets", "customer", tickets=[], more=False)

    def test_the_list_is_about_no_ticket_and_so_has_no_number(self):
        none = full("customer")["ticket"] | {"number": "", "subject": ""}
        mail = rendered("my_tickets", "customer", ticket=none, tickets=[])

        assert mail.subject == "Your open tickets at Example Support"
        assert "[]" not in mail.text + (mail.html or "")


class TestToTheDesk:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_a_message_brings_the_customers_words_right_after_the_marker(self, language):
        mail = rendered("new_message", language=language, remarks=[])
        words = full("agent")["message"]["text"]

        assert mail.text.split("\n\n", 1)[1].startswith(f"{words}\n\n-----")
        tree = LexborHTMLParser(mail.html or "")
        assert tree.css_first(".words").text().startswith("Good morning,")

    def test_a_message_from_another_person_than_the_requester_says_so(self):
        other = full("agent")["message"] | {"author": "Dan", "address": "dan@client.example"}

        assert "From: Dan <dan@client.example>" in rendered("new_message", message=other).text
        assert "From Dan <dan@client.example>" in shown(rendered("new_message", message=other))
        assert "From: " not in rendered("new_message").text

    @pytest.mark.parametrize("notice", ["new_message", "assigned", "overdue", "reopened"])
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_mails_to_work_on_end_with_the_commands_that_work(self, notice, language):
        mail = rendered(notice, language=language)
        listed = re.findall(r"(?m)^  /(\w+)", mail.text)

        assert len(listed) == 13
        assert all(WORDS[word].wired for word in listed)
        assert all(f"/{word}" in shown(mail) for word in listed)
        assert mail.text.index("cartridge") < mail.text.index("/note")
        assert mail.text.endswith("\n  support+tkt-2026-00042.n9c4w8rb2t@desk.example\n")

    def test_an_assignment_says_by_whom_and_why(self):
        assert "Bob Boss has assigned this ticket to you." in said("assigned")
        assert "Reason: Alice knows this model best." in said("assigned")
        assert "> Good morning," in rendered("assigned").text

    def test_a_ticket_taken_away_says_who_holds_it_now_and_why(self):
        text = said("unassigned")

        assert "It is now held by alice." in text
        assert "Reason: Alice knows this model best." in text
        assert "Nobody holds it" in RENDERER.render("unassigned", "en", least("agent")).text

    def test_a_note_is_marked_as_internal_and_warns_where_a_reply_goes(self):
        text = said("note_added")

        assert "Internal note by Carol Client; the customer does not see it:" in text
        assert "A reply to this mail goes to the customer." in text
        assert "What else can I do?" in text

    def test_an_overdue_answer_names_limit_due_time_and_holder(self):
        text = said("overdue")

        assert "since Friday, 20 November 2026, 09:15 CET" in text
        assert "limit of 24 hours ran out on Saturday, 21 November 2026, 09:15 CET" in text
        assert "The limit comes from: configuration, [sla.high]." in text
        assert "alice holds this ticket." in text

    def test_an_overdue_answer_that_nobody_holds_asks_for_a_taker(self):
        text = RENDERER.render("overdue", "en", least("admin")).text

        assert "Nobody holds this ticket." in text
        assert "/take" in text
        assert WORDS["take"].wired

    @pytest.mark.parametrize(
        ("language", "nothing_sent"),
        [("en", "nothing of it went to the customer"), ("de", "Nichts davon ging an den Kunden")],
    )
    def test_a_refused_command_says_what_why_and_how_and_returns_the_whole_text(
        self, language, nothing_sent
    ):
        words = "/prioritty high\n\nHello Carol,\n\n" + "\n".join(f"line {n}" for n in range(500))
        message = full("agent", "system")["message"] | {"text": words}
        mail = rendered("command_refused", language=language, message=message)

        assert nothing_sent in " ".join(mail.text.split())
        for command in full("agent")["commands"]:
            for part in command.values():
                assert part in mail.text
                assert part in shown(mail)
        assert words in mail.text
        assert "line 499" in shown(mail)

    def test_a_mail_refused_for_no_command_has_no_empty_lines_of_commands(self):
        reason = "it came to the plain address"
        text = said("command_refused", commands=[{"line": "", "reason": reason, "form": ""}])
        assert f"Why: {reason}." in text
        assert "Right:" not in text
        assert "could not be carried out" not in text

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_a_refusal_of_a_mail_about_no_ticket_tells_of_none(self, language):
        none = full("agent")["ticket"] | {"number": "", "requester_name": ""}
        mail = rendered("command_refused", language=language, ticket=none, gone_out=True)
        assert mail.subject.endswith(": The printer on floor 3 prints <blank> pages")
        assert none["requester"] not in mail.text
        assert none["requester"] not in shown(mail)

    def test_a_refusal_of_a_whole_mail_gives_its_reason(self):
        text = said("command_refused", commands=[], note="This address may not write here.")

        assert "This address may not write here." in text

    def test_a_failed_delivery_names_address_status_reason_and_words(self):
        text = said("undelivered", message=full("agent", "system")["message"])

        assert "Our mail to carol@client.example could not be delivered." in text
        assert "Status: 5.1.1 Reason: 550 5.1.1 nobody of that name here" in text
        assert "> thank you for the details." in text
        assert "The customer has not read it." in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_and_priority_has_its_words(language):
    words = (SHIPPED / language / "_phrases.j2").read_text("utf-8")

    for name in [*Status, *Priority]:
        assert f'"{name}": "' in words


def test_the_samples_have_the_same_fields_all():
    fields = {tuple(sample) for sample in samples()}

    assert len(fields) == 1
