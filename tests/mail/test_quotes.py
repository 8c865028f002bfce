"""The table of languages, and what is made of it."""

import pytest

from mailgate.mail import quotes
from mailgate.mail.body import divide
from mailgate.mail.languages import LANGUAGES


def new_text(lines, *, reply):
    return divide(lines, reply=reply).new


DEMANDED = {
    "en",
    "de",
    "fr",
    "es",
    "it",
    "nl",
    "pt",
    "pl",
    "sv",
    "da",
    "no",
    "ru",
    "zh",
    "ja",
    "tr",
}


def test_every_language_we_promise_has_its_row():
    codes = [language.code for language in LANGUAGES]
    assert DEMANDED.issubset(codes)
    assert len(codes) == len(set(codes))


def test_the_tables_hold_lower_case_words_without_blanks_around():
    for language in LANGUAGES:
        columns = [language.opens, language.verbs, language.originals, language.forwards]
        for column in (*columns, language.devices, *language.labels.values()):
            for word in column.split("|"):
                assert word == word.strip().lower()


def test_no_label_means_two_things():
    meanings = {}
    for language in LANGUAGES:
        for kind, labels in language.labels.items():
            for label in labels.split("|"):
                assert meanings.setdefault(label, kind) == kind, (language.code, label)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_a_quoted_header_is_found_in_every_language(language):
    first = {kind: labels.split("|")[0].capitalize() for kind, labels in language.labels.items()}
    quoted = [
        f"{first['from']}: Support <support@desk.example>",
        f"{first['sent']}: 9.11.2026 10:02",
        f"{first['to']}: Mara",
        f"{first['subject']}: Printer",
        "",
        "What does it show?",
    ]
    assert new_text(["E-17", "", *quoted], reply=True) == "E-17"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_the_words_in_front_of_originals_and_forwards_are_known_in_every_language(language):
    for phrase in language.originals.split("|"):
        lines = ["E-17", f"-----{phrase.title()}-----", "old"]
        assert new_text(lines, reply=True) == "E-17"
    for phrase in language.forwards.split("|"):
        lines = ["See", f"---------- {phrase} ---------", "From: x", "Date: y", "Subject: z", "old"]
        assert new_text(lines, reply=True).endswith("old")


@pytest.mark.parametrize("start_and_end", quotes.DEVICES, ids="…".join)
def test_the_signature_of_a_telephone_is_folded_away(start_and_end):
    line = " X ".join(start_and_end).strip()
    assert new_text(["E-17", "", line], reply=False) == "E-17"
    assert new_text([line, "", "E-17"], reply=False).endswith("E-17")


@pytest.mark.parametrize(
    ("subject", "reply", "forward"),
    [
        ("re: x", True, False),
        ("aw: x", True, False),
        ("re[2]: x", True, False),
        ("回复：x", True, False),
        ("отв: x", True, False),
        ("[tkt-2026-00042] re: x", True, False),
        ("fwd: re: x", False, True),
        ("wg: x", False, True),
        ("i: x", False, True),
        ("return of the printer: x", False, False),
        ("reply", False, False),
        ("", False, False),
    ],
)
def test_the_subject_of_a_reply_or_forward_is_known(subject, reply, forward):
    assert bool(quotes.REPLY.match(subject)) == reply
    assert bool(quotes.FORWARD.match(subject)) == forward


@pytest.mark.parametrize(
    "quoted",
    [
        "\u200f##- للرد، اكتبوا فوق هذا السطر مباشرة -##",
        "> \u200f##- للرد، اكتبوا فوق هذا السطر مباشرة -##\n> قديم",
        "##- 如需回复，请直接在此行上方写下内容 -##",
        (
            "\u200fمن: Support <support@desk.example>\n\u200fتم الإرسال: 9 نوفمبر 2026 10:02\n"
            "\u200fإلى: Carol <carol@client.example>\n\u200fالموضوع: Re: x\n"
        ),
        (
            "\u202bفي الاثنين، ٩ نوفمبر ٢٠٢٦ في ١٠:٠٢ ص تمت كتابة ما يلي بواسطة "
            "\u202aSupport\u202c\u200f <\u202asupport@desk.example\u202c\u200f>:\u202c\n"
        ),
        '在 2026-11-09 10:02:00，"Support" <support@desk.example> 写道：',
        "Support <support@desk.example> 于2026年11月9日周一 10:02写道：\n",
        (
            "------------------\xa0原始邮件\xa0------------------\n"
            '发件人: "Support" <support@desk.example>;\n主题: Re: x\n'
        ),
    ],
)
def test_chinese_and_arabic_answers_end_where_the_quote_begins(quoted):
    lines = ["شكرا، 明白了", "", *quoted.split("\n"), "قديم"]

    assert new_text(lines, reply=True) == "شكرا، 明白了"
