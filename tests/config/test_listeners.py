"""Listeners: their form, the backlog, and who wants whose port."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.endpoints import serverFromString
from twisted.internet.testing import MemoryReactor

from mailgate.config.listeners import (
    Place,
    clashes,
    on_loopback,
    parse_listener,
    unix_path,
    with_backlog,
    without_lock,
)

GOOD = [
    ("tcp:25", Place("0.0.0.0", 25)),
    ("tcp:0", Place("0.0.0.0", 0)),
    ("tcp:port=25:interface=127.0.0.1", Place("127.0.0.1", 25)),
    ("tcp:25:127.0.0.1:100", Place("127.0.0.1", 25)),
    ("tcp:25:interface=localhost:backlog=5", Place("127.0.0.1", 25)),
    (r"tcp:25:interface=\:\:1", Place("::1", 25)),
    ("tcp6:25", Place("::", 25)),
    (r"tcp6:25:interface=0\:0\:0\:0\:0\:0\:0\:1", Place("::1", 25)),
    (r"tcp6:25:interface=\:\:ffff\:192.0.2.1", Place("192.0.2.1", 25)),
    ("unix:/run/lmtp:mode=660", Place("", "/run/lmtp")),
    (r"unix:/run/a\:b", Place("", "/run/a:b")),
    ("unix:address=/run/lmtp:mode=0660", Place("", "/run/lmtp")),
    ("unix:/run/lmtp:660:100:1", Place("", "/run/lmtp")),
    ("unix:/run/lmtp:lockfile=0:backlog=100", Place("", "/run/lmtp")),
]


@pytest.mark.parametrize(("text", "place"), GOOD)
def test_where_it_listens(text: str, place: Place) -> None:
    assert parse_listener(text) == place


@pytest.mark.parametrize("text", [text for text, _ in GOOD])
def test_twisted_takes_what_we_take_with_and_without_backlog_and_lock(text: str) -> None:
    for listener in (text, with_backlog(text), without_lock(text)):
        serverFromString(MemoryReactor(), listener)


def test_what_the_system_knows_alone() -> None:
    assert parse_listener("systemd:domain=INET:index=0") is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "unknown type of listener ''"),
        ("25", 'expected an endpoint: "tcp:25"'),
        ("tpc:25", "did you mean 'tcp'?"),
        ("onion:25", 'such as "tcp:25"'),
        ("tcp", "a port is 0 to 65535"),
        ("tcp:", "a port is 0 to 65535"),
        ("tcp:smtp", "a port is 0 to 65535"),
        ("tcp:65536", "a port is 0 to 65535"),
        ("tcp:-1", "a port is 0 to 65535"),
        ("tcp:localhost:25", "a port is 0 to 65535"),
        ("tcp:25:interfaec=127.0.0.1", "did you mean 'interface'?"),
        ("tcp:25:a=b", "not 'a'"),
        ("tcp:25:127.0.0.1:5:6", "too many arguments"),
        ("tcp:25:backlog=many", "a backlog is a number"),
        ("tcp:25:interface=mx.example.test", "an interface is an IP address or localhost, not 'mx.example.test'"),
        ("tcp:25:interface=127.1", "an interface is an IP address"),
        ("ssl:465:privateKey=key.pem", "listen_tls"),
        ("haproxy:tcp:25", "PROXY header"),
        ("unix:", "a UNIX socket needs a path"),
        ("unix:mode=660", "a UNIX socket needs a path"),
        ("unix:/run/lmtp:mdoe=660", "did you mean 'mode'?"),
        ("unix:/run/lmtp:a=b", "not 'a'"),
        ("unix:/run/lmtp:660:50:0:more", "too many arguments"),
        ("unix:/run/lmtp:mode=rw-rw----", "a mode is octal"),
        ("unix:/run/lmtp:mode=698", "a mode is octal"),
        ("unix:/run/lmtp:backlog=many", "a backlog is a number"),
        ("unix:/run/lmtp:lockfile=no", "lockfile is 0 or 1"),
        ("systemd:", "systemd:domain=INET"),
    ],
)
def test_faults(text: str, what: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_listener(text)
    assert what in str(caught.value)


@given(st.one_of(st.text(max_size=40), st.text("tcp6unixsed:=\\25", max_size=20)))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    try:
        place = parse_listener(text)
    except ValueError:
        return
    assert place is None or place.port is not None
    assert with_backlog(with_backlog(text)) == with_backlog(text)


@pytest.mark.parametrize(
    ("text", "with_it"),
    [
        ("tcp:25", "tcp:25:backlog=512"),
        ("tcp6:25:interface=\\:\\:1", "tcp6:25:interface=\\:\\:1:backlog=512"),
        ("tcp:25:127.0.0.1", "tcp:25:127.0.0.1:backlog=512"),
        ("tcp:25:backlog=5", "tcp:25:backlog=5"),
        ("tcp:25:127.0.0.1:5", "tcp:25:127.0.0.1:5"),
        ("tcp6:25:5", "tcp6:25:5"),
        ("unix:/run/lmtp", "unix:/run/lmtp"),
        ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0"),
    ],
)
def test_backlog(text: str, with_it: str) -> None:
    assert with_backlog(text) == with_it


@pytest.mark.parametrize(
    ("text", "without_it"),
    [
        ("unix:/run/lmtp", "unix:/run/lmtp:lockfile=0"),
        ("unix:/run/lmtp:mode=660", "unix:/run/lmtp:mode=660:lockfile=0"),
        ("unix:/run/lmtp:lockfile=1", "unix:/run/lmtp:lockfile=1"),
        ("unix:/run/lmtp:660:50:1", "unix:/run/lmtp:660:50:1"),
        ("tcp:25", "tcp:25"),
        ("systemd:domain=UNIX:index=0", "systemd:domain=UNIX:index=0"),
    ],
)
def test_twisted_makes_no_lock_unless_it_is_told_to(text: str, without_it: str) -> None:
    assert without_lock(text) == without_lock(without_it) == without_it


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("unix:/run/lmtp:mode=660", "/run/lmtp"),
        (r"unix:address=/run/a\:b", "/run/a:b"),
        ("unix:\0lmtp", ""),
        ("tcp:25", ""),
        ("systemd:domain=UNIX:index=0", ""),
    ],
)
def test_the_path_of_a_socket(text: str, path: str) -> None:
    assert unix_path(text) == path


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("tcp:25", "tcp:25:interface=127.0.0.1"),
        ("tcp:25:backlog=5", "tcp:25:backlog=5:interface=127.0.0.1"),
        ("tcp6:25", r"tcp6:25:interface=\:\:1"),
        ("tcp6:25:5", r"tcp6:25:5:interface=\:\:1"),
        ("tcp:25:interface=127.0.0.2", "tcp:25:interface=127.0.0.2"),
        ("tcp:25:interface=localhost", "tcp:25:interface=localhost"),
        ("unix:/run/lmtp", "unix:/run/lmtp"),
        ("tcp:25:interface=0.0.0.0", None),
        ("tcp:25:192.0.2.1", None),
        (r"tcp6:25:interface=fe80\:\:1%eth0", None),
        ("systemd:domain=INET:index=0", None),
    ],
)
def test_loopback(text: str, there: str | None) -> None:
    assert on_loopback(text) == there
    if there is not None:
        serverFromString(MemoryReactor(), there)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("tcp:25", "tcp:25", True),
        ("tcp:25", "tcp:26", False),
        ("tcp:0", "tcp:0", False),
        ("tcp:25", "tcp6:25", True),  # "::" takes IPv4 too
        ("tcp:25", "tcp:25:interface=127.0.0.1", True),
        ("tcp:25:interface=127.0.0.1", "tcp:25:interface=127.0.0.2", False),
        ("tcp:25:interface=127.0.0.1", "tcp:25:interface=localhost", True),
        ("tcp:25:interface=127.0.0.1", r"tcp6:25:interface=\:\:1", False),
        ("tcp:25:interface=127.0.0.1", "tcp6:25", True),
        ("tcp:25", r"tcp6:25:interface=\:\:1", False),
        ("tcp:25:interface=192.0.2.1", r"tcp6:25:interface=\:\:ffff\:192.0.2.1", True),
        ("unix:/run/a", "unix:/run/a:mode=660", True),
        ("unix:/run/a", "unix:/run/b", False),
        ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0", False),
    ],
)
def test_clashes(one: str, other: str, clash: bool) -> None:
    pair = (("smtp.listen", one), ("pop3.listen", other))
    assert list(clashes(pair)) == ([pair] if clash else [])
    assert bool(list(clashes(reversed(pair)))) is clash
