"""`mailgate tls status`: which ports are asked, and how it ends."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.cli import tls as command
from mailgate.cli.server import NoServer
from mailgate.cli.tls_probe import NobodyThere, NoTLS, Served
from mailgate.cli.tls_reaching import Door
from tests.tls.support import DAY, KEY, OTHER_KEY, Disk, certificate, pem

CONFIG = """
hostname = "mx.test"
state = "."
[tls]
certificate = "mx.pem"
key = "mx-key.pem"
[smtp]
listen = ["tcp:2525:interface=127.0.0.1", "tcp:2526:interface=127.0.0.1"]
[pop3]
listen_tls = ["tcp:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.1"]
"""
PORTS = (2525, 2526, 9950, 9951)


class House:
    """A configuration, and what its ports would show."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "mailgate.toml"
        self.file.write_text(CONFIG)
        now = time.time()
        self.certificate = certificate("mx.test", begins=now - DAY, ends=now + 90 * DAY)
        Disk(directory).pair(self.certificate)
        self.served = Served(ssl.PEM_cert_to_DER_cert(self.certificate.decode()), "TLSv1.3", "X", "self-signed")
        self.errors: dict[int, Exception] = {}
        self.asked: list[tuple[str, str]] = []
        self.listening: list[tuple[str, int]] | None = [
            ("smtp.listen", 2525), ("smtp.listen", 2526), ("pop3.listen_tls", 9950), ("pop3.listen_tls", 9951),
        ]  # fmt: skip

    def probe(self, door: Door, name: str) -> Served:
        self.asked.append((door.place, name))
        if door.port in self.errors:
            raise self.errors[door.port]
        return self.served

    def ask(self, socket: str, name: str, arguments: Mapping[str, Any]) -> Any:
        assert (socket, name, arguments) == (str(self.file.parent / "control.sock"), "ports", {})
        if self.listening is None:
            raise NoServer("none")
        return {"listeners": [{"listener": key, "host": "127.0.0.1", "port": port} for key, port in self.listening]}

    def status(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["tls", "status", "--config", str(self.file), *arguments])


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(tmp_path)
    monkeypatch.setattr(command, "probe", house.probe)
    monkeypatch.setattr(command, "ask", house.ask)
    return house


def test_every_port_is_asked_for_every_name(house: House) -> None:
    result = house.status()
    assert (result.exit_code, result.output.endswith("Nothing is wrong.\n")) == (0, True)
    assert house.asked == [(f"127.0.0.1:{port}", name) for port in PORTS for name in ("mx.test", "")]
    rows = [json.loads(line) for line in house.status("--json").stdout.splitlines()]
    assert [(row["place"], row["asked"], row["wrong"]) for row in rows] == [(*each, []) for each in house.asked[:8]]


def test_another_host(house: House) -> None:
    house.status("--host", "mx.test")
    assert house.asked == [(f"mx.test:{port}", "mx.test") for port in PORTS]


def test_a_certificate_for_another_name_than_the_hostname(house: House) -> None:
    house.file.write_text(CONFIG.replace('"mx.test"', '"mail.test"'))
    result = house.status()
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert "asked for mail.test names mx.test" in said
    assert "it is not for mail.test, but for mx.test: get one for that name, or set hostname to a name" in said
    assert said.endswith("4 of 12 questions had a wrong answer.")


def test_something_wrong(house: House) -> None:
    house.served = Served(
        ssl.PEM_cert_to_DER_cert(certificate("mx.test", KEY, "ca", OTHER_KEY).decode()), "TLSv1.3", "X", "unknown"
    )
    result = house.status()
    assert (result.exit_code, "clients do not trust it: unknown" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NobodyThere("Connection refused"), "nobody answers: Connection refused"),
        (NoTLS("it said '421 later'"), "no TLS: it said '421 later'"),
        (ssl.SSLError(1, "wrong version"), "no TLS: "),
        (TimeoutError("timed out"), "no TLS: timed out"),
    ],
)
def test_a_port_without(house: House, error: Exception, said: str) -> None:
    house.errors[2526] = error
    result = house.status()
    assert (result.exit_code, said in result.output) == (2, True)
    times = sum(place == "127.0.0.1:2526" for place, _ in house.asked)
    assert times == (1 if isinstance(error, NobodyThere) else 2)


def test_a_port_that_only_a_server_knows(house: House) -> None:
    house.listening = None
    result = house.status()
    assert (result.exit_code, "only a gateway that runs knows where this is" in result.output) == (2, True)


def test_nobody_at_all(house: House) -> None:
    house.listening = None
    house.errors = {port: NobodyThere("Connection refused") for port in (2525, 2526)}
    result = house.status()
    assert (result.exit_code, "no gateway runs" in result.stderr) == (3, True)


def test_a_file_that_a_server_could_not_use_is_wrong(house: House) -> None:
    key = house.file.parent / "mx-key.pem"
    key.unlink()
    result = house.status()
    assert (result.exit_code, result.stderr) == (2, "")
    assert result.stdout.startswith(f"tls  {key}  file\n    WRONG    cannot be read: No such file or directory\n")
    assert result.stdout.endswith("\n1 configured file cannot be used.\n")
    assert {name for _, name in house.asked} == {"mx.test", ""}
    row, *rows = [json.loads(line) for line in house.status("--json").stdout.splitlines()]
    assert row == {"listener": "tls", "place": str(key), "begin": "file", "asked": "",
                   "wrong": ["cannot be read: No such file or directory"], "remarks": []}  # fmt: skip
    assert [row["wrong"] for row in rows] == [[]] * 8


def test_a_key_of_another_certificate_is_wrong(house: House) -> None:
    (house.file.parent / "mx-key.pem").write_bytes(pem(OTHER_KEY))
    result = house.status()
    assert (result.exit_code, "is not the key of" in result.stdout) == (2, True)


def test_files_are_told_of_even_if_nobody_listens(house: House) -> None:
    (house.file.parent / "mx-key.pem").unlink()
    house.listening = None
    house.errors = {port: NobodyThere("Connection refused") for port in (2525, 2526)}
    result = house.status()
    assert result.exit_code == 3 and "mx-key.pem: cannot be read" in " ".join(result.stderr.split())


def test_configurations_of_no_use(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.file.write_text("[tsl]\n")
    assert (house.status().exit_code, "tsl" in house.status().output) == (1, True)
    house.file.write_text('state = "."\n')
    assert "no certificate is configured" in house.status().output
    monkeypatch.setattr("mailgate.config.find", lambda *_: None)
    assert "no configuration found" in house.status().output
