"""The parts of a backup."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mailgate.cli.backing_copying import Copier, Pair
from mailgate.cli.backing_up import Backup
from mailgate.config import load
from tests.cli.backing import tree

CONFIGURATION = """\
hostname = "mx.example.test"
state = "."
[tls]
certificate = "tls/cert.pem"
key = "key.pem"
also = [{certificate = "tls/b.pem", key = "tls/b-key.pem"}]
[submission]
smarthost = "smtp+starttls://user@relay.example.org:587"
smarthost_password = "smarthost"
"""


@pytest.fixture
def house(gateway: Path) -> Path:
    (gateway / "mailgate.toml").write_text(CONFIGURATION)
    (gateway / "tls").mkdir()
    for name in ("tls/cert.pem", "tls/b.pem", "tls/b-key.pem", "key.pem", "smarthost"):
        (gateway / name).write_text(name)
    for name in ("node", "sweeps.json", "tally.jsonl", "x.lock", "twistd.pid", "x.tmp", ".hidden"):
        (gateway / name).write_text(name)
    (gateway / "domains" / "example.test" / "aliases").write_text("info: alice\n")
    for name in (".spool/node", "example.test/alice/cur", "example.test/other"):
        (gateway / "mail" / name).mkdir(parents=True)
    (gateway / "mail" / "example.test" / "alice" / "cur" / "1.a.n:2,S").write_text("1")
    (gateway / "mail" / ".spool" / "node" / "spooled").write_text("x")
    return gateway


def work(house: Path, *, delete: bool = False, with_keys: bool = False) -> Backup:
    (house / "copy").mkdir(exist_ok=True)
    file = str(house / "mailgate.toml")
    return Backup(load(file), file, os.open(house / "copy", os.O_RDONLY), delete, with_keys)


def files(house: Path) -> set[str]:
    return set(tree(house / "copy"))


WITHOUT_KEYS = {
    "config/mailgate.toml",
    "state/mailgate.toml",
    "state/node",
    "state/sweeps.json",
    "state/tally.jsonl",
    "domains/example.test/users",
    "domains/example.test/aliases",
    "mail/example.test/alice/cur/1.a.n:2,S",
}


def test_no_secret_leaves_without_being_asked_for(house: Path) -> None:
    account = work(house).copy()
    assert files(house) == WITHOUT_KEYS
    assert (account.copied, account.maildrops, account.troubles) == (8, 1, [])


def test_with_keys(house: Path) -> None:
    (house / "tls" / "b.pem").unlink()
    account = work(house, with_keys=True).copy()
    assert files(house) == WITHOUT_KEYS | {
        "keys/tls.certificate/cert.pem",
        "keys/tls.key/key.pem",
        "keys/tls.also.0.key/b-key.pem",
        "keys/submission.smarthost_password/smarthost",
    }
    assert account.troubles == [f"{house}/tls/b.pem: there is no such file"]


def test_a_key_that_is_a_link_as_certbot_makes_them(house: Path) -> None:
    (house / "key.pem").rename(house / "tls" / "key7.pem")
    (house / "key.pem").symlink_to("tls/key7.pem")
    work(house, with_keys=True).copy()
    assert tree(house / "copy")["keys/tls.key/key7.pem"] == b"key.pem"


def test_what_it_says_of_itself(house: Path) -> None:
    record = work(house).record()
    assert (record["hostname"], record["mail"], record["with_keys"]) == ("mx.example.test", f"{house}/mail", False)
    assert record["keys"]["tls.also.0.key"] == f"{house}/tls/b-key.pem"


def test_what_is_gone(house: Path) -> None:
    work(house).copy()
    (house / "copy" / "domains" / "kept").mkdir()
    (house / "domains" / "example.test" / "aliases").unlink()
    assert work(house).copy().removed == 0
    assert work(house, delete=True).copy().removed == 1
    assert files(house) == WITHOUT_KEYS - {"domains/example.test/aliases"}
    assert (house / "copy" / "domains" / "kept").is_dir()


def test_links_in_place_of_directories_are_not_entered(house: Path) -> None:
    (house / "domains" / "other.test").symlink_to(house / "domains" / "example.test")
    (house / "mail" / "other.test").symlink_to(house / "mail" / "example.test")
    (house / "mail" / "example.test" / "bob").symlink_to(house / "mail" / "example.test" / "alice")
    account = work(house).copy()
    assert files(house) == WITHOUT_KEYS
    assert account.troubles == [f"{house}/domains/other.test: a link, which is not followed"]


def test_what_goes_while_it_is_opened(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Copier.opened

    def gone(self: Copier, pair: Pair, name: str) -> AbstractContextManager[Pair | None]:
        return opened(self, pair, f"no-{name}")

    monkeypatch.setattr(Copier, "opened", gone)
    account = work(house).copy()
    assert files(house) == {name for name in WITHOUT_KEYS if "example.test" not in name}
    assert account.troubles == []


def test_before_there_is_anything(gateway: Path) -> None:
    account = work(gateway).copy()
    assert files(gateway) == {"config/mailgate.toml", "state/mailgate.toml", "domains/example.test/users"}
    assert account.troubles == []


def test_what_cannot_be_opened_is_told(house: Path) -> None:
    (house / "domains").rename(house / "elsewhere")
    (house / "domains").write_text("no directory")
    assert work(house).copy().troubles == [f"{house}/domains: Not a directory"]
