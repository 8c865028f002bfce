"""Each of them in their language: the customer by their first mail, the agent by the desk's."""

from collections.abc import Callable

import pytest

from tests.acceptance.desk import SUPPORT, Desk
from tests.peers.maildir import text_of

pytestmark = pytest.mark.peers


def test_a_customer_is_answered_in_the_language_of_their_mail_if_the_desk_offers_it(
    open_own_desk: Callable[..., Desk],
) -> None:
    desk = open_own_desk(values={"desk.languages": ["fr"]})
    complaint = "Bonjour, je ne peux pas imprimer avec la nouvelle imprimante. Merci."
    desk.ann.write(SUPPORT, "L'imprimante", complaint)
    told = desk.alice.inbox.wait(lambda mail: "L'imprimante" in str(mail["Subject"]))
    answer = desk.ann.inbox.wait()

    assert answer["Content-Language"] == "fr"
    assert "Bonjour" in text_of(answer)
    assert told["Content-Language"] == "en"
    assert complaint in text_of(told)

    desk.eve.write(SUPPORT, "Der Scanner", "Hallo, der Scanner piept und ich kann nicht scannen.")
    assert desk.eve.inbox.wait()["Content-Language"] == "en", "German is not offered"
