"""What the page says, by language; the words are those of the mails."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language's; `language` is its code."""

    language: str
    question: str
    yes: str
    no: str
    missing: str
    settled: str
    reopened: str
    over: str
    unknown: str
    later: str
    too_large: str
    too_often: str


_ENGLISH = Words(
    language="en",
    question="Is everything settled?",
    yes="Yes, it is settled",
    no="No, it is not",
    missing="What is missing? (You need not write anything.)",
    settled="Thank you. The ticket is closed.",
    reopened="Thank you. We will take it up again.",
    over="This question is no longer open, and nothing was changed. "
    "To reach us, simply reply to one of our mails.",
    unknown="There is no such page.",
    later="Something is out of order here, and nothing was changed. Please try again later.",
    too_large="That is too long, and nothing was changed. Please write it to us by mail.",
    too_often="That was too often. Please try again in a minute.",
)
_GERMAN = Words(
    language="de",
    question="Ist alles erledigt?",
    yes="Ja, es ist erledigt",
    no="Nein, noch nicht",
    missing="Was fehlt noch? (Sie müssen nichts schreiben.)",
    settled="Vielen Dank. Das Ticket ist geschlossen.",
    reopened="Vielen Dank. Wir nehmen die Sache wieder auf.",
    over="Diese Frage ist nicht mehr offen, und es wurde nichts geändert. "
    "Um uns zu erreichen, antworten Sie einfach auf eine unserer Mails.",
    unknown="Diese Seite gibt es nicht.",
    later="Hier ist etwas nicht in Ordnung, und es wurde nichts geändert. "
    "Bitte versuchen Sie es später noch einmal.",
    too_large="Das ist zu lang, und es wurde nichts geändert. Bitte schreiben Sie es uns per Mail.",
    too_often="Das war zu oft. Bitte versuchen Sie es in einer Minute noch einmal.",
)
_ALL = {words.language: words for words in (_ENGLISH, _GERMAN)}


def words_for(locale: str) -> Words:
    """Return the words for a locale such as `de-AT`; English where there are no others."""
    return _ALL.get(locale.replace("_", "-").partition("-")[0].lower(), _ENGLISH)
