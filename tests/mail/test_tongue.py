"""In which language somebody writes."""

import pytest

from mailgate.mail.tongue import tongue

WRITTEN = {
    "en": [
        "Hello, my printer does not print since yesterday. What can I do?",
        "I have not received the invoice for my order, please send it to this address.",
        "The app crashes when I open the settings.",
    ],
    "de": [
        "Guten Tag, mein Drucker druckt seit gestern nicht. Was kann ich tun?",
        "Ich habe die Rechnung noch nicht bekommen, bitte senden Sie sie mir zu.",
        "Hallo, die Anwendung stürzt ab, wenn ich die Einstellungen öffne.",
    ],
    "fr": [
        "Bonjour, mon imprimante n'imprime plus depuis hier. Que puis-je faire ?",
        "Je n'ai pas reçu la facture de ma commande, merci de me l'envoyer.",
        "L'application se ferme quand j'ouvre les paramètres, est-ce que vous pouvez m'aider ?",
    ],
    "es": [
        "Hola, mi impresora no imprime desde ayer. ¿Qué puedo hacer?",
        "No he recibido la factura de mi pedido, por favor envíenla a esta dirección.",
        "Buenos días, la aplicación se cierra cuando abro la configuración.",
    ],
    "pt": [
        "Olá, a minha impressora não imprime desde ontem. O que posso fazer?",
        "Não recebi a fatura do meu pedido, por favor envie para este endereço.",
        "Bom dia, o aplicativo fecha quando abro as configurações, não sei o que fazer.",
    ],
    "ru": [
        "Здравствуйте, мой принтер не печатает со вчерашнего дня.",
        "Я не получил счёт за заказ, пришлите, пожалуйста, на этот адрес. Буду очень благодарен.",
    ],
    "zh": ["您好，我的打印机从昨天开始不能打印。", "没有收到发票"],
    "ar": ["مرحبا، طابعتي لا تطبع منذ أمس. ماذا أفعل؟"],
    "it": ["Buongiorno, la mia stampante non stampa da ieri. Che cosa posso fare?"],
    "nl": ["Hallo, mijn printer werkt niet meer sinds gisteren, kan ik het zelf oplossen?"],
    "sv": ["Hej, min skrivare fungerar inte sedan igår. Vad kan jag göra åt det?"],
    "pl": ["Dzień dobry, nie działa mi drukarka od wczoraj, co mam z tym zrobić?"],
}


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in WRITTEN.items() for text in texts]
)
def test_a_letter_is_known_by_its_language(code, text):
    assert tongue(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "TKT-2026-00042",
        "Printer",
        "https://www.example.com/the/and/is/are/not alice@the.example",
        "12345 !!! ???",
        "プリンターが印刷しません。",  # Japanese
        "프린터가 인쇄되지 않습니다. 도와주세요.",  # Korean
        "سلام، چاپگر من از دیروز چاپ نمی‌کند",  # Persian
        "Доброго дня, мій принтер не друкує з учора",  # Ukrainian
        (  # Bulgarian
            "Здравейте, принтерът ми не печата от вчера и не мога да разпечатам документите си, "
            "моля да ми помогнете с този проблем."
        ),
        "lorem ipsum dolor sit amet consectetur",
        "Hello и 你好 مرحبا Γεια",
        "the der le el o",
    ],
)
def test_where_it_is_not_sure_nothing_is_said(text):
    assert tongue(text) == ""


def test_a_long_text_costs_no_more_than_its_beginning():
    assert tongue("Hello, the printer is not with you. " * 100_000) == "en"
