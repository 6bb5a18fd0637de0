"""The documentation says what is so: names exist, examples run."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from zope.interface.interface import InterfaceClass

import mailgate
from mailgate.config import load
from mailgate.handlers.finding import make_handler
from mailgate.interfaces import IMessageHandler
from mailgate.mail import Refused, Verdict
from tests.support import a_message, recipient

ROOT = Path(__file__).parents[1]
FLOW = (ROOT / "docs" / "flow.md").read_text()
HANDLERS = (ROOT / "docs" / "handlers.md").read_text()
README = (ROOT / "README.md").read_text()


def every_name() -> set[str]:
    """All that the code calls something: modules, what they define, methods; with every shorter way to say it."""
    full: set[str] = set()
    for found in pkgutil.walk_packages(mailgate.__path__, "mailgate."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        full.add(found.name)
        for name, thing in vars(module).items():
            full.add(f"{found.name}.{name}")
            if inspect.isclass(thing):
                full |= {f"{found.name}.{name}.{member}" for member in dir(thing)}
            elif isinstance(thing, InterfaceClass):
                full |= {f"{found.name}.{name}.{member}" for member in thing.names(all=True)}
    parts = (name.split(".") for name in full)
    return {".".join(words[at:]) for words in parts for at in range(len(words))}


def test_every_function_that_the_flow_names_is_there() -> None:
    said = re.findall(r"`([A-Za-z_]+(?:\.[A-Za-z_]+)+)(?:\([^`]*\))?`", FLOW)
    ours = {name for name in said if not name.endswith((".py", ".md", ".toml")) and not name.startswith("tests.")}
    assert len(ours) > 40
    assert not ours - every_name()


def test_the_handler_of_ten_lines_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.search(r"```python\n(.*?)```", HANDLERS, re.DOTALL)
    table = re.search(r"```toml\n(\[\[handler\]\].*?)```", HANDLERS, re.DOTALL)
    assert code is not None and table is not None
    (tmp_path / "stamp.py").write_text(code[1])
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "mailgate.toml"
    file.write_text(table[1])
    (entry,) = load(str(file)).handler
    handler: Any = make_handler(entry.use, entry.options, "handler 1")
    assert IMessageHandler.providedBy(handler)
    verdict = handler.handle(a_message(recipient("alice@example.test")))
    assert isinstance(verdict, Verdict) and bytes(verdict.fields[0]) == b"X-Stamp: seen by the gateway\n"
    with pytest.raises(Refused, match="550"):
        handler.handle(a_message(*(recipient(f"user{number}@example.test") for number in range(51))))


def test_the_readme_s_configuration_is_read(tmp_path: Path) -> None:
    written = re.search(r"<<'END'\n(.*?)\nEND\n", README, re.DOTALL)
    assert written is not None
    file = tmp_path / "mailgate.toml"
    file.write_text(written[1])
    config = load(str(file))
    assert config.state == str(tmp_path) and [key for key, _ in config.listeners()] == [
        "smtp.listen",
        "submission.listen",
        "submission.listen_tls",
        "pop3.listen",
        "pop3.listen_tls",
    ]


def test_the_readme_s_commands_are_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"make ([a-z-]+)", README):
        assert target in targets
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    for file in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / file).exists(), file


def test_the_bench_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.first_look", "--quick"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.count("MB/s") == 3 and "messages/s" in done.stdout and "sessions/s" in done.stdout
