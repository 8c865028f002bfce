"""What the page for an approval shows, and the words by language; they are those of the mails."""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from fastapi import Response

from mailgate.web.approving import Approving, Standing, Wanted
from mailgate.web.frame import whole
from mailgate.web.wording import words_for


@dataclass(frozen=True, slots=True)
class Words:
    """One language's; `{}` stands for a name or a reason."""

    question: str
    asked_by: str
    to: str
    reason: str
    approve: str
    reject: str
    why: str
    unexplained: str
    approved: str
    rejected: str
    over: str


_WORDS = {
    "en": Words(
        question="Shall this ticket be escalated?",
        asked_by="Asked for by {}",
        to="To {}",
        reason="Reason: {}",
        approve="Approve",
        reject="Reject",
        why="Why not?",
        unexplained="Nothing was changed: please write why not.",
        approved="Approved. The ticket has been escalated.",
        rejected="Rejected. The ticket stays as it is.",
        over="This is no longer to be decided, and nothing was changed.",
    ),
    "de": Words(
        question="Soll dieses Ticket eskaliert werden?",
        asked_by="Darum bittet {}",
        to="An {}",
        reason="Grund: {}",
        approve="Zustimmen",
        reject="Ablehnen",
        why="Warum nicht?",
        unexplained="Es wurde nichts geändert: Bitte schreiben Sie, warum nicht.",
        approved="Zugestimmt. Das Ticket ist eskaliert worden.",
        rejected="Abgelehnt. Das Ticket bleibt, wie es ist.",
        over="Hier ist nichts mehr zu entscheiden, und es wurde nichts geändert.",
    ),
    "fr": Words(
        question="Faut-il escalader ce ticket\N{NO-BREAK SPACE}?",
        asked_by="Demandé par {}",
        to="Vers {}",
        reason="Motif\N{NO-BREAK SPACE}: {}",
        approve="Approuver",
        reject="Refuser",
        why="Pourquoi pas\N{NO-BREAK SPACE}?",
        unexplained="Rien n'a été modifié\N{NO-BREAK SPACE}: veuillez écrire pourquoi pas.",
        approved="Approuvé. Le ticket a été escaladé.",
        rejected="Refusé. Le ticket reste tel quel.",
        over="Il n'y a plus rien à décider ici, et rien n'a été modifié.",
    ),
    "es": Words(
        question="¿Debe escalarse este ticket?",
        asked_by="Lo pide {}",
        to="A {}",
        reason="Motivo: {}",
        approve="Aprobar",
        reject="Rechazar",
        why="¿Por qué no?",
        unexplained="No se ha cambiado nada: escriba por qué no.",
        approved="Aprobado. El ticket se ha escalado.",
        rejected="Rechazado. El ticket queda como está.",
        over="Ya no hay nada que decidir aquí y no se ha cambiado nada.",
    ),
    "pt": Words(
        question="Este ticket deve ser escalado?",
        asked_by="Pedido por {}",
        to="Para {}",
        reason="Motivo: {}",
        approve="Aprovar",
        reject="Rejeitar",
        why="Por que não?",
        unexplained="Nada foi alterado: escreva por que não.",
        approved="Aprovado. O ticket foi escalado.",
        rejected="Rejeitado. O ticket fica como está.",
        over="Já não há nada a decidir aqui e nada foi alterado.",
    ),
    "ru": Words(
        question="Эскалировать эту заявку?",
        asked_by="Просит: {}",
        to="Кому: {}",
        reason="Причина: {}",
        approve="Согласовать",
        reject="Отклонить",
        why="Почему нет?",
        unexplained="Ничего не изменено: пожалуйста, напишите, почему нет.",
        approved="Согласовано. Заявка эскалирована.",
        rejected="Отклонено. Заявка остаётся как есть.",
        over="Здесь больше нечего решать, и ничего не изменено.",
    ),
    "zh": Words(
        question="是否升级此工单？",
        asked_by="请求人：{}",
        to="升级给：{}",
        reason="原因：{}",
        approve="批准",
        reject="拒绝",
        why="为什么不批准？",
        unexplained="没有作任何更改：请说明原因。",
        approved="已批准。工单已升级。",
        rejected="已拒绝。工单保持不变。",
        over="此处已无需决定，没有作任何更改。",
    ),
    "ar": Words(
        question="هل تُصعَّد هذه التذكرة؟",
        asked_by="بطلب من {}",
        to="إلى {}",
        reason="السبب: {}",
        approve="موافقة",
        reject="رفض",
        why="لماذا لا؟",
        unexplained="لم يتغير شيء: يرجى كتابة السبب.",
        approved="تمت الموافقة. صُعِّدت التذكرة.",
        rejected="مرفوض. تبقى التذكرة كما هي.",
        over="لم يعد هنا ما يُقرَّر، ولم يتغير شيء.",
    ),
}


def answer(
    approving: Approving, token: str, now: datetime, said: tuple[str, str] | None
) -> Response | None:
    """Let an answer happen, if there is one, and return the page; None for no link of ours."""
    if said is None or said[0] not in ("yes", "no"):
        wanted = approving.look(token, now)
    else:
        wanted = approving.decide(token, now, None if said[0] == "yes" else said[1])
    return None if wanted is None else _shown(wanted)


def _shown(wanted: Wanted) -> Response:
    frame = words_for(wanted.language)
    words = _WORDS[frame.language]
    facts = (
        (words.asked_by, wanted.asked_by),
        (words.to, wanted.to),
        (words.reason, wanted.reason),
    )
    said = [escape(text).format(f"<bdi>{escape(value)}</bdi>") for text, value in facts if value]
    form = _FORM.format(
        question=escape(words.question),
        facts=f"<p>{'<br>'.join(said)}</p>" if said else "",
        approve=escape(words.approve),
        reject=escape(words.reject),
        why=escape(words.why),
    )
    below = {
        Standing.ASKED: form,
        Standing.UNEXPLAINED: f"<p>{escape(words.unexplained)}</p>{form}",
        Standing.APPROVED: f"<p>{escape(words.approved)}</p>",
        Standing.REJECTED: f"<p>{escape(words.rejected)}</p>",
        Standing.OVER: f"<p>{escape(words.over)}</p>",
    }[wanted.standing]
    head = f"<h1>{escape(wanted.number)}</h1><p>{escape(wanted.subject)}</p>"
    return whole(frame, wanted.number, head + below, 200)


_FORM = (
    "<h2>{question}</h2>{facts}"
    '<form method="post"><button name="answer" value="yes">{approve}</button></form>'
    '<form method="post"><label for="text">{why}</label>'
    '<textarea id="text" name="text" rows="4" maxlength="1000" required></textarea>'
    '<button class="no" name="answer" value="no">{reject}</button></form>'
)
