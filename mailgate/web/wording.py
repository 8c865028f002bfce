"""What the page says, by language; the words are those of the mails."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language's; `language` is its code, `rtl`: it runs from right to left."""

    language: str
    question: str
    yes: str
    no: str
    missing: str
    settled: str
    rate: str
    comment: str
    rated: str
    reopened: str
    over: str
    unknown: str
    later: str
    too_large: str
    too_often: str
    rtl: bool = False


_ENGLISH = Words(
    language="en",
    question="Is everything settled?",
    yes="Yes, it is settled",
    no="No, it is not",
    missing="What is missing? (You need not write anything.)",
    settled="Thank you. The ticket is closed.",
    rate="How satisfied are you? (1: not at all, 5: very)",
    comment="Would you like to say why? (You need not.)",
    rated="Thank you for your rating.",
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
    rate="Wie zufrieden sind Sie? (1: gar nicht, 5: sehr)",
    comment="Möchten Sie sagen, warum? (Sie müssen nicht.)",
    rated="Vielen Dank für Ihre Bewertung.",
    reopened="Vielen Dank. Wir nehmen die Sache wieder auf.",
    over="Diese Frage ist nicht mehr offen, und es wurde nichts geändert. "
    "Um uns zu erreichen, antworten Sie einfach auf eine unserer Mails.",
    unknown="Diese Seite gibt es nicht.",
    later="Hier ist etwas nicht in Ordnung, und es wurde nichts geändert. "
    "Bitte versuchen Sie es später noch einmal.",
    too_large="Das ist zu lang, und es wurde nichts geändert. Bitte schreiben Sie es uns per Mail.",
    too_often="Das war zu oft. Bitte versuchen Sie es in einer Minute noch einmal.",
)
_FRENCH = Words(
    language="fr",
    question="Tout est-il réglé\N{NO-BREAK SPACE}?",
    yes="Oui, tout est réglé",
    no="Non, pas encore",
    missing="Que manque-t-il\N{NO-BREAK SPACE}? (Vous n'êtes pas obligé d'écrire.)",
    settled="Merci. Le ticket est fermé.",
    rate="Êtes-vous satisfait\N{NO-BREAK SPACE}? "
    "(1\N{NO-BREAK SPACE}: pas du tout, 5\N{NO-BREAK SPACE}: très)",
    comment="Souhaitez-vous dire pourquoi\N{NO-BREAK SPACE}? (Facultatif.)",
    rated="Merci de votre évaluation.",
    reopened="Merci. Nous reprenons votre demande.",
    over="Cette question n'est plus ouverte, et rien n'a été modifié. "
    "Pour nous joindre, répondez simplement à l'un de nos messages.",
    unknown="Cette page n'existe pas.",
    later="Quelque chose ne fonctionne pas ici, et rien n'a été modifié. "
    "Veuillez réessayer plus tard.",
    too_large="C'est trop long, et rien n'a été modifié. Veuillez nous l'écrire par e-mail.",
    too_often="C'était trop souvent. Veuillez réessayer dans une minute.",
)
_SPANISH = Words(
    language="es",
    question="¿Está todo resuelto?",
    yes="Sí, está resuelto",
    no="No, todavía no",
    missing="¿Qué falta? (No hace falta que escriba nada.)",
    settled="Gracias. El ticket está cerrado.",
    rate="¿Está satisfecho? (1: nada, 5: mucho)",
    comment="¿Quiere decir por qué? (No es necesario.)",
    rated="Gracias por su valoración.",
    reopened="Gracias. Lo retomaremos.",
    over="Esta pregunta ya no está abierta y no se ha cambiado nada. "
    "Para escribirnos, responda a uno de nuestros mensajes.",
    unknown="Esta página no existe.",
    later="Algo no funciona aquí y no se ha cambiado nada. Inténtelo de nuevo más tarde.",
    too_large="Es demasiado largo y no se ha cambiado nada. Escríbanoslo por correo.",
    too_often="Han sido demasiadas veces. Inténtelo de nuevo dentro de un minuto.",
)
_PORTUGUESE = Words(
    language="pt",
    question="Está tudo resolvido?",
    yes="Sim, está resolvido",
    no="Não, ainda não",
    missing="O que falta? (Não é preciso escrever nada.)",
    settled="Obrigado. O ticket está fechado.",
    rate="Está satisfeito? (1: nada, 5: muito)",
    comment="Quer dizer por quê? (Não é preciso.)",
    rated="Obrigado pela sua avaliação.",
    reopened="Obrigado. Retomaremos o assunto.",
    over="Esta pergunta já não está aberta e nada foi alterado. "
    "Para falar conosco, basta responder a uma das nossas mensagens.",
    unknown="Esta página não existe.",
    later="Algo não funciona aqui e nada foi alterado. Tente de novo mais tarde.",
    too_large="É longo demais e nada foi alterado. Escreva-nos por e-mail.",
    too_often="Foram vezes demais. Tente de novo daqui a um minuto.",
)
_RUSSIAN = Words(
    language="ru",
    question="Всё решено?",
    yes="Да, всё решено",
    no="Нет, ещё нет",
    missing="Чего не хватает? (Писать необязательно.)",
    settled="Спасибо. Заявка закрыта.",
    rate="Довольны ли вы? (1: совсем нет, 5: очень)",
    comment="Хотите сказать почему? (Необязательно.)",
    rated="Спасибо за вашу оценку.",
    reopened="Спасибо. Мы продолжим работу.",
    over="Этот вопрос больше не открыт, и ничего не изменено. "
    "Чтобы написать нам, просто ответьте на одно из наших писем.",
    unknown="Такой страницы нет.",
    later="Здесь что-то не работает, и ничего не изменено. Пожалуйста, попробуйте позже.",
    too_large="Это слишком длинно, и ничего не изменено. Пожалуйста, напишите нам письмом.",
    too_often="Слишком много запросов. Пожалуйста, попробуйте через минуту.",
)
_CHINESE = Words(
    language="zh",
    question="是否已全部解决？",
    yes="是，已解决",
    no="否，还没有",
    missing="还缺什么？（可以不填。）",
    settled="谢谢。工单已关闭。",
    rate="您满意吗？（1：很不满意，5：很满意）",
    comment="您愿意说明原因吗？（可以不填。）",
    rated="感谢您的评价。",
    reopened="谢谢。我们会继续处理。",
    over="此问题已不再有效，没有作任何更改。如需联系我们，请直接回复我们的任意一封邮件。",
    unknown="没有这个页面。",
    later="此处出现故障，没有作任何更改。请稍后再试。",
    too_large="内容过长，没有作任何更改。请发邮件告诉我们。",
    too_often="请求过于频繁。请一分钟后再试。",
)
_ARABIC = Words(
    language="ar",
    question="هل حُلّ كل شيء؟",
    yes="نعم، حُلّ الأمر",
    no="لا، ليس بعد",
    missing="ما الذي ينقص؟ (لا حاجة إلى كتابة شيء.)",
    settled="شكرا لكم. أُغلقت التذكرة.",
    rate="ما مدى رضاكم؟ (1: غير راضين إطلاقا، 5: راضون جدا)",
    comment="هل تودون ذكر السبب؟ (ليس ضروريا.)",
    rated="شكرا لكم على تقييمكم.",
    reopened="شكرا لكم. سنستأنف العمل على طلبكم.",
    over="لم يعد هذا السؤال مفتوحا، ولم يتغير شيء. للتواصل معنا يكفي الرد على إحدى رسائلنا.",
    unknown="لا توجد صفحة كهذه.",
    later="هناك خلل هنا، ولم يتغير شيء. يرجى المحاولة لاحقا.",
    too_large="هذا أطول مما ينبغي، ولم يتغير شيء. يرجى كتابته لنا في رسالة.",
    too_often="تكررت الطلبات كثيرا. يرجى المحاولة بعد دقيقة.",
    rtl=True,
)
_EVERY = (
    _ENGLISH,
    _GERMAN,
    _FRENCH,
    _SPANISH,
    _PORTUGUESE,
    _RUSSIAN,
    _CHINESE,
    _ARABIC,
)
_ALL = {words.language: words for words in _EVERY}


def words_for(locale: str) -> Words:
    """Return the words for a locale such as `de-AT`; English where there are no others."""
    return _ALL.get(locale.replace("_", "-").partition("-")[0].lower(), _ENGLISH)
