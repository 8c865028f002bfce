"""In which language somebody writes, so that they are answered in it; nothing where it is not sure.

Han, Arabic and Cyrillic letters tell by themselves, but for letters that other languages alone
have. Among languages of Latin letters their commonest words tell, which are as many as a third of
any text; those of languages in which we write to nobody stand there too, so that Dutch is not
taken for German.
"""

import re
from collections import Counter

from mailgate.mail.disguise import script_of

_LONGEST = 2000  # characters that are looked at
_LEAST_LETTERS = 8
_LEAST_WORDS = 2  # common ones
_LEAST_SHARE = 0.12  # of all words
_CLEARLY = 1.5  # times as many as of any other language
_MOSTLY = 0.5  # of all letters
_WORD = re.compile(r"[^\W\d_]+")

_COMMON = {
    "en": (
        "the and is are was not you your i my we it to of in for with have has this that on "
        "please hello dear thanks can could would when from be do does been there which what"
    ),
    "de": (
        "der die das und ist sind nicht ich sie wir mein meine ihr ihre ein eine einen mit "
        "für auf von zu den dem habe haben bitte hallo guten danke kann können wird auch aber "
        "wenn noch im es seit"
    ),
    "fr": (
        "le la les et est sont pas je vous nous mon ma mes votre un une des du de avec pour "
        "sur dans que qui ce cette bonjour merci ne plus peut depuis ai avez au aux il"
    ),
    "es": (
        "el la los las y es son no yo usted mi su un una unos con para por en que de del al "
        "se lo me hola gracias buenos buenas puede pueden desde pero cuando está he tengo muy"
    ),
    "pt": (
        "o a os as e é são não eu você meu minha seu sua um uma com para por em que de do da "
        "dos das no na olá obrigado obrigada bom boa pode desde mas quando está tenho muito "
        "ao"
    ),
    "it": (
        "il lo la gli le e è sono non io mio mia un una con per in che di del della dei al "
        "alla ciao grazie buongiorno può ho questo quando ma anche da come"
    ),
    "nl": (
        "de het een en is zijn niet ik u mijn we met voor op van te dat die hallo bedankt kan "
        "kunnen wordt ook maar als nog heb hebben graag geen bij naar"
    ),
    "sv": (
        "och är inte jag det en ett att på som för med har till av den vi hej tack kan kunde "
        "min mitt"
    ),
    "da": (
        "og er ikke jeg det en et at på som for med har til af den vi hej tak kan kunne min mit"
    ),
    "pl": "i jest nie się na do w z że to mam proszę dzień dobry dziękuję czy jak ale od dla po",
    "cs": "a je na se v že to mám prosím dobrý den děkuji jak ale od pro po jsem nebo",
    "tr": "ve bir bu için ile çok değil ben merhaba teşekkürler lütfen ama gibi var yok",
    "ro": "și este nu sunt eu un o cu pentru în că de la pe din mai bună mulțumesc vă",
}
_WORDS = {code: frozenset(words.split()) for code, words in _COMMON.items()}
_LANGUAGES = {  # in which a word is common
    word: tuple(code for code, common in _WORDS.items() if word in common)
    for word in frozenset().union(*_WORDS.values())
}
_SCRIPTS = {"CJK": "zh", "ARABIC": "ar", "CYRILLIC": "ru"}
_OF_OTHERS = {  # letters that the language does not have, and others of its script do
    "ar": frozenset("پچژگکیٹڈڑںے"),
    "ru": frozenset("іїєґўђјљњћџѓќѕ"),
}
_RARE = {"ru": frozenset("ыэ")}  # letters that any longer text of it has, and Bulgarian has not
_LONG = 80  # letters


def tongue(text: str) -> str:
    """Return the language of a text (ISO 639-1), empty where nobody can be sure."""
    text = text[:_LONGEST].lower()
    words = text.split()
    if _is_no_text(text):
        words = [word for word in words if not _is_no_text(word)]
    if text.isascii():  # letters of one script need not be counted one by one
        found = _WORD.findall(" ".join(words))
        return _latin(found) if sum(map(len, found)) >= _LEAST_LETTERS else ""
    letters = {char: n for char, n in Counter("".join(words)).items() if char.isalpha()}
    total = sum(letters.values())
    if total < _LEAST_LETTERS and not any("\u4e00" <= char <= "\u9fff" for char in letters):
        return ""
    scripts: Counter[str] = Counter()
    for char, times in letters.items():
        scripts[script_of(char)] += times
    script, count = max(scripts.items(), key=lambda pair: pair[1])
    if scripts["HIRAGANA"] or scripts["KATAKANA"] or count <= _MOSTLY * total:
        return ""
    if script == "LATIN":
        return _latin(_WORD.findall(" ".join(words)))
    code = _SCRIPTS.get(script, "")
    if letters.keys() & _OF_OTHERS.get(code, frozenset()):
        return ""
    rare = _RARE.get(code)
    return "" if rare and count >= _LONG and not letters.keys() & rare else code


def _is_no_text(word: str) -> bool:
    """Tell whether a word is an address or a link, or a text holds one."""
    return "@" in word or "://" in word or "www." in word


def _latin(words: list[str]) -> str:
    counts: Counter[str] = Counter()
    for word, times in Counter(filter(_LANGUAGES.__contains__, words)).items():
        for code in _LANGUAGES[word]:
            counts[code] += times
    if not counts:
        return ""
    code = max(counts, key=lambda each: counts[each])
    best = counts.pop(code)
    clear = best >= _LEAST_WORDS and best >= _LEAST_SHARE * len(words)
    return code if clear and best >= _CLEARLY * max(counts.values(), default=0) else ""
