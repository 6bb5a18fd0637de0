"""A bar where somebody sees it, and the same items everywhere."""

from __future__ import annotations

import io
import sys

import pytest

from mailgate.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress(range(3), 3, "Counting")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress(range(3), 3, "Counting")) == [0, 1, 2]
    assert "Counting" in terminal.getvalue()
