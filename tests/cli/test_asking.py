"""Asking by HTTP: what goes out, and what every kind of answer means."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from mailgate.cli import asking
from mailgate.cli.asking import Declined, NoServer, Server, is_url, url_in
from tests.cli.canned import Asked, Canned, canned

READY = {"version": "1", "pid": 1, "ports": {"http": {"host": "127.0.0.1", "port": 8025}}}


@pytest.fixture
def there() -> Iterator[Canned]:
    with canned() as server:
        yield server


def refusal_of(server: Server) -> str:
    with pytest.raises(NoServer) as raised:
        server.json(["wait"], {})
    return str(raised.value)


def test_a_question_and_its_answer(there: Canned) -> None:
    there.answer("/api/v1/wait", {"messages": []})
    arguments = {"to": "a+b@example.test", "header": ["X: 1", "Y: 2"], "none": []}
    assert Server(there.url + "/").json(["wait"], arguments) == {"messages": []}
    assert there.asked == [
        Asked("/api/v1/wait", {"to": ["a+b@example.test"], "header": ["X: 1", "Y: 2"]}, authorization=None)
    ]


def test_what_is_in_a_path_stays_in_its_part(there: Canned) -> None:
    there.answer("/api/v1/messages/a%2F..%3Fb/raw", b"octets\xff")
    assert Server(there.url).octets(["messages", "a/..?b", "raw"], {}) == b"octets\xff"


def test_a_token_goes_along_and_is_not_shown(there: Canned) -> None:
    there.answer("/api/v1/ports", {})
    server = Server(there.url, "secret")
    server.json(["ports"], {})
    assert there.asked[0].authorization == "Bearer secret"
    assert "secret" not in repr(server)


def test_no_proxy_is_asked(there: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    there.answer("/api/v1/ports", {})
    assert Server(there.url).json(["ports"], {}) == {}


def test_what_is_declined(there: Canned) -> None:
    there.answer("/api/v1/wait", {"error": {"kind": "timeout", "message": "nothing", "arrived": [1]}}, 408)
    with pytest.raises(Declined, match="nothing") as raised:
        Server(there.url).json(["wait"], {})
    assert (raised.value.status, raised.value.kind, raised.value.error["arrived"]) == (408, "timeout", [1])
    there.answer("/api/v1/wait", {"error": {}}, 403)
    with pytest.raises(Declined, match="status 403"):
        Server(there.url).json(["wait"], {})


def test_a_server_that_failed(there: Canned) -> None:
    there.answer("/api/v1/wait", {"error": {"kind": "failed", "message": "error 17"}}, 500)
    assert refusal_of(Server(there.url)) == f"{there.url}: error 17"


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"error": "no"}', b"{}", b"\xff"])
def test_a_server_of_another_kind_that_refuses(there: Canned, answer: bytes) -> None:
    there.answer("/api/v1/wait", answer, 404)
    assert refusal_of(Server(there.url)) == f"{there.url} is no mailgate: it answers with status 404"


def test_a_server_of_another_kind_that_agrees(there: Canned) -> None:
    there.answer("/api/v1/wait", b"<html>")
    assert "does not answer in JSON" in refusal_of(Server(there.url))


def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert refusal_of(Server(f"http://127.0.0.1:{port}")).startswith(f"http://127.0.0.1:{port} cannot be reached: ")


@pytest.mark.parametrize("said", [b"", b"220 this is SMTP\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_server_that_does_not_speak_it(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(said)

        thread = Thread(target=answer)
        thread.start()
        assert "is no mailgate, or has just ended" in refusal_of(
            Server(f"http://127.0.0.1:{listening.getsockname()[1]}")
        )
        thread.join()


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert refusal_of(Server(url)) == f"{url} does not answer"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8025", "http://[::1]:8025/", "https://mail.example.test"])
def test_urls(url: str) -> None:
    assert is_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8025",
        "http://",
        "ftp://a:1",
        "http://a:b",
        "http://a:0",
        "http://a/api",
        "http://a?b",
        "http://[a",
    ],
)
def test_no_urls(url: str) -> None:
    assert not is_url(url)


@pytest.mark.parametrize(
    ("host", "authority"),
    [("127.0.0.1", "127.0.0.1:1"), ("0.0.0.0", "127.0.0.1:1"), ("::1", "[::1]:1"), ("::", "[::1]:1")],
)
def test_a_ready_file(host: str, authority: str, tmp_path: Path) -> None:
    file = tmp_path / "ready"
    file.write_text(json.dumps({"ports": {"http": {"host": host, "port": 1}}}))
    assert url_in(str(file)) == f"http://{authority}"


def test_a_ready_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ready"
    monkeypatch.setattr("time.sleep", lambda seconds: file.write_text(json.dumps(READY)))
    assert url_in(str(file)) == "http://127.0.0.1:8025"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"ports": {"smtp": {"host": "127.0.0.1", "port": 25}}}', "mailgate[http]"),
        ('{"ports": {"http": {}}}', "no ready file"),
        ('{"ports": []}', "no ready file"),
        ("[]", "no ready file"),
        ("{", "no ready file"),
        (None, "is not there after 0 s"),
    ],
)
def test_no_ready_file(content: str | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "ready"
    if content is not None:
        file.write_text(content)
    with pytest.raises(NoServer) as raised:
        url_in(str(file), seconds=0)
    assert said in str(raised.value) and str(file) in str(raised.value)


def test_a_ready_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NoServer, match="Is a directory"):
        url_in(str(tmp_path))
