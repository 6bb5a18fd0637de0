"""Which file is read, and where its paths lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.config import TLS, Accounts, Config, Store
from mailgate.config import places as module
from mailgate.config.places import find, not_directories, resolve


def test_the_file_is_found_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "SYSTEM", str(tmp_path / "system.toml"))
    assert find(None, {}) is None
    (tmp_path / "system.toml").touch()
    assert find(None, {}) == str(tmp_path / "system.toml")
    (tmp_path / "mailgate.toml").touch()
    assert find(None, {}) == "mailgate.toml"
    assert find(None, {"MAILGATE_CONFIG": "from-environ.toml"}) == "from-environ.toml"
    assert find("option.toml", {"MAILGATE_CONFIG": "from-environ.toml"}) == "option.toml"
    assert find("", {"MAILGATE_CONFIG": ""}) == "mailgate.toml"


def test_paths_belong_to_state_and_state_to_the_file() -> None:
    config = resolve(
        Config(
            state="state",
            tls=TLS(certificate="tls/cert.pem", key="/etc/key.pem"),
            accounts=Accounts(directory="../domains"),
            store=Store(directory="mail"),
        ),
        "/srv/gate",
    )
    assert config.state == "/srv/gate/state"
    assert config.tls == TLS(certificate="/srv/gate/state/tls/cert.pem", key="/etc/key.pem")
    assert config.accounts.directory == "/srv/gate/domains"
    assert config.store.directory == "/srv/gate/state/mail"


def test_what_is_not_set_stays_unset() -> None:
    assert resolve(Config(), "/srv").tls == TLS()


def test_what_is_in_the_way_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for state, mail, found in (
        (tmp_path, "mail", []),
        (tmp_path / "state" / "deep", "mail", []),
        (tmp_path, "file", [("store.directory", str(tmp_path / "file"))]),
        (tmp_path, "link", [("store.directory", str(tmp_path / "link"))]),
        (tmp_path, "file/mail", [("store.directory", str(tmp_path / "file"))]),
        (tmp_path / "file", "/", [("state", str(tmp_path / "file"))]),
        (tmp_path, "", []),
    ):
        config = resolve(Config(state=str(state), store=Store(directory=mail)), "/")
        assert list(not_directories(config)) == found
