"""Notices made from templates: subject, plain text and HTML in the recipient's language.

Templates lie in folders as `<locale>/<notice>.{subject,txt,html}.j2`. A file in an earlier folder
goes before the same one in a later folder, and a more exact language before a wider one: de-AT,
de, then the fallback. No template reaches outside its folders, and none brings the gateway down.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import FileSystemLoader, nodes, pass_context
from jinja2.runtime import Context

from mailgate.errors import MailgateError, Permanent, Refused, Temporary
from mailgate.mail.plain import SUBJECT_LIMIT, many_lines, one_line
from mailgate.mail.sample import TAG, begun, samples
from mailgate.mail.sandbox import FAULTS, Sandbox, place, reason
from mailgate.mail.untold import included, parsed, set_in, shape, untold
from mailgate.mail.wording import Wording, bare_subject, excerpt, paragraphs, quote

PARTS = ("subject", "txt", "html")
HTML_LIMIT = 100_000  # characters of plain text above which a mail goes without an HTML part

_PREPARED = "_prepared.txt.j2"
_MOST_NAMED = 12  # missing templates of a language; of more their number is told
_MOMENTS = 256  # as many times as are kept spelt out
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_NOTICE = re.compile(r"(?P<notice>[a-z][a-z_]*)\.(?:subject|txt|html)\.j2")
_FAULTS = (*FAULTS, css_inline.InlineError)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notice ready to be composed. `html` is None where the text is too long for it."""

    subject: str
    text: str
    html: str | None
    language: str


@dataclass(frozen=True, slots=True)
class _Tongue:
    """One language with what it falls back to, nearest first."""

    tags: tuple[str, ...]
    sandbox: Sandbox
    wording: Wording


class Renderer:
    """Renders notices; may be shared by threads. What changes in its folders is seen at a start."""

    def __init__(
        self, folders: Sequence[Path], fallback: str = "en", *, plain_subjects: bool = False
    ) -> None:
        """Look through `folders`, overrides first. Raises Refused without the fallback language."""
        self._folders = tuple(folders)
        self._plain_subjects = plain_subjects
        self._known = {_tag(path.name): path.name for path in self._locale_folders()}
        self._tongues: dict[tuple[str, ...], _Tongue] = {}
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
        if _tag(fallback) not in self._known:
            where = ", ".join(map(str, self._folders))
            raise Refused(f"no templates for the language {fallback!r} in {where}")
        self._fallback = self._known[_tag(fallback)]

    @property
    def locales(self) -> tuple[str, ...]:
        """Return the languages that have templates, sorted."""
        return tuple(sorted(self._known.values()))

    @property
    def notices(self) -> tuple[str, ...]:
        """Return the names of all notices that have a template in the last folder, sorted."""
        files = (file for place in _locales_in(self._folders[-1]) for file in place.iterdir())
        found = (_NOTICE.fullmatch(file.name) for file in files)
        return tuple(sorted({match["notice"] for match in found if match}))

    def render(self, notice: str, locale: str | None, context: Mapping[str, Any]) -> Rendered:
        """Render a notice for a recipient who reads `locale`, or the nearest that there is.

        Raises Temporary, with file and line, for a fault in a template: the mail can be sent once
        it is mended.
        """
        tags = self._tags(locale)
        with _blamed(notice):
            return self._rendered(self._tongue(tags), notice, context)

    def prepare(self, locale: str | None, context: Mapping[str, Any]) -> Rendered:
        """Render the beginning of an answer, for an agent to go on with: text alone.

        Raises Temporary as `render` does.
        """
        with _blamed(_PREPARED):
            tongue = self._tongue(self._tags(locale))
            subject = tongue.sandbox.get_template("agent_reply.subject.j2").render(context)
            text = tongue.sandbox.get_template(_PREPARED).render(context)
            written = self._subject(subject, context)
            return Rendered(written, many_lines(text).strip("\n") + "\n", None, tongue.tags[0])

    def check(self) -> list[str]:
        """Render every notice in every language with sample contexts, and return the faults.

        The samples hold all that a notice may be given, and the least: templates must bear both.
        Those of the desk's own are read as well, for what is wrong where no sample leads.
        """
        faults = list(self._strays())
        faults += [fault for locale in self.locales for fault in self._gaps(locale)]
        for locale in self.locales:
            for notice in self.notices:
                for context in samples():
                    try:
                        rendered = self.render(notice, locale, context)
                    except MailgateError as error:
                        faults.append(str(error))
                    else:
                        if TAG in (rendered.html or ""):
                            faults.append(f"{locale}/{notice}.html.j2: a text is not escaped")
            for context in self._to_prepare():
                try:
                    self.prepare(locale, context)
                except MailgateError as error:
                    faults.append(str(error))
        told = {fault.rpartition(": ")[0] for fault in faults}
        faults += [f for f in self._untold() if f.rpartition(": ")[0] not in told]
        return list(dict.fromkeys(faults))

    def _untold(self) -> Iterator[str]:
        """Name what templates of the desk's own speak of, and nothing gives them."""
        own = [file for folder in self._folders[:-1] for file in sorted(folder.rglob("*.j2"))]
        if not own:
            return
        sandbox, given = self._tongue(self._tags(None)).sandbox, shape(samples())
        shipped = self._folders[-1]
        read = [*shipped.glob("*.j2"), *(shipped / self._fallback).glob("*.j2"), *own]
        templates = {file: parsed(sandbox, file) for file in read}
        whole = [each for each in templates.values() if each]
        around = frozenset[str]().union(*map(set_in, whole))
        including = [each for each in whole if each.find(nodes.Include)]
        for file in own:
            template = templates[file]
            if template is not None:
                by = including if included(file, including) else ()
                handed = frozenset[str]().union(*map(set_in, by))
                yield from (f"{file}:{fault}" for fault in untold(template, given, around, handed))

    def _to_prepare(self) -> Iterator[dict[str, Any]]:
        """Yield samples to begin answers to, where there is a template for that."""
        folders = [folder / tag for folder in self._folders for tag in self._known.values()]
        if any((folder / _PREPARED).is_file() for folder in folders):
            yield from begun()

    def _locale_folders(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from _locales_in(folder)

    def _tags(self, locale: str | None) -> tuple[str, ...]:
        parts = _tag(locale or "").split("-")
        wider = ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
        found = [self._known[tag] for tag in wider if tag in self._known]
        return tuple(dict.fromkeys([*found, self._fallback]))

    def _tongue(self, tags: tuple[str, ...]) -> _Tongue:
        tongue = self._tongues.get(tags)
        if tongue is None:
            tongue = self._tongues[tags] = self._learn(tags)
        return tongue

    def _learn(self, tags: tuple[str, ...]) -> _Tongue:
        places = [folder / tag for tag in tags for folder in self._folders]
        sandbox = Sandbox(FileSystemLoader([*places, *self._folders]))
        written = [place / "locale.toml" for place in places]
        path = next((path for path in written if path.is_file()), written[-1])
        wording = Wording.read(path)
        spelt = lru_cache(_MOMENTS)(wording.when)  # a mail has one in both forms, for each reader

        @pass_context
        def when(context: Context, moment: str) -> str:
            return spelt(moment, context["desk"]["timezone"])

        sandbox.filters |= {
            "when": when,
            "duration": wording.duration,
            "quote": quote,
            "excerpt": excerpt,
            "paragraphs": paragraphs,
            "bare": bare_subject,
        }
        return _Tongue(tags, sandbox, wording)

    def _rendered(self, tongue: _Tongue, notice: str, context: Mapping[str, Any]) -> Rendered:
        language = tongue.tags[0]
        subject, text, html = (tongue.sandbox.get_template(f"{notice}.{part}.j2") for part in PARTS)
        given = {**context, "language": language, "rtl": tongue.wording.right_to_left}
        plain = many_lines(text.render(given)).strip("\n") + "\n"
        shown = None
        if len(plain) <= HTML_LIMIT:
            shown = self._inliner.inline(many_lines(html.render(given)))
        return Rendered(self._subject(subject.render(given), given), plain, shown, language)

    def _subject(self, written: str, context: Mapping[str, Any]) -> str:
        number = str(context["ticket"]["number"])
        if not number:
            return one_line(written, SUBJECT_LIMIT)
        if self._plain_subjects:
            written = f"Re: {bare_subject(str(context['ticket']['subject'] or ''), number)}"
        mark = f"[{number}]"
        line = one_line(written, SUBJECT_LIMIT)
        if mark in line or _names(line, number):
            return line
        return f"{one_line(written, SUBJECT_LIMIT - len(mark) - 1)} {mark}"

    def _strays(self) -> Iterator[str]:
        """Name the templates of what is no notice, such as of a name misspelt."""
        notices = self.notices
        files = (file for place in self._locale_folders() for file in sorted(place.iterdir()))
        for file in files:
            match = _NOTICE.fullmatch(file.name)
            if match and match["notice"] not in notices:
                near = get_close_matches(match["notice"], notices, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(notices)}"
                yield f"{file}: there is no notice {match['notice']}; {hint}"

    def _gaps(self, locale: str) -> Iterator[str]:
        """Name the parts that this language would have to borrow from another one."""
        missing = list(self._missing(locale))
        if len(missing) <= _MOST_NAMED:
            yield from missing
            return
        yield (
            f"{locale}: {len(missing)} of {len(self.notices) * len(PARTS)} templates are missing, "
            f"such as {missing[0].split(':')[0]}: a language of your own needs them all"
        )

    def _missing(self, locale: str) -> Iterator[str]:
        base = self._tags(locale)
        own = base if self._fallback.split("-")[0] == base[0].split("-")[0] else base[:-1]
        for notice in self.notices:
            for part in PARTS:
                name = f"{notice}.{part}.j2"
                if not any((f / tag / name).is_file() for f in self._folders for tag in own):
                    yield f"{locale}/{name}: missing"


def _locales_in(folder: Path) -> list[Path]:
    """Return the folders of languages in a folder, which may not be there."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if _LOCALE.fullmatch(path.name) and path.is_dir())


@contextmanager
def _blamed(name: str) -> Iterator[None]:
    """Turn the faults of a template into `Temporary`, with file and line."""
    try:
        yield
    except Permanent as error:
        raise Temporary(str(error)) from error
    except _FAULTS as error:
        raise Temporary(f"{place(error, name)}: {reason(error)}") from error


def _names(line: str, number: str) -> bool:
    """Whether a subject tells the ticket's number as "#number", as some notices do."""
    _before, found, after = line.partition(f"#{number}")
    return bool(found) and not after[:1].isalnum()


def _tag(locale: str) -> str:
    return locale.replace("_", "-").lower()
