"""`mailgate self-test`: what it asks for, what it refuses to try, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.cli import self_test as command
from mailgate.cli.self_test_message import make_sample
from mailgate.cli.self_test_run import Fetching, Plan, Removal, Report
from mailgate.cli.self_test_sending import Sending
from mailgate.cli.server import NoServer
from tests.cli.self_test_support import door
from tests.tls.support import Disk, certificate

CONFIG = """
state = "."
hostname = "mx.test"
[tls]
certificate = "mx.pem"
key = "mx-key.pem"
[smtp]
listen = ["tcp:2525:interface=127.0.0.1"]
[pop3]
listen_tls = ["tcp:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.1"]
"""
BROKEN = "odd: alice, nowhere\n"


class House:
    """A configuration with accounts, and what would come of the self-test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "mailgate.toml"
        self.file.write_text(CONFIG)
        Disk(directory).pair(certificate("mx.test"))
        domain = directory / "domains" / "example.test"
        domain.mkdir(parents=True)
        (domain / "users").write_text("alice:{PLAIN}x\nbob:{PLAIN}y\n")
        (domain / "aliases").write_text("info: alice, bob\nsales: alice\n")
        self.plans: list[Plan] = []
        self.wrong = ""
        self.runs = True

    def ask(self, socket: str, name: str, arguments: Mapping[str, Any]) -> Any:
        assert (socket, name, arguments) == (str(self.directory / "control.sock"), "ports", {})
        if not self.runs:
            raise NoServer("no gateway runs")
        listening = [("smtp.listen", 2525), ("pop3.listen_tls", 9950), ("pop3.listen_tls", 9951)]
        return {"listeners": [{"listener": key, "host": "127.0.0.1", "port": port} for key, port in listening]}

    def run(self, plan: Plan) -> Report:
        self.plans.append(plan)
        sample = make_sample(plan.route.address, "smtp.listen", datetime(2026, 11, 23, tzinfo=UTC))
        sending = Sending(door("smtp.listen", "smtp"), sample, wrong=self.wrong)
        return Report([sending], [Fetching(door("pop3.listen_tls", "tls"))], Removal())

    def self_test(self, *arguments: str, stdin: str = "pass\n") -> Result:
        return CliRunner().invoke(main, ["self-test", "--config", str(self.file), *arguments], input=stdin)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(tmp_path)
    monkeypatch.setattr(command, "ask", house.ask)
    monkeypatch.setattr(command, "run", house.run)
    return house


def test_all_is_well(house: House) -> None:
    result = house.self_test("alice@example.test", "--stdin", "--timeout", "7")
    assert (result.exit_code, result.output.endswith("All is well.\n")) == (0, True)
    (plan,) = house.plans
    assert [getattr(each, "place", "") for each in plan.doors] == [
        "127.0.0.1:2525", "127.0.0.1:9950", "127.0.0.1:9951",
    ]  # fmt: skip
    assert (plan.route.user, plan.route.password, plan.route.address) == (
        "alice@example.test",
        "pass",
        "alice@example.test",
    )
    assert (plan.account.user, plan.account.password, plan.account.seconds) == ("alice@example.test", "pass", 7.0)
    assert (plan.trust.name, plan.trust.needed, plan.account.utf8) == ("mx.test", True, False)


def test_something_failed(house: House) -> None:
    house.wrong = "it answers RCPT with 452 4.2.2 full"
    result = house.self_test("alice@example.test", "--stdin")
    assert (result.exit_code, house.wrong in result.output) == (2, True)
    result = house.self_test("alice@example.test", "--stdin", "--json")
    assert [json.loads(line)["wrong"] for line in result.stdout.splitlines()] == [[house.wrong], []]
    assert result.exit_code == 2


def test_whose_password(house: House) -> None:
    file = house.directory / "secret"
    file.write_text("from a file\nand more\n")
    house.self_test("sales@example.test", "--password-file", str(file), "--user", "alice@example.test")
    result = house.self_test("Alice+tag@EXAMPLE.test", stdin="typed\n")
    assert "Password:" in result.stderr and "typed" not in result.output
    assert [(plan.route.address, plan.route.user, plan.route.password) for plan in house.plans] == [
        ("sales@example.test", "alice@example.test", "from a file"),
        ("alice+tag@example.test", "alice@example.test", "typed"),
    ]
    both = house.self_test("alice@example.test", "--stdin", "--password-file", str(file))
    assert (both.exit_code, "not both" in both.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["info@example.test"], "info@example.test reaches alice@example.test, bob@example.test: choose"),
        (["nobody@example.test"], "nobody has the address nobody@example.test"),
        (["alice@elsewhere.test"], "elsewhere.test is no domain of this gateway"),
        (["@"], "expected local-part@domain"),
        (["alice@example.test", "--user", "bob@example.test"], "reaches alice@example.test, and not bob@example.test"),
        (["alice@example.test", "--user", "carol@example.test"], "there is no account carol@example.test"),
        (["alice@example.test", "--ca-file", "/nowhere"], "/nowhere: No such file or directory"),
    ],
)
def test_what_cannot_be_tried(house: House, arguments: list[str], said: str) -> None:
    result = house.self_test(*arguments, "--stdin")
    assert (result.exit_code, said in " ".join(result.output.split()), house.plans) == (1, True, [])
    assert all(len(line) <= 80 for line in result.output.splitlines())


def test_an_alias_that_is_broken(house: House) -> None:
    (house.directory / "domains" / "example.test" / "aliases").write_text(BROKEN)
    result = house.self_test("odd@example.test", "--stdin")
    assert (result.exit_code, "where mail to odd@example.test goes cannot be told" in result.output) == (1, True)


def test_no_server(house: House) -> None:
    house.runs = False
    assert house.self_test("alice@example.test", "--stdin").exit_code == 3


def test_no_pop3(house: House) -> None:
    house.file.write_text(CONFIG.partition("[pop3]")[0])
    result = house.self_test("alice@example.test", "--stdin")
    assert (result.exit_code, "there is no POP3 listener" in result.output) == (1, True)


def test_a_certificate_that_cannot_be_read(house: House) -> None:
    (house.directory / "mx-key.pem").unlink()
    result = house.self_test("alice@example.test", "--stdin")
    assert (result.exit_code, "mx-key.pem: cannot be read" in " ".join(result.stderr.split())) == (0, True)
    assert house.plans[0].trust.configured == b""
