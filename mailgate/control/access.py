"""Who may use the HTTP API. It listens on loopback, which keeps other machines out, but not a web page in the browser
of somebody who works on this one: what a page asks for, the browser asks for from here.

- The Host field has to name this machine. A page of `evil.example` that has its own name resolved to 127.0.0.1 (DNS
  rebinding) counts as of the same origin then, and could read every answer; but its browser still sends the name.
- An Origin field has to be of this machine as well. Browsers send it with what a page of elsewhere has posted or
  deleted (RFC 6454 section 7.3): such a page cannot read the answer, but the mail would be gone.
- There are no CORS fields, ever, and a preflight is answered like any request for a method that is not there: no page
  is told that it may.
- With a token, `Authorization: Bearer <token>` (RFC 6750 section 2.1) has to be there: loopback is everybody's who has
  an account on this machine. A token in a URL is not taken: URLs are written into logs and histories. No page of
  elsewhere knows the token, so the other two are not asked then: tests in containers find the server by its name.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable
from typing import Final

from twisted.web.http_headers import Headers

from mailgate.control.replying import Reply, refusal

UNAUTHORIZED: Final = 401  # RFC 9110 section 15.5.2
_AUTHORITY: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:@/]+))(?::[0-9]{1,5})?", re.I)  # RFC 3986 section 3.2


class Access:
    """Decides by a request's fields alone."""

    def __init__(self, token: str | None) -> None:
        """`token` None: nobody is asked for one. Raises ValueError for an empty one, which anybody could tell."""
        if token is not None and not token.strip():
            raise ValueError("the token is empty")
        self._token = None if token is None else token.encode()

    def refuse(self, fields: Headers) -> Reply | None:
        """What is to be answered instead; None: it may come in."""
        return _refuse_elsewhere(fields) if self._token is None else _refuse_without(self._token, fields)


def _refuse_without(token: bytes, fields: Headers) -> Reply | None:
    values = fields.getRawHeaders(b"authorization", [])
    scheme, _, given = values[0].partition(b" ") if len(values) == 1 else (b"", b"", b"")
    # In constant time: how soon they differ would tell the token, letter by letter.
    if scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(b" "), token):
        return None
    return refusal(
        "forbidden",
        "a token is needed: Authorization: Bearer <token>",
        status=UNAUTHORIZED,
        fields={"WWW-Authenticate": 'Bearer realm="mailgate"'},
    )


def _refuse_elsewhere(fields: Headers) -> Reply | None:
    if not _is_one(fields, "host", is_loopback):
        what = "the Host field has to name this machine: localhost, 127.0.0.1 or [::1]; set a token for other names"
        return refusal("forbidden", what)
    if fields.hasHeader("origin") and not _is_one(fields, "origin", _is_loopback_origin):
        return refusal("forbidden", "requests of web pages from elsewhere are not taken")
    return None


def is_loopback(authority: str) -> bool:
    """Does `host[:port]` name this machine by itself, so that no name server is asked?"""
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return False
    host = match[1] or match[2]
    if host.lower() == "localhost":  # RFC 6761 section 6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_loopback_origin(origin: str) -> bool:
    scheme, separator, authority = origin.partition("://")
    return scheme in ("http", "https") and separator != "" and is_loopback(authority)


def _is_one(fields: Headers, name: str, is_ours: Callable[[str], bool]) -> bool:
    """Is the field there once, and such a value? Of two, who knows which one the client's browser has checked."""
    values = fields.getRawHeaders(name, [])
    return len(values) == 1 and is_ours(values[0])
