"""Pictures of notices and pages are made where there is a Chromium, and else it is said why not."""

import struct

import pytest

from tests.peers import chromium
from tests.web import screenshots


def size(png) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n")
    return struct.unpack(">II", png[16:24])


def test_every_page_and_notice_is_written_for_the_browser(tmp_path):
    names = {file.stem for file in screenshots.written(tmp_path, "ar")}
    assert {"notice-survey", "page-confirm-asked", "page-approve-unexplained"} <= names
    assert 'dir="rtl"' in (tmp_path / "html" / "ar" / "page-unknown.html").read_text("utf-8")


def test_without_chromium_it_is_said_what_to_do(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    assert screenshots.main([str(tmp_path)]) == 1
    assert "install the package chromium, or set CHROMIUM" in capsys.readouterr().err


@pytest.mark.peers
def test_a_page_is_seen_narrow_and_wide_light_and_dark(tmp_path, capsys):
    try:
        chromium.program()
    except chromium.Missing as why:
        pytest.skip(str(why))
    words = [str(tmp_path), "--languages", "ar", "--only", "page-unknown"]
    assert screenshots.main(words) == 0
    assert "ar: 4 pictures" in capsys.readouterr().out
    seen = {file.stem: file.read_bytes() for file in (tmp_path / "ar").iterdir()}
    widths = {name: size(png)[0] for name, png in seen.items()}
    assert widths == {
        f"page-unknown-{width}-{scheme}": pixels
        for width, pixels in screenshots.WIDTHS.items()
        for scheme in screenshots.SCHEMES
    }
    assert len(set(seen.values())) == 4
    assert len(list((tmp_path / "sheets").iterdir())) == 4
