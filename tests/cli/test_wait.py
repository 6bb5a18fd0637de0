"""`mailgate wait`: what is asked of the server, what is printed, and the exit status, which scripts rely on."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailgate.cli import main
from tests.cli.canned import MESSAGE, Canned, canned

WAIT = "/api/v1/wait"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Canned]:
    """A server whose one message has arrived."""
    monkeypatch.delenv("MAILGATE_TOKEN", raising=False)
    with canned() as server:
        monkeypatch.setenv("MAILGATE_URL", server.url)
        server.answer(WAIT, {"messages": [MESSAGE]})
        server.answer(
            "/api/v1/messages/m1", {**MESSAGE, "otp": "123456", "links": ["http://a.test/1", "http://b.test/"]}
        )
        server.answer("/api/v1/messages/m1/raw", b"Subject: Welcome\n\n\xff\n")
        yield server


def wait(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["wait", *arguments])


def refuse(server: Canned, kind: str, status: int, **details: Any) -> None:
    server.answer(WAIT, {"error": {"kind": kind, "message": "that is not so", **details}}, status)


def test_it_arrived(there: Canned) -> None:
    result = wait("--to", "alice@example.test")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "m1\tapp@example.test\talice@example.test, bob@example.test\tWelcome\n"


def test_all_that_can_be_asked_for(there: Canned) -> None:
    options = ("--to", "a@t1.example.test", "--from", "b@example.test", "--subject", "Hi", "--body", "there")
    wait(*options, "--header", "X-A: 1", "--header", "X-B: 2", "--count", "2", "--timeout", "1.5")
    assert there.asked[0].arguments == {
        "to": ["a@t1.example.test"],
        "from": ["b@example.test"],
        "subject": ["Hi"],
        "body": ["there"],
        "header": ["X-A: 1", "X-B: 2"],
        "count": ["2"],
        "timeout": ["1.5"],
        "namespace": ["t1"],
    }


def test_nothing_in_particular(there: Canned) -> None:
    assert wait().exit_code == 0
    assert there.asked[0].arguments == {"count": ["1"], "timeout": ["10.0"]}


def test_another_namespace_than_that_of_the_address(there: Canned) -> None:
    wait("--to", "a@elsewhere.test", "--namespace", "t1", "--otp")
    assert [asked.arguments["namespace"] for asked in there.asked] == [["t1"], ["t1"]]


def test_as_json(there: Canned) -> None:
    there.answer(WAIT, {"messages": [MESSAGE, MESSAGE]})
    lines = wait("--json").stdout.splitlines()
    assert [json.loads(line)["links"][0] for line in lines] == ["http://a.test/1"] * 2


def test_as_it_is(there: Canned) -> None:
    assert wait("--raw").stdout_bytes == b"Subject: Welcome\n\n\xff\n"


def test_the_code_and_the_links(there: Canned) -> None:
    assert wait("--otp").stdout == "123456\n"
    assert wait("--links").stdout == "http://a.test/1\nhttp://b.test/\n"


def test_no_code_and_no_links(there: Canned) -> None:
    there.answer("/api/v1/messages/m1", {**MESSAGE, "otp": None, "links": []})
    for option, what in (("--otp", "one-time code"), ("--links", "links")):
        result = wait(option)
        assert (result.exit_code, result.stdout) == (4, "")
        assert result.stderr == f"mailgate wait: it arrived, but has no {what} in it\n"


def test_it_did_not_arrive(there: Canned) -> None:
    odd = {**MESSAGE, "sender": "", "recipients": ["alice@example.test"], "subject": "a\x1b[2J\tb\n"}
    refuse(there, "timeout", 408, arrived=[odd])
    result = wait("--to", "alice@example.test")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "mailgate wait: that is not so\nthis has arrived there:\n  m1\t<>\talice@example.test\ta\\x1b[2J\\tb\\n\n"
    )
    refuse(there, "timeout", 408, arrived=[])
    assert wait().stderr == "mailgate wait: that is not so\nnothing has arrived there\n"


@pytest.mark.parametrize(("kind", "status"), [("bad", 400), ("forbidden", 401), ("forbidden", 403), ("missing", 404)])
def test_what_the_server_does_not_take(there: Canned, kind: str, status: int) -> None:
    refuse(there, kind, status)
    result = wait()
    assert (result.exit_code, result.stderr) == (2, "mailgate wait: that is not so\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--count", "0"),
        ("--timeout", "601"),
        ("--timeout", "-1"),
        ("--raw", "--count", "2"),
        ("--url", "127.0.0.1:8025"),
        ("--url", "http://a", "--ready-file", "b"),
        ("--token-file", "/nowhere"),
        ("--too", "alice"),
    ],
)
def test_wrong_usage(there: Canned, arguments: tuple[str, ...]) -> None:
    assert wait(*arguments).exit_code == 2
    assert not there.asked


def test_no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    result = wait("--url", url)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(f"mailgate wait: {url} cannot be reached: ")
    file = tmp_path / "ready"
    file.write_text("{")
    result = wait("--ready-file", str(file))
    assert (result.exit_code, "no ready file" in result.stderr) == (3, True)


def test_a_server_that_failed(there: Canned) -> None:
    refuse(there, "failed", 500)
    assert wait().exit_code == 3


def test_a_ready_file_comes_before_the_environment(
    there: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILGATE_URL", "http://127.0.0.1:9")
    port = int(there.url.rpartition(":")[2])
    (tmp_path / "ready").write_text(json.dumps({"ports": {"http": {"host": "127.0.0.1", "port": port}}}))
    assert wait("--ready-file", str(tmp_path / "ready")).exit_code == 0


def test_a_token(there: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("of the file\n")
    wait("--token-file", str(tmp_path / "token"))
    monkeypatch.setenv("MAILGATE_TOKEN", "of the environment")
    wait()
    wait("--token-file", str(tmp_path / "token"))
    given = [asked.authorization for asked in there.asked]
    assert given == ["Bearer of the file", "Bearer of the environment", "Bearer of the file"]


def test_ctrl_c(there: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mailgate.cli.wait.Server.json", interrupted)
    assert wait().exit_code == 130


def test_it_begins_quickly() -> None:
    program = (
        "import sys, mailgate.cli.wait\n"
        "print(sorted(name for name in ('twisted', 'rich', 'mailgate.service', 'zope') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
