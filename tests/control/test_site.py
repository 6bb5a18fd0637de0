"""HTTP's connections: who comes in, how much is taken from one, and when they end."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, cast

import pytest
from twisted.internet.task import Clock
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from mailgate.control import site as module
from mailgate.control.access import Access
from mailgate.control.answering import Calls
from mailgate.control.site import IDLE_SECONDS, LINGER_SECONDS, MAX_BODY_OCTETS, APIRequest, APISite
from tests.control.doors import SOME_ID, HTTPClient, new_id
from tests.support import logged


class Page(Resource):
    """Says how many octets came, or does as it is told."""

    isLeaf = True

    def __init__(self, render: Callable[[Request], Any] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._render = render or (lambda request: str(len(cast(BytesIO, request.content).read())).encode())
        self.rendered = 0

    def render(self, request: Request) -> Any:
        self.rendered += 1
        return self._render(request)


class Server:
    def __init__(self, render: Callable[[Request], Any] | None = None, token: str | None = None) -> None:
        self.clock = Clock()
        self.page = Page(render)
        self.site = APISite(self.page, Access(token), Calls({}, new_id), self.clock)

    def client(self) -> HTTPClient:
        return HTTPClient(self.site)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BODY_OCTETS", 100)


# Who comes in.


def test_a_request_is_decided_upon_by_its_fields() -> None:
    server = Server(token="s3cret")
    client = server.client()
    answer = client.ask("GET", "/")
    assert (answer.status, answer.error["kind"]) == (401, "forbidden")
    assert client.ask("GET", "/", {"Authorization": "Bearer s3cret"}).body == b"0"
    assert Server().client().ask("GET", "/", {"Host": "evil.example"}).status == 403
    assert server.page.rendered == 1


@pytest.mark.parametrize("fields", [{"Content-Length": "7"}, {"Transfer-Encoding": "chunked"}])
def test_nothing_is_kept_of_who_may_not_come_in(fields: dict[str, str]) -> None:
    server = Server()
    client = server.client()
    client.send("POST", "/", {"Host": "evil.example", **fields})
    answer = client.answer("POST")  # before the body has come
    assert (answer.status, answer.fields["Connection"]) == (403, "close")
    client.raw(b"content")
    client.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (client.wire.take(), server.page.rendered) == (b"", 0)


def test_who_is_turned_away_is_not_told_to_go_on() -> None:
    client = Server().client()
    client.send("POST", "/", {"Host": "evil.example", "Content-Length": "7", "Expect": "100-continue"})
    assert client.answer("POST").status == 403


def test_a_body_that_comes_with_its_head_is_thrown_away() -> None:
    server = Server()
    client = server.client()
    client.send("POST", "/", {"Host": "evil.example"}, b"content")
    assert (client.answer("POST").status, server.page.rendered) == (403, 0)


# How much is taken.


def test_bodies_come_whole() -> None:
    client = Server().client()
    assert client.ask("POST", "/", body=b"x" * 5_000_000).body == b"5000000"
    client.send("POST", "/", {"Expect": "100-continue", "Content-Length": "3"})
    assert client.wire.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.raw(b"abc")
    assert client.answer("POST").body == b"3"
    client.send("POST", "/", {"Transfer-Encoding": "chunked"})
    client.raw(b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n")
    assert client.answer("POST").body == b"5"


def test_a_body_may_have_forty_mebibytes() -> None:
    client = Server().client()
    client.send("POST", "/", {"Content-Length": str(MAX_BODY_OCTETS + 1)})
    answer = client.answer("POST")
    assert (answer.status, answer.error["kind"]) == (413, "too large")
    assert "41943040" in answer.error["message"]
    client = Server().client()
    client.send("POST", "/", {"Content-Length": str(MAX_BODY_OCTETS)})
    assert client.wire.take() == b""


@pytest.mark.usefixtures("small")
def test_what_is_announced_as_too_large_is_not_taken() -> None:
    server = Server()
    client = server.client()
    client.send("POST", "/", body=b"x" * 101)
    answer = client.answer("POST")
    assert (answer.status, answer.fields["Connection"], server.page.rendered) == (413, "close", 0)
    assert server.client().ask("POST", "/", body=b"x" * 100).body == b"100"


@pytest.mark.usefixtures("small")
def test_what_turns_out_to_be_too_large_is_not_taken() -> None:
    server = Server()
    client = server.client()
    client.send("POST", "/", {"Transfer-Encoding": "chunked"})
    client.raw(b"64\r\n" + b"x" * 100 + b"\r\n")
    assert client.wire.take() == b""
    client.raw(b"1\r\nx\r\n")
    assert client.answer("POST").status == 413
    assert client.channel.requests[0].content.getvalue() == b""  # what had come is not kept until it closes
    client.raw(b"1\r\nx\r\n0\r\n\r\n")
    assert (client.wire.take(), server.page.rendered) == (b"", 0)


@pytest.mark.usefixtures("small")
def test_what_turns_out_to_be_too_large_and_ends_at_once() -> None:
    server = Server()
    client = server.client()
    client.send("POST", "/", {"Transfer-Encoding": "chunked"})
    client.raw(b"65\r\n" + b"x" * 101 + b"\r\n2\r\nxx\r\n0\r\n\r\n")
    assert (client.answer("POST").status, server.page.rendered) == (413, 0)


@pytest.mark.usefixtures("small")
def test_who_still_writes_has_time_to_read_the_answer() -> None:
    server = Server()
    client = server.client()
    client.send("POST", "/", {"Content-Length": "1000"})
    client.raw(b"x" * 500)
    server.clock.advance(LINGER_SECONDS - 1)
    client.raw(b"x" * 500)
    assert not client.wire.disconnecting
    server.clock.advance(1)
    assert client.wire.disconnecting


def test_forms_are_not_read_by_twisted() -> None:
    seen: list[Any] = []

    def render(request: Request) -> bytes:
        seen.append(request.args)
        return b""

    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    Server(render).client().ask("POST", "/?a=b", fields, b"c=d")
    assert seen == [{b"a": [b"b"]}]


# What is no request for a page.


def test_a_path_that_is_no_text() -> None:
    server = Server()
    with logged() as events:
        answer = server.client().ask("GET", "/%FF")
    assert (answer.status, answer.error["message"]) == (400, "the path has to be in UTF-8")
    assert (events, server.page.rendered) == ([], 0)


def test_the_path_that_is_a_star() -> None:
    assert Server().client().ask("OPTIONS", "*").status == 404


def test_twisteds_own_limits_hold() -> None:
    client = Server().client()
    client.send("GET", "/", {f"X-{n}": "x" * 5_000 for n in range(4)})
    assert client.wire.value().startswith(b"HTTP/1.1 400 ")  # type: ignore[no-untyped-call]
    assert client.wire.disconnecting


def test_what_fails_where_nobody_looks_is_logged_and_its_id_is_told() -> None:
    def render(request: Request) -> bytes:
        raise RuntimeError("the secret inside")

    with logged() as events:
        answer = Server(render).client().ask("GET", "/")
    assert (answer.status, answer.error["kind"]) == (500, "failed")
    assert SOME_ID in answer.error["message"]
    assert "secret" not in answer.body.decode()
    assert [event["error"] for event in events] == [SOME_ID]


# When connections end.


def test_a_silent_client_is_cut() -> None:
    server = Server()
    client = server.client()
    server.clock.advance(IDLE_SECONDS)
    assert client.wire.disconnecting
    client.leave()
    assert server.clock.getDelayedCalls() == []


def test_a_long_poll_lasts_as_long_as_it_has_to() -> None:
    waiting: list[Request] = []

    def render(request: Request) -> Any:
        waiting.append(request)
        return NOT_DONE_YET

    server = Server(render)
    client = server.client()
    client.send("GET", "/")
    server.clock.advance(100_000)
    assert not client.wire.disconnecting
    waiting[0].responseHeaders = Headers({"Content-Type": ["application/json; charset=utf-8"], "Content-Length": ["2"]})
    waiting[0].write(b"[]")
    waiting[0].finish()
    assert client.answer().json == []
    server.clock.advance(IDLE_SECONDS)
    assert client.wire.disconnecting


def test_all_connections_can_be_closed() -> None:
    server = Server()
    one, two, gone = server.client(), server.client(), server.client()
    gone.leave()
    server.site.close_all()
    assert [client.wire.was_cut for client in (one, two, gone)] == [True, True, False]


def test_there_are_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 1)
    server = Server()
    client = server.client()
    assert server.site.buildProtocol(None) is None
    client.leave()
    assert server.site.buildProtocol(None) is not None


def test_no_request_is_logged() -> None:
    server = Server()
    with logged() as events:
        server.site.doStart()  # type: ignore[no-untyped-call]
        assert server.clock.getDelayedCalls() == []
        server.client().ask("GET", "/?to=alice@example.test")
        server.site.doStop()  # type: ignore[no-untyped-call]
    assert events == []


# Open pages.


def test_nobody_is_asked_for_a_token_at_an_open_path() -> None:
    trusted: list[bool] = []

    def render(request: Request) -> bytes:
        trusted.append(cast(APIRequest, request).is_trusted)
        return b"ok"

    site = APISite(Page(render), Access("s3cret"), Calls({}, new_id), Clock(), ["/open"])
    client = HTTPClient(site)
    assert client.ask("GET", "/open").body == b"ok"
    assert client.ask("GET", "/open?a=b", {"Authorization": "Bearer s3cret"}).body == b"ok"
    assert client.ask("GET", "/open", {"Host": "evil.example"}).status == 403
    assert client.ask("GET", "/other").status == 401
    assert trusted == [False, True]


def test_an_open_path_takes_no_body_of_strangers() -> None:
    site = APISite(Page(), Access("s3cret"), Calls({}, new_id), Clock(), ["/open"])
    assert HTTPClient(site).ask("POST", "/open", body=b"x").status == 401
