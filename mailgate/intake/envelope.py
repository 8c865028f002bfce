"""The arguments of MAIL and RCPT, read strictly (RFC 5321 section 4.1.2).

What is wrong comes back as the finished reply, so that the dialogue has nothing to decide.
An address is what stands between the brackets, unchanged.
"""

import re
from dataclasses import dataclass

from mailgate.mail import address

# Quoted text may hold brackets, so it is skipped as a whole; possessive, so never tried twice.
_PATH = re.compile(r' *<((?>(?:[^<>"]++|"(?>(?:[^"\\]|\\.)*)")*))>(?: +(.*))?')
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 section 4


@dataclass(frozen=True, slots=True)
class Path:
    """An address of the envelope, empty for the null sender, with the parameters after it."""

    address: str
    size: int = 0  # octets as declared, 0 when not
    smtputf8: bool = False


def read_sender(argument: str | None, *, extended: bool) -> Path | str:
    """Read the argument of MAIL; `extended` after EHLO. Return the path, or the reply that refuses.

    Takes SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8 (RFC 6531).
    """
    found = _split(argument, "FROM:")
    if found is None:
        return "501 5.5.4 Syntax: MAIL FROM:<address>"
    text, parameters = found
    if parameters and not extended:
        return "555 5.5.4 Parameters need EHLO"
    read = _parameters(parameters)
    if isinstance(read, str):
        return read
    size, smtputf8 = read
    wrong = _wrong(text, "553 5.1.7 The sender is not an address", smtputf8=smtputf8)
    if text and wrong:
        return wrong
    return Path(text, size, smtputf8)


def read_recipient(argument: str | None, *, smtputf8: bool) -> Path | str:
    """Read the argument of RCPT; `smtputf8` as MAIL said. Return the path, or a refusing reply.

    `<postmaster>` without a domain is an address here (RFC 5321 section 4.1.1.3).
    """
    found = _split(argument, "TO:")
    if found is None:
        return "501 5.5.4 Syntax: RCPT TO:<address>"
    text, parameters = found
    if parameters:
        return "555 5.5.4 Parameter not known"
    wrong = _wrong(text, "553 5.1.3 The recipient is not an address", smtputf8=smtputf8)
    if wrong and text.lower() != "postmaster":
        return wrong
    return Path(text)


def _split(argument: str | None, keyword: str) -> tuple[str, str] | None:
    """Return what stands in the brackets and what after them; None if it has not that form.

    Nothing unprintable passes: control characters, NUL, line separators, bytes that are no UTF-8.
    """
    if argument is None or not argument.isprintable():
        return None
    if argument[: len(keyword)].upper() != keyword:
        return None
    match = _PATH.fullmatch(argument, len(keyword))
    return (match[1], match[2] or "") if match else None


def _parameters(text: str) -> tuple[int, bool] | str:
    """Return the declared size and whether SMTPUTF8 was asked for, or the reply that refuses."""
    given: dict[str, str | None] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if name.upper() in given:
            return "501 5.5.4 Parameter given twice"
        given[name.upper()] = value if equals else None
    size = given.pop("SIZE", "0")
    body = given.pop("BODY", "7BIT")
    smtputf8 = "SMTPUTF8" in given
    if given.pop("SMTPUTF8", None) is not None or size is None or body is None:
        return "501 5.5.4 Parameter with a wrong value"
    if not _SIZE.fullmatch(size) or body.upper() not in {"7BIT", "8BITMIME"}:
        return "501 5.5.4 Parameter with a wrong value"
    if given:
        return "555 5.5.4 Parameter not known"
    return int(size), smtputf8


def _wrong(text: str, reply: str, *, smtputf8: bool) -> str | None:
    """Return the reply that refuses an address, None if there is nothing wrong with it."""
    if not text.isascii() and not smtputf8:
        return "553 5.6.7 An address beyond ASCII needs SMTPUTF8"
    return None if address.valid(text) else reply
