"""The line that a server says when it is ready."""

from __future__ import annotations

import pytest

from mailgate.testing.places import Place
from mailgate.testing.ready import Ready
from tests.testing.fake_gateway import ready_line


def test_the_line_is_read() -> None:
    ready = Ready.read(ready_line("/s/control.sock"))
    assert ready.place("smtp") == Place("127.0.0.1", 2525)
    assert (ready.version, ready.ca_file, ready.control) == ("0.1.0", "/nowhere/cert.pem", "/s/control.sock")


def test_a_port_that_is_not_there_is_named_and_so_are_the_others() -> None:
    ready = Ready.read({**ready_line("/s"), "ports": {"smtp": {"host": "127.0.0.1", "port": 25}, "http": None}})
    with pytest.raises(LookupError, match="no port 'http'; it has smtp"):
        ready.place("http")


@pytest.mark.parametrize("told", [{}, [], "ready", {"ports": []}])
def test_another_line_is_none(told: object) -> None:
    with pytest.raises((KeyError, TypeError, AttributeError)):
        Ready.read(told)  # type: ignore[arg-type]
