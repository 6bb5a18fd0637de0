"""Who may use the HTTP API."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.web.http_headers import Headers

from mailgate.control.access import Access, is_loopback


def refused(token: str | None = None, **fields: str | list[str]) -> int | None:
    """The status with which a request of these fields is refused."""
    given = {"Host": "localhost", **fields}
    values = {name: [value] if isinstance(value, str) else value for name, value in given.items()}
    reply = Access(token).refuse(Headers(values))
    return None if reply is None else reply.status


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8025",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.255.3.4:65535",
        "[::1]",
        "[::1]:8025",
        "[0:0:0:0:0:0:0:1]",
    ],
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)
    assert refused(Host=host) is None
    assert refused(Origin=f"http://{host}") is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8025",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@localhost",
        "localhost@evil.example",
        "localhost:80:80",
        "localhost:",
        "localhost:x",
        "localhost/",
        "192.0.2.1",
        "0.0.0.0",
        "127.1",
        "127.0.0.256",
        "2130706433",
        "::1",
        "[::1",
        "[::]",
        "[localhost]",
        "[2001:db8::1]:80",
        "localhost\u00a0",
        "[::1%eth0]",
    ],
)
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)
    assert refused(Host=host) == 403
    assert refused(Origin=f"http://{host}") == 403


@given(st.from_regex(r"[a-z0-9.-]{1,20}\.[a-z]{2,5}(:[0-9]{1,4})?", fullmatch=True))
def test_no_name_but_one_is_this_machine(host: str) -> None:
    assert refused(Host=host) == 403


def test_the_host_has_to_be_there_once() -> None:
    assert Access(None).refuse(Headers()) is not None
    assert refused(Host=["localhost", "localhost"]) == 403


@pytest.mark.parametrize("origin", ["null", "", "localhost", "https://evil.example", "file://localhost", "http://"])
def test_pages_of_elsewhere(origin: str) -> None:
    assert refused(Origin=origin) == 403


def test_of_two_origins_neither_is_believed() -> None:
    assert refused(Origin=["http://localhost", "http://localhost"]) == 403


@pytest.mark.parametrize("given", ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret "])
def test_the_token(given: str) -> None:
    assert refused("s3cret", Authorization=given) is None


@pytest.mark.parametrize(
    "given",
    [[], "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "s3cret", ["Bearer s3cret"] * 2],
)
def test_no_token(given: str | list[str]) -> None:
    assert refused("s3cret", Authorization=given) == 401


def test_a_token_may_have_any_letters() -> None:
    assert refused("schlüssel", Authorization="Bearer schlüssel") is None
    assert refused("schlüssel", Authorization="Bearer schlussel") == 401


def test_what_is_missing_is_told() -> None:
    reply = Access("s3cret").refuse(Headers({"Host": ["localhost"], "Authorization": ["Bearer guess"]}))
    assert reply is not None
    assert reply.fields == {"WWW-Authenticate": 'Bearer realm="mailgate"'}
    assert isinstance(reply.content, bytes)
    assert json.loads(reply.content)["error"]["kind"] == "forbidden"
    assert b"s3cret" not in reply.content
    assert b"guess" not in reply.content


def test_who_has_the_token_may_call_the_server_by_any_name() -> None:
    assert refused("s3cret", Authorization="Bearer s3cret", Host="mailgate:8025") is None
    assert refused("s3cret", Host="mailgate:8025") == 401
    assert refused("s3cret", Host="mailgate:8025", Origin="http://evil.example") == 401


def test_without_a_token_none_is_asked_for() -> None:
    assert refused(None, Authorization="Bearer whatever") is None


@pytest.mark.parametrize("token", ["", "  "])
def test_an_empty_token_is_a_mistake(token: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        Access(token)
