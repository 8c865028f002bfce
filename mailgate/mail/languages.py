"""What people's mail programs write around a quote, language by language: the one table of it.

To teach mailgate a language, add a row. Everything is in lower case; labels of header lines and
openings of attributions are whole words, verbs may stand anywhere in an attribution.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["from", "sent", "to", "cc", "subject"]


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language; where a language knows several, they are separated by "|".

    `opens`: first words of an attribution ("On ..."). `verbs`: what an attribution says somebody
    did ("wrote"). `labels`: of the lines of a quoted header, by what they name. `originals`: the
    words between dashes in front of one. `forwards`: the words in front of a forwarded mail.
    `devices`: how a telephone signs: the start of the line and, after "…", its end.
    """

    code: str
    opens: str
    verbs: str
    labels: dict[Kind, str]
    originals: str = ""
    forwards: str = ""
    devices: str = ""


LANGUAGES = (
    Language(
        "en",
        opens="on|at",
        verbs="wrote|writes|said|sent|quoting",
        labels={
            "from": "from|reply-to",
            "sent": "sent|date",
            "to": "to",
            "cc": "cc|bcc",
            "subject": "subject",
        },
        originals="original message|original appointment|reply message|original email",
        forwards="forwarded message|begin forwarded message|forwarded by|forwarded email",
        devices="sent from my|sent from mail for|sent from outlook|get outlook for"
        "|sent from yahoo mail|sent from proton mail",
    ),
    Language(
        "de",
        opens="am|on",
        verbs="schrieb|geschrieben|zitat von|hat folgendes geschrieben",
        labels={
            "from": "von|antwort an",
            "sent": "gesendet|datum|gesendet am",
            "to": "an",
            "cc": "cc|kopie",
            "subject": "betreff",
        },
        originals="ursprüngliche nachricht|originalnachricht|urspr. nachricht|original-nachricht",
        forwards="weitergeleitete nachricht|anfang der weitergeleiteten nachricht"
        "|weitergeleitet von",
        devices="von meinem…gesendet|gesendet von meinem|gesendet von mail für|gesendet von outlook"
        "|gesendet mit der|outlook für…herunterladen|diese nachricht wurde von meinem",
    ),
    Language(
        "fr",
        opens="le|en date du",
        verbs="a écrit|écrit|a ecrit|citation de",
        labels={
            "from": "de|expéditeur",
            "sent": "envoyé|envoyé le|date|envoyé par",
            "to": "à|a|pour|destinataire",
            "cc": "cc|copie à",
            "subject": "objet|sujet",
        },
        originals="message d'origine|message d’origine|message original|message initial",
        forwards="message transféré|message transmis|début du message transféré"
        "|début du message réexpédié|message réexpédié",
        devices="envoyé de mon|envoyé depuis mon|envoyé à partir de outlook|obtenir outlook pour"
        "|télécharger outlook pour|envoyé à partir de courrier|provenance : courrier",
    ),
    Language(
        "es",
        opens="el|en|con fecha",
        verbs="escribió|escribio|ha escrito|escribía|citando a",
        labels={
            "from": "de|remitente",
            "sent": "enviado|enviado el|fecha",
            "to": "para|a",
            "cc": "cc",
            "subject": "asunto",
        },
        originals="mensaje original|correo original",
        forwards="mensaje reenviado|inicio del mensaje reenviado|forwarded message",
        devices="enviado desde mi|enviado desde outlook|enviado desde correo|enviado de mi"
        "|obtener outlook para|descargar outlook para",
    ),
    Language(
        "it",
        opens="il|in data|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica",
        verbs="ha scritto|scrisse|scrive",
        labels={
            "from": "da|mittente",
            "sent": "inviato|data|inviato il",
            "to": "a",
            "cc": "cc",
            "subject": "oggetto",
        },
        originals="messaggio originale|messaggio originario",
        forwards="messaggio inoltrato|inizio messaggio inoltrato|messaggio inoltrato da",
        devices="inviato da iphone|inviato da ipad|inviato dal mio|inviato da outlook"
        "|inviato da posta per|ottieni outlook per|scarica outlook per",
    ),
    Language(
        "nl",
        opens="op",
        verbs="schreef|geschreven|heeft het volgende geschreven",
        labels={
            "from": "van",
            "sent": "verzonden|datum|verzonden op",
            "to": "aan",
            "cc": "cc|kopie",
            "subject": "onderwerp",
        },
        originals="oorspronkelijk bericht|origineel bericht|oorspronkelijke bericht",
        forwards="doorgestuurd bericht|begin doorgestuurd bericht|forwarded message",
        devices="verstuurd vanaf mijn|verzonden vanaf mijn|verzonden vanuit mail"
        "|outlook voor…downloaden",
    ),
    Language(
        "pt",
        opens="em|no dia|a|às|el",
        verbs="escreveu|escreveu o seguinte|a escrit",
        labels={
            "from": "de|remetente",
            "sent": "enviado|enviada em|enviado em|data|enviada",
            "to": "para",
            "cc": "cc",
            "subject": "assunto",
        },
        originals="mensagem original|mensagem de origem",
        forwards="mensagem encaminhada|mensagem reencaminhada|início da mensagem reencaminhada"
        "|início da mensagem encaminhada",
        devices="enviado do meu|enviado a partir do meu|enviado do outlook|obter o outlook para",
    ),
    Language(
        "pl",
        opens="w dniu|dnia|dn.|dnia:",
        verbs="napisał|napisała|napisał(a)|napisał/a|pisze|użytkownik|wiadomość napisana przez",
        labels={
            "from": "od|nadawca",
            "sent": "wysłano|wysłane|data|data wysłania",
            "to": "do|adresat",
            "cc": "dw|kopia|cc",
            "subject": "temat",
        },
        originals="oryginalna wiadomość|wiadomość oryginalna|treść oryginalnej wiadomości",
        forwards="przekazana wiadomość|wiadomość przekazana|treść przekazanej wiadomości"
        "|początek przekazywanej wiadomości|forwarded message",
        devices="wysłane z iphone|wysłano z iphone|wysłane z mojego|wysłano z mojego"
        "|wysłane z programu|wysłane z aplikacji|pobierz outlook dla",
    ),
    Language(
        "sv",
        opens="den|på",
        verbs="skrev",
        labels={
            "from": "från",
            "sent": "skickat|datum|skickad",
            "to": "till",
            "cc": "kopia|cc",
            "subject": "ämne",
        },
        originals="ursprungligt meddelande|originalmeddelande",
        forwards="vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat mail"
        "|börjar vidarebefordrat brev",
        devices="skickat från min|skickat från outlook|skickat från e-post|hämta outlook för",
    ),
    Language(
        "da",
        opens="den|d.|på",
        verbs="skrev",
        labels={
            "from": "fra",
            "sent": "sendt|dato",
            "to": "til",
            "cc": "cc|kopi",
            "subject": "emne",
        },
        originals="oprindelig meddelelse|original meddelelse",
        forwards="videresendt besked|videresendt meddelelse|start på videresendt besked"
        "|start på videresendt meddelelse",
        devices="sendt fra min|sendt fra outlook|sendt fra mail|hent outlook til",
    ),
    Language(
        "no",
        opens="den|på",
        verbs="skrev|skreiv",
        labels={
            "from": "fra",
            "sent": "sendt|dato",
            "to": "til",
            "cc": "kopi|cc",
            "subject": "emne",
        },
        originals="opprinnelig melding|original melding",
        forwards="videresendt melding|videresendt e-post|begynnelse på videresendt melding",
        devices="sendt fra min|sendt fra outlook|sendt fra e-post|skaff deg outlook|få outlook for",
    ),
    Language(
        "fi",
        opens="päiväys",
        verbs="kirjoitti",
        labels={
            "from": "lähettäjä",
            "sent": "lähetetty|päivämäärä|päiväys",
            "to": "vastaanottaja",
            "cc": "kopio",
            "subject": "aihe",
        },
        originals="alkuperäinen viesti",
        forwards="välitetty viesti|edelleenlähetetty viesti",
        devices="lähetetty laitteesta|lähetetty iphonesta|hanki outlook",
    ),
    Language(
        "cs",
        opens="dne|ve|v",
        verbs="napsal|napsala|napsal(a)|odesílatel|píše",
        labels={
            "from": "od",
            "sent": "odesláno|datum",
            "to": "komu",
            "cc": "kopie",
            "subject": "předmět",
        },
        originals="původní zpráva|původní e-mail",
        forwards="přeposlaná zpráva|přeposlaný e-mail|začátek přeposílané zprávy",
        devices="odesláno z iphon|odesláno z mého|odesláno z mobil|odesláno z outlook",
    ),
    Language(
        "hu",
        opens="ekkor|dátum",
        verbs="ezt írta|írta|a következőt írta",
        labels={
            "from": "feladó",
            "sent": "elküldve|dátum|küldve",
            "to": "címzett",
            "cc": "másolatot kap|másolat",
            "subject": "tárgy",
        },
        originals="eredeti üzenet",
        forwards="továbbított üzenet|továbbított levél",
        devices="iphone-ról küldve|az iphone-omról küldve|az outlook beszerzése",
    ),
    Language(
        "ro",
        opens="în|pe|la",
        verbs="a scris",
        labels={
            "from": "de la|expeditor",
            "sent": "trimis|data",
            "to": "către|catre",
            "cc": "cc",
            "subject": "subiect",
        },
        originals="mesaj original|mesaj inițial",
        forwards="mesaj redirecționat|mesaj transmis mai departe",
        devices="trimis de pe iphone|trimis de pe telefonul|trimis din outlook",
    ),
    Language(
        "el",
        opens="στις|την|στις:",
        verbs="έγραψε|έγραψαν",
        labels={
            "from": "από",
            "sent": "εστάλη|στάλθηκε|ημερομηνία",
            "to": "προς",
            "cc": "κοιν.|κοιν",
            "subject": "θέμα",
        },
        originals="αρχικό μήνυμα",
        forwards="προωθημένο μήνυμα",
        devices="στάλθηκε από το iphone|στάλθηκε από το κινητό",
    ),
    Language(
        "ru",
        opens="в",
        verbs="пишет|написал|написала|написал(а)|писал|писал(а)|пользователь",
        labels={
            "from": "от|от кого",
            "sent": "отправлено|дата|послано",
            "to": "кому",
            "cc": "копия",
            "subject": "тема",
        },
        originals="исходное сообщение|оригинальное сообщение|исходное письмо",
        forwards="пересылаемое сообщение|пересылаемое письмо|перенаправленное сообщение"
        "|конец пересылаемого сообщения|начало переадресованного сообщения"
        "|forwarded message",
        devices="отправлено с iphone|отправлено с ipad|отправлено с моего|отправлено из mail"
        "|отправлено из outlook|отправлено из мобильной",
    ),
    Language(
        "uk",
        opens="у|в",
        verbs="пише|написав|написала|написав(ла)",
        labels={
            "from": "від",
            "sent": "надіслано|дата",
            "to": "кому",
            "cc": "копія",
            "subject": "тема",
        },
        originals="вихідне повідомлення|оригінальне повідомлення",
        forwards="пересланий лист|переслане повідомлення",
        devices="надіслано з iphone|надіслано з мого|надіслано з ipad",
    ),
    Language(
        "tr",
        opens="tarihinde",
        verbs="yazdı|şunu yazdı|şunları yazdı|tarihinde|yazmış",
        labels={
            "from": "kimden|gönderen",
            "sent": "gönderme tarihi|gönderilme tarihi|gönderildi|tarih|gönderilen",
            "to": "kime|alıcı",
            "cc": "bilgi|cc",
            "subject": "konu",
        },
        originals="özgün ileti|orijinal mesaj|orijinal ileti|özgün mesaj",
        forwards="iletilen mesaj|yönlendirilen ileti|i̇letilen mesaj|yönlendirilmiş ileti",
        devices="iphone…gönderildi|ipad…gönderildi|outlook for…edinin",
    ),
    Language(
        "zh",
        opens="在|于",
        verbs="写道|寫道|写到|撰寫",
        labels={
            "from": "发件人|寄件者|寄件人",
            "sent": "发送时间|发送日期|日期|寄件日期|傳送時間|时间|時間",
            "to": "收件人|收件者",
            "cc": "抄送|副本",
            "subject": "主题|主旨|主題",
        },
        originals="原始邮件|原始郵件|邮件原件|回复的原邮件|原邮件",
        forwards="转发的邮件|轉寄的郵件|转发邮件信息|已转发邮件|以下是转寄郵件",
        devices="发自我的|從我的…傳送|从我的…发送|傳送自我的|获取 outlook for",
    ),
    Language(
        "ja",
        opens="",
        verbs="のメール|さんは書きました|は書きました|さんが書きました|wrote",
        labels={
            "from": "差出人|送信者|送信元",
            "sent": "送信日時|日時|日付",
            "to": "宛先",
            "cc": "cc",
            "subject": "件名",
        },
        originals="元のメッセージ|original message|元のメール",
        forwards="転送されたメッセージ|転送メッセージ|以下転送",
        devices="iphone…から送信|ipad…から送信|android…から送信",
    ),
    Language(
        "ko",
        opens="",
        verbs="작성|님이 작성|님이 쓴 글|wrote",
        labels={
            "from": "보낸 사람|보낸사람",
            "sent": "보낸 날짜|날짜|보낸 시간|보낸날짜",
            "to": "받는 사람|받는사람",
            "cc": "참조",
            "subject": "제목",
        },
        originals="원본 메시지|원본 메일",
        forwards="전달된 메시지|전달된 메일",
        devices="나의…에서 보냄",
    ),
    Language(
        "he",
        opens="בתאריך|ב",
        verbs="כתב|כתבה|מאת",
        labels={
            "from": "מאת",
            "sent": "נשלח|תאריך",
            "to": "אל",
            "cc": "עותק",
            "subject": "נושא",
        },
        originals="הודעה מקורית",
        forwards="הודעה שהועברה",
        devices="נשלח מה-iphone|נשלח מהטלפון",
    ),
    Language(
        "ar",
        opens="في",
        verbs="كتب|كتبت",
        labels={
            "from": "من",
            "sent": "تم الإرسال|التاريخ|أرسلت",
            "to": "إلى",
            "cc": "نسخة",
            "subject": "الموضوع",
        },
        originals="الرسالة الأصلية",
        forwards="رسالة معاد توجيهها",
        devices="مرسل من الـ|أرسلت من",
    ),
    Language(
        "vi",
        opens="vào",
        verbs="đã viết",
        labels={
            "from": "từ",
            "sent": "đã gửi|ngày",
            "to": "tới|đến",
            "cc": "cc",
            "subject": "chủ đề|tiêu đề",
        },
        originals="thư gốc|tin nhắn gốc",
        forwards="thư được chuyển tiếp|tin nhắn chuyển tiếp",
        devices="đã gửi từ iphone|được gửi từ iphone",
    ),
)
