"""Access tokens for XOAUTH2, got by a refresh token (RFC 6749 section 6)."""

import http.client
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from mailgate.errors import Temporary
from mailgate.imap.account import LoginRefused

_PATIENCE = 30.0  # seconds
_LONGEST_ANSWER = 64 * 1024  # octets


@dataclass(frozen=True, slots=True)
class Application:
    """Who asks for tokens, and where; `secret` is empty where the application has none."""

    token_url: str
    client_id: str
    secret: str = field(default="", repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider gave; `refresh` is empty where the one before stays good."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: float


def refreshed(application: Application, refresh_token: str) -> Tokens:
    """Ask for an access token.

    Raises `LoginRefused` when the refresh token is no longer good, `Temporary` when the provider
    does not answer as it should. Redirections are not followed: a secret goes nowhere else.
    """
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": application.client_id,
    }
    if application.secret:
        form["client_secret"] = application.secret
    status, said = _post(application, urlencode(form))
    access = said.get("access_token")
    if status in (http.client.BAD_REQUEST, http.client.UNAUTHORIZED):
        raise LoginRefused(f"the provider refuses the refresh token: {said.get('error', status)}")
    if status != http.client.OK or not isinstance(access, str) or not access:
        raise Temporary(f"the provider of tokens answers {status}")
    refresh, seconds = said.get("refresh_token"), said.get("expires_in")
    return Tokens(
        access,
        refresh if isinstance(refresh, str) else "",
        float(seconds) if isinstance(seconds, int | float) else 0.0,
    )


def _post(application: Application, body: str) -> tuple[int, dict[str, object]]:
    url = urlsplit(application.token_url)
    path = url.path + (f"?{url.query}" if url.query else "")
    link: http.client.HTTPConnection
    if url.scheme == "https":
        context = ssl.create_default_context(
            cafile=application.ca_file and str(application.ca_file)
        )
        link = http.client.HTTPSConnection(url.netloc, timeout=_PATIENCE, context=context)
    else:
        link = http.client.HTTPConnection(url.netloc, timeout=_PATIENCE)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    try:
        link.request("POST", path or "/", body, headers)
        answer = link.getresponse()
        text = answer.read(_LONGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise Temporary(f"the provider of tokens: {error}") from error
    finally:
        link.close()
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    return answer.status, said if isinstance(said, dict) else {}
