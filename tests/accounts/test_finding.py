"""Checkers by dotted name."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import ISSHPrivateKey, IUsernamePassword
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mailgate.accounts.finding import BadChecker, check_checker, load_checker, load_checkers


@implementer(ICredentialsChecker)
class Good:
    credentialInterfaces = (IUsernamePassword,)

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        return succeed(b"alice")


@implementer(ICredentialsChecker)
class NoMethod:  # type: ignore[misc]
    credentialInterfaces = (IUsernamePassword,)


@implementer(ICredentialsChecker)
class Keys(Good):
    credentialInterfaces = (ISSHPrivateKey,)  # type: ignore[assignment]


class Undeclared:
    pass


def failing() -> object:
    raise OSError("no ldap.conf")


def leaving() -> object:
    raise SystemExit(3)


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    others = ModuleType("others")
    for each in (Good, NoMethod, Keys, Undeclared, failing, leaving):
        setattr(others, each.__name__, each)
    others.constant = 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "others", others)


def test_a_class_or_a_function() -> None:
    assert isinstance(load_checker("others:Good"), Good)
    assert check_checker("others:Good") == ()
    assert check_checker("others:failing") == ()  # only who serves builds it
    assert len(load_checkers(["others:Good", "others:Good"])) == 2
    assert load_checkers([]) == ()


@pytest.mark.parametrize(
    ("use", "words", "seen_before"),
    [
        ("others", "names no checker", True),
        ("others.Good", "names no checker", True),
        ("others:Go od", "names no checker", True),
        ("nowhere_at_all:Good", "cannot be imported: ModuleNotFoundError", True),
        ("others:Bad", "cannot be imported: AttributeError", True),
        ("others:constant", "is not a class or function", True),
        ("others:Undeclared", "ICredentialsChecker (such as a class with @implementer", True),
        ("others:failing", "cannot be made: OSError: no ldap.conf", False),
        ("others:leaving", "cannot be made: SystemExit: 3", False),
        ("others:NoMethod", "requestAvatarId", False),
        ("others:Keys", "does not check user names and passwords", False),
    ],
)
def test_faults(use: str, words: str, seen_before: bool) -> None:
    with pytest.raises(BadChecker) as caught:
        load_checker(use, "accounts.checkers[2]")
    (fault,) = caught.value.faults
    assert fault.where == "accounts.checkers[2]"
    assert words in str(fault)
    assert [words in str(each) for each in check_checker(use)] == [True] * seen_before


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(BadChecker) as caught:
        load_checkers(["others", "others:Good", "others:failing"])
    assert [fault.where for fault in caught.value.faults] == ["accounts.checkers[1]", "accounts.checkers[3]"]
