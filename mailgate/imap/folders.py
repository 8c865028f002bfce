"""The folders of a mailbox, and which of them holds what was sent, thrown away or begun.

A server marks it (RFC 6154). Where none does, as Exchange, a folder of a name that mail programs
and servers give to it is taken; a person can name any other.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

INBOX = "INBOX"
SENT = "\\Sent"
TRASH = "\\Trash"
DRAFTS = "\\Drafts"
JUNK = "\\Junk"

_SENT_NAMES = (
    "Sent",
    "Sent Items",
    "Sent Mail",
    "Sent Messages",
    "Gesendet",
    "Gesendete Elemente",
    "Gesendete Objekte",
    "Éléments envoyés",
    "Messages envoyés",
    "Elementos enviados",
    "Enviados",
    "Posta inviata",
    "Verzonden items",
    "Itens enviados",
    "Elementy wysłane",
    "Отправленные",
    "已发送邮件",
    "已发送",
    "العناصر المرسلة",
)
_TRASH_NAMES = (
    "Trash",
    "Deleted Items",
    "Deleted Messages",
    "Papierkorb",
    "Gelöschte Elemente",
    "Corbeille",
    "Éléments supprimés",
    "Papelera",
    "Elementos eliminados",
    "Cestino",
    "Prullenbak",
    "Lixeira",
    "Kosz",
    "Удаленные",
    "Корзина",
    "已删除邮件",
    "العناصر المحذوفة",
)

_DRAFTS_NAMES = (
    "Drafts",
    "Draft",
    "Entwürfe",
    "Brouillons",
    "Borradores",
    "Bozze",
    "Concepten",
    "Rascunhos",
    "Wersje robocze",
    "Черновики",
    "草稿",
    "المسودات",
)

_JUNK_NAMES = (
    "Junk",
    "Junk E-mail",
    "Junk Email",
    "Junk-E-Mail",
    "Spam",
    "Bulk Mail",
    "Spamverdacht",
    "Courrier indésirable",
    "Indésirables",
    "Correo no deseado",
    "Posta indesiderata",
    "Ongewenste e-mail",
    "Lixo Eletrônico",
    "Wiadomości-śmieci",
    "Нежелательная почта",
    "Спам",
    "垃圾邮件",
    "البريد غير الهام",
)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as LIST shows it: its full name, and its attributes with capitals as given."""

    name: str
    attributes: frozenset[str]
    separator: str

    @property
    def leaf(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(self.separator)[2] if self.separator else self.name

    @property
    def selectable(self) -> bool:
        """Whether there can be mails in it."""
        return not {a.lower() for a in self.attributes} & {"\\noselect", "\\nonexistent"}


def named(folders: Iterable[Folder], name: str) -> Folder | None:
    """Return the folder of a name; INBOX in any capitals (RFC 9051 5.1), others as written."""

    def same(other: str) -> bool:
        if name.upper() == INBOX:
            return other.upper() == INBOX
        return unicodedata.normalize("NFC", other) == unicodedata.normalize("NFC", name)

    return next((f for f in folders if f.selectable and same(f.name)), None)


def sent(folders: Iterable[Folder]) -> Folder | None:
    """Return the folder of what was sent: the one marked so, else one that is called so."""
    return _used(folders, SENT, _SENT_NAMES)


def trash(folders: Iterable[Folder]) -> Folder | None:
    """Return the folder of what was thrown away: the one marked so, else one that is called so."""
    return _used(folders, TRASH, _TRASH_NAMES)


def junk(folders: Iterable[Folder]) -> Folder | None:
    """Return the folder of spam: the one marked so, else one that is called so."""
    return _used(folders, JUNK, _JUNK_NAMES)


def drafts(folders: Iterable[Folder]) -> Folder | None:
    """Return the folder of what is not sent yet: the one marked so, else one that is called so."""
    return _used(folders, DRAFTS, _DRAFTS_NAMES)


def _used(folders: Iterable[Folder], mark: str, names: Iterable[str]) -> Folder | None:
    usable = [folder for folder in folders if folder.selectable]
    marked = (f for f in usable if mark.lower() in {a.lower() for a in f.attributes})
    called = (f for name in names for f in usable if f.leaf == name)
    return next(marked, None) or next(called, None)
