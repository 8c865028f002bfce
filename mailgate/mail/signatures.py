"""What is folded away at the end of a text: a signature, the line of a telephone, a footer.

Folded, never removed: the whole stays beside it. Works on the classes that `body` gives to lines;
the footers' first words, lower-case, stand here language by language.
"""

BLANK = " "
RULE = "u"  # a line of underscores or dashes
SIGNATURE, DEVICE = "s", "p"  # "-- "; "Sent from my telephone"
SIGNED = "k"  # the markup says: signature
FOOTER, LISTING = (
    "l",
    "g",
)  # "This e-mail and any ..."; "... mailing list", which a rule goes before

_FOLDED = BLANK + RULE + DEVICE + SIGNED
_BEFORE_FOOTERS = _FOLDED + SIGNATURE + FOOTER
_LONGEST = {SIGNATURE: 15, FOOTER: 25, LISTING: 8}  # lines after the first, blank ones not counted
_LONGEST_LISTING = 120  # characters
_AROUND = ' \t*_-=~[(<\u201e\u201c"'

_FOOTERS = {
    "ca": ("aquest missatge i els fitxers", "aquest correu electrònic i qualsevol"),
    "cs": ("tato zpráva a všechny", "tento e-mail a jakékoli", "tento e-mail je důvěrn"),
    "da": (
        "denne e-mail kan indeholde fortrolige",
        "denne e-mail indeholder fortrolig",
        "denne mail kan indeholde fortrolig",
        "denne meddelelse er fortrolig",
    ),
    "de": (
        "diese e-mail enthält vertrauliche",
        "diese e-mail kann vertrauliche",
        "diese e-mail ist vertraulich",
        "diese e-mail ist ausschließlich",
        "diese e-mail und alle an",
        "diese e-mail und etwaige",
        "diese e-mail einschließlich",
        "diese mail enthält vertrauliche",
        "diese nachricht enthält vertrauliche",
        "diese nachricht kann vertrauliche",
        "diese nachricht ist vertraulich",
        "der inhalt dieser e-mail ist",
        "die in dieser e-mail enthaltenen",
        "die informationen in dieser e-mail",
        "vertraulichkeitshinweis",
        "haftungsausschluss:",
        "hinweis: diese e-mail",
        "wichtiger hinweis: diese e-mail",
        "sollten sie diese e-mail irrtümlich",
        "geschäftsführer:",
        "geschäftsführung:",
        "geschäftsführerin:",
        "sitz der gesellschaft",
        "registergericht:",
        "handelsregister:",
        "bitte denken sie an die umwelt",
        "denken sie an die umwelt",
    ),
    "en": (
        "this e-mail and any",
        "this email and any",
        "this e-mail and its attach",
        "this email and its attach",
        "this e-mail message and any",
        "this email message and any",
        "this e-mail message is",
        "this email message is",
        "this e-mail, including any",
        "this email, including any",
        "this e-mail (including",
        "this email (including",
        "this e-mail is confidential",
        "this email is confidential",
        "this e-mail is intended",
        "this email is intended",
        "this e-mail may contain",
        "this email may contain",
        "this e-mail contains",
        "this email contains",
        "this e-mail transmission",
        "this email transmission",
        "this message and any attach",
        "this message and its attach",
        "this message, including any",
        "this message (including",
        "this message is intended",
        "this message is confidential",
        "this message may contain confidential",
        "this message contains confidential",
        "this communication and any",
        "this communication may contain",
        "this communication is intended",
        "this transmission may contain",
        "the information contained in this",
        "the information in this e-mail",
        "the information in this email",
        "the information transmitted",
        "the contents of this e-mail",
        "the contents of this email",
        "the content of this e-mail",
        "the content of this email",
        "confidentiality notice",
        "confidentiality note",
        "confidentiality statement",
        "confidentiality:",
        "disclaimer:",
        "e-mail disclaimer",
        "email disclaimer",
        "legal disclaimer",
        "privileged and confidential",
        "if you are not the intended recipient",
        "if you have received this e-mail in error",
        "if you have received this email in error",
        "if you have received this message in error",
        "please consider the environment before",
        "think before you print",
        "you received this message because you are subscribed",
        "you are receiving this message because you are subscribed",
        "to unsubscribe from this",
        "to unsubscribe send",
        "to unsubscribe, ",
    ),
    "es": (
        "este mensaje y sus archivos",
        "este mensaje y los archivos",
        "este mensaje y cualquier",
        "este mensaje contiene información confidencial",
        "este mensaje puede contener información confidencial",
        "este mensaje se dirige exclusivamente",
        "este mensaje va dirigido",
        "este correo electrónico y",
        "este correo electrónico contiene",
        "este e-mail contiene",
        "la información contenida en este",
        "aviso legal:",
        "aviso de confidencialidad",
        "antes de imprimir este",
    ),
    "fi": ("tämä viesti on luottamuksellinen", "tämä sähköposti ja", "tämä sähköpostiviesti ja"),
    "fr": (
        "ce message et toutes les pièces",
        "ce message et ses pièces",
        "ce message et les pièces",
        "ce message et tout",
        "ce message est confidentiel",
        "ce message contient des informations confidentielles",
        "ce message peut contenir des informations confidentielles",
        "ce courriel et",
        "ce courriel est confidentiel",
        "ce courriel peut contenir",
        "cet e-mail et",
        "cet e-mail est confidentiel",
        "cet e-mail contient",
        "les informations contenues dans ce",
        "avis de confidentialité",
        "clause de confidentialité",
        "avant d'imprimer, pensez",
        "pensez à l'environnement avant",
        "pensez à l’environnement avant",
    ),
    "it": (
        "questo messaggio e i suoi allegati",
        "questo messaggio e gli allegati",
        "questo messaggio e ogni",
        "questo messaggio contiene informazioni riservate",
        "questa e-mail e i suoi",
        "questa e-mail contiene",
        "questa email contiene",
        "il presente messaggio",
        "la presente e-mail",
        "le informazioni contenute in quest",
        "le informazioni contenute nella presente",
        "avvertenze ai sensi",
        "ai sensi del d.lgs",
        "ai sensi del regolamento",
        "avviso di riservatezza",
        "prima di stampare",
        "rispetta l'ambiente",
    ),
    "ja": ("この電子メールには", "本メールには", "このメールには秘密", "本メールは機密"),
    "ko": ("이 메일은 지정된", "본 메일은 지정된", "본 메일에는", "이 전자우편"),
    "nl": (
        "dit bericht is vertrouwelijk",
        "dit bericht en eventuele",
        "dit bericht kan informatie bevatten",
        "dit bericht is uitsluitend",
        "dit e-mailbericht",
        "deze e-mail is vertrouwelijk",
        "deze e-mail is uitsluitend",
        "deze e-mail en eventuele",
        "deze e-mail bevat",
        "de informatie in deze e-mail",
        "de informatie verzonden",
        "de inhoud van dit bericht",
        "de inhoud van deze e-mail",
        "denk aan het milieu",
        "geheimhoudingsverklaring",
    ),
    "no": ("denne e-posten kan inneholde", "denne e-posten er konfidensiell", "denne e-post er"),
    "pl": (
        "niniejsza wiadomość",
        "ta wiadomość oraz",
        "ta wiadomość i załączniki",
        "treść tej wiadomości",
        "informacje zawarte w tej",
        "informacja zawarta w tej",
        "klauzula poufności",
    ),
    "pt": (
        "esta mensagem e quaisquer",
        "esta mensagem e seus anexos",
        "esta mensagem pode conter",
        "esta mensagem, incluindo",
        "esta mensagem contém informação confidencial",
        "esta mensagem contém informações confidenciais",
        "este e-mail e quaisquer",
        "este e-mail contém",
        "este e-mail e seus anexos",
        "as informações contidas nest",
        "aviso de confidencialidade",
        "antes de imprimir",
    ),
    "ro": ("acest mesaj și orice", "acest mesaj este confidențial", "acest e-mail și orice"),
    "ru": (
        "это сообщение и любые",
        "данное сообщение и",
        "данное электронное сообщение",
        "настоящее сообщение",
        "информация, содержащаяся в",
        "уведомление о конфиденциальности",
    ),
    "sv": (
        "detta e-postmeddelande",
        "detta meddelande kan innehålla",
        "detta meddelande är konfidentiellt",
        "denna e-post kan innehålla",
        "denna e-post är",
    ),
    "tr": (
        "bu e-posta ve ekleri",
        "bu e-posta mesajı",
        "bu mesaj ve ekleri",
        "bu elektronik posta",
    ),
    "uk": ("це повідомлення та будь-які", "це електронне повідомлення"),
    "zh": (
        "本邮件及其附件",
        "本郵件及其附件",
        "本邮件可能包含",
        "此邮件及其",
        "此郵件及其",
        "本电子邮件",
    ),
}
_OPENINGS = tuple(sorted(words for each in _FOOTERS.values() for words in each))
_BEGUN = 5  # characters that every opening has: few lines begin as one of them does
_BEGINNINGS = frozenset(words[:_BEGUN] for words in _OPENINGS)
_LISTS = (
    *("mailing list", "mailinglist", "mailingliste", "mailing-liste", "mailinglijst"),
    *("liste de diffusion", "lista de correo", "lista de distribuição", "lista di discussione"),
    *("e-postlista", "postiliste", "lista dyskusyjna", "список рассылки", "メーリングリスト"),
)


def footer(low: str) -> str:
    """Return FOOTER or LISTING for a lower-case line that may begin one, "" for any other."""
    bare = low.lstrip(_AROUND)
    begun = bare[:_BEGUN] in _BEGINNINGS
    if (begun and bare.startswith(_OPENINGS)) or bare.rstrip(" *_:") == "disclaimer":
        return FOOTER
    return LISTING if len(bare) <= _LONGEST_LISTING and any(map(bare.__contains__, _LISTS)) else ""


def begins(classes: str, run: range) -> int:
    """Return where in a run of lines begins what is folded away at its end, its stop if nowhere.

    A signature begins at its separator (RFC 3676 section 4.3) and is short; there is one at most,
    and footers below it.
    """
    stop = _without_the_folded(classes, run.start, run.stop)
    signed = False
    for at in range(stop - 1, run.start - 1, -1):
        kind = classes[at]
        if kind not in _LONGEST or not _may_begin(classes, at, run.start):
            continue
        if (kind == SIGNATURE and signed) or _longer(classes[at + 1 : stop], _LONGEST[kind]):
            break
        signed = signed or kind == SIGNATURE
        stop = _without_the_folded(classes, run.start, at)
    return stop if classes[stop : run.stop].strip(BLANK + RULE) else run.stop


def _may_begin(classes: str, at: int, start: int) -> bool:
    if classes[at] == FOOTER:
        return at == start or classes[at - 1] in _BEFORE_FOOTERS
    return classes[at] == SIGNATURE or (at > start and classes[at - 1] == RULE)


def _longer(classes: str, most: int) -> bool:
    return len(classes) - classes.count(BLANK) > most


def _without_the_folded(classes: str, start: int, stop: int) -> int:
    while stop > start and classes[stop - 1] in _FOLDED:
        stop -= 1
    return stop
