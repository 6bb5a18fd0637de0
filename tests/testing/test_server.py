"""The server process of a test run, as other programs start it."""

from __future__ import annotations

import http.client
import json
import os
import poplib
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE_SECONDS = 30


@contextmanager
def server(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "mailgate.testing", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(PATIENCE_SECONDS)


def call(places: dict[str, Any], name: str, **arguments: Any) -> Any:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_SECONDS)
        client.connect(places["control"])
        client.sendall(json.dumps({"call": name, "arguments": arguments}).encode() + b"\n")
        with client.makefile("rb") as answers:
            return json.loads(answers.readline())


def test_it_tells_where_it_is_and_goes_with_its_standard_input() -> None:
    with server() as (process, places):
        assert places["pid"] == process.pid
        ports = places["ports"]
        assert set(ports) == {"smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "http"}
        assert len({port["port"] for port in ports.values()}) == len(ports)
        assert call(places, "ports") == {"result": places}
        directory = os.path.dirname(places["ca_file"])
        assert os.stat(places["control"]).st_mode & 0o777 == 0o600
        with smtplib.SMTP("127.0.0.1", ports["smtp"]["port"]) as client:
            client.sendmail("a@example.test", ["b@n1.example.test"], "Subject: x\n\nhello\n")
        (letter,) = call(places, "wait", namespace="n1", to="b@n1.example.test")["result"]["messages"]
        assert letter["subject"] == "x"
        mailbox = poplib.POP3("127.0.0.1", ports["pop3"]["port"])
        mailbox.user("b@n1.example.test")
        mailbox.pass_("any")
        assert mailbox.stat()[0] == 1
        web = http.client.HTTPConnection("127.0.0.1", ports["http"]["port"], timeout=PATIENCE_SECONDS)
        web.request("GET", "/api/v1/messages?namespace=n1")
        assert [each["id"] for each in json.loads(web.getresponse().read())["messages"]] == [letter["id"]]
        web.close()
        mailbox.close()
    assert process.returncode == 0
    assert not os.path.exists(directory)


def test_a_listener_on_demand_has_a_port_and_faults_of_its_own() -> None:
    with server() as (_, places):
        asked = {
            "protocol": "smtp",
            "personality": {"hide": ["STARTTLS"], "size": 70_000, "greeting": "odd one"},
            "faults": [{"at": "helo", "reply": "421 4.3.2 Not now", "times": 1}],
        }
        opened = call(places, "open_listener", namespace="n1", **asked)["result"]
        client = smtplib.SMTP()
        assert client.connect(opened["host"], opened["port"]) == (220, b"odd one")
        assert client.ehlo()[0] == 421
        client.close()
        client = smtplib.SMTP(opened["host"], opened["port"])
        assert client.ehlo()[0] == 250
        assert not client.has_extn("starttls") and client.esmtp_features["size"] == "70000"
        kept = smtplib.SMTP("127.0.0.1", places["ports"]["smtp"]["port"])
        assert kept.ehlo()[0] == 250 and kept.has_extn("starttls")
        assert call(places, "close_listener", namespace="n1", id=opened["id"])["result"] == {"closed": opened["id"]}
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()
        with pytest.raises(ConnectionRefusedError):
            smtplib.SMTP(opened["host"], opened["port"])
        kept.close()


def test_a_listener_with_tls() -> None:
    with server() as (_, places):
        opened = call(places, "open_listener", namespace="n1", protocol="pop3", tls=True)["result"]
        context = ssl.create_default_context(cafile=places["ca_file"])
        mailbox = poplib.POP3_SSL("localhost", opened["port"], context=context)
        assert mailbox.getwelcome().startswith(b"+OK")
        mailbox.quit()


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"personality": {"hide": ["NO-SUCH"]}}, "NO-SUCH"),
        ({"protocol": "pop3", "faults": [{"protocol": "smtp", "at": "connect", "drop": True}]}, "pop3"),
    ],
)
def test_a_listener_that_cannot_be(wish: dict[str, Any], said: str) -> None:
    with server() as (_, places):
        error = call(places, "open_listener", **wish)["error"]
        assert error["kind"] == "bad" and said in error["message"]


def test_a_directory_of_ones_own_stays(tmp_path: Path) -> None:
    for _ in range(2):
        with server("--directory", str(tmp_path / "mail")) as (_, places):
            assert places["control"] == str(tmp_path / "mail" / "control.sock")
    assert (tmp_path / "mail" / "cert.pem").exists()


def test_without_faults_and_http() -> None:
    with server("--set", "testing.faults=false", "--set", "http.listen=[]") as (_, places):
        assert "http" not in places["ports"]
        assert "no call 'add_fault'" in call(places, "add_fault")["error"]["message"]


def test_a_signal_ends_it_as_well() -> None:
    with server() as (process, places):
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert not os.path.exists(places["control"])


@pytest.mark.parametrize(
    ("setting", "said"), [("smtp.lisen=tcp:1", "lisen"), ("tls.key=/nowhere/key.pem", "/nowhere/key.pem")]
)
def test_what_is_wrong_is_told(setting: str, said: str) -> None:
    command = [sys.executable, "-m", "mailgate.testing", "--set", setting]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 1 and done.stdout == ""
    assert said in done.stderr and done.stderr.startswith("mailgate: ")


def test_a_directory_that_cannot_be_made() -> None:
    command = [sys.executable, "-m", "mailgate.testing", "--directory", "/proc/x"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("mailgate: /proc/x cannot be used: ")
