"""The files in a mail: their names made safe, their bytes counted and digested, not kept."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailgate.mail import contained, filename, headers, parts, plain, tnef
from mailgate.mail.contained import Contained
from mailgate.mail.display import File
from mailgate.mail.parsed import Attachment
from mailgate.mail.parts import Part
from mailgate.mail.prescan import Limits
from mailgate.mail.tnef import Contents

_MESSAGES = ("message/rfc822", "message/global")
_LONGEST_TYPE = 160


@dataclass(frozen=True, slots=True)
class Files:
    """The attachments in the order of the mail, and the first message wrapped in winmail.dat."""

    attachments: tuple[Attachment, ...]
    wrapped: Contents | None


def read(
    raw: bytes,
    files: Sequence[File],
    written: Sequence[Contained],
    limits: Limits,
    notes: list[str],
) -> Files:
    """Return at most `limits.attachments` files, those `written` into texts before the parts.

    A winmail.dat stands for what is in it, and for itself where that cannot be read to its end.
    """
    wrapped: list[Contents] = []

    def found() -> Iterator[Attachment]:
        for each in written:
            yield _contained(each, limits)
        for file in files:
            if contained.is_tnef(file.part.type, file.part.filename):
                yield from _unwrapped(raw, file, limits, notes, wrapped)
            else:
                yield _attachment(raw, file, limits, notes)

    attachments: list[Attachment] = []
    for attachment in found():
        if len(attachments) == limits.attachments:
            notes.append(f"more than {limits.attachments} attachments")
            break
        attachments.append(attachment)
    return Files(tuple(attachments), wrapped[0] if wrapped else None)


def _unwrapped(
    raw: bytes, file: File, limits: Limits, notes: list[str], wrapped: list[Contents]
) -> Iterator[Attachment]:
    contents = tnef.read(parts.decoded(raw, file.part)[0])
    if contents.text or contents.html or contents.files:
        wrapped.append(contents)
    for each in contained.from_tnef(file.part.path, contents):
        yield _contained(each, limits)
    if not contents.whole:
        notes.append(f"part {file.part.path}: broken winmail.dat")
        yield _attachment(raw, file, limits, notes)


def _contained(found: Contained, limits: Limits) -> Attachment:
    type_ = plain.one_line(found.type, _LONGEST_TYPE).lower() or "application/octet-stream"
    name = filename.clean(found.name, limits.name)
    return Attachment(
        part=found.part,
        name=name or filename.invented(found.part, type_),
        type=type_,
        size=len(found.data),
        sha256=hashlib.sha256(found.data).hexdigest(),
        inline=found.content_id is not None,
        content_id=plain.one_line(found.content_id or "", limits.name) or None,
    )


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
