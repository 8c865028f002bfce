"""How important a mail says that it is, in the fields that mail programs have for that."""

from mailgate.mail.parsed import ParsedMail

_LONGEST = 50  # characters of a value that are looked at
# The names as registered by RFC 4021 (Importance, Priority) and as Outlook and others write them.
_SAYS = {
    "importance": {"high": "high", "low": "low"},
    "x-priority": {"1": "high", "2": "high", "4": "low", "5": "low"},
    "x-msmail-priority": {"high": "high", "low": "low"},
    "priority": {"urgent": "high", "non-urgent": "low"},
}


def importance(mail: ParsedMail) -> str:
    """Return high or low; empty for an ordinary mail. The first field that says either counts."""
    for name, words in _SAYS.items():
        for value in mail.headers.get(name, ()):
            first = value[:_LONGEST].lower().replace("(", " ").split()[:1]  # "1 (Highest)"
            if first and first[0] in words:
                return words[first[0]]
    return ""
