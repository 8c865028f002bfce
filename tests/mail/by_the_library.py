"""A mail put together by the email package alone: what `compose` must give byte for byte.

`compose` writes the headers of its parts by hand, since the package takes a millisecond for them.
"""

import base64
import binascii
from email.message import EmailMessage

from mailgate.mail import compose as ours
from mailgate.mail.compose import File
from mailgate.mail.plain import many_lines, one_line
from mailgate.mail.render import Rendered

POLICY = ours._PARTS


def content(rendered: Rendered, files: tuple[File, ...], mark: str) -> bytes:
    """Return everything of a mail from MIME-Version on."""
    mail = EmailMessage(POLICY)
    mail["MIME-Version"] = "1.0"
    _set_text(mail, many_lines(rendered.text), "plain")
    html = many_lines(rendered.html or "")
    shown = [file for file in files if ours._is_shown(file, html)]
    if html:
        page = EmailMessage(POLICY)
        _set_text(page, html, "html")
        if shown:
            page.make_related(boundary=f"=_related_{mark}")
        for file in shown:
            _add(page.add_related, file, "inline")
        mail.make_alternative(boundary=f"=_alternative_{mark}")
        mail.attach(page)
    if len(files) > len(shown):
        mail.make_mixed(boundary=f"=_mixed_{mark}")
    for file in (file for file in files if file not in shown):
        _add(mail.add_attachment, file, "attachment")
    return mail.as_bytes()


def _set_text(part: EmailMessage, text: str, subtype: str) -> None:
    octets = text.replace("\n", "\r\n").encode()
    dense = len(text.encode()) > len(text) * 4 / 3
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "base64" if dense else "quoted-printable"
    made = base64.encodebytes(octets) if dense else binascii.b2a_qp(octets)
    part.set_payload(made.decode("ascii"))


def _add(add, file: File, disposition: str) -> None:
    bare = ours._bare_content_id(file)
    main, sub = ours._type(file.type)
    name = one_line(file.name, ours.LONGEST_FILE_NAME) or None
    cid = f"<{bare}>" if bare else None
    add(file.data, main, sub, disposition=disposition, filename=name, cid=cid)
