"""A configuration as single settings."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.settings import HIDDEN, Setting, duration_text, settings, size_text
from mailgate.config import Config, check, load
from mailgate.units import MAX_OCTETS, parse_octets, parse_seconds

EXAMPLE = """\
hostname = "mx.example.test"
state = "state"
[tls]
certificate = "cert.pem"
key = "key.pem"
also = [{certificate = "b.pem", key = "b-key.pem"}]
[smtp]
listen = ["tcp:2525", "tcp:2526:interface=127.0.0.1"]
idle_timeout = "301.5s"
[limits]
line = 2001
[store]
min_free = 0
[[handler]]
use = "exec"
name = "scan \\u007f"
timeout = "250ms"
command = ["/bin/cat", "-"]
ratio = 0.1
[[handler]]
use = "add-field"
field = "X-Seen"
value = 'a "quoted" value'
"odd key" = {since = 2026-01-01, on = [true, false]}
"""


def read(tmp_path: Path, text: str, *overrides: str) -> dict[str, Setting]:
    file = tmp_path / "mailgate.toml"
    file.write_text(text)
    return {setting.key: setting for setting in settings(check(str(file), overrides, development=True))}


def test_what_is_said_and_where(tmp_path: Path) -> None:
    found = read(tmp_path, EXAMPLE, "smtp.max_recipients=200", "limits.line=2002")
    sources = {key: setting.source for key, setting in found.items() if setting.source != "default"}
    assert [key for key, source in sources.items() if source == "--set"] == ["smtp.max_recipients", "limits.line"]
    assert [key for key, source in sources.items() if source == "file"] == [
        "hostname",
        "state",
        "tls.certificate",
        "tls.key",
        "tls.also",
        "smtp.listen",
        "smtp.idle_timeout",
        "store.min_free",
        "handler[1].use",
        "handler[1].name",
        "handler[1].timeout",
        "handler[1].command",
        "handler[1].ratio",
        "handler[2].use",
        "handler[2].field",
        "handler[2].value",
        'handler[2]."odd key"',
    ]
    assert found["limits.line"].value == 2002 and found["store.directory"].value == f"{tmp_path}/state/mail"


def test_what_is_changed(tmp_path: Path) -> None:
    """A value that is said is not changed if it is the default's; a path that moved with the state is not either."""
    found = read(tmp_path, 'state = "elsewhere"\ndrain = "30s"\n[pop3]\nlanguage = "de"\n[[handler]]\nuse = "x"\n')
    assert {key for key, setting in found.items() if setting.is_changed} == {"state", "pop3.language", "handler[1].use"}
    assert found["drain"].source == "file" and found["state"].default == Config().state


def test_what_is_not_understood_stands_at_its_default(tmp_path: Path) -> None:
    found = read(tmp_path, 'drain = "soon"\n[[handler]]\nuse = "x"\ntimeout = "soon"\n', "pop3.language=5")
    for key in ("drain", "pop3.language", "handler[1].timeout"):
        assert found[key].source == "default" and not found[key].is_changed


def test_handlers_by_set(tmp_path: Path) -> None:
    found = read(tmp_path, "", 'handler=[{use="loop-guard", max_hops=5}]', 'tls={certificate="a", key="b"}')
    assert found["handler[1].max_hops"].source == "--set" and found["tls.key"].source == "--set"


def test_as_a_configuration_it_says_the_same(tmp_path: Path) -> None:
    before = read(tmp_path, EXAMPLE).values()
    lines, table = [], ""
    for setting in before:
        if setting.table != table:
            table = setting.table
            lines.append("[[handler]]")
        lines.append(setting.line)
    (tmp_path / "again.toml").write_text("\n".join(lines))
    expected = load(str(tmp_path / "mailgate.toml"))
    last = expected.handler[1]
    odd = {**last.options, "odd key": {"since": "2026-01-01", "on": [True, False]}}  # a date has become text
    expected = evolve(expected, handler=(expected.handler[0], evolve(last, options=odd)))
    assert load(str(tmp_path / "again.toml")) == expected


@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        ('[submission]\nsmarthost = "smtps://me@a:se:cret/@x@relay.test"\n', ["se:cret", "cret/"]),
        ('[[handler]]\nuse = "x"\napi_key = "cret"\nPASSWORD = "cret"\nauth = {a = "cret"}\n', ["cret"]),
        ('[[handler]]\nuse = "exec"\ncommand = ["x"]\nenvironment = {ANY = "cret"}\n', ["cret"]),
        ('[[handler]]\nuse = "x"\nurls = ["redis://:cret@h", {token = "cret"}]\n', ["cret"]),
    ],
)
def test_no_secret_is_told(written: str, secrets: list[str], tmp_path: Path) -> None:
    found = read(tmp_path, written).values()
    told = "\n".join(f"{setting.value!r} {setting.default!r} {setting.written}" for setting in found)
    assert HIDDEN in told
    for secret in secrets:
        assert secret not in told


def test_names_that_only_look_like_secrets(tmp_path: Path) -> None:
    found = read(tmp_path, '[tls]\nkey = "key.pem"\n[[handler]]\nuse = "x"\nkeyword = "a"\nmonkey = 1\n')
    assert found["tls.key"].value.endswith("key.pem")
    assert found["handler[1].keyword"].value == "a" and found["handler[1].monkey"].value == 1


@given(st.integers(0, MAX_OCTETS) | st.integers(0, 2000).map(lambda number: number << 20))
def test_sizes_are_read_as_they_were(octets: int) -> None:
    assert parse_octets(size_text(octets)) == octets


@given(st.integers(0, 10**9) | st.integers(0, 800_000).map(lambda number: number * 3600))
def test_durations_are_read_as_they_were(seconds: int) -> None:
    assert parse_seconds(duration_text(float(seconds))) == float(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0s"), (60.0, "1m"), (90.0, "90s"), (86_400.0, "1d"), (0.25, "250ms")]
)
def test_durations_for_eyes(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.floats(0.001, 10**9))
def test_a_duration_keeps_every_digit(seconds: float) -> None:
    from mailgate.cli.settings import _with_unit
    from mailgate.units import Seconds

    value: Any = tomllib.loads(f"x = {_with_unit(Seconds, seconds)}")["x"]
    assert parse_seconds(value) == seconds


def test_a_setting_in_several_lines() -> None:
    items = Setting("limits.exempt", "", ["a", "b"], [], "file", '["a", "b"]')
    assert items.lines(80) == ['limits.exempt = ["a", "b"]']
    assert items.lines(20) == ["limits.exempt = [", '    "a",', '    "b",', "]"]
    value = {"A": "x", "b c": "y"}
    table = Setting("handler[1].environment", "handler[1]", value, None, "file", '{A = "x", "b c" = "y"}')
    assert table.lines(20) == ['environment.A = "x"', 'environment."b c" = "y"']
    text = Setting("hostname", "", "mx.example.org", "", "file", '"mx.example.org"')
    assert text.lines(20) == ['hostname = "mx.example.org"']
