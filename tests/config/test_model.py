"""The defaults, and the file that shows them."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest

from mailgate.config import LISTENERS, POP3, SMTP, Config, Handler, Listener, load
from mailgate.config.places import resolve

SAMPLE = Path(__file__).parents[2] / "etc" / "mailgate.toml"


@pytest.fixture
def uncommented(tmp_path: Path) -> Path:
    text = re.sub(r"^#(?=\[|[a-z_]+ = )", "", SAMPLE.read_text(), flags=re.MULTILINE)
    path = tmp_path / "mailgate.toml"
    path.write_text(text)
    return path


def test_the_sample_shows_every_default(uncommented: Path) -> None:
    config = load(str(uncommented))
    assert config.handler == (Handler(use="loop-guard"),)
    assert attrs.evolve(config, handler=()) == resolve(Config(), "/")


def test_the_sample_as_it_stands_is_the_defaults() -> None:
    assert load(str(SAMPLE)) == resolve(Config(), "/")


def test_the_sample_shows_every_key_and_no_other(uncommented: Path) -> None:
    assert keys(tomllib.loads(uncommented.read_text())) == fields(Config) - {"handler.options"}


def test_every_key_of_the_sample_has_a_sentence() -> None:
    lines = SAMPLE.read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"#[a-z_]+ = |#?\[", line):
            assert re.match(r"# [A-Z].*[.?]$|#\[\[handler\]\]$", before), line


def test_options_of_handlers_do_not_change_under_us() -> None:
    assert Handler(use="x").options == {}
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Config().hostname = "x"  # type: ignore[misc]


def test_the_table_of_listeners_leaves_none_out() -> None:
    """Development mode goes by it to keep strangers out."""
    sections = {field.name: field.type for field in attrs.fields(attrs.resolve_types(Config))}
    lists = {
        (name, field.name)
        for name, section in sections.items()
        if section is not None and attrs.has(section)
        for field in attrs.fields(attrs.resolve_types(section))
        if field.type == tuple[Listener, ...]
    }
    assert lists == set(LISTENERS)


def test_mapping_listeners() -> None:
    listeners = (Listener("tcp:25"), Listener("tcp:26"))
    config = Config(hostname="mx", smtp=SMTP(listen=listeners, max_recipients=100), pop3=POP3(listen_tls=listeners[:1]))
    mapped = config.map_listeners(lambda key, listener: Listener(f"{key} {listener}"))
    assert [listener for _, listener in mapped.listeners()] == [
        f"{key} {listener}" for key, listener in config.listeners()
    ]
    assert mapped.map_listeners(lambda _, listener: Listener(listener.split()[1])) == config


def keys(tables: dict[str, Any]) -> set[str]:
    found = set()
    for key, value in tables.items():
        table = value[0] if key == "handler" else value
        found |= {f"{key}.{inner}" for inner in table} if isinstance(table, dict) else {key}
    return found


def fields(cl: type[Any]) -> set[str]:
    found = set()
    for field in attrs.fields(attrs.resolve_types(cl)):
        inner = Handler if field.name == "handler" else field.type
        if attrs.has(inner):
            found |= {f"{field.name}.{name}" for name in fields(inner)}
        else:
            found.add(field.name)
    return found
