"""The door for programs in other languages: HTTP, below `/api/v1`.

A call's arguments are in the path, in the query, and, with POST and PUT, in a JSON object; together they may give each
name once. The answer's body is the result, or `{"error": {"kind": …, "message": …}}` with a status that says the same.

Importing this costs time, memory and a reactor (klein wants the default one), so it is imported when it is needed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from attrs import frozen
from klein import Klein
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mailgate.control.access import Access
from mailgate.control.answering import MAX_NAME_CHARACTERS, Calls, refused
from mailgate.control.calls import CallError, Functions
from mailgate.control.json_lines import read_object
from mailgate.control.replying import Reply, refusal, reply_of, write_head
from mailgate.control.site import APIRequest, APISite, Page

PREFIX: Final = "/api/v1"
NOT_ALLOWED: Final = 405
UNSUPPORTED: Final = 415
_LISTS: Final = frozenset({"header"})  # what may be in a query several times

Takes = Literal["nothing", "an object", "a message"]


@frozen
class Route:
    """A method and a path, and the call that they stand for."""

    method: str
    path: str  # below PREFIX, as werkzeug writes them: what is in angle brackets is an argument
    call: str
    takes: Takes = "nothing"  # what the request's body is


ROUTES: Final = (
    Route("GET", "/ports", "ports"),
    Route("GET", "/messages", "messages"),
    Route("DELETE", "/messages", "clear"),
    Route("POST", "/messages", "preload", takes="a message"),
    Route("GET", "/messages/<id>", "message"),
    Route("DELETE", "/messages/<id>", "delete"),
    Route("GET", "/messages/<id>/raw", "raw"),
    Route("GET", "/messages/<id>/attachments/<number>", "attachment"),
    Route("GET", "/wait", "wait"),
    Route("GET", "/faults", "faults"),
    Route("POST", "/faults", "add_fault", takes="an object"),
    Route("DELETE", "/faults", "clear_faults"),
    Route("DELETE", "/faults/<id>", "remove_fault"),
    Route("POST", "/listeners", "open_listener", takes="an object"),
    Route("DELETE", "/listeners/<id>", "close_listener"),
    Route("GET", "/conversations", "conversations"),
    Route("PUT", "/passwords/<path:user>", "set_password", takes="an object"),  # a local part may have a slash
    Route("DELETE", "/namespaces/<namespace>", "end_namespace"),
)


def make_site(
    functions: Functions,
    token: str | None,
    clock: IReactorTime,
    new_id: Callable[[], str],
    pages: Sequence[Page] = (),
) -> APISite:
    """The API, and `pages` beside it. `token` None: none is asked for; an empty one raises ValueError. `new_id` gives
    the id under which the log has what was unexpected.
    """
    calls = Calls(functions, new_id)
    app = Klein()
    for route in ROUTES:
        app.route(PREFIX + route.path, methods=[route.method], endpoint=route.call)(_handler(calls, route))
    for page in pages:
        app.route(page.path, methods=["GET"], endpoint=page.path)(_page(page))

    @app.handle_errors(Exception)
    def fail(request: Any, failure: Failure) -> bytes:
        return write_head(request, _failed(calls, failure))

    return APISite(app.resource(), Access(token), calls, clock, [page.path for page in pages if page.is_open])


def _handler(calls: Calls, route: Route) -> Callable[..., Coroutine[Any, Any, bytes]]:
    async def handle(request: APIRequest, **path: str) -> bytes:
        # A client that goes away has klein cancel this, and so what the call waits for.
        return write_head(request, await _reply(calls, route, request, path))

    return handle


def _page(page: Page) -> Callable[..., bytes]:
    def handle(request: APIRequest) -> bytes:
        return write_head(request, page.answer(request))

    return handle


async def _reply(calls: Calls, route: Route, request: APIRequest, path: Mapping[str, str]) -> Reply:
    if not _is_readable(route.takes, request):
        return refusal("bad", _UNREADABLE[route.takes], status=UNSUPPORTED)
    try:
        values = _once(path, _query(request.uri), _body(route.takes, request.content.read()))
    except CallError as error:
        return reply_of(refused(error))
    return reply_of(await calls.answer(route.call, values))


def _failed(calls: Calls, failure: Failure) -> Reply:
    error = failure.value
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))  # RFC 9110 section 15.5.6: Allow has to be there
        return refusal("bad", f"there are {allowed} here", status=NOT_ALLOWED, fields={"Allow": allowed})
    if isinstance(error, HTTPException):  # werkzeug's redirections too: no client is sent elsewhere
        return refusal("missing", f"there is nothing of this name; all names begin with {PREFIX}/")
    return reply_of(calls.failed(failure, "HTTP"))


# Arguments.


_UNREADABLE: Final[Mapping[Takes, str]] = {
    "an object": "the body has to be a JSON object: send Content-Type: application/json",
    "a message": "the body has to be the message itself, as in an .eml file, and no JSON",
}


def _is_readable(takes: Takes, request: APIRequest) -> bool:
    """Is the body's type one that can be meant? What a form of a web page sends is none for an object."""
    kind = (request.getHeader("content-type") or "").partition(";")[0].strip().lower()
    if takes == "an object":
        return kind in ("application/json", "")
    return takes == "nothing" or kind != "application/json"


def _query(uri: bytes) -> list[tuple[str, Any]]:
    """The query's arguments. Twisted has read them, but leaves out what it does not understand."""
    query = uri.partition(b"?")[2].decode("ascii")  # an URL that is not would not have come so far
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError:
        raise CallError("bad", "the query has to be name=value&name=value, with what is special as %XX") from None
    listed = {name: [value for other, value in pairs if other == name] for name in _LISTS}
    single = [(name, value) for name, value in pairs if name not in _LISTS]
    return single + [(name, values if len(values) > 1 else values[0]) for name, values in listed.items() if values]


def _body(takes: Takes, octets: bytes) -> Mapping[str, Any]:
    if takes == "a message":
        return {"content": base64.b64encode(octets).decode("ascii")}
    if takes == "nothing" and octets:
        raise CallError("bad", "arguments are read from the query here, not from a body")
    return read_object(octets) if octets else {}


def _once(path: Mapping[str, str], query: list[tuple[str, Any]], body: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in (*path.items(), *query, *body.items()):
        if name in values:
            raise CallError("bad", f"{name[:MAX_NAME_CHARACTERS]} is given twice")
        values[name] = value
    return values
