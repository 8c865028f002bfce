"""The envelope of a mail that did not come by SMTP: who sent it and for whom it is."""

from typing import TYPE_CHECKING

from mailgate.mail.plain import one_line

if TYPE_CHECKING:
    from mailgate.app import App
    from mailgate.mail.parse import ParsedMail

_TRANSPORT = ("delivered-to", "x-original-to")  # written by the mail server, the envelope's words


def without_postmark(raw: bytes) -> tuple[str, bytes]:
    """Return the sender in a leading `From ` line, which is of the mailbox and not of the mail."""
    if not raw.startswith(b"From "):
        return "", raw
    line, _, rest = raw.partition(b"\n")
    words = line.decode("utf-8", "replace").split()
    return words[1] if len(words) > 1 else "", rest


def header(raw: bytes) -> "ParsedMail":
    """Return what the header of a mail says, which costs little whatever the body is."""
    from mailgate.app import now
    from mailgate.mail.parse import Limits, rough

    return rough(raw, now(), Limits(), "its header was all that was wanted")


def sender(given: str | None, mail: "ParsedMail", postmark: str) -> str:
    """Return the envelope sender; empty (the null path) only where somebody says so."""
    if given is None:
        said = (*mail.headers.get("return-path", ()), postmark)
        given = next((path for path in said if path), mail.strict_from or "")
    bare = one_line(given).strip().removeprefix("<").removesuffix(">")
    return "" if bare.upper() == "MAILER-DAEMON" else bare


def recipients(app: "App", mail: "ParsedMail") -> list[str]:
    """Return the desk's addresses for which the mail came, as far as its header tells.

    Where it does not, that is the desk's own address.
    """
    written = [value.strip("<> ") for name in _TRANSPORT for value in mail.headers.get(name, ())]
    named = [mailbox.address for mailbox in (*mail.to, *mail.cc)]
    for addresses in (written, named):
        ours = [address for address in addresses if app.route(address) is not None]
        if ours:
            return list(dict.fromkeys(ours))
    return [app.config.desk.address]
