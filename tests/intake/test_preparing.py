"""Answers are begun as drafts, each once, and taken away again where nobody has used them."""

import re
from dataclasses import replace
from functools import partial

import pytest
import structlog

from mailgate.domain.events import Close, PeopleJoined, Reopen, Wait
from mailgate.errors import Temporary
from mailgate.imap.link import Link, NoFolder, NotFiled
from mailgate.mail.render import Renderer
from tests.delivery.sending import SHIPPED, read
from tests.intake.desk import SUPPORT
from tests.intake.prepared import Prepared
from tests.intake.shared import written

EVE = "eve@customer.example"


@pytest.fixture
def prepared(gateway, dovecot):
    prepared = Prepared(gateway, dovecot.imap_port)
    prepared.pass_by()
    return prepared


def test_a_draft_answers_the_mail_and_says_nothing_that_is_ours(prepared):
    desk = prepared.gateway.desk
    desk.settings = replace(desk.settings, language="de")
    prepared.anew()
    prepared.ask()
    prepared.happen(partial(PeopleJoined, people=(EVE,)))
    thread = {"Message_ID": "<m2@customer.example>", "In_Reply_To": "<m1@customer.example>"}
    prepared.ask("It burns.\r\n\r\n> and so on", **thread)
    (raw,) = prepared.lie()
    draft = read(raw)
    (ticket,) = prepared.gateway.rows("ticket")
    assert draft["Subject"] == f"Re: Printer [{ticket['number']}]"
    assert draft["From"].addresses[0].addr_spec == SUPPORT
    assert draft["To"].addresses[0].addr_spec == "carol@customer.example"
    assert [box.addr_spec for box in draft["Cc"].addresses] == [EVE]
    assert draft["In-Reply-To"] == "<m2@customer.example>"
    assert draft["References"].split()[-1] == "<m2@customer.example>"
    wanted = {"Date", "From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References"}
    mime = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    assert set(draft.keys()) == wanted | mime
    text = draft.get_content().replace("\r\n", "\n")
    assert text.startswith("Guten Tag Carol,\n")
    assert re.search(r"\nAm .* schrieb Carol:\n> It burns\.", text)
    assert prepared.answering() == 0  # ours is nobody's answer
    for _ in range(3):
        prepared.pass_by(40)
    assert len(prepared.lie()) == 1


def test_an_edited_draft_is_an_agents_and_stays(prepared):
    prepared.ask()
    (raw,) = prepared.lie()
    with prepared.client() as link:
        link.select("Drafts")
        link.store("1", "+FLAGS", r"(\Deleted)")
        link.expunge()
        link.append("Drafts", r"(\Draft \Seen)", None, raw.replace(b"Hello", b"Dear"))
    prepared.pass_by()
    assert prepared.answering() == 1
    prepared.happen(Wait)
    prepared.pass_by()
    assert len(prepared.lie()) == 1


def test_what_is_sent_from_it_is_the_answer_and_the_draft_goes(prepared):
    prepared.ask()
    (raw,) = prepared.lie()
    prepared.put(raw.replace(b"Hello", b"Use water."), folder="Sent")
    prepared.pass_by()
    prepared.pass_by()
    (ticket,) = prepared.gateway.rows("ticket")
    last = prepared.gateway.rows("message")[-1]
    assert (ticket["status"], last["side"]) == ("waiting_on_customer", "system")
    assert last["text"].startswith("Use water.")
    assert "wrote" not in last["text"]
    assert prepared.lie() == []


@pytest.mark.parametrize("event", [Wait, Close])
def test_one_that_nobody_used_is_taken_away_alone(prepared, event):
    prepared.put(written("A letter of my own", From=SUPPORT), folder="Drafts")
    with prepared.client() as link:
        link.select("Drafts")
        link.store("1", "+FLAGS", r"(\Seen \Draft \Deleted)")
    prepared.ask()
    assert len(prepared.lie()) == 1
    prepared.happen(event)
    prepared.pass_by()
    assert prepared.lie() == []
    with prepared.client() as link:
        link.select("Drafts", readonly=True)
        assert len(link.uid("SEARCH", "ALL")[1][0].split()) == 1, "what others marked stays"


def test_the_next_message_has_a_draft_of_its_own(prepared):
    prepared.ask()
    thread = {"Message_ID": "<m2@customer.example>", "In_Reply_To": "<m1@customer.example>"}
    prepared.ask("Well?", **thread)
    (raw,) = prepared.lie()
    assert read(raw)["In-Reply-To"] == "<m2@customer.example>"
    prepared.happen(Close)
    prepared.pass_by()
    prepared.happen(Reopen)
    prepared.pass_by()
    assert prepared.lie() == []  # begun once for each message


def test_nothing_is_begun_for_machines_old_matters_and_other_ways(prepared):
    prepared.ask("I am away.", Auto_Submitted="auto-generated", Precedence="bulk")
    prepared.gateway.mail("By SMTP", Message_ID="<smtp@customer.example>")
    prepared.pass_by()
    assert prepared.lie() == []
    prepared.anew(on=False)
    prepared.ask()
    assert prepared.lie() == []


def test_what_came_while_nobody_watched_is_begun_later(prepared):
    prepared.put(written())
    prepared.pass_by()
    prepared.anew()
    prepared.pass_by()
    assert len(prepared.lie()) == 1
    for _ in range(3):
        prepared.pass_by(40)
    prepared.anew()
    (row,) = prepared.gateway.rows("imap_mailbox")
    assert row["prepared_after"] == max(r["id"] for r in prepared.gateway.rows("event"))
    prepared.pass_by()
    assert len(prepared.lie()) == 1


def test_after_a_long_while_nothing_old_is_begun_and_what_is_needless_goes(prepared, monkeypatch):
    prepared.ask()
    assert len(prepared.lie()) == 1
    prepared.happen(Wait)
    prepared.put(written("Another matter.", Message_ID="<m2@customer.example>"))
    prepared.anew(on=False)
    prepared.pass_by()
    monkeypatch.setattr("mailgate.intake.preparing._MOST_EVENTS", 2)
    prepared.anew()
    prepared.pass_by()
    assert prepared.lie() == []
    newest = max(row["id"] for row in prepared.gateway.rows("event"))
    assert prepared.gateway.rows("imap_mailbox")[0]["prepared_after"] == newest
    prepared.ask("A new one.", Message_ID="<m3@customer.example>")
    assert [read(raw)["In-Reply-To"] for raw in prepared.lie()] == ["<m3@customer.example>"]


# --- whatever fails -------------------------------------------------------------------------------


@pytest.mark.parametrize("ended", [False, True], ids=["still wanted", "wanted no more"])
@pytest.mark.parametrize("made", [False, True], ids=["before", "after"])
def test_a_fall_while_it_is_made_leaves_one_or_none(prepared, monkeypatch, made, ended):
    def falling(*_args, **_more):
        raise KeyboardInterrupt

    prepared.put(written())
    prepared.pass_by()
    with monkeypatch.context() as patch:
        what = (
            "mailgate.intake.preparing.preparing.note" if made else "mailgate.imap.link.Link.file"
        )
        patch.setattr(what, falling)
        with pytest.raises(KeyboardInterrupt):
            prepared.pass_by()
    assert len(prepared.lie()) == made
    if ended:
        prepared.happen(Wait)
    prepared.anew()
    prepared.pass_by()
    prepared.pass_by()
    assert len(prepared.lie()) == (not ended)


def test_a_server_that_tells_no_uid_is_asked_for_it(prepared, monkeypatch):
    file = Link.file
    monkeypatch.setattr(Link, "file", lambda *args: file(*args) and None)
    prepared.ask()
    prepared.happen(Wait)
    prepared.pass_by()
    assert prepared.lie() == []


def test_without_uidplus_one_is_marked_and_nothing_expunged(prepared, monkeypatch):
    prepared.ask()
    prepared.happen(Wait)
    remove = Link.remove

    def plain(link, folder, uid):
        link.capabilities -= {"UIDPLUS"}
        remove(link, folder, uid)

    monkeypatch.setattr(Link, "remove", plain)
    prepared.pass_by()
    assert prepared.lie() == []
    with prepared.client() as link:
        link.select("Drafts", readonly=True)
        assert len(link.uid("SEARCH", "DELETED")[1][0].split()) == 1


@pytest.mark.parametrize("fault", ["server", "template"])
def test_what_cannot_be_begun_is_told_of_and_stops_nothing(prepared, monkeypatch, tmp_path, fault):
    if fault == "server":

        def full(*_args):
            raise NotFiled("filing in Drafts: over quota")

        monkeypatch.setattr(Link, "file", full)
    else:
        (tmp_path / "_prepared.txt.j2").write_text("{{ nobody.said }}")
        (tmp_path / "en").mkdir()
        (tmp_path / "en" / "_prepared.txt.j2").write_text("{{ nobody.said }}")
        prepared.renderer = Renderer([tmp_path, SHIPPED])
        assert any("_prepared.txt.j2" in said for said in prepared.renderer.check())
        prepared.anew()
    with structlog.testing.capture_logs() as lines:
        prepared.ask()
        prepared.pass_by()
    told = [line for line in lines if line["event"] == "mailbox.not_prepared"]
    assert (len(told), prepared.lie()) == (1, [])


def test_a_connection_that_breaks_is_a_fault_and_all_is_made_good(prepared, monkeypatch):
    def broken(*_args):
        raise Temporary("the connection is closed")

    prepared.put(written())
    prepared.pass_by()
    with monkeypatch.context() as patch:
        patch.setattr(Link, "file", broken)
        with pytest.raises(Temporary):
            prepared.pass_by()
    prepared.anew()
    prepared.pass_by()
    assert len(prepared.lie()) == 1


def test_a_folder_that_is_gone_is_done_without(prepared, monkeypatch):
    prepared.put(written())
    prepared.pass_by()
    examine = Link.examine

    def gone(link, folder):
        if folder == "Drafts":
            raise NoFolder(folder)
        return examine(link, folder)

    with monkeypatch.context() as patch:
        patch.setattr(Link, "examine", gone)
        prepared.pass_by()
    prepared.anew()
    prepared.pass_by()
    assert len(prepared.lie()) == 1
