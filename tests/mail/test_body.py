"""What of a text is new. The addresses and words are made up; the forms are those of programs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import body
from mailgate.mail.body import attribution, classify, divide
from mailgate.mail.languages import LANGUAGES

NEW = "It shows E-17."
OLD = ["Good morning,", "", "what does it show?"]
QUOTED = ["> Good morning,", ">", "> what does it show?"]


def new(*lines, cues="", reply=True, forwarded=False):
    split = [piece for line in lines for piece in line.split("\n")]
    return divide(split, cues, reply=reply, forwarded=forwarded).new


ATTRIBUTIONS = {
    "gmail en": "On Mon, Nov 9, 2026 at 10:02 AM Ann Lee <ann@desk.example> wrote:",
    "gmail de": "Am Mo., 9. Nov. 2026 um 10:02 Uhr schrieb Ann Lee <ann@desk.example>:",
    "gmail fr": "Le lun. 9 nov. 2026 à 10:02, Ann Lee <ann@desk.example> a écrit :",
    "gmail es": "El lun, 9 nov 2026 a las 10:02, Ann Lee (<ann@desk.example>) escribió:",
    "gmail it": "Il giorno lun 9 nov 2026 alle ore 10:02 Ann Lee <ann@desk.example> ha scritto:",
    "gmail nl": "Op ma 9 nov 2026 om 10:02 schreef Ann Lee <ann@desk.example>:",
    "gmail pt-br": "Em seg., 9 de nov. de 2026 às 10:02, Ann Lee <ann@desk.example> escreveu:",
    "gmail pt": "Ann Lee <ann@desk.example> escreveu (segunda, 9/11/2026 à(s) 10:02):",
    "gmail pl": "pon., 9 lis 2026 o 10:02 Ann Lee <ann@desk.example> napisał(a):",
    "gmail sv": "Den mån 9 nov. 2026 kl 10:02 skrev Ann Lee <ann@desk.example>:",
    "gmail da": "Den man. 9. nov. 2026 kl. 10.02 skrev Ann Lee <ann@desk.example>:",
    "gmail no": "man. 9. nov. 2026 kl. 10:02 skrev Ann Lee <ann@desk.example>:",
    "gmail ru": "пн, 9 нояб. 2026 г. в 10:02, Ann Lee <ann@desk.example>:",
    "gmail zh": "Ann Lee <ann@desk.example> 于2026年11月9日周一 10:02写道：",
    "gmail ja": "2026年11月9日(月) 10:02 Ann Lee <ann@desk.example>:",
    "gmail tr": "Ann Lee <ann@desk.example>, 9 Kas 2026 Pzt, 10:02 tarihinde şunu yazdı:",
    "gmail cs": "po 9. 11. 2026 v 10:02 odesílatel Ann Lee <ann@desk.example> napsal:",
    "gmail fi": "ma 9. marrask. 2026 klo 10.02 Ann Lee (ann@desk.example) kirjoitti:",
    "gmail hu": "Ann Lee <ann@desk.example> ezt írta (időpont: 2026. nov. 9., H, 10:02):",
    "gmail ro": "În lun., 9 nov. 2026 la 10:02, Ann Lee <ann@desk.example> a scris:",
    "gmail el": "Στις Δευ 9 Νοε 2026 στις 10:02 π.μ., ο/η Ann Lee <ann@desk.example> έγραψε:",
    "gmail uk": "пн, 9 лист. 2026 р. о 10:02 Ann Lee <ann@desk.example> пише:",
    "gmail ko": "2026년 11월 9일 (월) 오전 10:02, Ann Lee <ann@desk.example>님이 작성:",
    "gmail vi": "Vào Th 2, 9 thg 11, 2026 vào lúc 10:02 Ann Lee <ann@desk.example> đã viết:",
    "gmail zh-tw": "Ann Lee <ann@desk.example> 於 2026年11月9日 週一 上午10:02寫道：",
    "gmail sk": "po 9. 11. 2026 o 10:02 Ann Lee <ann@desk.example> napísal(a):",
    "gmail hr": "pon, 9. stu 2026. u 10:02 Ann Lee <ann@desk.example> napisao je:",
    "gmail sr": "пон, 9. нов 2026. у 10:02 Ann Lee <ann@desk.example> је написао/ла:",
    "gmail sl": "V V pon., 9. nov. 2026 ob 10:02 je oseba Ann Lee <ann@desk.example> napisala:",
    "gmail bg": "На пн, 9.11.2026 г. в 10:02 Ann Lee <ann@desk.example> написа:",
    "gmail ca": "Missatge de Ann Lee <ann@desk.example> del dia dl., 9 de nov. 2026 a les 10:02:",
    "gmail gl": "O luns, 9 nov 2026 ás 10:02, Ann Lee (<ann@desk.example>) escribiu:",
    "gmail et": "Kuupäev E, 9. november 2026 kell 10:02 kirjutas Ann Lee <ann@desk.example>:",
    "gmail lv": "Pirmd., 2026. g. 9. nov., plkst. 10:02 — lietotājs Ann Lee (<ann@desk.example>)"
    " rakstīja:",
    "gmail lt": "2026-11-09, pr, 10:02 Ann Lee <ann@desk.example> rašė:",
    "gmail th": "ในวันที่ จ. 9 พ.ย. 2026 เวลา 10:02 Ann Lee <ann@desk.example> เขียนว่า:",
    "gmail id": "Pada tanggal Sen, 9 Nov 2026 pukul 10.02 Ann Lee <ann@desk.example> menulis:",
    "gmail he": "\u202bבתאריך יום ב׳, 9 בנוב׳ 2026 ב-10:02 מאת \u202aAnn Lee\u202c\u200f"
    " <\u202aann@desk.example\u202c\u200f>:\u202c",
    "gmail ar": "في الاثنين، 9 نوفمبر 2026 في 10:02 ص تمت كتابة ما يلي بواسطة Ann Lee"
    " <\u202aann@desk.example\u202c\u200f>:",
    "gmail fa": "در تاریخ دوشنبه ۹ نوامبر ۲۰۲۶، ۱۰:۰۲ Ann Lee <ann@desk.example> نوشت:",
    "gmail hi": "सोम, 9 नव॰ 2026 को 10:02 am बजे को Ann Lee <ann@desk.example> ने लिखा:",
    "gmail 2014": "2026-11-09 10:02 GMT+01:00 Ann Lee <ann@desk.example>:",
    "zoho": "---- On Mon, 09 Nov 2026 10:02:11 +0100 Ann Lee <ann@desk.example> wrote ----",
    "zimbra": "----- On Nov 9, 2026, at 10:02 AM, Ann Lee ann@desk.example wrote:",
    "proton": "On Monday, November 9th, 2026 at 10:02 AM, Ann Lee <ann@desk.example> wrote:",
    "mailbird": "On 09.11.2026 10:02:11, Ann Lee <ann@desk.example> wrote:",
    "spark": "On 9 Nov 2026 at 10:02 +0100, Ann Lee <ann@desk.example>, wrote:",
    "front": "On November 9, 2026 at 10:02 AM, Ann Lee (ann@desk.example) wrote:",
    "hey": "On November 9, 2026, Ann Lee <ann@desk.example> wrote:",
    "fastmail": "On Mon, Nov 9, 2026, at 10:02 AM, Ann Lee wrote:",
    "evolution": "On Mon, 2026-11-09 at 10:02 +0100, Ann Lee wrote:",
    "roundcube de": "Am 2026-11-09 10:02, schrieb Ann Lee:",
    "aol": "In a message dated 11/9/2026 10:02:11 AM, ann@desk.example writes:",
    "mail.ru": "Понедельник, 9 ноября 2026, 10:02 +03:00 от Ann Lee <ann@desk.example>:",
    "yandex": '09.11.2026, 10:02, "Ann Lee" <ann@desk.example>:',
    "netease": '在 2026-11-09 10:02:11，"Ann Lee" <ann@desk.example> 写道：',
    "apple en": "On 9 Nov 2026, at 10:02, Ann Lee <ann@desk.example> wrote:",
    "apple de": "Am 09.11.2026 um 10:02 schrieb Ann Lee <ann@desk.example>:",
    "apple nl": "Op 9 nov 2026, om 10:02 heeft Ann Lee <ann@desk.example> het volgende geschreven:",
    "apple pt": "No dia 09/11/2026, às 10:02, Ann Lee <ann@desk.example> escreveu:",
    "apple pl": "Wiadomość napisana przez Ann Lee <ann@desk.example> w dniu 9 lis 2026, 10:02:",
    "apple sv": "9 nov. 2026 kl. 10:02 skrev Ann Lee <ann@desk.example>:",
    "apple zh": "在 2026年11月9日，10:02，Ann Lee <ann@desk.example> 写道：",
    "apple ja": "2026/11/09 10:02、Ann Lee <ann@desk.example>のメール:",
    "apple tr": "Ann Lee <ann@desk.example> şunları yazdı (9 Kas 2026 10:02):",
    "thunderbird en": "On 09/11/2026 10:02, Ann Lee wrote:",
    "thunderbird de": "Am 09.11.26 um 10:02 schrieb Ann Lee:",
    "thunderbird fr": "Le 09/11/2026 à 10:02, Ann Lee a écrit :",
    "thunderbird it": "Il 09/11/2026 10:02, Ann Lee ha scritto:",
    "thunderbird nl": "Op 9-11-2026 om 10:02 schreef Ann Lee:",
    "thunderbird pl": "W dniu 9.11.2026 o 10:02, Ann Lee pisze:",
    "thunderbird ru": "09.11.2026 10:02, Ann Lee пишет:",
    "thunderbird zh": "在 2026/11/9 10:02, Ann Lee 写道:",
    "yahoo en": "On Monday, November 9, 2026 at 10:02:11 AM GMT+1, Ann Lee <ann@desk.example>"
    " wrote:",
    "yahoo de": "Am Montag, 9. November 2026 um 10:02:11 MEZ hat Ann Lee <ann@desk.example>"
    " Folgendes geschrieben:",
    "yahoo es": "En lunes, 9 de noviembre de 2026, 10:02:11 CET, Ann Lee <ann@desk.example>"
    " escribió:",
    "yahoo pl": "W dniu poniedziałek, 9 listopada 2026 10:02:11 CET użytkownik Ann Lee napisał:",
    "outlook mac": 'On 11/9/26, 10:02 AM, "Ann Lee" <ann@desk.example> wrote:',
}  # fmt: skip


def test_every_language_has_its_attribution_above():
    told = {name.removeprefix("gmail ")[:2] for name in ATTRIBUTIONS if name.startswith("gmail ")}
    assert told >= {language.code for language in LANGUAGES}


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_the_attribution_goes_with_its_quote(line):
    assert new(NEW, "", line, "", *QUOTED) == NEW


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_an_attribution_cuts_a_quote_without_marks(line):
    assert new(NEW, "", line, "", *OLD) == NEW


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_an_attribution_may_be_wrapped(line):
    words = line.split(" ")
    for width in (len(words) // 2 + 1, len(words) - 1):
        wrapped = [" ".join(words[:width]), " ".join(words[width:])]
        assert new(NEW, "", *wrapped, *QUOTED) == NEW


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Ann wrote:", "w"),
        ("Ann Lee <ann@desk.example> wrote:", "w"),
        ("Ann Lee wrote on 9.11.2026:", "w"),
        ("On 9.11.2026 you said:", "w"),
        ("Then the program wrote at 10:02:", "w"),
        ("*On 9.11.2026 10:02, Ann wrote:*", "a"),
        ("The list:", ""),
        ("Meet Ann <ann@desk.example>:", ""),
        ("On 9.11.2026 Ann wrote", ""),
        ("On 9.11.2026 " + "x" * 500 + " wrote:", ""),
        ("", ""),
    ],
)
def test_how_sure_an_attribution_is(line, kind):
    assert attribution(line) == kind


def test_what_only_may_be_an_attribution_counts_before_a_quote_alone():
    assert new(NEW, "Ann wrote:", *QUOTED) == NEW
    assert new(NEW, "Ann wrote:", *OLD) == "\n".join([NEW, "Ann wrote:", *OLD])


@pytest.mark.parametrize(
    "line",
    [
        "2013/11/9 Ann Lee <ann@desk.example>",
        "2016-11-09 10:02 GMT+01:00 Ann Lee",
        "On Mon, Nov 9, 2026 at 10:02 AM Ann Lee <ann@desk.example> wrote",
        "On 9 November 2026, Ann Lee wrote",
    ],
)
def test_an_attribution_without_a_colon_counts_before_a_quote_alone(line):
    assert new(NEW, "", line, "", *QUOTED) == NEW
    assert new(NEW, "", line, "", *OLD) == "\n".join([NEW, "", line, "", *OLD])


@pytest.mark.parametrize(
    "line",
    [
        "This is what Ann wrote",
        "On Monday Ann wrote",
        "9.11.2026 it was",
        "On 9.11.2026 " + "x" * 500 + " wrote",
        "Ask Ann <ann@desk.example>",
    ],
)
def test_a_line_above_a_quote_that_names_nobody_or_no_day_is_kept(line):
    assert new(line, *QUOTED) == line


@pytest.mark.parametrize("gap", [" ", ".", "--- "])
def test_text_in_front_of_an_attribution_is_not_lost_with_it(gap):
    line = "On Mon, Nov 9, 2026 at 10:02 AM, ann@desk.example wrote:"
    assert new(f"E-17{gap}{line}", *QUOTED).rstrip(".") == "E-17"
    assert new(f"E-17{gap}{line}", *OLD).rstrip(".") == "E-17"


@pytest.mark.parametrize(
    "line",
    [
        "> E-17. On Mon, Nov 9, 2026 at 10:02 AM, ann@desk.example wrote:",
        "ann@desk.example, On Mon, Nov 9, 2026 at 10:02 AM, wrote:",
        "E-17. " * 90 + "On Mon, Nov 9, 2026 at 10:02 AM, ann@desk.example wrote:",
        "It shows E-17. On 9.11. it said:",
        "It shows E-17. On 9.11. we asked ann@desk.example:",
        "It shows this:",
    ],
)
def test_no_other_line_is_parted(line):
    assert divide([line, NEW], reply=False).reply in (f"{line}\n{NEW}", NEW)


def test_a_time_at_the_end_makes_an_attribution_that_opens_with_a_name():
    line = "The desk kirjoitti 9.11.2026 kello 10:02:"
    assert new(NEW, "", line, "", *OLD) == NEW


def test_a_line_before_a_wrapped_attribution_is_not_swallowed():
    assert new("On it.", "On 9.11.2026 10:02 Ann wrote:", *QUOTED) == "On it."
    assert new("No.", "> x", "9.11.2026 10:02 Ann wrote:", *QUOTED) == "No."
    text = "I wrote on 1.11. to bob@desk.example"
    assert new(text, "On 9.11.2026 10:02 Ann", "wrote:", *QUOTED) == text
    assert new("On 1.11. I wrote.", "On 9.11.2026 10:02 Ann wrote:", *QUOTED) == "On 1.11. I wrote."
    assert new("It failed at 10:02", "with this:", "> x") == "It failed at 10:02\nwith this:"
    assert new("x" * 501, "Ann", "wrote:", *QUOTED) == "x" * 501 + "\nAnn"


def test_answers_between_the_lines_are_kept():
    lines = ["On 9.11.2026 10:02 Ann wrote:", "> one?", "yes", "> two?", "", "no", "", "> three?"]
    assert new(*lines) == "yes\n\nno"


@pytest.mark.parametrize(
    "wrapped",
    [
        ["On Mon,", "Nov 9, 2026 at 10:02 AM", "Ann Lee", "wrote:"],
        ["On Mon, Nov 9, 2026 at", "10:02 AM Ann Lee of the Desk", "<ann@desk.example>", "wrote:"],
        ["Ann Lee <", "ann@desk.example>, 9 Kas 2026 Pzt,", "10:02 tarihinde şunu yazdı:"],
        ["пн, 9 нояб. 2026 г. в 10:02, Ann Lee <", "ann@desk.example>:"],
        ["---- On Mon, 09 Nov 2026 10:02:11 +0100 Ann Lee", "<ann@desk.example> wrote ----"],
        ["-----Ann Lee/DESK wrote: -----"],
    ],
)
def test_an_attribution_over_up_to_four_lines_goes(wrapped):
    assert new(NEW, "", *wrapped, "", *QUOTED) == NEW
    assert new(NEW, "", *wrapped, "", *OLD) == NEW


def test_a_quote_that_begins_on_the_line_of_its_attribution_goes():
    line = "On Mon, Nov 9, 2026 at 10:02 AM, Ann Lee<ann@desk.example> wrote:   Good morning,"
    assert new(NEW, "", line, *OLD[1:]) == NEW
    assert new(NEW, "to ann@desk.example:  yes").endswith("yes")


def test_what_the_markup_encloses_goes_and_what_stands_below_is_kept():
    assert new(NEW, "old", "old", "And E-18.", cues=" ee ") == f"{NEW}\n\nAnd E-18."
    assert new("old", "old", cues="ee", reply=False) == ""
    lines = [NEW, "---- Forwarded message ----", "old"]
    assert new(*lines, cues=" ee") == "\n".join(lines)
    assert new(NEW, "old", "---- Forwarded message ----", "old", cues=" eee") == NEW


def test_lines_of_what_is_not_seen_are_blank():
    assert classify(["\u200b\ufeff", "\xa0", "\u200f> x", "—"]) == "  >s"


def test_an_answer_below_the_quote_is_kept():
    assert new("Am 9.11.26 um 10:02 schrieb Ann:", *QUOTED, "", NEW) == NEW


HEADER = ["From: Ann <ann@desk.example>", "Sent: 9.11.2026", "To: Mara", "Subject: Printer"]


@pytest.mark.parametrize(
    "quoted",
    [
        HEADER,
        ["________________________________", *HEADER],
        ["-----Original Message-----", *HEADER],
        ["-----Original Message-----", "From: Ann"],
        ["*From:* Ann", "*Date:* 9.11.2026", "*Subject:* Printer"],
        ["  *From:* Ann", "  *Date:* 9.11.2026", "  *Subject:* Printer"],
        ["---", "", "**From:** Ann", "**Sent:** 9.11.2026", "**Subject:** Printer"],
        ["From: Ann", "", "Sent: Monday", "", "To: Mara", "", "Subject: x"],
        ["From: Ann", "Sent: Monday", "To: Mara <a@b.example>,", "  Jonas <c@d.example>", "Cc: x"],
        ["发件人：Ann", "发送时间：2026年11月9日", "收件人：Mara", "主题：Printer"],
        ["---- Original Message ----"],
    ],
)
def test_a_quoted_header_begins_the_quote(quoted):
    assert new(NEW, "", *quoted, "", *OLD) == NEW


@pytest.mark.parametrize(
    "lines",
    [
        ["From: Berlin", "To: Paris", "by train"],
        ["  From: Ann", "  Date: today", "  To: me", "  Subject: x"],
        ["To: Ann", "Cc: Eve", "Subject: x"],
        ["From: Ann", "> quoted"],
        ["__________________", "more"],
        ["original message", "more"],
        ["-----", "more"],
    ],
)
def test_what_only_looks_like_a_quoted_header_is_kept(lines):
    assert new(NEW, *lines, reply=False) == "\n".join([NEW, *lines])


def test_without_a_sign_of_a_reply_more_is_asked_of_a_quoted_header():
    assert new(NEW, *HEADER, reply=False) == NEW
    assert new(NEW, *HEADER[:3], reply=False) == "\n".join([NEW, *HEADER[:3]])
    assert new(NEW, *HEADER[:3], reply=True) == NEW
    assert new(NEW, "", "______________", *HEADER[:3], reply=False) == NEW


def test_nothing_is_cut_where_nothing_stands_above():
    assert new(*HEADER, "", *OLD) == "\n".join([*HEADER, "", *OLD])
    assert new("-----Original Message-----", *OLD) == "\n".join(
        ["-----Original Message-----", *OLD]
    )


def test_marked_lines_of_a_first_mail_are_its_own():
    assert new(NEW, *QUOTED, reply=False) == "\n".join([NEW, *QUOTED])
    assert new(NEW, *QUOTED, reply=True) == NEW


def test_an_answer_without_a_word_is_empty():
    assert new("On 9.11.2026 10:02 Ann wrote:", *QUOTED) == ""
    assert new(*QUOTED) == ""
    assert new(*QUOTED, reply=False) == "\n".join(QUOTED)
    assert new("", "") == ""


MARKER = "##- Please write your reply above this line -##"


@pytest.mark.parametrize(
    "quoted",
    [
        [MARKER, *OLD],
        ["> " + MARKER, *QUOTED, "not marked any more"],
        ["On 9.11.2026 10:02 Ann wrote:", "", "> " + MARKER, *QUOTED],
        ["On 9.11.2026 10:02 Ann wrote:", "", MARKER, *OLD],
        [*HEADER, "", MARKER, *OLD],
        ["________________________________", *HEADER, "", "| " + MARKER, *OLD],
        ["##- Please write your reply", "above this line -##", *OLD],
        ["> ##- Please write", "> your reply above this", "> line -##", *QUOTED],
    ],
)
def test_everything_from_our_marker_on_is_quote(quoted):
    assert new(NEW, "", *quoted, reply=False) == NEW


def test_nothing_above_the_marker_is_an_answer_without_a_word():
    assert new(MARKER, *OLD) == ""
    assert new("> " + MARKER, *QUOTED) == ""


def test_an_answer_below_a_marked_marker_is_not_lost():
    assert new("> " + MARKER, *QUOTED, "", NEW, reply=False) == NEW


@pytest.mark.parametrize("gap", [[], [""]])
def test_answers_between_the_lines_below_a_marked_marker_are_not_lost(gap):
    quoted = ["> " + MARKER, "> Which version?", *gap, "Version 7.", "> Which system?", "Linux."]
    assert new("See my answers.", "", *quoted) == "See my answers.\n\nVersion 7.\n\nLinux."
    full = "> " + "which version is it that you have got on your desk there, if I may ask?"
    quoted[1] = full
    assert "Version 7." in new("See my answers.", "", *quoted)


def test_the_rest_of_a_broken_quoted_line_is_no_answer_below_the_marker():
    full = "> " + "words that go on and on until the program has had enough of them and"
    assert new(NEW, "", "> " + MARKER, full, "breaks the line", "> there") == NEW


def test_a_marker_that_never_closes_is_text():
    assert new("##- a heading", NEW) == "##- a heading\n" + NEW


def test_what_is_forwarded_is_new():
    lines = ["See below.", "", "---------- Forwarded message ---------", *HEADER, "", *QUOTED]
    assert new(*lines) == "\n".join(lines)
    lines = ["See below.", "", *HEADER, "", *OLD]
    assert new(*lines, forwarded=True) == "\n".join(lines)


def test_what_is_quoted_before_a_forwarded_mail_still_goes():
    lines = ["See below.", "> old", "Begin forwarded message:", "> kept"]
    assert new(*lines) == "See below.\n\nBegin forwarded message:\n> kept"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Hello", "-- ", "Mara", "Facilities"], "Hello"),
        (["Hello", "--", "Mara"], "Hello"),
        (["Hello", "", "Sent from my iPhone"], "Hello"),
        (["Hello", "Von meinem iPhone gesendet", "____________", ""], "Hello"),
        (["Hello", "", "(Sent from mobile device)"], "Hello"),
        (["Hello", "", "*Sent from my iPhone*"], "Hello"),
        (["Von meinem Konto fehlt Geld"], "Von meinem Konto fehlt Geld"),
        (["Hello", "--", *["text"] * 16], "\n".join(["Hello", "--", *["text"] * 16])),
        (["Hello", "--", *["text"] * 15], "Hello"),
        (["-- ", "Mara"], "-- \nMara"),
        (["Hello", "-- ", "Mara", "> old", "answer"], "Hello\n\nanswer"),
        (["Hello", "Sent from my " + "x" * 200], "Hello\nSent from my " + "x" * 200),
    ],
)
def test_the_signature_is_folded_away(lines, text):
    assert new(*lines) == text


@pytest.mark.parametrize(
    ("lines", "cues", "text"),
    [
        ([NEW, "Ar Llun ysgrifennodd Ann", "> old"], " a ", NEW),
        ([NEW, "Ar Llun ysgrifennodd Ann", "> old", "yes"], " a  ", NEW + "\n\nyes"),
        ([NEW, "Dachaigh", "old", "> old"], " c  ", NEW),
        ([NEW, "___________", "Bho: Ann", "old"], "  c ", NEW),
        (["Bho: Ann", "old"], "c ", "Bho: Ann\nold"),
        ([NEW, "", "Bho: Ann", "Latha: x", "Gu: y", "old"], "  b   ", NEW),
        ([NEW, "", "Bho Ann", "old"], "  b ", NEW + "\n\nBho Ann\nold"),
        (
            [NEW, "---- Forwarded message ----", "old"],
            " a ",
            NEW + "\n---- Forwarded message ----\nold",
        ),
        (
            [NEW, "---- Forwarded message ----", "old"],
            " c ",
            NEW + "\n---- Forwarded message ----\nold",
        ),
        ([NEW, "----Original Message----", "old"], " c ", NEW),
    ],
)
def test_the_markup_tells_in_any_language(lines, cues, text):
    assert new(*lines, cues=cues) == text


def test_lines_beyond_the_bound_and_very_long_lines_are_text():
    many = ["x"] * body._MOST_LINES + ["> y", MARKER]
    assert classify(many)[-2:] == "tt"
    assert new(*many) == "\n".join(many)
    assert classify(["From: " + "x" * 3000, "> " + "x" * 3000]) == "t>"


@given(
    st.lists(
        st.sampled_from(
            [
                *HEADER,
                *QUOTED,
                MARKER,
                NEW,
                "",
                "-- ",
                "Ann wrote:",
                "On 1.1.2026 10:02 Ann wrote:",
                "Begin forwarded message:",
                "Sent from my x",
                "______________",
            ]
        ),
        max_size=12,
    ),
    st.booleans(),
    st.booleans(),
)
def test_new_text_is_made_of_lines_of_the_text_in_their_order(lines, reply, forwarded):
    text = divide(lines, reply=reply, forwarded=forwarded).new
    rest = iter(line.strip() for line in lines)
    for line in text.split("\n"):
        assert not line.strip() or line.strip() in rest


SHAPES = {
    "attributions": "On 1.1.2026 10:02 x wrote:\n",
    "opened attributions": "On 1.1.2026 10:02\n",
    "colons": ":\n",
    "quotes": "> x\nyes\n",
    "labels": "From: x\nTo: y\n",
    "markers": "##- x\n",
    "blank lines": "\n",
    "rules": "_" * 70 + "\n",
    "one long line": "On ",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_hostile_text_costs_no_more_than_twice_as_much_when_it_is_twice_as_long(shape, monkeypatch):
    calls = []
    real = body.attribution
    monkeypatch.setattr(body, "attribution", lambda line: calls.append(len(line)) or real(line))

    def cost(times):
        calls.clear()
        divide((shape * times).split("\n"), reply=True)
        return sum(calls)

    assert cost(2000) <= 2 * cost(1000) + 2 * len(shape)
