"""`mailgate dev`: from its options to an order."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from mailgate.cli import main, running
from mailgate.cli.running import Order


def order_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Order:
    orders: list[Order] = []

    def run(order: Order) -> int:
        orders.append(order)
        return 17

    monkeypatch.setattr(running, "run", run)
    result = CliRunner().invoke(main, ["dev", *arguments])
    assert (result.exit_code, result.output) == (17, "")
    (order,) = orders
    return order


def test_nothing_special(monkeypatch: pytest.MonkeyPatch) -> None:
    assert order_of(monkeypatch) == Order(keep=True)


def test_every_option(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--port", "0", "--json", "--ready-file", "ready", "--stdin-closes", "--config", "a.toml", "--verbose")
    order = order_of(monkeypatch, *options, "--set", "drain=2s", "--set", "hostname=x", "--keep", "--beyond-loopback")
    assert order == Order(
        port=0,
        as_json=True,
        ready_file="ready",
        stdin_closes=True,
        config="a.toml",
        overrides=("drain=2s", "hostname=x"),
        keep=True,
        beyond_loopback=True,
        verbose=True,
    )


@pytest.mark.parametrize("option", ["--json", "--stdin-closes", "--no-keep"])
def test_what_a_program_starts_leaves_nothing(monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    assert not order_of(monkeypatch, option).keep


@pytest.mark.parametrize("arguments", [("--port", "65536"), ("--port", "-1"), ("--port", "x"), ("now",)])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(main, ["dev", *arguments]).exit_code == 2


def test_help_does_not_import_twisted() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from mailgate.cli import main\n"
        "assert CliRunner().invoke(main, ['dev', '--help']).exit_code == 0\n"
        "print(sorted(name for name in ('twisted', 'rich', 'mailgate.service') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
