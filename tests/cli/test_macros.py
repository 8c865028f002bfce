"""A macro from its file to the customer."""

from tests.cli.conftest import mail
from tests.peers.maildir import Maildir, text_of


def test_a_macro_reaches_the_customer_in_their_words_and_the_agents(cli):
    folder = cli.folder / "canned"
    folder.mkdir()
    cli.set(desk__macros="canned", desk__language="de", desk__languages=["de"])
    greeting = "{{ ticket.requester_name }},\n\nwe look at {{ ticket.subject }}.\n"
    (folder / "looking.txt").write_text(f"Hello {greeting}{{{{ agent.name }}}}\n")
    (folder / "looking.de.txt").write_text(f"Guten Tag {greeting}{{{{ agent.name }}}}\n")
    number = cli.open(subject="Printer broken")
    cli.ok("assign", number, "alice")
    notice = Maildir(cli.folder / "outgoing").mails()[-1]
    answer = mail(f"Re: [{number}]", "/macro looking\n/tag seen", "alice@agent.example")
    to = notice["Reply-To"].replace('"', "")
    cli.ok("deliver", "--to", to, stdin=answer)
    cli.ok("tick")
    said = "Guten Tag Carol,\n\nwe look at Printer broken.\nAlice"
    assert cli.json("show", number)["messages"][-1]["text"] == said
    assert said in text_of(Maildir(cli.folder / "outgoing").mails()[-1])
