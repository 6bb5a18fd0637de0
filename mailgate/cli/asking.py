"""Asks a gateway by its HTTP API, from outside. Knows how to call and what an answer means, and nothing of mail.

Nothing here imports Twisted: it is for shell scripts, which call it often.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from attrs import field, frozen

PREFIX: Final = "/api/v1"
ANSWER_SECONDS: Final = 30.0  # a server that says nothing for so long is stuck
READY_SECONDS: Final = 30.0  # how long a gateway that was just started may take to write its ready file
POLL_SECONDS: Final = 0.05
_SERVERS_FAULT: Final = 500  # RFC 9110 section 15.6

# Who listens at any address is asked by that of loopback: other names than its own it does not take.
_ANY_ADDRESS: Final[Mapping[str, str]] = {"0.0.0.0": "127.0.0.1", "::": "::1"}

Arguments = Mapping[str, str | Sequence[str]]


class NoServer(Exception):
    """Nobody there could answer; the message says where, and what to do."""


class Declined(Exception):
    """The server was there, and did not do what was asked: `status` of HTTP, `kind`, and all that `error` has."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(error.get("message") or f"the server answered with status {status}")
        self.status = status
        self.kind = str(error.get("kind", ""))
        self.error = error


@frozen
class Server:
    """A gateway: the URL of its HTTP listener, and the token that it wants, if any."""

    url: str
    token: str | None = field(default=None, repr=False)

    def json(self, path: Sequence[str], arguments: Arguments, seconds: float = 0.0) -> Any:
        """GET what is below `PREFIX`, as JSON. Raises `NoServer` and `Declined`.

        `seconds`: so long it is asked to wait.
        """
        try:
            return json.loads(self.octets(path, arguments, seconds))
        except ValueError:
            raise NoServer(f"{self.url} is no mailgate: it does not answer in JSON") from None

    def octets(self, path: Sequence[str], arguments: Arguments, seconds: float = 0.0) -> bytes:
        """The same, as it comes."""
        where = "/".join([PREFIX, *(quote(part, safe="") for part in path)])
        request = Request(f"{self.url.rstrip('/')}{where}?{urlencode(arguments, doseq=True)}")
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            return self._exchange(request, ANSWER_SECONDS + seconds)
        except HTTPError as error:
            raise self._refusal(error) from None
        except TimeoutError:
            raise NoServer(f"{self.url} does not answer") from None
        except URLError as error:
            raise NoServer(f"{self.url} cannot be reached: {error.reason}") from None
        except (OSError, HTTPException) as error:
            raise NoServer(f"{self.url} is no mailgate, or has just ended: {error}") from None

    @staticmethod
    def _exchange(request: Request, seconds: float) -> bytes:
        opener = build_opener(ProxyHandler({}))  # a proxy's loopback is another one
        with opener.open(request, timeout=seconds) as answer:
            octets: bytes = answer.read()
        return octets

    def _refusal(self, refused: HTTPError) -> Exception:
        with refused:
            try:
                error = json.loads(refused.read())["error"]
            except (OSError, HTTPException, ValueError, KeyError, TypeError):
                error = None
        if not isinstance(error, dict):
            return NoServer(f"{self.url} is no mailgate: it answers with status {refused.code}")
        if refused.code >= _SERVERS_FAULT:
            return NoServer(f"{self.url}: {error.get('message')}")
        return Declined(refused.code, error)


def is_url(text: str) -> bool:
    """Is it the URL of a server, without a path?"""
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_host and parts.scheme in ("http", "https") and parts.path in ("", "/") and not parts.query


def url_in(ready_file: str, seconds: float = READY_SECONDS) -> str:
    """The URL in a ready file, which may be about to be written. Raises `NoServer`."""
    deadline = time.monotonic() + seconds
    while (told := _read(ready_file)) is None:
        if time.monotonic() >= deadline:
            raise NoServer(f"{ready_file} is not there after {seconds:g} s: has 'mailgate dev' started?")
        time.sleep(POLL_SECONDS)
    try:
        place = told["ports"].get("http")
        if place is None:
            raise NoServer(f"the gateway of {ready_file} has no HTTP API: pip install 'mailgate[http]' there")
        return _url_of(place["host"], place["port"])
    except (KeyError, TypeError, AttributeError):
        raise NoServer(f"{ready_file} is no ready file of 'mailgate dev'") from None


def _url_of(host: str, port: int) -> str:
    host = _ANY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _read(path: str) -> Any:
    """None if it is not there."""
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoServer(f"{path}: {error.strerror}") from None
    except ValueError:
        raise NoServer(f"{path} is no ready file of 'mailgate dev'") from None
