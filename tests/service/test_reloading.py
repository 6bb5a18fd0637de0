"""From one configuration to another."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from mailgate.config import POP3, SMTP, Config, Handler, Limits, Listener, Maildrops, Store
from mailgate.service.reloading import FIXED, change_of
from mailgate.units import Octets, Seconds
from tests.config.test_model import fields


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
