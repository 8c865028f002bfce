"""`mailgate templates`: previews, and faults in one's own templates."""

import mailgate.mail.sample as _sample


def test_a_preview_has_every_notice_in_every_language(cli):
    folder = cli.folder / "notices"
    cli.ok("templates", "preview", str(folder))
    index = (folder / "index.html").read_text("utf-8")

    for language in ("ar", "de", "en", "es", "fr", "pt", "ru", "zh"):
        assert f'href="{language}/received.html"' in index
        assert _sample.full("customer")["ticket"]["number"] in (
            folder / language / "received.txt"
        ).read_text("utf-8")
        assert f'lang="{language}"' in (folder / language / "overdue.html").read_text("utf-8")


def test_a_preview_shows_each_notice_to_whom_it_goes(cli):
    folder = cli.folder / "notices"
    cli.ok("templates", "preview", str(folder))

    customer = _sample.full("customer")["recipient"]["name"]
    for notice in ("received", "survey", "my_tickets"):
        assert f"{customer}," in (folder / "en" / f"{notice}.txt").read_text("utf-8")
    agent = _sample.full("agent")["recipient"]["name"]
    assert agent not in (folder / "en" / "survey.txt").read_text("utf-8")


def test_a_preview_that_cannot_be_written_says_so(cli):
    (cli.folder / "file").write_text("")

    done = cli.run("templates", "preview", str(cli.folder / "file"))

    assert done.exit_code != 0
    assert "nothing can be written to" in done.stderr


def test_templates_of_ones_own_go_before_and_are_checked(cli):
    cli.set(desk__templates="own")
    own = cli.folder / "own" / "fr"
    own.mkdir(parents=True)
    (own / "received.txt.j2").write_text("Le nôtre: {{ ticket.number }}\n")
    assert "all render" in cli.ok("templates", "check")
    (own / "received.txt.j2").write_text("Un\n{{ tiket.number }}\n")
    broken = cli.no(1, "templates", "check")

    assert "fr/received.txt.j2" in broken
    assert "tiket" in broken
    assert "tiket" in cli.no(1, "check")
