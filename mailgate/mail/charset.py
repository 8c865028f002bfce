"""Bytes of a declared, wrong or missing charset become text.

A label from outside reaches a codec only through the table below (after the WHATWG Encoding
Standard, section 4.2): Python knows codecs, such as `idna` or `undefined`, that have no business
here. The order is: as declared, UTF-8, chardet's guess, windows-1252.
"""

import re
from dataclasses import dataclass

import chardet

FALLBACK = "cp1252"

_NOT_IN_A_LABEL = re.compile(r"[^a-z0-9]")
_END_OF_LABEL = re.compile(r"[\s\x00;,()]")
_SAMPLE = 8192  # octets from the first that is not ASCII: enough for a guess, at most 5 ms
_FEW_ERRORS = 50  # one damaged character in so many still leaves the declared charset believable
_FEW_STRAYS = 8  # of so many characters beyond ASCII, one that is no UTF-8 may be an accident
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_TRUSTED_GUESS = (
    0.1  # chardet's confidence in Latin text; below it windows-1252 is right more often
)
_DENSE = 0.3  # share of octets beyond ASCII above which a text is not in Latin letters

# Superset first: what is declared as Latin-1 was written with windows-1252, and so on.
_CODECS = {
    "cp1252": "ascii usascii ansix341968 iso646us iso88591 latin1 l1 cp819 ibm819 windows1252"
    " cp1252 xcp1252 isoir100 8bit unknown8bit",
    "utf-8": "utf8 unicode11utf8 utf8mb4 xutf8 utf8mac cp65001",
    "utf-7": "utf7 unicode11utf7",
    "utf-16": "utf16 unicode ucs2 iso10646ucs2",
    "utf-16-le": "utf16le",
    "utf-16-be": "utf16be",
    "iso8859-2": "iso88592 latin2 l2",
    "iso8859-3": "iso88593 latin3 l3",
    "iso8859-4": "iso88594 latin4 l4",
    "iso8859-5": "iso88595 cyrillic",
    "iso8859-6": "iso88596 iso88596i iso88596e arabic",
    "iso8859-7": "iso88597 greek",
    "iso8859-8": "iso88598 iso88598i iso88598e hebrew",
    "cp1254": "iso88599 latin5 l5 windows1254 cp1254",
    "iso8859-10": "iso885910 latin6 l6",
    "iso8859-13": "iso885913",
    "iso8859-14": "iso885914",
    "iso8859-15": "iso885915 latin9 l9",
    "iso8859-16": "iso885916",
    "cp1250": "windows1250 cp1250 xcp1250",
    "cp1251": "windows1251 cp1251 xcp1251",
    "cp1253": "windows1253 cp1253",
    "cp1255": "windows1255 cp1255",
    "cp1256": "windows1256 cp1256",
    "cp1257": "windows1257 cp1257",
    "cp1258": "windows1258 cp1258",
    "cp874": "windows874 cp874 iso885911 tis620 dos874",
    "cp437": "cp437 ibm437",
    "cp850": "cp850 ibm850",
    "cp852": "cp852 ibm852",
    "cp857": "cp857 ibm857",
    "cp858": "cp858 ibm858",
    "cp866": "cp866 ibm866",
    "koi8-r": "koi8r koi8 koi",
    "koi8-u": "koi8u koi8ru",
    "mac_roman": "macintosh mac macroman xmacroman",
    "mac_cyrillic": "maccyrillic xmaccyrillic xmacukrainian",
    "gb18030": "gb18030 gbk gb2312 gb231280 csgb2312 xgbk chinese cp936 ms936 windows936 euccn",
    "hz": "hzgb2312 hz",
    "big5hkscs": "big5 big5hkscs cnbig5 xxbig5 csbig5 cp950",
    "cp932": "shiftjis sjis xsjis mskanji csshiftjis ms932 windows31j cp932 windows932",
    "euc_jp": "eucjp xeucjp cseucpkdfmtjapanese",
    "iso2022_jp_ext": "iso2022jp csiso2022jp iso2022jp1 iso2022jp2 iso2022jpms cp50220 cp50221",
    "iso2022_kr": "iso2022kr csiso2022kr",
    "cp949": "euckr cp949 windows949 ksc56011987 ksc5601 ksc56011989 korean uhc cseuckr",
    "johab": "johab cp1361",
}
_LABELS = {label: codec for codec, labels in _CODECS.items() for label in labels.split()}
# In these, text that happens to be well-formed UTF-8 beyond ASCII was written as UTF-8. Thai and
# the multi-byte charsets can look like UTF-8 by chance in short texts, and so stand apart.
_SINGLE_OCTET = re.compile(r"cp125\d|cp[48]\d\d|iso8859-\d+|koi8-.|mac_.*")
_NOT_ASCII = frozenset({"hz", "utf-7", "utf-16", "utf-16-le", "utf-16-be"})
_LIKE_UTF8 = frozenset({"cp874"})


@dataclass(frozen=True, slots=True)
class Reading:
    """Text, the codec that gave it, and whether that was sure or a guess."""

    text: str
    codec: str
    sure: bool


def codec_of(label: str | None) -> str | None:
    """Return the Python codec for a charset label as found in a mail, None for an unknown one."""
    if not label:
        return None
    bare = label.strip().strip("\"'").lower().removeprefix("charset=")
    return _LABELS.get(_NOT_IN_A_LABEL.sub("", _END_OF_LABEL.split(bare, maxsplit=1)[0]))


def decode(data: bytes, label: str | None) -> Reading:
    """Return `data` as text by the charset `label` if that holds, else by the best guess.

    Never raises. Surrogates and control characters may be in what comes out.
    """
    codec = codec_of(label)
    if data.isascii() and b"\x1b" not in data and codec not in _NOT_ASCII:
        return Reading(data.decode("ascii"), "ascii", sure=True)
    for attempt in _attempts(codec, data):
        text = _strictly(data, attempt)
        if text is not None:
            return Reading(text, attempt, sure=attempt == codec or not label)
    return _damaged(data, codec) or _guessed(data)


def _attempts(codec: str | None, data: bytes) -> tuple[str, ...]:
    if codec is None:
        return ("iso2022_jp_ext", "utf-8") if b"\x1b$" in data else ("utf-8",)
    if _SINGLE_OCTET.fullmatch(codec) and codec not in _LIKE_UTF8:
        return ("utf-8", codec)
    return (codec, "utf-8")


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _damaged(data: bytes, codec: str | None) -> Reading | None:
    """Return the declared reading of text with a few broken characters, for instance one cut.

    Undeclared text is taken for damaged UTF-8 where most of what is not ASCII reads as such.
    """
    text = data.decode(codec or "utf-8", "replace")
    errors = text.count("\ufffd")
    if codec is None:
        believable = errors * _FEW_STRAYS < sum(map(len, _BEYOND_ASCII.findall(text)))
    else:
        believable = errors * _FEW_ERRORS <= max(len(text), _FEW_ERRORS)
    return Reading(text, codec or "utf-8", sure=False) if believable else None


def _guessed(data: bytes) -> Reading:
    codec = _guess(data) or FALLBACK
    text = _strictly(data, codec)
    if text is None:
        text = data.decode(codec, "replace")
    return Reading(text, codec, sure=False)


def _guess(data: bytes) -> str | None:
    first = next((at for at, octet in enumerate(data) if octet > 0x7E or octet == 0x1B), 0)  # noqa: PLR2004 - ASCII ends at 0x7E, 0x1B is ESC
    sample = data[max(0, first - 64) : first + _SAMPLE]
    found = chardet.detect(sample)
    codec = codec_of(found["encoding"])
    high = len(sample) - len(sample.translate(None, bytes(range(128, 256))))
    dense = high > _DENSE * len(sample)
    return codec if codec and (dense or found["confidence"] >= _TRUSTED_GUESS) else None
