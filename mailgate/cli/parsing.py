"""`mailgate parse`: what the parser makes of a mail, without a desk."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mailgate.cli import printing
from mailgate.cli.options import AsJson
from mailgate.cli.program import command
from mailgate.errors import Refused

_TEXTS = ("text", "reply_text", "new_text", "signature", "html")


@command("parse", "mailgate parse mail.eml", "mailgate parse --json - < mail.eml")
def parse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A mail, as it came; - is stdin.")],
    json: AsJson = False,
) -> None:
    """Show how a mail is read.

    People, subject, text, what is new in it, attachments, and what kind of mail it is. Needs no
    configuration. Whatever the file holds, something is shown.
    """
    from mailgate.mail import asjson
    from mailgate.mail.parse import parse as read

    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Refused(f"{file}: {(error.strerror or str(error)).lower()}") from error
    shape = asjson.as_json(read(raw, datetime.now(UTC)))
    if json:
        printing.as_json(shape)
        return
    people = {
        name: ", ".join(f"{each['name']} <{each['address']}>".strip() for each in shape[name])
        for name in ("from", "to", "cc")
    }
    plain = {name: value for name, value in shape.items() if isinstance(value, str)}
    texts = {name: plain.pop(name) for name in _TEXTS if name in plain}
    verdict = shape["verdict"]
    kind = {"kind": "; ".join((verdict["kind"], *verdict["reasons"]))}
    printing.facts((plain | people | kind).items())
    for each in shape["attachments"]:
        printing.line(f"  {each['name']}, {each['type']}, {each['size']} octets")
    for each in shape["degraded"]:
        printing.line(f"  degraded: {each}")
    printing.line()
    printing.block(texts.get("reply_text", ""))
