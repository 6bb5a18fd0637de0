"""HTTP's door: every route, and everything that may be wrong with a request."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mailgate.control import http as module
from mailgate.control.calls import Arguments, CallError, Octets
from mailgate.control.http import PREFIX, ROUTES, make_site
from mailgate.control.replying import Reply
from mailgate.control.site import APIRequest, Page
from tests.control.doors import SOME_ID, Desk, HTTPClient, new_id
from tests.support import logged, splits

CALLS = {route.call: "echo" for route in ROUTES}


class API(HTTPClient):
    """A client of an API all of whose calls echo, but for those that are named."""

    def __init__(self, token: str | None = None, **calls: str) -> None:
        self.desk = Desk()
        self.site = make_site(self.desk.functions(**{**CALLS, **calls}), token, Clock(), new_id)
        super().__init__(self.site)

    def got(self, method: str, path: str, fields: dict[str, str] | None = None, body: bytes | None = None) -> Any:
        """The arguments that came to the call."""
        answer = self.ask(method, PREFIX + path, fields, body)
        assert answer.status == 200, answer.body
        return answer.json["got"]


def named(call: str) -> Any:
    """An API that says which call it was."""

    async def tell(arguments: Arguments) -> Any:
        return {"call": call, "got": arguments._values}

    return tell


EVERY_ROUTE = [
    ("GET", "/ports", "ports", {}),
    (
        "GET",
        "/messages?namespace=a1&to=alice@a1.example.test",
        "messages",
        {"namespace": "a1", "to": "alice@a1.example.test"},
    ),
    ("DELETE", "/messages?namespace=a1", "clear", {"namespace": "a1"}),
    ("POST", "/messages?to=alice@example.test", "preload", {"to": "alice@example.test", "content": ""}),
    ("GET", "/messages/01?namespace=a1", "message", {"id": "01", "namespace": "a1"}),
    ("DELETE", "/messages/01", "delete", {"id": "01"}),
    ("GET", "/messages/01/raw", "raw", {"id": "01"}),
    ("GET", "/messages/01/attachments/2", "attachment", {"id": "01", "number": "2"}),
    ("GET", "/wait?subject=Welcome&timeout=20", "wait", {"subject": "Welcome", "timeout": "20"}),
    ("GET", "/faults", "faults", {}),
    ("POST", "/faults", "add_fault", {}),
    ("DELETE", "/faults", "clear_faults", {}),
    ("DELETE", "/faults/7", "remove_fault", {"id": "7"}),
    ("POST", "/listeners", "open_listener", {}),
    ("DELETE", "/listeners/7", "close_listener", {"id": "7"}),
    ("GET", "/conversations?namespace=a1", "conversations", {"namespace": "a1"}),
    ("PUT", "/passwords/alice%2Btag@example.test", "set_password", {"user": "alice+tag@example.test"}),
    ("DELETE", "/namespaces/a1", "end_namespace", {"namespace": "a1"}),
]


@pytest.mark.parametrize(("method", "path", "call", "arguments"), EVERY_ROUTE)
def test_routes(method: str, path: str, call: str, arguments: dict[str, str]) -> None:
    functions = {route.call: named(route.call) for route in ROUTES}
    client = HTTPClient(make_site(functions, None, Clock(), new_id))
    answer = client.ask(method, PREFIX + path)
    assert (answer.status, answer.json) == (200, {"call": call, "got": arguments})


def test_every_route_is_tested() -> None:
    assert [call for _, _, call, _ in EVERY_ROUTE] == [route.call for route in ROUTES]


# Arguments.


def test_queries_are_decoded() -> None:
    query = "?subject=a%3Bb+c%26d&from=&to=%C3%A4@example.test"
    assert API().got("GET", f"/messages{query}") == {"subject": "a;b c&d", "from": "", "to": "ä@example.test"}
    assert API().got("GET", "/messages?subject=a;b") == {"subject": "a;b"}
    assert API().got("GET", "/messages?") == {}


def test_fields_may_be_given_several_times() -> None:
    client = API()
    assert client.got("GET", "/wait?header=A:%20b") == {"header": "A: b"}
    assert client.got("GET", "/wait?header=A:%20b&to=x&header=C:%20d") == {"header": ["A: b", "C: d"], "to": "x"}


def test_everything_else_is_given_once() -> None:
    client = API()
    for method, path, body in [
        ("GET", "/messages?to=a&to=b", None),
        ("GET", "/messages/01?id=02", None),
        ("POST", "/faults?at=rcpt", b'{"at": "mail"}'),
        ("PUT", "/passwords/alice", b'{"user": "bob"}'),
    ]:
        answer = client.ask(method, PREFIX + path, body=body)
        assert (answer.status, answer.error["kind"]) == (400, "bad")
        assert answer.error["message"].endswith("is given twice")


@pytest.mark.parametrize("query", ["to", "to=a&", "&", "to=%FF", "to=a&b"])
def test_queries_that_are_none(query: str) -> None:
    answer = API().ask("GET", f"{PREFIX}/messages?{query}")
    assert (answer.status, answer.error["message"][:9]) == (400, "the query")


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=3))
def test_any_text_comes_through_a_query(arguments: dict[str, str]) -> None:
    assert API().got("GET", f"/messages?{urlencode(arguments)}") == arguments


@pytest.mark.parametrize(
    "fields", [{}, {"Content-Type": "application/json"}, {"Content-Type": "Application/JSON;charset=utf-8"}]
)
def test_bodies_are_objects(fields: dict[str, str]) -> None:
    rule = {"protocol": "smtp", "at": "rcpt", "times": 2, "sequence": [{"drop": True}]}
    got = API().got("POST", "/faults?namespace=a1", fields, json.dumps(rule).encode())
    assert got == {"namespace": "a1", **rule}


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_bodies_that_are_no_objects(body: bytes) -> None:
    answer = API().ask("POST", f"{PREFIX}/faults", body=body)
    assert (answer.status, answer.error["kind"]) == (400, "bad")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_bodies_as_a_form_of_a_web_page_sends_them(kind: str) -> None:
    answer = API().ask("POST", f"{PREFIX}/faults", {"Content-Type": kind}, b"{}")
    assert (answer.status, answer.error["kind"]) == (415, "bad")
    assert "Content-Type: application/json" in answer.error["message"]


@pytest.mark.parametrize("kind", ["message/rfc822", "application/octet-stream", "application/x-www-form-urlencoded"])
def test_a_message_comes_as_it_is(kind: str) -> None:
    content = bytes(range(256)) * 1_000
    got = API().got("POST", "/messages?to=alice@example.test", {"Content-Type": kind}, content)
    assert base64.b64decode(got.pop("content")) == content
    assert got == {"to": "alice@example.test"}


def test_a_message_is_no_json() -> None:
    answer = API().ask("POST", f"{PREFIX}/messages", {"Content-Type": "application/json"}, b"{}")
    assert (answer.status, answer.error["kind"]) == (415, "bad")


def test_a_body_where_none_is_read() -> None:
    answer = API().ask("DELETE", f"{PREFIX}/messages", body=b'{"namespace": "a1"}')
    assert (answer.status, answer.error["message"]) == (400, "arguments are read from the query here, not from a body")


@given(st.data())
def test_requests_are_answered_however_they_arrive(data: st.DataObject) -> None:
    client = API()
    body = b'{"at": "rcpt"}'
    head = b"POST /api/v1/faults HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    for piece in data.draw(splits(head + body)):
        client.raw(piece)
    assert client.answer("POST").json == {"got": {"at": "rcpt"}}


# Outcomes.


def test_octets_are_the_body() -> None:
    client = API(raw="give_octets")
    client.desk.octets = Octets(b"Subject: hi\r\n\r\n", "message/rfc822", "01.eml")
    answer = client.ask("GET", f"{PREFIX}/messages/01/raw")
    assert (answer.status, answer.body) == (200, b"Subject: hi\r\n\r\n")
    assert answer.fields["Content-Type"] == "message/rfc822"
    assert answer.fields["Content-Disposition"] == "attachment; filename*=UTF-8''01.eml"
    assert answer.fields["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_an_error_has_its_status() -> None:
    answer = API(clear="refuse").ask("DELETE", f"{PREFIX}/messages")
    assert answer.status == 409
    assert answer.error == {
        "kind": "busy",
        "message": "a session has it open",
        "maildrops": ["alice@example.test"],
    }


def test_what_is_unexpected_is_logged_and_its_id_is_told() -> None:
    with logged() as events:
        answer = API("s3cret", ports="fail").ask("GET", f"{PREFIX}/ports?to=x", {"Authorization": "Bearer s3cret"})
    assert (answer.status, answer.error["kind"]) == (500, "failed")
    assert SOME_ID in answer.error["message"]
    assert "secret" not in answer.body.decode()
    assert [event["error"] for event in events] == [SOME_ID]
    assert "s3cret" not in repr(events)


def test_what_fails_in_the_door_is_logged_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(module, "_query", fail)
    with logged() as events:
        answer = API().ask("GET", f"{PREFIX}/ports")
    assert (answer.status, answer.error["kind"], len(events)) == (500, "failed", 1)
    assert "secret" not in answer.body.decode()


def test_a_call_that_this_server_does_not_have() -> None:
    client = HTTPClient(make_site({"messages": Desk().echo}, None, Clock(), new_id))
    answer = client.ask("POST", f"{PREFIX}/faults", body=b"{}")
    assert (answer.status, answer.error["kind"]) == (404, "missing")
    assert "no call 'add_fault'" in answer.error["message"]
    assert client.ask("GET", f"{PREFIX}/messages").status == 200


# What is not there.


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/ports/",
        "/api/v1//ports",
        "/api/v2/ports",
        "/api/v1/messages/",
    ],
)
def test_paths_that_are_not_there(path: str) -> None:
    answer = API().ask("GET", path)
    assert (answer.status, answer.error["kind"]) == (404, "missing")
    assert "Location" not in answer.fields


def test_nobody_is_sent_elsewhere() -> None:
    answer = API().ask("GET", "//evil.example/api/v1/ports")
    assert (answer.status, "Location" in answer.fields) == (404, False)


def test_a_local_part_may_have_a_slash() -> None:
    assert API().got("PUT", "/passwords/a%2Fb@example.test") == {"user": "a/b@example.test"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/messages", "DELETE, GET, HEAD, POST"),
        ("POST", "/messages/01", "DELETE, GET, HEAD"),
        ("GET", "/listeners", "POST"),
        ("OPTIONS", "/wait", "GET, HEAD"),
        ("BREW", "/ports", "GET, HEAD"),
    ],
)
def test_methods_that_are_not_there(method: str, path: str, allowed: str) -> None:
    answer = API().ask(method, PREFIX + path)
    assert (answer.status, answer.error["kind"], answer.fields["Allow"]) == (405, "bad", allowed)


@pytest.mark.parametrize("path", ["/ports", "/messages/01", "/wait"])
def test_head_works_where_get_does(path: str) -> None:
    client = API()
    got, head = client.ask("GET", PREFIX + path), client.ask("HEAD", PREFIX + path)
    assert (head.status, head.body) == (200, b"")
    assert head.fields["Content-Length"] == str(len(got.body))
    assert head.fields["Content-Type"] == got.fields["Content-Type"]
    assert client.ask("GET", PREFIX + path).body == got.body


# Waiting.


def test_a_wait_is_answered_when_it_is_over() -> None:
    client = API(wait="wait")
    client.send("GET", f"{PREFIX}/wait?to=alice@example.test")
    assert client.wire.take() == b""
    client.desk.waiting[0].callback({"messages": []})
    assert client.answer().json == {"messages": []}
    assert client.got("GET", "/ports") == {}


def test_a_wait_that_was_in_vain() -> None:
    client = API(wait="wait")
    client.send("GET", f"{PREFIX}/wait")
    client.desk.waiting[0].errback(CallError("timeout", "nothing came", arrived=[{"id": "01"}]))
    answer = client.answer()
    assert (answer.status, answer.error["arrived"]) == (408, [{"id": "01"}])


def test_a_client_that_leaves_ends_its_wait() -> None:
    client = API(wait="wait")
    client.send("GET", f"{PREFIX}/wait")
    with logged() as events:
        client.leave()
    assert (client.desk.cancelled, events, client.wire.take()) == (1, [], b"")


def test_an_answer_after_the_client_has_left_goes_nowhere() -> None:
    client = API(wait="wait")
    client.desk.says_when_cancelled = "too late"
    client.send("GET", f"{PREFIX}/wait")
    with logged() as events:
        client.leave()
    assert (events, client.wire.take()) == ([], b"")


def test_one_request_at_a_time() -> None:
    client = API(wait="wait")
    client.send("GET", f"{PREFIX}/wait")
    client.send("GET", f"{PREFIX}/wait")
    assert len(client.desk.waiting) == 1
    client.desk.waiting[0].callback(1)
    assert client.answer().json == 1
    client.desk.waiting[1].callback(2)
    assert client.answer().json == 2


# Pages in a browser.


def test_a_page_whose_name_was_bent_to_this_machine() -> None:
    answer = API().ask("GET", f"{PREFIX}/messages", {"Host": "evil.example:8025"})
    assert (answer.status, answer.error["kind"]) == (403, "forbidden")


def test_the_preflight_of_a_page() -> None:
    asks = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Private-Network": "true"}
    for origin, status in (("https://evil.example", 403), ("http://localhost:3000", 405)):
        answer = API().ask("OPTIONS", f"{PREFIX}/messages", {"Origin": origin, **asks})
        assert answer.status == status
        assert "access-control" not in answer.fields_text.lower()


def test_a_page_of_this_machine_may_ask_and_is_told_nothing_of_cors() -> None:
    answer = API().ask("GET", f"{PREFIX}/messages", {"Origin": "http://localhost:3000"})
    assert answer.status == 200
    assert "access-control" not in answer.fields_text.lower()


@pytest.mark.parametrize("path", ["/ports", "/nothing", "/ports?token=s3cret", "/ports?access_token=s3cret"])
def test_without_the_token_nothing_is_told(path: str) -> None:
    answer = API("s3cret").ask("GET", PREFIX + path)
    assert (answer.status, answer.fields["WWW-Authenticate"]) == (401, 'Bearer realm="mailgate"')


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8025", "[::1]:8025", "[::1]"])
def test_every_name_of_this_machine(host: str) -> None:
    assert API().got("GET", "/ports", {"Host": host}) == {}


def test_every_answer_is_for_no_one_to_keep_or_show() -> None:
    client = API(ports="refuse")
    for method, path in [("GET", "/messages"), ("GET", "/ports"), ("GET", "/nothing"), ("PUT", "/wait")]:
        answer = client.ask(method, PREFIX + path)
        assert answer.fields["Cache-Control"] == "no-store"
        assert answer.fields["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in answer.fields


def test_an_empty_token_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="empty"):
        make_site({}, "", Clock(), new_id)


# Pages beside the API.


def test_pages() -> None:
    def fail(request: APIRequest) -> Reply:
        raise RuntimeError("the secret inside")

    pages = [
        Page("/open", lambda request: Reply(200, b"ok", {"Content-Type": "text/plain"}), is_open=True),
        Page("/closed", lambda request: Reply(503, b"{}")),
        Page("/broken", fail),
    ]
    client = HTTPClient(make_site({}, "s3cret", Clock(), new_id, pages))
    token = {"Authorization": "Bearer s3cret"}
    answer = client.ask("GET", "/open")
    assert (answer.status, answer.body, answer.fields["Content-Type"]) == (200, b"ok", "text/plain")
    assert client.ask("GET", "/closed").status == 401
    assert client.ask("GET", "/closed", token).status == 503
    answer = client.ask("POST", "/open", token)
    assert (answer.status, "GET" in answer.fields["Allow"]) == (405, True)
    with logged() as events:
        answer = client.ask("GET", "/broken", token)
    assert (answer.status, answer.error["kind"]) == (500, "failed") and "secret" not in answer.body.decode()
    assert [event["error"] for event in events] == [SOME_ID]
