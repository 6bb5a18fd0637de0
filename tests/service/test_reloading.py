"""From one configuration to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from mailgate.config import POP3, SMTP, Config, Handler, Limits, Listener, Maildrops, Reading, Store
from mailgate.faults import Fault
from mailgate.service.reloading import FIXED, CannotReload, Reloading, change_of
from mailgate.units import Octets, Seconds
from tests.config.test_model import fields
from tests.support import result_of


def test_every_key_that_is_fixed_is_one() -> None:
    assert fields(Config) >= FIXED


def test_nothing_changed() -> None:
    config = Config(hostname="mx.example.org", handler=(Handler(use="loop-guard"),))
    same = change_of(config, attrs.evolve(config))
    assert (same.config, same.changed, same.waiting) == (config, (), ())


def test_what_counts_and_what_waits() -> None:
    old = Config(smtp=SMTP(listen=(Listener("tcp:25"),), max_recipients=500), store=Store(directory="/mail"))
    new = Config(
        hostname="mx.example.org",
        smtp=SMTP(listen=(Listener("tcp:26"),), max_recipients=600),
        store=Store(directory="/elsewhere", min_free=Octets(1)),
        pop3=POP3(language="de"),
        maildrops=Maildrops(keep_days=30),
        limits=Limits(connections=5, errors=5, greeting_timeout=Seconds(7.0)),
        handler=(Handler(use="loop-guard"),),
    )
    result = change_of(old, new)
    assert set(result.waiting) == {"smtp.listen", "store.directory", "limits.connections"}
    assert set(result.changed) == {
        "hostname",
        "smtp.max_recipients",
        "store.min_free",
        "pop3.language",
        "maildrops.keep_days",
        "limits.errors",
        "limits.greeting_timeout",
        "handler",
    }
    assert result.config == attrs.evolve(
        new,
        smtp=SMTP(listen=old.smtp.listen, max_recipients=600),
        store=Store(directory="/mail", min_free=Octets(1)),
        limits=Limits(errors=5, greeting_timeout=Seconds(7.0)),
    )


@pytest.mark.parametrize("key", sorted(FIXED))
def test_it_is_the_old_value_that_stays(key: str) -> None:
    section, _, name = key.rpartition(".")
    marked: Any = object()
    changes: dict[str, Any] = {name: marked}
    if section:
        changes = {section: attrs.evolve(getattr(Config(), section), **changes)}
    new = attrs.evolve(Config(), **changes)
    result = change_of(Config(), new)
    assert (result.config, result.changed, result.waiting) == (Config(), (), (key,))


class Server:
    """What a file says, what is in force, and who reads the file again."""

    def __init__(self, state: str) -> None:
        self.config = Config(state=state)
        self.written = Reading(self.config)
        self.reloading = Reloading(lambda: self.written, lambda: self.config, self.take_over, None)

    @property
    def waiting(self) -> tuple[str, ...]:
        return self.reloading.waiting

    def take_over(self, config: Config) -> None:
        if config.hostname == "unbuildable.test":
            raise CannotReload(Fault("hostname", "cannot be built"))
        self.config = config

    def reload(self, *faults: Fault, **changes: Any) -> None:
        self.written = Reading(attrs.evolve(Config(state=self.config.state), **changes), faults)
        result_of(self.reloading.reload())


def test_what_waits_is_known_until_the_file_says_again_what_is_in_force(tmp_path: Path) -> None:
    server = Server(str(tmp_path))
    assert not server.waiting
    server.reload(limits=Limits(connections=5), hostname="a.test")
    for _ in range(2):
        assert server.waiting == ("limits.connections",)
        server.reload(limits=Limits(connections=5, errors=5))
    with pytest.raises(CannotReload):
        server.reload(Fault("smtp.lisen", "unknown"))
    with pytest.raises(CannotReload):
        server.reload(hostname="unbuildable.test")
    assert server.waiting == ("limits.connections",)  # one that is refused says nothing of it
    assert server.reloading.refused
    server.reload(hostname="b.test")
    assert not server.waiting and not server.reloading.refused
    assert server.config == Config(state=str(tmp_path), hostname="b.test")
