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
        opens="on|at|in a message dated|quoting",
        verbs="wrote|writes|said|quoting",
        labels={
            "from": "from|reply-to",
            "sent": "sent|date",
            "to": "to",
            "cc": "cc|bcc",
            "subject": "subject",
        },
        originals="original message|original|original appointment|reply message|original email"
        "|original mail|previous message|previous replies|reply above this line"
        "|please reply above this line|please type your reply above this line"
        "|replied message|reply to message",
        forwards="forwarded message|begin forwarded message|forwarded by|forwarded email"
        "|forwarded mail|start of forwarded message|begin forwarded mail|forward message",
        devices="sent from my|sent from mail for|sent from outlook|get outlook for"
        "|sent from yahoo mail|sent from proton mail|sent with proton mail|sent with protonmail"
        "|sent from protonmail|sent from windows mail|sent from mailbird|sent from mail.ru"
        "|sent from my phone|sent from the outlook|sent from spark|sent with spark"
        "|sent from samsung|sent using zoho mail|sent with airmail|sent with sparrow"
        "|sent from aol|sent from gmail mobile|sent from a mobile|sent from mobile"
        "|sent with tutanota|sent from k-9 mail|sent from fastmail|sent with missive"
        "|sent from blackberry|sent on the go|yahoo mail: search, organize, conquer"
        "|secured with tuta mail|sent via mobile|sent via my|sent via blackberry|sent by my"
        "|sent from a phone|sent by galaxy|sent from typeapp|sent from bluemail"
        "|get bluemail for|sent via superhuman|sent from superhuman|sent from polymail"
        "|sent from mailspring|sent with unibox|sent using hushmail|sent from edison mail"
        "|sent from canary|sent with mailtrack|sent from acompli|sent from nine mail",
    ),
    Language(
        "de",
        opens="am|on",
        verbs="schrieb|schrieben|geschrieben|zitat von|hat folgendes geschrieben|schreibt",
        labels={
            "from": "von|antwort an",
            "sent": "gesendet|datum|gesendet am",
            "to": "an",
            "cc": "cc|kopie|kopie an",
            "subject": "betreff",
        },
        originals="ursprüngliche nachricht|originalnachricht|urspr. nachricht|original-nachricht"
        "|originaltermin|ursprüngliche e-mail|urspr. mitteilung|original nachricht"
        "|antwort oberhalb dieser zeile|antwort nachricht",
        forwards="weitergeleitete nachricht|anfang der weitergeleiteten nachricht"
        "|weitergeleitet von|weitergeleitete e-mail|weitergeleitete mail"
        "|beginn der weiterleitung",
        devices="von meinem…gesendet|gesendet von meinem|gesendet von mail für"
        "|gesendet von outlook"
        "|gesendet mit der|outlook für…herunterladen|diese nachricht wurde von meinem"
        "|von meinem samsung|von meinem handy gesendet|gesendet mit proton mail"
        "|holen sie sich outlook"
        "|von outlook für…gesendet|von unterwegs gesendet|gesendet mit spark"
        "|gesendet von yahoo mail|von yahoo mail auf…gesendet|diese e-mail wurde von meinem"
        "|von mail für windows|gesendet mit telekom mail",
    ),
    Language(
        "fr",
        opens="le|en date du",
        verbs="a écrit|écrit|a ecrit|citation de|écrivait|ont écrit",
        labels={
            "from": "de|expéditeur",
            "sent": "envoyé|envoyé le|date|envoyé par|date d'envoi",
            "to": "à|a|pour|destinataire",
            "cc": "cc|copie à",
            "subject": "objet|sujet",
        },
        originals="message d'origine|message d’origine|message original|message initial"
        "|mail original"
        "|courriel original|message précédent|e-mail original|rendez-vous d'origine",
        forwards="message transféré|message transmis|début du message transféré"
        "|début du message réexpédié|message réexpédié|courriel transféré|mail transféré"
        "|e-mail transféré",
        devices="envoyé de mon|envoyé depuis mon|envoyé à partir de outlook|obtenir outlook pour"
        "|télécharger outlook pour|envoyé à partir de courrier|provenance : courrier"
        "|envoyé avec la messagerie|envoyé avec proton mail|envoyé depuis l'application"
        "|envoyé depuis l’application|envoyé depuis yahoo|envoyé depuis outlook"
        "|envoyé à partir de mon"
        "|envoyé d'un|envoyé à l'aide de|téléchargez outlook pour|envoyé par mon"
        "|envoyé depuis un",
    ),
    Language(
        "es",
        opens="el|en|con fecha",
        verbs="escribió|escribio|ha escrito|escribía|citando a|escribe",
        labels={
            "from": "de|remitente",
            "sent": "enviado|enviado el|fecha",
            "to": "para|a",
            "cc": "cc",
            "subject": "asunto",
        },
        originals="mensaje original|correo original|mensaje de origen|cita original",
        forwards="mensaje reenviado|inicio del mensaje reenviado|forwarded message"
        "|correo reenviado",
        devices="enviado desde mi|enviado desde yahoo|enviado con proton mail"
        "|obtenga outlook para"
        "|obtén outlook para|consigue outlook para|enviado desde el|enviado con el"
        "|enviado desde outlook|enviado desde correo|enviado de mi"
        "|obtener outlook para|descargar outlook para",
    ),
    Language(
        "it",
        opens="il|in data|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica",
        verbs="ha scritto|scrisse|scrive|scriveva|hanno scritto",
        labels={
            "from": "da|mittente",
            "sent": "inviato|data|inviato il",
            "to": "a",
            "cc": "cc",
            "subject": "oggetto|ogg",
        },
        originals="messaggio originale|messaggio originario|messaggio di origine|email originale",
        forwards="messaggio inoltrato|inizio messaggio inoltrato|messaggio inoltrato da"
        "|email inoltrata|inizio del messaggio inoltrato",
        devices="inviato da iphone|inviato da ipad|inviato dal mio|inviato da outlook"
        "|inviato da posta per|ottieni outlook per|scarica outlook per"
        "|inviato con proton mail|inviato da yahoo|inviato dal cellulare|inviato da libero"
        "|inviato dalla",
    ),
    Language(
        "nl",
        opens="op|op het moment",
        verbs="schreef|geschreven|heeft het volgende geschreven|schrijft",
        labels={
            "from": "van",
            "sent": "verzonden|datum|verzonden op",
            "to": "aan",
            "cc": "cc|kopie",
            "subject": "onderwerp",
        },
        originals="oorspronkelijk bericht|origineel bericht|oorspronkelijke bericht"
        "|originele bericht",
        forwards="doorgestuurd bericht|begin doorgestuurd bericht|forwarded message"
        "|doorgestuurde e-mail",
        devices="verstuurd vanaf mijn|verzonden vanaf mijn|verzonden vanuit mail"
        "|outlook voor…downloaden|verzonden met proton mail|download outlook voor"
        "|verstuurd met mijn|verzonden met mijn|verzonden van mijn|haal outlook voor",
    ),
    Language(
        "pt",
        opens="em|no dia|a|às",
        verbs="escreveu|escreveu o seguinte|escreve|citando",
        labels={
            "from": "de|remetente",
            "sent": "enviado|enviada em|enviado em|data|enviada|data de envio",
            "to": "para",
            "cc": "cc",
            "subject": "assunto",
        },
        originals="mensagem original|mensagem de origem|e-mail original",
        forwards="mensagem encaminhada|mensagem reencaminhada|início da mensagem reencaminhada"
        "|início da mensagem encaminhada|e-mail encaminhado|inicio da mensagem encaminhada",
        devices="enviado do meu|enviado a partir do meu|enviado do outlook|obter o outlook para"
        "|enviada do meu|enviado do yahoo|enviado com proton mail|obtenha o outlook para"
        "|baixe o outlook para|enviado do email para|enviado do correio para",
    ),
    Language(
        "pl",
        opens="w dniu|dnia|dn.|wiadomość napisana przez",
        verbs="napisał|napisała|napisał(a)|napisał/a|napisał(-a)|pisze|użytkownik"
        "|wiadomość napisana przez|napisano",
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
        "|wysłane z programu|wysłane z aplikacji|pobierz outlook dla"
        "|wysłane z ipada|wysłano z ipada|wysłane z poczty|wysłane z telefonu|wysłano z telefonu"
        "|uzyskaj outlook|wysłane za pomocą",
    ),
    Language(
        "sv",
        opens="den|på",
        verbs="skrev|skriver",
        labels={
            "from": "från",
            "sent": "skickat|datum|skickad",
            "to": "till",
            "cc": "kopia|cc",
            "subject": "ämne",
        },
        originals="ursprungligt meddelande|originalmeddelande|ursprungligt mejl",
        forwards="vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat mail"
        "|börjar vidarebefordrat brev|vidarebefordrat mejl|början på vidarebefordrat meddelande",
        devices="skickat från min|skickat från outlook|skickat från e-post|hämta outlook för"
        "|skickat med|skickat från yahoo"
        "|skickat från mitt|skaffa outlook för",
    ),
    Language(
        "da",
        opens="den|d.|på|kl.",
        verbs="skrev",
        labels={
            "from": "fra",
            "sent": "sendt|dato",
            "to": "til",
            "cc": "cc|kopi",
            "subject": "emne",
        },
        originals="oprindelig meddelelse|original meddelelse|oprindelig besked|oprindelig mail",
        forwards="videresendt besked|videresendt meddelelse|start på videresendt besked"
        "|start på videresendt meddelelse",
        devices="sendt fra min|sendt fra outlook|sendt fra mail|hent outlook til|sendt med"
        "|få outlook til",
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
        forwards="videresendt melding|videresendt e-post|begynnelse på videresendt melding"
        "|start på videresendt melding|videresendt epost",
        devices="sendt fra min|sendt fra outlook|sendt fra e-post|skaff deg outlook"
        "|få outlook for"
        "|hent outlook for|sendt fra mobilen",
    ),
    Language(
        "fi",
        opens="päiväys|päivänä",
        verbs="kirjoitti|kirjoittaa|kirjoitti seuraavasti",
        labels={
            "from": "lähettäjä",
            "sent": "lähetetty|päivämäärä|päiväys",
            "to": "vastaanottaja",
            "cc": "kopio",
            "subject": "aihe",
        },
        originals="alkuperäinen viesti|alkuperäinen sähköposti",
        forwards="välitetty viesti|edelleenlähetetty viesti|edelleen lähetetty viesti"
        "|edelleenlähetetty viesti alkaa|välitetty viesti alkaa",
        devices="lähetetty laitteesta|lähetetty iphonesta|hanki outlook|lähetetty ipadista"
        "|lähetetty puhelimesta|lähetetty samsung|lähetetty outlook|lähetetty android",
    ),
    Language(
        "cs",
        opens="dne|ve|v",
        verbs="napsal|napsala|napsal(a)|odesílatel|píše|napsal/a",
        labels={
            "from": "od",
            "sent": "odesláno|datum|odeslané",
            "to": "komu",
            "cc": "kopie",
            "subject": "předmět",
        },
        originals="původní zpráva|původní e-mail|původní email|puvodni zprava",
        forwards="přeposlaná zpráva|přeposlaný e-mail|začátek přeposílané zprávy"
        "|přeposlaný email|začátek přeposlané zprávy",
        devices="odesláno z iphon|odesláno z mého|odesláno z mobil|odesláno z outlook"
        "|odesláno z ipad|odesláno z aplikace|odesláno z pošty|získat outlook pro"
        "|stáhnout outlook",
    ),
    Language(
        "hu",
        opens="ekkor|dátum|időpont",
        verbs="ezt írta|írta|a következőt írta|a következőket írta",
        labels={
            "from": "feladó",
            "sent": "elküldve|dátum|küldve",
            "to": "címzett",
            "cc": "másolatot kap|másolat",
            "subject": "tárgy",
        },
        originals="eredeti üzenet|eredeti levél",
        forwards="továbbított üzenet|továbbított levél|továbbított üzenet kezdete",
        devices="iphone-ról küldve|az iphone-omról küldve|az outlook beszerzése"
        "|ipad-ről küldve|az ipademről küldve|iphone-omról küldve|android…küldve"
        "|outlookból küldve",
    ),
    Language(
        "ro",
        opens="în|pe|la",
        verbs="a scris",
        labels={
            "from": "de la|expeditor",
            "sent": "trimis|data|dată",
            "to": "către|catre",
            "cc": "cc",
            "subject": "subiect",
        },
        originals="mesaj original|mesaj inițial|mesajul original|mesaj iniţial",
        forwards="mesaj redirecționat|mesaj transmis mai departe|mesaj redirecţionat"
        "|mesaj reexpediat|început mesaj redirecționat",
        devices="trimis de pe|trimis din outlook|trimis din mail|descărcați outlook"
        "|obțineți outlook pentru|trimis de la",
    ),
    Language(
        "el",
        opens="στις|την|ο χρήστης|η",
        verbs="έγραψε|έγραψαν|έγραψε/αν",
        labels={
            "from": "από",
            "sent": "εστάλη|στάλθηκε|ημερομηνία",
            "to": "προς",
            "cc": "κοιν.|κοιν",
            "subject": "θέμα",
        },
        originals="αρχικό μήνυμα|αρχικό email|πρωτότυπο μήνυμα",
        forwards="προωθημένο μήνυμα|προωθούμενο μήνυμα|έναρξη προωθημένου μηνύματος"
        "|έναρξη προωθούμενου μηνύματος",
        devices="στάλθηκε από το|εστάλη από|λήψη του outlook για|αποκτήστε το outlook"
        "|αποστολή από το",
    ),
    Language(
        "ru",
        opens="в",
        verbs="пишет|написал|написала|написал(а)|писал|писала|писал(а)|пользователь",
        labels={
            "from": "от|от кого",
            "sent": "отправлено|дата|послано|дата отправки",
            "to": "кому",
            "cc": "копия",
            "subject": "тема",
        },
        originals="исходное сообщение|оригинальное сообщение|исходное письмо"
        "|первоначальное сообщение|оригинальное письмо",
        forwards="пересылаемое сообщение|пересылаемое письмо|перенаправленное сообщение"
        "|конец пересылаемого сообщения|начало переадресованного сообщения"
        "|начало пересылаемого сообщения|пересланное сообщение|пересланное письмо"
        "|переадресованное сообщение|forwarded message",
        devices="отправлено с iphone|отправлено с ipad|отправлено с моего|отправлено из mail"
        "|отправлено из outlook|отправлено из мобильной|отправлено из почты|отправлено с мобильн"
        "|отправлено с помощью|отправлено из приложения|отправлено из яндекс"
        "|отправлено с телефона"
        "|отправлено с android|получить outlook для|скачать outlook|загрузить outlook",
    ),
    Language(
        "uk",
        opens="у|в",
        verbs="пише|написав|написала|написав(ла)|написав(-ла)|написав/-ла|пишуть|користувач",
        labels={
            "from": "від",
            "sent": "надіслано|дата",
            "to": "кому",
            "cc": "копія",
            "subject": "тема",
        },
        originals="вихідне повідомлення|оригінальне повідомлення|початкове повідомлення"
        "|первинне повідомлення",
        forwards="пересланий лист|переслане повідомлення|початок переадресованого повідомлення"
        "|початок пересланого повідомлення|пересилається повідомлення",
        devices="надіслано з iphone|надіслано з мого|надіслано з ipad|надіслано з пошти"
        "|надіслано з outlook|відправлено з|надіслано з android|отримати outlook для",
    ),
    Language(
        "tr",
        opens="tarihinde",
        verbs="yazdı|şunu yazdı|şunları yazdı|tarihinde|yazmış|yazıyor",
        labels={
            "from": "kimden|gönderen",
            "sent": "gönderme tarihi|gönderilme tarihi|gönderildi|tarih|gönderilen",
            "to": "kime|alıcı",
            "cc": "bilgi|cc",
            "subject": "konu",
        },
        originals="özgün ileti|orijinal mesaj|orijinal ileti|özgün mesaj|orjinal mesaj|asıl ileti"
        "|orijinal e-posta",
        forwards="iletilen mesaj|yönlendirilen ileti|i̇letilen mesaj|yönlendirilmiş ileti"
        "|i̇letilmiş mesaj|iletilmiş mesaj|yönlendirilen mesaj|iletilen e-posta"
        "|yönlendirilen iletinin başlangıcı",
        devices="iphone…gönderildi|ipad…gönderildi|outlook for…edinin"
        "|android…gönderildi|samsung…gönderildi|windows…gönderildi|telefonumdan gönderildi",
    ),
    Language(
        "zh",
        opens="在|于|於",
        verbs="写道|寫道|写到|撰寫|写了|寫了",
        labels={
            "from": "发件人|寄件者|寄件人",
            "sent": "发送时间|发送日期|日期|寄件日期|傳送時間|时间|時間",
            "to": "收件人|收件者",
            "cc": "抄送|副本",
            "subject": "主题|主旨|主題",
        },
        originals="原始邮件|原始郵件|邮件原件|回复的原邮件|原邮件|原文|原信|原始訊息|原始信件"
        "|回复的邮件"
        "|邮件原文|原始消息|原始会议",
        forwards="转发的邮件|轉寄的郵件|转发邮件信息|已转发邮件|以下是轉寄的郵件|转发邮件"
        "|轉寄郵件"
        "|開始轉寄郵件|开始转发邮件|轉寄信件|转发的消息|轉寄訊息|以下是转发的邮件|開始轉寄訊息",
        devices="发自我的|從我的…傳送|从我的…发送|傳送自我的|获取 outlook for|發自我的|寄自我的"
        "|取得 outlook for|下载 outlook|从 windows 版邮件发送|从 windows…发送|发送自我的",
    ),
    Language(
        "ja",
        opens="",
        verbs="のメール|は書きました|が書きました|は次のように書きました|のメッセージ"
        "|様は書きました"
        "|さんのコメント",
        labels={
            "from": "差出人|送信者|送信元",
            "sent": "送信日時|日時|日付|送信日|送信時刻",
            "to": "宛先|受信者",
            "cc": "cc",
            "subject": "件名|題名",
        },
        originals="元のメッセージ|元のメール|original message|オリジナルメッセージ|元の予定"
        "|オリジナルのメッセージ",
        forwards="転送されたメッセージ|転送メッセージ|以下転送|以下転送メール|転送メール"
        "|以下、転送されたメッセージ",
        devices="iphone…から送信|ipad…から送信|android…から送信|outlook for…を入手"
        "|windows…から送信"
        "|スマートフォン…から送信|携帯から送信|outlook…から送信",
    ),
    Language(
        "ko",
        opens="",
        verbs="님이 작성|님이 쓴 글|작성|님이 다음을 작성|님의 말|님이 쓰신 글",
        labels={
            "from": "보낸 사람|보낸사람",
            "sent": "보낸 날짜|날짜|보낸 시간|보낸날짜",
            "to": "받는 사람|받는사람",
            "cc": "참조",
            "subject": "제목",
        },
        originals="원본 메시지|원본 메일|원본메일|원본메시지|원문 메시지|original message",
        forwards="전달된 메시지|전달된 메일|전달된 이메일|전달한 메시지|전달된 메시지의 시작",
        devices="나의…에서 보냄|내…에서 보냄|iphone…에서 보냄|android용 outlook…|ios용 outlook…"
        "|windows용 메일…보냄|outlook…다운로드|갤럭시에서 보냄|내 갤럭시…보냄",
    ),
    Language(
        "he",
        opens="בתאריך|ב|ביום",
        verbs="כתב|כתבה|מאת|כתב/ה|כתב/כתבה|כתבו",
        labels={
            "from": "מאת",
            "sent": "נשלח|תאריך",
            "to": "אל",
            "cc": "עותק",
            "subject": "נושא",
        },
        originals="הודעה מקורית|ההודעה המקורית|מסר מקורי",
        forwards="הודעה שהועברה|הודעה מועברת|תחילת הודעה מועברת|תחילת ההודעה שהועברה",
        devices="נשלח מה|נשלח מ-|נשלח מתוך|השג את outlook|קבל את outlook",
    ),
    Language(
        "ar",
        opens="في|بتاريخ",
        verbs="كتب|كتبت|كتب/كتبت|تمت كتابة ما يلي بواسطة|كتب ما يلي",
        labels={
            "from": "من",
            "sent": "تم الإرسال|التاريخ|أرسلت|تاريخ الإرسال|مرسل",
            "to": "إلى",
            "cc": "نسخة",
            "subject": "الموضوع",
        },
        originals="الرسالة الأصلية|رسالة أصلية|البريد الأصلي",
        forwards="رسالة معاد توجيهها|الرسالة المعاد توجيهها|بدء الرسالة المعاد توجيهها"
        "|رسالة محولة|بداية الرسالة المعاد توجيهها",
        devices="مرسل من|أرسلت من|أُرسلت من|تم الإرسال من|الحصول على outlook|تم إرساله من",
    ),
    Language(
        "vi",
        opens="vào|ngày|lúc",
        verbs="đã viết|viết",
        labels={
            "from": "từ|người gửi",
            "sent": "đã gửi|ngày|ngày gửi|gửi lúc|thời gian",
            "to": "tới|đến|người nhận",
            "cc": "cc",
            "subject": "chủ đề|tiêu đề",
        },
        originals="thư gốc|tin nhắn gốc|thư ban đầu|tin gốc",
        forwards="thư được chuyển tiếp|tin nhắn chuyển tiếp|thư đã chuyển tiếp"
        "|tin nhắn được chuyển tiếp"
        "|thư chuyển tiếp|bắt đầu thư được chuyển tiếp",
        devices="đã gửi từ|được gửi từ|gửi từ iphone|gửi từ điện thoại|tải outlook cho"
        "|lấy outlook cho",
    ),
    Language(
        "sk",
        opens="dňa|dňa:",
        verbs="napísal|napísala|napísal(a)|napísal/a|píše|odosielateľ",
        labels={
            "from": "od|odosielateľ",
            "sent": "odoslané|dátum",
            "to": "komu|príjemca",
            "cc": "kópia",
            "subject": "predmet",
        },
        originals="pôvodná správa|pôvodný e-mail",
        forwards="preposlaná správa|preposlaný e-mail|začiatok preposlanej správy"
        "|začiatok posielanej správy ďalej",
        devices="odoslané z iphon|odoslané z ipad|odoslané z môjho|odoslané z mobil"
        "|odoslané z aplikácie|odoslané z outlook|získať outlook pre",
    ),
    Language(
        "hr",
        opens="dana|na datum",
        verbs="napisao je|napisala je|je napisao|je napisala|je napisao/la|napisao/la je|piše"
        "|napisao",
        labels={
            "from": "od|šalje|pošiljatelj",
            "sent": "poslano|poslato|datum|datum slanja",
            "to": "prima|za|primatelj",
            "cc": "kopija",
            "subject": "predmet|naslov",
        },
        originals="izvorna poruka|originalna poruka|prvobitna poruka|izvorna e-pošta",
        forwards="proslijeđena poruka|prosleđena poruka|početak proslijeđene poruke"
        "|početak prosleđene poruke",
        devices="poslano s iphone|poslano s ipada|poslano s mog|poslato sa|poslato iz"
        "|preuzmite outlook za|nabavite outlook za",
    ),
    Language(
        "sr",
        opens="дана",
        verbs="је написао|је написала|је написао/ла|написао је|написала је|пише",
        labels={
            "from": "од|шаље",
            "sent": "послато|датум",
            "to": "за|прима|коме",
            "cc": "копија",
            "subject": "тема|наслов|предмет",
        },
        originals="изворна порука|оригинална порука|првобитна порука",
        forwards="прослеђена порука|почетак прослеђене поруке",
        devices="послато са|послато из|послато с мог",
    ),
    Language(
        "sl",
        opens="dne|v",
        verbs="je napisal|je napisala|je napisal/a|je oseba|napisala|napisal|piše",
        labels={
            "from": "od|pošiljatelj",
            "sent": "poslano|datum",
            "to": "za|prejemnik",
            "cc": "kp|v vednost",
            "subject": "zadeva",
        },
        originals="izvirno sporočilo|prvotno sporočilo|originalno sporočilo",
        forwards="posredovano sporočilo|začetek posredovanega sporočila",
        devices="poslano z iphon|poslano z mojega|poslano iz mojega|poslano iz moje"
        "|prenesite outlook",
    ),
    Language(
        "bg",
        opens="на|в",
        verbs="написа|пише|писа",
        labels={
            "from": "от|подател",
            "sent": "изпратено|дата|изпратен",
            "to": "до|получател",
            "cc": "копие|як",
            "subject": "относно|тема",
        },
        originals="оригинално съобщение|първоначално съобщение|изходно съобщение|оригинално писмо",
        forwards="препратено съобщение|препратено писмо|начало на препратеното съобщение"
        "|начало на препратено съобщение",
        devices="изпратено от моя|изпратено от iphone|изпратено от мобил|изпратено от ipad"
        "|изпратено от outlook|изпратено от поща|изтеглете outlook за",
    ),
    Language(
        "ca",
        opens="el|missatge de|el dia",
        verbs="va escriure|ha escrit|del dia|escrigué",
        labels={
            "from": "de|remitent",
            "sent": "enviat|data|enviat el",
            "to": "per a|a",
            "cc": "a/c|cc",
            "subject": "assumpte|tema",
        },
        originals="missatge original",
        forwards="missatge reenviat|inici del missatge reenviat|missatge reexpedit",
        devices="enviat des del meu|enviat des de|enviat de l|obteniu outlook per",
    ),
    Language(
        "gl",
        opens="o|en",
        verbs="escribiu",
        labels={
            "from": "de|remitente",
            "sent": "enviado o|data|enviado",
            "to": "para|a",
            "cc": "cc",
            "subject": "asunto",
        },
        originals="mensaxe orixinal",
        forwards="mensaxe reenviada",
        devices="enviado dende o meu|enviado desde o meu",
    ),
    Language(
        "et",
        opens="kuupäev|kuupäeval",
        verbs="kirjutas|kirjutab",
        labels={
            "from": "saatja|kellelt",
            "sent": "saadetud|kuupäev|saatmisaeg",
            "to": "adressaat|saaja|kellele",
            "cc": "koopia",
            "subject": "teema",
        },
        originals="algne kiri|algne sõnum|algsõnum|originaalkiri|algne e-kiri",
        forwards="edastatud kiri|edastatud sõnum|edastatud e-kiri|edastatud kirja algus",
        devices="saadetud minu|saadetud iphone|saadetud telefonist|hankige outlook",
    ),
    Language(
        "lv",
        opens="plkst.",
        verbs="rakstīja|raksta|lietotājs",
        labels={
            "from": "no|sūtītājs",
            "sent": "nosūtīts|datums",
            "to": "kam|adresāts",
            "cc": "kopija",
            "subject": "tēma|temats",
        },
        originals="sākotnējais ziņojums|oriģinālais ziņojums|sākotnējā ziņa|sākotnējā vēstule",
        forwards="pārsūtīts ziņojums|pārsūtītā ziņa|pārsūtīta vēstule|pārsūtītās ziņas sākums",
        devices="nosūtīts no mana|nosūtīts no iphone|sūtīts no mana|iegūstiet outlook",
    ),
    Language(
        "lt",
        opens="data:",
        verbs="rašė|parašė",
        labels={
            "from": "nuo|siuntėjas",
            "sent": "išsiųsta|data|išsiųstas",
            "to": "kam|gavėjas|iki",
            "cc": "kopija",
            "subject": "tema",
        },
        originals="pradinis pranešimas|originalus laiškas|pirminis pranešimas|originali žinutė",
        forwards="persiųstas laiškas|persiųstas pranešimas|persiunčiamas laiškas"
        "|persiunčiamo laiško pradžia",
        devices="išsiųsta iš mano|išsiųsta iš iphone|siųsta iš mano|gaukite outlook",
    ),
    Language(
        "th",
        opens="ในวันที่|เมื่อ|วันที่",
        verbs="เขียนว่า|เขียน",
        labels={
            "from": "จาก",
            "sent": "ส่งเมื่อ|ส่ง|วันที่|ส่งแล้ว",
            "to": "ถึง",
            "cc": "สำเนา|สำเนาถึง",
            "subject": "เรื่อง|หัวเรื่อง",
        },
        originals="ข้อความต้นฉบับ|ข้อความเดิม|ต้นฉบับ",
        forwards="ข้อความที่ส่งต่อ|ข้อความส่งต่อ|เริ่มข้อความที่ส่งต่อ",
        devices="ส่งจาก iphone|ส่งจาก ipad|ส่งจากโทรศัพท์|ส่งจาก outlook|รับ outlook"
        "|ดาวน์โหลด outlook"
        "|ส่งจาก iphone ของฉัน",
    ),
    Language(
        "id",
        opens="pada|pada tanggal",
        verbs="menulis",
        labels={
            "from": "dari|daripada",
            "sent": "dikirim|tanggal|terkirim|dihantar",
            "to": "kepada|ke|untuk",
            "cc": "salinan",
            "subject": "perihal|subjek|judul",
        },
        originals="pesan asli|pesan asal|mesej asal|email asli",
        forwards="pesan terusan|pesan yang diteruskan|mesej dimajukan|awal pesan yang diteruskan"
        "|awal pesan diteruskan",
        devices="dikirim dari|terkirim dari|dapatkan outlook untuk|dihantar daripada",
    ),
    Language(
        "fa",
        opens="در تاریخ|در",
        verbs="نوشت|نوشته است|نوشته",
        labels={
            "from": "از",
            "sent": "ارسال شده|ارسال|تاریخ",
            "to": "به",
            "cc": "رونوشت",
            "subject": "موضوع",
        },
        originals="پیام اصلی|پیغام اصلی",
        forwards="پیام هدایت‌شده|پیام ارسال شده|پیام ارجاع شده",
        devices="ارسال شده از|ارسال‌شده از|فرستاده شده از",
    ),
    Language(
        "hi",
        opens="को|दिनांक",
        verbs="ने लिखा|लिखा",
        labels={
            "from": "प्रेषक|से",
            "sent": "भेजा गया|दिनांक|तारीख",
            "to": "प्रति|प्रेषिती|को",
            "cc": "प्रतिलिपि",
            "subject": "विषय",
        },
        originals="मूल संदेश",
        forwards="अग्रेषित संदेश",
        devices="मेरे…से भेजा गया",
    ),
)
