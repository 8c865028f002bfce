"""Chromium without a window, spoken to through a pipe: pages as pictures, and nothing else.

The protocol is https://chromedevtools.github.io/devtools-protocol/: JSON, each message ended by a
zero octet, read by the browser from descriptor 3 and written to 4.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 60  # seconds for one answer
_ABOVE = 10  # descriptors of ours are none of those that the browser takes
_TALLEST = 16_000  # pixels of a picture; what a page has below is cut off


class Missing(Exception):
    """There is no Chromium here."""


def program() -> str:
    """Return the path of Chromium: `$CHROMIUM`, or one of its usual names. Raises `Missing`."""
    given = os.environ.get("CHROMIUM")
    found = shutil.which(given) if given else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        looked = given or ", ".join(NAMES)
        raise Missing(
            f"there is no Chromium here (looked for {looked}): "
            "install the package chromium, or set CHROMIUM to its path"
        )
    return found


class Chromium:
    """A browser with one page."""

    def __init__(self) -> None:
        path = program()
        self._home = tempfile.TemporaryDirectory(prefix="mailgate-chromium-")
        theirs_in, self._to = _pipe()
        self._from, theirs_out = _pipe()
        words = [
            path,
            "--headless=new",
            "--remote-debugging-pipe",
            f"--user-data-dir={self._home.name}",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--force-color-profile=srgb",
        ]
        if os.geteuid() == 0:
            words.append("--no-sandbox")  # it cannot have one as root
        actions = [
            (os.POSIX_SPAWN_DUP2, theirs_in, 3),
            (os.POSIX_SPAWN_DUP2, theirs_out, 4),
            *((os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_RDWR, 0) for n in (0, 1, 2)),
        ]
        self._pid = os.posix_spawn(path, words, os.environ, file_actions=actions)
        os.close(theirs_in)
        os.close(theirs_out)
        self._said, self._count, self._session = b"", 0, ""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._ask("Page.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        os.close(self._to)
        os.close(self._from)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        shutil.rmtree(self._home.name, ignore_errors=True)  # its children may still write
        self._home._finalizer.detach()

    def picture(self, page: Path, width: int, scheme: str, *, scale: float = 1) -> bytes:
        """Return a page as PNG: so many CSS pixels wide, as high as it is, `light` or `dark`."""
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self._ask("Emulation.setEmulatedMedia", media="screen", features=media)
        self._see(width, 400, scale)
        self._ask("Page.navigate", url=page.resolve().as_uri())
        self._until("Page.loadEventFired")
        size = self._ask("Page.getLayoutMetrics")["cssContentSize"]
        self._see(width, min(max(int(size["height"]), 1), int(_TALLEST / scale)), scale)
        return base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def _see(self, width: int, height: int, scale: float) -> None:
        facts = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", **facts)

    def _ask(self, method: str, **params: Any) -> Mapping[str, Any]:
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._count:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _until(self, event: str) -> None:
        while self._next().get("method") != event:
            pass

    def _next(self) -> Mapping[str, Any]:
        while b"\0" not in self._said:
            ready, _, _ = select.select([self._from], [], [], _PATIENCE)
            octets = os.read(self._from, 1 << 20) if ready else b""
            assert octets, "Chromium has ended, or says nothing"
            self._said += octets
        message, _, self._said = self._said.partition(b"\0")
        return json.loads(message)


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for end in ends)
    for end in ends:
        os.close(end)
    return high
