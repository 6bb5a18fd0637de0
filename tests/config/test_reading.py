"""What can be said of a configuration that was not understood in full."""

from __future__ import annotations

import pytest

from mailgate.config import Config, Reading


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("hostname", "m.toml: hostname"),
        ("smtp", "--set smtp.listen"),
        ("smtp.listen", "--set smtp.listen"),
        ("smtp.listen[1]", "--set smtp.listen[1]"),
        ("smtp.listen_tls", "m.toml: smtp.listen_tls"),
        ("handler[1].use", "--set handler[1].use"),
    ],
)
def test_where(key: str, place: str) -> None:
    assert Reading(Config(), path="m.toml", overridden=("smtp.listen", "handler")).where(key) == place


def test_without_a_file_there_is_the_key() -> None:
    assert Reading(Config()).where("hostname") == "hostname"


@pytest.mark.parametrize(
    ("misfit", "key", "sure", "sure_of_the_whole"),
    [
        ("smtp.listen[1]", "smtp.listen", True, False),
        ("smtp.listen[1]", "smtp.listen_tls", True, True),
        ("smtp.listen", "smtp.listen", False, False),
        ("smtp", "smtp.listen", False, False),
        ("tls.key", "tls", False, False),
        ("tls.key", "tls.certificate", True, True),
        ("handler[1]", "handler[1].use", False, False),
        ("handler[1]", "handler[10].use", True, True),
    ],
)
def test_what_can_be_relied_on(misfit: str, key: str, sure: bool, sure_of_the_whole: bool) -> None:
    reading = Reading(Config(), misfits=("state", misfit))
    assert reading.is_sure(key) is sure
    assert reading.is_sure(key, whole=True) is sure_of_the_whole
    assert not reading.is_sure(key, "state")
