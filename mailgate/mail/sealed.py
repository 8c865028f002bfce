"""What is said of a mail whose content is encrypted: one line in place of the text."""

from mailgate.mail import parts
from mailgate.mail.parts import Part

ENVELOPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
# Object identifiers of RFC 5652 and RFC 5083 in DER; one of them opens every such file.
_ENCRYPTED = (bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117"))
_SIGNED = bytes.fromhex("2a864886f70d010702")
_OPENING = 64  # octets within which it stands
_ARMOR = "-----BEGIN PGP MESSAGE-----"
_SAYS = "[This mail is {} and cannot be read here]"


def says(raw: bytes, root: Part) -> str:
    """Return a line for the mail at `root` if it has no text but what is sealed, "" otherwise."""
    if any(part.type == "multipart/encrypted" for part in root.walk()):
        pgp = any(part.type == "application/pgp-encrypted" for part in root.leaves())
        return _SAYS.format("encrypted (PGP/MIME)" if pgp else "encrypted")
    for part in root.leaves():
        if part.type in ENVELOPES:
            opening = parts.decoded(raw, part)[0][:_OPENING]
            if any(oid in opening for oid in _ENCRYPTED):
                return _SAYS.format("encrypted (S/MIME)")
            if _SIGNED in opening:
                return _SAYS.format("signed (S/MIME)")
    return ""


def says_armored(text: str) -> str:
    """Return a line for a text that is nothing but an encrypted PGP message, "" for others."""
    return _SAYS.format("encrypted (PGP)") if text.lstrip().startswith(_ARMOR) else ""
