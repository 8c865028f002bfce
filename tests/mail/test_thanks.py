"""Mails that say nothing but thanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import thanks
from mailgate.mail.thanks import is_bare_thanks

YES = {
    "en": [
        "Thanks!",
        "thank you",
        "Yes",
        "ok 👍",
        "👍",
        "Thank you very much for your quick help.\n\nBest regards,\nJohn Smith",
        "Hi Anna,\n\nthanks a lot, it works now. You can close the ticket.\n\nCheers\nBob",
        "Thanks, Anna",
        "Hello, thanks!",
        "Hi thanks",
        "Yes, the problem is solved 😊",
    ],
    "de": [
        "Danke schön!",
        "Ja, passt so.",
        "Sehr geehrte Frau Huber,\nvielen Dank.\nMit freundlichen Grüßen\nEva von Klein",
        "Vielen Dank und viele Grüße\nMax Müller",
        "Hallo zusammen, hat sich erledigt. LG",
    ],
    "fr": [
        "Merci beaucoup !",
        "Bonjour,\nc’est bon, merci pour votre aide.\nCordialement\nLuc Roy",
    ],
    "es": ["Muchas gracias por su ayuda.", "Sí, ya funciona. Un saludo, Ana"],
    "it": ["Grazie mille, buona giornata", "Sì, confermo.\nCordiali saluti\nLuca Rossi"],
    "nl": ["Hartelijk dank voor de snelle hulp", "Ja, het werkt weer. Groetjes, Piet"],
    "pt": ["Muito obrigada!", "Sim, problema resolvido.\nAtenciosamente\nRui Silva"],
    "pl": ["Dziękuję za pomoc. Pozdrawiam, Jan", "Tak, wszystko działa."],
}


@pytest.mark.parametrize(
    ("language", "text"), [(code, text) for code, texts in YES.items() for text in texts]
)
def test_thanks_and_agreement_are_known_in_each_language(language, text):
    assert is_bare_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        "No",
        "Best regards, Bob",
        "Great",
        "Thanks, but it still fails",
        "Thanks. It still fails.",
        "thanks?",
        "Yes?",
        "Danke, aber es geht nicht",
        "Danke, Fehler bleibt",
        "Merci, mais",
        "THANKS NOT WORKING",
        "Thanks\nNOT WORKING",
        "thanks :-(",
        "thanks :(",
        "Thanks 😡",
        "Thanks in advance",
        "Merci d'avance",
        "Thanks for order 4711",
        "Is it solved",
        "Hi still broken, thanks",
        "Hello my good friend and helper here, thanks",
        "Thanks. Regards, it still fails",
        "Thanks,\nOne Two Three Four Five Six",
        "Thanks, Anna Maria",
        "Danke obrigado",
        "thanks " * 90,
        "thanks, " * 41,
    ],
)
def test_whatever_else_is_said_makes_it_no_bare_thanks(text):
    assert not is_bare_thanks(text)


def test_every_language_has_phrases_of_every_kind():
    for book in thanks._BOOKS:
        assert min(map(len, (book.meant, book.said, book.hello, book.bye))) > 3
        assert all(book.meant | book.said | book.hello | book.bye)


@given(st.text(max_size=600))
def test_any_text_is_answered(text):
    assert is_bare_thanks(text) in (True, False)
