"""The mails of the benchmark: the same for everybody, made from a seed.

Of all mails 40 % open a ticket, 50 % answer one, and 10 % carry one or two files of 50 to 300 KB
(half of those open, half answer). They come in rounds: an answer carries the number that the
system under test gave to its ticket, so it answers a ticket of an earlier round. Some are in old
charsets, most have an HTML twin, all have the headers of three hops and a signature.

The subject of each opening mail holds its key, every text its mark, so that what became of a mail
can be told from outside.
"""

import base64
import hashlib
import quopri
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime
from random import Random

DESK = "support@desk.example"
FIRST_DAY = datetime(2026, 2, 2, 7, 30, tzinfo=UTC)


def _words(text: str) -> list[str]:
    return text.split()


_PLAIN = _words(
    "the a my our your this that lamp cable router keyboard drawer contract parcel receipt window "
    "since when after before without again never always sometimes still also only blinks stops "
    "fails prints shows asks needs wants says arrives disappears repeats slowly suddenly twice "
    "colleague neighbour warehouse branch cellar kitchen morning evening Tuesday October please "
    "kindly could would should might cannot reset restart replace repair explain forward cancel "
    "confirm billing address delivery password screen signal version driver cartridge tray"
)
_NATIVE = {
    "iso-8859-1": _words("ça où dès lumière réparé clé hôtel dégât Lösung Gerät prüfen año señal"),
    "windows-1252": _words("„Lampe“ … – 25 € l’écran cœur ‚kaputt‘ Zubehör façade naïf œuvre"),
    "koi8-r": _words("лампа не горит кабель посылка договор когда снова склад окно вечером"),
    "iso-2022-jp": _words("荷物 契約 電球 画面 再起動 修理 倉庫 確認 明日 窓"),
    "gb18030": _words("灯泡 合同 包裹 屏幕 仓库 修理 再次 窗口 电缆 明天"),
    "utf-8": _words("façade łódź ğ žába αβγ 電球 лампа ✔ € … 💡 größer"),
}
_OLD_CHARSETS = [name for name in _NATIVE if name != "utf-8"]
_PROGRAMS = ("Postbote 4.1", "Courier Desktop 12.0.3", "PaperPlane (mobile) 7.2")


@dataclass(slots=True)
class Letter:
    """One mail of a plan; `parent` is the key of the ticket it answers, None if it opens one."""

    serial: int
    seed: int
    key: str
    parent: str | None
    sender: str
    name: str
    subject: str
    charset: str
    message_id: str
    thread: list[str]  # Message-IDs so far, for References; of an opening letter it grows
    attaches: bool = False
    digests: list[str] = field(default_factory=list)  # sha256 of each file, known once rendered

    @property
    def mark(self) -> str:
        """A word of the text that no other mail has."""
        return f"mk{self.seed:03d}{self.serial:06d}x"

    @property
    def ticket(self) -> str:
        """The key of the ticket that it belongs to."""
        return self.parent or self.key


def plan(n: int, seed: int = 1, rounds: int = 4) -> list[list[Letter]]:
    """Plan `n` mails in `rounds`; the first round only opens tickets, half of all.

    In a single round there is nothing to answer, so all mails open tickets.
    Plans of different seeds (0 to 999) have no key, mark or Message-ID in common.
    """
    dice = Random(f"{seed}/{n}/{rounds}")
    with_files = round(n * 0.1)
    opening = [False] * round(n * 0.4) + [True] * (with_files - with_files // 2)
    answering = [False] * (n - len(opening) - with_files // 2) + [True] * (with_files // 2)
    dice.shuffle(opening)
    dice.shuffle(answering)
    if rounds == 1:
        opening, answering = opening + answering, []
    half = max(1, len(opening) // 2) if rounds > 1 else n
    kinds = [[(True, attaches) for attaches in opening[:half]]]
    for number in range(rounds - 1):
        some = [(True, attaches) for attaches in opening[half:][number :: rounds - 1]]
        some += [(False, attaches) for attaches in answering[number :: rounds - 1]]
        dice.shuffle(some)
        kinds.append(some)
    people = max(10, n // 6)
    known: list[Letter] = []
    planned: list[list[Letter]] = []
    serial = 0
    for some in kinds:
        letters = []
        for opens, attaches in some:
            answered = None if opens else _recent(dice, known)
            letter = _letter(dice, serial, seed, answered, people)
            letter.attaches = attaches
            letters.append(letter)
            serial += 1
        known += [letter for letter in letters if letter.parent is None]
        planned.append(letters)
    return planned


def _recent(dice: Random, known: list[Letter]) -> Letter:
    """Choose a ticket to answer, the newer the likelier."""
    return known[-1 - int(len(known) * dice.random() ** 1.6)]


def _letter(dice: Random, serial: int, seed: int, answered: Letter | None, people: int) -> Letter:
    charset = dice.choice(_OLD_CHARSETS) if dice.random() < 0.08 else "utf-8"
    person = dice.randrange(people)
    sender, name = f"person{person}@firm{person % 89}.example", f"Person {person}"
    key = f"BK{seed:03d}{serial:06d}"
    message_id = f"<{seed}.{serial}.{dice.getrandbits(64):x}@out{dice.randrange(7)}.firm.example>"
    if answered is None:
        words = dice.choices(_PLAIN, k=dice.randint(3, 8))
        if charset != "utf-8" or dice.random() < 0.15:
            words += dice.sample(_NATIVE[charset], 3)
        subject, thread, parent = " ".join([key, *words]), [message_id], None
    else:
        if dice.random() < 0.85:  # else a colleague answers
            sender, name = answered.sender, answered.name
        subject, thread, parent = answered.subject, answered.thread[-8:], answered.key
        answered.thread.append(message_id)
    return Letter(serial, seed, key, parent, sender, name, subject, charset, message_id, thread)


def render(letter: Letter, tags: Mapping[str, str], desk: str = DESK) -> bytes:
    """Write a letter as raw mail with CRLF; `tags` gives `[number]` by key of the ticket."""
    dice = Random(f"letter {letter.serial} {letter.message_id}")
    text = _text(dice, letter)
    if letter.parent:
        text += _quote(dice, letter.charset, desk)
    body = _part(dice, "plain", text, letter.charset)
    boundary = f"--=_{dice.getrandbits(80):020x}"
    if dice.random() < 0.6:
        twin = _part(dice, "html", _html(text), letter.charset)
        body = _multipart("alternative", f"{boundary}.alt", [body, twin])
    if letter.attaches:
        files = [_file(dice, letter, number) for number in range(1 + (dice.random() >= 0.8))]
        letter.digests = [digest for _, digest in files]
        body = _multipart("mixed", f"{boundary}.mix", [body, *(part for part, _ in files)])
    return "\r\n".join(_headers(dice, letter, tags, desk)).encode("ascii") + b"\r\n" + body


def _headers(dice: Random, letter: Letter, tags: Mapping[str, str], desk: str) -> list[str]:
    at = FIRST_DAY + timedelta(seconds=41 * letter.serial)
    host = letter.sender.partition("@")[2]
    headers = [
        f"Received: from relay{hop}.{host} ([198.51.100.{dice.randint(1, 254)}])\r\n"
        f"\tby mx{hop}.desk.example with ESMTPS id {dice.getrandbits(44):011x}\r\n"
        f"\tfor <{desk}>; {format_datetime(at + timedelta(seconds=4 - hop))}"
        for hop in range(3)
    ]
    signature = base64.b64encode(dice.randbytes(192)).decode()
    folded = "\r\n\t".join(signature[start : start + 68] for start in range(0, len(signature), 68))
    digest = base64.b64encode(dice.randbytes(32)).decode()
    headers += [
        f"DKIM-Signature: v=1; a=rsa-sha256; d={host}; s=k1; bh={digest};\r\n\tb={folded}",
        f"Date: {format_datetime(at)}",
        f'From: "{letter.name}" <{letter.sender}>',
        f"To: Support <{desk}>",
        f"Subject: {_subject(letter, tags)}",
        f"Message-ID: {letter.message_id}",
        f"X-Mailer: {dice.choice(_PROGRAMS)}",
        "MIME-Version: 1.0",
    ]
    if letter.parent:
        references = "\r\n ".join(letter.thread)
        headers += [f"In-Reply-To: {letter.thread[-1]}", f"References: {references}"]
    return headers


def _subject(letter: Letter, tags: Mapping[str, str]) -> str:
    words = letter.subject.split(" ")
    if letter.parent:
        words = ["Re:", tags[letter.parent], *words]
    ascii_until = next((at for at, word in enumerate(words) if not word.isascii()), len(words))
    head, tail = " ".join(words[:ascii_until]), " ".join(words[ascii_until:])
    if not tail:
        return head
    try:  # an answer may be in another charset than what it answers
        tail.encode(letter.charset)
        charset = letter.charset
    except UnicodeEncodeError:
        charset = "utf-8"
    return f"{head}\r\n " + Header(tail, charset, maxlinelen=62).encode(linesep="\r\n")


def _text(dice: Random, letter: Letter) -> str:
    lines = [dice.choice(["Good day,", "Hello support,", "Dear all,"]), ""]
    for _ in range(dice.randint(2, 6)):
        lines.append(" ".join(dice.choices(_PLAIN, k=dice.randint(10, 60))) + ".")
        if letter.charset != "utf-8" or dice.random() < 0.2:
            lines.append(" ".join(dice.choices(_NATIVE[letter.charset], k=8)))
        lines.append("")
    return "\n".join([*lines, f"Our sign: {letter.mark}", "", "Many thanks", letter.name, ""])


def _quote(dice: Random, charset: str, desk: str) -> str:
    lines = []
    for depth in range(1, dice.randint(2, 4)):
        clock = f"{dice.randrange(7, 19):02d}:{dice.randrange(60):02d}"
        said = f"On Tue, 3 Feb 2026 at {clock}, Support <{desk}> wrote:"
        lines.append("> " * (depth - 1) + said)
        for _ in range(dice.randint(6, 25)):
            words = dice.choices(_PLAIN, k=dice.randint(5, 12))
            if charset != "utf-8":
                words.append(dice.choice(_NATIVE[charset]))
            lines.append("> " * depth + " ".join(words))
    return "\n".join(lines) + "\n"


def _html(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    rows = "\n".join(
        f'<p class="line"><span style="color:#203864">{line or "&nbsp;"}</span></p>'
        for line in escaped.split("\n")
    )
    style = "p.line{margin:0;font:11pt Carlito,sans-serif}"
    return f"<html><head><style>{style}</style></head>\n<body>\n{rows}\n</body></html>\n"


def _part(dice: Random, subtype: str, text: str, charset: str) -> bytes:
    raw = text.replace("\n", "\r\n").encode(charset, "replace")
    short = max(map(len, raw.split(b"\r\n"))) < 990
    if charset == "iso-2022-jp" or (raw.isascii() and short):
        encoding = "7bit"
    elif dice.random() < 0.5:
        encoding, raw = "base64", base64.encodebytes(raw).replace(b"\n", b"\r\n")
    else:
        printable = quopri.encodestring(raw.replace(b"\r\n", b"\n"))
        encoding, raw = "quoted-printable", printable.replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{subtype}; charset="{charset}"\r\n'
    head += f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + raw + (b"" if raw.endswith(b"\r\n") else b"\r\n")


def _file(dice: Random, letter: Letter, number: int) -> tuple[bytes, str]:
    """Return an attached file as a part, and the sha256 of its bytes."""
    size = dice.randint(50_000, 300_000)
    if dice.random() < 0.5:
        name, kind = f"receipt {letter.serial}-{number}.pdf", "application/pdf"
        content = b"%PDF-1.5\n" + dice.randbytes(size)
    else:
        name, kind = f"photo {letter.serial}-{number}.png", "image/png"
        content = b"\x89PNG\r\n\x1a\n" + dice.randbytes(size)
    head = (
        f'Content-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    coded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return head.encode() + coded, hashlib.sha256(content).hexdigest()


def _multipart(subtype: str, boundary: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    inner = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts)
    return head + inner + f"--{boundary}--\r\n".encode()
