"""Tables to Config: strictly, with every misfit found."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.config import Config, Handler
from mailgate.config.structure import dotted, is_list, structure, without


def misfits(tables: dict[str, Any]) -> dict[str, str]:
    return {dotted(misfit.key): f"{misfit.what} {misfit.hint}".strip() for misfit in structure(tables)[1]}


def test_nothing_is_the_defaults() -> None:
    assert structure({}) == (Config(), ())


def test_handlers_keep_the_keys_that_are_not_ours() -> None:
    config, found = structure({"handler": [{"use": "a", "max_hops": 50, "options": [1]}, {"use": "b", "name": "c"}]})
    assert found == ()
    assert config.handler == (Handler(use="a", options={"max_hops": 50, "options": [1]}), Handler(use="b", name="c"))
    assert config.handler[0].name == "a"


@pytest.mark.parametrize(
    ("tables", "key", "what"),
    [
        ({"hostname": 1}, "hostname", "expected text in quotes, not 1"),
        ({"hostname": True}, "hostname", "expected text in quotes, not true"),
        ({"store": {"directory": "a\0b"}}, "store.directory", "no NUL"),
        ({"smtp": {"max_recipients": "1"}}, "smtp.max_recipients", "expected a whole number, not '1'"),
        ({"smtp": {"max_recipients": True}}, "smtp.max_recipients", "expected a whole number, not true"),
        ({"smtp": {"max_recipients": 1.0}}, "smtp.max_recipients", "expected a whole number, not 1.0"),
        ({"pop3": {"allow_plaintext": 1}}, "pop3.allow_plaintext", "expected true or false, not 1"),
        ({"pop3": {"allow_plaintext": "yes"}}, "pop3.allow_plaintext", "expected true or false, not 'yes'"),
        ({"pop3": {"idle_timeout": True}}, "pop3.idle_timeout", "expected a duration"),
        ({"smtp": {"max_message": "25"}}, "smtp.max_message", "'25' is not understood: expected a size"),
        ({"smtp": {"max_message": 1.5}}, "smtp.max_message", "expected a size"),
        ({"smtp": {"listen": "tcp:25"}}, "smtp.listen", "expected a list"),
        ({"smtp": {"listen": [25]}}, "smtp.listen[1]", 'expected text in quotes, not 25 such as "tcp:25"'),
        ({"smtp": {"listen": ["tcp:25", "tpc:25"]}}, "smtp.listen[2]", "did you mean 'tcp'?"),
        ({"smtp": []}, "smtp", "expected a table, not a list"),
        ({"tls": {"certificate": {}}}, "tls.certificate", "expected text in quotes, not a table"),
        ({"log": {"format": "jsno"}}, "log.format", "not 'jsno' did you mean 'json'?"),
        ({"log": {"level": 5}}, "log.level", "expected 'debug' or"),
        ({"log": {"level": ["info"]}}, "log.level", "expected 'debug' or"),
        ({"handler": {"use": "x"}}, "handler", "expected a list: tables, [[…]]"),
        ({"handler": ["x"]}, "handler[1]", "expected a table, not 'x'"),
        ({"handler": [{}]}, "handler[1].use", "missing"),
        ({"handler": [{"use": "x", "on_error": "ignore"}]}, "handler[1].on_error", "expected 'defer' or 'skip'"),
        ({"smtp": {"proxies": ["10.0.0.0/33"]}}, "smtp.proxies[1]", "'10.0.0.0/33' is not understood"),
        ({"smtp": {"proxies": ["10.0.0.1/8"]}}, "smtp.proxies[1]", "the network is 10.0.0.0/8"),
        ({"smtp": {"proxies": [10]}}, "smtp.proxies[1]", "expected text in quotes, not 10"),
        ({"smpt": {}}, "smpt", "unknown key did you mean 'smtp'?"),
        ({"smtp": {"xyzzy": 1}}, "smtp.xyzzy", "unknown key known: listen, max_message"),
        ({"drain": datetime.date(2024, 1, 1)}, "drain", "expected a duration"),
    ],
)
def test_one_misfit(tables: dict[str, Any], key: str, what: str) -> None:
    ((found, words),) = misfits(tables).items()
    assert found == key
    assert what in words


def test_all_misfits_are_found_and_the_rest_is_kept() -> None:
    config, found = structure(
        {
            "hostname": 1,
            "drain": "10s",
            "smtp": {"listen": ["tcp:25", "x", "tcp:26"], "lisen": []},
            "handler": [{"use": "a"}, {"timeout": "soon"}, "b", {"use": "c", "timeout": "now", "x": 1}],
        }
    )
    assert [dotted(misfit.key) for misfit in found] == [
        "hostname",
        "smtp.listen[2]",
        "smtp.lisen",
        "handler[2].use",
        "handler[2].timeout",
        "handler[3]",
        "handler[4].timeout",
    ]
    assert config.hostname == "localhost"
    assert config.drain == 10.0
    assert config.smtp.listen == ("tcp:25", "tcp:26")
    # Each in its place, for the numbers in further faults; what is not understood is nobody.
    assert config.handler == (Handler(use="a"), Handler(use=""), Handler(use=""), Handler(use="c", options={"x": 1}))


def test_leaving_out() -> None:
    tables = {"a": [{"b": 1, "c": 2}, 3], "d": 4}
    assert without(tables, {("a", 0, "b"), ("d",)}) == {"a": [{"c": 2}, 3]}
    assert without(tables, {("a", 0)}) == {"a": [3], "d": 4}


def test_which_keys_are_lists() -> None:
    assert is_list(("smtp", "listen"))
    assert is_list(("handler",))
    for key in (("smtp",), ("smtp", "lisen"), ("hostname",), ("hostname", "x"), ("smtp", "listen", "x")):
        assert not is_list(key)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("tcp:25")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)
SECTIONS = st.sampled_from(["hostname", "state", "tls", "smtp", "submission", "pop3", "log", "handler", "x"])
KEYS = st.sampled_from(["listen", "listen_tls", "allow_plaintext", "max_message", "format", "use", "key", "y"])


@given(
    st.dictionaries(SECTIONS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES), st.lists(st.dictionaries(KEYS, VALUES))))
)
def test_any_tables_give_a_config_or_misfits(tables: dict[str, Any]) -> None:
    config, found = structure(tables)
    assert isinstance(config, Config)
    assert all(misfit.key for misfit in found)
