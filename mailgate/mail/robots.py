"""Addresses that nobody reads, known by their names: no-reply, those of lists, of mail systems."""

import re

_LONGEST = 1000  # characters read of a local part

# Words for "do not answer" in the addresses of robots, set off from what else stands there.
NO_REPLY = re.compile(
    r"(?:^|.*[-_.+])(?:no[-_.]?repl(?:y|ies)|(?:do|dont)[-_.]?not[-_.]?reply|dont[-_.]?reply"
    r"|no[-_.]?response|not[-_.]?reply|keine[-_.]?antwort|geen[-_.]?antwoord|nicht[-_.]?antworten"
    r"|ne[-_.]?pas[-_.]?repondre|pas[-_.]?de[-_.]?reponse|no[-_.]?(?:responder|contestar)"
    r"|non[-_.]?rispondere|nao[-_.]?respond(?:a|er)|nie[-_.]?odpowiadaj|svara[-_.]?inte"
    r"|niet[-_.]?(?:be)?antwoorden)(?:$|[-_.+\d])"
)
ROBOT = re.compile(r"owner-|.*-request$|listserv$|majordomo$")  # RFC 5230 section 4.6
POSTMASTER = re.compile(r"post[-_]?master$")  # RFC 2142 section 5, and as some write it
_DAEMON = re.compile(r"mailer-daemon$")


def local_part(address: str) -> str:
    """Return the beginning of the local part, in lower case."""
    return address.partition("@")[0][:_LONGEST].lower()


def is_no_reply(address: str) -> bool:
    """Tell whether the owner of an address says by its name that answers are not read."""
    return NO_REPLY.match(local_part(address)) is not None


def is_postmaster(address: str) -> bool:
    """Tell whether an address is the one of those who run a mail system."""
    return POSTMASTER.match(local_part(address)) is not None


def is_robot(address: str) -> bool:
    """Tell whether nobody reads what comes to an address.

    Nothing is to be sent there on somebody else's word.
    """
    local = local_part(address)
    return any(name.match(local) for name in (NO_REPLY, ROBOT, POSTMASTER, _DAEMON))
