"""Mail addresses: what counts as one, and the one form in which two of them are compared.

The grammar is Mailbox of RFC 5321 section 4.1.2, with the characters beyond ASCII that SMTPUTF8
(RFC 6531) allows and without source routes. Everything here is linear in the length of its input.
"""

import ipaddress
import re
import unicodedata
from functools import lru_cache

from mailgate.errors import Refused

LONGEST_LOCAL_PART = 64  # octets, RFC 5321 section 4.5.3.1.1
LONGEST_ADDRESS = 254  # octets, RFC 5321 section 4.5.3.1.3 less the angle brackets
_LONGEST_LABEL = 63

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010FFFF-]"
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_NAME = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ORDINARY = re.compile(
    r"(?=.{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    rf"@{_NAME}(?:\.{_NAME})*"
)
_DOTS_ANYWHERE = re.compile(rf"(?:{_ATEXT}|\.)+")
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~\u0080-\U0010FFFF]|\\[ -~])*)"')
_ESCAPED = re.compile(r"\\(.)")
_LABEL = re.compile(_NAME)
_IP = re.compile(r"[0-9a-f:.]+")
_LETTERS = frozenset({"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"})
_EXCEPTIONS = "·・〇"  # no letters, but in Catalan, Japanese and Chinese names: RFC 5892


@lru_cache(maxsize=1024)  # the same few are asked for many times with each mail
def normalise(address: str) -> str:
    """Return the form in which addresses are stored and compared.

    Lower case throughout; the domain in ASCII (A-labels, RFC 5891); a quoted local part without
    its quotes where it needs none. A local part of other letters than ASCII is kept in them, and
    none of them is ever turned into an ASCII letter: no two mailboxes become one by accident.
    Dots anywhere (then put into quotes) and underscores in a domain break the grammar, but people
    have such addresses. Raises `Refused` for what is not an address.
    """
    text = address.strip(" \t")
    local, at, domain = text.rpartition("@")
    if not at or len(text.encode("utf-8", "replace")) > LONGEST_ADDRESS:
        raise _not_an_address(address)
    if text.isascii() and _ORDINARY.fullmatch(lower := text.lower()):
        return lower  # nearly every address there is, in a tenth of the time
    left, right = _local_part(local), _domain(domain)
    if left is None or right is None:
        raise _not_an_address(address)
    whole = f"{left}@{right}"
    if len(whole.encode()) > LONGEST_ADDRESS:
        raise _not_an_address(address)
    return whole


def valid(address: str) -> bool:
    """Tell whether `address` is a Mailbox of RFC 5321, in ASCII or SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    if "_" in domain or not (_DOT_ATOM.fullmatch(local) or _QUOTED.fullmatch(local)):
        return False
    try:
        normalise(address)
    except Refused:
        return False
    return not domain.endswith((" ", "\t"))


def domain_of(address: str) -> str:
    """Return the domain of `address`, normalised; raises `Refused` for a non-address."""
    return normalise(address).rpartition("@")[2]


def split_sub(address: str, delimiter: str = "+") -> tuple[str, str]:
    """Return (base address, detail): `support+urgent@x` gives (`support@x`, `urgent`).

    Both are normalised; the detail is empty where there is none. The first delimiter counts, as
    with Postfix. Raises `Refused` for a non-address.
    """
    whole = normalise(address)
    local, _, domain = whole.rpartition("@")
    base, found, detail = local.partition(delimiter) if delimiter else (local, "", "")
    if not found or not _DOT_ATOM.fullmatch(base):
        return whole, ""
    return f"{base}@{domain}", detail


def _not_an_address(text: str) -> Refused:
    return Refused(f"{text[:LONGEST_ADDRESS]!r} is not a mail address")


def _local_part(local: str) -> str | None:
    """Return the local part for comparison, or None when it breaks the grammar."""
    if len(local.encode("utf-8", "replace")) > LONGEST_LOCAL_PART:
        return None
    quoted = _QUOTED.fullmatch(local)
    content = _ESCAPED.sub(r"\1", quoted[1]) if quoted else local
    if not quoted and not _DOTS_ANYWHERE.fullmatch(content):
        return None
    if content.isascii():
        content = content.lower()
    else:
        folded = _fold(content)
        if folded is None or any(unicodedata.category(c)[0] in "CZ" for c in folded if c != " "):
            return None
        content = folded
    if not _DOT_ATOM.fullmatch(content):
        content = '"' + content.replace("\\", r"\\").replace('"', r"\"") + '"'
    return content if len(content.encode()) <= LONGEST_LOCAL_PART else None


def _fold(text: str) -> str | None:
    """Return `text` in lower case and composed (NFC), or None when that would make it ASCII.

    The Kelvin sign becomes an ordinary k by both steps: whoever registers such a name must not be
    taken for the owner of the ordinary one.
    """
    if any(not c.isascii() and unicodedata.normalize("NFC", c).isascii() for c in text):
        return None
    return unicodedata.normalize("NFC", "".join(map(_lower, unicodedata.normalize("NFC", text))))


def _lower(char: str) -> str:
    lower = char.lower()
    return lower if char.isascii() or not any(c.isascii() for c in lower) else char


def _domain(domain: str) -> str | None:
    """Return the domain in ASCII and lower case, or None when it breaks the grammar."""
    if domain.startswith("["):
        return _literal(domain)
    labels = [_label(label) for label in domain.split(".")]
    if any(label is None or len(label) > _LONGEST_LABEL for label in labels):
        return None
    return ".".join(label for label in labels if label is not None)


def _literal(domain: str) -> str | None:
    """Return an address literal such as [192.0.2.1] or [IPv6:2001:db8::1] in one spelling."""
    inner = domain[1:-1].lower() if domain.endswith("]") else ""
    figures = inner.removeprefix("ipv6:")
    if not _IP.fullmatch(figures):
        return None
    try:
        if figures != inner:
            return f"[ipv6:{ipaddress.IPv6Address(figures)}]"
        return f"[{ipaddress.IPv4Address(figures)}]"
    except ValueError:
        return None


def _label(label: str) -> str | None:
    """Return one label of a domain as an A-label, by the core of RFC 5891 and 5892.

    The older IDNA of the standard library maps ß to ss and so names somebody else's domain.
    """
    if label.isascii():
        lower = label.lower()
        return lower if _LABEL.fullmatch(lower) else None
    if any(_turns_ascii(c) for c in label if not c.isascii()):
        return None
    folded = unicodedata.normalize("NFC", "".join(map(_lower, label)))
    lookalike = unicodedata.normalize("NFKC", folded) != folded
    edges = folded[0] + folded[-1]
    if lookalike or "-" in edges or folded[2:4] == "--" or not all(map(_in_a_name, folded)):
        return None
    if unicodedata.category(folded[0])[0] == "M":
        return None
    return "xn--" + folded.encode("punycode").decode("ascii")


def _turns_ascii(char: str) -> bool:
    return any(c.isascii() for c in unicodedata.normalize("NFKC", char.lower()))


def _in_a_name(char: str) -> bool:
    return char == "-" or char in _EXCEPTIONS or unicodedata.category(char) in _LETTERS
