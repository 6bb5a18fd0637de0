"""The configuration that is written."""

from __future__ import annotations

import tomllib
from pathlib import Path

from attrs import evolve

from mailgate.cli.init.configuration import configuration_text
from mailgate.cli.init.wishes import LOW
from mailgate.config import Config, Handler, load
from tests.cli.init.support import WISHES


def test_it_is_read_and_says_what_was_wished(tmp_path: Path) -> None:
    file = tmp_path / "mailgate.toml"
    file.write_text(configuration_text(WISHES, ".", str(file)))
    config = load(str(file))
    assert config.hostname == "mx.example.test" and config.state == str(tmp_path)
    assert dict(config.listeners()) == {
        "smtp.listen": "tcp:2525",
        "submission.listen": "tcp:2587",
        "submission.listen_tls": "tcp:2465",
        "pop3.listen": "tcp:2110",
        "pop3.listen_tls": "tcp:2995",
    }
    assert config.tls.is_configured and config.handler == (Handler(use="loop-guard"),)
    assert config.journal == Config().journal and config.store.min_free == Config().store.min_free


def test_a_server_of_the_system(tmp_path: Path) -> None:
    wishes = evolve(WISHES, ports=LOW, endpoint="tcp6")
    text = configuration_text(wishes, "/var/lib/mailgate", "/etc/mailgate/mailgate.toml")
    tables = tomllib.loads(text)
    assert tables["state"] == "/var/lib/mailgate" and tables["smtp"]["listen"] == ["tcp6:25"]
    assert "IPv4 and IPv6." in text and "no IPv6" not in text


def test_what_is_commented_out_is_understood_too(tmp_path: Path) -> None:
    """Who takes away a "#" gets a configuration that works."""
    file = tmp_path / "mailgate.toml"
    text = configuration_text(WISHES, ".", "x")
    for line in ("#smarthost = ", "#smarthost_password", "#[maildrops]", "#keep_days", "#removed_days"):
        assert f"\n{line}" in text
        text = text.replace(f"\n{line}", f"\n{line[1:]}")
    file.write_text(text)
    config = load(str(file))
    assert config.maildrops.keep_days == 365 and config.submission.smarthost


def test_it_fits_a_terminal() -> None:
    assert max(map(len, configuration_text(WISHES, ".", "/etc/mailgate/mailgate.toml").splitlines())) <= 80
