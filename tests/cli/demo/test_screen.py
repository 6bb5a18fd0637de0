"""What reaches the terminal is harmless, cut to its width, and plain where there is no terminal."""

from __future__ import annotations

import pytest

from mailgate.cli.demo.screen import PIPE, Screen, readable
from mailgate.cli.demo.transcript import Line, Omitted, Sealed


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"250 ok", "250 ok"),
        ("Привіт 日本".encode(), "Привіт 日本"),
        (b"\tfor x", "    for x"),
        (b"\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        (b"caf\xe9", "caf\\xe9"),
    ],
)
def test_readable(octets: bytes, text: str) -> None:
    assert readable(octets) == text


def test_a_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[Line | Omitted] = [
        Line("client", b"DATA"),
        Line("client", b""),
        Omitted("client", 1200, 34567),
        Line("server", b"x" * 200),
    ]
    Screen().conversation(lines, "smtplib")
    data, empty, omitted, cut = capsys.readouterr().out.splitlines()
    assert data == "  smtplib   DATA"
    assert empty == "  smtplib"
    assert omitted == "            ... 1,200 more lines, 34,567 octets"
    assert cut.startswith("  mailgate  xxx") and cut.endswith("x…") and len(cut) == PIPE


def test_what_looks_like_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.conversation([Line("client", b"[bold]:smile:[/bold]")], "smtplib")
    screen.say("[red]say[/red]")
    out = capsys.readouterr().out
    assert "[bold]:smile:[/bold]" in out and "[red]say[/red]" in out


def test_tls(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().sealed(Sealed(1000, 20, b"\x16\x03\x01"), "poplib")
    out = capsys.readouterr().out
    assert "16 03 01 ..." in out
    assert "1,000 octets from poplib, 20 from mailgate" in out


def test_a_path_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    path = "/a/very/long/path" * 20
    screen = Screen()
    screen.file(path, 1, [b"one"])
    screen.say(f"It is in {path}")
    out = capsys.readouterr().out
    assert f"  file      1 octets in {path}\n            one\n" in out
    assert f"\n{path}\n" in out


def test_a_quiet_screen_shows_the_table_and_the_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(quiet=True)
    screen.heading("heading")
    screen.step("step", "sentence")
    screen.say("said")
    screen.handlers([("h", "passed")])
    screen.good("good")
    assert capsys.readouterr().out == ""
    screen.say("always", always=True)
    screen.table(("What", "Sent"), [(("a", "1"), True), (("b", "NO"), False)], amounts=["Sent"])
    screen.alarm("broken\x1b[0m")
    captured = capsys.readouterr()
    assert "always" in captured.out and "NO" in captured.out
    assert captured.err == "broken\\x1b[0m\n"


def test_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", "300")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    Screen().conversation([Line("client", b"EHLO"), Line("server", b"250")], "smtplib")
    out = capsys.readouterr().out
    assert "\x1b[36mEHLO" in out and "\x1b[32m250" in out
    monkeypatch.setenv("NO_COLOR", "1")
    Screen().conversation([Line("client", b"EHLO")], "smtplib")
    assert "\x1b[36m" not in capsys.readouterr().out


@pytest.fixture(autouse=True)
def a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
