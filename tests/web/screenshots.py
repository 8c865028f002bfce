"""What people see, as pictures to be looked at: notices and pages, narrow and wide, light and dark.

    python -m tests.web.screenshots DIR                  # all, in every language
    python -m tests.web.screenshots DIR --languages ar   # some

DIR/LANGUAGE/NAME-WIDTH-SCHEME.png is one of them, DIR/sheets/LANGUAGE-WIDTH-SCHEME-N.png a dozen
side by side, in the order of their names. All is made of samples.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from fastapi import Response

from mailgate.cli.templating import _sample
from mailgate.web import approving, confirming, deciding, page
from mailgate.web.frame import plain
from mailgate.web.wording import words_for
from tests.delivery.sending import RENDERER
from tests.peers.chromium import Chromium, Missing

WIDTHS = {"narrow": 360, "wide": 900}
SCHEMES = ("light", "dark")
_ON_A_SHEET = {"narrow": 12, "wide": 6}
_IN_A_ROW = {"narrow": 6, "wide": 3}
_SHOWN = 400  # pixels of each on a sheet
_NUMBER, _SUBJECT = "TKT-2026-00042", "Re: The printer on floor 3 prints <blank> pages"


def pages(language: str) -> Iterator[tuple[str, Response]]:
    """Yield each page behind a link of a mail, as it stands at each time."""
    words = words_for(language)
    for standing in confirming.Standing:
        rates = standing in (confirming.Standing.SETTLED, confirming.Standing.ENDED)
        question = confirming.Question(_NUMBER, _SUBJECT, language, standing, rates)
        yield f"page-confirm-{standing.value}", page._shown(words, question)
    for standing in approving.Standing:
        facts = ("Bob", "team Hardware", "The customer calls every hour.")
        wanted = approving.Wanted(_NUMBER, _SUBJECT, language, standing, *facts)
        yield f"page-approve-{standing.value}", deciding._shown(wanted)
    yield "page-unknown", plain(words, words.unknown, 404)


def written(folder: Path, language: str, only: str = "") -> list[Path]:
    """Write notices and pages whose names contain `only` as files for a browser."""
    place = folder / "html" / language
    place.mkdir(parents=True, exist_ok=True)
    names = sorted(f"notice-{notice}" for notice in RENDERER.notices)
    texts = {
        name: _sample(RENDERER, name.removeprefix("notice-"), language).html or ""
        for name in names
        if only in name
    }
    texts |= {name: bytes(shown.body).decode() for name, shown in pages(language) if only in name}
    for name, text in texts.items():
        (place / f"{name}.html").write_text(text, "utf-8")
    return [place / f"{name}.html" for name in texts]


def taken(browser: Chromium, folder: Path, language: str, only: str = "") -> int:
    """Take the pictures of a language, and its sheets; return how many there are of the first."""
    files, count = written(folder, language, only), 0
    (folder / language).mkdir(exist_ok=True)
    (folder / "sheets").mkdir(exist_ok=True)
    for width, pixels in WIDTHS.items():
        for scheme in SCHEMES:
            made = [folder / language / f"{file.stem}-{width}-{scheme}.png" for file in files]
            for file, picture in zip(files, made, strict=True):
                picture.write_bytes(browser.picture(file, pixels, scheme))
            count += len(made)
            for n, some in enumerate(_parts(made, _ON_A_SHEET[width]), 1):
                name = f"{language}-{width}-{scheme}-{n}"
                sheet = folder / "html" / f"{name}.html"
                sheet.write_text(_sheet(some, _IN_A_ROW[width]), "utf-8")
                whole = browser.picture(sheet, _IN_A_ROW[width] * _SHOWN, "light")
                (folder / "sheets" / f"{name}.png").write_bytes(whole)
    return count


def _parts(pictures: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    for begin in range(0, len(pictures), size):
        yield pictures[begin : begin + size]


def _sheet(pictures: Sequence[Path], columns: int) -> str:
    shown = "".join(
        f"<figure><figcaption>{escape(picture.stem)}</figcaption>"
        f'<img src="{escape(picture.resolve().as_uri())}"></figure>'
        for picture in pictures
    )
    return (
        '<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#888;display:grid;'
        f"grid-template-columns:repeat({columns},1fr);align-items:start}}"
        "figure{margin:4px}img{width:100%}figcaption{font:14px sans-serif}</style>"
        f"{shown}"
    )


def main(words: Sequence[str] | None = None) -> int:
    """Make all pictures that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--languages", nargs="+", choices=RENDERER.locales)
    parser.add_argument("--only", default="", help="those whose name has this in it")
    options = parser.parse_args(words)
    try:
        browser = Chromium()
    except Missing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with browser:
        for language in options.languages or RENDERER.locales:
            count = taken(browser, options.folder, language, options.only)
            sys.stdout.write(f"{language}: {count} pictures in {options.folder / language}\n")
    sys.stdout.write(f"side by side: {options.folder / 'sheets'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
