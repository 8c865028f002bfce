"""django-helpdesk, tuned: SQLite in WAL mode with synchronous=FULL, or PostgreSQL; nothing sent.

    .venv-peers/helpdesk/bin/python -m bench.peers.helpdesk --n 400

Each mail is given to the function that its own loop over a mailbox calls.
"""

import logging
import re
import sys
import types
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

from bench import mix
from bench.peers import feeding

_KEY, _MARK = re.compile(r"\bBK[0-9]{9}\b"), re.compile(r"\bmk[0-9]{9}x\b")
_URLS = "bench_urls"


def _database(folder: Path, server: feeding.Server | None) -> dict[str, Any]:
    if server is not None:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": server.name,
            "HOST": server.host,
            "PORT": server.port,
            "USER": server.user,
            "PASSWORD": server.password,
        }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "helpdesk.db"),
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            "transaction_mode": "IMMEDIATE",
        },
    }


def _configure(folder: Path, server: feeding.Server | None) -> None:
    parts = ("admin", "auth", "contenttypes", "sessions", "messages", "sites", "humanize")
    shown = ("auth.context_processors.auth", "messages.context_processors.messages")
    settings.configure(
        SECRET_KEY="made up",  # noqa: S106 - of a desk that lives for a minute
        USE_TZ=True,
        DATABASES={"default": _database(folder, server)},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SITE_ID=1,
        ROOT_URLCONF=_URLS,
        INSTALLED_APPS=[
            *(f"django.contrib.{part}" for part in parts),
            "rest_framework",
            "helpdesk",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        *(f"django.contrib.{name}" for name in shown),
                    ]
                },
            }
        ],
        MEDIA_ROOT=str(folder / "media"),
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        HELPDESK_TEAMS_MODE_ENABLED=False,
        HELPDESK_TEAMS_MODEL="auth.Group",
        HELPDESK_TEAMS_MIGRATION_DEPENDENCIES=[],
        HELPDESK_VALID_EXTENSIONS=[".txt", ".html", ".pdf", ".png"],
        LOGGING_CONFIG=None,
    )


class Helpdesk:
    """A desk in a folder."""

    def __init__(self, folder: Path, _senders: set[str], server: feeding.Server | None) -> None:
        urls: Any = types.ModuleType(_URLS)
        urls.urlpatterns = []
        sys.modules[_URLS] = urls
        _configure(folder, server)
        django.setup()
        urls.urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
        logging.disable(logging.CRITICAL)
        call_command("migrate", verbosity=0)
        from helpdesk import email, models

        if not models.EmailTemplate.objects.exists():
            call_command("loaddata", "emailtemplate.json", verbosity=0)
        self._models = models
        self._extract = email.extract_email_metadata
        self._queue = models.Queue.objects.create(
            title="Support", slug="support", email_address=mix.DESK, allow_email_submission=True
        )
        self._log = logging.getLogger("helpdesk")

    def take(self, raw: bytes) -> None:
        """Do what its loop over a mailbox does with a mail."""
        text = raw.decode("utf-8", "replace")
        self._extract(message=text, queue=self._queue, logger=self._log)

    def numbers(self) -> dict[str, str]:
        """Return `[support-id]` by key."""
        found: dict[str, str] = {}
        for id_, title in self._models.Ticket.objects.order_by("id").values_list("id", "title"):
            if key := _KEY.search(title):
                found.setdefault(key[0], f"[support-{id_}]")
        return found

    def places(self) -> dict[str, str]:
        """Return the ticket of each text."""
        rows = self._models.FollowUp.objects.values_list("ticket_id", "comment")
        return {
            mark: f"[support-{id_}]" for id_, text in rows for mark in _MARK.findall(text or "")
        }


if __name__ == "__main__":
    feeding.run(Helpdesk)
