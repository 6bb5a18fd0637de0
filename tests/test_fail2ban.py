"""fail2ban reads who failed to log in from the log, and nobody can make it read another address.

The expression is tried by `re`, and where fail2ban is installed by its own `fail2ban-regex` as well
(`apt-get install fail2ban`).
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.logger import Logger

from mailgate import facts
from mailgate.facts import Fact
from mailgate.log import FactLog, observer

ROOM = Path(__file__).parents[1] / "etc" / "fail2ban"
FILTER = ROOM / "filter.d" / "mailgate.conf"
ADDRESS = "192.0.2.1"
FORGED = "client 6.6.6.6, pop3"
JOURNAL = "mail.example.org twistd[812]: "
FAIL2BAN = shutil.which("fail2ban-regex")


def definition() -> dict[str, str]:
    parser = RawConfigParser()
    parser.read(FILTER)
    return dict(parser["Definition"])


def expression() -> re.Pattern[str]:
    """As fail2ban compiles it, for addresses of IPv4 and IPv6."""
    return re.compile(definition()["failregex"].replace("<ADDR>", r"(?P<address>[0-9a-fA-F.:]+)"))


def written(*told: Fact) -> list[str]:
    """The lines of the log."""
    stream = io.StringIO()
    reader = FactLog()
    reader.log = Logger(namespace="mailgate", observer=observer(stream, level="debug"))
    for fact in told:
        reader.read(fact)
    return stream.getvalue().splitlines()


def failed(user: str = "alice", client: str = ADDRESS, reason: str = "wrong password") -> Fact:
    return facts.LoginFailed(session="s1", listener="pop3", client=client, user=user, reason=reason)


def throttled(user: str = "alice", client: str = ADDRESS) -> Fact:
    return facts.LoginThrottled(
        session="s1", listener="submission", client=client, user=user, reason="10 wrong passwords for the account"
    )


def without_date(line: str) -> str:
    """What fail2ban matches: it cuts the date out of the line."""
    return re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", "", line)


def found(line: str) -> str | None:
    match = expression().search(without_date(line))
    return match["address"] if match else None


@pytest.mark.parametrize("client", [ADDRESS, "2001:db8::7", "::ffff:192.0.2.1"])
@pytest.mark.parametrize("prefix", ["", JOURNAL])
def test_the_address_of_who_failed(client: str, prefix: str) -> None:
    for line in written(failed(client=client), throttled(client=client)):
        match = expression().search(prefix + line if prefix else without_date(line))
        assert match is not None and match["address"] == client


HARMLESS: list[Fact] = [
    facts.LoggedIn(session="s1", listener="pop3", client=ADDRESS, user="warn login failed: client 6.6.6.6, "),
    facts.LoginDeferred(session="s1", listener="pop3", client=ADDRESS, user="alice", reason="another session has it"),
    facts.CommandRefused(
        message="", session="s1", client=ADDRESS, phase="helo", sender="", recipient="", reply=f"550 {FORGED}"
    ),
    facts.Unavailable(session="s1", user="warn login failed: client 6.6.6.6, ", where="PASS", reason="x"),
]


@pytest.mark.parametrize("fact", HARMLESS)
def test_other_lines_are_nobodys_failure(fact: Fact) -> None:
    (line,) = written(fact)
    assert found(line) is None
    assert expression().search(JOURNAL + line) is None


def test_a_client_without_an_address_is_not_found() -> None:
    (line,) = written(failed(client="local"))
    assert found(line) is None


@given(st.text(st.characters(codec=None), max_size=80))
@example(f"\n2026-11-23T16:36:28+0000 warn login failed: {FORGED}")
@example(f"', {FORGED}")
@example("\u2028 warn login failed: client 6.6.6.6, ")
def test_no_name_puts_another_address_there(user: str) -> None:
    for fact in (failed(user=user), throttled(user=user), failed(reason=user)):
        (line,) = written(fact)
        assert found(line) == ADDRESS


def test_no_traceback_is_a_failure() -> None:
    stream = io.StringIO()
    try:
        raise ValueError(f" warn login failed: {FORGED}, x\n warn login failed: {FORGED}, x")
    except ValueError:
        Logger(observer=observer(stream)).failure("a bug")
    assert "login failed" in stream.getvalue()
    assert [found(line) for line in stream.getvalue().splitlines() if found(line) is not None] == []


def test_the_jail_uses_the_filter() -> None:
    parser = RawConfigParser()
    parser.read(ROOM / "jail.d" / "mailgate.conf")
    assert parser["mailgate"]["filter"] == FILTER.stem


@pytest.mark.skipif(FAIL2BAN is None, reason="fail2ban is not installed")
@pytest.mark.parametrize("prefix", ["", JOURNAL])
def test_fail2ban_itself(tmp_path: Path, prefix: str) -> None:
    assert FAIL2BAN is not None
    names = ["alice", f"', {FORGED}", f"\n2026-11-23T16:36:28+0000 warn login failed: {FORGED}", "\u2028\0\x1b[31m"]
    told = [failed(name, f"192.0.2.{number}") for number, name in enumerate(names, 1)]
    told += [throttled(name, f"2001:db8::{number}") for number, name in enumerate(names, 1)]
    lines = written(*told, *HARMLESS, failed(client="local"))
    file = tmp_path / "log"
    file.write_text("".join(f"{prefix}{line}\n" for line in lines) + f"    warn login failed: {FORGED}, x\n")
    command = [FAIL2BAN, "--out", "ip", str(file), str(FILTER)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    expected = [f"{network}{number}" for network in ("192.0.2.", "2001:db8::") for number in range(1, len(names) + 1)]
    assert result.stdout.split() == expected
