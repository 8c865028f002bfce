"""Whether a mail only thanks, agrees or says yes: what closes a resolved ticket without a click.

The whole text must be made of known phrases of one language, one of which thanks or agrees, with
nothing but a salutation before and a closing with a name after. Whatever is not known makes the
answer no; a question mark does too. The work is bounded by the length of the text looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

_LONGEST = 500  # characters
_MOST_TOKENS = 80
_LONGEST_NAME = 5  # words after a salutation or a closing
_WORD = r"[^\W\d_]+(?:['’][^\W\d_]+)*"
_TOKEN = re.compile(rf"{_WORD}|👍|[,.!;:\n]")
_UNKNOWN = re.compile(
    r"[^\w\s,.!;:()'\"’*~/&+–—…👍👌🙏🙂😊😀😃😄😁❤♥✔✅🎉💯\ufe0f\U0001f3fb-\U0001f3ff-]|\d|:['’]?-?\("
)
_IN_NAMES = frozenset(
    {
        "al",
        "all",
        "alle",
        "and",
        "da",
        "damen",
        "de",
        "del",
        "den",
        "der",
        "di",
        "du",
        "e",
        "et",
        "everybody",
        "everyone",
        "folks",
        "guys",
        "i",
        "la",
        "le",
        "mr",
        "mrs",
        "ms",
        "sir",
        "support",
        "team",
        "there",
        "tous",
        "und",
        "van",
        "von",
        "y",
        "zur",
        "zusammen",
    }
)
_BREAKS = frozenset(",.!;:\n")
_VOWEL_SIGNS = "".join(map(chr, range(0x64B, 0x653)))  # of Arabic: few people write them
_ALIKE = str.maketrans("’，。！；：、،؛", "',.!;:,,;", _VOWEL_SIGNS)


@dataclass(frozen=True, slots=True)
class Language:
    """Phrases of one language, one to a row or separated by "|".

    Within a phrase "a/b" stands for either word and "-" for none. `meant` thanks or agrees, `said`
    may stand beside it, `hello` may come first and `bye` last, both followed by a name.
    """

    meant: str
    said: str
    hello: str
    bye: str


LANGUAGES = {
    "en": Language(
        meant="thanks | thank you | thank you very/so much | thanks very/so much | many/- thanks "
        "again | thanks a lot/bunch/million | many thanks | thank you all | thx | much "
        "appreciated | i appreciate it/that | yes | yep | yeah | ok | okay | confirmed | i "
        "confirm/agree | agreed | it/that/this/everything/all works/worked | works | "
        "it/that/this/everything/all is/- working/fixed/solved/resolved | it's/that's "
        "working/fixed/solved/resolved | solved | fixed | resolved | the/my/- "
        "problem/issue/ticket is/was/- solved/fixed/resolved | the/my/- problem/issue has been "
        "solved/fixed/resolved | that/this/it helped | that/this/it did it | that/this/it "
        "solved/fixed it | that/this/it solved/fixed the/my problem/issue | you can/may close "
        "the/this/my ticket/case/issue | please close the/this/my ticket/case/issue | the/this "
        "ticket/case can be closed | 👍",
        said="again | now | fine | well | perfectly | great | perfect | excellent | super | "
        "awesome | wonderful | all/- good | very good/helpful | for your/the/all/- "
        "quick/fast/great/kind/prompt/excellent/good/- "
        "help/support/reply/response/answer/assistance | for your/the/- quick/fast/great/good/- "
        "service/work/information/explanation | for everything | for helping me/us/- | for the "
        "info | it is/does | that's great/perfect/it | that was quick/fast/it | have a "
        "nice/great/good/lovely day/evening/weekend | and | indeed",
        hello="hi | hello | dear | hey | good morning/afternoon/evening/day",
        bye="best/kind/kindest/warm/warmest/- regards | with best/kind regards | best | best "
        "wishes | yours sincerely/truly/faithfully | sincerely | cheers | br | take care | thanks",
    ),
    "de": Language(
        meant="danke | dankeschön | merci | danke "
        "schön/sehr/ihnen/euch/dir/nochmals/nochmal/vielmals | "
        "vielen/besten/herzlichen/lieben/tausend dank | ich danke ihnen/euch/dir | wir danken "
        "ihnen/euch | ja | jawohl | ok | okay | in ordnung | einverstanden | bestätigt | ich "
        "bestätige das/- | hiermit bestätige ich das/- | passt | das/es/- passt so/- | "
        "es/das/alles/- funktioniert/klappt/geht/läuft jetzt/nun/- wieder/- | jetzt/nun "
        "funktioniert/klappt/geht/läuft es/das/alles wieder/- | es/das hat "
        "geklappt/funktioniert/geholfen | das/mein/- problem ist/wurde/- gelöst/behoben/erledigt "
        "| ist/- gelöst/behoben/erledigt | hat sich erledigt | sie können das/dieses/mein ticket "
        "schließen | das ticket kann geschlossen werden | 👍",
        said="nochmals | nochmal | für die/ihre/eure/deine/- "
        "schnelle/rasche/prompte/gute/tolle/super/freundliche/- "
        "hilfe/antwort/unterstützung/bearbeitung/rückmeldung/lösung/erledigung/info/information | "
        "für alles | für ihre/deine/eure/die mühe | und | sehr | super | prima | perfekt | toll | "
        "klasse | top | wunderbar | großartig | bestens | gut | sehr gut | alles gut/bestens/klar "
        "| das war schnell | einen/- schönen tag/abend/feierabend noch/- | ein/- schönes "
        "wochenende | jetzt | nun | wieder",
        hello="hallo | hi | guten tag/morgen/abend | sehr geehrte/geehrter | liebe | lieber | "
        "moin | servus | grüezi",
        bye="mit freundlichen/besten/herzlichen/lieben grüßen | mit freundlichem gruß | "
        "freundliche/viele/liebe/beste/schöne/herzliche grüße | freundlicher/schöner gruß | gruß "
        "| grüße | mfg | lg | vg | bg",
    ),
    "fr": Language(
        meant="merci | merci beaucoup/bien/infiniment/encore | merci à vous | mille mercis/merci "
        "| un/- grand merci | je vous/te remercie | nous vous remercions | oui | d'accord | ok | "
        "c'est bon/réglé/résolu/confirmé | je confirme | confirmé | ça/cela/tout/- "
        "marche/fonctionne | problème résolu/réglé | le/mon problème est résolu/réglé | vous "
        "pouvez clore/fermer/clôturer le/ce/mon ticket/dossier | 👍",
        said="pour votre/ton/vos/cette/- aide/réponse/retour/rapidité/réactivité/soutien/support "
        "rapide/- | pour votre assistance/efficacité/travail/intervention/patience | pour l'aide "
        "| pour tout | et | très bien | parfait | c'est parfait | super | génial | excellent | "
        "bien | maintenant | encore | à nouveau | bonne journée/soirée/continuation | bon weekend "
        "| bon week end | tout est en ordre",
        hello="bonjour | bonsoir | salut | cher | chère | madame | monsieur",
        bye="bien/- cordialement | bien à vous | salutations | meilleures/sincères salutations | "
        "cdlt | à bientôt | belle journée",
    ),
    "es": Language(
        meant="gracias | muchas/muchísimas/mil gracias | se lo agradezco | le/les/te agradezco | "
        "sí | si | de acuerdo | vale | ok | confirmado | confirmo | ya/todo/ahora/- funciona "
        "bien/correctamente/- | problema resuelto/solucionado | el/mi problema está "
        "resuelto/solucionado | el/mi problema ha sido resuelto/solucionado | pueden/puede cerrar "
        "el/este/mi ticket/caso | 👍",
        said="por su/tu/vuestra/la/- ayuda/respuesta/atención/rapidez/apoyo/gestión/colaboración "
        "rápida/- | por todo | y | de nuevo | nuevamente | perfecto | genial | excelente | muy "
        "bien | todo bien/correcto | ahora | que tenga un buen día/fin",
        hello="hola | buenos días | buenas tardes/noches/- | estimado | estimada | estimados",
        bye="un/- saludo | saludos | un cordial saludo | saludos cordiales | atentamente | un "
        "abrazo | cordialmente",
    ),
    "it": Language(
        meant="grazie | grazie mille/tante/infinite/ancora | grazie di tutto | molte/tante/mille "
        "grazie | la/vi/ti ringrazio | sì | si | va bene | d'accordo | ok | confermo | confermato "
        "| ora/adesso/tutto/- funziona | il/- problema risolto | il/mio problema è risolto | il/- "
        "problema è stato risolto | risolto | potete/può chiudere il/questo ticket | 👍",
        said="per l'aiuto/l'assistenza/tutto | per la/vostra/sua/tua "
        "risposta/assistenza/disponibilità/collaborazione/rapidità | per il/vostro/suo/tuo "
        "supporto/aiuto/lavoro | e | perfetto | ottimo | benissimo | bene | tutto ok/bene | tutto "
        "a posto | gentilissimi | molto gentile/gentili | buona giornata/serata | buon "
        "lavoro/weekend | ora | adesso",
        hello="ciao | buongiorno | buon giorno | buonasera | salve | gentile | caro | cara",
        bye="saluti | cordiali/distinti saluti | un saluto | cordialmente",
    ),
    "nl": Language(
        meant="dank | bedankt | dank je/u/jullie wel/- | dankjewel | dankuwel | "
        "hartelijk/nogmaals/- bedankt/dank | heel erg bedankt | veel dank | ja | oké | oke | ok | "
        "akkoord | het/alles/dit/- werkt nu/weer/- | het/- is/- opgelost | het/mijn/- probleem "
        "is/- opgelost | bevestigd | ik bevestig het/dit/- | u/je kunt het/dit ticket sluiten | 👍",
        said="voor de/uw/je/jullie/- snelle/goede/- "
        "hulp/reactie/antwoord/ondersteuning/service/moeite | voor het snelle/- antwoord | voor "
        "alles | en | prima | perfect | super | top | geweldig | goed | heel goed | nu | weer | "
        "fijne dag/avond | fijn weekend",
        hello="hallo | hoi | beste | geachte | dag | goedemorgen | goedemiddag | goedenavond",
        bye="met vriendelijke/hartelijke groet/groeten | vriendelijke/hartelijke/- groet/groeten "
        "| groetjes | mvg",
    ),
    "pt": Language(
        meant="obrigado | obrigada | muito obrigado/obrigada | obrigado/obrigada mais uma vez | "
        "obrigado/obrigada novamente | agradeço | agradecemos | grato | grata | sim | ok | de "
        "acordo | tudo certo/resolvido | está/já/- resolvido | já/agora/tudo/- funciona | está "
        "funcionando | problema resolvido | o/meu problema foi/está resolvido | confirmo | "
        "confirmado | pode/podem fechar/encerrar o/este chamado/ticket | 👍",
        said="pela/pelo sua/vossa/seu/vosso/- "
        "ajuda/resposta/atenção/rapidez/suporte/apoio/retorno rápida/rápido/- | por tudo | e | "
        "perfeito | ótimo | excelente | muito bom/bem | tudo bem | agora | bom dia/trabalho | boa "
        "tarde/noite/semana | bom fim de semana",
        hello="olá | oi | bom dia | boa tarde/noite | prezado | prezada | prezados | caro | cara "
        "| caros",
        bye="atenciosamente | att | cumprimentos | melhores cumprimentos | com os melhores "
        "cumprimentos | abraço | abraços | um abraço | saudações",
    ),
    "pl": Language(
        meant="dziękuję | dziekuje | dziękujemy | dzięki | bardzo/serdecznie dziękuję/dziękujemy "
        "| dziękuję bardzo/serdecznie/pięknie | wielkie dzięki | dzięki wielkie | tak | ok | okej "
        "| zgadza się | zgoda | potwierdzam | już/teraz/wszystko/- działa poprawnie/dobrze/- | "
        "wszystko już działa | problem rozwiązany | problem został/jest rozwiązany | rozwiązane | "
        "można/proszę zamknąć zgłoszenie/ticket | 👍",
        said="za szybką/- pomoc/odpowiedź/obsługę/reakcję/interwencję | za szybkie/- "
        "wsparcie/działanie | za wszystko | i | super | świetnie | doskonale | wszystko/- w "
        "porządku | jeszcze raz | miłego dnia/weekendu | teraz | już",
        hello="dzień dobry | cześć | witam | witaj | hej | szanowni | szanowna | szanowny",
        bye="pozdrawiam | z poważaniem | pozdrowienia | z wyrazami szacunku | serdecznie "
        "pozdrawiam | pozdrawiam serdecznie",
    ),
    "ru": Language(
        meant="спасибо | большое спасибо | спасибо большое/вам/огромное/всем | "
        "спасибо вам большое | "
        "огромное спасибо | благодарю | благодарю вас | благодарим | благодарим вас | да | ок | "
        "хорошо | согласен | согласна | подтверждаю | всё/все/- работает | всё/все/- заработало | "
        "теперь всё/все/- работает | всё/все решено | решено | помогло | проблема решена | вопрос "
        "решён/решен | заявку можно закрыть | можно закрыть заявку/- | 👍",
        said="за помощь | за быструю/оперативную помощь | за ответ | "
        "за быстрый/оперативный ответ | "
        "за поддержку | за всё/все | и | теперь | отлично | прекрасно | супер | замечательно | "
        "ещё/еще раз | хорошего дня | хороших выходных | очень",
        hello="здравствуйте | добрый день/вечер | доброе утро | привет | уважаемый/уважаемая",
        bye="с уважением | всего доброго | всего хорошего | с наилучшими пожеланиями",
    ),
    "zh": Language(
        meant="谢谢 | 谢谢您 | 谢谢你 | 谢谢你们 | 多谢 | 非常感谢 | 十分感谢 | 感谢 | 感谢您 | "
        "好的 | 是 | 是的 | 可以 | 同意 | 确认 | 已解决 | 已经解决 | 已经解决了 | 问题已解决 | "
        "解决了 | 可以了 | 可以关闭 | 可以关闭工单 | 👍",
        said="感谢您的帮助 | 谢谢您的帮助 | 辛苦了 | 很好 | 太好了 | 非常好",
        hello="您好 | 你好 | 早上好 | 下午好",
        bye="此致 | 此致敬礼 | 祝好 | 敬礼",
    ),
    "ar": Language(
        meant="شكرا | شكرا جزيلا/لكم/لك | شكرا جزيلا لكم/لك | شكرا لكم/لك جزيلا | جزيل الشكر | "
        "أشكركم | أشكرك | نشكركم | نعم | حسنا | موافق | أوافق | أؤكد | تم | تم الحل | "
        "تم حل المشكلة | حلت المشكلة | يمكنكم إغلاق التذكرة | 👍",
        said="على المساعدة/مساعدتكم/مساعدتك/ردكم/الرد/دعمكم | ممتاز | رائع | جيد | الآن | "
        "مرة أخرى | على كل شيء",
        hello="مرحبا | أهلا | السلام عليكم | صباح الخير | مساء الخير | تحية طيبة",
        bye="مع التحية | مع تحياتي | مع خالص التحية | تحياتي | مع فائق الاحترام",
    ),
}


def is_bare_thanks(text: str) -> bool:
    """Tell whether `text`, the new text of a mail, says nothing but thanks, agreement or yes."""
    bare = text.strip().translate(_ALIKE)
    if not bare or len(bare) > _LONGEST or _UNKNOWN.search(bare):
        return False
    tokens = _TOKEN.findall(bare)
    if len(tokens) > _MOST_TOKENS:
        return False
    folded = [token.casefold() for token in tokens]
    return any(_is_thanks(tokens, folded, book) for book in _BOOKS)


@dataclass(frozen=True, slots=True)
class _Book:
    """The phrases of one language as tuples of words, and the length of the longest."""

    meant: frozenset[tuple[str, ...]]
    said: frozenset[tuple[str, ...]]
    hello: frozenset[tuple[str, ...]]
    bye: frozenset[tuple[str, ...]]
    longest: int


def _is_thanks(tokens: list[str], folded: list[str], book: _Book) -> bool:
    at = _after_hello(tokens, folded, book)
    meant = False
    while at < len(folded):
        if folded[at] in _BREAKS:
            at += 1
        elif length := _length(folded, at, book.meant, book):
            meant = True
            at += length
        elif length := _length(folded, at, book.said, book):
            at += length
        else:
            break
    return meant and (at == len(folded) or _ends(tokens, folded, at, book))


def _after_hello(tokens: list[str], folded: list[str], book: _Book) -> int:
    """Return where the text begins after a salutation and the name in it."""
    length = _length(folded, 0, book.hello, book)
    for at in range(length, length and min(length + _LONGEST_NAME + 1, len(folded))):
        if folded[at] in _BREAKS:
            return at if all(map(_names, tokens[length:at])) else length
    return length


def _ends(tokens: list[str], folded: list[str], at: int, book: _Book) -> bool:
    """Tell whether nothing but a closing and a name, or a name, is left from `at` on."""
    length = _length(folded, at, book.bye, book)
    names = [token for token in tokens[at + length :] if token not in _BREAKS]
    alone = tokens[at - 1] == "\n" or (tokens[at - 1] == "," and len(names) == 1)
    return len(names) <= _LONGEST_NAME and bool(length or alone) and all(map(_names, names))


def _names(word: str) -> bool:
    """Tell whether a word may belong to a name: shouted words do not."""
    capital = word[0].isupper() and (len(word) == 1 or not word.isupper())
    return capital or word.casefold() in _IN_NAMES


def _length(folded: list[str], at: int, phrases: frozenset[tuple[str, ...]], book: _Book) -> int:
    """Return how many words the longest of `phrases` takes up at `at`, 0 when none is there."""
    for length in range(min(book.longest, len(folded) - at), 0, -1):
        if tuple(folded[at : at + length]) in phrases:
            return length
    return 0


def _phrases(column: str) -> Iterator[tuple[str, ...]]:
    for row in column.split("|"):
        choices = [word.casefold().split("/") for word in row.split()]
        for chosen in product(*choices):
            yield tuple(word for word in chosen if word != "-")


def _book(language: Language) -> _Book:
    meant, said, hello, bye = (
        frozenset(_phrases(column))
        for column in (language.meant, language.said, language.hello, language.bye)
    )
    return _Book(meant, said, hello, bye, max(map(len, meant | said | hello | bye)))


_BOOKS = tuple(map(_book, LANGUAGES.values()))
