"""docs/operations.md promises nothing that is not there: commands and options exist, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from mailgate.cli import COMMANDS, main
from tests.empty_machine.__main__ import STEPS

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
TEXT = PAGE.read_text()
CALLS = sorted(set(re.findall(r"(?:`|^[$#] |-u mailgate )(mailgate(?: [^`\n#]+)?)", TEXT, re.MULTILINE)))


def test_there_is_something_to_look_at() -> None:
    assert len(CALLS) > 30


@pytest.mark.parametrize("call", [call for call in CALLS if not call.endswith("…")])
def test_commands_and_options_are_there(call: str) -> None:
    words = shlex.split(call.partition(" > ")[0])[1:]
    command: click.Command = main
    while words and isinstance(command, click.Group):
        with click.Context(command) as context:
            found = command.get_command(context, words[0])
        if found is None:
            break
        command, words = found, words[1:]
    assert command is not main or not words, f"{call}: there is no such command; there are {list(COMMANDS)}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--config", "--help", "--json"}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", TEXT))))
def test_links_lead_somewhere(link: str) -> None:
    name, _, heading = link.partition("#")
    page = PAGE.parent / name if name else PAGE
    assert page.is_file()
    headings = {
        re.sub(r"[^\w -]", "", found.lower()).replace(" ", "-")
        for found in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    }
    assert not heading or heading in headings


def test_the_table_of_the_empty_machine_has_its_steps() -> None:
    for name, _ in STEPS:
        assert f"\n{name:<56}" in TEXT
