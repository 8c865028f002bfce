"""Openings of subjects by which programs announce themselves, in many languages.

Only phrases that a person would hardly begin a subject with stand here: "Vacation" alone opens a
travel agency's mail. All are anchored at the start and read on at most 200 characters.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

Opening = Callable[[str], str | None]

_LONGEST = 200
_ALIKE = {ord("\u2019"): "'", ord("ı"): "i", ord("ł"): "l", ord("ø"): "o", ord("æ"): "ae"}

AUTO_REPLIES: Mapping[str, tuple[str, ...]] = {
    "ar": ("رد تلقائي", "الرد التلقائي"),
    "bg": ("автоматичен отговор",),
    "ca": ("resposta automàtica", "fora de l'oficina"),
    "cs": ("automatická odpověď", "mimo kancelář"),
    "da": ("automatisk svar", "autosvar", "ikke på kontoret"),
    "de": (
        "automatische antwort",
        "automatische antwortmail",
        "abwesenheitsnotiz",
        "abwesenheitsmeldung",
        "abwesenheitsnachricht",
        "abwesenheitsbenachrichtigung",
        "nicht im büro",
        "nicht im haus",
        "außer haus",
    ),
    "el": ("αυτόματη απάντηση", "εκτός γραφείου"),
    "en": (
        "automatic reply",
        "automatic response",
        "automated reply",
        "automated response",
        "auto reply",
        "auto-reply",
        "autoreply",
        "auto response",
        "auto-response",
        "autoresponse",
        "out of office",
        "out-of-office",
        "out of the office",
        "out of office reply",
        "out of office autoreply",
        "out of office auto-reply",
        "out of office message",
        "vacation reply",
        "vacation response",
        "vacation message",
        "away from my mail",
        "auto generated",
        "auto-generated",
        "automatically generated",
    ),
    "es": ("respuesta automática", "fuera de la oficina", "fuera de oficina"),
    "et": ("automaatvastus",),
    "fa": ("پاسخ خودکار",),
    "fi": ("automaattinen vastaus", "automaattivastaus", "poissaoloilmoitus"),
    "fr": (
        "réponse automatique",
        "réponse d'absence",
        "message d'absence",
        "avis d'absence",
        "absence du bureau",
        "absent du bureau",
        "absente du bureau",
        "absent(e) du bureau",
    ),
    "he": ("תשובה אוטומטית", "מענה אוטומטי"),
    "hr": ("automatski odgovor", "izvan ureda"),
    "hu": ("automatikus válasz", "házon kívül"),
    "id": ("balasan otomatis",),
    "it": ("risposta automatica", "fuori sede", "fuori ufficio", "assente dall'ufficio"),
    "ja": ("自動応答", "自動返信", "不在通知", "不在連絡"),
    "ko": ("자동 회신", "자동회신", "자동 응답", "자동응답", "부재중", "부재 중"),
    "lt": ("automatinis atsakymas",),
    "lv": (
        "automātiska atbilde",
        "automātiskā atbilde",
        "ārpus biroja",
        "ārpus biroja automātiskā atbilde",
        "ārpus biroja atrašanās automātiskā atbilde",
    ),
    "nb": ("automatisk svar", "fraværsmelding"),
    "nl": (
        "automatisch antwoord",
        "automatische reactie",
        "automatische beantwoording",
        "afwezigheidsbericht",
        "afwezigheidsmelding",
        "niet op kantoor",
    ),
    "pl": ("automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź", "poza biurem"),
    "pt": ("resposta automática", "fora do escritório", "ausência temporária"),
    "ro": ("răspuns automat", "în afara biroului"),
    "ru": ("автоматический ответ", "автоответ", "нет на рабочем месте", "вне офиса"),
    "sk": ("automatická odpoveď", "mimo kancelárie"),
    "sl": ("samodejni odgovor", "odsotnost z dela"),
    "sr": ("аутоматски одговор",),
    "sv": ("automatiskt svar", "autosvar", "frånvaromeddelande", "inte på kontoret"),
    "th": ("ตอบกลับอัตโนมัติ",),
    "tr": ("otomatik yanıt", "otomatik cevap", "ofis dışında"),
    "uk": ("автоматична відповідь", "автовідповідь"),
    "vi": ("trả lời tự động",),
    "zh": ("自动答复", "自动回复", "自動回覆", "自動回復", "不在办公室", "不在辦公室"),
}

CHALLENGES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "your email requires verification verify#",
        "your message requires verification",
        "you must verify your email before delivery",
        "please confirm your message to",
    ),
    "fr": ("demande d'authentification pour votre message",),
}

BOUNCES: Mapping[str, tuple[str, ...]] = {
    "cs": ("nedoručitelná zpráva",),
    "de": (
        "nachricht nicht zustellbar",
        "mail nicht zustellbar",
        "benachrichtigung zum übermittlungsstatus",
    ),
    "en": (
        "undelivered mail",
        "undeliverable mail",
        "undeliverable message",
        "non-deliverable mail",
        "delivery status notification",
        "mail delivery failed",
        "mail delivery failure",
        "mail delivery problem",
        "mail system error",
        "message delivery failure",
        "failure notice",
        "message status - undeliverable",
        "nondeliverable mail",
        "non delivery report",
        "returned mail",
        "undelivered message",
        "non-delivery report",
    ),
    "es": ("correo devuelto", "notificación de estado de entrega"),
    "fr": ("courrier non distribué", "notification d'état de remise"),
    "it": ("notifica sullo stato di consegna",),
    "ja": ("メールエラー通知", "エラーメール", "メール配信エラー", "メール送信エラー"),
    "pl": ("niedostarczona wiadomość",),
    "pt": ("mensagem não entregue",),
    "ru": ("недоставленное сообщение", "ваше сообщение не доставлено"),
    "zh": ("系统退信", "系統退信", "退信通知", "来自qq.com的退信", "邮件投递失败", "邮件传输失败"),
}

# Whole subjects, word by word those of programs: a person would add or change something.
RETURNED: Mapping[str, tuple[str, ...]] = {
    "en": (
        "delivery status notification (failure)",
        "mail delivery failed: returning message to sender",
        "mail system error - returned mail",
        "returned mail - error during delivery",
        "returned mail: see transcript for details",
        "undelivered mail returned to sender",
    ),
}

UNDELIVERED: Mapping[str, tuple[str, ...]] = {  # of mail, or of a parcel
    "cs": ("nedoručitelné",),
    "ar": ("غير قابل للتسليم",),
    "da": ("kan ikke leveres", "kunne ikke leveres", "ikke leveret"),
    "de": (
        "unzustellbar",
        "nicht zustellbar",
        "zustellung fehlgeschlagen",
        "zustellung nicht möglich",
        "e-mail konnte nicht zugestellt werden",
        "mail konnte nicht zugestellt werden",
        "nachricht konnte nicht zugestellt werden",
        "ihre e-mail konnte nicht zugestellt werden",
        "ihre mail konnte nicht zugestellt werden",
        "ihre nachricht konnte nicht zugestellt werden",
    ),
    "en": (
        "undeliverable",
        "delivery failure",
        "delivery failed",
        "delivery notification",
        "delivery report",
        "failed mail",
        "failure delivery",
        "email delivery failure",
        "e-mail delivery failure",
        "mail could not be delivered",
        "mail error",
        "mail failed",
        "mail failure",
        "mail not delivered",
        "message blocked",
        "message could not be delivered",
        "message delivery has failed",
        "message not delivered",
        "message undeliverable",
        "not delivered",
        "returned to sender",
        "non-delivery",
        "permanent delivery failure",
        "sorry, your message could not be delivered",
        "unable to deliver",
        "your mail could not be delivered",
        "your message could not be delivered",
        "your message was not delivered",
    ),
    "es": ("no se puede entregar", "no entregado", "error en la entrega"),
    "fi": ("ei toimitettavissa", "toimitus epäonnistui"),
    "fr": ("non remis", "non distribuable", "échec de la remise", "échec de remise"),
    "hu": ("kézbesíthetetlen",),
    "it": ("non recapitabile", "impossibile recapitare", "mancato recapito"),
    "ja": (
        "配信不能",
        "配信できません",
        "配送不能",
        "メッセージを配信できません",
        "メールを配信できません",
        "メールを送信できません",
        "メールが配信できません",
    ),
    "ko": ("배달되지 않음", "배달되지 못함"),
    "nb": ("kan ikke leveres", "kunne ikke leveres"),
    "nl": ("onbestelbaar", "kan niet worden bezorgd", "niet bezorgd"),
    "pl": ("niedostarczalne", "nie można dostarczyć"),
    "pt": ("não é possível entregar", "não foi possível entregar", "falha na entrega"),
    "ro": ("nelivrabil",),
    "ru": ("недоставленное", "не удается доставить", "не доставлено", "недоставлено"),
    "sv": ("kan inte levereras", "gick inte att leverera", "olevererbart"),
    "tr": ("teslim edilemedi", "teslim edilemeyen", "teslim edilemiyor"),
    "uk": ("не вдалося доставити",),
    "zh": ("未送达", "无法送达", "无法投递", "傳遞失敗", "無法傳遞", "未传递"),
}

DELAYS: Mapping[str, tuple[str, ...]] = {
    "cs": ("opožděné doručení",),
    "da": ("forsinket",),
    "de": ("zustellung verzögert", "verzögert"),
    "en": (
        "delivery status notification (delay)",
        "delivery delayed",
        "delayed mail",
        "mail delivery delayed",
        "mail delivery warning",
        "message delayed",
        "message delivery delayed",
        "warning: could not send message",
        "warning: message",
    ),
    "es": ("entrega retrasada", "retrasado"),
    "fr": ("remise retardée", "distribution retardée"),
    "it": ("consegna ritardata", "recapito ritardato"),
    "nl": ("bezorging vertraagd", "vertraagd"),
    "pl": ("opóźnione dostarczenie", "opóźnione"),
    "pt": ("entrega atrasada", "entrega retardada"),
    "ru": ("доставка отложена", "задержка доставки"),
    "sv": ("försenad leverans", "leverans försenad"),
    "zh": ("邮件延迟", "传递延迟"),
}

REPORTS: Mapping[str, tuple[str, ...]] = {
    # RFC 7489 section 7.2.1.1 fixes the subject of DMARC reports, which come without other marks;
    # "Submitter:" follows.
    "en": ("report domain",),
}

# The subject of those who report complaints without RFC 5965; an address of a server follows.
COMPLAINTS: Mapping[str, tuple[str, ...]] = {"en": ("complaint about message from",)}


_BRACKETS = "[(*<« "
_BRACKETED = f"[{re.escape(_BRACKETS)}]{{0,5}}"


def _opening(table: Mapping[str, Iterable[str]], end: str, start: str = _BRACKETED) -> Opening:
    """Return what finds the phrase of a table between `start` and `end` of a subject's opening."""
    phrases = {_plain(phrase): phrase for phrases in table.values() for phrase in phrases}
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    choice = "|".join(map(re.escape, longest_first))
    pattern = re.compile(rf"{start}({choice})(?:{end})")
    beginnings = frozenset(phrase[:2] for phrase in phrases) if start == _BRACKETED else None

    def find(subject: str) -> str | None:
        plain = _plain(subject)
        if beginnings is not None and plain.lstrip(_BRACKETS)[:2] not in beginnings:
            return None  # as nearly always
        match = pattern.match(plain)
        return phrases[match[1]] if match else None

    return find


@lru_cache(maxsize=16)  # a dozen tables look at the same subject
def _plain(text: str) -> str:
    """Return text as the tables compare it: folded, without marks, one blank, one apostrophe.

    Whoever set up the program may have had no accents to write with.
    """
    if text.isascii():
        return " ".join(text[:_LONGEST].lower().split())
    folded = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold().translate(_ALIKE)
    letters = unicodedata.normalize("NFKD", folded)
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


# An auto-reply's phrase alone is proof, so it must be set off: "Out of office: …", "[Autoreply] …".
_auto_reply = _opening(AUTO_REPLIES, r"\s?[:\])>»*]|$")
# Notes says so and names somebody first: "AUTO: Ann is out of the office (returning 9/11/2026)".
_marked_auto = _opening(AUTO_REPLIES, r"\b", r"auto\s?: .{1,100}?\b")
_challenge = _opening(CHALLENGES, "")
_bounce = _opening(BOUNCES, r"\W|$")
_returned = _opening(RETURNED, "$")
_undelivered = _opening(UNDELIVERED, r"\W|$")
_delay = _opening(DELAYS, r"\W|$")
_report = _opening(REPORTS, r"\s?:.{1,150}\bsubmitter\b")
_complaint = _opening(COMPLAINTS, r" \[?[\da-f]{1,4}[.:][\da-f.:]{1,40}")


def auto_reply(subject: str) -> str | None:
    """Return the phrase of an auto-reply that opens `subject`, or None."""
    return _auto_reply(subject) or _marked_auto(subject)


def challenge(subject: str) -> str | None:
    """Return the phrase of a system that wants proof of a person that opens `subject`, or None."""
    return _challenge(subject)


def bounce(subject: str) -> str | None:
    """Return the phrase of returned mail that opens `subject`, or None."""
    return _bounce(subject)


def returned(subject: str) -> str | None:
    """Return `subject` if it is that of a program that returns mail, or None."""
    return _returned(subject)


def undelivered(subject: str) -> str | None:
    """Return the phrase that opens `subject` and says that mail, or a parcel, did not arrive.

    Only of something that a mail system sent is it proof.
    """
    return _bounce(subject) or _undelivered(subject)


def delay(subject: str) -> str | None:
    """Return the phrase of a delivery that is still being tried that opens `subject`, or None."""
    return _delay(subject)


def report(subject: str) -> str | None:
    """Return the phrase of a report between machines that opens `subject`, or None."""
    return _report(subject) or _complaint(subject)
