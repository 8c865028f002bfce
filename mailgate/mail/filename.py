"""Names of attachments, made fit to be shown and to be saved under.

Untrusted: no path, no device, no control or direction-turning character survives, and the
extension does, however long the name.
"""

import re

from mailgate.mail import plain

_PATH = re.compile(r".*[/\\]", re.DOTALL)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u2060-\u2064]")
_LONGEST_EXTENSION = 16  # octets; what is longer is no extension
_LONGEST_INPUT = 4096  # characters looked at

_EXTENSIONS = {
    "application/gzip": ".gz",
    "application/json": ".json",
    "application/msword": ".doc",
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "audio/mpeg": ".mp3",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "message/delivery-status": ".txt",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/rfc822-headers": ".txt",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "video/mp4": ".mp4",
}


# What mail programs call these, and so what people expect to see.
_USUAL = {
    "application/pgp-signature": "signature.asc",
    "application/pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-signature": "smime.p7s",
}


def clean(name: str, limit: int) -> str:
    """Return `name` without its path, in at most `limit` octets of UTF-8; may be empty."""
    line = plain.one_line(_PATH.sub("", name[-_LONGEST_INPUT:].replace("\0", "")), _LONGEST_INPUT)
    bare = _INVISIBLE.sub("", line).lstrip(". ").rstrip(". ")
    if _DEVICE.fullmatch(bare):
        bare = f"_{bare}"
    return _shortened(bare, limit)


def invented(path: str, type_: str) -> str:
    """Return a name for the part at `path`, which has none; the same for the same mail always."""
    if type_ in _USUAL:
        return _USUAL[type_]
    place = path.replace("/", "-").replace(":", "-")
    return f"part-{place}{_EXTENSIONS.get(type_, '.bin')}"


def of_message(subject: str, limit: int) -> str:
    """Return the name under which an attached message goes, after its subject."""
    title = clean(subject.replace("/", "_").replace("\\", "_"), max(limit - 4, 0))
    return f"{title or 'message'}.eml"


def _shortened(name: str, limit: int) -> str:
    if len(name.encode()) <= limit:
        return name
    stem, dot, extension = name.rpartition(".")
    ending = dot + extension
    if not stem or len(ending.encode()) > min(_LONGEST_EXTENSION, limit - 1):
        stem, ending = name, ""
    room = limit - len(ending.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + ending
