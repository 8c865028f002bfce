"""The files in a mail: their names made safe, their bytes counted and digested, not kept."""

import hashlib
from collections.abc import Sequence

from mailgate.mail import filename, headers, parts
from mailgate.mail.display import File
from mailgate.mail.parsed import Attachment
from mailgate.mail.parts import Part
from mailgate.mail.prescan import Limits

_MESSAGES = ("message/rfc822", "message/global")


def read(
    raw: bytes, files: Sequence[File], limits: Limits, notes: list[str]
) -> tuple[Attachment, ...]:
    """Return the attachments in the order of the mail, at most `limits.attachments` of them."""
    if len(files) > limits.attachments:
        notes.append(f"more than {limits.attachments} attachments")
    return tuple(_attachment(raw, file, limits, notes) for file in files[: limits.attachments])


def _attachment(raw: bytes, file: File, limits: Limits, notes: list[str]) -> Attachment:
    part = file.part
    data, well_formed = parts.decoded(raw, part)
    if not well_formed:
        notes.append(f"part {part.path}: broken {part.encoding}")
    return Attachment(
        part=part.path,
        name=_name(part, data, limits),
        type=part.type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        inline=file.inline,
        content_id=part.content_id,
    )


def _name(part: Part, data: bytes, limits: Limits) -> str:
    name = filename.clean(part.filename or "", limits.name)
    if name:
        return name
    if part.type in _MESSAGES:
        return filename.of_message(_subject(data, limits), limits.name)
    return filename.invented(part.path, part.type)


def _subject(message: bytes, limits: Limits) -> str:
    block = headers.split(message, 0, len(message), size=limits.header_block, count=limits.headers)
    found = (field.value for field in block.fields if field.name == "subject")
    return headers.text(next(found, b""), limits.subject)
