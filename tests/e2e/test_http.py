"""The HTTP API of a server for people: with a token, and without anything that is for tests."""

from __future__ import annotations

import http.client
import json
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailgate.control.caller import Call, Caller, CallFailed
from tests.e2e.conftest import lay_out
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon, run_twistd

TOKEN = "a-token-that-is-long-enough-for-one"
HTTP = '\n[http]\nlisten = ["tcp:0:interface=127.0.0.1"]\ntoken = "token"\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("http")
    lay_out(directory)
    with (directory / "mailgate.toml").open("a") as configuration:
        configuration.write(HTTP)
    (directory / "state" / "token").write_text(f"{TOKEN}\n")
    daemon = Daemon([], directory)
    daemon.wait_for(r"http\.listen")
    yield daemon
    daemon.stop()


def ask(server: Daemon, method: str, path: str, token: str | None = TOKEN) -> tuple[int, Any]:
    client = http.client.HTTPConnection("127.0.0.1", server.ports["http.listen"], timeout=PATIENCE_SECONDS)
    client.request(method, path, headers={} if token is None else {"Authorization": f"Bearer {token}"})
    response = client.getresponse()
    answer = response.status, json.loads(response.read())
    client.close()
    return answer


def test_what_arrived_can_be_waited_for_read_and_deleted(server: Daemon) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as client:
        client.sendmail("stranger@example.org", ["alice@example.test"], "Subject: for Alice\n\nThe code is 482911.\n")
    status, arrived = ask(server, "GET", "/api/v1/wait?to=alice@example.test&subject=for+Alice&timeout=20")
    (letter,) = arrived["messages"]
    assert status == 200 and letter["recipients"] == ["alice@example.test"]
    status, whole = ask(server, "GET", f"/api/v1/messages/{letter['id']}")
    assert (status, whole["otp"], whole["text"]) == (200, "482911", "The code is 482911.\n")
    assert ask(server, "DELETE", f"/api/v1/messages/{letter['id']}") == (200, {"deleted": letter["id"]})
    assert ask(server, "GET", "/api/v1/messages?to=alice@example.test") == (200, {"messages": []})


def fetch(server: Daemon, path: str, token: str | None = TOKEN) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", server.ports["http.listen"], timeout=PATIENCE_SECONDS)
    client.request("GET", path, headers={} if token is None else {"Authorization": f"Bearer {token}"})
    response = client.getresponse()
    answer = response.status, response.read()
    client.close()
    return answer


@pytest.mark.parametrize("token", [None, "", "a-token-that-is-long-enough-for-two"])
def test_nothing_without_the_token(server: Daemon, token: str | None) -> None:
    status, answer = ask(server, "GET", "/api/v1/messages", token)
    assert status == 401 and set(answer) == {"error"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/messages"),
        ("GET", "/api/v1/faults"),
        ("GET", "/api/v1/conversations"),
        ("DELETE", "/api/v1/namespaces/x"),
    ],
)
def test_nothing_that_is_for_tests(server: Daemon, method: str, path: str) -> None:
    status, answer = ask(server, method, path)
    assert status == 404 and "this server has no call" in answer["error"]["message"]


def test_the_socket_is_for_nobody_else_and_has_nothing_that_is_for_tests(server: Daemon) -> None:
    path = server.directory / "state" / "control.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    caller = Caller(str(path), str)
    assert caller.ask(Call("ports", {}, dict))["control"] == str(path)
    for name in ("add_fault", "clear", "preload", "conversations", "open_listener", "end_namespace"):
        with pytest.raises(CallFailed, match="this server has no call"):
            caller.ask(Call(name, {}, str))


def test_metrics_want_the_token_and_health_does_not(server: Daemon) -> None:
    assert fetch(server, "/livez", None)[0] == fetch(server, "/readyz", None)[0] == 200
    assert fetch(server, "/metrics", None)[0] == 401
    status, text = fetch(server, "/metrics")
    assert status == 200 and b"mailgate_" in text


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('[http]\nlisten = ["tcp:8025"]\ntoken = "token"\n', "http.listen[1]: tcp:8025: others could reach it"),
        ('[http]\nlisten = ["tcp:8025:interface=127.0.0.1"]\n', "http.token: missing"),
        ('[http]\nlisten = ["tcp:8025:interface=127.0.0.1"]\ntoken = "none"\n', "http.token: "),
        ("[testing]\nfaults = true\n", "testing.faults: failures on demand are for development mode alone"),
    ],
)
def test_what_a_server_for_people_may_not(tmp_path: Path, lines: str, said: str) -> None:
    lay_out(tmp_path)
    with (tmp_path / "mailgate.toml").open("a") as configuration:
        configuration.write(lines)
    done = run_twistd(["--check"], tmp_path)
    assert done.returncode == 1 and said in done.stderr
